/**
 * Yamux, `/yamux/1.0.0` (libp2p/specs yamux/README.md): many streams over one path of bytes, each with a window of its own.
 *
 *     bytes --> header --Data, length > 0--> body --as many bytes--> header ...
 *                  \--any mistake--> go-away sent, all streams reset, poisoned
 *
 * Bytes go straight into their streams' buffers, in the pieces in which they come: a body is never assembled. What follows
 * from a frame is noted, and written by `flush`; only a last go-away is written at once.
 *
 * Invariants, asserted by the tests at every step:
 * - the remote never gets to send more on a stream than the window it was granted: one byte more is refused at the header,
 *   before any of the body has come, and so is a header that claims more than any window;
 * - we never send more than the window that we were granted;
 * - `bufferedBytes` is what lies unread in all streams, and at most `bufferedBound`, the sum of their windows;
 * - a stream's id is found in O(1), and forgotten as soon as both sides have ended and all was read;
 * - frames for streams that are no more are tolerated as far as they may have crossed on the way, and not for ever.
 *
 * Tolerated though the spec is silent, since others do it: flags that we do not know (go, rust, js ignore them), opening
 * ids out of order (go opens concurrently), ends and resets of streams that were never opened (rust drops unused ones),
 * unasked pongs (go). Refused: another version or type, streams on id 0, pings and go-aways not on id 0 (js), ids of the
 * wrong parity, a second SYN for a live stream, windows beyond 2^32 - 1 (rust).
 */
import { codeFromWire, isErrorCode, wireCodeOf, type ErrorCode } from '../../../messages/errors.js'
import {
  ACK, DATA, FIN, GO_AWAY, goAwayInternalError, goAwayNormal, goAwayProtocolError, headerBytes, initialWindowBytes,
  largestUint32, RST, SYN, WINDOW_UPDATE, writeHeader, yamuxProtocol
} from '../../../messages/wire/yamux.js'
import type { StreamReset } from '../../../runtime/bytes/byte-stream.js'
import type { StreamBuffer } from '../../../runtime/bytes/stream-buffer.js'
import { allOf, oneOf, withOne, withoutOne, type Few } from '../../../runtime/few.js'
import type { CoreOut } from '../../contract/core.js'
import type { ByteBudget, Muxer, MuxerCommand, MuxerCore, MuxerEvent, MuxerOptions } from '../../contract/muxer.js'
import { checkYamuxLimits, yamuxDefaults, type YamuxLimits } from './yamux-options.js'
import {
  ACCEPTED, ANSWERING, FIN_RECEIVED, GONE, IN_READY, INBOUND, OPENING, UNACKNOWLEDGED, YamuxStream, type StreamKeeper
} from './yamux-stream.core.js'
import { YamuxFlight } from './yamux-flight.core.js'
import { YamuxPing, type PingKeeper } from './yamux-ping.core.js'
import { YamuxReader, type ReaderKeeper } from './yamux-reader.core.js'
import { YamuxWriter, type WriterKeeper } from './yamux-writer.core.js'

export interface YamuxOptions extends MuxerOptions {
  readonly limits?: Partial<YamuxLimits>
}

/** Yamux as a connection's upgrade wants it. @throws RangeError for a limit that is none */
export function yamux (limits: Partial<YamuxLimits> = {}): Muxer {
  const all = completed(limits)
  return { protocol: yamuxProtocol, create: options => new YamuxCore(options, all) }
}

function completed (limits: Partial<YamuxLimits> | undefined): YamuxLimits {
  const all = { ...yamuxDefaults, ...limits }
  checkYamuxLimits(all)
  return all
}

/** See `YamuxStream`. */
export interface YamuxStreamView {
  readonly id: number
  readonly buffer: StreamBuffer
  readonly inbound: boolean
  readonly acknowledged: boolean
  readonly sendWindow: number
  readonly recvWindow: number
  readonly maxWindow: number
  readonly credit: number
}

type Out = CoreOut<MuxerEvent>

