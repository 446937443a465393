import type { SecureSession } from '../contract/security.js'

/** Of a link that a wrap has secured below us: nothing is left to do with the bytes. */
export const bareSession: SecureSession = {
  lends: true,
  failed: undefined,
  bufferedBytes: 0,
  bufferedBound: 0,
  feed: (bytes, _now, out) => { out.deliver(bytes) },
  send: (bytes, out) => { out.write(bytes) },
  flush: () => {},
  clear: () => {}
}
