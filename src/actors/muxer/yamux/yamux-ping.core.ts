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
  /** When something last came from the remote. */
  readonly heardAt: number
  pingDue (opaque: number): void
}

/** One ping on its way. */
interface UnderWay {
  readonly opaque: number
  /** When it was wanted, and when it went out; -1: not yet. */
  wantedAt: number
  sentAt: number
  /** Nothing behind it means that nobody is there. Not of one that only marks bytes: a remote may stop reading for as long as it likes. */
  probing: boolean
  /** Somebody waits for the answer. */
  asked: boolean
}

export class YamuxPing {
  /** Smoothed; undefined before the first answer. */
  rttMs: number | undefined
  /** The least that was seen: of the path without what waits in it. */
  leastRttMs: number | undefined
  private readonly limits: YamuxLimits
  private readonly flight: YamuxFlight
  private readonly keeper: PingKeeper
  private measuredAt = -Infinity
  private next = 0
  private underWay: UnderWay | null = null

  constructor (limits: YamuxLimits, flight: YamuxFlight, keeper: PingKeeper) {
    this.limits = limits
    this.flight = flight
    this.keeper = keeper
  }

  /** Somebody wants to know. */
  ask (now: number): void {
    this.probe(now).asked = true
  }

  /** A window is in use, and grows by the round trip. So idle connections are left in peace. */
  used (now: number): void {
    if (this.rttMs === undefined || now - this.measuredAt > measureAgainMs) this.probe(now)
  }

  sent (now: number): void {
    if (this.underWay !== null) this.underWay.sentAt = now
    this.flight.mark(now)
  }

  /** One is to go behind what has been sent, unless another is under way. */
  mark (now: number): void {
    if (this.underWay === null) this.start(now, false)
  }

  /** Whether a pong of this value answers what was asked. */
  expects (opaque: number): boolean {
    return this.underWay?.opaque === opaque && this.underWay.sentAt >= 0
  }

  /** A pong. @returns the round trip, when somebody waits for it; others that nobody asked for change nothing, as in go */
  answered (opaque: number, now: number): number | undefined {
    const { underWay } = this
    if (underWay === null || !this.expects(opaque)) return undefined
    const sample = now - underWay.sentAt
    // As go: half of it is history.
    this.rttMs = this.rttMs === undefined ? sample : (this.rttMs + sample) / 2
    this.leastRttMs = Math.min(this.leastRttMs ?? Infinity, sample)
    this.flight.answered(now, this.leastRttMs)
    this.measuredAt = now
    this.underWay = null
    return underWay.asked ? sample : undefined
  }

  nextTimeout (): number {
    const { keeper: { heardAt }, limits: { keepAliveMs, pongTimeoutMs }, underWay } = this
    if (underWay?.probing === true) return Math.max(underWay.wantedAt, heardAt) + pongTimeoutMs
    return keepAliveMs === 0 ? Infinity : heardAt + keepAliveMs
  }

  /** It is time. @returns why the connection must be given up, if it must */
  expire (now: number): string | undefined {
    const { keeper: { heardAt }, underWay } = this
    if (underWay?.probing === true) return `nothing has come for ${now - heardAt} ms, nor behind a ping ${now - underWay.wantedAt} ms ago`
    this.probe(now)
    return undefined
  }

  /** One that is under way will do. */
  private probe (now: number): UnderWay {
    const { underWay } = this
    if (underWay === null) return this.start(now, true)
    if (!underWay.probing) {
      underWay.probing = true
      underWay.wantedAt = now
    }
    return underWay
  }

  private start (now: number, probing: boolean): UnderWay {
    const opaque = this.next
    this.next = (opaque + 1) % (largestUint32 + 1)
    this.underWay = { opaque, wantedAt: now, sentAt: -1, probing, asked: false }
    this.keeper.pingDue(opaque)
    return this.underWay
  }
}

/** How old a measured round trip may be when windows grow by it. */
const measureAgainMs = 10_000
