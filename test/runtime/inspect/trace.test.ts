import { expect } from 'chai'
import { filter, map, merge, take } from 'rxjs'
import { execFileSync } from 'node:child_process'
import { reducer } from '../../../src/runtime/behavior/reducer.js'
import { supervisor } from '../../../src/runtime/behavior/supervisor.js'
import type { TraceFilter, TraceRecord } from '../../../src/runtime/inspect/records.js'
import { Trace, traceKinds, type TraceKind } from '../../../src/runtime/inspect/trace.js'
import { Transcript } from '../../../src/runtime/inspect/transcript.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import type { System } from '../../../src/runtime/system.js'
import { add, boss, breakDown, counter, inCompany, look, perform, permanent, type CounterMessage } from './company.js'

/** The records of a subscription, in a list that grows. */
function recordsOf (system: System, wanted?: TraceFilter): TraceRecord[] {
  const records: TraceRecord[] = []
  system.inspect.trace(wanted).subscribe(record => { records.push(record) })
  return records
}

const shortly = ({ kind, path, type }: TraceRecord): string => [kind, path, type].filter(part => part !== undefined).join(' ')

describe('Trace', () => {
  const nobody = undefined as never

  it('says who listens to the frequent kinds, and to no others', () => {
    const trace = new Trace()
    const silent = { spawned: false, started: false, message: false, changed: false, emitted: false, ending: false, down: false }
    expect(trace.on).to.deep.equal(silent)
    const stopRare = trace.add(() => {}, ['crashed', 'log', 'dead-letter', 'restarting', 'suspended', 'late-error', 'ended', 'observer-removed'])
    expect(trace.on).to.deep.equal(silent)
    const stop = trace.add(() => {}, ['message', 'crashed'])
    expect(trace.on).to.deep.equal({ ...silent, message: true })
    const stopAll = trace.add(() => {})
    expect(Object.values(trace.on)).not.to.include(false)
    stopAll()
    stop()
    stopRare()
    expect(trace.on).to.deep.equal(silent)
  })

  it('reports to those who asked for the kind, in the order in which they came', () => {
    const trace = new Trace()
    const heard: string[] = []
    trace.add(kind => { heard.push(`first ${kind}`) }, ['down', 'log'])
    const stop = trace.add(kind => { heard.push(`second ${kind}`) })
    for (const kind of ['down', 'message', 'log'] as const) trace.report(kind, nobody)
    stop()
    stop()
    trace.report('down', nobody)
    expect(heard).to.deep.equal(['first down', 'second down', 'second message', 'first log', 'second log', 'first down'])
  })

  it('removes an observer that throws, and tells the others', () => {
    const trace = new Trace()
    const error = new Error('clumsy')
    const removed: unknown[][] = []
    let calls = 0
    trace.add(() => { calls++; throw error }, ['message'])
    trace.add((kind, _actor, subject, detail) => { removed.push([kind, subject, detail]) }, ['observer-removed', 'message'])
    trace.report('message', nobody, { type: 'a' })
    trace.report('message', nobody, { type: 'b' })
    expect(calls).to.equal(1)
    expect(removed).to.deep.equal([['observer-removed', error, 'message'], ['message', { type: 'a' }, undefined], ['message', { type: 'b' }, undefined]])
    expect(trace.on.message).to.equal(true)
  })

  it('ends even when those who hear of the removal throw as well', () => {
    const trace = new Trace()
    trace.add(() => { throw new Error('one') })
    trace.add(() => { throw new Error('two') })
    trace.report('message', nobody)
    expect(Object.values(trace.on)).not.to.include(true)
  })

  it('is not disturbed by observers that come and go meanwhile', () => {
    const trace = new Trace()
    const heard: string[] = []
    const stopFirst = trace.add(() => {
      heard.push('first')
      stopFirst()
      trace.add(() => { heard.push('third') })
    })
    trace.add(() => { heard.push('second') })
    trace.report('message', nobody)
    trace.report('message', nobody)
    expect(heard).to.deep.equal(['first', 'second', 'second', 'third'])
  })
})

