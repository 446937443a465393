import { Account, checkLimits, type Countable } from './account.js'
import { OuterQuestion } from './ask.js'
import type { Behavior } from './behavior/behavior.js'
import { Out } from './behavior/out.js'
import { supervisor } from './behavior/supervisor.js'
import { Cell, type AnyBehavior } from './cell.js'
import { checkBehavior, checkFunction } from './checks.js'
import { contain } from './containment.js'
import type { ActorListing, SpawnOptions } from './context.js'
import { ActorError, checkNumber, checkOptions } from './errors.js'
import type { Exit } from './exit.js'
import { Handles } from './handles.js'
import { DeadLetters } from './inspect/dead-letters.js'
import { announceSystem } from './inspect/diagnostics.js'
import { Graveyard, type GraveyardOptions } from './inspect/graveyard.js'
import { Inspector } from './inspect/inspector.js'
import { Leftovers } from './inspect/ledger.js'
import { attachLog, type LogOptions } from './inspect/log.js'
import { Trace } from './inspect/trace.js'
import type { DeadLetterReason, Kernel } from './kernel.js'
import { down } from './life.js'
import { disposeQuietly, type Message } from './message.js'
import { NamedRef } from './named-ref.js'
import { unpredictableSeed } from './random.js'
import type { ActorRef, ReplyTo } from './ref.js'
import { TurnScheduler, type Scheduler, type TurnOptions } from './scheduler.js'
import { NodeLoop } from './time/clock.js'

export interface SystemOptions extends TurnOptions {
  /** Name of the root, and so the first part of every path. Default `system`. */
  readonly name?: string
  /**
   * The root actor, or what makes it: a company whose members must know each other by name gets them from `system.named`.
   * Default: a supervisor with strategy `dynamic` and no children. It is started at once.
   */
  readonly root?: Behavior<never> | ((system: System) => Behavior<never>)
  /** Deadline of an ask that names none, in milliseconds. Default 5,000. */
  readonly askTimeoutMs?: number
  /** Most of each kind in the whole system. Default: none. */
  readonly limits?: Readonly<Partial<Record<Countable, number>>>
  readonly graveyard?: GraveyardOptions
  /** Where log lines go and which. Default: the environment variable `TROUPE_LOG`, to stderr. */
  readonly log?: LogOptions
  /** Seeds all randomness for choices. Default: an unpredictable one. */
  readonly seed?: number
  /**
   * What an actor's code throws later, in a timer, promise or callback of its own, crashes that actor and not the process. Default
   * false: it sets up one listener for the whole process, and on Node 20 and 22 each promise costs more. docs/semantics.md
   * says what is contained.
   */
  readonly containUncaught?: boolean
}

export interface OuterAskOptions {
  /** Default: the system's `askTimeoutMs`. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

const optionNames: readonly (keyof SystemOptions)[] = [
  'name', 'root', 'askTimeoutMs', 'limits', 'graveyard', 'log', 'seed', 'containUncaught', 'turnMessages', 'turnMs'
]

/**
 * Starts a company of actors. Its root begins in the next turn; `ready()` tells when it has started.
 *
 *     const system = createSystem({ name: 'shop' })
 *     const till = system.spawn(counter, { input: 0, name: 'till' })
 *     till.tell({ type: 'counter.add', n: 3 })
 *     await system.stop()
 *
 * @throws TypeError, RangeError for options that are unknown or out of range
 */
export function createSystem (options: SystemOptions = {}): System {
  return new System(options, new TurnScheduler(new NodeLoop(), checkSystemOptions(options)))
}

/** @internal */
export function checkSystemOptions (options: SystemOptions): SystemOptions {
  const where = 'createSystem'
  checkOptions(where, options, optionNames)
  checkNumber(where, 'askTimeoutMs', options.askTimeoutMs)
  checkNumber(where, 'turnMessages', options.turnMessages, 1)
  checkNumber(where, 'turnMs', options.turnMs)
  checkNumber(where, 'seed', options.seed)
  if (options.limits !== undefined) checkLimits(where, options.limits)
  if (options.name !== undefined && (typeof options.name !== 'string' || !/^[\w.:-]+$/.test(options.name))) {
    throw new TypeError(`${where}: option 'name' must be letters, digits, '-', '_', '.' or ':'; got '${options.name}'`)
  }
  if (options.root !== undefined && typeof options.root !== 'function') checkBehavior(`${where}: option 'root'`, options.root)
  if (options.containUncaught !== undefined && typeof options.containUncaught !== 'boolean') {
    throw new TypeError(`${where}: option 'containUncaught' must be true or false; got ${typeof options.containUncaught}`)
  }
  if (options.graveyard !== undefined) {
    checkOptions(`${where}, graveyard`, options.graveyard, ['failures', 'others'])
    checkNumber(where, 'graveyard.failures', options.graveyard.failures)
    checkNumber(where, 'graveyard.others', options.graveyard.others)
  }
  return options
}

/** One company of actors: its root, and the services that all its cells share. */
export class System implements Kernel, AsyncDisposable {
  readonly name: string
  readonly scheduler: Scheduler
  readonly trace = new Trace()
  readonly out = new Out()
  readonly askTimeoutMs: number
  readonly containsUncaught: boolean
  readonly seed: number
  readonly deadLetters = new DeadLetters()
  readonly graveyard: Graveyard
  readonly leftovers = new Leftovers()
  /** What its ports hold open in the outside world. */
  readonly handles = new Handles()
  /** What all its actors use together. */
  readonly account: Account
  readonly root: Cell
  custody: Disposable | undefined = undefined
  liveCells = 0
  liveTimers = 0
  liveTasks = 0
  readonly abandoned = new Set<{ readonly owner: Cell }>()
  liveResources = 0
  liveQuestions = 0
  private inspector: Inspector | undefined
  private readonly contained: (() => void) | undefined
  private started = false
  private stopAsked = false
  private readonly waitingForStart: Array<{ readonly resolve: () => void, readonly reject: (error: Error) => void }> = []
  private readonly waitingForEnd: Array<(exit: Exit) => void> = []

