import type { Duplex } from 'node:stream'
import { giveBack } from '../bytes/give-back.js'
import { afterThis } from '../time/tick.js'
import { LinkEnd, type LentReads, type LinkEnds } from './link-end.js'
import type { LinkSystem } from './link-system.js'
import type { LinkCloseReason } from './raw-link.js'

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
  private readonly breakUp: (duplex: Duplex) => void
  private readonly frees: boolean
  private corked = false
  /** The end of this run is awaited: to flush, or to tell. */
  private flushDue = false
  private tellDue = false

  /**
   * @param duplex has not been read from, and does not read yet. `allowHalfOpen` must be true
   * @param breakUp ends it abruptly
   * @param reads how a socket reads into lent memory; null when it reads into its own
   * @param frees what was written is read by nobody any more, as of sockets. Others may hand on the very memory
   */
  constructor (system: LinkSystem, ends: Omit<LinkEnds, 'lends'>, duplex: Duplex, breakUp: (duplex: Duplex) => void, reads: LentReads | null = null, frees = false) {
    super(system, { ...ends, lends: reads !== null })
    this.duplex = duplex
    this.breakUp = breakUp
    this.frees = frees
    if (reads !== null) reads.to = this
    else duplex.on('readable', () => { this.soon() })
    duplex.on('end', () => { this.endArrived() })
    duplex.on('drain', () => { this.drained() })
    duplex.on('error', error => { this.broken(closeReasonOf(error), error) })
    duplex.on('close', () => {
      if (duplex.readableEnded && duplex.writableFinished) this.over()
      else this.broken('reset')
    })
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
        afterThis(this.flushLater)
      }
    }
    duplex.write(bytes, sole && this.frees ? giveBack(bytes) : undefined)
    if (duplex.writableLength >= duplex.writableHighWaterMark) this.flush()
  }

  protected override sendEnd (): void {
    this.flush()
    this.duplex.end()
  }

  protected override abort (): void {
    this.breakUp(this.duplex)
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
    afterThis(() => {
      this.tellDue = false
      this.tell()
      if (!this.lends) this.fetch()
    })
  }

  private flush (): void {
    if (!this.corked) return
    this.corked = false
    this.duplex.uncork()
  }

  private readonly flushLater = (): void => {
    this.flushDue = false
    this.flush()
  }

  private fetch (): void {
    const { duplex } = this
    while (this.flowing) {
      const bytes: unknown = duplex.read()
      if (bytes === null) return
      if (bytes instanceof Uint8Array) this.arrived(bytes)
      else {
        duplex.destroy()
        this.broken('failed', new TypeError(`a stream under a link must carry bytes; it has brought a ${typeof bytes}`))
      }
    }
  }
}

const resets: readonly unknown[] = ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR']

function closeReasonOf (error: NodeJS.ErrnoException): LinkCloseReason {
  if (resets.includes(error.code)) return 'reset'
  return error.code === 'ETIMEDOUT' ? 'timed-out' : 'failed'
}
