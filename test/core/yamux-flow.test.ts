/** Yamux windows and the order of its frames: libp2p/specs yamux/README.md "Flow Control". */
import { expect } from 'chai'
import { maxBodyBytes } from '../../src/actors/muxer/yamux/yamux-writer.core.js'
import { ACK, DATA, describeHeader, FIN, initialWindowBytes, PING, RST, SYN, WINDOW_UPDATE } from '../../src/messages/wire/yamux.js'
import type { StreamBuffer } from '../../src/runtime/bytes/stream-buffer.js'
import { concat, expectBytes, utf8 } from './support/recorder.js'
import { frame, readAll, YamuxEnd, YamuxPair } from './support/yamux-pair.js'

const KiB = 1024
const MiB = 1024 * KiB

const told = (end: YamuxEnd, room?: number): string[] => end.flush(room).map(describeHeader)

/** Resolved or not, once the microtasks that are due have run. */
async function resolved (promise: Promise<unknown>): Promise<boolean> {
  let done = false
  void promise.then(() => { done = true })
  for (let i = 0; i < 5; i++) await Promise.resolve()
  return done
}

function pattern (size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = i * 7 + (i >> 8)
  return bytes
}

/** Opens a stream on a server, and fills its window from the other side. */
function filled (end: YamuxEnd, id = 1, bytes = initialWindowBytes): StreamBuffer {
  end.feed(frame(WINDOW_UPDATE, SYN, id))
  for (let left = bytes; left > 0; left -= 64 * KiB) end.feed(frame(DATA, 0, id, new Uint8Array(Math.min(left, 64 * KiB))))
  return end.opened.at(-1)!
}

describe('yamux, memory of bodies', () => {
  it('is given back once it was read into memory of the readers, unless somebody has a view of it', async () => {
    const end = new YamuxEnd(false, { frees: true })
    end.feed(...[1, 3, 5].map(id => frame(WINDOW_UPDATE, SYN, id)))
    const [viewed, ...copied] = end.opened as [StreamBuffer, StreamBuffer, StreamBuffer]
    const target = new Uint8Array(64 * KiB)
    const body = pattern(8 * KiB)
    const views: Uint8Array[] = []
    const chunks: Uint8Array[] = []
    for (let i = 0; i < 60; i++) {
      // A reader who waits gets a view, as short as it is.
      const waiting = i % 10 === 0 ? viewed.read() : null
      const chunk = concat([...waiting === null ? [] : [frame(DATA, 0, 1, utf8('view'))], frame(DATA, 0, 3, body), frame(DATA, 0, 5, body)])
      chunks.push(chunk)
      end.feed(chunk)
      if (waiting !== null) views.push((await waiting)!)
      for (const stream of copied) {
        expect(await stream.readInto(target)).to.equal(8 * KiB)
        expectBytes(target.subarray(0, 8 * KiB), body, `chunk ${i}`)
      }
      end.flush()
    }
    expect(views.map(view => Buffer.from(view).toString())).to.deep.equal(Array(6).fill('view'))
    const gone = chunks.map((chunk, i) => chunk.length === 0 ? i : -1).filter(i => i >= 0)
    expect(gone.length).to.be.greaterThan(8)
    expect(gone.filter(i => i % 10 === 0)).to.deep.equal([])
  })
})

