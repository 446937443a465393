/** Machines for the benches. */
import { assign, setup } from 'xstate'
import { effects } from '../../src/runtime.js'

export type WorkMessage =
  | { readonly type: 'work.ignore' }
  | { readonly type: 'work.report', readonly n: number }
  | { readonly type: 'work.go', readonly n: number }
  | { readonly type: 'work.count', readonly n: number }
  | { readonly type: 'work.try', readonly n: number }

export interface WorkContext { readonly n: number, readonly tries: number, readonly [more: string]: number }

export const workEffects = effects<{ report: undefined, went: undefined, counted: undefined, tried: undefined }>({ report: true, went: true, counted: true, tried: true })

/**
 * One of any number of different machines: each has functions, states and a context of its own shape. An effect marks each
 * finished piece of work, so that it can be counted; the states come in pairs, so that any event can be sent for ever.
 */
export function workMachine (number: number) {
  const more = Object.fromEntries(Array.from({ length: number % 5 }, (_, i) => [`more${number}x${i}`, i]))
  return setup({
    types: { context: {} as WorkContext, events: {} as WorkMessage },
    actions: {
      ...workEffects,
      add: assign({ n: ({ context, event }) => context.n + ('n' in event ? event.n : 0) }),
      addTry: assign({ tries: ({ context }) => context.tries + 1 })
    },
    guards: { willing: ({ context }) => context.tries >= 0 }
  }).createMachine({
    id: `work${number}`,
    context: { n: 0, tries: 0, ...more },
    initial: 'here',
    states: {
      here: {
        on: {
          'work.report': { actions: 'report' },
          'work.go': { target: 'there', actions: 'went' },
          'work.count': { actions: ['add', 'counted'] },
          'work.try': { guard: 'willing', target: 'waiting', actions: ['addTry', 'tried'] }
        }
      },
      there: {
        on: {
          'work.report': { actions: 'report' },
          'work.go': { target: 'here', actions: 'went' },
          'work.count': { actions: ['add', 'counted'] }
        }
      },
      waiting: {
        after: { 3_600_000: 'here' },
        on: { 'work.try': { guard: 'willing', target: 'here', actions: ['addTry', 'tried'] } }
      },
      never: { on: { 'work.ignore': 'here' } }
    }
  })
}

export type StreamMessage =
  | { readonly type: 'stream.negotiated', readonly protocol: string }
  | { readonly type: 'stream.limit', readonly windowBytes: number }
  | { readonly type: 'stream.remote-closed' }
  | { readonly type: 'stream.local-closed' }
  | { readonly type: 'stream.reset', readonly code: number }

export interface StreamInput { readonly id: number, readonly inbound: boolean }
export interface StreamContext extends StreamInput { readonly protocol: string, readonly windowBytes: number, readonly code: number }

export const streamEffects = effects<{ opened: undefined, readable: undefined, tell: { readonly code: number } }>({ opened: true, readable: true, tell: true })

/** What an actor per multiplexed stream would run: flat, with a deadline while it negotiates. */
export const streamMachine = setup({
  types: { context: {} as StreamContext, events: {} as StreamMessage, input: {} as StreamInput },
  actions: {
    ...streamEffects,
    keepProtocol: assign({ protocol: ({ event }) => event.type === 'stream.negotiated' ? event.protocol : '' }),
    keepWindow: assign({ windowBytes: ({ context, event }) => event.type === 'stream.limit' ? event.windowBytes : context.windowBytes }),
    keepCode: assign({ code: ({ context, event }) => event.type === 'stream.reset' ? event.code : context.code })
  }
}).createMachine({
  id: 'stream',
  context: ({ input }) => ({ id: input.id, inbound: input.inbound, protocol: '', windowBytes: 262_144, code: 0 }),
  initial: 'negotiating',
  on: {
    'stream.reset': { target: '.reset', actions: ['keepCode', { type: 'tell', params: ({ context }) => ({ code: context.code }) }] }
  },
  states: {
    negotiating: {
      after: { 10_000: 'reset' },
      on: { 'stream.negotiated': { target: 'open', actions: ['keepProtocol', 'opened'] } }
    },
    open: {
      on: {
        'stream.limit': { actions: 'keepWindow' },
        'stream.remote-closed': { target: 'remoteClosed', actions: 'readable' },
        'stream.local-closed': 'localClosed'
      }
    },
    localClosed: { on: { 'stream.remote-closed': { target: 'closed', actions: 'readable' } } },
    remoteClosed: { on: { 'stream.local-closed': 'closed' } },
    closed: { type: 'final' },
    reset: { type: 'final' }
  }
})
