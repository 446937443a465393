/** What the children of a connection start from, where it is no message that says it. */
import type { ConnectionInfo } from '../../messages/connection.js'
import type { ActorRef } from '../../runtime/ref.js'
import type { MuxedLink } from './muxed-link.js'
import type { Stream } from './stream.js'

export interface StreamsInput {
  /** Lent: it stays the connection's. */
  readonly link: Pick<MuxedLink, 'accept' | 'openStream'>
  readonly info: ConnectionInfo
  /** Its parent: no longer alive when streams end because the connection does. */
  readonly connection: Pick<ActorRef, 'alive'>
  /** Where each stream enters itself once it is negotiated, and takes itself out. */
  readonly live: LiveStreams
}

export interface LiveStreams {
  add (stream: Stream): void
  delete (stream: Stream): void
}
