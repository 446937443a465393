/**
 * The pings of a Yamux connection that are ours (specs yamux/README.md, "Type Field"): to learn the round trip, and to find
 * out whether anybody is still there, and what has arrived (see `YamuxFlight`).
 *
 *     quiet --asked for | silence | a window is used and the round trip is not known--> under way --pong--> quiet
 *                                                                   \--nothing comes at all--> given up
 *
 * One ping is under way at a time, since rust ends a connection over a pong it does not expect, and js sends no other kind.
 * While it is, other bytes are a sign of life too: the pong may be stuck behind them.
 */
import { largestUint32 } from '../../../messages/wire/yamux.js'
import type { YamuxFlight } from './yamux-flight.core.js'
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
  private readonly flight: YamuxFlight
  private readonly keeper: PingKeeper
  private receivedAt: number
  private next = 0
  /** Opaque value of the one under way; -1: none. */
  private current = -1
  /** When it was wanted, and when it went out; -1: not yet. */
  private wantedAt = 0
  private sentAt = -1
  private measuredAt = -Infinity
  /** Nothing behind it means that nobody is there. Not of one that only marks bytes: a remote may stop reading for as long as it likes. */
  private probing = false
  /** Somebody waits for the answer. */
  private asked = false

  constructor (limits: YamuxLimits, flight: YamuxFlight, now: number, keeper: PingKeeper) {
    this.limits = limits
    this.flight = flight
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
    this.flight.mark(now)
  }

  /** One is to go behind what has been sent, unless another is under way. */
  mark (now: number): void {
    if (this.current < 0) this.keeper.pingDue(this.take(now, false))
  }

  /** Whether a pong of this value answers what was asked. */
  expects (opaque: number): boolean {
    return opaque === this.current && this.sentAt >= 0
  }

  /** A pong. @returns the round trip, when somebody waits for it; others that nobody asked for change nothing, as in go */
  answered (opaque: number, now: number): number | undefined {
    if (!this.expects(opaque)) return undefined
    const sample = now - this.sentAt
    // As go: half of it is history.
    this.rttMs = this.rttMs === undefined ? sample : (this.rttMs + sample) / 2
    this.leastRttMs = Math.min(this.leastRttMs ?? Infinity, sample)
    this.flight.answered(now, this.leastRttMs)
    this.measuredAt = now
    this.current = -1
    if (!this.asked) return undefined
    this.asked = false
    return sample
  }

  nextTimeout (): number {
    const { keepAliveMs, pongTimeoutMs } = this.limits
    if (this.current >= 0 && this.probing) return Math.max(this.wantedAt, this.receivedAt) + pongTimeoutMs
    return keepAliveMs === 0 ? Infinity : this.receivedAt + keepAliveMs
  }

  /** It is time. @returns why the connection must be given up, if it must */
  expire (now: number): string | undefined {
    if (this.current >= 0 && this.probing) return `nothing has come for ${now - this.receivedAt} ms, nor behind a ping ${now - this.wantedAt} ms ago`
    this.start(now)
    return undefined
  }

  /** One that is under way will do. */
  private start (now: number): void {
    if (this.current < 0) this.keeper.pingDue(this.take(now, true))
    else if (!this.probing) {
      this.probing = true
      this.wantedAt = now
    }
  }

  private take (now: number, probing: boolean): number {
    this.current = this.next
    this.next = (this.next + 1) % (largestUint32 + 1)
    this.wantedAt = now
    this.sentAt = -1
    this.probing = probing
    return this.current
  }
}

/** How old a measured round trip may be when windows grow by it. */
const measureAgainMs = 10_000
