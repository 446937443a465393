import type { YamuxLimits } from './yamux-options.js'

/**
 * How many bytes of streams may be under way to the remote: sent, and not known to have been taken up there.
 *
 *     sent     ----------------------------------------------------->|
 *     arrived  ------------->|          marked: a ping stands here   |
 *                            |<-------------- under way ------------>|
 *
 * Whatever is under way stands before a frame of another stream: in our link, in the kernels' buffers, unread on the other side.
 * Windows cannot bound it: they are the remote's, each for one stream, and a sender who sends less than half of one may never get
 * credit. Pings can: they are answered in order, so a pong says that everything before its ping has arrived.
 *
 *     free --a stream converses--> bounded --no stream has, for a while--> free
 *
 * It is bounded only while some stream converses, since bulk alone is faster without. The bound is what the path takes
 * in four least round trips (half of it stands before the ping and half behind, so that the path is never empty), as fast as it was
 * seen to take it lately. So on a long path it doubles with each round trip until the path or the windows are full, as slow start
 * does. The best speed counts, not the last: one that was measured under a bound would make the next bound smaller.
 *
 * Before the first pong nothing is bounded, so that a remote that answers no pings is served too.
 */
export class YamuxFlight {
  private readonly limits: Pick<YamuxLimits, 'flightPathMs' | 'flightBytes'>
  private sent = 0
  private arrived = 0
  /** Since when what is under way has been on its way, or the last pong if that is later. */
  private since = 0
  /** When a stream that converses last sent something. */
  private spokenAt = -Infinity
  /** Since a ping has marked bytes for the first time. Most connections never send so many at once, and a quarter of a kilobyte is spared. */
  private path: MarkedPath | null = null

  constructor (limits: Pick<YamuxLimits, 'flightPathMs' | 'flightBytes'>) {
    this.limits = limits
  }

  get underWay (): number {
    return this.sent - this.arrived
  }

  /** Whether the next frame of bulk may leave. */
  open (now: number): boolean {
    return this.path === null || this.underWay < this.path.bound || !this.bounded(now)
  }

  /** So many bytes more were sent. */
  add (bytes: number, now: number): void {
    if (this.sent === this.arrived) this.since = now
    this.sent += bytes
  }

  /** A stream that converses has sent something. */
  spoken (now: number): void {
    this.spokenAt = now
  }

  /** Whether enough is under way to ask for it. While no stream converses only now and then, for the speed. */
  wantsMark (now: number): boolean {
    const { path, underWay } = this
    if (path === null || path.bound === Infinity) return underWay >= firstMarkBytes
    return underWay * 4 >= path.bound && (this.bounded(now) || now - path.markedAt >= restMs)
  }

  /** A ping goes out now. One with little before it says nothing of the path. */
  mark (now: number): void {
    if (this.path === null && this.underWay < firstMarkBytes) return
    this.path ??= new MarkedPath()
    this.path.marked = this.sent
    this.path.markedAt = now
  }

  /** Its pong has come. */
  answered (now: number, leastRttMs: number): void {
    const { limits, path } = this
    if (path === null) return
    path.took(path.marked - this.arrived, now - this.since)
    this.arrived = path.marked
    this.since = now
    path.look(now, Math.max(leastRttMs, limits.flightPathMs), limits.flightBytes)
  }

  /** The remote has left a ping unanswered for too long, though it is alive: bounds nothing until it answers again. */
  release (): void {
    if (this.path === null) return
    this.path.bound = Infinity
    this.arrived = this.path.marked = this.sent
  }

  overdue (now: number, timeoutMs: number): boolean {
    const { arrived, path } = this
    return path !== null && path.marked > arrived && now - path.markedAt > timeoutMs
  }

  private bounded (now: number): boolean {
    return now - this.spokenAt <= converseMs
  }
}

/** What pings have shown of the path. */
class MarkedPath {
  /** Where the ping stands that is under way, and when it left. */
  marked = 0
  markedAt = 0
  bound = Infinity
  /** What has arrived since the speed was last looked at, and in which time. */
  private seenBytes = 0
  private seenMs = 0
  /** Bytes per millisecond, of late. */
  private best = 0
  private lookedAt = 0

  took (bytes: number, ms: number): void {
    this.seenBytes += bytes
    this.seenMs += ms
    if (this.bound === Infinity) this.bound = firstBoundBytes
  }

  /** @param pathMs its least round trip */
  look (now: number, pathMs: number, leastBytes: number): void {
    if (this.seenMs < lookAgainMs) return
    this.best = Math.max(this.seenBytes / this.seenMs, this.best * Math.exp((this.lookedAt - now) / forgetMs))
    this.bound = Math.max(4 * pathMs * this.best, leastBytes)
    this.lookedAt = now
    this.seenBytes = this.seenMs = 0
  }
}

/** Small, so that the first round trip is measured before much stands in the path. */
const firstMarkBytes = 16 * 1024
/** One pong alone says little: those that our own loop kept waiting come all at once. */
const lookAgainMs = 5
/** Each ping costs both sides a small frame and a wake-up. */
const restMs = 50
/** A best speed counts a third after so long. As long as the filter of BBR. */
const forgetMs = 10_000
/** A stream that has said nothing for so long does not wait for an answer that bulk could delay. */
const converseMs = 1000
/** What the first ping says of the speed of the path is hardly anything. */
const firstBoundBytes = 1024 * 1024
