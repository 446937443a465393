/** Awaited work of an actor. */
import { expect } from 'chai'
import type { TaskHandle, TaskScope } from '../../src/runtime/task.js'
import type { System } from '../../src/runtime/system.js'
import { act, cellOf, exitOf, fail, Handle, inManyWorlds, inWorld, Later, statusOf, type Note } from './kit.js'

/** What the ledger says of tasks. */
const tasks = (system: System): string => `${system.liveTasks} live, ${system.abandoned.size} abandoned`

const outcomes = { done: (value: unknown): Note => ({ type: 'done', value }), failed: (error: unknown): Note => ({ type: 'failed', error }) }

describe('tasks', () => {
  it('bring their result as a message', inManyWorlds(10, async ({ system, puppet, tell, settle }) => {
    const log: string[] = []
    const self = puppet({ log })
    tell(self, actor => {
      actor.task(async () => 5, { done: n => ({ type: 'got', n }) })
      log.push(tasks(system))
    })
    await settle()
    expect(log).to.deep.equal(['act', '1 live, 0 abandoned', 'got 5'])
    expect(tasks(system)).to.equal('0 live, 0 abandoned')
  }))

  it('bring their error as a message', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    tell(puppet({ log }), actor => {
      actor.task(async () => fail(), outcomes)
      actor.task(() => fail(), outcomes)
      actor.task(async () => { throw undefined }, outcomes)
    })
    await settle()
    expect(log).to.deep.equal(['act', 'failed', 'failed', 'failed'])
  }))

  it('that fail without failed crash their owner', inWorld(async ({ puppet, tell, settle }) => {
    const error = new Error('as told')
    const self = puppet()
    tell(self, actor => { actor.task(async () => { throw error }, {}) })
    await settle()
    expect(exitOf(self)).to.deep.equal({ kind: 'crashed', at: 'task', error })
  }))

  it('that throw at once fail in a later step', inWorld(async ({ puppet, settle }) => {
    const log: string[] = []
    const self = puppet({ log })
    self.tell({ type: 'a', run: actor => { actor.task(fail, outcomes) } })
    self.tell({ type: 'b' })
    await settle()
    expect(log).to.deep.equal(['a', 'b', 'failed'])
  }))

  it('need not be promises', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    tell(puppet({ log }), actor => {
      actor.task(() => 5 as unknown as Promise<number>, outcomes)
      actor.task(() => ({ then: (resolve: (n: number) => void) => { resolve(6) } }) as unknown as Promise<number>, outcomes)
    })
    await settle()
    expect(log).to.deep.equal(['act', 'done', 'done'])
  }))

  it('without done drop their result, and dispose it when it is disposable', inWorld(async ({ puppet, tell, settle }) => {
    const handle = new Handle()
    const log: string[] = []
    tell(puppet({ log }), actor => {
      actor.task(async () => 5, {})
      actor.task(async () => handle, {})
    })
    await settle()
    expect(log).to.deep.equal(['act'])
    expect(handle.disposed).to.equal(1)
  }))

  it('bring a disposable result as a handle', inWorld(async ({ puppet, tell, settle }) => {
    const [kept, dropped] = [new Handle(), new Handle()]
    tell(puppet(), actor => {
      actor.task(async () => kept, { done: handle => ({ type: 'a', handle, run: () => { actor.own(handle) } }) })
      actor.task(async () => dropped, { done: handle => ({ type: 'a', handle }) })
    })
    await settle()
    expect([kept.disposed, dropped.disposed]).to.deep.equal([0, 1])
  }))

  it('whose done drops a disposable result have it disposed', inWorld(async ({ puppet, tell, settle }) => {
    const dropped = new Handle()
    const wrapped = new Handle()
    const owned = new Handle()
    const wrapper = new Handle()
    tell(puppet(), actor => {
      actor.task(async () => dropped, { done: () => ({ type: 'dropped' }) })
      actor.task(async () => wrapped, { done: () => ({ type: 'wrapped', handle: wrapper, run: actor => { actor.own(wrapper) } }) })
      actor.task(async () => owned, { done: result => { actor.own(result); return { type: 'owned' } } })
    })
    await settle()
    expect([dropped, wrapped, owned].map(({ disposed }) => disposed)).to.deep.equal([1, 0, 0])
  }))

  it('whose done throws crash their owner, and a disposable result is disposed', inWorld(async ({ puppet, tell, settle }) => {
    const handle = new Handle()
    const self = puppet()
    tell(self, actor => { actor.task(async () => handle, { done: fail }) })
    await settle()
    expect(exitOf(self)).to.include({ kind: 'crashed', at: 'task' })
    expect(handle.disposed).to.equal(1)
  }))

  it('that are cancelled bring nothing and are abandoned until they settle', inWorld(async ({ system, puppet, tell, settle }) => {
    const log: string[] = []
    const work = new Later<number>()
    tell(puppet({ log }), actor => {
      const task = actor.task(async () => work.promise, outcomes)
      task.cancel()
      task.cancel()
      log.push(tasks(system))
    })
    await settle()
    expect(tasks(system)).to.equal('0 live, 1 abandoned')
    work.resolve(5)
    await settle()
    expect(tasks(system)).to.equal('0 live, 0 abandoned')
    expect(log).to.deep.equal(['act', '0 live, 1 abandoned'])
  }))

  it('that are cancelled abort their signal, also one that is read later', inWorld(async ({ puppet, tell, settle }) => {
    const heard: unknown[] = []
    const scopes: TaskScope[] = []
    tell(puppet(), actor => {
      const early = actor.task(async ({ signal }) => { signal.addEventListener('abort', () => { heard.push(signal.reason) }) }, {})
      const late = actor.task(async scope => { scopes.push(scope) }, {})
      early.cancel()
      late.cancel()
    })
    await settle()
    expect(heard).to.have.length(1)
    expect(heard[0]).to.include({ code: 'actor/aborted', path: '/system/1' })
    expect(scopes[0]!.signal.aborted).to.equal(true)
    expect(scopes[0]!.signal).to.equal(scopes[0]!.signal)
  }))

  it('that settle after they were cancelled have their disposable result disposed', inWorld(async ({ puppet, tell, settle }) => {
    const handles = [new Handle(), new Handle(), new Handle()] as const
    const work = new Later()
    tell(puppet(), actor => {
      const started: TaskHandle[] = [
        actor.task(async () => { await work.promise; return handles[0] }, outcomes),
        actor.task(async () => { await work.promise; return handles[1] }, {}),
        // The result is no disposable, but its message brings one.
        actor.task(async () => { await work.promise; return { link: handles[2] } }, { done: ({ link }) => ({ type: 'a', handle: link }) }),
        actor.task(async () => { await work.promise; return 1 }, { done: fail }),
        actor.task(async () => { await work.promise; fail() }, {})
      ]
      for (const task of started) task.cancel()
    })
    work.resolve()
    await settle()
    expect(handles.map(({ disposed }) => disposed)).to.deep.equal([1, 1, 1])
  }))

  it('that are settled but not heard can be cancelled', inWorld(async ({ system, puppet, tell, settle }) => {
    const log: string[] = []
    const handle = new Handle()
    const self = puppet({ log })
    let task!: TaskHandle
    tell(self, actor => { task = actor.task(async () => handle, outcomes) })
    self.tell({ type: 'b' })
    system.trace.add((kind, _cell, subject) => {
      // The outcome is in the mailbox behind `b`.
      if (kind === 'message' && (subject as Note).type === 'b') queueMicrotask(() => { queueMicrotask(() => { task.cancel() }) })
    })
    await settle()
    expect(log).to.not.include('failed')
    expect(handle.disposed).to.equal(1)
    expect(tasks(system)).to.equal('0 live, 0 abandoned')
  }))

  it('of an actor that ends are cancelled, the last first', inWorld(async ({ system, puppet, tell, settle }) => {
    const log: string[] = []
    const work = new Later()
    const self = puppet()
    tell(self, actor => {
      for (let n = 0; n < 3; n++) {
        actor.task(async ({ signal }) => {
          signal.addEventListener('abort', () => { log.push(`abort ${n}`) })
          await work.promise
        }, {})
      }
      actor.own(new Handle('resource', log))
      actor.done()
    })
    await settle()
    expect(log).to.deep.equal(['abort 2', 'abort 1', 'abort 0', 'dispose resource'])
    expect(tasks(system)).to.equal('0 live, 3 abandoned')
    work.resolve()
    await settle()
    expect(tasks(system)).to.equal('0 live, 0 abandoned')
  }))

  it('whose outcome waits when their owner ends have their disposable result disposed', inManyWorlds(20, async ({ puppet, tell, settle }) => {
    const handle = new Handle()
    const self = puppet()
    tell(self, actor => {
      actor.task(async () => handle, outcomes)
      actor.self.tell({ type: 'end', done: undefined })
    })
    await settle()
    expect(statusOf(self)).to.equal('down')
    expect(handle.disposed).to.equal(1)
  }))

  it('may be started by the start', inWorld(async ({ puppet, settle }) => {
    const log: string[] = []
    puppet({ log, run: actor => { actor.task(async () => 1, outcomes) } })
    await settle()
    expect(log).to.deep.equal(['done'])
  }))

  it('may end their own actor', inWorld(async ({ puppet, tell, settle }) => {
    const self = puppet()
    tell(self, actor => { actor.task(async () => { actor.kill(actor.self) }, outcomes) })
    await settle()
    expect(statusOf(self)).to.equal('down')
  }))

  it('sleep in the time of the system', inManyWorlds(5, async ({ puppet, tell, settle, now }) => {
    const times: number[] = []
    tell(puppet(), actor => {
      actor.task(async scope => {
        await scope.sleep(10)
        times.push(Math.round(now()))
        await Promise.all([scope.sleep(5), scope.sleep(20)])
        times.push(Math.round(now()))
      }, {})
    })
    await settle()
    expect(times).to.deep.equal([10, 30])
  }))

  it('sleep also when the scope is taken apart', inWorld(async ({ puppet, tell, settle, now }) => {
    const log: string[] = []
    tell(puppet({ log }), actor => {
      actor.task(async ({ sleep }) => { await sleep(10) }, { done: () => ({ type: `slept ${now()}` }) })
    })
    await settle()
    expect(log).to.deep.equal(['act', 'slept 10'])
  }))

  it('that are cancelled wake from their sleep with actor/aborted', inManyWorlds(10, async ({ system, puppet, tell, settle, now }) => {
    const codes: unknown[] = []
    let scope!: TaskScope
    const sleep = async (mine: TaskScope): Promise<void> => {
      scope = mine
      await mine.sleep(1000).catch((error: unknown) => { codes.push((error as { code: unknown }).code) })
      await mine.sleep(1000).catch((error: unknown) => { codes.push((error as { code: unknown }).code) })
    }
    tell(puppet(), actor => { actor.task(sleep, outcomes).cancel() })
    tell(puppet(), actor => {
      actor.task(sleep, outcomes)
      actor.done()
    })
    await settle()
    expect(codes).to.deep.equal(Array(4).fill('actor/aborted'))
    expect(now()).to.be.below(1)
    expect(system.liveTimers).to.equal(0)
    await scope.sleep(5).then(fail, () => {})
  }))

  it('that are over leave no sleep behind', inWorld(async ({ system, puppet, tell, settle }) => {
    const codes: unknown[] = []
    let scope!: TaskScope
    const note = (error: unknown): void => { codes.push((error as { code: unknown }).code) }
    const self = puppet()
    tell(self, actor => {
      actor.task(async mine => {
        scope = mine
        mine.sleep(1000).catch(note)
      }, {})
    })
    await settle()
    expect(system.liveTimers).to.equal(0)
    scope.sleep(5).catch(note)
    tell(self, actor => { actor.done() })
    await settle()
    scope.sleep(5).catch(note)
    await settle()
    expect(codes).to.deep.equal(['actor/aborted', 'actor/aborted', 'actor/aborted'])
  }))

  it('that do not wait for their sleep bring nothing down when they are cancelled', inWorld(async ({ puppet, tell, settle }) => {
    tell(puppet(), actor => {
      actor.task(async scope => { void scope.sleep(1000) }, {}).cancel()
    })
    await settle()
  }))

  it('take no room in the mailbox and keep the order of settling', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const works = [new Later<number>(), new Later<number>(), new Later<number>()]
    tell(puppet({ log }), actor => {
      for (const work of works) actor.task(async () => work.promise, { done: n => ({ type: 'got', n }) })
    })
    await settle()
    works[2]!.resolve(2)
    works[0]!.resolve(0)
    works[1]!.resolve(1)
    await settle()
    expect(log).to.deep.equal(['act', 'got 2', 'got 0', 'got 1'])
  }))

  it('count on the account until they are heard or cancelled', inWorld(async ({ puppet, tell, settle }) => {
    const use: number[] = []
    const self = puppet()
    const { account } = cellOf(self)
    const never: Array<() => void> = []
    tell(self, actor => {
      const later = new Later()
      never.push(() => { later.resolve() })
      const task = actor.task(async () => later.promise, {})
      use.push(account.use('tasks'))
      task.cancel()
      use.push(account.use('tasks'))
      actor.task(async () => 1, {})
      use.push(account.use('tasks'))
    })
    await settle()
    use.push(account.use('tasks'))
    expect(use).to.deep.equal([1, 0, 1, 0])
    for (const settleIt of never) settleIt()
    await settle()
  }))

  it('make no signal that nobody reads', inWorld(async ({ puppet, tell, settle }) => {
    let task!: object
    tell(puppet(), actor => { task = actor.task(async () => 1, {}) })
    await settle()
    expect(Reflect.get(task, 'controller')).to.equal(undefined)
  }))

  it('started by an effect that then throws are cancelled with their owner', inWorld(async ({ system, puppet, settle }) => {
    const work = new Later()
    const self = puppet()
    self.tell(act(actor => {
      actor.task(async () => work.promise, outcomes)
      fail()
    }))
    await settle()
    expect(tasks(system)).to.equal('0 live, 1 abandoned')
    work.reject(new Error('late'))
    await settle()
    expect(exitOf(self)).to.include({ kind: 'crashed', at: 'effect' })
  }))
})
