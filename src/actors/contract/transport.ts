/**
 * A transport: dials and listens on one kind of address, and gives raw links or muxed links, no matter which.
 */
import type { ErrorCode } from '../../messages/errors.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Direction, Link } from './link.js'
import type { MuxedLink } from './muxed-link.js'
import type { Secured } from './security.js'

export interface Transport {
  /** `tcp`, `quic-v1`: for inspection and metrics. */
  readonly name: string
  /** Whether it can dial this address, in text form. */
  dials (address: string): boolean
  /** Whether it can listen on this address. */
  listens (address: string): boolean
  /**
   * To be owned: disposing it gives up, and closes what comes too late. Exactly one of the two callbacks comes, later.
   *
   * @param deadline in the milliseconds of the system's clock
   */
  dial (address: string, deadline: number, outcome: DialOutcome): Disposable
  /** To be owned: disposing it stops listening, and leaves accepted links alone. */
  listen (address: string, listener: TransportListener): Disposable
}

export interface DialOutcome {
  /** Handed over. */
  readonly onOpen: (opened: Opened) => void
  readonly onFailure: (code: ErrorCode, text: string) => void
}

export interface TransportListener {
  /** It listens on these: one wildcard may be several. */
  readonly onListening: (addresses: readonly string[]) => void
  /** Somebody has connected. Handed over. */
  readonly onOpen: (opened: Opened) => void
  /** It does not listen, or no more. Nothing comes after it. */
  readonly onFailure: (code: ErrorCode, text: string) => void
}

/** What a transport gives: bytes to be upgraded, or streams at once. */
export type Opened =
  | { readonly kind: 'link', readonly handle: Link }
  | OpenedMuxedLink

export interface OpenedMuxedLink extends Omit<Secured, 'muxer'> {
  readonly kind: 'muxed-link'
  readonly handle: MuxedLink
  readonly direction: Direction
  readonly remoteMultiaddr: string
  readonly localMultiaddr: string
  /** Who was expected at that address, when it said so, has been checked. */
  readonly expectedPeer?: PeerId
}
