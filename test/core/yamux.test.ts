/** Yamux: libp2p/specs yamux/README.md; behaviours of rust-yamux test-harness/tests (ack_backlog.rs, ack_timing.rs, poll_api.rs) re-told. */
import { expect } from 'chai'
import { yamux } from '../../src/actors/muxer/yamux/yamux.core.js'
import { ACK, DATA, describeHeader, FIN, GO_AWAY, initialWindowBytes, PING, RST, SYN, WINDOW_UPDATE } from '../../src/messages/wire/yamux.js'
import { concat, expectBytes, utf8 } from './support/recorder.js'
import { frame, framesOf, plainHost, readAll, YamuxEnd, YamuxPair } from './support/yamux-pair.js'

const told = (end: YamuxEnd): string[] => end.flush().map(describeHeader)
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** A server that has been fed these. */
const server = (...frames: readonly Uint8Array[]): YamuxEnd => new YamuxEnd(false).feed(...frames)

async function fate (promise: Promise<unknown>): Promise<string> {
  let outcome = 'waits'
  promise.then(value => { outcome = value instanceof Uint8Array ? text(value) : String(value) }, (error: unknown) => { outcome = (error as { code: string }).code })
  for (let i = 0; i < 5; i++) await Promise.resolve()
  return outcome
}

/** Fails with a protocol violation, tells the remote, and nothing else comes. */
function mustRefuse (end: YamuxEnd): void {
  expect(end.out.failure?.code).to.equal('connection/protocol-violation')
  expect(told(end)).to.deep.equal(['GoAway 1'])
  expect(end.core.failed).to.equal('connection/protocol-violation')
  expect(end.core.open()).to.equal('connection/closed')
  expect(end.core.nextTimeout()).to.equal(Infinity)
  end.feed(frame(PING, SYN, 0, 1))
  expect(end.flush()).to.deep.equal([])
  expect([end.core.bufferedBytes, end.core.queuedBytes, end.core.inboundStreams]).to.deep.equal([0, 0, 0])
}

describe('yamux framing (yamux/README.md, Framing)', () => {
  it('refuses another version (Version Field)', () => {
    mustRefuse(server(concat([Uint8Array.of(1), frame(PING, SYN, 0, 1).subarray(1)])))
  })

  it('refuses a type that it does not know (Type Field)', () => {
    for (const type of [4, 5, 255]) mustRefuse(server(frame(type, 0, 0, 0)))
  })

  it('ignores flags that it does not know, as go, rust and js do (Flag Field)', () => {
    const end = server(frame(DATA, SYN | 0x8000, 1, utf8('hi')))
    expect(end.out.failure).to.equal(undefined)
    expect(text(readAll(end.opened[0]!))).to.equal('hi')
  })

  it('keeps id 0 for the session (StreamID Field)', () => {
    mustRefuse(server(frame(DATA, SYN, 0, utf8('x'))))
    mustRefuse(server(frame(WINDOW_UPDATE, 0, 0, 1)))
    mustRefuse(server(frame(PING, SYN, 1, 1)))
    mustRefuse(server(frame(GO_AWAY, 0, 2, 0)))
  })

  it('uses odd ids as client, even ones as server, and refuses the others from the remote (StreamID Field)', () => {
    const ids = (end: YamuxEnd): number[] => [end.open().id, end.open().id, end.open().id]
    expect(ids(new YamuxEnd(true))).to.deep.equal([1, 3, 5])
    expect(ids(new YamuxEnd(false))).to.deep.equal([2, 4, 6])
    mustRefuse(server(frame(WINDOW_UPDATE, SYN, 2)))
    mustRefuse(new YamuxEnd(true).feed(frame(WINDOW_UPDATE, SYN, 1)))
  })
})

