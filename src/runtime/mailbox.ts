import type { Message } from './message.js'
import type { Signal } from './signal.js'

/** One remembered message. */
export interface Remembered {
  readonly type: string
  /** Whole milliseconds of the system's time. */
  readonly atMs: number
}

/** How many messages are remembered. */
const memory = 8
/** Slots of an entry. */
const width = 2

const blanks = (entries: number): unknown[] => Array.from({ length: entries * width }, () => undefined)

/** Most streams have been told one thing when they come to rest. To be copied: nothing makes a ring faster. */
const firstRing: readonly unknown[] = [...blanks(2)]

/**
 * What waits for one actor, in order of arrival: messages of others and signals of its own, in one ring. It is the actor's
 * flight recorder as well: of the last eight messages type and time stay there, right before what waits. So to remember one
 * costs hardly more than to let go of it.
 *
 *     … | type, time | type, time | type, message | none, signal | type, message | …
 *            remembered             waiting, from `head` on
 *
 * The ring grows by doubling as far as it is used, and so that all are remembered that should be; how many messages of others may wait is the cell's decision, made
 * before `push`. Kill and stop are not in here: they are flags of the cell and so ahead of everything.
 */
export class Mailbox {
  private ring = firstRing.slice()
  private head = 0
  /** Everything that waits. */
  size = 0
  /** How many of them are signals. */
  signals = 0

  /** How many of them are messages of others. */
  get others (): number {
    return this.size - this.signals
  }

  /** `type` is that of the message: whoever has looked at it need not look again. */
  push (message: Message, type: string): void {
    this.enter(type, message)
  }

  pushSignal (signal: Signal): void {
    this.enter(undefined, signal)
    this.signals++
  }

  /** Whether a signal is next. Call this and the next two only when `size` is not zero. */
  get signalNext (): boolean {
    return this.signals > 0 && this.ring[this.head] === undefined
  }

  /** Takes out the first, a message. It is remembered. */
  shift (atMs: number): Message {
    return this.leave(atMs) as Message
  }

  /** Takes out the first, a signal. What message it means, if any, is said next: by `name` or `forget`. */
  shiftSignal (atMs: number): Signal {
    this.signals--
    return this.leave(atMs) as Signal
  }

  /** The type of what was taken out last. */
  name (type: string): void {
    this.ring[this.at(-1)] = type
  }

  /** What was taken out last was no message, or is not handled: what is remembered closes the gap. */
  forget (): void {
    const { past } = this
    for (let i = -1; i > -past; i--) this.move(i - 1, i)
    this.ring[this.at(-past)] = undefined
  }

  /** Remembers a message that never waited. */
  remember (type: string, atMs: number): void {
    this.makeRoom()
    for (let i = -this.past; i < -1; i++) this.move(i + 1, i)
    this.ring[this.at(-1)] = type
    this.ring[this.at(-1) + 1] = atMs
  }

  /** What is remembered, oldest first. */
  read (): readonly Remembered[] {
    const list: Remembered[] = []
    for (let i = -this.past; i < 0; i++) {
      const type = this.ring[this.at(i)]
      if (type !== undefined) list.push({ type: type as string, atMs: this.ring[this.at(i) + 1] as number })
    }
    return list
  }

  /** Takes out the oldest message of others, wherever signals stand before it. */
  shiftOldestOther (): Message | undefined {
    for (let i = 0; i < this.size; i++) {
      const at = this.at(i)
      if (this.ring[at] === undefined) continue
      const message = this.ring[at + 1] as Message
      for (let j = i; j > 0; j--) this.move(j - 1, j)
      this.leave(0)
      this.forget()
      return message
    }
    return undefined
  }

  /** Takes out all, and keeps no more than is needed to remember. Nothing is pushed afterwards. */
  close (): ReadonlyArray<Message | Signal> {
    const waiting = Array.from({ length: this.size }, (_, i) => this.ring[this.at(i) + 1] as Message | Signal)
    if (this.ring.length > memory * width) {
      const ring = blanks(memory)
      const { past } = this
      for (let i = -past; i < 0; i++) {
        ring[(memory + i) * width] = this.ring[this.at(i)]
        ring[(memory + i) * width + 1] = this.ring[this.at(i) + 1]
      }
      this.ring = ring
      this.head = 0
    } else {
      for (let i = 0; i < this.size; i++) this.ring[this.at(i)] = this.ring[this.at(i) + 1] = undefined
    }
    this.size = this.signals = 0
    return waiting
  }

  /** Where an entry has its slots, counted from the first that waits. */
  private at (entry: number): number {
    return (this.head + entry * width) & (this.ring.length - 1)
  }

  private move (from: number, to: number): void {
    const { ring } = this
    ring[this.at(to)] = ring[this.at(from)]
    ring[this.at(to) + 1] = ring[this.at(from) + 1]
  }

  private enter (type: string | undefined, what: Message | Signal): void {
    this.makeRoom()
    const at = this.at(this.size)
    this.ring[at] = type
    this.ring[at + 1] = what
    this.size++
  }

  private leave (atMs: number): unknown {
    const { ring, head } = this
    const what = ring[head + 1]
    ring[head + 1] = atMs
    this.head = (head + width) & (ring.length - 1)
    this.size--
    return what
  }

  /** How many entries there are for what is remembered, used or not. */
  private get past (): number {
    const entries = this.ring.length / width - this.size
    return entries < memory ? entries : memory
  }

  /** For one more entry, so that none is forgotten too early: after the last that waits comes the oldest that is remembered. */
  private makeRoom (): void {
    const { ring, size } = this
    const room = ring.length / width - size
    if (room <= memory && (room === 0 || ring[this.at(size)] !== undefined)) this.grow()
  }

  private grow (): void {
    const { ring, head, size } = this
    const entries = ring.slice(head).concat(ring.slice(0, head))
    this.ring = entries.slice(0, size * width).concat(blanks(ring.length / width), entries.slice(size * width))
    this.head = 0
  }
}
