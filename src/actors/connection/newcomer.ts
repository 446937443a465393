import type { ConnectionInfo, ConnectionOpener, ConnectionOutcome } from '../../messages/connection.js'
import type { Failure } from '../../messages/failure.js'
import type { Arrival, Lease } from '../contract/admission.js'
import type { Link } from '../contract/link.js'
import type { Opened } from '../contract/transport.js'

/**
 * An arrival together with what its opener is owed: exactly one outcome, whatever becomes of the connection, and be it that
 * it never starts.
 */
export class Newcomer implements Arrival {
  /** What its opener hears when it is disposed before anybody has said how it went. */
  otherwise: Failure = { code: 'limit/connections', detail: 'the node may have no more actors' }
  private readonly arrival: Arrival
  private opener: ConnectionOpener | undefined

  constructor (arrival: Arrival, opener?: ConnectionOpener) {
    this.arrival = arrival
    this.opener = opener
  }

  get opened (): Opened {
    return this.arrival.opened
  }

  get lease (): Lease {
    return this.arrival.lease
  }

  /** Who waits for the outcome; undefined when nobody does, or no more. */
  get waiting (): ConnectionOpener['replyTo'] | undefined {
    return this.opener?.replyTo
  }

  succeeded (connection: Extract<ConnectionOutcome, { readonly type: 'connection.opened' }>['connection'], info: ConnectionInfo): void {
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
    this.failed(this.otherwise)
    this.arrival[Symbol.dispose]()
  }
}

/** Whence and whither, of a link as of a muxed link. */
export function addressesOf (opened: Opened): Pick<Link, 'direction' | 'localMultiaddr' | 'remoteMultiaddr' | 'limits'> {
  return opened.kind === 'link' ? opened.handle : opened
}
