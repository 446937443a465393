/** What the children of a connection start from. They are lent the link, which stays the connection's. */
import type { ConnectionInfo, ConnectionMessage } from '../../messages/connection.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { ActorRef, ReplyTo } from '../../runtime/ref.js'
import type { Link } from './link.js'
import type { MuxedLink } from './muxed-link.js'
import type { Stream } from './stream.js'

export interface UpgradeInput {
  readonly link: Link
  /** Whether we begin: the side that dialed. */
  readonly initiator: boolean
  readonly expectedPeer?: PeerId
  /** When it must be done, in milliseconds of the system's clock. */
  readonly deadline: number
  /** Where its outcome goes, once. */
  readonly replyTo: ReplyTo<UpgradeOutcome>
}

export type UpgradeOutcome = Extract<ConnectionMessage, { readonly type: 'upgrade.done' | 'upgrade.failed' }>

export interface StreamsInput {
  readonly link: Pick<MuxedLink, 'accept' | 'openStream'>
  readonly info: ConnectionInfo
  /** Its parent: no longer alive when streams end because the connection does. */
  readonly connection: Pick<ActorRef, 'alive'>
  /** Where each stream enters itself once it is negotiated, and takes itself out. */
  readonly live: Set<Stream>
}
