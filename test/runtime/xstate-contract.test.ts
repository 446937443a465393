/**
 * What we rely on in XState, fact by fact. When an upgrade turns a test red, `src/runtime/behavior/machine.ts` and
 * `compile.ts` (with `definition.ts`, `operations.ts`, `table.ts`) are what to look at. XState drifts inside minor
 * versions, and part of this is internal by name, so the version is pinned exactly (kernel.md 2.1, 2.2, 2.4; design 4.4).
 *
 * Only the last block uses code of ours.
 */
import { createRequire } from 'node:module'
import { expect } from 'chai'
import { and, assign, cancel, createMachine, emit, enqueueActions, fromPromise, log, not, or, raise, sendParent, sendTo, setup, spawnChild, stateIn, stopChild } from 'xstate'
import { compiledBehavior } from '../../src/runtime/behavior/compile.js'
import { effects } from '../../src/runtime/behavior/effects.js'
import { machineBehavior } from '../../src/runtime/behavior/machine.js'

interface Action { readonly type: string, readonly params: unknown, readonly info: Record<string, unknown>, readonly exec: unknown }
interface Event { readonly type: string, readonly [field: string]: unknown }
interface Snapshot { readonly status: string, readonly value: unknown, readonly context: Record<string, unknown>, readonly output: unknown, readonly error: unknown }
interface Scope { self: object, system: object, actionExecutor: (action: Action) => void }
interface Logic {
  getInitialSnapshot: (scope: object, input?: unknown) => Snapshot
  transition: (snapshot: Snapshot, event: Event, scope: object) => Snapshot
}
interface Args { readonly context: { readonly n: number }, readonly event: Event }

const logicOf = (config: object, implementations: object = {}): Logic => createMachine({ id: 'm', ...config } as never, implementations as never) as unknown as Logic

/** One machine, one reused scope, and what the executor got in the last call. */
function drive (config: object, implementations?: object): { readonly logic: Logic, readonly scope: Scope, readonly got: Action[], readonly start: (input?: unknown) => Snapshot, readonly send: (snapshot: Snapshot, event: string | Event) => Snapshot } {
  const logic = logicOf(config, implementations)
  const got: Action[] = []
  const scope: Scope = { self: {}, system: { _sendInspectionEvent () {} }, actionExecutor: action => { got.push(action) } }
  return {
    logic,
    scope,
    got,
    start: input => {
      got.length = 0
      return logic.getInitialSnapshot(scope, input)
    },
    send: (snapshot, event) => {
      got.length = 0
      return logic.transition(snapshot, typeof event === 'string' ? { type: event } : event, scope)
    }
  }
}

/** What the executor gets for `actions` of a transition: types and parameters. */
function got (actions: unknown, implementations?: object, root: object = {}): readonly unknown[] {
  return infos(actions, implementations, root).map(({ type, params }) => [type, params])
}

function infos (actions: unknown, implementations?: object, root: object = {}): readonly Action[] {
  const machine = drive({ context: { n: 1 }, on: { go: { actions } }, ...root }, implementations)
  machine.send(machine.start(), 'go')
  return machine.got.slice()
}

/** Records which members of an object are read, written or listed. */
function watched<T extends object> (target: T, touched: Set<string>, prefix: string): T {
  const note = (key: string | symbol): void => { touched.add(prefix + String(key)) }
  return new Proxy(target, {
    get: (object, key, receiver) => { note(key); return Reflect.get(object, key, receiver) as unknown },
    set: (object, key, value, receiver) => { note(`${String(key)}=`); return Reflect.set(object, key, value, receiver) },
    has: (object, key) => { note(key); return Reflect.has(object, key) },
    ownKeys: object => { note('*'); return Reflect.ownKeys(object) },
    defineProperty: (object, key, descriptor) => Reflect.defineProperty(object, key, descriptor)
  })
}

const failing = (): never => { throw new RangeError('no') }

