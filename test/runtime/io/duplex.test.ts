import { expect } from 'chai'
import { Duplex, PassThrough } from 'node:stream'
import { DuplexLink, type Carrier } from '../../../src/runtime/io/duplex-link.js'
import { linkOver, type WebPair } from '../../../src/runtime/io/duplex.js'
import { linkContract } from './link-contract.js'
import { call, LinkStage, text, type PairWorld } from './link-kit.js'
import { realSystems } from './real-world.js'

const names = { localAddress: 'a', remoteAddress: 'b' }

/** One of two streams that are each other's other end. */
class Half extends Duplex {
  other!: Half
  private wanted: (() => void) | null = null

  override _read (): void {
    const { wanted } = this
    this.wanted = null
    wanted?.()
  }

  override _write (bytes: Uint8Array, _encoding: string, done: () => void): void {
    this.other.wanted = done
    this.other.push(bytes)
  }

  override _final (done: () => void): void {
    this.other.push(null)
    done()
  }

  override _destroy (error: Error | null, done: (error: Error | null) => void): void {
    const { other, readableEnded, writableFinished } = this
    if (!(readableEnded && writableFinished) && !other.destroyed) other.destroy(Object.assign(new Error('gone'), { code: 'ECONNRESET' }))
    done(error)
  }
}

function halves (): readonly [Half, Half] {
  const [a, b] = [new Half(), new Half()]
  a.other = b
  b.other = a
  return [a, b]
}

function webPairs (): readonly [WebPair, WebPair] {
  const [there, back] = [new TransformStream<Uint8Array, Uint8Array>(), new TransformStream<Uint8Array, Uint8Array>()]
  return [{ readable: back.readable, writable: there.writable }, { readable: there.readable, writable: back.writable }]
}

function world (make: () => readonly [Duplex | WebPair, Duplex | WebPair]): () => PairWorld {
  return () => {
    const systems = realSystems()
    return {
      ...systems,
      pair () {
        const [a, b] = make()
        return [linkOver(systems.here, a, names), linkOver(systems.there, b, { localAddress: 'b', remoteAddress: 'a' })]
      }
    }
  }
}

const pairOf = (stage: LinkStage<PairWorld>): ReturnType<PairWorld['pair']> => stage.world.pair()

describe('link over streams of Node', () => {
  linkContract(world(halves), async stage => Promise.resolve(pairOf(stage)), { lends: false, resets: true, watchesPaused: true })

  let stage: LinkStage<PairWorld>

  beforeEach(() => { stage = new LinkStage(world(halves)()) })
  afterEach(async () => { await stage.end() })

  it('never calls back in the stack of a call, also where the stream does', async () => {
    const ear = stage.ear(linkOver(stage.world.here, new PassThrough(), names))
    // A long one is not kept until the run is over.
    for (let i = 0; i < 4; i++) call(() => ear.link.write(new Uint8Array(100_000)))
    call(() => { ear.link.end() })
    await stage.until(() => ear.reason !== undefined)
    expect([ear.length, ear.log]).to.deep.equal([400_000, ['data', 'end', 'drain', 'ended']])
  })

  it('fails when the stream brings no bytes', async () => {
    const stream = new PassThrough()
    stream.setEncoding('utf8')
    const ear = stage.ear(linkOver(stage.world.here, stream, names))
    call(() => ear.link.write(text('words')))
    await stage.until(() => ear.reason !== undefined)
    expect([ear.reason, ear.log, stream.destroyed]).to.deep.equal(['failed', ['failed'], true])
    expect(ear.error).to.be.instanceOf(TypeError)
  })

  it('tells the stream\'s own error', async () => {
    for (const [code, reason] of [['ETIMEDOUT', 'timed-out'], ['EPIPE', 'reset'], ['EWHATEVER', 'failed']] as const) {
      const stream = new PassThrough()
      const ear = stage.ear(linkOver(stage.world.here, stream, names))
      const error = Object.assign(new Error('as planned'), { code })
      stream.destroy(error)
      await stage.until(() => ear.reason !== undefined)
      expect([ear.reason, ear.error]).to.deep.equal([reason, error])
    }
  })

  it('takes a stream that is destroyed without a word for reset', async () => {
    const stream = new PassThrough()
    const ear = stage.ear(linkOver(stage.world.here, stream, names))
    stream.destroy()
    await stage.until(() => ear.reason !== undefined)
    expect(ear.log).to.deep.equal(['reset'])
  })

  it('waits awake for an answer to what is short and has left, and for nothing else', async () => {
    const told: string[] = []
    const busyPoll = { asked: () => { told.push('asked') }, answered: () => { told.push('answered') } }
    const carrier: Carrier = { breakUp: duplex => { duplex.destroy() }, frees: false, busyPoll }
    let takes = true
    const stream = new Duplex({ read () {}, write (_bytes, _encoding, done) { if (takes) done() }, writev (_parts, done) { if (takes) done() } })
    const ear = stage.ear(new DuplexLink(stage.world.here, { kind: 'stream', ...names }, stream, carrier))
    const saying = async (...sizes: number[]): Promise<string> => {
      for (const bytes of sizes) call(() => ear.link.write(new Uint8Array(bytes)))
      await stage.idle()
      return told.splice(0).join()
    }
    expect(await saying(1)).to.equal('asked')
    expect(await saying(4000, 50, 46)).to.equal('asked')
    expect(await saying(4000, 50, 47)).to.equal('')
    expect(await saying(4097)).to.equal('')
    stream.push(text('an answer'))
    expect(await saying()).to.equal('answered')
    takes = false
    expect(await saying(1)).to.equal('')
    expect(ear.text).to.equal('an answer')
  })

  it('refuses what cannot be a link', () => {
    const { here } = stage.world
    const ended = new PassThrough()
    ended.destroy()
    for (const stream of [new PassThrough({ objectMode: true }), ended]) expect(() => linkOver(here, stream, names)).to.throw(TypeError, 'stream')
    expect(() => linkOver(here, new PassThrough(), { ...names, extra: 1 } as typeof names)).to.throw(TypeError, 'extra')
    expect(here.handles.size).to.equal(0)
  })
})

describe('link over WHATWG streams', () => {
  linkContract(world(webPairs), async stage => Promise.resolve(pairOf(stage)), { lends: false, resets: true, watchesPaused: true })
})
