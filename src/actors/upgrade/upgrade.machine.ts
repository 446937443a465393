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
  readonly muxer: string
}

export interface UpgradeEffects {
  /** Arms the deadline, listens to the link and negotiates the security. */
  begin: UpgradeInput
  handshake: { readonly input: UpgradeInput, readonly protocol: string }
  /** The task has made another link of ours: the path goes on with that one. */
  useWrapped: { readonly link: Link, readonly secured: Secured }
  negotiateMuxer: undefined
  /** Tells the outcome. */
  succeed: UpgradeContext
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
    keepSecurity: assign((_, { protocol }: { readonly protocol: string }) => ({ security: protocol })),
    keepMuxer: assign((_, { protocol }: { readonly protocol: string }) => ({ muxer: protocol }))
  },
  guards: {
    hasMuxer: (_, { muxer }: Secured) => muxer !== undefined
  }
})

type EventOf<T extends UpgradeMessage['type']> = Extract<UpgradeMessage, { readonly type: T }>
type Args<T extends UpgradeMessage['type']> = { readonly context: UpgradeContext, readonly event: EventOf<T> }

const selected = ({ event }: Args<'upgrade.selected'>) => ({ protocol: event.protocol })
const secured = ({ event }: Args<'upgrade.secured'> | Args<'upgrade.wrapped'>) => event.secured
const early = ({ event }: Args<'upgrade.secured'> | Args<'upgrade.wrapped'>) => ({ protocol: event.secured.muxer ?? '' })
const wrapped = ({ event }: Args<'upgrade.wrapped'>) => ({ link: event.handle, secured: event.secured })

/** How each phase may go wrong. */
const failing = (waitingFor: string) => ({
  'upgrade.broken': {
    target: 'failed',
    actions: { type: 'fail', params: ({ context, event }: Args<'upgrade.broken'>) => ({ input: context.input, failure: event.failure }) }
  },
  'upgrade.timeout': {
    target: 'failed',
    actions: {
      type: 'fail',
      params: ({ context }: Args<'upgrade.timeout'>) => ({ input: context.input, failure: { code: 'upgrade/timeout', detail: `waiting for ${waitingFor}` } as const })
    }
  }
}) as const

export const upgradeMachine = parts.createMachine({
  id: 'upgrade',
  context: ({ input }) => ({ input, security: '', muxer: '' }),
  entry: { type: 'begin', params: ({ context }) => context.input },
  initial: 'negotiatingSecurity',
  states: {
    negotiatingSecurity: {
      on: {
        ...failing('an agreement on the security protocol'),
        'upgrade.selected': {
          target: 'handshaking',
          actions: [{ type: 'keepSecurity', params: selected }, { type: 'handshake', params: ({ context, event }) => ({ input: context.input, protocol: event.protocol }) }]
        }
      }
    },
    handshaking: {
      on: {
        ...failing('the security handshake'),
        'upgrade.secured': [
          { guard: { type: 'hasMuxer', params: secured }, target: 'done', actions: { type: 'keepMuxer', params: early } },
          { target: 'negotiatingMuxer', actions: 'negotiateMuxer' }
        ],
        'upgrade.wrapped': [
          {
            guard: { type: 'hasMuxer', params: secured },
            target: 'done',
            actions: [{ type: 'useWrapped', params: wrapped }, { type: 'keepMuxer', params: early }]
          },
          { target: 'negotiatingMuxer', actions: [{ type: 'useWrapped', params: wrapped }, 'negotiateMuxer'] }
        ]
      }
    },
    negotiatingMuxer: {
      on: {
        ...failing('an agreement on the muxer'),
        'upgrade.selected': { target: 'done', actions: { type: 'keepMuxer', params: selected } }
      }
    },
    done: {
      type: 'final',
      entry: { type: 'succeed', params: ({ context }) => context }
    },
    failed: { type: 'final' }
  }
})