export class YamuxCore implements MuxerCore, PingKeeper, ReaderKeeper, StreamKeeper, WriterKeeper {
  readonly host
  readonly budget: ByteBudget
  readonly limits: YamuxLimits
  inboundStreams = 0
  outboundStreams = 0
  queuedBytes = 0
  /** Arrived and not read, of all streams. */
  unreadBytes = 0
  failed: ErrorCode | undefined
  heardAt: number
  private readonly client: boolean
  private readonly wake: () => void
  private streams: Few<number, YamuxStream> = null
  private readonly reader = new YamuxReader(this)
  /** What is under way of what our streams have sent. */
  readonly flight: YamuxFlight
  private readonly writer: YamuxWriter
  private readonly ping: YamuxPing
  private nextId: number
  /** Sum of all receive windows. */
  private grantedBytes = 0
  /** Streams of ours that the remote has not acknowledged, and of the remote's that we have not. */
  private unacknowledged = 0
  private unanswered = 0
  /** Bytes of frames for streams that are no more: that are tolerated, and besides them bodies that may have crossed with an end. */
  private strayLeft: number
  private strayCrossing = 0
  private goingAway = false
  private remoteGoingAway = false
  /** Somebody wanted to open a stream, and will be told when he can. */
  private openRefused = false
  /** Somebody waits until no more than this is unread; -1: nobody. */
  private wakeAtBytes = -1
  /** Frames that bring nothing: how many may come, as of when. */
  private idleLeft: number
  private idleAt: number
  /** It has been asked for a flush already. */
  private awake = false

  /**
   * @param limits shared by all connections of a node
   * @throws RangeError for a limit that is none
   */
  constructor (options: YamuxOptions, limits: YamuxLimits = completed(options.limits)) {
    this.limits = limits
    this.host = options.host
    this.client = options.client
    this.wake = options.wake
    this.budget = options.budget ?? ownBudget(this.limits.windowGrowthBytes)
    this.nextId = options.client ? 1 : 2
    this.strayLeft = this.limits.strayBytes
    this.idleLeft = this.limits.idleFrames
    this.idleAt = this.heardAt = options.now
    this.writer = new YamuxWriter(this.limits, this)
    this.flight = new YamuxFlight(this.limits)
    this.ping = new YamuxPing(this.limits, this.flight, this)
  }

  get rttMs (): number | undefined {
    return this.ping.rttMs
  }

  get leastRttMs (): number | undefined {
    return this.ping.leastRttMs
  }

  get bufferedBytes (): number {
    return this.unreadBytes + this.reader.headerFilled
  }

  get bufferedBound (): number {
    return this.grantedBytes + headerBytes
  }

  /** The live streams as they are now, for inspection. */
  inspect (): YamuxStreamView[] {
    return allOf(this.streams).map(({ buffer, credit, flags, id, maxWindow, recvWindow, sendWindow }) => ({
      id,
      buffer,
      inbound: (flags & INBOUND) !== 0,
      acknowledged: (flags & (OPENING | ANSWERING | UNACKNOWLEDGED)) === 0,
      sendWindow,
      recvWindow,
      maxWindow,
      credit
    }))
  }

  // ---------------------------------------------------------------- verbs

  /** The memory is the core's from now on: views of it go to the readers. */
  feed (bytes: Uint8Array, now: number, out: Out): void {
    if (this.failed !== undefined) return
    this.heardAt = now
    this.reader.feed(bytes, now, out)
  }

  command (command: MuxerCommand, now: number, out: Out): void {
    if (this.failed !== undefined) return
    switch (command.type) {
      case 'accept': {
        const stream = oneOf(this.streams, command.stream.id, idOf)
        if (stream?.buffer !== command.stream || (stream.flags & ANSWERING) === 0) return
        stream.flags |= ACCEPTED
        this.noteReady(stream)
        return
      }
      case 'ping':
        this.ping.ask(now)
        return
      case 'go-away':
        this.goAway(command.code, out)
        return
      case 'abort':
        this.end(command.code, { code: 'stream/connection-closed', initiator: command.initiator })
    }
  }

  /** The timers: `keep alive`, when nothing has come for long; `pong`, when nothing came behind a ping either. */
  nextTimeout (): number {
    return this.failed === undefined ? this.ping.nextTimeout() : Infinity
  }

