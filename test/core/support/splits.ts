/** Every way to cut bytes that a test wants to try. */
import type { SeededRandom } from '../../../src/runtime/random.js'

/** Pieces of `size` bytes; the last may be shorter. */
export function pieces (bytes: Uint8Array, size: number): Uint8Array[] {
  const all: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) all.push(bytes.slice(at, at + size))
  return all
}

/** Two pieces, or three: cut at these places. */
export function cut (bytes: Uint8Array, ...places: readonly number[]): Uint8Array[] {
  const all: Uint8Array[] = []
  let start = 0
  for (const end of [...places, bytes.length]) {
    if (end > start) all.push(bytes.slice(start, end))
    start = Math.max(start, end)
  }
  return all
}

/** Pieces of random sizes, small ones mostly. */
export function randomPieces (bytes: Uint8Array, random: SeededRandom, largest = bytes.length): Uint8Array[] {
  const all: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const size = 1 + Math.floor(largest * random.next() ** 4)
    all.push(bytes.slice(at, at + size))
    at += size
  }
  return all
}

/** All splits in pieces of one size, all in two pieces, and a grid of those in three: what `run` says must be the same for each. */
export function* everySplit (bytes: Uint8Array): Generator<{ readonly name: string, readonly split: readonly Uint8Array[] }> {
  for (let size = 1; size <= bytes.length; size++) yield { name: `pieces of ${size}`, split: pieces(bytes, size) }
  for (let at = 1; at < bytes.length; at++) yield { name: `cut at ${at}`, split: cut(bytes, at) }
  const step = Math.max(1, Math.floor(bytes.length / 16))
  for (let one = 1; one < bytes.length; one += step) {
    for (let two = one + 1; two < bytes.length; two += step) yield { name: `cut at ${one} and ${two}`, split: cut(bytes, one, two) }
  }
}

/** Feeds pieces from memory that is used again after each, so that a core that keeps a view of it is found out. */
export function feedLent (split: readonly Uint8Array[], feed: (bytes: Uint8Array) => void): void {
  for (const piece of split) {
    const lent = piece.slice()
    feed(lent)
    lent.fill(0xaa)
  }
}
