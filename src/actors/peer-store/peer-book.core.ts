/**
 * What is known of other peers, bounded in all and per peer. All of it may come from strangers, and peer ids cost nothing: so
 * whatever is kept has a bound, and what is over it goes, the least useful first.
 *
 * Order of eviction: the least recently updated peer that is not connected. A class whose verbs change it, as those of all cores.
 */
import type { PeerAddress, PeerInfo, PeerPatch } from '../../messages/peer-store.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'

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
}

export const peerStoreDefaults: PeerStoreLimits = {
  // More than a node meets in a day, and less than a moment's search of its memory. Limits: a flood of made-up peers.
  peers: 5000,
  // 5,000 ordinary peers take 5 MiB; this is where extraordinary ones stop. Limits: few peers that say a lot each.
  bytes: 32 * 1024 * 1024,
  // A node with a dozen interfaces, transports and relays has some 40. Limits: records made to have us dial strangers.
  addresses: 64,
  // The longest list seen in the wild has some 60. Limits: what a peer can make us store and search.
  protocols: 1024,
  protocolBytes: 64 * 1024,
  // Names and versions; rust and go cut at similar lengths. Limits: agent strings of megabytes.
  versionLetters: 256,
  // As identify, whose whole message may have 8 KiB.
  recordBytes: 8 * 1024,
  // The application's own, so these protect it from itself.
  metadataKeys: 64,
  metadataBytes: 16 * 1024
}

/** @throws RangeError that names the limit */
export function checkPeerStoreLimits (limits: PeerStoreLimits): PeerStoreLimits {
  for (const [name, value] of Object.entries(limits) as Array<[string, unknown]>) {
    if (!(typeof value === 'number' && value >= 0)) throw new RangeError(`limits.${name}: must be a number, zero or more; got ${String(value)}`)
  }
  return limits
}

interface Entry {
  readonly info: PeerInfo
  readonly bytes: number
}

/** What has become of a patch. */
export interface Merged {
  /** What is known now; undefined when there is no room for one more peer, since all that are known are connected. */
  readonly info: PeerInfo | undefined
  readonly changed: boolean
}

export class PeerBook {
  private readonly limits: PeerStoreLimits
  /** Not connected, the least recently updated first: those who go when there is no room. */
  private readonly idle = new Map<string, Entry>()
  private readonly held = new Map<string, Entry>()
  private readonly connectedPeers = new Set<string>()
  private used = 0

  constructor (limits: PeerStoreLimits) {
    this.limits = limits
  }

  get size (): number {
    return this.idle.size + this.held.size
  }

  /** Counted by `bytesOf`. */
  get bytes (): number {
    return this.used
  }

  get (peer: PeerId): PeerInfo | undefined {
    return this.entry(peer.toString())?.info
  }

  all (): readonly PeerInfo[] {
    return [...this.held.values(), ...this.idle.values()].map(({ info }) => info)
  }

  merge (peer: PeerId, patch: PeerPatch, now: number): Merged {
    const key = peer.toString()
    const before = this.entry(key)?.info ?? unknown(peer, now)
    const after = this.patched(before, patch)
    const changed = after !== before
    const info = changed ? { ...after, updatedAt: now } : before
    this.put(key, info)
    this.makeRoom()
    return { info: this.entry(key)?.info, changed: changed && this.entry(key) !== undefined }
  }

  forget (peer: PeerId): PeerInfo | undefined {
    const key = peer.toString()
    const info = this.entry(key)?.info
    this.drop(key)
    return info
  }

  connected (peer: PeerId): void {
    const key = peer.toString()
    this.connectedPeers.add(key)
    this.move(key)
  }

  disconnected (peer: PeerId): void {
    const key = peer.toString()
    this.connectedPeers.delete(key)
    this.move(key)
  }

  private entry (key: string): Entry | undefined {
    return this.idle.get(key) ?? this.held.get(key)
  }

  /** Counts as updated, whether something has changed or not: it was heard of. */
  private put (key: string, info: PeerInfo): void {
    this.drop(key)
    const entry = { info, bytes: bytesOf(info) }
    ;(this.connectedPeers.has(key) ? this.held : this.idle).set(key, entry)
    this.used += entry.bytes
  }

  private drop (key: string): void {
    this.used -= this.entry(key)?.bytes ?? 0
    this.idle.delete(key)
    this.held.delete(key)
  }

  /** To where it belongs now: who was connected until now was heard of now. */
  private move (key: string): void {
    const entry = this.entry(key)
    if (entry !== undefined) this.put(key, entry.info)
    this.makeRoom()
  }

  private makeRoom (): void {
    const { peers, bytes } = this.limits
    for (const key of this.idle.keys()) {
      if (this.size <= peers && this.used <= bytes) return
      this.drop(key)
    }
  }

