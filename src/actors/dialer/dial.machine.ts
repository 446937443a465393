/**
 * One dial: resolves names, then tries the addresses until one leads to a connection, each a little after the one before it, or
 * as soon as nothing else is under way.
 *
 *     resolving --> trying --succeeded--> settling --the others have ended--> connected
 *         ^  ^       |  ^
 *         |  \-------/  | more addresses
 *         |             |
 *         \-- exhausted --- (dial.also: somebody has joined)
 *
 * It has no deadline of its own: the dialer ends it with its last waiter. Names of those who join are resolved while attempts are
 * under way, and their addresses ranked among those that wait. Each attempt has its own time. Settling: whoever waited has been
 * told, the other attempts are being ended, and a connection that one of them still brings is closed again.
 */
import { assign, cancel, raise, setup } from 'xstate'
import type { DialMessage } from '../../messages/dial.js'
import type { Failure } from '../../messages/failure.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import { effects } from '../../runtime/behavior/effects.js'
import { begin, sift, type Begun, type SiftRules, type Sifted } from './dial.core.js'

export interface DialStart extends SiftRules {
  /** Its id, with the dialer. */
  readonly dial: string
  readonly addresses: readonly Multiaddr[]
  /** Also addresses that have failed lately. */
  readonly ignoreBackoff: boolean
}

export interface DialContext extends DialStart, Sifted {
  /** Waiters whose addresses came, and of how many the names are being resolved. */
  readonly batches: number
  readonly resolving: number
  /** Attempts under way. */
  readonly flying: number
  /** Those that begin now. */
  readonly begun: Begun
}

type Success = Extract<DialMessage, { type: 'attempt.succeeded' }>

export interface DialEffects {
  resolve: { readonly addresses: readonly Multiaddr[], readonly ignoreBackoff: boolean, readonly peer: PeerId | undefined }
  attempt: { readonly addresses: readonly Multiaddr[], readonly peer: PeerId | undefined }
  failed: { readonly dial: string, readonly failures: readonly Failure[] }
  succeeded: { readonly dial: string, readonly event: Success }
  endOthers: undefined
  /** Nobody needs one more connection. */
  supplant: { readonly event: Success }
  exhausted: { readonly dial: string, readonly batches: number, readonly untried: number }
}

export const dialEffects = effects<DialEffects>({ resolve: true, attempt: true, failed: true, succeeded: true, endOthers: true, supplant: true, exhausted: true })

const types = {} as { context: DialContext, events: DialMessage, input: DialStart }

const nothing: Sifted = { queue: [], failures: [], seen: new Set(), untried: 0 }
const noneBegun: Begun = { addresses: [], queue: [] }

/** One that ended in order has told how it went; one that crashed could not. */
const untold = ({ event }: { event: Extract<DialMessage, { type: 'attempt.down' }> }): boolean => event.down.exit.kind !== 'done'

export const dialMachine = setup({
  types,
  actions: {
    ...dialEffects,
    takeResolved: assign(({ context, event }) => event.type !== 'dial.resolved' ? {} : { ...sift(event, context), resolving: context.resolving - 1 }),
    oneMoreBatch: assign({ batches: ({ context }) => context.batches + 1, resolving: ({ context }) => context.resolving + 1 }),
    oneFewer: assign({ flying: ({ context }) => context.flying - 1 }),
    beginNext: assign(({ context }) => {
      const begun = begin(context.queue)
      return { begun, queue: begun.queue, flying: context.flying + begun.addresses.length }
    })
  },
  guards: {
    hasMore: ({ context }) => context.queue.length > 0,
    isLast: ({ context }) => context.flying === 1
  },
  delays: { gap: ({ context }) => context.queue[0]?.gapMs ?? 0 }
}).createMachine({
  id: 'dial',
  options: { maxIterations: 10 },
  context: ({ input }) => ({ ...input, ...nothing, batches: 1, resolving: 1, flying: 0, begun: noneBegun }),
  initial: 'resolving',
  entry: { type: 'resolve', params: ({ context }) => context },
  on: {
    'dial.also': {
      actions: ['oneMoreBatch', { type: 'resolve', params: ({ context, event }) => ({ addresses: event.addresses, ignoreBackoff: event.ignoreBackoff, peer: context.peer }) }]
    },
    'dial.resolved': { actions: ['takeResolved', { type: 'failed', params: ({ context }) => ({ dial: context.dial, failures: context.failures }) }] }
  },
  states: {
    resolving: {
      always: [
        { guard: 'hasMore', target: 'trying' },
        { guard: ({ context }) => context.resolving === 0, target: 'exhausted' }
      ]
    },
    trying: {
      entry: [
        'beginNext',
        { type: 'attempt', params: ({ context }) => ({ addresses: context.begun.addresses, peer: context.peer }) },
        raise({ type: 'dial.next' }, { delay: 'gap', id: 'next' })
      ],
      exit: cancel('next'),
      on: {
        'dial.next': { guard: 'hasMore', target: 'trying', reenter: true },
        'dial.resolved': {
          actions: [
            'takeResolved',
            { type: 'failed', params: ({ context }) => ({ dial: context.dial, failures: context.failures }) },
            raise({ type: 'dial.next' }, { delay: 'gap', id: 'next' })
          ]
        },
        'attempt.succeeded': { target: 'settling', actions: ['oneFewer', { type: 'succeeded', params: ({ context, event }) => ({ dial: context.dial, event }) }] },
        'attempt.failed': [
          { guard: 'isLast', target: 'resolving', actions: ['oneFewer', { type: 'failed', params: ({ context, event }) => ({ dial: context.dial, failures: [event.failure] }) }] },
          { actions: ['oneFewer', { type: 'failed', params: ({ context, event }) => ({ dial: context.dial, failures: [event.failure] }) }] }
        ],
        'attempt.down': [
          { guard: ({ context, event }) => untold({ event }) && context.flying === 1, target: 'resolving', actions: ['oneFewer', { type: 'failed', params: crashOf }] },
          { guard: untold, actions: ['oneFewer', { type: 'failed', params: crashOf }] }
        ]
      }
    },
    exhausted: {
      entry: { type: 'exhausted', params: ({ context }) => ({ dial: context.dial, batches: context.batches, untried: context.untried }) },
      on: {
        'dial.also': {
          target: 'resolving',
          actions: ['oneMoreBatch', { type: 'resolve', params: ({ context, event }) => ({ addresses: event.addresses, ignoreBackoff: event.ignoreBackoff, peer: context.peer }) }]
        }
      }
    },
    settling: {
      entry: { type: 'endOthers' },
      always: { guard: ({ context }) => context.flying === 0, target: 'connected' },
      on: {
        // Whoever joined in the last moment is answered by the dialer, with the others.
        'dial.also': {},
        'dial.resolved': {},
        'attempt.succeeded': { actions: ['oneFewer', { type: 'supplant', params: ({ event }) => ({ event }) }] },
        'attempt.failed': { actions: 'oneFewer' },
        'attempt.down': { guard: untold, actions: 'oneFewer' }
      }
    },
    connected: { type: 'final' }
  }
})

function crashOf ({ context, event }: { context: DialContext, event: Extract<DialMessage, { type: 'attempt.down' }> }): { dial: string, failures: readonly Failure[] } {
  const { exit, path } = event.down
  return { dial: context.dial, failures: [{ code: 'actor/down', detail: `the attempt ${exit.kind}`, path }] }
}
