/**
 * Compiled machines: their meaning, feature by feature; equal to XState on hand-made and on generated machines; what is
 * refused. `compile.slow.ts` runs the comparison at length. What compiles: `src/runtime/behavior/compile.ts`.
 */
import { expect } from 'chai'
import { and, assign, cancel, createMachine, emit, enqueueActions, log, not, or, raise, sendTo, setup, spawnChild, stateIn, stopChild } from 'xstate'
import type { AnyStateMachine } from 'xstate'
import type { Behavior } from '../../../src/runtime/behavior/behavior.js'
import { compile, compiledBehavior } from '../../../src/runtime/behavior/compile.js'
import type { CompiledState } from '../../../src/runtime/behavior/compile.js'
import { effects } from '../../../src/runtime/behavior/effects.js'
import { Out } from '../../../src/runtime/behavior/out.js'
import type { Message } from '../../../src/runtime/message.js'
import { compareMachine, compareSeed, compiledOf, noCounts } from './differential.js'
import { start, step } from './fake-actor.js'
import type { Outcome } from './fake-actor.js'
import { fx, randomNumbers, timerMessages } from './random-machine.js'

interface Context { readonly n: number }
interface Args { readonly context: Context, readonly event: Message & { readonly v?: number } }
type State = CompiledState<Context>

const machineOf = (config: object, implementations: object = {}): AnyStateMachine => {
  const { actions, ...others } = implementations as { actions?: object }
  return createMachine({ id: 'm', ...config } as never, { actions: { ...fx, ...actions }, ...others } as never) as AnyStateMachine
}

const compiled = (config: object, implementations?: object): Behavior<Message, unknown, State> =>
  compiledOf(machineOf(config, implementations)) as unknown as Behavior<Message, unknown, State>

function run (behavior: Behavior<Message, unknown, State>, ...types: readonly string[]): Outcome<State> {
  let outcome = start(behavior, undefined)
  for (const type of types) outcome = step(behavior, outcome.state as State, { type })
  return outcome
}

const say = (a: number): object => ({ type: 'e1', params: { a } })
const said = (...numbers: readonly number[]): readonly unknown[] => numbers.map(a => ['e1', { a }])
const count = assign({ n: ({ context }: Args) => context.n + 1 })
const tell = { type: 'e1', params: ({ context }: Args) => ({ a: context.n }) }

