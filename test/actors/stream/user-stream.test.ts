import { expect } from 'chai'
import { UserStream } from '../../../src/actors/stream/stream.js'
import { isErrorCode, NetworkError } from '../../../src/messages/errors.js'
import { encodeVarint, prefixLength } from '../../../src/messages/wire/varint.js'
import type { StreamCarrier, StreamReset } from '../../../src/runtime/bytes/byte-stream.js'
import { StreamBuffer } from '../../../src/runtime/bytes/stream-buffer.js'
import { joined } from '../../../src/runtime/bytes/joined.js'
import { concat, utf8 } from '../../core/support/recorder.js'
import { pieces } from '../../core/support/splits.js'
import { bob, codeOf } from '../support/streams-stage.js'

/** A stream, and the hand that holds its other end. */
class Pair implements StreamCarrier {
  readonly host = {
    settle: null,
    frees: false,
    error: ({ code, initiator }: StreamReset) => isErrorCode(code) ? new NetworkError(code, { initiator }) : new Error(code)
  }

  readonly buffer = new StreamBuffer(7, this)
  readonly stream: UserStream
  credit = 0

  constructor () {
    this.stream = new UserStream(this.buffer, { protocol: '/x/1', direction: 'inbound', info: { path: '/node/connections/3', peer: bob }, self: { path: '/node/connections/3/streams/1' } })
  }

  consumed (bytes: number): void { this.credit += bytes }
  wanted (): void {}
  hasRoom (queued: number): boolean { return queued < 100_000 }
  reset (code: string): void { this.buffer.abort({ code, initiator: 'local' }) }

  arrive (...parts: readonly Uint8Array[]): this {
    for (const bytes of parts) this.buffer.push(bytes.slice(), 0, bytes.length)
    return this
  }

  end (): this {
    this.buffer.end()
    return this
  }

  get sent (): Uint8Array {
    const parts: Uint8Array[] = []
    for (let bytes = this.buffer.next(Infinity); bytes !== undefined; bytes = this.buffer.next(Infinity)) parts.push(bytes)
    this.buffer.sent(this.buffer.endDue)
    return concat(parts)
  }
}

const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255)
const settle = async (): Promise<void> => { await new Promise(resolve => setImmediate(resolve)) }

