import { ByteQueue } from './byte-queue.js'
import { holdForGood } from './give-back.js'
import type { ByteStream, StreamCarrier, StreamReset } from './byte-stream.js'

/**
 * A stream between its carrier and its user: the carrier pushes arrived bytes in directly, and takes out what was
 * written; the user reads and writes. No message and no promise per frame: a promise only for those who wait.
 *
 *            push, end, abort                       read, take
 *   carrier ------------------> [ incoming bytes ] ------------> user
 *           <- - - - - - - - - - - - consumed - - - - - - - - -
 *           <------------------ [ outgoing bytes ] <------------ write, close
 *            next, sent
 *
 * Three faces: of the *user* (`ByteStream`), of the *carrier* (below `push`), of the *actor* that owns the stream, which
 * watches without waiting (`watch`, `take`), and negotiates on it (`tap`).
 *
 * Invariants:
 * - the user gets every byte once, in order, and none after the end;
 * - each byte that came is reported `consumed` exactly once (less what was put back), unless `abort` came first;
 * - after `abort` nothing is held, nobody waits, and nothing is asked of the carrier any more.
 *
 * Bound: `unread` is bounded by the credit that the carrier gave, `queued` by writers that wait for room.
 */
export class StreamBuffer implements ByteStream {
  /** Unique among the live streams of its connection. */
  readonly id: number
  private readonly carrier: StreamCarrier
  private incoming: ByteQueue | null = null
  private outgoing: ByteQueue | null = null
  private flags = 0
  private endedBy: StreamReset | null = null
  /**
   * Resolves the `read` that waits, of at most `readerMax` bytes: of none, when it only waits until there are some. An idle stream mostly has one: so it stands here, and there is no
   * `reject` besides, but an error comes as a rejected promise.
   */
  private reader: ((value: unknown) => void) | null = null
  private readerMax = 0
  private room: Deferred<void> | null = null
  private flushed: Deferred<void> | null = null
  private watcher: StreamWatcher | null = null
  private interceptor: StreamTap | null = null

  constructor (id: number, carrier: StreamCarrier) {
    this.id = id
    this.carrier = carrier
  }

  get unread (): number {
    return this.incoming === null ? 0 : this.incoming.length
  }

  get queued (): number {
    return this.outgoing === null ? 0 : this.outgoing.length
  }

  get remoteEnded (): boolean {
    return (this.flags & REMOTE_ENDED) !== 0
  }

  get closing (): boolean {
    return (this.flags & CLOSING) !== 0
  }

  get resetBy (): StreamReset | undefined {
    return this.endedBy ?? undefined
  }

  /** Our end has been given to the connection. */
  get endSent (): boolean {
    return (this.flags & END_SENT) !== 0
  }

  /** Both sides have ended, or it was reset: its carrier has forgotten it. There may be something to read still. */
  get finished (): boolean {
    return this.endedBy !== null || (this.flags & (REMOTE_ENDED | END_SENT)) === (REMOTE_ENDED | END_SENT)
  }

  // ---------------------------------------------------------------- the user

  read (max = Infinity): Promise<Uint8Array | null> {
    if (!(max >= 1)) return Promise.reject(new RangeError(`max: must be a number of bytes, at least 1; got ${String(max)}`))
    const bytes = this.readable ? this.take(max) : undefined
    if (bytes !== undefined) return Promise.resolve(bytes)
    const failure = this.cannotRead()
    if (failure !== null) return failure
    if (this.exhausted) return Promise.resolve(null)
    return this.wait(max, false)
  }

  /** As `read`, in the form that loops want, without a promise around the promise. */
  private readNext (): Promise<IteratorResult<Uint8Array, undefined>> {
    const bytes = this.readable ? this.take() : undefined
    if (bytes !== undefined) return Promise.resolve({ done: false, value: bytes })
    const failure = this.cannotRead()
    if (failure !== null) return failure
    if (this.exhausted) return Promise.resolve(over)
    return this.wait(Infinity, true)
  }

  [Symbol.asyncIterator] (): AsyncIterator<Uint8Array, undefined> {
    return { next: () => this.readNext() }
  }

