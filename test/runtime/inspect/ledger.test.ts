import { expect } from 'chai'
import type { Cell } from '../../../src/runtime/cell.js'
import { leaksOf } from '../../../src/runtime/inspect/leaks.js'
import { isEmpty } from '../../../src/runtime/inspect/ledger.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import { breakDown, counter, inCompany, look, perform, type CounterMessage } from './company.js'

class Drawer implements Disposable {
  [Symbol.dispose] (): void {}
}

/** Takes one of everything. The promise is that of its task. */
const takeAll = (other: string, promise: Promise<void>): CounterMessage => perform(actor => {
  actor.timer('idle', 5000, look)
  actor.task(async () => { await promise }, {})
  actor.own(new Drawer())
  actor.ask(actor.named(other), () => look, { done: () => look, failed: () => look, timeoutMs: 1000 })
  actor.account.charge('bytes', 64)
})

describe('ledger', () => {
  it('counts what is in use, by owner', inCompany(async ({ system, world }) => {
    let settle!: () => void
    const promise = new Promise<void>(resolve => { settle = resolve })
    const till = system.spawn(counter(), { input: 0, name: 'till', account: {} })
    const part = system.spawn(counter(), { input: 0, name: 'part' })
    const { account } = till as unknown as Cell
    system.handles.opened(till, 'tcp 127.0.0.1:4001')
    till.tell(takeAll('/shop/part', promise))
    part.tell(perform(actor => { actor.account.charge('bytes', 36) }))
    await world.run(1)
    expect(system.inspect.ledger()).to.deep.equal({
      cells: 3,
      timers: 2,
      tasks: 1,
      abandonedTasks: 0,
      questions: 1,
      resources: 1,
      handles: 1,
      bytes: 100,
      owners: {
        '/shop': { cells: 1, bytes: 36 },
        '/shop/till': { cells: 1, timers: 2, tasks: 1, resources: 1, questions: 1, bytes: 64 },
        '/shop/part': { cells: 1 }
      },
      open: ['tcp 127.0.0.1:4001']
    })
    expect(isEmpty(system.inspect.ledger())).to.equal(false)

    // What a dead one leaves behind stays under its name.
    till.tell(breakDown)
    await world.run(1)
    expect(system.inspect.ledger().owners).to.deep.equal({
      '/shop': { cells: 1, bytes: 36 },
      '/shop/till': { abandonedTasks: 1, bytes: 64 },
      '/shop/part': { cells: 1 }
    })
    expect(leaksOf(system)).to.include.members(['a cancelled task of /shop/till has not settled', 'account /shop/till still counts 64 bytes'])

    settle()
    await world.run(1)
    account.release('bytes', 64)
    system.account.release('bytes', 36)
    system.handles.closed(till)
    expect(system.inspect.ledger()).to.deep.include({ cells: 2, abandonedTasks: 0, bytes: 0, handles: 0 })
    expect(system.inspect.ledger().owners).to.deep.equal({ '/shop': { cells: 1 }, '/shop/part': { cells: 1 } })
  }))

  it('puts a question from outside under the root', inCompany(async ({ system, world }) => {
    const till = system.spawn(counter(), { input: 0, name: 'till' })
    const answer = system.ask(till, () => look).catch((error: unknown) => error)
    await world.run(1)
    expect(system.inspect.ledger().owners['/shop']).to.deep.equal({ cells: 1, timers: 1, questions: 1 })
    expect(await world.until(answer)).to.include({ code: 'actor/timeout' })
  }))

  it('is empty when the system has ended', async () => {
    const world = new SimWorld({ seed: 3 })
    const system = world.system({ name: 'shop' })
    const till = system.spawn(counter(), { input: 0, name: 'till', account: {} })
    till.tell(takeAll('/shop/till', Promise.resolve()))
    till.tell(perform(actor => { actor.account.release('bytes', 64) }))
    await world.run(1)
    expect(isEmpty(system.inspect.ledger())).to.equal(false)
    await world.stop()
    const ledger = system.inspect.ledger()
    expect(ledger).to.deep.equal({ cells: 0, timers: 0, tasks: 0, abandonedTasks: 0, questions: 0, resources: 0, handles: 0, bytes: 0, owners: {}, open: [] })
    expect(isEmpty(ledger)).to.equal(true)
    expect(leaksOf(system)).to.deep.equal([])
  })
})

describe('leaksOf', () => {
  it('names all that a living system holds', inCompany(async ({ system, world }) => {
    let settle!: () => void
    const promise = new Promise<void>(resolve => { settle = resolve })
    const till = system.spawn(counter(), { input: 0, name: 'till', account: { name: 'peer 7' } })
    till.tell(takeAll('/shop/till', promise))
    const { account } = till as unknown as Cell
    system.handles.opened(till, 'udp 0.0.0.0:53')
    await world.run(1)
    expect(leaksOf(system)).to.deep.equal([
      'actor /shop (root) is running',
      'actor /shop/till (counter) is running',
      "timer '(ask deadline)' of /shop/till is armed, due in 999 ms",
      "timer 'idle' of /shop/till is armed, due in 4999 ms",
      'a task of /shop/till has not settled',
      'a question of /shop/till is open',
      'resource Drawer of /shop/till is not disposed',
      'handle udp 0.0.0.0:53 is open',
      'account peer 7 of /shop/till still counts 64 bytes'
    ])
    settle()
    system.handles.closed(till)
    account.release('bytes', 64)
  }))

  it('names what is left of one that has ended', async () => {
    const world = new SimWorld({ seed: 3 })
    const system = world.system({ name: 'shop' })
    let settle!: () => void
    const promise = new Promise<void>(resolve => { settle = resolve })
    const till = system.spawn(counter(), { input: 0, name: 'till' })
    till.tell(takeAll('/shop/till', promise))
    await world.run(1)
    await world.stop()
    // Charged to the account of the root, which does not know for whom.
    expect(leaksOf(system)).to.deep.equal(['a cancelled task of /shop/till has not settled', 'account /shop still counts 64 bytes'])
    expect(isEmpty(system.inspect.ledger())).to.equal(false)
    settle()
    await world.settle()
    system.account.release('bytes', 64)
    expect(leaksOf(system)).to.deep.equal([])
  })

  it('sees a counter of the kernel that nothing explains', async () => {
    const world = new SimWorld({ seed: 3 })
    const system = world.system({ name: 'shop' })
    await world.stop()
    system.liveTasks++
    system.account.charge('timers', 2)
    expect(leaksOf(system)).to.deep.equal(['account /shop still counts 2 timers', 'liveTasks is 1 after the end'])
    system.liveTasks--
    system.account.release('timers', 2)
  })

  it('remembers a bounded number of accounts with something left in them', inCompany(async ({ system, world }) => {
    const accounts: Array<{ release: (what: 'bytes', amount: number) => void }> = []
    for (let i = 0; i < 1100; i++) {
      const leaker = system.spawn(counter(), { input: 0, account: {} })
      leaker.tell(perform(actor => {
        actor.account.charge('bytes', 1)
        accounts.push(actor.account)
        actor.done()
      }))
    }
    await world.run(50)
    expect(system.leftovers.list()).to.have.length(1024)
    expect(system.inspect.ledger()).to.include({ bytes: 1100, cells: 1 })
    for (const account of accounts) account.release('bytes', 1)
    expect(system.leftovers.list()).to.deep.equal([])
  }))
})
