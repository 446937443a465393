/**
 * One actor: its lifecycle, its step, and everything it owns.
 *
 *     starting --> running --> stopping --> ending --> down
 *         \___________\___________\__________^
 *
 * - *starting*: spawned, has not had its first turn. Messages wait.
 * - *running*: takes messages.
 * - *stopping*: was asked to stop, its behaviour finishes what it must; still takes messages. The grace runs.
 * - *ending*: its end is decided. The mailbox and the child set are closed, the children are being stopped.
 * - *down*: children gone, timers and tasks cancelled, resources disposed, everybody told. For good.
 *
 * Invariants: `run` is never entered twice at a time; nothing here recurses into another cell (news travels as signals
 * and flags, so a tree may be nested 100,000 deep); after *down* the cell holds nothing but its name, its exit and what
 * its mailbox remembers.
 *
 * One class with all fields set in one order and everything rare in `Extras`, because there is one of these per stream.
 */
import { Account, checkAccount, type AccountOptions } from './account.js'
import { ActorQuestion } from './ask.js'
import type { Behavior } from './behavior/behavior.js'
import { checkAsk, checkFunction, checkMs, checkName, checkSpawn, checkStop, checkTask, checkTimer, describeMessage, mapped } from './checks.js'
import { Children } from './children.js'
import { Coalescing } from './coalesce.js'
import { ownedBy } from './containment.js'
import type {
  ActorContext, ActorListing, ActorStatus, AskAnswers, LogLevel, SpawnOptions, SpawnSettings, StopOptions, TaskAnswers
} from './context.js'
import { ActorError } from './errors.js'
import { becauseOf, EndAbove, type Blame, type CrashPoint, type Down, type Exit } from './exit.js'
import { Extras } from './extras.js'
import { guarded, runGuarded } from './guarded.js'
import type { Kernel } from './kernel.js'
import { down, ending, running, starting, statusNames, stopping } from './life.js'
import { Mailbox } from './mailbox.js'
import { disposeQuietly, handleOf, type Message } from './message.js'
import { hashText, mix, SeededRandom, type Random } from './random.js'
import type { ActorRef, ReplyTo } from './ref.js'
import type { Runnable } from './scheduler.js'
import { Signal } from './signal.js'
import { Supervisor } from './supervisor.js'
import { Task, type TaskHandle, type TaskScope } from './task.js'
import { OwnTimers } from './time/own-timers.js'
import { alarmTimer, type Timer, type TimerKind } from './time/timers.js'

/** A behaviour whose types are forgotten: the compiler checked them where it was spawned. */
export type AnyBehavior = Behavior<Message, unknown, unknown>

/** What jumps the queue: bits, because several may come before the cell has its turn. */
const STOP = 1
const END = 2
const GRACE_OVER = 4
const CHILD_GONE = 8

export const defaultMailboxCapacity = 1024
export const defaultStopGraceMs = 5000
export const defaultCrashGraceMs = 100

export class Cell implements ActorRef<Message>, ActorContext<Message>, Runnable {
  readonly kernel: Kernel
  readonly parent: Cell | null
  readonly key: string | number
  readonly behavior: AnyBehavior
  readonly account: Account
  readonly hash: number
  status: number = starting
  /** Before the start: the input. After the end: nothing. */
  state: unknown
  exit: Exit | undefined = undefined
  mailbox: Mailbox | null = null
  extras: Extras | null = null
  timers: OwnTimers | null = null
  private orders = 0
  /** How many messages of others may wait before one more is no simple matter: none where each is to be looked at. */
  private room = 0
  private queued = false
  draws = 0
  cost = 0
  children: Children | null = null
  /** Neighbours among the siblings. */
  previous: Cell | null = null
  next: Cell | null = null