describe('yamux, sending (Flow Control)', () => {
  it('sends no more than the window, and goes on when it is widened', () => {
    const client = new YamuxEnd(true)
    const stream = client.open()
    void stream.write(pattern(300 * KiB))
    const first = client.flush()
    expect(concat(first.map(({ body }) => body))).to.have.length(256 * KiB)
    expect(told(client)).to.deep.equal([])
    client.feed(frame(WINDOW_UPDATE, ACK, 1, 10))
    const second = client.flush()
    expect(second.map(describeHeader)).to.deep.equal(['Data 1 +10'])
    client.feed(frame(WINDOW_UPDATE, 0, 1, 1 * MiB))
    expectBytes(concat([...first, ...second, ...client.flush()].map(({ body }) => body)), pattern(300 * KiB), 'all')
  })

  it('takes a wider window that comes with the ACK', () => {
    const client = new YamuxEnd(true)
    const stream = client.open()
    void stream.write(pattern(300 * KiB))
    client.feed(frame(WINDOW_UPDATE, ACK, 1, 768 * KiB))
    expect(concat(client.flush().map(({ body }) => body))).to.have.length(300 * KiB)
  })

  it('sends FIN without any window', () => {
    const client = new YamuxEnd(true)
    const stream = client.open()
    void stream.write(pattern(256 * KiB))
    void stream.close()
    expect(told(client).slice(-2)).to.deep.equal(['WindowUpdate FIN 1 +0', 'Ping SYN 0'])
  })

  it('sends bodies of at most 65,507 bytes, so that header and body fill a Noise frame', () => {
    const client = new YamuxEnd(true)
    void client.open().write(pattern(200 * KiB))
    expect(client.flush().filter(({ type }) => type === DATA).map(({ length }) => length)).to.deep.equal([maxBodyBytes, maxBodyBytes, maxBodyBytes, 200 * KiB - 3 * maxBodyBytes])
    expect(maxBodyBytes + 12).to.equal(65_519)
  })

  it('makes one frame of the small writes of a stream', () => {
    const client = new YamuxEnd(true)
    const stream = client.open()
    for (let i = 0; i < 100; i++) void stream.write(pattern(64))
    expect(told(client)).to.deep.equal(['Data SYN 1 +6400'])
  })

  it('refuses a window beyond 2^32 - 1, by one update or by many', () => {
    const one = new YamuxEnd(false).feed(frame(WINDOW_UPDATE, SYN, 1, 0xffff_ffff - initialWindowBytes))
    expect(one.out.failure).to.equal(undefined)
    expect(one.feed(frame(WINDOW_UPDATE, 0, 1, 1)).out.failure?.code).to.equal('connection/protocol-violation')
    expect(new YamuxEnd(false).feed(frame(WINDOW_UPDATE, SYN, 1, 0xffff_ffff)).out.failure?.code).to.equal('connection/protocol-violation')
    const many = new YamuxEnd(false).feed(frame(WINDOW_UPDATE, SYN, 1))
    for (let i = 0; i < 4; i++) many.feed(frame(WINDOW_UPDATE, 0, 1, 0x4000_0000))
    expect(many.out.failure?.code).to.equal('connection/protocol-violation')
  })

  it('takes turns among streams, one frame each, and keeps their order', () => {
    const client = new YamuxEnd(true)
    const [one, two, three] = [client.open(), client.open(), client.open()]
    void one.write(pattern(150_000))
    void two.write(pattern(10))
    void three.write(pattern(100_000))
    expect(client.flush().filter(({ type }) => type === DATA).map(({ streamId, length }) => `${streamId}: ${length}`)).to.deep.equal([
      '1: 65507', '3: 10', '5: 65507', '1: 65507', '5: 34493', '1: 18986'
    ])
  })

  it('lets the last bytes of a large write wait for their turn, where they go with the next one', () => {
    const client = new YamuxEnd(true)
    const streams = [client.open(), client.open()]
    const turn = (): string => client.flush(65_519).filter(({ type }) => type === DATA).map(({ streamId, length }) => `${streamId}: ${length}`).join()
    for (const stream of streams) void stream.write(pattern(65_536))
    expect([turn(), turn()]).to.deep.equal(['1: 65507', '3: 65507'])
    for (const stream of streams) void stream.write(pattern(65_536))
    expect([turn(), turn(), turn(), turn()]).to.deep.equal(['1: 65507', '3: 65507', '1: 58,3: 58', ''])
  })

  it('does not let a stream without a window hold up the others', () => {
    const client = new YamuxEnd(true)
    const [full, free] = [client.open(), client.open()]
    void full.write(pattern(1 * MiB))
    client.flush()
    void free.write(utf8('x'))
    expect(told(client)).to.deep.equal(['Data 3 +1'])
  })

  it('writes credit and control before data, whatever came first', () => {
    const client = new YamuxEnd(true)
    const [one, two] = [client.open(), client.open()]
    client.flush()
    void one.write(utf8('x'))
    for (let i = 0; i < 4; i++) client.feed(frame(DATA, 0, 3, new Uint8Array(64 * KiB)))
    client.feed(frame(PING, SYN, 0, 9), frame(DATA, SYN, 2, utf8('y')))
    client.opened[0]!.reset()
    readAll(two)
    expect(told(client)).to.deep.equal(['WindowUpdate 3 +262144', 'Ping SYN 0', 'Ping ACK 9', 'WindowUpdate RST 2 +0', 'Data 1 +1'])
  })

  it('writes no more than there is room for, but for one frame, and the rest later', () => {
    const client = new YamuxEnd(true)
    const streams = Array.from({ length: 8 }, () => client.open())
    for (const stream of streams) void stream.write(pattern(50_000))
    const all: string[] = []
    for (let flushes = 0; flushes < 20; flushes++) {
      const bytes = client.flushed(100_000)
      expect(bytes.length).to.be.at.most(100_000 + 65_519)
      if (bytes.length === 0) break
      all.push(`${bytes.length}`)
    }
    // The first that is sent has a ping behind it, of 12 bytes.
    expect(all).to.deep.equal(['100024', '100036', '100024', '100024'])
    expect(client.flushed(0)).to.have.length(0)
  })

  it('says whether anything waits for room', () => {
    const client = new YamuxEnd(true)
    void client.open().write(pattern(200_000))
    expect(client.core.flush(client.now, client.out, 1000)).to.equal(true)
    expect(client.core.flush(client.now, client.out, 1_000_000)).to.equal(false)
    client.feed(frame(PING, SYN, 0, 1), frame(PING, SYN, 0, 2))
    expect(client.core.flush(client.now, client.out, 0)).to.equal(true)
    expect(client.core.flush(client.now, client.out, 1)).to.equal(true)
    expect(client.core.flush(client.now, client.out, 1)).to.equal(false)
  })

  it('lets a writer run ahead, further when the others do not', async () => {
    const client = new YamuxEnd(true, { limits: { queuedFloorBytes: 1000, queuedCeilingBytes: 10_000, queuedConnectionBytes: 12_000 } })
    const [one, two] = [client.open(), client.open()]
    expect(await resolved(one.write(pattern(10_000)))).to.equal(true)
    const beyond = one.write(pattern(1))
    expect(await resolved(beyond)).to.equal(false)
    expect(await resolved(two.write(pattern(1500)))).to.equal(true)
    const crowded = two.write(pattern(600))
    expect(await resolved(crowded)).to.equal(false)
    client.flush()
    expect(await resolved(beyond)).to.equal(true)
    expect(await resolved(crowded)).to.equal(true)
  })
})

