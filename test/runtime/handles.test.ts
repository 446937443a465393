/** Who owns a handle at which moment, and that nobody loses one. */
import { expect } from 'chai'
import type { Play } from './kit.js'
import { act, BadHandle, cellOf, exitOf, fail, Handle, inManyWorlds, inWorld, Later, listen, puppet as behavior, statusOf, thrownBy, type Note } from './kit.js'

describe('handles', () => {
  it('that nobody takes from a message are disposed after the step', inWorld(async ({ puppet, settle }) => {
    const handle = new Handle()
    puppet().tell({ type: 'a', handle })
    expect(handle.disposed).to.equal(0)
    await settle()
    expect(handle.disposed).to.equal(1)
  }))

  it('that are owned live until their owner ends', inWorld(async ({ puppet, settle }) => {
    const handle = new Handle()
    const self = puppet()
    self.tell({ type: 'a', handle, run: actor => { actor.own(handle) } })
    await settle()
    expect(handle.disposed).to.equal(0)
    self.tell({ type: 'end', done: undefined })
    await settle()
    expect(handle.disposed).to.equal(1)
  }))

  it('that are told on belong to the next', inManyWorlds(10, async ({ puppet, settle }) => {
    const handle = new Handle()
    const owner = puppet()
    const middle = puppet()
    middle.tell({
      type: 'a',
      handle,
      run: actor => {
        owner.tell({ type: 'b', handle, run: next => { next.own(handle) } })
        actor.done()
      }
    })
    await settle()
    expect(handle.disposed).to.equal(0)
    owner.tell({ type: 'end', done: undefined })
    await settle()
    expect(handle.disposed).to.equal(1)
  }))

  it('that are told on to a name belong to whoever lives there', inWorld(async ({ system, puppet, settle }) => {
    const handle = new Handle()
    const lost = new Handle()
    const owner = puppet({}, { name: 'owner' })
    const pass = (to: string, what: Handle): void => {
      puppet().tell({ type: 'a', handle: what, run: actor => { actor.named<Note>(to).tell({ type: 'b', handle: what, run: next => { next.own(what) } }) } })
    }
    pass('/system/owner', handle)
    pass('/system/nobody', lost)
    await settle()
    expect([handle.disposed, lost.disposed]).to.deep.equal([0, 1])
    expect(system.deadLetters.count).to.equal(1)
    owner.tell({ type: 'end', done: undefined })
    await settle()
    expect(handle.disposed).to.equal(1)
  }))

  it('that are taken belong to the code that took them', inWorld(async ({ puppet, settle }) => {
    const handle = new Handle()
    const work = new Later()
    puppet().tell({
      type: 'a',
      handle,
      run: actor => {
        const mine = actor.take(handle)
        actor.task(async () => { await work.promise; mine[Symbol.dispose]() }, {})
      }
    })
    await settle()
    expect(handle.disposed).to.equal(0)
    work.resolve()
    await settle()
    expect(handle.disposed).to.equal(1)
  }))

  it('that a spawn input brings follow the same rules', inWorld(async ({ puppet, settle }) => {
    const owned = new Handle()
    const dropped = new Handle()
    const passed = new Handle()
    puppet({ handle: owned, run: actor => { actor.own(owned) } })
    puppet({ handle: dropped })
    puppet().tell({ type: 'a', handle: passed, run: actor => { actor.spawn(behavior(), { input: { handle: passed, run: child => { child.own(passed) } } }) } })
    await settle()
    expect([owned.disposed, dropped.disposed, passed.disposed]).to.deep.equal([0, 1, 0])
  }))

  it('of a spawn input are disposed when the actor never starts', inManyWorlds(10, async ({ puppet, tell, settle }) => {
    const handles = Array.from({ length: 4 }, () => new Handle())
    const [stopped, killed, orphaned, failed] = handles as [Handle, Handle, Handle, Handle]
    tell(puppet(), actor => {
      actor.stop(actor.spawn(behavior(), { input: { handle: stopped } }))
      actor.kill(actor.spawn(behavior(), { input: { handle: killed } }))
      actor.spawn(behavior(), { input: { handle: orphaned, step: fail } })
      actor.spawn(behavior(), { input: { handle: failed, run: fail } })
      actor.kill(actor.self)
    })
    await settle()
    expect(handles.map(({ disposed }) => disposed)).to.deep.equal([1, 1, 1, 1])
  }))

  it('of a spawn input are disposed when the spawn is refused', inWorld(async ({ puppet, tell, settle }) => {
    const limited = new Handle()
    const closed = new Handle()
    const named = new Handle()
    const parent = puppet({}, { account: { limits: { actors: 2 } } })
    const codes: unknown[] = []
    const attempt = (run: () => void): void => { codes.push((thrownBy(run) as { code?: unknown }).code) }
    tell(parent, actor => {
      actor.spawn(behavior(), { input: {}, name: 'only' })
      attempt(() => actor.spawn(behavior(), { input: { handle: limited } }))
      attempt(() => actor.spawn(behavior(), { input: { handle: named }, name: 'only' }))
      actor.own({ [Symbol.dispose]: () => { attempt(() => actor.spawn(behavior(), { input: { handle: closed } })) } })
      actor.done()
    })
    await settle()
    expect(codes).to.deep.equal(['actor/limit', 'actor/name-taken', 'actor/closed'])
    expect([limited.disposed, named.disposed, closed.disposed]).to.deep.equal([1, 1, 1])
  }))

  it('of dead letters are disposed, whatever the reason', inWorld(async ({ puppet, settle }) => {
    const handles = Array.from({ length: 6 }, () => new Handle())
    const note = (n: number): Note => ({ type: 'a', handle: handles[n]! })
    const dead = puppet({ done: undefined })
    const full = puppet({}, { behavior: behavior({ mailboxCapacity: 1 }) })
    const dropping = puppet({}, { behavior: behavior({ mailboxCapacity: 1, overflow: 'dropOldest' }) })
    const coalescing = puppet({}, { behavior: behavior({ overflow: { coalesce: () => 1 } }) })
    const keep = { type: 'b' }
    full.tell(keep)
    full.tell(note(0))
    dropping.tell(note(1))
    dropping.tell(keep)
    coalescing.tell(note(2))
    coalescing.tell(keep)
    const waiting = puppet({}, { account: { limits: { messages: 1 } } })
    waiting.tell({ type: 'end', done: undefined })
    waiting.tell(note(3))
    const ending = puppet()
    ending.tell({ type: 'end', done: undefined })
    ending.tell(note(4))
    await settle()
    dead.tell(note(5))
    expect(handles.map(({ disposed }) => disposed)).to.deep.equal([1, 1, 1, 1, 1, 1])
  }))

  it('of a message whose step throws are disposed', inWorld(async ({ puppet, settle }) => {
    const handle = new Handle()
    puppet().tell({ type: 'a', handle, step: fail })
    await settle()
    expect(handle.disposed).to.equal(1)
  }))

  it('of a message whose effect throws are disposed, owned or not', inWorld(async ({ puppet, settle }) => {
    const owned = new Handle()
    const loose = new Handle()
    puppet().tell({ type: 'a', handle: loose, run: fail })
    puppet().tell({ type: 'a', handle: owned, run: actor => { actor.own(owned); fail() } })
    await settle()
    expect([owned.disposed, loose.disposed]).to.deep.equal([1, 1])
  }))

  it('are disposed last in first out, after the children have gone', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const parent = puppet()
    tell(parent, actor => {
      actor.own(new Handle('first', log))
      actor.own(new Handle('second', log))
      actor.spawn(behavior(), { input: { run: child => { child.own(new Handle('of the child', log)) } } })
    })
    await settle()
    parent.tell({ type: 'end', done: undefined })
    await settle()
    expect(log).to.deep.equal(['dispose of the child', 'dispose second', 'dispose first'])
  }))

  it('that throw when they are disposed disturb nobody', inWorld(async ({ system, puppet, tell, settle }) => {
    const late = listen(system, 'late-error')
    const log: string[] = []
    const self = puppet()
    tell(self, actor => {
      actor.own(new Handle('first', log))
      actor.own(new BadHandle('bad', log))
      actor.own(new Handle('last', log))
    })
    self.tell({ type: 'a', handle: new BadHandle('dropped', log) })
    self.tell({ type: 'end', done: 5 })
    self.tell({ type: 'b', handle: new BadHandle('lost', log) })
    await settle()
    expect(log).to.deep.equal(['dispose dropped', 'dispose lost', 'dispose last', 'dispose bad', 'dispose first'])
    expect(exitOf(self)).to.deep.equal({ kind: 'done', output: 5 })
    expect(late).to.have.length(3)
  }))

  it('may tell when they are disposed, and can do nothing else with their actor', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const codes: unknown[] = []
    const other = puppet({ log })
    const self = puppet()
    const attempts: Play[] = [
      actor => actor.spawn(behavior(), { input: {} }),
      actor => actor.task(async () => 1, {}),
      actor => { actor.ask(other, () => ({ type: 'a' }), { done: reply => reply }) },
      actor => actor.own(new Handle())
    ]
    tell(self, actor => {
      actor.own({
        [Symbol.dispose]: () => {
          other.tell({ type: 'farewell' })
          for (const attempt of attempts) codes.push((thrownBy(() => { attempt(actor) }) as { code?: unknown }).code)
          actor.timer('t', 1, { type: 'never' })
          actor.watch(other, () => ({ type: 'never' }))
          actor.stop(actor.self)
          actor.kill(actor.self)
          actor.done()
          expect(actor.self.tell({ type: 'never' })).to.equal(false)
        }
      })
      actor.done()
    })
    await settle()
    expect(codes).to.deep.equal(Array(4).fill('actor/closed'))
    expect(log).to.deep.equal(['farewell'])
    expect(statusOf(self)).to.equal('down')
  }))

  it('of a release are disposed at once, and only once', inWorld(async ({ puppet, tell, settle }) => {
    const handle = new Handle()
    tell(puppet(), actor => {
      actor.own(handle)
      actor.release(handle)
      expect(handle.disposed).to.equal(1)
      actor.release(handle)
      actor.done()
    })
    await settle()
    expect(handle.disposed).to.equal(1)
  }))

  it('whose release throws crash the effect, and are gone', inWorld(async ({ puppet, tell, settle }) => {
    const handle = new BadHandle()
    const self = puppet()
    tell(self, actor => { actor.release(actor.own(handle)) })
    await settle()
    expect(handle.disposed).to.equal(1)
    expect(exitOf(self)).to.include({ kind: 'crashed', at: 'effect' })
  }))

  it('that are disowned stay open', inWorld(async ({ puppet, tell, settle }) => {
    const handle = new Handle()
    tell(puppet(), actor => {
      actor.own(handle)
      expect(actor.disown(handle)).to.equal(true)
      expect(actor.disown(handle)).to.equal(false)
      actor.done()
    })
    await settle()
    expect(handle.disposed).to.equal(0)
  }))

  it('that are owned and then told on are disowned first by who wants to live', inWorld(async ({ puppet, tell, settle }) => {
    const handle = new Handle()
    const next = puppet()
    tell(puppet(), actor => {
      actor.own(handle)
      actor.disown(handle)
      next.tell({ type: 'a', handle, run: other => { other.own(handle) } })
      actor.done()
    })
    await settle()
    expect(handle.disposed).to.equal(0)
    next.tell({ type: 'end', done: undefined })
    await settle()
    expect(handle.disposed).to.equal(1)
  }))

  it('that a dying actor wants to own are disposed, and the call throws', inWorld(async ({ puppet, tell, settle }) => {
    const handle = new Handle()
    let own!: () => void
    const self = puppet()
    tell(self, actor => {
      own = () => { actor.own(handle) }
      actor.done()
    })
    await settle()
    expect(thrownBy(own)).to.include({ code: 'actor/closed', path: '/system/1' })
    expect(handle.disposed).to.equal(1)
  }))

  it('over the limit are disposed, and the call throws', inWorld(async ({ puppet, tell, settle }) => {
    const handles = [new Handle(), new Handle()] as const
    const self = puppet({}, { account: { limits: { handles: 1 } } })
    tell(self, actor => {
      actor.own(handles[0])
      expect(thrownBy(() => { actor.own(handles[1]) })).to.include({ code: 'actor/limit' })
    })
    await settle()
    expect(statusOf(self)).to.equal('running')
    expect(handles.map(({ disposed }) => disposed)).to.deep.equal([0, 1])
    expect(cellOf(self).account.use('handles')).to.equal(1)
  }))

  it('in the answer to an ask belong to the asker, and are disposed when its mapper drops them or throws', inWorld(async ({ puppet, tell, settle }) => {
    const [kept, dropped, thrown] = [new Handle(), new Handle(), new Handle()]
    const asked = puppet()
    const asker = puppet()
    const ask = (from: typeof asker, handle: Handle, done: (reply: Note) => Note): void => {
      tell(from, actor => {
        actor.ask(asked, replyTo => ({ type: 'q', replyTo, handle, run: () => { replyTo.tell({ type: 'r', handle }) } }), { done })
      })
    }
    ask(asker, kept, reply => ({ ...reply, run: actor => { actor.own(kept) } }))
    ask(asker, dropped, () => ({ type: 'r' }))
    const careless = puppet()
    ask(careless, thrown, fail)
    await settle()
    expect([kept.disposed, dropped.disposed, thrown.disposed]).to.deep.equal([0, 1, 1])
    expect(exitOf(careless)).to.include({ kind: 'crashed', at: 'step' })
  }))

  it('cannot come with a timer', inWorld(async ({ puppet, tell, settle }) => {
    const handle = new Handle()
    tell(puppet(), actor => {
      expect(() => { actor.timer('t', 1, { type: 'a', handle }) }).to.throw(TypeError, /message/)
    })
    await settle()
    expect(handle.disposed).to.equal(0)
  }))

  it('cannot come with the input of a child that is restarted', inWorld(async ({ puppet, tell, settle }) => {
    tell(puppet({}, { behavior: behavior({ supervision: { strategy: 'one-for-one' } }) }), actor => {
      expect(() => actor.spawn(behavior(), { input: { handle: new Handle() }, name: 'a', restart: 'permanent' })).to.throw(TypeError, /input/)
    })
    await settle()
  }))

  it('of a message that its receiver forwards twice are still owned by somebody', inWorld(async ({ puppet, settle }) => {
    // Two owners of one handle: each disposes it. It is the second `tell` that is wrong; nothing leaks.
    const handle = new Handle()
    puppet().tell({
      type: 'a',
      handle,
      run: actor => {
        for (let n = 0; n < 2; n++) actor.spawn(behavior(), { input: {} }).tell({ type: 'b', handle })
      }
    })
    await settle()
    expect(handle.disposed).to.be.at.least(1)
  }))

  it('that ports count as open show in the ledger until they are closed', inWorld(({ system }) => {
    const handle = new Handle()
    system.handles.opened(handle, 'a socket')
    expect(system.handles.labels()).to.deep.equal(['a socket'])
    expect(system.handles.size).to.equal(1)
    system.handles.closed(handle)
    system.handles.closed(handle)
    expect(system.handles.size).to.equal(0)
  }))

  it('act and own work in one effect', inWorld(async ({ puppet, settle }) => {
    const handle = new Handle()
    const self = puppet()
    self.tell(act(actor => { actor.own(handle) }))
    await settle()
    expect(cellOf(self).account.use('handles')).to.equal(1)
  }))
})
