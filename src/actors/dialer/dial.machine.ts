/**
 * One dial: resolves names, then tries the addresses one after another until one leads to a connection.
 *
 *     resolving --> trying --succeeded--> connected
 *         ^  ^       |  ^
 *         |  \-------/  | more addresses
 *         |             |
 *         \-- exhausted --- (dial.also: somebody has joined)
 *
 * It has no deadline of its own: the dialer ends it with its last waiter. Names of those who join are resolved while an
 * attempt is under way. Each attempt has its own time.
 */
import { assign, setup } from 'xstate'
import type { DialMessage } from '../../messages/dial.js'
import type { Failure } from '../../messages/failure.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import { effects } from '../../runtime/behavior/effects.js'
import type { Transport } from '../contract/transport.js'
import { sift, type Sifted } from './dial.core.js'

export interface DialStart {
  /** Its id, with the dialer. */
  readonly dial: string
  readonly peer: PeerId | undefined
  readonly addresses: readonly Multiaddr[]
  readonly transports: readonly Transport[]
  readonly mostAddresses: number
}

export interface DialContext extends DialStart, Sifted {
  /** Waiters whose addresses came, and of how many the names are being resolved. */
  readonly batches: number
  readonly resolving: number
}

type Success = Extract<DialMessage, { type: 'attempt.succeeded' }>

export interface DialEffects {
  resolve: { readonly addresses: readonly Multiaddr[] }
  /** The first of the queue. */
  attempt: { readonly address: Multiaddr, readonly peer: PeerId | undefined }
  failed: { readonly dial: string, readonly failures: readonly Failure[] }
  succeeded: { readonly dial: string, readonly event: Success }
  exhausted: { readonly dial: string, readonly batches: number, readonly untried: number }
}

export const dialEffects = effects<DialEffects>({ resolve: true, attempt: true, failed: true, succeeded: true, exhausted: true })

const types = {} as { context: DialContext, events: DialMessage, input: DialStart }

function first (queue: readonly Multiaddr[]): Multiaddr {
  const [address] = queue
  if (address === undefined) throw new Error('a dial tries an address only when it has one')
  return address
}

const nothing: Sifted = { queue: [], failures: [], seen: new Set(), untried: 0 }

export const dialMachine = setup({
  types,
  actions: {
    ...dialEffects,
    takeResolved: assign(({ context, event }) => {
      if (event.type !== 'dial.resolved') return {}
      const { queue, failures, seen, untried } = sift(event.addresses, context)
      return {
        queue: [...context.queue, ...queue],
        failures: [...event.failures, ...failures],
        seen,
        untried: context.untried + untried,
        resolving: context.resolving - 1
      }
    })
  },
  guards: {
    hasMore: ({ context }) => context.queue.length > 0,
    isResolving: ({ context }) => context.resolving > 0
  }
}).createMachine({
  id: 'dial',
  options: { maxIterations: 10 },
  context: ({ input }) => ({ ...input, ...nothing, batches: 1, resolving: 1 }),
  initial: 'resolving',
  entry: { type: 'resolve', params: ({ context }) => ({ addresses: context.addresses }) },
  on: {
    'dial.also': {
      actions: [
        assign({ batches: ({ context }) => context.batches + 1, resolving: ({ context }) => context.resolving + 1 }),
        { type: 'resolve', params: ({ event }) => ({ addresses: event.addresses }) }
      ]
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
        { type: 'attempt', params: ({ context }) => ({ address: first(context.queue), peer: context.peer }) },
        assign({ queue: ({ context }) => context.queue.slice(1) })
      ],
      on: {
        'attempt.succeeded': { target: 'connected', actions: { type: 'succeeded', params: ({ context, event }) => ({ dial: context.dial, event }) } },
        'attempt.failed': { target: 'resolving', actions: { type: 'failed', params: ({ context, event }) => ({ dial: context.dial, failures: [event.failure] }) } },
        // One that ended in order has told how it went; one that crashed could not.
        'attempt.down': {
          guard: ({ event }) => event.down.exit.kind !== 'done',
          target: 'resolving',
          actions: { type: 'failed', params: ({ context, event }) => ({ dial: context.dial, failures: [{ code: 'actor/down', detail: `the attempt ${event.down.exit.kind}`, path: event.down.path }] }) }
        }
      }
    },
    exhausted: {
      entry: { type: 'exhausted', params: ({ context }) => ({ dial: context.dial, batches: context.batches, untried: context.untried }) },
      on: {
        'dial.also': {
          target: 'resolving',
          actions: [
            assign({ batches: ({ context }) => context.batches + 1, resolving: ({ context }) => context.resolving + 1 }),
            { type: 'resolve', params: ({ event }) => ({ addresses: event.addresses }) }
          ]
        }
      }
    },
    connected: { type: 'final' }
  }
})