  /** @internal Use `createSystem`, or `world.system` in a simulation. */
  constructor (options: SystemOptions, scheduler: Scheduler) {
    this.name = options.name ?? 'system'
    this.scheduler = scheduler
    this.askTimeoutMs = options.askTimeoutMs ?? 5000
    this.containsUncaught = options.containUncaught === true
    this.seed = options.seed ?? unpredictableSeed()
    this.graveyard = new Graveyard(options.graveyard)
    this.account = new Account(`/${this.name}`, null, options.limits)
    attachLog(this, options.log)
    this.account.require('actors', 1, { path: `/${this.name}` })
    announceSystem(this)
    const { root: given } = options
    const root = typeof given === 'function' ? given(this) : given ?? supervisor('root', { strategy: 'dynamic' })
    checkBehavior("createSystem: option 'root'", root)
    // Last of what may throw here: a system that never was could not end it.
    this.contained = this.containsUncaught ? contain() : undefined
    this.root = new Cell(this, null, this.name, 0, root as unknown as AnyBehavior, undefined, this.account)
  }

  /** Views of the living and the dead. */
  get inspect (): Inspector {
    return this.inspector ??= new Inspector(this)
  }

  /** Starts an actor under the root. */
  spawn<M extends Message, I> (behavior: Behavior<M, I>, options: SpawnOptions<I>): ActorRef<M> {
    return this.root.spawn(behavior, options)
  }

  /**
   * Asks an actor from outside. Always has a deadline.
   *
   * @returns the answer; rejects with an `ActorError`: `actor/down`, `actor/timeout`, `actor/refused` or `actor/aborted`
   */
  async ask<R extends Message, M extends Message> (to: ActorRef<M>, question: (replyTo: ReplyTo<R>) => M, options: OuterAskOptions = {}): Promise<R> {
    checkOptions('ask', options, ['timeoutMs', 'signal'])
    checkNumber('ask', 'timeoutMs', options.timeoutMs)
    checkFunction('question', question)
    const asked = this.resolve(to, 'to', this.root)
    const { signal, timeoutMs = this.askTimeoutMs } = options
    return new Promise<R>((resolve, reject) => {
      const put = new OuterQuestion(this.root, asked, to, timeoutMs, resolve as (reply: Message) => void, reject)
      if (signal?.aborted === true) {
        reject(new ActorError('actor/aborted', to.path, 'the wait was aborted', { cause: signal.reason }))
        return
      }
      put.put(question)
      // It may be over already, when the asked was down.
      if (signal === undefined || put.asked === null) return
      const abort = (): void => { put.abort(signal.reason) }
      signal.addEventListener('abort', abort, { once: true })
      put.whenOver = () => { signal.removeEventListener('abort', abort) }
    })
  }

