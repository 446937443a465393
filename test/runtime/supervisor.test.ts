/** What a supervisor does about the ends of its children: one-for-one and dynamic. */
import { expect } from 'chai'
import type { Restart } from '../../src/runtime/context.js'
import type { ActorRef } from '../../src/runtime/ref.js'
import type { Strategy, Supervision } from '../../src/runtime/supervision.js'
import { child } from '../../src/runtime/supervision.js'
import { act, cellOf, crash, exitOf, fail, inManyWorlds, inWorld, listen, puppet as behavior, statusOf, thrownBy, type Note, type Play, type PuppetInput, type Scene, type Stage } from './kit.js'

/** One supervisor with one child, and what the child's starts tell. */
interface Nursery extends Stage {
  readonly boss: ActorRef<Note>
  /** When the child started. */
  readonly starts: number[]
  readonly there: ActorRef<Note>
  readonly state: () => string
}

/** What the child does in its n-th start, from 1. */
type Childhood = (n: number) => PuppetInput

function nursery (scene: (nursery: Nursery) => Promise<void>, supervision: Omit<Supervision, 'strategy' | 'children'> = {}, restart: Restart = 'permanent', childhood: Childhood = () => ({}), strategy: Strategy = 'one-for-one'): Scene {
  return async stage => {
    const starts: number[] = []
    const only = child('child', behavior(), {
      restart,
      input: () => {
        const n = starts.push(stage.now())
        return childhood(n)
      }
    })
    const boss = stage.puppet({}, { name: 'boss', behavior: behavior({ supervision: { strategy, children: [only], backoff: { jitter: 0 }, ...supervision } }) })
    await stage.run(0.5)
    await scene({ ...stage, boss, starts, there: stage.system.named('/system/boss/child'), state: () => cellOf(boss).supervisor!.view()[0]!.state })
  }
}

const done: Note = { type: 'end', done: 1 }

