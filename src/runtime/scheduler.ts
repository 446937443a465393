import type { Account } from './account.js'
import type { Loop } from './time/clock.js'
import { Timers } from './time/timers.js'

/** What a scheduler runs. A cell, to everybody else. */
export interface Runnable {
  readonly account: Account
  /** Stable across runs of one seed: made from the path. */
  readonly hash: number
  /** How many random delays a simulated scheduler has drawn for it. */
  draws: number
  /** Measured nanoseconds per message, smoothed and whole (a fraction would be an object of its own); 0 when not known yet. */
  cost: number
  /** Handles up to `budget` messages; returns how many it did. */
  run (budget: number): number
  /** Runs what it has deferred, unless it has ended. Never throws. */
  deferred (fn: () => void): void
  /** True when it has still something to do; otherwise it calls `ready` again when it has. */
  rest (): boolean
}

/** Who runs when. One for real systems, a seeded one for simulated worlds. */
export interface Scheduler {
  /** Of the simulated world that it serves. */
  readonly worldSeed?: number
  readonly timers: Timers
  now (): number
  /** Whole milliseconds, as of the current slice: for records, where a clock reading each would cost too much. */
  readonly coarseNow: number
  /** `cell` has something to do. Never runs it in the caller's stack. */
  ready (cell: Runnable): void
  /** A timer may have become the earliest. */
  armed (dueMs: number): void
  /** `settle` does it at once, so that nobody need ask for it. */
  readonly settlesAtOnce: boolean
  /** Settles a promise that user code waits for. At once in a real system; in an order drawn from the seed in a simulated one. */
  settle (owner: Runnable, settle: () => void): void
  /** Lets `owner` run `fn` once the current run of code and its microtasks are over; in a simulated world in a step of its own. */
  defer (owner: Runnable, fn: () => void): void
  /** A system that it serves has ended. */
  close (system: object): void
}

export interface TurnOptions {
  /** Messages per turn. Default 1,024. */
  readonly turnMessages?: number
  /** Milliseconds per turn. Default 1: an echo takes two turns of the loop, so its latency is twice this; throughput gains nothing above. */
  readonly turnMs?: number
}

const nanosPerMs = 1_000_000
/** Messages of the first slice of a cell whose cost is not known. */
const firstSlice = 8
/** Within a slice the clock is read after this many messages: a cell that turns slow is stopped soon, and a quick one hardly notices. */
const stretch = 32

/**
 * The run queue of a real system: first come, first served, a slice each.
 *
 * A turn ends after a number of messages or a time, whichever is first, and the next one waits until sockets and timers
 * have had their chance. A slice is sized by the cell's own measured cost to at most half a turn, and begins while half a
 * turn is left: so a turn lasts no longer than its time and one message, a slow handler cannot hold it, and a cell that tells
 * itself for ever only ever has its share.
 */
export class TurnScheduler implements Scheduler {
  readonly timers = new Timers()
  readonly settlesAtOnce = true
  private readonly loop: Loop
  private readonly turnMessages: number
  private readonly turnMs: number
  private queue: Array<Runnable | undefined> = new Array<Runnable | undefined>(64).fill(undefined)
  private head = 0
  private size = 0
  private pending = false
  private running = false
  private wakeAt = Infinity
  /** What waits for the end of the current run of code, and by whom it was deferred. */
  private deferred: Array<() => void> = []
  private deferrers: Runnable[] = []
  coarseNow = 0

  constructor (loop: Loop, options: TurnOptions = {}) {
    this.loop = loop
    this.turnMessages = options.turnMessages ?? 1024
    this.turnMs = options.turnMs ?? 1
    this.coarseNow = Math.floor(loop.now())
  }

  now (): number {
    return this.loop.now()
  }

  ready (cell: Runnable): void {
    if (this.size === this.queue.length) this.grow()
    this.queue[(this.head + this.size) & (this.queue.length - 1)] = cell
    this.size++
    if (!this.pending && !this.running) this.askForTurn()
  }

