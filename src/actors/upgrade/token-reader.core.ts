import { DecodeFailure } from '../../messages/wire/failure.js'
import { Cursor } from '../../runtime/bytes/cursor.js'

/**
 * Cuts tokens out of bytes that come in pieces of any size: a length of one or two bytes, then so many bytes.
 *
 * Bound: `bufferedBytes` is at most `maxBytes` of the call of `next` before, and 2. A longer token is refused at its length.
 */
export class TokenReader {
  private readonly cursor = new Cursor()
  /** First byte of a length of two; -1: none. */
  private low = -1
  /** Of the body that is coming; -1: not known. */
  private length = -1

  get bufferedBytes (): number {
    return this.cursor.buffered + (this.low >= 0 ? 1 : 0) + (this.length >= 0x80 ? 2 : this.length >= 0 ? 1 : 0)
  }

  feed (bytes: Uint8Array): void {
    this.cursor.feed(bytes)
  }

  /** The next token's body, good until the next call; undefined: it has not all come. */
  next (maxBytes: number): Uint8Array | DecodeFailure | undefined {
    const { cursor } = this
    while (this.length < 0) {
      const byte = cursor.take(1)?.[0]
      if (byte === undefined) return undefined
      if (this.low >= 0) {
        // A second byte of zero is not minimal, a third one makes it longer than any token.
        if (byte === 0) return new DecodeFailure('bad-varint', 'multistream token')
        if (byte >= 0x80) return new DecodeFailure('too-long', 'multistream token')
        this.length = this.low | (byte << 7)
        this.low = -1
      } else if (byte >= 0x80) {
        this.low = byte & 0x7f
      } else {
        this.length = byte
      }
    }
    if (this.length > maxBytes) return new DecodeFailure('too-long', 'multistream token')
    const body = cursor.take(this.length)
    if (body !== undefined) this.length = -1
    return body
  }

  /** What has come behind the last token. */
  rest (): Uint8Array {
    return this.cursor.rest()
  }
}
