/** Timers of an actor: when they come, and that a cancelled one never does. */
import { expect } from 'chai'
import fc from 'fast-check'
import { reducer } from '../../src/runtime/behavior/reducer.js'
import type { Cell } from '../../src/runtime/cell.js'
import { Timer, Timers, type TimerKind } from '../../src/runtime/time/timers.js'
import { cellOf, inManyWorlds, inWorld, type Note } from './kit.js'

describe('timers', () => {
  it('come at their own time, in virtual time exactly', inWorld(async ({ puppet, tell, settle, now }) => {
    const times: number[] = []
    tell(puppet(), actor => {
      for (const ms of [30, 10, 20, 10.5]) actor.timer(`${ms}`, ms, { type: 'due', run: () => { times.push(now()) } })
    })
    await settle()
    expect(times).to.deep.equal([10, 10.5, 20, 30])
  }))

  it('that are due at the same time come in the order in which they were set', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    tell(puppet({ log }), actor => {
      for (let n = 0; n < 5; n++) actor.timer(`${n}`, 10, { type: 'due', n })
    })
    await settle()
    expect(log.slice(1)).to.deep.equal(['due 0', 'due 1', 'due 2', 'due 3', 'due 4'])
  }))

  it('of zero milliseconds come in a later step', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const self = puppet({ log })
    tell(self, actor => {
      actor.timer('t', 0, { type: 'due' })
      actor.self.tell({ type: 'told' })
    })
    await settle()
    expect(log).to.deep.equal(['act', 'told', 'due'])
  }))

  it('replace an older one of the same key', inWorld(async ({ puppet, tell, settle, now }) => {
    const log: string[] = []
    tell(puppet({ log }), actor => {
      actor.timer('t', 10, { type: 'first' })
      actor.timer('other', 15, { type: 'other' })
      actor.timer('t', 20, { type: 'second' })
    })
    await settle()
    expect(log).to.deep.equal(['act', 'other', 'second'])
    expect(now()).to.equal(20)
  }))

  it('that are cancelled never come', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    tell(puppet({ log }), actor => {
      actor.timer('t', 10, { type: 'never' })
      expect(actor.cancelTimer('t')).to.equal(true)
      expect(actor.cancelTimer('t')).to.equal(false)
      expect(actor.cancelTimer('unknown')).to.equal(false)
    })
    await settle()
    expect(log).to.deep.equal(['act'])
  }))

  it('that have fired and wait can still be cancelled', inManyWorlds(20, async ({ puppet, tell, settle }) => {
    const log: string[] = []
    tell(puppet({ log }), actor => {
      // Both fire at once; whichever comes first cancels the other.
      actor.timer('a', 10, { type: 'a', run: () => { expect(actor.cancelTimer('b')).to.equal(true) } })
      actor.timer('b', 10, { type: 'b', run: () => { expect(actor.cancelTimer('a')).to.equal(true) } })
    })
    await settle()
    expect(log).to.have.length(2)
  }))

  it('that have fired and wait can still be replaced', inWorld(async ({ puppet, tell, settle, now }) => {
    const log: string[] = []
    tell(puppet({ log }), actor => {
      actor.timer('a', 10, { type: 'a', run: () => { actor.timer('idle', 50, { type: 'idle', n: 2 }) } })
      actor.timer('idle', 10, { type: 'idle', n: 1 })
    })
    await settle()
    expect(log).to.deep.equal(['act', 'a', 'idle 2'])
    expect(now()).to.equal(60)
  }))

  it('an idle timer does not overtake the data that disproves it', inManyWorlds(20, async ({ puppet, tell, run }) => {
    const log: string[] = []
    const self = puppet({ log })
    tell(self, actor => { actor.timer('idle', 10, { type: 'idle' }) })
    await run(9)
    // Data is there before the timer fires, and each of it sets the timer anew.
    for (let n = 0; n < 100; n++) self.tell({ type: 'data', n, run: actor => { actor.timer('idle', 10, { type: 'idle' }) } })
    await run(10)
    expect(log.at(-1)).to.equal('data 99')
    await run(2)
    expect(log.at(-1)).to.equal('idle')
  }))

  it('that are set in a step are armed when the step is done', inWorld(async ({ system, settle, now }) => {
    const log: string[] = []
    const behavior = reducer({
      name: 'ticker',
      initial: (_input: undefined, out) => { out.timer('t', 5, { type: 'first' }) },
      step (_state, { type }: Note, out) {
        log.push(`${type} at ${now()}`)
        if (type !== 'first') return
        out.timer('u', 5, { type: 'never' })
        out.timer('t', 10, { type: 'second' })
        out.cancel('u')
      }
    })
    system.spawn(behavior, { input: undefined })
    await settle()
    expect(log).to.deep.equal(['first at 5', 'second at 15'])
  }))

  it('that repeat come at multiples of their period and do not drift', inManyWorlds(3, async ({ puppet, tell, run, now }) => {
    const times: number[] = []
    tell(puppet(), actor => { actor.timer('t', 5, { type: 'tick', run: () => { times.push(Math.round(now())) } }, 10) })
    await run(46)
    expect(times).to.deep.equal([5, 15, 25, 35, 45])
  }, { world: { stepMs: 0.02 } }))

  it('that repeat skip the rounds that a slow actor missed, and never pile up', inManyWorlds(3, async ({ puppet, run, now }) => {
    const times: number[] = []
    const self = puppet({ run: actor => { actor.timer('t', 10, { type: 'tick', run: () => { times.push(Math.floor(now())) } }, 10) } })
    await run(12)
    // Each step takes a millisecond: 35 of them keep the actor busy over three rounds.
    for (let n = 0; n < 35; n++) self.tell({ type: 'work' })
    await run(43)
    expect(times[0]).to.be.within(10, 13)
    expect(times[1]).to.be.within(45, 52)
    expect(times).to.have.length.within(2, 3)
  }, { world: { stepMs: 1 } }))

  it('that repeat can be cancelled while one waits', inWorld(async ({ puppet, tell, run }) => {
    const log: string[] = []
    tell(puppet({ log }), actor => {
      actor.timer('end', 10, { type: 'end', run: () => { expect(actor.cancelTimer('t')).to.equal(true) } })
      actor.timer('t', 10, { type: 'tick' }, 10)
    })
    await run(100)
    expect(log).to.deep.equal(['act', 'end'])
  }))

  it('that repeat can be replaced by one that does not', inWorld(async ({ puppet, tell, settle, now }) => {
    const log: string[] = []
    tell(puppet({ log }), actor => {
      actor.timer('t', 1, { type: 'tick', run: () => { if (now() >= 3) actor.timer('t', 1, { type: 'last' }) } }, 1)
    })
    await settle()
    expect(log).to.deep.equal(['act', 'tick', 'tick', 'tick', 'last'])
  }))

  it('of an actor that ends are cancelled, armed or waiting', inWorld(async ({ system, puppet, tell, settle }) => {
    const log: string[] = []
    const self = puppet({ log })
    tell(self, actor => {
      actor.timer('a', 10, { type: 'a', done: undefined })
      actor.timer('b', 10, { type: 'b' })
      actor.timer('c', 20, { type: 'c' })
      actor.timer('d', 20, { type: 'd' }, 5)
    })
    await settle()
    expect(log).to.deep.equal(['act', 'a'])
    expect(cellOf(self).account.use('timers')).to.equal(0)
    expect(system.liveTimers).to.equal(0)
  }))

  it('of an actor whose children are still stopping do not come', inWorld(async ({ puppet, tell, run, now }) => {
    const log: string[] = []
    const parent = puppet({ log })
    tell(parent, actor => {
      actor.timer('t', 10, { type: 'never' }, 10)
      actor.timer('end', 15, { type: 'end' })
      actor.spawn(slow, { input: undefined })
    })
    await run(15)
    parent.tell({ type: 'done', done: undefined })
    await run(100)
    expect(log).to.deep.equal(['act', 'never', 'end', 'done'])
    expect(now()).to.equal(115)
  }))

  it('leave the actor by their own key only', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const one = puppet({ log })
    const two = puppet({ log })
    tell(one, actor => { actor.timer('t', 10, { type: 'one' }) })
    tell(two, actor => {
      actor.timer('t', 10, { type: 'two' })
      actor.cancelTimer('t')
    })
    await settle()
    expect(log).to.deep.equal(['act', 'act', 'one'])
  }))

  it('are fired by the heap in order, whatever was armed and disarmed before', () => {
    const fired: Timer[] = []
    const kind: TimerKind = { label: 'test', point: 'timer', fire: timer => { fired.push(timer) }, handle: () => null }
    const operation = fc.oneof(
      fc.record({ what: fc.constant('arm' as const), at: fc.integer({ min: 0, max: 20 }) }),
      fc.record({ what: fc.constant('disarm' as const), at: fc.nat(50) }),
      fc.record({ what: fc.constant('fire' as const), at: fc.integer({ min: 0, max: 20 }) })
    )
    fc.assert(fc.property(fc.array(operation, { maxLength: 100 }), operations => {
      const timers = new Timers()
      let model: Timer[] = []
      for (const { what, at } of operations) {
        if (what === 'arm') {
          const timer = new Timer(null as unknown as Cell, kind, '', at, null, 0)
          timers.arm(timer)
          model.push(timer)
        } else if (what === 'disarm') {
          const timer = model[at % (model.length || 1)]
          if (timer === undefined) continue
          timers.disarm(timer)
          timers.disarm(timer)
          model = model.filter(other => other !== timer)
        } else {
          const due = model.filter(timer => timer.due <= at).sort((a, b) => a.due - b.due || a.order - b.order)
          fired.length = 0
          expect(timers.fire(at)).to.equal(due.length)
          expect(fired).to.deep.equal(due)
          model = model.filter(timer => timer.due > at)
        }
        expect(timers.size).to.equal(model.length)
        expect(timers.nextDue).to.equal(Math.min(...model.map(({ due }) => due)))
      }
    }), { seed: 1, numRuns: 200 })
  })
})

/** Takes 50 ms to stop. */
const slow = reducer({
  name: 'slow',
  initial: () => 0,
  step (state: number, message: { readonly type: 'stop' | 'over' }, out) {
    if (message.type === 'stop') out.timer('over', 50, { type: 'over' })
    else out.done()
    return state
  },
  stopMessage: () => ({ type: 'stop' })
})