describe('yamux, opening a stream (yamux/README.md, Opening a stream)', () => {
  it('sends SYN with the first data, or else by itself', () => {
    const client = new YamuxEnd(true)
    void client.open().write(utf8('hi'))
    client.open()
    expect(told(client)).to.deep.equal(['Data SYN 1 +2', 'WindowUpdate SYN 3 +0'])
    expect(told(client)).to.deep.equal([])
  })

  it('opens nothing on the wire for a stream that is given up at once', () => {
    const client = new YamuxEnd(true)
    const stream = client.open()
    void stream.write(utf8('hi'))
    stream.reset()
    expect(told(client)).to.deep.equal([])
    expect(client.core.outboundStreams).to.equal(0)
  })

  it('answers with ACK on the first frame that it sends anyway', () => {
    const end = server(frame(DATA, SYN, 1, utf8('hi')))
    expect(told(end)).to.deep.equal([])
    void end.opened[0]!.write(utf8('ho'))
    end.core.command({ type: 'accept', stream: end.opened[0]! }, end.now, end.out)
    expect(told(end)).to.deep.equal(['Data ACK 1 +2'])
    expect(told(end)).to.deep.equal([])
  })

  it('answers with ACK by itself when it is accepted and has nothing to say', () => {
    const end = server(frame(WINDOW_UPDATE, SYN, 1))
    end.core.command({ type: 'accept', stream: end.opened[0]! }, end.now, end.out)
    end.core.command({ type: 'accept', stream: end.opened[0]! }, end.now, end.out)
    expect(told(end)).to.deep.equal(['WindowUpdate ACK 1 +0'])
    end.core.command({ type: 'accept', stream: end.opened[0]! }, end.now, end.out)
    expect(told(end)).to.deep.equal([])
  })

  it('answers with ACK on a FIN, when that is all', () => {
    const end = server(frame(WINDOW_UPDATE, SYN, 1))
    void end.opened[0]!.close()
    expect(told(end)).to.deep.equal(['WindowUpdate ACK|FIN 1 +0'])
  })

  it('answers with RST to refuse', () => {
    const end = server(frame(DATA, SYN, 1, utf8('hi')))
    end.opened[0]!.reset()
    expect(told(end)).to.deep.equal(['WindowUpdate RST 1 +0'])
  })

  it('takes SYN, data and FIN in one piece, before anybody knows of the stream', () => {
    for (const bytes of [
      [frame(DATA, SYN, 1, utf8('hi')), frame(WINDOW_UPDATE, FIN, 1)],
      [frame(DATA, SYN | FIN, 1, utf8('hi'))],
      [frame(WINDOW_UPDATE, SYN, 1), frame(DATA, FIN, 1, utf8('hi'))],
      [frame(WINDOW_UPDATE, SYN, 1), frame(DATA, 0, 1, utf8('hi')), frame(DATA, FIN, 1)]
    ]) {
      const end = server(concat(bytes))
      const stream = end.opened[0]!
      expect([text(readAll(stream)), stream.remoteEnded]).to.deep.equal(['hi', true])
      expect(end.events()).to.deep.equal(['stream.opened'])
    }
  })

  it('can use a stream before its ACK, and is told when it was refused after all', async () => {
    const client = new YamuxEnd(true)
    const stream = client.open()
    void stream.write(utf8('hi'))
    expect(told(client)).to.deep.equal(['Data SYN 1 +2'])
    const reading = stream.read()
    client.feed(frame(WINDOW_UPDATE, RST, 1, 0x1002))
    expect(await fate(reading)).to.equal('limit/streams')
    expect(stream.resetBy).to.deep.equal({ code: 'limit/streams', initiator: 'remote', wireCode: 0x1002 })
  })

  it('opens ids in any order: go opens concurrently', () => {
    const end = server(frame(WINDOW_UPDATE, SYN, 5), frame(WINDOW_UPDATE, SYN, 1), frame(WINDOW_UPDATE, SYN, 3))
    expect(end.opened.map(stream => stream.id)).to.deep.equal([5, 1, 3])
  })

  it('refuses a second SYN for a stream that lives', () => {
    mustRefuse(server(frame(WINDOW_UPDATE, SYN, 1), frame(DATA, SYN, 1, utf8('x'))))
  })

  it('does not even begin a stream that is opened and reset in one frame', () => {
    const end = server(frame(DATA, SYN | RST, 1, utf8('x')), frame(WINDOW_UPDATE, SYN | RST, 3))
    expect([end.events(), told(end), end.out.failure]).to.deep.equal([[], [], undefined])
  })

  it('survives that whoever hears of a stream resets it at once', () => {
    const end = new YamuxEnd(false)
    const emit = end.out.emit.bind(end.out)
    end.out.emit = event => {
      emit(event)
      if (event.type === 'stream.opened') event.handle.reset('stream/protocol-unsupported')
    }
    end.feed(concat([frame(DATA, SYN | FIN, 1, utf8('hello')), frame(DATA, SYN, 3, utf8('hello')), frame(DATA, 0, 3, utf8('more'))]))
    expect(told(end)).to.deep.equal(['WindowUpdate RST 1 +4097', 'WindowUpdate RST 3 +4097'])
    expect(end.out.failure).to.equal(undefined)
  })
})

