/** A muxed link without wire, cipher and frames: two ends in memory, for tests of what stands above. */
import type { MuxedLink, MuxedLinkListener, MuxedLinkOwner, MuxedLinkStats } from '../../../src/actors/contract/muxed-link.js'
import type { StreamBuffer as Buffer } from '../../../src/actors/contract/stream-buffer.js'
import { isErrorCode, NetworkError, type ErrorCode, type ErrorInitiator } from '../../../src/messages/errors.js'
import type { StreamCarrier, StreamHost } from '../../../src/runtime/bytes/byte-stream.js'
import { StreamBuffer } from '../../../src/runtime/bytes/stream-buffer.js'

const host: StreamHost = {
  settle: null,
  frees: false,
  error: ({ code, initiator, wireCode }) => isErrorCode(code) ? new NetworkError(code, { initiator, ...wireCode !== undefined && { wireCode } }) : new Error(code)
}

export interface MemoryLinkOptions {
  /** Streams of each side at a time. Default 1,000,000. */
  readonly outboundStreams?: number
  /** Bytes that may be on the way and unread, per stream and direction. Default 256 KiB. */
  readonly windowBytes?: number
  /** Longest piece in which bytes arrive. Default 64 KiB. */
  readonly pieceBytes?: number
}

type Parcel =
  | { readonly kind: 'open' | 'end' | 'ping' | 'pong' | 'going-away' | 'forget', readonly id: number }
  | { readonly kind: 'data', readonly id: number, readonly bytes: Uint8Array }
  | { readonly kind: 'credit', readonly id: number, readonly bytes: number }
  | { readonly kind: 'reset' | 'close', readonly id: number, readonly code: string }

/** Both ends; what one sends the other gets in order, in steps of its owner's. */
export function memoryLinks (options: MemoryLinkOptions = {}): [MemoryMuxedLink, MemoryMuxedLink] {
  const client = new MemoryMuxedLink(1, options)
  const server = new MemoryMuxedLink(2, options)
  client.other = server
  server.other = client
  return [client, server]
}

export class MemoryMuxedLink implements MuxedLink {
  other!: MemoryMuxedLink
  readonly options: Required<MemoryLinkOptions>
  readonly streams = new Map<number, MemoryStream>()
  readonly accepted: number[] = []
  /** Codes with which it was closed. */
  readonly closes: ErrorCode[] = []
  disposed = 0
  /** Answers no pings. */
  deaf = false
  /** Never says that it is closed. */
  mute = false
  rttMs: number | undefined
  private owner: MuxedLinkOwner | null = null
  private listener: MuxedLinkListener | null = null
  private readonly dirty = new Set<MemoryStream>()
  private readonly inbox: Parcel[] = []
  private nextId: number
  private awake = false
  private draining = false
  private pinged = -1
  private goingAway = false
  private remoteGoingAway = false
  private over = false
  private openRefused = false

  constructor (firstId: number, options: MemoryLinkOptions) {
    this.nextId = firstId
    this.options = { outboundStreams: 1_000_000, windowBytes: 256 * 1024, pieceBytes: 64 * 1024, ...options }
  }

  attach (owner: MuxedLinkOwner, listener: MuxedLinkListener): void {
    if (this.owner !== null) throw new Error('attached twice')
    this.owner = owner
    this.listener = listener
    this.receive()
    if (this.awake) owner.defer(() => { this.flush() })
  }

  openStream (): Buffer | ErrorCode {
    if (this.over || this.goingAway || this.remoteGoingAway) return 'connection/closed'
    if (this.outbound >= this.options.outboundStreams) {
      this.openRefused = true
      return 'limit/streams'
    }
    const stream = this.add(this.nextId)
    this.nextId += 2
    this.send({ kind: 'open', id: stream.id })
    return stream.buffer
  }

  close (code: ErrorCode): void {
    this.closes.push(code)
    if (this.over) return
    this.goingAway = true
    if (code === 'connection/closed') {
      this.send({ kind: 'going-away', id: 0 })
      this.endIfEmpty()
      return
    }
    this.send({ kind: 'close', id: 0, code })
    this.end(code, 'local')
  }

  accept (stream: Buffer): void {
    this.accepted.push(stream.id)
  }

  ping (): boolean {
    if (this.over || this.owner === null || this.pinged >= 0) return false
    this.pinged = this.owner.now()
    this.send({ kind: 'ping', id: 0 })
    return true
  }

  get stats (): MuxedLinkStats {
    let unreadBytes = 0
    let queuedBytes = 0
    for (const { buffer } of this.streams.values()) {
      unreadBytes += buffer.unread
      queuedBytes += buffer.queued
    }
    return { bytesRead: 0, bytesWritten: 0, inboundStreams: this.streams.size - this.outbound, outboundStreams: this.outbound, unreadBytes, queuedBytes, rttMs: this.rttMs }
  }

  [Symbol.dispose] (): void {
    this.disposed++
    if (this.over) return
    this.over = true
    this.abortAll('local')
    this.listener = null
    this.other.deliver({ kind: 'close', id: 0, code: 'connection/reset' })
  }

  /** As a remote whose last bytes were a flood: so many streams of its that we refuse, and then the end, all heard in one step. */
  flood (refusals: number, code: ErrorCode): void {
    const { listener, owner } = this
    owner?.defer(() => {
      for (let i = 0; i < refusals; i++) listener?.onRefused?.('limit/streams')
      this.over = true
      this.abortAll('remote')
      listener?.onClose(code, 'as told', 'remote')
    })
  }

