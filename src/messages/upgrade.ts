/** An upgrade: `/node/connections/<n>/upgrade`. Makes a raw link secure and muxed, under one deadline. */
import type { HandshakeEvent } from '../actors/contract/security.js'
import type { ErrorCode } from './errors.js'

export type UpgradeMessage =
  /** From: own path. A protocol was agreed upon. */
  | { readonly type: 'upgrade.selected', readonly purpose: 'security' | 'muxer', readonly protocol: string }
  /** From: own path. The remote has proven who it is; the muxer may have been agreed upon on the way. */
  | { readonly type: 'upgrade.secured', readonly secured: Pick<HandshakeEvent, 'remotePeer' | 'remoteKey' | 'muxer'> }
  /** From: own path. The remote broke a rule, or the link ended. */
  | { readonly type: 'upgrade.broken', readonly code: ErrorCode, readonly text: string }
  /** Own timer. */
  | { readonly type: 'upgrade.timeout' }
