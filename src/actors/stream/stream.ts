/**
 * A stream as its user has it in hands: the buffer, what is known of it, and the helpers.
 *
 *     front: put back -> orphan: read by somebody who gave up -> buffer
 *
 * The helpers read pieces as they come, and must often give some back: what is behind a message, what had come before the
 * signal was aborted. So there may be bytes before those of the buffer. Reads that meet none of these go straight to the
 * buffer and cost nothing more.
 *
 * Bound: what lies before the buffer is at most what one call had read: a piece, or a message of `maxBytes`.
 */
import { NetworkError, type ErrorCode } from '../../messages/errors.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import { prefixLength, encodeVarint, readVarint, varintLength, varintMalformed } from '../../messages/wire/varint.js'
import { joined } from '../../runtime/bytes/joined.js'
import { checkTarget } from '../../runtime/bytes/stream-buffer.js'
import type { Direction } from '../contract/link.js'
import type { ReadOptions, Stream } from '../contract/stream.js'
import type { StreamBuffer, StreamReset } from '../contract/stream-buffer.js'

/** What a stream is told of itself. `self` and `connection` are asked for their paths only when somebody wants to know. */
export interface StreamIdentity {
  readonly protocol: string
  readonly direction: Direction
  readonly info: { readonly path: string, readonly peer: PeerId }
  readonly self: { readonly path: string }
}

export class UserStream implements Stream {
  /** How often something was written: tells an idle stream from a busy one. */
  writes = 0
  private readonly buffer: StreamBuffer
  private readonly identity: StreamIdentity
  private front: Uint8Array | null = null
  private orphan: Promise<Uint8Array | null> | null = null
  private web: { readable?: ReadableStream<Uint8Array>, writable?: WritableStream<Uint8Array> } | null = null

  constructor (buffer: StreamBuffer, identity: StreamIdentity) {
    this.buffer = buffer
    this.identity = identity
  }

  get protocol (): string {
    return this.identity.protocol
  }

  get direction (): Direction {
    return this.identity.direction
  }

  get id (): number {
    return this.buffer.id
  }

  get peer (): PeerId {
    return this.identity.info.peer
  }

  get connection (): string {
    return this.identity.info.path
  }

  get path (): string {
    return this.identity.self.path
  }

  get unread (): number {
    return this.buffer.unread + (this.front === null ? 0 : this.front.length)
  }

  get queued (): number {
    return this.buffer.queued
  }

  get remoteEnded (): boolean {
    return this.buffer.remoteEnded
  }

  get closing (): boolean {
    return this.buffer.closing
  }

  get resetBy (): StreamReset | undefined {
    return this.buffer.resetBy
  }

  /** Both sides have ended, or it was reset. */
  get finished (): boolean {
    return this.buffer.finished
  }

  // ---------------------------------------------------------------- both ways

  read (max = Infinity): Promise<Uint8Array | null> {
    return this.front === null && this.orphan === null ? this.buffer.read(max) : this.readBefore(max)
  }

  readInto (target: Uint8Array): Promise<number | null> {
    return this.front === null && this.orphan === null ? this.buffer.readInto(target) : this.copyBefore(target)
  }

  [Symbol.asyncIterator] (): AsyncIterator<Uint8Array, undefined> {
    const inner = this.buffer[Symbol.asyncIterator]()
    return {
      next: () => this.front === null && this.orphan === null ? inner.next() : this.nextBefore()
    }
  }

  private async nextBefore (): Promise<IteratorResult<Uint8Array, undefined>> {
    const value = await this.readBefore(Infinity)
    return value === null ? { done: true, value: undefined } : { done: false, value }
  }

  write (bytes: Uint8Array): Promise<void> {
    this.writes++
    return this.buffer.write(bytes)
  }

  close (): Promise<void> {
    return this.buffer.close()
  }

  closeRead (): void {
    this.front = null
    this.buffer.closeRead()
  }

  reset (code?: string): void {
    this.front = null
    this.buffer.reset(code)
  }

  [Symbol.dispose] (): void {
    this.front = null
    this.buffer[Symbol.dispose]()
  }

  // ---------------------------------------------------------------- helpers

