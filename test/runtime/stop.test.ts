/** How an actor ends when somebody wants it to. */
import { expect } from 'chai'
import { child } from '../../src/runtime/supervision.js'
import type { ActorRef } from '../../src/runtime/ref.js'
import { cellOf, crash, exitOf, fail, Handle, inManyWorlds, inWorld, puppet as behavior, statusOf, type Note, type Puppet } from './kit.js'

/** Asked to stop, it says so and needs this long. */
const slow = (ms: number, options: { readonly stopGraceMs?: number, readonly crashGraceMs?: number } = {}): Puppet => behavior({
  stopMessage: reason => ({ type: `stop ${reason}`, run: actor => { actor.timer('over', ms, { type: 'over', done: undefined }) } }),
  ...options
})
/** Asked to stop, it does nothing about it. */
const deaf = (options: { readonly stopGraceMs?: number, readonly crashGraceMs?: number } = {}): Puppet => behavior({ stopMessage: () => ({ type: 'stop' }), ...options })

describe('stop', () => {
  it('ends an actor after its current step', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const self = puppet({ log })
    tell(self, actor => {
      actor.stop(actor.self, { reason: 'enough' })
      log.push('rest of the step')
    })
    self.tell({ type: 'never' })
    await settle()
    expect(log).to.deep.equal(['act', 'rest of the step'])
    expect(exitOf(self)).to.deep.equal({ kind: 'stopped', reason: 'enough' })
  }))

  it('with a stop message gives the actor time to finish, and it still takes messages', inWorld(async ({ puppet, tell, run }) => {
    const log: string[] = []
    const self = puppet({ log }, { behavior: slow(50) })
    tell(puppet(), actor => { actor.stop(self, { reason: 'enough' }) })
    await run(10)
    expect(statusOf(self)).to.equal('stopping')
    expect(self.tell({ type: 'meanwhile' })).to.equal(true)
    await run(39)
    expect(statusOf(self)).to.equal('stopping')
    await run(2)
    expect(log).to.deep.equal(['stop enough', 'meanwhile', 'over'])
    expect(exitOf(self)).to.deep.equal({ kind: 'stopped', reason: 'enough' })
  }))

  it('comes ahead of all that waits', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const other = puppet()
    const self = puppet({ log }, { behavior: slow(0) })
    await settle()
    tell(other, actor => {
      self.tell({ type: 'a' })
      actor.stop(self)
    })
    await settle()
    expect(log).to.deep.equal(['stop asked', 'a', 'over'])
  }))

  it('kills what does not end within the grace', inWorld(async ({ puppet, tell, settle, now }) => {
    const self = puppet({}, { behavior: deaf({ stopGraceMs: 200 }) })
    tell(puppet(), actor => { actor.stop(self) })
    await settle()
    expect(exitOf(self)).to.deep.equal({ kind: 'killed', reason: 'grace-over' })
    expect(now()).to.equal(200)
  }))

  it('has a grace of five seconds unless the behaviour or the caller says otherwise', inWorld(async ({ puppet, tell, settle, now }) => {
    const boss = puppet()
    const ends: number[] = []
    const stop = (target: ActorRef<Note>, graceMs?: number): void => {
      tell(target, () => {
        tell(boss, actor => {
          actor.watch(target, () => { ends.push(now()); return { type: 'down' } })
          actor.stop(target, graceMs === undefined ? {} : { graceMs })
        })
      })
    }
    stop(puppet({}, { behavior: deaf() }))
    stop(puppet({}, { behavior: deaf({ stopGraceMs: 300 }) }))
    stop(puppet({}, { behavior: deaf({ stopGraceMs: 300 }) }), 20)
    stop(puppet({}, { behavior: deaf() }), 0)
    await settle()
    expect(ends).to.deep.equal([0, 20, 300, 5000])
  }))

  it('has one deadline for the actor and all below it', inManyWorlds(5, async ({ puppet, tell, settle, now }) => {
    // The behaviour uses 60 of its 100 ms; its deaf children and grandchildren get the rest.
    const self = puppet({}, { behavior: slow(60, { stopGraceMs: 100 }) })
    const children = [0, 1, 2].map(() => puppet({}, { of: self, behavior: deaf() }))
    const grandchild = puppet({}, { of: children[0]!, behavior: deaf() })
    await settle()
    tell(puppet(), actor => { actor.stop(self) })
    await settle()
    expect(now()).to.be.within(100, 101)
    for (const actor of [...children, grandchild]) expect(exitOf(actor)).to.include({ kind: 'killed', reason: 'parent-ending' })
    expect(exitOf(self)).to.deep.equal({ kind: 'stopped', reason: 'asked' })
  }))

  it('asked for with a grace keeps it, whatever the grace of the behaviour', inWorld(async ({ puppet, tell, settle, now }) => {
    const self = puppet({}, { behavior: slow(10, { stopGraceMs: 0 }) })
    const patient = puppet({}, { of: self, behavior: slow(50) })
    await settle()
    tell(puppet(), actor => { actor.stop(self, { graceMs: 1000 }) })
    await settle()
    expect(exitOf(patient)!.kind).to.equal('stopped')
    expect(now()).to.equal(60)
  }))

  it('asked for twice is asked for once: the first reason and grace hold', inWorld(async ({ puppet, tell, settle, now }) => {
    const log: string[] = []
    const self = puppet({ log }, { behavior: slow(50) })
    tell(puppet(), actor => {
      actor.stop(self, { reason: 'first' })
      actor.stop(self, { reason: 'second', graceMs: 0 })
    })
    await settle()
    tell(puppet(), actor => { actor.stop(self, { reason: 'too late' }) })
    await settle()
    expect(log).to.deep.equal(['stop first', 'over'])
    expect(exitOf(self)).to.deep.equal({ kind: 'stopped', reason: 'first' })
    expect(now()).to.equal(50)
  }))

  it('of one that is down does nothing', inWorld(async ({ puppet, tell, settle }) => {
    const dead = puppet({ done: 1 })
    await settle()
    tell(puppet(), actor => {
      actor.stop(dead)
      actor.kill(dead)
      actor.stop(actor.named('/system/nobody'))
      actor.kill(actor.named('/system/nobody'))
    })
    await settle()
    expect(exitOf(dead)).to.deep.equal({ kind: 'done', output: 1 })
  }))

  it('gives way to a kill', inWorld(async ({ puppet, tell, run }) => {
    const log: string[] = []
    const handle = new Handle()
    const self = puppet({ log, run: actor => { actor.own(handle) } }, { behavior: slow(50) })
    tell(puppet(), actor => { actor.stop(self) })
    await run(10)
    tell(puppet(), actor => { actor.kill(self, 'impatient') })
    await run(1)
    expect(log).to.deep.equal(['stop asked'])
    expect(exitOf(self)).to.deep.equal({ kind: 'killed', reason: 'impatient' })
    expect(handle.disposed).to.equal(1)
  }))

  it('gives way to a crash of the actor while it stops', inWorld(async ({ puppet, tell, run }) => {
    const error = new Error('as told')
    const self = puppet({}, { behavior: slow(50) })
    tell(puppet(), actor => { actor.stop(self) })
    await run(10)
    self.tell(crash(error))
    await run(1)
    expect(exitOf(self)).to.deep.equal({ kind: 'crashed', at: 'step', error, message: 'crash' })
  }))

  it('a crash while it stops does not push out the deadline', inWorld(async ({ puppet, tell, run, now }) => {
    const self = puppet({}, { behavior: slow(95, { stopGraceMs: 100, crashGraceMs: 1000 }) })
    const patient = puppet({}, { of: self, behavior: deaf() })
    tell(puppet(), actor => { actor.stop(self) })
    await run(90)
    self.tell(crash())
    await run(11)
    expect([statusOf(self), statusOf(patient)]).to.deep.equal(['down', 'down'])
    expect(now()).to.equal(101)
  }))

  it('with a stop message that cannot be made, or whose step throws, is a crash at stop', inWorld(async ({ puppet, tell, settle }) => {
    const mapper = puppet({}, { behavior: behavior({ stopMessage: fail }) })
    const step = puppet({}, { behavior: behavior({ stopMessage: () => ({ type: 'stop', step: fail }) }) })
    const effect = puppet({}, { behavior: behavior({ stopMessage: () => ({ type: 'stop', run: fail }) }) })
    const nonsense = puppet({}, { behavior: behavior({ stopMessage: () => undefined as unknown as Note }) })
    await settle()
    tell(puppet(), actor => { for (const self of [mapper, step, effect, nonsense]) actor.stop(self) })
    await settle()
    for (const self of [mapper, step, effect, nonsense]) expect(exitOf(self)).to.include({ kind: 'crashed', at: 'stop' })
  }))

  it('reaches all below, and each parent ends after its children', inManyWorlds(10, async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const own = (name: string) => ({ run: (actor: Parameters<NonNullable<Note['run']>>[0]) => { actor.own(new Handle(name, log)) } })
    const top = puppet(own('top'))
    const left = puppet(own('left'), { of: top })
    const right = puppet(own('right'), { of: top })
    puppet(own('left leaf'), { of: left })
    puppet(own('right leaf'), { of: right })
    await settle()
    tell(puppet(), actor => { actor.stop(top) })
    await settle()
    expect(log).to.have.length(5)
    expect(log.indexOf('dispose left leaf')).to.be.below(log.indexOf('dispose left'))
    expect(log.indexOf('dispose right leaf')).to.be.below(log.indexOf('dispose right'))
    expect(log.at(-1)).to.equal('dispose top')
  }))

  it('names the parent as the cause of its children\'s end', inWorld(async ({ puppet, tell, settle }) => {
    const top = puppet()
    const below = puppet({}, { of: top })
    const leaf = puppet({}, { of: below })
    await settle()
    tell(puppet(), actor => { actor.stop(top, { reason: 'closing time' }) })
    await settle()
    expect(exitOf(below)).to.deep.include({ kind: 'stopped', reason: 'parent-ending' }).and.nested.include({ 'because.path': '/system/1', 'because.exit.reason': 'closing time' })
    expect(exitOf(leaf)).to.nested.include({ 'because.path': '/system/1/1', 'because.exit.because.path': '/system/1' })
  }))

  it('stops static children one after another, last first; the others all at once', inManyWorlds(10, async ({ puppet, tell, settle, now }) => {
    const log: string[] = []
    const stoppable = (name: string): Puppet => behavior({
      stopMessage: () => ({
        type: 'stop',
        run: actor => {
          log.push(`${name} stops`)
          actor.timer('over', 10, { type: 'over', done: undefined, run: () => { log.push(`${name} over`) } })
        }
      })
    })
    for (const strategy of ['one-for-one', 'rest-for-one'] as const) {
      log.length = 0
      const boss = puppet({}, { behavior: behavior({ supervision: { strategy, children: ['a', 'b', 'c'].map(name => child(name, stoppable(name))) } }) })
      await settle()
      const begun = now()
      tell(puppet(), actor => { actor.stop(boss) })
      await settle()
      expect(log).to.deep.equal(['c stops', 'c over', 'b stops', 'b over', 'a stops', 'a over'])
      expect(now() - begun).to.be.within(30, 31)
    }
    log.length = 0
    const boss = puppet({}, { behavior: behavior({ supervision: { strategy: 'dynamic' } }) })
    for (const name of ['a', 'b', 'c']) puppet({}, { of: boss, name, behavior: stoppable(name) })
    await settle()
    const begun = now()
    tell(puppet(), actor => { actor.stop(boss) })
    await settle()
    expect(log.slice(0, 3).sort()).to.deep.equal(['a stops', 'b stops', 'c stops'])
    expect(now() - begun).to.be.within(10, 11)
  }))

  it('of static children in order has one deadline for all of them', inManyWorlds(5, async ({ puppet, tell, settle, now }) => {
    const boss = puppet({}, { behavior: behavior({ stopGraceMs: 300, supervision: { strategy: 'one-for-one', children: ['a', 'b', 'c'].map(name => child(name, deaf())) } }) })
    await settle()
    tell(puppet(), actor => { actor.stop(boss) })
    await settle()
    expect(statusOf(boss)).to.equal('down')
    expect(now()).to.be.within(300, 301)
  }))

  it('does not wait for a child whose end the supervisor has not heard of yet', inWorld(async ({ puppet, tell, settle, now }) => {
    const children = ['a', 'b'].map(name => child(name, behavior(), { input: () => ({}) }))
    const boss = puppet({}, { behavior: behavior({ supervision: { strategy: 'one-for-one', children } }) })
    const other = puppet()
    await settle()
    const [a, b] = ['a', 'b'].map(name => cellOf(boss).child(name)!)
    b!.requestEnd({ kind: 'killed', reason: 'first' })
    b!.run(1)
    expect(b!.statusName).to.equal('down')
    tell(other, actor => { actor.stop(boss) })
    await settle()
    expect(now()).to.equal(0)
    expect(a!.exit!.kind).to.equal('stopped')
    expect(statusOf(boss)).to.equal('down')
  }))

  it('that finds a child crashing as well ends all the same', inManyWorlds(30, async ({ puppet, tell, settle, now }) => {
    const children = ['a', 'b', 'c'].map(name => child(name, behavior()))
    const boss = puppet({}, { behavior: behavior({ supervision: { strategy: 'one-for-one', children } }) })
    await settle()
    for (const name of ['a', 'b', 'c']) cellOf(boss).child(name)!.tell(crash())
    tell(puppet(), actor => { actor.stop(boss) })
    await settle()
    expect(statusOf(boss)).to.equal('down')
    expect(now()).to.be.below(10)
  }))

  it('lets nobody in any more: no children, tasks, asks or resources', inWorld(async ({ puppet, tell, settle }) => {
    const self = puppet()
    puppet({}, { of: self, behavior: slow(10) })
    await settle()
    tell(self, actor => { actor.done() })
    await settle()
    expect(() => puppet({}, { of: self })).to.throw().with.property('code', 'actor/closed')
  }))

  it('is not undone by spawning on: a child spawned after the kill in the same step ends too', inWorld(async ({ puppet, tell, settle }) => {
    let late!: ActorRef<Note>
    tell(puppet(), actor => {
      actor.kill(actor.self)
      late = actor.spawn(behavior(), { input: {} })
    })
    await settle()
    expect(exitOf(late)).to.include({ kind: 'killed', reason: 'parent-ending' })
  }))
})