describe('yamux, limits of streams (yamux/README.md, ACK backlog & backpressure)', () => {
  it('opens at most 256 streams that are not acknowledged, and says when it can again (SHOULD)', () => {
    const client = new YamuxEnd(true, { limits: { outboundStreams: 1000 } })
    for (let i = 0; i < 256; i++) client.open()
    expect(client.core.open()).to.equal('limit/streams')
    expect(client.flush()).to.have.length(256)
    expect(client.events()).to.deep.equal([])
    client.feed(frame(WINDOW_UPDATE, ACK, 7))
    client.flush()
    expect(client.events()).to.deep.equal(['openable'])
    expect(client.core.open()).to.not.be.a('string')
    expect(client.core.open()).to.equal('limit/streams')
    // An ACK counts once.
    client.feed(frame(WINDOW_UPDATE, ACK, 7))
    client.flush()
    expect(client.events()).to.deep.equal([])
  })

  it('acknowledges 256 and one more when they are answered one by one (rust ack_backlog.rs)', () => {
    const pair = new YamuxPair({ client: { limits: { outboundStreams: 1000 } } })
    const opened = Array.from({ length: 256 }, () => pair.client.open())
    for (const stream of opened) void stream.write(utf8('ping'))
    expect(pair.client.core.open()).to.equal('limit/streams')
    pair.run()
    expect(pair.client.core.open()).to.equal('limit/streams')
    expect(pair.server.opened).to.have.length(256)
    void pair.server.opened[0]!.write(utf8('pong'))
    pair.run()
    expect(pair.client.events()).to.deep.equal(['openable'])
    void pair.client.open().write(utf8('ping'))
    pair.run()
    expect(pair.server.opened).to.have.length(257)
  })

  it('resets what is beyond 256 unanswered inbound ones', () => {
    const end = new YamuxEnd(false, { limits: { inboundStreams: 1000 } })
    for (let i = 0; i < 257; i++) end.feed(frame(WINDOW_UPDATE, SYN, 2 * i + 1))
    expect(told(end)).to.deep.equal(['WindowUpdate RST 513 +4098'])
    void end.opened[0]!.write(utf8('x'))
    end.flush()
    end.feed(frame(DATA, SYN, 515, utf8('x')))
    expect(end.opened).to.have.length(257)
  })

  it('resets inbound streams beyond the limit, throws away what they bring, and goes on', () => {
    const end = new YamuxEnd(false, { limits: { inboundStreams: 2 } })
    end.feed(frame(DATA, SYN, 1, utf8('a')), frame(DATA, SYN, 3, utf8('b')), frame(DATA, SYN | FIN, 5, utf8('c')), frame(DATA, 0, 5, utf8('d')), frame(DATA, 0, 1, utf8('e')))
    expect(end.events()).to.deep.equal(['stream.opened', 'stream.opened', 'stream.refused'])
    expect(told(end)).to.deep.equal(['WindowUpdate RST 5 +4098'])
    expect(text(readAll(end.opened[0]!))).to.equal('ae')
    end.opened[0]!.reset()
    end.feed(frame(WINDOW_UPDATE, SYN, 7))
    expect(end.opened).to.have.length(3)
  })

  it('opens no more than its own limit, and says when it can again', () => {
    const client = new YamuxEnd(true, { limits: { outboundStreams: 2 } })
    const stream = client.open()
    client.open()
    expect(client.core.open()).to.equal('limit/streams')
    stream.reset()
    expect(client.wakes).to.equal(1)
    client.flush()
    expect(client.events()).to.deep.equal(['openable'])
  })

  it('counts a stream until both sides have ended and all of it was read', () => {
    const end = new YamuxEnd(false, { limits: { inboundStreams: 1 } })
    end.feed(frame(DATA, SYN | FIN, 1, utf8('hi')))
    void end.opened[0]!.close()
    end.flush()
    expect(end.core.inboundStreams).to.equal(1)
    end.feed(frame(WINDOW_UPDATE, SYN, 3))
    expect(end.opened).to.have.length(1)
    readAll(end.opened[0]!)
    expect(end.core.inboundStreams).to.equal(0)
    end.flush()
    end.feed(frame(WINDOW_UPDATE, SYN, 5))
    expect(end.opened).to.have.length(2)
  })

  it('gives up a remote that opens and does not read: resets are bounded', () => {
    const end = new YamuxEnd(false, { limits: { inboundStreams: 0, queuedResets: 10 } })
    for (let i = 0; i < 11; i++) end.feed(frame(WINDOW_UPDATE, SYN, 2 * i + 1))
    end.core.flush(end.now, end.out, 0)
    expect(end.out.failure?.code).to.equal('limit/connection-memory')
    expect(framesOf(end.out.takeWritten()).map(describeHeader)).to.deep.equal(['GoAway 4097'])
  })

  it('has no ids left at the end', () => {
    const client = new YamuxEnd(true)
    ;(client.core as unknown as { nextId: number }).nextId = 0xffff_ffff
    expect(client.open().id).to.equal(0xffff_ffff)
    expect(client.core.open()).to.equal('limit/streams')
  })
})