  async readExactly (length: number, options: ReadOptions = {}): Promise<Uint8Array> {
    if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`length: must be a whole number, zero or more; got ${String(length)}`)
    return await this.gather([], length, options.signal)
  }

  async readAll (options: ReadOptions & { readonly maxBytes: number }): Promise<Uint8Array> {
    const maxBytes = checkedMaxBytes(options)
    return await this.reading(async parts => {
      let length = 0
      for (;;) {
        // One more than allowed, so that it shows, and no more than that.
        const bytes = await this.pull(maxBytes - length + 1, options.signal)
        if (bytes === null) return joined(parts)
        parts.push(bytes)
        length += bytes.length
        if (length > maxBytes) throw this.failure('stream/message-too-large', `more than ${maxBytes} bytes`)
      }
    })
  }

  async readPrefixed (options: ReadOptions & { readonly maxBytes: number }): Promise<Uint8Array | null> {
    const maxBytes = checkedMaxBytes(options)
    const { signal } = options
    return await this.reading(async parts => {
      let head: Uint8Array = nothing
      let length: number
      for (;;) {
        const bytes = await this.pull(Infinity, signal)
        if (bytes === null) {
          if (head.length === 0) return null
          throw this.failure('stream/ended', 'within the length of a message')
        }
        parts.push(bytes)
        head = head.length === 0 ? bytes : joined([head, bytes])
        length = readVarint(head)
        if (length === varintMalformed) throw this.failure('stream/protocol-violation', 'the length of a message is no varint')
        if (length > maxBytes) throw this.failure('stream/message-too-large', `${length} bytes; at most ${maxBytes} are allowed`)
        if (length >= 0) break
      }
      const start = varintLength(length)
      const end = start + length
      if (head.length > end) {
        this.front = head.subarray(end)
        head = head.subarray(0, end)
        // Should the rest fail, only what belongs to this message goes back before that.
        parts.splice(0, parts.length, head)
      }
      return head.length === end ? head.subarray(start) : (await this.gather(parts, end, signal)).subarray(start)
    })
  }

  writePrefixed (message: Uint8Array): Promise<void> {
    if (!(message instanceof Uint8Array)) return this.write(message)
    if (message.length < largeBytes) return this.write(prefixLength(message))
    void this.write(encodeVarint(message.length))
    return this.write(message)
  }

  // ---------------------------------------------------------------- WHATWG

  get readable (): ReadableStream<Uint8Array> {
    return (this.web ??= {}).readable ??= new ReadableStream<Uint8Array>({
      pull: async controller => {
        const bytes = await this.read()
        if (bytes === null) controller.close()
        else controller.enqueue(bytes)
      },
      cancel: () => { this.reset() }
    // Nothing is read ahead: reading is what gives the remote credit.
    }, { highWaterMark: 0 })
  }

  get writable (): WritableStream<Uint8Array> {
    return (this.web ??= {}).writable ??= new WritableStream<Uint8Array>({
      write: bytes => this.write(bytes),
      close: () => this.close(),
      abort: () => { this.reset() }
    })
  }

  // ---------------------------------------------------------------- inside

  /** Reads on until `parts` hold `length` bytes together. */
  private async gather (parts: Uint8Array[], length: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    return await this.reading(async () => {
      let missing = length
      for (const part of parts) missing -= part.length
      while (missing > 0) {
        const bytes = await this.pull(missing, signal)
        if (bytes === null) throw this.failure('stream/ended', `${missing} of ${length} bytes are missing`)
        parts.push(bytes)
        missing -= bytes.length
      }
      return joined(parts)
    }, parts)
  }

  /** Whatever `act` has read into `parts` when it fails is put back: what has come stays readable. */
  private async reading<T> (act: (parts: Uint8Array[]) => Promise<T>, parts: Uint8Array[] = []): Promise<T> {
    try {
      return await act(parts)
    } catch (error) {
      const back = parts.splice(0)
      if (this.front !== null) back.push(this.front)
      if (back.length > 0 && this.buffer.resetBy === undefined) this.front = joined(back)
      throw error
    }
  }

  /** `read` that a signal can end. */
  private pull (max: number, signal: AbortSignal | undefined): Promise<Uint8Array | null> {
    if (signal === undefined) return this.read(max)
    if (!(signal instanceof AbortSignal)) return Promise.reject(new TypeError(`signal: must be an AbortSignal; got ${typeof signal}`))
    if (signal.aborted) return Promise.reject(this.aborted(signal))
    const reading = this.read(max)
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        // Somebody reads still: whoever reads next gets what he gets.
        this.orphan = reading
        reading.catch(ignored)
        reject(this.aborted(signal))
      }
      signal.addEventListener('abort', onAbort, { once: true })
      reading.then(resolve, reject).finally(() => { signal.removeEventListener('abort', onAbort) })
    })
  }

  /** `read` while there is something before the buffer. */
  private async readBefore (max: number): Promise<Uint8Array | null> {
    const { front, orphan } = this
    if (front !== null && this.buffer.resetBy === undefined) {
      this.front = front.length > max ? front.subarray(max) : null
      return front.length > max ? front.subarray(0, max) : front
    }
    this.front = null
    this.orphan = null
    const bytes = orphan === null ? await this.buffer.read(max) : await orphan
    if (bytes === null || bytes.length <= max) return bytes
    this.front = bytes.subarray(max)
    return bytes.subarray(0, max)
  }

  private async copyBefore (target: Uint8Array): Promise<number | null> {
    checkTarget(target)
    const bytes = await this.readBefore(target.length)
    if (bytes === null) return null
    target.set(bytes)
    return bytes.length
  }

  private failure (code: ErrorCode, detail: string): NetworkError {
    return new NetworkError(code, { detail, path: this.path })
  }

  private aborted (signal: AbortSignal): NetworkError {
    return new NetworkError('user/aborted', { cause: signal.reason, path: this.path })
  }
}

/** From here on a copy in order to put the length before a message costs more than a frame of its own. */
const largeBytes = 16 * 1024
const nothing = new Uint8Array(0)

function checkedMaxBytes (options: { readonly maxBytes: number } | undefined): number {
  const maxBytes = options?.maxBytes
  if (typeof maxBytes === 'number' && maxBytes >= 0) return maxBytes
  throw new RangeError(`maxBytes: must be a number of bytes, zero or more; got ${String(maxBytes)}`)
}

function ignored (): void {
  // Whoever reads next hears of it.
}
