import { mix } from '../random.js'
import { Fifo } from '../fifo.js'
import type { SimLine } from './sim-line.js'
import { SimEvent, type Chancy, type SimScheduler } from './sim-scheduler.js'

/**
 * What TCP says to the other side. All but `data` are of no length.
 *
 * - `syn`, `syn-ack`, `ack`: the three steps of opening. `refused`, `unreachable`: the answers that end it.
 * - `credit`: so many bytes were read, and so many more may be sent.
 * - `fin`: no data will follow. `reset`: it is over.
 */
export type SegmentKind = 'syn' | 'syn-ack' | 'ack' | 'refused' | 'unreachable' | 'data' | 'credit' | 'fin' | 'reset'

export interface Segment {
  readonly kind: SegmentKind
  readonly bytes: Uint8Array | null
  /** Of a credit. */
  readonly amount: number
  arrivesAt: number
}

/** The two ends of a pipe, and what is common to both directions. */
export interface PipeEnds {
  readonly name: string
  readonly hash: number
  /** Neither direction carries anything any more, and nobody was told. */
  readonly silent: boolean
  arrived (pipe: SimPipe, segment: Segment): void
  /** The sender's buffer has become shorter, or its `fin` has left. */
  departed (pipe: SimPipe): void
  /** What was sent was not acknowledged for too long. */
  gaveUp (pipe: SimPipe): void
  /** The network loses the link. */
  lost (pipe: SimPipe, bits: number): void
}

/** TCP sends again after 200 ms without acknowledgement, then after twice as long, and so on up to a minute. */
const firstRetryMs = 200
const longestRetryMs = 60_000

/**
 * One direction of a link: sender's buffer, line, receiver's window.
 *
 * Order is kept always. While its line is blocked nothing arrives: what is on the way is lost and sent again at growing
 * intervals. So after an outage of some length it takes up to as long again until data flows, as with TCP. What the line
 * carried is sent again with its length, so that bandwidth holds then too.
 *
 * Acknowledgements are not simulated one by one: outside of a blockage everything arrives, so only the blockage is timed.
 * Nor are lost packets, on which TCP would wait for a round trip: that is jitter.
 */
export class SimPipe implements Chancy {
  readonly path: string
  readonly hash: number
  draws = 0
  readonly line: SimLine
  /** The other direction. */
  reverse!: SimPipe
  /** Bytes that wait for the line or the window. */
  bufferedBytes = 0
  endSent = false
  private readonly scheduler: SimScheduler
  private readonly ends: PipeEnds
  private readonly windowBytes: number
  private readonly buffer = new Fifo<Uint8Array>()
  private readonly flight = new Fifo<Segment>()
  private ending = false
  private senderGone = false
  private disposed = false
  /** Bytes that the sender knows it may still send. */
  private credit: number
  /** Bytes read that the sender was not told of. */
  private unreported = 0
  private lineFreeAt = 0
  private lastArrival = 0
  /** Since when nothing gets through; -1 when it does. */
  private stalledAt = -1
  private chances = 0
  private readonly arrival = new SimEvent(this, () => { this.arrive() })
  private readonly departure = new SimEvent(this, () => { this.pump() })
  private readonly deadline = new SimEvent(this, () => { this.giveUp() })

  constructor (scheduler: SimScheduler, ends: PipeEnds, line: SimLine, direction: 0 | 1) {
    this.scheduler = scheduler
    this.ends = ends
    this.line = line
    this.path = `${ends.name} (${line.from} to ${line.to})`
    this.hash = mix(ends.hash, direction)
    this.windowBytes = line.shape.windowBytes
    this.credit = this.windowBytes
    line.senders.add(this)
  }

  get inFlight (): number {
    return this.flight.length
  }

  // ---------------------------------------------------------------- the sender's side

  write (bytes: Uint8Array): void {
    this.buffer.push(bytes)
    this.bufferedBytes += bytes.length
    this.pump()
  }

