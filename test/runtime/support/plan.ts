/** What is done to the actors of one run, and when: throws planted in them, and acts of an operator. */

/**
 * Where a throw can be planted.
 *
 * - `start`: first visit in `initial`, second in an effect of the start.
 * - `step`, `late`: in the step of a message, before and after it has noted its wishes.
 * - `effect`: in a handler, between two effects.
 * - `task`, `mapper`: in awaited work, and in the function that makes a message of its result or of an answer.
 * - `timer`: in the step of a due timer.
 * - `io`, `defer`: in a callback from outside, and in what that has deferred.
 * - `stop`: in the step of the stop message.
 * - `disposer`: in the disposal of an owned resource; the actor is ending then, so it does not crash.
 * - `queued`: in a step while a message with a handle waits in the mailbox.
 */
export type Point = 'start' | 'step' | 'late' | 'effect' | 'task' | 'mapper' | 'timer' | 'io' | 'defer' | 'stop' | 'disposer' | 'queued'
export const points: readonly Point[] = ['start', 'step', 'late', 'effect', 'task', 'mapper', 'timer', 'io', 'defer', 'stop', 'disposer', 'queued']

/** Who is at that place throws at its nth visit of that point: its incarnation `from` (0 is the first), and the `lives` - 1 after it. */
export interface Strike {
  readonly path: string
  readonly point: Point
  readonly nth: number
  readonly from: number
  readonly lives: number
}

/**
 * - `kill`, `stop`: an operator kills it, or asks it to stop.
 * - `kill-parent`, `stop-parent`: its parent is.
 * - `give-up`: its supervisor stops it, so that it stays down.
 * - `flood`: more messages than it takes come at once.
 */
export type Deed = 'kill' | 'stop' | 'kill-parent' | 'stop-parent' | 'give-up' | 'flood'

/** At the nth time that the actor at `path` does what `on` says, right after that step, the deed is done. */
export interface Act {
  readonly on: 'spawned' | 'message' | 'stopping' | 'ending' | 'backing-off' | 'suspended'
  readonly path: string
  readonly nth: number
  readonly deed: Deed
}

export interface Plan {
  readonly strikes: readonly Strike[]
  readonly acts: readonly Act[]
}

export const nothingPlanned: Plan = { strikes: [], acts: [] }

/** What planted throws throw. */
export class Struck extends Error {
  override readonly name = 'Struck'
}