  expire (now: number, out: Out): void {
    if (now < this.nextTimeout()) return
    const silence = this.ping.expire(now)
    if (silence !== undefined) this.fail('connection/timeout', silence, out)
  }

  flush (now: number, out: Out, room = Infinity): boolean {
    if (this.failed !== undefined) return false
    // What is noted while writing is written too.
    this.awake = true
    if (this.tooManyResets(out)) return false
    if (this.openRefused && this.openRefusal() === undefined) {
      this.openRefused = false
      out.emit({ type: 'openable' })
    }
    if (this.flight.overdue(now, this.limits.pongTimeoutMs)) this.flight.release()
    let left = room
    do left -= this.writer.flush(now, out, left)
    while (left > 0 && this.writer.pending(now))
    this.awake = false
    return this.writer.pending(now)
  }

  open (): StreamBuffer | ErrorCode {
    if (this.failed !== undefined || this.goingAway || this.remoteGoingAway) return 'connection/closed'
    const refusal = this.openRefusal()
    if (refusal !== undefined) {
      this.openRefused = true
      return refusal
    }
    const id = this.nextId
    this.nextId += 2
    this.outboundStreams++
    this.unacknowledged++
    return this.add(id, OPENING).buffer
  }

  wakeAt (unreadBytes: number): void {
    this.wakeAtBytes = unreadBytes
    this.wakeIfRead()
  }

  // ---------------------------------------------------------------- frames from the remote (ReaderKeeper)

  onStreamFrame (type: number, flags: number, id: number, length: number, out: Out): void {
    let stream = oneOf(this.streams, id, idOf)
    if ((flags & SYN) !== 0) {
      if ((id & 1) === (this.client ? 1 : 0)) return this.onViolation(`stream ${id} opened with an id of ours`, out)
      if (stream !== undefined) return this.onViolation(`stream ${id} opened twice`, out)
      if (type === DATA && length > initialWindowBytes) return this.onViolation(`stream ${id} opened with ${length} bytes; its window is ${initialWindowBytes}`, out)
      stream = this.admit(id, flags, out)
      if (this.failed !== undefined) return
    }
    if (stream === undefined) return this.strayed(type, id, length, out)
    if (this.strayLeft < this.limits.strayBytes) this.strayLeft += headerBytes + (type === DATA ? length : 0)
    const acknowledges = (flags & ACK) !== 0 && this.acknowledged(stream)
    if ((flags & RST) !== 0) {
      // Behind Data the length is a body's, which nobody wants any more; else it is a code.
      this.resetByRemote(stream, type === DATA ? 0 : length)
      if (type === DATA) this.strayed(type, id, length, out)
    } else if (length === 0 && !acknowledges && (flags & SYN) === 0 && ((flags & FIN) === 0 || (stream.flags & FIN_RECEIVED) !== 0)) {
      // Whatever flags it has: they say what has been said, or what nobody knows.
      this.idles('frames of nothing', out)
    } else if (type === WINDOW_UPDATE) {
      this.windowOpened(stream, length, out)
      if ((flags & FIN) !== 0) this.onEnd(stream)
    } else if (length > 0) {
      this.bodyBegins(stream, length, (flags & FIN) !== 0, out)
    } else if ((flags & FIN) !== 0) {
      this.onEnd(stream)
    }
  }

  /** It opens streams faster than it hears that they are refused, or than we can look at them. Asked at each, or one read could hold thousands. */
  private tooManyResets (out: Out): boolean {
    if (!this.writer.tooManyResets) return false
    this.fail('limit/connection-memory', `more than ${this.limits.queuedResets} resets wait: the remote opens streams faster than they can be answered`, out)
    return true
  }

