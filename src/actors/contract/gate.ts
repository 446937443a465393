/**
 * The gate: whom this node has to do with at all. Asked at each phase of a connection, before anything is done for the remote that
 * the phase does not need; made of the allow and block lists and of the user's own gater.
 *
 * Answers come by the callback, once: in the stack of the call where nobody needs time, else within the guard of the actor that
 * asks, and no more once it is gone.
 */
import type { ConnectionInfo } from '../../messages/connection.js'
import type { Failure } from '../../messages/failure.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { ActorContext } from '../../runtime/context.js'
import type { Direction } from './link.js'

/** The actor that asks. */
export type GateAsker = Pick<ActorContext, 'alarm' | 'io' | 'log'>

/** Undefined: it may go on. A refusal has the code of its phase: `dial/gated`, `connection/gated`, `upgrade/gated`. */
export type GateAnswer = (refusal: Failure | undefined) => void

export interface Gate {
  dialPeer (asker: GateAsker, peer: PeerId, answer: GateAnswer): void
  dialAddress (asker: GateAsker, address: Multiaddr, peer: PeerId | undefined, answer: GateAnswer): void
  accept (asker: GateAsker, remoteAddress: Multiaddr, answer: GateAnswer): void
  secured (asker: GateAsker, remote: SecuredRemote, answer: GateAnswer): void
  upgraded (asker: GateAsker, info: ConnectionInfo, answer: GateAnswer): void
}

/** Who it is, has just been proven. */
export interface SecuredRemote {
  readonly peer: PeerId
  readonly direction: Direction
  readonly remoteAddress: Multiaddr
}
