/**
 * Keep-alive: `/node/network/keep-alive`. Redials the peers whose tags in the peer store say that their connections are to be kept
 * (`keep-alive*`), with back-off.
 */
import type { PeerInfo } from './peer-store.js'
import type { ConnectOutcome, SwarmEvent } from './swarm.js'

export type KeepAliveMessage =
  /** From: Swarm. A peer that has gone is dialed again soon, if it is to be kept. */
  | SwarmEvent
  /** From: Peer store: all that it knows. */
  | { readonly type: 'keep-alive.peers', readonly peers: readonly PeerInfo[] }
  /** The peer store did not answer; it is asked again at the next look. */
  | { readonly type: 'keep-alive.unanswered' }
  /** From: Swarm. `peer` is whom it was asked for. */
  | { readonly type: 'keep-alive.dialed', readonly peer: string, readonly outcome: ConnectOutcome['type'] }
  /** Own timers: time to look at the tags again, and to dial those that are due. */
  | { readonly type: 'keep-alive.look' }
  | { readonly type: 'keep-alive.due' }
