/**
 * Dialing: the dialer `/node/network/dialer`, an actor per dial (`dialer/<n>`) that tries addresses one a little after another, and one
 * per address below it.
 *
 * Deadlines are the waiters', and the dialer keeps them: a dial has none of its own, and lives as long as somebody waits for it.
 * So nobody's early deadline cuts a dial short for others.
 */
import type { Arrival } from '../actors/contract/admission.js'
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
    /** Unique in the node. */
    readonly id: string
    readonly peer?: PeerId
    /** At least one; may hold names that are to be resolved. */
    readonly addresses: readonly Multiaddr[]
    /** In milliseconds of the system's clock: an answer comes by then. */
    readonly deadline: number
    /** Tries also addresses that have failed lately: for whoever knows better. */
    readonly ignoreBackoff?: boolean
    readonly replyTo: ReplyTo<DialOutcome>
  }
  /** From: Swarm. This waiter hears no more; the last one's leaving ends the dial, and never another's. Late: ignored. */
  | { readonly type: 'dial.cancel', readonly id: string }
  /** From: a dial, once. `dial` is its own id; late, when nobody waits any more: ignored. */
  | { readonly type: 'dial.succeeded', readonly dial: string, readonly connection: ActorRef<ConnectionMessage>, readonly info: ConnectionInfo }
  /** From: a dial, for each address that led nowhere: so that who gives up is told what was tried. */
  | { readonly type: 'dial.address-failed', readonly dial: string, readonly failure: Failure }
  /** From: a dial that has tried all addresses of `batches` waiters. It waits, for more may be on their way to it. */
  | { readonly type: 'dial.exhausted', readonly dial: string, readonly batches: number, readonly untried: number }
  /** From: the kernel: a dial has ended; by a crash before it told how it went. */
  | { readonly type: 'dial.down', readonly dial: string, readonly down: Down }
  /** Own timer: the deadline of one waiter. */
  | { readonly type: 'dial.waiter-timeout', readonly id: string }

export type DialOutcome =
  | { readonly type: 'dial.done', readonly id: string, readonly connection: ActorRef<ConnectionMessage>, readonly info: ConnectionInfo }
  | { readonly type: 'dial.failed', readonly id: string, readonly failure: Failure }

export type DialMessage =
  /** From: Dialer, for a waiter that joins. */
  | { readonly type: 'dial.also', readonly addresses: readonly Multiaddr[], readonly ignoreBackoff: boolean }
  /** From: own task: names resolved, and for how many milliseconds more some of the addresses are left alone, by their text. */
  | { readonly type: 'dial.resolved', readonly addresses: readonly Multiaddr[], readonly failures: readonly Failure[], readonly backedOff: ReadonlyMap<string, number> }
  /** Own timer: the next address may begin. */
  | { readonly type: 'dial.next' }
  /** From: own attempt, one of both, once. A second success, late: that connection is closed. */
  | { readonly type: 'attempt.succeeded', readonly connection: ActorRef<ConnectionMessage>, readonly info: ConnectionInfo }
  | { readonly type: 'attempt.failed', readonly failure: Failure }
  /** From: the kernel: an attempt has ended; by a crash before it told how it went. */
  | { readonly type: 'attempt.down', readonly down: Down }

/** What names lead to. */
export interface Resolved {
  readonly addresses: readonly Multiaddr[]
  readonly failures: readonly Failure[]
}

export type AttemptMessage =
  /** From: the transport, by way of `io`. Late after stop: the kernel closes the link. */
  | { readonly type: 'attempt.linked', readonly handle: Arrival }
  /** From: the gate. */
  | { readonly type: 'attempt.allowed' }
  /** From: the table of slots, in the stack of whoever gives one back: it is our turn. */
  | { readonly type: 'attempt.granted' }
  /** From: gate, transport, admission ledger, or for want of somebody to take the link. */
  | { readonly type: 'attempt.refused', readonly failure: Failure }
  /** From: the connection that was made of the link. */
  | ConnectionOutcome
  /** Own timer. */
  | { readonly type: 'attempt.timeout' }
