/**
 * So much a second, and so much at once: a bucket that fills at `perSecond` up to `burst`. Time is an argument, in milliseconds.
 *
 * `take` is for those who can be refused; `spend` for those who cannot, whose debt others, or they themselves, then wait for.
 */
export class TokenBucket {
  readonly perSecond: number
  readonly burst: number
  private tokens: number
  private at = -Infinity

  /** Full at first. */
  constructor (perSecond: number, burst: number) {
    this.perSecond = perSecond
    this.burst = burst
    this.tokens = burst
  }

  /** Takes one, if there is one. */
  take (now: number): boolean {
    this.fill(now)
    if (this.tokens < 1) return false
    this.tokens--
    return true
  }

  /** Takes so many, whether they are there or not. Returns how many milliseconds it is until the debt is paid. */
  spend (amount: number, now: number): number {
    this.fill(now)
    this.tokens -= amount
    return this.wait(now)
  }

  /** Milliseconds until there is no debt; 0 when there is none. */
  wait (now: number): number {
    this.fill(now)
    // Whole ones: a wait that is too short to move the clock would never end.
    return this.tokens >= 0 ? 0 : Math.ceil(-this.tokens / this.perSecond * 1000)
  }

  /** Nobody would notice if it were made anew. */
  isFull (now: number): boolean {
    this.fill(now)
    return this.tokens >= this.burst
  }

  private fill (now: number): void {
    if (now <= this.at) return
    if (this.at !== -Infinity) this.tokens = Math.min(this.burst, this.tokens + (now - this.at) / 1000 * this.perSecond)
    this.at = now
  }
}
