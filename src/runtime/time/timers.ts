import type { Cell } from '../cell.js'
import type { CrashPoint } from '../exit.js'
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
export class Timer extends Signal {
  readonly owner: Cell
  readonly kind: TimerKind
  readonly key: string
  readonly payload: unknown
  readonly everyMs: number
  due: number
  order = 0
  /** Place in the heap; -1 when not there. */
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
}

/**
 * All armed timers of a scheduler, earliest first: a binary heap in which each timer knows its place, so that removing
 * one costs O(log n) and stopping an actor costs only its own timers (XState scans the timers of the whole system).
 */
export class Timers {
  private readonly heap: Timer[] = []
  private armed = 0

  get size (): number {
    return this.heap.length
  }

  /** When the earliest is due; Infinity when there is none. */
  get nextDue (): number {
    const first = this.heap[0]
    return first === undefined ? Infinity : first.due
  }

  arm (timer: Timer): void {
    timer.order = this.armed++
    this.heap.push(timer)
    this.siftUp(timer, this.heap.length - 1)
  }

  disarm (timer: Timer): void {
    const at = timer.index
    if (at < 0) return
    timer.index = -1
    const last = this.heap.pop()!
    if (last === timer) return
    if (at > 0 && earlier(last, this.heap[(at - 1) >> 1]!)) this.siftUp(last, at)
    else this.siftDown(last, at)
  }

  /** All that are armed, in no order. For inspection. */
  list (): readonly Timer[] {
    return [...this.heap]
  }

  /** Fires all that are due at `now`, each once, earliest first. Returns how many. */
  fire (now: number): number {
    let fired = 0
    for (let first = this.heap[0]; first !== undefined && first.due <= now; first = this.heap[0]) {
      this.disarm(first)
      first.kind.fire(first)
      fired++
    }
    return fired
  }

  private siftUp (timer: Timer, from: number): void {
    const { heap } = this
    let at = from
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = heap[up]!
      if (!earlier(timer, parent)) break
      heap[at] = parent
      parent.index = at
      at = up
    }
    heap[at] = timer
    timer.index = at
  }

  private siftDown (timer: Timer, from: number): void {
    const { heap } = this
    const { length } = heap
    let at = from
    for (;;) {
      let down = 2 * at + 1
      if (down >= length) break
      let child = heap[down]!
      const right = heap[down + 1]
      if (right !== undefined && earlier(right, child)) {
        child = right
        down++
      }
      if (!earlier(child, timer)) break
      heap[at] = child
      child.index = at
      at = down
    }
    heap[at] = timer
    timer.index = at
  }
}

/** Equal times fire in the order in which they were armed. */
function earlier (a: Timer, b: Timer): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order)
}

/** A timer that its actor has set. */
export const userTimer: TimerKind = {
  label: 'timer',
  point: 'timer',
  fire (timer) { timer.owner.signal(timer) },
  handle: timer => timer.owner.timers!.handled(timer)
}

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
