import { ackBacklog, initialWindowBytes } from '../../../messages/wire/yamux.js'

/** Bounds of one Yamux connection. Each can be given alone; the rest is as in `yamuxDefaults`. */
export interface YamuxLimits {
  /** Streams that the remote may have open at a time. One more is reset with `limit/streams`. */
  readonly inboundStreams: number
  /** Streams that we have open at a time. */
  readonly outboundStreams: number
  /** Of the inbound ones, how many may wait for their ACK, and of the outbound ones alike (specs yamux, "ACK backlog"). */
  readonly unacknowledged: number
  /** A stream's receive window grows up to this while it is used. */
  readonly windowBytes: number
  /** All windows of the connection together grow by this much beyond their initial 256 KiB, unless a budget is given. */
  readonly windowGrowthBytes: number
  /**
   * While a stream converses, all streams together have so much under way as the path takes in four of its least round trips, each taken
   * to be at least so many milliseconds long.
   */
  readonly flightPathMs: number
  /** And at least so many bytes. */
  readonly flightBytes: number
  /** A writer has room while no more than this waits in his stream, whatever the others do. */
  readonly queuedFloorBytes: number
  /** He has room up to this while the connection as a whole has. */
  readonly queuedCeilingBytes: number
  /** Bytes that wait in all streams, beyond which only the floor is left to each. */
  readonly queuedConnectionBytes: number
  /** Answers to pings that wait; further pings are not answered. */
  readonly queuedPongs: number
  /** Resets that wait; one more ends the connection. */
  readonly queuedResets: number
  /** Bytes of frames for streams that are no more, beyond what those may have had on the way; refilled by good frames. */
  readonly strayBytes: number
  /**
   * Frames that bring nothing (pings, pongs that nobody asked for, updates by nothing, empty data, flags that say what has been said)
   * that may come in a row; one more ends the connection. Each KiB of data stands for one.
   */
  readonly idleFrames: number
  /** And so many more a second. */
  readonly idleFramesPerSecond: number
  /** After so long without a byte from the remote it is pinged. 0: never. */
  readonly keepAliveMs: number
  /** And after so long without a byte behind a ping the connection is given up. */
  readonly pongTimeoutMs: number
}

export const yamuxDefaults: YamuxLimits = {
  // 512 initial windows are 128 MiB of unread bytes at worst, before the connection's own bound pauses the socket. go, js
  // and rust keep far fewer streams open to one peer. Limits: a flood of SYNs.
  inboundStreams: 512,
  // rust ends the whole connection at 512 streams of both directions together: half is ours.
  outboundStreams: 256,
  unacknowledged: ackBacklog,
  // As go and js: 16 MiB fill a path of 1 Gbit/s and 130 ms. Costs memory only where a reader is slower than his path.
  windowBytes: 16 * 1024 * 1024,
  // Two streams at the largest window, or many at 1 MiB.
  windowGrowthBytes: 32 * 1024 * 1024,
  // Where the path is shorter, the turns of both event loops are what counts. Beside four uploads over loopback 0.25 keeps 0.55 of the
  // speed of bulk, 0.5 keeps 0.7 and 1 keeps 0.9; the median round trip is 2.1, 2.5 and 5.5 ms, and 14.7 without a bound.
  flightPathMs: 0.5,
  // One frame. More would stand for long on a slow path.
  flightBytes: 64 * 1024,
  // The write that crosses the floor is always taken, so this is how far ahead a writer is of a remote that never reads:
  // with 256 streams 4 MiB.
  queuedFloorBytes: 16 * 1024,
  // Half of it in one gathered write of 512 KiB, the other half written meanwhile.
  queuedCeilingBytes: 1024 * 1024,
  queuedConnectionBytes: 4 * 1024 * 1024,
  // As go. A peer that sends more without reading our answers needs none.
  queuedPongs: 32,
  // They pile up only when the remote opens streams faster than it reads that they are refused, or than we can look at them. 12 KiB.
  queuedResets: 1024,
  // Frames that cross with the end of a stream are a few dozen bytes each; this is many thousands of them.
  strayBytes: 1024 * 1024,
  // Honest peers ping a few times a minute, or once per round trip when they measure. Limits: floods of frames that cost us a
  // microsecond each and the sender nothing (A11).
  idleFrames: 1024,
  idleFramesPerSecond: 128,
  // As go and js.
  keepAliveMs: 30_000,
  // go gives up after 10 s; twice that survives a laptop's short sleep and a burst on a slow path.
  pongTimeoutMs: 20_000
}

/** @throws RangeError, naming the limit */
export function checkYamuxLimits (limits: YamuxLimits): void {
  for (const [name, value] of Object.entries(limits) as Array<[keyof YamuxLimits, number]>) {
    if (!(typeof value === 'number' && value >= 0)) throw new RangeError(`limits.${name}: must be a number, zero or more; got ${String(value)}`)
  }
  if (limits.windowBytes < initialWindowBytes || limits.windowBytes > 0x7fff_ffff) {
    throw new RangeError(`limits.windowBytes: must be from the initial ${initialWindowBytes} to 2^31 - 1; got ${limits.windowBytes}`)
  }
}