  /** Resolves when the root and all its static children have started; rejects with what a start threw. */
  async ready (): Promise<void> {
    if (this.started) return
    if (this.root.status === down) throw this.startError(this.root.exit!)
    await new Promise<void>((resolve, reject) => this.waitingForStart.push({ resolve, reject }))
  }

  /** Resolves with the reason when the whole system has ended. */
  async ended (): Promise<Exit> {
    if (this.root.status === down) return this.root.exit!
    return new Promise(resolve => this.waitingForEnd.push(resolve))
  }

  /**
   * Stops all actors in order and resolves when the last has gone.
   *
   * @param options.graceMs for the whole stop, in milliseconds; then whatever is left is killed. Default: the root's `stopGraceMs` (5,000)
   * @throws ActorError `system/stopped` when it was stopped before
   */
  async stop (options: { readonly graceMs?: number } = {}): Promise<void> {
    checkOptions('stop', options, ['graceMs'])
    checkNumber('stop', 'graceMs', options.graceMs)
    if (this.stopAsked) throw new ActorError('system/stopped', `/${this.name}`, 'the system was stopped before')
    this.stopAsked = true
    this.root.requestStop('system-stop', options.graceMs, undefined)
    await this.ended()
  }

  /** Stops it, or waits for the stop that is under way. */
  async [Symbol.asyncDispose] (): Promise<void> {
    if (this.stopAsked) await this.ended()
    else await this.stop()
  }

  // ---------------------------------------------------------------- what cells need

  now (): number {
    return this.scheduler.now()
  }

  deadLetter (to: Cell | string, message: Message, reason: DeadLetterReason): void {
    const lost = this.deadLetters.add(to, message.type, reason, this.scheduler.coarseNow)
    this.trace.report('dead-letter', typeof to === 'string' ? this.root : to, message, lost)
    const { handle } = message
    if (handle === undefined) return
    if (this.custody === handle) this.custody = undefined
    const error = disposeQuietly(handle)
    if (error !== undefined) this.root.lateError(error, 'mailbox')
  }

  resolve (ref: ActorRef<never>, argument: string, who: { readonly path: string }): Cell | null {
    if (ref instanceof Cell && ref.kernel === this) return ref
    if (ref instanceof NamedRef && ref.kernel === this) return ref.find()
    const what = ref instanceof Cell || ref instanceof NamedRef ? `${ref.path} of another system` : 'something that is no actor'
    throw new ActorError('actor/foreign-ref', who.path, `argument '${argument}' is a ref to ${what}`)
  }

  find (path: string): Cell | null {
    const [empty, first, ...names] = path.split('/')
    if (empty !== '' || first !== this.name) return null
    let cell: Cell | undefined = this.root
    for (const name of names) {
      cell = cell.child(name)
      if (cell === undefined) return null
    }
    return cell.status === down ? null : cell
  }

  named<M extends Message> (path: string): ActorRef<M> {
    return new NamedRef(this, path)
  }

  list (path: string): readonly ActorListing[] {
    const listing: ActorListing[] = []
    for (let child = this.find(path)?.children?.first ?? null; child !== null; child = child.next) {
      listing.push({ ref: child, path: child.path, name: child.name, behavior: child.behavior.name, status: child.statusName })
    }
    return listing
  }

  rootStarted (): void {
    this.started = true
    this.settleAll(this.waitingForStart, ({ resolve }) => { resolve() })
  }

  buried (cell: Cell, exit: Exit): void {
    this.graveyard.bury(cell, exit)
    this.leftovers.bury(cell)
    if (cell.parent !== null) return
    this.trace.report('ended', cell, exit)
    this.stopAsked = true
    this.scheduler.close(this)
    this.contained?.()
    this.settleAll(this.waitingForStart, ({ reject }) => { reject(this.startError(exit)) })
    this.settleAll(this.waitingForEnd, resolve => { resolve(exit) })
  }

  private settleAll<W> (waiting: W[], settle: (waiter: W) => void): void {
    for (const waiter of waiting.splice(0)) this.scheduler.settle(this.root, () => { settle(waiter) })
  }

  private startError (exit: Exit): ActorError {
    return exit.kind === 'start-failed'
      ? new ActorError('actor/start-failed', `/${this.name}`, 'the system failed to start', { cause: exit.error })
      : new ActorError('system/stopped', `/${this.name}`, 'the system ended before it had started')
  }
}
