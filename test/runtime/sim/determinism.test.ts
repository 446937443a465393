/**
 * One seed, one history: the same twice, another with another seed; and what happens to one link does not change the
 * history of those it has nothing to do with.
 */
import { expect } from 'chai'
import { createHash } from 'node:crypto'
import { assign, setup } from 'xstate'
import { effects } from '../../../src/runtime/behavior/effects.js'
import { machineBehavior } from '../../../src/runtime/behavior/machine.js'
import type { RawLink } from '../../../src/runtime/io/raw-link.js'
import type { Tellable } from '../../../src/runtime/ref.js'
import type { LinkShape } from '../../../src/runtime/sim/link-shape.js'
import type { SimConnection } from '../../../src/runtime/sim/sim-connection.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import { plain, type Actor, type Play } from '../kit.js'
import { bytes, endStages, Stage } from './stage.js'

const rough: Partial<LinkShape> = { latencyMs: 5, jitterMs: 4, bytesPerSecond: 200_000, maxChunkBytes: 700, splits: true, windowBytes: 4000, highWaterMarkBytes: 2000 }

type Logs = Record<string, readonly string[]>

const pairs = [['alice', 'bob'], ['bob', 'alice'], ['alice', 'carol'], ['carol', 'bob'], ['alice', 'bob']] as const

/** Links between three hosts, on which both ends send to and fro; the second opens later ones. `harm` gets at 50 ms what is open. */
async function history (seed: number, harm: (stage: Stage, connections: readonly SimConnection[]) => void = () => {}): Promise<Logs> {
  const stage = new Stage(seed, ['alice', 'bob', 'carol'], rough)
  const logs: Record<string, readonly string[]> = {}
  const open = (from: string, to: string, port: number): void => {
    const { ends: bs } = stage.listen(to, port)
    const { ends: as, outcomes } = stage.connect(from, `${to}:${port}`)
    const name = `${from} to ${to}:${port}`
    stage.world.at(stage.now() + 30, () => {
      for (const [end, of] of [[as[0], 'a'], [bs[0], 'b']] as const) {
        if (end === undefined) continue
        logs[`${name}, ${of}`] = end.log
        // An echo that comes to an end by itself.
        let left = 6000
        end.onData = ({ length }) => {
          left -= length
          if (left <= 0) end.link.end()
          else if (!end.link.write(bytes(length))) end.link.pause()
        }
        end.onDrain = () => { end.link.resume() }
        end.link.write(bytes(1500))
      }
    })
    logs[`${name}, outcome`] = outcomes
  }
  pairs.forEach(([from, to], i) => { open(from, to, 1000 + i) })
  await stage.world.run(50)
  harm(stage, stage.world.network.connections())
  await stage.world.run(10)
  pairs.forEach(([from, to], i) => { open(from, to, 2000 + i) })
  await stage.world.run(20_000)
  return logs
}

describe('history of a simulated world', () => {
  afterEach(endStages)

  it('is the same for the same seed, and another for another', async () => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= 10; seed++) {
      const once = await history(seed)
      expect(Object.keys(once).length, `seed ${seed}`).to.equal(30)
      expect(await history(seed), `seed ${seed}`).to.deep.equal(once)
      seen.add(JSON.stringify(once))
    }
    expect(seen.size).to.equal(10)
  })

  const harms: Record<string, (stage: Stage, victim: SimConnection) => void> = {
    'is reset by one end': (_stage, victim) => { victim.ends[0]!.reset() },
    'is reset by the other': (_stage, victim) => { victim.ends[1]!.reset() },
    'breaks on the way': (_stage, victim) => { victim.break(3) },
    'vanishes': (_stage, victim) => { victim.vanish() },
    'is left alone by its host': (_stage, victim) => { victim.ends[0]!.vanish() }
  }

  for (const [what, harm] of Object.entries(harms)) {
    it(`of all other links, and of later ones, does not change when one ${what}`, async () => {
      for (let seed = 1; seed <= 4; seed++) {
        const whole = await history(seed)
        for (let victim = 0; victim < pairs.length; victim++) {
          const [from, to] = pairs[victim]!
          const hurt = await history(seed, (stage, connections) => { harm(stage, connections[victim]!) })
          const own = `${from} to ${to}:${1000 + victim},`
          const changed = Object.keys(whole).filter(name => JSON.stringify(hurt[name]) !== JSON.stringify(whole[name]))
          expect(changed.filter(name => !name.startsWith(own)), `seed ${seed}, link ${victim}`).to.deep.equal([])
          expect(changed, `seed ${seed}, link ${victim} was hurt`).not.to.deep.equal([])
        }
      }
    })
  }

  it('of links between others does not change when a partition comes and goes', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const whole = await history(seed)
      const hurt = await history(seed, stage => {
        stage.world.network.partition(['alice'], ['bob'])
        stage.world.at(stage.now() + 1000, () => { stage.world.network.heal() })
      })
      const changed = Object.keys(whole).filter(name => JSON.stringify(hurt[name]) !== JSON.stringify(whole[name]))
      expect(changed.filter(name => name.includes('carol')), `seed ${seed}`).to.deep.equal([])
      expect(changed, `seed ${seed}`).not.to.deep.equal([])
    }
  })
})

