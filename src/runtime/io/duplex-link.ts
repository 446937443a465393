import type { Duplex } from 'node:stream'
import { giveBack } from '../bytes/give-back.js'
import { afterThis } from '../time/tick.js'
import type { Exchange } from './busy-poll.js'
import { LinkEnd, linkOf, type LinkEnds, type Linked } from './link-end.js'
import type { LinkSystem } from './link-system.js'
import type { LinkCloseReason } from './raw-link.js'

/** What all streams under the links of one port have in common. */
export interface Carrier {
  /** Ends one abruptly. */
  readonly breakUp: (duplex: Duplex) => void
  /** What was written is read by nobody any more, as of sockets. Others may hand on the very memory. */
  readonly frees: boolean
  /** Waits awake for answers; null when a wake-up is not what they wait for. */
  readonly busyPoll: Exchange | null
}

/** So little is a question, or an answer. Of more the network is what is waited for. */
const shortBytes = 4096

/**
 * A link over one of Node's streams: a socket, or whatever else has that shape.
 *
 * What is written in one go leaves as one: the stream is corked at the first write and uncorked when the callback that
 * wrote is over, or as soon as the high-water mark is reached. To a socket that is one gathered write (`writev`), three
 * quarters of the processor time of one write a piece.
 *
 * Back-pressure is judged by what is left in the stream after that, not by what its `write` returns: that is false for any
 * piece as long as the high-water mark, also when the network has taken it at once.
 *
 * What does not come by lent reads is fetched when the run is over in which the stream has become readable: that may be the
 * run of whoever has written to its other end, when that is in this process.
 */
export class DuplexLink extends LinkEnd {
  private readonly duplex: Duplex
  private readonly carrier: Carrier
  private corked = false
  /** The end of this run is awaited: to flush, or to tell. */
  private flushDue = false
  private tellDue = false

  /**
   * @param duplex has not been read from, and does not read yet. `allowHalfOpen` must be true
   * @param lent it is a socket that reads into lent memory
   */
  constructor (system: LinkSystem, ends: Omit<LinkEnds, 'lends'>, duplex: Duplex, carrier: Carrier, lent = false) {
    super(system, { ...ends, lends: lent })
    this.duplex = duplex
    this.carrier = carrier
    ;(duplex as Linked)[linkOf] = this
    if (!lent) duplex.on('readable', DuplexLink.#onReadable)
    duplex.on('end', DuplexLink.#onEnd)
    duplex.on('drain', DuplexLink.#onDrain)
    duplex.on('error', DuplexLink.#onError)
    duplex.on('close', DuplexLink.#onClose)
  }

  // What hears the stream's events is the same for all links: a closure each would be a kilobyte for each link.

  static #onReadable (this: Duplex): void {
    linkOver(this).soon()
  }

  static #onEnd (this: Duplex): void {
    linkOver(this).endArrived()
  }

  static #onDrain (this: Duplex): void {
    linkOver(this).drained()
  }

  static #onError (this: Duplex, error: Error): void {
    linkOver(this).broken(closeReasonOf(error), error)
  }

  static #onClose (this: Duplex): void {
    if (this.readableEnded && this.writableFinished) linkOver(this).over()
    else linkOver(this).broken('reset')
  }

  override get bufferedBytes (): number {
    return this.closed ? 0 : this.duplex.writableLength
  }

  protected override get highWaterMarkBytes (): number {
    return this.duplex.writableHighWaterMark
  }

  protected override send (bytes: Uint8Array, sole: boolean): void {
    const { duplex } = this
    if (!this.corked) {
      this.corked = true
      duplex.cork()
      if (!this.flushDue) {
        this.flushDue = true
        afterThis(DuplexLink.#flushNow, this)
      }
    }
    duplex.write(bytes, sole && this.carrier.frees ? giveBack(bytes) : undefined)
    if (duplex.writableLength >= duplex.writableHighWaterMark) this.flush()
  }

  protected override sendEnd (): void {
    this.flush()
    this.duplex.end()
  }

  protected override abort (): void {
    this.carrier.breakUp(this.duplex)
  }

  protected override setReading (reading: boolean): void {
    if (!this.lends) {
      if (reading) this.soon()
    } else if (reading) this.duplex.resume()
    else this.duplex.pause()
  }

  protected override soon (): void {
    if (this.tellDue) return
    this.tellDue = true
    afterThis(DuplexLink.#tellNow, this)
  }

  private flush (): void {
    if (!this.corked) return
    this.corked = false
    const { duplex, carrier: { busyPoll } } = this
    const short = duplex.writableLength <= shortBytes
    duplex.uncork()
    if (short && duplex.writableLength === 0) busyPoll?.asked()
  }

  static #flushNow (this: void, link: DuplexLink): void {
    link.flushDue = false
    link.flush()
  }

  static #tellNow (this: void, link: DuplexLink): void {
    link.tellDue = false
    link.tell()
    if (!link.lends) link.fetch()
  }

  private fetch (): void {
    const { duplex } = this
    while (this.flowing) {
      const bytes: unknown = duplex.read()
      if (bytes === null) return
      if (bytes instanceof Uint8Array) {
        this.carrier.busyPoll?.answered()
        this.arrived(bytes)
      } else {
        duplex.destroy()
        this.broken('failed', new TypeError(`a stream under a link must carry bytes; it has brought a ${typeof bytes}`))
      }
    }
  }
}

function linkOver (duplex: Duplex): DuplexLink {
  return (duplex as Linked)[linkOf] as DuplexLink
}

const resets: readonly unknown[] = ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR']

function closeReasonOf (error: NodeJS.ErrnoException): LinkCloseReason {
  if (resets.includes(error.code)) return 'reset'
  return error.code === 'ETIMEDOUT' ? 'timed-out' : 'failed'
}
