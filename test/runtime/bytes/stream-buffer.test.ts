import { expect } from 'chai'
import type { StreamCarrier, StreamReset } from '../../../src/runtime/bytes/byte-stream.js'
import { StreamBuffer } from '../../../src/runtime/bytes/stream-buffer.js'
import { SeededRandom } from '../../../src/runtime/random.js'
import { concat, utf8 } from '../../core/support/recorder.js'

class StreamError extends Error {
  readonly reset: StreamReset
  constructor (reset: StreamReset) {
    super(reset.code)
    this.reset = reset
  }
}

/** A carrier that counts, and sends nothing until it is asked to. */
class Carrier implements StreamCarrier {
  readonly host = { settle: null as ((action: () => void) => void) | null, frees: false, error: (reset: StreamReset) => new StreamError(reset) }
  readonly stream = new StreamBuffer(1, this)
  readBytes = 0
  wantedBytes = 0
  calls = 0
  room = 100
  over = false

  consumed (bytes: number): void {
    if (this.over) throw new Error('asked after the end')
    this.readBytes += bytes
  }

  wanted (bytes: number): void {
    if (this.over) throw new Error('asked after the end')
    this.wantedBytes += bytes
    this.calls++
  }

  hasRoom (queued: number): boolean {
    return queued <= this.room
  }

  reset (code: string): void {
    this.abort({ code, initiator: 'local' })
  }

  abort (reset: StreamReset): void {
    this.stream.abort(reset)
    this.over = true
  }

  arrive (text: string): void {
    const bytes = utf8(text)
    this.stream.push(bytes, 0, bytes.length)
  }

  /** Takes what is to be sent. */
  take (max = Infinity): string {
    const parts: Uint8Array[] = []
    for (let left = max; left > 0;) {
      const bytes = this.stream.next(left)
      if (bytes === undefined) break
      parts.push(bytes)
      left -= bytes.length
    }
    const end = this.stream.endDue
    this.stream.sent(end)
    return text(concat(parts)) + (end ? '.' : '')
  }
}

const decoder = new TextDecoder()

function text (bytes: Uint8Array | null | undefined): string {
  return bytes == null ? String(bytes) : decoder.decode(bytes)
}

/** What has become of a promise, once the microtasks that are due have run. */
async function fate (promise: Promise<unknown>): Promise<string> {
  let outcome = 'waits'
  promise.then(
    value => { outcome = value instanceof Uint8Array || value === null ? text(value) : 'done' },
    (error: unknown) => { outcome = (error as Error).message }
  )
  for (let i = 0; i < 5; i++) await Promise.resolve()
  return outcome
}