describe('yamux, closing a stream (yamux/README.md, Closing a stream)', () => {
  it('sends FIN in a frame of its own behind the data', () => {
    const client = new YamuxEnd(true)
    const stream = client.open()
    void stream.write(utf8('hi'))
    void stream.close()
    expect(told(client)).to.deep.equal(['Data SYN 1 +2', 'WindowUpdate FIN 1 +0'])
  })

  it('half-closes: the other direction goes on (rust prop_send_recv_half_closed)', async () => {
    const pair = new YamuxPair()
    const ours = pair.client.open()
    void ours.write(utf8('question'))
    const closed = ours.close()
    pair.run()
    const theirs = pair.server.opened[0]!
    expect([text(readAll(theirs)), theirs.remoteEnded, await fate(closed)]).to.deep.equal(['question', true, 'undefined'])
    expect(pair.client.core.outboundStreams).to.equal(1)
    void theirs.write(utf8('answer'))
    void theirs.close()
    pair.run()
    expect([text(readAll(ours)), ours.remoteEnded]).to.deep.equal(['answer', true])
    expect([pair.client.core.inspect(), pair.server.core.inspect()]).to.deep.equal([[], []])
    expect([pair.client.core.bufferedBound, pair.server.core.bufferedBound]).to.deep.equal([12, 12])
  })

  it('closes when both have closed, whoever was first, also at the same time', () => {
    for (const order of ['client', 'server', 'both']) {
      const pair = new YamuxPair()
      const ours = pair.client.open()
      pair.run()
      const theirs = pair.server.opened[0]!
      if (order !== 'server') void ours.close()
      if (order !== 'both') pair.run()
      void theirs.close()
      if (order === 'server') {
        pair.run()
        void ours.close()
      }
      if (order === 'both') void ours.close()
      pair.run()
      expect([ours.finished, theirs.finished, pair.client.core.outboundStreams, pair.server.core.inboundStreams], order).to.deep.equal([true, true, 0, 0])
    }
  })

  it('sends nothing for a FIN that comes twice, nor for anything else that comes late', () => {
    const pair = new YamuxPair()
    const ours = pair.client.open()
    void ours.close()
    pair.run()
    void pair.server.opened[0]!.close()
    pair.run()
    pair.server.feed(frame(WINDOW_UPDATE, FIN, 1), frame(DATA, FIN, 1), frame(WINDOW_UPDATE, 0, 1, 100), frame(WINDOW_UPDATE, RST, 1))
    expect([told(pair.server), pair.server.out.failure]).to.deep.equal([[], undefined])
  })

  it('resets a stream on which something comes behind its FIN, and only that stream', () => {
    const end = server(frame(DATA, SYN | FIN, 1, utf8('a')), frame(DATA, SYN, 3, utf8('b')), frame(DATA, 0, 1, utf8('more')), frame(DATA, 0, 3, utf8('c')))
    expect(told(end)).to.deep.equal(['WindowUpdate RST 1 +4100'])
    expect(end.opened[0]!.resetBy?.code).to.equal('stream/protocol-violation')
    expect(text(readAll(end.opened[1]!))).to.equal('bc')
  })

  it('resets with a code, which the other side hears (specs pull 623)', async () => {
    const pair = new YamuxPair()
    const ours = pair.client.open()
    void ours.write(utf8('hi'))
    pair.run()
    const waiting = ours.read()
    pair.server.opened[0]!.reset('stream/shutdown')
    pair.run()
    expect(await fate(waiting)).to.equal('stream/shutdown')
    expect(ours.resetBy).to.deep.equal({ code: 'stream/shutdown', initiator: 'remote', wireCode: 0x1007 })
    expect(pair.server.opened[0]!.resetBy).to.deep.equal({ code: 'stream/shutdown', initiator: 'local' })
    expect([pair.client.core.inspect(), pair.server.core.inspect()]).to.deep.equal([[], []])
  })

  it('sends code 0 for reasons of the application', () => {
    const end = server(frame(WINDOW_UPDATE, SYN, 1))
    end.opened[0]!.reset('my/reason')
    expect(told(end)).to.deep.equal(['WindowUpdate RST 1 +0'])
    expect(end.opened[0]!.resetBy?.code).to.equal('my/reason')
  })

  it('takes an RST on Data too, as rust sends it, and throws its body away', () => {
    const end = server(frame(DATA, SYN, 1, utf8('a')), frame(DATA, RST, 1, utf8('body')), frame(DATA, SYN, 3, utf8('b')))
    expect(end.opened.map(stream => stream.resetBy?.code)).to.deep.equal(['stream/reset', undefined])
    expect(end.out.failure).to.equal(undefined)
  })

  it('drops what is unread and unsent at a reset, in both directions', () => {
    const pair = new YamuxPair()
    const ours = pair.client.open()
    void ours.write(new Uint8Array(600_000))
    pair.run()
    expect(pair.server.core.unreadBytes).to.equal(initialWindowBytes)
    expect(pair.client.core.queuedBytes).to.equal(600_000 - initialWindowBytes)
    ours.reset()
    expect(pair.client.core.queuedBytes).to.equal(0)
    pair.run()
    expect([pair.server.core.unreadBytes, pair.server.core.bufferedBound]).to.deep.equal([0, 12])
  })

  it('goes on when a stream is reset in the midst of a body', () => {
    const body = frame(DATA, SYN, 1, new Uint8Array(1000))
    const end = server(body.subarray(0, 500))
    end.opened[0]!.reset()
    end.feed(body.subarray(500), frame(DATA, SYN, 3, utf8('next')))
    expect([end.out.failure, text(readAll(end.opened[1]!))]).to.deep.equal([undefined, 'next'])
  })

  it('goes on when the reader resets in the very call that brings bytes', () => {
    const end = server(frame(WINDOW_UPDATE, SYN, 1))
    end.opened[0]!.watch({ onReadable: () => { end.opened[0]!.reset() } })
    end.feed(concat([frame(DATA, FIN, 1, new Uint8Array(1000)), frame(DATA, SYN, 3, utf8('next'))]).subarray(0, 700))
    end.feed(concat([frame(DATA, FIN, 1, new Uint8Array(1000)), frame(DATA, SYN, 3, utf8('next'))]).subarray(700))
    expect([end.out.failure, text(readAll(end.opened[1]!))]).to.deep.equal([undefined, 'next'])
  })
})

