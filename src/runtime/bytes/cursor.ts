import type { BufferPool } from './pool.js'

/**
 * Reads pieces of a known length out of bytes that arrive in pieces of any length: what lies within one arrival comes out
 * as a view of it, only what straddles two is copied together.
 *
 *     cursor.feed(bytes)
 *     while ((piece = cursor.take(12)) !== undefined) use(piece)     // undefined: wait for more, nothing is lost
 *
 * After `undefined` the arrival has been used up, and a copy of its tail is kept; so the arrival's memory may be used
 * again by its owner. The next `take` must ask for the same length: it goes on with what is kept.
 *
 * Bound: `buffered` is below the length that was asked for.
 */
export class Cursor {
  private readonly pool: BufferPool | null
  private bytes: Uint8Array = nothing
  private at = 0
  /** The first `filled` bytes of a piece that straddles; null when there is none. */
  private joint: Uint8Array | null = null
  private filled = 0

  /** @param pool where long pieces are joined, given back as soon as the piece has been used; without, each gets memory of its own */
  constructor (pool: BufferPool | null = null) {
    this.pool = pool
  }

  /** Bytes kept of a piece that is not complete. */
  get buffered (): number {
    return this.filled
  }

  /** Bytes of this arrival that have not been taken. */
  get left (): number {
    return this.bytes.length - this.at
  }

  /** The next arrival; the one before has been used up. */
  feed (bytes: Uint8Array): void {
    this.bytes = bytes
    this.at = 0
  }

  /**
   * The next `length` bytes, or undefined when they have not all arrived.
   *
   * The view is good until the next call of `take`, `feed` or `release`, unless it is a view of the arrival
   * (`joined` is false): then for as long as the arrival itself is.
   */
  take (length: number): Uint8Array | undefined {
    const { bytes, at } = this
    if (this.filled === 0) {
      if (this.joint !== null) this.release()
      if (bytes.length - at >= length) {
        this.at = at + length
        return at === 0 && bytes.length === length ? bytes : bytes.subarray(at, at + length)
      }
      if (bytes.length === at) {
        this.usedUp()
        return undefined
      }
      this.joint = this.pool !== null && length <= this.pool.size && length > smallPiece ? this.pool.take() : new Uint8Array(length)
    }
    const joint = this.joint!
    const missing = length - this.filled
    const have = Math.min(missing, bytes.length - at)
    copy(bytes, at, at + have, joint, this.filled)
    this.at = at + have
    if (have < missing) {
      this.filled += have
      this.usedUp()
      return undefined
    }
    this.filled = 0
    return joint.length === length ? joint : joint.subarray(0, length)
  }

  /** Nothing of the arrival is held while the next is waited for. */
  private usedUp (): void {
    this.bytes = nothing
    this.at = 0
  }

  /** Whether the piece taken last was joined, and so lives in memory that is used again. */
  get joined (): boolean {
    return this.joint !== null && this.filled === 0
  }

  /** The piece taken last is no longer needed. Called when a pooled buffer should not wait for the next arrival. */
  release (): void {
    const { joint, pool } = this
    if (joint === null || this.filled > 0) return
    this.joint = null
    if (pool !== null && joint.length === pool.size) pool.give(joint)
  }

  /** What of this arrival has not been taken; the cursor then has nothing any more. Meant for a border between pieces, where nothing is kept. */
  rest (): Uint8Array {
    const rest = this.at === 0 ? this.bytes : this.bytes.subarray(this.at)
    this.bytes = nothing
    this.at = 0
    return rest
  }

  /** Forgets everything, pooled memory included. */
  clear (): void {
    this.filled = 0
    this.release()
    this.bytes = nothing
    this.at = 0
  }
}

/** Below this a pooled buffer is not worth its bookkeeping. */
const smallPiece = 256

const nothing = new Uint8Array(0)

/** `into.set(from.subarray(start, end), at)`, without making a view for a few bytes. */
export function copy (from: Uint8Array, start: number, end: number, into: Uint8Array, at: number): void {
  if (end - start > 48) {
    into.set(start === 0 && end === from.length ? from : from.subarray(start, end), at)
    return
  }
  for (let read = start, write = at; read < end; read++, write++) into[write] = from[read]!
}