describe('StreamBuffer, reading', () => {
  it('gives what has come, or waits for it', async () => {
    const carrier = new Carrier()
    carrier.arrive('one')
    expect(text(await carrier.stream.read())).to.equal('one')
    const waiting = carrier.stream.read()
    expect(await fate(waiting)).to.equal('waits')
    carrier.arrive('two')
    expect(await fate(waiting)).to.equal('two')
    expect(carrier.readBytes).to.equal(6)
  })

  it('gives credit only for what was read', async () => {
    const carrier = new Carrier()
    carrier.arrive('0123456789')
    expect(carrier.readBytes).to.equal(0)
    expect(text(await carrier.stream.read(4))).to.equal('0123')
    expect(carrier.readBytes).to.equal(4)
    expect(carrier.stream.unread).to.equal(6)
    expect(text(carrier.stream.take(2))).to.equal('45')
    expect(carrier.readBytes).to.equal(6)
  })

  it('gives at most what a waiting reader asked for', async () => {
    const carrier = new Carrier()
    const waiting = carrier.stream.read(3)
    carrier.arrive('abcdef')
    expect(await fate(waiting)).to.equal('abc')
    expect(carrier.stream.unread).to.equal(3)
    expect(carrier.readBytes).to.equal(3)
  })

  it('ends with null, behind everything that came', async () => {
    const carrier = new Carrier()
    carrier.arrive('x')
    carrier.stream.end()
    expect(carrier.stream.remoteEnded).to.equal(true)
    expect(text(await carrier.stream.read())).to.equal('x')
    expect(await carrier.stream.read()).to.equal(null)
    expect(await carrier.stream.read()).to.equal(null)
  })

  it('ends for a reader who waits', async () => {
    const carrier = new Carrier()
    const waiting = carrier.stream.read()
    carrier.stream.end()
    expect(await fate(waiting)).to.equal('null')
  })

  it('loops, can be left, and goes on in another loop', async () => {
    const carrier = new Carrier()
    const got: string[] = []
    carrier.arrive('a')
    for await (const bytes of carrier.stream) {
      got.push(text(bytes))
      break
    }
    const loop = (async () => { for await (const bytes of carrier.stream) got.push(text(bytes)) })()
    await fate(loop)
    carrier.arrive('b')
    await fate(loop)
    carrier.arrive('c')
    carrier.stream.end()
    await loop
    expect(got).to.deep.equal(['a', 'b', 'c'])
  })

  it('refuses a second reader while one waits', async () => {
    const carrier = new Carrier()
    const first = carrier.stream.read()
    expect(await fate(carrier.stream.read())).to.equal('stream/concurrent-read')
    carrier.arrive('x')
    expect(await fate(first)).to.equal('x')
  })

  it('throws away what comes after closeRead, and gives credit for it', async () => {
    const carrier = new Carrier()
    carrier.arrive('abc')
    carrier.stream.closeRead()
    carrier.stream.closeRead()
    expect(carrier.readBytes).to.equal(3)
    carrier.arrive('defg')
    expect(carrier.readBytes).to.equal(7)
    expect(carrier.stream.unread).to.equal(0)
    expect(await carrier.stream.read()).to.equal(null)
  })

  it('ends a reader who waits when reading is closed', async () => {
    const carrier = new Carrier()
    const waiting = carrier.stream.read()
    carrier.stream.closeRead()
    expect(await fate(waiting)).to.equal('null')
  })
})

describe('StreamBuffer, reading into memory of the reader', () => {
  const target = new Uint8Array(5)
  /** What became of one such read. */
  const into = async (carrier: Carrier): Promise<string> => {
    const size = await carrier.stream.readInto(target)
    return size === null ? 'null' : text(target.subarray(0, size))
  }

  it('fills it with what has come, whatever the pieces, and gives credit for that', async () => {
    const carrier = new Carrier()
    for (const piece of ['ab', 'c', 'defgh']) carrier.arrive(piece)
    expect([await into(carrier), carrier.readBytes, carrier.stream.unread]).to.deep.equal(['abcde', 5, 3])
    expect([await into(carrier), carrier.readBytes, carrier.stream.unread]).to.deep.equal(['fgh', 8, 0])
  })

  it('waits only when nothing has come, and takes no more than fits', async () => {
    const carrier = new Carrier()
    const waiting = carrier.stream.readInto(target)
    expect(await fate(waiting)).to.equal('waits')
    carrier.arrive('123456')
    expect([await waiting, text(target), carrier.stream.unread]).to.deep.equal([5, '12345', 1])
  })

  it('takes turns with other reads', async () => {
    const carrier = new Carrier()
    carrier.arrive('abcdefghij')
    expect(text(await carrier.stream.read(2))).to.equal('ab')
    expect(await into(carrier)).to.equal('cdefg')
    expect(text(await carrier.stream.read())).to.equal('hij')
    expect(carrier.readBytes).to.equal(10)
  })

  it('ends with null, behind everything that came, also for one who waits', async () => {
    const carrier = new Carrier()
    carrier.arrive('x')
    expect(await into(carrier)).to.equal('x')
    const waiting = into(carrier)
    carrier.stream.end()
    expect(await fate(waiting)).to.equal('done')
    expect([await waiting, await into(carrier)]).to.deep.equal(['null', 'null'])
  })

  it('fails when the stream is reset, while it waits and afterwards, and beside another read', async () => {
    const carrier = new Carrier()
    const waiting = carrier.stream.readInto(target)
    expect(await fate(carrier.stream.readInto(target))).to.equal('stream/concurrent-read')
    expect(await fate(carrier.stream.read())).to.equal('stream/concurrent-read')
    carrier.stream.reset()
    expect(await fate(waiting)).to.equal('stream/reset')
    expect(await fate(carrier.stream.readInto(target))).to.equal('stream/reset')
  })

  it('refuses what it cannot read into', async () => {
    const { stream } = new Carrier()
    expect(await fate(stream.readInto(new Uint8Array(0)))).to.match(/^target: must have room/)
    expect(await fate(stream.readInto('x' as never))).to.match(/^target: must be a Uint8Array/)
  })
})

