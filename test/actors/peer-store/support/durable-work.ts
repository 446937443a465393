/**
 * The work of a node whose process is killed: a seeded row of changes, so that whoever knows seed and number knows what was
 * done. Number `n` changes one peer: it is deleted, or its metadata says `n`.
 */
import { SeededRandom } from '../../../../src/runtime/random.js'

export const peersInWork = 300

export interface Work {
  readonly n: number
  /** Which peer. */
  readonly at: number
  readonly deletes: boolean
  /** Of the metadata. */
  readonly bytes: number
}

export function workOf (seed: number, n: number): Work {
  const random = new SeededRandom(seed * 1_000_003 + n)
  return { n, at: random.int(peersInWork), deletes: random.int(8) === 0, bytes: 16 + random.int(4000) }
}

/** What the child says, one JSON a line. */
export type Said =
  /** What was found at the start, by number of the peer, and what was damaged. */
  | { readonly found: Readonly<Record<string, number>>, readonly failures: readonly string[] }
  /** All up to this number is on disk, it believes. */
  | { readonly flushed: number }