  /** The same when nothing changes. */
  private patched (before: PeerInfo, patch: PeerPatch): PeerInfo {
    const { limits } = this
    const record = newRecord(before, patch, limits)
    const certified = record === undefined ? before.addresses.filter(({ certified }) => certified).map(({ address }) => address) : record.addresses
    const known = before.addresses.filter(({ certified }) => !certified).map(({ address }) => address)
    const after: PeerInfo = {
      ...before,
      // A peer has one key for ever, and its id says which.
      publicKey: before.publicKey ?? patch.publicKey,
      addresses: addressList(certified, [...patch.addresses ?? [], ...known], limits.addresses),
      protocols: patch.protocols === undefined ? before.protocols : protocolList(patch.protocols, limits),
      agentVersion: patch.agentVersion?.slice(0, limits.versionLetters) ?? before.agentVersion,
      protocolVersion: patch.protocolVersion?.slice(0, limits.versionLetters) ?? before.protocolVersion,
      record: record === undefined ? before.record : { seq: record.seq, envelope: record.envelope },
      metadata: patch.metadata === undefined ? before.metadata : metadataOf(before.metadata, patch.metadata, limits)
    }
    return sameInfo(before, after) ? before : after
  }
}

const noMetadata: PeerInfo['metadata'] = new Map()

function unknown (peer: PeerId, now: number): PeerInfo {
  return {
    peer,
    publicKey: peer.publicKey,
    addresses: [],
    protocols: [],
    agentVersion: undefined,
    protocolVersion: undefined,
    record: undefined,
    metadata: noMetadata,
    updatedAt: now
  }
}

/** The record of a patch, if it is newer than what is known and not too large (RFC 0003: a higher sequence number wins). */
function newRecord ({ record: known }: PeerInfo, { record }: PeerPatch, { recordBytes }: PeerStoreLimits): PeerPatch['record'] {
  if (record === undefined || record.envelope.length > recordBytes) return undefined
  return known === undefined || record.seq > known.seq ? record : undefined
}

/** Certified ones first, then the newest; each once, without the peer. */
function addressList (certified: readonly Multiaddr[], others: readonly Multiaddr[], most: number): readonly PeerAddress[] {
  const list = new Map<string, PeerAddress>()
  const add = (addresses: readonly Multiaddr[], certified: boolean): void => {
    for (const address of addresses) {
      const bare = address.withoutPeer()
      const text = bare?.toString()
      if (bare === undefined || text === undefined || list.has(text) || list.size >= most) continue
      list.set(text, { address: bare, certified })
    }
  }
  add(certified, true)
  add(others, false)
  return [...list.values()]
}

/** As many as there is room for, in their order. */
function protocolList (protocols: readonly string[], limits: PeerStoreLimits): readonly string[] {
  const list = new Set<string>()
  let room = limits.protocolBytes
  for (const protocol of protocols) {
    if (list.size >= limits.protocols || protocol.length > room) break
    if (list.has(protocol)) continue
    list.add(protocol)
    room -= protocol.length
  }
  // Most peers speak the same, and their lists are one, which nobody can change.
  return list.size === protocols.length && Object.isFrozen(protocols) ? protocols : [...list]
}

/** What would be too much is left out. */
function metadataOf (known: PeerInfo['metadata'], changes: NonNullable<PeerPatch['metadata']>, limits: PeerStoreLimits): PeerInfo['metadata'] {
  const metadata = new Map(known)
  for (const [key, value] of Object.entries(changes)) {
    const before = metadata.get(key)
    metadata.delete(key)
    if (value === null) continue
    if (metadata.size < limits.metadataKeys && metadataBytes(metadata) + key.length + value.length <= limits.metadataBytes) metadata.set(key, value)
    else if (before !== undefined) metadata.set(key, before)
  }
  return metadata
}

const metadataBytes = (metadata: PeerInfo['metadata']): number => [...metadata].reduce((sum, [key, value]) => sum + key.length + value.length, 0)

/** What it takes to remember a peer, roughly: contents, and some overhead for each part. */
export function bytesOf ({ addresses, protocols, agentVersion = '', protocolVersion = '', record, metadata }: PeerInfo): number {
  return 512
    + addresses.reduce((sum, { address }) => sum + 256 + 2 * address.bytes.length, 0)
    + protocols.reduce((sum, protocol) => sum + 32 + protocol.length, 0)
    + agentVersion.length + protocolVersion.length
    + (record === undefined ? 0 : 64 + record.envelope.length)
    + metadataBytes(metadata) + 64 * metadata.size
}

function sameInfo (a: PeerInfo, b: PeerInfo): boolean {
  return a.publicKey === b.publicKey
    && a.agentVersion === b.agentVersion
    && a.protocolVersion === b.protocolVersion
    && a.record === b.record
    && sameMetadata(a.metadata, b.metadata)
    && a.protocols.length === b.protocols.length
    && a.protocols.every((protocol, i) => protocol === b.protocols[i])
    && a.addresses.length === b.addresses.length
    && a.addresses.every(({ address, certified }, i) => certified === b.addresses[i]?.certified && address.equals(b.addresses[i].address))
}

function sameMetadata (a: PeerInfo['metadata'], b: PeerInfo['metadata']): boolean {
  if (a === b) return true
  return a.size === b.size && [...a].every(([key, value]) => {
    const other = b.get(key)
    return other !== undefined && other.length === value.length && value.every((byte, i) => byte === other[i])
  })
}
