/** Crash capsules: 20 seeded bugs, each leaves a file that makes its exception again. */
import { expect } from 'chai'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assign, raise, setup } from 'xstate'
import { compiledBehavior, createSystem, effects, machineBehavior, reducer, replay, SimWorld, type AnyKind, type Behavior, type Capsule, type CapsuleOptions, type Message, type Out, type ValueForm } from '../../../src/runtime.js'

describe('crash capsules', () => {
  let directory = ''
  beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'troupe-capsules-')) })
  afterEach(() => { rmSync(directory, { recursive: true }) })

  const files = (): string[] => readdirSync(directory).sort()
  const read = (file = files()[0]!): Capsule => JSON.parse(readFileSync(join(directory, file), 'utf8')) as Capsule
  const replayed = async (options: Parameters<typeof replay>[1], file = files()[0]!): Promise<Error> => {
    try {
      await replay(join(directory, file), options)
    } catch (error) {
      return error as Error
    }
    throw new Error('nothing was thrown')
  }

  /** Spawns it in a real system, tells it all that, and stops. */
  async function live (behavior: AnyKind, input: unknown, messages: readonly Message[], options: Partial<CapsuleOptions> = {}): Promise<void> {
    const system = createSystem({ log: { level: 'off' }, crashCapsules: { directory, ...options } })
    const actor = system.spawn(behavior as unknown as Behavior<Message, unknown>, { input })
    const down = new Promise<void>(resolve => { system.trace.add((_kind, { name }) => { if (name === actor.path.split('/').at(-1)) resolve() }, ['down']) })
    for (const message of messages) actor.tell(message)
    await down
    await system.stop()
  }

  for (const [name, bug] of Object.entries(bugs())) {
    it(`make it again: ${name}`, async () => {
      const { behavior, input, messages, error: [type, text] } = bug
      await live(behavior, input, messages)
      expect(files()).to.have.length(1)
      const capsule = read()
      expect(capsule.error).to.include({ name: type, message: text })
      const error = await replayed({ behaviors: [behavior] })
      expect([error.name, error.message]).to.deep.equal([type, text])
    })
  }

  it('are tried with twenty bugs that have nothing in common', () => {
    // Each of a machine is there twice, interpreted and compiled; one more, the race below.
    expect(new Set(Object.keys(bugs()).map(name => name.replace('compiled: ', 'machine: '))).size + 1).to.be.at.least(20)
  })

  for (const seed of [3, 14, 15]) {
    it(`make a race in a simulated world again, from its seed ${seed}`, async () => {
      const seeds = Array.from({ length: 200 }, (_, at) => seed * 1000 + at)
      let broken: number | undefined
      for (const one of seeds) {
        await race(one, { directory })
        if (files().length > 0) {
          broken = one
          break
        }
      }
      const capsule = read()
      expect(capsule).to.include({ worldSeed: broken, behavior: 'till' })
      const error = await replayed({ scenario: async again => race(again) })
      expect([error.name, error.message]).to.deep.equal(['RangeError', 'sold before it was bought'])
      // That of the step alone is the same, without the race.
      expect((await replayed({ behaviors: [till] })).message).to.equal(error.message)
    })
  }

  it('resolve once the bug is gone', async () => {
    const parts = { name: 'fixed', initial: () => ({}), step: (state: object, message: { readonly type: 'go' }) => { if (message.type === 'go') throw new Error('bug'); return state } }
    await live(reducer(parts), undefined, [{ type: 'go' }])
    await replay(join(directory, files()[0]!), { behaviors: [reducer({ ...parts, step: (state: object) => state })] })
  })

  it('of what is thrown outside of a step say that it cannot be replayed', async () => {
    const behavior = reducer({
      name: 'worker',
      initial: (_: undefined, out: Out<{ work: undefined }>) => { out.do('work'); return 0 },
      step: (state: number, _: Message) => state,
      effects: { work: actor => { actor.task(async () => { throw new Error('in a task') }, {}) } }
    })
    await live(behavior, undefined, [])
    expect(read()).to.include({ from: 'none' })
    expect((await replayed({ behaviors: [behavior] })).message).to.match(/outside of its steps/)
  })

  it('refuse what is no capsule, and behaviours without the one that crashed', async () => {
    writeFileSync(join(directory, 'no.json'), '{}')
    expect(await replayed({ behaviors: [] }, 'no.json')).to.be.instanceOf(TypeError).with.property('message').that.matches(/no crash capsule/)
    await live(till, undefined, [{ type: 'sell' }])
    expect((await replayed({ behaviors: [] }, 'crash-1-till.json')).message).to.match(/has no 'till'/)
    expect((await replayed({ scenario: async () => {} }, 'crash-1-till.json')).message).to.match(/not in a simulated world/)
  })

  it('never hold what is called a secret, nor what is within an instance of a class', async () => {
    const secret = 'c0ffee5ec4e7'.repeat(3)
    const bytes = Uint8Array.from(Buffer.from(secret))
    class Vault { readonly inside = secret }
    const pem = `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`
    const keeper = reducer({
      name: 'keeper',
      initial: () => ({ privateKey: bytes, staticKey: bytes, seed: bytes, password: secret, apiToken: { deep: secret }, note: pem, vault: new Vault(), public: 'to be seen' }),
      step: (_, message: { readonly type: 'go', readonly secretKey: Uint8Array }) => { throw new Error(message.type) }
    })
    await live(keeper, undefined, [{ type: 'go', secretKey: bytes } as Message])
    const text = readFileSync(join(directory, files()[0]!), 'utf8')
    for (const form of [secret, Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('hex')]) expect(text).to.not.include(form)
    expect(text).to.include('to be seen')
    expect(read().incomplete).to.equal(true)
  })

  it('hold what redact makes of payloads, by key', async () => {
    const keys: string[] = []
    const reader = reducer({
      name: 'reader',
      initial: () => ({ chats: new Map([['ada', ['hello']]]) }),
      step: (_, message: { readonly type: 'chat', readonly text: string }) => { throw new Error(message.type) }
    })
    await live(reader, undefined, [{ type: 'chat', text: 'a love letter' } as Message], {
      redact: ({ behavior, key, value }) => {
        keys.push(`${behavior} ${key}`)
        return key === 'message.text' ? '...' : value
      }
    })
    expect(keys).to.include.members(['reader message.text', 'reader state.chats.ada.0'])
    expect(readFileSync(join(directory, files()[0]!), 'utf8')).to.not.include('love')
    expect((await replayed({ behaviors: [reader] })).message).to.equal('chat')
  })

  it('keep values of classes by their forms', async () => {
    class Money {
      readonly cents: number
      constructor (cents: number) { this.cents = cents }
    }
    const forms: readonly ValueForm[] = [{ name: 'Money', is: (value): value is Money => value instanceof Money, write: value => String((value as Money).cents), read: text => new Money(Number(text)) }]
    const purse = reducer({
      name: 'purse',
      initial: () => ({ has: new Money(100) }),
      step: ({ has }, message: { readonly type: 'pay', readonly price: Money }) => {
        if (message.price.cents > has.cents) throw new RangeError(`${message.price.cents} of ${has.cents}`)
        return { has }
      }
    })
    await live(purse, undefined, [{ type: 'pay', price: new Money(250) } as Message], { forms })
    expect((await replayed({ behaviors: [purse], forms })).message).to.equal('250 of 100')
    expect((await replayed({ behaviors: [purse] })).message).to.match(/has no 'Money'/)
  })

  it('are bounded in number and in size, and whatever a state is made of', async () => {
    const monster: Record<string, unknown> = { text: 'x'.repeat(1_000_000), bytes: new Uint8Array(1_000_000), list: Array.from({ length: 100_000 }, () => ({ a: 1 })), symbol: Symbol('s'), fn: () => {} }
    monster['self'] = monster
    Object.defineProperty(monster, 'getter', { enumerable: true, get: () => 'read' })
    const big = reducer({ name: 'big/../one', initial: () => monster, step: () => { throw new Error('boom') } })
    for (let n = 0; n < 5; n++) await live(big, undefined, [{ type: 'go' }], { max: 3, maxBytes: 10_000 })
    expect(files()).to.deep.equal(['crash-1-big_.._one.json', 'crash-2-big_.._one.json', 'crash-3-big_.._one.json'])
    for (const file of files()) expect(readFileSync(join(directory, file)).length).to.be.lessThan(120_000)
  })

  it('are not even made up once the directory is full: who can make actors crash must not make us work (A33)', async () => {
    let asked = 0
    const system = createSystem({ log: { level: 'off' }, crashCapsules: { directory, max: 1, redact: ({ value }) => { asked++; return value } } })
    const bug = reducer({ name: 'bug', initial: () => ({ a: 1 }), step: () => { throw new Error('boom') } })
    const crash = async (): Promise<void> => {
      const actor = system.spawn(bug, {})
      const down = new Promise<void>(resolve => { system.trace.add((_kind, { name }) => { if (name === actor.path.split('/').at(-1)) resolve() }, ['down']) })
      actor.tell({ type: 'go' })
      await down
    }
    await crash()
    await crash()
    const before = asked
    expect(before).to.be.greaterThan(0)
    for (let n = 0; n < 10; n++) await crash()
    expect(asked).to.equal(before)
    expect(files()).to.have.length(1)
    await system.stop()
  })

  it('disturb nobody when they cannot be written, or their redaction throws', async () => {
    const lines: string[] = []
    const log = (_fields: object, text: string): void => { lines.push(text) }
    const logger = { trace: log, debug: log, info: log, warn: log, error: log }
    for (const crashCapsules of [{ directory: join(directory, 'file', 'below') }, { directory, redact: () => { throw new Error('no') } }]) {
      writeFileSync(join(directory, 'file'), '')
      const system = createSystem({ log: { level: 'warn', logger }, crashCapsules })
      const bystander = system.spawn(till, {})
      const victim = system.spawn(till, {})
      const down = new Promise<void>(resolve => { system.trace.add((_kind, { path }) => { if (path === victim.path) resolve() }, ['down']) })
      victim.tell({ type: 'sell' })
      await down
      expect(bystander.alive).to.equal(true)
      await system.stop()
    }
    expect(lines.join()).to.include('could not be written')
    expect(files()).to.deep.equal(['file'])
  })

  it('are options that are checked', () => {
    expect(() => createSystem({ crashCapsules: {} as never })).to.throw(TypeError, /directory/)
    expect(() => createSystem({ crashCapsules: { directory: 'a', max: 0 } })).to.throw(RangeError, /max/)
    expect(() => createSystem({ crashCapsules: { directory: 'a', most: 1 } as never })).to.throw(TypeError, /unknown option 'most'/)
  })
})

