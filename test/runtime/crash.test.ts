/** What a crash does, step by step: design 1.8. */
import { expect } from 'chai'
import { child } from '../../src/runtime/supervision.js'
import type { CrashPoint } from '../../src/runtime/exit.js'
import { act, BadHandle, cellOf, crash, exitOf, fail, Handle, inManyWorlds, inWorld, listen, puppet as behavior, statusOf, type Note, type Play } from './kit.js'

const slow = (ms: number) => behavior({ stopMessage: () => ({ type: 'stop', run: actor => { actor.timer('over', ms, { type: 'over', done: undefined }) } }) })

describe('crash', () => {
  it('takes its steps in order', inWorld(async ({ system, puppet, tell, run }) => {
    const log: string[] = []
    const note = (text: string): void => { log.push(text) }
    const boss = puppet({}, {
      name: 'boss',
      behavior: behavior({
        supervision: {
          strategy: 'one-for-one',
          children: [child('victim', behavior(), {
            input: () => ({
              run: actor => {
                note('6 started again')
                actor.own(new Handle('first resource', log))
                actor.own(new Handle('last resource', log))
                actor.task(async ({ signal }) => { signal.addEventListener('abort', () => { note('4 task cancelled') }) }, {})
                for (const name of ['a', 'b']) {
                  actor.spawn(behavior({ stopMessage: () => ({ type: 'stop', done: undefined, run: () => { note(`3 ${name} asked to stop, parent ${statusOf(actor.self)}`) } }) }), { input: {} })
                }
              }
            })
          })]
        }
      })
    })
    await run(1)
    const victim = cellOf(boss).child('victim')!
    // Keeps its task running until it is cancelled.
    victim.tell(act(actor => { actor.task(async ({ signal }) => new Promise<void>(resolve => { signal.addEventListener('abort', () => { note('4 task cancelled'); resolve() }) }), {}) }))
    const watcher = puppet()
    tell(watcher, actor => {
      actor.watch(victim, () => { note('5 watcher told'); return { type: 'down' } })
      actor.ask(victim, replyTo => ({ type: 'never answered', replyTo }), { done: reply => reply, failed: () => { note('5 ask failed'); return { type: 'failed' } } })
    })
    await run(1)
    log.length = 0
    system.trace.add((kind, cell) => { if (cell === victim && (kind === 'ending' || kind === 'down')) note(`${kind === 'ending' ? '1' : '5'} ${kind}`) })
    victim.tell(crash())
    victim.tell({ type: 'lost', handle: new Handle('2 of the lost message', log) })
    await run(1)
    expect(log).to.deep.equal([
      '1 ending', 'dispose 2 of the lost message',
      '3 b asked to stop, parent ending', '3 a asked to stop, parent ending',
      '4 task cancelled', 'dispose last resource', 'dispose first resource',
      '5 down', '5 ask failed', '5 watcher told', '6 started again'
    ])
  }))

  it('is told where it happened', inManyWorlds(3, async ({ puppet, settle }) => {
    const points: Record<CrashPoint, Play | undefined> = {
      start: undefined,
      step: actor => { actor.self.tell(crash()) },
      effect: fail,
      task: actor => { actor.task(async () => fail(), {}) },
      timer: actor => { actor.timer('t', 1, crash()) },
      io: actor => { actor.io(fail)() },
      defer: actor => { actor.defer(fail) },
      stop: actor => { actor.stop(actor.self) },
      mailbox: actor => { for (let n = 0; n < 3; n++) actor.self.tell({ type: 'a' }) },
      // Outside of any world that a test could watch: escaped.test.ts.
      escaped: undefined
    }
    for (const [at, play] of Object.entries(points)) {
      if (play === undefined) continue
      const self = puppet({}, { behavior: behavior({ mailboxCapacity: 2, overflow: 'crash', stopMessage: fail }) })
      await settle()
      self.tell(act(play))
      await settle()
      expect(exitOf(self)).to.include({ kind: 'crashed', at })
    }
  }))

  it('kills nobody but the actor and what is below it', inManyWorlds(10, async ({ puppet, settle }) => {
    const top = puppet()
    const sibling = puppet({}, { of: top })
    const victim = puppet({}, { of: top })
    const below = puppet({}, { of: victim })
    await settle()
    victim.tell(crash())
    await settle()
    expect([top, sibling, victim, below].map(statusOf)).to.deep.equal(['running', 'running', 'down', 'down'])
  }))

  it('gives the children 100 ms to stop, then kills them', inWorld(async ({ puppet, settle, now }) => {
    const self = puppet()
    const quick = puppet({}, { of: self, behavior: slow(50) })
    const late = puppet({}, { of: self, behavior: slow(200) })
    await settle()
    self.tell(crash())
    await settle()
    expect(now()).to.equal(100)
    expect(exitOf(quick)).to.include({ kind: 'stopped', reason: 'parent-ending' })
    expect(exitOf(late)).to.include({ kind: 'killed', reason: 'parent-ending' })
  }))

  it('kills the children at once when the grace is zero', inWorld(async ({ puppet, settle, now }) => {
    const self = puppet({}, { behavior: behavior({ crashGraceMs: 0 }) })
    const quick = puppet({}, { of: self, behavior: slow(1) })
    await settle()
    self.tell(crash())
    await settle()
    expect(now()).to.equal(0)
    expect(exitOf(quick)!.kind).to.equal('killed')
  }))

  it('stops the static children in reverse order, under the same grace', inManyWorlds(5, async ({ puppet, settle, now }) => {
    const log: string[] = []
    const children = ['a', 'b', 'c'].map(name => child(name, slow(40), { input: () => ({ run: actor => { actor.own(new Handle(name, log)) } }) }))
    const self = puppet({}, { behavior: behavior({ supervision: { strategy: 'one-for-one', children } }) })
    await settle()
    const begun = now()
    self.tell(crash())
    await settle()
    expect(log).to.deep.equal(['dispose c', 'dispose b', 'dispose a'])
    expect(now() - begun).to.be.within(100, 101)
  }))

  it('of a child while its parent stops changes nothing for the others', inManyWorlds(20, async ({ system, puppet, tell, settle }) => {
    const log: string[] = []
    const parent = puppet()
    const steady = puppet({ log }, { of: parent, behavior: slow(20) })
    const weak = puppet({}, { of: parent, behavior: behavior({ stopMessage: () => crash() }) })
    await settle()
    const restarts = listen(system, 'restarting')
    tell(puppet(), actor => { actor.stop(parent) })
    await settle()
    expect(exitOf(weak)).to.include({ kind: 'crashed', at: 'stop' })
    expect(exitOf(steady)!.kind).to.equal('stopped')
    expect(exitOf(parent)).to.deep.equal({ kind: 'stopped', reason: 'asked' })
    expect(restarts).to.have.length(0)
  }))

  it('happens once: what fails while the actor ends is reported and changes nothing', inWorld(async ({ system, puppet, tell, settle }) => {
    const late = listen(system, 'late-error')
    const error = new Error('first')
    const self = puppet()
    tell(self, actor => {
      actor.own(new BadHandle())
      actor.own(new BadHandle())
      actor.io(() => { throw error })()
      actor.io(fail)()
    })
    await settle()
    expect(exitOf(self)).to.deep.include({ kind: 'crashed', at: 'io', error })
    expect(late.map(({ detail }) => detail)).to.deep.equal(['stop', 'stop'])
  }))

  it('leaves name, exit and the types of the last messages for later questions, and nothing else', inWorld(async ({ puppet, settle }) => {
    const self = puppet()
    for (let n = 0; n < 10; n++) self.tell({ type: `a${n}` })
    self.tell(crash())
    await settle()
    const cell = cellOf(self)
    expect(cell.path).to.equal('/system/1')
    expect(cell.mailbox!.read().map(({ type }) => type)).to.deep.equal(['a3', 'a4', 'a5', 'a6', 'a7', 'a8', 'a9', 'crash'])
    expect([cell.state, cell.mailbox!.size, cell.extras, cell.timers, cell.children]).to.deep.equal([undefined, 0, null, null, null])
  }))

  it('in the middle of a conversation reaches those who wait for an answer, at once', inManyWorlds(10, async ({ puppet, tell, run, now }) => {
    const log: string[] = []
    const asked = puppet()
    const askers = [puppet({ log }), puppet({ log }), puppet({ log })]
    for (const asker of askers) {
      tell(asker, actor => {
        actor.ask<Note, Note>(asked, replyTo => ({ type: 'q', replyTo }), { done: reply => reply, failed: error => ({ type: (error as { code: string }).code }) })
      })
    }
    await run(1)
    asked.tell(crash())
    await run(1)
    expect(log.filter(line => line !== 'act')).to.deep.equal(['actor/down', 'actor/down', 'actor/down'])
    expect(now()).to.equal(2)
  }))

  it('of the root ends the system', inWorld(async ({ world, system, puppet, settle }) => {
    const self = puppet()
    await settle()
    system.root.crash('io', new Error('as told'))
    const exit = await world.until(system.ended())
    expect(exit).to.include({ kind: 'crashed', at: 'io' })
    expect(statusOf(self)).to.equal('down')
    expect(system.liveCells).to.equal(0)
  }))
})
