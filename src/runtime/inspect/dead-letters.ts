import type { Cell } from '../cell.js'
import type { DeadLetterReason } from '../kernel.js'

/** One lost message, without its payload. */
export interface DeadLetter {
  readonly to: string
  readonly type: string
  readonly reason: DeadLetterReason
  readonly atMs: number
}

/** As it is kept: who it was for is the receiver itself, so that a flood of them stays cheap, or a path where nobody lives. */
export interface LostMessage {
  readonly to: Cell | string
  readonly type: string
  readonly reason: DeadLetterReason
  readonly atMs: number
}

const samples = 64

/** How many messages were lost, and the last few of them. */
export class DeadLetters {
  private total = 0
  private readonly ring: LostMessage[] = []

  get count (): number {
    return this.total
  }

  add (to: Cell | string, type: string, reason: DeadLetterReason, atMs: number): LostMessage {
    const lost: LostMessage = { to, type, reason, atMs }
    this.ring[this.total % samples] = lost
    this.total++
    return lost
  }

  /** The last 64, oldest first. */
  sample (): readonly DeadLetter[] {
    const next = this.total % samples
    return [...this.ring.slice(next), ...this.ring.slice(0, next)]
      .map(({ to, ...rest }) => ({ to: typeof to === 'string' ? to : to.path, ...rest }))
  }
}
