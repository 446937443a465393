/**
 * One address that is listened on.
 *
 *     starting --listening--> listening --transport failed--> (crash: supervision starts it anew)
 *         \--failed, or silent--> failed --listener.escalate--> (crash)
 *
 * What comes in goes from the transport's callback straight to `/node/connections`, never through this mailbox. `failed` has
 * no timer: its parent ends it or lets it crash, and when that is gone so is this.
 */
import { assign, cancel, raise, setup } from 'xstate'
import type { Failure } from '../../messages/failure.js'
import type { ListenerMessage } from '../../messages/listener.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import { effects } from '../../runtime/behavior/effects.js'

/** What the actor works with; the machine hands it on, no more. */
export interface ListenerBody {
  /** How long the transport may take to listen, in milliseconds. */
  readonly startTimeoutMs: number
}

export interface ListenerContext {
  readonly body: ListenerBody
  readonly addresses: readonly Multiaddr[]
  /** Why it does not listen. */
  readonly failure: Failure | undefined
}

type Report = Extract<ListenerMessage, { type: 'listener.report' }>

interface ListenerEffects {
  listen: ListenerBody
  listening: { readonly body: ListenerBody, readonly addresses: readonly Multiaddr[] }
  report: { readonly event: Report, readonly addresses: readonly Multiaddr[] }
  failed: { readonly body: ListenerBody, readonly failure: Failure }
  crash: { readonly failure: Failure }
}

export const listenerEffects = effects<ListenerEffects>({ listen: true, listening: true, report: true, failed: true, crash: true })

const types = {} as { context: ListenerContext, events: ListenerMessage, input: ListenerBody }

const silent: Failure = { code: 'listen/failed', detail: 'the transport did not say in time whether it listens' }

export const listenerMachine = setup({
  types,
  actions: { ...listenerEffects },
  delays: { startTime: ({ context }) => context.body.startTimeoutMs }
}).createMachine({
  id: 'listener',
  context: ({ input }) => ({ body: input, addresses: [], failure: undefined }),
  initial: 'starting',
  states: {
    starting: {
      entry: [
        { type: 'listen', params: ({ context }) => context.body },
        raise({ type: 'listener.start-timeout' }, { delay: 'startTime', id: 'start' })
      ],
      exit: cancel('start'),
      on: {
        'transport.listening': { target: 'listening', actions: assign({ addresses: ({ event }) => event.addresses }) },
        'transport.failed': { target: 'failed', actions: assign({ failure: ({ event }) => event.failure }) },
        'listener.start-timeout': { target: 'failed', actions: assign({ failure: silent }) }
      }
    },
    listening: {
      entry: { type: 'listening', params: ({ context }) => context },
      on: {
        // An interface has come or gone.
        'transport.listening': {
          actions: [
            assign({ addresses: ({ event }) => event.addresses }),
            { type: 'listening', params: ({ context }) => context }
          ]
        },
        'listener.report': { actions: { type: 'report', params: ({ context, event }) => ({ event, addresses: context.addresses }) } },
        'transport.failed': { actions: { type: 'crash', params: ({ event }) => ({ failure: event.failure }) } }
      }
    },
    failed: {
      entry: { type: 'failed', params: ({ context }) => ({ body: context.body, failure: context.failure ?? silent }) },
      on: {
        'listener.escalate': { actions: { type: 'crash', params: ({ context }) => ({ failure: context.failure ?? silent }) } }
      }
    }
  }
})
