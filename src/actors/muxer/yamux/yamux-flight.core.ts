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
  private readonly leastMs: number
  private readonly leastBytes: number
  private sent = 0
  private arrived = 0
  /** Since when what is under way has been on its way, or the last pong if that is later. */
  private since = 0
  /** Where the ping stands that is under way, and when it left. */
  private marked = 0
  private markedAt = 0
  private bound = Infinity
  /** What has arrived since the speed was last looked at, and in which time. */
  private seenBytes = 0
  private seenMs = 0
  /** Bytes per millisecond, of late. */
  private best = 0
  private lookedAt = 0
  /** When a stream that converses last sent something. */
  private spokenAt = -Infinity

  /**
   * @param leastMs a path is taken to be at least so long: below that, what counts are the turns of both event loops
   * @param leastBytes lower bound of the bound
   */
  constructor (leastMs: number, leastBytes: number) {
    this.leastMs = leastMs
    this.leastBytes = leastBytes
  }

  get underWay (): number {
    return this.sent - this.arrived
  }

  /** Whether the next frame of bulk may leave. */
  open (now: number): boolean {
    return this.sent - this.arrived < this.bound || !this.bounded(now)
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
    if (this.bound === Infinity) return this.underWay >= firstMarkBytes
    return this.underWay * 4 >= this.bound && (this.bounded(now) || now - this.markedAt >= restMs)
  }

  /** A ping goes out now. */
  mark (now: number): void {
    this.marked = this.sent
    this.markedAt = now
  }

  /** Its pong has come. */
  answered (now: number, leastRttMs: number): void {
    this.seenBytes += this.marked - this.arrived
    this.seenMs += now - this.since
    this.arrived = this.marked
    this.since = now
    if (this.bound === Infinity) this.bound = firstBoundBytes
    if (this.seenMs >= lookAgainMs) this.look(now, Math.max(leastRttMs, this.leastMs))
  }

  /** The remote has left a ping unanswered for too long, though it is alive: bounds nothing until it answers again. */
  release (): void {
    this.bound = Infinity
    this.arrived = this.marked = this.sent
  }

  overdue (now: number, timeoutMs: number): boolean {
    return this.marked > this.arrived && now - this.markedAt > timeoutMs
  }

  private bounded (now: number): boolean {
    return now - this.spokenAt <= converseMs
  }

  private look (now: number, pathMs: number): void {
    this.best = Math.max(this.seenBytes / this.seenMs, this.best * Math.exp((this.lookedAt - now) / forgetMs))
    this.bound = Math.max(4 * pathMs * this.best, this.leastBytes)
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
