/**
 * The swarm: `/node/network/swarm`. It knows every connection by peer, decides which are taken in, and is the one way to a
 * connection or a stream for the facade and for services. Each request that cannot be answered at once is an actor of its own
 * below it (`swarm/<n>`).
 *
 * The `id` of a request is its asker's, and unique in the node: a service begins it with its own name.
 */
import type { Down } from '../runtime/exit.js'
import type { ActorRef, ReplyTo, Tellable } from '../runtime/ref.js'
import type { ConnectionInfo, ConnectionMessage, ConnectionReport } from './connection.js'
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
  /**
   * From: a connection that waits for the verdict, and one that an earlier swarm has accepted, when it was asked by
   * `connection.report`. The first is answered each time, also when it is in the pool already.
   */
  | ConnectionReport
  /** From: a connection that takes no more streams from here on. Late: ignored. */
  | { readonly type: 'connection.closing', readonly path: string }
  /** From: a connection that was accepted, just before its end: why. A crash has only the kernel's `swarm.connection-down`. */
  | { readonly type: 'connection.ended', readonly path: string, readonly code: ErrorCode, readonly initiator: ErrorInitiator, readonly text: string }
  /** From: the kernel. */
  | { readonly type: 'swarm.connection-down', readonly down: Down }
  /** From: facade, services. Finds or makes a connection. `deadline` in milliseconds of the system's clock, as in all below. */
  | Connect
  /** From: facade, services. Finds or makes a connection and opens a stream, once more when the connection closed in between. */
  | OpenStreamTo
  /** From: whoever asked: the outcome is not wanted any more. Of `swarm.connect` and `swarm.open-stream`. Late: ignored. */
  | { readonly type: 'swarm.cancel', readonly id: string }
  /** From: facade. Closes all connections of the peer; answered when the last has ended. */
  | { readonly type: 'swarm.hang-up', readonly id: string, readonly peer: PeerId, readonly graceMs?: number, readonly replyTo: ReplyTo<HungUp> }
  /** From: services. The connections that are there come first, as `connection.opened`. Ends with the subscriber, and outlives a crash of the swarm. */
  | { readonly type: 'swarm.subscribe', readonly subscriber: ActorRef<SwarmEvent> }
  | { readonly type: 'swarm.subscriber-down', readonly down: Down }
  /** From: facade: the lists of who may be dealt with have changed. Connections that may not be any more are closed. */
  | { readonly type: 'swarm.recheck' }
  /** From: own request, when the connection that it was given would take no stream. */
  | { readonly type: 'swarm.pick', readonly peer: PeerId, readonly onLimitedConnection: boolean, readonly replyTo: ReplyTo<Picked> }
  /** From: the kernel. A request ends in order once it has answered; after a crash the swarm answers for it. */
  | { readonly type: 'swarm.request-down', readonly id: string, readonly down: Down }

export interface Connect {
  readonly type: 'swarm.connect'
  readonly id: string
  readonly to: Destination
  readonly deadline: number
  /** Dials also addresses that have failed lately. Default false. */
  readonly ignoreBackoff?: boolean
  readonly replyTo: ReplyTo<ConnectOutcome>
}

export interface OpenStreamTo {
  readonly type: 'swarm.open-stream'
  readonly id: string
  readonly to: Destination
  /** In order of preference. */
  readonly protocols: readonly string[]
  readonly negotiation: Negotiation
  /** May use a connection that a relay limits. Default false. */
  readonly onLimitedConnection?: boolean
  readonly deadline: number
  /** As of `swarm.connect`. */
  readonly ignoreBackoff?: boolean
  readonly replyTo: ReplyTo<StreamOutcome>
}

export type ConnectOutcome =
  | { readonly type: 'connect.done', readonly id: string, readonly connection: ActorRef<ConnectionMessage>, readonly info: ConnectionInfo }
  | { readonly type: 'connect.failed', readonly id: string, readonly failure: Failure }

/** The best connection of a peer, if there is one that may be used. */
export interface Picked {
  readonly type: 'swarm.picked'
  readonly connection: ActorRef<ConnectionMessage> | undefined
  /** Of that. */
  readonly info: ConnectionInfo | undefined
  /** There are connections, but a relay limits them all. */
  readonly onlyLimited: boolean
}

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

/** One request on its way to a connection or a stream. */
export type RequestMessage =
  /** From: peer store. Empty: it knows none. */
  | { readonly type: 'request.addresses', readonly addresses: readonly Multiaddr[] }
  /** From: Swarm. */
  | Picked
  /** From: Dialer. */
  | DialOutcome
  /** From: the connection that was asked for a stream. */
  | StreamOutcome
  /** From: the kernel: whom it had asked is down, full, or silent beyond the deadline. */
  | { readonly type: 'request.unanswered', readonly failure: Failure }
  /** From: Swarm: the asker wants no outcome any more. */
  | { readonly type: 'request.cancel' }
  /** From: the kernel, when it is asked to stop: the swarm has crashed, or ends. */
  | { readonly type: 'request.stop' }