  constructor (kernel: Kernel, parent: Cell | null, key: string | number, incarnation: number, behavior: AnyBehavior, input: unknown, account: Account) {
    this.kernel = kernel
    this.parent = parent
    this.key = key
    this.behavior = behavior
    this.account = account
    const own = typeof key === 'number' ? key : hashText(key)
    // As a signed number: half of the unsigned ones would be an object each.
    this.hash = mix(parent === null ? 0 : parent.hash, mix(own, incarnation)) | 0
    this.state = input
    if (typeof behavior.options.overflow !== 'object' && !account.limitsMessages) this.room = this.capacity
    kernel.liveCells++
    if (kernel.trace.on.spawned) kernel.trace.report('spawned', this)
    this.schedule()
  }

  // ---------------------------------------------------------------- seen from outside

  get self (): this {
    return this
  }

  get alive (): boolean {
    return this.status < ending
  }

  /** Why it ended, once it has. */
  get exitWhenDown (): Exit | undefined {
    return this.status === down ? this.exit : undefined
  }

  get statusName (): ActorStatus {
    return statusNames[this.status]!
  }

  get name (): string {
    return String(this.key)
  }

  get path (): string {
    let path = ''
    for (let cell: Cell | null = this; cell !== null; cell = cell.parent) path = `/${cell.key}${path}`
    return path
  }

  tell (message: Message): boolean {
    const { behavior, kernel } = this
    const { accepts } = behavior
    const type = typeof message === 'object' && message !== null ? message.type : undefined
    if (typeof type !== 'string' || (accepts !== undefined && !accepts.has(type))) {
      throw new TypeError(`message: ${describeMessage(message)} is not accepted by ${this.path} (${behavior.name})`)
    }
    // Whether it arrives or not, it has left the sender's hands.
    if (kernel.custody !== undefined && kernel.custody === message.handle) kernel.custody = undefined
    const { mailbox } = this
    if (mailbox === null || mailbox.others >= this.room) return this.receive(message, type)
    mailbox.push(message, type)
    this.schedule()
    return true
  }

  /** What `tell` does when it is not as simple as usual. */
  private receive (message: Message, type: string): boolean {
    const { kernel, account } = this
    if (this.status >= ending) {
      kernel.deadLetter(this, message, 'down')
      return false
    }
    const { overflow } = this.behavior.options
    if (typeof overflow === 'object') return this.coalesce(message, overflow.coalesce)
    const mailbox = this.mailbox ??= new Mailbox()
    if (mailbox.others >= this.capacity && !this.makeRoom(mailbox, message)) return false
    if (account.limitsMessages && account.charge('messages', 1) !== null) {
      kernel.deadLetter(this, message, 'full')
      return false
    }
    mailbox.push(message, type)
    this.schedule()
    return true
  }

  /** Asks for a graceful end; without effect on one that is ending. */
  requestStop (reason: string, graceMs: number | undefined, blame: Blame | undefined): void {
    if (this.status >= stopping || (this.orders & (STOP | END)) !== 0) return
    this.exit = blame === undefined ? { kind: 'stopped', reason } : { kind: 'stopped', reason, because: blame }
    if (graceMs !== undefined) this.more.stopGraceMs = graceMs
    this.order(STOP)
  }

  /** Ends it at once; one that is ending already stops waiting for its children. */
  requestEnd (exit: Exit): void {
    if (this.status === down) return
    if (this.status < ending && (this.orders & END) === 0) this.exit = exit
    this.order(END)
  }

  /** Something of this actor's threw outside its step: in a callback, in a full mailbox. */
  crash (at: CrashPoint, error: unknown): void {
    if (this.doomed) this.lateError(error, at)
    else this.requestEnd({ kind: 'crashed', at, error })
  }

  /** A timer, promise or callback that this actor's code has left to itself has thrown. One that has ended already stays as it is. */
  escaped (error: unknown): void {
    this.crash('escaped', error)
  }

  /** Its end is decided, or about to be. */
  get doomed (): boolean {
    return this.status >= ending || (this.orders & END) !== 0
  }

  // ---------------------------------------------------------------- turns

  run (budget: number): number {
    return this.kernel.containsUncaught ? ownedBy(this, takeTurn, this, budget) : this.turn(budget)
  }