/** Machines that each show one thing; compared with XState from every state with every message. */
const handMade: Record<string, AnyStateMachine> = {
  'one state': machineOf({ initial: 'a', states: { a: {} } }),
  'order of exit, transition and entry': machineOf({
    initial: 'a',
    states: {
      a: { entry: say(1), exit: say(2), on: { go: { target: 'b', actions: say(3) }, self: { target: 'a', actions: say(4) }, again: { target: 'a', reenter: true, actions: say(5) }, stay: { actions: say(6) } } },
      b: { entry: say(7), exit: say(8), on: { go: 'a' } }
    }
  }),
  'assign, seen by what follows': machineOf({
    context: { n: 0 },
    initial: 'a',
    states: { a: { entry: [tell, count, tell], exit: [count, tell], on: { go: { target: 'b', actions: [tell, count, tell] } } }, b: { entry: tell, on: { go: 'a' } } }
  }),
  'raise within the step': machineOf({
    context: { n: 0 },
    initial: 'a',
    options: { maxIterations: 20 },
    states: {
      a: { on: { go: { actions: [raise({ type: 'one' }), tell, raise({ type: 'two' }), count] }, one: { actions: [count, tell, raise({ type: 'three' })] }, two: { target: 'b', actions: tell }, three: 'c' } },
      b: { on: { three: { target: 'a', actions: say(9) }, go: 'a' } },
      c: { entry: raise({ type: 'nobody' }), on: { go: 'a' } }
    }
  }),
  'always': machineOf({
    context: { n: 0 },
    initial: 'a',
    options: { maxIterations: 20 },
    states: {
      a: { on: { go: { actions: count }, nothing: {} }, always: [{ guard: ({ context }: Args) => context.n === 2, target: 'b', actions: tell }, { guard: ({ event }: Args) => event.type === 'nothing', actions: say(1) }] },
      b: { entry: count, always: { guard: ({ context }: Args) => context.n < 6, actions: count }, on: { go: 'a' } }
    }
  }),
  'always without an end': machineOf({
    context: { n: 0 },
    initial: 'a',
    options: { maxIterations: 9 },
    states: { a: { on: { go: 'b', other: 'd' } }, b: { always: 'c' }, c: { always: 'b' }, d: { always: { actions: [count, 'e0'] } } }
  }),
  'root transitions': machineOf({
    initial: 'a',
    entry: say(1),
    exit: say(2),
    on: { go: { target: '.b', actions: say(3) }, a: '.a', stay: { actions: say(4) }, both: { target: '.b', guard: ({ event }: Args) => event.v === 1 } },
    states: { a: { entry: say(5), exit: say(6), on: { go: undefined, both: { guard: ({ event }: Args) => event.v === 3, target: 'b' } } }, b: { entry: say(7), exit: say(8) } }
  }),
  'final states and outputs': machineOf({
    context: { n: 1 },
    initial: 'a',
    exit: [count, tell],
    output: ({ context, event }: Args) => ({ context, event }),
    on: { root: { actions: 'e0' } },
    states: {
      a: { on: { go: { target: 'end', actions: count }, quiet: 'quiet' } },
      end: { type: 'final', entry: count, exit: tell, output: ({ context, event }: Args) => ({ n: context.n, type: event.type }) },
      quiet: { type: 'final', after: { 10: 'a' }, entry: raise({ type: 'root' }) }
    },
    options: { maxIterations: 20 }
  }),
  'a final first state': machineOf({ context: { n: 1 }, initial: 'a', entry: say(1), exit: say(2), output: 'over', states: { a: { type: 'final', entry: [count, tell], exit: say(3) } } }),
  'guards': machineOf({
    context: { n: 0 },
    initial: 'a',
    states: {
      a: {
        on: {
          go: [
            { guard: and(['odd', not('one' as never)] as never), actions: [count, say(1)] },
            { guard: or([{ type: 'atLeast', params: { least: 4 } }, { type: 'atLeast', params: ({ context }: Args) => ({ least: context.n + 1 }) }] as never), actions: [count, say(2)] },
            { guard: 'both', actions: [count, say(3)] },
            { actions: [count, say(4)] }
          ]
        }
      }
    }
  }, {
    guards: {
      odd: ({ context }: Args) => context.n % 2 === 1,
      one: ({ context }: Args) => context.n === 1,
      atLeast: ({ context }: Args, { least }: { least: number }) => context.n >= least,
      both: and(['odd', 'one'] as never)
    }
  }),
  'after, in XState\'s order': machineOf({
    context: { n: 3 },
    initial: 'a',
    states: { a: { after: { slow: 'b', 20: [{ guard: ({ context }: Args) => context.n > 3, target: 'b' }, { actions: count }], 10: 'b' }, on: { go: 'b' } }, b: { entry: say(1), on: { go: 'a' } } }
  }, { delays: { slow: ({ context }: Args) => context.n * 10 } }),
  'a delay that comes to nothing': machineOf({
    context: { n: 0 },
    initial: 'a',
    options: { maxIterations: 20 },
    states: { a: { after: { maybe: { target: 'b', actions: say(1) } }, on: { go: { target: 'a', reenter: true, actions: count } } }, b: { on: { go: { target: 'a', actions: count } } } }
  }, { delays: { maybe: ({ context }: Args) => context.n % 2 === 0 ? 5 : undefined } }),
  'initial actions': machineOf({ context: { n: 0 }, initial: { target: 'a', actions: [count, tell] }, entry: tell, states: { a: { entry: tell } } }),
  'what is parameterised': machineOf({
    context: { n: 0 },
    initial: 'a',
    options: { maxIterations: 20 },
    states: { a: { on: { go: { actions: [{ type: 'add', params: { by: 2 } }, { type: 'add', params: ({ context }: Args) => ({ by: context.n }) }, { type: 'shout', params: ({ context }: Args) => ({ n: context.n }) }, { type: 'later', params: { ms: 5 } }, { type: 'never', params: { id: 't' } }, { type: 'echo', params: { v: 2 } }, { type: 'write', params: {} }] }, echo: { actions: tell } } } }
  }, {
    actions: {
      add: assign(({ context }: Args, { by }: { by: number }) => ({ n: context.n + by })),
      shout: emit(((_: Args, { n }: { n: number }) => ({ type: 'shout', n })) as never),
      later: raise({ type: 'echo' }, { id: 't', delay: ((_: Args, { ms }: { ms: number }) => ms) as never }),
      never: cancel(((_: Args, { id }: { id: string }) => id) as never),
      echo: raise(((_: Args, { v }: { v: number }) => ({ type: 'echo', v })) as never),
      write: log(({ context }) => context)
    }
  })
}