// ---------------------------------------------------------------- the bugs

interface Bug {
  readonly behavior: AnyKind
  readonly input?: unknown
  readonly messages: readonly Message[]
  readonly error: readonly [name: string, message: string]
}

type TillMessage = { readonly type: 'buy' } | { readonly type: 'sell' }
const till = reducer({
  name: 'till',
  initial: () => ({ stock: 0 }),
  step ({ stock }, message: TillMessage) {
    if (message.type === 'sell' && stock === 0) throw new RangeError('sold before it was bought')
    return { stock: message.type === 'buy' ? stock + 1 : stock - 1 }
  }
})

/** Two who do not wait for each other. */
async function race (seed: number, crashCapsules?: CapsuleOptions): Promise<void> {
  const world = new SimWorld({ seed })
  const system = world.system({ ...crashCapsules !== undefined && { crashCapsules } })
  const shop = system.spawn(till, { name: 'till' })
  const customer = (type: TillMessage['type'], name: string): void => {
    system.spawn(reducer({ name: 'customer', initial: (_: undefined, out: Out) => { out.tell(shop, { type }); return 0 }, step: (state: number) => state }), { name })
  }
  customer('buy', 'buyer')
  customer('sell', 'seller')
  await world.settle()
  await world.stop()
}

function bugs (): Readonly<Record<string, Bug>> {
  interface Go extends Message { readonly type: 'go', readonly [more: string]: unknown }
  const one = (name: string, initial: () => unknown, step: (state: never, message: Go) => unknown, messages: readonly object[], ...error: [string, string]): Bug => ({
    behavior: reducer({ name, initial, step: (state: unknown, message: Go) => step(state as never, message) }),
    messages: messages.map(message => ({ type: 'go', ...message })),
    error
  })

  const fx = effects<{ open: { readonly id: number }, say: undefined }>({ open: true, say: true })
  type Door = { readonly type: 'push', readonly by: number } | { readonly type: 'pull' } | { readonly type: 'knock', readonly at: { readonly bell: string | null } }
  const types = {} as { context: { pushed: number }, events: Door }
  const door = setup({ types, actions: { ...fx }, guards: { strong: ({ event }) => { if (event.type === 'push' && event.by < 0) throw new RangeError('pushed backwards'); return true } } }).createMachine({
    id: 'door',
    options: { maxIterations: 100 },
    context: { pushed: 0 },
    initial: 'shut',
    states: {
      shut: {
        on: {
          push: { guard: 'strong', target: 'ajar', actions: assign({ pushed: ({ context, event }) => context.pushed + event.by }) },
          knock: { actions: assign(({ event }) => ({ pushed: event.at.bell!.length })) }
        }
      },
      ajar: {
        on: {
          push: { target: 'wide', actions: { type: 'open', params: ({ context }) => { if (context.pushed > 3) throw new RangeError('off its hinges'); return { id: context.pushed } } } },
          pull: { target: 'shut', actions: 'say' }
        }
      },
      wide: { entry: raise({ type: 'pull' }), on: { pull: { actions: 'say' } } }
    }
  })
  const handlers = {
    open (_: unknown, { id }: { readonly id: number }) { if (id === 2) throw new TypeError('no door 2') },
    say () { throw new SyntaxError('creaks') }
  }
  const doors = (by: 'machine' | 'compiled'): Record<string, Bug> => {
    const behavior = by === 'machine' ? machineBehavior('door', door, fx, handlers) : compiledBehavior('door', door, fx, handlers)
    const push = (by: number): Door => ({ type: 'push', by })
    const guard = "Unable to evaluate guard 'strong' in transition for event 'push' in state node 'door.shut':\npushed backwards"
    return {
      [`${by}: a guard that throws`]: { behavior, messages: [push(-1)], error: ['Error', guard] },
      [`${by}: an assignment that throws`]: { behavior, messages: [{ type: 'knock', at: { bell: null } } as Door], error: ['TypeError', "Cannot read properties of null (reading 'length')"] },
      [`${by}: parameters that throw, two states on`]: { behavior, messages: [push(4), push(1)], error: ['RangeError', 'off its hinges'] },
      [`${by}: an effect that throws`]: { behavior, messages: [push(2), push(1)], error: ['TypeError', 'no door 2'] },
      [`${by}: an effect of going back that throws`]: { behavior, messages: [push(1), { type: 'pull' }], error: ['SyntaxError', 'creaks'] }
    }
  }

  return {
    'reducer: a counter beyond its bound': one('counter', () => ({ n: 0 }), ({ n }: { n: number }) => { if (n === 3) throw new RangeError('too many'); return { n: n + 1 } }, [{}, {}, {}, {}], 'RangeError', 'too many'),
    'reducer: a map without the key': one('map', () => new Map([['a', { size: 1 }]]), (map: Map<string, { size: number }>, { key }) => { map.get(key as string)!.size; return map }, [{ key: 'b' }], 'TypeError', "Cannot read properties of undefined (reading 'size')"),
    'reducer: a set that grew too large': one('set', () => new Set<string>(), (set: Set<string>, { key }) => { if (set.size === 2) throw new Error([...set].join()); return new Set(set).add(key as string) }, [{ key: 'x' }, { key: 'y' }, { key: 'z' }], 'Error', 'x,y'),
    'reducer: bytes that are too short': one('bytes', () => ({}), (_, { bytes }) => new DataView((bytes as Uint8Array).buffer).getUint32(0), [{ bytes: Uint8Array.of(1, 2, 3) }], 'RangeError', 'Offset is outside the bounds of the DataView'),
    'reducer: numbers that JSON does not have': one('numbers', () => ({ best: -Infinity, big: 2n ** 70n, zero: -0 }), ({ best, big, zero }: { best: number, big: bigint, zero: number }, { n }) => { if (Number.isNaN(n)) throw new Error(`${best} ${big} ${Object.is(zero, -0)}`); return best }, [{ n: NaN }], 'Error', `-Infinity ${2n ** 70n} true`),
    'reducer: a field that is not there': one('field', () => ({ at: undefined, list: [undefined, null] }), (state: object, { of }) => { if (Object.keys(state).length === 2 && of === undefined) throw new Error(JSON.stringify(state)); return state }, [{ of: undefined }], 'Error', '{"list":[null,null]}'),
    'reducer: a date': one('dates', () => ({ at: new Date(86_400_000) }), ({ at }: { at: Date }) => { throw new Error(at.toISOString()) }, [{}], 'Error', '1970-01-02T00:00:00.000Z'),
    'reducer: names that mean something': one('names', () => JSON.parse('{"$":"bytes","__proto__":{"a":1}}') as object, (state: Record<string, unknown>) => { throw new Error(`${String(state['$'])} ${Object.keys(state).join()}`) }, [{}], 'Error', 'bytes $,__proto__'),
    'reducer: an error that is a message': one('errors', () => ({}), (_, { error }) => { throw (error as Error).cause }, [{ error: new Error('outer', { cause: Object.assign(new Error('inner'), { name: 'OddError' }) }) }], 'OddError', 'inner'),
    'reducer: a start from a wrong input': {
      behavior: reducer({ name: 'starter', initial: (input: { readonly sizes: readonly number[] }) => { if (input.sizes.length === 2) throw new RangeError(input.sizes.join()); return input }, step: (state: object) => state }),
      input: { sizes: [3, 4] },
      messages: [],
      error: ['RangeError', '3,4']
    },
    'reducer: an effect behind others': {
      behavior: reducer({
        name: 'effects',
        initial: () => ({ done: 0 }),
        step ({ done }: { readonly done: number }, message: Go, out: Out<{ note: number, fail: number }>) {
          out.do('note', done)
          out.do('fail', done + (message['by'] as number))
          return { done: done + 1 }
        },
        effects: {
          note: (actor, n) => { actor.timer('t', n, { type: 'go', by: 1 }) },
          fail: (actor, n) => { if (n > 11) throw new Error(`${actor.path.split('/').length} ${n}`) }
        }
      }),
      messages: [{ type: 'go', by: 10 }, { type: 'go', by: 11 }] as unknown as Message[],
      error: ['Error', '3 12']
    },
    'reducer: text cut within a letter': one('text', () => ({ line: '' }), ({ line }: { line: string }, { part }) => { encodeURIComponent(line); return { line: (part as string).slice(0, 1) } }, [{ part: '\u{1F600}' }, { part: '' }], 'URIError', 'URI malformed'),
    'reducer: a timer too many': {
      behavior: reducer({
        name: 'timers',
        initial (_: undefined, out: Out<{ arm: undefined }>) { out.do('arm'); return { left: 2 } },
        step ({ left }, _: Go) { if (left === 0) throw new RangeError('it had been cancelled'); return { left: left - 1 } },
        effects: { arm: actor => { actor.timer('t', 1, { type: 'go' }, 1) } }
      }),
      messages: [],
      error: ['RangeError', 'it had been cancelled']
    },
    'reducer: what a task has failed with': {
      behavior: reducer({
        name: 'tasks',
        initial (_: undefined, out: Out<{ work: undefined }>) { out.do('work'); return { tries: 1 } },
        step ({ tries }, { failure }: Go) { throw new Error(`after ${tries}: ${(failure as { readonly code: string }).code}`) },
        effects: { work: actor => { actor.task(async () => { throw Object.assign(new Error('no'), { code: 'ENOENT' }) }, { failed: error => ({ type: 'go', failure: { code: (error as { readonly code: string }).code } }) }) } }
      }),
      messages: [],
      error: ['Error', 'after 1: ENOENT']
    },
    'reducer: news of a child that nobody thought of': {
      behavior: reducer({
        name: 'parent',
        initial (_: undefined, out: Out<{ bear: undefined }>) { out.do('bear'); return { children: new Map([['b', 1]]) } },
        step ({ children }, { exit, path }: Go) { if (!children.has(path as string)) throw new TypeError(`${path as string} ended: ${(exit as { readonly kind: string }).kind}`); return { children } },
        effects: { bear: actor => { actor.spawn(reducer({ name: 'child', initial: (_: undefined, out: Out) => { out.done(7); return 0 }, step: (state: number) => state }), { name: 'a' }) } },
        childDown: ({ exit, path }) => ({ type: 'go', exit: { kind: exit.kind }, path: path.split('/').at(-1) })
      }),
      messages: [],
      error: ['TypeError', 'a ended: done']
    },
    ...doors('machine'),
    ...doors('compiled')
  }
}