  /** @internal */
  turn (budget: number): number {
    let handled = 0
    if (this.status === starting && this.orders === 0) {
      this.start()
      handled++
    }
    while (handled < budget) {
      if (this.orders !== 0) this.obey()
      else {
        const { mailbox } = this
        if (mailbox === null || mailbox.size === 0 || this.status >= ending) break
        const { coarseNow } = this.kernel.scheduler
        if (mailbox.signalNext) this.takeSignal(mailbox, coarseNow)
        else {
          if (this.account.limitsMessages) this.account.release('messages', 1)
          this.deliver(mailbox.shift(coarseNow), 'step')
        }
      }
      handled++
    }
    return handled
  }

  rest (): boolean {
    if (this.orders !== 0 || (this.mailbox !== null && this.mailbox.size > 0)) return true
    this.queued = false
    return false
  }

  private schedule (): void {
    if (this.queued) return
    this.queued = true
    this.kernel.scheduler.ready(this)
  }

  private order (what: number): void {
    this.orders |= what
    this.schedule()
  }

  private start (): void {
    const { behavior, kernel } = this
    const { out } = kernel
    const input = this.state
    kernel.custody = handleOf(input)
    out.begin(behavior.handlers)
    let failure: Exit | undefined
    try {
      this.state = undefined
      this.state = behavior.initial(input, out)
      this.status = running
      if (behavior.options.supervision !== undefined) this.more.supervisor = new Supervisor(this, behavior.options.supervision)
      const { finished, output } = out
      out.commit(this)
      if (finished) this.finish(output)
    } catch (error) {
      out.discard()
      failure = { kind: 'start-failed', error }
    }
    this.loseCustody()
    if (failure !== undefined) {
      this.end(failure)
      return
    }
    if (this.status !== running) return
    const supervisor = this.extras?.supervisor
    if (supervisor != null) supervisor.boot()
    else this.announceStarted()
  }

  /** Started, with all its static children. */
  announceStarted (): void {
    if (this.kernel.trace.on.started) this.kernel.trace.report('started', this)
    if (this.parent === null) this.kernel.rootStarted()
    else if (typeof this.key === 'string') this.parent.extras?.supervisor?.childStarted(this)
  }

  /** A signal of this actor's own has come to its turn. */
  private takeSignal (mailbox: Mailbox, atMs: number): void {
    const signal = mailbox.shiftSignal(atMs)
    const at = signal.point
    let message: Message | null = null
    let failure: Exit | undefined
    try {
      message = signal.take(this)
    } catch (error) {
      failure = { kind: 'crashed', at, error }
    }
    if (message !== null) {
      mailbox.name(message.type)
      this.deliver(message, at)
      return
    }
    mailbox.forget()
    if (failure !== undefined) this.end(failure)
  }

  /**
   * One step: the behaviour decides, then what it decided is done.
   *
   * What is rare stands in functions of its own. So the compiler makes one piece of all this and of what it calls, which
   * spares some 7 % of a step where it is tightest.
   */
  private deliver (message: Message, at: CrashPoint): void {
    const { behavior, kernel } = this
    const { out } = kernel
    if (kernel.trace.on.message) kernel.trace.report('message', this, message)
    kernel.custody = message.handle
    out.begin(behavior.handlers)
    const before = this.state
    let failing = at
    let finished: boolean
    let output: unknown
    try {
      this.state = behavior.step(before, message, out)
      failing = at === 'stop' ? 'stop' : 'effect'
      ;({ finished, output } = out)
      out.commit(this)
    } catch (error) {
      this.failed(failing, error, message)
      return
    }
    if (kernel.custody !== undefined) this.loseCustody()
    if (kernel.trace.on.changed && this.state !== before) kernel.trace.report('changed', this, message)
    if (finished) this.finish(output)
  }

  /** A step has thrown: nothing of what it wanted is done. Or an effect: those after it are not. */
  private failed (at: CrashPoint, error: unknown, message: Message): void {
    this.kernel.out.discard()
    this.loseCustody()
    this.end({ kind: 'crashed', at, error, message: message.type })
  }