describe('supervisor', () => {
  it('starts a permanent child again after any end', inManyWorlds(5, nursery(async ({ there, starts, run, tell, puppet }) => {
    for (const [n, end] of [crash(), done, act(actor => { actor.kill(actor.self) }), act(actor => { actor.stop(actor.self) })].entries()) {
      there.tell(end)
      await run(61_000)
      expect(starts).to.have.length(n + 2)
    }
    tell(puppet(), actor => { actor.stop(there) })
    await run(61_000)
    expect(starts).to.have.length(6)
  }))) // Each by a stranger or by the child itself: only its own supervisor ends it for good.

  it('starts a transient child again after a failure only', inManyWorlds(5, async stage => {
    const ends: Array<[Note, number]> = [[crash(), 2], [done, 1], [act(actor => { actor.kill(actor.self) }), 2], [act(actor => { actor.stop(actor.self) }), 1]]
    for (const [end, expected] of ends) {
      await nursery(async ({ there, starts, run, state, boss }) => {
        there.tell(end)
        await run(5000)
        expect(starts).to.have.length(expected)
        expect(state()).to.equal(expected === 2 ? 'running' : 'ended')
        cellOf(boss).requestEnd({ kind: 'killed', reason: 'end of scene' })
        await run(1)
      }, {}, 'transient')(stage)
    }
  }))

  it('never starts a temporary child again', inManyWorlds(5, nursery(async ({ there, starts, run, state }) => {
    there.tell(crash())
    await run(100_000)
    expect(starts).to.have.length(1)
    expect(state()).to.equal('ended')
  }, {}, 'temporary')))

  it('leaves the siblings alone', inManyWorlds(10, async ({ puppet, run, now }) => {
    const starts: string[] = []
    const children = ['a', 'b', 'c'].map(name => child(name, behavior(), { input: () => ({ step: () => { starts.push(name) } }) }))
    const boss = puppet({}, { behavior: behavior({ supervision: { strategy: 'one-for-one', children } }) })
    await run(1)
    const before = cellOf(boss).child('c')!
    cellOf(boss).child('b')!.tell(crash())
    await run(10)
    expect(starts).to.deep.equal(['a', 'b', 'c', 'b'])
    expect(cellOf(boss).child('c')).to.equal(before)
    expect(now()).to.equal(11)
  }))

  it('starts the first time at once, then waits twice as long each time', inWorld(nursery(async ({ there, starts, run }) => {
    for (let n = 0; n < 6; n++) {
      there.tell(crash())
      await run(n === 0 ? 0 : 100 * 2 ** (n - 1))
    }
    expect(starts.map(time => time - 0.5)).to.deep.equal([-0.5, 0, 100, 300, 700, 1500, 3100])
  }, { backoff: { firstMs: 100, maxMs: 60_000, jitter: 0 }, intensity: { restarts: 100 } })))

  it('waits a second before the second restart, unless told otherwise', inWorld(nursery(async ({ there, starts, run }) => {
    there.tell(crash())
    await run(1)
    there.tell(crash())
    await run(999)
    expect(starts).to.have.length(2)
    await run(1)
    expect(starts).to.have.length(3)
  })))

  it('never waits longer than the longest wait', inWorld(nursery(async ({ there, starts, run }) => {
    for (let n = 0; n < 12; n++) {
      there.tell(crash())
      await run(500)
    }
    // It crashed at 2,500.5 for the sixth time, and from then on as soon as it had started.
    expect(starts.slice(5).map(time => time - 0.5)).to.deep.equal([2500, 3000, 3500, 4000, 4500, 5000, 5500, 6000])
  }, { backoff: { firstMs: 100, maxMs: 500, jitter: 0 }, intensity: { restarts: 100 } })))

  it('begins anew with an immediate restart after a quiet minute', inWorld(nursery(async ({ there, starts, run }) => {
    for (let n = 0; n < 3; n++) {
      there.tell(crash())
      await run(2000)
    }
    // It has run since then: 59.9 s are not enough, 60 are.
    const last = starts.at(-1)!
    await run(last + 59_900 - (0.5 + 6000))
    there.tell(crash())
    await run(3999)
    expect(starts).to.have.length(4)
    await run(1)
    expect(starts).to.have.length(5)
    await run(60_000)
    there.tell(crash())
    await run(0)
    expect(starts).to.have.length(6)
  })))

  it('stretches and shortens each wait by up to the jitter', inManyWorlds(40, nursery(async ({ there, starts, run }) => {
    there.tell(crash())
    await run(1)
    there.tell(crash())
    await run(1000 * 1.2 + 1)
    expect(starts).to.have.length(3)
    waits.push(starts[2]! - starts[1]!)
  }, { backoff: { jitter: 0.2 } })))

  it('stretches and shortens them evenly, and never beyond', () => {
    expect(waits).to.have.length(40)
    expect(Math.min(...waits)).to.be.within(799, 850)
    expect(Math.max(...waits)).to.be.within(1150, 1202)
  })

  it('suspends a child that fails more often than it may, and tries it again at the slow end', inManyWorlds(3, nursery(async ({ there, starts, run, state, boss, system }) => {
    const reports = listen(system, 'suspended', 'restarting')
    // Five restarts in thirty seconds are borne.
    for (let n = 0; n < 5; n++) {
      there.tell(crash())
      await run(2000)
    }
    expect(starts).to.have.length(6)
    expect(state()).to.equal('running')
    there.tell(crash())
    await run(1000)
    expect(state()).to.equal('suspended')
    await run(58_000)
    expect(starts).to.have.length(6)
    await run(2000)
    expect(starts).to.have.length(7)
    expect(state()).to.equal('running')
    // It never takes the supervisor with it.
    expect(statusOf(boss)).to.equal('running')
    expect(reports.map(({ kind }) => kind)).to.deep.equal([...Array<string>(5).fill('restarting'), 'suspended'])
    expect(reports.at(-1)).to.include({ subject: 'child', detail: 60_000 })
  }, { backoff: { firstMs: 1, jitter: 0 } })))

  it('counts a restart as lately for exactly the window', inWorld(async stage => {
    for (const [thirdAt, expected] of [[999.5, 'suspended'], [1000, 'running']] as const) {
      await nursery(async ({ boss, there, run, state }) => {
        there.tell(crash())
        await run(500)
        there.tell(crash())
        await run(thirdAt - 500)
        there.tell(crash())
        await run(0)
        expect(state()).to.equal(expected)
        cellOf(boss).requestEnd({ kind: 'killed', reason: 'end of scene' })
        await run(1)
      }, { intensity: { restarts: 2, withinMs: 1000 }, backoff: { firstMs: 0, jitter: 0 } })(stage)
    }
  }))

  it('is not counted out by an operator\'s kill', inManyWorlds(3, nursery(async ({ boss, starts, run, state }) => {
    for (let n = 0; n < 20; n++) {
      cellOf(boss).child('child')!.requestEnd({ kind: 'killed', reason: 'operator', counted: false })
      await run(1)
      expect(starts).to.have.length(n + 2)
    }
    expect(state()).to.equal('running')
  }, { intensity: { restarts: 1 } })))

  it('counts a restart that fails at its start as a crash', inManyWorlds(3, nursery(async ({ there, starts, run, state }) => {
    there.tell(crash())
    await run(0.5)
    // At once, then after 100, 200 and 400 ms; the next is one too many.
    expect(starts).to.have.length(2)
    await run(710)
    expect(starts).to.have.length(5)
    expect(state()).to.equal('suspended')
    await run(10_000)
    expect(starts).to.have.length(6)
    expect(state()).to.equal('running')
  }, { backoff: { firstMs: 100, maxMs: 10_000, jitter: 0 }, intensity: { restarts: 4 } }, 'permanent', n => ({ step: () => { if (n > 1 && n < 6) fail() } }))))

  it('counts a restart that an account refuses, or whose input cannot be made, as a crash', inManyWorlds(3, async ({ puppet, run }) => {
    let room = true
    let starts = 0
    const only = child('child', behavior(), { input: () => { if (!room) fail(); starts++; return {} } })
    const greedy = child('greedy', behavior())
    const boss = puppet({}, { account: { limits: { actors: 3 } }, behavior: behavior({ supervision: { strategy: 'one-for-one', children: [only, greedy], backoff: { firstMs: 100, jitter: 0 } } }) })
    await run(1)
    room = false
    cellOf(boss).child('child')!.tell(crash())
    await run(10)
    expect(cellOf(boss).supervisor!.view()[0]!.state).to.equal('backing-off')
    room = true
    // Somebody else takes the room that the child would need.
    const squatter = puppet({}, { of: boss })
    await run(1000)
    expect(starts).to.be.above(1)
    expect(cellOf(boss).child('child')).to.equal(undefined)
    squatter.tell(done)
    await run(10_000)
    expect(cellOf(boss).supervisor!.view()[0]!.state).to.equal('running')
  }))

  it('survives waits of zero, refusals without end included', inManyWorlds(2, async ({ puppet, run }) => {
    let starts = 0
    const only = child('child', behavior(), { input: () => { if (starts++ > 0) fail(); return {} } })
    for (const strategy of ['one-for-one', 'rest-for-one'] as const) {
      starts = 0
      const boss = puppet({}, { behavior: behavior({ supervision: { strategy, children: [only], backoff: { firstMs: 0, maxMs: 0 }, intensity: { restarts: 2 } } }) })
      await run(1)
      cellOf(boss).child('child')!.tell(crash())
      await run(10)
      expect(starts).to.be.above(1500)
      expect(statusOf(boss)).to.equal('running')
      cellOf(boss).requestEnd({ kind: 'killed', reason: 'end of scene' })
      await run(1)
    }
  }))

  it('leaves a child down that it has stopped or killed itself', inManyWorlds(5, async stage => {
    const ends: Array<(there: ActorRef<Note>) => Play> = [
      there => actor => { actor.stop(there) },
      there => actor => { actor.kill(there) },
      // By a ref to the incarnation, too.
      () => actor => { actor.stop(actor.child('child')!) }
    ]
    for (const end of ends) {
      await nursery(async ({ boss, there, tell, starts, run, state }) => {
        tell(boss, end(there))
        await run(100_000)
        expect(starts).to.have.length(1)
        expect(state()).to.equal('stopped')
        cellOf(boss).requestEnd({ kind: 'killed', reason: 'end of scene' })
        await run(1)
      })(stage)
    }
  }))

  it('leaves a child down that crashes while its supervisor stops it', inManyWorlds(20, nursery(async ({ boss, there, tell, starts, run, state }) => {
    there.tell(crash())
    tell(boss, actor => { actor.stop(there) })
    await run(100_000)
    // Either the stop came first, or a first restart was stopped.
    expect(starts.length).to.be.within(1, 2)
    expect(state()).to.equal('stopped')
  })))

  it('gives up a child that is backing off or suspended when it is told to stop or kill it', inManyWorlds(5, async stage => {
    for (const what of ['stop', 'kill'] as const) {
      await nursery(async ({ boss, there, tell, starts, run, state }) => {
        there.tell(crash())
        await run(1)
        there.tell(crash())
        await run(1)
        expect(state()).to.equal('backing-off')
        tell(boss, actor => { actor[what](there) })
        await run(100_000)
        expect(starts).to.have.length(2)
        expect(state()).to.equal('stopped')
        cellOf(boss).requestEnd({ kind: 'killed', reason: 'end of scene' })
        await run(1)
      })(stage)
    }
  }))

  it('is not told by others to give up', inManyWorlds(5, nursery(async ({ there, tell, puppet, starts, run }) => {
    there.tell(crash())
    await run(1)
    there.tell(crash())
    await run(1)
    tell(puppet(), actor => { actor.stop(there) })
    await run(2000)
    expect(starts).to.have.length(3)
  })))

  it('starts each time from fresh input', inManyWorlds(3, nursery(async ({ there, run, starts, system }) => {
    there.tell({ type: 'a' })
    there.tell(crash())
    await run(10)
    expect(starts).to.have.length(2)
    expect(system.find('/system/boss/child')!.state).to.deep.equal([])
  })))

  it('decides behind all that the dead child had said', inManyWorlds(20, async ({ puppet, run }) => {
    const log: string[] = []
    const only = child('child', behavior(), { input: () => ({ step: () => { log.push('start') } }) })
    const boss = puppet({ log }, { behavior: behavior({ supervision: { strategy: 'one-for-one', children: [only] } }) })
    await run(1)
    cellOf(boss).child('child')!.tell(act(() => {
      for (let n = 0; n < 3; n++) boss.tell({ type: 'said', n })
      fail()
    }))
    await run(1)
    expect(log).to.deep.equal(['start', 'said 0', 'said 1', 'said 2', 'start'])
  }))

  it('keeps children that are added at run time by the same rules', inManyWorlds(5, async ({ puppet, tell, run }) => {
    for (const strategy of ['one-for-one', 'dynamic'] as const) {
      const boss = puppet({}, { behavior: behavior({ supervision: { strategy } }) })
      await run(1)
      let starts = 0
      const input = { step: () => { starts++ } }
      tell(boss, actor => { actor.spawn(behavior(), { input, name: 'a', restart: 'permanent' }) })
      tell(boss, actor => { actor.spawn(behavior(), { input, name: 'b', restart: 'transient' }) })
      tell(boss, actor => { actor.spawn(behavior(), { input, name: 'c', restart: 'temporary' }) })
      await run(1)
      for (const name of ['a', 'b', 'c']) cellOf(boss).child(name)!.tell(crash())
      await run(1)
      expect(starts).to.equal(5)
      expect(cellOf(boss).supervisor!.view().map(({ name }) => name)).to.deep.equal(['a', 'b'])
    }
  }))

  it('forgets children that were added at run time once they are down for good', inManyWorlds(5, async ({ puppet, tell, run }) => {
    const boss = puppet({}, { behavior: behavior({ supervision: { strategy: 'dynamic', backoff: { firstMs: 10_000 } } }) })
    await run(1)
    const view = () => cellOf(boss).supervisor!.view().map(({ name, state }) => `${name} ${state}`)
    for (const name of ['stopped', 'killed', 'given-up', 'ended', 'kept']) {
      tell(boss, actor => { actor.spawn(behavior(), { input: {}, name, restart: name === 'ended' ? 'transient' : 'permanent' }) })
    }
    await run(1)
    tell(boss, actor => {
      actor.stop(actor.child('stopped')!)
      actor.kill(actor.child('killed')!)
    })
    cellOf(boss).child('ended')!.tell(done)
    for (let n = 0; n < 2; n++) {
      cellOf(boss).child('given-up')!.tell(crash())
      await run(1)
    }
    expect(view()).to.deep.equal(['given-up backing-off', 'kept running'])
    tell(boss, actor => { actor.stop(actor.named('/system/1/given-up')) })
    await run(1)
    expect(view()).to.deep.equal(['kept running'])
    // The names are free again.
    tell(boss, actor => { for (const name of ['stopped', 'given-up']) actor.spawn(behavior(), { input: {}, name, restart: 'permanent' }) })
    await run(1)
    expect(view()).to.deep.equal(['kept running', 'stopped running', 'given-up running'])
  }))

  it('keeps the name of a child that is backing off', inManyWorlds(3, nursery(async ({ boss, there, tell, run }) => {
    there.tell(crash())
    await run(1)
    there.tell(crash())
    await run(1)
    tell(boss, actor => {
      for (const restart of ['permanent', 'temporary'] as const) {
        expect(thrownBy(() => actor.spawn(behavior(), { input: {}, name: 'child', restart }))).to.include({ code: 'actor/name-taken', path: '/system/boss/child' })
      }
    })
    await run(1)
  })))

  it('that ends takes its children with it and restarts none of them', inManyWorlds(20, nursery(async ({ boss, there, run, starts }) => {
    there.tell(crash())
    boss.tell(done)
    await run(100_000)
    expect(exitOf(boss)!.kind).to.equal('done')
    expect(starts.length).to.be.within(1, 2)
  })))

  it('under a supervisor comes back with all its children', inManyWorlds(10, async ({ system, puppet, run }) => {
    const starts: string[] = []
    const note = (name: string) => ({ input: () => ({ step: () => { starts.push(name) } }) })
    const inner = behavior({ supervision: { strategy: 'one-for-one', children: [child('leaf', behavior(), note('leaf'))] } })
    puppet({}, { name: 'outer', behavior: behavior({ supervision: { strategy: 'one-for-one', children: [child('inner', inner, note('inner'))] } }) })
    await run(1)
    system.named<Note>('/system/outer/inner').tell(crash())
    await run(10)
    expect(starts).to.deep.equal(['inner', 'leaf', 'inner', 'leaf'])
    expect(system.find('/system/outer/inner/leaf')!.alive).to.equal(true)
  }))

  it('waits until the children of the dead are gone before it starts it again', inManyWorlds(10, async ({ system, puppet, run }) => {
    const log: string[] = []
    const slow = behavior({ stopMessage: () => ({ type: 'stop', run: actor => { actor.timer('t', 50, { type: 'over', done: undefined, run: () => { log.push('old leaf gone') } }) } }) })
    const only = child('child', behavior(), { input: () => ({ run: actor => { log.push('start'); actor.spawn(slow, { input: {}, name: 'leaf' }) } }) })
    puppet({}, { name: 'boss', behavior: behavior({ supervision: { strategy: 'one-for-one', children: [only] } }) })
    await run(1)
    system.named<Note>('/system/boss/child').tell(crash())
    await run(60)
    expect(log).to.deep.equal(['start', 'old leaf gone', 'start'])
  }))

  it('shows each child, its state, its starts and its next attempt', inWorld(nursery(async ({ boss, there, run, now }) => {
    there.tell(crash())
    await run(0)
    there.tell(crash())
    await run(0)
    expect(cellOf(boss).supervisor!.view()).to.deep.equal([
      { name: 'child', behavior: 'puppet', restart: 'permanent', state: 'backing-off', starts: 2, retryAtMs: now() + 1000 }
    ])
  })))

  it('tries each of many children by its own count', inManyWorlds(3, async ({ puppet, run }) => {
    const children = Array.from({ length: 10 }, (_, n) => child(`c${n}`, behavior(), { input: (): PuppetInput => ({ run: actor => { if (n === 3) actor.timer('t', 1, crash()) } }) }))
    const boss = puppet({}, { behavior: behavior({ supervision: { strategy: 'one-for-one', children, backoff: { firstMs: 1 } } }) })
    await run(5000)
    const states = cellOf(boss).supervisor!.view().map(({ state }) => state)
    expect(states[3]).to.equal('suspended')
    expect(states.filter(state => state === 'running')).to.have.length(9)
  }))
})

const waits: number[] = []