  /** A stream of the remote's, or undefined when it may have none. */
  private admit (id: number, flags: number, out: Out): YamuxStream | undefined {
    if ((flags & RST) !== 0 || this.tooManyResets(out)) return undefined
    const { limits } = this
    const refusal: ErrorCode | undefined = this.goingAway
      ? 'stream/connection-closed'
      : this.inboundStreams >= limits.inboundStreams || this.unanswered >= limits.unacknowledged ? 'limit/streams' : undefined
    if (refusal !== undefined) {
      this.writer.reset(id, wireCodeOf(refusal, 'stream'))
      this.wakeUp()
      // It may have sent so much before it knows.
      this.strayCrossing += initialWindowBytes
      out.emit({ type: 'stream.refused', code: refusal })
      return undefined
    }
    this.inboundStreams++
    this.unanswered++
    const stream = this.add(id, INBOUND | ANSWERING)
    out.emit({ type: 'stream.opened', handle: stream.buffer })
    // Whoever was told may have reset it.
    return (stream.flags & GONE) === 0 ? stream : undefined
  }

  private bodyBegins (stream: YamuxStream, length: number, ends: boolean, out: Out): void {
    if ((stream.flags & FIN_RECEIVED) !== 0) {
      this.streamReset(stream, 'stream/protocol-violation')
      return this.strayed(DATA, stream.id, length, out)
    }
    if (length > stream.recvWindow) return this.onViolation(`stream ${stream.id} sent ${length} bytes; its window has ${stream.recvWindow} left`, out)
    stream.recvWindow -= length
    const { idleFrames } = this.limits
    // Who sends data may ask often where it has arrived, as we do (`YamuxFlight`).
    if (this.idleLeft < idleFrames) this.idleLeft = Math.min(idleFrames, this.idleLeft + length / idleFrameBytes)
    this.reader.expectBody(stream, length, ends)
  }

  onBody (stream: YamuxStream, bytes: Uint8Array, start: number, end: number): void {
    this.unreadBytes += end - start
    stream.buffer.push(bytes, start, end)
  }

  /** A frame for a stream that is no more, or never was: what it brings is thrown away. */
  private strayed (type: number, id: number, length: number, out: Out): void {
    if ((id & 1) === (this.client ? 1 : 0) && id >= this.nextId) return this.onViolation(`a frame for stream ${id}, which was never opened`, out)
    const body = type === DATA ? length : 0
    if (body > this.limits.windowBytes) return this.onViolation(`a body of ${body} bytes, more than any window`, out)
    const crossing = Math.min(body, this.strayCrossing)
    const beyond = headerBytes + body - crossing
    if (beyond > this.strayLeft) return this.onViolation(`too much for streams that are no more; the last was ${id}`, out)
    this.strayCrossing -= crossing
    this.strayLeft -= beyond
    this.reader.expectBody(null, body, false)
  }

  /** One more frame that brings nothing. False when that was one too many, and the end of the connection. */
  private idles (what: string, out: Out): boolean {
    const { idleFrames, idleFramesPerSecond } = this.limits
    this.idleLeft = Math.min(idleFrames, this.idleLeft + (this.heardAt - this.idleAt) * idleFramesPerSecond / 1000)
    this.idleAt = this.heardAt
    if (this.idleLeft < 1) {
      this.fail('limit/frame-rate', `${what} come faster than ${idleFramesPerSecond} a second (idleFramesPerSecond)`, out)
      return false
    }
    this.idleLeft--
    return true
  }

  /** False when it was already. */
  private acknowledged (stream: YamuxStream): boolean {
    if ((stream.flags & UNACKNOWLEDGED) === 0) return false
    stream.flags &= ~UNACKNOWLEDGED
    this.unacknowledged--
    if (this.openRefused) this.wakeUp()
    return true
  }

  private windowOpened (stream: YamuxStream, delta: number, out: Out): void {
    if (stream.sendWindow + delta > largestUint32) return this.onViolation(`stream ${stream.id} widened its window beyond 2^32 - 1`, out)
    stream.sendWindow += delta
    if (delta > 0 && stream.sendable) this.noteReady(stream)
  }

  onEnd (stream: YamuxStream): void {
    if ((stream.flags & (GONE | FIN_RECEIVED)) !== 0) return
    stream.flags |= FIN_RECEIVED
    stream.buffer.end()
    this.forgetIfDone(stream)
  }

