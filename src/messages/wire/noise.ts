/**
 * What libp2p puts into a Noise handshake (libp2p/specs noise/README.md "The libp2p Handshake Payload" and "Noise
 * Extensions"; connections/inlined-muxer-negotiation.md), and the frames around every Noise message ("Wire Format").
 */
import { DecodeFailure } from './failure.js'
import { ProtobufReader } from './protobuf-reader.js'
import { ProtobufWriter } from './protobuf-writer.js'

export const noiseProtocol = '/noise'

/** Longest Noise message, by its length of 16 bits. */
export const maxNoiseMessageBytes = 65_535
/** Poly1305. */
export const noiseTagBytes = 16
/** Most plaintext in one frame. */
export const maxNoisePlaintextBytes = maxNoiseMessageBytes - noiseTagBytes

/** The length in front of a message. The two bytes must be there. */
export function readNoiseLength (bytes: Uint8Array): number {
  return ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)
}

/** What the identity key signs, in front of the 32 bytes of the Noise static key. */
export const noiseSignatureDomain = 'noise-libp2p-static-key:'

export interface NoisePayload {
  /** A `PublicKey` protobuf. */
  readonly identityKey: Uint8Array
  readonly identitySignature: Uint8Array
  /** In order of preference; undefined when the peer does not take part in the negotiation. */
  readonly streamMuxers: readonly string[] | undefined
  /** Multihashes (WebTransport). */
  readonly certificateHashes: readonly Uint8Array[]
}

/** Longest payload: an RSA key of 8,192 bits with its signature takes 2.3 KiB, and a hundred muxers a few more. */
export const maxNoisePayloadBytes = 8192

/** As go. */
const maxMuxers = 100
const maxMuxerBytes = 1024
const maxCertificateHashes = 100
const maxCertificateHashBytes = 128

export function encodeNoisePayload (payload: NoisePayload): Uint8Array {
  const { certificateHashes, identityKey, identitySignature, streamMuxers } = payload
  const extensions = streamMuxers === undefined && certificateHashes.length === 0
    ? undefined
    : new ProtobufWriter().repeated(1, certificateHashes).strings(2, streamMuxers ?? [])
  return new ProtobufWriter().bytes(1, identityKey).bytes(2, identitySignature).message(4, extensions).finish()
}

export function decodeNoisePayload (bytes: Uint8Array): NoisePayload | DecodeFailure {
  const reader = new ProtobufReader('NoiseHandshakePayload', bytes, maxNoisePayloadBytes)
  const streamMuxers: string[] = []
  const certificateHashes: Uint8Array[] = []
  let identityKey: Uint8Array | undefined
  let identitySignature: Uint8Array | undefined
  while (reader.next()) {
    if (reader.field === 1) identityKey = reader.bytes('identity_key', maxNoisePayloadBytes)
    else if (reader.field === 2) identitySignature = reader.bytes('identity_sig', maxNoisePayloadBytes)
    else if (reader.field === 4) {
      const extensions = reader.message('extensions', maxNoisePayloadBytes)
      while (extensions.next()) {
        if (extensions.field === 1) {
          extensions.add('webtransport_certhashes', certificateHashes, extensions.bytes('webtransport_certhashes', maxCertificateHashBytes), maxCertificateHashes)
        } else if (extensions.field === 2) {
          extensions.add('stream_muxers', streamMuxers, extensions.string('stream_muxers', maxMuxerBytes), maxMuxers)
        }
      }
    }
  }
  if (reader.failure !== undefined) return reader.failure
  if (identityKey === undefined) return new DecodeFailure('missing', 'NoiseHandshakePayload.identity_key')
  if (identitySignature === undefined) return new DecodeFailure('missing', 'NoiseHandshakePayload.identity_sig')
  // proto2 cannot tell an empty list from none.
  return { identityKey, identitySignature, streamMuxers: streamMuxers.length === 0 ? undefined : streamMuxers, certificateHashes }
}
