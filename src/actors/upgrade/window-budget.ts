import type { MuxedLinkOwner } from '../contract/muxed-link.js'
import type { ByteBudget } from '../contract/muxer.js'

/** What windows grow by is charged to the account of the connection, and bounded besides. */
export function windowBudget ({ account }: Pick<MuxedLinkOwner, 'account'>, bound: number): ByteBudget {
  let used = 0
  return {
    reserve (bytes) {
      if (used + bytes > bound || account.charge('bytes', bytes) !== null) return false
      used += bytes
      return true
    },
    release (bytes) {
      used -= bytes
      account.release('bytes', bytes)
    }
  }
}
