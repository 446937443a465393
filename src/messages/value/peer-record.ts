import type { CryptoProvider } from '../../runtime/crypto/provider.js'
import { DecodeFailure } from '../wire/failure.js'
import { decodePeerRecord, encodePeerRecord } from '../wire/peer-record.js'
import { sameBytes } from './bytes.js'
import { Envelope } from './envelope.js'
import type { PrivateKey } from './keys.js'
import { Multiaddr } from './multiaddr.js'
import { PeerId } from './peer-id.js'

/** Where a peer says that it can be reached (libp2p/specs RFC 0003). */
export interface PeerRecord {
  readonly peerId: PeerId
  /** Grows with each record of the same peer. Its size means nothing: go counts nanoseconds, js milliseconds. */
  readonly seq: bigint
  readonly addresses: readonly Multiaddr[]
}

/** A record whose signature and peer have been checked, with the envelope to pass on: its bytes cannot be made again. */
export interface SignedPeerRecord {
  readonly record: PeerRecord
  readonly envelope: Envelope
}

interface RecordForm {
  readonly domain: string
  readonly payloadType: Uint8Array
}

/** What go and js send and read: payload type is the multicodec `libp2p-peer-record`, 0x0301, its two bytes big-endian. */
const deployed: RecordForm = { domain: 'libp2p-peer-record', payloadType: Uint8Array.of(0x03, 0x01) }
/** What the RFC says, and rust sends; its rendezvous points understand nothing else. */
const specified: RecordForm = { domain: 'libp2p-routing-state', payloadType: new TextEncoder().encode('/libp2p/routing-state-record') }

/** @param form default `deployed`; `specified` for rust's rendezvous */
export function signPeerRecord (record: PeerRecord, key: PrivateKey, crypto: CryptoProvider, form: 'deployed' | 'specified' = 'deployed'): Envelope {
  const payload = encodePeerRecord({
    peerId: record.peerId.bytes,
    seq: record.seq,
    addresses: record.addresses.map(address => address.bytes)
  })
  return Envelope.sign({ ...form === 'deployed' ? deployed : specified, payload }, key, crypto)
}

/**
 * Reads a signed peer record of either form: first the signature, then the record, then whether it speaks of its signer
 * (RFC 0003, "Certification / Verification"). Addresses that we cannot read are left out; the envelope has them still.
 */
export function openPeerRecord (bytes: Uint8Array, crypto: CryptoProvider): SignedPeerRecord | DecodeFailure {
  const envelope = Envelope.decode(bytes)
  if (envelope instanceof DecodeFailure) return envelope
  const form = [deployed, specified].find(({ payloadType }) => sameBytes(payloadType, envelope.payloadType))
  if (form === undefined) return new DecodeFailure('unknown-type', 'envelope.payload_type')
  if (!envelope.verify(form.domain, crypto)) return new DecodeFailure('bad-signature', 'envelope.signature')

  const message = decodePeerRecord(envelope.payload)
  if (message instanceof DecodeFailure) return message
  const peerId = PeerId.decode(message.peerId)
  if (peerId instanceof DecodeFailure) return peerId
  if (!peerId.matches(envelope.publicKey, crypto)) return new DecodeFailure('peer-mismatch', 'peer record.peer_id')
  return { envelope, record: { peerId, seq: message.seq, addresses: Multiaddr.decodeAll(message.addresses) } }
}

/**
 * The number of a node's next record: the time, as long as that grows, so that nothing need be remembered across restarts.
 * @param nowMs unix time in milliseconds
 */
export function nextSeq (previous: bigint, nowMs: number): bigint {
  const now = BigInt(Math.trunc(nowMs))
  return now > previous ? now : previous + 1n
}
