import type { ErrorCode } from '../../messages/errors.js'
import { encodeToken, multistreamProtocol } from '../../messages/wire/multistream.js'
import type { ProposeOptions } from '../contract/negotiation.js'

/** What a negotiation is about, and so what its failure means. */
export type Purpose = ProposeOptions['purpose']

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
