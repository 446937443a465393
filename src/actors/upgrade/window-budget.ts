import type { MuxedLinkOwner } from '../contract/muxed-link.js'
import type { ByteBudget } from '../contract/muxer.js'

/** What windows grow by is charged to the account of the connection, and bounded besides. */
export class WindowBudget implements ByteBudget {
  private readonly account: MuxedLinkOwner['account']
  private readonly bound: number
  private used = 0

  constructor ({ account }: Pick<MuxedLinkOwner, 'account'>, bound: number) {
    this.account = account
    this.bound = bound
  }

  reserve (bytes: number): boolean {
    if (this.used + bytes > this.bound || this.account.charge('bytes', bytes) !== null) return false
    this.used += bytes
    return true
  }

  release (bytes: number): void {
    this.used -= bytes
    this.account.release('bytes', bytes)
  }
}
