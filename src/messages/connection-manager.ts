/** The connection manager: `/node/network/connection-manager`. Keeps the number of connections, and what they cost, within bounds. */
import type { PeerInfo } from './peer-store.js'
import type { SwarmEvent } from './swarm.js'
import type { PeerId } from './value/peer-id.js'

export type ConnectionManagerMessage =
  /** From: Swarm. */
  | SwarmEvent
  /** From: facade. Its connections are not trimmed as long as at least one name protects it. */
  | { readonly type: 'manager.protect', readonly peer: PeerId, readonly name: string }
  | { readonly type: 'manager.unprotect', readonly peer: PeerId, readonly name: string }
  /** From: Peer store, for a trim that waits for what peers are worth. Empty when it did not answer. */
  | { readonly type: 'manager.peers', readonly peers: readonly PeerInfo[] }
  /** Own timer, once a second as long as there are connections. */
  | { readonly type: 'manager.tick' }
