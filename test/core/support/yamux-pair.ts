import { YamuxCore } from '../../../src/actors/muxer/yamux/yamux.core.js'
import type { YamuxLimits } from '../../../src/actors/muxer/yamux/yamux-options.js'
import type { ByteBudget, MuxerEvent } from '../../../src/actors/contract/muxer.js'
import { isErrorCode, NetworkError } from '../../../src/messages/errors.js'
import { DATA, encodeFrame, headerBytes, readHeader, type YamuxHeader } from '../../../src/messages/wire/yamux.js'
import type { StreamHost } from '../../../src/runtime/bytes/byte-stream.js'
import type { StreamBuffer } from '../../../src/runtime/bytes/stream-buffer.js'
import { mustKeepBounds } from './observe.js'
import { concat, Recorder } from './recorder.js'
import { pieces } from './splits.js'

export const plainHost: StreamHost = {
  settle: null,
  frees: false,
  error: ({ code, initiator, wireCode }) => isErrorCode(code) ? new NetworkError(code, { initiator, ...wireCode !== undefined && { wireCode } }) : new Error(code)
}

export interface EndOptions {
  readonly limits?: Partial<YamuxLimits>
  readonly budget?: ByteBudget
  /** What it is fed with may be given back. Default false. */
  readonly frees?: boolean
}

/** A core and all that belongs to it in a test. */
export class YamuxEnd {
  readonly core: YamuxCore
  readonly out = new Recorder<MuxerEvent>()
  /** Streams that the remote has opened, in order. */
  readonly opened: StreamBuffer[] = []
  /** How often it asked to be flushed. */
  wakes = 0
  now = 1000

  constructor (client: boolean, { budget, frees = false, limits = {} }: EndOptions = {}) {
    this.core = new YamuxCore({ client, host: { ...plainHost, frees }, wake: () => { this.wakes++ }, now: 1000, limits, ...budget !== undefined && { budget } })
  }

  /** Feeds these, and looks whether all bounds hold. */
  feed (...parts: readonly Uint8Array[]): this {
    for (const bytes of parts) this.core.feed(bytes, this.now, this.out)
    this.look()
    return this
  }

  /** What it writes now, frame by frame. */
  flush (room?: number): Frame[] {
    return framesOf(this.flushed(room))
  }

  flushed (room?: number): Uint8Array {
    this.core.flush(this.now, this.out, room)
    this.look()
    return this.out.takeWritten()
  }

  open (): StreamBuffer {
    const stream = this.core.open()
    if (typeof stream === 'string') throw new Error(stream)
    return stream
  }

  events (): string[] {
    return this.out.takeEvents().map(event => event.type)
  }

  private look (): void {
    const { core, out } = this
    for (const event of out.events) if (event.type === 'stream.opened' && !this.opened.includes(event.handle)) this.opened.push(event.handle)
    mustKeepBounds(core, out)
    mustKeepInvariants(core)
  }
}

export interface Frame extends YamuxHeader {
  readonly body: Uint8Array
}

export function framesOf (bytes: Uint8Array): Frame[] {
  const frames: Frame[] = []
  for (let at = 0; at < bytes.length;) {
    const header = readHeader(bytes, at)
    at += headerBytes
    const size = header.type === DATA ? header.length : 0
    if (bytes.length - at < size) throw new Error('a frame without all of its body')
    frames.push({ ...header, body: bytes.slice(at, at + size) })
    at += size
  }
  return frames
}

/** `Data SYN 1 +3` and so on: see `describeHeader`. */
export function frame (type: number, flags: number, streamId: number, length: number | Uint8Array = 0): Uint8Array {
  return typeof length === 'number' ? encodeFrame(type, flags, streamId, length) : encodeFrame(type, flags, streamId, length.length, length)
}

