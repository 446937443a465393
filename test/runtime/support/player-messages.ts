/** What players hear. `n` tells one from the other in transcripts. */
import type { Message } from '../../../src/runtime/message.js'
import type { ReplyTo } from '../../../src/runtime/ref.js'
import type { CountedHandle } from './counted-handle.js'
import type { Point } from './plan.js'

export type PlayerMessage =
  /** Own timers: a cue of the script, a round of the periodic timer, something put off. */
  | { readonly type: 'p.cue' | 'p.beat' | 'p.later', readonly n: number }
  /** From other players; `n` counts down with each hand that a handle goes through. */
  | { readonly type: 'p.work', readonly n: number, readonly handle?: CountedHandle }
  | { readonly type: 'p.ask', readonly n: number, readonly from: string, readonly replyTo: ReplyTo<Answer> }
  /** Own questions: the answer, or that there is none. */
  | Answer
  | { readonly type: 'p.unanswered', readonly n: number }
  /** Own tasks. */
  | { readonly type: 'p.result', readonly n: number, readonly handle?: CountedHandle }
  | { readonly type: 'p.failure', readonly n: number }
  /** Own watches: the target went down. */
  | { readonly type: 'p.gone', readonly n: number }
  /** To oneself, from a callback. */
  | { readonly type: 'p.poked', readonly n: number }
  | { readonly type: 'p.stop', readonly n: number }
  /** A slow one has finished. */
  | { readonly type: 'p.left', readonly n: number }

export interface Answer extends Message {
  readonly type: 'p.answered'
  readonly n: number
  readonly handle?: CountedHandle
}

export const playerTypes = [
  'p.cue', 'p.beat', 'p.later', 'p.work', 'p.ask', 'p.answered', 'p.unanswered', 'p.result', 'p.failure', 'p.gone', 'p.poked'
] as const

/** What a throw in the step of that message counts as. */
export function pointOf (type: string): Point {
  switch (type) {
    case 'p.cue': case 'p.beat': case 'p.later': case 'p.left': return 'timer'
    case 'p.result': case 'p.failure': return 'task'
    case 'p.stop': return 'stop'
    default: return type.startsWith('xstate.') ? 'timer' : 'step'
  }
}