describe('yamux, frames for streams that are no more', () => {
  const tolerant = { limits: { strayBytes: 1000 } }

  it('ignores what crosses with our reset, as much as the remote was allowed to send', () => {
    const end = new YamuxEnd(false, tolerant)
    end.feed(frame(WINDOW_UPDATE, SYN, 1))
    end.opened[0]!.reset()
    for (let i = 0; i < 4; i++) end.feed(frame(DATA, 0, 1, new Uint8Array(initialWindowBytes / 4)))
    end.feed(frame(WINDOW_UPDATE, 0, 1, 1), frame(WINDOW_UPDATE, FIN, 1))
    expect(end.out.failure).to.equal(undefined)
    expect(end.core.bufferedBytes).to.equal(0)
  })

  it('does not ignore for ever', () => {
    const end = new YamuxEnd(false, tolerant)
    for (let i = 0; i < 83; i++) end.feed(frame(WINDOW_UPDATE, FIN, 1))
    expect(end.out.failure).to.equal(undefined)
    end.feed(frame(WINDOW_UPDATE, FIN, 1))
    mustRefuse(end)
  })

  it('is patient with those who also do something useful', () => {
    const end = new YamuxEnd(false, tolerant)
    end.feed(frame(WINDOW_UPDATE, SYN, 1))
    for (let i = 0; i < 1000; i++) end.feed(frame(WINDOW_UPDATE, FIN, 3), frame(WINDOW_UPDATE, 0, 1, 1))
    expect(end.out.failure).to.equal(undefined)
  })

  it('refuses a body at its header: what nobody could have granted, and what claims 4 GiB', () => {
    for (const length of [0xffff_ffff, 16 * 1024 * 1024 + 1]) mustRefuse(new YamuxEnd(false).feed(frame(DATA, 0, 1, length)))
    mustRefuse(new YamuxEnd(false, tolerant).feed(frame(DATA, 0, 1, 2000)))
  })

  it('refuses frames for a stream of ours that was never opened', () => {
    mustRefuse(server(frame(WINDOW_UPDATE, 0, 2, 1)))
    const end = new YamuxEnd(false)
    end.open().reset()
    end.feed(frame(WINDOW_UPDATE, RST, 2))
    expect(end.out.failure).to.equal(undefined)
    mustRefuse(end.feed(frame(WINDOW_UPDATE, RST, 4)))
  })

  it('takes an end or a reset of a stream that was never opened: rust drops unused ones so', () => {
    const end = server(frame(DATA, RST, 1), frame(DATA, FIN, 3))
    expect([end.out.failure, told(end)]).to.deep.equal([undefined, []])
  })

  it('takes an id again once its stream is over: go does not keep them apart', () => {
    const end = server(frame(WINDOW_UPDATE, SYN, 1), frame(WINDOW_UPDATE, RST, 1), frame(DATA, SYN, 1, utf8('again')))
    expect(text(readAll(end.opened[1]!))).to.equal('again')
  })
})

