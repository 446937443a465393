/**
 * How fast streams may come: so many a second of one peer, and so many at once. A bucket for each peer that has opened streams of
 * late; whose bucket is full again is forgotten, and beyond 4,096 of them the one that was quiet the longest.
 */
import { TokenBucket } from '../../runtime/bytes/token-bucket.js'

export interface StreamRates {
  /** Streams a second of one peer, of all protocols together. Default: no limit; a protocol has one of its own. */
  readonly perPeerPerSecond: number
  /** So many at once before that holds. Default 256, as many as may wait to be accepted by Yamux. */
  readonly perPeerBurst: number
}

export const streamRateDefaults: StreamRates = {
  // Turns are shared among connections, so a peer that opens and resets without end takes its own share of the CPU only (A9).
  // Whoever knows what his protocols need sets it.
  perPeerPerSecond: Infinity,
  perPeerBurst: 256
}

const most = 4096

export class StreamRate {
  private readonly perSecond: number
  private readonly burst: number
  /** The one that was quiet the longest first. */
  private readonly buckets = new Map<string, TokenBucket>()

  constructor (perSecond: number, burst: number) {
    this.perSecond = perSecond
    this.burst = burst
  }

  get size (): number {
    return this.buckets.size
  }

  /** Whether this peer may open one more now; then it has. */
  take (peer: string, now: number): boolean {
    if (this.perSecond === Infinity) return true
    const bucket = this.buckets.get(peer) ?? new TokenBucket(this.perSecond, this.burst)
    this.buckets.delete(peer)
    if (this.buckets.size >= most) this.forget(now)
    this.buckets.set(peer, bucket)
    return bucket.take(now)
  }

  /** At least the oldest; and all behind it that would be as new, up to the first that would not. */
  private forget (now: number): void {
    let first = true
    for (const [peer, bucket] of this.buckets) {
      if (!first && !bucket.isFull(now)) return
      first = false
      this.buckets.delete(peer)
    }
  }
}
