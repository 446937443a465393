/**
 * What this node says of itself: made once for each change, and sent to every peer with one field of its own, where we see it.
 *
 * One message of at most 4,096 bytes, because rust reads no more (wire limits: `messages/wire/identify.ts`). What does not fit
 * goes in this order: addresses outside the signed record, addresses in it, protocols; each from the end of its list. Only
 * large RSA keys or very many protocols come so far.
 */
import type { PrivateKey } from '../../messages/value/keys.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import { PeerId } from '../../messages/value/peer-id.js'
import { signPeerRecord } from '../../messages/value/peer-record.js'
import { encodeIdentify, encodeIdentifyWithin, identifyLimits } from '../../messages/wire/identify.js'
import type { Identify } from '../../messages/wire/identify.js'
import { varintLength } from '../../messages/wire/varint.js'
import type { CryptoProvider } from '../../runtime/crypto/provider.js'

/** What never changes. */
export interface Identity {
  readonly key: PrivateKey
  readonly crypto: CryptoProvider
  readonly agentVersion: string
  readonly protocolVersion: string
}

export interface Announcement {
  readonly addresses: readonly Multiaddr[]
  /** All that we speak; the last ones are not in the message when `protocolsLeftOut` is above zero. */
  readonly protocols: readonly string[]
  readonly protocolsLeftOut: number
  /** Of the signed record. */
  readonly seq: bigint
  /** The message for a peer whose address we see as this. */
  readonly messageFor: (remoteAddress: Multiaddr) => Uint8Array
}

/** @param addresses without our peer id */
export function makeAnnouncement (identity: Identity, addresses: readonly Multiaddr[], protocols: readonly string[], seq: bigint): Announcement {
  const { key, agentVersion, protocolVersion } = identity
  const named: Identify = { publicKey: key.publicKey.toProtobuf(), protocolVersion, agentVersion, protocols: [], listenAddrs: [] }
  const said = fitting(protocols, roomFor(named), entryLength)
  const bare: Identify = { ...named, protocols: said }
  const message: Identify = {
    ...bare,
    listenAddrs: addresses.map(({ bytes }) => bytes),
    signedPeerRecord: signWithin(identity, addresses, seq, roomFor(bare))
  }
  return {
    addresses,
    protocols,
    protocolsLeftOut: protocols.length - said.length,
    seq,
    messageFor: ({ bytes: observedAddr }) => encodeIdentifyWithin({ ...message, observedAddr: observedAddr.length > maxObservedBytes ? undefined : observedAddr })
  }
}

/** Whether peers would learn nothing new. */
export function saysTheSame (announcement: Announcement, addresses: readonly Multiaddr[], protocols: readonly string[]): boolean {
  return sameTexts(announcement.addresses.map(String), addresses.map(String)) && sameTexts(announcement.protocols, protocols)
}

/** Of addresses that are longer than any honest one (a relayed one of two hops has some 150) nobody learns how we see them. */
const maxObservedBytes = 256

/** What is left for one more part. */
function roomFor (message: Identify): number {
  return identifyLimits.sentBytes - encodeIdentify(message).length - fieldLength(maxObservedBytes)
}

/** With as many addresses as fit: signed a second time when all were too many, for how long a signature is only the key knows. */
function signWithin ({ key, crypto }: Identity, addresses: readonly Multiaddr[], seq: bigint, room: number): Uint8Array | undefined {
  const peerId = PeerId.fromPublicKey(key.publicKey, crypto)
  const sign = (some: readonly Multiaddr[]): Uint8Array => signPeerRecord({ peerId, seq, addresses: some }, key, crypto).encode()
  const whole = sign(addresses)
  if (fieldLength(whole.length) <= room) return whole
  const listed = addresses.reduce((sum, address) => sum + recordEntryLength(address), 0)
  // ECDSA signatures differ in length by a few bytes.
  const overhead = fieldLength(whole.length) - listed + 8
  const most = fitting(addresses, room - overhead, recordEntryLength)
  return most.length === 0 ? undefined : sign(most)
}

/** The first entries that take no more than `room` together. */
function fitting<T> (list: readonly T[], room: number, lengthOf: (entry: T) => number): readonly T[] {
  const end = list.findIndex(entry => (room -= lengthOf(entry)) < 0)
  return end < 0 ? list : list.slice(0, end)
}

const utf8 = new TextEncoder()

function entryLength (text: string): number {
  return fieldLength(utf8.encode(text).length)
}

/** `AddressInfo` in a `PeerRecord`. */
function recordEntryLength ({ bytes }: Multiaddr): number {
  return fieldLength(fieldLength(bytes.length))
}

/** Of a protobuf field with a number below 16. */
function fieldLength (bytes: number): number {
  return 1 + varintLength(bytes) + bytes
}

function sameTexts (a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, at) => text === b[at])
}
