import type { ConnectionInfo } from '../../messages/connection.js'
import type { ErrorCode, ErrorInitiator } from '../../messages/errors.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import { allOf, withOne, withoutOne, type Few } from '../../runtime/few.js'

/** Dials of both sides that end so close together, in milliseconds, have crossed: longer than any handshake that succeeds takes as a rule. */
const atOnceMs = 5000

/** Why a connection has ended. */
export interface ConnectionEnd {
  readonly code: ErrorCode
  readonly initiator: ErrorInitiator
  readonly text: string
}

/** A connection in the pool. `C` is what is handed out to those who want one. */
export interface Pooled<C> {
  readonly connection: C
  readonly info: ConnectionInfo
  /** Takes no more streams. */
  readonly closing: boolean
  /** What it has said of its end, which is about to come. */
  readonly end: ConnectionEnd | undefined
}

/**
 * The accepted connections, by path and by peer. A class whose verbs change it, as those of all cores: a copy of thousands of
 * entries for each connection that comes and goes would cost more than all the rest of the swarm.
 */
export class Pool<C> {
  private readonly paths = new Map<string, Pooled<C>>()
  /** In the order in which they came. */
  private readonly peers = new Map<string, Few<string, Pooled<C>>>()
  private readonly self: string

  constructor (self: PeerId) {
    this.self = self.toString()
  }

  get size (): number {
    return this.paths.size
  }

  has (path: string): boolean {
    return this.paths.has(path)
  }

  add (connection: C, info: ConnectionInfo, closing = false): void {
    this.put({ connection, info, closing, end: undefined })
  }

  /** From now on it is not handed out. */
  closing (path: string): void {
    const pooled = this.paths.get(path)
    if (pooled !== undefined) this.put({ ...pooled, closing: true })
  }

  /** It will end, and this is why. */
  ending (path: string, end: ConnectionEnd): void {
    const pooled = this.paths.get(path)
    if (pooled !== undefined) this.put({ ...pooled, closing: true, end: pooled.end ?? end })
  }

  remove (path: string): Pooled<C> | undefined {
    const pooled = this.paths.get(path)
    if (pooled === undefined) return undefined
    this.paths.delete(path)
    const peer = pooled.info.peer.toString()
    const others = withoutOne(this.peers.get(peer) ?? null, pooled, pathOf)
    if (others === null) this.peers.delete(peer)
    else this.peers.set(peer, others)
    return pooled
  }

  all (): Iterable<Pooled<C>> {
    return this.paths.values()
  }

  /** In the order in which they came. */
  of (peer: PeerId): readonly Pooled<C>[] {
    return allOf(this.peers.get(peer.toString()) ?? null)
  }

  /**
   * The one to use: a direct one before one that a relay limits, of equal ones the newest, whose path is the most likely to
   * work still; never one that is closing. Of two that came of both sides dialing at once, the one that both sides use.
   */
  pick (peer: PeerId, limitedToo: boolean): Pooled<C> | undefined {
    const open = this.of(peer).filter(({ closing }) => !closing)
    const direct = open.filter(({ info }) => info.limits === undefined)
    const usable = direct.length > 0 || !limitedToo ? direct : open
    const newest = usable.at(-1)
    return newest && (usable.findLast(one => this.supplants(one.info, newest.info)) ?? newest)
  }

  /**
   * Whether `one` is used in place of `other`: both sides have dialed at about the same time, each has two connections, and both
   * must choose the same without a word. They take the one that the peer with the smaller id has opened. The other one is not
   * closed: whoever was given it may use it, and it is the first that the connection manager does without.
   */
  supplants (one: ConnectionInfo, other: ConnectionInfo): boolean {
    if (one.direction === other.direction || Math.abs(one.openedAt - other.openedAt) > atOnceMs) return false
    const weAreSmaller = this.self < one.peer.toString()
    return one.direction === (weAreSmaller ? 'outbound' : 'inbound')
  }

  /** A second connection to its peer that nobody is given any more. */
  spare (path: string): boolean {
    const pooled = this.paths.get(path)
    if (pooled === undefined || pooled.closing) return false
    const picked = this.pick(pooled.info.peer, true)
    return picked !== undefined && picked !== pooled
  }

  /** There are some, but a relay limits them all. */
  onlyLimited (peer: PeerId): boolean {
    return this.pick(peer, false) === undefined && this.pick(peer, true) !== undefined
  }

  private put (pooled: Pooled<C>): void {
    const peer = pooled.info.peer.toString()
    this.paths.set(pathOf(pooled), pooled)
    this.peers.set(peer, withOne(this.peers.get(peer) ?? null, pooled, pathOf))
  }
}

const pathOf = ({ info }: Pooled<unknown>): string => info.path

/**
 * What subscribers were told of connections and not yet of their end. It outlives a crash of the swarm, so that they hear of
 * each end once, and of no beginning twice.
 */
export class Announced {
  private readonly paths = new Map<string, ConnectionInfo>()
  private readonly peers = new Map<string, number>()

  has (path: string): boolean {
    return this.paths.has(path)
  }

  /** All paths, as they are now. */
  get all (): readonly string[] {
    return [...this.paths.keys()]
  }

  /** Returns whether it is the first of its peer. */
  add (info: ConnectionInfo): boolean {
    this.paths.set(info.path, info)
    const peer = info.peer.toString()
    const count = (this.peers.get(peer) ?? 0) + 1
    this.peers.set(peer, count)
    return count === 1
  }

  /** Returns what it was, and whether it was the last of its peer; undefined when nobody was told of it. */
  remove (path: string): { readonly info: ConnectionInfo, readonly last: boolean } | undefined {
    const info = this.paths.get(path)
    if (info === undefined) return undefined
    this.paths.delete(path)
    const peer = info.peer.toString()
    const count = (this.peers.get(peer) ?? 0) - 1
    if (count > 0) this.peers.set(peer, count)
    else this.peers.delete(peer)
    return { info, last: count <= 0 }
  }
}