  /** Ends behind what is buffered. */
  end (): void {
    this.ending = true
    this.pump()
  }

  reset (): void {
    this.abandon()
    // What is sent once and lost, is lost: nobody is left to send it again.
    if (!this.blocked) this.send('reset')
  }

  /** The sender is gone, without a word: what has left arrives, and nobody sends anything again. */
  abandon (): void {
    this.senderGone = true
    this.buffer.clear()
    this.bufferedBytes = 0
    this.ending = false
    this.scheduler.cancel(this.departure)
    if (this.blocked) this.forget()
  }

  /** Sends what has no length, without waiting behind data that waits for the window. */
  send (kind: SegmentKind, amount = 0): void {
    this.launch({ kind, bytes: null, amount, arrivesAt: 0 })
  }

  /** The receiver has told that there is more room. */
  credited (amount: number): void {
    this.credit += amount
    this.pump()
  }

  // ---------------------------------------------------------------- the receiver's side

  /** The receiver has read so many bytes. Told to the sender by quarters of the window, as TCP would. */
  consumed (amount: number): void {
    this.unreported += amount
    if (this.unreported * 4 < this.windowBytes) return
    this.reverse.send('credit', this.unreported)
    this.unreported = 0
  }

  // ---------------------------------------------------------------- the line

  blockedChanged (): void {
    if (this.blocked) this.stall()
    else this.resume()
  }

  /** Nothing of it is left. */
  dispose (): void {
    this.forget()
    this.buffer.clear()
    this.scheduler.cancel(this.departure)
    this.line.senders.delete(this)
    this.disposed = true
  }

  private get blocked (): boolean {
    return this.line.blocked || this.ends.silent
  }

  /** Gives the line what it takes now. */
  private pump (): void {
    // The line is busy, and the event at its end goes on from here: so nothing happens in the stack of a `write` that comes just then.
    if (this.departure.scheduled) return
    const { buffer, scheduler } = this
    while (buffer.length > 0 && this.credit > 0) {
      if (this.lineFreeAt > scheduler.now()) {
        scheduler.at(this.lineFreeAt, this.departure)
        break
      }
      const bytes = this.takeChunk()
      this.bufferedBytes -= bytes.length
      this.credit -= bytes.length
      this.launch({ kind: 'data', bytes, amount: 0, arrivesAt: 0 })
      const { lossOfLink } = this.line.shape
      if (lossOfLink > 0 && this.chance() < lossOfLink * 0x1_0000_0000) this.ends.lost(this, this.chance())
    }
    if (this.ending && !this.endSent && buffer.length === 0) {
      this.endSent = true
      this.send('fin')
    }
    if (buffer.length > 0 && this.blocked) this.stall()
    this.ends.departed(this)
  }

  private takeChunk (): Uint8Array {
    const { buffer, line: { shape } } = this
    const bytes = buffer.first!
    let length = Math.min(bytes.length, this.credit, shape.maxChunkBytes)
    if (shape.splits) length = this.split(length)
    if (length === bytes.length) return buffer.shift()
    buffer.replaceFirst(bytes.subarray(length))
    return bytes.subarray(0, length)
  }

  /** A piece of random size: whole, very short or anything, so that borders fall everywhere. */
  private split (most: number): number {
    const bits = this.chance()
    const kind = bits & 3
    return kind === 0 ? most : 1 + (bits >>> 8) % (kind === 1 ? Math.min(most, 16) : most)
  }

  private launch (segment: Segment): void {
    if (this.disposed) return
    const { flight } = this
    flight.push(segment)
    if (this.blocked) {
      this.stall()
      return
    }
    this.time(segment, this.scheduler.now())
    if (flight.length === 1) this.scheduler.at(segment.arrivesAt, this.arrival)
  }

