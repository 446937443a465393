import type { SeededRandom } from '../../../src/runtime/random.js'
import { SeededRandom as Seeded } from '../../../src/runtime/random.js'
import { hex } from './recorder.js'

/** Something that is fed with anything, and must only ever refuse it in good order. */
export interface FuzzTarget {
  readonly name: string
  /** Sources whose branches the corpus must reach, from the root of the repository. */
  readonly sources: readonly string[]
  /** Good inputs, from recorded conversations. */
  readonly corpus: ReadonlyArray<{ readonly bytes: Uint8Array, readonly role: number }>
  /**
   * Feeds a fresh core, and throws when anything is not as it must be.
   * @param role which of the corpus the input was made of; any number for random ones
   */
  run (input: Uint8Array, role: number, random: SeededRandom): void
  /** Random bytes that are not all refused at the first. */
  random (random: SeededRandom, role: number): Uint8Array
}

/** Runs input number `n`: every odd one is random, every even one a changed recording (or, now and then, an unchanged one). */
export function fuzzOne (target: FuzzTarget, n: number): void {
  const random = new Seeded(n)
  let input: Uint8Array
  let role = random.int(1000)
  if (n % 2 === 1) {
    input = target.random(random, role)
  } else {
    const entry = target.corpus[random.int(target.corpus.length)]!
    role = entry.role
    input = random.int(20) === 0 ? entry.bytes : mutate(entry.bytes, random, target.corpus)
  }
  try {
    target.run(input, role, random)
  } catch (error) {
    throw new Error(`${target.name}, input ${n} (role ${role}): ${String(error)}\n${hex(input.subarray(0, 2000))}`, { cause: error })
  }
}

/** One to four changes of the kinds that find faults in parsers. */
function mutate (bytes: Uint8Array, random: SeededRandom, corpus: FuzzTarget['corpus']): Uint8Array {
  let changed: Uint8Array = bytes.slice()
  for (let changes = 1 + random.int(4); changes > 0; changes--) {
    const at = random.int(changed.length + 1)
    const size = 1 + Math.floor(20 * random.next() ** 3)
    switch (random.int(9)) {
      case 0: changed[at] = random.int(256); break
      case 1: if (at < changed.length) changed[at]! ^= 1 << random.int(8); break
      case 2: changed = changed.slice(0, at); break
      case 3: changed = splice(changed, at, size, new Uint8Array(0)); break
      case 4: changed = splice(changed, at, 0, changed.slice(at, at + size)); break
      case 5: changed = splice(changed, at, 0, Uint8Array.from({ length: size }, () => random.int(256))); break
      case 6: changed = splice(changed, at, 0, telling[random.int(telling.length)]!); break
      case 7: {
        const value = telling[random.int(telling.length)]!
        changed = splice(changed, at, value.length, value)
        break
      }
      default: {
        const other = corpus[random.int(corpus.length)]!.bytes
        const from = random.int(other.length + 1)
        changed = splice(changed, at, random.int(size), other.slice(from, from + size * 4))
      }
    }
  }
  return changed
}

function splice (bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const rest = bytes.subarray(Math.min(bytes.length, at + remove))
  const spliced = new Uint8Array(at + insert.length + rest.length)
  spliced.set(bytes.subarray(0, at))
  spliced.set(insert, at)
  spliced.set(rest, at + insert.length)
  return spliced
}

/** Numbers at which things change. */
const telling = [
  [0], [1], [0x7f], [0x80], [0xff], [0x0a], [0, 0], [0xff, 0xff], [0, 16], [0x80, 0x01], [0xff, 0x7f], [0x80, 0x00],
  [0, 0, 0, 0], [0xff, 0xff, 0xff, 0xff], [0x7f, 0xff, 0xff, 0xff], [0, 4, 0, 0], [0, 4, 0, 1], [1, 0, 0, 0]
].map(bytes => Uint8Array.from(bytes))

export function randomBytes (random: SeededRandom, most: number): Uint8Array {
  return Uint8Array.from({ length: random.int(most + 1) }, () => random.int(256))
}