describe('the contract with XState', () => {
  it('is with version 5.33.3', () => {
    expect((createRequire(import.meta.url)('xstate/package.json') as { version: string }).version).to.equal('5.33.3')
  })

  describe('the scope', () => {
    const everything = {
      context: { n: 0 },
      initial: 'a',
      options: { maxIterations: 10 },
      output: 1,
      exit: 'x',
      states: {
        a: {
          entry: ['x', { type: 'x', params: () => 1 }, assign({ n: 1 }), log('text'), emit({ type: 'news' }), raise({ type: 'later' }, { delay: 1, id: 't' })],
          exit: cancel('t'),
          after: { 10: 'b' },
          on: { go: { target: 'b', guard: and([() => true, not(() => false)]), actions: [raise({ type: 'on' }), enqueueActions(({ enqueue }) => { enqueue('x') }), sendTo({} as never, { type: 'x' } as never)] } }
        },
        b: { always: { guard: () => false, target: 'a' }, on: { on: 'c' } },
        c: { type: 'final', output: () => 2 }
      }
    }

    it('is touched in three members, and its system in one', () => {
      const touched = new Set<string>()
      const logic = logicOf(everything)
      const scope = watched({
        self: watched({}, touched, 'self.'),
        system: watched({ _sendInspectionEvent () {} }, touched, 'system.'),
        actionExecutor () {}
      }, touched, '')
      const done = logic.transition(logic.getInitialSnapshot(scope), { type: 'go' }, scope)
      expect(done.status).to.equal('done')
      expect([...touched].sort()).to.deep.equal(['actionExecutor', 'actionExecutor=', 'self', 'system', 'system._sendInspectionEvent'])
    })

    it('must not be frozen: its executor is exchanged during a microstep', () => {
      const { logic, scope } = drive(everything)
      Object.freeze(scope)
      expect(() => logic.transition(logic.getInitialSnapshot(scope), { type: 'go' }, scope)).to.throw(TypeError)
    })

    it('has its own executor again afterwards, also after a throw', () => {
      const { scope, start, send } = drive({ initial: 'a', states: { a: { on: { go: { actions: assign(failing) }, ok: { actions: 'x' } } } } })
      const executor = scope.actionExecutor
      const snapshot = start()
      send(snapshot, 'ok')
      expect(scope.actionExecutor).to.equal(executor)
      expect(() => send(snapshot, 'go')).to.throw(RangeError)
      expect(scope.actionExecutor).to.equal(executor)
    })

    it('may be used for one machine after the other', () => {
      const one = drive({ initial: 'a', states: { a: { entry: 'x' } } })
      const other = logicOf({ initial: 'b', states: { b: { entry: 'y' } } })
      one.start()
      other.getInitialSnapshot(one.scope)
      expect(one.got.map(({ type }) => type)).to.deep.equal(['x', 'y'])
    })
  })

  it('takes frozen contexts and events', () => {
    const { start, send } = drive({ context: Object.freeze({ n: 0 }), on: { go: { actions: assign({ n: 1 }) } } })
    const snapshot = start()
    expect(send(snapshot, Object.freeze({ type: 'go' })).context).to.deep.equal({ n: 1 })
  })

  it('gives all instances the one literal context', () => {
    const context = { n: 0 }
    const { start } = drive({ context })
    expect(start().context).to.equal(context)
    expect(start().context).to.equal(context)
  })

  it('copies what a context function returns', () => {
    const context = { n: 0 }
    const copy = drive({ context: () => context }).start().context
    expect(copy).to.deep.equal(context)
    expect(copy).not.to.equal(context)
  })

  it('has an empty context when there is none', () => {
    expect(drive({}).start().context).to.deep.equal({})
  })

  describe('the executor', () => {
    const x = (): void => {}

    it('gets type, params, info and exec', () => {
      const [action] = infos('x', { actions: { x } })
      expect(Object.keys(action!).sort()).to.deep.equal(['exec', 'info', 'params', 'type'])
      expect(Object.keys(action!.info).sort()).to.deep.equal(['context', 'event', 'self', 'system'])
      expect(action).to.include({ type: 'x', params: undefined, exec: x })
    })

    it('gets a named action whether or not it is implemented', () => {
      expect(infos('x')[0]).to.include({ type: 'x', exec: undefined })
    })

    it('gets parameters evaluated, from values and functions', () => {
      expect(got([{ type: 'x', params: 1 }, { type: 'x', params: ({ context, event }: Args) => [context.n, event.type] }])).to.deep.equal([['x', 1], ['x', [1, 'go']]])
    })

    it('gives parameter functions context and event, and nothing else', () => {
      expect(got({ type: 'x', params: (args: object, ...rest: readonly unknown[]) => [Object.keys(args).sort(), rest] })).to.deep.equal([['x', [['context', 'event'], []]]])
    })

    it('gets the context of that point in the list', () => {
      expect(infos(['x', assign({ n: 2 }), 'x']).map(({ info }) => info['context'])).to.deep.equal([{ n: 1 }, { n: 2 }])
    })

    it('gets the raised event as the event after a raise', () => {
      const { start, send, got } = drive({ on: { go: { actions: raise({ type: 'on' }) }, on: { actions: 'x' } } })
      send(start(), 'go')
      expect(got.map(({ type, info }) => [type, (info['event'] as Event).type])).to.deep.equal([['xstate.raise', 'go'], ['x', 'on']])
    })

    it('gets an inline function under its name, which is the property\'s', () => {
      expect(got([() => {}, function close () {}])).to.deep.equal([['(anonymous)', undefined], ['close', undefined]])
      const { start, got: list } = drive({ entry: () => {} })
      start()
      expect(list.map(({ type }) => type)).to.deep.equal(['entry'])
    })

    it('gets nothing of assign and enqueueActions, also under a name', () => {
      const actions = { named: assign({ n: 5 }), many: enqueueActions(({ enqueue }) => { enqueue('x'); enqueue.assign({ n: 6 }) }) }
      expect(got(['named', assign({ n: 4 }), 'many'], { actions })).to.deep.equal([['x', undefined]])
    })

    it('gives assigners context, event, spawn, self and system, and the parameters', () => {
      const actions = { set: assign((args: object, params: unknown) => ({ args: Object.keys(args).sort(), params })) }
      const { start, send } = drive({ context: { n: 1 }, on: { go: { actions: { type: 'set', params: 3 } } } }, { actions })
      expect(send(start(), 'go').context).to.deep.equal({ n: 1, args: ['context', 'event', 'self', 'spawn', 'system'], params: 3 })
    })

    it('copies the context in assign; all properties of an object form see the old one', () => {
      const before = { n: 1, m: 1 }
      const { start, send } = drive({ context: before, on: { go: { actions: assign({ n: 2, m: (({ context }: Args) => context.n) as never }) } } })
      expect(send(start(), 'go').context).to.deep.equal({ n: 2, m: 1 })
      expect(before).to.deep.equal({ n: 1, m: 1 })
    })

    it('gets a raise without delay too, though it has been processed', () => {
      expect(got(raise({ type: 'on' }))).to.deep.equal([['xstate.raise', { event: { type: 'on' }, id: undefined, delay: undefined }]])
    })

    it('gets a delayed raise with its delay resolved', () => {
      const later = { type: 'later' }
      const delays = { two: 2, twice: ({ context }: Args) => context.n * 2, none: () => undefined }
      const delayed = (delay: unknown): unknown => raise(later, { id: 't', delay: delay as never })
      expect(got([delayed(3), delayed('two'), delayed('twice'), delayed(({ context }: Args) => context.n)], { delays }).map(entry => (entry as [string, { delay: unknown }])[1].delay)).to.deep.equal([3, 2, 2, 1])
    })

    it('makes an immediate raise of a delay that is none', () => {
      const machine = drive({ initial: 'a', states: { a: { on: { go: { actions: raise({ type: 'on' }, { delay: (() => undefined) as never, id: 't' }) }, miss: { actions: raise({ type: 'on' }, { delay: 'missing' as never }) }, on: 'b' } }, b: {} } })
      expect(machine.send(machine.start(), 'go').value).to.equal('b')
      expect(machine.send(machine.start(), 'miss').value).to.equal('b')
    })

    it('gets after as a raise on entry and a cancel on exit', () => {
      const { start, send, got } = drive({ initial: 'a', states: { a: { after: { 10: 'b' } }, b: { after: { soon: 'a' } } } }, { delays: { soon: () => 7 } })
      const type = 'xstate.after.10.m.a'
      const snapshot = start()
      expect(got.map(({ type, params }) => [type, params])).to.deep.equal([['xstate.raise', { event: { type }, id: type, delay: 10 }]])
      const soon = 'xstate.after.soon.m.b'
      expect(send(snapshot, type).value).to.equal('b')
      expect(got.map(({ type, params }) => [type, params])).to.deep.equal([['xstate.cancel', { sendId: type }], ['xstate.raise', { event: { type: soon }, id: soon, delay: 7 }]])
    })

    it('gets two after of one state in the order of JavaScript keys', () => {
      const { start, got } = drive({ initial: 'a', states: { a: { after: { soon: {}, 20: {}, 10: {} } } } }, { delays: { soon: 1 } })
      start()
      expect(got.map(({ params }) => (params as { id: string }).id)).to.deep.equal(['xstate.after.10.m.a', 'xstate.after.20.m.a', 'xstate.after.soon.m.a'])
    })

    it('gets cancel, emit, sendTo and log', () => {
      const to = {}
      expect(got([cancel('t'), cancel(() => 'u'), emit({ type: 'news' }), emit((({ context }: Args) => ({ type: 'news', n: context.n })) as never), sendTo(to as never, { type: 'hi' } as never, { id: 's', delay: 4 }), log('text')])).to.deep.equal([
        ['xstate.cancel', { sendId: 't' }],
        ['xstate.cancel', { sendId: 'u' }],
        ['xstate.emit', { event: { type: 'news' } }],
        ['xstate.emit', { event: { type: 'news', n: 1 } }],
        ['xstate.sendTo', { to, targetId: undefined, event: { type: 'hi' }, id: 's', delay: 4 }],
        ['xstate.log', { value: 'text', label: undefined }]
      ])
      const [sent] = infos(sendTo(to as never, { type: 'hi' } as never))
      expect((sent!.params as { to: object }).to).to.equal(to)
    })

    it('gives the functions in creators context, event, self and system, and the parameters', () => {
      const keys = (args: object, params: unknown): Event => ({ type: 'on', keys: Object.keys(args).sort(), params })
      const actions = { shout: emit(keys as never), again: raise(keys as never, { delay: 1, id: 't' }) }
      const event = { type: 'on', keys: ['context', 'event', 'self', 'system'], params: 5 }
      expect(got([{ type: 'shout', params: 5 }, { type: 'again', params: 5 }], { actions })).to.deep.equal([['xstate.emit', { event }], ['xstate.raise', { event, id: 't', delay: 1 }]])
    })

    it('gets stopChild without parameters when there is no such child', () => {
      expect(got(stopChild('work'))).to.deep.equal([['xstate.stopChild', undefined]])
    })

    it('never sees spawnChild and spawn: they throw inside', () => {
      const actors = { work: fromPromise(async () => 1) }
      expect(() => got(spawnChild('work'), { actors })).to.throw(TypeError)
      expect(() => got(assign({ child: (({ spawn }: { spawn: (src: string) => unknown }) => spawn('work')) as never }), { actors })).to.throw(TypeError)
    })

    it('has a child look for self.system, where we say what is wrong', () => {
      const machine = drive({ context: {}, on: { go: { actions: spawnChild('work') } } }, { actors: { work: fromPromise(async () => 1) } })
      machine.scope.self = { get system (): never { throw new RangeError('ours') } }
      const snapshot = machine.start()
      expect(() => machine.send(snapshot, 'go')).to.throw(RangeError, 'ours')
    })

    it('never sees sendParent without a parent', () => {
      expect(() => got(sendParent({ type: 'x' }))).to.throw(/Unable to send event to actor '#_parent'/)
    })
  })

  describe('the end', () => {
    const config = { initial: 'a', exit: 'root exit', output: ({ event }: Args) => event, on: { root: { actions: 'x' } }, states: { a: { on: { go: 'b' } }, b: { type: 'final', entry: 'entry', exit: 'exit', output: 'inner' } } }

    it('comes with a final state: its entry, its exit, the root\'s exit', () => {
      const { start, send, got } = drive(config)
      const snapshot = send(start(), 'go')
      expect(got.map(({ type }) => type)).to.deep.equal(['entry', 'exit', 'root exit'])
      expect(snapshot.status).to.equal('done')
    })

    it('has an output made from the done event of the final state', () => {
      const { start, send } = drive(config)
      expect(send(start(), 'go').output).to.deep.equal({ type: 'xstate.done.state.m.b', output: 'inner' })
    })

    it('has no output without one of the root', () => {
      const { start, send } = drive({ ...config, output: undefined })
      expect(send(start(), 'go').output).to.equal(undefined)
    })

    it('is not the end for root transitions: they still run, and the exits once more', () => {
      const { start, send, got } = drive(config)
      const done = send(start(), 'go')
      send(done, 'root')
      expect(got.map(({ type }) => type)).to.deep.equal(['x', 'exit', 'root exit'])
    })
  })

  describe('a throw', () => {
    it('in assign, a guard or parameters comes out, the old snapshot intact', () => {
      for (const transition of [{ actions: ['x', assign(failing)] }, { guard: failing }, { actions: { type: 'x', params: failing } }]) {
        const { start, send } = drive({ initial: 'a', context: { n: 1 }, states: { a: { on: { go: { target: 'b', ...transition } } }, b: {} } })
        const snapshot = start()
        const copy = { ...snapshot }
        expect(() => send(snapshot, 'go')).to.throw(Error, /no/)
        expect({ ...snapshot }).to.deep.equal(copy)
      }
    })

    it('in a guard is wrapped, without a cause', () => {
      const { start, send } = drive({ initial: 'a', states: { a: { on: { named: { guard: 'g' }, inline: { guard: failing }, typed: { guard: { type: 'g', params: 1 } } } } } }, { guards: { g: failing } })
      const snapshot = start()
      const text = (event: string): string => {
        try {
          send(snapshot, event)
        } catch (error) {
          expect(error).to.be.an('error').and.not.have.property('cause')
          return (error as Error).message
        }
        throw new Error('nothing thrown')
      }
      expect(text('named')).to.equal("Unable to evaluate guard 'g' in transition for event 'named' in state node 'm.a':\nno")
      expect(text('inline')).to.equal("Unable to evaluate guard in transition for event 'inline' in state node 'm.a':\nno")
      expect(text('typed')).to.equal("Unable to evaluate guard 'g' in transition for event 'typed' in state node 'm.a':\nno")
    })

    it('in a guard of always is not', () => {
      const { start } = drive({ initial: 'a', states: { a: { always: { guard: failing, target: 'a' } } } })
      expect(start().error).to.be.instanceOf(RangeError)
    })

    it('at start is returned as a snapshot', () => {
      for (const config of [{ context: failing }, { context: { n: 1 }, entry: assign(failing) }]) {
        const snapshot = drive(config).start()
        expect(snapshot.status).to.equal('error')
        expect(snapshot.error).to.be.instanceOf(RangeError)
      }
    })

    it('of the executor comes out as it is', () => {
      const machine = drive({ on: { go: { actions: 'x' } } })
      const snapshot = machine.start()
      machine.scope.actionExecutor = failing
      expect(() => machine.send(snapshot, 'go')).to.throw(RangeError)
    })
  })

  describe('the snapshot', () => {
    it('is the same object after an unhandled event, and after a transition that only runs effects', () => {
      const { start, send } = drive({ initial: 'a', states: { a: { on: { go: { actions: 'x' } } } } })
      const snapshot = start()
      expect(send(snapshot, 'nobody')).to.equal(snapshot)
      expect(send(snapshot, 'go')).to.equal(snapshot)
    })

    it('ends with the events of XState, so that these must not come from outside', () => {
      const { start, send, got } = drive({ exit: 'x' })
      const snapshot = start()
      expect(send(snapshot, 'xstate.stop').status).to.equal('stopped')
      expect(send(snapshot, { type: 'xstate.error.actor.work', error: 1 })).to.include({ status: 'error', error: 1 })
      expect(got).to.deep.equal([])
    })
  })

  it('goes round for ever unless maxIterations is finite', () => {
    expect((createMachine({}) as unknown as { options: object }).options).to.deep.equal({ maxIterations: Infinity })
    const states = { a: { always: 'b' }, b: { always: 'a' } }
    expect(drive({ initial: 'a', states, options: { maxIterations: 5 } }).start().error).to.be.an('error').with.property('message').that.matches(/^Infinite loop detected: the machine has processed more than 5 microsteps/)
  })

  describe('what the compiler reads', () => {
    interface Node { readonly [field: string]: unknown, readonly states: Readonly<Record<string, Node>>, readonly transitions: Map<string, ReadonlyArray<Record<string, unknown>>> }
    const guard = and(['g', or([]), not('h' as never)] as never)
    const entry = assign({ n: 1 })
    const machine = createMachine({
      id: 'm',
      context: { n: 0 },
      initial: { target: 'a', actions: 'x' },
      output: 1,
      options: { maxIterations: 9 },
      on: { root: '.b' },
      states: {
        a: { entry: [entry, 'x'], exit: 'x', after: { 10: 'b' }, always: { guard: guard as never, target: 'b' }, on: { go: { target: 'b', actions: 'x', reenter: true }, stay: undefined } },
        b: { type: 'final', output: 2 }
      }
    } as never, { actions: { x () {} }, guards: { g: () => true }, delays: { d: 1 } })
    const root = machine.root as unknown as Node
    const a = root.states['a']!
    const b = root.states['b']!

    it('is in the machine', () => {
      expect(machine.id).to.equal('m')
      expect(machine.config.context).to.deep.equal({ n: 0 })
      expect(machine.options.maxIterations).to.equal(9)
      expect(Object.keys(machine.implementations)).to.have.members(['actions', 'guards', 'delays', 'actors'])
      expect((machine.implementations as unknown as Record<string, object>)['actions']).to.have.property('x')
    })

    it('is in the state nodes', () => {
      expect([root, a, b].map(node => [node['id'], node['key'], node['type'], node['parent']])).to.deep.equal([['m', 'm', 'compound', undefined], ['m.a', 'a', 'atomic', root], ['m.b', 'b', 'final', root]])
      expect(root['initial']).to.deep.include({ target: [a], actions: ['x'] })
      expect((a['entry'] as unknown[]).slice(0, 2)).to.deep.equal([entry, 'x'])
      expect(a['exit']).to.have.length(2)
      expect([root['output'], a['output'], b['output']]).to.deep.equal([1, undefined, 2])
      expect(a['invoke']).to.deep.equal([])
      expect(a['always']).to.have.length(1)
      expect((a['always'] as object[])[0]).to.include({ guard })
      expect((a['after'] as Array<{ eventType: string }>).map(({ eventType }) => eventType)).to.deep.equal(['xstate.after.10.m.a'])
      expect(Object.keys(a['config'] as object)).to.deep.equal(['entry', 'exit', 'after', 'always', 'on'])
    })

    it('is in the transitions, by type, forbidden ones and those of after included', () => {
      expect([...a.transitions.keys()]).to.deep.equal(['go', 'stay', 'xstate.after.10.m.a'])
      const [go] = a.transitions.get('go')!
      expect(go).to.include({ source: a, reenter: true, guard: undefined })
      expect(go!['target']).to.deep.equal([b])
      expect(go!['actions']).to.deep.equal(['x'])
      expect(a.transitions.get('stay')![0]).to.deep.include({ source: a, target: undefined, actions: [], reenter: false })
      expect(Object.keys(go!).sort()).to.deep.equal(['actions', 'eventType', 'guard', 'reenter', 'source', 'target', 'toJSON'])
      expect(Object.keys(a.transitions.get('xstate.after.10.m.a')![0]!).sort()).to.deep.equal(['actions', 'delay', 'event', 'eventType', 'guard', 'reenter', 'source', 'target', 'toJSON'])
    })

    it('is on the functions of the action creators', () => {
      const fields = (creator: unknown): object => ({ ...creator as object, resolve: undefined, execute: undefined, retryResolve: undefined })
      const none = { resolve: undefined, execute: undefined, retryResolve: undefined }
      const event = { type: 'on' }
      const value = (): string => 'text'
      const collect = (): void => {}
      const assignment = { n: 1 }
      expect(fields(assign(assignment))).to.deep.equal({ ...none, type: 'xstate.assign', assignment })
      expect(fields(raise(event, { id: 't', delay: 1 }))).to.deep.equal({ ...none, type: 'xstate.raise', event, id: 't', delay: 1 })
      expect(fields(cancel('t'))).to.deep.equal({ ...none, type: 'xstate.cancel', sendId: 't' })
      expect(fields(emit(event))).to.deep.equal({ ...none, type: 'xstate.emit', event })
      expect(fields(log(value))).to.deep.equal({ ...none, type: 'xstate.log', value, label: undefined })
      expect(fields(sendTo('to', event as never, { id: 's', delay: 1 }))).to.deep.equal({ ...none, type: 'xstate.sendTo', to: 'to', event, id: 's', delay: 1 })
      expect(fields(enqueueActions(collect))).to.deep.equal({ ...none, type: 'xstate.enqueueActions', collect })
      expect(fields(spawnChild('work'))).to.include({ type: 'xstate.spawnChild' })
      expect(fields(stopChild('work'))).to.include({ type: 'xstate.stopChild' })
    })

    it('marks creators by resolve, and combined guards by check and guards', () => {
      for (const creator of [assign({}), raise({ type: 'x' }), cancel('t'), emit({ type: 'x' }), log(), sendTo('x', { type: 'x' }), enqueueActions(() => {}), spawnChild('x'), stopChild('x')]) expect(creator).to.have.property('resolve').that.is.a('function')
      for (const guard of [and([]), or([]), not(() => true)]) {
        expect(guard).to.have.property('check').that.is.a('function')
        expect(guard).to.have.property('guards').that.is.an('array')
      }
      expect(stateIn('a')).to.have.property('check')
      expect(stateIn('a')).not.to.have.property('guards')
    })

    it('lets combined guards be told apart by asking them', () => {
      const ask = (guard: unknown, ...values: readonly boolean[]): unknown =>
        (guard as { check: (snapshot: object, args: object, own: object) => unknown }).check({}, { context: {}, event: { type: '' } }, { guards: values.map(value => () => value) })
      expect([and([]), or([]), not(() => true)].map(guard => [ask(guard, true, false), ask(guard, false, false)])).to.deep.equal([[false, false], [true, false], [false, true]])
    })

    it('gives guards context and event, and parameters', () => {
      const seen: unknown[] = []
      const g = (args: object, params: unknown): boolean => { seen.push([Object.keys(args).sort(), params]); return false }
      const { start, send } = drive({ on: { go: [{ guard: g }, { guard: 'g' }, { guard: { type: 'g', params: 1 } }, { guard: { type: 'g', params: ({ context, event }: Args) => [context, event.type] } }] } }, { guards: { g } })
      send(start(), 'go')
      const keys = ['context', 'event']
      expect(seen).to.deep.equal([[keys, undefined], [keys, undefined], [keys, 1], [keys, [{}, 'go']]])
    })
  })

  describe('in our hands', () => {
    const fx = effects<{ x: undefined }>({ x: true })
    const teleport = Object.assign(() => {}, { type: 'xstate.teleport', resolve: (_scope: unknown, snapshot: unknown) => [snapshot, undefined, undefined], execute () {} })
    const machine = setup({ actions: { ...fx } }).createMachine({ id: 'm', initial: 'a', states: { a: { entry: teleport, on: { go: { actions: 'x' } } } } })

    it('refuses a creator that it does not know', () => {
      for (const driver of [machineBehavior, compiledBehavior]) {
        expect(() => driver('m', machine, fx, { x: () => {} })).to.throw(TypeError, /machine 'm', state 'm\.a': it has the action 'xstate\.teleport'/)
      }
    })
  })
})
