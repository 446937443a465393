import { IndexedHeap, type HeapItem } from '../indexed-heap.js'
import { exponential, mix } from '../random.js'
import type { Runnable, Scheduler } from '../scheduler.js'
import { Timers } from '../time/timers.js'

/**
 * Whose chance it is. What is drawn for it follows from its hash and from how much was drawn for it before, and from
 * nothing that happens to others.
 */
export interface Chancy {
  /** Stable across runs of one seed: made from a path or a name. */
  readonly hash: number
  draws: number
  /** For error messages. */
  readonly path?: string
}

/** Something that happens at a virtual time and belongs to no actor, such as the arrival of bytes. Can be used again and again. */
export class SimEvent implements HeapItem<SimEvent> {
  owner: Chancy
  readonly act: () => void
  /** Not null for the activation of a cell; `act` is then unused. */
  cell: Runnable | null = null
  at = 0
  /** Decides between equal times. Drawn from the owner's chance, so that neither the order of scheduling nor an unrelated event matters. */
  tie = 0
  /** Decides between equal ties, which only a collision of hashes brings. */
  order = 0
  index = -1

  constructor (owner: Chancy, act: () => void) {
    this.owner = owner
    this.act = act
  }

  get scheduled (): boolean {
    return this.index >= 0
  }

  earlierThan (other: SimEvent): boolean {
    if (this.at !== other.at) return this.at < other.at
    return this.tie < other.tie || (this.tie === other.tie && this.order < other.order)
  }
}

/**
 * The seeded twin of the turn scheduler: virtual time, and an order of actors that explores interleavings.
 *
 * Each activation handles one message, after a delay drawn from an exponential distribution: memoryless, so whoever is
 * ready is equally likely to be next (a fixed priority per actor starves some and reaches only a third of the orders). The
 * delay is hashed from seed, path and number of the activation, never taken from a shared stream, so that a crash elsewhere
 * does not shift the order of actors it did not touch. Time passes by these delays and jumps to the next timer or event
 * when nobody is ready; timers and events happen at exactly their own time, events of the same time in an order drawn alike.
 *
 * It never waits for promises: whoever drives it lets the microtask queue run dry before each step.
 */
export class SimScheduler implements Scheduler {
  readonly timers = new Timers()
  readonly settlesAtOnce = false
  /** Who acted last, and so whose promises are running. */
  last: Chancy | null = null
  /** Steps so far: messages handled, promises settled, events. */
  steps = 0
  readonly worldSeed: number
  private readonly meanDelayMs: number
  private readonly stepMs: number
  private readonly heap = new IndexedHeap<SimEvent>()
  /** Events of cells that rest, to be used again: one per step would be a tenth of all time. */
  private readonly spare: SimEvent[] = []
  private order = 0
  private time = 0

  constructor (seed: number, options: { readonly meanDelayMs: number, readonly stepMs: number }) {
    this.worldSeed = seed
    this.meanDelayMs = options.meanDelayMs
    this.stepMs = options.stepMs
  }

  now (): number {
    return this.time
  }

  get coarseNow (): number {
    return Math.floor(this.time)
  }

  ready (cell: Runnable): void {
    const event = this.spare.pop() ?? new SimEvent(nobody, nothing)
    event.owner = cell
    event.cell = cell
    this.soon(event)
  }

  armed (): void {
    // The world looks at the timers before each step.
  }

  close (): void {
    // Other systems of the world may still run.
  }

  settle (owner: Runnable, settle: () => void): void {
    this.soon(new SimEvent(owner, settle))
  }

  defer (owner: Runnable, fn: () => void): void {
    this.soon(new SimEvent(owner, () => { owner.deferred(fn) }))
  }

  /** Lets `event` happen at `atMs`, or now if that is past. One that is scheduled is moved. Never happens in the caller's stack. */
  at (atMs: number, event: SimEvent): void {
    this.cancel(event)
    this.push(event, atMs > this.time ? atMs : this.time, this.draw(event.owner))
  }

  cancel (event: SimEvent): void {
    this.heap.remove(event)
  }

  /** When the next thing happens; Infinity when nothing will. */
  get nextAt (): number {
    const { first } = this.heap
    return Math.min(first === undefined ? Infinity : first.at, this.timers.nextDue)
  }

  /** True when nobody is ready and nothing is on its way; timers may still be armed. */
  get idle (): boolean {
    return this.heap.size === 0
  }

  /** Lets time pass without anything happening. */
  advance (to: number): void {
    if (to > this.time) this.time = to
  }

  /** Does the next thing. */
  step (): void {
    const { first } = this.heap
    const due = this.timers.nextDue
    if (due <= (first === undefined ? Infinity : first.at)) {
      // All that are due at this instant, before anybody runs: otherwise equal times would never race.
      this.advance(due)
      this.timers.fire(this.time)
    } else if (first !== undefined) {
      this.heap.remove(first)
      this.advance(first.at)
      this.steps++
      this.last = first.owner
      const { cell } = first
      if (cell === null) first.act()
      else {
        cell.run(1)
        cell.account.chargeCpu(this.stepMs)
        if (cell.rest()) this.soon(first)
        else this.retire(first)
      }
    }
  }

  private retire (event: SimEvent): void {
    event.owner = nobody
    event.cell = null
    this.spare.push(event)
  }

  /** After a delay of its own. */
  private soon (event: SimEvent): void {
    const bits = this.draw(event.owner)
    this.push(event, this.time + this.stepMs + exponential(bits, this.meanDelayMs), bits)
  }

  private draw (owner: Chancy): number {
    return mix(mix(this.worldSeed, owner.hash), owner.draws++)
  }

  private push (event: SimEvent, at: number, tie: number): void {
    event.at = at
    event.tie = tie
    event.order = this.order++
    this.heap.add(event)
  }
}

const nobody: Chancy = { hash: 0, draws: 0 }

function nothing (): void {
  // A cell runs instead.
}
