/**
 * One stream of a Yamux connection, as its core sees it: both windows and how far it has come (specs yamux/README.md,
 * "Message Flow").
 *
 * Which frame carries what: SYN or ACK is a flag of the first frame that we send, whatever that is; FIN is a frame of its
 * own behind the data, since js-libp2p acts on flags before the body.
 *
 *      we, outbound:   opening --SYN--> unacknowledged --ACK from the remote--> open
 *      we, inbound:    answering --ACK--> open
 *      each direction: open --FIN--> ended          gone: both ended and all was read, or RST by either side
 *
 * The receive window: `recvWindow` is what the remote may still send, `credit` what was read and has not been granted again.
 * Invariant: recvWindow + on its way (rest of a body) + unread + credit = maxWindow.
 */
import type { StreamCarrier, StreamHost } from '../../../runtime/bytes/byte-stream.js'
import { StreamBuffer } from '../../../runtime/bytes/stream-buffer.js'
import { ACK, initialWindowBytes, SYN } from '../../../messages/wire/yamux.js'
import type { ByteBudget } from '../../contract/muxer.js'

/** Opened by the remote. */
export const INBOUND = 1
/** Our SYN goes with the next frame. */
export const OPENING = 2
/** Our ACK goes with the next frame. */
export const ANSWERING = 4
/** It has a handler: the ACK need not wait for a frame that must be sent anyway. */
export const ACCEPTED = 8
/** Our SYN has gone, and the remote's ACK has not come. */
export const UNACKNOWLEDGED = 16
export const FIN_SENT = 32
export const FIN_RECEIVED = 64
/** The connection has forgotten it. */
export const GONE = 128
/** In the writer's list of streams with something to say. */
export const IN_READY = 256
/** In the writer's list of streams with credit to give. */
export const IN_CREDIT = 512
/** Its last frame, or its last two, had little to say. */
export const BRIEF_ONCE = 1024
export const BRIEF_TWICE = 2048

/** What a stream needs of its connection. */
export interface StreamKeeper {
  readonly host: StreamHost
  /** So many bytes of `stream` have been read, or put back. */
  streamConsumed (stream: YamuxStream, bytes: number): void
  /** So many bytes more wait to be sent, or the end does. */
  streamWanted (stream: YamuxStream, bytes: number): void
  streamReset (stream: YamuxStream, code: string): void
  hasRoom (queued: number): boolean
}

export class YamuxStream implements StreamCarrier {
  readonly id: number
  readonly buffer: StreamBuffer
  flags: number
  sendWindow = initialWindowBytes
  recvWindow = initialWindowBytes
  maxWindow = initialWindowBytes
  credit = 0
  /** When credit was last granted, in milliseconds; null when it never was, as on most streams (a fraction is an object of its own). */
  private epoch: number | null = null
  /** The next one in the list of the ready, and in that of the creditors. */
  nextReady: YamuxStream | null = null
  nextCredit: YamuxStream | null = null
  private readonly keeper: StreamKeeper

  constructor (id: number, flags: number, keeper: StreamKeeper) {
    this.id = id
    this.flags = flags
    this.keeper = keeper
    this.buffer = new StreamBuffer(id, this)
  }

  get host (): StreamHost {
    return this.keeper.host
  }

  // ---------------------------------------------------------------- called by the buffer, from the stack of its user

  consumed (bytes: number): void {
    this.keeper.streamConsumed(this, bytes)
  }

  wanted (bytes: number): void {
    this.keeper.streamWanted(this, bytes)
  }

  hasRoom (queued: number): boolean {
    return this.keeper.hasRoom(queued)
  }

  reset (code: string): void {
    this.keeper.streamReset(this, code)
  }

  // ---------------------------------------------------------------- called by the connection

  /** Both sides have ended and everything was read: nothing can happen any more. */
  get done (): boolean {
    return (this.flags & (FIN_SENT | FIN_RECEIVED)) === (FIN_SENT | FIN_RECEIVED) && this.buffer.unread === 0
  }

  /** The frame that is being written must carry these. */
  openingFlags (): number {
    const { flags } = this
    if ((flags & OPENING) !== 0) {
      this.flags = (flags & ~OPENING) | UNACKNOWLEDGED
      return SYN
    }
    if ((flags & ANSWERING) !== 0) {
      this.flags = flags & ~ANSWERING
      return ACK
    }
    return 0
  }

  /** Whether there is something that a frame of its own could carry now. */
  get sendable (): boolean {
    const { buffer, flags } = this
    if ((flags & OPENING) !== 0 || (flags & (ANSWERING | ACCEPTED)) === (ANSWERING | ACCEPTED)) return true
    return (this.sendWindow > 0 && buffer.queued > 0) || buffer.endDue
  }

  /** Enough was read to be worth a frame. Half, so that the sender never waits for a window that is only small. */
  get creditDue (): boolean {
    return this.credit * 2 >= this.maxWindow && (this.flags & FIN_RECEIVED) === 0
  }

  /**
   * Grants what was read, and more than that when the window is what holds the sender back: when half of it is read in
   * less than four round trips, twice as much could be on its way (as go-yamux; rust takes two). So a window grows when
   * it is used, never at the opening.
   *
   * @returns what to add to the remote's window
   */
  grant (now: number, rttMs: number | undefined, limit: number, budget: ByteBudget): number {
    let delta = this.credit
    const grown = Math.min(this.maxWindow * 2, limit)
    // The floor is for paths whose round trip is below what clocks and loops can see.
    if (rttMs !== undefined && grown > this.maxWindow && this.epoch !== null && now - this.epoch < 4 * Math.max(rttMs, 0.25) && budget.reserve(grown - this.maxWindow)) {
      delta += grown - this.maxWindow
      this.maxWindow = grown
    }
    this.epoch = now
    this.credit = 0
    this.recvWindow += delta
    return delta
  }
}
