import { randomBytes } from 'node:crypto'

/**
 * Randomness for choices (jitter, sampling, interleavings), reproducible from a seed. Not for keys, nonces or anything
 * that a stranger must not guess: those come from the crypto provider.
 */
export interface Random {
  /** In [0, 1). */
  next (): number
  /** A whole number in [0, bound). */
  int (bound: number): number
  /** Exponentially distributed with this mean: the time to the next of many independent events. */
  exponential (mean: number): number
}

/** sfc32 by Chris Doty-Humphrey: small, fast, passes PractRand; 128 bits of state. */
export class SeededRandom implements Random {
  private a: number
  private b: number
  private c: number
  private counter = 1

  constructor (seed: number) {
    this.a = mix(seed, 0x9e3779b9)
    this.b = mix(seed, 0x243f6a88)
    this.c = mix(seed, 0xb7e15162)
    for (let i = 0; i < 12; i++) this.uint32()
  }

  uint32 (): number {
    const sum = (this.a + this.b + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum | 0
    return sum >>> 0
  }

  next (): number {
    return this.uint32() / 0x1_0000_0000
  }

  int (bound: number): number {
    return Math.floor(this.next() * bound)
  }

  exponential (mean: number): number {
    return exponential(this.uint32(), mean)
  }
}

/** Two words into one, every bit of each reaching every bit of the result (the finaliser of MurmurHash3). */
export function mix (a: number, b: number): number {
  let h = Math.imul(a ^ 0x6c62272e, 0x85ebca6b) ^ Math.imul(b, 0x9e3779b1)
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  h ^= h >>> 16
  return h >>> 0
}

/** FNV-1a over UTF-16 units, then mixed. */
export function hashText (text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return mix(h, text.length)
}

/** Turns 32 random bits into an exponentially distributed number. */
export function exponential (bits: number, mean: number): number {
  return -mean * Math.log((bits + 0.5) / 0x1_0000_0000)
}

/** A seed that nobody can foretell: real systems start from one, simulated ones are given theirs. */
export function unpredictableSeed (): number {
  return randomBytes(4).readUInt32LE(0)
}
