/**
 * How everything in `src/messages` that reads bytes or text of others says that it cannot.
 *
 * **A decoder never throws for what a remote sent.** It returns the message, or a `DecodeFailure`: a plain value with a
 * code and the offset where it stopped. Cores look at one place,
 *
 *     const identify = decodeIdentify(bytes)
 *     if (identify instanceof DecodeFailure) return out.fail('stream/protocol-violation', identify)
 *
 * and no stack trace is ever made for a stranger's mistake. What throws is a mistake of our own: an *encoder* that is given
 * what does not fit (`TypeError`, `RangeError`), and the `parse` functions of values, whose text a user has typed.
 *
 * **Bounds come first.** Each decoder states the longest message it looks at, each length inside is compared with what is
 * left before anything is made of it, and lists have a number of entries. What a decoder holds is never more than a small
 * multiple of its input.
 *
 * **Bytes are views** of the input unless a line says so: who keeps a few of them for long copies them.
 */

/**
 * - `truncated`: it ends in the middle of something.
 * - `too-long`: longer than its bound: the whole, or the field that the text names.
 * - `too-many`: a list has more entries than its bound.
 * - `bad-varint`: a varint that is not minimal, does not end, or is beyond its type.
 * - `bad-wire-type`: a protobuf field that is not of its type, a group, or field number 0.
 * - `bad-text`: not UTF-8, or not of the alphabet.
 * - `bad-value`: well-formed, but no value of its kind.
 * - `missing`: a required field is not there.
 * - `unknown-type`: of a kind that we do not know.
 * - `too-deep`: messages in messages beyond the bound.
 * - `bad-signature`, `peer-mismatch`: of signed records: not signed by the key inside; or not by the peer that it is about.
 */
export type DecodeCode =
  | 'truncated' | 'too-long' | 'too-many' | 'bad-varint' | 'bad-wire-type' | 'bad-text' | 'bad-value' | 'missing' | 'unknown-type'
  | 'too-deep' | 'bad-signature' | 'peer-mismatch'

export class DecodeFailure {
  readonly code: DecodeCode
  /** What was being read: `identify`, `multiaddr`, `PublicKey.Data`. */
  readonly what: string
  /** Where in the input it stopped, in bytes. */
  readonly offset: number

  constructor (code: DecodeCode, what: string, offset = 0) {
    this.code = code
    this.what = what
    this.offset = offset
  }

  /** For logs and as the detail of an error. */
  toString (): string {
    return `${this.what}: ${this.code} at byte ${this.offset}`
  }
}
