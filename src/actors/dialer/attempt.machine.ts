/**
 * One address of a dial: the gate, a slot, a lease, a link, a connection made of it.
 *
 *     gating --may--> queued --has a slot--> linking --link--> upgrading --opened--> over
 *        \--gated        |                      \--refused, or too late--\--failed, or too late--> over
 *                        \--(the dial ends)
 *
 * One timer for link and upgrade, begun with the slot: who waits for his turn loses none of his time. The gate has a time of its
 * own; the queue moves as others give back, at the latest by their timers, and the dial ends when nobody waits for it any more.
 * Slot, lease and the transport's dial are owned, so they are given back however it ends; the link goes on to the connection.
 */
import { raise, setup } from 'xstate'
import type { ConnectionOutcome } from '../../messages/connection.js'
import type { AttemptMessage } from '../../messages/dial.js'
import type { Failure } from '../../messages/failure.js'
import { effects } from '../../runtime/behavior/effects.js'
import type { Arrival } from '../contract/admission.js'

/** What the actor works with; the machine hands it on, no more. */
export interface AttemptBody {
  /** For link and upgrade together, in milliseconds. */
  readonly timeoutMs: number
}

export interface AttemptEffects {
  gate: AttemptBody
  queue: AttemptBody
  link: AttemptBody
  handOver: { readonly body: AttemptBody, readonly arrival: Arrival }
  succeeded: { readonly body: AttemptBody, readonly outcome: Extract<ConnectionOutcome, { type: 'connection.opened' }> }
  failed: { readonly body: AttemptBody, readonly failure: Failure }
}

export const attemptEffects = effects<AttemptEffects>({ gate: true, queue: true, link: true, handOver: true, succeeded: true, failed: true })

const types = {} as { context: AttemptBody, events: AttemptMessage, input: AttemptBody }

const asTold = <E extends { readonly failure: Failure }> ({ context, event }: { context: AttemptBody, event: E }) => ({ body: context, failure: event.failure })
const late = (code: 'dial/timeout' | 'upgrade/timeout') => ({ context }: { context: AttemptBody }) => ({ body: context, failure: { code } })

export const attemptMachine = setup({
  types,
  actions: { ...attemptEffects },
  delays: { time: ({ context }) => context.timeoutMs }
}).createMachine({
  id: 'attempt',
  context: ({ input }) => input,
  initial: 'gating',
  on: {
    'attempt.refused': { target: '.over', actions: { type: 'failed', params: asTold } }
  },
  states: {
    gating: {
      entry: { type: 'gate', params: ({ context }) => context },
      on: { 'attempt.allowed': 'queued' }
    },
    queued: {
      entry: { type: 'queue', params: ({ context }) => context },
      on: { 'attempt.granted': 'linking' }
    },
    linking: {
      entry: [raise({ type: 'attempt.timeout' }, { delay: 'time', id: 'timeout' }), { type: 'link', params: ({ context }) => context }],
      on: {
        'attempt.linked': { target: 'upgrading', actions: { type: 'handOver', params: ({ context, event }) => ({ body: context, arrival: event.handle }) } },
        'attempt.timeout': { target: 'over', actions: { type: 'failed', params: late('dial/timeout') } }
      }
    },
    upgrading: {
      on: {
        'connection.opened': { target: 'over', actions: { type: 'succeeded', params: ({ context, event }) => ({ body: context, outcome: event }) } },
        'connection.failed': { target: 'over', actions: { type: 'failed', params: asTold } },
        'attempt.timeout': { target: 'over', actions: { type: 'failed', params: late('upgrade/timeout') } }
      }
    },
    over: { type: 'final' }
  }
})
