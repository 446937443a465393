/** Reducers: what they take, what they refuse, and that they are ordinary behaviours. Design: 4.4. */
import { expect } from 'chai'
import type { Out } from '../../../src/runtime/behavior/out.js'
import { reducer } from '../../../src/runtime/behavior/reducer.js'
import { note, start, step } from './fake-actor.js'

interface Counter { readonly count: number }
type CounterMessage = { readonly type: 'add', readonly n: number } | { readonly type: 'print' } | { readonly type: 'end' } | { readonly type: 'fail' }
interface CounterEffects { print: { readonly text: string }, beep: undefined }

const counter = reducer({
  name: 'counter',
  initial (start: number, out: Out<CounterEffects>): Counter {
    if (start < 0) throw new RangeError('starts below zero')
    if (start > 9) out.done('too much')
    out.do('beep')
    return { count: start }
  },
  step (state, message: CounterMessage, out: Out<CounterEffects>) {
    switch (message.type) {
      case 'add': return { count: state.count + message.n }
      case 'print':
        out.do('print', { text: `${state.count}` })
        out.do('beep')
        return state
      case 'end':
        out.done(state.count)
        return state
      case 'fail':
        out.do('beep')
        throw new Error('failed')
    }
  },
  effects: {
    print: (_actor, { text }) => { note('print', text) },
    beep: () => { note('beep') }
  },
  accepts: ['add', 'print', 'end', 'fail'],
  describe: state => state.count,
  mailboxCapacity: 7
})

describe('reducer', () => {
  it('starts from its input', () => {
    expect(start(counter, 2)).to.deep.equal({ state: { count: 2 }, threw: undefined, finished: false, output: undefined, calls: [['beep']] })
  })

  it('may be done at once', () => {
    expect(start(counter, 10)).to.include({ finished: true, output: 'too much' })
  })

  it('may fail to start', () => {
    expect(start(counter, -1).threw).to.be.instanceOf(RangeError)
  })

  it('steps from state to state', () => {
    expect(step(counter, { count: 2 }, { type: 'add', n: 3 }).state).to.deep.equal({ count: 5 })
  })

  it('asks for effects in order, with their parameters', () => {
    expect(step(counter, { count: 2 }, { type: 'print' }).calls).to.deep.equal([['print', '2'], ['beep']])
  })

  it('keeps the state object when nothing changes', () => {
    const state = { count: 2 }
    expect(step(counter, state, { type: 'print' }).state).to.equal(state)
  })

  it('ends with an output', () => {
    expect(step(counter, { count: 2 }, { type: 'end' })).to.include({ finished: true, output: 2 })
  })

  it('does nothing of what it asked for when it throws', () => {
    const { threw, calls } = step(counter, { count: 2 }, { type: 'fail' })
    expect(threw).to.be.an('error')
    expect(calls).to.deep.equal([])
  })

  it('has a name, options, accepted types and a description', () => {
    expect(counter.name).to.equal('counter')
    expect(counter.options).to.deep.equal({ mailboxCapacity: 7 })
    expect(counter.accepts).to.deep.equal(new Set(['add', 'print', 'end', 'fail']))
    expect(counter.describe({ count: 4 })).to.equal(4)
  })

  it('takes any message and describes the whole state when nothing else is said', () => {
    const plain = reducer({ name: 'plain', initial: () => 1, step: (n: number) => n + 1 })
    expect(plain.accepts).to.equal(undefined)
    expect(plain.describe(3)).to.equal(3)
    expect(plain.handlers).to.deep.equal({})
    expect(step(plain, 1, { type: 'any' }).state).to.equal(2)
  })

  it('keeps its own copy of handlers and options', () => {
    const effects = { beep: () => { note('first') } }
    const definition = { name: 'own', initial: () => 0, step: (n: number, _message: { readonly type: 'beep' }, out: Out<{ beep: undefined }>) => { out.do('beep'); return n }, effects, stopGraceMs: 5 }
    const own = reducer(definition)
    effects.beep = () => { note('second') }
    definition.stopGraceMs = 6
    expect(step(own, 0, { type: 'beep' }).calls).to.deep.equal([['first']])
    expect(own.options.stopGraceMs).to.equal(5)
  })

  describe('refuses', () => {
    const parts = { name: 'x', initial: () => 0, step: (n: number) => n }
    const refused = (what: string, extra: object, error: typeof TypeError | typeof RangeError, text: RegExp): void => {
      it(what, () => {
        expect(() => reducer({ ...parts, ...extra })).to.throw(error, text)
      })
    }
    refused('an unknown option', { mailboxCapcity: 5 }, TypeError, /reducer 'x': unknown option 'mailboxCapcity'; known are name, initial/)
    refused('an empty name', { name: '' }, TypeError, /a behaviour needs a name/)
    refused('no step', { step: undefined }, TypeError, /'step' must be a function/)
    refused('no initial', { initial: 0 }, TypeError, /'initial' must be a function/)
    refused('a describe that is no function', { describe: 'count' }, TypeError, /'describe' must be a function/)
    refused('a handler that is no function', { effects: { beep: true } }, TypeError, /handler of effect 'beep' must be a function/)
    refused('handlers that are no object', { effects: null }, TypeError, /handlers must be an object; got null/)
    refused('accepted types that are no list', { accepts: 'add' }, TypeError, /'accepts' must be a list/)
    refused('accepted types that belong to XState', { accepts: ['xstate.stop'] }, TypeError, /'accepts' holds xstate.stop/)
    refused('a mailbox without room', { mailboxCapacity: 0 }, RangeError, /'mailboxCapacity' must be a number, at least 1; got 0/)
    refused('a negative grace', { stopGraceMs: -1 }, RangeError, /'stopGraceMs'/)
    refused('a crash grace that is no number', { crashGraceMs: '5' }, RangeError, /'crashGraceMs'/)
    refused('a stop message that is no function', { stopMessage: { type: 'end' } }, TypeError, /'stopMessage' must be a function/)
    refused('a listener that is no function', { emitted: {} }, TypeError, /'emitted' must be a function/)
    refused('a supervision that is no object', { supervision: 'one-for-one' }, TypeError, /'supervision' must be an object/)
    refused('an unknown overflow policy', { overflow: 'dropNewest' }, TypeError, /'overflow' must be one of 'reject', 'dropOldest', 'crash', or \{ coalesce/)
  })

  it('takes every option of behaviours', () => {
    const options = { mailboxCapacity: 1, overflow: { coalesce: () => 1 }, stopMessage: () => ({ type: 'end' }), stopGraceMs: 0, crashGraceMs: 0, emitted: () => {} } as const
    expect(reducer({ name: 'x', initial: () => 0, step: (n: number) => n, ...options }).options).to.deep.equal(options)
  })

  it('crashes at an effect without a handler', () => {
    const wrong = reducer({ name: 'x', initial: () => 0, step: (n: number, _message, out) => { (out as unknown as Out<{ ring: undefined }>).do('ring'); return n } })
    expect(step(wrong, 0, { type: 'go' }).threw).to.be.instanceOf(TypeError)
  })
})