  /** A handle that nobody took belongs to nobody: it is disposed, so it cannot leak. */
  loseCustody (): void {
    const { kernel } = this
    if (kernel.custody === undefined) return
    const error = disposeQuietly(kernel.custody)
    kernel.custody = undefined
    if (error !== undefined) this.lateError(error, 'effect')
  }

  private obey (): void {
    const { orders } = this
    this.orders = 0
    if ((orders & END) !== 0) {
      if (this.status < ending) this.end(this.exit!)
      else this.endChildren()
    } else if ((orders & STOP) !== 0 && this.status < stopping) this.beginStop()
    if ((orders & GRACE_OVER) !== 0) {
      if (this.status === stopping) this.end({ kind: 'killed', reason: 'grace-over', ...becauseOf(this.exit) })
      else if (this.status === ending) this.endChildren()
    }
    if ((orders & CHILD_GONE) !== 0 && this.status === ending) {
      if (this.childCount === 0) this.finalise()
      else this.extras?.supervisor?.stopNext()
    }
  }

  // ---------------------------------------------------------------- the end

  private finish (output: unknown): void {
    if (this.status >= ending) return
    // Who was asked to stop and is done has stopped.
    this.end(this.status === stopping ? this.exit! : { kind: 'done', output })
  }

  private beginStop (): void {
    const { stopMessage } = this.behavior.options
    if (stopMessage === undefined || this.status === starting) {
      this.end(this.exit!)
      return
    }
    this.status = stopping
    this.startGrace(this.stopGraceMs)
    let message: Message
    try {
      message = mapped('stopMessage', stopMessage, (this.exit as { reason: string }).reason)
    } catch (error) {
      this.end({ kind: 'crashed', at: 'stop', error })
      return
    }
    ;(this.mailbox ??= new Mailbox()).remember(message.type, this.kernel.scheduler.coarseNow)
    this.deliver(message, 'stop')
  }

  /** Steps 2 and 3 of the crash order: closes mailbox and child set, then stops or kills the children. */
  private end (exit: Exit): void {
    if (this.status >= ending) return
    const failed = exit.kind === 'crashed' || exit.kind === 'start-failed'
    if (this.status === starting) {
      // It never got to see its input, nor the handle in it.
      const handle = handleOf(this.state)
      if (handle !== undefined && this.kernel.custody !== handle) disposeQuietly(handle)
    }
    this.status = ending
    this.room = 0
    this.exit = exit
    const { trace } = this.kernel
    if (failed) trace.report('crashed', this, exit)
    if (trace.on.ending) trace.report('ending', this, exit)
    this.closeMailbox()
    if (this.childCount === 0) {
      this.finalise()
      return
    }
    const graceMs = exit.kind === 'killed' ? 0 : failed ? this.crashGraceMs : this.stopGraceMs
    if (graceMs === 0) {
      this.endChildren()
      return
    }
    this.startGrace(graceMs)
    this.stopChildren()
  }

  private get stopGraceMs (): number {
    const asked = this.extras === null ? -1 : this.extras.stopGraceMs
    return asked >= 0 ? asked : this.behavior.options.stopGraceMs ?? defaultStopGraceMs
  }

  get crashGraceMs (): number {
    return this.behavior.options.crashGraceMs ?? defaultCrashGraceMs
  }

  private closeMailbox (): void {
    const { mailbox, kernel, account } = this
    if (mailbox === null) return
    for (const entry of mailbox.close()) {
      if (entry instanceof Signal) entry.lost(this)
      else {
        if (account.limitsMessages) account.release('messages', 1)
        kernel.deadLetter(this, entry, 'down')
      }
    }
  }

  /** A stop has one deadline: what the behaviour used of it its children do not get again. */
  private startGrace (graceMs: number): void {
    const { more } = this
    if (more.grace !== null) {
      if (more.grace.due <= this.kernel.now() + graceMs) return
      this.dropTimer(more.grace)
    }
    more.grace = this.armKernelTimer(graceTimer, graceMs, null)
  }

