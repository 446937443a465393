/**
 * A link: a raw path of bytes to another machine, not secured and not muxed (TCP, WebSocket, memory, a relayed circuit).
 * The upgrade secures and muxes it.
 *
 * What every port gives is a `RawLink`, whose page has the rules. A transport adds to that very object what the network wants
 * to know of it: something around it would cost a call for each chunk, and would not be the object that is handed over.
 */
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { RawLink } from '../../runtime/io/raw-link.js'

export type { LinkCloseReason, LinkListener, RawLink } from '../../runtime/io/raw-link.js'

export interface Link extends RawLink {
  /** Who opened it. */
  readonly direction: Direction
  /** The remote end, as it was dialed or seen, without a peer id. */
  readonly remoteMultiaddr: Multiaddr
  /** Our end. */
  readonly localMultiaddr: Multiaddr
  /** Path of the actor whose stream this link is made of (a relayed circuit), so that `why` can cross subtrees. */
  readonly via?: string
  /** Only so many bytes each way and so long, as a relay has said. Zero: no limit. */
  readonly limits?: LinkLimits
}

export type Direction = 'inbound' | 'outbound'

export interface LinkLimits {
  readonly durationMs: number
  readonly bytes: number
}
