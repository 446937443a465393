/** Bytes that somebody might send: random ones, and good messages with something wrong. All from one seed. */
import { SeededRandom } from '../../src/runtime/random.js'

export class Fuzzer {
  private readonly random: SeededRandom

  constructor (seed: number) {
    this.random = new SeededRandom(seed)
  }

  pick<T> (list: readonly T[]): T {
    return list[this.random.int(list.length)]!
  }

  /** Short ones mostly: long ones fail at their beginning as well. */
  bytes (): Uint8Array {
    return this.some(this.random.int(this.random.int(10) === 0 ? 300 : 40))
  }

  /** One to four changes to one of these. */
  mutate (samples: readonly Uint8Array[]): Uint8Array {
    let bytes = this.pick(samples)
    for (let changes = 1 + this.random.int(4); changes > 0; changes--) bytes = this.change(bytes, samples)
    return bytes
  }

  text (letters: string, maxLength: number): string {
    return Array.from({ length: this.random.int(maxLength + 1) }, () => letters[this.random.int(letters.length)]).join('')
  }

  private change (bytes: Uint8Array, samples: readonly Uint8Array[]): Uint8Array {
    const at = this.random.int(bytes.length + 1)
    const length = 1 + this.random.int(8)
    const copy = new Uint8Array(bytes)
    switch (this.random.int(7)) {
      case 0: // a bit
        if (at < copy.length) copy[at]! ^= 1 << this.random.int(8)
        return copy
      case 1: // a byte that borders on something
        if (at < copy.length) copy[at] = this.pick([0, 1, 0x7f, 0x80, 0xfe, 0xff])
        return copy
      case 2: // the end
        return copy.slice(0, at)
      case 3: // something out
        return join(copy.subarray(0, at), copy.subarray(at + length))
      case 4: // something in
        return join(copy.subarray(0, at), this.some(length), copy.subarray(at))
      case 5: // something twice
        return join(copy.subarray(0, at + length), copy.subarray(at))
      default: { // the rest of another
        const other = this.pick(samples)
        return join(copy.subarray(0, at), other.subarray(this.random.int(other.length + 1)))
      }
    }
  }

  private some (length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.random.int(256))
  }
}

function join (...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
