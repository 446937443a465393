/** `Envelope` as it travels (libp2p/specs RFC 0002). `value/envelope.ts` signs and verifies. There is no field 4. */
import { DecodeFailure } from './failure.js'
import { maxPublicKeyBytes } from './keys.js'
import { ProtobufReader } from './protobuf-reader.js'
import { ProtobufWriter } from './protobuf-writer.js'

export interface EnvelopeMessage {
  /** `PublicKey` message (`wire/keys.ts`). */
  readonly publicKey: Uint8Array
  /** Which kind of record `payload` is: a multicodec, or a path. */
  readonly payloadType: Uint8Array
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

/** A peer record with a hundred addresses and an RSA key of 8,192 bits fits. */
export const maxEnvelopeBytes = 16_384

export function encodeEnvelope (message: EnvelopeMessage): Uint8Array {
  return new ProtobufWriter()
    .bytes(1, message.publicKey)
    .bytes(2, message.payloadType)
    .bytes(3, message.payload)
    .bytes(5, message.signature)
    .finish()
}

export function decodeEnvelope (bytes: Uint8Array): EnvelopeMessage | DecodeFailure {
  const reader = new ProtobufReader('envelope', bytes, maxEnvelopeBytes)
  let publicKey: Uint8Array | undefined
  let payloadType: Uint8Array | undefined
  let payload: Uint8Array | undefined
  let signature: Uint8Array | undefined
  while (reader.next()) {
    switch (reader.field) {
      case 1: publicKey = reader.bytes('public_key', maxPublicKeyBytes); break
      case 2: payloadType = reader.bytes('payload_type', maxPayloadTypeBytes); break
      case 3: payload = reader.bytes('payload', maxEnvelopeBytes); break
      case 5: signature = reader.bytes('signature', maxSignatureBytes); break
    }
  }
  if (reader.failure !== undefined) return reader.failure
  if (publicKey === undefined) return new DecodeFailure('missing', 'envelope.public_key')
  if (payloadType === undefined) return new DecodeFailure('missing', 'envelope.payload_type')
  if (payload === undefined) return new DecodeFailure('missing', 'envelope.payload')
  if (signature === undefined) return new DecodeFailure('missing', 'envelope.signature')
  return { publicKey, payloadType, payload, signature }
}

/** The known ones have 2 and 29 bytes. */
const maxPayloadTypeBytes = 64
/** RSA of 8,192 bits. */
const maxSignatureBytes = 1024
