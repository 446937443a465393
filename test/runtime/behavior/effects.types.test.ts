/**
 * What must not compile. The compiler is the test: each `@ts-expect-error` names a mistake that somebody will make, and
 * the build fails when it compiles. The functions are never called. Recipe: kernel.md 2.3.
 */
import { expect } from 'chai'
import { assign, setup } from 'xstate'
import { compiledBehavior } from '../../../src/runtime/behavior/compile.js'
import { effects } from '../../../src/runtime/behavior/effects.js'
import { machineBehavior } from '../../../src/runtime/behavior/machine.js'
import type { Out } from '../../../src/runtime/behavior/out.js'
import { reducer } from '../../../src/runtime/behavior/reducer.js'
import type { Behavior } from '../../../src/runtime/behavior/behavior.js'
import type { ActorContext } from '../../../src/runtime/context.js'

interface LinkEffects {
  openStream: { readonly id: number }
  close: undefined
}

type LinkMessage =
  | { readonly type: 'link.open', readonly id: number }
  | { readonly type: 'link.close' }

const types = {} as { context: { readonly count: number }, events: LinkMessage, input: { readonly start: number }, output: number }

const fx = effects<LinkEffects>({ openStream: true, close: true })

const parts = setup({
  types,
  actions: {
    ...fx,
    count: assign({ count: ({ context }) => context.count + 1 })
  }
})

const machine = parts.createMachine({
  id: 'link',
  context: ({ input }) => ({ count: input.start }),
  initial: 'open',
  output: ({ context }) => context.count,
  states: {
    open: {
      on: {
        'link.open': { actions: ['count', { type: 'openStream', params: ({ event }) => ({ id: event.id }) }] },
        'link.close': { target: 'closed', actions: 'close' }
      }
    },
    closed: { type: 'final' }
  }
})

const handlers = {
  openStream: (_actor: ActorContext<LinkMessage>, _params: { readonly id: number }) => {},
  close: (_actor: ActorContext<LinkMessage>) => {}
}

/** Both drivers take the same arguments, so each mistake is tried with both. */
const drivers = [machineBehavior, compiledBehavior] as const

describe('the types of effects', () => {
  it('let through what is right, without type arguments', () => {
    const one: Behavior<LinkMessage, { readonly start: number }> = machineBehavior('link', machine, fx, {
      openStream: (actor, { id }) => { actor.timer('t', id, { type: 'link.close' }) },
      close: actor => { actor.done() }
    })
    const other: Behavior<LinkMessage, { readonly start: number }> = compiledBehavior('link', machine, fx, handlers, { stopMessage: () => ({ type: 'link.close' }) })
    expect([one.name, other.name]).to.deep.equal(['link', 'link'])
  })

  it('refuse everything else', () => {
    // Never called: the compiler has read it.
    expect(declarations).to.be.a('function')
    expect(behaviors).to.be.a('function')
    expect(inMachines).to.be.a('function')
    expect(reducers).to.be.a('function')
  })
})

function declarations (): void {
  // @ts-expect-error a declared name is forgotten among the values
  effects<LinkEffects>({ openStream: true })
  // @ts-expect-error a name is not declared
  effects<LinkEffects>({ openStream: true, close: true, closed: true })
}

function behaviors (): void {
  for (const driver of drivers) {
    // @ts-expect-error the handler of `close` is missing
    driver('link', machine, fx, { openStream: () => {} })
    // @ts-expect-error there is a handler for no effect
    driver('link', machine, fx, { ...handlers, closed: () => {} })
    // @ts-expect-error a handler for an effect of which there is none, written out
    driver('link', machine, fx, { openStream: () => {}, close: () => {}, closed: () => {} })
    // @ts-expect-error a handler takes other parameters than the effect has
    driver('link', machine, fx, { openStream: (_actor: unknown, _params: { readonly id: string }) => {}, close: () => {} })
    // @ts-expect-error a handler reads a parameter that the effect has not
    driver('link', machine, fx, { openStream: (_actor, { name }) => { void name }, close: () => {} })
    // @ts-expect-error a handler arms a timer with a message that the machine does not take
    driver('link', machine, fx, { openStream: actor => { actor.timer('t', 1, { type: 'link.opened' }) }, close: () => {} })
    // @ts-expect-error the machine lacks the effects: they were not spread into `setup`
    driver('link', bare, fx, handlers)
    // @ts-expect-error no such option
    driver('link', machine, fx, handlers, { mailboxCapcity: 10 })
    // @ts-expect-error the stop message is none that the machine takes
    driver('link', machine, fx, handlers, { stopMessage: () => ({ type: 'link.stop' }) })
    // @ts-expect-error the input is another one
    driver('link', machine, fx, handlers).initial({ start: 'one' }, out)
    // @ts-expect-error the message is none of the machine's
    driver('link', machine, fx, handlers).step(state, { type: 'link.opened' }, out)
  }
}

