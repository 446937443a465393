/**
 * Two streams that are the ends of one, over the real `StreamBuffer`: for protocols without a connection. What one side writes
 * arrives at the other a little later, in the pieces in which it was written, and no faster than that one reads.
 */
import type { Direction } from '../../../src/actors/contract/link.js'
import type { ReadOptions, Stream } from '../../../src/actors/contract/stream.js'
import { codeFromWire, isErrorCode, NetworkError, wireCodeOf } from '../../../src/messages/errors.js'
import type { PeerId } from '../../../src/messages/value/peer-id.js'
import { prefixLength, readVarint, varintIncomplete } from '../../../src/messages/wire/varint.js'
import type { StreamCarrier, StreamReset } from '../../../src/runtime/bytes/byte-stream.js'
import { StreamBuffer } from '../../../src/runtime/bytes/stream-buffer.js'
import { concat } from '../../wire/kit.js'

export interface PairOptions {
  readonly protocol: string
  /** Who is at the other end of each. Default: nobody, for protocols that do not ask. */
  readonly peers?: readonly [PeerId, PeerId]
  readonly connection?: string
  /** Bytes that may be under way and unread in each direction. Default 262,144, as Yamux. */
  readonly windowBytes?: number
  /** Most bytes of a piece. Default: as written. */
  readonly pieceBytes?: number
}

/** The end of the one who has opened it, and that of the other. */
export function streamPair (options: PairOptions): readonly [PairStream, PairStream] {
  const { peers = [], windowBytes = 262_144, pieceBytes = Infinity, connection = '/node/connections/1', protocol } = options
  const ends = [new End(windowBytes, pieceBytes), new End(windowBytes, pieceBytes)] as const
  ends[0].other = ends[1]
  ends[1].other = ends[0]
  const stream = (n: 0 | 1, direction: Direction): PairStream => new PairStream(ends[n].stream, { protocol, direction, peer: peers[n] as PeerId, connection })
  return [stream(0, 'outbound'), stream(1, 'inbound')]
}

class End implements StreamCarrier {
  readonly stream = new StreamBuffer(1, this)
  readonly host = { settle: null, frees: false, error: errorOf }
  other!: End
  private credit: number
  private readonly pieceBytes: number
  private pumping = false

  constructor (credit: number, pieceBytes: number) {
    this.credit = credit
    this.pieceBytes = pieceBytes
  }

  consumed (bytes: number): void {
    this.other.credit += bytes
    this.other.pump()
  }

  wanted (): void {
    this.pump()
  }

  hasRoom (queued: number): boolean {
    return queued <= 65_536
  }

  reset (code: string): void {
    const { stream, other } = this
    stream.abort({ code, initiator: 'local' })
    const wireCode = isErrorCode(code) ? wireCodeOf(code, 'stream') : 0
    later(() => { other.stream.abort({ code: codeFromWire(wireCode, 'stream'), initiator: 'remote', wireCode }) })
  }

  private pump (): void {
    if (this.pumping) return
    this.pumping = true
    later(() => {
      this.pumping = false
      const { stream, other } = this
      while (this.credit > 0 && stream.resetBy === undefined) {
        const bytes = stream.next(Math.min(this.credit, this.pieceBytes))
        if (bytes === undefined) break
        this.credit -= bytes.length
        stream.sent(false)
        other.stream.push(bytes, 0, bytes.length)
      }
      if (stream.resetBy !== undefined || !stream.endDue) return
      stream.sent(true)
      other.stream.end()
    })
  }
}

const settled = Promise.resolve()

function later (act: () => void): void {
  void settled.then(act)
}

function errorOf ({ code, initiator, wireCode }: StreamReset): NetworkError {
  if (!isErrorCode(code)) throw new TypeError(`no code of ours: ${code}`)
  return new NetworkError(code, { initiator, ...wireCode !== undefined && { wireCode } })
}