/** The sentences of the core's header, at this moment. */
export function mustKeepInvariants (core: YamuxCore): void {
  let unread = 0
  let queued = 0
  let inbound = 0
  const views = core.inspect()
  for (const { buffer, credit, id, inbound: theirs, maxWindow, recvWindow, sendWindow } of views) {
    const where = `stream ${id}`
    unread += buffer.unread
    queued += buffer.queued
    if (theirs) inbound++
    if (recvWindow < 0 || sendWindow < 0) throw new Error(`${where}: a window is below zero`)
    // The rest of a body that is coming is the difference, and never negative.
    if (recvWindow + buffer.unread + credit > maxWindow) throw new Error(`${where}: ${recvWindow} + ${buffer.unread} + ${credit} is more than its window of ${maxWindow}`)
    if (buffer.resetBy !== undefined) throw new Error(`${where}: is known, and reset`)
    if (buffer.unread > maxWindow) throw new Error(`${where}: holds more than its window`)
  }
  if (core.unreadBytes !== unread) throw new Error(`unread ${core.unreadBytes}, in truth ${unread}`)
  if (core.queuedBytes !== queued) throw new Error(`queued ${core.queuedBytes}, in truth ${queued}`)
  if (core.inboundStreams !== inbound || core.outboundStreams !== views.length - inbound) throw new Error('miscounted streams')
  if (core.failed !== undefined && views.length > 0) throw new Error('failed, with streams')
}

interface Parcel {
  readonly at: number
  readonly bytes: Uint8Array
}

/** Two Yamux cores with a pipe between them, virtual time, and a one-way latency. */
export class YamuxPair {
  readonly client: YamuxEnd
  readonly server: YamuxEnd
  latencyMs = 0
  /** What each has been fed. */
  readonly toClient: Uint8Array[] = []
  readonly toServer: Uint8Array[] = []
  private readonly split: (bytes: Uint8Array) => readonly Uint8Array[]
  private readonly under: { client: Parcel[], server: Parcel[] } = { client: [], server: [] }

  constructor (options: { readonly client?: EndOptions, readonly server?: EndOptions, readonly split?: number | ((bytes: Uint8Array) => readonly Uint8Array[]) } = {}) {
    const { split = Infinity } = options
    this.client = new YamuxEnd(true, options.client)
    this.server = new YamuxEnd(false, options.server)
    this.split = typeof split === 'number' ? bytes => pieces(bytes, split) : split
  }

  get now (): number {
    return this.client.now
  }

  set now (now: number) {
    this.client.now = this.server.now = now
  }

  /** Until nothing is on its way and nobody has anything to say. `turn` is done between, for readers and writers. */
  run (turn: () => void = () => {}): this {
    for (;;) {
      turn()
      this.post(this.client, this.under.server)
      this.post(this.server, this.under.client)
      const due = Math.min(this.under.client[0]?.at ?? Infinity, this.under.server[0]?.at ?? Infinity)
      if (due === Infinity) return this
      this.now = Math.max(this.now, due)
      this.deliver(this.under.server, this.server, this.toServer)
      this.deliver(this.under.client, this.client, this.toClient)
    }
  }

  /** Jumps to the next timer of either; false when there is none. */
  sleep (): boolean {
    const due = Math.min(this.client.core.nextTimeout(), this.server.core.nextTimeout())
    if (due === Infinity) return false
    this.now = Math.max(this.now, due)
    for (const { core, now, out } of [this.client, this.server]) core.expire(now, out)
    return true
  }

  private post (from: YamuxEnd, under: Parcel[]): void {
    const bytes = from.flushed()
    if (bytes.length > 0) under.push({ at: this.now + this.latencyMs, bytes })
  }

  private deliver (under: Parcel[], to: YamuxEnd, record: Uint8Array[]): void {
    while (under[0] !== undefined && under[0].at <= this.now) {
      const { bytes } = under.shift()!
      record.push(bytes)
      to.feed(...this.split(bytes))
    }
  }
}

/** Everything that lies unread. */
export function readAll (stream: StreamBuffer): Uint8Array {
  const parts: Uint8Array[] = []
  for (let bytes = stream.take(); bytes !== undefined; bytes = stream.take()) parts.push(bytes)
  return concat(parts)
}
