import { copy } from './cursor.js'
import { hold, letGo } from './give-back.js'

/**
 * First in, first out, of views: nothing is copied on the way but what would waste memory by waiting as a view.
 *
 *     views: [ view ][ view ][ view ]   then the open tail: slab[tailStart .. tailEnd]
 *              ^ headAt: of the first view this much is gone
 *
 * Two ways in. `push` takes a view as it is. `keep` is for bytes from a remote that may have to wait: a small piece, or one
 * that would keep a much larger buffer alive, is copied to the open tail. That bounds what waiting costs (else 262,144
 * frames of one byte would be 262,144 views, 40 MB for a window of 256 KiB; and 1 KiB would keep a frame of 64 KiB), and
 * makes one long piece of many short ones for the reader.
 *
 * Bound: what `keep` took holds at most 4 times its bytes, and besides the piece at the head, which may have been read in
 * part, and the slab at the tail, of at most 64 KiB.
 */
export class ByteQueue {
  /** Bytes in the queue. */
  length = 0
  private views: Array<Uint8Array | undefined> = []
  private head = 0
  private headAt = 0
  private slab: Uint8Array | null = null
  private tailStart = 0
  private tailEnd = 0

  /** An empty one, that another has used before where there is one. */
  static take (): ByteQueue {
    return spare.pop() ?? new ByteQueue()
  }

  /** Gives back an empty one, so that a stream at rest has none: with their lists two of them take 224 bytes. */
  static give (queue: ByteQueue): void {
    if (spare.length < mostSpare) spare.push(queue)
  }

  /** Appends a view, which belongs to the queue from now on. */
  push (bytes: Uint8Array): void {
    if (bytes.length === 0) return
    if (this.tailEnd > this.tailStart) this.closeTail()
    this.views.push(bytes)
    this.length += bytes.length
  }

  /**
   * Appends `bytes[start .. end]`, by copy where a view would waste memory; its memory belongs to the queue.
   * @param holds its memory until it was copied out: then it may go back. Default false
   */
  keep (bytes: Uint8Array, start: number, end: number, holds = false): void {
    const size = end - start
    if (size >= smallBytes && size * 4 >= bytes.buffer.byteLength) {
      if (holds) hold(bytes.buffer)
      this.push(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end))
    } else {
      this.copyIn(bytes, start, end)
    }
  }

  /** Appends a copy of `bytes[start .. end]`: the memory stays the caller's. */
  copyIn (bytes: Uint8Array, start: number, end: number): void {
    const size = end - start
    if (size === 0) return
    if (this.slab === null || this.slab.length - this.tailEnd < size) this.newSlab(size)
    copy(bytes, start, end, this.slab!, this.tailEnd)
    this.tailEnd += size
    this.length += size
  }

  /** Takes out the next piece as it lies there, at most `max` bytes of it; undefined when there is none. */
  shift (max = Infinity): Uint8Array | undefined {
    const { head, headAt, views } = this
    if (head === views.length) return this.shiftTail(max)
    const view = views[head]!
    const size = view.length - headAt
    if (size > max) {
      this.headAt = headAt + max
      this.length -= max
      return view.subarray(headAt, headAt + max)
    }
    this.dropHead(size)
    return headAt === 0 ? view : view.subarray(headAt)
  }

  /**
   * Takes out as much as there is, and fits.
   *
   * Memory that was held for it is let go.
   *
   * @returns how many bytes of `target` are used
   */
  copyOut (target: Uint8Array): number {
    let at = 0
    while (at < target.length && this.head < this.views.length) {
      const view = this.views[this.head]!
      const size = Math.min(view.length - this.headAt, target.length - at)
      copy(view, this.headAt, this.headAt + size, target, at)
      at += size
      if (this.headAt + size < view.length) {
        this.headAt += size
        this.length -= size
        return at
      }
      this.dropHead(size)
      letGo(view.buffer)
    }
    const size = Math.min(this.tailEnd - this.tailStart, target.length - at)
    if (size > 0) {
      copy(this.slab!, this.tailStart, this.tailStart + size, target, at)
      this.tailStart += size
      this.length -= size
      if (this.tailStart === this.tailEnd) this.slab = null
    }
    return at + size
  }

  /** The first view has been used up, of which so much was left. */
  private dropHead (size: number): void {
    const { views } = this
    this.length -= size
    this.headAt = 0
    views[this.head++] = undefined
    if (this.head === views.length) {
      views.length = 0
      this.head = 0
      // An idle queue holds no memory.
      if (this.tailStart === this.tailEnd) this.slab = null
    } else if (this.head >= 64 && this.head * 2 >= views.length) {
      views.splice(0, this.head)
      this.head = 0
    }
  }

  /** Drops everything; returns how many bytes that were. */
  clear (): number {
    const dropped = this.length
    this.length = 0
    this.views = []
    this.head = 0
    this.headAt = 0
    this.slab = null
    this.tailStart = 0
    this.tailEnd = 0
    return dropped
  }

  private shiftTail (max: number): Uint8Array | undefined {
    const { slab, tailEnd, tailStart } = this
    if (tailEnd === tailStart) return undefined
    const size = Math.min(max, tailEnd - tailStart)
    this.tailStart += size
    this.length -= size
    if (this.tailStart === tailEnd) this.slab = null
    return part(slab!, tailStart, tailStart + size)
  }

  private closeTail (): void {
    this.views.push(part(this.slab!, this.tailStart, this.tailEnd))
    this.tailStart = this.tailEnd
  }

  /** Twice as large each time while the queue is not read, so that neither the many small nor the few pay. */
  private newSlab (atLeast: number): void {
    if (this.tailEnd > this.tailStart) this.closeTail()
    // Mostly all that comes before it is read: then the slab itself is what is read, and no view.
    const last = this.slab === null ? atLeast : Math.max(this.slab.length * 2, secondSlab)
    this.slab = new Uint8Array(Math.max(atLeast, Math.min(last, largestSlab)))
    this.tailStart = 0
    this.tailEnd = 0
  }
}

const spare: ByteQueue[] = []
const mostSpare = 64

/** Pieces below this are copied together: the copy is cheaper than the view. */
const smallBytes = 512
const secondSlab = 512
const largestSlab = 64 * 1024

/** A view of a small buffer would move that out of the heap, which costs 150 bytes and more time than a copy. */
function part (slab: Uint8Array, start: number, end: number): Uint8Array {
  if (start === 0 && end === slab.length) return slab
  return end - start <= smallPart ? slab.slice(start, end) : slab.subarray(start, end)
}

const smallPart = 64
