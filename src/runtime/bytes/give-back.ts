/**
 * Gives memory back before the garbage collector would. V8 counts the memory of buffers towards the size of its heap, so every
 * few dozen megabytes that are sealed or opened make it mark the whole heap: a third of the processor time of bulk.
 *
 *     sent, or read into memory of the reader's --> [ the last ones, kept a little ] --eight at a time--> freed
 *
 * They are kept because an allocator that gets back all at once returns it to the system, and then every new
 * page costs a fault.
 */

/** Smaller ones are not worth the call. */
const leastBytes = 4096
const keep = 32
/** Freed by one call: with a port it costs as much as a few of them. */
const batch = 8

const kept: ArrayBuffer[] = []

/**
 * What to call when `bytes` have been sent, or have not; undefined when there is nothing to gain.
 *
 * @param bytes nobody else may have their buffer: it is gone afterwards
 */
export function giveBack ({ buffer, byteLength }: Uint8Array): ((error?: Error | null) => void) | undefined {
  if (byteLength < leastBytes || byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return undefined
  return error => {
    // After an error the system may still be about to read it.
    if (error == null) giveBackNow(buffer)
  }
}

function giveBackNow (buffer: ArrayBuffer): void {
  kept.push(buffer)
  if (kept.length === keep + batch) free(kept.splice(0, batch))
}

/** How many hold a buffer. On the buffer itself: a `WeakMap` would cost the collector more than it is spared. */
const holders = Symbol('holders')

interface Held extends ArrayBuffer {
  [holders]?: number
}

/** The caller needs this buffer until it calls `letGo`. */
export function hold (buffer: ArrayBufferLike): void {
  if (buffer.byteLength < leastBytes || !(buffer instanceof ArrayBuffer)) return
  const held: Held = buffer
  held[holders] = (held[holders] ?? 0) + 1
}

/** With the last of those who hold it, the buffer goes back. One that nobody has held is left alone. */
export function letGo (buffer: ArrayBufferLike): void {
  const held = buffer as Held
  if (held[holders] === undefined) return
  held[holders]--
  if (held[holders] === 0) giveBackNow(held)
}

/** Somebody has a view of this buffer for as long as he likes, so it never goes back. */
export function holdForGood (buffer: ArrayBufferLike): void {
  if (buffer.byteLength >= leastBytes && buffer instanceof ArrayBuffer) (buffer as Held)[holders] = Infinity
}

/** From Node 22 on. Moves the memory into a buffer of the given length, here into none. */
const transfer = (ArrayBuffer.prototype as { transfer?: (this: ArrayBuffer, length: number) => ArrayBuffer }).transfer

const free: (buffers: ArrayBuffer[]) => void = transfer === undefined
  ? freeByPort
  : buffers => { for (const buffer of buffers) transfer.call(buffer, 0) }

type Port = InstanceType<typeof MessagePort>

let closed: Port | undefined

/** What is transferred to a port that is closed is dropped, as the HTML standard has it ("message port post message steps"). */
export function freeByPort (buffers: ArrayBuffer[]): void {
  closed ??= closedPort()
  try {
    closed.postMessage(undefined, buffers)
  } catch {
    // One cannot be transferred, and so none was: left to the garbage collector.
  }
}

function closedPort (): Port {
  const { port1 } = new MessageChannel()
  port1.close()
  return port1
}