  /** The grace of this actor's end is over. */
  graceOver (): void {
    this.more.grace = null
    this.order(GRACE_OVER)
  }

  private stopChildren (): void {
    const { blame } = this
    const supervisor = this.extras?.supervisor
    this.children!.forEachFromLast(child => {
      if (supervisor?.stopsInOrder(child) !== true) child.requestStop('parent-ending', undefined, blame)
    })
    supervisor?.stopNext()
  }

  private endChildren (): void {
    if (this.childCount === 0) return
    const exit: Exit = { kind: 'killed', reason: 'parent-ending', because: this.blame }
    this.children!.forEachFromLast(child => { child.requestEnd(exit) })
  }

  /** This actor's end as the cause of others'. */
  get blame (): Blame {
    return this.more.blame ??= new EndAbove(this, this.exit!)
  }

  /** Steps 4 to 6: gives back what it holds, tells everybody, leaves the tree. */
  private finalise (): void {
    const { kernel, account, extras, parent } = this
    const exit = this.exit!
    this.status = down
    extras?.releaseAll()
    this.timers?.dropAll()
    this.timers = null
    this.state = undefined
    this.orders = 0
    extras?.tellWatchers(exit)
    this.extras = null
    this.children = null
    account.release('actors', 1)
    kernel.liveCells--
    if (kernel.trace.on.down) kernel.trace.report('down', this, exit)
    kernel.buried(this, exit)
    parent?.childDown(this, exit)
  }

  private childDown (child: Cell, exit: Exit): void {
    this.children!.remove(child)
    if (typeof child.key === 'string') {
      const supervisor = this.extras?.supervisor
      if (this.status < ending) supervisor?.childDown(child, exit)
      else supervisor?.childGone(child)
    }
    if (this.status === ending) this.order(CHILD_GONE)
  }

  /** Something failed in an actor that was ending anyway: it is counted and reported, and changes nothing. */
  lateError (error: unknown, at: CrashPoint): void {
    this.kernel.trace.report('late-error', this, error, at)
  }

  // ---------------------------------------------------------------- mailbox

  /** A signal of this actor's own is due. */
  signal (signal: Signal): void {
    if (this.status >= ending) {
      signal.lost(this)
      return
    }
    (this.mailbox ??= new Mailbox()).pushSignal(signal)
    this.schedule()
  }

  private get capacity (): number {
    return this.behavior.options.mailboxCapacity ?? defaultMailboxCapacity
  }

  private makeRoom (mailbox: Mailbox, message: Message): boolean {
    const { kernel, behavior } = this
    if (behavior.options.overflow === 'dropOldest') {
      const oldest = mailbox.shiftOldestOther()
      if (oldest !== undefined) {
        if (this.account.limitsMessages) this.account.release('messages', 1)
        kernel.deadLetter(this, oldest, 'dropped')
        return true
      }
    }
    kernel.deadLetter(this, message, 'full')
    if (behavior.options.overflow === 'crash') {
      this.crash('mailbox', new ActorError('actor/overflow', this.path, `more than ${mailbox.others} messages wait`))
    }
    return false
  }

  private coalesce (message: Message, keyOf: (message: Message) => unknown): boolean {
    const { more } = this
    more.coalescing ??= new Coalescing(this.capacity)
    return more.coalescing.add(this, message, keyOf)
  }

  // ---------------------------------------------------------------- children

  spawn<C extends Message, I> (behavior: Behavior<C, I>, options: SpawnOptions<I>): ActorRef<C> {
    checkSpawn(behavior as unknown as AnyBehavior, options)
    const { input, name, restart = 'temporary', account } = options as SpawnSettings & { readonly input?: I }
    const supervisor = this.extras?.supervisor
    if (restart === 'temporary') {
      if (name !== undefined) supervisor?.mustBeFree(name)
      return this.adopt(behavior as unknown as AnyBehavior, input, name, 0, account)
    }
    if (supervisor == null) throw new TypeError(`restart: ${this.path} has no supervision, so its children are temporary; got '${restart}'`)
    return supervisor.add(behavior as unknown as AnyBehavior, input, name, restart, account)
  }

