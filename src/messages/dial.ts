/**
 * Dialing: the dialer `/node/network/dialer`, an actor per dial (`dialer/<n>`) that tries addresses one after another, and one
 * per address below it.
 */
import type { Link } from '../actors/contract/link.js'
import type { Down } from '../runtime/exit.js'
import type { ActorRef, ReplyTo } from '../runtime/ref.js'
import type { ConnectionInfo, ConnectionMessage, ConnectionOutcome } from './connection.js'
import type { Failure } from './failure.js'
import type { Multiaddr } from './value/multiaddr.js'
import type { PeerId } from './value/peer-id.js'

export type DialerMessage =
  /** From: Swarm. Dials of the same peer are joined: the addresses of a later one are tried after those of the first. */
  | {
    readonly type: 'dial.start'
    readonly id: string
    readonly peer?: PeerId
    /** At least one; may hold names that are to be resolved. */
    readonly addresses: readonly Multiaddr[]
    /** In milliseconds of the system's clock. Each waiter has its own; the dial has the latest. */
    readonly deadline: number
    readonly replyTo: ReplyTo<DialOutcome>
  }
  /** From: Swarm. This waiter hears no more; the last one's leaving ends the dial, and never another's. Late: ignored. */
  | { readonly type: 'dial.cancel', readonly id: string }
  /** From: a dial, once. */
  | { readonly type: 'dial.succeeded', readonly connection: ActorRef<ConnectionMessage>, readonly info: ConnectionInfo, readonly dial: string }
  | { readonly type: 'dial.exhausted', readonly failure: Failure, readonly dial: string }
  /** From: the kernel: a dial has ended; by a crash before it told how it went. */
  | { readonly type: 'dial.down', readonly down: Down }
  /** Own timer: the deadline of one waiter. */
  | { readonly type: 'dial.waiter-timeout', readonly id: string }

export type DialOutcome =
  | { readonly type: 'dial.done', readonly id: string, readonly connection: ActorRef<ConnectionMessage>, readonly info: ConnectionInfo }
  | { readonly type: 'dial.failed', readonly id: string, readonly failure: Failure }

export type DialMessage =
  /** From: Dialer, for a waiter that joins. */
  | { readonly type: 'dial.also', readonly addresses: readonly Multiaddr[], readonly deadline: number }
  /** From: own task. */
  | { readonly type: 'dial.resolved', readonly addresses: readonly Multiaddr[], readonly failures: readonly Failure[] }
  /** From: own attempt, once each. */
  | { readonly type: 'attempt.succeeded', readonly connection: ActorRef<ConnectionMessage>, readonly info: ConnectionInfo }
  | { readonly type: 'attempt.failed', readonly failure: Failure }
  /** From: the kernel: an attempt has crashed. */
  | { readonly type: 'attempt.down', readonly down: Down }
  /** Own timer. */
  | { readonly type: 'dial.timeout' }

export type AttemptMessage =
  /** From: the transport, by way of `io`. Late after stop: the kernel closes the link. */
  | { readonly type: 'attempt.linked', readonly handle: Link }
  | { readonly type: 'attempt.refused', readonly failure: Failure }
  /** From: the connection that was made of the link. */
  | ConnectionOutcome
  /** Own timer. */
  | { readonly type: 'attempt.timeout' }
