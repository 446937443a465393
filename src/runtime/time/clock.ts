// The global `performance` is looked up by a function each time: a tenth of what a message costs that has a slice to itself.
import { performance } from 'node:perf_hooks'
import { unowned } from '../containment.js'

/** The time of a system: milliseconds, possibly with a fraction, that never go back. */
export interface Clock {
  now (): number
}

/** Of this process, for ports that share out its turns. */
export const systemClock: Clock = { now: () => performance.now() }

/** Where a scheduler gets its turns from. The only file, with the scheduler, that meets Node's timers. */
export interface Loop extends Clock {
  /** Runs `turn` soon, after pending input and output had their chance. */
  soon (turn: () => void): void
  /** Runs `act` when the code that runs now and its microtasks are over, before input, output and turns. */
  afterRun (act: () => void): void
  /** Runs `turn` at about `atMs`; one wake-up at a time, a new one replaces the old. */
  wake (atMs: number, turn: () => void): void
  /** Forgets the wake-up. */
  sleep (): void
}

/**
 * The event loop of this process. Whoever happens to ask for a turn does not own what is done in it. `setImmediate`, because it alone lets sockets and timers through between turns: with
 * `nextTick` they never run, with a MessageChannel a 10 ms timer came after 199 ms (measured, design 1.7).
 */
export class NodeLoop implements Loop {
  private timer: ReturnType<typeof setTimeout> | undefined

  now (): number {
    return performance.now()
  }

  soon (turn: () => void): void {
    unowned(setImmediate, turn)
  }

  /** By way of a promise, because a bare tick comes before the microtasks. (`queueMicrotask` costs three times as much.) */
  afterRun (act: () => void): void {
    unowned(afterMicrotasks, act)
  }

  wake (atMs: number, turn: () => void): void {
    clearTimeout(this.timer)
    // Node counts in whole milliseconds and may fire up to one early; rounding up spares a turn that finds nothing due.
    const delayMs = Math.min(Math.max(Math.ceil(atMs - performance.now()), 1), longestNodeTimerMs)
    this.timer = unowned(setTimeout, turn, delayMs)
  }

  sleep (): void {
    clearTimeout(this.timer)
    this.timer = undefined
  }
}

/** Unix time in milliseconds at which the clock of this process stood at zero. */
export const epochMs = performance.timeOrigin

const settled = Promise.resolve()

function afterMicrotasks (act: () => void): void {
  void settled.then(() => { process.nextTick(act) })
}

/** Node turns a longer delay into 1 ms. */
const longestNodeTimerMs = 2 ** 31 - 1
