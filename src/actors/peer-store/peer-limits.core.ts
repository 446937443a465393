/** What the peer store keeps, and for how long: all of it may come from strangers, and peer ids cost nothing. */
import type { AddressSource } from '../../messages/peer-store.js'

/** Bounds of the peer store. Each can be given alone; the rest is as in `peerStoreDefaults`. */
export interface PeerStoreLimits {
  /** Peers in all. */
  readonly peers: number
  /** Bytes of all of them together, as counted by `bytesOf`. */
  readonly bytes: number
  /** Addresses of one peer. */
  readonly addresses: number
  /** Protocols of one peer, and bytes of their names. */
  readonly protocols: number
  readonly protocolBytes: number
  /** Letters of what a peer says of its software, and of its protocol version. */
  readonly versionLetters: number
  /** Bytes of a signed record. */
  readonly recordBytes: number
  /** Keys of metadata of one peer, and bytes of keys and values. */
  readonly metadataKeys: number
  readonly metadataBytes: number
  /** Tags of one peer, and letters of the name of one. */
  readonly tags: number
  readonly tagLetters: number
}

export const peerStoreDefaults: PeerStoreLimits = {
  // More than a node meets in a day, and less than a moment's search of its memory. Limits: a flood of made-up peers (A17).
  peers: 5000,
  // 5,000 ordinary peers take 5 MiB; this is where extraordinary ones stop. Limits: few peers that say a lot each (A17).
  bytes: 32 * 1024 * 1024,
  // A node with a dozen interfaces, transports and relays has some 40. Limits: records made to have us dial strangers.
  addresses: 64,
  // The longest list seen in the wild has some 60. Limits: what a peer can make us store and search (A17).
  protocols: 1024,
  protocolBytes: 64 * 1024,
  // Names and versions; rust and go cut at similar lengths. Limits: agent strings of megabytes.
  versionLetters: 256,
  // As identify, whose whole message may have 8 KiB. Limits, with the age of peers: records that are kept for ever (CVE-2023-40583).
  recordBytes: 8 * 1024,
  // The application's own, so these protect it from itself.
  metadataKeys: 64,
  metadataBytes: 16 * 1024,
  // A tag is set by each of a few services. Protects the application from itself, too.
  tags: 64,
  tagLetters: 128
}

/** How long what is known of a peer holds, in milliseconds; Infinity: for ever. While the peer is connected all of it does. */
export interface PeerStoreAges {
  /** Of an address since it was last heard of from a third party. */
  readonly gossip: number
  /** Of an address that the peer itself has named, since then or since the last connection has ended. */
  readonly identified: number
  /** Of an address that has led to the peer, since then or since the last connection has ended. */
  readonly connected: number
  /** Of an address that the application has named. */
  readonly user: number
  /** Of a peer of whom no address is left, and whom the application has not marked. */
  readonly peer: number
}

const minute = 60_000
const hour = 60 * minute

export const peerStoreAges: PeerStoreAges = {
  // As go (`TempAddrTTL`): it is to be dialed now or not at all. Limits: rumours about a victim that outlive their maker.
  gossip: 2 * minute,
  // As js (`maxAddressAge`); go has 15 minutes. Limits: stale addresses (A18), at which somebody else may answer.
  identified: hour,
  // Proven by a dial, so worth a warm start after a long weekend. kubo keeps such peers without any end.
  connected: 7 * 24 * hour,
  // As go (`PermanentAddrTTL`): the application has a reason, and forgets it when that has gone.
  user: Infinity,
  // As js (`maxPeerAge`). Limits: records and keys of peers that nobody can reach any more (CVE-2023-40583).
  peer: 6 * hour
}

/** @throws RangeError that names the limit */
export function checkPeerStoreLimits (limits: PeerStoreLimits): PeerStoreLimits {
  return checked('limits', limits)
}

/** @throws RangeError that names the age */
export function checkPeerStoreAges (ages: PeerStoreAges): PeerStoreAges {
  return checked('ages', ages)
}

function checked<T extends object> (where: string, numbers: T): T {
  for (const [name, value] of Object.entries(numbers) as Array<[string, unknown]>) {
    if (!(typeof value === 'number' && value >= 0)) throw new RangeError(`${where}.${name}: must be a number, zero or more; got ${String(value)}`)
  }
  return numbers
}

/** The higher the more trusted. */
export const rankOf: Readonly<Record<AddressSource, number>> = { gossip: 0, identified: 1, connected: 2, user: 3 }
