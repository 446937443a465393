/**
 * A muxer: many streams over one secured path of bytes. Its core stands in the path of a connection, behind the security.
 *
 *     feed, command, expire      only change what is known, and push arrived bytes into their streams
 *     flush                      is what writes; called at the end of each turn in which anything happened
 *
 * `open`, and the commands `accept` and `ping`, only take notes: they may be called from any stack, also from within the others.
 */
import type { ErrorCode } from '../../messages/errors.js'
import type { Core, CoreOut } from './core.js'
import type { StreamBuffer, StreamHost } from './stream-buffer.js'

export interface Muxer {
  /** `/yamux/1.0.0` */
  readonly protocol: string
  create (options: MuxerOptions): MuxerCore
}

export interface MuxerOptions {
  /** The side that dialed the connection (or took that role in a hole punch): its stream ids are odd. */
  readonly client: boolean
  readonly host: StreamHost
  /** Called when there is something to flush, from any stack, at most once between two flushes. Only takes a note. */
  readonly wake: () => void
  /** Charged for windows beyond the initial one. Default: a bound of the muxer's own. */
  readonly budget?: ByteBudget
  /** Since when nothing has come, in the milliseconds of `now`. */
  readonly now: number
}

/** Bytes that may be in use for something; an account in the actor world. */
export interface ByteBudget {
  /** False: not now, and nothing has changed. */
  reserve (bytes: number): boolean
  release (bytes: number): void
}

export interface MuxerCore extends Core<MuxerCommand, MuxerEvent> {
  /** Opens a stream, which belongs to the caller; or says why there is none. */
  open (): StreamBuffer | ErrorCode
  /**
   * Writes what waits: control frames first, then streams in turn.
   *
   * @param room how many bytes the link takes now; it may be exceeded by one frame. What does not fit waits for the next call
   * @returns whether anything still waits
   */
  flush (now: number, out: CoreOut<MuxerEvent>, room?: number): boolean
  readonly inboundStreams: number
  readonly outboundStreams: number
  /** Calls `wake` once, as soon as no more than so many bytes are unread: for a path that has stopped feeding it until then. */
  wakeAt (unreadBytes: number): void
  /** Written by us and not sent, of all streams. */
  readonly queuedBytes: number
  /** Last measured round trip in milliseconds; undefined before the first. */
  readonly rttMs: number | undefined
}

export type MuxerCommand =
  /** An inbound stream has a handler. It is acknowledged with what is written next, at the latest now. */
  | { readonly type: 'accept', readonly stream: StreamBuffer }
  /** Measures the round trip. While one is under way, nothing new. */
  | { readonly type: 'ping' }
  /**
   * Tells the remote that no more streams are taken. With a code other than `connection/closed`, resets all that are open;
   * with that one `wake` is called when the last of them has ended.
   */
  | { readonly type: 'go-away', readonly code: ErrorCode }
  /** The path is gone, for this reason: all streams are over, and so is the core. Nothing is written. */
  | { readonly type: 'abort', readonly code: ErrorCode, readonly initiator: 'user' | 'local' | 'remote' }

export type MuxerEvent =
  /** The remote has opened a stream; its bytes may have come with it. */
  | { readonly type: 'stream.opened', readonly handle: StreamBuffer }
  /** The remote wanted a stream that a limit forbids; it was told. */
  | { readonly type: 'stream.refused', readonly code: ErrorCode }
  /** An `open` was refused for a limit; now there is room. */
  | { readonly type: 'openable' }
  | { readonly type: 'pong', readonly rttMs: number }
  /** The remote takes no more streams. `wireCode` is what it said; with any other than normal, all streams have been reset. */
  | { readonly type: 'remote.going-away', readonly code: ErrorCode, readonly wireCode: number }
