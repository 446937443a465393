/** What becomes of a message between `tell` and step. */
import { expect } from 'chai'
import type { ActorRef } from '../../src/runtime/ref.js'
import { act, deadLetters, inManyWorlds, inWorld, type Note } from './kit.js'

describe('delivery', () => {
  it('at most once', inManyWorlds(20, async ({ system, puppet, tell, settle }) => {
    const log: string[] = []
    const receiver = puppet({ log })
    const told: boolean[] = []
    for (let n = 0; n < 20; n++) {
      tell(puppet(), actor => {
        told[n] = receiver.tell({ type: 'a', n })
        if (n === 10) actor.stop(receiver)
      })
    }
    await settle()
    expect(new Set(log).size).to.equal(log.length)
    expect(log.every(line => told[Number(line.slice(2))])).to.equal(true)
    // Each is either handled or counted as lost.
    expect(log.length + system.deadLetters.count).to.equal(20)
  }))

  it('exactly once while the receiver lives and has room', inManyWorlds(20, async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const receiver = puppet({ log })
    for (let n = 0; n < 50; n++) tell(puppet(), () => { expect(receiver.tell({ type: 'a', n })).to.equal(true) })
    await settle()
    expect(log.sort()).to.deep.equal(Array.from({ length: 50 }, (_, n) => `a ${n}`).sort())
  }))

  it('keeps the order between one sender and one receiver', inManyWorlds(20, async ({ puppet, settle }) => {
    const log: string[] = []
    const receiver = puppet({ log })
    const sender = (type: string): void => {
      const send = (n: number): void => {
        receiver.tell({ type, n: n++ })
        receiver.tell({ type, n: n++ })
        if (n < 40) self.tell(act(() => { send(n) }))
      }
      const self = puppet()
      self.tell(act(() => { send(0) }))
    }
    for (const type of ['a', 'b', 'c']) sender(type)
    await settle()
    for (const type of ['a', 'b', 'c']) {
      expect(log.filter(line => line.startsWith(type))).to.deep.equal(Array.from({ length: 40 }, (_, n) => `${type} ${n}`))
    }
  }))

  it('keeps the order over a restarted name', inManyWorlds(10, async ({ system, puppet, settle }) => {
    const log: string[] = []
    const there = system.named<Note>('/system/there')
    puppet({ log }, { name: 'there' })
    for (let n = 0; n < 10; n++) there.tell({ type: 'a', n })
    await settle()
    expect(log).to.deep.equal(Array.from({ length: 10 }, (_, n) => `a ${n}`))
  }))

  it('handles one message at a time', inManyWorlds(10, async ({ puppet, settle }) => {
    let inside = 0
    const log: string[] = []
    const self: ActorRef<Note> = puppet({ log })
    const enter = (): void => { expect(++inside).to.equal(1) }
    for (let n = 0; n < 5; n++) {
      self.tell({
        type: 'a',
        n,
        step: enter,
        run: () => {
          self.tell({ type: 'again', n, step: enter, run: () => { inside-- } })
          inside--
        }
      })
    }
    await settle()
    expect(log).to.have.length(10)
  }))

  it('never runs the receiver in the stack of the sender', inWorld(async ({ puppet, tell, settle }) => {
    const order: string[] = []
    const receiver = puppet()
    tell(puppet(), () => {
      receiver.tell({ type: 'a', step: () => { order.push('received') } })
      order.push('sent')
    })
    await settle()
    expect(order).to.deep.equal(['sent', 'received'])
  }))

  it('brings what a step sends to itself after that step, behind what waits', inWorld(async ({ puppet, settle }) => {
    const log: string[] = []
    const self: ActorRef<Note> = puppet({ log })
    self.tell({ type: 'first', run: () => { self.tell({ type: 'third' }) } })
    self.tell({ type: 'second' })
    await settle()
    expect(log).to.deep.equal(['first', 'second', 'third'])
  }))

  it('says true when a message was queued', inWorld(({ puppet }) => {
    expect(puppet().tell({ type: 'a' })).to.equal(true)
  }))

  it('says false when the receiver is down, and counts a dead letter', inWorld(async ({ system, puppet, settle }) => {
    const receiver = puppet()
    receiver.tell({ type: 'end', done: undefined })
    await settle()
    expect(receiver.tell({ type: 'late' })).to.equal(false)
    expect(system.deadLetters.count).to.equal(1)
    expect(deadLetters(system)).to.deep.equal(['late down'])
  }))

  it('counts what waits when the receiver ends as dead letters', inWorld(async ({ system, puppet, settle }) => {
    const log: string[] = []
    const receiver = puppet({ log })
    receiver.tell({ type: 'end', done: undefined })
    expect(receiver.tell({ type: 'waits', n: 1 })).to.equal(true)
    expect(receiver.tell({ type: 'waits', n: 2 })).to.equal(true)
    await settle()
    expect(log).to.deep.equal(['end'])
    expect(deadLetters(system)).to.deep.equal(['waits down', 'waits down'])
  }))

  it('keeps a sample of the last 64 dead letters, oldest first', inWorld(async ({ system, puppet, settle }) => {
    const receiver = puppet({ done: undefined })
    await settle()
    for (let n = 0; n < 100; n++) receiver.tell({ type: `late-${n}` })
    expect(system.deadLetters.count).to.equal(100)
    expect(system.deadLetters.sample().map(({ type }) => type)).to.deep.equal(Array.from({ length: 64 }, (_, n) => `late-${n + 36}`))
    expect(system.deadLetters.sample()[0]).to.include({ to: '/system/1', reason: 'down' })
  }))
})