  armed (dueMs: number): void {
    if (dueMs >= this.wakeAt || this.running) return
    this.wakeAt = dueMs
    this.loop.wake(dueMs, this.woken)
  }

  settle (_owner: Runnable, settle: () => void): void {
    settle()
  }

  defer (owner: Runnable, fn: () => void): void {
    if (this.deferred.push(fn) === 1) this.loop.afterRun(this.runDeferred)
    this.deferrers.push(owner)
  }

  /** Stops waking up, so that the process may exit. For when the system has ended. */
  close (): void {
    this.loop.sleep()
    this.wakeAt = Infinity
  }

  /** A turn that was asked for. */
  private readonly turn = (): void => {
    this.pending = false
    this.runTurn()
  }

  /** A turn because a timer is due (or was, before it was cancelled: an early wake-up is cheaper than moving each). */
  private readonly woken = (): void => {
    this.wakeAt = Infinity
    this.runTurn()
  }

  /** All that was deferred in one run of code; what defers meanwhile waits for the next. */
  private readonly runDeferred = (): void => {
    const { deferred, deferrers } = this
    this.deferred = []
    this.deferrers = []
    for (let i = 0; i < deferred.length; i++) deferrers[i]!.deferred(deferred[i]!)
  }

  /** Due timers, then slices until the budget is used up. */
  private runTurn (): void {
    this.running = true
    try {
      const begun = this.loop.now()
      const end = begun + this.turnMs
      // A slice takes up to half a turn, so none begins later than this: cut short it would be unfair, in full too long.
      const latest = begun + this.turnMs / 2
      this.coarseNow = Math.floor(begun)
      this.timers.fire(begun)
      let now = begun
      let left = this.turnMessages
      while (this.size > 0 && left > 0 && now <= latest) {
        const { queue, head } = this
        const cell = queue[head]!
        queue[head] = undefined
        this.head = (head + 1) & (queue.length - 1)
        this.size--
        const before = now
        let budget = this.slice(cell, left)
        let handled = 0
        do {
          const want = budget < stretch ? budget : stretch
          const did = cell.run(want)
          handled += did
          budget -= want
          now = this.loop.now()
          if (did < want) break
        } while (budget > 0 && now < end)
        left -= handled > 0 ? handled : 1
        this.measured(cell, handled, now - before)
        if (cell.rest()) this.ready(cell)
      }
    } finally {
      this.running = false
      if (this.size > 0 && !this.pending) this.askForTurn()
      this.armed(this.timers.nextDue)
    }
  }

  /** Messages for one cell: as many as take half a turn by its cost. */
  private slice (cell: Runnable, left: number): number {
    const { cost } = cell
    if (cost === 0) return left < firstSlice ? left : firstSlice
    const fair = Math.floor(this.turnMs / 2 * nanosPerMs / cost)
    return fair < 1 ? 1 : fair < left ? fair : left
  }

  private measured (cell: Runnable, handled: number, ms: number): void {
    cell.account.chargeCpu(ms)
    if (handled === 0) return
    // At least one, for zero means that nothing is known; a second is slow enough.
    const cost = Math.min(Math.max(Math.round(ms / handled * nanosPerMs), 1), 1000 * nanosPerMs)
    // Up at once, down slowly: one dear message is reason enough to be careful with the next.
    cell.cost = cell.cost === 0 || cost > cell.cost ? cost : cell.cost + ((cost - cell.cost) >> 2)
  }

  private askForTurn (): void {
    this.pending = true
    this.loop.soon(this.turn)
  }

  private grow (): void {
    const { queue, head } = this
    this.queue = [...queue.slice(head), ...queue.slice(0, head)]
    this.queue.length = queue.length * 2
    this.queue.fill(undefined, queue.length)
    this.head = 0
  }
}