describe('compiledBehavior', () => {
  describe('means what XState means:', () => {
    const messages = [...['go', 'self', 'again', 'stay', 'one', 'two', 'three', 'nothing', 'other', 'a', 'root', 'quiet', 'echo', 'nobody knows this'].map(type => ({ type })), { type: 'both', v: 1 }, { type: 'both', v: 3 }]
    for (const [name, machine] of Object.entries(handMade)) {
      it(name, () => {
        compareMachine(machine, [...messages, ...timerMessages(machine)], [undefined], 25, randomNumbers(1), noCounts(), name)
      })
    }

    it('300 generated machines', () => {
      const counts = noCounts()
      for (let seed = 1; seed <= 300; seed++) compareSeed(seed, 8, counts)
      expect(counts.pairs).to.be.greaterThan(90_000)
      expect(counts.throws).to.be.greaterThan(500)
    }).timeout(60_000)
  })

  it('runs exit, transition and entry actions in this order', () => {
    const behavior = compiled({ initial: 'a', states: { a: { exit: say(1), on: { go: { target: 'b', actions: say(2) } } }, b: { entry: say(3) } } })
    expect(run(behavior, 'go').calls).to.deep.equal(said(1, 2, 3))
  })

  it('neither leaves nor enters for a transition to the same state, unless it says reenter', () => {
    const behavior = compiled({ initial: 'a', states: { a: { entry: say(1), exit: say(2), on: { self: { target: 'a', actions: say(3) }, again: { target: 'a', reenter: true, actions: say(3) } } } } })
    expect(run(behavior, 'self').calls).to.deep.equal(said(3))
    expect(run(behavior, 'again').calls).to.deep.equal(said(2, 3, 1))
  })

  it('leaves and enters for a transition of the root, even to the same state', () => {
    const behavior = compiled({ initial: 'a', on: { go: '.a' }, states: { a: { entry: say(1), exit: say(2) } } })
    expect(run(behavior, 'go').calls).to.deep.equal(said(2, 1))
  })

  it('arms a timer on entry and cancels it on exit', () => {
    const behavior = compiled({ initial: 'a', states: { a: { after: { 10: 'b' } }, b: {} } })
    expect(run(behavior).calls).to.deep.equal([['timer', 'xstate.after.10.m.a', 10, { type: 'xstate.after.10.m.a' }]])
    expect(run(behavior, 'xstate.after.10.m.a').calls).to.deep.equal([['cancel', 'xstate.after.10.m.a']])
  })

  it('ends with the output of the machine, after the exit actions', () => {
    const behavior = compiled({ context: { n: 1 }, initial: 'a', exit: say(2), output: ({ context }: Args) => context.n, states: { a: { on: { go: 'b' } }, b: { type: 'final', exit: [count, say(1)] } } })
    expect(run(behavior, 'go')).to.deep.include({ finished: true, output: 1, calls: said(1, 2) })
  })

  it('throws what a start throws', () => {
    const behavior = compiled({ context: () => { throw new RangeError('no') }, initial: 'a', states: { a: {} } })
    expect(start(behavior, undefined).threw).to.be.instanceOf(RangeError)
  })

  it('keeps the error of a guard as the cause of its own', () => {
    const error = new RangeError('no')
    const behavior = compiled({ initial: 'a', states: { a: { on: { go: { guard: () => { throw error }, target: 'a' } } } } })
    expect(run(behavior, 'go').threw).to.be.an('error').with.property('cause', error)
  })

  it('cannot spawn', () => {
    const behavior = compiled({ context: {}, initial: 'a', states: { a: { on: { go: { actions: assign(({ spawn }) => ({ child: spawn('work' as never) })) } } } } })
    expect(run(behavior, 'go').threw).to.be.instanceOf(TypeError).with.property('message').that.matches(/a machine cannot spawn; declare an effect/)
  })

  it('gives functions their arguments in objects of their own', () => {
    const kept: object[] = []
    const behavior = compiled({ context: { n: 0 }, initial: 'a', states: { a: { on: { go: { guard: (args: Args) => { kept.push(args); return true }, actions: [assign((args: object) => { kept.push(args); return {} }), { type: 'e1', params: (args: Args) => { kept.push(args); return { a: 1 } } }] } } } } })
    run(behavior, 'go', 'go')
    expect(new Set(kept).size).to.equal(6)
  })

  it('has a name, options, accepted types and a description', () => {
    const behavior = compiledBehavior('x', machineOf({ initial: 'a', on: { r: {} }, states: { a: { on: { go: 'a' }, after: { 10: 'a' } } } }) as never, fx as never, { e0: () => {}, e1: () => {}, e2: () => {} }, { mailboxCapacity: 3 }) as Behavior<Message, unknown, State>
    expect(behavior.name).to.equal('x')
    expect(behavior.options).to.deep.equal({ mailboxCapacity: 3 })
    expect(behavior.accepts).to.deep.equal(new Set(['go', 'r']))
    expect(behavior.describe(run(behavior).state as State)).to.equal('a')
  })

  describe('makes no garbage:', () => {
    const behavior = compiled({
      context: { n: 0 },
      initial: 'a',
      options: { maxIterations: 10 },
      states: {
        a: { on: { effect: { actions: 'e0' }, self: 'a', raise: { actions: raise({ type: 'nobody' }) }, same: { target: 'a', reenter: true }, go: 'b', count: { actions: count }, no: { guard: () => false, target: 'b' } }, always: { guard: () => false, target: 'b' } },
        b: {}
      }
    })
    const { state } = run(behavior)

    for (const type of ['nobody', 'effect', 'self', 'raise', 'same', 'no']) {
      it(`keeps the state object when nothing changes (${type})`, () => {
        expect(step(behavior, state as State, { type }).state).to.equal(state)
      })
    }

    it('keeps the context object when nothing is assigned', () => {
      expect(step(behavior, state as State, { type: 'go' }).state?.context).to.equal(state?.context)
    })

    it('never changes a state', () => {
      const old = Object.freeze({ ...state as State, context: Object.freeze({ n: 5 }) })
      expect(step(behavior, old, { type: 'count' }).state?.context).to.deep.equal({ n: 6 })
      expect(old.context).to.deep.equal({ n: 5 })
    })
  })

  it('leaves a state that is done as it is', () => {
    const behavior = compiled({ initial: 'a', on: { go: { actions: 'e0' } }, states: { a: { type: 'final' } } })
    const { state } = run(behavior)
    expect(step(behavior, state as State, { type: 'go' })).to.deep.include({ state, calls: [], finished: false })
  })

  it('forgets what a step had raised before it threw', () => {
    const behavior = compiled({ context: { n: 0 }, initial: 'a', options: { maxIterations: 10 }, states: { a: { on: { go: { actions: [raise({ type: 'other' }), assign(() => { throw new RangeError('no') })] }, other: { actions: 'e0' }, fine: {} } } } })
    const { state } = run(behavior)
    expect(step(behavior, state as State, { type: 'go' }).threw).to.be.instanceOf(RangeError)
    expect(step(behavior, state as State, { type: 'fine' }).calls).to.deep.equal([])
  })

  describe('refuses, naming machine and state,', () => {
    const a = (state: object, root: object = {}): object => ({ initial: 'a', ...root, states: { a: state, b: {} } })
    const refused = (what: string, config: object, text: RegExp, implementations?: object): void => {
      it(what, () => {
        expect(() => compiled(config, implementations)).to.throw(TypeError, text)
      })
    }
    refused('nesting', a({ initial: 'c', states: { c: {} } }), /machine 'm', state 'm\.a': it has states of its own; run the machine with machineBehavior, or write it flat/)
    refused('parallel', a({ type: 'parallel', states: { c: {}, d: {} } }), /state 'm\.a': it is parallel/)
    refused('a parallel root', { type: 'parallel', states: { a: {}, b: {} } }, /state 'm': it is parallel/)
    refused('a history state', a({ type: 'history' }, { initial: 'b' }), /state 'm\.a': it is a history state/)
    refused('a machine without states', {}, /state 'm': the machine has no states/)
    refused('invoke', a({ invoke: { src: 'work' } }), /state 'm\.a': it has 'invoke'/)
    refused('a wildcard', a({ on: { '*': 'b' } }), /state 'm\.a': it has a transition for '\*'/)
    refused('a partial wildcard', a({ on: { 'a.*': 'b' } }), /state 'm\.a': it has a transition for 'a\.\*'/)
    refused('several targets', a({ on: { go: { target: ['a', 'b'] } } }), /state 'm\.a': a transition has several targets/)
    refused('a target inside another state', { initial: 'a', states: { a: { on: { go: '#deep' } }, b: { initial: 'c', states: { c: { id: 'deep' } } } } }, /state 'm\.a': a transition leads into another state, 'deep'/)
    refused('the root as a target', a({ on: { go: '#m' } }), /state 'm\.a': a transition leads to the root/)
    refused('always at the root', a({}, { always: { guard: () => false, target: '.b' }, options: { maxIterations: 9 } }), /state 'm': the root has 'always'; put 'always' into the states/)
    refused('after at the root', a({}, { after: { 10: '.b' } }), /state 'm': the root has 'after'/)
    refused('reenter at the root', a({}, { on: { go: { target: '.b', reenter: true } } }), /state 'm': a transition of the root has 'reenter'/)
    refused('always without a limit', a({ always: { guard: () => false, target: 'b' } }), /state 'm\.a': it has 'always' and the machine has no finite 'options\.maxIterations'/)
    refused('raise without delay and limit', a({ entry: raise({ type: 'x' }) }), /state 'm\.a': it has 'raise' without a delay/)
    refused('a delayed raise without an id', a({ entry: raise({ type: 'x' }, { delay: 5 }) }), /state 'm\.a': it has a delayed 'raise' without an id/)
    refused('an inline effect', a({ entry: () => {} }), /state 'm\.a': it has the inline action 'entry'; declare an effect/)
    refused('enqueueActions', a({ entry: enqueueActions(() => {}) }), /state 'm\.a': it has the action 'xstate\.enqueueActions', which is not compiled/)
    refused('enqueueActions under a name', a({ entry: 'many' }), /state 'm\.a': it has the action 'xstate\.enqueueActions'/, { actions: { many: enqueueActions(() => {}) } })
    refused('sendTo', a({ entry: sendTo(() => ({}) as never, { type: 'x' } as never) }), /state 'm\.a': it has the action 'xstate\.sendTo', which is not compiled; declare an effect/)
    refused('spawnChild', a({ exit: spawnChild('work') }), /state 'm\.a': it has the action 'xstate\.spawnChild'/)
    refused('stopChild', a({ on: { go: { actions: stopChild('work') } } }), /state 'm\.a': it has the action 'xstate\.stopChild'/)
    refused('stateIn', a({ on: { go: { guard: stateIn('a'), target: 'b' } } }), /state 'm\.a': it has a guard that is none of and, or and not/)
    refused('stateIn deep inside', a({ on: { go: { guard: and([not(stateIn('a') as never)] as never), target: 'b' } } }), /none of and, or and not/)
    refused('a guard combinator of a later XState', a({ on: { go: { guard: Object.assign(() => false, { check: () => true, guards: [] }), target: 'b' } } }), /none of and, or and not/)
    refused('a guard made of itself', a({ on: { go: { guard: 'g', target: 'b' } } }), /state 'm\.a': one of its named guards is made of itself/, { guards: { g: not('g' as never) } })
    refused('parameters for a combined guard', a({ on: { go: { guard: { type: 'g', params: {} }, target: 'b' } } }), /state 'm\.a': it gives parameters to a guard made by and, or or not/, { guards: { g: not(() => true) } })
    refused('an action that nobody implements', a({ entry: 'ring' }), /state 'm\.a': the action 'ring' has no implementation/)
    refused('an effect that was not declared', a({ entry: 'ring' }), /state 'm\.a': the action 'ring' is implemented by a function that effects\(\) did not make/, { actions: { ring: () => {} } })
    refused('a guard that nobody implements', a({ on: { go: { guard: 'ready', target: 'b' } } }), /state 'm\.a': the guard 'ready' has no implementation/)
    refused('a guard that nobody implements, deep inside', a({ on: { go: { guard: or(['ready'] as never), target: 'b' } } }), /state 'm\.a': the guard 'ready' has no implementation/)
    refused('a delay that nobody implements', a({ after: { soon: 'b' } }), /state 'm\.a': the delay 'soon' has no implementation/)
    refused('an assignment of nothing', a({ entry: assign(undefined as never) }), /state 'm\.a': it assigns undefined/)
    refused('a state that waits for its own end', a({ onDone: 'b' }), /state 'm\.a': it has 'onDone', which is not compiled/)
    refused('a transition for an event of XState', a({ on: { 'xstate.done.actor.x': 'b' } }), /state 'm\.a': it has a transition for 'xstate\.done\.actor\.x', which belongs to XState/)
    refused('a route', a({ id: 'r', route: {} }), /state 'm': it has a transition for 'xstate\.route'/)
    refused('an initial without states', a({ initial: 'c' }), /state 'm\.a': it has 'initial', which is not compiled/)
    refused('a field of a later XState', a({ gravity: 9.81 }), /state 'm\.a': it has 'gravity', which is not compiled/)
    refused('a field of a later XState, in a transition', a({ on: { go: { target: 'b', weight: 1 } } }), /state 'm\.a': a transition has 'weight', which is not compiled/)
    refused('a creator of a later XState', a({ entry: Object.assign(() => {}, { type: 'xstate.teleport', resolve: () => [] }) }), /state 'm\.a': it has the action 'xstate\.teleport', which is not compiled/)

    refused('what no transition leads to', { initial: 'a', states: { a: {}, b: { entry: () => {} } } }, /state 'm\.b': it has the inline action/)

    it('an unknown option, a missing and an excess handler', () => {
      const handlers = { e0: () => {}, e1: () => {}, e2: () => {} }
      const make = (handlers: object, options?: object): unknown => compiledBehavior('x', machineOf(a({})) as never, fx as never, handlers as never, options as never)
      expect(() => make(handlers, { mailboxCapcity: 1 })).to.throw(TypeError, /compiled behaviour 'x': unknown option 'mailboxCapcity'/)
      expect(() => make({ e0: () => {} })).to.throw(TypeError, /compiled behaviour 'x': no handler for the effect 'e1', 'e2'/)
      expect(() => make({ ...handlers, ring: () => {} })).to.throw(TypeError, /the handler 'ring' is for no declared effect/)
    })
  })

  it('compiles to a pair of functions for those who need no behaviour', () => {
    const fx = effects<{ beep: undefined }>({ beep: true })
    const machine = setup({ types: {}, actions: { ...fx } }).createMachine({ initial: 'a', states: { a: { on: { go: 'b' } }, b: { entry: 'beep' } } })
    const { initial, step } = compile(machine, fx, { beep: () => {} })
    expect(step(initial(undefined, new Out()), { type: 'go' }, new Out()).row.key).to.equal('b')
  })
})
