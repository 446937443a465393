import type { DecodeCode } from './failure.js'
import { DecodeFailure } from './failure.js'

/**
 * Reads one protobuf message, field by field, in whatever order they come:
 *
 *     const reader = new ProtobufReader('Peer', bytes, 4096)
 *     let id: Uint8Array | undefined
 *     while (reader.next()) {
 *       if (reader.field === 1) id = reader.bytes('id', 64)
 *     }
 *     return reader.failure ?? { id }
 *
 * A field that nobody takes is skipped, whatever its type; a later one of the same number replaces the earlier, as the
 * encoding demands (protobuf.dev, "Last One Wins"). After the first failure nothing more is read: `next` is false, the
 * getters return empty values, and `failure` is what happened. So a decoder is written without a single check or `try`.
 *
 * Own, not protons-runtime: that costs 30 ms at start and bounds nothing (docs/decisions.md). Groups, which nobody sends,
 * are refused, as is a message in a message beyond `deepest`.
 */
export class ProtobufReader {
  /** The number of the field that `next` found. */
  field = 0
  private type = 0
  private taken = true
  private offset: number
  private readonly end: number
  private readonly input: Uint8Array
  private readonly what: string
  private readonly depth: number
  /** The reader of the outermost message, where the failure is kept. */
  private readonly root: ProtobufReader
  private fault: DecodeFailure | undefined

  /**
   * @param what name of the message, for the failure
   * @param maxBytes the longest message to look at
   */
  constructor (what: string, input: Uint8Array, maxBytes: number, within?: { readonly outer: ProtobufReader, readonly start: number, readonly end: number }) {
    this.what = what
    this.input = input
    this.offset = within?.start ?? 0
    this.end = within?.end ?? input.length
    this.root = within?.outer.root ?? this
    this.depth = within === undefined ? 0 : within.outer.depth + 1
    if (this.end - this.offset > maxBytes) this.fail('too-long')
    if (this.depth > deepest) this.fail('too-deep')
  }

  /** The first thing that was wrong, here or in a message inside. */
  get failure (): DecodeFailure | undefined {
    return this.root.fault
  }

  /** Goes to the next field. False at the end of the message, and after a failure. */
  next (): boolean {
    // The caller did not want the field before: unknown ones are passed over, as protobuf has it.
    if (!this.taken) this.skip()
    if (this.failure !== undefined || this.offset >= this.end) return false
    const tag = this.varint32()
    this.field = tag >>> 3
    this.type = tag & 7
    this.taken = false
    if (this.field === 0) this.fail('bad-wire-type')
    return this.failure === undefined
  }

  /** A view of the field's bytes, or none after a failure. */
  bytes (name: string, maxBytes: number): Uint8Array {
    const length = this.delimited(name, maxBytes)
    const start = this.offset
    this.offset += length
    return this.input.subarray(start, start + length)
  }

  /** UTF-8, strictly. */
  string (name: string, maxBytes: number): string {
    const bytes = this.bytes(name, maxBytes)
    try {
      return utf8.decode(bytes)
    } catch {
      this.fail('bad-text', name, -bytes.length)
      return ''
    }
  }

  /** A message inside this one. Read it to its end, or leave it: this reader goes on behind it either way. */
  message (name: string, maxBytes: number): ProtobufReader {
    const length = this.delimited(name, maxBytes)
    const start = this.offset
    this.offset += length
    return new ProtobufReader(`${this.what}.${name}`, this.input, maxBytes, { outer: this, start, end: this.offset })
  }

  /** `uint32`, `enum`: what is above 32 bits is cut off, as the encoding demands. */
  uint32 (name: string): number {
    return this.expect(name, VARINT) ? this.varint32() : 0
  }

  bool (name: string): boolean {
    return this.uint64(name) !== 0n
  }

  uint64 (name: string): bigint {
    if (!this.expect(name, VARINT)) return 0n
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        if (value <= mostUint64) return value
        break
      }
    }
    this.fail('bad-varint', name)
    return 0n
  }

  /** A `uint64` that is a number of something: above 2^53 - 1 it is refused. */
  count (name: string): number {
    const value = this.uint64(name)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.fail('bad-value', name)
    return this.failure === undefined ? Number(value) : 0
  }

  fixed64 (name: string): bigint {
    if (!this.expect(name, FIXED64) || !this.has(8)) return 0n
    const view = new DataView(this.input.buffer, this.input.byteOffset + this.offset, 8)
    this.offset += 8
    return view.getBigUint64(0, true)
  }

  /** Puts one more entry on a list; too many are a failure. For views and values alike. */
  add<T> (name: string, list: T[], entry: T, most: number): void {
    if (this.failure !== undefined) return
    if (list.length >= most) this.fail('too-many', name)
    else list.push(entry)
  }

  /** Notes what is wrong with the field just read; only the first is kept. `back` bytes before here, as a negative number. */
  fail (code: DecodeCode, name?: string, back = 0): void {
    this.root.fault ??= new DecodeFailure(code, name === undefined ? this.what : `${this.what}.${name}`, this.offset + back)
  }

  private skip (): void {
    this.taken = true
    switch (this.type) {
      case VARINT:
        for (let i = 0; i < 10; i++) if (this.byte() < 0x80) return
        return this.fail('bad-varint')
      case FIXED64:
        if (this.has(8)) this.offset += 8
        return
      case DELIMITED: {
        const length = this.delimited('unknown', Infinity)
        this.offset += length
        return
      }
      case FIXED32:
        if (this.has(4)) this.offset += 4
        return
      default:
        return this.fail('bad-wire-type')
    }
  }

  /** Takes the field, when it is of this type. */
  private expect (name: string, type: number): boolean {
    this.taken = true
    if (this.type !== type) this.fail('bad-wire-type', name)
    return this.failure === undefined
  }

  /** The length in front of a field, once it is sure that the field fits. */
  private delimited (name: string, maxBytes: number): number {
    if (!this.expect(name, DELIMITED)) return 0
    let length = 0
    let factor = 1
    for (let i = 0; i < 10; i++, factor *= 0x80) {
      const byte = this.byte()
      length += (byte & 0x7f) * factor
      if (byte < 0x80) {
        if (this.failure !== undefined) return 0
        if (length > maxBytes) this.fail('too-long', name)
        else if (length > this.end - this.offset) this.fail('truncated', name)
        else return length
        return 0
      }
    }
    this.fail('bad-varint', name)
    return 0
  }

  /** The low 32 bits of a varint of up to ten bytes: longer forms are allowed, and negative enums come in ten. */
  private varint32 (): number {
    let value = 0
    for (let i = 0; i < 10; i++) {
      const byte = this.byte()
      if (i < 5) value |= (byte & 0x7f) << 7 * i
      if (byte < 0x80) return value >>> 0
    }
    this.fail('bad-varint')
    return 0
  }

  /** After a failure and at the end it is 0, which ends every varint. */
  private byte (): number {
    const byte = this.has(1) ? this.input[this.offset] : undefined
    if (byte === undefined) return 0
    this.offset++
    return byte
  }

  private has (bytes: number): boolean {
    if (this.offset + bytes > this.end) this.fail('truncated')
    return this.failure === undefined
  }
}

/** Messages in messages. The deepest of libp2p is three (gossipsub). */
const deepest = 8

const VARINT = 0
const FIXED64 = 1
const DELIMITED = 2
const FIXED32 = 5

const mostUint64 = (1n << 64n) - 1n

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
