import type { LinkSystem } from '../io/link-system.js'
import type { LinkCloseReason, LinkListener, RawLink } from '../io/raw-link.js'
import { hashText, mix } from '../random.js'
import { Fifo } from '../fifo.js'
import type { SimPipe } from './sim-pipe.js'
import { SimEvent, type Chancy, type SimScheduler } from './sim-scheduler.js'

/** What a link tells its connection. */
interface Connection {
  readonly name: string
  readonly hash: number
  ended (): void
  vanish (): void
}

/**
 * One end of a simulated link: see `RawLink` for what its owner may rely on. The bytes are in the two pipes; here is what
 * the end itself knows: who listens, what is unread, who has ended.
 */
export class SimLink implements RawLink, Chancy {
  readonly path: string
  readonly hash: number
  draws = 0
  readonly localAddress: string
  readonly remoteAddress: string
  readonly lends: boolean
  bytesRead = 0
  bytesWritten = 0
  closed = false
  private readonly scheduler: SimScheduler
  private readonly connection: Connection
  private readonly system: LinkSystem
  private readonly outward: SimPipe
  private readonly inward: SimPipe
  private listener: LinkListener | null = null
  private readonly unread = new Fifo<Uint8Array>()
  private paused = false
  private delivering = false
  /** We have ended; the remote has; its end was told. */
  private ending = false
  private remoteEnded = false
  private endTold = false
  private drainDue = false
  /** Why it closed, for as long as nobody has been told. */
  private untold: LinkCloseReason | null = null
  /** For everything that may not happen in the caller's stack. */
  private readonly news = new SimEvent(this, () => { this.tell() })

  constructor (scheduler: SimScheduler, connection: Connection, system: LinkSystem, outward: SimPipe, inward: SimPipe, localAddress: string, remoteAddress: string) {
    this.scheduler = scheduler
    this.connection = connection
    this.system = system
    this.outward = outward
    this.inward = inward
    this.localAddress = localAddress
    this.remoteAddress = remoteAddress
    this.lends = inward.line.shape.lends
    this.path = `${connection.name}, end ${localAddress}`
    this.hash = mix(connection.hash, hashText(localAddress))
    system.handles.opened(this, `link ${this.path}`)
  }

  /** Of the connection: `alice>bob#1`. Both ends have the same. */
  get name (): string {
    return this.connection.name
  }

  get bufferedBytes (): number {
    return this.outward.bufferedBytes
  }

  attach (listener: LinkListener): void {
    if (this.system.custody === this) this.system.custody = undefined
    this.listener = listener
    if (this.deliverable || this.untold !== null || this.drainDue) this.soon()
  }

  detach (): void {
    this.listener = null
  }

  write (bytes: Uint8Array): boolean {
    if (!(bytes instanceof Uint8Array)) throw new TypeError(`write: argument 'bytes' must be a Uint8Array; got ${typeof bytes}`)
    if (this.closed) return false
    if (this.ending) throw new Error(`write: we have ended this link already (${this.path})`)
    const { outward } = this
    if (bytes.length > 0) {
      this.bytesWritten += bytes.length
      outward.write(bytes)
    }
    if (outward.bufferedBytes <= outward.line.shape.highWaterMarkBytes) return true
    this.drainDue = true
    return false
  }

  end (): void {
    if (this.closed || this.ending) return
    this.ending = true
    this.outward.end()
  }

  reset (): void {
    if (!this.closed) {
      this.shut()
      this.outward.reset()
      this.connection.ended()
    }
    this.hush()
  }

  [Symbol.dispose] (): void {
    this.reset()
  }

  pause (): void {
    this.paused = true
  }

  resume (): void {
    this.paused = false
    if (this.deliverable) this.soon()
  }

  /** For scenarios: this end is gone as if its machine had lost power. Its owner hears nothing, nor does the other end: what that sends is never acknowledged. */
  vanish (): void {
    if (!this.closed) this.connection.vanish()
    this.leave()
  }

  // ---------------------------------------------------------------- for the connection

  /** The machine of this end is down: it closes, and nobody is told. */
  leave (): void {
    if (!this.closed) {
      this.shut()
      this.outward.abandon()
      this.connection.ended()
    }
    this.hush()
  }

  dataArrived (bytes: Uint8Array): void {
    this.unread.push(bytes)
    this.tell()
  }

  endArrived (): void {
    this.remoteEnded = true
    this.tell()
  }

  /** The link is over, by the remote's will or the network's. */
  close (reason: LinkCloseReason): void {
    if (this.closed) return
    this.shut()
    if (reason !== 'ended') this.outward.abandon()
    this.connection.ended()
    this.untold = reason
    this.tellClosed()
  }

  departed (): void {
    if (this.closed) return
    const { outward } = this
    if ((this.drainDue && outward.bufferedBytes * 2 <= outward.line.shape.highWaterMarkBytes) || this.finished) this.soon()
  }

  // ----------------------------------------------------------------

  /** Both have ended, and the remote's end was told behind its data. */
  private get finished (): boolean {
    return this.outward.endSent && this.endTold
  }

  /** True when the listener may have something now. */
  private get deliverable (): boolean {
    return this.listener !== null && !this.paused && !this.closed && (this.unread.length > 0 || (this.remoteEnded && !this.endTold))
  }

  private soon (): void {
    if (!this.news.scheduled) this.scheduler.at(this.scheduler.now(), this.news)
  }

  /** Tells the listener all there is to tell. Never in the stack of a call. */
  private tell (): void {
    if (this.delivering) return
    this.delivering = true
    try {
      // Each callback may change everything.
      while (this.deliverable) {
        if (this.unread.length > 0) this.deliver(this.listener!, this.unread.shift())
        else {
          this.endTold = true
          this.listener!.onEnd?.()
        }
      }
      this.tellRoom()
    } finally {
      this.delivering = false
    }
    if (!this.closed && this.finished) this.close('ended')
    else this.tellClosed()
  }

  private deliver (listener: LinkListener, bytes: Uint8Array): void {
    this.bytesRead += bytes.length
    this.inward.consumed(bytes.length)
    if (!this.lends) {
      listener.onData(bytes)
      return
    }
    const lent = bytes.slice()
    listener.onData(lent)
    // As the next read would.
    lent.fill(0xdd)
  }

  private tellRoom (): void {
    const { outward } = this
    if (!this.drainDue || this.closed || this.listener === null || outward.bufferedBytes * 2 > outward.line.shape.highWaterMarkBytes) return
    this.drainDue = false
    this.listener.onDrain?.()
  }

  private tellClosed (): void {
    const { listener, untold } = this
    if (untold === null || listener === null || this.delivering) return
    this.hush()
    listener.onClose(untold)
  }

  /** It is closed from now on. */
  private shut (): void {
    this.closed = true
    this.unread.clear()
    this.system.handles.closed(this)
  }

  /** Nobody is told anything any more. */
  private hush (): void {
    this.listener = null
    this.untold = null
    this.scheduler.cancel(this.news)
  }
}
