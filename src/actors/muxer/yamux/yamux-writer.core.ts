/**
 * What a Yamux connection has to say, and in which order it says it.
 *
 *     1 credit   window updates: the remote waits for them
 *     2 control  pongs, our ping, resets
 *     3 quick    streams with little to say, in turn: one frame each
 *     4 bulk     the other streams, in turn: one frame each, then to the end of the line; while the flight is open
 *
 * The quick get at most half of what may be written at a time while bulk waits, so nobody is starved. A frame's body is at most 65,507 bytes: with its header that fills one Noise frame, and it is what a stream may take of
 * the line before the others have had their turn. Small writes of one turn leave together, as one frame a stream.
 *
 * Everything here is bounded: pongs and resets by their limits, the rest by the number of streams.
 */
import type { CoreOut } from '../../contract/core.js'
import type { ByteBudget, MuxerEvent } from '../../contract/muxer.js'
import { ACK, DATA, FIN, headerBytes, PING, RST, SYN, WINDOW_UPDATE, writeHeader } from '../../../messages/wire/yamux.js'
import type { YamuxFlight } from './yamux-flight.core.js'
import type { YamuxLimits } from './yamux-options.js'
import { BRIEF_ONCE, BRIEF_TWICE, FIN_RECEIVED, FIN_SENT, GONE, IN_CREDIT, IN_READY, type YamuxStream } from './yamux-stream.core.js'

/** Most that one Data frame of ours carries: 65,519 bytes of plaintext in a Noise frame, less the header. */
export const maxBodyBytes = 65_507

/** What the writer needs of the connection. */
export interface WriterKeeper {
  /** Of the path without what waits in it. */
  readonly leastRttMs: number | undefined
  readonly budget: ByteBudget
  /** What is under way to the remote. */
  readonly flight: YamuxFlight
  /** So many bytes have been taken out of streams. */
  streamsSent (bytes: number, now: number): void
  /** Credit is given: somebody reads. */
  windowUsed (now: number): void
  /** A stream's window has grown by this. */
  windowGrew (bytes: number): void
  pingSent (now: number): void
  /** Our ACK has gone out. */
  streamAnswered (): void
  /** Our FIN has gone out. */
  streamEnded (stream: YamuxStream): void
}

export class YamuxWriter {
  private readonly limits: YamuxLimits
  private readonly keeper: WriterKeeper
  private readonly quick = new Line()
  private readonly bulk = new Line()
  private firstCredit: YamuxStream | null = null
  private lastCredit: YamuxStream | null = null
  /** Null when there are none. */
  private pongs: number[] | null = null
  private resets: Array<{ readonly id: number, readonly code: number }> | null = null
  /** Opaque value of the ping to send; -1: none. */
  private ping = -1

  constructor (limits: YamuxLimits, keeper: WriterKeeper) {
    this.limits = limits
    this.keeper = keeper
  }

  /** Whether anything could be written now, given room. */
  pending (now: number): boolean {
    return this.quick.first !== null || (this.bulk.first !== null && this.keeper.flight.open(now)) || this.firstCredit !== null || this.pongs !== null || this.resets !== null || this.ping >= 0
  }

  /** A stream has something to say. */
  ready (stream: YamuxStream): void {
    if ((stream.flags & IN_READY) === 0) this.enqueue(stream, this.lineOf(stream))
  }

  /** A stream has credit to give. */
  creditor (stream: YamuxStream): void {
    if ((stream.flags & IN_CREDIT) !== 0) return
    stream.flags |= IN_CREDIT
    if (this.lastCredit === null) this.firstCredit = stream
    else this.lastCredit.nextCredit = stream
    this.lastCredit = stream
  }

  /** Answers a ping; a remote that asks faster than it reads is not answered any more. */
  pong (opaque: number): void {
    const pongs = this.pongs ??= []
    if (pongs.length < this.limits.queuedPongs) pongs.push(opaque)
  }

  sendPing (opaque: number): void {
    this.ping = opaque
  }

  reset (id: number, wireCode: number): void {
    (this.resets ??= []).push({ id, code: wireCode })
  }

  /** The remote makes us refuse more than it reads. */
  get tooManyResets (): boolean {
    return this.resets !== null && this.resets.length > this.limits.queuedResets
  }

  /** Forgets everything: the connection is over. */
  clear (): void {
    this.quick.clear()
    this.bulk.clear()
    this.firstCredit = this.lastCredit = null
    this.pongs = this.resets = null
    this.ping = -1
  }

  /**
   * Writes until nothing waits or `room` is used up; it may be exceeded by one frame.
   *
   * @returns how many bytes were written
   */
  flush (now: number, out: CoreOut<MuxerEvent>, room: number): number {
    let left = room
    for (let stream = this.firstCredit; stream !== null && left > 0; stream = this.firstCredit) {
      this.firstCredit = stream.nextCredit
      if (this.firstCredit === null) this.lastCredit = null
      stream.nextCredit = null
      stream.flags &= ~IN_CREDIT
      left -= this.creditFrame(stream, now, out)
    }
    left -= this.controlFrames(now, out, left)
    const { flight } = this.keeper
    const forBulk = this.bulk.first !== null && flight.open(now) ? Math.min(left / 2, maxBodyBytes) : 0
    for (let stream = this.quick.first; stream !== null && left > forBulk; stream = this.quick.first) {
      this.quick.shift(stream)
      left -= this.streamFrame(stream, now, out)
    }
    for (let stream = this.bulk.first; stream !== null && left > 0 && flight.open(now); stream = this.bulk.first) {
      this.bulk.shift(stream)
      left -= this.streamFrame(stream, now, out)
    }
    return room === Infinity ? 0 : room - left
  }

