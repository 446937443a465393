/**
 * What is known of other peers, bounded in all and per peer, and in time. All of it may come from strangers, and peer ids cost
 * nothing: so whatever is kept has a bound, and what is over it goes, the least useful first:
 *
 * 1. peers that others have told of, and nobody else,
 * 2. those that have identified themselves,
 * 3. those that we have reached by an address we have,
 * 4. those that the application has addresses, tags or metadata for;
 *
 * among equals the one that was heard of least recently; and never one that is connected, or tagged `keep-alive`.
 *
 * A class whose verbs change it, as those of all cores.
 */
import { isKept, type PatchMode, type PeerAddress, type PeerInfo, type PeerPatch } from '../../messages/peer-store.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import { peerStoreAges, rankOf, type PeerStoreAges, type PeerStoreLimits } from './peer-limits.core.js'
import { bytesOf, isTheSame, patched, saysTheSame, tried, unknownPeer, type PatchContext } from './peer-patch.core.js'

/** What has become of a patch. */
export interface Merged {
  /** What is known now; undefined when there is no room for one more peer, since all that are known must stay. */
  readonly info: PeerInfo | undefined
  /** That it is news. */
  readonly changed: boolean
}

interface Entry {
  readonly info: PeerInfo
  readonly bytes: number
  /** When it was last heard of, whether that was news or not. */
  readonly heardAt: number
  /** When the first of what it holds expires, were it not connected. */
  readonly expiresAt: number
}

export class PeerBook {
  private readonly limits: PeerStoreLimits
  private readonly ages: PeerStoreAges
  /** By class of usefulness, the least useful first; in each, the least recently heard of first. */
  private readonly idle: ReadonlyArray<Map<string, Entry>> = [new Map(), new Map(), new Map(), new Map()]
  /** Connected, or to be kept alive. */
  private readonly held = new Map<string, Entry>()
  private readonly connectedPeers = new Set<string>()
  private readonly noted: Map<string, PeerId> | undefined
  private used = 0
  private count = 0

  /** @param notes whether changes are noted, for whoever writes them behind */
  constructor (limits: PeerStoreLimits, ages: PeerStoreAges = peerStoreAges, notes = false) {
    this.limits = limits
    this.ages = ages
    this.noted = notes ? new Map() : undefined
  }

  get size (): number {
    return this.count
  }

  /** Counted by `bytesOf`. */
  get bytes (): number {
    return this.used
  }

  /** Peers of whom something has changed, in the order in which it first did, since they were last taken. */
  get changes (): number {
    return this.noted?.size ?? 0
  }

  get (peer: PeerId, now: number): PeerInfo | undefined {
    return this.fresh(peer.toString(), now)?.info
  }

  all (now: number): readonly PeerInfo[] {
    return this.within([this.held, ...this.idle], now)
  }

  /** Those that are to be kept alive. Looks at them and at those that are connected only. */
  kept (now: number): readonly PeerInfo[] {
    return this.within([this.held], now).filter(info => isKept(info, now))
  }

  private within (rooms: ReadonlyArray<ReadonlyMap<string, Entry>>, now: number): readonly PeerInfo[] {
    const infos: PeerInfo[] = []
    for (const key of rooms.flatMap(room => [...room.keys()])) {
      const info = this.fresh(key, now)?.info
      if (info !== undefined) infos.push(info)
    }
    return infos
  }

  /** Peers that we have reached, or are to keep alive, and have addresses of: the latter first, then those that were reached last. */
  good (limit: number, now: number): readonly PeerInfo[] {
    return this.all(now)
      .map(info => ({ info, keep: isKept(info, now), at: Math.max(...info.addresses.map(reachedAt)) }))
      .filter(({ info, keep, at }) => info.addresses.length > 0 && (keep || at > -Infinity))
      .sort((a, b) => Number(b.keep) - Number(a.keep) || b.at - a.at)
      .slice(0, limit)
      .map(({ info }) => info)
  }

  merge (peer: PeerId, patch: PeerPatch, now: number, how: PatchMode = 'merge'): Merged {
    const before = this.get(peer, now)
    return this.become(peer, before, patched(before ?? unknownPeer(peer, now), patch, how, this.context(now)), now)
  }

