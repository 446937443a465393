/**
 * What a user of a stream sees, whoever carries it: a muxer's stream, a circuit, a data channel.
 *
 *     for await (const bytes of stream) await stream.write(bytes)
 *     await stream.close()
 *
 * **Back-pressure both ways.** Reading is what gives the remote credit to send more: who does not read is not sent to.
 * `write` always takes the bytes, and its promise is resolved when there is room for more: who awaits it never piles up.
 *
 * **Bytes are views, and belong to one at a time.** What is written must not be changed any more; what is read is the
 * reader's. A view may be a small part of a larger buffer: to keep a few bytes for long, copy them.
 *
 * **Ends.** Each direction ends by itself: `close` ends ours, behind everything written; the remote's end is what makes
 * `read` give null. `reset` ends both at once, and unread and unsent bytes are lost: a remote's reset does the same to us.
 *
 * A rejected promise of `write` or `close` that nobody awaits is no unhandled rejection: the stream's end is no
 * accident of the program.
 */
export interface ByteStream extends AsyncIterable<Uint8Array>, Disposable {
  /** Bytes that have arrived and were not read. */
  readonly unread: number
  /** Bytes written that have not left. */
  readonly queued: number
  /** The remote has ended its side; there may be something to read still. */
  readonly remoteEnded: boolean
  /** `close` was called. */
  readonly closing: boolean
  /** How it was reset, or undefined. */
  readonly resetBy: StreamReset | undefined

  /**
   * The next piece, as it lies there, but at most `max` bytes of it; null when the remote has ended. One call at a time.
   *
   * @param max default: no limit. At least 1
   * @throws (as rejection) the carrier's error when the stream was reset; `stream/concurrent-read` while another call waits
   */
  read (max?: number): Promise<Uint8Array | null>

  /**
   * Fills `target` with what has come, as far as it goes, and waits only when nothing has; null when the remote has ended. One call at
   * a time. For bulk: memory that was read from goes back at once, which spares the garbage collector a third of the work.
   *
   * @returns how many bytes of `target` were written. It must not be used before
   * @throws (as rejection) as `read`; RangeError for an empty target
   */
  readInto (target: Uint8Array): Promise<number | null>

  /**
   * Sends `bytes` behind what was written before. Resolved when there is room for more.
   * @throws (as rejection) the carrier's error when the stream was reset; `stream/write-after-close`
   */
  write (bytes: Uint8Array): Promise<void>

  /** Ends our side, behind all that was written. Resolved when that has been given to the connection. */
  close (): Promise<void>

  /** Nothing more will be read: what has come and what comes is thrown away, so that the remote can finish. It is not told. */
  closeRead (): void

  /** Ends both directions at once. The remote is told, with the wire code of `code`. Default `stream/reset`. */
  reset (code?: string): void

  /** Ends neither side when the loop is left early: the rest can be read by another loop. */
  [Symbol.asyncIterator] (): AsyncIterator<Uint8Array, undefined>
  /** `reset`, unless both sides have ended: a stream must never be left behind open. */
  [Symbol.dispose] (): void
}

/** How a stream ended early. Plain data: the `Error` is made for those who wait for the stream, and only then. */
export interface StreamReset {
  /** `room/reason`, of the error table. */
  readonly code: string
  /** Whose doing it was: the application's, the stack's own, or the other side's. */
  readonly initiator: 'user' | 'local' | 'remote'
  /** The number that came with it, where the muxer carries one. */
  readonly wireCode?: number
}

/**
 * Who carries the bytes of one stream: the stream's record in a muxer core. It is called from the stack of the stream's
 * user, at any time, and must only take notes: what follows from them is written when the path is flushed.
 */
export interface StreamCarrier {
  readonly host: StreamHost
  /** So many bytes were read, or thrown away: the remote may send as many again. Negative: they were put back. */
  consumed (bytes: number): void
  /** So many bytes more are to be sent; or, with none, the end. */
  wanted (bytes: number): void
  /** Whether a writer who has `queued` bytes waiting may go on. */
  hasRoom (queued: number): boolean
  /** The user ends it at once. Answers with `abort`. */
  reset (code: string): void
}

/** What all streams of a connection share. */
export interface StreamHost {
  /**
   * Settles a promise that user code waits for: a simulated world draws the order of these from its seed. Null in a real
   * system: at once.
   */
  readonly settle: ((action: () => void) => void) | null
  /**
   * Only streams have the memory that is pushed, so it is given back when they are done with it; and what a muxer was fed and has not
   * pushed, when `feed` returns.
   */
  readonly frees: boolean
  /** The error that a waiting reader or writer gets. */
  error (reset: StreamReset): Error
}
