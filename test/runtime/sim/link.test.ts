/** The contract of raw links (src/runtime/io/raw-link.ts), as simulated ones keep it. */
import { expect } from 'chai'
import { bytes, End, endStages, Stage, text } from './stage.js'

describe('simulated link', () => {
  afterEach(endStages)

  describe('opening', () => {
    it('takes one round trip for who connects, and half of one more for who accepts', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { latencyMs: 10 })
      const { ends: bs } = stage.listen('bob')
      const opened: number[] = []
      const { outcomes } = stage.connect('alice', 'bob:4001')
      expect(outcomes, 'never in the stack of the caller').to.deep.equal([])
      await stage.world.run(29.9)
      expect(bs).to.have.length(0)
      await stage.world.run(0.1)
      bs.forEach(() => opened.push(stage.now()))
      expect({ outcomes, opened }).to.deep.equal({ outcomes: ['20 open'], opened: [30] })
    })

    it('tells both addresses at both ends', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      expect(a.link.remoteAddress).to.equal('bob:4001')
      expect(b.link.localAddress).to.equal('bob:4001')
      expect(a.link.localAddress).to.match(/^alice:\d{5}$/).and.to.equal(b.link.remoteAddress)
    })

    it('uses IP addresses where hosts have them, each kind for itself', async () => {
      const stage = new Stage(1, [])
      const { network } = stage.world
      network.host('alice', { addresses: ['10.0.0.1', 'fd00::1'] })
      network.host('bob', { addresses: ['10.0.0.2', 'fd00::2'] })
      for (const name of ['alice', 'bob']) stage.systems.set(name, stage.world.system({ name }))
      const bs: End[] = []
      for (const address of ['0.0.0.0:80', '[::]:81']) {
        stage.hold(network.port(stage.system('bob')).listen(address, {
          onLink: link => {
            bs.push(new End(stage.now, link))
            stage.hold(link)
          },
          onFailure: () => {}
        }))
      }
      const four = stage.connect('alice', '10.0.0.2:80')
      const six = stage.connect('alice', '[fd00::2]:81')
      const wrong = stage.connect('alice', '[fd00::2]:80')
      await stage.world.settle()
      expect(four.ends[0]!.link.localAddress).to.match(/^10\.0\.0\.1:\d+$/)
      expect(six.ends[0]!.link.localAddress).to.match(/^\[fd00::1\]:\d+$/)
      expect(bs.map(({ link }) => link.localAddress).sort()).to.deep.equal(['10.0.0.2:80', '[fd00::2]:81'])
      expect(wrong.outcomes).to.deep.equal(['2 refused'])
      expect(() => network.host('carol', { addresses: ['10.0.0.1'] })).to.throw(TypeError, "belongs to 'alice'")
    })

    it('is refused where nobody listens, after a round trip', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { latencyMs: 10 })
      const { outcomes } = stage.connect('alice', 'bob:4001')
      await stage.world.settle()
      expect(outcomes).to.deep.equal(['20 refused'])
      expect(stage.ledger).to.deep.equal([])
    })

    it('is refused once the listener is closed; links that it accepted live on', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      const { outcomes } = stage.connect('alice', 'bob:4001')
      await stage.world.settle()
      expect(outcomes).to.deep.equal(['6 refused'])
      a.link.write(text('still here'))
      await stage.world.settle()
      expect(b.text).to.equal('still here')
    })

    it('is reset when the listener closes between the first packet and the last', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { latencyMs: 10 })
      const { ends: bs, listener } = stage.listen('bob')
      const { ends, outcomes } = stage.connect('alice', 'bob:4001')
      await stage.world.run(25)
      listener[Symbol.dispose]()
      await stage.world.settle()
      expect(outcomes).to.deep.equal(['20 open'])
      expect(ends[0]!.log).to.deep.equal(['40 reset'])
      expect(bs).to.have.length(0)
      expect(stage.ledger).to.deep.equal([])
    })

    it('finds no way to a host that is not there', async () => {
      const stage = new Stage(1)
      const { outcomes } = stage.connect('alice', '10.9.9.9:1')
      await stage.world.settle()
      expect(outcomes).to.deep.equal(['2 unreachable'])
    })

    it('times out where nobody answers', async () => {
      const stage = new Stage(1)
      stage.listen('bob')
      stage.world.network.partition(['alice'], ['bob'])
      const { outcomes } = stage.connect('alice', 'bob:4001', { timeoutMs: 3000 })
      await stage.world.settle()
      expect(outcomes).to.deep.equal(['3000 timed-out'])
      expect(stage.ledger).to.deep.equal(['listener bob:4001 on bob'])
    })

    it('succeeds when the way is there again in time', async () => {
      const stage = new Stage(1)
      stage.listen('bob')
      stage.world.network.partition(['alice'], ['bob'])
      const { outcomes } = stage.connect('alice', 'bob:4001', { timeoutMs: 3000 })
      await stage.world.run(500)
      stage.world.network.heal()
      await stage.world.settle()
      expect(outcomes, 'sent again at 200 and 600').to.deep.equal(['602 open'])
    })

    it('can be given up, without any callback', async () => {
      for (const afterMs of [0, 0.5, 1.5]) {
        const stage = new Stage(1)
        const { ends: bs } = stage.listen('bob')
        const { outcomes, attempt } = stage.connect('alice', 'bob:4001')
        await stage.world.run(afterMs)
        attempt[Symbol.dispose]()
        attempt[Symbol.dispose]()
        await stage.world.settle()
        expect({ outcomes, bs, open: stage.ledger }, `after ${afterMs} ms`).to.deep.equal({ outcomes: [], bs: [], open: ['listener bob:4001 on bob'] })
      }
    })

    it('is the owner\'s: giving up afterwards does nothing', async () => {
      const stage = new Stage(1)
      stage.listen('bob')
      const { ends, attempt } = stage.connect('alice', 'bob:4001')
      await stage.world.settle()
      attempt[Symbol.dispose]()
      expect(ends[0]!.link.closed).to.equal(false)
    })

    it('of a link that nobody takes ends in a reset', async () => {
      const stage = new Stage(1)
      stage.hold(stage.world.network.port(stage.system('bob')).listen('bob:1', { onLink: () => {}, onFailure: () => {} }))
      const { ends } = stage.connect('alice', 'bob:1')
      await stage.world.settle()
      expect(ends[0]!.log).to.deep.equal(['4 reset'])
      expect(stage.ledger).to.deep.equal(['listener bob:1 on bob'])
    })

    it('to oneself works', async () => {
      const stage = new Stage(1, ['alice'])
      const { a, b } = await stage.pair('alice', 'alice')
      a.link.write(text('me'))
      b.link.write(text('too'))
      await stage.world.settle()
      expect([a.text, b.text]).to.deep.equal(['too', 'me'])
    })
  })

  describe('listening', () => {
    it('tells the port that was chosen', async () => {
      const stage = new Stage(1)
      const { addresses } = stage.listen('bob', 0)
      expect(addresses).to.deep.equal([])
      await stage.world.settle()
      expect(addresses).to.have.length(1)
      const { ends } = stage.connect('alice', addresses[0]!)
      await stage.world.settle()
      expect(ends).to.have.length(1)
    })

    it('fails on an address that is in use, or not its own', async () => {
      const stage = new Stage(1)
      stage.listen('bob')
      const again = stage.listen('bob')
      const strange: string[] = []
      stage.world.network.port(stage.system('bob')).listen('alice:1', { onLink: () => {}, onFailure: ({ code }) => strange.push(code) })
      expect(again.failures).to.deep.equal([])
      await stage.world.settle()
      expect(again.failures).to.deep.equal([{ code: 'in-use', address: 'bob:4001' }])
      expect(strange).to.deep.equal(['not-local'])
      expect(stage.ledger).to.deep.equal(['listener bob:4001 on bob'])
    })

    it('refuses what is no address', () => {
      const stage = new Stage(1)
      for (const address of ['bob', 'bob:x', ':1', 'bob:70000', '::1:80']) {
        expect(() => stage.connect('alice', address), address).to.throw(TypeError, address)
      }
      expect(() => stage.connect('alice', 'bob:1', { timeoutMs: NaN })).to.throw(RangeError, 'timeoutMs')
    })
  })

  describe('data', () => {
    it('arrives in order, both ways at once', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      for (let i = 0; i < 50; i++) {
        a.link.write(text(`${i},`))
        b.link.write(text(`${-i},`))
      }
      await stage.world.settle()
      expect(b.text).to.equal(Array.from({ length: 50 }, (_, i) => `${i},`).join(''))
      expect(a.text).to.equal(Array.from({ length: 50 }, (_, i) => `${-i},`).join(''))
      expect([a.link.bytesWritten, b.link.bytesRead]).to.deep.equal([b.received.length, b.received.length])
    })

    it('is passed on as it is, without a copy', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      const whole = bytes(100)
      let got: Uint8Array | undefined
      b.onData = view => { got = view }
      a.link.write(whole.subarray(10, 20))
      await stage.world.settle()
      expect(got!.buffer).to.equal(whole.buffer)
      expect([got!.byteOffset, got!.length]).to.deep.equal([10, 10])
    })

    it('that is only lent is gone after the callback', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { lends: true })
      const { a, b } = await stage.pair()
      let kept: Uint8Array | undefined
      let seen = ''
      b.onData = view => {
        kept = view
        seen = Buffer.from(view).toString()
      }
      const mine = text('mine')
      a.link.write(mine)
      await stage.world.settle()
      expect(b.link.lends).to.equal(true)
      expect(seen).to.equal('mine')
      expect([...kept!]).to.deep.equal([0xdd, 0xdd, 0xdd, 0xdd])
      expect(Buffer.from(mine).toString(), 'the memory of the sender is left alone').to.equal('mine')
    })

    it('of no length is nothing', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      expect(a.link.write(new Uint8Array(0))).to.equal(true)
      await stage.world.settle()
      expect(b.log).to.deep.equal([])
    })

    it('of the wrong kind is refused', async () => {
      const stage = new Stage(1)
      const { a } = await stage.pair()
      expect(() => a.link.write('text' as unknown as Uint8Array)).to.throw(TypeError, 'bytes')
    })

    it('waits until somebody listens', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair('alice', 'bob', 4001, false)
      a.link.write(text('early'))
      a.link.end()
      await stage.world.run(100)
      b.attach()
      expect(b.log).to.deep.equal([])
      await stage.world.settle()
      expect(b.log).to.deep.equal(['104 data 5', '104 end'])
    })

    it('waits on the way from one listener to the next', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      b.onData = () => { b.link.detach() }
      a.link.write(text('one'))
      a.link.write(text('two'))
      await stage.world.settle()
      expect(b.text).to.equal('one')
      const next = new End(stage.now, b.link)
      await stage.world.settle()
      expect([b.text, next.text]).to.deep.equal(['one', 'two'])
    })
  })

  describe('half close', () => {
    it('comes behind the data, and leaves the other direction open', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      a.link.write(text('bye'))
      a.link.end()
      a.link.end()
      await stage.world.run(10)
      expect(b.log).to.deep.equal(['5 data 3', '5 end'])
      b.link.write(text('a last word'))
      await stage.world.run(10)
      expect(a.log).to.deep.equal(['15 data 11'])
      expect([a.link.closed, b.link.closed]).to.deep.equal([false, false])
      b.link.end()
      await stage.world.settle()
      expect(a.log).to.deep.equal(['15 data 11', '25 end', '25 ended'])
      expect(b.log).to.deep.equal(['5 data 3', '5 end', '24 ended'])
      expect(stage.ledger).to.deep.equal([])
    })

    it('of both at once closes the link', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      a.link.end()
      b.link.end()
      expect(a.log).to.deep.equal([])
      await stage.world.settle()
      expect([a.log, b.log]).to.deep.equal([['5 end', '5 ended'], ['5 end', '5 ended']])
    })

    it('waits for a slow line, and so does the close', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { bytesPerSecond: 1000 })
      const { a, b } = await stage.pair()
      b.link.end()
      a.link.write(bytes(1000))
      a.link.write(bytes(1000))
      a.link.end()
      await stage.world.settle()
      expect(b.log).to.deep.equal(['1005 data 1000', '2005 data 1000', '2005 end', '2005 ended'])
      expect(a.log).to.deep.equal(['5 end', '1004 ended'])
    })

    it('refuses to write behind it', async () => {
      const stage = new Stage(1)
      const { a } = await stage.pair()
      a.link.end()
      expect(() => a.link.write(text('x'))).to.throw(Error, 'ended')
    })

    it('is held back by pause', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      b.link.pause()
      a.link.end()
      b.link.end()
      await stage.world.run(100)
      expect(b.log).to.deep.equal([])
      b.link.resume()
      await stage.world.settle()
      expect(b.log).to.deep.equal(['104 end', '104 ended'])
    })
  })

  describe('reset', () => {
    it('is seen by the other after the latency, and by nobody else', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { latencyMs: 10 })
      const { a, b } = await stage.pair()
      a.link.reset()
      a.link.reset()
      expect(a.link.closed).to.equal(true)
      await stage.world.settle()
      expect([a.log, b.log]).to.deep.equal([[], ['50 reset']])
      expect(stage.ledger).to.deep.equal([])
    })

    it('loses what is unread, here and there', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      a.link.pause()
      b.link.pause()
      b.link.write(text('unread here'))
      a.link.write(text('unread there'))
      await stage.world.run(10)
      a.link.reset()
      await stage.world.run(10)
      a.link.resume()
      b.link.resume()
      await stage.world.settle()
      expect([a.log, b.log]).to.deep.equal([[], ['15 reset']])
    })

    it('lets through what left before it', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      a.link.write(text('on the way'))
      a.link.reset()
      await stage.world.settle()
      expect(b.log).to.deep.equal(['5 data 10', '5 reset'])
    })

    it('loses what had not left', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { bytesPerSecond: 1000 })
      const { a, b } = await stage.pair()
      a.link.write(bytes(10))
      a.link.write(bytes(20))
      a.link.reset()
      await stage.world.settle()
      expect(b.log).to.deep.equal(['15 data 10', '15 reset'])
    })

    it('makes everything afterwards a no-op', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      a.link.reset()
      await stage.world.settle()
      for (const { link } of [a, b]) {
        expect(link.write(text('x'))).to.equal(false)
        link.end()
        link.pause()
        link.resume()
        link.reset()
        link[Symbol.dispose]()
      }
      await stage.world.settle()
      expect([a.log, b.log]).to.deep.equal([[], ['5 reset']])
    })

    it('is told to whoever listens later', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair('alice', 'bob', 4001, false)
      a.link.reset()
      await stage.world.run(100)
      expect(b.link.closed).to.equal(true)
      b.attach()
      expect(b.log).to.deep.equal([])
      await stage.world.settle()
      expect(b.log).to.deep.equal(['104 reset'])
    })

    it('of one\'s own silences even what had happened already', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair('alice', 'bob', 4001, false)
      a.link.write(text('x'))
      a.link.reset()
      await stage.world.run(100)
      b.attach()
      b.link.reset()
      await stage.world.settle()
      expect(b.log).to.deep.equal([])
    })

    it('answers data that comes for a link that is gone', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      // Nobody hears of the reset: it is lost.
      stage.world.network.partition(['alice'], ['bob'])
      a.link.reset()
      await stage.world.run(100)
      stage.world.network.heal()
      await stage.world.run(100)
      expect(b.link.closed).to.equal(false)
      b.link.write(text('anybody there?'))
      await stage.world.settle()
      expect(b.log).to.deep.equal(['206 reset'])
      expect(stage.ledger).to.deep.equal([])
    })

    it('is what disposing does', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      a.link[Symbol.dispose]()
      await stage.world.settle()
      expect(b.log).to.deep.equal(['5 reset'])
    })
  })

  describe('back-pressure', () => {
    const windowBytes = 10_000
    const highWaterMarkBytes = 5000

    it('stops the sender within window and buffer', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { windowBytes, highWaterMarkBytes, maxChunkBytes: 1000 })
      const { a, b } = await stage.pair()
      b.link.pause()
      let written = 0
      const pump = (): void => {
        while (a.link.write(bytes(700, written))) written += 700
        written += 700
      }
      a.onDrain = pump
      pump()
      await stage.world.run(1000)
      expect(written).to.be.within(windowBytes + highWaterMarkBytes, windowBytes + highWaterMarkBytes + 700)
      expect(a.link.bytesWritten).to.equal(written)
      expect(a.link.bufferedBytes).to.equal(written - windowBytes)
      expect(b.log).to.deep.equal([])
      b.link.resume()
      await stage.world.run(1)
      expect(b.received.length).to.equal(windowBytes)
      await stage.world.run(1000)
      expect(a.log.length).to.be.greaterThan(0)
      a.onDrain = undefined
      b.onData = () => {}
      await stage.world.settle()
      expect(b.received.length).to.equal(a.link.bytesWritten)
    })

    it('tells of room once, when half of the buffer is free', async () => {
      const stage = new Stage(1, ['alice', 'bob'], { bytesPerSecond: 1_000_000, highWaterMarkBytes, maxChunkBytes: 1000 })
      const { a } = await stage.pair()
      expect(a.link.write(bytes(4000))).to.equal(true)
      expect(a.link.write(bytes(4000))).to.equal(false)
      expect(a.link.bufferedBytes).to.equal(7000)
      await stage.world.settle()
      // 7000 wait; each millisecond 1000 leave.
      expect(a.log).to.deep.equal(['9 drain'])
    })

    it('pauses in the midst of a delivery', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      b.link.pause()
      for (let i = 0; i < 5; i++) a.link.write(text(`${i}`))
      await stage.world.run(10)
      b.onData = () => { b.link.pause() }
      for (let i = 1; i <= 5; i++) {
        b.link.resume()
        await stage.world.run(1)
        expect(b.text).to.equal('01234'.slice(0, i))
      }
    })

    it('resumes within a callback', async () => {
      const stage = new Stage(1)
      const { a, b } = await stage.pair()
      b.onData = () => {
        b.link.pause()
        b.link.resume()
      }
      for (let i = 0; i < 5; i++) a.link.write(text(`${i}`))
      await stage.world.settle()
      expect(b.text).to.equal('01234')
    })
  })
})