/** What all actors of a world have noted, by their path. */
type Diary = Map<string, string[]>

interface Society {
  /** What the machine of each node decides by. The test plants `Math.random` here. */
  readonly chance?: () => number
  readonly guard?: boolean
  /** The actor of this path crashes at its third message. */
  readonly crash?: string
}

const nodes = Array.from({ length: 6 }, (_, i) => `node-${i}`)

/** Six nodes that connect in a ring, and actors that talk over the links, wait in tasks, and choose by lot. */
async function society (seed: number, { chance = () => 0.5, guard = false, crash }: Society = {}): Promise<Diary> {
  const world = new SimWorld({ seed, guard })
  world.network.shapeAll(rough)
  const diary: Diary = new Map()

  const fx = effects<{ note: { readonly lucky: boolean } }>({ note: true })
  const types: { context: { lucky: boolean }, events: { readonly type: 'lot.draw' } } = { context: { lucky: false }, events: { type: 'lot.draw' } }
  const machine = setup({
    types,
    actions: { ...fx, draw: assign({ lucky: () => chance() < 0.3 }) }
  }).createMachine({
    context: { lucky: false },
    initial: 'idle',
    states: { idle: { on: { 'lot.draw': { actions: ['draw', { type: 'note', params: ({ context }) => ({ lucky: context.lucky }) }] } } } }
  })
  const lot = machineBehavior('lot', machine, fx, {
    note: (actor, { lucky }) => { noteIn(diary, actor.self.path, `${actor.now()} ${lucky}`) }
  })

  /** One end of a link: answers each piece after a while, for forty rounds. */
  const talk = (self: Actor, link: RawLink, lots: Tellable<{ readonly type: 'lot.draw' }>): void => {
    const { path } = self.self
    self.own(link)
    let rounds = 0
    link.attach({
      onData: self.io(({ length }) => {
        noteIn(diary, path, `${self.now()} data ${length}`)
        if (path === crash && rounds === 3) throw new Error('as planned')
        if (rounds++ < 40) self.self.tell({ type: 'next', n: length, run: answer(link, length) })
      }),
      onClose: self.io(reason => {
        noteIn(diary, path, `${self.now()} ${reason}`)
        self.done()
      })
    })
    lots.tell({ type: 'lot.draw' })
    link.write(bytes(20 + self.random.int(50)))
  }
  const answer = (link: RawLink, n: number): Play => self => {
    self.task(async ({ sleep }) => {
      await sleep(n % 3)
      await Promise.all([sleep(0.1), sleep(0.2)])
      return self.random.int(10)
    }, {
      done: more => ({ type: 'slept', run: () => { link.write(bytes(1 + (n + more) % 60)) } })
    })
  }

  for (const [i, name] of nodes.entries()) {
    const system = world.system({ name })
    const port = world.network.port(system)
    const lots = system.spawn(lot, { input: undefined, name: 'lots' })
    const run: Play = self => {
      const child = (link: RawLink): void => { self.spawn(plain, { input: { handle: link, run: talker => { talk(talker, link, lots) } } }) }
      const onFailure = self.io(() => { throw new Error('no link') })
      self.own(port.listen(`${name}:1`, { onLink: self.io(child), onFailure }))
      for (const step of [1, 2]) {
        self.timer(`dial ${step}`, 5 * step + i, { type: 'dial', run: () => { self.own(port.connect(`${nodes[(i + step) % nodes.length]!}:1`, { onLink: self.io(child), onFailure })) } })
      }
    }
    system.spawn(plain, { input: { run }, name: 'peers' })
  }
  await world.run(1500)
  await world.stop()
  return diary
}

function noteIn (diary: Diary, path: string, line: string): void {
  const lines = diary.get(path)
  if (lines === undefined) diary.set(path, [line])
  else lines.push(line)
}

const hashOf = (diary: Diary): string => createHash('sha256').update(JSON.stringify([...diary])).digest('hex')

describe('history of actors in a simulated world', () => {
  it('is the same for the same seed, to the byte, and another for another', async () => {
    const hashes = new Set<string>()
    for (let seed = 1; seed <= 5; seed++) {
      const diary = await society(seed)
      expect([...diary.values()].flat().length, `seed ${seed}`).to.be.greaterThan(500)
      expect(hashOf(await society(seed)), `seed ${seed}`).to.equal(hashOf(diary))
      hashes.add(hashOf(diary))
    }
    expect(hashes.size).to.equal(5)
  })

  it('is the same whether it is guarded or not', async () => {
    expect(hashOf(await society(7, { guard: true }))).to.equal(hashOf(await society(7)))
  })

  it('betrays a Math.random in a machine', async () => {
    expect(hashOf(await society(3, { chance: Math.random }))).not.to.equal(hashOf(await society(3, { chance: Math.random })))
  })

  it('does not change where a crash has no way to', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const whole = await society(seed)
      const crash = '/node-0/peers/1'
      const hurt = await society(seed, { crash })
      const changed = [...whole.keys()].filter(path => hurt.get(path)?.join() !== whole.get(path)!.join())
      // The other end hears the reset. Nobody else hears anything.
      expect(changed, `seed ${seed}`).to.have.length(2)
      expect(changed, `seed ${seed}`).to.include(crash)
    }
  })
})
