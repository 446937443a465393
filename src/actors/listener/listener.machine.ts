/**
 * One address that is listened on.
 *
 *     starting --listening--> listening --transport failed--> (crash: supervision starts it anew)
 *         \--failed, or silent--> failed --listener.escalate--> (crash)
 *
 * What comes in goes from the transport's callback straight to `/node/connections`, never through this mailbox. `failed` has
 * no timer: its parent ends it or lets it crash, and when that is gone so is this.
 */
import { assign, raise, setup } from 'xstate'
import type { AddressManagerMessage } from '../../messages/address-manager.js'
import type { ConnectionsMessage } from '../../messages/connections.js'
import type { Failure } from '../../messages/failure.js'
import type { ListenerMessage, ListenersMessage } from '../../messages/listener.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import { effects } from '../../runtime/behavior/effects.js'
import type { ActorRef, ReplyTo } from '../../runtime/ref.js'
import type { Admission } from '../contract/admission.js'
import type { Transport } from '../contract/transport.js'

/** What a listener listens on, and whom it works for. */
export interface ListenerInput {
  readonly name: string
  readonly address: Multiaddr
  readonly transport: Transport
  readonly admission: Admission
  readonly connections: ActorRef<ConnectionsMessage>
  readonly listeners: ActorRef<ListenersMessage>
  readonly addressManager: ActorRef<AddressManagerMessage>
  readonly startTimeoutMs: number
  readonly refusalLogMs: number
}

export interface ListenerContext {
  readonly input: ListenerInput
  readonly addresses: readonly Multiaddr[]
  /** Why it does not listen. */
  readonly failure: Failure | undefined
}

export interface ListenerEffects {
  listen: ListenerInput
  listening: { readonly input: ListenerInput, readonly addresses: readonly Multiaddr[] }
  report: { readonly to: ReplyTo<AddressManagerMessage>, readonly addresses: readonly Multiaddr[] }
  failed: { readonly input: ListenerInput, readonly failure: Failure }
  crash: { readonly failure: Failure }
}

export const listenerEffects = effects<ListenerEffects>({ listen: true, listening: true, report: true, failed: true, crash: true })

const types = {} as { context: ListenerContext, events: ListenerMessage, input: ListenerInput }

const silent: Failure = { code: 'listen/failed', detail: 'the transport did not say in time whether it listens' }

export const listenerMachine = setup({
  types,
  actions: { ...listenerEffects },
  delays: { startTime: ({ context }) => context.input.startTimeoutMs }
}).createMachine({
  id: 'listener',
  context: ({ input }) => ({ input, addresses: [], failure: undefined }),
  initial: 'starting',
  states: {
    starting: {
      entry: [
        { type: 'listen', params: ({ context }) => context.input },
        raise({ type: 'listener.start-timeout' }, { delay: 'startTime', id: 'start' })
      ],
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
        'listener.report': { actions: { type: 'report', params: ({ context, event }) => ({ to: event.replyTo, addresses: context.addresses }) } },
        'transport.failed': { actions: { type: 'crash', params: ({ event }) => ({ failure: event.failure }) } }
      }
    },
    failed: {
      entry: { type: 'failed', params: ({ context }) => ({ input: context.input, failure: context.failure ?? silent }) },
      on: {
        'listener.escalate': { actions: { type: 'crash', params: ({ context }) => ({ failure: context.failure ?? silent }) } }
      }
    }
  }
})