  /** Makes the child; supervision is the caller's. */
  adopt (behavior: AnyBehavior, input: unknown, name: string | undefined, incarnation: number, options: AccountOptions | undefined): Cell {
    const { kernel } = this
    const key = name ?? this.children?.nextNumber ?? 1
    const handle = handleOf(input)
    // Whether it is taken in or not, the handle has left the spawner's hands.
    if (handle !== undefined && kernel.custody === handle) kernel.custody = undefined
    let account: Account
    try {
      account = this.admit(key, options)
    } catch (error) {
      if (handle !== undefined) disposeQuietly(handle)
      throw error
    }
    const child = new Cell(kernel, this, key, incarnation, behavior, input, account)
    ;(this.children ??= new Children()).add(child)
    return child
  }

  /** The account of a new child. Throws when there is no room for it. */
  private admit (key: string | number, options: AccountOptions | undefined): Account {
    this.mustLive('takes no children')
    if (typeof key === 'string') {
      checkName('name', key)
      this.children?.mustBeFree(key, this)
    }
    let { account } = this
    if (options !== undefined) {
      checkAccount('account', options)
      account = new Account(options.name ?? `${this.path}/${key}`, account, options.limits)
    }
    account.require('actors', 1, this)
    return account
  }

  child (name: string): Cell | undefined {
    return this.children?.find(name)
  }

  get childCount (): number {
    return this.children === null ? 0 : this.children.count
  }

  get supervisor (): Supervisor | null {
    return this.extras?.supervisor ?? null
  }

  stop (ref: ActorRef<never>, options: StopOptions = {}): void {
    checkStop(options)
    this.victim(ref)?.requestStop(options.reason ?? 'asked', options.graceMs, undefined)
  }

  kill (ref: ActorRef<never>, reason = 'asked'): void {
    this.victim(ref)?.requestEnd({ kind: 'killed', reason })
  }

  /** Whom a stop or a kill is meant for. Asked by its own supervisor, a child stays down; asked by anybody else it may come back. */
  private victim (ref: ActorRef<never>): Cell | null {
    const cell = this.kernel.resolve(ref, 'ref', this)
    if (cell === null) this.extras?.supervisor?.giveUp(ref.path)
    else if (cell.parent === this) this.extras?.supervisor?.expectStop(cell)
    return cell
  }

  done (output?: unknown): void {
    if (this.status < ending) this.requestEnd(this.status === stopping ? this.exit! : { kind: 'done', output })
  }

  // ---------------------------------------------------------------- timers

  timer (key: string, delayMs: number, message: Message, everyMs = 0): void {
    checkTimer(key, delayMs, message, everyMs)
    if (this.status < ending) this.myTimers.set(key, delayMs, message, everyMs)
  }

  cancelTimer (key: string): boolean {
    return this.timers?.cancel(key) === true
  }

  /** A timer of the kernel's own, for this actor's sake. */
  armKernelTimer (kind: TimerKind, delayMs: number, payload: unknown): Timer {
    return this.myTimers.arm(kind, '', delayMs, payload, 0)
  }

  dropTimer (timer: Timer): void {
    this.timers?.drop(timer)
  }

  private get myTimers (): OwnTimers {
    return this.timers ??= new OwnTimers(this)
  }

  // ---------------------------------------------------------------- tasks, questions, watches, resources

  task<T> (run: (scope: TaskScope) => Promise<T>, answers: TaskAnswers<T, Message>): TaskHandle {
    checkTask(run, answers)
    this.mustLive('starts no tasks')
    this.account.require('tasks', 1, this)
    const task = new Task<T>(this, answers)
    this.more.addTask(task as Task<unknown>)
    task.start(run)
    return task
  }

