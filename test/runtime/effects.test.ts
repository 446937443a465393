/** What a step asks for, and when it is done. */
import { expect } from 'chai'
import { reducer } from '../../src/runtime/behavior/reducer.js'
import type { Out } from '../../src/runtime/behavior/out.js'
import type { ActorRef } from '../../src/runtime/ref.js'
import { createSystem } from '../../src/runtime/system.js'
import { act, cellOf, exitOf, expectEmpty, fail, inManyWorlds, inWorld, Later, listen, puppet as behavior, statusOf, type Actor, type Note } from './kit.js'

type Order = { readonly type: 'go', readonly throwIn?: 'step' | 'second' }

/** Asks for three effects; its state counts steps. */
const three = (log: string[]) => reducer({
  name: 'three',
  initial: () => 0,
  step (count: number, message: Order, out: Out<{ note: string }>) {
    log.push(`step ${count}`)
    out.do('note', 'first')
    out.do('note', message.throwIn === 'second' ? 'throw' : 'second')
    out.do('note', 'third')
    if (message.throwIn === 'step') throw new Error('as told')
    return count + 1
  },
  effects: {
    note (actor, text) {
      log.push(`${text} ${String(cellOf(actor.self).state)}`)
      if (text === 'throw') throw new Error('as told')
    }
  }
})

