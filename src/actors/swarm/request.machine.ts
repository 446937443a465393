/**
 * One request for a connection or a stream that could not be answered at once (design 1.15).
 *
 *     starting --addresses--> dialing --connected, and that was all--> confirming --open still--> answered
 *        |  \--none--> lookingUp --^  \--connected--> opening --stream, or no--> answered
 *        \--has a connection--------------------------^   \--it closed in between, once--> picking --> opening, dialing or lookingUp
 *
 * Confirming: a connection that was dialed may be closing by now, and such are never handed out; then it is dialed once more.
 *
 * Each wait is a question with a deadline, whose failure comes as `request.unanswered`; so no state has a timer of its own.
 * Invariant: the asker gets one answer, unless it has cancelled.
 */
import { assign, setup } from 'xstate'
import type { ConnectionInfo } from '../../messages/connection.js'
import type { Failure } from '../../messages/failure.js'
import type { Connect, OpenStreamTo, RequestMessage } from '../../messages/swarm.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import { effects } from '../../runtime/behavior/effects.js'
import type { Stream } from '../contract/stream.js'
import type { Target } from './destination.core.js'

type Connection = Extract<RequestMessage, { type: 'dial.done' }>['connection']

export interface RequestContext {
  readonly ask: Connect | OpenStreamTo
  readonly target: Target
  /** As asked for, or as the connection has shown. */
  readonly peer: PeerId | undefined
  /** Found out by the peer store, where the asker gave none. */
  readonly addresses: readonly Multiaddr[]
  readonly connection: Connection | undefined
  /** A connection has closed under us once already. */
  readonly again: boolean
  /** The peer is connected, but only over relays that the asker does not want. */
  readonly onlyLimited: boolean
}

export type RequestStart = Pick<RequestContext, 'ask' | 'target' | 'connection' | 'onlyLimited'>

export interface RequestEffects {
  askPeerStore: { readonly peer: PeerId | undefined, readonly deadline: number }
  askDialer: { readonly target: Target, readonly addresses: readonly Multiaddr[], readonly ask: Connect | OpenStreamTo }
  askConnection: { readonly connection: Connection | undefined, readonly ask: Connect | OpenStreamTo }
  askSwarm: { readonly peer: PeerId | undefined, readonly ask: Connect | OpenStreamTo }
  cancelDial: undefined
  answerConnected: { readonly ask: Connect | OpenStreamTo, readonly connection: Connection | undefined, readonly info: ConnectionInfo | undefined }
  answerStream: { readonly ask: Connect | OpenStreamTo, readonly stream: Stream }
  answerFailed: { readonly ask: Connect | OpenStreamTo, readonly failure: Failure }
}

export const requestEffects = effects<RequestEffects>({
  askPeerStore: true,
  askDialer: true,
  askConnection: true,
  askSwarm: true,
  cancelDial: true,
  answerConnected: true,
  answerStream: true,
  answerFailed: true
})

const types = {} as { context: RequestContext, events: RequestMessage, input: RequestStart }

/** The asker wants a stream, and the connection that it was to be on is closing or gone. */
const closedInBetween = (failure: Failure): boolean => failure.code === 'stream/connection-closed'

const failed = <E extends { readonly failure: Failure }> ({ context, event }: { context: RequestContext, event: E }) => ({ ask: context.ask, failure: event.failure })

