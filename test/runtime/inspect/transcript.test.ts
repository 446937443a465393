import { expect } from 'chai'
import { createHash } from 'node:crypto'
import { Transcript, type TranscriptOptions } from '../../../src/runtime/inspect/transcript.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import { add, counter, inCompany, look, perform } from './company.js'

/** Two systems whose actors tell each other; what happens depends on the seed alone. */
async function play (seed: number, options?: TranscriptOptions): Promise<Transcript> {
  const world = new SimWorld({ seed })
  const systems = ['alice', 'bob'].map(name => world.system({ name }))
  const transcript = new Transcript(systems, options)
  for (const system of systems) {
    const tills = Array.from({ length: 5 }, () => system.spawn(counter(), { input: 0 }))
    for (const till of tills) {
      till.tell(perform(actor => { actor.timer('look', 1 + actor.random.int(10), look, 7) }))
      for (const other of tills) other.tell(add(1))
    }
  }
  await world.run(100)
  await world.stop()
  return transcript
}

describe('Transcript', () => {
  it('writes time, path and type of each message', inCompany(async ({ system, world }) => {
    const transcript = new Transcript([system])
    const till = system.spawn(counter(), { input: 0, name: 'till' })
    await world.run(1)
    till.tell(perform(actor => { actor.timer('look', 4, look) }))
    till.tell(add(1))
    await world.run(10)
    expect(transcript.length).to.equal(3)
    expect(transcript.lines.map(line => line.replace(/\.\d{6} /, ' '))).to.deep.equal(['1 /shop/till counter.do', '1 /shop/till counter.add', '5 /shop/till counter.look'])
    expect(transcript.lines[0]).to.match(/^1\.\d{6} \/shop\/till counter\.do$/)
    transcript.stop()
    till.tell(look)
    await world.run(1)
    expect(transcript.length).to.equal(3)
    expect(system.trace.on.message).to.equal(false)
  }))

  it('is the same for the same seed, to the byte, and another for another', async () => {
    const [first, again, other] = [await play(1), await play(1), await play(2)]
    expect(first.length).to.be.greaterThan(150)
    expect(again.lines).to.deep.equal(first.lines)
    expect(again.hash()).to.equal(first.hash())
    expect(other.hash()).not.to.equal(first.hash())
  })

  it('hashes all lines, each with its line feed', async () => {
    const transcript = await play(1)
    const text = transcript.lines.map(line => `${line}\n`).join('')
    expect(transcript.hash()).to.equal(createHash('sha256').update(text).digest('hex'))
    expect(transcript.hash()).to.equal(transcript.hash())
  })

  it('can be asked for its hash in between', inCompany(async ({ system, world }) => {
    const [asked, silent] = [new Transcript([system]), new Transcript([system])]
    const till = system.spawn(counter(), { input: 0 })
    for (let i = 0; i < 3; i++) {
      till.tell(look)
      await world.run(1)
      asked.hash()
    }
    expect(asked.hash()).to.equal(silent.hash())
  }))

  it('tells what each actor handled', async () => {
    const transcript = await play(1)
    const actors = transcript.byActor()
    expect([...actors.keys()].sort()).to.deep.equal(['alice', 'bob'].flatMap(name => [1, 2, 3, 4, 5].map(i => `/${name}/${i}`)))
    expect([...actors.values()].flat()).to.have.length(transcript.length)
    const own = transcript.lines.filter(line => line.includes(' /alice/3 ')).map(line => line.replace(' /alice/3', ''))
    expect(actors.get('/alice/3')).to.deep.equal(own)
  })

  it('need not keep its lines', async () => {
    const [kept, hashed] = [await play(1), await play(1, { keep: false })]
    expect(hashed.hash()).to.equal(kept.hash())
    expect(hashed.length).to.equal(kept.length)
    expect(() => hashed.lines).to.throw('keeps no lines')
    expect(() => hashed.byActor()).to.throw('keeps no lines')
  })

  it('writes other kinds down in brackets', inCompany(async ({ system, world }) => {
    const transcript = new Transcript([system], { kinds: ['spawned', 'message', 'down'] })
    const till = system.spawn(counter(), { input: 0, name: 'till' })
    till.tell(look)
    await world.run(1)
    system.root.stop(till)
    await world.run(1)
    expect(transcript.byActor().get('/shop/till')!.map(line => line.replace(/^\S+ /, ''))).to.deep.equal(['(spawned)', 'counter.look', '(down)'])
  }))

  it('refuses options that it does not know', inCompany(async ({ system }) => {
    expect(() => new Transcript([system], { kind: [] } as never)).to.throw(TypeError, "'kind'")
    expect(() => new Transcript([system], { kinds: ['mesage'] } as never)).to.throw(TypeError, "'mesage'")
  }))
})
