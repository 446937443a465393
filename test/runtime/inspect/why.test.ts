import { expect } from 'chai'
import { supervisor } from '../../../src/runtime/behavior/supervisor.js'
import type { Cell } from '../../../src/runtime/cell.js'
import { ActorError } from '../../../src/runtime/errors.js'
import { explain } from '../../../src/runtime/inspect/explain.js'
import type { Why } from '../../../src/runtime/inspect/why.js'
import { child } from '../../../src/runtime/supervision.js'
import type { System } from '../../../src/runtime/system.js'
import { add, boss, breakDown, counter, inCompany, look, perform, permanent } from './company.js'

type Down = Extract<Why, { status: 'down' }>
type Alive = Extract<Why, { status: 'alive' }>

function downAt (system: System, path: string): Down {
  const why = system.inspect.why(path)
  expect(why.status, path).to.equal('down')
  expect(JSON.parse(JSON.stringify(why))).to.deep.equal(why)
  return why as Down
}

function aliveAt (system: System, path: string): Alive {
  const why = system.inspect.why(path)
  expect(why.status, path).to.equal('alive')
  return why as Alive
}

const says = (system: System, path: string): string => explain(system.inspect.why(path))

describe('why', () => {
  it('leads from the root cause down through a nested tree', inCompany(async ({ system, world, tell }) => {
    system.spawn(boss('connection', { strategy: 'dynamic' }), { input: 0, name: 'connection' })
    await world.run(1)
    tell('/shop/connection', perform(actor => {
      const streams = actor.spawn(boss('streams', { strategy: 'dynamic' }), { input: 0, name: 'streams' })
      streams.tell(perform(streams => { streams.spawn(counter({ name: 'stream' }), { input: 0 }) }))
    }))
    await world.run(1)
    tell('/shop/connection/streams/1', look)
    tell('/shop/connection', add(1))
    tell('/shop/connection', breakDown)
    await world.run(1)

    const { behavior, death, verdict } = downAt(system, '/shop/connection/streams/1')
    expect(behavior).to.equal('stream')
    expect(death!.exit).to.deep.equal({ kind: 'stopped', reason: 'parent-ending', because: '/shop/connection/streams' })
    expect(death!.chain.map(({ path, behavior, exit }) => [path, behavior, exit.kind])).to.deep.equal([
      ['/shop/connection', 'connection', 'crashed'],
      ['/shop/connection/streams', 'streams', 'stopped'],
      ['/shop/connection/streams/1', 'stream', 'stopped']
    ])
    const [root] = death!.chain
    expect(root!.exit).to.deep.include({ at: 'step', message: 'counter.break' })
    expect(root!.exit.error).to.include({ name: 'Error', message: 'it broke' })
    expect(root!.exit.error!.cause).to.include({ name: 'TypeError', message: 'a screw was loose' })
    expect(root!.messages!.map(({ type }) => type)).to.deep.equal(['counter.do', 'counter.add', 'counter.break'])
    expect(death!.messages.map(({ type }) => type)).to.deep.equal(['counter.look'])
    expect(death!.atMs).to.be.a('number')
    expect(verdict).to.deep.equal({ decision: 'none', starts: 1 })
    expect(says(system, '/shop/connection/streams/1')).to.equal(
      '/shop/connection/streams/1 (stream) was stopped (parent-ending), because /shop/connection/streams was stopped (parent-ending),'
      + " because /shop/connection crashed in its step, handling 'counter.break': Error: it broke (caused by TypeError: a screw was loose);"
      + ' the last messages of /shop/connection: counter.do, counter.add, counter.break.'
    )
  }))

  it('tells of a living actor why the one before it ended', inCompany(async ({ system, world, tell }) => {
    expect(aliveAt(system, '/shop/till')).to.deep.equal({ status: 'alive', path: '/shop/till', behavior: 'counter', actor: 'running', starts: 1, underWay: null, previous: null })
    expect(says(system, '/shop/till')).to.equal('/shop/till (counter) is running and has not ended.')
    tell('/shop/till', breakDown)
    await world.run(1)
    const { actor, starts, previous } = aliveAt(system, '/shop/till')
    expect([actor, starts]).to.deep.equal(['running', 2])
    expect(previous!.exit.kind).to.equal('crashed')
    expect(says(system, '/shop/till')).to.equal(
      "/shop/till (counter) is running; the one before it crashed in its step, handling 'counter.break': Error: it broke (caused by TypeError: a screw was loose); its last messages: counter.break."
    )
  }, { root: supervisor('floor', { strategy: 'one-for-one', children: [permanent('till')] }) }))

  it('tells of an end that is under way', inCompany(async ({ system, world }) => {
    const slow = system.spawn(counter({ stopMessage: () => look }), { input: 0, name: 'slow' })
    await world.run(1)
    system.root.stop(slow, { reason: 'closing time' })
    await world.run(1)
    const { actor, underWay } = aliveAt(system, '/shop/slow')
    expect(actor).to.equal('stopping')
    expect(underWay!.exit).to.deep.equal({ kind: 'stopped', reason: 'closing time' })
    expect(says(system, '/shop/slow')).to.equal('/shop/slow (counter) is stopping: it was stopped (closing time); its last messages: counter.look.')
  }))

  it('names the operator', inCompany(async ({ system, world }) => {
    system.spawn(counter(), { input: 0, name: 'till' })
    await world.run(1)
    system.inspect.kill('/shop/till', new Error('it smelled of smoke'))
    await world.run(1)
    expect(downAt(system, '/shop/till').death!.exit).to.deep.include({ kind: 'killed', reason: 'operator' })
    expect(says(system, '/shop/till')).to.equal('/shop/till (counter) was killed (operator): Error: it smelled of smoke.')
  }))

  it('tells that the grace was over, and why there was one', inCompany(async ({ system, world, tell }) => {
    system.spawn(boss('boss', { strategy: 'dynamic' }, { crashGraceMs: 50 }), { input: 0, name: 'boss' })
    await world.run(1)
    tell('/shop/boss', perform(actor => {
      actor.spawn(counter({ stopMessage: () => look, stopGraceMs: 20 }), { input: 0, name: 'stubborn' })
      actor.spawn(counter({ stopMessage: () => look }), { input: 0, name: 'deaf' })
    }))
    await world.run(1)
    tell('/shop/boss', breakDown)
    await world.run(100)
    expect(downAt(system, '/shop/boss/stubborn').death!.exit).to.deep.equal({ kind: 'killed', reason: 'grace-over', because: '/shop/boss' })
    expect(downAt(system, '/shop/boss/deaf').death!.exit).to.deep.equal({ kind: 'killed', reason: 'parent-ending', because: '/shop/boss' })
    expect(says(system, '/shop/boss/stubborn')).to.include('was killed (grace-over), because /shop/boss crashed in its step')
  }))

  it('knows what the supervisor does about it', inCompany(async ({ system, world, tell }) => {
    const retries: number[] = []
    for (let time = 0; time < 4; time++) {
      tell('/shop/till', breakDown)
      await world.run(1)
      const why = system.inspect.why('/shop/till')
      if (why.status === 'down') retries.push(why.verdict.retryInMs!)
      if (time === 1) {
        expect(downAt(system, '/shop/till').verdict).to.deep.include({ decision: 'backing-off', starts: 2 })
        expect(says(system, '/shop/till')).to.match(/; it will be started again in \d+ ms\.$/)
      }
      await world.run(150)
    }
    expect(downAt(system, '/shop/till').verdict).to.deep.include({ decision: 'suspended', starts: 3 })
    expect(says(system, '/shop/till')).to.match(/; it is suspended after 3 starts and will be tried again in [\d,]+ ms\.$/)
    expect(retries[0]).to.be.within(75, 125)
    expect(retries[1]).to.be.within(40_000, 72_000)
  }, { root: supervisor('floor', { strategy: 'one-for-one', children: [permanent('till')], intensity: { restarts: 2 }, backoff: { firstMs: 100 } }) }))

  it('tells an undecided supervisor from one that lets it be', inCompany(async ({ system, world, tell }) => {
    tell('/shop/till', breakDown)
    while ((system.find('/shop/till')) !== null) world.scheduler.step()
    expect(downAt(system, '/shop/till').verdict).to.deep.equal({ decision: 'undecided', starts: 1 })
    expect(says(system, '/shop/till')).to.match(/; its supervisor has not decided yet\.$/)
    tell('/shop/once', perform(actor => { actor.done('all of it') }))
    await world.run(1)
    expect(downAt(system, '/shop/once')).to.deep.include({ verdict: { decision: 'none', starts: 1 } })
    expect(says(system, '/shop/once')).to.equal('/shop/once (counter) reached its end; its last messages: counter.do.')
  }, {
    root: supervisor('floor', { strategy: 'one-for-one', children: [permanent('till'), child('once', counter(), { input: () => 0, restart: 'transient' })] })
  }))

  it('blames the member whose crash restarts a group', inCompany(async ({ system, world, tell }) => {
    tell('/shop/first', breakDown)
    await world.run(1)
    expect(aliveAt(system, '/shop/second').previous!.exit).to.deep.equal({ kind: 'stopped', reason: 'group-restart', because: '/shop/first' })
    expect(says(system, '/shop/second')).to.include('the one before it was stopped (group-restart), because /shop/first crashed in its step')
  }, { root: supervisor('floor', { strategy: 'rest-for-one', children: [permanent('first'), permanent('second')] }) }))

  it('explains a start that failed, and the boot that failed with it', async () => {
    await inCompany(async ({ system, world }) => {
      system.spawn(boss('boss', { strategy: 'one-for-one', children: [permanent('clerk', counter(), NaN)] }), { input: 0, name: 'boss' })
      await world.run(1)
      expect(downAt(system, '/shop/boss/clerk').death!.exit).to.deep.include({ kind: 'start-failed' })
      const { death } = downAt(system, '/shop/boss')
      expect(death!.chain.map(({ path, exit }) => [path, exit.kind])).to.deep.equal([['/shop/boss/clerk', 'start-failed'], ['/shop/boss', 'start-failed']])
      expect(says(system, '/shop/boss/clerk')).to.equal('/shop/boss/clerk (counter) failed to start: RangeError: no number to start from.')
    })()
  })

  it('answers for the last that lived at a place, whatever its end', inCompany(async ({ system, world, tell }) => {
    system.spawn(counter(), { input: 0, name: 'till' })
    tell('/shop/till', breakDown)
    await world.run(1)
    const next = system.spawn(counter(), { input: 0, name: 'till' })
    await world.run(1)
    system.root.stop(next)
    await world.run(1)
    expect(downAt(system, '/shop/till').death!.exit.kind).to.equal('stopped')
  }))

  it('answers unknown for what never was, and for what is forgotten', inCompany(async ({ system, world, tell }) => {
    expect(system.inspect.why('/shop/never')).to.deep.equal({ status: 'unknown', path: '/shop/never' })
    expect(says(system, '/elsewhere/1')).to.equal('/elsewhere/1 is unknown: no actor has lived there, or it ended so long ago that it is forgotten.')
    for (const name of ['a', 'b', 'c']) {
      system.spawn(counter(), { input: 0, name })
      tell(`/shop/${name}`, breakDown)
      await world.run(1)
    }
    expect(['a', 'b', 'c'].map(name => system.inspect.why(`/shop/${name}`).status)).to.deep.equal(['unknown', 'down', 'down'])
  }, { graveyard: { failures: 2, others: 0 } }))

  it('keeps root causes when a crash takes many along', inCompany(async ({ system, world, tell }) => {
    system.spawn(counter(), { input: 0, name: 'early' })
    tell('/shop/early', breakDown)
    system.spawn(boss('boss', { strategy: 'dynamic' }, { crashGraceMs: 0 }), { input: 0, name: 'boss' })
    tell('/shop/boss', perform(actor => { for (let i = 0; i < 50; i++) actor.spawn(counter(), { input: 0 }) }))
    await world.run(1)
    tell('/shop/boss', breakDown)
    await world.run(5)
    expect(system.inspect.why('/shop/early').status).to.equal('down')
    expect(system.inspect.why('/shop/boss').status).to.equal('down')
    expect(system.graveyard.failed().map(({ path }) => path)).to.deep.equal(['/shop/early', '/shop/boss'])
  }, { graveyard: { failures: 4, others: 4 } }))

  it('shortens a chain that is as long as the tree is deep', inCompany(async ({ system, world }) => {
    let cell = system.root
    const behavior = counter()
    for (let depth = 0; depth < 100; depth++) cell = cell.spawn(behavior, { input: 0, name: `d${depth}` }) as unknown as Cell
    await world.run(10)
    const { path } = cell
    system.inspect.kill('/shop/d0')
    await world.run(10)
    const { death } = downAt(system, path)
    expect(death!.chain).to.have.length(32)
    expect(death!.skipped).to.equal(68)
    expect(death!.chain[0]!.path).to.equal('/shop/d0')
    expect(death!.chain.at(-1)!.path).to.equal(path)
    expect(says(system, path).match(/because/g)).to.have.length(31)
    expect(says(system, path)).to.include(', and so on through 68 more, because ')
  }))

  it('tells a question that found nobody from the crash it led to', inCompany(async ({ system, world, tell }) => {
    system.spawn(counter(), { input: 0, name: 'asker' })
    tell('/shop/asker', perform(actor => { actor.ask(actor.named('/shop/nobody'), () => look, { done: () => look }) }))
    await world.run(1)
    const { death } = downAt(system, '/shop/asker')
    expect(death!.exit.error).to.include({ name: 'ActorError', code: 'actor/down' })
  }))

  it('names the argument that is no path', inCompany(async ({ system }) => {
    expect(() => system.inspect.why('till')).to.throw(TypeError, 'path')
  }))
})

