/** Groups in which the later depend on the earlier. */
import { expect } from 'chai'
import type { Restart } from '../../src/runtime/context.js'
import type { ActorRef } from '../../src/runtime/ref.js'
import { child, type Supervision } from '../../src/runtime/supervision.js'
import { act, cellOf, crash, exitOf, fail, Handle, inManyWorlds, inWorld, listen, puppet as behavior, statusOf, type Note, type Puppet, type PuppetInput, type Scene, type Stage } from './kit.js'

interface Member {
  readonly restart?: Restart
  readonly behavior?: Puppet
  readonly input?: (n: number) => PuppetInput
}

interface Group extends Stage {
  readonly boss: ActorRef<Note>
  /** `+a` for a start, `-a` for an end. */
  readonly log: string[]
  readonly member: (name: string) => ActorRef<Note>
  readonly states: () => string
}

const slow = (ms: number): Puppet => behavior({ stopMessage: () => ({ type: 'stop', run: actor => { actor.timer('over', ms, { type: 'over', done: undefined }) } }) })
const deaf = behavior({ stopMessage: () => ({ type: 'stop' }) })

/** A group of members a, b, c, ... */
function group (members: readonly Member[], scene: (group: Group) => Promise<void>, supervision: Partial<Supervision> = {}, options: { readonly crashGraceMs?: number } = {}): Scene {
  return async stage => {
    const log: string[] = []
    const children = members.map(({ restart = 'permanent', behavior: kind = behavior(), input = () => ({}) }, index) => {
      const name = 'abcdef'[index]!
      let n = 0
      return child(name, kind, {
        restart,
        input: () => {
          const own: PuppetInput = input(++n)
          return {
            ...own,
            run: actor => {
              log.push(`+${name}`)
              actor.own({ [Symbol.dispose]: () => { log.push(`-${name}`) } })
              own.run?.(actor)
            }
          }
        }
      })
    })
    const boss = stage.puppet({}, { name: 'boss', behavior: behavior({ ...options, supervision: { strategy: 'rest-for-one', children, backoff: { jitter: 0 }, ...supervision } }) })
    await stage.run(0.5)
    await scene({
      ...stage,
      boss,
      log,
      member: name => stage.system.named(`/system/boss/${name}`),
      states: () => cellOf(boss).supervisor!.view().map(({ name, state }) => `${name} ${state}`).join(', ')
    })
  }
}

const three: readonly Member[] = [{}, {}, {}]
const done: Note = { type: 'end', done: 1 }
const kill = (boss: ActorRef<Note>): void => { cellOf(boss).requestEnd({ kind: 'killed', reason: 'end of scene' }) }

