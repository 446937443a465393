import type { Cell } from './cell.js'
import { checkMessage } from './checks.js'
import type { Kernel } from './kernel.js'
import type { Message } from './message.js'
import type { ActorRef } from './ref.js'

/**
 * The address of a place in the tree: whoever lives there when a message comes gets it. So it survives restarts, and may
 * be made before anybody lives there.
 */
export class NamedRef implements ActorRef<Message> {
  readonly kernel: Kernel
  readonly path: string
  private last: Cell | null = null

  constructor (kernel: Kernel, path: string) {
    this.kernel = kernel
    this.path = path
  }

  /** Who lives there now. */
  find (): Cell | null {
    // The tree is only searched anew when the one found last has gone.
    if (this.last === null || !this.last.alive) this.last = this.kernel.find(this.path)
    return this.last
  }

  get alive (): boolean {
    return this.find()?.alive === true
  }

  tell (message: Message): boolean {
    const cell = this.find()
    if (cell !== null) return cell.tell(message)
    // Nothing is parked for a dead actor.
    checkMessage('message', message)
    this.kernel.deadLetter(this.path, message, 'down')
    return false
  }
}