describe('user stream', () => {
  it('says what it is', () => {
    const { stream } = new Pair()
    expect(stream).to.include({ id: 7, protocol: '/x/1', direction: 'inbound', peer: bob, connection: '/node/connections/3', path: '/node/connections/3/streams/1' })
    expect([stream.unread, stream.queued, stream.remoteEnded, stream.closing, stream.resetBy, stream.finished]).to.deep.equal([0, 0, false, false, undefined, false])
  })

  it('reads into memory of the reader, first what was put back', async () => {
    const pair = new Pair().arrive(bytes(3)).end()
    expect(await codeOf(pair.stream.readExactly(5))).to.equal('stream/ended')
    const empty = await pair.stream.readInto(new Uint8Array(0)).catch((error: unknown) => error)
    expect(empty).to.be.instanceOf(RangeError)
    const target = new Uint8Array(2)
    expect([await pair.stream.readInto(target), ...target]).to.deep.equal([2, ...bytes(3).subarray(0, 2)])
    expect([await pair.stream.readInto(target), target[0]]).to.deep.equal([1, bytes(3)[2]])
    expect(await pair.stream.readInto(target)).to.equal(null)
  })

  describe('readExactly', () => {
    it('gives exactly so many bytes, for every split, and leaves the rest', async () => {
      const sent = bytes(40)
      for (let size = 1; size <= 40; size++) {
        const pair = new Pair().arrive(...pieces(sent, size)).end()
        expect(await pair.stream.readExactly(0)).to.deep.equal(new Uint8Array(0))
        expect(await pair.stream.readExactly(17)).to.deep.equal(sent.subarray(0, 17))
        expect(await pair.stream.readExactly(3)).to.deep.equal(sent.subarray(17, 20))
        expect(await pair.stream.readAll({ maxBytes: 20 })).to.deep.equal(sent.subarray(20))
        expect(await pair.stream.read()).to.equal(null)
        expect(pair.credit).to.equal(40)
      }
    })

    it('waits for what has not come', async () => {
      const pair = new Pair()
      const reading = pair.stream.readExactly(3)
      for (let i = 0; i < 3; i++) {
        await settle()
        pair.arrive(Uint8Array.of(i))
      }
      expect(await reading).to.deep.equal(Uint8Array.of(0, 1, 2))
    })

    it('fails when the remote ends before, and what has come can be read still', async () => {
      const pair = new Pair().arrive(utf8('ab'), utf8('c')).end()
      expect(await codeOf(pair.stream.readExactly(4))).to.equal('stream/ended')
      expect(pair.stream.unread).to.equal(3)
      expect(await pair.stream.readAll({ maxBytes: 3 })).to.deep.equal(utf8('abc'))
    })

    it('fails with the code of a reset', async () => {
      const pair = new Pair().arrive(utf8('ab'))
      const reading = codeOf(pair.stream.readExactly(4))
      await settle()
      pair.buffer.abort({ code: 'stream/trimmed', initiator: 'remote' })
      expect(await reading).to.equal('stream/trimmed')
      expect(pair.stream.unread).to.equal(0)
      expect(await codeOf(pair.stream.read())).to.equal('stream/trimmed')
    })

    it('refuses lengths that are none', async () => {
      const { stream } = new Pair()
      for (const length of [-1, 1.5, Number.NaN, Infinity, '3' as never]) {
        expect(await stream.readExactly(length).catch((error: unknown) => error)).to.be.instanceOf(RangeError)
      }
    })
  })

  describe('readAll', () => {
    it('gives all, up to maxBytes exactly', async () => {
      for (const size of [1, 3, 10]) {
        expect(await new Pair().arrive(...pieces(bytes(10), size)).end().stream.readAll({ maxBytes: 10 })).to.deep.equal(bytes(10))
      }
      expect(await new Pair().end().stream.readAll({ maxBytes: 0 })).to.deep.equal(new Uint8Array(0))
    })

    it('fails beyond maxBytes, reads no more than one byte too many, and the stream stays open', async () => {
      const pair = new Pair().arrive(bytes(100))
      expect(await codeOf(pair.stream.readAll({ maxBytes: 10 }))).to.equal('stream/message-too-large')
      expect(pair.credit).to.equal(11)
      expect(pair.stream.resetBy).to.equal(undefined)
      expect(pair.stream.unread).to.equal(100)
      expect(await pair.end().stream.readAll({ maxBytes: 100 })).to.deep.equal(bytes(100))
    })

    it('wants a bound', async () => {
      expect(await new Pair().stream.readAll({} as never).catch((error: unknown) => error)).to.be.instanceOf(RangeError)
    })
  })

  describe('readPrefixed', () => {
    it('gives message by message, for every split, and null at the end', async () => {
      const messages = [bytes(0), bytes(1), bytes(127), bytes(128), bytes(300)]
      const sent = concat(messages.map(prefixLength))
      for (let size = 1; size <= sent.length; size++) {
        const { stream } = new Pair().arrive(...pieces(sent, size)).end()
        for (const message of messages) expect(await stream.readPrefixed({ maxBytes: 300 })).to.deep.equal(message)
        expect(await stream.readPrefixed({ maxBytes: 300 })).to.equal(null)
      }
    })

    it('gives a message whose last byte has just come, and leaves what is behind to read', async () => {
      const pair = new Pair()
      const reading = pair.stream.readPrefixed({ maxBytes: 10 })
      for (const byte of prefixLength(utf8('hey'))) {
        await settle()
        pair.arrive(Uint8Array.of(byte))
      }
      expect(await reading).to.deep.equal(utf8('hey'))
      pair.arrive(concat([prefixLength(utf8('you')), utf8('raw')])).end()
      expect(await pair.stream.readPrefixed({ maxBytes: 10 })).to.deep.equal(utf8('you'))
      expect(pair.stream.unread).to.equal(3)
      const rest: Uint8Array[] = []
      for await (const piece of pair.stream) rest.push(piece)
      expect(concat(rest)).to.deep.equal(utf8('raw'))
    })

    it('refuses a length above maxBytes before the message has come, and nothing is lost', async () => {
      const pair = new Pair().arrive(encodeVarint(11))
      expect(await codeOf(pair.stream.readPrefixed({ maxBytes: 10 }))).to.equal('stream/message-too-large')
      expect(pair.stream.unread).to.equal(1)
      pair.arrive(bytes(11))
      expect(await pair.stream.readPrefixed({ maxBytes: 11 })).to.deep.equal(bytes(11))
    })

    it('tells an end within a message from one between', async () => {
      for (const part of [Uint8Array.of(0x80), Uint8Array.of(2), Uint8Array.of(2, 65)]) {
        const pair = new Pair().arrive(part).end()
        expect(await codeOf(pair.stream.readPrefixed({ maxBytes: 10 }))).to.equal('stream/ended')
        expect(await pair.stream.readAll({ maxBytes: 10 })).to.deep.equal(part)
      }
    })

    it('refuses a length that is none', async () => {
      expect(await codeOf(new Pair().arrive(Uint8Array.of(0x80, 0)).stream.readPrefixed({ maxBytes: 10 }))).to.equal('stream/protocol-violation')
      expect(await codeOf(new Pair().arrive(new Uint8Array(12).fill(255)).stream.readPrefixed({ maxBytes: 10 }))).to.equal('stream/protocol-violation')
    })
  })

  describe('writePrefixed', () => {
    it('sends small and large messages alike', async () => {
      for (const size of [0, 1, 127, 128, 16_383, 16_384, 50_000]) {
        const pair = new Pair()
        await pair.stream.writePrefixed(bytes(size))
        expect(Buffer.compare(pair.sent, prefixLength(bytes(size)))).to.equal(0)
      }
    })

    it('fails as write does', async () => {
      const pair = new Pair()
      void pair.stream.close()
      expect(await codeOf(pair.stream.writePrefixed(bytes(1)))).to.equal('stream/write-after-close')
      expect(await codeOf(pair.stream.writePrefixed(bytes(20_000)))).to.equal('stream/write-after-close')
      expect(await pair.stream.writePrefixed('text' as never).catch((error: unknown) => error)).to.be.instanceOf(TypeError)
    })
  })

  describe('with a signal', () => {
    it('gives up, and loses nothing of what has come or comes', async () => {
      const pair = new Pair().arrive(utf8('ab'))
      const controller = new AbortController()
      const reading = codeOf(pair.stream.readExactly(6, { signal: controller.signal }))
      await settle()
      controller.abort(new Error('enough'))
      expect(await reading).to.equal('user/aborted')
      expect(pair.stream.unread).to.equal(2)
      pair.arrive(utf8('cd'))
      pair.arrive(utf8('ef')).end()
      expect(await pair.stream.readExactly(6)).to.deep.equal(utf8('abcdef'))
      expect(await pair.stream.read()).to.equal(null)
    })

    it('does not begin when it is aborted already', async () => {
      const pair = new Pair().arrive(utf8('ab'))
      const signal = AbortSignal.abort(new Error('before'))
      expect(await codeOf(pair.stream.readPrefixed({ maxBytes: 1, signal }))).to.equal('user/aborted')
      const error = await pair.stream.readAll({ maxBytes: 5, signal }).catch((error: unknown) => error)
      expect((error as Error).cause).to.equal(signal.reason)
      expect(await pair.stream.read()).to.deep.equal(utf8('ab'))
    })

    it('takes a message up again where it was given up', async () => {
      const message = prefixLength(bytes(20))
      for (let at = 0; at < message.length; at++) {
        const pair = new Pair().arrive(message.subarray(0, at))
        const controller = new AbortController()
        const reading = codeOf(pair.stream.readPrefixed({ maxBytes: 20, signal: controller.signal }))
        await settle()
        controller.abort()
        expect(await reading, `at ${at}`).to.equal('user/aborted')
        pair.arrive(message.subarray(at)).end()
        expect(await pair.stream.readPrefixed({ maxBytes: 20 })).to.deep.equal(bytes(20))
        expect(await pair.stream.readPrefixed({ maxBytes: 20 })).to.equal(null)
      }
    })

    it('that is never aborted keeps no listener', async () => {
      const { signal } = new AbortController()
      let listeners = 0
      const { addEventListener, removeEventListener } = signal
      signal.addEventListener = (...args: Parameters<typeof addEventListener>) => { listeners++; addEventListener.apply(signal, args) }
      signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => { listeners--; removeEventListener.apply(signal, args) }
      await new Pair().arrive(...pieces(bytes(50), 5)).stream.readExactly(50, { signal })
      await settle()
      expect(listeners).to.equal(0)
    })

    it('that fires after a reset leaves the reset to the next reader', async () => {
      const pair = new Pair()
      const controller = new AbortController()
      const reading = codeOf(pair.stream.readExactly(1, { signal: controller.signal }))
      controller.abort()
      expect(await reading).to.equal('user/aborted')
      pair.stream.reset('stream/trimmed')
      expect(await codeOf(pair.stream.read())).to.equal('stream/trimmed')
    })
  })

  it('lets only one read at a time', async () => {
    const pair = new Pair()
    const first = pair.stream.readExactly(1)
    expect(await codeOf(pair.stream.read())).to.equal('stream/concurrent-read')
    pair.arrive(utf8('x'))
    expect(await first).to.deep.equal(utf8('x'))
  })

  it('throws away what was put back with closeRead, and when it is disposed', async () => {
    const pair = new Pair().arrive(utf8('ab'))
    expect(await codeOf(pair.stream.readAll({ maxBytes: 1 }))).to.equal('stream/message-too-large')
    pair.stream.closeRead()
    expect(pair.stream.unread).to.equal(0)
    expect(await pair.stream.read()).to.equal(null)
    pair.stream[Symbol.dispose]()
    expect(pair.stream.resetBy?.code).to.equal('stream/reset')
  })

  describe('as WHATWG streams', () => {
    it('reads all and ends', async () => {
      const pair = new Pair().arrive(utf8('ab'), utf8('cd')).end()
      const got: Uint8Array[] = []
      for await (const piece of pair.stream.readable) got.push(piece)
      expect(concat(got)).to.deep.equal(utf8('abcd'))
      expect(pair.stream.readable).to.equal(pair.stream.readable)
    })

    it('reads nothing ahead', async () => {
      const pair = new Pair().arrive(utf8('ab'))
      void pair.stream.readable
      await settle()
      expect(pair.credit).to.equal(0)
    })

    it('writes and closes', async () => {
      const pair = new Pair()
      const writer = pair.stream.writable.getWriter()
      await writer.write(utf8('ab'))
      const closing = writer.close()
      await settle()
      expect(pair.sent).to.deep.equal(utf8('ab'))
      await closing
      expect(pair.stream.closing).to.equal(true)
    })

    it('resets when it is cancelled or aborted, and fails when it is reset', async () => {
      const cancelled = new Pair()
      await cancelled.stream.readable.cancel()
      expect(cancelled.stream.resetBy?.code).to.equal('stream/reset')
      const aborted = new Pair()
      await aborted.stream.writable.abort()
      expect(aborted.stream.resetBy?.code).to.equal('stream/reset')
      const reset = new Pair()
      const reading = codeOf(reset.stream.readable.getReader().read())
      reset.stream.reset('stream/trimmed')
      expect(await reading).to.equal('stream/trimmed')
    })
  })
})

describe('joined', () => {
  it('gives a single part as it is, and copies several', () => {
    const one = bytes(3)
    expect(joined([one])).to.equal(one)
    expect(joined([])).to.have.length(0)
    expect(joined([one, bytes(0), bytes(2)])).to.deep.equal(concat([one, bytes(2)]))
  })
})