describe('yamux pings (yamux/README.md, Type Field)', () => {
  it('answers with the same value', () => {
    expect(told(server(frame(PING, SYN, 0, 0xdead_beef)))).to.deep.equal(['Ping ACK 3735928559'])
  })

  it('answers at most 32 that it cannot send: a flood without reading is not paid for', () => {
    const end = new YamuxEnd(false)
    for (let i = 0; i < 1000; i++) end.feed(frame(PING, SYN, 0, i))
    expect(end.flush().map(pong => pong.length)).to.deep.equal(Array.from({ length: 32 }, (_, i) => i))
    expect(end.wakes).to.equal(1)
  })

  it('measures the round trip when it is asked', () => {
    const pair = new YamuxPair()
    pair.latencyMs = 40
    pair.client.core.command({ type: 'ping' }, pair.now, pair.client.out)
    pair.client.core.command({ type: 'ping' }, pair.now, pair.client.out)
    pair.run()
    expect(pair.client.out.takeEvents()).to.deep.equal([{ type: 'pong', rttMs: 80 }])
    expect(pair.client.core.rttMs).to.equal(80)
    pair.latencyMs = 10
    pair.client.core.command({ type: 'ping' }, pair.now, pair.client.out)
    pair.run()
    expect(pair.client.core.rttMs).to.equal(50)
  })

  it('has one ping under way at a time, with a new value each: rust ends a connection over any other pong', () => {
    const client = new YamuxEnd(true)
    const ask = (): void => { client.core.command({ type: 'ping' }, client.now, client.out) }
    ask()
    expect(told(client)).to.deep.equal(['Ping SYN 0'])
    ask()
    expect(told(client)).to.deep.equal([])
    client.feed(frame(PING, ACK, 0, 0))
    ask()
    expect(told(client)).to.deep.equal(['Ping SYN 1'])
  })

  it('ignores pongs that nobody asked for', () => {
    const client = new YamuxEnd(true)
    client.feed(frame(PING, ACK, 0, 0))
    client.core.command({ type: 'ping' }, client.now, client.out)
    client.feed(frame(PING, ACK, 0, 0))
    expect(client.core.rttMs).to.equal(undefined)
    client.flush()
    client.feed(frame(PING, ACK, 0, 5))
    expect([client.core.rttMs, client.out.failure]).to.deep.equal([undefined, undefined])
  })

  it('ends the connection over pings and foreign pongs without end, and says which', () => {
    for (const [flags, what] of [[SYN, 'pings'], [ACK, 'pongs that nobody asked for']] as const) {
      const end = server()
      for (let i = 0; i < 1024; i++) end.feed(frame(PING, flags, 0, i))
      expect(end.out.failure, what).to.equal(undefined)
      end.feed(frame(PING, flags, 0, 1024))
      expect(end.out.failure).to.include({ code: 'limit/frame-rate' })
      expect(end.out.failure!.text).to.match(new RegExp(`^${what} come faster than 128 a second`))
    }
  })

  it('lets 128 more through each second', () => {
    const end = server()
    for (let i = 0; i < 1024; i++) end.feed(frame(PING, SYN, 0, i))
    end.now += 1000
    for (let i = 0; i < 128; i++) end.feed(frame(PING, SYN, 0, i))
    expect(end.out.failure).to.equal(undefined)
    end.feed(frame(PING, SYN, 0, 0))
    expect(end.out.failure).to.include({ code: 'limit/frame-rate' })
  })

  it('saves up no more than 1,024 of them, however long it was quiet', () => {
    const end = server()
    end.now += 60_000
    for (let i = 0; i < 1024; i++) end.feed(frame(PING, SYN, 0, i))
    expect(end.out.failure).to.equal(undefined)
    end.feed(frame(PING, SYN, 0, 0))
    expect(end.out.failure).to.include({ code: 'limit/frame-rate' })
  })

  it('counts frames that say nothing new, whatever flags they have; not those that end, reset or acknowledge', () => {
    const unknown = 0x4000
    for (const [type, flags] of [[DATA, 0], [WINDOW_UPDATE, 0], [WINDOW_UPDATE, ACK], [DATA, unknown], [DATA, FIN]] as const) {
      const end = server(frame(DATA, SYN, 1, 0))
      if (flags === FIN) end.feed(frame(DATA, FIN, 1))
      for (let i = 0; i < 1024; i++) end.feed(frame(type, flags, 1))
      expect(end.out.failure).to.equal(undefined)
      end.feed(frame(type, flags, 1))
      expect(end.out.failure, `${type} ${flags}`).to.include({ code: 'limit/frame-rate' })
    }
    const client = new YamuxEnd(true)
    for (let i = 0; i < 3000; i++) {
      client.open()
      client.flush()
      const id = 2 * i + 1
      client.feed(frame(WINDOW_UPDATE, ACK, id))
      if (i % 2 === 0) client.feed(frame(DATA, RST, id))
      else client.feed(frame(DATA, FIN, id), frame(WINDOW_UPDATE, RST, id))
    }
    expect(client.out.failure).to.equal(undefined)
  })

  it('counts neither the pings of who sends a KiB of data with each, nor the answers to its own', () => {
    const end = server(frame(DATA, SYN, 1, 0))
    const stream = end.opened[0]!
    end.core.command({ type: 'accept', stream }, end.now, end.out)
    for (let i = 0; i < 3000; i++) {
      end.feed(frame(DATA, 0, 1, 1024), new Uint8Array(1024), frame(PING, SYN, 0, i))
      readAll(stream)
      end.flush()
    }
    expect(end.out.failure).to.equal(undefined)
    const client = new YamuxEnd(true)
    for (let i = 0; i < 3000; i++) {
      client.core.command({ type: 'ping' }, client.now, client.out)
      client.flush()
      client.feed(frame(PING, ACK, 0, i))
    }
    expect(client.out.failure).to.equal(undefined)
  })

  it('refuses one that neither asks nor answers', () => {
    mustRefuse(server(frame(PING, 0, 0, 1)))
  })

  it('keeps alive: after 30 s of silence it pings, and gives up when nothing comes at all', () => {
    const end = new YamuxEnd(true)
    expect(end.core.nextTimeout()).to.equal(31_000)
    end.now = 30_999
    end.core.expire(end.now, end.out)
    expect(told(end)).to.deep.equal([])
    end.now = 31_000
    end.core.expire(end.now, end.out)
    expect(told(end)).to.deep.equal(['Ping SYN 0'])
    expect(end.core.nextTimeout()).to.equal(51_000)
    end.now = 51_000
    end.core.expire(end.now, end.out)
    expect(end.out.failure?.code).to.equal('connection/timeout')
    expect(told(end)).to.deep.equal(['GoAway 0'])
  })

  it('takes any byte for a sign of life, while it waits for a pong too', () => {
    const end = new YamuxEnd(true)
    end.now = 20_000
    end.feed(frame(PING, SYN, 0, 1))
    expect(end.core.nextTimeout()).to.equal(50_000)
    end.now = 50_000
    end.core.expire(end.now, end.out)
    expect(told(end)).to.deep.equal(['Ping SYN 0', 'Ping ACK 1'])
    end.now = 60_000
    end.feed(frame(PING, SYN, 0, 2))
    expect(end.core.nextTimeout()).to.equal(80_000)
    end.feed(frame(PING, ACK, 0, 0))
    expect(end.core.nextTimeout()).to.equal(90_000)
    expect(end.events()).to.deep.equal([])
  })

  it('does not keep alive when it is told not to', () => {
    expect(new YamuxEnd(true, { limits: { keepAliveMs: 0 } }).core.nextTimeout()).to.equal(Infinity)
  })

  it('counts its pings around', () => {
    const client = new YamuxEnd(true)
    const ping = (client.core as unknown as { ping: { next: number } }).ping
    ping.next = 0xffff_ffff
    for (const value of [0xffff_ffff, 0]) {
      client.core.command({ type: 'ping' }, client.now, client.out)
      expect(told(client)).to.deep.equal([`Ping SYN ${value}`])
      client.feed(frame(PING, ACK, 0, value))
    }
  })
})

