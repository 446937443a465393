/**
 * A transport: dials and listens on one kind of address, and gives raw links or muxed links, no matter which.
 *
 * All callbacks come later, from outside of any actor: of an actor, each is wrapped by `actor.io`.
 */
import type { Failure } from '../../messages/failure.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Direction, Link } from './link.js'
import type { MuxedLink } from './muxed-link.js'
import type { Secured } from './security.js'

/** What a transport over raw links is made of. */
export type { LinkFailure, LinkPort } from '../../runtime/io/raw-link.js'

/** What a resolver of names is made of, and what it runs in. */
export type { DnsPort } from '../../runtime/io/dns.js'
export type { TaskScope } from '../../runtime/task.js'

export interface Transport {
  /** `tcp`, `quic-v1`: for inspection and metrics. */
  readonly name: string
  /** Whether it can dial this address, which may end in a peer id. Names have been resolved: it cannot dial those. */
  dials (address: Multiaddr): boolean
  /** Whether it can listen on this address. */
  listens (address: Multiaddr): boolean
  /**
   * To be owned: disposing it gives up, and closes what comes too late. Exactly one of the two callbacks comes, later.
   *
   * @param deadline in the milliseconds of the system's clock
   * @throws TypeError for an address that it cannot dial
   */
  dial (address: Multiaddr, deadline: number, outcome: DialOutcome): Disposable
  /**
   * To be owned: disposing it stops listening, and leaves accepted links alone.
   *
   * @throws TypeError for an address that it cannot listen on
   */
  listen (address: Multiaddr, listener: TransportListener): Disposable
}

export interface DialOutcome {
  /** Handed over. */
  readonly onOpen: (opened: Opened) => void
  /** Its code is one of `dial/...`. */
  readonly onFailure: (failure: Failure) => void
}

export interface TransportListener {
  /** It listens on these: one wildcard may be several. */
  readonly onListening: (addresses: readonly Multiaddr[]) => void
  /** Somebody has connected. Handed over: whoever has no room for it does not take it, and it is reset. */
  readonly onOpen: (opened: Opened) => void
  /** It does not listen, or no more. Nothing comes after it. Its code is one of `listen/...`. */
  readonly onFailure: (failure: Failure) => void
}

/** What a transport gives: bytes to be upgraded, or streams at once. */
export type Opened =
  | { readonly kind: 'link', readonly handle: Link }
  | OpenedMuxedLink

export interface OpenedMuxedLink extends Omit<Secured, 'muxer'> {
  readonly kind: 'muxed-link'
  readonly handle: MuxedLink
  /** What secures and muxes it: `/quic-v1`. */
  readonly protocol: string
  readonly direction: Direction
  /** Without a peer id. */
  readonly remoteMultiaddr: Multiaddr
  readonly localMultiaddr: Multiaddr
  /** Who was expected at that address, when it said so, has been checked. */
  readonly expectedPeer?: PeerId
}
