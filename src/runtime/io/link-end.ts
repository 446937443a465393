import { ByteQueue } from '../bytes/byte-queue.js'
import { Fifo } from '../fifo.js'
import { systemClock } from '../time/clock.js'
import { nextTurn } from '../time/tick.js'
import type { Exchange } from './busy-poll.js'
import type { LinkSystem } from './link-system.js'
import type { LinkCloseReason, LinkListener, RawLink } from './raw-link.js'

export interface LinkEnds {
  /** `tcp`: for the ledger. */
  readonly kind: string
  readonly localAddress: string
  readonly remoteAddress: string
  readonly lends: boolean
}

/**
 * What the links of all real ports have in common: who listens, what waits for him, and in which order he is told. See
 * `RawLink` for what the owner may rely on.
 *
 * A port extends it by what carries the bytes, and calls it from the event loop (never in the stack of a call to the link):
 *
 *     arrived*  endArrived  over          an orderly life
 *     arrived*  broken                    a life cut short
 *     drained                             after a write that found no room
 *     tell                                when it had been asked to, by `soon`
 */
export abstract class LinkEnd implements RawLink {
  readonly kind: string
  readonly localAddress: string
  readonly remoteAddress: string
  readonly lends: boolean
  bytesRead = 0
  bytesWritten = 0
  closed = false
  private readonly system: LinkSystem
  private listener: LinkListener | null = null
  private paused = false
  /** Somebody listens and has not paused, and the port knows it. */
  protected flowing = false
  /** What came when it should not be told, or may not yet. */
  private unread: ByteQueue | null = null
  /** We have ended; the remote has; its end was told; both directions are over below us. */
  private ending = false
  private remoteEnded = false
  private endTold = false
  private bothOver = false
  /** A `write` has found no room. */
  protected drainDue = false
  /** Why it closed, for as long as nobody has been told. */
  private untold: { readonly reason: LinkCloseReason, readonly error: Error | undefined } | null = null

  constructor (system: LinkSystem, { kind, localAddress, remoteAddress, lends }: LinkEnds) {
    this.system = system
    this.kind = kind
    this.localAddress = localAddress
    this.remoteAddress = remoteAddress
    this.lends = lends
    system.handles.opened(this, this)
  }

  /** For the ledger: `tcp link 10.0.0.1:4001 to 10.0.0.2:53211`. */
  get label (): string {
    return `${this.kind} link ${this.localAddress} to ${this.remoteAddress}`
  }

  // ---------------------------------------------------------------- what carries the bytes

  abstract get bufferedBytes (): number
  /** No room above this, room again at half of it. */
  protected abstract get highWaterMarkBytes (): number
  /** Sends, or keeps until it can. Not empty. */
  protected abstract send (bytes: Uint8Array, sole: boolean): void
  /** Half-closes behind all that was sent. */
  protected abstract sendEnd (): void
  /** Breaks it, at once; nothing more is called. */
  protected abstract abort (): void
  /** Somebody takes data from now on, or nobody does. */
  protected abstract setReading (reading: boolean): void
  /** Calls `tell` later, out of the caller's stack. */
  protected abstract soon (): void

  // ---------------------------------------------------------------- for the owner

  attach (listener: LinkListener): void {
    if (this.system.custody === this) this.system.custody = undefined
    this.listener = listener
    this.flow()
    if (this.hasNews) this.soon()
  }

  detach (): void {
    this.listener = null
    this.flow()
  }

  write (bytes: Uint8Array, sole = false): boolean {
    if (!(bytes instanceof Uint8Array)) throw new TypeError(`write: argument 'bytes' must be a Uint8Array; got ${typeof bytes}`)
    if (this.closed) return false
    if (this.ending) throw new Error(`write: we have ended this link already (to ${this.remoteAddress})`)
    if (bytes.length > 0) {
      this.bytesWritten += bytes.length
      this.send(bytes, sole)
    }
    if (this.bufferedBytes <= this.highWaterMarkBytes) return true
    this.drainDue = true
    return false
  }

  end (): void {
    if (this.closed || this.ending) return
    this.ending = true
    this.sendEnd()
  }

  reset (): void {
    if (!this.closed) {
      this.shut()
      this.abort()
    }
    this.hush()
  }

  [Symbol.dispose] (): void {
    this.reset()
  }

  pause (): void {
    this.paused = true
    this.flow()
  }

  resume (): void {
    this.paused = false
    this.flow()
    if (this.hasNews) this.soon()
  }

  // ---------------------------------------------------------------- for the port

  /**
   * Read from the remote. When the link lends, the memory is good until this returns.
   *
   * @returns false when no more is wanted for now
   */
  arrived (bytes: Uint8Array): boolean {
    if (this.flowing && this.unread === null) {
      this.bytesRead += bytes.length
      this.listener!.onData(bytes)
    } else this.keep(bytes)
    return this.flowing
  }

  /** The port has stopped reading, and may go on. False when nobody wants to read. */
  readOn (): boolean {
    if (this.flowing) this.setReading(true)
    return this.flowing
  }

