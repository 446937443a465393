/** An upgrade: `/node/connections/<n>/upgrade`. Makes a raw link secure and muxed, under one deadline, and ends. */
import type { Link } from '../actors/contract/link.js'
import type { MuxedLink } from '../actors/contract/muxed-link.js'
import type { Secured } from '../actors/contract/security.js'
import type { ReplyTo } from '../runtime/ref.js'
import type { Failure } from './failure.js'
import type { PublicKey } from './value/keys.js'
import type { PeerId } from './value/peer-id.js'

export interface UpgradeInput {
  /** The connection's, which disposes it when the upgrade has ended. Not closed, and nobody listens to it. */
  readonly link: Link
  /** Whether we propose, and carry streams with odd ids: whoever dialed, but for some hole punches. */
  readonly initiator: boolean
  /** Who the other must be; anybody when it is not given. */
  readonly expectedPeer?: PeerId
  /** In milliseconds of the system's clock. */
  readonly deadline: number
  readonly replyTo: ReplyTo<UpgradeOutcome>
}

export type UpgradeMessage =
  /** From: own path. A protocol was agreed upon; it waits for the next phase. */
  | { readonly type: 'upgrade.selected', readonly purpose: 'security' | 'muxer', readonly protocol: string }
  /** From: own path. The remote has proven who it is; the muxer may have been agreed upon on the way. */
  | { readonly type: 'upgrade.secured', readonly secured: Secured }
  /** From: own task, as `upgrade.secured`, with the link to use from here on. Late: the kernel closes it. */
  | { readonly type: 'upgrade.wrapped', readonly secured: Secured, readonly handle: Link }
  /** From: own path or task. The remote broke a rule, or the link ended. Nothing comes after it. */
  | { readonly type: 'upgrade.broken', readonly failure: Failure }
  /** Own timer. */
  | { readonly type: 'upgrade.timeout' }

/** To whoever had the link upgraded, once. */
export type UpgradeOutcome =
  /** The muxed link has taken over the link: disposing it closes both. */
  | {
    readonly type: 'upgrade.done'
    readonly handle: MuxedLink
    readonly peer: PeerId
    readonly remoteKey: PublicKey
    readonly security: string
    readonly muxer: string
  }
  /** What we had to say has been written, and our side ended: the link can be disposed. */
  | { readonly type: 'upgrade.failed', readonly failure: Failure }