describe('yamux, receiving (Flow Control)', () => {
  it('refuses data beyond the window at the header, before any of the body', () => {
    const end = new YamuxEnd(false)
    filled(end)
    expect(end.core.bufferedBytes).to.equal(initialWindowBytes)
    expect(end.core.bufferedBound).to.equal(initialWindowBytes + 12)
    end.feed(frame(DATA, 0, 1, 1))
    expect(end.out.failure?.code).to.equal('connection/protocol-violation')
    expect(end.core.bufferedBytes).to.equal(0)
  })

  it('refuses a first frame beyond the initial window, and a header that claims 4 GiB (CVE-2026-32314)', () => {
    for (const length of [initialWindowBytes + 1, 0xffff_ffff]) {
      const end = new YamuxEnd(false).feed(frame(DATA, SYN, 1, length))
      expect(end.out.failure?.code).to.equal('connection/protocol-violation')
      expect(end.events()).to.deep.equal([])
    }
    const other = new YamuxEnd(false).feed(frame(WINDOW_UPDATE, SYN, 1), frame(DATA, 0, 1, 0xffff_ffff))
    expect(other.out.failure?.code).to.equal('connection/protocol-violation')
    expect(new YamuxEnd(false).feed(frame(DATA, SYN, 1, new Uint8Array(initialWindowBytes))).out.failure).to.equal(undefined)
  })

  it('hands a body on as it comes, and never assembles it', () => {
    const end = new YamuxEnd(false)
    const bytes = frame(DATA, SYN | FIN, 1, pattern(200_000))
    end.feed(bytes.subarray(0, 1000))
    const stream = end.opened[0]!
    expect(stream.unread).to.equal(988)
    end.feed(bytes.subarray(1000, 199_000))
    expect([stream.unread, stream.remoteEnded]).to.deep.equal([198_988, false])
    end.feed(bytes.subarray(199_000))
    expect(stream.remoteEnded).to.equal(true)
    expectBytes(readAll(stream), pattern(200_000), 'all')
  })

  it('gives no credit for what is not read', () => {
    const end = new YamuxEnd(false)
    filled(end)
    expect(told(end)).to.deep.equal([])
  })

  it('gives credit once half of the window has been read, all of it in one frame', () => {
    const end = new YamuxEnd(false, { limits: { windowBytes: initialWindowBytes } })
    const stream = filled(end)
    for (let read = 0; read < 128 * KiB - 1; read += stream.take(Math.min(1000, 128 * KiB - 1 - read))!.length);
    expect(told(end)).to.deep.equal([])
    stream.take(1)
    stream.take(64 * KiB)
    expect(told(end)).to.deep.equal([`WindowUpdate ACK 1 +${192 * KiB}`, 'Ping SYN 0'])
    expect(end.core.inspect()[0]).to.include({ recvWindow: 192 * KiB, credit: 0 })
  })

  it('tells once when no more than so many bytes are unread, whether they were read or given up', () => {
    const [one, other] = [new YamuxEnd(true), new YamuxEnd(false)]
    const streams = [one.open(), one.open(), one.open()]
    for (const stream of streams) void stream.write(new Uint8Array(1000))
    other.feed(one.flushed())
    other.flushed()
    const before = other.wakes
    other.core.wakeAt(1500)
    expect(other.wakes - before).to.equal(0)
    other.opened[0]!.take()
    expect(other.wakes - before).to.equal(0)
    other.opened[1]!.reset()
    // Once for that, and once for the reset that is to be sent.
    expect(other.wakes - before).to.equal(2)
    other.opened[2]!.take()
    expect(other.wakes - before).to.equal(2)
    other.core.wakeAt(0)
    expect(other.wakes - before, 'so it is already').to.equal(3)
  })

  it('asks for a flush when it goes away and the last stream has ended', () => {
    const [one, other] = [new YamuxEnd(true), new YamuxEnd(false)]
    const stream = one.open()
    void stream.write(new Uint8Array(10))
    void stream.close()
    other.feed(one.flushed())
    void other.opened[0]!.close()
    other.core.command({ type: 'go-away', code: 'connection/closed' }, 0, other.out)
    other.flushed()
    const before = other.wakes
    other.opened[0]!.take()
    expect(other.core.inboundStreams).to.equal(0)
    expect(other.wakes - before).to.equal(1)
  })

  it('gives no credit once the remote has ended', () => {
    const end = new YamuxEnd(false)
    const stream = filled(end)
    end.feed(frame(WINDOW_UPDATE, FIN, 1))
    readAll(stream)
    expect(told(end)).to.deep.equal([])
    const other = new YamuxEnd(false)
    readAll(filled(other))
    other.feed(frame(WINDOW_UPDATE, FIN, 1))
    expect(told(other)).to.deep.equal([])
  })

  it('gives credit for what is thrown away, so that the remote can end', () => {
    const end = new YamuxEnd(false)
    filled(end).closeRead()
    expect(told(end)[0]).to.equal(`WindowUpdate ACK 1 +${256 * KiB}`)
    expect(end.core.unreadBytes).to.equal(0)
  })

  it('takes data for a stream that was read to the end and goes on reading it', () => {
    const pair = new YamuxPair({ split: 1000 })
    const ours = pair.client.open()
    void ours.write(pattern(2 * MiB))
    void ours.close()
    const got: Uint8Array[] = []
    pair.run(() => { for (const stream of pair.server.opened) got.push(readAll(stream)) })
    expectBytes(concat(got), pattern(2 * MiB), 'all')
    expect(pair.server.opened[0]!.remoteEnded).to.equal(true)
  })

  it('does not deadlock when both sides write more than the path holds (rust write_deadlock)', () => {
    const [client, server] = [new YamuxEnd(true), new YamuxEnd(false)]
    const ours = client.open()
    void ours.write(pattern(1 * MiB))
    void ours.close()
    const got: Uint8Array[] = []
    for (let turns = 0; turns < 5000; turns++) {
      server.feed(client.flushed(1000))
      for (const stream of server.opened) {
        const bytes = readAll(stream)
        if (bytes.length > 0) void stream.write(bytes)
        if (stream.remoteEnded && !stream.closing) void stream.close()
      }
      client.feed(server.flushed(1000))
      got.push(readAll(ours))
      if (ours.remoteEnded) break
    }
    expectBytes(concat(got), pattern(1 * MiB), 'the echo')
  })
})

