import type { Message } from './message.js'
import { Signal } from './signal.js'

/**
 * What waits for one actor, in order of arrival: messages of others and signals of its own, in one ring.
 *
 * The ring grows by doubling as far as it is used; how many messages of others may wait is the cell's decision, made
 * before `push`. Kill and stop are not in here: they are flags of the cell and so ahead of everything.
 */
export class Mailbox {
  private ring: Array<Message | Signal | undefined> = [undefined, undefined, undefined, undefined]
  private head = 0
  /** Everything that waits. */
  size = 0
  /** How many of them are messages of others. */
  others = 0

  push (entry: Message | Signal): void {
    if (this.size === this.ring.length) this.grow()
    this.ring[(this.head + this.size) & (this.ring.length - 1)] = entry
    this.size++
  }

  /** Call only when `size` is not zero. */
  shift (): Message | Signal {
    const { ring, head } = this
    const entry = ring[head]!
    ring[head] = undefined
    this.head = (head + 1) & (ring.length - 1)
    this.size--
    return entry
  }

  /** Takes out the oldest message of others, wherever signals stand before it. */
  shiftOldestOther (): Message | undefined {
    const { ring, head, size } = this
    const mask = ring.length - 1
    for (let i = 0; i < size; i++) {
      const entry = ring[(head + i) & mask]!
      if (entry instanceof Signal) continue
      for (let j = i; j > 0; j--) ring[(head + j) & mask] = ring[(head + j - 1) & mask]
      this.shift()
      this.others--
      return entry
    }
    return undefined
  }

  private grow (): void {
    const { ring, head } = this
    this.ring = [...ring.slice(head), ...ring.slice(0, head)]
    this.ring.length = ring.length * 2
    this.ring.fill(undefined, ring.length)
    this.head = 0
  }
}
