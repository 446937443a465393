/**
 * The upgrade of a raw link: which phase comes after which (libp2p/specs connections/README.md "Upgrading Connections").
 *
 *     negotiatingSecurity --selected--> handshaking --secured, no muxer yet--> negotiatingMuxer --selected--> done
 *                                            \--secured, with a muxer agreed on the way--------------------> done
 *     any of the three --broken, or timeout--> failed
 *
 * A *wrap* (TLS) passes through the same states: `wrapped` in place of `secured`, with another link. One deadline holds for
 * all of it. Between two phases the path keeps what arrives.
 */
import { assign, setup } from 'xstate'
import { effects } from '../../runtime/behavior/effects.js'
import type { Failure } from '../../messages/failure.js'
import type { UpgradeInput, UpgradeMessage } from '../../messages/upgrade.js'
import type { Link } from '../contract/link.js'
import type { Secured } from '../contract/security.js'

export interface UpgradeContext {
  readonly input: UpgradeInput
  /** `/noise` */
  readonly security: string
  readonly secured: Secured | null
  readonly muxer: string
  readonly failure: Failure | null
}

export interface UpgradeEffects {
  /** Arms the deadline, listens to the link and negotiates the security. */
  begin: UpgradeInput
  handshake: { readonly protocol: string }
  /** The task has made another link of ours: the path goes on with that one. */
  useWrapped: { readonly link: Link }
  negotiateMuxer: undefined
  /** Tells the outcome. */
  succeed: Pick<UpgradeContext, 'input' | 'security' | 'secured' | 'muxer'>
  fail: { readonly input: UpgradeInput, readonly failure: Failure }
}

export const upgradeEffects = effects<UpgradeEffects>({
  begin: true, handshake: true, useWrapped: true, negotiateMuxer: true, succeed: true, fail: true
})

const types = {} as { context: UpgradeContext, events: UpgradeMessage, input: UpgradeInput }

const parts = setup({
  types,
  actions: {
    ...upgradeEffects,
    keepSelected: assign(({ context, event }) => {
      if (event.type !== 'upgrade.selected') return context
      return event.purpose === 'security' ? { security: event.protocol } : { muxer: event.protocol }
    }),
    keepSecured: assign(({ event }) => event.type === 'upgrade.secured' || event.type === 'upgrade.wrapped'
      ? { secured: event.secured, muxer: event.secured.muxer ?? '' }
      : {}),
    keepFailure: assign(({ event }) => event.type === 'upgrade.broken' ? { failure: event.failure } : {}),
    keepTimeout: assign((_, { waitingFor }: { readonly waitingFor: string }) => ({
      failure: { code: 'upgrade/timeout', detail: `waiting for ${waitingFor}` } as const
    }))
  },
  guards: {
    hasMuxer: ({ event }) => (event.type === 'upgrade.secured' || event.type === 'upgrade.wrapped') && event.secured.muxer !== undefined
  }
})

/** How each phase may go wrong. */
const failing = (waitingFor: string) => ({
  'upgrade.broken': { target: 'failed', actions: 'keepFailure' },
  'upgrade.timeout': { target: 'failed', actions: { type: 'keepTimeout', params: { waitingFor } } }
}) as const

export const upgradeMachine = parts.createMachine({
  id: 'upgrade',
  context: ({ input }) => ({ input, security: '', secured: null, muxer: '', failure: null }),
  entry: { type: 'begin', params: ({ context }) => context.input },
  initial: 'negotiatingSecurity',
  states: {
    negotiatingSecurity: {
      on: {
        ...failing('an agreement on the security protocol'),
        'upgrade.selected': {
          target: 'handshaking',
          actions: ['keepSelected', { type: 'handshake', params: ({ event }) => ({ protocol: event.protocol }) }]
        }
      }
    },
    handshaking: {
      on: {
        ...failing('the security handshake'),
        'upgrade.secured': [
          { guard: 'hasMuxer', target: 'done', actions: 'keepSecured' },
          { target: 'negotiatingMuxer', actions: ['keepSecured', 'negotiateMuxer'] }
        ],
        'upgrade.wrapped': [
          { guard: 'hasMuxer', target: 'done', actions: ['keepSecured', { type: 'useWrapped', params: ({ event }) => ({ link: event.handle }) }] },
          { target: 'negotiatingMuxer', actions: ['keepSecured', { type: 'useWrapped', params: ({ event }) => ({ link: event.handle }) }, 'negotiateMuxer'] }
        ]
      }
    },
    negotiatingMuxer: {
      on: {
        ...failing('an agreement on the muxer'),
        'upgrade.selected': { target: 'done', actions: 'keepSelected' }
      }
    },
    done: {
      type: 'final',
      entry: { type: 'succeed', params: ({ context }) => context }
    },
    failed: {
      type: 'final',
      // It is there: whatever leads here has kept it.
      entry: { type: 'fail', params: ({ context }) => ({ input: context.input, failure: context.failure! }) }
    }
  }
})
