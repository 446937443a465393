/** Virtual time and the seeded order of events: what happens when, and what may not decide it. */
import { expect } from 'chai'
import { SimEvent, SimScheduler } from '../../../src/runtime/sim/sim-scheduler.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import { Later, plain, type Note } from '../kit.js'

describe('simulated world', () => {
  const worlds: SimWorld[] = []
  const make = (seed = 1): SimWorld => {
    const world = new SimWorld({ seed })
    worlds.push(world)
    return world
  }

  afterEach(async () => { for (const world of worlds.splice(0)) await world.stop() })

  describe('time', () => {
    it('jumps to what happens next, and stops where it was told to', async () => {
      const world = make()
      const log: string[] = []
      for (const at of [30, 10, 20.5, 40]) world.at(at, () => { log.push(`${at} at ${world.now()}`) })
      await world.run(30)
      expect(log).to.deep.equal(['10 at 10', '20.5 at 20.5', '30 at 30'])
      expect(world.now()).to.equal(30)
      await world.run(5)
      expect(world.now()).to.equal(35)
      await world.settle()
      expect(log.at(-1)).to.equal('40 at 40')
    })

    it('fires each timer at its own', async () => {
      const world = make()
      const log: number[] = []
      const system = world.system()
      system.spawn(plain, { input: { run: actor => { for (const ms of [7, 3, 5]) actor.timer(`${ms}`, ms, { type: 'due', run: () => { log.push(actor.now()) } }) } } })
      await world.settle()
      // Each is handled a moment later.
      expect(log.map(Math.floor)).to.deep.equal([3, 5, 7])
    })

    it('never goes back: what is past happens now', async () => {
      const world = make()
      await world.run(50)
      const log: number[] = []
      world.at(10, () => { log.push(world.now()) })
      await world.settle()
      expect(log).to.deep.equal([50])
    })

    it('is checked', async () => {
      const world = make()
      expect(() => { world.at(NaN, () => {}) }).to.throw(RangeError, 'atMs')
      expect(await world.run(NaN).catch((error: unknown) => error)).to.be.instanceOf(RangeError)
    })
  })

  describe('order', () => {
    it('of events at one time is drawn from seed and owner, not from who was scheduled first', () => {
      const orderOf = (seed: number, names: readonly string[]): string => {
        const scheduler = new SimScheduler(seed, { meanDelayMs: 1, stepMs: 1 })
        const log: string[] = []
        for (const name of names) scheduler.at(5, new SimEvent({ hash: name.charCodeAt(0), draws: 0 }, () => { log.push(name) }))
        while (scheduler.nextAt < Infinity) scheduler.step()
        return log.join('')
      }
      const orders = new Set<string>()
      for (let seed = 1; seed <= 200; seed++) {
        const order = orderOf(seed, ['a', 'b', 'c', 'd'])
        expect(orderOf(seed, ['c', 'a', 'd', 'b']), `seed ${seed}`).to.equal(order)
        expect(orderOf(seed, ['b', 'x', 'd', 'c', 'y', 'a']).replace(/[xy]/g, ''), `seed ${seed}, with others between`).to.equal(order)
        orders.add(order)
      }
      expect(orders.size, 'all 24 come up').to.equal(24)
    })

    it('of actors reaches most interleavings', async () => {
      // Three actors of three steps each: 9! / (3!)^3 = 1,680 orders. In 3,000 seeds a uniform pick at each step meets about 1,000.
      const orders = new Set<string>()
      for (let seed = 1; seed <= 3000; seed++) {
        const world = new SimWorld({ seed })
        const system = world.system()
        let order = ''
        for (const name of ['a', 'b', 'c']) {
          const self = system.spawn(plain, { input: undefined, name })
          for (let i = 0; i < 3; i++) self.tell({ type: 'go', step: () => { order += name } })
        }
        await world.settle()
        orders.add(order)
        await world.stop()
      }
      expect(orders.size).to.be.greaterThan(950)
    }).timeout(20_000)

    it('takes events back, and moves them', () => {
      const scheduler = new SimScheduler(1, { meanDelayMs: 1, stepMs: 1 })
      const log: string[] = []
      const events = Array.from({ length: 50 }, (_, i) => new SimEvent({ hash: i, draws: 0 }, () => { log.push(`${i} at ${scheduler.now()}`) }))
      events.forEach((event, i) => { scheduler.at(i * 7 % 50, event) })
      events.forEach((event, i) => {
        if (i % 3 === 0) scheduler.cancel(event)
        if (i % 3 === 1) scheduler.at(100 + i, event)
      })
      scheduler.cancel(events[0]!)
      while (scheduler.nextAt < Infinity) scheduler.step()
      const expected = events.map((_, i) => ({ i, at: i % 3 === 1 ? 100 + i : i * 7 % 50 })).filter(({ i }) => i % 3 !== 0).sort((a, b) => a.at - b.at)
      expect(log).to.deep.equal(expected.map(({ i, at }) => `${i} at ${at}`))
      expect(scheduler.idle).to.equal(true)
    })
  })

  describe('promises', () => {
    it('have run dry before the next step, whoever has settled them', async () => {
      const world = make()
      const log: string[] = []
      const later = new Later()
      const waiting = (async (): Promise<void> => {
        await later.promise
        await Promise.resolve()
        log.push(`waited until ${world.now()}`)
      })()
      world.at(5, () => { later.resolve() })
      world.at(6, () => { log.push('six') })
      await world.settle()
      await waiting
      expect(log).to.deep.equal(['waited until 5', 'six'])
    })

    it('of user code do not depend on what unrelated actors do', async () => {
      const heardAt = async (others: number): Promise<number | undefined> => {
        const world = make()
        const system = world.system()
        const later = new Later()
        let at: number | undefined
        const self = system.spawn(plain, { input: undefined, name: 'self' })
        void later.promise.then(() => { self.tell({ type: 'heard', run: actor => { at = actor.now() } }) })
        system.spawn(plain, { input: { run: actor => { actor.timer('t', 10, { type: 'due', run: () => { later.resolve() } }) } }, name: 'other' })
        for (let i = 0; i < others; i++) {
          system.spawn(plain, { input: { run: actor => { actor.task(async ({ sleep }) => { for (let n = 0; n < 50; n++) await sleep(0.3 + i) }, {}) } }, name: `busy-${i}` })
        }
        await world.settle()
        return at
      }
      const alone = await heardAt(0)
      expect(alone).to.be.within(10, 10.2)
      expect(await heardAt(1)).to.equal(alone)
      expect(await heardAt(5)).to.equal(alone)
    })

    it('of user code that nothing in the world settles any more are waited for no longer', async () => {
      const world = make()
      const error = await world.until(new Promise(() => {})).catch((error: unknown) => error as Error)
      expect((error as Error).message).to.include('seed 1: nothing will ever settle')
      const later = new Later<number>()
      world.at(3, () => { later.resolve(7) })
      expect(await world.until(later.promise)).to.equal(7)
      expect(await world.until(Promise.reject(new Error('mine'))).catch((error: unknown) => (error as Error).message)).to.equal('mine')
    })
  })

  describe('turning', () => {
    it('is for one at a time', async () => {
      const world = make()
      const first = world.run(5)
      expect(await world.run(5).catch((error: unknown) => (error as Error).message)).to.include('turns already')
      await first
      await world.run(5)
      expect(world.now()).to.equal(10)
    })

    it('ends with what was thrown outside of actors, and can go on', async () => {
      const world = make()
      world.at(1, () => { throw new Error('in the scenario') })
      world.at(2, () => {})
      expect(await world.settle().catch((error: unknown) => (error as Error).message)).to.equal('in the scenario')
      expect(world.now()).to.equal(1)
      await world.settle()
      expect(world.now()).to.equal(2)
    })

    it('gives up on what never settles', async () => {
      const world = make()
      const system = world.system()
      const self = system.spawn(plain, { input: undefined })
      const again = (): Note => ({ type: 'again', run: actor => { actor.self.tell(again()) } })
      self.tell(again())
      expect(await world.settle(100).catch((error: unknown) => (error as Error).message)).to.match(/^seed 1: not settled after 100 steps/)
      system.root.kill(self)
    })
  })

  describe('systems', () => {
    it('have names of their own', () => {
      const world = make()
      world.system({ name: 'alice' })
      expect(() => world.system({ name: 'alice' })).to.throw(TypeError, "'alice'")
      expect([world.system().name, world.system().name, world.system().name]).to.deep.equal(['system', 'system-2', 'system-3'])
    })

    it('may live again, with other chances', async () => {
      const world = make()
      const draws: number[] = []
      for (let life = 0; life < 2; life++) {
        const system = world.system({ name: 'alice' })
        draws.push(system.root.random.next())
        await world.until(system.stop())
      }
      expect(draws[0]).not.to.equal(draws[1])
    })
  })
})
