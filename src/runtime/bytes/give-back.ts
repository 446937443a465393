/**
 * Gives memory back before the garbage collector would. V8 counts the memory of buffers towards the size of its heap, so every
 * few dozen megabytes that are sealed make it mark the whole heap: a third of the processor time of a sender of bulk.
 */

/** From Node 22 on; before, there is no way. Moves the memory into a buffer of the given length, here into none. */
const transfer = (ArrayBuffer.prototype as { transfer?: (this: ArrayBuffer, length: number) => ArrayBuffer }).transfer

/** Smaller ones are not worth the call. */
const leastBytes = 4096

/**
 * The last ones given back, which are kept a little: an allocator that gets back all that was sent at once returns it to the
 * system, and then every new page costs a fault.
 */
const kept: (ArrayBuffer | undefined)[] = new Array<undefined>(32).fill(undefined)
let next = 0

/**
 * What to call when `bytes` have been sent, or have not; undefined when there is nothing to gain.
 *
 * @param bytes nobody else may have their buffer: it is gone afterwards
 */
export function giveBack ({ buffer, byteLength }: Uint8Array): ((error?: Error | null) => void) | undefined {
  if (transfer === undefined || byteLength < leastBytes || byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return undefined
  return error => {
    // After an error the system may still be about to read it.
    if (error != null) return
    const oldest = kept[next]
    if (oldest !== undefined) transfer.call(oldest, 0)
    kept[next] = buffer
    next = (next + 1) % kept.length
  }
}
