/** Links in the hands of actors: who owns one, what a throw in a callback breaks, and that no end leaks. */
import { expect } from 'chai'
import type { RawLink } from '../../../src/runtime/io/raw-link.js'
import type { ActorRef } from '../../../src/runtime/ref.js'
import { cellOf, plain, type Actor, type Note, type Play } from '../kit.js'
import { endStages, Stage, text, type End } from './stage.js'

/** A note that brings a link. */
const opened = (handle: RawLink, run?: Play): Note => ({ type: 'opened', handle, ...run === undefined ? {} : { run } })

/** Connects, owning the attempt, and sends itself the link; as a dial would. `run` is what it does with that message. */
function dial (stage: Stage, actor: Actor, address: string, run?: (actor: Actor, link: RawLink) => void): void {
  actor.own(stage.world.network.port(stage.system('alice')).connect(address, {
    onLink: actor.io(link => { actor.self.tell(opened(link, run && (owner => { run(owner, link) }))) }),
    onFailure: actor.io(() => { throw new Error('not connected') })
  }))
}

/** Owns the link and hears of it. */
function hold (actor: Actor, link: RawLink, log: string[], onData: (bytes: Uint8Array) => void = () => {}): void {
  actor.own(link)
  link.attach({
    onData: actor.io(bytes => {
      log.push(`${actor.now()} data ${bytes.length}`)
      onData(bytes)
    }),
    onClose: actor.io(reason => { log.push(`${actor.now()} ${reason}`) })
  })
}

describe('simulated link of an actor', () => {
  afterEach(endStages)

  const spawn = (stage: Stage, run: Play, name = 'alice'): ActorRef<Note> => stage.system(name).spawn(plain, { input: { run } })

  /** An actor of alice that holds a link to bob, and bob's end. */
  async function connected (stage: Stage, log: string[] = [], onData?: (bytes: Uint8Array) => void): Promise<{ actor: ActorRef<Note>, end: End }> {
    const { ends, listener } = stage.listen('bob')
    const actor = spawn(stage, self => {
      dial(stage, self, 'bob:4001', (owner, link) => { hold(owner, link, log, onData) })
    })
    await stage.world.run(10)
    listener[Symbol.dispose]()
    return { actor, end: ends[0]! }
  }

  it('is reset when a callback throws: that crashes its actor, and nothing else', async () => {
    const stage = new Stage(1)
    const quiet: string[] = []
    const first = await connected(stage, quiet)
    const second = await connected(stage, [], () => { throw new Error('as planned') })
    second.end.link.write(text('x'))
    await stage.world.run(10)
    expect(cellOf(second.actor).exit).to.deep.include({ kind: 'crashed', at: 'io' })
    expect(second.end.log.at(-1)).to.match(/ reset$/)
    first.end.link.write(text('xyz'))
    await stage.world.run(10)
    expect(first.actor.alive).to.equal(true)
    expect(quiet).to.have.length(1)
  })

  it('is reset when its actor stops', async () => {
    const stage = new Stage(1)
    const { actor, end } = await connected(stage)
    stage.system('alice').root.stop(actor)
    await stage.world.run(10)
    expect(end.log.at(-1)).to.match(/ reset$/)
  })

  it('is reset when it is lost in the mailbox of a dead actor', async () => {
    for (const how of ['queued', 'late', 'named']) {
      const stage = new Stage(1)
      const { ends } = stage.listen('bob')
      const victim = spawn(stage, () => {})
      await stage.world.run(1)
      stage.hold(stage.world.network.port(stage.system('alice')).connect('bob:4001', {
        onLink: link => {
          if (how === 'late') stage.system('alice').root.kill(victim)
          const to = how === 'named' ? stage.system('alice').named<Note>('/alice/nobody') : victim
          to.tell(opened(link))
          if (how === 'queued') stage.system('alice').root.kill(victim)
        },
        onFailure: () => {}
      }))
      await stage.world.run(20)
      expect(stage.system('alice').deadLetters.count, how).to.equal(1)
      expect(ends[0]!.log.map(line => line.split(' ')[1]), how).to.deep.equal(['reset'])
    }
  })

  it('is reset when its receiver does not keep it', async () => {
    const stage = new Stage(1)
    const { ends } = stage.listen('bob')
    spawn(stage, self => { dial(stage, self, 'bob:4001', () => {}) })
    await stage.world.run(20)
    expect(ends[0]!.log.map(line => line.split(' ')[1])).to.deep.equal(['reset'])
  })

  it('is reset when its actor is ending as the link opens', async () => {
    const stage = new Stage(1)
    const { ends } = stage.listen('bob')
    // A child that does not stop holds its parent in its end, and so the attempt open.
    const parent = spawn(stage, self => {
      dial(stage, self, 'bob:4001')
      self.spawn(stubborn, { input: {} })
    })
    await stage.world.run(1)
    stage.system('alice').root.stop(parent, { graceMs: 100 })
    await stage.world.run(20)
    expect(cellOf(parent).statusName).to.equal('ending')
    expect(ends[0]!.log.map(line => line.split(' ')[1])).to.deep.equal(['reset'])
    expect(stage.system('alice').handles.size).to.equal(0)
  })

  it('is not opened any more when its actor ends before', async () => {
    const stage = new Stage(1)
    const { ends } = stage.listen('bob')
    const actor = spawn(stage, self => { dial(stage, self, 'bob:4001') })
    await stage.world.run(0.5)
    stage.system('alice').root.kill(actor)
    await stage.world.settle()
    expect(ends).to.deep.equal([])
  })

  it('is accepted by an actor for its children', async () => {
    const stage = new Stage(1)
    const log: string[] = []
    const acceptor = spawn(stage, self => {
      self.own(stage.world.network.port(stage.system('bob')).listen('bob:80', {
        onLink: self.io(link => {
          self.spawn(plain, { input: { handle: link, run: child => { hold(child, link, log) } } })
        }),
        onFailure: self.io(() => { throw new Error('not listening') })
      }))
    }, 'bob')
    await stage.world.run(1)
    const { ends } = stage.connect('alice', 'bob:80')
    await stage.world.run(10)
    ends[0]!.link.write(text('to the child'))
    await stage.world.run(10)
    expect(log.map(line => line.split(' ').slice(1).join(' '))).to.deep.equal(['data 12'])
    stage.system('bob').root.stop(acceptor)
    await stage.world.settle()
    expect(ends[0]!.log.map(line => line.split(' ')[1])).to.deep.equal(['reset'])
    expect(stage.system('bob').handles.size).to.equal(0)
  })

  it('shows in the ledger for as long as it is open, and whoever leaks one shows', async () => {
    const stage = new Stage(1)
    const { a, b } = await stage.pair()
    expect(stage.ledger).to.deep.equal([
      `link alice>bob#1, end ${a.link.localAddress}`,
      'link alice>bob#1, end bob:4001'
    ])
    await stage.world.stop()
    expect(stage.ledger, 'stopping the world hides no leak').to.have.length(2)
    a.link.write(text('x'))
    expect(stage.world.scheduler.nextAt, 'but nothing happens in it any more').to.equal(Infinity)
    b.link.reset()
    expect(stage.ledger).to.have.length(1)
  })
})

const stubborn = { ...plain, options: { ...plain.options, stopMessage: () => ({ type: 'no' }), stopGraceMs: 10_000 } }
