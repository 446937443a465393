/** A system from its start to its end. */
import { expect } from 'chai'
import { supervisor } from '../../src/runtime/behavior/supervisor.js'
import { reducer } from '../../src/runtime/behavior/reducer.js'
import { child } from '../../src/runtime/supervision.js'
import { createSystem, type System } from '../../src/runtime/system.js'
import type { Behavior } from '../../src/runtime/behavior/behavior.js'
import type { Out } from '../../src/runtime/behavior/out.js'
import { cellOf, expectEmpty, fail, Handle, HandDrive, inWorld, puppet as behavior, statusOf, type Note } from './kit.js'

const quiet = { log: { level: 'off' as const } }
const code = async (promise: Promise<unknown>): Promise<unknown> => promise.then(fail, (error: unknown) => (error as { code: unknown }).code)

describe('system', () => {
  it('starts, works and stops', async () => {
    const system = createSystem({ ...quiet, name: 'shop' })
    const log: string[] = []
    const self = system.spawn(behavior(), { input: { log }, name: 'till' })
    expect(self.path).to.equal('/shop/till')
    self.tell({ type: 'a' })
    await system.ready()
    await system.ask<Note, Note>(self, replyTo => ({ type: 'q', run: () => { replyTo.tell({ type: 'r' }) } }))
    expect(log).to.deep.equal(['a', 'q'])
    await system.stop()
    expect(statusOf(self)).to.equal('down')
    expectEmpty(system)
  })

  it('is ready when its root and all static children have started', async () => {
    const log: string[] = []
    const leaf = child('leaf', behavior(), { input: () => ({ step: () => { log.push('leaf') } }) })
    const inner = child('inner', supervisor('inner', { strategy: 'one-for-one', children: [leaf] }))
    const system = createSystem({ ...quiet, root: supervisor('root', { strategy: 'one-for-one', children: [inner] }) })
    await system.ready()
    expect(log).to.deep.equal(['leaf'])
    expect(system.find('/system/inner/leaf')!.statusName).to.equal('running')
    // And stays so.
    await system.ready()
    await system.stop()
  })

  it('rejects ready with what a start threw, and has ended', async () => {
    const error = new Error('port is busy')
    const bad = child('bad', behavior(), { input: () => ({ step: () => { throw error } }) })
    const system = createSystem({ ...quiet, root: supervisor('root', { strategy: 'one-for-one', children: [child('good', behavior()), bad] }) })
    const failure: unknown = await system.ready().then(fail, (reason: unknown) => reason)
    expect(failure).to.include({ code: 'actor/start-failed' }).and.nested.include({ 'cause.code': 'actor/start-failed', 'cause.cause': error })
    expect(await code(system.ready())).to.equal('actor/start-failed')
    expect((await system.ended()).kind).to.equal('start-failed')
    expectEmpty(system)
  })

  it('rejects ready when it was stopped before it was', async () => {
    const system = createSystem(quiet)
    const ready = code(system.ready())
    await system.stop()
    expect(await ready).to.equal('system/stopped')
    expect(await code(system.ready())).to.equal('system/stopped')
  })

  it('tells when it has ended, and why', inWorld(async ({ world, system }) => {
    const ended = system.ended()
    await world.run(1)
    system.root.done('output')
    expect(await world.until(ended)).to.deep.equal({ kind: 'done', output: 'output' })
    expect(await system.ended()).to.deep.equal({ kind: 'done', output: 'output' })
  }))

  it('can be stopped once', async () => {
    const system = createSystem(quiet)
    const stopped = system.stop()
    expect(await code(system.stop())).to.equal('system/stopped')
    await stopped
    expect(await code(system.stop())).to.equal('system/stopped')
    // Disposing it is always allowed.
    await system[Symbol.asyncDispose]()
    await system[Symbol.asyncDispose]()
    expect(await system.ended()).to.deep.equal({ kind: 'stopped', reason: 'system-stop' })
  })

  it('waits for the stop that is under way when it is disposed', async () => {
    const system = createSystem(quiet)
    const stopped = system.stop()
    await system[Symbol.asyncDispose]()
    expect(system.liveCells).to.equal(0)
    await stopped
  })

  it('stops all in order and resolves when the last has gone', inWorld(async ({ world, system, puppet, settle }) => {
    const log: string[] = []
    const parent = puppet({ run: actor => { actor.own(new Handle('parent', log)) } })
    puppet({ run: actor => { actor.own(new Handle('child', log)) } }, { of: parent })
    await settle()
    await world.until(system.stop())
    expect(log).to.deep.equal(['dispose child', 'dispose parent'])
    expectEmpty(system)
  }))

  it('kills what has not stopped within the grace of the whole stop', async () => {
    for (const [options, expected] of [[{}, 5000], [{ graceMs: 70 }, 70], [{ graceMs: 0 }, 0]] as const) {
      const drive = new HandDrive({})
      const deaf = behavior({ stopMessage: () => ({ type: 'stop' }) })
      const parent = drive.system.spawn(deaf, { input: {} })
      await drive.run(1)
      cellOf(parent).spawn(deaf, { input: {} })
      await drive.run(1)
      await drive.until(drive.system.stop(options))
      expect(drive.now()).to.equal(2 + expected)
      expectEmpty(drive.system)
    }
  })

  it('may be stopped while it starts', async () => {
    const started: string[] = []
    const drive = new HandDrive({
      turnMessages: 1,
      root: supervisor('root', { strategy: 'one-for-one', children: ['a', 'b', 'c'].map(name => child(name, behavior(), { input: () => ({ step: () => { started.push(name) } }) })) })
    })
    const ready = code(drive.system.ready())
    while (started.length < 2) drive.loop.step()
    await drive.until(drive.system.stop())
    expect(started).to.deep.equal(['a', 'b'])
    expect(await ready).to.equal('system/stopped')
    expectEmpty(drive.system)
  })

  it('takes nobody in once it ends', async () => {
    const system = createSystem(quiet)
    await system.stop()
    expect(() => system.spawn(behavior(), { input: {} })).to.throw().with.property('code', 'actor/closed')
  })

  it('makes its root from itself, so that members know each other by name', async () => {
    const heard: string[] = []
    const system = createSystem({
      ...quiet,
      name: 'firm',
      root: firm => {
        const neighbour = firm.named<{ readonly type: 'news' }>('/firm/listener')
        const listener = reducer({ name: 'listener', initial: () => 0, step: (state, { type }: { readonly type: 'news' }) => { heard.push(type); return state } })
        const teller = reducer({ name: 'teller', initial: (_: void, out: Out) => { out.tell(neighbour, { type: 'news' }); return 0 }, step: state => state })
        return supervisor('firm', { strategy: 'one-for-one', children: [child('listener', listener), child('teller', teller)] })
      }
    })
    await system.ready()
    await system.stop()
    expect(heard).to.deep.equal(['news'])
  })

  it('may have any root', async () => {
    const log: string[] = []
    const root = reducer({
      name: 'own-root',
      initial: (_input: undefined, out: Out) => { out.timer('t', 1, { type: 'tick' }) },
      step: (_state, message: Note) => { log.push(message.type) }
    })
    const drive = new HandDrive({ root: root as unknown as Behavior<never>, name: 'mine' })
    await drive.run(2)
    expect(log).to.deep.equal(['tick'])
    expect(drive.system.root.path).to.equal('/mine')
    await drive.stop()
  })

  it('has a randomness that follows from its seed', async () => {
    const draw = async (seed: number): Promise<number[]> => {
      const drive = new HandDrive({ seed })
      const numbers: number[] = []
      drive.system.spawn(behavior(), { input: { run: actor => { numbers.push(actor.random.int(1e9), actor.random.next(), actor.random.exponential(5)) } } })
      await drive.run(1)
      await drive.stop()
      return numbers
    }
    expect(await draw(7)).to.deep.equal(await draw(7))
    expect(await draw(7)).to.not.deep.equal(await draw(8))
  })

  it('shares nothing with another: names, numbers, refs, limits', async () => {
    const systems: System[] = [createSystem(quiet), createSystem(quiet)]
    const refs = systems.map(system => system.spawn(behavior(), { input: {}, name: 'same' }))
    const numbered = systems.map(system => system.spawn(behavior(), { input: {} }))
    expect(numbered.map(({ path }) => path)).to.deep.equal(['/system/1', '/system/1'])
    await systems[0]!.stop()
    expect(refs.map(({ alive }) => alive)).to.deep.equal([false, true])
    await systems[1]!.stop()
  })

  it('keeps no record of messages when recording is off', async () => {
    const drive = new HandDrive({ recording: false })
    const self = drive.system.spawn(behavior(), { input: {} })
    self.tell({ type: 'a' })
    await drive.run(1)
    expect(cellOf(self).recorder).to.equal(null)
    await drive.stop()
  })
})