function inMachines (): void {
  parts.createMachine({
    context: { count: 0 },
    // @ts-expect-error the machine gives `openStream` the wrong parameters
    entry: { type: 'openStream', params: { id: 'one' } }
  })
  parts.createMachine({
    context: { count: 0 },
    // @ts-expect-error the machine gives `openStream` no parameters
    entry: 'openStream'
  })
  parts.createMachine({
    context: { count: 0 },
    // @ts-expect-error the machine names an effect that nobody declared
    entry: 'closed'
  })
}

interface CounterEffects {
  print: { readonly text: string }
  beep: undefined
}

type CounterMessage = { readonly type: 'counter.add', readonly n: number } | { readonly type: 'counter.print' }

interface Counter { readonly count: number }

function reducers (): void {
  const counter = reducer({
    name: 'counter',
    initial: (start: number): Counter => ({ count: start }),
    step (state, message: CounterMessage, out: Out<CounterEffects>) {
      if (message.type === 'counter.add') return { count: state.count + message.n }
      out.do('print', { text: `${state.count}` })
      out.do('beep')
      return state
    },
    effects: {
      print: (actor, { text }) => { actor.log('info', text) },
      beep: actor => { actor.timer('again', 10, { type: 'counter.print' }) }
    },
    accepts: ['counter.add', 'counter.print'],
    describe: state => state.count,
    overflow: { coalesce: message => message.type === 'counter.add' ? message.n : undefined },
    stopMessage: () => ({ type: 'counter.print' })
  })
  const typed: Behavior<CounterMessage, number, Counter> = counter
  void typed

  // The shortest: no effects, no input, and everything known from annotations.
  const shortest: Behavior<CounterMessage, void, number> = reducer({ name: 'n', initial: () => 0, step: (n: number, message: CounterMessage) => message.type === 'counter.add' ? n + message.n : n })
  void shortest

  // With every parameter of `step` annotated the order of the fields does not matter.
  const anyOrder: Behavior<CounterMessage, void, Counter> = reducer({
    overflow: { coalesce: message => message.type === 'counter.add' ? message.n : undefined },
    effects: {
      print: (actor, { text }) => { actor.log('info', text) },
      beep: actor => { actor.timer('again', 10, { type: 'counter.print' }) }
    },
    name: 'counter',
    step: (state: Counter, message: CounterMessage, out: Out<CounterEffects>): Counter => {
      out.do('print', { text: message.type })
      return state
    },
    initial: () => ({ count: 0 })
  })
  void anyOrder

  const explicit = reducer<CounterMessage, void, Counter, CounterEffects>({
    name: 'counter',
    effects: { print: () => {}, beep: () => {} },
    initial: () => ({ count: 0 }),
    step (state, message, out) {
      out.do('print', { text: message.type })
      return state
    }
  })
  void explicit

  const base = { name: 'counter', initial: (): Counter => ({ count: 0 }) }
  const step = (state: Counter, _message: CounterMessage, _out: Out<CounterEffects>): Counter => state
  const both = { print: () => {}, beep: () => {} }

  reducer({
    ...base,
    step (state: Counter, _message: CounterMessage, out: Out<CounterEffects>) {
      // @ts-expect-error the step gives an effect the wrong parameters
      out.do('print', { text: 1 })
      // @ts-expect-error the step gives an effect no parameters
      out.do('print')
      // @ts-expect-error the step asks for an effect that is not declared
      out.do('ring')
      return state
    },
    effects: both
  })
  // @ts-expect-error the handlers are missing
  reducer({ ...base, step })
  // @ts-expect-error one handler is missing
  reducer({ ...base, step, effects: { print: () => {} } })
  // @ts-expect-error there is a handler for no effect
  reducer({ ...base, step, effects: { print: () => {}, beep: () => {}, ring: () => {} } })
  // @ts-expect-error a handler takes other parameters than the effect has
  reducer({ ...base, step, effects: { print: (_actor: unknown, _params: { readonly text: number }) => {}, beep: () => {} } })
  // @ts-expect-error a handler arms a timer with a message that the step does not take
  reducer({ ...base, step, effects: { print: () => {}, beep: actor => { actor.timer('t', 1, { type: 'counter.ring' }) } } })
  // @ts-expect-error no such option
  reducer({ ...base, step, effects: both, mailboxCapcity: 10 })
  // @ts-expect-error a type is said to be accepted that the step does not take
  reducer({ ...base, step, effects: both, accepts: ['counter.ring'] })
  // @ts-expect-error the step returns another state than the first one
  reducer({ name: 'counter', initial: () => ({ count: 0 }), step: (_state, _message: CounterMessage) => ({ sum: 0 }) })
}

const bare = setup({ types, actions: { count: assign({ count: 1 }) } }).createMachine({ context: { count: 0 }, entry: 'count' })
declare const out: Out
declare const state: never
