import type { Cell } from './cell.js'
import { checkMs, mapped } from './checks.js'
import type { TaskAnswers } from './context.js'
import { ActorError } from './errors.js'
import type { CrashPoint } from './exit.js'
import { removeTask } from './holdings.js'
import { disposeQuietly, type Message } from './message.js'
import { Signal } from './signal.js'
import type { Timer, TimerKind } from './time/timers.js'

/** What the awaited work gets. */
export interface TaskScope {
  /** Aborts when the task is cancelled or its owner ends. Made when first read: a signal costs four microseconds. */
  readonly signal: AbortSignal
  /** Waits, in the system's time (virtual in a simulation). Rejects with the signal's reason when the task is cancelled. */
  readonly sleep: (ms: number) => Promise<void>
}

export interface TaskHandle {
  /** Aborts the signal and drops the outcome. The work itself cannot be stopped; it is *abandoned* until it settles. */
  cancel (): void
}

/**
 * Awaited work of one cell; its outcome comes back as a message in order of arrival.
 *
 * JavaScript cannot stop a running promise. A cancelled task therefore stays in the ledger as abandoned until it settles:
 * a leak must not read as zero. A late result that is disposable, or whose message carries a handle, is disposed.
 */
export class Task<T> extends Signal implements TaskHandle, TaskScope {
  readonly owner: Cell
  private readonly answers: TaskAnswers<T, Message>
  private controller: AbortController | undefined
  private state: 'running' | 'waiting' | 'cancelled' | 'over' = 'running'
  private sleepers: Map<Sleeper, Timer> | undefined
  private failed = false
  private outcome: unknown

  constructor (owner: Cell, answers: TaskAnswers<T, Message>) {
    super()
    this.owner = owner
    this.answers = answers
  }

  /** Begins the work in the caller's stack; a synchronous throw counts as a rejection. */
  start (run: (scope: TaskScope) => Promise<T>): void {
    let promise: Promise<T>
    try {
      promise = run(this)
    } catch (error) {
      // Outcomes arrive as messages, even one that is there already: the starter's step has not ended yet.
      this.settled(true, error)
      return
    }
    // A value that is not a promise is a finished task.
    Promise.resolve(promise).then(this.succeeded.bind(this), this.broke.bind(this))
  }

  get point (): CrashPoint {
    return 'task'
  }

  get signal (): AbortSignal {
    this.controller ??= new AbortController()
    if (this.state === 'cancelled' && !this.controller.signal.aborted) this.controller.abort(this.aborted())
    return this.controller.signal
  }

  /** No method, so that a task may take its scope apart; and made when it is asked for. */
  get sleep (): (ms: number) => Promise<void> {
    return ms => this.asleep(ms)
  }

  private asleep (ms: number): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => {
      checkMs('ms', ms)
      if (this.state !== 'running') {
        reject(this.aborted())
        return
      }
      const sleeper: Sleeper = { resolve, reject, task: this }
      this.sleepers ??= new Map()
      this.sleepers.set(sleeper, this.owner.armKernelTimer(sleepTimer, ms, sleeper))
    })
    // Who starts a sleep and does not wait for it must not bring the process down when the task is cancelled.
    promise.catch(() => {})
    return promise
  }

  /** Kernel: a sleep is over. */
  awake (sleeper: Sleeper): void {
    if (this.sleepers?.delete(sleeper) === true) this.owner.kernel.scheduler.settle(this.owner, sleeper.resolve)
  }

  cancel (): void {
    if (this.state === 'waiting') {
      // Settled, but its owner has not heard of it yet: nothing is left to abandon.
      this.state = 'over'
      this.dropOutcome()
      removeTask(this.owner, this as Task<unknown>)
    } else if (this.state === 'running') {
      this.state = 'cancelled'
      removeTask(this.owner, this as Task<unknown>)
      const { kernel } = this.owner
      kernel.abandoned.add(this)
      this.controller?.abort(this.aborted())
      this.wakeSleepers()
    }
  }

  /** Nobody sleeps on in a task that is over. */
  private wakeSleepers (): void {
    for (const [sleeper, timer] of this.sleepers ?? []) {
      this.owner.dropTimer(timer)
      this.owner.kernel.scheduler.settle(this.owner, () => { sleeper.reject(this.aborted()) })
    }
    this.sleepers = undefined
  }

  take (owner: Cell): Message | null {
    if (this.state !== 'waiting') return null
    this.state = 'over'
    removeTask(owner, this as Task<unknown>)
    const { answers, outcome, failed } = this
    this.outcome = undefined
    if (failed) {
      if (answers.failed === undefined) throw outcome
      return mapped('failed', error => answers.failed!(error), outcome)
    }
    if (answers.done !== undefined) return map(owner, value => answers.done!(value), outcome as T)
    disposeResult(outcome)
    return null
  }

  lost (): void {
    this.cancel()
  }

  private aborted (): ActorError {
    return new ActorError('actor/aborted', this.owner.path, `the task ${this.state === 'cancelled' ? 'was cancelled' : 'is over'}`)
  }

  private succeeded (value: unknown): void {
    this.settled(false, value)
  }

  private broke (error: unknown): void {
    this.settled(true, error)
  }

  private settled (failed: boolean, outcome: unknown): void {
    this.failed = failed
    this.outcome = outcome
    if (this.state === 'cancelled') {
      this.owner.kernel.abandoned.delete(this)
      this.dropOutcome()
      return
    }
    this.state = 'waiting'
    this.wakeSleepers()
    this.owner.signal(this)
  }

  /** A result nobody will see may be an open link: whatever it or its message holds is disposed. */
  private dropOutcome (): void {
    const { outcome } = this
    this.outcome = undefined
    if (this.failed) return
    if (disposeResult(outcome) || this.answers.done === undefined) return
    try {
      const { handle } = this.answers.done(outcome as T)
      if (handle !== undefined) disposeQuietly(handle)
    } catch {
      // A mapper that throws for a result that nobody wants any more harms nobody.
    }
  }
}

/**
 * The message that a result means. A disposable one has to get on, as the handle of that message or in it, or somebody must
 * take it: one that the mapper drops is disposed, also when it throws.
 */
function map<T> (owner: Cell, done: (value: T) => Message, result: T): Message {
  const { kernel } = owner
  if (isDisposable(result)) kernel.custody = result
  try {
    const message = mapped('done', done, result)
    if (message.handle !== undefined) kernel.custody = undefined
    return message
  } finally {
    owner.loseCustody()
  }
}

function disposeResult (result: unknown): boolean {
  if (!isDisposable(result)) return false
  disposeQuietly(result)
  return true
}

function isDisposable (result: unknown): result is Disposable {
  return typeof result === 'object' && result !== null && Symbol.dispose in result
}

/** One waiting `sleep`. */
interface Sleeper {
  readonly task: { awake (sleeper: Sleeper): void }
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

const sleepTimer: TimerKind = {
  label: 'sleep of a task',
  point: 'task',
  fire (timer) {
    const sleeper = timer.payload as Sleeper
    timer.owner.dropTimer(timer)
    sleeper.task.awake(sleeper)
  },
  handle: () => null
}
