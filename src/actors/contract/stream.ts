/**
 * A stream as its user sees it: bytes both ways (`ByteStream`, whose page has the rules), what it is, and the reads and
 * writes that every protocol needs, with the bounds that each user would otherwise forget.
 *
 *     for await (const bytes of stream) await stream.write(bytes)
 *     await stream.close()
 */
import type { ByteStream } from '../../runtime/bytes/byte-stream.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Direction } from './link.js'

export interface Stream extends ByteStream {
  /** Unique among the live streams of its connection. */
  readonly id: number
  /** The protocol that was agreed upon. Of a lazy stream: that was proposed. */
  readonly protocol: string
  readonly direction: Direction
  readonly peer: PeerId
  /** `/node/connections/17/streams/5`: for `inspect`. */
  readonly path: string
  /** Path of its connection. */
  readonly connection: string

  /**
   * Exactly `length` bytes, in one piece.
   * @throws (as rejection) RangeError for a length that is none; `stream/ended` when the remote ends before
   */
  readExactly (length: number, options?: ReadOptions): Promise<Uint8Array>
  /**
   * All up to the end of the remote's side, in one piece.
   * @throws (as rejection) `stream/message-too-large` when more comes than `maxBytes`; the stream is then still open
   */
  readAll (options: ReadOptions & { readonly maxBytes: number }): Promise<Uint8Array>
  /**
   * One message that is preceded by its length as a varint; null when the remote has ended between messages.
   * @throws (as rejection) `stream/message-too-large`, before anything of it is read; `stream/ended` in the midst of one;
   *   `stream/protocol-violation` for a length that is none
   */
  readPrefixed (options: ReadOptions & { readonly maxBytes: number }): Promise<Uint8Array | null>
  /** A message, preceded by its length as a varint, as one piece. Resolved when there is room for more. */
  writePrefixed (message: Uint8Array): Promise<void>

  /** The same stream for the WHATWG streams: cancelling and aborting reset it. Made when first asked for. */
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
}

export interface ReadOptions {
  /** Aborting rejects the read with `user/aborted`; what has come stays readable, the stream stays open. */
  readonly signal?: AbortSignal
}