describe('kill', () => {
  it('ends an actor at once, without its stop message, and its children with it', inManyWorlds(10, async ({ puppet, tell, settle, now }) => {
    const log: string[] = []
    const self = puppet({ log }, { behavior: slow(50) })
    const below = puppet({ log }, { of: self, behavior: slow(50) })
    const leaf = puppet({ log }, { of: below, behavior: slow(50) })
    await settle()
    tell(puppet(), actor => { actor.kill(self, 'now') })
    await settle()
    expect(log).to.deep.equal([])
    expect([exitOf(self), exitOf(below)!.kind, exitOf(leaf)!.kind]).to.deep.equal([{ kind: 'killed', reason: 'now' }, 'killed', 'killed'])
    expect(now()).to.be.below(1)
  }))

  it('of one that is ending stops waiting for its children', inWorld(async ({ puppet, tell, run }) => {
    const self = puppet()
    const below = puppet({}, { of: self, behavior: deaf() })
    await run(1)
    tell(puppet(), actor => { actor.stop(self) })
    await run(10)
    expect(statusOf(self)).to.equal('ending')
    tell(puppet(), actor => { actor.kill(self) })
    await run(1)
    expect([statusOf(self), statusOf(below)]).to.deep.equal(['down', 'down'])
    // Why it ended was decided before.
    expect(exitOf(self)).to.deep.equal({ kind: 'stopped', reason: 'asked' })
  }))

  it('twice in one step keeps the first reason', inWorld(async ({ puppet, tell, settle }) => {
    const self = puppet()
    tell(puppet(), actor => {
      actor.kill(self, 'first')
      actor.kill(self, 'second')
      actor.stop(self, { reason: 'third' })
    })
    await settle()
    expect(exitOf(self)).to.deep.equal({ kind: 'killed', reason: 'first' })
  }))

  it('after a stop in one step wins', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const self = puppet({ log }, { behavior: slow(50) })
    tell(puppet(), actor => {
      actor.stop(self)
      actor.kill(self, 'rather')
    })
    await settle()
    expect(log).to.deep.equal([])
    expect(exitOf(self)).to.deep.equal({ kind: 'killed', reason: 'rather' })
  }))
})
