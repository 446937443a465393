import type { ConnectionInfo, ConnectionOpener, ConnectionOutcome } from '../../messages/connection.js'
import type { Failure } from '../../messages/failure.js'
import type { Arrival, Lease } from '../contract/admission.js'
import type { Link } from '../contract/link.js'

/**
 * An arrival together with what its opener is owed: exactly one outcome, whatever becomes of the connection, and be it that
 * it never starts.
 */
export class Newcomer implements Arrival {
  private readonly arrival: Arrival
  private opener: ConnectionOpener | undefined

  constructor (arrival: Arrival, opener?: ConnectionOpener) {
    this.arrival = arrival
    this.opener = opener
  }

  get link (): Link {
    return this.arrival.link
  }

  get lease (): Lease {
    return this.arrival.lease
  }

  opened (connection: Extract<ConnectionOutcome, { readonly type: 'connection.opened' }>['connection'], info: ConnectionInfo): void {
    const { opener } = this
    this.opener = undefined
    opener?.replyTo.tell({ type: 'connection.opened', id: opener.id, connection, info })
  }

  failed (failure: Failure): void {
    const { opener } = this
    this.opener = undefined
    opener?.replyTo.tell({ type: 'connection.failed', id: opener.id, failure })
  }

  /** Ends the link and gives the lease back. */
  [Symbol.dispose] (): void {
    this.failed({ code: 'connection/crashed' })
    this.arrival[Symbol.dispose]()
  }
}
