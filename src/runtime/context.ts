import type { Account, AccountOptions } from './account.js'
import type { Behavior } from './behavior/behavior.js'
import type { Down } from './exit.js'
import type { Message } from './message.js'
import type { Random } from './random.js'
import type { ActorRef, ReplyTo } from './ref.js'
import type { TaskHandle, TaskScope } from './task.js'

/** When a supervisor starts a child anew: always, after a failure, or never. */
export type Restart = 'permanent' | 'transient' | 'temporary'

/**
 * `input` is what the behaviour starts from; it may bring a handle in its field `handle`, by the same rules as a message (a
 * spawn that is refused disposes it). Not that of a child that is restarted: a restart would find it used up.
 */
export type SpawnOptions<I> = SpawnSettings & (undefined extends I ? { readonly input?: I } : { readonly input: I })

export interface SpawnSettings {
  /** Name among the siblings; letters, digits, `-`, `_`, `.` and `:`. Default: the next number of this parent. */
  readonly name?: string
  /** Default `temporary`. Anything else needs a parent with `supervision`, and a name. */
  readonly restart?: Restart
  /** Gives the child an account of its own below its parent's. Default: it charges its parent's account. */
  readonly account?: AccountOptions
}

export interface StopOptions {
  /** How long the actor and all below it may take before they are killed, in milliseconds. Default: the behaviour's `stopGraceMs`. */
  readonly graceMs?: number
  /** For the trace and for `why`. Default `asked`. */
  readonly reason?: string
}

/** How the answers of awaited work come back as messages of one's own. */
export interface TaskAnswers<T, M extends Message> {
  /**
   * Turns the result into a message. A `Disposable` result belongs into its `handle`, as it is or inside of another one; it is
   * disposed when the message has none and nobody took it. Without `done` the result is dropped, a `Disposable` one disposed.
   */
  readonly done?: (value: T) => M
  /** Turns the error into a message. Without it a failing task crashes its owner. */
  readonly failed?: (error: unknown) => M
}

export interface AskAnswers<R extends Message, M extends Message> {
  readonly done: (reply: R) => M
  /** Gets an `ActorError` with code `actor/timeout`, `actor/down` or `actor/refused`. Without it a failing ask crashes the asker. */
  readonly failed?: (error: unknown) => M
  /** Default: the system's `askTimeoutMs` (5,000). */
  readonly timeoutMs?: number
}

/** One actor of a kernel snapshot. */
export interface ActorListing {
  readonly ref: ActorRef<Message>
  readonly path: string
  readonly name: string
  readonly behavior: string
  readonly status: ActorStatus
}

export type ActorStatus = 'starting' | 'running' | 'stopping' | 'ending' | 'down'

/**
 * What an actor can do to the world, given to its effect handlers (never to its step). All of it belongs to the actor:
 * when it ends, its children stop, its timers and tasks are cancelled and its resources disposed, last in first out.
 */
export interface ActorContext<M extends Message = Message> {
  readonly self: ActorRef<M>
  readonly path: string
  readonly account: Account
  /** Deterministic under simulation: its seed comes from the world's seed and this actor's path. Not for secrets. */
  readonly random: Random
  /** Milliseconds since the system's epoch; never goes back. */
  readonly now: () => number

  /**
   * Starts a child. It starts in a turn of its own; what it is told before that waits in its mailbox. A start that throws
   * is reported to those who watch (`start-failed`) and never repeated.
   *
   * @throws ActorError `actor/closed` when this actor is ending, `actor/limit` when an account refuses, `actor/name-taken`
   */
  readonly spawn: <C extends Message, I>(behavior: Behavior<C, I>, options: SpawnOptions<I>) => ActorRef<C>
  /** The living child of that name. */
  readonly child: (name: string) => ActorRef<Message> | undefined
  /**
   * Asks an actor of this system to stop: gracefully, then by force when the grace is over. A child that its own supervisor
   * stops or kills stays down, also one that is waiting to be restarted; one that others stop may come back.
   */
  readonly stop: (ref: ActorRef<never>, options?: StopOptions) => void
  /** Ends an actor at once. */
  readonly kill: (ref: ActorRef<never>, reason?: string) => void
  /** Ends this actor after the current step, with reason `done`. */
  readonly done: (output?: unknown) => void

