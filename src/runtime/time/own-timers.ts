import type { Cell } from '../cell.js'
import type { Message } from '../message.js'
import { Timer, userTimer, type TimerKind } from './timers.js'

/**
 * The timers of one actor, user's and kernel's: all that are armed, or have fired and wait in the mailbox. Keeping the
 * latter is what makes a cancelled timer never arrive. Only actors that have had a timer have one of these; finding a key
 * walks the list, which is short.
 */
export class OwnTimers {
  private readonly owner: Cell
  private first: Timer | null = null

  constructor (owner: Cell) {
    this.owner = owner
  }

  /** Arms the user's timer `key`, in place of an older one. Charges the account. */
  set (key: string, delayMs: number, message: Message, everyMs: number): void {
    this.cancel(key)
    this.owner.account.require('timers', 1, this.owner)
    this.arm(userTimer, key, delayMs, message, everyMs)
  }

  cancel (key: string): boolean {
    for (let timer = this.first; timer !== null; timer = timer.after) {
      if (timer.kind === userTimer && timer.key === key) {
        this.drop(timer)
        return true
      }
    }
    return false
  }

  arm (kind: TimerKind, key: string, delayMs: number, payload: unknown, everyMs: number): Timer {
    const { owner, first } = this
    const { kernel } = owner
    const { scheduler } = kernel
    const timer = new Timer(owner, kind, key, scheduler.now() + delayMs, payload, everyMs)
    timer.after = first
    if (first !== null) first.before = timer
    this.first = timer
    kernel.liveTimers++
    scheduler.timers.arm(timer)
    scheduler.armed(timer.due)
    return timer
  }

  /** Cancels it, wherever it is. */
  drop (timer: Timer): void {
    if (!timer.listed) return
    timer.listed = false
    const { kernel, account } = this.owner
    kernel.scheduler.timers.disarm(timer)
    const { before, after } = timer
    if (before === null) this.first = after
    else before.after = after
    if (after !== null) after.before = before
    timer.before = timer.after = null
    kernel.liveTimers--
    if (timer.kind === userTimer) account.release('timers', 1)
  }

  dropAll (): void {
    while (this.first !== null) this.drop(this.first)
  }

  /** A due one has come to its turn: its message, and for a periodic one the next round. */
  handled (timer: Timer): Message {
    if (timer.everyMs > 0) {
      const { scheduler } = this.owner.kernel
      // From when it was due, so that it does not drift; rounds that a slow actor missed are skipped, not made up for.
      const missed = Math.floor((scheduler.now() - timer.due) / timer.everyMs)
      timer.due += timer.everyMs * (1 + Math.max(missed, 0))
      scheduler.timers.arm(timer)
      scheduler.armed(timer.due)
    } else this.drop(timer)
    return timer.payload as Message
  }

  * [Symbol.iterator] (): Generator<Timer> {
    for (let timer = this.first; timer !== null; timer = timer.after) yield timer
  }
}
