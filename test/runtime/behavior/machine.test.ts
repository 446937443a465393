/**
 * Machines through XState: what each thing in a machine becomes, and what is refused when the behaviour is made.
 * Table: `src/runtime/behavior/machine.ts`; facts: kernel.md 2.1.
 */
import { expect } from 'chai'
import { assign, cancel, createMachine, emit, enqueueActions, forwardTo, fromPromise, log, raise, sendParent, sendTo, setup, spawnChild, stopChild } from 'xstate'
import type { AnyStateMachine } from 'xstate'
import type { Behavior } from '../../../src/runtime/behavior/behavior.js'
import { effects } from '../../../src/runtime/behavior/effects.js'
import { machineBehavior } from '../../../src/runtime/behavior/machine.js'
import type { MachineState } from '../../../src/runtime/behavior/machine.js'
import type { Message } from '../../../src/runtime/message.js'
import type { Tellable } from '../../../src/runtime/ref.js'
import { note, start, step } from './fake-actor.js'

const fx = effects<{ open: { readonly id: number }, close: undefined }>({ open: true, close: true })
const handlers = {
  open: (_actor: unknown, params: { readonly id: number }) => { note('open', params) },
  close: (_actor: unknown, params: unknown) => { note('close', params) }
}

type State = MachineState<Record<string, unknown>, Message, string, unknown>

/** A behaviour of a machine whose types do not matter here. */
function behaviorOf (config: object, implementations: object = {}): Behavior<Message, unknown, State> {
  const { actions, ...others } = implementations as { actions?: object }
  const machine = createMachine({ id: 'm', ...config } as never, { actions: { ...fx, ...actions }, ...others } as never)
  return machineBehavior('m', machine as AnyStateMachine as never, fx as never, handlers as never) as unknown as Behavior<Message, unknown, State>
}

/** Starts it and sends it messages; returns the last outcome. */
function run (behavior: Behavior<Message, unknown, State>, ...messages: readonly Message[]): ReturnType<typeof start<Message, unknown, State>> {
  let outcome = start(behavior, undefined)
  for (const message of messages) outcome = step(behavior, outcome.state as State, message)
  return outcome
}

/** What a machine asks for when `go` comes. */
const asked = (actions: unknown, implementations?: object): readonly unknown[] =>
  run(behaviorOf({ context: { n: 1 }, on: { go: { actions } }, options: { maxIterations: 10 } }, implementations), { type: 'go' }).calls

