/**
 * A protocol that a node speaks on streams (design 1.13), and the table of all of them.
 *
 * The table is shared, synchronous and read-only to everybody but the facade: a stream is negotiated against it without a
 * message, and a change holds for the next stream.
 */
import type { Failure } from '../../messages/failure.js'
import type { HandlerMessage } from '../../messages/stream.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import type { Message } from '../../runtime/message.js'
import type { ServiceContext } from './service.js'
import type { Stream } from './stream.js'

export interface Protocol {
  /** In order of preference; the first is its name. */
  readonly ids: readonly string[]
  readonly limits: ProtocolLimits
  /** May run over a connection that a relay limits. */
  readonly onLimitedConnection: boolean
  /** Takes care of one inbound stream until it returns; then our side ends and what still comes is thrown away. */
  readonly inbound: InboundHandler | undefined
  /** Instead of `inbound`: an actor for each inbound stream, which owns the stream (`input.handle`). */
  readonly behavior: Behavior<Message, HandlerInput> | undefined
  /** Runs beside the streams as `/node/protocols/<name>`, kept alive as long as the protocol is registered. */
  readonly service: ProtocolService | undefined
}

export type InboundHandler = (stream: Stream, context: StreamContext) => Promise<void> | void

export interface ProtocolService {
  /** Name below `/node/protocols`. */
  readonly name: string
  readonly behavior: Behavior<Message, ServiceContext>
}

export interface ProtocolLimits {
  /** Inbound streams at a time, per connection. Default 32: more than any honest use of a request protocol, and little memory. */
  readonly inbound: number
  /** Per peer, over all its connections. Default as `inbound`. */
  readonly inboundPerPeer: number
  /** Of the whole node. Default no limit of its own: connections are limited. */
  readonly inboundTotal: number
  /** A stream on which nothing moves for so many milliseconds is reset. Default 0: never, for many protocols are silent by nature. */
  readonly idleMs: number
  /** How long the remote may take to end its side after the handler has returned, in milliseconds. Default 5,000. */
  readonly drainMs: number
}

/** What a handler's actor starts from. */
export interface HandlerInput {
  /** The stream, which belongs to the handler. */
  readonly handle: Stream
  readonly context: Omit<StreamContext, 'signal' | 'guard'>
}

export type { HandlerMessage }
/** For those who describe protocols. */
export type { Behavior as ProtocolBehavior, Message as ProtocolMessage }

export interface StreamContext {
  readonly peer: PeerId
  /** Path of the connection's actor. */
  readonly connection: string
  /** Where the peer is, without its id. */
  readonly remoteAddress: Multiaddr
  /** The id that was agreed upon. */
  readonly protocol: string
  /** Fires when the handler must stop. */
  readonly signal: AbortSignal
  /**
   * For a callback that is given to others (an emitter, a library, a signal that is not the handler's own): a throw in it crashes
   * the handler, and so resets its stream; after the handler's end it is not called any more.
   */
  readonly guard: <A extends readonly unknown[]> (callback: (...args: A) => void) => (...args: A) => void
}

export interface ProtocolTable {
  /** All ids that inbound streams may ask for, in the order in which they were registered. A new list after each change. */
  readonly ids: readonly string[]
  /** Of all protocols that have one. */
  readonly services: readonly ProtocolService[]
  find (id: string): Protocol | undefined
  /** Counts an inbound stream of `protocol`; to be disposed when it has ended. A failure names the limit. */
  lease (protocol: Protocol, connection: string, peer: PeerId): Disposable | Failure
}
