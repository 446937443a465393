import { checkNumber, checkOptions } from '../errors.js'

/** How one direction between two hosts behaves. What takes part in a link that exists already is `latencyMs` to `splits`, and the loss. */
export interface LinkShape {
  /** From the first byte leaving to the first byte arriving. Default 1 ms; with 0 two ends may talk for ever in no time. */
  readonly latencyMs: number
  /** Up to so much more, drawn anew for each chunk; order is kept, so a late chunk holds up the next. Default 0. */
  readonly jitterMs: number
  /**
   * What one link may send; chunks queue for it. Each link has the whole of it: if links shared, one that breaks would
   * change the history of its neighbours. Default Infinity.
   */
  readonly bytesPerSecond: number
  /** Longest piece that arrives at once. Default 65,536: what Node reads from a socket at a time. */
  readonly maxChunkBytes: number
  /** Cut what is sent into pieces of random size, and glue together some that arrive at once: TCP keeps no borders. Default false: a write arrives as it was, if it is not too long. */
  readonly splits: boolean
  /** Chance of each chunk to be the last: the link is lost with it. Default 0. */
  readonly lossOfLink: number
  /** How a lost link looks from its ends: a reset after some latencies, silence for ever, or one of the two. Default `either`. */
  readonly lossAs: 'reset' | 'black-hole' | 'either'
  /** Bytes on the way and unread at the receiver, at most. Default 262,144. */
  readonly windowBytes: number
  /** Bytes that wait at the sender before `write` reports no more room. Default 65,536. */
  readonly highWaterMarkBytes: number
  /** A sender gives up when what it sent is not acknowledged for so long. Default 60,000 ms; real ones take up to 15 minutes. */
  readonly timeoutMs: number
  /** The receiver's bytes are only lent, and overwritten after `onData` returns: as with a port that reads all sockets into one buffer. Default false. */
  readonly lends: boolean
}

export const defaultShape: LinkShape = Object.freeze({
  latencyMs: 1,
  jitterMs: 0,
  bytesPerSecond: Infinity,
  maxChunkBytes: 65_536,
  splits: false,
  lossOfLink: 0,
  lossAs: 'either',
  windowBytes: 262_144,
  highWaterMarkBytes: 65_536,
  timeoutMs: 60_000,
  lends: false
})

/** @throws TypeError for an unknown option, RangeError for a number out of range */
export function checkShape (where: string, shape: Partial<LinkShape>): void {
  checkOptions(where, shape, Object.keys(defaultShape))
  checkNumber(where, 'latencyMs', shape.latencyMs)
  checkNumber(where, 'jitterMs', shape.jitterMs)
  if (shape.bytesPerSecond !== Infinity) checkNumber(where, 'bytesPerSecond', shape.bytesPerSecond, Number.MIN_VALUE)
  checkNumber(where, 'maxChunkBytes', shape.maxChunkBytes, 1)
  checkNumber(where, 'windowBytes', shape.windowBytes, 1)
  checkNumber(where, 'highWaterMarkBytes', shape.highWaterMarkBytes)
  checkNumber(where, 'timeoutMs', shape.timeoutMs)
  checkNumber(where, 'lossOfLink', shape.lossOfLink)
}