export const requestMachine = setup({
  types,
  actions: { ...requestEffects },
  guards: {
    hasConnection: ({ context }) => context.connection !== undefined,
    hasAddresses: ({ context }) => context.addresses.length > 0,
    wantsConnection: ({ context }) => context.ask.type === 'swarm.connect'
  }
}).createMachine({
  id: 'request',
  options: { maxIterations: 10 },
  context: ({ input }) => ({ ...input, peer: input.target.peer, addresses: input.target.addresses, again: false }),
  initial: 'starting',
  on: {
    'request.cancel': '.given up',
    'request.stop': {
      target: '.answered',
      actions: ['cancelDial', { type: 'answerFailed', params: ({ context }) => ({ ask: context.ask, failure: { code: 'actor/down' as const, detail: 'the swarm has ended' } }) }]
    },
    'request.unanswered': { target: '.answered', actions: { type: 'answerFailed', params: failed } }
  },
  states: {
    'starting': {
      always: [
        { guard: 'hasConnection', target: 'opening' },
        { guard: 'hasAddresses', target: 'dialing' },
        { target: 'looking up' }
      ]
    },
    'looking up': {
      entry: { type: 'askPeerStore', params: ({ context }) => ({ peer: context.peer, deadline: context.ask.deadline }) },
      on: {
        'request.addresses': [
          {
            guard: ({ event }) => event.addresses.length > 0,
            target: 'dialing',
            actions: assign({ addresses: ({ event }) => event.addresses })
          },
          {
            target: 'answered',
            actions: {
              type: 'answerFailed',
              params: ({ context }) => ({
                ask: context.ask,
                failure: { code: context.onlyLimited ? 'stream/limited-connection' as const : 'dial/no-addresses' as const, detail: context.target.peer?.toString() ?? '' }
              })
            }
          }
        ]
      }
    },
    'dialing': {
      entry: { type: 'askDialer', params: ({ context }) => ({ target: context.target, addresses: context.addresses, ask: context.ask }) },
      on: {
        'dial.done': [
          { guard: 'wantsConnection', target: 'confirming', actions: assign({ peer: ({ event }) => event.info.peer }) },
          { target: 'opening', actions: assign({ connection: ({ event }) => event.connection, peer: ({ event }) => event.info.peer }) }
        ],
        'dial.failed': { target: 'answered', actions: { type: 'answerFailed', params: failed } }
      }
    },
    'confirming': {
      entry: { type: 'askSwarm', params: ({ context }) => ({ peer: context.peer, ask: context.ask }) },
      on: {
        'swarm.picked': [
          {
            guard: ({ event }) => event.connection !== undefined && event.info !== undefined,
            target: 'answered',
            actions: { type: 'answerConnected', params: ({ context, event }) => ({ ask: context.ask, connection: event.connection, info: event.info }) }
          },
          { guard: ({ context }) => !context.again, target: 'dialing', actions: assign({ again: true }) },
          { target: 'answered', actions: { type: 'answerFailed', params: ({ context }) => ({ ask: context.ask, failure: { code: 'connection/closed', initiator: 'remote', detail: 'as soon as it was open' } }) } }
        ]
      }
    },
    'opening': {
      entry: { type: 'askConnection', params: ({ context }) => ({ connection: context.connection, ask: context.ask }) },
      on: {
        'stream.opened': { target: 'answered', actions: { type: 'answerStream', params: ({ context, event }) => ({ ask: context.ask, stream: event.handle }) } },
        'stream.failed': [
          { guard: ({ context, event }) => !context.again && closedInBetween(event.failure), target: 'picking' },
          { target: 'answered', actions: { type: 'answerFailed', params: failed } }
        ],
        'request.unanswered': [
          { guard: ({ context, event }) => !context.again && closedInBetween(event.failure), target: 'picking' },
          { target: 'answered', actions: { type: 'answerFailed', params: failed } }
        ]
      }
    },
    'picking': {
      entry: [
        assign({ again: true, connection: undefined }),
        { type: 'askSwarm', params: ({ context }) => ({ peer: context.peer, ask: context.ask }) }
      ],
      on: {
        'swarm.picked': [
          { guard: ({ event }) => event.connection !== undefined, target: 'opening', actions: assign({ connection: ({ event }) => event.connection }) },
          { guard: 'hasAddresses', target: 'dialing' },
          { target: 'looking up', actions: assign({ onlyLimited: ({ event }) => event.onlyLimited }) }
        ]
      }
    },
    'answered': { type: 'final' },
    'given up': { type: 'final', entry: 'cancelDial' }
  }
})
