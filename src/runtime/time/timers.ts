import type { Cell } from '../cell.js'
import type { CrashPoint } from '../exit.js'
import { IndexedHeap, type HeapItem } from '../indexed-heap.js'
import type { Message } from '../message.js'
import { Signal } from '../signal.js'

/** What a due timer does. Shared by all timers of a kind, so that timers stay plain and alike. */
export interface TimerKind {
  /** What it is, for those who look: `timer` for those that actors arm themselves. */
  readonly label: string
  readonly point: CrashPoint
  /** It is due. Runs inside a turn, before any actor: puts the timer into its owner's mailbox, or acts at once. */
  fire (timer: Timer): void
  /** It has come to its turn in the mailbox. */
  handle (timer: Timer): Message | null
}

/**
 * One timer of one cell. It is on its owner's list from arming until it was handled or cancelled, so a timer that has
 * fired and waits in the mailbox can still be cancelled, and then never arrives.
 */
export class Timer extends Signal implements HeapItem<Timer>, Disposable {
  readonly owner: Cell
  readonly kind: TimerKind
  readonly key: string
  readonly payload: unknown
  readonly everyMs: number
  due: number
  order = 0
  index = -1
  listed = true
  before: Timer | null = null
  after: Timer | null = null

  constructor (owner: Cell, kind: TimerKind, key: string, due: number, payload: unknown, everyMs: number) {
    super()
    this.owner = owner
    this.kind = kind
    this.key = key
    this.due = due
    this.payload = payload
    this.everyMs = everyMs
  }

  get point (): CrashPoint {
    return this.kind.point
  }

  take (): Message | null {
    // Cancelled or replaced after it had fired: it never arrives.
    return this.listed ? this.kind.handle(this) : null
  }

  lost (): void {
    // Its owner cancels all its timers when it ends; nothing else is held.
  }

  /** Cancels it, wherever it is. */
  [Symbol.dispose] (): void {
    this.owner.dropTimer(this)
  }

  /** Equal times fire in the order in which they were armed. */
  earlierThan (other: Timer): boolean {
    return this.due < other.due || (this.due === other.due && this.order < other.order)
  }
}

/**
 * All armed timers of a scheduler, earliest first. Each knows its place, so stopping an actor costs only its own timers
 * (XState scans those of the whole system).
 */
export class Timers {
  private readonly heap = new IndexedHeap<Timer>()
  private armed = 0

  get size (): number {
    return this.heap.size
  }

  /** When the earliest is due; Infinity when there is none. */
  get nextDue (): number {
    const { first } = this.heap
    return first === undefined ? Infinity : first.due
  }

  arm (timer: Timer): void {
    timer.order = this.armed++
    this.heap.add(timer)
  }

  disarm (timer: Timer): void {
    this.heap.remove(timer)
  }

  /** All that are armed, in no order. For inspection. */
  list (): readonly Timer[] {
    return this.heap.list()
  }

  /** Fires all that are due at `now`, each once, earliest first. Returns how many. */
  fire (now: number): number {
    let fired = 0
    for (let first = this.heap.first; first !== undefined && first.due <= now; first = this.heap.first) {
      this.disarm(first)
      first.kind.fire(first)
      fired++
    }
    return fired
  }
}

/** A timer that its actor has set. */
export const userTimer: TimerKind = {
  label: 'timer',
  point: 'timer',
  fire (timer) { timer.owner.signal(timer) },
  handle: timer => timer.owner.timers!.handled(timer)
}

/** What an actor gets that has begun to end. */
export const noAlarm: Disposable = { [Symbol.dispose]: () => {} }

/** A callback that its actor has asked for. */
export const alarmTimer: TimerKind = {
  label: 'alarm',
  point: 'timer',
  fire (timer) {
    timer.owner.dropTimer(timer)
    timer.owner.alarmed(timer.payload as () => void)
  },
  handle: () => null
}

/** The deadline of an actor's end. */
export const graceTimer: TimerKind = {
  label: 'grace',
  point: 'stop',
  fire (timer) {
    timer.owner.dropTimer(timer)
    timer.owner.graceOver()
  },
  handle: () => null
}
