import type { Out } from './behavior/out.js'
import type { Cell } from './cell.js'
import type { ActorListing } from './context.js'
import type { Exit } from './exit.js'
import type { Trace } from './inspect/trace.js'
import type { Message } from './message.js'
import type { ActorRef } from './ref.js'
import type { Scheduler } from './scheduler.js'

/** Why a message was lost. */
export type DeadLetterReason = 'down' | 'full' | 'dropped' | 'replaced' | 'late-answer'

/** What the cells of one system share. The system is the only one that implements it; cells know no more of it than this. */
export interface Kernel {
  readonly name: string
  readonly scheduler: Scheduler
  readonly trace: Trace
  /** The one collector of wishes: steps of a system never nest. */
  readonly out: Out
  readonly askTimeoutMs: number
  /** What its actors' own timers, promises and callbacks throw crashes the actor, not the process. */
  readonly containsUncaught: boolean

  /** The handle of the message in hand, until somebody takes it. */
  custody: Disposable | undefined

  liveCells: number
  liveTimers: number
  liveTasks: number
  /** Cancelled work that goes on until it settles. */
  readonly abandoned: Set<{ readonly owner: Cell }>
  liveResources: number
  liveQuestions: number

  /** Seeds the randomness of all its actors. */
  readonly seed: number

  now (): number
  /** Counts a lost message, keeps a sample of it and disposes its handle. */
  deadLetter (to: Cell | string, message: Message, reason: DeadLetterReason): void
  /** The cell behind a ref of this system. @throws ActorError `actor/foreign-ref`, naming the argument */
  resolve (ref: ActorRef<never>, argument: string, who: { readonly path: string }): Cell | null
  find (path: string): Cell | null
  named<M extends Message> (path: string): ActorRef<M>
  list (path: string): readonly ActorListing[]
  /** The root and all its static children have started. */
  rootStarted (): void
  /** A cell has ended for good. */
  buried (cell: Cell, exit: Exit): void
}
