import type { ErrorCode } from '../../messages/errors.js'
import { encodeToken, multistreamProtocol } from '../../messages/wire/multistream.js'

/** What a negotiation is about, and so what its failure means. */
export type Purpose = 'security' | 'muxer' | 'stream'

interface FailureCodes {
  /** Nothing in common. */
  readonly unsupported: ErrorCode
  /** Not multistream-select. */
  readonly malformed: ErrorCode
  readonly timeout: ErrorCode
}

export const failureCodes: Readonly<Record<Purpose, FailureCodes>> = {
  security: { unsupported: 'upgrade/no-security', malformed: 'upgrade/negotiation-failed', timeout: 'upgrade/timeout' },
  muxer: { unsupported: 'upgrade/no-muxer', malformed: 'upgrade/negotiation-failed', timeout: 'upgrade/timeout' },
  stream: { unsupported: 'stream/protocol-unsupported', malformed: 'stream/negotiation-failed', timeout: 'stream/timeout' }
}

export const headerToken = encodeToken(multistreamProtocol)
/** Without its length. A longer first token is not the header, and not waited for: so HTTP and TLS are told at their first byte. */
export const headerBytes = headerToken.length - 1

export type MultistreamEvent =
  /**
   * Both sides speak `protocol` from here on; what the remote sent behind it is delivered after this event. When it is not
   * `confirmed`, the negotiation is lazy: we may send already, and `multistream.confirmed` or a failure is still to come.
   */
  | { readonly type: 'multistream.selected', readonly protocol: string, readonly confirmed: boolean }
  | { readonly type: 'multistream.confirmed', readonly protocol: string }
  /** What the responder says that it speaks. */
  | { readonly type: 'multistream.listed', readonly protocols: readonly string[] }