describe('effects', () => {
  it('are done after the step, in order, before the next message', inWorld(async ({ system, settle }) => {
    const log: string[] = []
    const actor = system.spawn(three(log), { input: undefined })
    actor.tell({ type: 'go' })
    actor.tell({ type: 'go' })
    await settle()
    expect(log).to.deep.equal(['step 0', 'first 1', 'second 1', 'third 1', 'step 1', 'first 2', 'second 2', 'third 2'])
  }))

  it('of a step that throws are not done at all, and the old state stays', inWorld(async ({ system, settle }) => {
    const log: string[] = []
    const states: unknown[] = []
    const actor = system.spawn(three(log), { input: undefined })
    system.trace.add((kind, cell) => { if (kind === 'ending') states.push(cell.state) })
    actor.tell({ type: 'go' })
    actor.tell({ type: 'go', throwIn: 'step' })
    await settle()
    expect(log).to.deep.equal(['step 0', 'first 1', 'second 1', 'third 1', 'step 1'])
    expect(states).to.deep.equal([1])
    expect(exitOf(actor)).to.include({ kind: 'crashed', at: 'step', message: 'go' })
  }))

  it('before one that throws are done, those after it are not, and the state is the new one', inWorld(async ({ system, settle }) => {
    const log: string[] = []
    const states: unknown[] = []
    const actor = system.spawn(three(log), { input: undefined })
    system.trace.add((kind, cell) => { if (kind === 'ending') states.push(cell.state) })
    actor.tell({ type: 'go', throwIn: 'second' })
    actor.tell({ type: 'go' })
    await settle()
    expect(log).to.deep.equal(['step 0', 'first 1', 'throw 1'])
    expect(states).to.deep.equal([1])
    expect(exitOf(actor)).to.include({ kind: 'crashed', at: 'effect', message: 'go' })
  }))

  it('of one actor do not show in the next one that runs', inWorld(async ({ system, settle }) => {
    const log: string[] = []
    const other: string[] = []
    system.spawn(three(log), { input: undefined }).tell({ type: 'go', throwIn: 'second' })
    system.spawn(three(other), { input: undefined }).tell({ type: 'go' })
    await settle()
    expect(other).to.deep.equal(['step 0', 'first 1', 'second 1', 'third 1'])
  }))

  it('go on after one that kills its own actor, and no message is handled any more', inWorld(async ({ puppet, settle }) => {
    const log: string[] = []
    const self = puppet({ log })
    self.tell({
      type: 'a',
      run: actor => {
        actor.kill(actor.self, 'tired')
        log.push('still here')
      }
    })
    self.tell({ type: 'b' })
    await settle()
    expect(log).to.deep.equal(['a', 'still here'])
    expect(exitOf(self)).to.deep.equal({ kind: 'killed', reason: 'tired' })
  }))

  it('may end the actor with done, after all effects of the step', inWorld(async ({ puppet, settle }) => {
    const log: string[] = []
    const self = puppet({ log })
    self.tell({ type: 'a', done: 7, run: actor => { actor.self.tell({ type: 'never' }) } })
    const other = puppet({ log, run: actor => { actor.done(8) } })
    await settle()
    expect(log).to.deep.equal(['a'])
    expect(exitOf(self)).to.deep.equal({ kind: 'done', output: 7 })
    expect(exitOf(other)).to.deep.equal({ kind: 'done', output: 8 })
  }))

  it('may kill their parent', inManyWorlds(10, async ({ puppet, settle }) => {
    const parent = puppet()
    const child = puppet({}, { of: parent })
    child.tell(act(actor => { actor.kill(parent, 'spite') }))
    await settle()
    expect(exitOf(parent)).to.deep.equal({ kind: 'killed', reason: 'spite' })
    expect(exitOf(child)).to.include({ kind: 'killed', reason: 'parent-ending' }).and.nested.include({ 'because.path': '/system/1' })
  }))

  it('may kill their supervisor', inManyWorlds(10, async ({ puppet, settle }) => {
    const boss = puppet({}, { behavior: behavior({ supervision: { strategy: 'one-for-one' } }) })
    await settle()
    const child = cellOf(boss).spawn(behavior(), { input: {}, name: 'child', restart: 'permanent' })
    child.tell({ ...act(actor => { actor.kill(boss) }), done: 1 })
    await settle()
    expect([statusOf(boss), statusOf(child)]).to.deep.equal(['down', 'down'])
  }))

  it('may stop a sibling', inManyWorlds(10, async ({ puppet, settle }) => {
    const one = puppet()
    const two = puppet()
    one.tell(act(actor => { actor.stop(two) }))
    await settle()
    expect(exitOf(two)).to.deep.equal({ kind: 'stopped', reason: 'asked' })
    expect(statusOf(one)).to.equal('running')
  }))

  it('emit reaches the emitted option and the trace', inWorld(async ({ system, puppet, settle }) => {
    const heard: string[] = []
    const traced = listen(system, 'emitted')
    const self = puppet({}, { behavior: behavior({ emitted: (actor, { type }) => { heard.push(`${actor.path} ${type}`) } }) })
    self.tell(act(actor => { actor.emit({ type: 'news' }) }))
    await settle()
    expect(heard).to.deep.equal(['/system/1 news'])
    expect(traced).to.have.length(1)
  }))

  it('an emitted option that throws crashes the emitter', inWorld(async ({ puppet, settle }) => {
    const self = puppet({}, { behavior: behavior({ emitted: fail }) })
    self.tell(act(actor => { actor.emit({ type: 'news' }) }))
    await settle()
    expect(exitOf(self)).to.include({ kind: 'crashed', at: 'effect' })
  }))

  it('io keeps the throw of an outside callback inside its actor', inWorld(async ({ puppet, tell, settle }) => {
    const error = new Error('bad data')
    let callback!: (text: string) => void
    const heard: string[] = []
    const self = puppet()
    tell(self, actor => {
      callback = actor.io((text: string) => {
        heard.push(text)
        if (text === 'bad') throw error
      })
    })
    await settle()
    callback('good')
    callback('bad')
    callback('later')
    await settle()
    callback('dead')
    expect(heard).to.deep.equal(['good', 'bad'])
    expect(exitOf(self)).to.deep.include({ kind: 'crashed', at: 'io', error })
  }))

  it('enter does at once what a function made by io does, for a listener that is an object', inWorld(async ({ puppet, tell, settle }) => {
    const error = new Error('bad data')
    const heard: string[] = []
    let enter!: (text: string) => void
    const listener = { hear (text: string) { heard.push(text) } }
    const self = puppet()
    tell(self, actor => {
      enter = text => {
        actor.enter((to, what: string) => {
          to.hear(what)
          if (what === 'bad') throw error
        }, listener, text)
      }
    })
    await settle()
    enter('good')
    enter('bad')
    enter('later')
    await settle()
    enter('dead')
    expect(heard).to.deep.equal(['good', 'bad'])
    expect(exitOf(self)).to.deep.include({ kind: 'crashed', at: 'io', error })
  }))

  it('io that throws inside a step of its own actor lets that step end, then crashes', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const self = puppet({ log })
    tell(self, actor => {
      actor.io(fail)()
      log.push('went on')
    })
    self.tell({ type: 'never' })
    await settle()
    expect(log).to.deep.equal(['act', 'went on'])
    expect(exitOf(self)).to.include({ kind: 'crashed', at: 'io' })
  }))

  it('io of another actor that throws crashes that one, not the caller', inWorld(async ({ puppet, tell, settle }) => {
    let callback!: () => void
    const one = puppet()
    const two = puppet()
    tell(one, actor => { callback = actor.io(fail) })
    await settle()
    tell(two, () => { callback() })
    await settle()
    expect([statusOf(one), statusOf(two)]).to.deep.equal(['down', 'running'])
  }))

  it('deferred are done when the run of code is over, in order, and before the next turn', inWorld(async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const note = (text: string) => (): void => { log.push(text) }
    const one = puppet()
    const two = puppet()
    await settle()
    tell(one, actor => {
      actor.defer(note('first'))
      actor.defer(() => {
        log.push('second')
        actor.defer(note('fourth'))
        two.tell(act(note('next turn')))
      })
      log.push('one')
    })
    tell(two, actor => {
      actor.defer(note('third'))
      log.push('two')
    })
    await settle()
    expect(log).to.deep.equal(['one', 'two', 'first', 'second', 'third', 'fourth', 'next turn'])
  }))

  it('deferred come in a real system after the microtasks, once per call, and before the event loop goes on', async () => {
    const system = createSystem({ log: { level: 'off' } })
    const log: string[] = []
    const over = new Later()
    const self = system.spawn(behavior(), {
      input: {
        run: actor => {
          const write = (): void => { log.push('write') }
          void Promise.resolve().then(() => { log.push('microtask') }).then(() => {
            log.push('another')
            actor.defer(write)
          })
          actor.defer(write)
          setImmediate(() => {
            log.push('loop')
            over.resolve()
          })
          self.tell(act(() => { log.push('same turn') }))
        }
      }
    })
    await over.promise
    await system.stop()
    expect(log).to.deep.equal(['same turn', 'microtask', 'another', 'write', 'write', 'loop'])
    expectEmpty(system)
  })

  it('deferred are in a simulated world steps of their own, in an order of its own in each world', async () => {
    const orders = new Set<string>()
    await inManyWorlds(60, async ({ puppet, tell, settle, now }) => {
      const log: string[] = []
      for (const name of ['a', 'b']) {
        tell(puppet(), actor => {
          const told = now()
          actor.defer(() => {
            log.push(name)
            expect(now()).to.be.above(told)
          })
          actor.self.tell({ type: 'x', step: () => { log.push(name.toUpperCase()) } })
        })
      }
      await settle()
      expect(log).to.have.members(['a', 'b', 'A', 'B'])
      orders.add(log.join(''))
    })()
    expect(orders.size, 'of 24').to.be.above(15)
  })

  it('deferred that throw crash their own actor only, and those after them are done', inManyWorlds(10, async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const error = new Error('as told')
    const weak = puppet()
    const steady = puppet()
    tell(weak, actor => { actor.defer(() => { throw error }) })
    tell(steady, actor => { actor.defer(() => { log.push('done') }) })
    await settle()
    expect(log).to.deep.equal(['done'])
    expect(exitOf(weak)).to.deep.include({ kind: 'crashed', at: 'defer', error })
    expect(statusOf(steady)).to.equal('running')
  }))

  it('deferred are not done once their actor has ended', inManyWorlds(10, async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const never = (): void => { log.push('never') }
    const victim = puppet()
    let context!: Actor
    tell(victim, actor => {
      context = actor
      actor.own({ [Symbol.dispose]: () => { actor.defer(never) } })
      actor.defer(never)
      actor.kill(actor.self)
      actor.defer(never)
    })
    await settle()
    expect(statusOf(victim)).to.equal('down')
    context.defer(never)
    await settle()
    expect(log).to.deep.equal([])
  }))

  it('alarms run once at their time, in no message, and not once they are disposed', inWorld(async ({ puppet, tell, run, now }) => {
    const log: string[] = []
    const note = (text: string) => (): void => { log.push(`${now()} ${text}`) }
    tell(puppet(), actor => {
      actor.alarm(10, note('first'))
      const second = actor.alarm(20, note('never'))
      actor.alarm(15, () => {
        second[Symbol.dispose]()
        actor.alarm(0, note('anew'))
      })
      actor.alarm(5, note('even before'))[Symbol.dispose]()
    })
    await run(100)
    expect(log).to.deep.equal(['10 first', '15 anew'])
  }))

  it('alarms are guarded: one that throws crashes its actor only, and none comes after its end', inManyWorlds(10, async ({ puppet, tell, run }) => {
    const log: string[] = []
    const weak = puppet()
    const steady = puppet()
    let context!: Actor
    tell(weak, actor => {
      context = actor
      actor.alarm(1, fail)
      actor.alarm(2, () => { log.push('never') })
    })
    tell(steady, actor => { actor.alarm(1, () => { log.push('done') }) })
    await run(10)
    expect(exitOf(weak)).to.deep.include({ kind: 'crashed', at: 'timer' })
    context.alarm(1, () => { log.push('never') })[Symbol.dispose]()
    await run(10)
    expect(log).to.deep.equal(['done'])
    expect(statusOf(steady)).to.equal('running')
  }))

  it('promises that users wait for are settled at once in a real system, and by the world in a simulated one', async () => {
    await inWorld(async ({ puppet, tell, settle }) => {
      let how: unknown
      tell(puppet(), actor => { how = actor.settle })
      await settle()
      expect(how).to.equal(null)
    })()
    const orders = new Set<string>()
    await inManyWorlds(20, async ({ puppet, tell, settle }) => {
      const log: string[] = []
      tell(puppet(), actor => {
        actor.settle!(() => { log.push('a') })
        actor.settle!(() => { log.push('b') })
        expect(log).to.deep.equal([])
      })
      await settle()
      orders.add(log.join(''))
    })()
    expect([...orders].sort()).to.deep.equal(['ab', 'ba'])
  })

  it('a throw of nothing is a crash too', inWorld(async ({ puppet, settle }) => {
    const self: ActorRef<Note> = puppet()
    self.tell({ type: 'a', step: () => { throw undefined } })
    await settle()
    expect(exitOf(self)).to.deep.equal({ kind: 'crashed', at: 'step', error: undefined, message: 'a' })
  }))
})
