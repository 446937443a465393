/** The path of an upgraded link, as a muxed link between two actors. */
import { expect } from 'chai'
import type { ErrorCode } from '../../../src/messages/errors.js'
import type { StreamBuffer } from '../../../src/runtime/bytes/stream-buffer.js'
import { alice, bob, bytesOf, codesOf, Duo, echo, readAll, securityNames, type DuoOptions, type Side } from './kit.js'

const duos: Duo[] = []
const upgraded = async (options: DuoOptions = {}): Promise<Duo> => {
  const one = new Duo(options)
  duos.push(one)
  return await one.upgraded()
}

const keep = (streams: StreamBuffer[]) => (stream: StreamBuffer): void => { streams.push(stream) }

/** Runs, and looks at both after each event. */
async function watched (both: Duo, ms: number, look: (side: Side) => void): Promise<void> {
  const { world } = both
  const step = world.scheduler.step.bind(world.scheduler)
  world.scheduler.step = () => {
    step()
    look(both.alice)
    look(both.bob)
  }
  try {
    await world.run(ms)
  } finally {
    world.scheduler.step = step
  }
}

describe('path of a connection', () => {
  afterEach(async () => {
    for (const one of duos.splice(0)) await one.end()
  })

  describe('carries', () => {
    for (const name of securityNames) {
      for (const lends of [false, true]) {
        it(`100 streams at once over ${name}, a narrow link that ${lends ? 'lends' : 'gives'}`, async () => {
          const highWaterMarkBytes = 1000
          const both = await upgraded({
            shape: { lends, highWaterMarkBytes, windowBytes: 8192, maxChunkBytes: 5000, splits: true },
            alice: { securities: [alice[name]] },
            bob: { securities: [bob[name]] }
          })
          const echoed = Array.from({ length: 100 }, async (_, n) => {
            const [opener, length] = [n % 2 === 0 ? both.alice : both.bob, 100 + n * 97]
            const stream = opener.open()
            const writing = (async () => {
              for (let at = 0; at < length; at += 700) await stream.write(bytesOf(length, n).subarray(at, Math.min(at + 700, length)))
              await stream.close()
            })()
            const got = await readAll(stream)
            await writing
            expect(Buffer.compare(got, bytesOf(length, n)), `stream ${n}`).to.equal(0)
          })
          await watched(both, 60_000, side => { expect(side.link.bufferedBytes).to.be.at.most(highWaterMarkBytes + 2 * 65_537) })
          await both.world.until(Promise.all(echoed))
          for (const { path } of [both.alice, both.bob]) {
            expect(path.stats).to.include({ inboundStreams: 0, outboundStreams: 0, unreadBytes: 0, queuedBytes: 0 })
            expect(path.stats.bytesRead).to.be.above(200_000)
          }
        })
      }
    }

    it('megabytes in frames that hold several streams, to readers by pieces and readers into their own memory', async () => {
      for (const name of securityNames) {
        const both = await upgraded({ shape: { lends: true, maxChunkBytes: 200_000 }, alice: { securities: [alice[name]] }, bob: { securities: [bob[name]] } })
        const reading: Array<Promise<void>> = []
        both.bob.onStream = stream => { reading.push(read(stream, reading.length)) }
        const length = 400_000
        const contents = Array.from({ length: 12 }, (_, n) => bytesOf(length, n))
        const read = async (stream: StreamBuffer, n: number): Promise<void> => {
          const all = contents[n]!
          const target = new Uint8Array(50_000 + n * 4111)
          /** Pieces are the reader's: however long he keeps them. */
          const pieces: Array<{ readonly at: number, readonly piece: Uint8Array }> = []
          let kept = 0
          for (let at = 0, turn = n; ; turn++) {
            // The third kind does both.
            const piece = n % 3 === 0 || (n % 3 === 2 && turn % 4 === 0) ? await stream.read(n % 2 === 0 ? Infinity : 9000) : undefined
            const size = piece === undefined ? await stream.readInto(target) : piece?.length ?? null
            if (size === null) {
              expect(at, `stream ${n}`).to.equal(length)
              for (const { at, piece } of pieces) expect(Buffer.compare(piece, all.subarray(at, at + piece.length)), `${name}, stream ${n}, kept from ${at}`).to.equal(0)
              expect(pieces.reduce((sum, { piece }) => sum + piece.length, 0), `stream ${n}`).to.equal(kept)
              await stream.close()
              return
            }
            expect(Buffer.compare(piece ?? target.subarray(0, size), all.subarray(at, at + size)), `${name}, stream ${n} at ${at}`).to.equal(0)
            if (piece != null) {
              pieces.push({ at, piece })
              kept += size
            }
            at += size
          }
        }
        const written = contents.map(async all => {
          const stream = both.alice.open()
          for (let at = 0; at < length; at += 30_000) await stream.write(all.subarray(at, Math.min(at + 30_000, length)))
          await stream.close()
        })
        await both.world.until(Promise.all(written))
        await both.world.until(Promise.all(reading))
        expect(reading).to.have.length(12)
        expect(both.bob.path.stats).to.include({ inboundStreams: 0, unreadBytes: 0 })
      }
    })

    it('bytes that nobody reads for long, out of memory that is used again', async () => {
      for (const name of securityNames) {
        const streams: StreamBuffer[] = []
        const both = await upgraded({ shape: { lends: true }, alice: { securities: [alice[name]] }, bob: { securities: [bob[name]] } })
        both.bob.onStream = keep(streams)
        const sent = Array.from({ length: 20 }, (_, n) => bytesOf(1 + n * 997, n))
        for (const bytes of sent) {
          const stream = both.alice.open()
          void stream.write(bytes.slice())
          void stream.close()
        }
        await both.world.run(1000)
        for (const [n, stream] of streams.entries()) expect(await both.world.until(readAll(stream)), `${name} ${n}`).to.deep.equal(Buffer.from(sent[n]!))
        expect(streams).to.have.length(20)
      }
    })

    it('without a copy where the link gives', async () => {
      const both = await upgraded({ alice: { securities: [alice.plaintext] }, bob: { securities: [bob.plaintext] } })
      const streams: StreamBuffer[] = []
      both.bob.onStream = keep(streams)
      const stream = both.alice.open()
      const sent = bytesOf(2000)
      void stream.write(sent)
      await both.world.run(10)
      expect((await both.world.until(streams[0]!.read()))!.buffer).to.equal(sent.buffer)
    })

    it('what is written in one turn in few frames', async () => {
      const both = await upgraded()
      const stream = both.alice.open()
      const before = both.alice.path.stats.bytesWritten
      for (let n = 0; n < 100; n++) void stream.write(bytesOf(10, n))
      expect(both.alice.path.stats).to.include({ bytesWritten: before, queuedBytes: 1000 })
      await both.world.run(0.5)
      // One frame of Noise, and in it one of Yamux.
      expect(both.alice.path.stats.bytesWritten - before).to.equal(2 + 12 + 1000 + 16)
    })

    it('in an order that follows from the seed', async () => {
      const history = async (seed: number): Promise<string> => {
        const both = await upgraded({ seed })
        const log: string[] = []
        await both.world.until(Promise.all([1, 2, 3, 4].map(async n => {
          const stream = both.alice.open()
          void stream.write(bytesOf(50_000, n))
          void stream.close()
          for await (const bytes of stream) log.push(`${n} ${bytes.length} ${both.world.now()}`)
        })))
        return log.join('\n')
      }
      expect(await history(1)).to.equal(await history(1))
      expect(await history(1)).to.not.equal(await history(2))
    })
  })

  describe('holds back', () => {
    it('a writer whose remote does not read', async () => {
      const streams: StreamBuffer[] = []
      const both = await upgraded()
      both.bob.onStream = keep(streams)
      const stream = both.alice.open()
      let written = 0
      let ended = false
      void (async () => {
        while (written < 10_000_000) {
          await stream.write(new Uint8Array(10_000))
          written += 10_000
        }
        await stream.close()
        ended = true
      })()
      await watched(both, 1000, ({ path }) => {
        expect(path.stats.queuedBytes).to.be.at.most(1_100_000)
        expect(path.stats.unreadBytes).to.be.at.most(262_144)
      })
      expect(written).to.be.below(1_500_000)
      expect(both.bob.path.stats.unreadBytes).to.equal(262_144)
      expect((await both.world.until(readAll(streams[0]!))).length).to.equal(10_000_000)
      expect(ended).to.equal(true)
    })

    it('the link, while more is unread than may be, and not for longer', async () => {
      const unreadBytes = 100_000
      const streams: StreamBuffer[] = []
      const both = await upgraded({ shape: { lends: true, maxChunkBytes: 10_000 }, bob: { limits: { unreadBytes }, yamux: { keepAliveMs: 1000, pongTimeoutMs: 500 } } })
      both.bob.onStream = keep(streams)
      let most = 0
      for (let n = 0; n < 50; n++) {
        const stream = both.alice.open()
        void stream.write(bytesOf(30_000, n))
        void stream.close()
      }
      // Longer than our keep-alive waits: the remote is not silent, we do not listen.
      await watched(both, 20_000, side => { if (side === both.bob) most = Math.max(most, side.path.stats.unreadBytes) })
      expect(most).to.be.within(unreadBytes, unreadBytes + 2 * 65_536)
      expect(both.bob.closing).to.equal(undefined)
      // Much less than half a window each, so no credit is due.
      let read = 0
      for (let n = 0; n < 50; n++) {
        await both.world.run(20)
        const bytes = await both.world.until(readAll(streams[n]!))
        expect(Buffer.compare(bytes, bytesOf(30_000, n)), `stream ${n}`).to.equal(0)
        read += bytes.length
      }
      expect(read).to.equal(1_500_000)
    })

    it('the link until those who hold it up are reset', async () => {
      const streams: StreamBuffer[] = []
      const both = await upgraded({ bob: { limits: { unreadBytes: 50_000 } } })
      both.bob.onStream = keep(streams)
      const stream = both.alice.open()
      void stream.write(new Uint8Array(200_000))
      await both.world.run(100)
      both.bob.onStream = echo
      const other = both.alice.open()
      void other.write(bytesOf(10))
      void other.close()
      await both.world.run(100)
      expect(other.unread).to.equal(0)
      streams[0]!.reset()
      expect((await both.world.until(readAll(other))).length).to.equal(10)
    })

    it('the growth of windows, by its own bound and by the account', async () => {
      const grown = async (side: DuoOptions['bob'] & object): Promise<number> => {
        const both = await upgraded({ shape: { latencyMs: 10 }, bob: side })
        const stream = both.alice.open()
        let most = 0
        const copying = (async () => {
          for (let n = 0; n < 400; n++) await stream.write(new Uint8Array(50_000))
          await stream.close()
        })()
        both.bob.onStream = taken => { void readAll(taken).then(() => { void taken.close() }, () => {}) }
        await watched(both, 20_000, ({ actor }) => { most = Math.max(most, actor.account.use('bytes')) })
        await both.world.until(copying)
        await both.world.run(100)
        expect(both.bob.actor.account.use('bytes'), 'given back').to.equal(0)
        return most
      }
      expect(await grown({})).to.be.above(1_500_000)
      expect(await grown({ limits: { windowGrowthBytes: 0 } })).to.equal(0)
      expect(await grown({ limits: { windowGrowthBytes: 300_000 } })).to.equal(262_144)
      expect(await grown({ account: { limits: { bytes: 1_000_000 } } })).to.equal(786_432)
    })
  })

  describe('tells', () => {
    it('the round trip, once for each question', async () => {
      const both = await upgraded({ shape: { latencyMs: 25 } })
      const { path } = both.alice
      expect(path.stats.rttMs).to.equal(undefined)
      expect([path.ping(), path.ping()]).to.deep.equal([true, false])
      await both.world.run(100)
      expect(both.alice.events).to.deep.equal(['pong'])
      expect(path.stats.rttMs).to.be.within(50, 51)
      expect(path.ping()).to.equal(true)
      await both.world.run(100)
      expect(both.alice.events).to.deep.equal(['pong', 'pong'])
    })

    it('what a limit has refused, and when there is room', async () => {
      const both = await upgraded({ alice: { yamux: { outboundStreams: 3 } }, bob: { yamux: { inboundStreams: 2 } } })
      const streams = [both.alice.open(), both.alice.open(), both.alice.open()]
      expect(both.alice.path.openStream()).to.equal('limit/streams')
      await both.world.run(100)
      expect(both.bob.events).to.deep.equal(['stream', 'stream', 'refused limit/streams'])
      expect(both.alice.events).to.deep.equal(['openable'])
      expect(streams[2]!.resetBy).to.include({ code: 'limit/streams', initiator: 'remote' })
    })

    it('a remote that is silent for too long', async () => {
      const both = await upgraded({ alice: { yamux: { keepAliveMs: 1000, pongTimeoutMs: 500 } } })
      const stream = both.alice.open()
      void stream.write(bytesOf(1))
      await both.world.run(60_000)
      expect(both.alice.closing, 'the other answers').to.equal(undefined)
      const failing = codesOf(stream.read().then(async () => await stream.read()))
      both.world.network.partition(['alice'], ['bob'])
      await both.world.run(2000)
      expect(both.alice.closing).to.deep.equal({ code: 'connection/timeout', initiator: 'local' })
      expect(await both.world.until(failing)).to.deep.equal(['stream/connection-closed', 'connection/timeout'])
      both.world.network.heal()
      await both.world.run(100_000)
      expect(both.bob.closing).to.deep.equal({ code: 'connection/reset', initiator: 'remote' })
    })
  })

  describe('ends', () => {
    it('in order once the streams have ended', async () => {
      for (const first of ['alice', 'bob'] as const) {
        const both = await upgraded()
        const closer = both[first]
        const other = both[first === 'alice' ? 'bob' : 'alice']
        const [mine, theirs] = [closer.open(), other.open()]
        void mine.write(bytesOf(5))
        void theirs.write(bytesOf(5))
        await both.world.run(10)
        closer.path.close('connection/closed')
        closer.path.close('connection/closed')
        expect(closer.path.openStream()).to.equal('connection/closed')
        await both.world.run(5000)
        expect(other.events).to.deep.equal(['stream', 'going away connection/closed'])
        expect(other.path.openStream()).to.equal('connection/closed')
        expect(closer.closing).to.equal(undefined)
        void mine.write(bytesOf(5))
        void mine.close()
        expect((await both.world.until(readAll(mine))).length).to.equal(10)
        expect(closer.closing).to.equal(undefined)
        void theirs.close()
        expect((await both.world.until(readAll(theirs))).length).to.equal(5)
        await both.world.run(100)
        expect(closer.closing).to.deep.equal({ code: 'connection/closed', initiator: 'local' })
        expect(other.closing).to.deep.equal({ code: 'connection/closed', initiator: 'remote' })
        expect([closer.link.closed, other.link.closed]).to.deep.equal([true, true])
      }
    })

    it('in order when the last stream is read long after it has ended', async () => {
      const both = await upgraded()
      const stream = both.alice.open()
      void stream.write(bytesOf(5))
      void stream.close()
      await both.world.run(100)
      both.alice.path.close('connection/closed')
      await both.world.run(3000)
      expect(both.alice.closing).to.equal(undefined)
      expect((await both.world.until(readAll(stream))).length).to.equal(5)
      await both.world.run(100)
      expect(both.alice.closing).to.deep.equal({ code: 'connection/closed', initiator: 'local' })
    })

    it('in order from both sides at once', async () => {
      for (let seed = 1; seed <= 10; seed++) {
        const both = await upgraded({ seed })
        both.alice.path.close('connection/closed')
        both.bob.path.close('connection/closed')
        await both.world.run(100)
        for (const side of [both.alice, both.bob]) expect(side.closing).to.deep.equal({ code: 'connection/closed', initiator: 'local' })
      }
    })

    it('at once with a code, which the other gets', async () => {
      for (const name of securityNames) {
        for (const code of ['connection/trimmed', 'connection/shutdown', 'connection/supplanted', 'limit/connections'] as const) {
          const both = await upgraded({ alice: { securities: [alice[name]] }, bob: { securities: [bob[name]] } })
          const stream = both.alice.open()
          const readings = [codesOf(readAll(stream))]
          void stream.write(bytesOf(5))
          both.bob.onStream = taken => { readings.push(codesOf(readAll(taken))) }
          await both.world.run(10)
          both.alice.path.close(code)
          await both.world.run(100)
          expect(both.alice.closing).to.deep.equal({ code, initiator: 'local' })
          expect(both.bob.closing).to.deep.equal({ code, initiator: 'remote' })
          expect(await both.world.until(Promise.all(readings))).to.deep.equal([['stream/connection-closed', code], ['stream/connection-closed', code]])
        }
      }
    })

    it('sooner when a failure follows an orderly close', async () => {
      const both = await upgraded()
      both.alice.open()
      both.alice.path.close('connection/closed')
      await both.world.run(100)
      both.alice.path.close('connection/shutdown')
      await both.world.run(100)
      expect(both.alice.closing).to.deep.equal({ code: 'connection/shutdown', initiator: 'local' })
    })

    it('after a while though the remote does not close', async () => {
      const both = await upgraded({ bob: { attach: false }, alice: { limits: { lingerMs: 300 } } })
      both.alice.path.close('connection/trimmed')
      await both.world.run(299)
      expect(both.alice.closing).to.equal(undefined)
      await both.world.run(2)
      expect(both.alice.closing).to.deep.equal({ code: 'connection/trimmed', initiator: 'local' })
      both.alice.actor.release(both.alice.path)
    })

    it('when the link breaks, with what broke it', async () => {
      const ways: Array<readonly [(both: Duo) => void, ErrorCode, string]> = [
        [both => { both.bob.link.reset() }, 'connection/reset', 'remote'],
        [both => { both.bob.path[Symbol.dispose]() }, 'connection/reset', 'remote'],
        [both => { both.bob.link.end() }, 'connection/reset', 'remote'],
        [both => { both.world.network.partition(['alice'], ['bob']) }, 'connection/timeout', 'local']
      ]
      for (const [way, code, initiator] of ways) {
        const both = await upgraded({ shape: { timeoutMs: 1000 } })
        const stream = both.alice.open()
        void stream.write(bytesOf(5))
        const writing = codesOf(stream.write(new Uint8Array(2_000_000)))
        both.bob.onStream = () => {}
        await both.world.run(100)
        way(both)
        // Something must be on the way to be missed.
        both.alice.path.ping()
        await both.world.run(2000)
        expect(both.alice.closing).to.deep.equal({ code, initiator })
        expect(await both.world.until(writing)).to.deep.equal(['stream/connection-closed', code])
        expect(stream.resetBy).to.include({ code: 'stream/connection-closed', initiator })
      }
    })

    it('in order when the remote ends a link without streams', async () => {
      const both = await upgraded()
      both.bob.link.end()
      await both.world.run(100)
      expect(both.alice.closing).to.deep.equal({ code: 'connection/closed', initiator: 'remote' })
    })

    it('when the remote breaks a rule, and tells it where it can', async () => {
      for (const name of ['noise', 'plaintext'] as const) {
        const both = await upgraded({ alice: { securities: [alice[name]] }, bob: { securities: [bob[name]] } })
        const stream = both.bob.open()
        both.alice.link.write(new Uint8Array(3000).fill(9))
        await both.world.run(100)
        expect(both.bob.closing, name).to.deep.equal({ code: 'connection/protocol-violation', initiator: 'remote' })
        expect(both.alice.closing?.code, name).to.equal(name === 'noise' ? 'connection/reset' : 'connection/protocol-violation')
        expect(await codesOf(stream.read())).to.deep.equal(['stream/connection-closed', 'connection/protocol-violation'])
      }
    })

    it('with its owner, who crashes where it is called back', async () => {
      const both = await upgraded()
      both.bob.onStream = () => { throw new Error('as told') }
      const stream = both.alice.open()
      const reading = codesOf(stream.read())
      await both.world.run(100)
      expect(both.bob.ref.alive).to.equal(false)
      expect(both.alice.closing).to.deep.equal({ code: 'connection/reset', initiator: 'remote' })
      expect(await both.world.until(reading)).to.deep.equal(['stream/connection-closed', 'connection/reset'])
    })

    it('in any state, from any callback, once', async () => {
      const acts: Readonly<Record<string, (side: Side) => void>> = {
        close: side => { side.path.close('connection/closed') },
        trim: side => { side.path.close('connection/trimmed') },
        dispose: side => { side.path[Symbol.dispose]() },
        release: side => { side.actor.release(side.path) },
        kill: side => { side.actor.kill(side.actor.self) }
      }
      for (const [name, act] of Object.entries(acts)) {
        for (const moment of ['before', 'attached', 'stream', 'read', 'reset', 'going away', 'pong', 'draining', 'ending', 'closed'] as const) {
          const both = await upgraded({ bob: { attach: false } })
          const { bob: side } = both
          const stream = both.alice.open()
          void stream.write(bytesOf(10))
          const hooked = { ...side.listener }
          const when = (hook: keyof typeof hooked): void => {
            const told = hooked[hook] as (...args: unknown[]) => void
            Object.assign(hooked, { [hook]: (...args: unknown[]) => {
              act(side)
              told(...args)
            } })
          }
          if (moment === 'stream') when('onStream')
          else if (moment === 'pong') when('onPong')
          else if (moment === 'going away') when('onGoAway')
          else if (moment === 'closed') when('onClose')
          side.onStream = taken => {
            if (moment === 'read') taken.tap({ onBytes: () => { act(side) }, onEnd: () => {} })
            else if (moment === 'reset') taken.watch({ onReset: () => { act(side) } })
          }
          if (moment === 'before') act(side)
          if (side.ref.alive && !(moment === 'before')) side.path.attach(side.actor, hooked)
          if (moment === 'attached') act(side)
          await both.world.run(20)
          if (moment === 'reset') stream.reset()
          if (moment === 'pong') side.path.ping()
          if (moment === 'going away' || moment === 'closed') both.alice.path.close(moment === 'closed' ? 'connection/trimmed' : 'connection/closed')
          if (moment === 'draining' || moment === 'ending') side.path.close(moment === 'draining' ? 'connection/closed' : 'connection/supplanted')
          if (moment === 'ending') await both.world.run(0.1)
          if (moment === 'draining' || moment === 'ending') act(side)
          await both.world.run(5000)
          const where = `${name} ${moment}`
          const quiet = name !== 'close' && name !== 'trim'
          if (quiet && moment !== 'closed') expect(side.closing, where).to.equal(undefined)
          if (name !== 'close') expect(side.link.closed, where).to.equal(true)
          if (name === 'trim' && !['before', 'closed', 'ending'].includes(moment)) expect(side.closing, where).to.deep.equal({ code: 'connection/trimmed', initiator: 'local' })
          await both.end()
          duos.length = 0
        }
      }
    })

    it('at any step of a busy life', async () => {
      for (let seed = 1; seed <= 60; seed++) {
        const name = securityNames[seed % 4]!
        const both = await upgraded({ seed, shape: { lends: seed % 2 === 0, highWaterMarkBytes: 1000, splits: true }, alice: { securities: [alice[name]] }, bob: { securities: [bob[name]] } })
        for (let n = 0; n < 5; n++) {
          const stream = (n % 2 === 0 ? both.alice : both.bob).open()
          void stream.write(bytesOf(n * 10_000)).catch(() => {})
          void stream.close().catch(() => {})
          void readAll(stream).catch(() => {})
        }
        for (let n = 0; n < seed * 7; n++) both.world.scheduler.step()
        const { path } = seed % 2 === 0 ? both.alice : both.bob
        if (seed % 5 === 0) both.world.network.connections()[0]?.drop()
        else if (seed % 3 === 0) path[Symbol.dispose]()
        else path.close(seed % 7 === 0 ? 'connection/closed' : 'connection/shutdown')
        await both.world.run(seed % 5 === 0 ? 0 : 10_000)
        await both.end()
        duos.length = 0
      }
    })
  })
})
