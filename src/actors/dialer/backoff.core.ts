/**
 * Which addresses have failed lately, and until when they are left alone. Shared by all dials of a node, and bounded; a success
 * forgets. The peer is part of the key: that another one answers at an address is no fault of those who live there.
 */
import type { ErrorCode } from '../../messages/errors.js'

export interface BackoffOptions {
  /** After the first failure, in milliseconds; doubled with each. Default 1,000: a person who tries again is not refused, a loop is. */
  readonly firstMs: number
  /** Default 300,000, as go: who comes back after a restart waits no longer than this for those who have given him up. */
  readonly mostMs: number
  /** Addresses remembered. Default 4,096, some 200 bytes each; beyond it the one that failed longest ago is forgotten. */
  readonly entries: number
}

export const backoffDefaults: BackoffOptions = { firstMs: 1000, mostMs: 300_000, entries: 4096 }

interface Entry {
  readonly failures: number
  readonly until: number
}

export class AddressBackoff {
  private readonly options: BackoffOptions
  /** In the order of their last failure. */
  private readonly entries = new Map<string, Entry>()

  constructor (options: Partial<BackoffOptions> = {}) {
    this.options = { ...backoffDefaults, ...options }
  }

  get size (): number {
    return this.entries.size
  }

  /** For how many milliseconds it is left alone; 0 when it is not. */
  remaining (key: string, now: number): number {
    return Math.max(0, (this.entries.get(key)?.until ?? 0) - now)
  }

  failed (key: string, now: number): void {
    const { firstMs, mostMs, entries: most } = this.options
    if (firstMs === 0 || most === 0) return
    const known = this.entries.get(key)
    // Who was left alone for long after his time was up begins anew.
    const failures = known === undefined || known.until + mostMs < now ? 0 : known.failures
    this.entries.delete(key)
    this.entries.set(key, { failures: failures + 1, until: now + Math.min(firstMs * 2 ** Math.min(failures, 40), mostMs) })
    if (this.entries.size <= most) return
    for (const oldest of this.entries.keys()) {
      this.entries.delete(oldest)
      break
    }
  }

  succeeded (key: string): void {
    this.entries.delete(key)
  }
}

/** What speaks against the address, and not against us: our own limits, gates and changes of mind are no reason to leave it alone. */
export function countsAgainstAddress (code: ErrorCode): boolean {
  return addressFaults.has(code)
}

const addressFaults: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'dial/refused', 'dial/unreachable', 'dial/timeout', 'dial/failed',
  'upgrade/timeout', 'upgrade/closed', 'upgrade/negotiation-failed', 'upgrade/no-security', 'upgrade/no-muxer', 'upgrade/handshake-failed',
  'upgrade/bad-signature', 'upgrade/peer-mismatch'
])
