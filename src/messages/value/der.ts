/**
 * The part of DER (X.690) that keys are written in. Reading is strict: definite, minimal lengths, minimal integers, no more
 * than there is; so that one key has one encoding. As in a protobuf reader the first fault stays: read on, and ask at the end.
 */

export const INTEGER = 0x02
export const BIT_STRING = 0x03
export const OCTET_STRING = 0x04
export const NULL = 0x05
export const OBJECT_IDENTIFIER = 0x06
export const SEQUENCE = 0x30
/** `[n]`, constructed. */
export const context = (n: number): number => 0xa0 | n

/** A value behind its tag and length. */
export function encodeDer (tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >>> 8, length & 0xff]
  const whole = new Uint8Array(head.length + length)
  whole.set(head)
  let end = head.length
  for (const part of parts) {
    whole.set(part, end)
    end += part.length
  }
  return whole
}

/** A number that is not negative, big-endian, without leading zeros. */
export function encodeInteger (number: Uint8Array): Uint8Array {
  return (number[0] ?? 0) >= 0x80 || number.length === 0 ? encodeDer(INTEGER, zero, number) : encodeDer(INTEGER, number)
}

/** A BIT STRING of whole bytes. */
export function encodeBits (bytes: Uint8Array): Uint8Array {
  return encodeDer(BIT_STRING, zero, bytes)
}

export class DerReader {
  private readonly input: Uint8Array
  private offset = 0
  private faulty = false

  constructor (input: Uint8Array) {
    this.input = input
  }

  /** Everything was well-formed and has been read. */
  get done (): boolean {
    return !this.faulty && this.offset === this.input.length
  }

  /** The tag that comes next; undefined at the end. */
  get tag (): number | undefined {
    return this.faulty ? undefined : this.input[this.offset]
  }

  /** The content of the next value, which must have this tag. */
  value (tag: number): Uint8Array {
    if (this.tag !== tag) return this.fail()
    let start = this.offset + 2
    let length = this.input[this.offset + 1] ?? 0xff
    if (length >= 0x80) {
      const bytes = length - 0x80
      if (bytes < 1 || bytes > 2) return this.fail() // indefinite, or beyond 65,535
      length = 0
      for (let i = 0; i < bytes; i++) length = length * 0x100 + (this.input[start++] ?? 0)
      if (length < (bytes === 1 ? 0x80 : 0x100)) return this.fail() // not minimal
    }
    if (start + length > this.input.length) return this.fail()
    this.offset = start + length
    return this.input.subarray(start, this.offset)
  }

  inner (tag: number): DerReader {
    const inner = new DerReader(this.value(tag))
    inner.faulty = this.faulty
    return inner
  }

  /** A number that is not negative, without leading zeros; none for 0. */
  integer (): Uint8Array {
    const value = this.value(INTEGER)
    const [first = 0x80, second = 0x80] = value
    if (first >= 0x80 || (first === 0 && second < 0x80)) return this.fail()
    return first === 0 ? value.subarray(1) : value
  }

  /** A BIT STRING of whole bytes. */
  bits (): Uint8Array {
    const value = this.value(BIT_STRING)
    return value[0] === 0 ? value.subarray(1) : this.fail()
  }

  private fail (): Uint8Array {
    this.faulty = true
    return nothing
  }
}

const zero = Uint8Array.of(0)
const nothing = new Uint8Array(0)
