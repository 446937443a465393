/**
 * Admission: may there be one more connection? A ledger of leases, asked synchronously by listeners before they take what
 * was accepted and by dials before they connect, so that a flood of strangers never fills a mailbox (design 1.15).
 *
 * Whoever has not proven who it is charges its source prefix (/32 of IPv4, /56 of IPv6); once it has, the charge moves to its
 * peer id. A lease dies with its holder.
 */
import type { Failure } from '../../messages/failure.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Direction, Link } from './link.js'

export interface Admission {
  /** @param remoteAddress multiaddr in text form; where it has no IP address only the total counts */
  admit (direction: Direction, remoteAddress: string): Lease | Failure
}

export interface Lease extends Disposable {
  /** The upgrade is done: no pending handshake any more, and the peer is charged. A failure names the limit; the lease then stays as it was. */
  authenticated (peer: PeerId): Failure | undefined
}

/** A link with its lease, on its way to the connection that will own both. Disposing it ends the link and gives the lease back. */
export interface Arrival extends Disposable {
  readonly link: Link
  readonly lease: Lease
}
