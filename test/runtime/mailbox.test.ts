/** What may wait for an actor, and what happens when it is too much. */
import { expect } from 'chai'
import fc from 'fast-check'
import type { Cell } from '../../src/runtime/cell.js'
import { Mailbox, type Remembered } from '../../src/runtime/mailbox.js'
import { Signal } from '../../src/runtime/signal.js'
import type { Message } from '../../src/runtime/message.js'
import { act, cellOf, deadLetters, exitOf, Handle, inWorld, listen, puppet as behavior, type Note } from './kit.js'

const types = (log: readonly string[]): string => log.join(' ')

describe('mailbox', () => {
  it('holds 1,024 messages of others by default', inWorld(({ system, puppet }) => {
    const receiver = puppet()
    for (let n = 0; n < 1024; n++) expect(receiver.tell({ type: 'a', n })).to.equal(true)
    expect(receiver.tell({ type: 'too much' })).to.equal(false)
    expect(deadLetters(system)).to.deep.equal(['too much full'])
  }))

  it('rejects the newest when it is full, and takes more once there is room', inWorld(async ({ system, puppet, settle }) => {
    const log: string[] = []
    const receiver = puppet({ log }, { behavior: behavior({ mailboxCapacity: 2 }) })
    expect(['a', 'b', 'c'].map(type => receiver.tell({ type }))).to.deep.equal([true, true, false])
    await settle()
    expect(receiver.tell({ type: 'd' })).to.equal(true)
    await settle()
    expect(types(log)).to.equal('a b d')
    expect(deadLetters(system)).to.deep.equal(['c full'])
  }))

  it('never refuses signals of its own', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const receiver = puppet({ log }, { behavior: behavior({ mailboxCapacity: 1 }) })
    const other = puppet({ run: actor => { actor.done() } })
    tell(receiver, actor => {
      for (let n = 0; n < 5; n++) actor.timer(`${n}`, 0, { type: 'timer', n })
      actor.task(async () => 1, { done: () => ({ type: 'task' }) })
      actor.watch(other, () => ({ type: 'down' }))
      actor.self.tell({ type: 'only' })
      expect(actor.self.tell({ type: 'refused' })).to.equal(false)
    })
    await settle()
    expect(log.slice().sort()).to.deep.equal(['act', 'down', 'only', 'task', 'timer 0', 'timer 1', 'timer 2', 'timer 3', 'timer 4'])
  }))

  it('does not let waiting signals take the room of messages', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const receiver = puppet({ log }, { behavior: behavior({ mailboxCapacity: 2 }) })
    const gone = puppet({ run: actor => { actor.done() } })
    await settle()
    tell(receiver, actor => {
      for (let n = 0; n < 5; n++) actor.watch(actor.named(`/system/nobody-${n}`), () => ({ type: 'down', n }))
      actor.watch(gone, () => ({ type: 'down' }))
      expect(['a', 'b', 'c'].map(type => actor.self.tell({ type }))).to.deep.equal([true, true, false])
    })
    await settle()
    expect(types(log)).to.equal('act down 0 down 1 down 2 down 3 down 4 down a b')
  }))

  it('dropOldest loses the oldest message of others and no signal before it', inWorld(async ({ system, puppet, tell, settle }) => {
    const log: string[] = []
    const receiver = puppet({ log }, { behavior: behavior({ mailboxCapacity: 2, overflow: 'dropOldest' }) })
    tell(receiver, actor => {
      actor.watch(actor.named('/system/nobody'), () => ({ type: 'down' }))
      actor.self.tell({ type: 'a' })
      actor.watch(actor.named('/system/nobody'), () => ({ type: 'down' }))
      actor.self.tell({ type: 'b' })
      expect(actor.self.tell({ type: 'c' })).to.equal(true)
      expect(actor.self.tell({ type: 'd' })).to.equal(true)
    })
    await settle()
    expect(types(log)).to.equal('act down down c d')
    expect(deadLetters(system)).to.deep.equal(['a dropped', 'b dropped'])
  }))

  it('coalesce puts a newer message of the same key in the place of the older', inWorld(async ({ system, puppet, settle }) => {
    const log: string[] = []
    const receiver = puppet({ log }, { behavior: behavior({ overflow: { coalesce: ({ type }) => type } }) })
    for (const [type, n] of [['a', 1], ['b', 1], ['a', 2], ['c', 1], ['b', 2], ['a', 3]] as const) expect(receiver.tell({ type, n })).to.equal(true)
    await settle()
    expect(types(log)).to.equal('a 3 b 2 c 1')
    expect(deadLetters(system)).to.deep.equal(['a replaced', 'b replaced', 'a replaced'])
    receiver.tell({ type: 'a', n: 4 })
    await settle()
    expect(log.at(-1)).to.equal('a 4')
  }))

  it('coalesce refuses a new key when it is full, and still replaces', inWorld(async ({ system, puppet, settle }) => {
    const log: string[] = []
    const receiver = puppet({ log }, { behavior: behavior({ mailboxCapacity: 2, overflow: { coalesce: ({ type }) => type } }) })
    expect([['a', 1], ['b', 1], ['c', 1], ['a', 2]].map(([type, n]) => receiver.tell({ type, n } as Note))).to.deep.equal([true, true, false, true])
    await settle()
    expect(types(log)).to.equal('a 2 b 1')
    expect(deadLetters(system)).to.deep.equal(['c full', 'a replaced'])
  }))

  it('coalesce keeps the order with signals', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const receiver = puppet({ log }, { behavior: behavior({ overflow: { coalesce: ({ type }) => type } }) })
    tell(receiver, actor => {
      actor.self.tell({ type: 'a', n: 1 })
      actor.watch(actor.named('/system/nobody'), () => ({ type: 'down' }))
      actor.self.tell({ type: 'b', n: 1 })
      actor.self.tell({ type: 'a', n: 2 })
    })
    await settle()
    expect(types(log)).to.equal('act a 2 down b 1')
  }))

  it('coalesce gives up what waits when the receiver ends', inWorld(async ({ system, puppet, settle }) => {
    const handle = new Handle()
    const receiver = puppet({}, { behavior: behavior({ overflow: { coalesce: ({ type }) => type } }), account: { limits: { messages: 9 } } })
    const { account } = cellOf(receiver)
    receiver.tell({ type: 'end', done: undefined })
    receiver.tell({ type: 'a', handle })
    receiver.tell({ type: 'b' })
    expect(account.use('messages')).to.equal(3)
    await settle()
    expect(account.use('messages')).to.equal(0)
    expect(handle.disposed).to.equal(1)
    expect(deadLetters(system)).to.deep.equal(['a down', 'b down'])
  }))

  it('a key function that throws crashes the receiver, not the sender', inWorld(async ({ system, puppet, settle }) => {
    const handle = new Handle()
    const error = new Error('no key')
    const receiver = puppet({}, { behavior: behavior({ overflow: { coalesce: () => { throw error } } }) })
    expect(receiver.tell({ type: 'a', handle })).to.equal(false)
    await settle()
    expect(exitOf(receiver)).to.deep.include({ kind: 'crashed', at: 'mailbox', error })
    expect(handle.disposed).to.equal(1)
    expect(system.deadLetters.count).to.equal(1)
  }))

  it('crash ends the receiver with actor/overflow', inWorld(async ({ system, puppet, settle }) => {
    const late = listen(system, 'late-error')
    const receiver = puppet({}, { behavior: behavior({ mailboxCapacity: 2, overflow: 'crash' }) })
    expect(['a', 'b', 'c', 'd'].map(type => receiver.tell({ type }))).to.deep.equal([true, true, false, false])
    await settle()
    expect(exitOf(receiver)).to.include({ kind: 'crashed', at: 'mailbox' }).and.nested.include({ 'error.code': 'actor/overflow' })
    expect(deadLetters(system)).to.deep.equal(['c full', 'd full', 'a down', 'b down'])
    // The second overflow is part of the same end.
    expect(late).to.have.length(1)
  }))

  it('lets kill and stop jump the queue, and nothing else', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const killed = puppet({ log })
    const stopped = puppet({ log })
    const other = puppet()
    await settle()
    tell(other, actor => {
      for (let n = 0; n < 3; n++) killed.tell({ type: 'killed', n })
      for (let n = 0; n < 3; n++) stopped.tell({ type: 'stopped', n })
      actor.kill(killed)
      actor.stop(stopped)
    })
    await settle()
    expect(log).to.deep.equal([])
  }))

  it('takes timers, task results and downs in order of arrival', inWorld(async ({ puppet, tell, settle, run }) => {
    const log: string[] = []
    const receiver = puppet({ log })
    const other = puppet()
    tell(receiver, actor => {
      actor.watch(other, () => ({ type: 'down' }))
      actor.timer('t', 10, { type: 'timer' })
    })
    await settle()
    tell(other, actor => {
      receiver.tell({ type: 'before' })
      actor.done()
    })
    await run(0)
    receiver.tell({ type: 'after' })
    await settle()
    expect(log.slice(1)).to.deep.equal(['timer', 'before', 'down', 'after'])
  }))

  it('keeps its order and its memory while it grows, wraps and loses from the middle', () => {
    class Mark extends Signal {
      readonly point = 'step'
      take (_owner: Cell): null { return null }
      lost (): void {}
    }
    const operation = fc.constantFrom('message', 'message', 'message', 'signal', 'shift', 'shift', 'oldest', 'remember')
    fc.assert(fc.property(fc.array(operation, { maxLength: 200 }), operations => {
      const mailbox = new Mailbox()
      const waiting: Array<Message | Signal> = []
      const handled: Remembered[] = []
      operations.forEach((what, n) => {
        if (what === 'message') {
          const message = { type: `message ${n}` }
          mailbox.push(message, message.type)
          waiting.push(message)
        } else if (what === 'signal') {
          const signal = new Mark()
          mailbox.pushSignal(signal)
          waiting.push(signal)
        } else if (what === 'remember') {
          mailbox.remember(`never waited ${n}`, n)
          handled.push({ type: `never waited ${n}`, atMs: n })
        } else if (what === 'oldest') {
          const at = waiting.findIndex(entry => !(entry instanceof Signal))
          expect(mailbox.shiftOldestOther()).to.equal(at < 0 ? undefined : waiting.splice(at, 1)[0])
        } else if (waiting.length > 0) {
          const next = waiting.shift()!
          expect(mailbox.signalNext).to.equal(next instanceof Signal)
          if (!(next instanceof Signal)) {
            expect(mailbox.shift(n)).to.equal(next)
            handled.push({ type: next.type, atMs: n })
          } else {
            expect(mailbox.shiftSignal(n)).to.equal(next)
            // Each second one means a message.
            if (n % 2 === 0) mailbox.forget()
            else {
              mailbox.name(`signal ${n}`)
              handled.push({ type: `signal ${n}`, atMs: n })
            }
          }
        }
        expect(mailbox.size).to.equal(waiting.length)
        expect(mailbox.others).to.equal(waiting.filter(entry => !(entry instanceof Signal)).length)
        expect(mailbox.read()).to.deep.equal(handled.slice(-8))
      })
      expect(mailbox.close()).to.deep.equal(waiting)
      expect([mailbox.size, mailbox.others]).to.deep.equal([0, 0])
      expect(mailbox.read()).to.deep.equal(handled.slice(-8))
    }), { seed: 1 })
  })

  it('remembers the last eight messages, those of signals and of a stop too, and no others', inWorld(async ({ puppet, settle, now }) => {
    const self = puppet({}, { behavior: behavior({ mailboxCapacity: 12, overflow: 'dropOldest', stopMessage: () => ({ type: 'stop' }) }) })
    await settle()
    for (let n = 0; n < 14; n++) self.tell({ type: `a${n}` })
    self.tell(act(actor => {
      actor.timer('never', 1, { type: 'never' })
      actor.timer('once', 1, { type: 'timer', run: actor => { actor.cancelTimer('never') } })
      actor.task(async () => 1, {})
      actor.task(async () => 1, { done: () => ({ type: 'task' }) })
    }))
    await settle()
    expect(cellOf(self).mailbox!.read().map(({ type }) => type)).to.deep.equal(['a10', 'a11', 'a12', 'a13', 'act', 'task', 'never', 'timer'])
    cellOf(self).requestStop('enough', undefined, undefined)
    await settle()
    const last = cellOf(self).mailbox!.read()
    expect(last.map(({ type }) => type).slice(-2)).to.deep.equal(['timer', 'stop'])
    expect(last.at(-1)!.atMs).to.be.within(1, Math.floor(now()))
  }))

  it('keeps of what was handled only type and time', inWorld(async ({ puppet, settle }) => {
    const payload = { type: 'a' }
    const self = puppet()
    self.tell(payload)
    await settle()
    const { ring } = cellOf(self).mailbox as unknown as { readonly ring: readonly unknown[] }
    expect(ring).to.include('a').and.not.include(payload)
  }))

  it('is empty of messages that the account counts after any end', inWorld(async ({ puppet, settle }) => {
    for (const end of [{ type: 'done', done: 1 }, { type: 'crash', step: () => { throw new Error('as told') } }, act(actor => { actor.kill(actor.self) })]) {
      const receiver = puppet({}, { account: { limits: { messages: 5 } } })
      const { account } = cellOf(receiver)
      receiver.tell(end)
      for (let n = 0; n < 10; n++) receiver.tell({ type: 'a', n })
      expect(account.use('messages')).to.equal(5)
      await settle()
      expect(account.use('messages')).to.equal(0)
    }
  }))
})
