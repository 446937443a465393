/**
 * Startup: `/node/network/startup`. Connects to known good peers when the node has begun, and ends. Whoever would ask strangers
 * for peers (bootstrap) waits for its end first: a node that still knows its neighbours needs nobody else.
 */
import type { PeerStoreReply } from './peer-store.js'
import type { ConnectOutcome } from './swarm.js'
import type { PeerId } from './value/peer-id.js'

export type StartupMessage =
  /** From: the node, when it listens and whoever has made it has it in hand. Late: it has begun already. */
  | { readonly type: 'startup.begin' }
  /** From: peer store, when its datastore has been read. */
  | PeerStoreReply
  /** From: Swarm, once for each peer. */
  | ConnectOutcome
  /** From: the kernel: whom it had asked is down, or silent. With `peer` it was the swarm. */
  | { readonly type: 'startup.unanswered', readonly peer?: PeerId }

/** Emitted, once: it is over. */
export interface StartupEvent {
  readonly type: 'startup.done'
  /** Known good peers that were tried, and those of them that it is connected to. */
  readonly tried: number
  readonly connected: number
}