  ask<R extends Message, Q extends Message> (to: ActorRef<Q>, question: (replyTo: ReplyTo<R>) => Q, answers: AskAnswers<R, Message>): void {
    const { kernel } = this
    const asked = kernel.resolve(to, 'to', this)
    checkAsk(question, answers)
    this.mustLive('asks nothing')
    new ActorQuestion(this, asked, to, answers.timeoutMs ?? kernel.askTimeoutMs, answers as unknown as AskAnswers<Message, Message>)
      .put(question)
  }

  watch (ref: ActorRef<never>, message: (news: Down) => Message): void {
    const target = this.kernel.resolve(ref, 'ref', this)
    checkFunction('down', message)
    if (this.status < ending) this.more.watch(ref, target, message)
  }

  unwatch (ref: ActorRef<never>): void {
    this.extras?.unwatch(ref)
  }

  own<R extends Disposable> (resource: R): R {
    const { kernel } = this
    if (kernel.custody === resource) kernel.custody = undefined
    if (this.status >= ending) {
      disposeQuietly(resource)
      throw new ActorError('actor/closed', this.path, 'an actor that is ending owns nothing new; the resource was disposed')
    }
    const refusing = this.account.charge('handles', 1)
    if (refusing !== null) {
      disposeQuietly(resource)
      throw refusing.refusal('handles', this.path)
    }
    this.more.addResource(resource)
    return resource
  }

  disown (resource: Disposable): boolean {
    return this.extras?.removeResource(resource) === true
  }

  release (resource: Disposable): void {
    if (this.disown(resource)) resource[Symbol.dispose]()
  }

  take<R extends Disposable> (handle: R): R {
    if (this.kernel.custody === handle) this.kernel.custody = undefined
    return handle
  }

  io<A extends readonly unknown[]> (fn: (...args: A) => void): (...args: A) => void {
    checkFunction('fn', fn)
    return guarded(this, fn)
  }

  defer (fn: () => void): void {
    checkFunction('fn', fn)
    if (!this.doomed) this.kernel.scheduler.defer(this, fn)
  }

  /** What was deferred has come to its turn. */
  deferred (fn: () => void): void {
    runGuarded(this, 'defer', fn)
  }

  alarm (delayMs: number, fn: () => void): Disposable {
    checkMs('delayMs', delayMs)
    checkFunction('fn', fn)
    const timer = this.doomed ? null : this.armKernelTimer(alarmTimer, delayMs, fn)
    return { [Symbol.dispose]: () => { if (timer !== null) this.dropTimer(timer) } }
  }

  /** An alarm is due. */
  alarmed (fn: () => void): void {
    runGuarded(this, 'timer', fn)
  }

  get settle (): ((action: () => void) => void) | null {
    const { scheduler } = this.kernel
    return scheduler.settlesAtOnce ? null : action => { scheduler.settle(this, action) }
  }

  // ---------------------------------------------------------------- the rest of the context

  get random (): Random {
    return this.more.random ??= new SeededRandom(mix(this.kernel.seed, this.hash))
  }

  now (): number {
    return this.kernel.now()
  }

  emit (event: Message): void {
    if (this.kernel.trace.on.emitted) this.kernel.trace.report('emitted', this, event)
    this.behavior.options.emitted?.(this, event)
  }

  named<C extends Message> (path: string): ActorRef<C> {
    return this.kernel.named(path)
  }

  list (path: string): readonly ActorListing[] {
    return this.kernel.list(path)
  }

  log (level: LogLevel, text: string, details?: object): void {
    this.kernel.trace.report('log', this, { level, text, details })
  }

  private mustLive (what: string): void {
    if (this.status >= ending) throw new ActorError('actor/closed', this.path, `an actor that is ending ${what}`)
  }

  /** What it has beyond the ordinary, made when first needed. */
  get more (): Extras {
    return this.extras ??= new Extras(this)
  }
}

const takeTurn = (cell: Cell, budget: number): number => cell.turn(budget)

const graceTimer: TimerKind = {
  label: 'grace',
  point: 'stop',
  fire (timer) {
    timer.owner.dropTimer(timer)
    timer.owner.graceOver()
  },
  handle: () => null
}
