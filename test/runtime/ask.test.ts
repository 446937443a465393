/** Questions: exactly one outcome, always a deadline, nothing left behind. */
import { expect } from 'chai'
import type { ReplyTo } from '../../src/runtime/ref.js'
import { deadLetters, exitOf, fail, Handle, inManyWorlds, inWorld, puppet as behavior, statusOf, thrownBy, type Actor, type Note } from './kit.js'

/** A question whose receiver does this with it. */
const question = (answer: (replyTo: ReplyTo<Note>, actor: Actor) => void) => (replyTo: ReplyTo<Note>): Note =>
  ({ type: 'question', run: actor => { answer(replyTo, actor) } })

const reply: Note = { type: 'reply' }
const says = question(replyTo => { replyTo.tell(reply) })
const silent = question(() => {})

/** The answers as lines of the asker's log. */
const heard = {
  done: (message: Note): Note => message,
  failed: (error: unknown): Note => ({ type: (error as { code: string }).code })
}

describe('ask', () => {
  it('brings the answer as a message', inManyWorlds(10, async ({ system, puppet, tell, settle }) => {
    const log: string[] = []
    const asked = puppet()
    tell(puppet({ log }), actor => {
      actor.ask(asked, says, heard)
      expect(system.liveQuestions).to.equal(1)
    })
    await settle()
    expect(log).to.deep.equal(['act', 'reply'])
    expect(system.liveQuestions).to.equal(0)
  }))

  it('always has a deadline', inWorld(async ({ puppet, tell, settle, now }) => {
    const log: string[] = []
    const asked = puppet()
    tell(puppet({ log }), actor => {
      actor.ask(asked, silent, { ...heard, timeoutMs: 100 })
      actor.ask(asked, silent, heard)
    })
    await settle()
    expect(log).to.deep.equal(['act', 'actor/timeout', 'actor/timeout'])
    // The second by the default of five seconds.
    expect(now()).to.equal(5000)
  }))

  it('takes the deadline of the system when it names none', inWorld(async ({ puppet, tell, settle, now }) => {
    const asked = puppet()
    tell(puppet(), actor => { actor.ask(asked, silent, heard) })
    await settle()
    expect(now()).to.equal(70)
  }, { askTimeoutMs: 70 }))

  it('without failed crashes the asker when it fails', inWorld(async ({ puppet, tell, settle }) => {
    const asker = puppet()
    const asked = puppet()
    tell(asker, actor => { actor.ask(asked, silent, { done: heard.done, timeoutMs: 10 }) })
    await settle()
    expect(exitOf(asker)).to.include({ kind: 'crashed', at: 'step' }).and.nested.include({ 'error.code': 'actor/timeout', 'error.path': '/system/2' })
  }))

  it('counts only the first answer', inWorld(async ({ system, puppet, tell, settle }) => {
    const log: string[] = []
    const told: boolean[] = []
    const asked = puppet()
    tell(puppet({ log }), actor => {
      actor.ask(asked, question(replyTo => {
        told.push(replyTo.tell(reply), replyTo.tell({ type: 'second' }))
      }), heard)
    })
    await settle()
    expect(told).to.deep.equal([true, false])
    expect(log).to.deep.equal(['act', 'reply'])
    expect(deadLetters(system)).to.deep.equal(['second late-answer'])
  }))

  it('disposes the handle of an answer that comes too late', inWorld(async ({ system, puppet, tell, run }) => {
    const log: string[] = []
    const handle = new Handle()
    const asked = puppet()
    tell(puppet({ log }), actor => {
      actor.ask(asked, question((replyTo, other) => {
        other.timer('t', 20, { type: 't', run: () => { expect(replyTo.tell({ type: 'late', handle })).to.equal(false) } })
      }), { ...heard, timeoutMs: 10 })
    })
    await run(30)
    expect(log).to.deep.equal(['act', 'actor/timeout'])
    expect(handle.disposed).to.equal(1)
    expect(deadLetters(system)).to.deep.equal(['late late-answer'])
  }))

  it('has exactly one outcome, whatever happens first', inManyWorlds(60, async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const handle = new Handle()
    const asked = puppet()
    tell(puppet({ log }), actor => {
      actor.ask(asked, question((replyTo, other) => {
        other.timer('reply', 10, { type: 'a', handle: undefined, run: () => { replyTo.tell({ type: 'reply', handle }) } })
        other.timer('end', 10, { type: 'b', run: () => { other.done() } })
      }), { ...heard, timeoutMs: 10.003 })
    })
    await settle()
    expect(log).to.have.length(2)
    expect(log[1]).to.be.oneOf(['reply', 'actor/timeout', 'actor/down'])
    // Whoever had the handle last has given it back, unless the asked died before it could send it.
    expect(handle.disposed).to.equal(log[1] === 'actor/down' ? 0 : 1)
  }))

  it('fails at once with actor/down when the asked is down or not there', inWorld(async ({ system, puppet, tell, settle, now }) => {
    const log: string[] = []
    const dead = puppet({ done: undefined })
    await settle()
    tell(puppet({ log }), actor => {
      actor.ask(dead, silent, heard)
      actor.ask(actor.named<Note>('/system/nobody'), silent, heard)
    })
    await settle()
    expect(log).to.deep.equal(['act', 'actor/down', 'actor/down'])
    expect(now()).to.equal(0)
    // Nothing was sent, so nothing was lost.
    expect(system.deadLetters.count).to.equal(0)
  }))

  it('fails with actor/down when the asked ends before it answers', inManyWorlds(10, async ({ puppet, tell, settle, now }) => {
    const log: string[] = []
    const asked = puppet()
    const asker = puppet({ log })
    tell(asker, actor => {
      actor.ask(asked, question(() => { fail() }), heard)
      actor.ask(asked, silent, heard)
    })
    await settle()
    expect(log).to.deep.equal(['act', 'actor/down', 'actor/down'])
    expect(now()).to.be.below(1)
  }))

  it('brings the answer of one that ends right after it, before the news of its end', inManyWorlds(20, async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const asked = puppet()
    tell(puppet({ log }), actor => {
      actor.watch(asked, () => ({ type: 'down' }))
      actor.ask(asked, question((replyTo, other) => {
        replyTo.tell(reply)
        other.done()
      }), heard)
    })
    await settle()
    expect(log).to.deep.equal(['act', 'reply', 'down'])
  }))

  it('fails with actor/refused when the mailbox is full, and the question is a dead letter', inWorld(async ({ system, puppet, tell, settle, now }) => {
    const log: string[] = []
    const full = puppet({}, { behavior: behavior({ mailboxCapacity: 1 }) })
    const crashing = puppet({}, { behavior: behavior({ mailboxCapacity: 1, overflow: 'crash' }) })
    tell(puppet({ log }), actor => {
      for (const asked of [full, crashing]) {
        asked.tell({ type: 'first' })
        actor.ask(asked, silent, heard)
      }
    })
    await settle()
    expect(log).to.deep.equal(['act', 'actor/refused', 'actor/refused'])
    expect(now()).to.equal(0)
    expect(system.deadLetters.count).to.be.at.least(2)
    expect(statusOf(crashing)).to.equal('down')
  }))

  it('is forgotten when the asker ends, and a later answer is a dead letter', inWorld(async ({ system, puppet, tell, run }) => {
    const handle = new Handle()
    const asked = puppet()
    tell(puppet(), actor => {
      actor.ask(asked, question((replyTo, other) => {
        other.timer('t', 20, { type: 't', run: () => { replyTo.tell({ type: 'late', handle }) } })
      }), heard)
      actor.done()
    })
    await run(10)
    expect(system.liveQuestions).to.equal(0)
    await run(20)
    expect(deadLetters(system)).to.deep.equal(['late late-answer'])
    expect(handle.disposed).to.equal(1)
  }))

  it('disposes the handle of an answer that waits when the asker ends', inManyWorlds(20, async ({ puppet, tell, settle }) => {
    const handle = new Handle()
    const asked = puppet()
    const asker = puppet()
    tell(asker, actor => {
      actor.ask(asked, question(replyTo => {
        replyTo.tell({ type: 'reply', handle })
        actor.kill(asker)
      }), heard)
    })
    await settle()
    expect(handle.disposed).to.equal(1)
  }))

  it('that cannot be built is not put, and the throw is the caller\'s', inWorld(async ({ system, puppet, tell, settle }) => {
    const asked = puppet({}, { behavior: behavior({ accepts: ['act'] }) })
    tell(puppet(), actor => {
      expect(thrownBy(() => { actor.ask(asked, fail, heard) })).to.be.an('error').with.property('message', 'as told')
      expect(thrownBy(() => { actor.ask(asked, () => ({ type: 'unknown' }), heard) })).to.be.an.instanceof(TypeError)
      expect(system.liveQuestions).to.equal(0)
    })
    await settle()
    expect(system.liveTimers).to.equal(0)
  }))

  it('may be put to oneself', inWorld(async ({ system, puppet, tell, settle }) => {
    const log: string[] = []
    tell(puppet({ log }), actor => { actor.ask(actor.self, says, heard) })
    const other = puppet()
    tell(other, actor => { actor.ask(actor.self, question(() => { actor.done() }), heard) })
    await settle()
    expect(log).to.deep.equal(['act', 'question', 'reply'])
    expect(statusOf(other)).to.equal('down')
    expect(system.liveQuestions).to.equal(0)
  }))

  it('keeps its place among what the asked had sent before', inManyWorlds(20, async ({ puppet, tell, settle }) => {
    const log: string[] = []
    const asked = puppet()
    const asker = puppet({ log })
    tell(asker, actor => {
      actor.ask(asked, question(replyTo => {
        asker.tell({ type: 'before' })
        replyTo.tell(reply)
        asker.tell({ type: 'after' })
      }), heard)
    })
    await settle()
    expect(log).to.deep.equal(['act', 'before', 'reply', 'after'])
  }))

  it('goes to whoever lives at a name', inWorld(async ({ system, puppet, tell, settle }) => {
    const log: string[] = []
    puppet({}, { name: 'there' })
    tell(puppet({ log }), actor => { actor.ask(system.named<Note>('/system/there'), says, heard) })
    await settle()
    expect(log).to.deep.equal(['act', 'reply'])
  }))

  it('whose question is dropped from a full mailbox fails at its deadline', inWorld(async ({ puppet, tell, settle, now }) => {
    const log: string[] = []
    const asked = puppet({}, { behavior: behavior({ mailboxCapacity: 1, overflow: 'dropOldest' }) })
    tell(puppet({ log }), actor => {
      actor.ask(asked, says, { ...heard, timeoutMs: 40 })
      asked.tell({ type: 'newer' })
    })
    await settle()
    expect(log).to.deep.equal(['act', 'actor/timeout'])
    expect(now()).to.equal(40)
  }))

  it('whose mapper throws crashes the asker', inWorld(async ({ puppet, tell, settle }) => {
    const asked = puppet()
    const [one, two] = [puppet(), puppet()]
    tell(one, actor => { actor.ask(asked, says, { done: fail }) })
    tell(two, actor => { actor.ask(asked, silent, { done: heard.done, failed: fail, timeoutMs: 1 }) })
    await settle()
    expect([statusOf(one), statusOf(two), statusOf(asked)]).to.deep.equal(['down', 'down', 'running'])
  }))

  describe('from outside', () => {
    it('resolves with the answer', inWorld(async ({ world, system, puppet }) => {
      expect(await world.until(system.ask(puppet(), says))).to.equal(reply)
    }))

    const code = async (promise: Promise<unknown>): Promise<unknown> => promise.then(fail, (error: unknown) => (error as { code: unknown }).code)

    it('rejects at its deadline', inWorld(async ({ world, system, puppet, now }) => {
      expect(await world.until(code(system.ask(puppet(), silent, { timeoutMs: 30 })))).to.equal('actor/timeout')
      expect(now()).to.equal(30)
    }))

    it('rejects at once when the asked is down, and when it ends', inWorld(async ({ world, system, puppet, settle, now }) => {
      const dead = puppet({ done: undefined })
      await settle()
      expect(await world.until(code(system.ask(dead, silent)))).to.equal('actor/down')
      expect(await world.until(code(system.ask(puppet(), question(() => { fail() }))))).to.equal('actor/down')
      expect(now()).to.equal(0)
    }))

    it('resolves with what the end of the asked means, where it was asked to end', inWorld(async ({ world, system, puppet, settle }) => {
      const endAnswer = { type: 'over' }
      const dead = puppet({ done: undefined })
      await settle()
      expect(await world.until(system.ask(dead, silent, { endAnswer }))).to.equal(endAnswer)
      const dying = puppet()
      const ended = system.ask(dying, silent, { endAnswer })
      system.root.kill(dying)
      expect(await world.until(ended)).to.equal(endAnswer)
      expect(await world.until(system.ask(puppet(), says, { endAnswer }))).to.equal(reply)
    }))

    it('rejects when the caller aborts, before or later', inWorld(async ({ world, system, puppet }) => {
      const asked = puppet()
      const reason = new Error('changed my mind')
      expect(await world.until(code(system.ask(asked, silent, { signal: AbortSignal.abort(reason) })))).to.equal('actor/aborted')
      const controller = new AbortController()
      const promise = system.ask(asked, silent, { signal: controller.signal })
      await world.run(10)
      controller.abort(reason)
      const error = await world.until(promise.then(fail, (error: unknown) => error))
      expect(error).to.include({ code: 'actor/aborted', cause: reason })
      expect(system.liveQuestions).to.equal(0)
    }))

    it('leaves no listener on the signal, whatever the outcome', inWorld(async ({ world, system, puppet, settle }) => {
      const dead = puppet({ done: undefined })
      await settle()
      const { signal } = new AbortController()
      let listeners = 0
      const add = signal.addEventListener.bind(signal)
      const remove = signal.removeEventListener.bind(signal)
      signal.addEventListener = (...args: Parameters<typeof add>) => { listeners++; add(...args) }
      signal.removeEventListener = (...args: Parameters<typeof remove>) => { listeners--; remove(...args) }
      await world.until(system.ask(puppet(), says, { signal }))
      await world.until(code(system.ask(puppet(), silent, { signal, timeoutMs: 5 })))
      await world.until(code(system.ask(dead, silent, { signal })))
      await world.until(system.ask(puppet(), fail, { signal }).then(fail, () => {}))
      expect(listeners).to.equal(0)
    }))

    it('is answered when the system stops', inWorld(async ({ world, system, puppet }) => {
      const asked = puppet()
      // The root takes no messages that it knows, but it takes them.
      const codes = [code(system.ask(asked, silent)), code(system.ask(system.root, silent))]
      await world.run(1)
      await world.stop()
      expect(await world.until(Promise.all(codes))).to.deep.equal(['actor/down', 'actor/down'])
      expect(await world.until(code(system.ask(asked, silent)))).to.equal('actor/down')
    }))

    it('hands the handle of its answer to the caller', inWorld(async ({ world, system, puppet }) => {
      const handle = new Handle()
      const answer = await world.until(system.ask(puppet(), question(replyTo => { replyTo.tell({ type: 'reply', handle }) })))
      expect(answer.handle).to.equal(handle)
      expect(handle.disposed).to.equal(0)
    }))
  })

  it('in a task waits for an answer by a promise', inManyWorlds(5, async ({ system, puppet, tell, settle }) => {
    const log: string[] = []
    const asked = puppet()
    tell(puppet({ log }), actor => {
      actor.task(async () => system.ask<Note, Note>(asked, says), { done: message => message })
    })
    await settle()
    expect(log).to.deep.equal(['act', 'reply'])
  }))
})