/** Sends `bytes` over a path of this latency to a reader that reads `perTurn` at each turn. */
function transfer (pair: YamuxPair, bytes: number, perTurn = Infinity): StreamBuffer {
  const ours = pair.client.open()
  void ours.write(new Uint8Array(bytes))
  pair.run(() => {
    for (const stream of pair.server.opened) {
      for (let left = perTurn; left > 0;) {
        const piece = stream.take(left)
        if (piece === undefined) break
        left -= piece.length
      }
    }
  })
  return pair.server.opened.at(-1)!
}

const windowOf = (end: YamuxEnd): number => end.core.inspect()[0]!.maxWindow

describe('yamux, windows that grow while they are used', () => {
  it('opens with 256 KiB and no announcement', () => {
    const client = new YamuxEnd(true)
    client.open()
    expect(told(client)).to.deep.equal(['WindowUpdate SYN 1 +0'])
    expect(windowOf(client)).to.equal(256 * KiB)
  })

  it('measures the round trip when a window is used, and doubles it up to 16 MiB when it is what holds the sender back', () => {
    const pair = new YamuxPair()
    pair.latencyMs = 20
    transfer(pair, 2 * MiB)
    expect(pair.server.core.rttMs).to.equal(40)
    expect(windowOf(pair.server)).to.be.greaterThan(256 * KiB)
    transfer(pair, 100 * MiB)
    expect(Math.max(...pair.server.core.inspect().map(({ maxWindow }) => maxWindow))).to.equal(16 * MiB)
    expect(pair.client.out.failure).to.equal(undefined)
  })

  it('grows on a path without any latency too', () => {
    const pair = new YamuxPair()
    transfer(pair, 20 * MiB)
    expect(windowOf(pair.server)).to.be.greaterThan(4 * MiB)
  })

  it('does not grow for a slow reader', () => {
    const pair = new YamuxPair()
    pair.latencyMs = 1
    const ours = pair.client.open()
    void ours.write(new Uint8Array(4 * MiB))
    for (let i = 0; i < 400; i++) {
      pair.run()
      pair.now += 10
      pair.server.opened[0]?.take(4 * KiB)
    }
    expect(windowOf(pair.server)).to.equal(256 * KiB)
    expect(pair.server.core.rttMs).to.equal(2)
  })

  it('asks its budget, and gives back what a stream had', () => {
    let reserved = 0
    let refused = 0
    const budget = {
      reserve (bytes: number) {
        if (reserved + bytes > 1 * MiB) {
          refused++
          return false
        }
        reserved += bytes
        return true
      },
      release (bytes: number) { reserved -= bytes }
    }
    const pair = new YamuxPair({ server: { budget } })
    pair.latencyMs = 20
    const theirs = transfer(pair, 20 * MiB)
    expect(windowOf(pair.server)).to.equal(1 * MiB)
    expect(reserved).to.equal(768 * KiB)
    expect(refused).to.be.greaterThan(0)
    expect(pair.server.core.bufferedBound).to.equal(1 * MiB + 12)
    theirs.reset()
    expect(reserved).to.equal(0)
    expect(pair.server.core.bufferedBound).to.equal(12)
  })

  it('gives its budget back when the connection ends', () => {
    let reserved = 0
    const pair = new YamuxPair({ server: { budget: { reserve (bytes) { reserved += bytes; return true }, release (bytes) { reserved -= bytes } } } })
    pair.latencyMs = 20
    transfer(pair, 20 * MiB)
    expect(reserved).to.be.greaterThan(1 * MiB)
    pair.server.core.command({ type: 'abort', code: 'connection/reset', initiator: 'remote' }, pair.now, pair.server.out)
    expect(reserved).to.equal(0)
  })

  it('has a budget of its own: all streams together grow by 32 MiB', () => {
    const pair = new YamuxPair({ server: { limits: { windowGrowthBytes: 3 * MiB } } })
    pair.latencyMs = 20
    for (let i = 0; i < 4; i++) transfer(pair, 30 * MiB)
    const grown = pair.server.core.inspect().reduce((sum, { maxWindow }) => sum + maxWindow - initialWindowBytes, 0)
    expect(grown).to.be.at.most(3 * MiB)
    expect(grown).to.be.greaterThan(2 * MiB)
    for (const stream of pair.server.opened) stream.reset()
    expect(pair.server.core.budget.reserve(3 * MiB)).to.equal(true)
    expect(pair.server.core.budget.reserve(1)).to.equal(false)
  })

  it('grows to what its options say, and no further', () => {
    const pair = new YamuxPair({ server: { limits: { windowBytes: 700 * KiB } } })
    pair.latencyMs = 20
    transfer(pair, 20 * MiB)
    expect(windowOf(pair.server)).to.equal(700 * KiB)
  })

  it('measures again when the last time is long ago', () => {
    const pair = new YamuxPair()
    pair.latencyMs = 20
    transfer(pair, 1 * MiB)
    pair.now += 10_001
    pair.latencyMs = 5
    transfer(pair, 1 * MiB)
    expect(pair.server.core.rttMs).to.equal(25)
  })
})