  private resetByRemote (stream: YamuxStream, wireCode: number): void {
    // Behind its reset it has nothing to send.
    stream.flags |= FIN_RECEIVED
    this.forget(stream)
    stream.buffer.abort({ code: codeFromWire(wireCode, 'stream'), initiator: 'remote', wireCode })
  }

  onPing (flags: number, opaque: number, now: number, out: Out): void {
    if ((flags & SYN) !== 0) {
      if (!this.idles('pings', out)) return
      this.writer.pong(opaque)
      this.wakeUp()
    } else if ((flags & ACK) === 0) {
      this.onViolation('a ping that neither asks nor answers', out)
    } else if (this.ping.expects(opaque) || this.idles('pongs that nobody asked for', out)) {
      const rttMs = this.ping.answered(opaque, now)
      if (this.flight.wantsMark(now)) this.ping.mark(now)
      if (rttMs !== undefined) out.emit({ type: 'pong', rttMs })
    }
  }

  /** Of the spec's codes only normal lets open streams go on; go sends the libp2p codes from 0x1000 on. */
  onGoAway (wireCode: number, out: Out): void {
    if (wireCode === goAwayNormal) {
      if (this.remoteGoingAway) {
        this.idles('farewells', out)
        return
      }
      this.remoteGoingAway = true
      out.emit({ type: 'remote.going-away', code: 'connection/closed', wireCode })
      return
    }
    const code = wireCode === goAwayProtocolError ? 'connection/protocol-violation' : codeFromWire(wireCode, 'connection')
    this.end(code, { code: 'stream/connection-closed', initiator: 'remote', wireCode })
    out.emit({ type: 'remote.going-away', code, wireCode })
    out.fail(code, `the remote went away with code ${wireCode}`)
  }

  // ---------------------------------------------------------------- notes of the streams' users (StreamKeeper)

  streamConsumed (stream: YamuxStream, bytes: number): void {
    if ((stream.flags & GONE) !== 0) return
    this.unreadBytes -= bytes
    if (this.wakeAtBytes >= 0) this.wakeIfRead()
    stream.credit += bytes
    if (stream.creditDue) {
      this.writer.creditor(stream)
      this.wakeUp()
    }
    this.forgetIfDone(stream)
  }

  streamWanted (stream: YamuxStream, bytes: number): void {
    if ((stream.flags & GONE) !== 0) return
    this.queuedBytes += bytes
    // Most writes of a turn find the first one's note.
    if ((stream.flags & IN_READY) === 0 && stream.sendable) this.noteReady(stream)
  }

  hasRoom (queued: number): boolean {
    const { limits } = this
    return queued <= limits.queuedFloorBytes || (queued <= limits.queuedCeilingBytes && this.queuedBytes <= limits.queuedConnectionBytes)
  }

  streamReset (stream: YamuxStream, code: string): void {
    if ((stream.flags & GONE) === 0) {
      // Nobody knows of a stream whose opening has not gone out.
      const known = (stream.flags & OPENING) === 0
      this.forget(stream)
      if (known) {
        this.writer.reset(stream.id, isErrorCode(code) ? wireCodeOf(code, 'stream') : 0)
        this.wakeUp()
      }
    }
    stream.buffer.abort({ code, initiator: 'local' })
  }

  // ---------------------------------------------------------------- notes of the ping and the writer

  streamsSent (bytes: number, now: number): void {
    this.queuedBytes -= bytes
    this.flight.add(bytes, now)
    if (this.flight.wantsMark(now)) this.ping.mark(now)
  }

  windowUsed (now: number): void {
    this.ping.used(now)
  }

  windowGrew (bytes: number): void {
    this.grantedBytes += bytes
  }

  pingDue (opaque: number): void {
    this.writer.sendPing(opaque)
    this.wakeUp()
  }

  pingSent (now: number): void {
    this.ping.sent(now)
  }

  streamAnswered (): void {
    this.unanswered--
  }

  streamEnded (stream: YamuxStream): void {
    this.forgetIfDone(stream)
  }

  // ---------------------------------------------------------------- streams come and go

  private openRefusal (): ErrorCode | undefined {
    const { limits } = this
    const full = this.outboundStreams >= limits.outboundStreams || this.unacknowledged >= limits.unacknowledged
    return full || this.nextId > largestUint32 ? 'limit/streams' : undefined
  }

