/** What may be under way: the pong says what has arrived, and the bound follows the path. */
import { expect } from 'chai'
import { YamuxFlight } from '../../src/actors/muxer/yamux/yamux-flight.core.js'
import { ACK, DATA, initialWindowBytes, PING, WINDOW_UPDATE } from '../../src/messages/wire/yamux.js'
import { frame, YamuxEnd } from './support/yamux-pair.js'

const KiB = 1024
const MiB = 1024 * KiB
const frameBytes = 64 * KiB

interface Path {
  readonly bytesPerMs: number
  readonly rttMs: number
  /** What windows let pass at most. */
  readonly windowBytes: number
}

/** A sender who always has something to send, over a path that takes so much: how much was under way at most in the last tenth, and its speed. */
function saturated ({ bytesPerMs, rttMs, windowBytes }: Path, forMs: number): { readonly standing: number, readonly speed: number } {
  const flight = new YamuxFlight({ flightPathMs: 0.25, flightBytes: 64 * KiB })
  let [now, sent, taken, freeAt, standing, early] = [0, 0, 0, 0, 0, 0]
  let least = Infinity
  flight.spoken(0)
  /** Frames on the way: when each is taken up there. */
  const arrivals: Array<{ readonly at: number, readonly bytes: number }> = []
  let ping: { readonly at: number, readonly from: number } | undefined
  while (now < forMs) {
    flight.spoken(now)
    if (ping !== undefined && ping.at <= now) {
      least = Math.min(least, now - ping.from)
      ping = undefined
      flight.answered(now, least)
    }
    while (arrivals[0] !== undefined && arrivals[0].at <= now) taken += arrivals.shift()!.bytes
    while (flight.open(now) && sent - taken < windowBytes) {
      freeAt = Math.max(now, freeAt) + frameBytes / bytesPerMs
      arrivals.push({ at: freeAt + rttMs / 2, bytes: frameBytes })
      sent += frameBytes
      flight.add(frameBytes, now)
      if (flight.wantsMark(now) && ping === undefined) {
        flight.mark(now)
        ping = { at: Math.max(now, freeAt) + rttMs, from: now }
      }
    }
    if (flight.wantsMark(now) && ping === undefined) {
      flight.mark(now)
      ping = { at: Math.max(now, freeAt) + rttMs, from: now }
    }
    if (now < forMs * 0.9) early = taken
    else standing = Math.max(standing, sent - taken)
    now = Math.min(ping?.at ?? Infinity, arrivals[0]?.at ?? Infinity)
  }
  return { standing, speed: (taken - early) / (forMs * 0.1) }
}

