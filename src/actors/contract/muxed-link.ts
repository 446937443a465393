/**
 * A muxed link: secured, and carrying streams. QUIC, WebRTC and WebTransport arrive as one; the path of an upgraded raw
 * link is one too. The connection actor depends on nothing else.
 *
 * Owned by one actor, which lends it its guard: all that the link does from outside (a socket's callback, a deferred flush, an
 * alarm) runs within `owner.io`, so a throw in it crashes that actor and nothing else. It minds its own timers.
 *
 * What its listener is told may lead to any call of the link, in the same stack.
 */
import type { ErrorCode, ErrorInitiator } from '../../messages/errors.js'
import type { ActorContext } from '../../runtime/context.js'
import type { StreamBuffer } from './stream-buffer.js'

export interface MuxedLink extends Disposable {
  /** Begins: sets who owns it and who listens, and lets streams come. Nothing was read before but what the upgrade needed. Once. */
  attach (owner: MuxedLinkOwner, listener: MuxedLinkListener): void
  /**
   * Opens a stream. Nothing has been sent when it returns; what is written to it in the same turn goes with the opening.
   * Before `attach`, and once it closes: `connection/closed`.
   * @returns the stream, which belongs to the caller; or why there is none
   */
  openStream (): StreamBuffer | ErrorCode
  /**
   * Takes no more streams and ends: at once with a code that tells of a failure, and with `connection/closed` once the
   * streams that are open have ended, for which it waits without end: the owner has a time for it. `onClose` tells when,
   * with this code and the initiator `local`. May be called again with another code: a failure ends the wait.
   */
  close (code: ErrorCode): void
  /** An inbound stream has a handler: the remote is told, with what is written next. */
  accept (stream: StreamBuffer): void
  /** Asks for the round trip; the answer is in `stats`, and told to `onPong`. False when it cannot, or is asking. */
  ping (): boolean
  readonly stats: MuxedLinkStats
  /** At once and without a word: all its streams are over, and the listener hears nothing any more. */
  [Symbol.dispose] (): void
}

/** What a link needs of the actor that owns it. */
export type MuxedLinkOwner = Pick<ActorContext, 'account' | 'alarm' | 'defer' | 'enter' | 'io' | 'now' | 'path' | 'settle'>

/** Called within the owner's guard, and never in the stack of a call to the link. */
export interface MuxedLinkListener {
  /** The remote has opened a stream. Handed over: whoever does not take it resets it. */
  readonly onStream: (stream: StreamBuffer) => void
  /** A limit was reached, and what the remote wanted was refused. */
  readonly onRefused?: (code: ErrorCode) => void
  /** After an `openStream` that was refused for a limit: there is room again. */
  readonly onOpenable?: () => void
  readonly onPong?: (rttMs: number) => void
  /** The remote takes no more streams; those that are open go on. */
  readonly onGoAway?: (code: ErrorCode, wireCode: number) => void
  /** It is over, and so are all its streams. Nothing comes after it. `wireCode` is what the remote said, if it said anything. */
  readonly onClose: (code: ErrorCode, text: string, initiator: ErrorInitiator, wireCode?: number) => void
}

/** Counted since the beginning, or as of now. */
export interface MuxedLinkStats {
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly inboundStreams: number
  readonly outboundStreams: number
  /** Arrived and not read, of all streams. */
  readonly unreadBytes: number
  /** Written and not sent, of all streams. */
  readonly queuedBytes: number
  /** Last measured round trip; undefined before the first. */
  readonly rttMs: number | undefined
}