  /** Keeps bytes for a later `tell`. */
  private keep (bytes: Uint8Array): void {
    if (this.closed) return
    this.unread ??= new ByteQueue()
    if (this.lends) this.unread.copyIn(bytes, 0, bytes.length)
    else this.unread.push(bytes)
  }

  /** The remote has ended. */
  protected endArrived (): void {
    this.remoteEnded = true
    this.tell()
  }

  /** Both sides have ended, and all that was sent was given to the network. */
  protected over (): void {
    this.remoteEnded = true
    this.bothOver = true
    this.tell()
  }

  /** It is over, by the remote's will or the network's. */
  protected broken (reason: LinkCloseReason, error?: Error): void {
    if (this.closed) return
    this.shut()
    this.untold = { reason, error }
    this.tellClosed()
  }

  /** Perhaps there is room again. */
  protected drained (): void {
    if (!this.drainDue || this.closed || this.listener === null || this.bufferedBytes * 2 > this.highWaterMarkBytes) return
    this.drainDue = false
    this.listener.onDrain?.()
  }

  /** Tells the listener all there is to tell. */
  protected tell (): void {
    // Each callback may change everything.
    while (this.flowing && (this.unread !== null || (this.remoteEnded && !this.endTold))) {
      const { listener, unread } = this
      const bytes = unread?.shift()
      if (unread?.length === 0) this.unread = null
      if (bytes !== undefined) {
        this.bytesRead += bytes.length
        listener!.onData(bytes)
      } else {
        this.endTold = true
        listener!.onEnd?.()
      }
    }
    this.drained()
    if (this.bothOver && this.endTold) this.broken('ended')
    else this.tellClosed()
  }

  // ----------------------------------------------------------------

  private get hasNews (): boolean {
    return this.unread !== null || this.untold !== null || this.drainDue || (this.remoteEnded && !this.endTold)
  }

  private flow (): void {
    const flowing = this.listener !== null && !this.paused && !this.closed
    if (flowing === this.flowing) return
    this.flowing = flowing
    if (!this.closed) this.setReading(flowing)
  }

  private tellClosed (): void {
    const { listener, untold } = this
    if (untold === null || listener === null) return
    this.hush()
    if (untold.error === undefined) listener.onClose(untold.reason)
    else listener.onClose(untold.reason, untold.error)
  }

  /** It is closed from now on. */
  private shut (): void {
    this.closed = true
    this.flowing = false
    this.unread = null
    this.system.handles.closed(this)
  }

  /** Nobody is told anything any more. */
  private hush (): void {
    this.listener = null
    this.untold = null
  }
}

/** Where a stream under a link has it. */
export const linkOf = Symbol('link')

export interface Linked {
  [linkOf]?: LinkEnd
}

/** Reads of sockets into lent memory: what they are given as their option `onread`, one for all of a port. */
export interface LentReads {
  readonly buffer: Uint8Array
  /** Called as a method of the socket: that is not documented, and tested. */
  readonly callback: (this: Linked, length: number) => boolean
}

export function lentReads (bytes: number, busyPoll: Exchange | null): LentReads {
  const buffer = new Uint8Array(bytes)
  const turns = new ReadTurns()
  return {
    buffer,
    // False stops the reading until `resume`. Needed in spite of `pause`: a socket that is paused just after `resume` reads on.
    callback (length) {
      const link = this[linkOf]
      if (link === undefined) return false
      busyPoll?.answered()
      if (length < shortBytes) return link.arrived(buffer.subarray(0, length))
      const begunMs = systemClock.now()
      return link.arrived(buffer.subarray(0, length)) && turns.mayReadOn(link, begunMs)
    }
  }
}

/** Reads that cannot take long: they are not timed. */
const shortBytes = 16 * 1024
/**
 * What is long, in milliseconds. 256 KiB of frames of one byte take five, of bulk a quarter or a half of one: to stop reading and begin
 * again costs a receiver of bulk dearly, so it must not be meant.
 */
const longMs = 1

/**
 * Who is read next, of those whose reads take long. A link that fills the memory is read again at once, up to 32 times, and nobody else
 * meanwhile; and so in turn are all others like it. So whose read took long waits, and of those who wait each turn of the event loop has
 * one, first come, first served.
 */
class ReadTurns {
  private readonly links = new Fifo<LinkEnd>()
  private due = false

  /** Called behind a read. If not, the link is read on in a later turn. */
  mayReadOn (link: LinkEnd, begunMs: number): boolean {
    if (systemClock.now() - begunMs < longMs) return true
    this.links.push(link)
    if (!this.due) this.ask()
    return false
  }

  private ask (): void {
    this.due = true
    nextTurn(ReadTurns.#next, this)
  }

  static readonly #next = (turns: ReadTurns): void => {
    turns.due = false
    const { links } = turns
    while (links.length > 0 && !links.shift().readOn());
    if (links.length > 0) turns.ask()
  }
}