describe('yamux, what is under way', () => {
  it('fills a long fat path', () => {
    const path = { bytesPerMs: 120_000, rttMs: 100, windowBytes: 64 * MiB }
    expect(saturated(path, 10_000).speed).to.be.within(path.bytesPerMs * 0.95, path.bytesPerMs * 1.05)
  })

  it('leaves it to the windows where they are smaller', () => {
    const { speed } = saturated({ bytesPerMs: 120_000, rttMs: 100, windowBytes: 4 * MiB }, 10_000)
    // Windows of this path are opened as soon as something arrives: after half a round trip.
    expect(speed).to.be.within(4 * MiB / 50 * 0.9, 4 * MiB / 50 * 1.1)
  })

  it('keeps little on a short fast path, and keeps it busy', () => {
    const { speed, standing } = saturated({ bytesPerMs: 600_000, rttMs: 0.1, windowBytes: 64 * MiB }, 1000)
    expect(standing).to.be.below(1.2 * MiB)
    expect(speed).to.be.above(570_000)
  })

  it('keeps little on a slow path', () => {
    const { speed, standing } = saturated({ bytesPerMs: 1000, rttMs: 20, windowBytes: 16 * MiB }, 60_000)
    // The least round trip that it can see is that of its first frame, 64 ms longer.
    expect(standing).to.be.at.most(400 * KiB)
    expect(speed).to.be.above(950)
  })

  it('bounds nothing before the first pong', () => {
    const flight = new YamuxFlight({ flightPathMs: 0.25, flightBytes: 64 * KiB })
    flight.spoken(0)
    flight.add(100 * MiB, 0)
    expect(flight.open(0)).to.equal(true)
    flight.mark(0)
    flight.add(100 * MiB, 1)
    flight.answered(1, 1)
    expect([flight.open(1), flight.underWay]).to.deep.equal([false, 100 * MiB])
  })

  it('bounds nothing while no stream converses', () => {
    const flight = new YamuxFlight({ flightPathMs: 0.25, flightBytes: 64 * KiB })
    flight.add(MiB, 0)
    flight.mark(0)
    flight.add(100 * MiB, 1)
    flight.answered(1, 1)
    expect(flight.open(2)).to.equal(true)
    flight.spoken(2)
    expect([flight.open(2), flight.open(1002), flight.open(1003)]).to.deep.equal([false, false, true])
  })

  it('asks only now and then while no stream converses, and at once when one begins to', () => {
    const flight = new YamuxFlight({ flightPathMs: 0.25, flightBytes: 64 * KiB })
    flight.add(MiB, 100)
    flight.mark(100)
    flight.answered(101, 1)
    flight.add(MiB, 102)
    expect([flight.wantsMark(102), flight.wantsMark(149), flight.wantsMark(150)]).to.deep.equal([false, false, true])
    flight.spoken(102)
    expect(flight.wantsMark(102)).to.equal(true)
  })

  it('bounds nothing any more for a remote that leaves its pings unanswered', () => {
    const client = busy()
    client.now += 20_001
    client.feed(frame(WINDOW_UPDATE, 0, 3, 1))
    expect(client.flush().some(({ type }) => type === DATA)).to.equal(true)
  })

  it('does not take a remote for dead that leaves them unanswered, before the keep-alive has asked too', () => {
    const client = busy()
    const { keepAliveMs, pongTimeoutMs } = client.core.limits
    const heard = client.now
    expect(client.core.nextTimeout()).to.equal(heard + keepAliveMs)
    client.now = heard + keepAliveMs
    client.core.expire(client.now, client.out)
    expect([client.out.failure, client.core.nextTimeout()]).to.deep.equal([undefined, client.now + pongTimeoutMs])
    client.now += pongTimeoutMs
    client.core.expire(client.now, client.out)
    expect(client.out.failure?.code).to.equal('connection/timeout')
  })

  it('sends what others have to say while bulk waits', () => {
    const client = busy()
    void client.open().write(new Uint8Array(100))
    expect(client.flush().map(({ streamId, length }) => `${streamId}: ${length}`)).to.deep.equal(['5: 100'])
    // It wants nothing of the link while only bulk waits.
    expect(client.core.flush(client.now, client.out)).to.equal(false)
  })
})

/** Stream 1 converses, stream 3 has much to send and a wide window, but as much is under way as may be. */
function busy (): YamuxEnd {
  const client = new YamuxEnd(true)
  const [quiet, bulk] = [client.open(), client.open()]
  for (let i = 0; i < 64; i++) void bulk.write(new Uint8Array(MiB))
  const pings = client.flush().filter(({ type }) => type === PING)
  client.feed(frame(WINDOW_UPDATE, ACK, 1), frame(WINDOW_UPDATE, ACK, 3, 32 * MiB - initialWindowBytes))
  for (let i = 0; i < 3; i++) {
    client.now += 1
    void quiet.write(new Uint8Array(10))
    if (i === 2) client.feed(frame(PING, ACK, 0, pings[0]?.length ?? 0))
    client.flush(64 * KiB)
  }
  client.flush()
  const before = client.core.queuedBytes
  client.flush()
  expect(client.core.queuedBytes, 'it is held back').to.equal(before)
  expect(before).to.be.above(0)
  return client
}
