import type { ActorContext } from '../context.js'
import type { Down } from '../exit.js'
import type { Message } from '../message.js'
import type { Supervision } from '../supervision.js'
import type { HandlerTable, Out } from './out.js'

/**
 * What happens to a message that finds the mailbox full.
 *
 * - `reject`: `tell` returns false and the message is a dead letter (default).
 * - `dropOldest`: the oldest waiting message of others is the dead letter. For news of which the latest matters.
 * - `coalesce`: a waiting message with the same key is replaced in its place, full or not; without one, `reject`.
 * - `crash`: the receiver crashes. For protocols in which a lost message is a broken promise.
 */
export type Overflow<M extends Message> = 'reject' | 'dropOldest' | 'crash' | { readonly coalesce: (message: M) => unknown }

/** Settings that every kind of behaviour takes. All have defaults. */
export interface BehaviorOptions<M extends Message = Message> {
  /** Messages of others that may wait. Default 1,024: a turn's worth; more only hides a slow consumer. Signals of one's own are not counted. */
  readonly mailboxCapacity?: number
  readonly overflow?: Overflow<M>
  /**
   * Makes the stop graceful: instead of ending at once, the actor receives this message, ahead of all that waits, and ends
   * itself (`done`) when it has finished, at the latest when the grace is over. Without it a stop takes effect after the
   * current step.
   */
  readonly stopMessage?: (reason: string) => M
  /** Time for a stop, all children included, in milliseconds. Default 5,000. */
  readonly stopGraceMs?: number
  /** Time for the children to stop after this actor crashed, in milliseconds; 0 kills them at once. Default 100. */
  readonly crashGraceMs?: number
  /** Makes the actor a supervisor of its children. Without it all children are temporary. */
  readonly supervision?: Supervision
  /**
   * Tells the actor of the end of each of its children, as a watch of each would: for behaviours of which there are ten thousand,
   * since nothing is held for it.
   */
  readonly childDown?: (down: Down) => M
  /** Hears what the behaviour emits. */
  readonly emitted?: (actor: ActorContext<M>, event: Message) => void
}

/**
 * How one kind of actor behaves: a pure step from state and message to the next state, with wishes noted in `out`, and
 * the handlers that carry the wishes out. Made by `reducer`, `machineBehavior`, `compiledBehavior` or `supervisor`; one
 * value serves any number of actors.
 */
export interface Behavior<M extends Message = Message, I = void, S = unknown> {
  /** The kind, as trees, traces and logs show it: `dial`, `stream`. */
  readonly name: string
  readonly options: BehaviorOptions<M>
  /** Message types that it takes, or undefined when any is taken. A `tell` of another type throws. */
  readonly accepts: ReadonlySet<string> | undefined
  readonly handlers: HandlerTable
  /** The first state. May throw: then the start has failed. */
  initial (input: I, out: Out): S
  /** The next state. Must not touch the world, nor change `state` or `message`. A throw crashes the actor. */
  step (state: S, message: M, out: Out): S
  /** What inspection shows of a state: a machine's state value, a reducer's whole state. */
  describe (state: S): unknown
  /** What a crash capsule keeps of a state: data only, as far as the state is data. */
  save (state: S): unknown
  /** The state again, from what `save` has given. */
  restore (saved: unknown): S
}

export const defaultMailboxCapacity = 1024
export const defaultStopGraceMs = 5000
export const defaultCrashGraceMs = 100
