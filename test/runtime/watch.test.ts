/** Hearing of the end of another. */
import { expect } from 'chai'
import type { Down } from '../../src/runtime/exit.js'
import type { ActorRef } from '../../src/runtime/ref.js'
import { cellOf, crash, exitOf, fail, inManyWorlds, inWorld, puppet as behavior, statusOf, type Note } from './kit.js'

describe('watch', () => {
  it('tells path and reason of the end', inManyWorlds(5, async ({ puppet, tell, settle }) => {
    const news: Down[] = []
    const error = new Error('as told')
    const watcher = puppet()
    const targets = [puppet(), puppet(), puppet(), puppet()]
    await settle()
    tell(watcher, actor => {
      for (const target of targets) actor.watch(target, down => { news.push(down); return { type: 'down' } })
    })
    await settle()
    targets[0]!.tell({ type: 'end', done: 5 })
    await settle()
    targets[1]!.tell(crash(error))
    await settle()
    tell(watcher, actor => { actor.stop(targets[2]!, { reason: 'enough' }) })
    await settle()
    tell(watcher, actor => { actor.kill(targets[3]!, 'now') })
    await settle()
    expect(news).to.deep.equal([
      { path: '/system/2', exit: { kind: 'done', output: 5 } },
      { path: '/system/3', exit: { kind: 'crashed', at: 'step', error, message: 'crash' } },
      { path: '/system/4', exit: { kind: 'stopped', reason: 'enough' } },
      { path: '/system/5', exit: { kind: 'killed', reason: 'now' } }
    ])
  }))

  it('tells of a start that failed', inWorld(async ({ puppet, tell, settle }) => {
    const news: Down[] = []
    tell(puppet(), actor => {
      actor.watch(actor.spawn(behavior(), { input: { step: fail } }), down => { news.push(down); return { type: 'down' } })
    })
    await settle()
    expect(news).to.have.length(1)
    expect(news[0]!.exit.kind).to.equal('start-failed')
  }))

  it('comes behind all that the dead had said', inManyWorlds(20, async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const watcher = puppet({ log })
    const target = puppet()
    tell(watcher, actor => { actor.watch(target, () => ({ type: 'down' })) })
    target.tell({
      type: 'go',
      done: undefined,
      run: () => { for (let n = 0; n < 5; n++) watcher.tell({ type: 'said', n }) }
    })
    await settle()
    expect(log.filter(line => line !== 'act').at(-1)).to.equal('down')
    expect(log).to.have.length(7)
  }))

  it('comes when everything of the dead is gone: children, resources, name', inManyWorlds(10, async ({ system, puppet, tell, settle }) => {
    const log: string[] = []
    const watcher = puppet({ log })
    const target = puppet({}, { name: 'target' })
    tell(target, actor => {
      actor.own({ [Symbol.dispose]: () => { log.push('disposed') } })
      const child = actor.spawn(behavior(), { input: {} })
      actor.spawn(behavior(), { input: { run: other => { other.watch(child, () => ({ type: 'never' })) } } })
    })
    tell(watcher, actor => {
      actor.watch(target, () => {
        expect(system.find('/system/target')).to.equal(null)
        expect(system.root.childCount).to.equal(1)
        return { type: 'down' }
      })
    })
    await settle()
    tell(watcher, actor => { actor.stop(target) })
    await settle()
    expect(log).to.deep.equal(['act', 'act', 'disposed', 'down'])
  }))

  it('of one that is down tells at once', inWorld(async ({ puppet, tell, settle, now }) => {
    const log: string[] = []
    const dead = puppet({ done: 3 })
    await settle()
    tell(puppet({ log }), actor => { actor.watch(dead, ({ exit }) => ({ type: exit.kind })) })
    await settle()
    expect(log).to.deep.equal(['act', 'done'])
    expect(now()).to.equal(0)
  }))

  it('of one that is ending tells when it has ended', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const parent = puppet()
    const child = puppet({}, { of: parent, behavior: slow })
    const watcher = puppet({ log })
    await settle()
    parent.tell({ type: 'end', done: undefined })
    tell(watcher, actor => {
      expect(statusOf(parent)).to.equal('ending')
      actor.watch(parent, () => ({ type: `down, child ${statusOf(child)}` }))
    })
    await settle()
    expect(log).to.deep.equal(['act', 'down, child down'])
  }))

  it('of a name where nobody lives tells so at once', inWorld(async ({ puppet, tell, settle }) => {
    const news: Down[] = []
    tell(puppet(), actor => { actor.watch(actor.named('/system/nobody'), down => { news.push(down); return { type: 'down' } }) })
    await settle()
    expect(news).to.deep.equal([{ path: '/system/nobody', exit: { kind: 'stopped', reason: 'not-there' } }])
  }))

  it('comes once, to each watcher', inManyWorlds(10, async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const target = puppet()
    for (let n = 0; n < 5; n++) tell(puppet({ log }), actor => { actor.watch(target, () => ({ type: 'down', n })) })
    await settle()
    target.tell({ type: 'end', done: undefined })
    await settle()
    expect(log.filter(line => line.startsWith('down')).sort()).to.deep.equal(['down 0', 'down 1', 'down 2', 'down 3', 'down 4'])
  }))

  it('a second one of the same ref replaces the first', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const target = puppet()
    tell(puppet({ log }), actor => {
      actor.watch(target, () => ({ type: 'first' }))
      actor.watch(target, () => ({ type: 'second' }))
    })
    await settle()
    target.tell({ type: 'end', done: undefined })
    await settle()
    expect(log).to.deep.equal(['act', 'second'])
  }))

  it('can be given up, even when the news waits', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const dead = puppet({ done: undefined })
    const target = puppet()
    await settle()
    tell(puppet({ log }), actor => {
      actor.watch(dead, () => ({ type: 'never' }))
      actor.unwatch(dead)
      actor.watch(target, () => ({ type: 'never' }))
      actor.unwatch(target)
      actor.unwatch(target)
    })
    await settle()
    target.tell({ type: 'end', done: undefined })
    await settle()
    expect(log).to.deep.equal(['act'])
  }))

  it('given up in any order leaves the others', inWorld(async ({ puppet, tell, settle }) => {
    for (const gone of [[0], [1], [2], [0, 1], [1, 2], [0, 2], [2, 1, 0]]) {
      const log: string[] = []
      const target = puppet()
      const watchers = [0, 1, 2].map(n => {
        const watcher = puppet({ log })
        tell(watcher, actor => { actor.watch(target, () => ({ type: 'down', n })) })
        return watcher
      })
      await settle()
      for (const n of gone) tell(watchers[n]!, actor => { actor.unwatch(target) })
      await settle()
      target.tell({ type: 'end', done: undefined })
      await settle()
      expect(log.filter(line => line !== 'act').sort()).to.deep.equal([0, 1, 2].filter(n => !gone.includes(n)).map(n => `down ${n}`))
    }
  }))

  it('ends with the watcher', inManyWorlds(10, async ({ system, puppet, tell, settle }) => {
    const target = puppet()
    const watcher = puppet()
    tell(watcher, actor => {
      actor.watch(target, () => ({ type: 'never' }))
      actor.done()
    })
    tell(target, actor => { actor.done() })
    await settle()
    expect(system.deadLetters.count).to.equal(0)
  }))

  it('of oneself is never heard', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    tell(puppet({ log }), actor => {
      actor.watch(actor.self, () => ({ type: 'never' }))
      actor.done()
    })
    await settle()
    expect(log).to.deep.equal(['act'])
  }))

  it('of each other ends well when both end', inManyWorlds(20, async ({ puppet, tell, settle }) => {
    const [one, two] = [puppet(), puppet()]
    tell(one, actor => { actor.watch(two, () => ({ type: 'down', done: undefined })) })
    tell(two, actor => { actor.watch(one, () => ({ type: 'down', done: undefined })) })
    await settle()
    one.tell(crash())
    await settle()
    expect([statusOf(one), statusOf(two)]).to.deep.equal(['down', 'down'])
  }))

  it('whose mapper throws crashes the watcher', inWorld(async ({ puppet, tell, settle }) => {
    const watcher = puppet()
    tell(watcher, actor => { actor.watch(actor.named('/system/nobody'), fail) })
    await settle()
    expect(exitOf(watcher)).to.include({ kind: 'crashed', at: 'step' })
  }))

  it('may be set again from its own news', inWorld(async ({ system, puppet, tell, settle }) => {
    const log: string[] = []
    const there = system.named<Note>('/system/there')
    puppet({}, { name: 'there' })
    tell(puppet({ log }), actor => {
      const again = (): Note => {
        if (system.find('/system/there') === null) actor.spawn(behavior(), { input: {} })
        return { type: 'down', run: () => { if (log.length < 3) { cellOf(system.root).spawn(behavior(), { input: {}, name: 'there' }); actor.watch(there, again) } } }
      }
      actor.watch(there, again)
    })
    await settle()
    for (let round = 0; round < 3; round++) {
      there.tell({ type: 'end', done: undefined })
      await settle()
    }
    expect(log).to.deep.equal(['act', 'down', 'down'])
  }))

  it('of all children is an option of the behaviour', inManyWorlds(5, async ({ puppet, tell, settle }) => {
    const news: Down[] = []
    const ended = (down: Down): Note => { news.push(down); return { type: 'down' } }
    const parent = puppet({}, { behavior: behavior({ childDown: ended }) })
    const spawned: Array<ActorRef<Note>> = []
    tell(parent, actor => { spawned.push(actor.spawn(behavior(), { input: {} }), actor.spawn(behavior(), { input: {}, name: 'second' })) })
    await settle()
    spawned[0]!.tell({ type: 'end', done: 5 })
    await settle()
    spawned[1]!.tell(crash(new Error('as told')))
    await settle()
    expect(news.map(({ path, exit }) => [path, exit.kind])).to.deep.equal([[`${parent.path}/1`, 'done'], [`${parent.path}/second`, 'crashed']])
    // Whoever ends takes his children along, and is told nothing.
    tell(parent, actor => {
      actor.spawn(behavior(), { input: {} })
      actor.done()
    })
    await settle()
    expect(news).to.have.length(2)
  }))
})

/** Takes 50 ms to stop. */
const slow = behavior({ stopMessage: () => ({ type: 'stop', run: actor => { actor.timer('t', 50, { type: 'over', done: undefined }) } }) })
