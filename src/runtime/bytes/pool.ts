/**
 * Buffers of one size, used again: what arrives in two halves is joined in them, what leaves is staged in them.
 *
 * Only for bytes that nobody keeps. A buffer is given back once, by whoever took it, when no view of it is left; what is
 * in it then is whatever was there before, so a taker must read only what he has written.
 *
 * Bound: at most `keep` buffers of `size` bytes wait here; more are left to the garbage collector. None is made before the
 * first `take`.
 */
export class BufferPool {
  /** Length of each buffer, in bytes. */
  readonly size: number
  /** How many are kept for later at most. */
  readonly keep: number
  private readonly free: Uint8Array[] = []
  private taken = 0

  /**
   * @param size bytes of each buffer
   * @param keep default 16: with 64 KiB each that is 1 MiB for a whole process, enough for all connections that are in the
   *   midst of a frame in one turn of the loop. More only costs memory
   * @throws RangeError
   */
  constructor (size: number, keep = 16) {
    if (!Number.isSafeInteger(size) || size < 1) throw new RangeError(`size: must be a whole number of bytes, at least 1; got ${size}`)
    if (!Number.isSafeInteger(keep) || keep < 0) throw new RangeError(`keep: must be a whole number, zero or more; got ${keep}`)
    this.size = size
    this.keep = keep
  }

  /** Bytes that wait for the next `take`. */
  get idleBytes (): number {
    return this.free.length * this.size
  }

  /** Buffers taken and not given back yet: zero when everybody is at rest, or somebody leaks. */
  get inUse (): number {
    return this.taken
  }

  take (): Uint8Array {
    this.taken++
    return this.free.pop() ?? new Uint8Array(this.size)
  }

  /** @throws RangeError for a buffer that is not one of these */
  give (buffer: Uint8Array): void {
    if (buffer.length !== this.size) throw new RangeError(`buffer: of ${buffer.length} bytes was not taken from a pool of ${this.size}`)
    this.taken--
    if (this.free.length < this.keep) this.free.push(buffer)
  }
}
