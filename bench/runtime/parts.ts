/** What several scenarios need. */
import { createSystem, type System, type SystemOptions } from '../../src/runtime.js'
import type { Cell } from '../../src/runtime/cell.js'
import { TurnScheduler } from '../../src/runtime/scheduler.js'
import { System as Kernel } from '../../src/runtime/system.js'
import type { Loop } from '../../src/runtime/time/clock.js'
import { clock } from '../support/sampling.js'

/** A system whose log goes nowhere, whatever the environment says. */
export function quietSystem (options: SystemOptions = {}): System {
  return createSystem({ log: { level: 'off' }, ...options })
}

const patienceMs = 60_000

/** Counts finished work; the one who waits is told at the last piece. */
export class Countdown {
  private left = 0
  private done: (() => void) | undefined
  /** All that ever hit. */
  hits = 0

  /** Resolves when `count` more pieces of work are finished. @throws Error when that takes a minute: something got lost */
  async expect (count: number): Promise<void> {
    this.left = count
    await new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => { reject(new Error(`${this.left} of ${count} pieces of work were not finished within a minute`)) }, patienceMs)
      this.done = () => {
        clearTimeout(deadline)
        resolve()
      }
    })
  }

  hit (): void {
    this.hits++
    if (--this.left === 0) this.done?.()
  }
}

/** Looks once each turn of the event loop. @throws Error when that takes a minute */
export async function until (condition: () => boolean): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within a minute: ${String(condition)}`)
    await new Promise(resolve => setImmediate(resolve))
  }
}

/** Nanoseconds since `began`, for each of `operations`. */
export function each (began: number, operations: number): number {
  return (clock() - began) * 1e6 / operations
}

/** The same in microseconds. */
export function eachMicros (began: number, operations: number): number {
  return (clock() - began) * 1e3 / operations
}

/** An event loop that turns when it is told to: what the kernel costs without the operating system. */
export class HandLoop implements Loop {
  private turns: Array<() => void> = []

  now (): number {
    return performance.now()
  }

  soon (turn: () => void): void {
    this.turns.push(turn)
  }

  afterRun (act: () => void): void {
    this.turns.push(act)
  }

  wake (): void {
    // No timer of these scenarios ever comes due.
  }

  sleep (): void {
    this.turns = []
  }

  /** Turns until nobody wants another turn. */
  pump (): void {
    for (let turn = this.turns.pop(); turn !== undefined; turn = this.turns.pop()) turn()
  }
}

/** A system on a loop that is turned by hand. */
export function handSystem (options: SystemOptions = {}): { readonly system: System, readonly loop: HandLoop } {
  const loop = new HandLoop()
  return { system: new Kernel({ log: { level: 'off' }, ...options }, new TurnScheduler(loop)), loop }
}

/** The actor behind a ref, for scenarios that do from outside what an actor does in its handlers. */
export const cellOf = (ref: unknown): Cell => ref as Cell
