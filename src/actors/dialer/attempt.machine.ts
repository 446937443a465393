/**
 * One address of a dial: a lease, a link, a connection made of it.
 *
 *     linking --link--> upgrading --opened--> over
 *         \--refused, or too late--\--failed, or too late--> over
 *
 * One timer for both waits. The lease and the transport's dial are owned, so they are given back however it ends; the link
 * goes on to the connection.
 */
import { raise, setup } from 'xstate'
import type { ConnectionOutcome } from '../../messages/connection.js'
import type { ConnectionsMessage } from '../../messages/connections.js'
import type { AttemptMessage, DialMessage } from '../../messages/dial.js'
import type { Failure } from '../../messages/failure.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import { effects } from '../../runtime/behavior/effects.js'
import type { ActorRef } from '../../runtime/ref.js'
import type { Admission, Arrival } from '../contract/admission.js'
import type { Transport } from '../contract/transport.js'

/** One address, and who works on it. */
export interface Attempt {
  readonly address: Multiaddr
  /** Whom the address names, or the dial. */
  readonly expectedPeer: PeerId | undefined
  readonly transport: Transport
  readonly admission: Admission
  readonly connections: ActorRef<ConnectionsMessage>
  readonly dial: ActorRef<DialMessage>
  /** For everything, upgrade included, in milliseconds. */
  readonly timeoutMs: number
  /** The same, in milliseconds of the system's clock. */
  readonly deadline: number
}

export interface AttemptEffects {
  link: { readonly attempt: Attempt }
  handOver: { readonly attempt: Attempt, readonly arrival: Arrival }
  succeeded: { readonly attempt: Attempt, readonly outcome: Extract<ConnectionOutcome, { type: 'connection.opened' }> }
  failed: { readonly attempt: Attempt, readonly failure: Failure }
}

export const attemptEffects = effects<AttemptEffects>({ link: true, handOver: true, succeeded: true, failed: true })

const types = {} as { context: Attempt, events: AttemptMessage, input: Attempt }

const asTold = <E extends { readonly failure: Failure }> ({ context, event }: { context: Attempt, event: E }) => ({ attempt: context, failure: event.failure })
const late = (code: 'dial/timeout' | 'upgrade/timeout') => ({ context }: { context: Attempt }) => ({ attempt: context, failure: { code } })

export const attemptMachine = setup({
  types,
  actions: { ...attemptEffects },
  delays: { time: ({ context }) => context.timeoutMs }
}).createMachine({
  id: 'attempt',
  context: ({ input }) => input,
  entry: raise({ type: 'attempt.timeout' }, { delay: 'time', id: 'timeout' }),
  initial: 'linking',
  on: {
    'attempt.refused': { target: '.over', actions: { type: 'failed', params: asTold } }
  },
  states: {
    linking: {
      entry: { type: 'link', params: ({ context }) => ({ attempt: context }) },
      on: {
        'attempt.linked': { target: 'upgrading', actions: { type: 'handOver', params: ({ context, event }) => ({ attempt: context, arrival: event.handle }) } },
        'attempt.timeout': { target: 'over', actions: { type: 'failed', params: late('dial/timeout') } }
      }
    },
    upgrading: {
      on: {
        'connection.opened': { target: 'over', actions: { type: 'succeeded', params: ({ context, event }) => ({ attempt: context, outcome: event }) } },
        'connection.failed': { target: 'over', actions: { type: 'failed', params: asTold } },
        'attempt.timeout': { target: 'over', actions: { type: 'failed', params: late('upgrade/timeout') } }
      }
    },
    over: { type: 'final' }
  }
})
