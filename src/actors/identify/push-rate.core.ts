/**
 * How often a peer may push: each push costs the verification of a signature, and a peer nearby could send thousands a second.
 * A token bucket for each peer that has pushed of late, at most 1,024 of them; the one that was quiet the longest is forgotten.
 */
export interface PushRateLimits {
  /** Pushes in a row. */
  readonly burst: number
  /** Then one in so many milliseconds. */
  readonly everyMs: number
}

interface Bucket {
  readonly tokens: number
  readonly at: number
}

const most = 1024

export class PushRate {
  private readonly limits: PushRateLimits
  private readonly buckets = new Map<string, Bucket>()

  constructor (limits: PushRateLimits) {
    this.limits = limits
  }

  /** Whether this peer may push now; then it has. */
  take (peer: string, now: number): boolean {
    const { burst, everyMs } = this.limits
    const { tokens: before, at } = this.buckets.get(peer) ?? { tokens: burst, at: now }
    const tokens = Math.min(burst, before + (now - at) / everyMs)
    if (tokens < 1) return false
    // Behind all others: a map keeps the order in which entries were made.
    this.buckets.delete(peer)
    this.buckets.set(peer, { tokens: tokens - 1, at: now })
    if (this.buckets.size > most) {
      const [oldest = ''] = this.buckets.keys()
      this.buckets.delete(oldest)
    }
    return true
  }
}
