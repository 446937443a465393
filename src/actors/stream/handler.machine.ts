/**
 * The handler of an inbound stream, `streams/<n>/handler`: owns the task that runs `inbound` (design 1.13).
 *
 *     running --returned--> draining --both sides have ended--> done
 *        \--interrupted: the stream is reset-------------------^
 *
 * *Starting* and *crashed* are states of the cell: a throw of `inbound` that is not the stream's own error crashes the actor,
 * and the stream above it is then reset with `handler/crashed`.
 *
 * *Draining*: our side is closed and what still comes is thrown away, until the remote ends its side too. Waits `drainMs`, and
 * again as long as something of ours still leaves. *Running* has no deadline: an idle stream is ended by the stream.
 */
import { setup } from 'xstate'
import { effects } from '../../runtime/behavior/effects.js'
import type { HandlerMessage } from '../../messages/stream.js'

/** What the actor holds; the machine hands it on and looks at it, no more. */
export interface HandlerBody {
  /** Both sides of the stream have ended, or it was reset. */
  readonly finished: boolean
}

export interface HandlerContext {
  readonly body: HandlerBody
}

export const handlerEffects = effects<{
  /** Starts the task. */
  run: HandlerBody
  /** Ends our side, throws away the rest, arms the timer. */
  drain: HandlerBody
  /** Waits once more, or resets the stream. */
  drainOn: HandlerBody
  /** Resets the stream, if it is not yet. */
  reset: { readonly body: HandlerBody, readonly code: string }
}>({ run: true, drain: true, drainOn: true, reset: true })

/** Why it ended early: the actor's output, for `why`. */
export type HandlerEnd = Pick<Extract<HandlerMessage, { type: 'handler.interrupted' }>, 'code' | 'found'> & { readonly event: string }

const types = {} as { context: HandlerContext, events: HandlerMessage, input: HandlerBody, output: HandlerEnd | undefined }

export const handlerMachine = setup({
  types,
  actions: { ...handlerEffects },
  guards: { finished: ({ context }) => context.body.finished }
}).createMachine({
  id: 'handler',
  context: ({ input }) => ({ body: input }),
  output: ({ event }) => (event as { readonly output?: HandlerEnd }).output,
  initial: 'running',
  states: {
    running: {
      entry: { type: 'run', params: ({ context }) => context.body },
      on: {
        'handler.returned': 'draining',
        'handler.interrupted': { target: 'done', actions: { type: 'reset', params: ({ context, event }) => ({ body: context.body, code: event.code }) } }
      }
    },
    draining: {
      entry: { type: 'drain', params: ({ context }) => context.body },
      on: {
        'handler.stream-over': 'done',
        'handler.drain-timeout': [
          { guard: 'finished', target: 'done' },
          { actions: { type: 'drainOn', params: ({ context }) => context.body } }
        ]
      }
    },
    done: { type: 'final', output: ({ event }) => event.type === 'handler.interrupted' ? { code: event.code, found: event.found, event: event.type } : undefined }
  }
})