  /** Arms the timer `key`; an armed one of that key is replaced. `everyMs` makes it repeat. Its message brings no handle. */
  readonly timer: (key: string, delayMs: number, message: M, everyMs?: number) => void
  /** True when the timer was armed (or had fired and was not yet handled). */
  readonly cancelTimer: (key: string) => boolean

  /** Starts awaited work; its outcome comes back as a message. Cancelling it aborts its signal and drops its result. */
  readonly task: <T>(run: (scope: TaskScope) => Promise<T>, answers: TaskAnswers<T, M>) => TaskHandle
  /** Asks another actor; the answer comes back as a message. Always has a deadline. */
  readonly ask: <R extends Message, Q extends Message>(to: ActorRef<Q>, question: (replyTo: ReplyTo<R>) => Q, answers: AskAnswers<R, M>) => void

  /** Tells this actor of the end of another, at once if that is down already. One watch per ref; a second replaces it. */
  readonly watch: (ref: ActorRef<never>, down: (down: Down) => M) => void
  readonly unwatch: (ref: ActorRef<never>) => void

  /** Makes `resource` this actor's: disposed when it ends. Takes a handle out of the message that brought it. */
  readonly own: <R extends Disposable>(resource: R) => R
  /** Gives up ownership without disposing; returns whether it was owned. */
  readonly disown: (resource: Disposable) => boolean
  /** Disposes an owned resource now. */
  readonly release: (resource: Disposable) => void
  /** Takes the handle out of the current message without owning it: for one that goes on into a task. */
  readonly take: <R extends Disposable>(handle: R) => R

  /**
   * The only way in for callbacks from outside (sockets, emitters, foreign promises): a throw in `fn` crashes this actor
   * and nothing else, and after this actor's end the callback does nothing.
   */
  readonly io: <A extends readonly unknown[]>(fn: (...args: A) => void) => (...args: A) => void
  /**
   * What a function made by `io` does, at once: `fn(listener, argument)`. For a listener that is an object with methods, of which
   * there are ten thousand: a closure for each callback would be a fifth of what it takes.
   */
  readonly enter: <L, A>(fn: (listener: L, argument: A) => void, listener: L, argument: A) => void
  /**
   * Runs `fn` once the code that runs now and its microtasks are over, before any further input, output or turn: what many
   * have written by then leaves as one write. Guarded like `io`. Each call counts, so whoever wants it once guards himself;
   * an `fn` that defers itself for ever keeps the event loop from going on. Under simulation it is a step of its own.
   */
  readonly defer: (fn: () => void) => void
  /**
   * Runs `fn` once, after the delay: a timer for what an actor owns and no message is worth, such as the keep-alive of a
   * muxer's core. Guarded like `io`, cancelled with the actor. Actors themselves use `timer`.
   *
   * @returns disposing it cancels
   */
  readonly alarm: (delayMs: number, fn: () => void) => Disposable
  /**
   * Settles a promise that user code waits for: a simulated world draws the order of these from its seed. Null in a real
   * system: at once.
   */
  readonly settle: ((action: () => void) => void) | null

  /** Publishes an event to the behaviour's `emitted` option and to the trace. */
  readonly emit: (event: Message) => void
  /** A ref to a place in the tree, alive or not yet or no more. */
  readonly named: <C extends Message>(path: string) => ActorRef<C>
  /** The living children of a place, read in one go: what a restarted registry starts from. Empty when there is none. */
  readonly list: (path: string) => readonly ActorListing[]
  /** A line for the log, under this actor's path. */
  readonly log: (level: LogLevel, text: string, details?: object) => void
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error'