describe('yamux, going away (yamux/README.md, Session termination)', () => {
  it('tells the remote, takes no more streams, and lets open ones end', () => {
    const pair = new YamuxPair()
    const ours = pair.client.open()
    void ours.write(utf8('a'))
    pair.run()
    pair.server.core.command({ type: 'go-away', code: 'connection/closed' }, pair.now, pair.server.out)
    pair.server.core.command({ type: 'go-away', code: 'connection/closed' }, pair.now, pair.server.out)
    pair.run()
    expect(pair.client.out.takeEvents()).to.deep.equal([{ type: 'remote.going-away', code: 'connection/closed', wireCode: 0 }])
    expect([pair.client.core.open(), pair.server.core.open()]).to.deep.equal(['connection/closed', 'connection/closed'])
    void ours.write(utf8('b'))
    void ours.close()
    void pair.server.opened[0]!.close()
    pair.run()
    expect(text(readAll(pair.server.opened[0]!))).to.equal('ab')
    expect([pair.client.core.inspect(), pair.server.core.inspect()]).to.deep.equal([[], []])
  })

  it('resets streams that cross with it', () => {
    const end = new YamuxEnd(false)
    end.core.command({ type: 'go-away', code: 'connection/closed' }, end.now, end.out)
    end.feed(frame(DATA, SYN, 1, utf8('x')))
    expect(told(end)).to.deep.equal(['GoAway 0', 'WindowUpdate RST 1 +0'])
    expect(end.events()).to.deep.equal(['stream.refused'])
  })

  it('with the code of a failure, resets everything', async () => {
    for (const [code, wire] of [['connection/trimmed', 0x1005], ['connection/protocol-violation', 1], ['connection/crashed', 2], ['limit/connection-memory', 0x1001]] as const) {
      const pair = new YamuxPair()
      const ours = pair.client.open()
      pair.run()
      const waiting = ours.read()
      pair.server.core.command({ type: 'go-away', code }, pair.now, pair.server.out)
      expect(pair.server.opened[0]!.resetBy).to.deep.equal({ code: 'stream/connection-closed', initiator: 'local' })
      expect(pair.server.out.failure).to.equal(undefined)
      pair.client.feed(pair.server.out.takeWritten())
      expect(await fate(waiting)).to.equal('stream/connection-closed')
      expect(ours.resetBy).to.deep.equal({ code: 'stream/connection-closed', initiator: 'remote', wireCode: wire })
      expect(pair.client.out.events.at(-1)).to.include({ type: 'remote.going-away', wireCode: wire })
      expect(pair.client.core.failed).to.equal(wire === 2 ? 'connection/reset' : wire === 1 ? 'connection/protocol-violation' : wire === 0x1001 ? 'limit/connections' : code)
    }
  })

  it('hears a go-away only once', () => {
    const end = server(frame(GO_AWAY, 0, 0, 0), frame(GO_AWAY, 0, 0, 0))
    expect(end.events()).to.deep.equal(['remote.going-away'])
  })

  it('ends all streams, and says nothing, when the path is gone', async () => {
    const end = server(frame(DATA, SYN, 1, utf8('x')))
    const ours = end.open()
    const waiting = [ours.read(), ours.close()]
    end.core.command({ type: 'abort', code: 'connection/reset', initiator: 'remote' }, end.now, end.out)
    for (const promise of waiting) expect(await fate(promise)).to.equal('stream/connection-closed')
    expect([end.core.failed, end.flush(), end.core.nextTimeout(), end.core.bufferedBytes]).to.deep.equal(['connection/reset', [], Infinity, 0])
    end.core.command({ type: 'ping' }, end.now, end.out)
    end.core.expire(1e9, end.out)
    expect([end.out.written, end.out.failure]).to.deep.equal([[], undefined])
  })
})

