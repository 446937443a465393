import type { Cell } from './cell.js'
import type { CrashPoint } from './exit.js'
import type { Message } from './message.js'

/**
 * Something that an actor brought upon itself and that waits in its mailbox among the messages of others: a due timer, the
 * outcome of a task, an answer, the end of a child or of a watched actor.
 *
 * It takes its place in order of arrival (an idle timer must not overtake the data that disproves it; a `down` must not
 * overtake what the dead actor had said), and it is never refused: there are no more of them than there are timers, tasks,
 * asks, children and watches, each of which has its own limit.
 */
export abstract class Signal {
  /** Where a throw while this is handled is said to have happened. */
  abstract readonly point: CrashPoint
  /** The message it means to its owner, or null when it is out of date or the kernel has dealt with it. */
  abstract take (owner: Cell): Message | null
  /** The owner ended with this still waiting. Frees what it holds. */
  abstract lost (owner: Cell): void
}
