/**
 * One exchange on one connection: we ask the peer who it is, or tell it news of us.
 *
 *     opening --opened--> transferring --read, sent--> done
 *        |                     |
 *        +-- failed, timeout --+--> failed
 *
 * One deadline for all of it. The stream is the actor's own: whatever ends it resets what is not over.
 */
import { setup } from 'xstate'
import type { Failure } from '../../messages/failure.js'
import type { IdentifyExchangeInput, IdentifyExchangeMessage, IdentifyResult } from '../../messages/identify.js'
import { effects } from '../../runtime/behavior/effects.js'
import type { Stream } from '../contract/stream.js'

export interface ExchangeEffects {
  /** Asks the connection for a stream and sets the deadline. */
  open: IdentifyExchangeInput
  transfer: { readonly exchange: IdentifyExchangeInput, readonly handle: Stream }
  succeed: { readonly exchange: IdentifyExchangeInput, readonly result: IdentifyResult }
  fail: { readonly exchange: IdentifyExchangeInput, readonly failure: Failure }
}

export const exchangeEffects = effects<ExchangeEffects>({ open: true, transfer: true, succeed: true, fail: true })

const types = {} as {
  context: IdentifyExchangeInput
  events: IdentifyExchangeMessage
  input: IdentifyExchangeInput
}

export const exchangeMachine = setup({ types, actions: { ...exchangeEffects } }).createMachine({
  id: 'identify-exchange',
  context: ({ input }) => input,
  initial: 'opening',
  states: {
    opening: {
      entry: { type: 'open', params: ({ context }) => context },
      on: {
        'stream.opened': { target: 'transferring', actions: { type: 'transfer', params: ({ context, event }) => ({ exchange: context, handle: event.handle }) } },
        'stream.failed': { target: 'failed', actions: { type: 'fail', params: ({ context, event }) => ({ exchange: context, failure: event.failure }) } },
        'exchange.timeout': { target: 'failed', actions: { type: 'fail', params: ({ context }) => ({ exchange: context, failure: { code: 'stream/timeout' } }) } }
      }
    },
    transferring: {
      on: {
        'exchange.read': { target: 'done', actions: { type: 'succeed', params: ({ context, event }) => ({ exchange: context, result: event.result }) } },
        'exchange.sent': 'done',
        'exchange.failed': { target: 'failed', actions: { type: 'fail', params: ({ context, event }) => ({ exchange: context, failure: event.failure }) } },
        'exchange.timeout': { target: 'failed', actions: { type: 'fail', params: ({ context }) => ({ exchange: context, failure: { code: 'stream/timeout' } }) } }
      }
    },
    done: { type: 'final' },
    failed: { type: 'final' }
  }
})
