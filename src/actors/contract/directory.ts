/**
 * The directory: what the facade shows of the node without asking an actor (`getConnections()`, `getMultiaddrs()`). Each entry
 * is written by the one actor that it is about, is owned by it, and so goes with it however it ends.
 */
import type { ConnectionInfo, ConnectionMessage } from '../../messages/connection.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { Account } from '../../runtime/account.js'
import type { ActorRef } from '../../runtime/ref.js'
import type { MuxedLinkStats } from './muxed-link.js'
import type { Stream } from './stream.js'

/** A living connection, for reading only. */
export interface ConnectionView {
  /** What it costs. */
  readonly account: Pick<Account, 'cpuMs' | 'use'>
  readonly info: ConnectionInfo
  readonly actor: ActorRef<ConnectionMessage>
  readonly status: 'open' | 'closing' | 'closed'
  readonly stats: MuxedLinkStats
  /** Those that are negotiated. */
  readonly streams: Iterable<Stream>
}

export interface ConnectionDirectory {
  /** Disposing what it returns takes the entry out. */
  enter (view: ConnectionView): Disposable
}

export interface AddressDirectory {
  /** All addresses under which this node can be reached, without its peer id. */
  publish (addresses: readonly Multiaddr[]): void
}
