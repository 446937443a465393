/** How an actor begins. */
import { expect } from 'chai'
import { child } from '../../src/runtime/supervision.js'
import { act, cellOf, exitOf, fail, Handle, inManyWorlds, inWorld, listen, puppet as behavior, statusOf, thrownBy } from './kit.js'

describe('start', () => {
  it('happens in a turn of its own, never in the stack of the spawner', inWorld(async ({ puppet, tell, settle }) => {
    const order: string[] = []
    tell(puppet(), actor => {
      const child = actor.spawn(behavior(), { input: { step: () => { order.push('initial') } } })
      order.push(`spawned ${statusOf(child)}`)
    })
    await settle()
    expect(order).to.deep.equal(['spawned starting', 'initial'])
  }))

  it('lets messages wait until it is over', inManyWorlds(10, async ({ puppet, settle }) => {
    const log: string[] = []
    const self = puppet({ log, step: () => { log.push('start') }, run: () => { log.push('effect of the start') } })
    expect(self.tell({ type: 'a' })).to.equal(true)
    await settle()
    expect(log).to.deep.equal(['start', 'effect of the start', 'a'])
  }))

  it('that throws is an end of its own kind, and what waited is lost', inWorld(async ({ system, puppet, settle }) => {
    const error = new Error('no')
    const self = puppet({ step: () => { throw error } })
    self.tell({ type: 'a' })
    await settle()
    expect(exitOf(self)).to.deep.equal({ kind: 'start-failed', error })
    expect(system.deadLetters.count).to.equal(1)
  }))

  it('whose effect throws has failed too', inWorld(async ({ puppet, settle }) => {
    const handle = new Handle()
    const self = puppet({ run: actor => { actor.own(handle); fail() } })
    await settle()
    expect(exitOf(self)!.kind).to.equal('start-failed')
    expect(handle.disposed).to.equal(1)
  }))

  it('that fails is never repeated for a temporary child, and its parent lives on', inWorld(async ({ system, puppet, settle }) => {
    let starts = 0
    const spawned = listen(system, 'spawned')
    const parent = puppet()
    puppet({ step: () => { starts++; fail() } }, { of: parent })
    await settle()
    expect(starts).to.equal(1)
    expect(spawned).to.have.length(2)
    expect(statusOf(parent)).to.equal('running')
  }))

  it('that fails is not repeated for a child added to a supervisor either: the first start is its spawner\'s business', inWorld(async ({ puppet, run }) => {
    let starts = 0
    const boss = puppet({}, { behavior: behavior({ supervision: { strategy: 'one-for-one' } }) })
    await run(1)
    const cell = cellOf(boss).spawn(behavior(), { input: { step: () => { starts++; fail() } }, name: 'child', restart: 'permanent' })
    await run(100_000)
    expect(starts).to.equal(1)
    expect(exitOf(cell)!.kind).to.equal('start-failed')
    expect(cellOf(boss).supervisor!.view()).to.deep.equal([])
    expect(statusOf(boss)).to.equal('running')
  }))

  it('may end the actor at once', inWorld(async ({ puppet, settle }) => {
    const self = puppet({ done: 3 })
    await settle()
    expect(exitOf(self)).to.deep.equal({ kind: 'done', output: 3 })
  }))

  it('may ask for the stop of its own actor', inWorld(async ({ puppet, settle }) => {
    const log: string[] = []
    const self = puppet({ log, run: actor => { actor.stop(actor.self) } })
    const graceful = puppet({ log, run: actor => { actor.stop(actor.self) } }, { behavior: behavior({ stopMessage: () => ({ type: 'stop', done: 1 }) }) })
    await settle()
    expect(log).to.deep.equal(['stop'])
    expect([exitOf(self), exitOf(graceful)]).to.deep.equal([{ kind: 'stopped', reason: 'asked' }, { kind: 'stopped', reason: 'asked' }])
  }))

  it('never happens when the actor was stopped or killed before', inManyWorlds(10, async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const input = { step: () => { log.push('started') } }
    const graceful = behavior({ stopMessage: () => ({ type: 'stop', step: () => { log.push('asked') } }) })
    tell(puppet(), actor => {
      actor.stop(actor.spawn(behavior(), { input }))
      actor.stop(actor.spawn(graceful, { input }))
      actor.kill(actor.spawn(behavior(), { input }))
    })
    await settle()
    expect(log).to.deep.equal([])
  }))

  it('of a supervisor starts its static children one after another, in order', inManyWorlds(10, async ({ system, puppet, settle }) => {
    const log: string[] = []
    const note = (name: string) => child(name, behavior(), { input: () => ({ step: () => { log.push(`${name} begins`) }, run: () => { log.push(`${name} started`) } }) })
    const boss = puppet({}, { name: 'boss', behavior: behavior({ supervision: { strategy: 'one-for-one', children: [note('a'), note('b'), note('c')] } }) })
    const started = listen(system, 'started')
    await settle()
    expect(log).to.deep.equal(['a begins', 'a started', 'b begins', 'b started', 'c begins', 'c started'])
    expect(started.map(({ path }) => path).filter(path => path.startsWith('/system/boss'))).to.deep.equal(['/system/boss/a', '/system/boss/b', '/system/boss/c', '/system/boss'])
    expect(statusOf(boss)).to.equal('running')
  }))

  it('of nested supervisors is over only when all below have started', inManyWorlds(10, async ({ system, settle }) => {
    const log: string[] = []
    await settle()
    system.trace.add((kind, cell) => { if (kind === 'started') log.push(cell.path) })
    const leaf = (name: string) => child(name, behavior())
    const inner = behavior({ supervision: { strategy: 'one-for-one', children: [leaf('x'), leaf('y')] } })
    system.spawn(behavior({ supervision: { strategy: 'rest-for-one', children: [child('inner', inner), leaf('z')] } }), { input: {}, name: 'outer' })
    await settle()
    expect(log).to.deep.equal(['/system/outer/inner/x', '/system/outer/inner/y', '/system/outer/inner', '/system/outer/z', '/system/outer'])
  }))

  it('of a supervisor that fails in the middle stops those that had started, last first, and fails', inManyWorlds(10, async ({ puppet, settle }) => {
    const log: string[] = []
    const good = (name: string) => child(name, behavior(), { input: () => ({ run: actor => { actor.own(new Handle(name, log)) } }) })
    const error = new Error('port is busy')
    const bad = child('bad', behavior(), { input: () => ({ step: () => { throw error } }) })
    for (const strategy of ['one-for-one', 'rest-for-one'] as const) {
      log.length = 0
      const boss = puppet({}, { behavior: behavior({ supervision: { strategy, children: [good('a'), good('b'), bad, good('c')] } }) })
      await settle()
      expect(log).to.deep.equal(['dispose b', 'dispose a'])
      expect(exitOf(boss)).to.include({ kind: 'start-failed' }).and.nested.include({ 'error.code': 'actor/start-failed', 'error.cause': error, 'because.exit.error': error })
    }
  }))

  it('of a supervisor fails when the input of a static child cannot be made, or its account refuses', inManyWorlds(5, async ({ puppet, settle }) => {
    const noInput = puppet({}, { behavior: behavior({ supervision: { strategy: 'one-for-one', children: [child('a', behavior(), { input: fail })] } }) })
    const noRoom = puppet({}, { account: { limits: { actors: 2 } }, behavior: behavior({ supervision: { strategy: 'one-for-one', children: [child('a', behavior()), child('b', behavior())] } }) })
    await settle()
    expect(exitOf(noInput)).to.include({ kind: 'start-failed' })
    expect(exitOf(noRoom)).to.include({ kind: 'start-failed' }).and.nested.include({ 'error.code': 'actor/limit' })
  }))

  it('takes messages while the static children start', inWorld(async ({ puppet, settle }) => {
    const log: string[] = []
    const boss = puppet({ log }, { behavior: behavior({ supervision: { strategy: 'one-for-one', children: [child('a', behavior(), { input: () => ({ step: () => { log.push('a starts') } }) })] } }) })
    boss.tell({ type: 'early' })
    await settle()
    expect(log.sort()).to.deep.equal(['a starts', 'early'])
  }))

  it('of a static child that crashes while its siblings start does not fail the boot', inManyWorlds(10, async ({ puppet, run }) => {
    const starts = { a: 0, b: 0 }
    const a = child('a', behavior(), { input: () => ({ run: actor => { if (starts.a++ === 0) actor.self.tell(act(fail)) } }) })
    const b = child('b', behavior(), { input: () => ({ run: () => { starts.b++ } }) })
    for (const strategy of ['one-for-one', 'rest-for-one'] as const) {
      starts.a = starts.b = 0
      const boss = puppet({}, { behavior: behavior({ supervision: { strategy, children: [a, b] } }) })
      await run(5000)
      expect(starts.a).to.equal(2)
      expect(starts.b).to.be.within(1, 2)
      expect(statusOf(boss)).to.equal('running')
      expect(cellOf(boss).supervisor!.view().map(({ state }) => state)).to.deep.equal(['running', 'running'])
    }
  }))

  it('of a static child that ends at once does not hold up its siblings', inManyWorlds(10, async ({ puppet, run }) => {
    for (const strategy of ['one-for-one', 'rest-for-one', 'dynamic'] as const) {
      for (const restart of ['permanent', 'transient', 'temporary'] as const) {
        const children = [child('brief', behavior(), { restart, input: () => ({ done: 1 }) }), child('other', behavior())]
        const boss = puppet({}, { behavior: behavior({ supervision: { strategy, children } }) })
        await run(restart === 'permanent' && strategy === 'rest-for-one' ? 200_000 : 10)
        expect(statusOf(boss)).to.equal('running')
        if (strategy !== 'rest-for-one' || restart !== 'permanent') expect(cellOf(boss).child('other')?.statusName, `${strategy} ${restart}`).to.equal('running')
        cellOf(boss).requestEnd({ kind: 'killed', reason: 'end of scene' })
        await run(1)
      }
    }
  }))

  it('of a restart that fails while siblings start counts as a crash', inManyWorlds(10, async ({ puppet, run }) => {
    let starts = 0
    const a = child('a', behavior(), {
      input: () => ({
        step: () => { if (starts++ === 1) fail() },
        run: actor => { if (starts === 1) actor.self.tell(act(fail)) }
      })
    })
    const boss = puppet({}, { behavior: behavior({ supervision: { strategy: 'one-for-one', children: [a, child('b', behavior())] } }) })
    await run(5000)
    expect(starts).to.equal(3)
    expect(statusOf(boss)).to.equal('running')
  }))

  it('numbers children without a name from 1, and never uses a number twice', inWorld(async ({ puppet, settle }) => {
    const parent = puppet({}, { name: 'parent' })
    await settle()
    const first = puppet({}, { of: parent })
    first.tell({ type: 'end', done: undefined })
    await settle()
    expect(puppet({}, { of: parent }).path).to.equal('/system/parent/2')
    expect(first.path).to.equal('/system/parent/1')
    expect(cellOf(parent).child('1')).to.equal(undefined)
    expect(cellOf(parent).child('2')!.path).to.equal('/system/parent/2')
  }))

  it('takes a name only when it is free, and it is free once its bearer is down', inWorld(async ({ puppet, settle }) => {
    const slow = behavior({ stopMessage: () => ({ type: 'stop', run: actor => { actor.timer('t', 50, { type: 'over', done: undefined }) } }) })
    const first = puppet({}, { name: 'a', behavior: slow })
    await settle()
    expect(thrownBy(() => puppet({}, { name: 'a' }))).to.include({ code: 'actor/name-taken', path: '/system/a' })
    puppet({ run: actor => { actor.stop(first) } })
    await settle()
    expect(puppet({}, { name: 'a' }).path).to.equal('/system/a')
  }))

  it('gives each incarnation a randomness of its own, the same in each run', async () => {
    const draw = async (): Promise<number[]> => {
      const drawn: number[] = []
      await inManyWorlds(1, async ({ puppet, run }) => {
        const children = [child('a', behavior(), { input: () => ({ run: actor => { drawn.push(actor.random.int(1e9)); actor.timer('t', 10, act(fail)) } }) })]
        puppet({}, { behavior: behavior({ supervision: { strategy: 'one-for-one', children } }) })
        await run(100)
      })()
      return drawn
    }
    const [first, second] = [await draw(), await draw()]
    expect(first).to.deep.equal(second)
    expect(first).to.have.length(2)
    expect(first[0]).to.not.equal(first[1])
  })
})