describe('yamux, its options', () => {
  it('is a muxer', () => {
    const muxer = yamux({ outboundStreams: 3 })
    expect(muxer.protocol).to.equal('/yamux/1.0.0')
    const core = muxer.create({ client: true, host: plainHost, wake: () => {}, now: 0 })
    expect(core).to.have.property('limits').that.includes({ outboundStreams: 3, inboundStreams: 512 })
  })

  it('refuses limits that are none', () => {
    expect(() => yamux({ inboundStreams: -1 })).to.throw(RangeError, 'limits.inboundStreams')
    expect(() => yamux({ keepAliveMs: NaN })).to.throw(RangeError, 'limits.keepAliveMs')
    expect(() => yamux({ windowBytes: 1000 })).to.throw(RangeError, 'limits.windowBytes')
    expect(() => yamux({ windowBytes: 2 ** 31 })).to.throw(RangeError, 'limits.windowBytes')
  })

  it('accepts no stream of another connection', () => {
    const [one, other] = [server(frame(WINDOW_UPDATE, SYN, 1)), server(frame(WINDOW_UPDATE, SYN, 1))]
    one.core.command({ type: 'accept', stream: other.opened[0]! }, one.now, one.out)
    expect(told(one)).to.deep.equal([])
  })

  it('asks to be flushed once, and again after that', () => {
    const end = new YamuxEnd(true)
    const stream = end.open()
    void stream.write(utf8('a'))
    void stream.write(utf8('b'))
    expect(end.wakes).to.equal(1)
    end.flush()
    expect(end.wakes).to.equal(1)
    void stream.write(utf8('c'))
    expect(end.wakes).to.equal(2)
    expectBytes(concat(end.flush().map(({ body }) => body)), utf8('c'), 'c')
  })
})