describe('StreamBuffer, writing', () => {
  it('takes bytes at once, and makes the writer wait when there is no room', async () => {
    const carrier = new Carrier()
    carrier.room = 5
    expect(await fate(carrier.stream.write(utf8('12345')))).to.equal('done')
    const waiting = carrier.stream.write(utf8('6'))
    const also = carrier.stream.write(utf8('7'))
    expect(await fate(waiting)).to.equal('waits')
    expect(carrier.stream.queued).to.equal(7)
    expect(carrier.take(1)).to.equal('1')
    expect(await fate(waiting)).to.equal('waits')
    expect(carrier.take(1)).to.equal('2')
    expect(await fate(waiting)).to.equal('done')
    expect(await fate(also)).to.equal('done')
    expect(carrier.wantedBytes).to.equal(7)
  })

  it('ends behind what was written, and says when that has gone', async () => {
    const carrier = new Carrier()
    void carrier.stream.write(utf8('abc'))
    const closed = carrier.stream.close()
    expect(carrier.stream.closing).to.equal(true)
    expect(carrier.take(2)).to.equal('ab')
    expect(await fate(closed)).to.equal('waits')
    expect(carrier.take(2)).to.equal('c.')
    expect(await fate(closed)).to.equal('done')
    expect(await fate(carrier.stream.close())).to.equal('done')
    expect(carrier.stream.endSent).to.equal(true)
    expect(carrier.take()).to.equal('')
  })

  it('refuses what is written after the close, and what is no bytes', async () => {
    const carrier = new Carrier()
    void carrier.stream.close()
    expect(await fate(carrier.stream.write(utf8('x')))).to.equal('stream/write-after-close')
    expect(await fate(carrier.stream.write('x' as never))).to.match(/^bytes: must be a Uint8Array/)
  })

  it('holds its end back on demand', async () => {
    const carrier = new Carrier()
    carrier.stream.holdEnd()
    void carrier.stream.write(utf8('abc'))
    const closed = carrier.stream.close()
    expect(carrier.take()).to.equal('abc')
    expect(await fate(closed)).to.equal('waits')
    const { calls } = carrier
    carrier.stream.releaseEnd()
    expect(carrier.calls).to.equal(calls + 1)
    expect(carrier.take()).to.equal('.')
    expect(await fate(closed)).to.equal('done')
    carrier.stream.releaseEnd()
    expect(carrier.calls).to.equal(calls + 1)
  })

  it('writes nothing for an empty view', async () => {
    const carrier = new Carrier()
    expect(await fate(carrier.stream.write(new Uint8Array(0)))).to.equal('done')
    expect(carrier.calls).to.equal(0)
  })
})