describe('kill', () => {
  it('ends an actor at once, and its supervisor starts it again without counting', inCompany(async ({ system, world }) => {
    for (let time = 1; time <= 5; time++) {
      system.inspect.kill('/shop/till')
      await world.run(1)
      expect(aliveAt(system, '/shop/till')).to.include({ actor: 'running', starts: time + 1 })
    }
  }, { root: supervisor('floor', { strategy: 'one-for-one', children: [permanent('till')], intensity: { restarts: 1 } }) }))

  it('of the root ends the system', inCompany(async ({ system, world }) => {
    system.spawn(counter(), { input: 0, name: 'till' })
    await world.run(1)
    system.inspect.kill('/shop')
    expect(await world.until(system.ended())).to.include({ kind: 'killed', reason: 'operator' })
    expect(system.inspect.ledger().cells).to.equal(0)
    expect(says(system, '/shop/till')).to.equal('/shop/till (counter) was killed (parent-ending), because /shop was killed (operator).')
  }))

  it('says when nobody is there', inCompany(async ({ system }) => {
    expect(() => { system.inspect.kill('/shop/nobody') }).to.throw(ActorError).that.includes({ code: 'actor/down', path: '/shop/nobody' })
    expect(() => { system.inspect.kill('nobody') }).to.throw(TypeError, 'path')
  }))
})

describe('deadLetters', () => {
  it('counts what was lost, with samples', inCompany(async ({ system, tell }) => {
    for (let i = 0; i < 70; i++) tell('/shop/nobody', look)
    const { count, samples } = system.inspect.deadLetters()
    expect(count).to.equal(70)
    expect(samples).to.have.length(64)
    expect(samples[0]).to.deep.equal({ to: '/shop/nobody', type: 'counter.look', reason: 'down', atMs: 0 })
  }))
})
