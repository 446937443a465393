/**
 * One stream: `/node/connections/<n>/streams/<n>`. Bytes pass it by; it hears how far the stream has come.
 *
 *     negotiating --selected--> open --remote ended--> remoteEnded --finished--+
 *                                 \---local ended---> localEnded ---finished---+--> ended --handler down--> closed
 *     negotiating --no protocol--> refused --finished--> closed
 *     from any: reset, timed out, its handler gone too early --> reset
 *
 * *Ended*: both sides have ended, and the handler still works. Without a handler it is closed at once. A lazy stream is open before
 * its protocol is confirmed; the deadline of the negotiation then still holds. *Refused*: the remote is owed our answer, so our side ends
 * in order behind it; a reset would lose it.
 *
 * Deadlines: of `negotiating` and `refused` that of the request, or `negotiationMs`; when open `idleMs`, if its protocol has one. *Ended* has
 * none: it holds nothing of the connection, and is the handler's own time.
 */
import { assign, setup } from 'xstate'
import { effects } from '../../runtime/behavior/effects.js'
import type { Failure } from '../../messages/failure.js'
import type { StreamMessage } from '../../messages/stream.js'
import type { StreamReset } from '../contract/stream-buffer.js'

/** What the actor holds; the machine hands it on and looks at it, no more. */
export interface StreamBody {
  /** Both sides have ended, or it was reset. */
  readonly finished: boolean
  /** It has a handler that has not ended. */
  readonly handled: boolean
  /** Something of what we answer the remote has not left, or it has ended and waits for our end. */
  readonly owesAnswer: boolean
}

export interface StreamContext {
  readonly body: StreamBody
  readonly end: StreamEnd | undefined
}

/** Why it ended early: the actor's output, for `why`. */
export type StreamEnd = Pick<StreamReset, 'code'> & Partial<StreamReset> & {
  readonly detail?: string
  /** Type of the message that decided it. */
  readonly event: string
  /** The actor that found it out, where it is another. */
  readonly path?: string
}

interface StreamEffects {
  negotiate: StreamBody
  /** The deadline of the negotiation may be over. */
  expire: StreamBody
  /** Gives the stream to its handler, or to whoever asked for it. */
  start: StreamBody
  refuse: { readonly body: StreamBody, readonly failure: Failure }
  /** Ends our side behind the answer. */
  answerNo: StreamBody
  /** Resets it when nothing has moved for too long. */
  checkIdle: StreamBody
  /** Tells the handler that nothing more can come or go. */
  tellOver: StreamBody
  abandon: { readonly body: StreamBody, readonly code: string }
}

export const streamEffects = effects<StreamEffects>({
  negotiate: true, expire: true, start: true, refuse: true, checkIdle: true, answerNo: true, tellOver: true, abandon: true
})

const types = {} as { context: StreamContext, events: StreamMessage, input: StreamBody, output: StreamEnd | undefined }

export const streamMachine = setup({
  types,
  actions: { ...streamEffects },
  guards: {
    finished: ({ context }) => context.body.finished,
    handled: ({ context }) => context.body.handled,
    owesAnswer: ({ context }) => context.body.owesAnswer
  }
}).createMachine({
  id: 'stream',
  context: ({ input }) => ({ body: input, end: undefined }),
  output: ({ context }) => context.end,
  initial: 'negotiating',
  on: {
    'stream.unnegotiated': {
      target: '.reset',
      actions: [
        assign({ end: ({ event }) => ({ ...event.failure, event: event.type }) }),
        { type: 'refuse', params: ({ context, event }) => ({ body: context.body, failure: event.failure }) }
      ]
    },
    'stream.reset': { target: '.reset', actions: assign({ end: ({ context, event }) => context.end ?? { ...event.reset, event: event.type } }) },
    'stream.handler-down': [
      { guard: 'finished', target: '.closed' },
      {
        target: '.reset',
        actions: [
          assign({ end: ({ event }) => ({ code: codeOf(event), initiator: 'local', event: event.type, path: event.down.path }) }),
          { type: 'abandon', params: ({ context, event }) => ({ body: context.body, code: codeOf(event) }) }
        ]
      }
    ],
    'stream.negotiation-timeout': { actions: { type: 'expire', params: ({ context }) => context.body } },
    'stream.idle-check': { actions: { type: 'checkIdle', params: ({ context }) => context.body } }
  },
  states: {
    negotiating: {
      entry: { type: 'negotiate', params: ({ context }) => context.body },
      on: {
        'stream.selected': 'open',
        'stream.unnegotiated': [
          { guard: 'owesAnswer', target: 'refused', actions: assign({ end: ({ event }) => ({ ...event.failure, event: event.type }) }) },
          {
            target: 'reset',
            actions: [
              assign({ end: ({ event }) => ({ ...event.failure, event: event.type }) }),
              { type: 'refuse', params: ({ context, event }) => ({ body: context.body, failure: event.failure }) }
            ]
          }
        ]
      }
    },
    refused: {
      entry: { type: 'answerNo', params: ({ context }) => context.body },
      on: {
        'stream.finished': 'closed',
        'stream.negotiation-timeout': { target: 'reset', actions: { type: 'abandon', params: ({ context }) => ({ body: context.body, code: 'stream/timeout' }) } }
      }
    },
    open: {
      entry: { type: 'start', params: ({ context }) => context.body },
      on: {
        'stream.remote-ended': 'remoteEnded',
        'stream.local-ended': 'localEnded'
      }
    },
    remoteEnded: {
      on: { 'stream.finished': [{ guard: 'handled', target: 'ended' }, { target: 'closed' }] }
    },
    localEnded: {
      on: { 'stream.finished': [{ guard: 'handled', target: 'ended' }, { target: 'closed' }] }
    },
    ended: {
      entry: { type: 'tellOver', params: ({ context }) => context.body }
    },
    closed: { type: 'final' },
    reset: { type: 'final' }
  }
})

/** What a stream is reset with whose handler has left it open. */
function codeOf ({ down }: Extract<StreamMessage, { readonly type: 'stream.handler-down' }>): string {
  switch (down.exit.kind) {
    case 'crashed':
    case 'start-failed': return 'handler/crashed'
    case 'killed':
    case 'stopped': return 'stream/shutdown'
    case 'done': return 'stream/reset'
  }
}