  private add (id: number, flags: number): YamuxStream {
    const stream = new YamuxStream(id, flags, this)
    this.streams = withOne(this.streams, stream, idOf)
    this.grantedBytes += initialWindowBytes
    if ((flags & OPENING) !== 0) this.noteReady(stream)
    return stream
  }

  private forgetIfDone (stream: YamuxStream): void {
    if (stream.done && (stream.flags & GONE) === 0) this.forget(stream)
  }

  private forget (stream: YamuxStream): void {
    const { buffer, flags } = stream
    stream.flags |= GONE
    this.streams = withoutOne(this.streams, stream, idOf)
    this.unreadBytes -= buffer.unread
    this.queuedBytes -= buffer.queued
    this.grantedBytes -= stream.maxWindow
    if (stream.maxWindow > initialWindowBytes) this.budget.release(stream.maxWindow - initialWindowBytes)
    if ((flags & INBOUND) !== 0) this.inboundStreams--
    else this.outboundStreams--
    if ((flags & ANSWERING) !== 0) this.unanswered--
    if ((flags & (OPENING | UNACKNOWLEDGED)) !== 0) this.unacknowledged--
    // What was granted may be on its way.
    if ((flags & FIN_RECEIVED) === 0) this.strayCrossing += stream.recvWindow
    this.reader.drop(stream)
    if (this.wakeAtBytes >= 0) this.wakeIfRead()
    if (this.openRefused || (this.goingAway && this.streams === null)) this.wakeUp()
  }

  /** Not `wakeUp`: whoever waits for this may not flush meanwhile. */
  private wakeIfRead (): void {
    if (this.unreadBytes > this.wakeAtBytes || this.wakeAtBytes < 0) return
    this.wakeAtBytes = -1
    this.wake()
  }

  private noteReady (stream: YamuxStream): void {
    this.writer.ready(stream)
    this.wakeUp()
  }

  private wakeUp (): void {
    if (this.awake || this.failed !== undefined) return
    this.awake = true
    this.wake()
  }

  // ---------------------------------------------------------------- the end

  private goAway (code: ErrorCode, out: Out): void {
    if (this.goingAway && code === 'connection/closed') return
    this.goingAway = true
    this.writeGoAway(code, out)
    if (code !== 'connection/closed') this.end(code, { code: 'stream/connection-closed', initiator: 'local' })
  }

  private writeGoAway (code: ErrorCode, out: Out): void {
    const frame = new Uint8Array(headerBytes)
    writeHeader(frame, 0, GO_AWAY, 0, 0, goAwayCodeOf(code))
    out.write(frame)
  }

  onViolation (rule: string, out: Out): void {
    this.fail('connection/protocol-violation', rule, out)
  }

  private fail (code: ErrorCode, text: string, out: Out): void {
    this.writeGoAway(code, out)
    this.end(code, { code: 'stream/connection-closed', initiator: code === 'connection/protocol-violation' ? 'remote' : 'local' })
    out.fail(code, text)
  }

  /** All streams are over, and so is the core. */
  private end (code: ErrorCode, reset: StreamReset): void {
    this.failed = code
    this.writer.clear()
    this.reader.stop()
    const streams = allOf(this.streams)
    for (const stream of streams) this.forget(stream)
    for (const stream of streams) stream.buffer.abort(reset)
  }
}

/** So much data stands for one frame that brings nothing. */
const idleFrameBytes = 1024

const idOf = ({ id }: YamuxStream): number => id

/** The spec's own codes for what the spec speaks of, libp2p's for the rest. */
function goAwayCodeOf (code: ErrorCode): number {
  if (code === 'connection/protocol-violation') return goAwayProtocolError
  if (code === 'connection/crashed') return goAwayInternalError
  return wireCodeOf(code, 'connection')
}

function ownBudget (bytes: number): ByteBudget {
  let left = bytes
  return {
    reserve (wanted) {
      if (wanted > left) return false
      left -= wanted
      return true
    },
    release (given) { left += given }
  }
}
