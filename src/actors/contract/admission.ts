/**
 * Admission: may there be one more connection? A ledger of leases, asked synchronously by listeners before they take what
 * was accepted and by dials before they connect, so that a flood of strangers never fills a mailbox (design 1.15).
 *
 * Whoever has not proven who it is charges its source prefix (/32 of IPv4, /56 of IPv6) as pending; once it has, that charge
 * moves to its peer id. Keys cost nothing, so the prefix of an inbound connection stays charged with it as such. A lease dies
 * with its holder.
 */
import type { Failure } from '../../messages/failure.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Direction } from './link.js'
import type { Opened } from './transport.js'

export interface Admission {
  /** @param remoteAddress multiaddr in text form; where it has no IP address only the total counts */
  admit (direction: Direction, remoteAddress: string): Lease | Failure
  /** What is counted now, for inspection. */
  readonly use: AdmissionUse
  /** What was opened and its lease as one thing, to travel as one handle. */
  arrival (opened: Opened, lease: Lease): Arrival
}

export interface AdmissionUse {
  readonly connections: number
  readonly inbound: number
  readonly pending: number
  readonly prefixes: number
  readonly peers: number
}

export interface Lease extends Disposable {
  /** The upgrade is done: no pending handshake any more, and the peer is charged. A failure names the limit; the lease then stays as it was. */
  authenticated (peer: PeerId): Failure | undefined
}

/**
 * What a transport has opened, with its lease, on its way to the connection that will own both. Disposing it ends the link and
 * gives the lease back. The lease lives as long as the connection.
 */
export interface Arrival extends Disposable {
  readonly opened: Opened
  readonly lease: Lease
}