describe('yamux under attack', () => {
  it('holds a window of one-byte frames in little more than a window', () => {
    const end = new YamuxEnd(false)
    end.feed(frame(WINDOW_UPDATE, SYN, 1))
    const flood = concat(Array.from({ length: 5000 }, () => frame(DATA, 0, 1, utf8('x'))))
    for (let i = 0; i < 52; i++) end.feed(flood)
    const stream = end.opened[0]!
    expect(stream.unread).to.equal(260_000)
    let pieces = 0
    while (stream.take() !== undefined) pieces++
    expect(pieces).to.be.lessThan(20)
  })

  it('is not kept busy by streams that are opened and reset without end', () => {
    const end = new YamuxEnd(false)
    for (let i = 0; i < 10_000; i++) {
      end.feed(frame(WINDOW_UPDATE, SYN, 2 * i + 1), frame(WINDOW_UPDATE, RST, 2 * i + 1))
      end.out.takeEvents()
      end.opened.length = 0
    }
    expect([end.core.inspect(), end.flush(), end.out.failure]).to.deep.equal([[], [], undefined])
  })

  it('gives each of 256 writers whose remote never reads only his share of memory', async () => {
    const client = new YamuxEnd(true)
    const streams = Array.from({ length: 256 }, () => client.open())
    for (const stream of streams) void stream.write(pattern(initialWindowBytes))
    client.flush()
    for (const stream of streams) {
      for (let i = 0; i < 100; i++) if (!await resolved(stream.write(pattern(8 * KiB)))) break
    }
    expect(client.core.queuedBytes).to.be.lessThan(4 * MiB + 256 * 25 * KiB)
  })
})