  /** When a segment arrives that is ready to leave at `at`. Data occupies the line for its length; notes slip in between. */
  private time (segment: Segment, at: number): void {
    const { latencyMs, jitterMs, bytesPerSecond } = this.line.shape
    let left = at
    if (segment.bytes !== null) {
      left = Math.max(at, this.lineFreeAt) + segment.bytes.length * 1000 / bytesPerSecond
      this.lineFreeAt = left
    }
    const jitter = jitterMs > 0 ? jitterMs * this.chance() / 0x1_0000_0000 : 0
    this.lastArrival = Math.max(this.lastArrival, left + latencyMs + jitter)
    segment.arrivesAt = this.lastArrival
  }

  private arrive (): void {
    const { flight, scheduler } = this
    const now = scheduler.now()
    try {
      while (flight.length > 0 && this.stalledAt < 0 && flight.first!.arrivesAt <= now) this.ends.arrived(this, this.takeArrived(now))
    } finally {
      // Also when a callback throws that nobody has wrapped: then the run fails, but the link stays as it should be.
      if (flight.length > 0 && this.stalledAt < 0) scheduler.at(flight.first!.arrivesAt, this.arrival)
    }
  }

  /** The next that has arrived; where pieces are of random size, perhaps glued together with its followers. */
  private takeArrived (now: number): Segment {
    const { flight, line: { shape } } = this
    const segment = flight.shift()
    if (!shape.splits || segment.bytes === null) return segment
    let { bytes } = segment
    for (let next = flight.first; next?.bytes != null && next.arrivesAt <= now; next = flight.first) {
      if (bytes.length + next.bytes.length > shape.maxChunkBytes || (this.chance() & 1) === 0) break
      bytes = glue(bytes, next.bytes)
      flight.shift()
    }
    return { ...segment, bytes }
  }

  // ---------------------------------------------------------------- blockages

  /** Something is on its way, or waits, and cannot arrive. */
  private stall (): void {
    const { flight, buffer, scheduler, deadline } = this
    if (this.senderGone) this.forget()
    if (flight.length === 0 && buffer.length === 0) return
    if (this.stalledAt < 0) {
      this.stalledAt = scheduler.now()
      scheduler.cancel(this.arrival)
    }
    // Who waits for room asks for it again and again, and that is not answered either.
    if (!deadline.scheduled && (buffer.length > 0 || [...flight].some(isAcknowledged))) scheduler.at(scheduler.now() + this.line.shape.timeoutMs, deadline)
  }

  private resume (): void {
    if (this.stalledAt < 0) return
    const { flight, scheduler } = this
    let retryAt = this.stalledAt + firstRetryMs
    for (let wait = 2 * firstRetryMs; retryAt < scheduler.now(); wait = Math.min(2 * wait, longestRetryMs)) retryAt += wait
    this.stalledAt = -1
    scheduler.cancel(this.deadline)
    this.lineFreeAt = retryAt
    this.lastArrival = retryAt
    for (const segment of flight) this.time(segment, retryAt)
    if (flight.length > 0) scheduler.at(flight.first!.arrivesAt, this.arrival)
    if (this.departure.scheduled) scheduler.at(this.lineFreeAt, this.departure)
  }

  private giveUp (): void {
    this.abandon()
    this.forget()
    this.ends.gaveUp(this)
  }

  /** What is on the way will never arrive. */
  private forget (): void {
    this.flight.clear()
    this.stalledAt = -1
    this.scheduler.cancel(this.arrival)
    this.scheduler.cancel(this.deadline)
  }

  /** 32 random bits of its own, whatever else happens. */
  private chance (): number {
    return mix(this.hash, this.chances++)
  }
}

/** Whether the sender waits for an acknowledgement, and gives up without one. Opening has a deadline of its own. */
function isAcknowledged ({ kind }: Segment): boolean {
  return kind === 'data' || kind === 'fin'
}

function glue (a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length)
  whole.set(a)
  whole.set(b, a.length)
  return whole
}