  /** As a remote that refuses to go on. */
  send (parcel: Parcel): void {
    this.other.deliver(parcel)
  }

  // ---------------------------------------------------------------- its streams

  private get outbound (): number {
    let count = 0
    for (const id of this.streams.keys()) if ((id & 1) === (this.nextId & 1)) count++
    return count
  }

  private add (id: number): MemoryStream {
    const stream = new MemoryStream(this, id)
    this.streams.set(id, stream)
    return stream
  }

  wake (stream: MemoryStream): void {
    if (this.over) return
    this.dirty.add(stream)
    if (this.awake) return
    this.awake = true
    this.owner?.defer(() => { this.flush() })
  }

  private flush (): void {
    this.awake = false
    const dirty = [...this.dirty]
    this.dirty.clear()
    for (const stream of dirty) stream.flush()
  }

  forgetIfDone (stream: MemoryStream): void {
    if (stream.buffer.finished && this.streams.delete(stream.id)) this.forgot()
  }

  forget (stream: MemoryStream): void {
    if (this.streams.delete(stream.id)) this.forgot()
  }

  private forgot (): void {
    if (this.openRefused && !this.over) {
      this.openRefused = false
      this.deliver({ kind: 'forget', id: 0 })
    }
    this.endIfEmpty()
  }

  private endIfEmpty (): void {
    if (!this.goingAway || this.over || this.streams.size > 0) return
    this.send({ kind: 'close', id: 0, code: 'connection/closed' })
    this.end('connection/closed', 'local')
  }

  private end (code: ErrorCode, initiator: ErrorInitiator): void {
    if (this.over) return
    this.over = true
    this.abortAll(initiator)
    const { listener, owner } = this
    if (!this.mute) owner?.defer(() => { listener?.onClose(code, 'as told', initiator) })
  }

  private abortAll (initiator: ErrorInitiator): void {
    const all = [...this.streams.values()]
    this.streams.clear()
    for (const { buffer } of all) buffer.abort({ code: 'stream/connection-closed', initiator })
  }

  // ---------------------------------------------------------------- what arrives

  private deliver (parcel: Parcel): void {
    this.inbox.push(parcel)
    this.receive()
  }

  private receive (): void {
    if (this.draining || this.owner === null || this.inbox.length === 0) return
    this.draining = true
    this.owner.defer(() => {
      this.draining = false
      for (const parcel of this.inbox.splice(0)) if (!this.over) this.take(parcel)
    })
  }

  private take (parcel: Parcel): void {
    const stream = this.streams.get(parcel.id)
    switch (parcel.kind) {
      case 'open':
        if (this.goingAway) this.send({ kind: 'reset', id: parcel.id, code: 'stream/connection-closed' })
        else this.listener?.onStream(this.add(parcel.id).buffer)
        return
      case 'data':
        stream?.arrive(parcel.bytes)
        return
      case 'end':
        stream?.buffer.end()
        if (stream !== undefined) this.forgetIfDone(stream)
        return
      case 'credit':
        stream?.granted(parcel.bytes)
        return
      case 'reset':
        if (stream === undefined) return
        this.forget(stream)
        stream.buffer.abort({ code: parcel.code, initiator: 'remote' })
        return
      case 'ping':
        if (!this.deaf) this.send({ kind: 'pong', id: 0 })
        return
      case 'pong':
        this.rttMs = (this.owner?.now() ?? 0) - this.pinged
        this.pinged = -1
        this.listener?.onPong?.(this.rttMs)
        return
      case 'going-away':
        this.remoteGoingAway = true
        this.listener?.onGoAway?.('connection/closed', 0)
        return
      case 'forget':
        this.listener?.onOpenable?.()
        return
      case 'close':
        this.end(parcel.code as ErrorCode, 'remote')
    }
  }
}

class MemoryStream implements StreamCarrier {
  readonly id: number
  readonly host = host
  readonly buffer: StreamBuffer
  private readonly link: MemoryMuxedLink
  private window: number
  private endSent = false

  constructor (link: MemoryMuxedLink, id: number) {
    this.link = link
    this.id = id
    this.window = link.options.windowBytes
    this.buffer = new StreamBuffer(id, this)
  }

  consumed (bytes: number): void {
    if (bytes !== 0) this.link.send({ kind: 'credit', id: this.id, bytes })
  }

  wanted (): void {
    this.link.wake(this)
  }

  hasRoom (queued: number): boolean {
    return queued <= 64 * 1024
  }

  reset (code: string): void {
    this.link.forget(this)
    this.link.send({ kind: 'reset', id: this.id, code })
    this.buffer.abort({ code, initiator: 'local' })
  }

  granted (bytes: number): void {
    this.window += bytes
    if (this.window > 0 && this.buffer.queued > 0) this.link.wake(this)
  }

  flush (): void {
    const { buffer, link } = this
    if (buffer.resetBy !== undefined) return
    while (this.window > 0) {
      const bytes = buffer.next(Math.min(this.window, link.options.pieceBytes))
      if (bytes === undefined) break
      this.window -= bytes.length
      link.send({ kind: 'data', id: this.id, bytes })
    }
    const ends = buffer.endDue && !this.endSent
    if (ends) {
      this.endSent = true
      link.send({ kind: 'end', id: this.id })
    }
    buffer.sent(ends)
    link.forgetIfDone(this)
  }

  arrive (bytes: Uint8Array): void {
    this.buffer.push(bytes, 0, bytes.length)
  }
}
