/** What lines do to links: latency, bandwidth, splits, losses, blockages. */
import { expect } from 'chai'
import { bytes, endStages, Stage, text } from './stage.js'

describe('simulated network', () => {
  afterEach(endStages)

  describe('shape', () => {
    it('delays by exactly the latency, of each direction its own', async () => {
      const stage = new Stage(1)
      stage.world.network.shapeOneWay('alice', 'bob', { latencyMs: 30 })
      stage.world.network.shapeOneWay('bob', 'alice', { latencyMs: 7 })
      const { ends: bs } = stage.listen('bob')
      const { ends: as, outcomes } = stage.connect('alice', 'bob:4001')
      await stage.world.run(100)
      expect(outcomes).to.deep.equal(['37 open'])
      as[0]!.link.write(text('a'))
      bs[0]!.link.write(text('b'))
      await stage.world.settle()
      expect(as[0]!.log).to.deep.equal(['107 data 1'])
      expect(bs[0]!.log).to.deep.equal(['130 data 1'])
    })

    it('sends at exactly the bandwidth', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { bytesPerSecond: 1_000_000, maxChunkBytes: 1000 })
      const { a, b } = await stage.pair()
      a.link.write(bytes(100_000))
      await stage.world.settle()
      expect(b.log[0], 'a chunk arrives with its last byte').to.equal('6 data 1000')
      expect(b.log).to.have.length(100)
      expect(b.log.at(-1)).to.equal('105 data 1000')
    })

    it('queues: what comes later waits for what is before it', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { bytesPerSecond: 1000 })
      const { a, b } = await stage.pair()
      a.link.write(bytes(500))
      await stage.world.run(100)
      a.link.write(bytes(100))
      await stage.world.settle()
      expect(b.log).to.deep.equal(['505 data 500', '605 data 100'])
    })

    it('limits speed by window and round trip', async () => {
      // 8 windows of 1000 bytes, one per round trip of 20 ms.
      const stage = new Stage(1, ['alice', 'bob'], { latencyMs: 10, windowBytes: 1000, maxChunkBytes: 1000 })
      const { a, b } = await stage.pair()
      a.link.write(bytes(8000))
      await stage.world.settle()
      expect(b.log.map(line => line.split(' ')[0])).to.deep.equal([50, 70, 90, 110, 130, 150, 170, 190].map(String))
    })

    it('jitters within bounds, and keeps the order', async () => {
      for (let seed = 1; seed <= 20; seed++) {
        const stage = new Stage(seed, ['alice', 'bob'], { jitterMs: 5 })
        const { a, b } = await stage.pair()
        const begun = stage.now()
        const sent: string[] = []
        for (let i = 0; i < 30; i++) {
          a.link.write(text(`${i};`))
          sent.push(`${i};`)
          await stage.world.run(1)
        }
        await stage.world.settle()
        expect(b.text, `seed ${seed}`).to.equal(sent.join(''))
        const delays = b.log.map((line, i) => Number(line.split(' ')[0]) - begun - i)
        expect(Math.min(...delays), `seed ${seed}`).to.be.at.least(1 - 1e-9)
        expect(Math.max(...delays), `seed ${seed}`).to.be.at.most(6)
        expect(Math.max(...delays) - Math.min(...delays), `seed ${seed}`).to.be.greaterThan(1)
      }
    })

    it('cuts long writes', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { maxChunkBytes: 400 })
      const { a, b } = await stage.pair()
      a.link.write(bytes(1000))
      await stage.world.settle()
      expect(b.log).to.deep.equal(['5 data 400', '5 data 400', '5 data 200'])
    })

    it('splits and glues at random, alike for one seed, and loses nothing', async () => {
      const sizes = async (seed: number): Promise<string> => {
        const stage = new Stage(seed, ['alice', 'bob'], { splits: true, maxChunkBytes: 1000 })
        const { a, b } = await stage.pair()
        const sent = [300, 5, 5, 5, 2000, 1].map((length, i) => bytes(length, i))
        for (const piece of sent) a.link.write(piece.slice())
        await stage.world.settle()
        expect(Buffer.compare(b.received, Buffer.concat(sent)), `seed ${seed}`).to.equal(0)
        return b.chunks.map(({ length }) => length).join()
      }
      const seen = new Set<string>()
      for (let seed = 1; seed <= 20; seed++) {
        const once = await sizes(seed)
        expect(await sizes(seed), `seed ${seed}`).to.equal(once)
        seen.add(once)
      }
      expect(seen.size).to.equal(20)
    })

    it('changes for links that are open', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      stage.world.network.shapeAll({ latencyMs: 50 })
      a.link.write(text('x'))
      await stage.world.settle()
      expect(b.log).to.deep.equal(['54 data 1'])
    })

    it('refuses what is no shape', () => {
      const stage = new Stage(1)
      expect(() => { stage.world.network.shapeAll({ latency: 1 } as object) }).to.throw(TypeError, 'latency')
      expect(() => { stage.world.network.shape('alice', 'bob', { bytesPerSecond: 0 }) }).to.throw(RangeError, 'bytesPerSecond')
    })
  })

  describe('partition', () => {
    it('delays data until it has healed, as retransmission does', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      stage.world.network.partition(['alice'], ['bob'])
      a.link.write(text('one'))
      await stage.world.run(1000)
      a.link.write(text('two'))
      expect(b.log).to.deep.equal([])
      stage.world.network.heal(['bob'], ['alice'])
      await stage.world.settle()
      // First sent at 4; again after 200, 600 and 1400 ms.
      expect(b.log).to.deep.equal(['1405 data 3', '1405 data 3'])
      expect(a.log).to.deep.equal([])
    })

    it('loses what is on the way, which then is sent again', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { latencyMs: 100 })
      const { a, b } = await stage.pair()
      a.link.write(text('one'))
      await stage.world.run(50)
      stage.world.network.partition(['alice'], ['bob'])
      await stage.world.run(10)
      stage.world.network.heal()
      await stage.world.settle()
      expect(b.log).to.deep.equal(['750 data 3'])
    })

    it('sends again with the bandwidth of the line', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { bytesPerSecond: 1000, maxChunkBytes: 100 })
      const { a, b } = await stage.pair()
      stage.world.network.partition(['alice'], ['bob'])
      a.link.write(bytes(300))
      await stage.world.run(10)
      stage.world.network.heal()
      await stage.world.settle()
      expect(b.log).to.deep.equal(['305 data 100', '405 data 100', '505 data 100'])
    })

    it('is not noticed where nothing is sent', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      stage.world.network.partition(['alice'], ['bob'])
      await stage.world.run(10_000_000)
      stage.world.network.heal()
      a.link.write(text('hello'))
      await stage.world.settle()
      expect(b.text).to.equal('hello')
    })

    it('times out the sender when it lasts; the other end learns it when it sends', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { timeoutMs: 5000 })
      const { a, b } = await stage.pair()
      stage.world.network.partition(['alice'], ['bob'])
      await stage.world.run(96)
      a.link.write(text('x'))
      await stage.world.settle()
      expect(a.log).to.deep.equal(['5100 timed-out'])
      stage.world.network.heal()
      await stage.world.run(100)
      expect(b.link.closed).to.equal(false)
      b.link.write(text('y'))
      await stage.world.settle()
      expect(b.log).to.deep.equal(['5202 reset'])
      expect(stage.ledger).to.deep.equal([])
    })

    it('holds back news of free room', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { windowBytes: 1000 })
      const { a, b } = await stage.pair()
      b.link.pause()
      a.link.write(bytes(1500))
      await stage.world.run(10)
      stage.world.network.partition(['alice'], ['bob'])
      b.link.resume()
      await stage.world.run(5000)
      expect([a.log, b.log]).to.deep.equal([[], ['14 data 1000']])
      stage.world.network.heal()
      await stage.world.settle()
      expect(b.received.length).to.equal(1500)
    })

    it('times out who waits for room in vain, and not who has nothing but that to tell', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { windowBytes: 1000, timeoutMs: 1000 })
      const { a, b } = await stage.pair()
      b.link.pause()
      a.link.write(bytes(1500))
      await stage.world.run(10)
      stage.world.network.partition(['alice'], ['bob'])
      b.link.resume()
      await stage.world.settle()
      expect([a.log, b.log]).to.deep.equal([['1014 timed-out'], ['14 data 1000']])
      expect(b.link.closed).to.equal(false)
    })

    it('leaves others alone', async () => {
      const stage = new Stage(1, ['alice', 'bob', 'carol'])
      const ab = await stage.pair('alice', 'bob')
      const ac = await stage.pair('alice', 'carol')
      stage.world.network.partition(['alice', 'carol'], ['bob'])
      ab.a.link.write(text('x'))
      ac.a.link.write(text('y'))
      await stage.world.run(100)
      expect([ab.b.text, ac.b.text]).to.deep.equal(['', 'y'])
    })
  })

  describe('vanish', () => {
    it('is silent at both ends; who sends times out', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { timeoutMs: 5000 })
      const { a, b, connection } = await stage.pair()
      connection.ends[0]!.vanish()
      await stage.world.run(96)
      expect([a.link.closed, b.link.closed]).to.deep.equal([true, false])
      b.link.write(text('anybody there?'))
      await stage.world.settle()
      expect([a.log, b.log]).to.deep.equal([[], ['5100 timed-out']])
      expect(stage.ledger).to.deep.equal([])
    })

    it('of the way, too', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { timeoutMs: 5000 })
      const { a, b, connection } = await stage.pair()
      connection.vanish()
      a.link.write(text('x'))
      b.link.end()
      await stage.world.settle()
      expect([a.log, b.log]).to.deep.equal([['5004 timed-out'], ['5004 timed-out']])
    })

    it('of a host takes its links, listeners and attempts, without a word', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { timeoutMs: 5000 })
      const { a, b } = await stage.pair()
      stage.listen('bob')
      const attempt = stage.connect('bob', 'alice:1')
      const host = stage.world.network.host('bob')
      host.crash()
      const late = stage.connect('alice', 'bob:4001', { timeoutMs: 1000 })
      await stage.world.run(2000)
      expect(stage.ledger).to.deep.equal([`link alice>bob#1, end ${a.link.localAddress}`])
      expect([a.log, b.log, attempt.outcomes, late.outcomes]).to.deep.equal([[], [], [], ['1004 timed-out']])
      a.link.write(text('anybody there?'))
      await stage.world.run(1000)
      host.recover()
      stage.listen('bob')
      const again = stage.connect('alice', 'bob:4001')
      await stage.world.settle()
      expect(a.log, 'the machine is back, and does not know that link').to.deep.equal(['3406 reset'])
      expect(again.outcomes).to.deep.equal(['3006 open'])
    })
  })

  describe('loss', () => {
    it('breaks a link for both ends', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { latencyMs: 10 })
      const { a, b, connection } = await stage.pair()
      a.link.write(text('on the way'))
      connection.break(5)
      await stage.world.settle()
      expect([a.log, b.log]).to.deep.equal([['45 reset'], ['45 reset']])
      expect(stage.ledger).to.deep.equal([])
    })

    it('happens with the given chance per chunk, in either way', async () => {
      const ends = { reset: 0, silent: 0, alive: 0 }
      for (let seed = 1; seed <= 200; seed++) {
        const stage = new Stage(seed, ['alice', 'bob'], { lossOfLink: 0.05, timeoutMs: 100 })
        const { a, b } = await stage.pair()
        for (let i = 0; i < 20; i++) {
          a.link.write(bytes(10))
          await stage.world.run(1)
        }
        await stage.world.settle()
        if (a.log.length === 0) ends.alive++
        else if (a.log[0]!.endsWith('reset')) {
          ends.reset++
          expect(b.log.at(-1), `seed ${seed}`).to.match(/reset$/)
        } else {
          ends.silent++
          expect(b.log.every(line => line.includes('data')), `seed ${seed}`).to.equal(true)
        }
      }
      // 0.95 ^ 20 = 0.36 survive.
      expect(ends.alive).to.be.within(50, 95)
      expect(ends.reset).to.be.within(40, 90)
      expect(ends.silent).to.be.within(40, 90)
    })
  })
})