describe('inspect.trace', () => {
  it('turns reports into plain records', inCompany(async ({ system, world, tell }) => {
    const records = recordsOf(system)
    system.spawn(counter(), { input: 0, name: 'till' })
    tell('/shop/till', add(2))
    tell('/shop/till', look)
    await world.run(1)
    tell('/shop/till', breakDown)
    tell('/shop/till', look)
    tell('/shop/nobody', look)
    await world.run(1)
    expect(records.map(shortly)).to.deep.equal([
      'spawned /shop/till', 'started /shop/till',
      'message /shop/till counter.add', 'changed /shop/till counter.add', 'message /shop/till counter.look',
      'dead-letter /shop/nobody counter.look',
      'message /shop/till counter.break', 'crashed /shop/till', 'ending /shop/till', 'dead-letter /shop/till counter.look', 'down /shop/till'
    ])
    const [spawned] = records
    expect(spawned).to.deep.equal({ kind: 'spawned', path: '/shop/till', behavior: 'counter', atMs: spawned!.atMs })
    expect(records.find(({ kind }) => kind === 'crashed')!.exit).to.deep.include({ kind: 'crashed', at: 'step', message: 'counter.break' })
    expect(records.find(({ kind }) => kind === 'dead-letter')).to.include({ reason: 'down', behavior: '' })
    for (const record of records) expect(JSON.parse(JSON.stringify(record))).to.deep.equal(record)
    for (let i = 1; i < records.length; i++) expect(records[i]!.atMs).to.be.at.least(records[i - 1]!.atMs)
  }))

  it('keeps to a path and what is below it', inCompany(async ({ system, world, tell }) => {
    const records = recordsOf(system, { path: '/shop/boss' })
    system.spawn(boss('boss', { strategy: 'one-for-one', children: [permanent('clerk')] }), { input: 0, name: 'boss' })
    system.spawn(counter(), { input: 0, name: 'bossy' })
    await world.run(1)
    tell('/shop/boss/clerk', look)
    tell('/shop/bossy', look)
    tell('/shop/boss/none', look)
    await world.run(1)
    expect([...new Set(records.map(({ path }) => path))]).to.have.members(['/shop/boss', '/shop/boss/clerk', '/shop/boss/none'])
  }))

  it('keeps to kinds and message types', inCompany(async ({ system, world, tell }) => {
    const kinds = recordsOf(system, { kinds: ['started', 'down'] })
    const types = recordsOf(system, { types: ['counter.add'] })
    system.spawn(counter(), { input: 0, name: 'till' })
    tell('/shop/till', add(1))
    tell('/shop/till', look)
    await world.run(1)
    expect(kinds.map(shortly)).to.deep.equal(['started /shop/till'])
    expect(types.map(shortly)).to.deep.equal(['message /shop/till counter.add', 'changed /shop/till counter.add'])
  }))

  it('shows payloads only when they are asked for', inCompany(async ({ system, world, tell }) => {
    const without = recordsOf(system)
    const withThem = recordsOf(system, { payloads: true })
    system.spawn(counter(), { input: 0, name: 'till' })
    tell('/shop/till', add(5))
    tell('/shop/till', perform(actor => { actor.done('secret') }))
    await world.run(1)
    expect(JSON.stringify(without)).not.to.include('secret').and.not.to.include('"n":5')
    expect(withThem.find(({ kind }) => kind === 'message')!.message).to.deep.equal({ type: 'counter.add', n: 5 })
    expect(withThem.find(({ kind }) => kind === 'changed')!.state).to.deep.equal({ count: 5 })
    expect(withThem.find(({ kind }) => kind === 'down')!.exit).to.deep.equal({ kind: 'done', output: 'secret' })
  }))

  it('shows what actors say, emit and throw too late', inCompany(async ({ system, world, tell }) => {
    const records = recordsOf(system, { kinds: ['log', 'emitted', 'late-error', 'restarting'] })
    system.spawn(boss('boss', { strategy: 'one-for-one', children: [permanent('clerk')] }), { input: 0, name: 'boss' })
    await world.run(1)
    tell('/shop/boss/clerk', perform(actor => {
      actor.log('info', 'hello', { to: 'you' })
      actor.emit({ type: 'clerk.waved' })
      actor.own({ [Symbol.dispose]: () => { throw new Error('stuck') } })
    }))
    tell('/shop/boss/clerk', breakDown)
    await world.run(1)
    expect(records.map(({ atMs: _, error, ...record }) => error === undefined ? record : { ...record, error: error.message })).to.deep.equal([
      { kind: 'log', path: '/shop/boss/clerk', behavior: 'counter', level: 'info', text: 'hello', details: { to: 'you' } },
      { kind: 'emitted', path: '/shop/boss/clerk', behavior: 'counter', type: 'clerk.waved' },
      { kind: 'late-error', path: '/shop/boss/clerk', behavior: 'counter', error: 'stuck', at: 'stop' },
      { kind: 'restarting', path: '/shop/boss', behavior: 'boss', child: 'clerk', delayMs: 0 }
    ])
  }))

  it('reports a change only after a step that left another state', inCompany(async ({ system, world, tell }) => {
    const records = recordsOf(system, { kinds: ['changed'] })
    system.spawn(counter(), { input: 0, name: 'till' })
    for (const message of [add(1), add(0), look, add(2)]) tell('/shop/till', message)
    await world.run(1)
    expect(records).to.have.length(2)
  }))

  it('completes when the system ends, after the last report', inCompany(async ({ system, world }) => {
    const heard: string[] = []
    system.inspect.trace({ kinds: ['down', 'ended'] }).subscribe({ next: record => { heard.push(shortly(record)) }, complete: () => { heard.push('complete') } })
    await world.until(system.stop())
    expect(heard).to.deep.equal(['down /shop', 'ended /shop', 'complete'])
    system.inspect.trace().subscribe({ complete: () => { heard.push('at once') } })
    expect(heard.at(-1)).to.equal('at once')
    expect(Object.values(system.trace.on)).not.to.include(true)
  }))

  it('costs nothing any more when the last subscriber has gone', inCompany(async ({ system }) => {
    const subscriptions = [system.inspect.trace().subscribe(), system.inspect.trace({ kinds: ['message'] }).subscribe()]
    expect(system.trace.on.message).to.equal(true)
    for (const subscription of subscriptions) subscription.unsubscribe()
    expect(Object.values(system.trace.on)).not.to.include(true)
  }))

  it('names what is wrong with a filter', inCompany(async ({ system }) => {
    const wrong: ReadonlyArray<readonly [unknown, string]> = [
      [{ kind: ['message'] }, "unknown option 'kind'"],
      [{ path: 'shop' }, 'filter.path'],
      [{ path: 7 }, 'filter.path'],
      [{ kinds: 'message' }, 'filter.kinds'],
      [{ kinds: ['mesage'] }, "unknown kind 'mesage'"],
      [{ types: 'counter.add' }, 'filter.types'],
      [{ types: [1] }, 'filter.types'],
      [{ payloads: 1 }, 'filter.payloads'],
      [null, 'filter: must be an object'],
      ['/shop', 'filter: must be an object']
    ]
    for (const [wanted, text] of wrong) expect(() => system.inspect.trace(wanted as TraceFilter), text).to.throw(TypeError, text)
  }))

  it('loads rxjs when the first observable is asked for, not before', () => {
    const script = `
      import { createRequire } from 'node:module'
      const { createSystem } = await import(${JSON.stringify(new URL('../../../src/runtime.js', import.meta.url).href)})
      const loaded = () => Object.keys(createRequire(${JSON.stringify(import.meta.url)}).cache).some(file => file.includes('rxjs'))
      const system = createSystem()
      system.inspect.tree()
      const before = loaded()
      system.inspect.trace()
      console.log(before, loaded())
      await system.stop()`
    expect(execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' }).trim()).to.equal('false true')
  })
})

describe('observers', () => {
  it('that throw are removed and reported, and nobody else notices', inCompany(async ({ system, world, tell }) => {
    const removed = recordsOf(system, { kinds: ['observer-removed'] })
    const good = recordsOf(system, { kinds: ['message'] })
    let bad = 0
    system.inspect.trace({ kinds: ['message'] }).subscribe(() => {
      bad++
      throw new Error('clumsy')
    })
    const after = recordsOf(system, { kinds: ['message'] })
    system.spawn(counter(), { input: 0, name: 'till' })
    for (let i = 0; i < 3; i++) tell('/shop/till', look)
    await world.run(1)
    expect(bad).to.equal(1)
    expect(good).to.have.length(3)
    expect(after).to.have.length(3)
    expect(removed.map(({ path, at, error }) => [path, at, error!.message])).to.deep.equal([['/shop', 'trace', 'clumsy']])
    expect(system.inspect.actor('/shop/till')).to.include({ status: 'running' })
  }))

  it('may throw at any end of a chain of operators', inCompany(async ({ system, world, tell }) => {
    const removed = recordsOf(system, { kinds: ['observer-removed'] })
    const source = system.inspect.trace({ kinds: ['message'] })
    const fail = (text: string) => (): never => { throw new Error(text) }
    source.pipe(map(({ type }) => type), filter(type => type !== '')).subscribe(fail('in next'))
    source.pipe(map(fail('in map'))).subscribe()
    source.pipe(map(fail('in map, handled'))).subscribe({ error: () => {} })
    source.pipe(map(fail('in map'))).subscribe({ error: fail('in error') })
    source.pipe(take(1)).subscribe({ complete: fail('in complete') })
    source.subscribe({ next: fail('in an observer') })
    const errors: unknown[] = []
    source.forEach(fail('in forEach')).catch((error: unknown) => { errors.push(error) })
    system.spawn(counter(), { input: 0, name: 'till' })
    for (let i = 0; i < 3; i++) tell('/shop/till', look)
    await world.run(1)
    expect(removed.map(({ error }) => error!.message)).to.have.members(['in next', 'in map', 'in error', 'in complete', 'in an observer'])
    expect(errors.map(String)).to.deep.equal(['Error: in forEach'])
    expect(system.trace.on.message).to.equal(false)
  }))

  it('may throw at the very first value', inCompany(async ({ system }) => {
    const removed = recordsOf(system, { kinds: ['observer-removed'] })
    const subscription = system.inspect.watch('/shop').subscribe(() => { throw new Error('at once') })
    expect(subscription.closed).to.equal(true)
    expect(removed.map(({ at, error }) => [at, error!.message])).to.deep.equal([['watch /shop', 'at once']])
    expect(system.trace.on.started).to.equal(false)
  }))

  it('work with what else rxjs has to offer', inCompany(async ({ system, world, tell }) => {
    const heard: string[] = []
    merge(system.inspect.trace({ types: ['counter.look'] }), system.inspect.trace({ kinds: ['started'] })).subscribe(record => { heard.push(shortly(record)) })
    system.spawn(counter(), { input: 0, name: 'till' })
    tell('/shop/till', look)
    await world.run(1)
    expect(heard).to.deep.equal(['started /shop/till', 'message /shop/till counter.look'])
  }))

  /** The history of a busy world, with its hash, in which somebody may look on. */
  async function history (observe: (system: System, world: SimWorld) => void): Promise<{ readonly hash: string, readonly lines: number, readonly now: number }> {
    const world = new SimWorld({ seed: 42 })
    const system = world.system({
      name: 'shop',
      root: supervisor('floor', { strategy: 'one-for-one', children: [
        permanent('till'),
        permanent('boss', boss('boss', { strategy: 'rest-for-one', children: [permanent('a'), permanent('b')] }))
      ] })
    })
    const transcript = new Transcript([system], { kinds: traceKinds.filter(kind => kind !== 'observer-removed') })
    observe(system, world)
    const client = reducer({
      name: 'client',
      initial: (_: number, out) => { out.timer('buy', 1, { type: 'client.buy' }); return 0 },
      step (bought: number, message: { readonly type: 'client.buy' | 'client.paid' }, out) {
        if (message.type === 'client.paid') return bought
        out.tell(system.named<CounterMessage>('/shop/till'), add(1))
        out.tell(system.named<CounterMessage>(bought % 7 === 3 ? '/shop/boss/a' : '/shop/boss/b'), bought % 5 === 4 ? breakDown : look)
        out.timer('buy', 1 + bought % 3, { type: 'client.buy' })
        return bought + 1
      }
    })
    for (let i = 0; i < 5; i++) system.spawn(client, { input: 0 })
    await world.run(200)
    await world.stop()
    await world.settle()
    return { hash: transcript.hash(), lines: transcript.length, now: world.now() }
  }

  it('change nothing: the same seed gives the same history', async () => {
    const alone = await history(() => {})
    expect(alone.lines).to.be.greaterThan(2000)
    const records: unknown[] = []
    const watched = await history((system, world) => {
      const keep = (record: unknown): void => { records.push(record) }
      system.inspect.trace({ payloads: true }).subscribe(keep)
      system.inspect.watch('/shop/till').subscribe(keep)
      system.inspect.watch('/shop/boss/a').subscribe(keep)
      system.inspect.trace({ kinds: ['message'] }).subscribe(() => {
        keep(system.inspect.tree())
        keep(system.inspect.actor('/shop/boss'))
        keep(system.inspect.ledger())
        keep(system.inspect.why('/shop/boss/b'))
        if (world.now() > 100) throw new Error('seen enough')
      })
    })
    expect(records.length).to.be.greaterThan(4000)
    expect(watched).to.deep.equal(alone)
  })

  it('can listen to every kind there is', inCompany(async ({ system }) => {
    const kinds: readonly TraceKind[] = traceKinds
    expect(new Set(kinds).size).to.equal(kinds.length)
    expect(() => system.inspect.trace({ kinds })).not.to.throw()
  }))
})