interface About {
  readonly protocol: string
  readonly direction: Direction
  readonly peer: PeerId
  readonly connection: string
}

/** A `Stream` in the simplest way: reads byte by byte where it must not read too much. */
export class PairStream implements Stream {
  readonly id = 1
  readonly buffer: StreamBuffer
  readonly protocol: string
  readonly direction: Direction
  readonly peer: PeerId
  readonly connection: string

  constructor (buffer: StreamBuffer, { protocol, direction, peer, connection }: About) {
    this.buffer = buffer
    this.protocol = protocol
    this.direction = direction
    this.peer = peer
    this.connection = connection
  }

  get path (): string { return `${this.connection}/streams/1` }
  get unread (): number { return this.buffer.unread }
  get queued (): number { return this.buffer.queued }
  get remoteEnded (): boolean { return this.buffer.remoteEnded }
  get closing (): boolean { return this.buffer.closing }
  get resetBy (): StreamReset | undefined { return this.buffer.resetBy }
  get finished (): boolean { return this.buffer.finished }

  async read (max?: number): Promise<Uint8Array | null> { return this.buffer.read(max) }
  async readInto (target: Uint8Array): Promise<number | null> { return this.buffer.readInto(target) }
  async write (bytes: Uint8Array): Promise<void> { return this.buffer.write(bytes) }
  async close (): Promise<void> { return this.buffer.close() }
  closeRead (): void { this.buffer.closeRead() }
  reset (code?: string): void { this.buffer.reset(code) }
  [Symbol.asyncIterator] (): AsyncIterator<Uint8Array, undefined> { return this.buffer[Symbol.asyncIterator]() }
  [Symbol.dispose] (): void { this.buffer[Symbol.dispose]() }

  async readExactly (length: number, options: ReadOptions = {}): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for (let left = length; left > 0;) {
      const bytes = await this.next(left, options)
      if (bytes === null) throw new NetworkError('stream/ended')
      parts.push(bytes)
      left -= bytes.length
    }
    return concat(...parts)
  }

  async readAll ({ maxBytes, ...options }: ReadOptions & { readonly maxBytes: number }): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for (let room = maxBytes; ;) {
      const bytes = await this.next(Infinity, options)
      if (bytes === null) return concat(...parts)
      room -= bytes.length
      if (room < 0) throw new NetworkError('stream/message-too-large')
      parts.push(bytes)
    }
  }

  async readPrefixed ({ maxBytes, ...options }: ReadOptions & { readonly maxBytes: number }): Promise<Uint8Array | null> {
    let prefix = new Uint8Array(0)
    for (;;) {
      const byte = await this.next(1, options)
      if (byte === null) {
        if (prefix.length === 0) return null
        throw new NetworkError('stream/ended')
      }
      prefix = Uint8Array.of(...prefix, ...byte)
      const length = readVarint(prefix)
      if (length === varintIncomplete) continue
      if (length < 0) throw new NetworkError('stream/protocol-violation')
      if (length > maxBytes) throw new NetworkError('stream/message-too-large')
      return this.readExactly(length, options)
    }
  }

  async writePrefixed (message: Uint8Array): Promise<void> { return this.write(prefixLength(message)) }

  get readable (): ReadableStream<Uint8Array> { throw new Error('not here') }
  get writable (): WritableStream<Uint8Array> { throw new Error('not here') }

  private async next (max: number, { signal }: ReadOptions): Promise<Uint8Array | null> {
    if (signal === undefined) return this.buffer.read(max)
    if (signal.aborted) throw new NetworkError('user/aborted')
    return new Promise((resolve, reject) => {
      const aborted = (): void => { reject(new NetworkError('user/aborted')) }
      signal.addEventListener('abort', aborted, { once: true })
      const over = (): void => { signal.removeEventListener('abort', aborted) }
      this.buffer.read(max).then(bytes => { over(); resolve(bytes) }, (error: unknown) => { over(); reject(error) })
    })
  }
}
