/**
 * The swarm: `/node/network/swarm`. It knows every connection by peer, decides which are taken in, and is the one way to a
 * connection or a stream for the facade and for services.
 */
import type { Down } from '../runtime/exit.js'
import type { ActorRef, ReplyTo, Tellable } from '../runtime/ref.js'
import type { ConnectionInfo, ConnectionMessage } from './connection.js'
import type { DialOutcome } from './dial.js'
import type { ErrorCode, ErrorInitiator } from './errors.js'
import type { Failure } from './failure.js'
import type { Negotiation, StreamOutcome } from './stream.js'
import type { Multiaddr } from './value/multiaddr.js'
import type { PeerId } from './value/peer-id.js'

/** Whom to reach: a peer, addresses, or both. Without addresses the peer store is asked; each address may name the peer. */
export interface Destination {
  readonly peer?: PeerId
  readonly addresses: readonly Multiaddr[]
}

export type SwarmMessage =
  /** From: a connection, secured, that waits for the verdict `connection.accepted` or `connection.refused`. */
  | { readonly type: 'connection.ready', readonly connection: ActorRef<ConnectionMessage>, readonly info: ConnectionInfo }
  /** From: a connection that was accepted, just before its end: why. A crash has only the kernel's `swarm.connection-down`. */
  | { readonly type: 'connection.ended', readonly path: string, readonly code: ErrorCode, readonly initiator: ErrorInitiator, readonly text: string }
  /** From: the kernel. */
  | { readonly type: 'swarm.connection-down', readonly down: Down }
  /** From: facade, services. Finds or makes a connection. `deadline` in milliseconds of the system's clock, as in all below. */
  | { readonly type: 'swarm.connect', readonly id: string, readonly to: Destination, readonly deadline: number, readonly replyTo: ReplyTo<ConnectOutcome> }
  /** From: facade, services. Finds or makes a connection and opens a stream, once more when the connection closed in between. */
  | {
    readonly type: 'swarm.open-stream'
    readonly id: string
    readonly to: Destination
    readonly protocols: readonly string[]
    readonly negotiation: Negotiation
    readonly onLimitedConnection?: boolean
    readonly deadline: number
    readonly replyTo: ReplyTo<StreamOutcome>
  }
  /** From: whoever asked: the outcome is not wanted any more. Of `swarm.connect` and `swarm.open-stream`. Late: ignored. */
  | { readonly type: 'swarm.cancel', readonly id: string }
  /** From: facade. Closes all connections of the peer; answered when the last has ended. */
  | { readonly type: 'swarm.hang-up', readonly id: string, readonly peer: PeerId, readonly graceMs?: number, readonly replyTo: ReplyTo<HungUp> }
  /** From: services. The connections that are there come first, as `connection.opened`. Ends with the subscriber. */
  | { readonly type: 'swarm.subscribe', readonly subscriber: ActorRef<SwarmEvent> }
  | { readonly type: 'swarm.subscriber-down', readonly down: Down }
  /** From: Dialer. */
  | DialOutcome
  /** From: the connection that was asked for a stream. */
  | StreamOutcome
  /** Own timer: `id` of the request. */
  | { readonly type: 'swarm.timeout', readonly id: string }
  /** From: peer store, in answer to a destination without addresses. */
  | { readonly type: 'swarm.addresses', readonly id: string, readonly addresses: readonly Multiaddr[] }

export type ConnectOutcome =
  | { readonly type: 'connect.done', readonly id: string, readonly connection: ActorRef<ConnectionMessage>, readonly info: ConnectionInfo }
  | { readonly type: 'connect.failed', readonly id: string, readonly failure: Failure }

export interface HungUp { readonly type: 'swarm.hung-up', readonly id: string, readonly connections: number }

/** News, in the order in which it happened; also emitted by the swarm, so that the trace and the facade's events have it. */
export type SwarmEvent =
  /** The first connection to this peer. Comes after the `connection.opened` of it. */
  | { readonly type: 'peer.connected', readonly peer: PeerId }
  /** The last has gone. Comes after its `connection.closed`. */
  | { readonly type: 'peer.disconnected', readonly peer: PeerId }
  | { readonly type: 'connection.opened', readonly connection: ActorRef<ConnectionMessage>, readonly info: ConnectionInfo }
  | { readonly type: 'connection.closed', readonly info: ConnectionInfo, readonly code: ErrorCode, readonly initiator: ErrorInitiator, readonly text: string }

export type SwarmSubscriber = Tellable<SwarmEvent>