describe('machineBehavior', () => {
  describe('turns', () => {
    it('a declared effect into a call of its handler', () => {
      expect(asked('close')).to.deep.equal([['close', undefined]])
    })

    it('parameters into values, with the context of their place in the list', () => {
      const params = ({ context }: { context: { n: number } }): object => ({ id: context.n })
      expect(asked([{ type: 'open', params }, assign({ n: 2 }), { type: 'open', params }])).to.deep.equal([['open', { id: 1 }], ['open', { id: 2 }]])
    })

    it('a delayed raise into a timer', () => {
      expect(asked(raise({ type: 'later' }, { delay: 5, id: 't' }))).to.deep.equal([['timer', 't', 5, { type: 'later' }]])
    })

    it('a named delay into its value', () => {
      const delays = { twice: ({ context }: { context: { n: number } }) => context.n * 2 }
      expect(asked(raise({ type: 'later' }, { delay: 'twice' as never, id: 't' }), { delays })).to.deep.equal([['timer', 't', 2, { type: 'later' }]])
    })

    it('a raise without delay into nothing: it has been handled in the same step', () => {
      const behavior = behaviorOf({ initial: 'a', options: { maxIterations: 10 }, states: { a: { on: { go: { actions: raise({ type: 'on' }) }, on: 'b' } }, b: {} } })
      const { state, calls } = run(behavior, { type: 'go' })
      expect(behavior.describe(state as State)).to.equal('b')
      expect(calls).to.deep.equal([])
    })

    it('after into a timer on entry and a cancel on exit', () => {
      const behavior = behaviorOf({ initial: 'a', states: { a: { after: { 10: 'b' }, on: { go: 'b' } }, b: {} } })
      expect(run(behavior).calls).to.deep.equal([['timer', 'xstate.after.10.m.a', 10, { type: 'xstate.after.10.m.a' }]])
      expect(run(behavior, { type: 'go' }).calls).to.deep.equal([['cancel', 'xstate.after.10.m.a']])
      const fired = run(behavior, { type: 'xstate.after.10.m.a' })
      expect(behavior.describe(fired.state as State)).to.equal('b')
    })

    it('cancel into cancel', () => {
      expect(asked([cancel('t'), cancel(() => 'u')])).to.deep.equal([['cancel', 't'], ['cancel', 'u']])
    })

    it('emit into emit', () => {
      expect(asked(emit({ type: 'news' }))).to.deep.equal([['emit', { type: 'news' }]])
    })

    it('sendTo into tell, in order', () => {
      const to: Tellable = { tell: message => { note('told', message); return true } }
      expect(asked(['close', sendTo(to as never, { type: 'hello' } as never), 'close'])).to.deep.equal([['close', undefined], ['told', { type: 'hello' }], ['close', undefined]])
    })

    it('log into nothing', () => {
      expect(asked(log('text'))).to.deep.equal([])
    })

    it('what enqueueActions enqueues into what it is', () => {
      expect(asked(enqueueActions(({ enqueue }) => {
        enqueue('close')
        enqueue.raise({ type: 'later' }, { delay: 1, id: 't' })
      }))).to.deep.equal([['close', undefined], ['timer', 't', 1, { type: 'later' }]])
    })

    it('a final state into the end, with the output of the machine', () => {
      const behavior = behaviorOf({ context: { n: 3 }, initial: 'a', output: ({ context }: { context: { n: number } }) => context.n, states: { a: { on: { go: 'b' } }, b: { type: 'final', entry: 'close' } } })
      expect(run(behavior, { type: 'go' })).to.deep.include({ finished: true, output: 3, calls: [['close', undefined]] })
    })

    it('a final first state into an end at once', () => {
      expect(run(behaviorOf({ initial: 'a', output: 'over', states: { a: { type: 'final' } } }))).to.include({ finished: true, output: 'over' })
    })
  })

  it('starts from its input', () => {
    const behavior = behaviorOf({ context: ({ input }: { input: number }) => ({ n: input }) })
    expect(start(behavior, 4).state?.context).to.deep.equal({ n: 4 })
  })

  it('describes a state by its value', () => {
    const behavior = behaviorOf({ initial: 'a', states: { a: { initial: 'b', states: { b: {} } } } })
    expect(behavior.describe(run(behavior).state as State)).to.deep.equal({ a: 'b' })
  })

  it('accepts what the machine has transitions for, in any state, and nothing of XState', () => {
    const behavior = behaviorOf({
      initial: 'a',
      on: { r: {} },
      states: { a: { on: { x: 'b' }, after: { 10: 'b' } }, b: { initial: 'c', onDone: 'a', states: { c: { on: { y: 'd', never: undefined } }, d: { type: 'final' } } } }
    })
    expect(behavior.accepts).to.deep.equal(new Set(['r', 'x', 'y', 'never']))
  })

  it('leaves a machine that is done as it is, also with transitions at the root', () => {
    const behavior = behaviorOf({ initial: 'a', on: { go: { actions: 'close' } }, states: { a: { type: 'final' } } })
    const { state } = run(behavior)
    expect(step(behavior, state as State, { type: 'go' })).to.deep.include({ state, calls: [], finished: false })
  })

  describe('lets a throw through, with nothing done,', () => {
    const failing = (): never => { throw new RangeError('no') }
    const threw = (config: object, implementations?: object): unknown => run(behaviorOf({ context: { n: 1 }, ...config }, implementations), { type: 'go' }).threw

    it('from assign', () => {
      expect(threw({ on: { go: { actions: ['close', assign(failing)] } } })).to.be.instanceOf(RangeError)
    })

    it('from parameters', () => {
      expect(threw({ on: { go: { actions: { type: 'open', params: failing } } } })).to.be.instanceOf(RangeError)
    })

    it('from a guard, in the words of XState', () => {
      expect(threw({ on: { go: { guard: 'g', actions: 'close' } } }, { guards: { g: failing } })).to.be.an('error').with.property('message', "Unable to evaluate guard 'g' in transition for event 'go' in state node 'm':\nno")
    })

    it('from the context, at start', () => {
      expect(run(behaviorOf({ context: failing })).threw).to.be.instanceOf(RangeError)
    })

    it('from a cycle', () => {
      const always = (target: string): object => ({ always: target })
      const { threw } = run(behaviorOf({ initial: 'a', options: { maxIterations: 7 }, states: { a: always('b'), b: always('a') } }))
      expect(threw).to.be.an('error').with.property('message').that.matches(/more than 7 microsteps/)
    })

    it('from a spawn, saying what to do instead', () => {
      const actors = { work: fromPromise(async () => 1) }
      const spawning = assign({ child: ({ spawn }: { spawn: (src: string) => unknown }) => spawn('work') })
      expect(threw({ on: { go: { actions: spawning } } }, { actors })).to.be.instanceOf(TypeError).with.property('message').that.matches(/a machine cannot spawn; declare an effect/)
      expect(run(behaviorOf({ context: ({ spawn }: { spawn: (src: string) => unknown }) => ({ child: spawn('work') }) }, { actors })).threw).to.be.instanceOf(TypeError)
    })

    it('from a negative delay', () => {
      expect(threw({ on: { go: { actions: raise({ type: 'later' }, { delay: -1, id: 't' }) } } })).to.be.instanceOf(RangeError)
    })

    it('and goes on from the old state', () => {
      const behavior = behaviorOf({ context: { n: 1 }, on: { go: { actions: assign(failing) }, ok: { actions: 'close' } } })
      const { state } = run(behavior)
      expect(step(behavior, state as State, { type: 'go' }).threw).to.be.instanceOf(RangeError)
      expect(step(behavior, state as State, { type: 'ok' }).calls).to.deep.equal([['close', undefined]])
    })
  })

  it('does not let an event of XState end the actor', () => {
    const behavior = behaviorOf({})
    const { state } = run(behavior)
    expect(step(behavior, state as State, { type: 'xstate.stop' }).threw).to.be.instanceOf(TypeError)
    expect(step(behavior, state as State, { type: 'xstate.error.actor.x', error: new RangeError('theirs') } as Message).threw).to.be.instanceOf(RangeError)
  })

  describe('refuses, naming the state,', () => {
    const inState = (state: object, root: object = {}): object => ({ initial: 'a', ...root, states: { a: state, b: {} } })
    const refused = (what: string, config: object, text: RegExp, implementations?: object): void => {
      it(what, () => {
        expect(() => behaviorOf(config, implementations)).to.throw(TypeError, text)
      })
    }
    refused('invoke', inState({ invoke: { src: 'work' } }), /machine 'm', state 'm\.a': it has 'invoke'; start the work or the child in the handler/, { actors: { work: fromPromise(async () => 1) } })
    refused('a wildcard', inState({ on: { '*': 'b' } }), /state 'm\.a': it has a transition for '\*'; write the event types out/)
    refused('a partial wildcard', inState({ on: { 'link.*': 'b' } }), /state 'm\.a': it has a transition for 'link\.\*'/)
    refused('a wildcard deep down', { initial: 'a', states: { a: { initial: 'b', states: { b: { on: { '*': 'c' } }, c: {} } } } }, /state 'm\.a\.b'/)
    refused('always without a limit', inState({ always: { guard: () => false, target: 'b' } }), /state 'm\.a': it has 'always' and the machine has no finite 'options\.maxIterations'; set it/)
    refused('a limit without end', inState({ always: { guard: () => false, target: 'b' } }, { options: { maxIterations: Infinity } }), /maxIterations/)
    refused('a limit that always strikes', inState({ always: { guard: () => false, target: 'b' } }, { options: { maxIterations: 0 } }), /maxIterations/)
    refused('raise without delay and limit', inState({ entry: raise({ type: 'x' }) }), /state 'm\.a': it has 'raise' without a delay and the machine has no finite 'options\.maxIterations'/)
    refused('a delayed raise without an id', inState({ entry: raise({ type: 'x' }, { delay: 5 }) }), /state 'm\.a': it has a delayed 'raise' without an id; give it one/)
    refused('a text raised', inState({ entry: raise('x' as never) }), /state 'm\.a': it raises 'x' as a text; raise\(\{ type: 'x' \}\)/)
    refused('a delay that nobody implements', inState({ entry: raise({ type: 'x' }, { delay: 'soon' as never, id: 't' }) }), /state 'm\.a': the delay 'soon' has no implementation/)
    refused('an after that nobody implements', inState({ after: { soon: 'b' } }), /state 'm\.a': the delay 'soon' has no implementation/)
    refused('cancel without an id', inState({ entry: cancel(undefined as never) }), /state 'm\.a': it has 'cancel' without an id/)
    refused('an inline action', inState({ entry: () => {} }), /state 'm\.a': it has the inline action 'entry'; declare an effect/)
    refused('an inline action without a name', inState({ on: { x: { actions: [() => {}] } } }), /state 'm\.a': it has the inline action '\(anonymous\)'/)
    refused('an inline action at the root', { initial: { target: 'a', actions: [() => {}] }, states: { a: {} } }, /state 'm': it has the inline action/)
    refused('an inline action on the way out', inState({ exit: function close () {} }), /state 'm\.a': it has the inline action 'close'/)
    refused('an action that nobody implements', inState({ entry: 'ring' }), /state 'm\.a': the action 'ring' has no implementation; declare it with effects\(\)/)
    refused('an action that only every object inherits', inState({ entry: 'constructor' }), /the action 'constructor' has no implementation/)
    refused('an effect that was not declared', inState({ entry: { type: 'ring' } }), /state 'm\.a': the action 'ring' is implemented by a function that effects\(\) did not make/, { actions: { ring: () => {} } })
    refused('an effect that was implemented anew', inState({ entry: 'close' }), /state 'm\.a': the action 'close' is implemented by a function that effects\(\) did not make/, { actions: { close: () => {} } })
    refused('spawnChild', inState({ entry: spawnChild('work') }), /state 'm\.a': it has the action 'xstate\.spawnChild'; declare an effect/)
    refused('spawnChild under a name', inState({ entry: 'spawn' }), /state 'm\.a': it has the action 'xstate\.spawnChild'/, { actions: { spawn: spawnChild('work') } })
    refused('stopChild', inState({ exit: stopChild('work') }), /state 'm\.a': it has the action 'xstate\.stopChild'/)
    refused('sendTo with a delay', inState({ entry: sendTo(() => ({}) as never, { type: 'x' } as never, { delay: 1 }) }), /state 'm\.a': it has 'sendTo' with a delay/)
    refused('sendTo to a name', inState({ entry: forwardTo('work') }), /state 'm\.a': it has 'sendTo' to the name 'work'/)
    refused('sendParent', inState({ entry: sendParent({ type: 'x' }) }), /state 'm\.a': it has 'sendTo' to the name '#_parent'/)
    refused('a guard that nobody implements', inState({ on: { x: { guard: 'ready', target: 'b' } } }), /state 'm\.a': the guard 'ready' has no implementation/)
    refused('a creator of a later XState', inState({ entry: Object.assign(() => {}, { type: 'xstate.teleport', resolve: () => [] }) }), /state 'm\.a': it has the action 'xstate\.teleport', which the kernel does not know/)

    it('an unknown option, a missing and an excess handler', () => {
      const machine = createMachine({}, { actions: { ...fx } as never })
      const make = (handlers: object, options?: object): unknown => machineBehavior('m', machine as never, fx as never, handlers as never, options as never)
      expect(() => make(handlers, { mailboxCapcity: 1 })).to.throw(TypeError, /machine behaviour 'm': unknown option 'mailboxCapcity'/)
      expect(() => make({ open: handlers.open })).to.throw(TypeError, /machine behaviour 'm': no handler for the effect 'close'/)
      expect(() => make({ ...handlers, ring: () => {} })).to.throw(TypeError, /machine behaviour 'm': the handler 'ring' is for no declared effect/)
      expect(() => make({ ...handlers, close: true })).to.throw(TypeError, /handler of effect 'close' must be a function/)
    })
  })

  describe('refuses at run time what only enqueueActions can bring', () => {
    const refused = (what: string, enqueue: (enqueue: never) => void, text: RegExp): void => {
      it(what, () => {
        const behavior = behaviorOf({ on: { go: { actions: enqueueActions(({ enqueue: it }) => { enqueue(it as never) }) } } }, { actors: { work: fromPromise(async () => 1) } })
        expect(run(behavior, { type: 'go' }).threw).to.be.instanceOf(TypeError).with.property('message').that.matches(text)
      })
    }
    type Enqueue = ((action: unknown) => void) & { raise: (...args: unknown[]) => void, spawnChild: (src: string) => void, stopChild: (id: string) => void, sendTo: (...args: unknown[]) => void, cancel: (id: unknown) => void }
    refused('an inline action, also one named like an effect', (enqueue: Enqueue) => { enqueue(function close () {}) }, /the action 'close' is not a declared effect/)
    refused('an action that nobody implements', (enqueue: Enqueue) => { enqueue('ring') }, /the action 'ring' is not a declared effect/)
    refused('a child', (enqueue: Enqueue) => { enqueue.spawnChild('work') }, /a machine cannot spawn/)
    refused('the end of a child', (enqueue: Enqueue) => { enqueue.stopChild('work') }, /the action 'xstate\.stopChild' is not a declared effect/)
    refused('a delayed raise without an id', (enqueue: Enqueue) => { enqueue.raise({ type: 'x' }, { delay: 1 }) }, /a delayed raise of 'x' has no id/)
    refused('a cancel without an id', (enqueue: Enqueue) => { enqueue.cancel(undefined) }, /cancel needs the id of a timer/)
    refused('a delayed sendTo', (enqueue: Enqueue) => { enqueue.sendTo({ tell: () => true }, { type: 'x' }, { delay: 1 }) }, /sendTo of 'x' has a delay/)
    refused('a sendTo to nobody', (enqueue: Enqueue) => { enqueue.sendTo(undefined, { type: 'x' }) }, /sendTo of 'x' needs a ref/)
  })

  it('works with setup, as one writes it', () => {
    const types = {} as { context: { readonly count: number }, events: { type: 'link.open', id: number } | { type: 'link.close' }, input: { start: number }, output: number }
    const parts = setup({
      types,
      actions: { ...fx, count: assign({ count: ({ context }) => context.count + 1 }) },
      guards: { crowded: ({ context }, { limit }: { limit: number }) => context.count >= limit }
    })
    const link = machineBehavior('link', parts.createMachine({
      id: 'link',
      context: ({ input }) => ({ count: input.start }),
      initial: 'open',
      output: ({ context }) => context.count,
      states: {
        open: {
          on: {
            'link.open': [
              { guard: { type: 'crowded', params: { limit: 2 } }, target: 'closed' },
              { actions: ['count', { type: 'open', params: ({ event }) => ({ id: event.id }) }] }
            ],
            'link.close': 'closed'
          }
        },
        closed: { type: 'final', entry: 'close' }
      }
    }), fx, handlers)
    const first = step(link, start(link, { start: 1 }).state!, { type: 'link.open', id: 7 })
    expect(first.calls).to.deep.equal([['open', { id: 7 }]])
    const second = step(link, first.state!, { type: 'link.open', id: 8 })
    expect(second).to.deep.include({ finished: true, output: 2, calls: [['close', undefined]] })
    expect(link.accepts).to.deep.equal(new Set(['link.open', 'link.close']))
  })
})