describe('rest-for-one', () => {
  it('stops the later members in reverse order, then starts all again in order', inManyWorlds(20, group(three, async ({ log, member, run }) => {
    member('b').tell(crash())
    await run(10)
    expect(log).to.deep.equal(['+a', '+b', '+c', '-b', '-c', '+b', '+c'])
    member('a').tell(crash())
    await run(2000)
    expect(log.slice(7)).to.deep.equal(['-a', '-c', '-b', '+a', '+b', '+c'])
  })))

  it('waits for slow members, one after another', inManyWorlds(5, group([{}, { behavior: slow(20) }, { behavior: slow(20) }], async ({ log, member, run, now }) => {
    const begun = now()
    member('a').tell(crash())
    await run(39)
    expect(log).to.deep.equal(['+a', '+b', '+c', '-a', '-c'])
    await run(5)
    expect(log.slice(5)).to.deep.equal(['-b', '+a', '+b', '+c'])
    expect(now() - begun).to.be.within(40, 45)
  })))

  it('gives the group one grace: deaf members are killed together', inManyWorlds(5, group([{}, { behavior: deaf }, { behavior: deaf }, { behavior: deaf }], async ({ log, member, run, states }) => {
    member('a').tell(crash())
    await run(99)
    expect(log.slice(4)).to.deep.equal(['-a'])
    await run(5)
    expect(log.slice(5)).to.deep.equal(['-d', '-c', '-b', '+a', '+b', '+c', '+d'].sort(byEnd(log.slice(5))))
    expect(states()).to.equal('a running, b running, c running, d running')
  })))

  it('counts the restarts of the whole group', inManyWorlds(3, group(three, async ({ member, run, states, boss }) => {
    // Two members that fail by turns, each below its own limit.
    for (const name of ['b', 'c', 'b']) {
      member(name).tell(crash())
      await run(10)
    }
    expect(states()).to.match(/a running, b suspended, c (waiting|suspended)/)
    await run(60_000)
    expect(states()).to.equal('a running, b running, c running')
    expect(statusOf(boss)).to.equal('running')
  }, { intensity: { restarts: 2 }, backoff: { firstMs: 1, jitter: 0 } })))

  it('takes a crash during the stop of the group for a part of it', inManyWorlds(20, group([{}, { behavior: behavior({ stopMessage: () => crash() }) }, {}], async ({ log, member, run, system }) => {
    const reports = listen(system, 'restarting')
    member('a').tell(crash())
    await run(10)
    expect(log.slice(3)).to.deep.equal(['-a', '-c', '-b', '+a', '+b', '+c'])
    expect(reports).to.have.length(1)
  })))

  it('starts from the earlier one when an earlier member crashes while the group waits', inManyWorlds(10, group(three, async ({ log, member, run, states }) => {
    for (let n = 0; n < 2; n++) {
      member('c').tell(crash())
      await run(10)
    }
    expect(states()).to.equal('a running, b running, c backing-off')
    member('a').tell(crash())
    await run(10)
    expect(states()).to.equal('a backing-off, b waiting, c backing-off')
    log.length = 0
    // The second wait of the group is a second, the third two.
    await run(1900)
    expect(log).to.deep.equal([])
    await run(200)
    expect(log).to.deep.equal(['+a', '+b', '+c'])
    expect(states()).to.equal('a running, b running, c running')
  })))

  it('starts from the earlier one when an earlier member crashes while the group stops', inManyWorlds(10, group([{}, {}, { behavior: slow(50) }], async ({ log, member, run, states }) => {
    member('b').tell(crash())
    await run(10)
    member('a').tell(crash())
    await run(3000)
    expect(log.slice(3)).to.deep.equal(['-b', '-a', '-c', '+a', '+b', '+c'])
    expect(states()).to.equal('a running, b running, c running')
  })))

  it('leaves a transient member ended that had reached its end', inManyWorlds(10, group([{}, { restart: 'transient' }, {}], async ({ log, member, run, states }) => {
    member('b').tell(done)
    await run(10)
    expect(states()).to.equal('a running, b ended, c running')
    member('a').tell(crash())
    await run(10)
    expect(log.slice(3)).to.deep.equal(['-b', '-a', '-c', '+a', '+c'])
    expect(states()).to.equal('a running, b ended, c running')
  })))

  it('leaves a transient member ended whose end comes while its group restarts', inManyWorlds(30, group([{}, { restart: 'transient' }, {}], async ({ member, run, states }) => {
    member('a').tell(crash())
    member('b').tell(done)
    await run(10)
    // Either its end came first, or it was stopped for the group and has started again.
    expect(states()).to.match(/^a running, b (ended|running), c running$/)
  })))

  it('starts a transient member again that was stopped for the group', inManyWorlds(10, group([{}, { restart: 'transient' }], async ({ member, run, states, log }) => {
    member('a').tell(crash())
    await run(10)
    expect(states()).to.equal('a running, b running')
    expect(log.slice(2)).to.deep.equal(['-a', '-b', '+a', '+b'])
  })))

  it('forgets the temporary members of a group that is restarted', inManyWorlds(10, group([{}, { restart: 'temporary' }, {}], async ({ member, run, states, log }) => {
    member('a').tell(crash())
    await run(10)
    expect(states()).to.equal('a running, c running')
    expect(log.slice(3)).to.deep.equal(['-a', '-c', '-b', '+a', '+c'])
    member('a').tell(crash())
    await run(2000)
    expect(states()).to.equal('a running, c running')
  })))

  it('leaves a group alone when a member ends that is not wanted back', inManyWorlds(10, group([{ restart: 'temporary' }, { restart: 'transient' }, {}], async ({ member, run, states, log }) => {
    member('a').tell(crash())
    member('b').tell(done)
    await run(10)
    expect(states()).to.equal('a ended, b ended, c running')
    expect(log.slice(3).sort()).to.deep.equal(['-a', '-b'])
  })))

  it('counts a start that fails while the group starts as a crash', inManyWorlds(10, group([{}, { input: n => ({ step: () => { if (n === 2) fail() } }) }, {}], async ({ member, run, states, log, boss }) => {
    member('a').tell(crash())
    await run(10)
    // The first restart of the group was at once; b failed in it and waits a second.
    expect(states()).to.equal('a running, b backing-off, c waiting')
    await run(1000)
    expect(states()).to.equal('a running, b running, c running')
    expect(log.slice(3)).to.deep.equal(['-a', '-c', '-b', '+a', '+b', '+c'])
    expect(statusOf(boss)).to.equal('running')
  })))

  it('keeps the order of the specs, whatever was started last', inManyWorlds(5, group(three, async ({ member, run, log, tell, puppet, boss }) => {
    member('b').tell(crash())
    await run(10)
    log.length = 0
    tell(puppet(), actor => { actor.stop(boss) })
    await run(10)
    expect(log).to.deep.equal(['-c', '-b', '-a'])
  })))

  it('gives up a member that its supervisor stops, and starts the others', inManyWorlds(10, async stage => {
    // While it runs, while its group stops, while its group waits.
    await group([{}, { behavior: slow(30) }, {}], async ({ boss, member, tell, run, states, log }) => {
      tell(boss, actor => { actor.stop(member('b')) })
      await run(50)
      expect(states()).to.equal('a running, b stopped, c running')
      member('a').tell(crash())
      await run(10)
      expect(states()).to.equal('a running, b stopped, c running')
      expect(log.filter(line => line === '+b')).to.have.length(1)
      kill(boss)
      await run(1)
    })(stage)
    await group([{}, { behavior: slow(30) }, {}], async ({ boss, member, tell, run, states }) => {
      member('a').tell(crash())
      await run(10)
      tell(boss, actor => { actor.stop(member('b')) })
      await run(50)
      expect(states()).to.equal('a running, b stopped, c running')
      kill(boss)
      await run(1)
    })(stage)
    await group(three, async ({ boss, member, tell, run, states }) => {
      for (let n = 0; n < 2; n++) {
        member('a').tell(crash())
        await run(10)
      }
      expect(states()).to.equal('a backing-off, b waiting, c waiting')
      tell(boss, actor => { actor.stop(member('b')) })
      await run(2000)
      expect(states()).to.equal('a running, b stopped, c running')
      kill(boss)
      await run(1)
    })(stage)
    await group(three, async ({ boss, member, tell, run, states }) => {
      for (let n = 0; n < 2; n++) {
        member('b').tell(crash())
        await run(10)
      }
      tell(boss, actor => { actor.stop(member('b')) })
      await run(2000)
      expect(states()).to.equal('a running, b stopped, c running')
    })(stage)
  }))

  it('takes in a child that is added while the group waits, and starts it with the group', inManyWorlds(10, group(three, async ({ boss, member, tell, run, states, log }) => {
    for (let n = 0; n < 2; n++) {
      member('a').tell(crash())
      await run(10)
    }
    expect(states()).to.equal('a backing-off, b waiting, c waiting')
    tell(boss, actor => { actor.spawn(behavior(), { input: { run: () => { log.push('+added') } }, name: 'added', restart: 'permanent' }) })
    await run(10)
    log.length = 0
    await run(2000)
    expect(states()).to.equal('a running, b running, c running, added running')
    expect(log).to.deep.equal(['+a', '+b', '+c', '+added'])
  })))

  it('forgets an added child and still knows where the group begins', inManyWorlds(10, group([{}], async ({ boss, member, tell, run, states }) => {
    tell(boss, actor => {
      actor.spawn(behavior(), { input: {}, name: 'first', restart: 'transient' })
      actor.spawn(behavior(), { input: {}, name: 'second', restart: 'permanent' })
    })
    await run(10)
    for (let n = 0; n < 2; n++) {
      member('second').tell(crash())
      await run(10)
    }
    expect(states()).to.equal('a running, first running, second backing-off')
    member('first').tell(done)
    await run(10)
    expect(states()).to.equal('a running, second backing-off')
    await run(2000)
    expect(states()).to.equal('a running, second running')
  })))

  it('an added child whose first start fails is its spawner\'s business, whatever the group does', inManyWorlds(10, group(three, async ({ boss, member, tell, run, states }) => {
    for (let n = 0; n < 2; n++) {
      member('a').tell(crash())
      await run(10)
    }
    tell(boss, actor => { actor.spawn(behavior(), { input: { step: fail }, name: 'added', restart: 'permanent' }) })
    await run(3000)
    expect(states()).to.equal('a running, b running, c running')
  })))

  it('is stopped in the middle of anything without waiting for what is gone', inManyWorlds(40, group([{}, { behavior: slow(20) }, {}], async ({ boss, member, tell, puppet, run }) => {
    member('a').tell(crash())
    member('c').tell(crash())
    tell(puppet(), actor => { actor.stop(boss) })
    await run(200)
    expect(exitOf(boss)).to.deep.equal({ kind: 'stopped', reason: 'asked' })
  })))

  it('does not count an operator\'s kill', inManyWorlds(3, group(three, async ({ boss, run, states, log }) => {
    for (let n = 0; n < 5; n++) {
      cellOf(boss).child('b')!.requestEnd({ kind: 'killed', reason: 'operator', counted: false })
      await run(1)
    }
    expect(states()).to.equal('a running, b running, c running')
    expect(log.filter(line => line === '+c')).to.have.length(6)
  }, { intensity: { restarts: 1 } })))

  it('names the member that failed as the cause of the others\' stop', inWorld(group(three, async ({ boss, member, run }) => {
    const c = cellOf(boss).child('c')!
    member('b').tell(crash())
    await run(0)
    expect(c.exit).to.deep.include({ kind: 'stopped', reason: 'group-restart' }).and.nested.include({ 'because.path': '/system/boss/b', 'because.exit.kind': 'crashed' })
  })))

  it('starts again in a world of handles without losing one', inManyWorlds(10, group([{}, { input: () => ({ run: actor => { actor.own(new Handle()) } }) }], async ({ system, member, run }) => {
    for (let n = 0; n < 4; n++) {
      member('a').tell(act(fail))
      await run(10_000)
    }
    expect(system.liveResources).to.equal(3)
  })))
})

/** Kills come in no particular order: sorts expected ends as they came, and leaves the starts. */
function byEnd (seen: readonly string[]): (a: string, b: string) => number {
  return (a, b) => seen.indexOf(a) - seen.indexOf(b)
}
