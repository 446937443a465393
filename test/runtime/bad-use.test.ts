/** Wrong arguments: a typed error each, that names the argument. */
import { expect } from 'chai'
import { reducer } from '../../src/runtime/behavior/reducer.js'
import { supervisor } from '../../src/runtime/behavior/supervisor.js'
import { machineBehavior } from '../../src/runtime/behavior/machine.js'
import { child, type Supervision } from '../../src/runtime/supervision.js'
import { createSystem, type SystemOptions } from '../../src/runtime/system.js'
import { SimWorld, type SimWorldOptions } from '../../src/runtime/sim/sim-world.js'
import type { ActorContext } from '../../src/runtime/context.js'
import type { ActorRef } from '../../src/runtime/ref.js'
import type { Message } from '../../src/runtime/message.js'
import { cellOf, exitOf, HandDrive, inWorld, puppet as behavior, statusOf, thrownBy, type Note, type Play, type Scene } from './kit.js'

/** For values that the compiler would refuse. */
const wrong = (value: unknown): never => value as never

type Context = ActorContext<Note>

/** Each wrong use in an effect of its own: it throws, the actor lives on. */
function inEffect (uses: Readonly<Record<string, (actor: Context) => unknown>>, type: typeof TypeError | typeof RangeError, argument: RegExp): Scene {
  return async ({ puppet, tell, settle }) => {
    for (const [what, use] of Object.entries(uses)) {
      let thrown: unknown
      const self = puppet()
      tell(self, actor => { thrown = thrownBy(() => { use(actor) }) })
      await settle()
      expect(thrown, what).to.be.an.instanceof(type)
      expect((thrown as Error).message, what).to.match(argument)
      expect(statusOf(self), what).to.equal('running')
    }
  }
}

