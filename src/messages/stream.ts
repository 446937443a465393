/**
 * Streams: the supervisor `/node/connections/<n>/streams`, one actor per stream below it, and the handler of an inbound one
 * (`streams/<id>/handler`).
 */
import type { Stream } from '../actors/contract/stream.js'
import type { StreamBuffer } from '../actors/contract/stream-buffer.js'
import type { StreamReset } from '../runtime/bytes/byte-stream.js'
import type { Down } from '../runtime/exit.js'
import type { ReplyTo } from '../runtime/ref.js'
import type { ErrorCode } from './errors.js'
import type { Failure } from './failure.js'

/**
 * How the protocol of an outbound stream is agreed upon: `eager` waits for the answer; `lazy` sends the first data along, and
 * a refusal fails the first read; `auto` is lazy when the remote is known to speak the only protocol asked for.
 */
export type Negotiation = 'eager' | 'lazy' | 'auto'

export interface OpenStream {
  readonly type: 'stream.open'
  readonly id: string
  /** In order of preference. */
  readonly protocols: readonly string[]
  readonly negotiation: Negotiation
  /** In milliseconds of the system's clock. */
  readonly deadline: number
  /** May use a connection that a relay limits. Default false. */
  readonly onLimitedConnection?: boolean
  readonly replyTo: ReplyTo<StreamOutcome>
}

/** To whoever asked for a stream, once. */
export type StreamOutcome =
  /** The stream belongs to the receiver; late, or refused, it is reset. */
  | { readonly type: 'stream.opened', readonly id: string, readonly handle: Stream }
  | { readonly type: 'stream.failed', readonly id: string, readonly failure: Failure }

export type StreamsMessage =
  /** From: the muxed link, by way of `io`: the remote has opened a stream. Late after stop: the kernel resets it. */
  | { readonly type: 'stream.arrived', readonly handle: StreamBuffer }
  /** From: Connection. */
  | OpenStream
  /** From: the muxed link, by way of `io`: there is room for streams again. */
  | { readonly type: 'stream.openable' }
  /** Own timer: the deadline of a request that waits for room. */
  | { readonly type: 'stream.queue-timeout' }

export type StreamMessage =
  /** From: own negotiation. Of a lazy stream: the answer is still to come, and may be no. */
  | { readonly type: 'stream.selected' }
  /** From: own negotiation: no protocol, or none that there is room for. */
  | { readonly type: 'stream.unnegotiated', readonly failure: Failure }
  /** From: own buffer. */
  | { readonly type: 'stream.remote-ended' }
  | { readonly type: 'stream.local-ended' }
  | { readonly type: 'stream.finished' }
  | { readonly type: 'stream.reset', readonly reset: StreamReset }
  /** From: the kernel: the handler has ended, in order or by a crash. */
  | { readonly type: 'stream.handler-down', readonly down: Down }
  /** Own timers. */
  | { readonly type: 'stream.negotiation-timeout' }
  | { readonly type: 'stream.idle-check' }

export type HandlerMessage =
  /** From: own task: `inbound` has returned. A throw crashes the handler instead. */
  | { readonly type: 'handler.returned' }
  /**
   * From: own task: `inbound` has failed with an error of the stream that it let through (a reset under it, a message that is too
   * large): no fault of the handler. The stream is reset with its code, if it is not yet; `found`: it was not, the handler has found it out.
   */
  | { readonly type: 'handler.interrupted', readonly code: ErrorCode, readonly found: boolean }
  /** From: the buffer: both sides have ended, or it was reset. */
  | { readonly type: 'handler.stream-over' }
  /** Own timer. */
  | { readonly type: 'handler.drain-timeout' }