  async readInto (target: Uint8Array): Promise<number | null> {
    checkTarget(target)
    for (;;) {
      const size = this.readable ? this.takeInto(target) : 0
      if (size > 0) return size
      const failure = this.cannotRead()
      if (failure !== null) return await failure
      if (this.exhausted) return null
      await this.wait(0, false)
    }
  }

  write (bytes: Uint8Array): Promise<void> {
    if (!(bytes instanceof Uint8Array)) return rejected(new TypeError('bytes: must be a Uint8Array'))
    if (this.endedBy !== null) return rejected(this.carrier.host.error(this.endedBy))
    if ((this.flags & CLOSING) !== 0) return rejected(this.carrier.host.error(writeAfterClose))
    const { carrier } = this
    if (bytes.length > 0) {
      const outgoing = this.outgoing ??= ByteQueue.take()
      outgoing.push(bytes)
      carrier.wanted(bytes.length)
    }
    return carrier.hasRoom(this.queued) ? settled : (this.room ??= deferred()).promise
  }

  close (): Promise<void> {
    if (this.endedBy !== null) return rejected(this.carrier.host.error(this.endedBy))
    if ((this.flags & END_SENT) !== 0) return settled
    const waits = this.flushed ??= deferred()
    if ((this.flags & CLOSING) === 0) {
      this.flags |= CLOSING
      this.carrier.wanted(0)
    }
    return waits.promise
  }

  closeRead (): void {
    if (this.endedBy !== null || (this.flags & DISCARDING) !== 0) return
    this.flags |= DISCARDING
    const dropped = this.incoming === null ? 0 : this.incoming.clear()
    this.incoming = null
    if (dropped > 0) this.carrier.consumed(dropped)
    this.settleReader(null)
  }

  reset (code = 'stream/reset'): void {
    if (this.endedBy === null) this.carrier.reset(code)
  }

  [Symbol.dispose] (): void {
    if (this.finished) this.closeRead()
    else this.reset()
  }

  // ---------------------------------------------------------------- the actor

  /** Who hears of it, called in the stack of the carrier. One at a time; what has happened already is in the getters. */
  watch (watcher: StreamWatcher | null): void {
    this.watcher = watcher
  }

  /** The next piece now, or undefined when there is none: `read` for those who do not wait. */
  take (max = Infinity): Uint8Array | undefined {
    const { incoming } = this
    if (incoming === null) return undefined
    const bytes = incoming.shift(max)
    if (bytes !== undefined) this.handOut(bytes)
    this.gaveOut(incoming, bytes === undefined ? 0 : bytes.length)
    return bytes
  }

  /**
   * Puts `tap` before the reader: it gets all that has come and comes, until `untap`. So a protocol is negotiated while
   * readers wait already. What it does not use it gives to `untap`.
   */
  tap (tap: StreamTap): void {
    this.interceptor = tap
    const waiting = this.incoming
    if (waiting !== null && waiting.length > 0) {
      this.incoming = null
      this.carrier.consumed(waiting.length)
      for (let bytes = waiting.shift(); bytes !== undefined; bytes = waiting.shift()) this.tapped(bytes)
    }
    if ((this.flags & REMOTE_ENDED) !== 0 && this.isTapped(tap)) tap.onEnd()
  }

  /**
   * Ends the tap; `rest` is what comes first for the reader. To be called from within the tap's `onBytes`, of whose bytes `rest`
   * is a part: later, credit for it may have been given already.
   */
  untap (rest?: Uint8Array): void {
    this.interceptor = null
    if (this.endedBy !== null) return
    if (rest !== undefined && rest.length > 0) {
      this.carrier.consumed(-rest.length)
      this.arrived(rest, 0, rest.length)
    }
    if (this.exhausted) this.settleReader(null)
  }

  /** Holds our end back although `close` was called, until `releaseEnd`: some peers lose an end that comes before their handler. */
  holdEnd (): void {
    this.flags |= END_HELD
  }

  releaseEnd (): void {
    if ((this.flags & END_HELD) === 0) return
    this.flags &= ~END_HELD
    if ((this.flags & CLOSING) !== 0 && this.endedBy === null) this.carrier.wanted(0)
  }

  // ---------------------------------------------------------------- the carrier

