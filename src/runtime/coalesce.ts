import type { Cell } from './cell.js'
import type { CrashPoint } from './exit.js'
import type { Message } from './message.js'
import { Signal } from './signal.js'

/** The waiting messages of a mailbox with policy `coalesce`, by key: a newer one takes the place of an older in the queue. */
export class Coalescing {
  private readonly waiting = new Map<unknown, Place>()
  private readonly capacity: number

  constructor (capacity: number) {
    this.capacity = capacity
  }

  add (owner: Cell, message: Message, keyOf: (message: Message) => unknown): boolean {
    const { kernel, account } = owner
    let key: unknown
    try {
      key = keyOf(message)
    } catch (error) {
      // The receiver's mistake, not the sender's.
      kernel.deadLetter(owner, message, 'full')
      owner.crash('mailbox', error)
      return false
    }
    const place = this.waiting.get(key)
    if (place !== undefined) {
      kernel.deadLetter(owner, place.message, 'replaced')
      place.message = message
      return true
    }
    if (this.waiting.size >= this.capacity || (account.limitsMessages && account.charge('messages', 1) !== null)) {
      kernel.deadLetter(owner, message, 'full')
      return false
    }
    const fresh = new Place(this.waiting, key, message)
    this.waiting.set(key, fresh)
    owner.signal(fresh)
    return true
  }
}

/** A place in the queue; which message stands in it is known when its turn comes. */
class Place extends Signal {
  readonly point: CrashPoint = 'step'
  private readonly waiting: Map<unknown, Place>
  private readonly key: unknown
  message: Message

  constructor (waiting: Map<unknown, Place>, key: unknown, message: Message) {
    super()
    this.waiting = waiting
    this.key = key
    this.message = message
  }

  take (owner: Cell): Message {
    this.leave(owner)
    return this.message
  }

  lost (owner: Cell): void {
    this.leave(owner)
    owner.kernel.deadLetter(owner, this.message, 'down')
  }

  private leave ({ account }: Cell): void {
    this.waiting.delete(this.key)
    if (account.limitsMessages) account.release('messages', 1)
  }
}
