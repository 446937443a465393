import { expect } from 'chai'
import { supervisor } from '../../../src/runtime/behavior/supervisor.js'
import { add, breakDown, counter, inCompany, look, perform, permanent } from './company.js'

class Drawer implements Disposable {
  [Symbol.dispose] (): void {}
}

describe('actor', () => {
  it('tells all there is to know', inCompany(async ({ system, world }) => {
    const till = system.spawn(counter(), { input: 1, name: 'till', account: { name: 'peer 7', limits: { bytes: 1000 } } })
    const other = system.spawn(counter({ name: 'other' }), { input: 0, name: 'other' })
    till.tell(add(2))
    till.tell(perform(actor => {
      actor.timer('idle', 5000, look)
      actor.timer('tick', 100, look, 50)
      actor.task(async ({ sleep }) => { await sleep(60_000) }, {})
      actor.own(new Drawer())
      actor.watch(other, () => look)
      actor.ask(other, () => look, { done: () => look, failed: () => look, timeoutMs: 1000 })
      actor.account.charge('bytes', 64)
      actor.spawn(counter(), { input: 0 })
    }))
    await world.run(10)
    till.tell(look)
    const view = system.inspect.actor('/shop/till')!
    const { timers, account, messages, ...rest } = view
    expect(rest).to.deep.equal({
      path: '/shop/till',
      behavior: 'counter',
      status: 'running',
      state: { count: 3 },
      mailbox: { waiting: 1, others: 1 },
      children: 1,
      tasks: 1,
      resources: ['Drawer'],
      watching: ['/shop/other'],
      questions: { asking: 1, asked: 0 },
      restarts: 0
    })
    expect(timers.map(({ key }) => key)).to.deep.equal(['tick', '(ask deadline)', 'idle', '(sleep of a task)'])
    expect(timers[0]).to.have.property('everyMs', 50)
    expect(timers[0]!.dueInMs).to.be.within(90, 91)
    expect(timers[2]!.dueInMs).to.be.within(4990, 4991)
    expect(account).to.deep.include({ name: 'peer 7', own: true, limits: { bytes: 1000 } })
    expect(account!.used).to.deep.equal({ actors: 2, messages: 0, timers: 2, tasks: 1, handles: 1, bytes: 64 })
    expect(account!.cpuMs).to.be.greaterThan(0)
    expect(messages.map(({ type }) => type)).to.deep.equal(['counter.add', 'counter.do'])
    expect(JSON.parse(JSON.stringify(view))).to.deep.equal(view)

    expect(system.inspect.actor('/shop/other')).to.deep.include({ questions: { asking: 0, asked: 1 } })
    expect(system.inspect.actor('/shop/other')!.account).to.include({ name: '/shop', own: false })
    till.tell(perform(actor => { actor.account.release('bytes', 64) }))
    await world.run(1)
  }))

  it('tells the restarts of a supervised child, and when the next one is due', inCompany(async ({ system, world, tell }) => {
    for (let time = 0; time < 2; time++) {
      tell('/shop/till', breakDown)
      await world.run(1)
    }
    const down = system.inspect.actor('/shop/till')!
    expect(down).to.deep.include({ status: 'backing-off', restarts: 1, restart: 'permanent', account: null, state: null, messages: [] })
    expect(down.retryInMs).to.be.within(790, 1200)
    await world.run(2000)
    expect(system.inspect.actor('/shop/till')).to.include({ status: 'running', restarts: 2 }).and.not.to.have.property('retryInMs')
  }, { root: supervisor('floor', { strategy: 'one-for-one', children: [permanent('till')] }) }))

  it('tells of a supervisor its strategy, and of one that stops its grace', inCompany(async ({ system, world }) => {
    const slow = counter({ stopMessage: () => look, stopGraceMs: 300 })
    system.spawn(slow, { input: 0, name: 'slow' })
    await world.run(1)
    expect(system.inspect.actor('/shop')).to.include({ strategy: 'dynamic', children: 1 })
    system.root.stop(system.named('/shop/slow'))
    await world.run(1)
    const view = system.inspect.actor('/shop/slow')!
    expect(view.status).to.equal('stopping')
    expect(view.timers.map(({ key }) => key)).to.deep.equal(['(grace)'])
  }))

  it('knows of nobody what is not there', inCompany(async ({ system, world }) => {
    const guest = system.spawn(counter(), { input: 0, name: 'guest' })
    await world.run(1)
    system.root.kill(guest)
    await world.run(1)
    expect(system.inspect.actor('/shop/guest')).to.equal(undefined)
    expect(system.inspect.actor('/shop/never')).to.equal(undefined)
    expect(() => system.inspect.actor('never')).to.throw(TypeError, 'path')
  }))
})