describe('StreamBuffer, ending early', () => {
  it('fails everybody who waits, drops everything, and asks nothing any more', async () => {
    const carrier = new Carrier()
    carrier.room = 0
    const reading = carrier.stream.read()
    const writing = carrier.stream.write(utf8('abc'))
    const closing = carrier.stream.close()
    carrier.abort({ code: 'stream/reset', initiator: 'remote', wireCode: 7 })
    for (const promise of [reading, writing, closing]) expect(await fate(promise)).to.equal('stream/reset')
    expect(carrier.stream.resetBy).to.deep.equal({ code: 'stream/reset', initiator: 'remote', wireCode: 7 })
    expect(carrier.stream.queued + carrier.stream.unread).to.equal(0)
    expect(await fate(carrier.stream.read())).to.equal('stream/reset')
    expect(await fate(carrier.stream.write(utf8('x')))).to.equal('stream/reset')
    expect(await fate(carrier.stream.close())).to.equal('stream/reset')
    carrier.stream.closeRead()
    carrier.stream.reset()
    carrier.stream.untap()
    carrier.stream.releaseEnd()
    carrier.stream.end()
    carrier.stream[Symbol.dispose]()
    expect(carrier.stream.finished).to.equal(true)
  })

  it('is no accident of a program that did not await', async () => {
    const accidents: unknown[] = []
    const note = (reason: unknown): void => { accidents.push(reason) }
    process.on('unhandledRejection', note)
    try {
      const carrier = new Carrier()
      carrier.room = 0
      void carrier.stream.write(utf8('abc'))
      void carrier.stream.close()
      carrier.abort({ code: 'stream/reset', initiator: 'remote' })
      void carrier.stream.write(utf8('x'))
      void carrier.stream.close()
      await new Promise(resolve => { setImmediate(resolve) })
      expect(accidents).to.deep.equal([])
    } finally {
      process.off('unhandledRejection', note)
    }
  })

  it('resets when it is disposed open, and only drops what is unread when both sides have ended', () => {
    const open = new Carrier()
    open.stream[Symbol.dispose]()
    expect(open.stream.resetBy?.code).to.equal('stream/reset')

    const ended = new Carrier()
    ended.arrive('abc')
    ended.stream.end()
    void ended.stream.close()
    ended.take()
    expect(ended.stream.finished).to.equal(true)
    ended.stream[Symbol.dispose]()
    expect(ended.stream.resetBy).to.equal(undefined)
    expect(ended.readBytes).to.equal(3)
  })

  it('tells its watcher once, and nothing after it', () => {
    const carrier = new Carrier()
    const heard: string[] = []
    carrier.stream.watch({
      onReadable: () => heard.push('readable'),
      onEnd: () => heard.push('end'),
      onRoom: () => heard.push('room'),
      onFinished: () => heard.push('finished'),
      onReset: reset => heard.push(reset.code)
    })
    carrier.room = 1
    carrier.arrive('a')
    void carrier.stream.write(utf8('bcd'))
    carrier.take()
    carrier.stream.end()
    carrier.stream.reset('stream/timeout')
    carrier.stream.reset('stream/timeout')
    expect(heard).to.deep.equal(['readable', 'room', 'end', 'stream/timeout'])
  })

  it('tells its watcher when both sides have ended, in either order', () => {
    for (const remoteFirst of [true, false]) {
      const carrier = new Carrier()
      const heard: string[] = []
      carrier.stream.watch({ onFinished: () => heard.push('finished') })
      if (remoteFirst) carrier.stream.end()
      void carrier.stream.close()
      carrier.take()
      if (!remoteFirst) carrier.stream.end()
      expect(heard).to.deep.equal(['finished'])
    }
  })
})

describe('StreamBuffer, tapped', () => {
  it('gives the tap what had come and what comes, and the reader the rest', async () => {
    const carrier = new Carrier()
    carrier.arrive('ab')
    const seen: string[] = []
    carrier.stream.tap({
      onBytes: bytes => {
        seen.push(text(bytes))
        if (text(bytes) === 'cdef') carrier.stream.untap(bytes.subarray(2))
      },
      onEnd: () => seen.push('end')
    })
    const reading = carrier.stream.read()
    expect(await fate(reading)).to.equal('waits')
    carrier.arrive('cdef')
    carrier.arrive('gh')
    expect(seen).to.deep.equal(['ab', 'cdef'])
    expect(await fate(reading)).to.equal('ef')
    expect(text(await carrier.stream.read())).to.equal('gh')
    expect(carrier.readBytes).to.equal(8)
  })

  it('leaves to the reader what had come behind the piece that ended the tap', async () => {
    const carrier = new Carrier()
    const large = (letter: string): string => letter.repeat(600)
    carrier.arrive(large('a'))
    carrier.arrive(large('b'))
    carrier.stream.tap({ onBytes: bytes => { carrier.stream.untap(bytes.subarray(599)) }, onEnd: () => {} })
    expect(carrier.stream.unread).to.equal(601)
    expect(carrier.readBytes).to.equal(599)
    let got = ''
    while (carrier.stream.unread > 0) got += text(await carrier.stream.read())
    expect(got).to.equal('a' + large('b'))
    expect(carrier.readBytes).to.equal(1200)
  })

  it('tells the tap of the end, and the reader when the tap is gone', async () => {
    const carrier = new Carrier()
    const seen: string[] = []
    carrier.arrive('a')
    carrier.stream.end()
    const reading = carrier.stream.read()
    expect(await fate(reading)).to.equal('a')
    const next = carrier.stream.read()
    expect(await fate(next)).to.equal('null')

    const other = new Carrier()
    other.stream.tap({ onBytes: bytes => seen.push(text(bytes)), onEnd: () => seen.push('end') })
    const waiting = other.stream.read()
    other.arrive('x')
    other.stream.end()
    expect(seen).to.deep.equal(['x', 'end'])
    expect(await fate(waiting)).to.equal('waits')
    other.stream.untap()
    expect(await fate(waiting)).to.equal('null')
  })

  it('tells a tap that comes after the end', () => {
    const carrier = new Carrier()
    const seen: string[] = []
    carrier.arrive('a')
    carrier.stream.end()
    carrier.stream.tap({ onBytes: bytes => seen.push(text(bytes)), onEnd: () => seen.push('end') })
    expect(seen).to.deep.equal(['a', 'end'])
  })

  it('survives a reset in the midst of the tap', () => {
    const carrier = new Carrier()
    carrier.arrive('a'.repeat(600))
    carrier.arrive('b'.repeat(600))
    carrier.stream.tap({ onBytes: () => { carrier.stream.reset() }, onEnd: () => {} })
    expect(carrier.stream.unread).to.equal(0)
    expect(carrier.stream.resetBy?.code).to.equal('stream/reset')
  })
})