  /** An address has led to the peer, or nowhere. Of a peer that is not known a failure is nothing. */
  tried (peer: PeerId, address: Multiaddr, reached: boolean, now: number): Merged {
    const before = this.get(peer, now)
    if (before === undefined && !reached) return { info: undefined, changed: false }
    return this.become(peer, before, tried(before ?? unknownPeer(peer, now), address, reached, this.context(now)), now)
  }

  /** What an earlier life has known, below what is known already. Times that cannot be are cut to what can. */
  restore (stored: PeerInfo, now: number): void {
    const key = stored.peer.toString()
    const current = this.entry(key)?.info
    const info = current === undefined ? stored : joined(stored, current)
    const addresses = info.addresses.slice(0, this.limits.addresses).map((address): PeerAddress => ({
      ...address,
      expiresAt: Math.min(address.expiresAt, now + this.ages[address.source]),
      ...address.reachedAt !== undefined && { reachedAt: Math.min(address.reachedAt, now) }
    }))
    this.put(key, { ...info, addresses, updatedAt: Math.min(info.updatedAt, now) }, Math.min(stored.updatedAt, now))
    if (current !== undefined) this.note(key, stored.peer)
    this.fresh(key, now)
    this.makeRoom()
  }

  forget (peer: PeerId, now: number): PeerInfo | undefined {
    const key = peer.toString()
    const info = this.get(peer, now)
    this.drop(key)
    return info
  }

  connected (peer: PeerId, now: number): void {
    const key = peer.toString()
    this.connectedPeers.add(key)
    const entry = this.entry(key)
    if (entry === undefined) return
    this.put(key, entry.info, now)
    this.note(key, peer)
  }

  /** What the peer has told, and what has led to it, holds for a while from now on. */
  disconnected (peer: PeerId, now: number): void {
    const key = peer.toString()
    if (!this.connectedPeers.delete(key)) return
    const entry = this.entry(key)
    if (entry === undefined) return
    const { ages } = this
    const addresses = entry.info.addresses.map((address): PeerAddress => ({
      ...address,
      expiresAt: address.source === 'gossip' ? address.expiresAt : Math.max(address.expiresAt, now + ages[address.source]),
      ...address.reachedAt !== undefined && { reachedAt: now }
    }))
    this.put(key, { ...entry.info, addresses }, now)
    this.note(key, peer)
    this.makeRoom()
  }

  /** Lets go of what has expired. Nobody need call it for the answers to be right, but memory is given back. */
  sweep (now: number): void {
    for (const key of this.idle.flatMap(room => [...room.keys()])) this.fresh(key, now)
    for (const key of [...this.held.keys()]) this.fresh(key, now)
  }

  /** Some peers of whom something has changed, with what is known now; undefined when it was forgotten. */
  takeChanges (most: number): ReadonlyMap<PeerId, PeerInfo | undefined> {
    const taken = new Map<PeerId, PeerInfo | undefined>()
    for (const [key, peer] of this.noted ?? []) {
      if (taken.size >= most) break
      this.noted?.delete(key)
      taken.set(peer, this.entry(key)?.info)
    }
    return taken
  }

  /** They were not written: they count as changed again. */
  returnChanges (peers: Iterable<PeerId>): void {
    for (const peer of peers) this.note(peer.toString(), peer)
  }

  isConnected (peer: PeerId): boolean {
    return this.connectedPeers.has(peer.toString())
  }

  private context (now: number): PatchContext {
    return { limits: this.limits, ages: this.ages, now }
  }

  private become (peer: PeerId, before: PeerInfo | undefined, after: PeerInfo, now: number): Merged {
    const key = peer.toString()
    const news = before === undefined ? !saysTheSame(unknownPeer(peer, now), after) : !saysTheSame(before, after)
    const same = before !== undefined && isTheSame(before, after)
    // Heard of, whether something has changed or not.
    this.put(key, same ? before : { ...after, updatedAt: news ? now : before?.updatedAt ?? now }, now)
    if (!same) this.note(key, peer)
    this.makeRoom()
    const info = this.entry(key)?.info
    return { info, changed: news && info !== undefined }
  }

