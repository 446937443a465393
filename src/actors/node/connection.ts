import { NetworkError, type ErrorCode } from '../../messages/errors.js'
import type { Negotiation } from '../../messages/stream.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { ConnectionView } from '../contract/directory.js'
import type { Direction, LinkLimits } from '../contract/link.js'
import type { Protocol } from '../contract/protocol.js'
import type { Stream } from '../contract/stream.js'
import type { WaitOptions } from './road.js'

/** How a stream is to be opened. */
export interface OpenStreamOptions extends WaitOptions {
  /**
   * - `auto` (default): without waiting for the answer when the remote is known to speak the protocol, else `eager`.
   * - `eager`: waits, and rejects with `stream/protocol-unsupported`.
   * - `lazy`: sends the first data along; a refusal then fails the first read and any write that waits.
   */
  readonly negotiate?: Negotiation
  /** May use a connection that a relay limits. Default false. */
  readonly onLimitedConnection?: boolean
}

/** A protocol to ask for: by its ids, in order of preference. */
export type ProtocolChoice = string | readonly string[] | Protocol

/** What a connection needs of its node. */
export interface ConnectionRoads {
  openStream (view: ConnectionView, protocols: ProtocolChoice, options: OpenStreamOptions): Promise<Stream>
  close (view: ConnectionView, options: CloseOptions): Promise<void>
}

export interface CloseOptions extends WaitOptions {
  /** How long the streams that are open may go on, in milliseconds. Default 1,000. */
  readonly graceMs?: number
  /**
   * Why, for the remote: sent as go-libp2p's number with our last word, where there is one. One that tells of a failure ends
   * streams at once, whatever the grace. Default `connection/closed`.
   */
  readonly code?: ErrorCode
}

/** A secured and muxed connection to a peer, as long as it lives and after. */
export class Connection {
  readonly #view: ConnectionView
  readonly #roads: ConnectionRoads

  constructor (view: ConnectionView, roads: ConnectionRoads) {
    this.#view = view
    this.#roads = roads
  }

  /** Of its actor: `/node/connections/17`. For `inspect`. */
  get path (): string {
    return this.#view.info.path
  }

  get remotePeer (): PeerId {
    return this.#view.info.peer
  }

  /** As it was dialed or seen, with the peer. */
  get remoteAddr (): Multiaddr {
    const { peer, remoteAddress } = this.#view.info
    return remoteAddress.withPeer(peer)
  }

  get localAddr (): Multiaddr {
    return this.#view.info.localAddress
  }

  get direction (): Direction {
    return this.#view.info.direction
  }

  /** `closing` takes no more streams, and lets those that are open end. */
  get status (): 'open' | 'closing' | 'closed' {
    return this.#view.status
  }

  /** `/noise` */
  get encryption (): string {
    return this.#view.info.security
  }

  /** `/yamux/1.0.0` */
  get multiplexer (): string {
    return this.#view.info.muxer
  }

  /** Those whose protocol is agreed upon. */
  get streams (): readonly Stream[] {
    return [...this.#view.streams]
  }

  /** Last measured round trip in milliseconds; undefined before the first. */
  get rtt (): number | undefined {
    return this.#view.stats.rttMs
  }

  /** What a relay allows; undefined when it is direct. */
  get limits (): LinkLimits | undefined {
    return this.#view.info.limits
  }

  /** Bytes of the link so far, both ways. */
  get bytes (): { readonly read: number, readonly written: number } {
    const { bytesRead, bytesWritten } = this.#view.stats
    return { read: bytesRead, written: bytesWritten }
  }

  /**
   * Opens a stream on this connection and no other.
   *
   * @throws NetworkError `stream/protocol-unsupported`, `limit/streams`, `connection/closed`, `user/aborted`, `user/timeout`, ...;
   *   TypeError for what is no protocol
   */
  newStream (protocols: ProtocolChoice, options: OpenStreamOptions = {}): Promise<Stream> {
    return this.#roads.openStream(this.#view, protocols, options)
  }

  /**
   * Takes no more streams, and ends when those that are open have ended, at the latest after `graceMs`. Resolved when it has.
   * @throws (as rejection) NetworkError `user/aborted`, `user/timeout` (default: 10 s more than the grace); it closes all the same
   */
  async close (options: CloseOptions = {}): Promise<void> {
    await this.#roads.close(this.#view, options)
  }

  /** Ends it at once, and all its streams with it. */
  reset (): void {
    if (this.#view.status !== 'closed') this.#view.actor.tell({ type: 'connection.reset', code: 'connection/reset', initiator: 'user' })
  }
}

export function connectionClosed (path: string): NetworkError {
  return new NetworkError('connection/closed', { path })
}