  /** `bytes[start .. end]` have arrived; their memory belongs to the stream. */
  push (bytes: Uint8Array, start: number, end: number): void {
    if (this.interceptor !== null) {
      this.handOut(bytes)
      this.carrier.consumed(end - start)
      this.tapped(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end))
    } else {
      this.arrived(bytes, start, end)
    }
  }

  /** The remote has ended its side, behind what was pushed. */
  end (): void {
    if (this.endedBy !== null) return
    this.flags |= REMOTE_ENDED
    if (this.interceptor !== null) this.interceptor.onEnd()
    else if (this.exhausted) this.settleReader(null)
    this.watcher?.onEnd?.()
    this.tellFinished()
  }

  /** It is over: by the user, by the remote, or because the connection is. Drops everything. */
  abort (reset: StreamReset): void {
    if (this.endedBy !== null) return
    this.endedBy = reset
    this.incoming = null
    this.outgoing = null
    this.interceptor = null
    const { flushed, reader, room, watcher } = this
    this.reader = this.room = this.flushed = null
    if (reader !== null || room !== null || flushed !== null) {
      const error = this.carrier.host.error(reset)
      if (reader !== null) this.settle(() => { reader(rejected(error)) })
      if (room !== null) this.settle(() => { refuse(room, error) })
      if (flushed !== null) this.settle(() => { refuse(flushed, error) })
    }
    watcher?.onReset?.(reset)
    this.watcher = null
  }

  /** The next bytes to send, at most `max` of them; undefined when there is none. */
  next (max: number): Uint8Array | undefined {
    const { outgoing } = this
    if (outgoing === null) return undefined
    const bytes = outgoing.shift(max)
    if (outgoing.length === 0) {
      this.outgoing = null
      ByteQueue.give(outgoing)
    }
    return bytes
  }

  /** Whether only our end is left to be sent. */
  get endDue (): boolean {
    return (this.flags & (CLOSING | END_HELD | END_SENT)) === CLOSING && this.queued === 0
  }

  /** What `next` gave has been sent, and our end with it when `end` is true. */
  sent (end: boolean): void {
    const { room } = this
    if (room !== null && this.carrier.hasRoom(this.queued)) {
      this.room = null
      this.settle(room.resolve)
      this.watcher?.onRoom?.()
    }
    if (!end) return
    this.flags |= END_SENT
    this.outgoing = null
    const { flushed } = this
    if (flushed !== null) {
      this.flushed = null
      this.settle(flushed.resolve)
    }
    this.watcher?.onEndSent?.()
    this.tellFinished()
  }

  // ---------------------------------------------------------------- inside

  /** It is somebody else's from now on. */
  private handOut (bytes: Uint8Array): void {
    if (this.carrier.host.frees) holdForGood(bytes.buffer)
  }

  private takeInto (target: Uint8Array): number {
    const { incoming } = this
    if (incoming === null) return 0
    const size = incoming.copyOut(target)
    this.gaveOut(incoming, size)
    return size
  }

  /** So many bytes have left the incoming queue. */
  private gaveOut (incoming: ByteQueue, bytes: number): void {
    if (incoming.length === 0) {
      this.incoming = null
      ByteQueue.give(incoming)
    }
    if (bytes > 0) this.carrier.consumed(bytes)
  }

  private arrived (bytes: Uint8Array, start: number, end: number): void {
    if ((this.flags & DISCARDING) !== 0) {
      this.carrier.consumed(end - start)
      return
    }
    const { reader } = this
    if (reader !== null && end - start <= this.readerMax) {
      // Somebody waits for it, so it never lies here.
      this.handOut(bytes)
      this.carrier.consumed(end - start)
      this.settleReader(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end))
    } else {
      const incoming = this.incoming ??= ByteQueue.take()
      incoming.keep(bytes, start, end, this.carrier.host.frees)
      if (reader !== null) this.settleReader(this.readerMax === 0 ? nothingYet : this.take(this.readerMax)!)
    }
    this.watcher?.onReadable?.()
  }

  private tapped (bytes: Uint8Array): void {
    // An earlier piece may have ended the tap.
    if (this.interceptor !== null) {
      this.interceptor.onBytes(bytes)
    } else if (this.endedBy === null) {
      this.carrier.consumed(-bytes.length)
      this.arrived(bytes, 0, bytes.length)
    }
  }

  private isTapped (tap: StreamTap): boolean {
    return this.interceptor === tap
  }

  /** What lies there is for the reader, and not for the tap. */
  private get readable (): boolean {
    return this.interceptor === null && this.reader === null
  }

  /** Nothing will come any more for the reader. */
  private get exhausted (): boolean {
    if ((this.flags & DISCARDING) !== 0) return true
    return (this.flags & REMOTE_ENDED) !== 0 && this.interceptor === null && this.unread === 0
  }

  private cannotRead (): Promise<never> | null {
    const { host } = this.carrier
    if (this.endedBy !== null) return Promise.reject(host.error(this.endedBy))
    if (this.reader !== null) return Promise.reject(host.error(concurrentRead))
    return null
  }

  /** `T` is what the caller of `read` or of a loop's `next` is owed: `iterates` says which. */
  private wait<T> (max: number, iterates: boolean): Promise<T> {
    return new Promise<T>(resolve => {
      this.reader = resolve as (value: unknown) => void
      this.readerMax = Math.min(max, longestPiece)
      this.flags = iterates ? this.flags | ITERATES : this.flags & ~ITERATES
    })
  }

  private settleReader (bytes: Uint8Array | null): void {
    const { reader } = this
    if (reader === null) return
    this.reader = null
    const value = (this.flags & ITERATES) !== 0 ? (bytes === null ? over : { done: false, value: bytes }) : bytes
    if (this.carrier.host.settle === null) reader(value)
    else this.carrier.host.settle(() => { reader(value) })
  }

  private settle (action: () => void): void {
    if (this.carrier.host.settle === null) action()
    else this.carrier.host.settle(action)
  }

  private tellFinished (): void {
    if ((this.flags & (REMOTE_ENDED | END_SENT)) === (REMOTE_ENDED | END_SENT)) this.watcher?.onFinished?.()
  }
}

