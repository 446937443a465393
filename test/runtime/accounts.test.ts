/** What actors use and may use. */
import { expect } from 'chai'
import fc from 'fast-check'
import { Account, countables, type Countable } from '../../src/runtime/account.js'
import { child } from '../../src/runtime/supervision.js'
import type { ActorRef } from '../../src/runtime/ref.js'
import { SeededRandom } from '../../src/runtime/random.js'
import { act, cellOf, crash, deadLetters, expectEmpty, fail, Handle, inManyWorlds, inWorld, Later, puppet as behavior, statusOf, thrownBy, type Note, type Play } from './kit.js'

const limit = (what: Countable, most: number) => ({ limits: { [what]: most } })

describe('accounts', () => {
  it('of a subtree are the sum of what is in it', inWorld(async ({ system, puppet, tell, settle }) => {
    const top = puppet({}, { account: {} })
    const below = puppet({}, { of: top, account: {} })
    const plain = puppet({}, { of: below })
    await settle()
    tell(plain, actor => {
      actor.own(new Handle())
      actor.timer('t', 1000, { type: 't' })
    })
    tell(top, actor => { actor.own(new Handle()) })
    for (const self of [top, plain]) cellOf(self).run(100)
    const use = (account: Account): number[] => [account.use('actors'), account.use('handles'), account.use('timers')]
    expect(cellOf(plain).account).to.equal(cellOf(below).account)
    expect(use(cellOf(below).account)).to.deep.equal([2, 1, 1])
    expect(use(cellOf(top).account)).to.deep.equal([3, 2, 1])
    expect(use(system.account)).to.deep.equal([4, 2, 1])
  }))

  it('charge the whole chain or nothing, whatever is charged and released', () => {
    // A tree of five accounts, two of them limited.
    const parents = [-1, 0, 0, 1, 1]
    const limits: ReadonlyArray<Partial<Record<Countable, number>>> = [{ bytes: 50 }, {}, {}, { bytes: 20 }, {}]
    const operation = fc.record({ at: fc.nat(4), amount: fc.nat(15), release: fc.boolean() })
    fc.assert(fc.property(fc.array(operation, { maxLength: 60 }), operations => {
      const accounts: Account[] = []
      parents.forEach((parent, n) => accounts.push(new Account(`${n}`, accounts[parent] ?? null, limits[n])))
      const own = [0, 0, 0, 0, 0]
      const total = (n: number): number => own.reduce((sum, amount, other) => sum + (within(other, n) ? amount : 0), 0)
      const within = (n: number, top: number): boolean => n === top || (n > 0 && within(parents[n]!, top))
      for (const { at, amount, release } of operations) {
        const before = accounts.map(account => account.use('bytes'))
        if (release) {
          const given = Math.min(amount, own[at]!)
          accounts[at]!.release('bytes', given)
          own[at]! -= given
        } else if (accounts[at]!.charge('bytes', amount) === null) own[at]! += amount
        else expect(accounts.map(account => account.use('bytes'))).to.deep.equal(before)
        accounts.forEach((account, n) => {
          expect(account.use('bytes')).to.equal(total(n))
          expect(account.use('bytes')).to.be.at.most(limits[n]!.bytes ?? Infinity)
        })
      }
    }), { seed: 1, numRuns: 200 })
  })

  it('refuse in the name of the one that is full', () => {
    const node = new Account('/node', null, { bytes: 10 })
    const peer = new Account('peer 12D3', node, { bytes: 100 })
    expect(peer.charge('bytes', 11)).to.equal(node)
    const error = node.refusal('bytes', '/node/peer')
    expect(error).to.include({ code: 'actor/limit', path: '/node/peer' })
    expect(error.message).to.include('/node').and.include('10').and.include('bytes')
  })

  it('refuse a spawn: it throws actor/limit', inWorld(async ({ puppet, tell, settle }) => {
    const self = puppet({}, { account: limit('actors', 2) })
    tell(self, actor => {
      const child = actor.spawn(behavior(), { input: {} })
      expect(thrownBy(() => actor.spawn(behavior(), { input: {} }))).to.include({ code: 'actor/limit', path: '/system/1' })
      actor.kill(child)
    })
    await settle()
    tell(self, actor => { actor.spawn(behavior(), { input: {} }) })
    await settle()
    expect(statusOf(self)).to.equal('running')
    expect(cellOf(self).account.use('actors')).to.equal(2)
  }))

  it('refuse a spawn that brings an account of its own without room for one', inWorld(({ puppet }) => {
    expect(thrownBy(() => puppet({}, { account: limit('actors', 0) }))).to.include({ code: 'actor/limit' })
  }))

  it('refuse a message: tell says false, and it is a dead letter', inWorld(async ({ system, puppet, settle }) => {
    const log: string[] = []
    const parent = puppet({}, { account: limit('messages', 3) })
    const [one, two] = [puppet({ log }, { of: parent }), puppet({ log }, { of: parent, behavior: behavior({ overflow: { coalesce: ({ type }) => type } }) })]
    await settle()
    const told = [one.tell({ type: 'a' }), two.tell({ type: 'b' }), one.tell({ type: 'c' }), two.tell({ type: 'd' }), one.tell({ type: 'e' }), two.tell({ type: 'b', n: 2 })]
    expect(told).to.deep.equal([true, true, true, false, false, true])
    expect(deadLetters(system)).to.deep.equal(['d full', 'e full', 'b replaced'])
    await settle()
    expect(log).to.deep.equal(['a', 'c', 'b 2'])
    expect(cellOf(parent).account.use('messages')).to.equal(0)
  }))

  it('count a message that is dropped for a newer one once', inWorld(async ({ puppet, settle }) => {
    const self = puppet({}, { account: limit('messages', 2), behavior: behavior({ mailboxCapacity: 2, overflow: 'dropOldest' }) })
    for (let n = 0; n < 10; n++) self.tell({ type: 'a', n })
    expect(cellOf(self).account.use('messages')).to.equal(2)
    await settle()
    expect(cellOf(self).account.use('messages')).to.equal(0)
  }))

  it('refuse a timer, and take the replacement of one', inWorld(async ({ puppet, tell, settle }) => {
    const self = puppet({}, { account: limit('timers', 1) })
    tell(self, actor => {
      actor.timer('a', 10, { type: 'a' })
      expect(thrownBy(() => { actor.timer('b', 10, { type: 'b' }) })).to.include({ code: 'actor/limit' })
      actor.timer('a', 20, { type: 'a' })
      // Those of the kernel do not count.
      actor.ask<Note, Note>(actor.self, replyTo => ({ type: 'q', run: () => { replyTo.tell({ type: 'r' }) } }), { done: reply => reply })
    })
    await settle()
    expect(cellOf(self).account.use('timers')).to.equal(0)
    tell(self, actor => {
      actor.timer('a', 10, { type: 'a' })
      actor.cancelTimer('a')
      actor.timer('b', 10, { type: 'b' }, 10)
      expect(cellOf(self).account.use('timers')).to.equal(1)
      actor.cancelTimer('b')
      expect(cellOf(self).account.use('timers')).to.equal(0)
    })
    await settle()
    expect(statusOf(self)).to.equal('running')
  }))

  it('refuse a task, until one is over', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const work = new Later()
    const self = puppet({ log }, { account: limit('tasks', 1) })
    const begin: Play = actor => { actor.task(async () => work.promise, { done: () => ({ type: 'over' }) }) }
    tell(self, actor => {
      begin(actor)
      expect(thrownBy(() => { begin(actor) })).to.include({ code: 'actor/limit' })
    })
    await settle()
    work.resolve()
    await settle()
    tell(self, begin)
    await settle()
    expect(log).to.deep.equal(['act', 'over', 'act', 'over'])
  }))

  it('refuse an actor whose effect does not catch it: that is a crash', inWorld(async ({ puppet, tell, settle }) => {
    const self = puppet({}, { account: limit('tasks', 0) })
    tell(self, actor => { actor.task(async () => 1, {}) })
    await settle()
    expect(statusOf(self)).to.equal('down')
  }))

  it('hold what a system may have in all', inWorld(async ({ puppet, settle }) => {
    const refs = [puppet(), puppet()]
    expect(thrownBy(() => puppet())).to.include({ code: 'actor/limit' })
    refs[0]!.tell({ type: 'end', done: 1 })
    await settle()
    puppet()
  }, limit('actors', 3)))

  it('are new for each incarnation of a child', inWorld(async ({ system, puppet, run }) => {
    const only = child('child', behavior(), { account: { name: 'child', limits: { handles: 1 } }, input: () => ({ run: actor => { actor.own(new Handle()) } }) })
    puppet({}, { name: 'boss', behavior: behavior({ supervision: { strategy: 'one-for-one', children: [only] } }) })
    await run(1)
    const first = system.find('/system/boss/child')!.account
    system.find('/system/boss/child')!.tell(crash())
    await run(1)
    const second = system.find('/system/boss/child')!.account
    expect([first.use('handles'), second.use('handles'), second.name]).to.deep.equal([0, 1, 'child'])
    expect(first).to.not.equal(second)
  }))

  it('meter the time of the steps', inManyWorlds(2, async ({ system, puppet, settle }) => {
    const self = puppet({}, { account: {} })
    for (let n = 0; n < 100; n++) self.tell({ type: 'a' })
    await settle()
    expect(cellOf(self).account.cpuMs).to.be.closeTo(101 * 0.25, 0.001)
    expect(system.account.cpuMs).to.be.at.least(cellOf(self).account.cpuMs)
  }, { world: { stepMs: 0.25 } }))

  it('are exactly zero after any history', inManyWorlds(30, async ({ world, system, puppet, run }) => {
    // A storm: actors that do anything, at random, under limits that refuse some of it.
    const random = new SeededRandom(system.seed)
    const refs: Array<ActorRef<Note>> = []
    const pick = (): ActorRef<Note> => refs[random.int(refs.length)]!
    const works: Later[] = []
    const kinds = [
      behavior(),
      behavior({ mailboxCapacity: 2, overflow: 'dropOldest' }),
      behavior({ mailboxCapacity: 2, overflow: { coalesce: ({ type }) => type } }),
      behavior({ mailboxCapacity: 2, overflow: 'crash' }),
      behavior({ stopMessage: () => ({ type: 'stop', run: actor => { actor.timer('over', 5, { type: 'over', done: 1 }) } }) }),
      behavior({ supervision: { strategy: 'dynamic' } }),
      behavior({ supervision: { strategy: 'one-for-one', children: [child('static', behavior({ mailboxCapacity: 3 }))] } })
    ]
    const doings: Play[] = [
      actor => { refs.push(actor.spawn(kinds[random.int(kinds.length)]!, { input: { handle: new Handle() }, ...random.int(3) === 0 ? { account: { limits: { actors: 4, messages: 6, timers: 2, tasks: 1, handles: 2 } } } : {} })) },
      () => { pick().tell({ type: `t${random.int(3)}`, handle: new Handle() }) },
      actor => { actor.own(new Handle()) },
      actor => { actor.timer(`t${random.int(3)}`, random.int(10), { type: 'timer' }, random.int(2) * 5) },
      actor => { actor.cancelTimer('t1') },
      actor => {
        const work = new Later()
        works.push(work)
        const task = actor.task(async ({ sleep }) => { await sleep(3); await work.promise; return new Handle() }, { failed: () => ({ type: 'failed' }) })
        if (random.int(3) === 0) task.cancel()
      },
      actor => { actor.ask<Note, Note>(pick(), replyTo => ({ type: 'q', replyTo, run: () => { replyTo.tell({ type: 'r', handle: new Handle() }) } }), { timeoutMs: 4, done: reply => reply, failed: () => ({ type: 'failed' }) }) },
      actor => { actor.watch(pick(), () => ({ type: 'down' })) },
      actor => { actor.stop(pick()) },
      actor => { actor.kill(pick()) },
      actor => { actor.done() },
      fail
    ]
    const step = (): Play => actor => {
      for (let n = random.int(4); n > 0; n--) doings[random.int(random.int(4) === 0 ? doings.length : 8)]!(actor)
    }
    for (let n = 0; n < 4; n++) refs.push(puppet())
    for (let round = 0; round < 60; round++) {
      if (random.int(4) === 0) refs.push(puppet())
      for (let n = 0; n < 6; n++) pick().tell(act(step()))
      await run(random.int(3))
    }
    await world.stop()
    for (const work of works) work.resolve()
    await world.settle()
    expectEmpty(system)
    expect(countables.map(what => system.account.use(what))).to.deep.equal([0, 0, 0, 0, 0, 0])
  }))
})
