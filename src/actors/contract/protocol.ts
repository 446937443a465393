/**
 * A protocol that a node speaks on streams (design 1.13), as the registry and the stream actor see it.
 */
import type { PeerId } from '../../messages/value/peer-id.js'
import type { ByteStream } from './stream-buffer.js'

export interface Protocol {
  /** In order of preference; the first is its name. */
  readonly ids: readonly string[]
  readonly limits: ProtocolLimits
  /** May run over a connection that a relay limits. Default false. */
  readonly onLimitedConnection?: boolean
  /** Takes care of one inbound stream until it returns; then our side ends and what still comes is thrown away. */
  readonly inbound?: (stream: ByteStream, context: StreamContext) => Promise<void> | void
}

export interface ProtocolLimits {
  /** Inbound streams at a time, per connection. */
  readonly inbound: number
  /** Per peer; default as `inbound`. */
  readonly inboundPerPeer?: number
  /** Of the whole node; default no limit of its own. */
  readonly inboundTotal?: number
  /** A stream on which nothing moves for so long is reset. */
  readonly idleMs: number
  /** How long the remote may take to end its side after the handler has returned. */
  readonly drainMs?: number
}

export interface StreamContext {
  readonly peer: PeerId
  /** Path of the connection's actor. */
  readonly connection: string
  /** The id that was agreed upon. */
  readonly protocol: string
  /** Fires when the handler must stop. */
  readonly signal: AbortSignal
}