/** Hears of a stream at once. Of an actor: each wrapped by `actor.io`. */
export interface StreamWatcher {
  /** There is something to `take`, or a reader has got something. */
  readonly onReadable?: () => void
  /** Writers who waited may go on. */
  readonly onRoom?: () => void
  /** The remote has ended its side. */
  readonly onEnd?: () => void
  /** Our end has gone out. */
  readonly onEndSent?: () => void
  /** Both sides have ended. */
  readonly onFinished?: () => void
  /** It is over early. Nothing comes after it. */
  readonly onReset?: (reset: StreamReset) => void
}

/** Stands between a stream and its reader for a while. */
export interface StreamTap {
  readonly onBytes: (bytes: Uint8Array) => void
  readonly onEnd: () => void
}

/** No piece is longer: none of a stream's window is. As a small integer, where infinity would be an object. */
const longestPiece = 0x7fff_ffff

interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

/** The remote has ended. */
const REMOTE_ENDED = 1
/** `close` was called. */
const CLOSING = 2
/** Our end has gone out. */
const END_SENT = 4
/** `closeRead` was called. */
const DISCARDING = 8
/** Our end must wait. */
const END_HELD = 16
/** The reader that waits is a loop. */
const ITERATES = 32

const nothingYet = new Uint8Array(0)
const settled = Promise.resolve()
const over: IteratorReturnResult<undefined> = { done: true, value: undefined }
const writeAfterClose: StreamReset = { code: 'stream/write-after-close', initiator: 'user' }
const concurrentRead: StreamReset = { code: 'stream/concurrent-read', initiator: 'user' }

function deferred<T> (): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** @throws TypeError, RangeError for what cannot be read into */
export function checkTarget (target: Uint8Array): void {
  if (!(target instanceof Uint8Array)) throw new TypeError('target: must be a Uint8Array')
  if (target.length === 0) throw new RangeError('target: must have room for at least one byte')
}

/** Rejects a promise that perhaps nobody awaits: the stream's end is no accident of the program. */
function refuse (waiting: { readonly promise: Promise<unknown>, readonly reject: (error: Error) => void }, error: Error): void {
  waiting.promise.catch(nothing)
  waiting.reject(error)
}

function rejected (error: Error): Promise<never> {
  const promise = Promise.reject<never>(error)
  promise.catch(nothing)
  return promise
}

function nothing (): void {
  // Whoever awaits it hears of it.
}
