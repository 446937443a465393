import type { StreamBuffer } from '../../../src/runtime/bytes/stream-buffer.js'
import { SeededRandom } from '../../../src/runtime/random.js'
import { randomPieces } from './splits.js'
import { mustKeepInvariants, YamuxEnd } from './yamux-pair.js'

/** One direction of one stream: what its writer has written, and its reader has read. Bytes tell where they stand. */
interface Lane {
  written: number
  read: number
  closed: boolean
}

interface Both {
  readonly lanes: readonly [fromClient: Lane, fromServer: Lane]
  readonly ends: Array<StreamBuffer | undefined>
  reset: boolean
}

/**
 * Two cores, and whatever their users and the network may do between them, in random order: open, accept, write, read, close, stop reading, reset,
 * ping, let time pass, flush a little or much, deliver a part of what was sent. At every step the invariants hold, and nobody ever
 * breaks the protocol; at the end every byte has arrived in order, and nothing is left behind.
 *
 * @returns how many streams there were
 */
export function playOperations (seed: number, steps: number): number {
  const random = new SeededRandom(seed)
  const small = random.int(2) === 0
  const limits = small ? { inboundStreams: 8, outboundStreams: 8, unacknowledged: 4, windowGrowthBytes: 600_000 } : {}
  const sides = [new YamuxEnd(true, { limits }), new YamuxEnd(false, { limits })] as const
  /** Bytes on their way to the client, and to the server. */
  const pipes: [Uint8Array[], Uint8Array[]] = [[], []]
  const streams = new Map<number, Both>()
  let opened = 0

  const check = (): void => {
    for (const [i, side] of sides.entries()) {
      if (side.out.failure !== undefined) throw new Error(`side ${i} has failed: ${side.out.failure.code}, ${side.out.failure.text}`)
      mustKeepInvariants(side.core)
      for (const stream of side.opened.splice(0)) streams.get(stream.id)!.ends[i] = stream
      side.out.takeEvents()
    }
    // Nobody believes that he may send more than the other would take.
    for (const view of sides[0].core.inspect()) {
      const other = sides[1].core.inspect().find(({ id }) => id === view.id)
      if (other !== undefined && view.sendWindow > other.recvWindow) throw new Error(`stream ${view.id}: ${view.sendWindow} may be sent, ${other.recvWindow} received`)
    }
  }
  const open = (i: number): void => {
    const stream = sides[i]!.core.open()
    if (typeof stream === 'string') return
    opened++
    const ends: Both['ends'] = [undefined, undefined]
    ends[i] = stream
    streams.set(stream.id, { lanes: [{ written: 0, read: 0, closed: false }, { written: 0, read: 0, closed: false }], ends, reset: false })
  }
  const write = (both: Both, i: number, size: number): void => {
    const lane = both.lanes[i]!
    const stream = both.ends[i]!
    if (lane.closed || stream.resetBy !== undefined) return
    const bytes = new Uint8Array(size)
    for (let at = 0; at < size; at++) bytes[at] = byteAt(lane.written + at)
    lane.written += size
    void stream.write(bytes)
  }
  const read = (both: Both, i: number, most: number): void => {
    const lane = both.lanes[1 - i]!
    for (let left = most; left > 0;) {
      const bytes = both.ends[i]!.take(left)
      if (bytes === undefined) return
      for (const byte of bytes) if (byte !== byteAt(lane.read++)) throw new Error(`stream ${both.ends[i]!.id}: byte ${lane.read - 1} of side ${1 - i} is ${byte}`)
      left -= bytes.length
    }
  }
  const close = (both: Both, i: number): void => {
    both.lanes[i]!.closed = true
    void both.ends[i]!.close()
  }
  const flush = (i: number, room?: number): void => {
    const bytes = sides[i]!.flushed(room)
    if (bytes.length > 0) pipes[1 - i]!.push(bytes)
  }
  const deliver = (i: number, all: boolean): void => {
    const pipe = pipes[i]!
    for (let some = all ? Infinity : 1 + random.int(3); pipe.length > 0 && some > 0; some--) {
      for (const piece of randomPieces(pipe.shift()!, random)) {
        sides[i]!.feed(piece)
        check()
      }
    }
  }

  for (let step = 0; step < steps; step++) {
    const i = random.int(2)
    const alive = [...streams.values()].filter(({ ends }) => ends[i] !== undefined && !ends[i].finished)
    const both = alive[random.int(alive.length)]
    switch (random.int(14)) {
      case 0: open(i); break
      case 1: case 2: case 3: if (both !== undefined) write(both, i, Math.floor((small ? 5000 : 400_000) * random.next() ** 4)); break
      case 4: case 5: case 6: if (both !== undefined) read(both, i, random.int(2) === 0 ? Infinity : random.int(10_000)); break
      case 7: if (both !== undefined && random.int(4) === 0) close(both, i); break
      case 8: if (both !== undefined && random.int(6) === 0) { both.reset = true; both.ends[i]!.reset() } break
      case 9: if (both !== undefined) sides[i]!.core.command({ type: 'accept', stream: both.ends[i]! }, sides[i]!.now, sides[i]!.out); break
      case 10: sides[i]!.core.command({ type: 'ping' }, sides[i]!.now, sides[i]!.out); break
      case 11: for (const side of sides) { side.now += random.next() * 5; side.core.expire(side.now, side.out) } break
      case 12: flush(i, random.int(3) === 0 ? random.int(30_000) : undefined); break
      default: deliver(i, random.int(8) === 0)
    }
    check()
  }

  // Everybody closes and reads to the end. Each round frees windows and backlogs for the next.
  for (let rounds = 0; rounds < 500; rounds++) {
    for (const both of streams.values()) {
      for (const i of [0, 1]) {
        const stream = both.ends[i]
        if (stream === undefined) continue
        if (stream.resetBy !== undefined) both.reset = true
        else if (!stream.closing) close(both, i)
        read(both, i, Infinity)
      }
    }
    for (const i of [0, 1]) flush(i)
    for (const i of [0, 1]) deliver(i, true)
    if (pipes[0].length + pipes[1].length === 0 && sides.every(({ core }) => core.inspect().length === 0)) break
  }
  for (const [id, { ends, lanes, reset }] of streams) {
    if (reset) continue
    for (const i of [0, 1]) if (lanes[i]!.read !== lanes[i]!.written) throw new Error(`stream ${id}: side ${i} wrote ${lanes[i]!.written}, ${lanes[i]!.read} were read`)
    if (!ends.every(stream => stream?.finished === true)) throw new Error(`stream ${id} has not ended on both sides`)
  }
  for (const { core } of sides) {
    if (core.inspect().length > 0 || core.unreadBytes !== 0 || core.queuedBytes !== 0 || core.bufferedBound !== 12) throw new Error('something is left behind')
    if (small && !core.budget.reserve(600_000)) throw new Error('a window was not given back')
  }
  return opened
}

/** Differs from its neighbours and from those of other frames. */
function byteAt (place: number): number {
  return (place * 167 + (place >>> 9)) & 0xff
}