  private entry (key: string): Entry | undefined {
    for (const room of this.idle) {
      const entry = room.get(key)
      if (entry !== undefined) return entry
    }
    return this.held.get(key)
  }

  /** Without what has expired; undefined when that was all. */
  private fresh (key: string, now: number): Entry | undefined {
    const entry = this.entry(key)
    if (entry === undefined) return undefined
    const connected = this.connectedPeers.has(key)
    const { info, heardAt, expiresAt } = entry
    if (expiresAt <= now) {
      const addresses = connected ? info.addresses : info.addresses.filter(address => address.expiresAt > now)
      const tags = new Map([...info.tags].filter(([, tag]) => tag.expiresAt > now))
      if (addresses.length < info.addresses.length || tags.size < info.tags.size) {
        this.put(key, { ...info, addresses, tags }, heardAt)
        this.note(key, info.peer)
      }
    }
    const left = this.entry(key)?.info
    if (left === undefined || connected || left.addresses.length > 0 || heardAt + this.ages.peer > now || isMarked(left)) return this.entry(key)
    this.drop(key)
    return undefined
  }

  private put (key: string, info: PeerInfo, heardAt: number): void {
    this.take(key)
    const expiresAt = Math.min(Infinity, ...info.addresses.map(address => address.expiresAt), ...[...info.tags.values()].map(tag => tag.expiresAt))
    const entry: Entry = { info, bytes: bytesOf(info), heardAt, expiresAt }
    const room = this.connectedPeers.has(key) || isKept(info, heardAt) ? this.held : this.idle[usefulness(info)]
    room?.set(key, entry)
    this.used += entry.bytes
    this.count++
  }

  private take (key: string): Entry | undefined {
    const entry = this.entry(key)
    if (entry === undefined) return undefined
    this.used -= entry.bytes
    this.count--
    this.held.delete(key)
    for (const room of this.idle) room.delete(key)
    return entry
  }

  private drop (key: string): void {
    const entry = this.take(key)
    if (entry !== undefined) this.note(key, entry.info.peer)
  }

  private note (key: string, peer: PeerId): void {
    this.noted?.set(key, peer)
  }

  private makeRoom (): void {
    const { peers, bytes } = this.limits
    for (const room of this.idle) {
      for (const key of room.keys()) {
        if (this.count <= peers && this.used <= bytes) return
        this.drop(key)
      }
    }
  }
}

/** The application has said something of it that no peer can say of itself. */
function isMarked ({ tags, metadata }: PeerInfo): boolean {
  return tags.size > 0 || metadata.size > 0
}

function usefulness (info: PeerInfo): 0 | 1 | 2 | 3 {
  const { addresses, agentVersion, protocols, record } = info
  if (isMarked(info) || addresses.some(({ source }) => source === 'user')) return 3
  if (addresses.some(address => reachedAt(address) > -Infinity)) return 2
  return record !== undefined || agentVersion !== undefined || protocols.length > 0 || addresses.some(({ source }) => rankOf[source] >= rankOf.identified) ? 1 : 0
}

/** Minus infinity: never, or it has failed since. */
function reachedAt ({ reachedAt = -Infinity, failedAt = -Infinity }: PeerAddress): number {
  return failedAt > reachedAt ? -Infinity : reachedAt
}

/** What was stored, below what has been heard since. */
function joined (stored: PeerInfo, current: PeerInfo): PeerInfo {
  const known = new Set(current.addresses.map(({ address }) => address.toString()))
  const newer = (stored.record?.seq ?? -1n) > (current.record?.seq ?? -1n)
  return {
    ...current,
    publicKey: current.publicKey ?? stored.publicKey,
    addresses: [...current.addresses, ...stored.addresses.filter(({ address }) => !known.has(address.toString()))],
    protocols: current.protocols.length > 0 ? current.protocols : stored.protocols,
    agentVersion: current.agentVersion ?? stored.agentVersion,
    protocolVersion: current.protocolVersion ?? stored.protocolVersion,
    record: newer ? stored.record : current.record,
    metadata: new Map([...stored.metadata, ...current.metadata]),
    tags: new Map([...stored.tags, ...current.tags])
  }
}