  private lineOf ({ buffer }: YamuxStream): Line {
    return buffer.queued <= quickBytes ? this.quick : this.bulk
  }

  private enqueue (stream: YamuxStream, line: Line): void {
    stream.flags |= IN_READY
    line.push(stream)
  }

  private creditFrame (stream: YamuxStream, now: number, out: CoreOut<MuxerEvent>): number {
    // Bytes may have been put back, or the stream may have ended, since it came into the list.
    if ((stream.flags & (GONE | FIN_RECEIVED)) !== 0 || !stream.creditDue) return 0
    const { keeper } = this
    keeper.windowUsed(now)
    const before = stream.maxWindow
    const delta = stream.grant(now, keeper.leastRttMs, this.limits.windowBytes, keeper.budget)
    if (stream.maxWindow > before) keeper.windowGrew(stream.maxWindow - before)
    this.header(WINDOW_UPDATE, this.openingFlags(stream), stream.id, delta, out)
    return headerBytes
  }

  private controlFrames (now: number, out: CoreOut<MuxerEvent>, room: number): number {
    const fit = Math.ceil(room / headerBytes)
    let frames = 0
    if (this.ping >= 0 && fit > 0) {
      this.header(PING, SYN, 0, this.ping, out)
      this.ping = -1
      this.keeper.pingSent(now)
      frames++
    }
    if (this.pongs !== null) {
      for (const opaque of this.pongs.splice(0, fit - frames)) {
        this.header(PING, ACK, 0, opaque, out)
        frames++
      }
      if (this.pongs.length === 0) this.pongs = null
    }
    if (this.resets !== null) {
      for (const { code, id } of this.resets.splice(0, fit - frames)) {
        this.header(WINDOW_UPDATE, RST, id, code, out)
        frames++
      }
      if (this.resets.length === 0) this.resets = null
    }
    return frames * headerBytes
  }

  /** One turn of a stream. */
  private streamFrame (stream: YamuxStream, now: number, out: CoreOut<MuxerEvent>): number {
    if ((stream.flags & GONE) !== 0) return 0
    const { buffer, id } = stream
    const body = Math.min(maxBodyBytes, stream.sendWindow, buffer.queued)
    let written = 0
    if (body > 0) {
      this.header(DATA, this.openingFlags(stream), id, body, out)
      let left = body
      for (let bytes = buffer.next(left); bytes !== undefined; bytes = left > 0 ? buffer.next(left) : undefined) {
        left -= bytes.length
        out.write(bytes)
      }
      stream.sendWindow -= body
      this.noteManner(stream, body, now)
      this.keeper.streamsSent(body, now)
      written = headerBytes + body
    }
    const ends = buffer.endDue
    if (ends) {
      // js-libp2p acts on a frame's flags before its body, and would drop the body that FIN came with.
      this.header(WINDOW_UPDATE, this.openingFlags(stream) | FIN, id, 0, out)
      stream.flags |= FIN_SENT
      written += headerBytes
    } else if (body === 0 && stream.sendable) {
      this.header(WINDOW_UPDATE, this.openingFlags(stream), id, 0, out)
      written = headerBytes
    }
    buffer.sent(ends)
    if (ends) this.keeper.streamEnded(stream)
    // The last few bytes of a write are no conversation: the next write may come before their turn, and then they go with that.
    else if (stream.sendable && (stream.flags & (GONE | IN_READY)) === 0) this.enqueue(stream, body > quickBytes ? this.bulk : this.lineOf(stream))
    return written
  }

  /** A stream that says little for the third time converses: the first of bulk is little too, a protocol and a header. */
  private noteManner (stream: YamuxStream, body: number, now: number): void {
    const { flags } = stream
    if (body > quickBytes) stream.flags = flags & ~(BRIEF_ONCE | BRIEF_TWICE)
    else if ((flags & BRIEF_TWICE) !== 0) this.keeper.flight.spoken(now)
    else stream.flags = flags | ((flags & BRIEF_ONCE) !== 0 ? BRIEF_TWICE : BRIEF_ONCE)
  }

  private openingFlags (stream: YamuxStream): number {
    const flags = stream.openingFlags()
    if (flags === ACK) this.keeper.streamAnswered()
    return flags
  }

  private header (type: number, flags: number, id: number, length: number, out: CoreOut<MuxerEvent>): void {
    writeHeader(scratch, 0, type, flags, id, length)
    out.lend(scratch)
  }
}

/** Streams in the order in which they came. Each is in one line at most. */
class Line {
  first: YamuxStream | null = null
  private last: YamuxStream | null = null

  push (stream: YamuxStream): void {
    if (this.last === null) this.first = stream
    else this.last.nextReady = stream
    this.last = stream
  }

  /** Takes out `stream`, which is the first. */
  shift (stream: YamuxStream): void {
    this.first = stream.nextReady
    if (this.first === null) this.last = null
    stream.nextReady = null
    stream.flags &= ~IN_READY
  }

  clear (): void {
    this.first = this.last = null
  }
}

/** A stream that has no more to say than this does not wait for those that have. */
const quickBytes = 4096

/** One for all: whoever it is lent to has copied it when the call returns. */
const scratch = new Uint8Array(headerBytes)
