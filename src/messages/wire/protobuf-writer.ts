import { varintLength, writeVarint } from './varint.js'

/**
 * Writes one protobuf message. Fields come out in the order of the calls: by number, so that encoding is deterministic
 * (peer-ids spec). A field whose value is undefined is left out; an empty or zero one is written (explicit presence).
 *
 *     new ProtobufWriter().uint32(1, type).bytes(2, data).finish()
 */
export class ProtobufWriter {
  private buffer = new Uint8Array(firstBytes)
  private length = 0

  uint32 (field: number, value: number | undefined): this {
    if (value !== undefined) {
      this.tag(field, VARINT)
      this.varint(value)
    }
    return this
  }

  bool (field: number, value: boolean | undefined): this {
    return this.uint32(field, value === undefined ? undefined : Number(value))
  }

  /** @throws RangeError for a bigint that does not fit, or a number that is no whole one */
  uint64 (field: number, value: bigint | number | undefined): this {
    if (value === undefined) return this
    let rest = BigInt(value)
    if (rest < 0n || rest !== BigInt.asUintN(64, rest)) throw new RangeError(`value: a uint64 is from 0 to 2^64 - 1; got ${rest.toString()}`)
    this.tag(field, VARINT)
    this.reserve(10)
    for (; rest >= 0x80n; rest >>= 7n) this.buffer[this.length++] = Number(rest & 0x7fn) | 0x80
    this.buffer[this.length++] = Number(rest)
    return this
  }

  fixed64 (field: number, value: bigint | undefined): this {
    if (value === undefined) return this
    this.tag(field, FIXED64)
    this.reserve(8)
    new DataView(this.buffer.buffer).setBigUint64(this.length, value, true)
    this.length += 8
    return this
  }

  bytes (field: number, value: Uint8Array | undefined): this {
    if (value === undefined) return this
    this.tag(field, DELIMITED)
    this.varint(value.length)
    this.reserve(value.length)
    this.buffer.set(value, this.length)
    this.length += value.length
    return this
  }

  string (field: number, value: string | undefined): this {
    return this.bytes(field, value === undefined ? undefined : utf8.encode(value))
  }

  message (field: number, value: ProtobufWriter | undefined): this {
    return this.bytes(field, value?.finish())
  }

  /** One field of this number for each entry. */
  repeated (field: number, values: readonly Uint8Array[]): this {
    for (const value of values) this.bytes(field, value)
    return this
  }

  strings (field: number, values: readonly string[]): this {
    for (const value of values) this.string(field, value)
    return this
  }

  /** The message: a view of what was written, which nobody else holds once the writer is dropped. */
  finish (): Uint8Array {
    return this.buffer.subarray(0, this.length)
  }

  private tag (field: number, type: number): void {
    this.varint(field * 8 + type)
  }

  private varint (value: number): void {
    this.reserve(varintLength(value))
    this.length = writeVarint(value, this.buffer, this.length)
  }

  private reserve (bytes: number): void {
    const needed = this.length + bytes
    if (needed <= this.buffer.length) return
    const larger = new Uint8Array(Math.max(needed, 2 * this.buffer.length))
    larger.set(this.buffer)
    this.buffer = larger
  }
}

const firstBytes = 64

const VARINT = 0
const FIXED64 = 1
const DELIMITED = 2

const utf8 = new TextEncoder()
