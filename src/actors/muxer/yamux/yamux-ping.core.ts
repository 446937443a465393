/**
 * The pings of a Yamux connection that are ours (specs yamux/README.md, "Type Field"): to learn the round trip, and to find
 * out whether anybody is still there.
 *
 *     quiet --asked for | silence | a window is used and the round trip is not known--> under way --pong--> quiet
 *                                                                   \--nothing comes at all--> given up
 *
 * One ping is under way at a time, since rust ends a connection over a pong it does not expect, and js sends no other kind.
 * While it is, other bytes are a sign of life too: the pong may be stuck behind them.
 */
import { largestUint32 } from '../../../messages/wire/yamux.js'
import type { YamuxLimits } from './yamux-options.js'

/** Who puts a ping in front of what is to be written. */
export interface PingKeeper {
  pingDue (opaque: number): void
}

export class YamuxPing {
  /** Smoothed; undefined before the first answer. */
  rttMs: number | undefined
  /** The least that was seen: of the path without what waits in it. */
  leastRttMs: number | undefined
  private readonly limits: YamuxLimits
  private readonly keeper: PingKeeper
  private receivedAt: number
  private next = 0
  /** Opaque value of the one under way; -1: none. */
  private current = -1
  /** When it was wanted, and when it went out; -1: not yet. */
  private wantedAt = 0
  private sentAt = -1
  private measuredAt = -Infinity
  /** Somebody waits for the answer. */
  private asked = false

  constructor (limits: YamuxLimits, now: number, keeper: PingKeeper) {
    this.limits = limits
    this.receivedAt = now
    this.keeper = keeper
  }

  received (now: number): void {
    this.receivedAt = now
  }

  /** Somebody wants to know. */
  ask (now: number): void {
    this.asked = true
    this.start(now)
  }

  /** A window is in use, and grows by the round trip. So idle connections are left in peace. */
  used (now: number): void {
    if (this.rttMs === undefined || now - this.measuredAt > measureAgainMs) this.start(now)
  }

  sent (now: number): void {
    this.sentAt = now
  }

  /** A pong. @returns the round trip, when somebody waits for it; others that nobody asked for change nothing, as in go */
  answered (opaque: number, now: number): number | undefined {
    if (opaque !== this.current || this.sentAt < 0) return undefined
    const sample = now - this.sentAt
    // As go: half of it is history.
    this.rttMs = this.rttMs === undefined ? sample : (this.rttMs + sample) / 2
    this.leastRttMs = Math.min(this.leastRttMs ?? Infinity, sample)
    this.measuredAt = now
    this.current = -1
    if (!this.asked) return undefined
    this.asked = false
    return sample
  }

  nextTimeout (): number {
    const { keepAliveMs, pongTimeoutMs } = this.limits
    if (this.current >= 0) return Math.max(this.wantedAt, this.receivedAt) + pongTimeoutMs
    return keepAliveMs === 0 ? Infinity : this.receivedAt + keepAliveMs
  }

  /** It is time. @returns why the connection must be given up, if it must */
  expire (now: number): string | undefined {
    if (this.current >= 0) return `nothing has come for ${now - this.receivedAt} ms, nor behind a ping ${now - this.wantedAt} ms ago`
    this.start(now)
    return undefined
  }

  private start (now: number): void {
    if (this.current >= 0) return
    this.current = this.next
    this.next = (this.next + 1) % (largestUint32 + 1)
    this.wantedAt = now
    this.sentAt = -1
    this.keeper.pingDue(this.current)
  }
}

/** How old a measured round trip may be when windows grow by it. */
const measureAgainMs = 10_000