describe('StreamBuffer in a simulated world', () => {
  it('lets the world say when promises settle', async () => {
    const carrier = new Carrier()
    const due: Array<() => void> = []
    carrier.host.settle = action => { due.push(action) }
    carrier.room = 0
    const reading = carrier.stream.read()
    const writing = carrier.stream.write(utf8('x'))
    const closing = carrier.stream.close()
    carrier.arrive('a')
    carrier.take()
    for (const promise of [reading, writing, closing]) expect(await fate(promise)).to.equal('waits')
    expect(due).to.have.length(3)
    for (const action of due.reverse()) action()
    expect([await fate(reading), await fate(writing), await fate(closing)]).to.deep.equal(['a', 'done', 'done'])
    const failing = carrier.stream.read()
    carrier.abort({ code: 'stream/reset', initiator: 'remote' })
    expect(await fate(failing)).to.equal('waits')
    due.at(-1)!()
    expect(await fate(failing)).to.equal('stream/reset')
  })
})

describe('StreamBuffer, whatever is done to it', () => {
  it('gives every byte once, in order, and counts it once', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new SeededRandom(seed)
      const carrier = new Carrier()
      let sent = 0
      let got = 0
      let tapped = false
      const check = (bytes: Uint8Array): void => {
        for (const byte of bytes) if (byte !== (got++ & 0xff)) throw new Error(`seed ${seed}: byte ${got - 1} is ${byte}`)
      }
      const tap = { onBytes: (bytes: Uint8Array) => {
        const used = random.int(bytes.length + 1)
        check(bytes.subarray(0, used))
        if (used < bytes.length || random.int(3) === 0) {
          tapped = false
          carrier.stream.untap(bytes.subarray(used))
        }
      }, onEnd: () => { carrier.stream.untap() } }
      let reading: Promise<unknown> | null = null
      const read = async (): Promise<void> => {
        const bytes = await carrier.stream.read(1 + random.int(2000))
        if (bytes !== null) check(bytes)
        reading = null
      }
      for (let step = 0; step < 300; step++) {
        switch (random.int(5)) {
          case 0: case 1: {
            const size = 1 + Math.floor(1500 * random.next() ** 3)
            const bytes = Uint8Array.from({ length: size + 3 }, (_, i) => sent + i)
            carrier.stream.push(bytes, 0, size)
            sent += size
            break
          }
          case 2: reading ??= read(); break
          case 3: if (!tapped && reading === null && random.int(4) === 0) { tapped = true; carrier.stream.tap(tap) } break
          default: if (reading === null && !tapped) { const bytes = carrier.stream.take(1 + random.int(100)); if (bytes !== undefined) check(bytes) }
        }
        if (random.int(3) === 0) for (let i = 0; i < 3; i++) await Promise.resolve()
        expect(carrier.readBytes + carrier.stream.unread, `seed ${seed}, step ${step}`).to.equal(sent)
      }
      carrier.stream.end()
      await (reading)
      while (carrier.stream.unread > 0) check(carrier.stream.take()!)
      expect(got, `seed ${seed}`).to.equal(sent)
      expect(carrier.readBytes, `seed ${seed}`).to.equal(sent)
    }
  })
})
