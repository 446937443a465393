import type { Cell } from './cell.js'
import { mapped } from './checks.js'
import type { CrashPoint, Down } from './exit.js'
import type { Message } from './message.js'
import type { ActorRef } from './ref.js'
import { Signal } from './signal.js'

/** One actor waiting for the end of another. Listed with both, so that either can end first. */
export class Watch extends Signal {
  readonly watcher: Cell
  readonly ref: ActorRef<never>
  private readonly message: (down: Down) => Message
  private down: Down | undefined
  /** The living actor that lists it; null when it was down already, or is no longer watched. */
  target: Cell | null = null
  /** Neighbours among those who watch the same actor. */
  before: Watch | null = null
  after: Watch | null = null

  constructor (watcher: Cell, ref: ActorRef<never>, message: (down: Down) => Message) {
    super()
    this.watcher = watcher
    this.ref = ref
    this.message = message
  }

  get point (): CrashPoint {
    return 'step'
  }

  /** The watched actor has ended. The news stays behind all that it had said before. */
  fire (down: Down): void {
    this.down = down
    this.target = null
    this.watcher.signal(this)
  }

  take (watcher: Cell): Message | null {
    return watcher.extras?.watchHandled(this) === true ? mapped('down', this.message, this.down!) : null
  }

  lost (): void {
    // Its watcher drops all its watches when it ends.
  }
}

/** The news of a child's end, for a parent whose behaviour wants it of all of them. */
export class ChildDown extends Signal {
  private readonly down: Down

  constructor (down: Down) {
    super()
    this.down = down
  }

  get point (): CrashPoint {
    return 'step'
  }

  take ({ behavior: { options: { childDown } } }: Cell): Message | null {
    return childDown === undefined ? null : mapped('childDown', childDown, this.down)
  }

  lost (): void {
    // Nothing is held.
  }
}