describe('bad use', () => {
  describe('of messages', () => {
    it('that are none: TypeError', inWorld(({ system, puppet }) => {
      const receivers = [puppet(), system.named<Note>('/system/1'), system.named<Note>('/system/nobody')]
      for (const receiver of receivers) {
        for (const message of [undefined, null, 5, 'a', {}, { type: 5 }, [], () => {}]) {
          expect(() => receiver.tell(wrong(message)), JSON.stringify(message)).to.throw(TypeError, /^message:/)
        }
      }
      expect(system.deadLetters.count).to.equal(0)
    }))

    it('whose type the receiver does not accept: TypeError naming it and the type', inWorld(({ puppet }) => {
      const receiver = puppet({}, { behavior: behavior({ accepts: ['known'] }) })
      expect(receiver.tell({ type: 'known' })).to.equal(true)
      expect(() => receiver.tell({ type: 'unknown' })).to.throw(TypeError, /message: type 'unknown'.*\/system\/1/)
    }))

    it('as answers: TypeError, and the question waits on', inWorld(async ({ puppet, tell, settle }) => {
      const log: string[] = []
      const asked = puppet()
      tell(puppet({ log }), actor => {
        actor.ask<Note, Note>(asked, replyTo => ({
          type: 'q',
          run: () => {
            expect(() => replyTo.tell(wrong(null))).to.throw(TypeError, /^message:/)
            replyTo.tell({ type: 'right' })
          }
        }), { done: reply => reply })
      })
      await settle()
      expect(log).to.deep.equal(['act', 'right'])
    }))

    it('that a mapper makes no message of: the actor crashes with a TypeError', inWorld(async ({ puppet, settle }) => {
      const mapper = wrong(() => 5)
      const uses: Record<string, Play> = {
        done: actor => { actor.task(async () => 1, { done: mapper }) },
        failed: actor => { actor.task(async () => { throw new Error('as told') }, { failed: mapper }) },
        down: actor => { actor.watch(actor.named('/system/nobody'), mapper) },
        answer: actor => { actor.ask<Note, Note>(actor.self, replyTo => ({ type: 'q', run: () => { replyTo.tell({ type: 'r' }) } }), { done: mapper }) },
        refusal: actor => { actor.ask<Note, Note>(actor.named('/system/nobody'), () => ({ type: 'q' }), { done: reply => reply, failed: mapper }) }
      }
      for (const [what, use] of Object.entries(uses)) {
        const self = puppet({ run: use })
        await settle()
        expect(exitOf(self), what).to.have.property('kind', 'crashed')
        expect((exitOf(self) as { error: unknown }).error, what).to.be.an.instanceof(TypeError)
      }
    }))
  })

  describe('of refs', () => {
    const strangers = (other: ActorRef<Note>, foreignName: ActorRef<Note>): unknown[] => [other, foreignName, { path: '/system/1', alive: true, tell: () => true }, undefined, null, '/system/1']

    it('of another system, or of nobody: ActorError actor/foreign-ref with the caller\'s path', inWorld(async ({ puppet, tell, settle }) => {
      const foreign = new HandDrive({ name: 'other' })
      const other = foreign.system.spawn(behavior(), { input: {} })
      const uses: Record<string, (actor: Context, ref: ActorRef<Note>) => void> = {
        stop: (actor, ref) => { actor.stop(ref) },
        kill: (actor, ref) => { actor.kill(ref) },
        watch: (actor, ref) => { actor.watch(ref, () => ({ type: 'down' })) },
        ask: (actor, ref) => { actor.ask<Note, Note>(ref, () => ({ type: 'q' }), { done: reply => reply }) }
      }
      for (const [what, use] of Object.entries(uses)) {
        for (const ref of strangers(other, foreign.system.named('/other/1'))) {
          let thrown: unknown
          const self = puppet()
          tell(self, actor => { thrown = thrownBy(() => { use(actor, wrong(ref)) }) })
          await settle()
          expect(thrown, `${what} ${String(ref)}`).to.include({ code: 'actor/foreign-ref', path: cellOf(self).path })
        }
      }
      expect(other.alive).to.equal(true)
      await foreign.stop()
    }))

    it('of another system, asked from outside: actor/foreign-ref', inWorld(async ({ system }) => {
      const foreign = new HandDrive({ name: 'other' })
      const other = foreign.system.spawn(behavior(), { input: {} })
      for (const ref of strangers(other, foreign.system.named('/other/1'))) {
        const error: unknown = await system.ask<Note, Note>(wrong(ref), () => ({ type: 'q' })).then(() => undefined, (reason: unknown) => reason)
        expect(error).to.include({ code: 'actor/foreign-ref' })
      }
      await foreign.stop()
    }))

    it('unwatch of anything does nothing', inWorld(async ({ puppet, tell, settle }) => {
      tell(puppet(), actor => { for (const ref of [undefined, {}, actor.self]) actor.unwatch(wrong(ref)) })
      await settle()
    }))
  })

  describe('of spawn', () => {
    const spawn = (options: unknown) => (actor: Context): unknown => actor.spawn(behavior(), wrong(options))

    it('with unknown or no options: TypeError', inWorld(inEffect({
      unknown: spawn({ input: {}, nam: 'a' }),
      several: spawn({ input: {}, restrat: 'permanent', names: 1 }),
      none: spawn(undefined),
      null: spawn(null),
      text: spawn('a')
    }, TypeError, /^spawn: /)))

    it('with an illegal name: TypeError', inWorld(inEffect(
      Object.fromEntries(['', 'a/b', '7', '007', 'a b', 'é', '../x', 5, null, {}].map(name => [JSON.stringify(name), spawn({ input: {}, name })])), TypeError, /^name: /)))

    it('with legal names', inWorld(({ puppet }) => {
      for (const name of ['a', 'A-1', '127.0.0.1:80', '_', '12D3KooW', '7a', '-']) expect(puppet({}, { name }).path).to.equal(`/system/${name}`)
    }))

    it('with a name that is taken: ActorError actor/name-taken with the path', inWorld(({ puppet }) => {
      puppet({}, { name: 'a' })
      expect(thrownBy(() => puppet({}, { name: 'a' }))).to.include({ code: 'actor/name-taken', path: '/system/a' })
    }))

    it('with restart below one that does not supervise, or an unknown restart: TypeError', inWorld(inEffect({
      permanent: spawn({ input: {}, name: 'a', restart: 'permanent' }),
      transient: spawn({ input: {}, name: 'a', restart: 'transient' }),
      unknown: spawn({ input: {}, name: 'a', restart: 'sometimes' })
    }, TypeError, /^restart: /)))

    it('with restart but without a name, or an unknown restart, below a supervisor: TypeError', inWorld(async ({ puppet, settle }) => {
      const boss = puppet({}, { behavior: behavior({ supervision: { strategy: 'dynamic' } }) })
      await settle()
      expect(() => puppet({}, { of: boss, restart: 'permanent' })).to.throw(TypeError, /^name: /)
      expect(() => puppet({}, { of: boss, name: 'a', restart: wrong('sometimes') })).to.throw(TypeError, /^restart: /)
      expect(cellOf(boss).supervisor!.view()).to.deep.equal([])
      puppet({}, { of: boss, name: 'a', restart: 'permanent' })
    }))

    it('with a behaviour that is none: TypeError', inWorld(inEffect({
      undefined: actor => actor.spawn(wrong(undefined), { input: {} }),
      null: actor => actor.spawn(wrong(null), { input: {} }),
      object: actor => actor.spawn(wrong({ name: 'a' }), { input: {} }),
      function: actor => actor.spawn(wrong(() => {}), { input: {} })
    }, TypeError, /^behavior: /)))

    it('with a wrong account: TypeError', inWorld(inEffect({
      option: spawn({ input: {}, account: { limit: { actors: 1 } } }),
      limit: spawn({ input: {}, account: { limits: { actor: 1 } } }),
      name: spawn({ input: {}, account: { name: 5 } }),
      kind: spawn({ input: {}, account: { limits: null } }),
      nothing: spawn({ input: {}, account: null })
    }, TypeError, /^account/)))

    it('with a limit that is no number: RangeError', inWorld(inEffect(
      Object.fromEntries([-1, NaN, '5', null].map(actors => [String(actors), spawn({ input: {}, account: { limits: { actors } } })])), RangeError, /account: limit 'actors'/)))

    it('below one that is ending: ActorError actor/closed with its path', inWorld(async ({ puppet, settle }) => {
      const parent = puppet()
      parent.tell({ type: 'end', done: 1 })
      await settle()
      expect(thrownBy(() => puppet({}, { of: parent }))).to.include({ code: 'actor/closed', path: '/system/1' })
    }))

    it('of that kind leaves nothing behind', inWorld(({ system, puppet }) => {
      const before = system.liveCells
      for (const options of [{ nam: 'a' }, { name: '7' }, { account: { limits: { actor: 1 } } }, { restart: 'permanent' }]) expect(() => puppet({}, wrong(options))).to.throw(TypeError)
      expect(system.liveCells).to.equal(before)
      expect(puppet().path).to.equal('/system/1')
    }))
  })

  describe('of what an actor can do', () => {
    it('stop with unknown options: TypeError', inWorld(inEffect({
      unknown: actor => { actor.stop(actor.self, wrong({ grace: 5 })) },
      number: actor => { actor.stop(actor.self, wrong(5)) },
      null: actor => { actor.stop(actor.self, wrong(null)) }
    }, TypeError, /^stop: /)))

    it('stop with a grace that is no time: RangeError', inWorld(inEffect(
      Object.fromEntries([-1, NaN, Infinity, '5'].map(graceMs => [String(graceMs), (actor: Context) => { actor.stop(actor.self, { graceMs: wrong(graceMs) }) }])), RangeError, /^graceMs: /)))

    it('timers with a time that is none: RangeError', inWorld(inEffect({
      ...Object.fromEntries([-1, NaN, Infinity, '5', undefined].map(ms => [`delay ${String(ms)}`, (actor: Context) => { actor.timer('t', wrong(ms), { type: 'a' }) }])),
      ...Object.fromEntries([-1, NaN, Infinity, '5', null].map(ms => [`every ${String(ms)}`, (actor: Context) => { actor.timer('t', 1, { type: 'a' }, wrong(ms)) }]))
    }, RangeError, /^(?:delayMs|everyMs): /)))

    it('timers without a key or a message: TypeError', inWorld(inEffect({
      key: actor => { actor.timer(wrong(5), 1, { type: 'a' }) },
      message: actor => { actor.timer('t', 1, wrong(undefined)) },
      type: actor => { actor.timer('t', 1, wrong({})) }
    }, TypeError, /^(?:key|message): /)))

    it('a refused timer leaves the old one armed', inWorld(async ({ puppet, tell, settle }) => {
      const log: string[] = []
      tell(puppet({ log }), actor => {
        actor.timer('t', 5, { type: 'old' })
        expect(() => { actor.timer('t', NaN, { type: 'new' }) }).to.throw(RangeError)
      })
      await settle()
      expect(log).to.deep.equal(['act', 'old'])
    }))

    it('tasks without work, or with unknown answers: TypeError', inWorld(inEffect({
      run: actor => actor.task(wrong(undefined), {}),
      promise: actor => actor.task(wrong(Promise.resolve()), {}),
      answers: actor => actor.task(async () => 1, wrong(undefined)),
      unknown: actor => actor.task(async () => 1, wrong({ then: () => ({ type: 'a' }) })),
      done: actor => actor.task(async () => 1, { done: wrong({ type: 'a' }) }),
      failed: actor => actor.task(async () => 1, { failed: wrong('failed') })
    }, TypeError, /^(?:run|task|done|failed): /)))

    it('a sleep that is no time rejects with a RangeError', inWorld(async ({ puppet, tell, settle }) => {
      const errors: unknown[] = []
      tell(puppet(), actor => {
        actor.task(async ({ sleep }) => {
          for (const ms of [NaN, -1, Infinity]) await sleep(ms).catch((error: unknown) => errors.push(error))
        }, {})
      })
      await settle()
      for (const error of errors) expect(error).to.be.an.instanceof(RangeError)
      expect(errors).to.have.length(3)
    }))

    const ask = (question: unknown, answers: unknown) => (actor: Context): void => { actor.ask(actor.self, wrong(question), wrong(answers)) }
    const question = (): Message => ({ type: 'q' })
    const done = (reply: Note): Note => reply

    it('asks without a question, or with unknown answers: TypeError', inWorld(inEffect({
      question: ask({ type: 'q' }, { done }),
      answers: ask(question, undefined),
      done: ask(question, {}),
      unknown: ask(question, { done, timeout: 5 }),
      failed: ask(question, { done, failed: 5 }),
      noMessage: ask(() => undefined, { done })
    }, TypeError, /^(?:question|ask|done|failed|message): /)))

    it('asks with a deadline that is none: RangeError', inWorld(inEffect(
      Object.fromEntries([-1, NaN, Infinity, '5'].map(timeoutMs => [String(timeoutMs), ask(question, { done, timeoutMs })])), RangeError, /^timeoutMs: /)))

    it('watches without a mapper, io without a function: TypeError', inWorld(inEffect({
      watch: actor => { actor.watch(actor.self, wrong(undefined)) },
      io: actor => actor.io(wrong(undefined)),
      defer: actor => { actor.defer(wrong(undefined)) }
    }, TypeError, /^(?:down|fn): /)))

    it('asks from outside with unknown options: TypeError, or RangeError', inWorld(async ({ system, puppet }) => {
      const self = puppet()
      const error = async (use: Promise<unknown>): Promise<unknown> => use.then(() => undefined, (reason: unknown) => reason)
      expect(await error(system.ask(self, question, wrong({ timeout: 5 })))).to.be.an.instanceof(TypeError)
      expect(await error(system.ask(self, wrong(undefined)))).to.be.an.instanceof(TypeError)
      expect(await error(system.ask(self, question, { timeoutMs: NaN }))).to.be.an.instanceof(RangeError)
      expect(system.liveQuestions).to.equal(0)
    }))

    it('stops of a system with unknown options, or a grace that is no time, and it can still be stopped', inWorld(async ({ system }) => {
      const error = async (use: Promise<unknown>): Promise<unknown> => use.then(() => undefined, (reason: unknown) => reason)
      expect(await error(system.stop(wrong({ grace: 5 })))).to.be.an.instanceof(TypeError)
      expect(await error(system.stop({ graceMs: NaN }))).to.be.an.instanceof(RangeError)
    }))
  })

  describe('of descriptions', () => {
    const parts = { name: 'x', initial: () => 0, step: (n: number) => n }

    it('createSystem with unknown options: TypeError', () => {
      for (const options of [{ nmae: 'a' }, { limits: { actor: 5 } }, { name: 'a/b' }, { name: 5 }, { root: {} }, { root: null }, { graveyard: { failed: 1 } }, { log: { lvl: 1 } }, null, 5]) {
        expect(() => createSystem(options as unknown as SystemOptions), JSON.stringify(options)).to.throw(TypeError)
      }
    })

    it('createSystem with numbers out of range: RangeError naming the option', () => {
      const bad: Array<[string, unknown]> = [
        ['askTimeoutMs', NaN], ['askTimeoutMs', -1], ['askTimeoutMs', Infinity], ['turnMessages', 0], ['turnMs', -1], ['seed', '7'], ['limits', { actors: -1 }], ['graveyard', { failures: -1 }]
      ]
      for (const [name, value] of bad) {
        expect(() => createSystem({ [name]: value }), name).to.throw(RangeError, name === 'limits' ? /actors/ : new RegExp(name))
      }
    })

    it('SimWorld without a seed, or with unknown options: TypeError or RangeError', () => {
      expect(() => new SimWorld({ seed: 1, speed: 2 } as unknown as SimWorldOptions)).to.throw(TypeError, /speed/)
      for (const options of [{}, { seed: NaN }, { seed: '1' }, { seed: 1, meanDelayMs: -1 }, { seed: 1, stepMs: NaN }]) {
        expect(() => new SimWorld(options as unknown as SimWorldOptions), JSON.stringify(options)).to.throw(RangeError)
      }
    })

    it('child with unknown options, illegal name, no behaviour, wrong restart: TypeError naming it', () => {
      const uses: Array<[() => unknown, RegExp]> = [
        [() => child('a', behavior(), wrong({ inputs: () => 1 })), /inputs/],
        [() => child('a', behavior(), wrong(null)), /child 'a'/],
        [() => child('a/b', behavior()), /name/],
        [() => child(wrong(5), behavior()), /name/],
        [() => child('a', wrong(undefined)), /behavior/],
        [() => child('a', behavior(), { restart: wrong('always') }), /restart/],
        [() => child('a', behavior(), { input: wrong({}) }), /input/],
        [() => child('a', behavior(), { account: { limits: wrong({ actor: 1 }) } }), /actor/]
      ]
      for (const [use, named] of uses) expect(use).to.throw(TypeError, named)
      expect(() => child('a', behavior(), { account: { limits: { actors: -1 } } })).to.throw(RangeError, /actors/)
    })

    const supervisions: Array<[unknown, typeof TypeError | typeof RangeError, RegExp]> = [
      [{ strategy: 'one-for-two' }, TypeError, /strategy/],
      [{}, TypeError, /strategy/],
      [{ strategy: 'one-for-one', childs: [] }, TypeError, /childs/],
      [{ strategy: 'one-for-one', intensity: { restart: 5 } }, TypeError, /restart/],
      [{ strategy: 'one-for-one', intensity: { restarts: -1 } }, RangeError, /intensity\.restarts/],
      [{ strategy: 'one-for-one', intensity: { withinMs: NaN } }, RangeError, /intensity\.withinMs/],
      [{ strategy: 'one-for-one', backoff: { first: 5 } }, TypeError, /first/],
      [{ strategy: 'one-for-one', backoff: { firstMs: -1 } }, RangeError, /backoff\.firstMs/],
      [{ strategy: 'one-for-one', backoff: { maxMs: NaN } }, RangeError, /backoff\.maxMs/],
      [{ strategy: 'one-for-one', backoff: { resetMs: '5' } }, RangeError, /backoff\.resetMs/],
      [{ strategy: 'one-for-one', backoff: { jitter: 1.5 } }, RangeError, /backoff\.jitter/],
      [{ strategy: 'one-for-one', children: [child('a', behavior()), child('a', behavior())] }, TypeError, /'a'/]
    ]

    it('supervision with anything unknown or out of range, in every kind of behaviour: TypeError or RangeError', () => {
      for (const [supervision, type, named] of supervisions) {
        expect(() => supervisor('boss', supervision as Supervision), JSON.stringify(supervision)).to.throw(type, named)
        expect(() => reducer({ ...parts, supervision: supervision as Supervision }), JSON.stringify(supervision)).to.throw(type, named)
      }
    })

    it('reducer with unknown options, and machines too: TypeError', () => {
      expect(() => reducer({ ...parts, ...{ stopGrace: 5 } })).to.throw(TypeError, /stopGrace/)
      expect(() => reducer(wrong(undefined))).to.throw(TypeError)
      expect(() => machineBehavior(wrong('x'), wrong({}), wrong({}), wrong({}))).to.throw(TypeError)
    })

    it('numbers of a behaviour out of range: RangeError', () => {
      for (const options of [{ mailboxCapacity: 0 }, { mailboxCapacity: NaN }, { stopGraceMs: Infinity }, { crashGraceMs: -1 }]) {
        expect(() => reducer({ ...parts, ...options }), JSON.stringify(options)).to.throw(RangeError)
      }
    })
  })

  it('an error has a code, a path and a name, and tells the path', inWorld(({ puppet }) => {
    puppet({}, { name: 'a' })
    const error = thrownBy(() => puppet({}, { name: 'a' })) as Error
    expect(error).to.be.an.instanceof(Error)
    expect(error.name).to.equal('ActorError')
    expect(error.message.startsWith('/system/a: ')).to.equal(true)
  }))
})
