/**
 * The data path of an upgraded connection, seen from outside as a muxed link. Wired once, by direct calls: no message, no
 * promise and no closure a frame (design 1.6).
 *
 *     link --bytes--> session --plaintext--> muxer --pieces--> stream buffers --> readers
 *     link <--frames-- session <--plaintext-- muxer <--pieces-- stream buffers <-- writers
 *
 * **Writing.** What was written is flushed once: at the end of the read that brought it about, or when the current run of
 * code and its microtasks are over. The muxer fills one frame of the session after another, until the link has no more room;
 * then it waits for the drain. So at most the link's own high-water mark and two frames lie in it, and all else waits in the
 * buffers, where writers see it. (Nothing is gained by flushing sooner: links gather what is written in one turn.)
 *
 * **Reading.** While more is unread than may be, the link is paused, until half of it is read. Bytes are copied only where
 * link and session both lend.
 *
 *     waiting --attach--> open --close--> draining --streams and queues empty--> ending --link closed, or lingered--> over
 *                           \------------- remote ends, core fails ---------------^         ^
 *                            \------------ link breaks, dispose --------------------------- /
 *
 * Invariant: whatever ends it, all streams are over, and everything charged is given back, before the listener hears of it.
 */
import { errorTable, isErrorCode, NetworkError, type ErrorCode, type ErrorInitiator } from '../../messages/errors.js'
import { hold, letGo } from '../../runtime/bytes/give-back.js'
import type { CoreOut } from '../contract/core.js'
import type { Link, LinkCloseReason, LinkListener } from '../contract/link.js'
import type { MuxedLink, MuxedLinkListener, MuxedLinkOwner, MuxedLinkStats } from '../contract/muxed-link.js'
import type { Muxer, MuxerCore, MuxerEvent } from '../contract/muxer.js'
import type { SecureSession } from '../contract/security.js'
import type { StreamBuffer, StreamHost, StreamReset } from '../contract/stream-buffer.js'
import { copied } from './copied.js'
import { MuxerOut, type MuxerPath } from './muxer-out.js'
import type { Pace } from './pace.js'
import type { PathLimits } from './upgrade-options.js'
import { WindowBudget } from './window-budget.js'

export interface ConnectionPathOptions {
  /** Nobody listens to it; it is the path's from now on. */
  readonly link: Link
  readonly session: SecureSession
  readonly muxer: Muxer
  readonly client: boolean
  readonly leftOver: LeftOver
  readonly limits: PathLimits
  /** How fast the peer may send, and be sent to. Default: as fast as it can. Disposed with the path. */
  readonly pace?: Pace
}

/** What has come from the link already, in memory that nobody else uses. */
export interface LeftOver {
  /** What the session has opened. */
  readonly opened: readonly Uint8Array[]
  /** What it has not seen, and what comes behind that. */
  readonly sealed: readonly Uint8Array[]
}

const WAITING = 0
const OPEN = 1
/** Closing in order: no new streams. */
const DRAINING = 2
/** Our side of the link has ended, and what comes is thrown away. */
const ENDING = 3
const OVER = 4

/** How it ends. */
interface Verdict {
  readonly code: ErrorCode
  readonly text: string
  readonly initiator: ErrorInitiator
  readonly wireCode?: number
}

/** So much is asked of the muxer at a time: with the body of 65,507 bytes and its header it fills one Noise frame. */
const roomBytes = 65_519
/** A remote that was not read for a while gets so long before its silence counts again, in milliseconds. */
const graceMs = 1000

/** It is the listener of its link, the sink of its session and the host of its streams itself: an idle connection holds no object for each. */
export class ConnectionPath implements MuxedLink, LinkListener, MuxerPath, StreamHost {
  readonly session: SecureSession
  settle: StreamHost['settle'] = null
  private readonly link: Link
  private readonly limits: PathLimits
  private readonly pace: Pace | undefined
  /** What it begins with; null once it has. */
  private start: Pick<ConnectionPathOptions, 'client' | 'leftOver' | 'muxer'> | null
  private readonly muxerOut: CoreOut<MuxerEvent>
  private owner!: MuxedLinkOwner
  private listener!: MuxedLinkListener
  private muxer!: MuxerCore
  private phase = WAITING
  private verdict: Verdict | null = null
  /** A core has failed, in the verb that is under way. */
  private fault: Verdict | null = null
  private now = 0
  /** A verb of a core is under way; what it leads to must wait until it is over. */
  private busy = false
  private closeDue: ErrorCode | null = null
  private disposed = false
  /** The plaintext that is delivered now must be copied. */
  private lent = false
  private paused = false
  /** The link has no room, and will tell when it has. */
  private full = false
  /** The muxer has more to write than there was room for. */
  private more = false
  private deferred = false
  private pinging = false
  private remoteGone = false
  private alarm: Disposable | null = null
  private alarmAt = Infinity
  /** Silence does not count before this. */
  private patientUntil = 0

  constructor (options: ConnectionPathOptions) {
    this.link = options.link
    this.session = options.session
    this.limits = options.limits
    this.pace = options.pace
    this.start = options
    this.muxerOut = new MuxerOut(this)
  }

  // ---------------------------------------------------------------- the sink of the session

  write (bytes: Uint8Array, sole?: boolean): void {
    if (!this.link.write(bytes, sole)) this.full = true
  }

  lend (bytes: Uint8Array): void {
    this.write(copied(bytes))
  }

  deliver (plaintext: Uint8Array): void {
    const { frees, lent, muxer, muxerOut, now } = this
    if (!frees) return muxer.feed(lent ? copied(plaintext) : plaintext, now, muxerOut)
    // Who reads the first body may be done with it before the second was cut off.
    hold(plaintext.buffer)
    muxer.feed(plaintext, now, muxerOut)
    letGo(plaintext.buffer)
  }

  emit (): void {
    // A session has no news.
  }

  fail (code: ErrorCode, text: string): void {
    this.fault ??= { code, text, initiator: errorTable[code].initiator }
  }

  // ---------------------------------------------------------------- the owner

  attach (owner: MuxedLinkOwner, listener: MuxedLinkListener): void {
    const { start } = this
    if (this.phase !== WAITING || start === null) throw new Error('attach: it has an owner already, or is over')
    this.phase = OPEN
    this.owner = owner
    this.listener = listener
    this.settle = owner.settle
    this.muxer = start.muxer.create({
      client: start.client,
      host: this,
      wake: this.wake,
      budget: new WindowBudget(owner, this.limits.windowGrowthBytes),
      now: owner.now()
    })
    this.later()
  }

  openStream (): StreamBuffer | ErrorCode {
    return this.phase === OPEN ? this.muxer.open() : 'connection/closed'
  }

  accept (stream: StreamBuffer): void {
    if (this.live) this.muxer.command({ type: 'accept', stream }, this.owner.now(), this.muxerOut)
  }

  ping (): boolean {
    if (!this.live || this.pinging) return false
    this.pinging = true
    this.muxer.command({ type: 'ping' }, this.owner.now(), this.muxerOut)
    this.later()
    return true
  }

  get frees (): boolean {
    return !this.session.lends
  }

  get stats (): MuxedLinkStats {
    const { bytesRead, bytesWritten } = this.link
    if (this.phase === WAITING) return { ...nothingYet, bytesRead, bytesWritten }
    const { bufferedBytes, inboundStreams, outboundStreams, queuedBytes, rttMs } = this.muxer
    return { bytesRead, bytesWritten, inboundStreams, outboundStreams, unreadBytes: bufferedBytes, queuedBytes, rttMs }
  }

  close (code: ErrorCode): void {
    if (this.phase === WAITING) return this[Symbol.dispose]()
    if (!this.live) return
    const orderly = code === 'connection/closed'
    if (this.busy) {
      if (this.closeDue === null || !orderly) this.closeDue = code
      return
    }
    if (orderly && this.phase === DRAINING) return
    this.phase = DRAINING
    // First, since waiting readers and writers are told of it.
    if (!orderly) this.verdict = { code, text: '', initiator: 'local' }
    this.busy = true
    try {
      this.muxer.command({ type: 'go-away', code }, this.owner.now(), this.muxerOut)
    } finally {
      this.busy = false
    }
    this.later()
  }

  [Symbol.dispose] (): void {
    this.disposed = true
    if (this.phase === OVER || this.busy) return
    this.finish({ code: 'connection/closed', text: '', initiator: 'local' })
    this.link[Symbol.dispose]()
  }

  private get live (): boolean {
    return this.phase === OPEN || this.phase === DRAINING
  }

  // ---------------------------------------------------------------- turns

  /** Everything that waits for the end of the current run of code. */
  private later (): void {
    if (this.deferred) return
    this.deferred = true
    this.owner.defer(this.deferredTurn)
  }

  /** These three alone are functions of each path's own: they are held, and called as nobody's. */
  private readonly wake = (): void => {
    if (!this.busy) this.later()
  }

  private readonly deferredTurn = (): void => {
    this.deferred = false
    this.turn()
  }

  private turn (): void {
    if (this.phase === OVER) return
    if (this.start !== null) this.begin(this.start.leftOver)
    if (!this.live) return
    this.now = this.owner.now()
    this.busy = true
    try {
      this.writeOut()
    } finally {
      this.busy = false
    }
    this.after()
  }

  /** Listens to the link, and takes what has come before. */
  private begin (leftOver: LeftOver): void {
    const { link, owner, pace } = this
    this.start = null
    link.attach(this)
    pace?.attach(link, owner, () => { this.hearAgain() }, this.deferredTurn)
    link.resume()
    this.now = owner.now()
    this.busy = true
    try {
      for (const bytes of leftOver.opened) if (this.live) this.muxer.feed(bytes, this.now, this.muxerOut)
      for (const bytes of leftOver.sealed) if (this.live) this.session.feed(bytes, this.now, this)
    } finally {
      this.busy = false
    }
  }

  // ---------------------------------------------------------------- the link (LinkListener)

  onData (bytes: Uint8Array): void {
    this.owner.enter(ConnectionPath.#read, this, bytes)
  }

  onEnd (): void {
    this.owner.enter(ConnectionPath.#remoteEnded, this, undefined)
  }

  onDrain (): void {
    this.owner.enter(ConnectionPath.#drained, this, undefined)
  }

  onClose (reason: LinkCloseReason, error?: Error): void {
    this.owner.enter(ConnectionPath.#closed, this, { reason, error })
  }

  static readonly #read = (path: ConnectionPath, bytes: Uint8Array): void => { path.read(bytes) }
  static readonly #remoteEnded = (path: ConnectionPath): void => { path.remoteEnded() }
  static readonly #drained = (path: ConnectionPath): void => { path.drained() }
  static readonly #closed = (path: ConnectionPath, { reason, error }: { readonly reason: LinkCloseReason, readonly error: Error | undefined }): void => { path.closed(reason, error) }

  private read (bytes: Uint8Array): void {
    if (!this.live) return
    this.now = this.owner.now()
    this.busy = true
    try {
      this.lent = this.link.lends && this.session.lends
      this.session.feed(bytes, this.now, this)
      this.writeOut()
    } finally {
      this.busy = false
    }
    this.pace?.read(bytes.length)
    this.after()
    // What strangers send costs time outside of any message, and is theirs all the same.
    this.owner.account.chargeCpu(this.owner.now() - this.now)
  }

  private drained (): void {
    this.full = false
    this.turn()
  }

  private readonly expire = (): void => {
    this.alarm = null
    this.alarmAt = Infinity
    // We do not listen, so that the remote is silent means nothing.
    if (!this.live || this.deaf) return
    this.now = this.owner.now()
    this.busy = true
    try {
      this.muxer.expire(this.now, this.muxerOut)
      this.writeOut()
    } finally {
      this.busy = false
    }
    this.after()
  }

  private writeOut (): void {
    const { muxer, muxerOut, pace, session } = this
    const room = pace === undefined ? roomBytes : Math.min(roomBytes, pace.roomBytes)
    this.more = true
    while (this.more && !this.full && this.fault === null && pace?.mayWrite() !== false) this.more = muxer.flush(this.now, muxerOut, room)
    session.flush(this)
  }

  /** What follows from a turn. */
  private after (): void {
    const { closeDue } = this
    if (this.disposed) return this[Symbol.dispose]()
    if (this.fault !== null) return this.break(this.fault)
    if (closeDue !== null) {
      this.closeDue = null
      this.close(closeDue)
    }
    if (this.phase === DRAINING && this.drainedOut) return this.end(this.verdict ?? closedBy('local'))
    this.relieve()
    this.mindTime()
  }

  private get drainedOut (): boolean {
    const { deferred, more, muxer } = this
    // A turn that is still to come has a last word to flush.
    if (deferred) return false
    return muxer.failed !== undefined || (!more && muxer.inboundStreams + muxer.outboundStreams === 0)
  }

  private relieve (): void {
    const { link, muxer, limits: { unreadBytes } } = this
    if (!this.paused && muxer.bufferedBytes > unreadBytes) {
      this.paused = true
      link.pause()
      muxer.wakeAt(unreadBytes / 2)
    } else if (this.paused && muxer.bufferedBytes <= unreadBytes / 2) {
      this.paused = false
      this.hearAgain()
    }
  }

  /** Nothing that comes is read now. */
  private get deaf (): boolean {
    return this.paused || this.pace?.reading === false
  }

  private hearAgain (): void {
    if (this.deaf || !this.live) return
    this.patientUntil = this.owner.now() + graceMs
    this.link.resume()
    this.mindTime()
  }

  private mindTime (): void {
    if (this.deaf) return
    const at = Math.max(this.muxer.nextTimeout(), this.patientUntil)
    // One that fires too early does no harm.
    if (at >= this.alarmAt || at === Infinity) return
    this.alarm?.[Symbol.dispose]()
    this.alarmAt = at
    this.alarm = this.owner.alarm(Math.max(0, at - this.now), this.expire)
  }

  /** A core has news. */
  tell (event: MuxerEvent): void {
    const { listener } = this
    if (this.disposed) return
    switch (event.type) {
      case 'stream.opened':
        listener.onStream(event.handle)
        return
      case 'stream.refused':
        listener.onRefused?.(event.code)
        return
      case 'openable':
        listener.onOpenable?.()
        return
      case 'pong':
        this.pinging = false
        listener.onPong?.(event.rttMs)
        return
      case 'remote.going-away':
        this.remoteGone = true
        if (event.code === 'connection/closed') listener.onGoAway?.(event.code, event.wireCode)
        // The core fails next.
        else this.fault ??= { code: event.code, text: `the remote went away with code ${event.wireCode}`, initiator: 'remote', wireCode: event.wireCode }
    }
  }

  // ---------------------------------------------------------------- the end

  /** A core has failed; what it had to say has been written. */
  private break (verdict: Verdict): void {
    if (verdict.code !== 'connection/timeout') return this.end(verdict)
    // Nobody is there who could close it with us.
    this.link.reset()
    this.finish(verdict)
    this.report(verdict)
  }

  private remoteEnded (): void {
    if (!this.live) return
    const { inboundStreams, outboundStreams } = this.muxer
    if (this.phase === DRAINING && inboundStreams + outboundStreams === 0) this.end(closedBy('local'))
    else if (this.remoteGone || inboundStreams + outboundStreams === 0) this.end(closedBy('remote'))
    // Anybody on the way could cut it off like this.
    else this.end({ code: 'connection/reset', text: 'the link ended while streams were open', initiator: 'remote' })
  }

  private closed (reason: LinkCloseReason, error?: Error): void {
    if (this.phase === OVER) return
    const text = error?.message ?? ''
    const verdict: Verdict = reason === 'timed-out'
      ? { code: 'connection/timeout', text, initiator: 'local' }
      : { code: 'connection/reset', text, initiator: 'remote' }
    // When it is ending, it was this that was waited for.
    const told = this.phase === ENDING && this.verdict !== null ? this.verdict : verdict
    this.finish(told)
    this.report(told)
  }

  /** Ends our side of the link. The other is given a little time to do the same, so that our last word is not lost. */
  private end (verdict: Verdict): void {
    const { link, owner, limits: { lingerMs } } = this
    this.release(ENDING, verdict)
    // Who hears of the end of a stream may have disposed us.
    if (this.phase !== ENDING) return
    link.resume()
    link.end()
    this.alarm = owner.alarm(lingerMs, () => {
      this.phase = OVER
      link.reset()
      this.report(verdict)
    })
  }

  private finish (verdict: Verdict): void {
    if (this.phase !== ENDING) return this.release(OVER, verdict)
    this.phase = OVER
    this.alarm?.[Symbol.dispose]()
  }

  /** All streams are over, and nothing is held any more. */
  private release (phase: number, verdict: Verdict): void {
    const attached = this.phase !== WAITING
    this.phase = phase
    this.verdict = verdict
    this.alarm?.[Symbol.dispose]()
    this.pace?.[Symbol.dispose]()
    this.session.clear()
    if (attached) this.muxer.command({ type: 'abort', code: verdict.code, initiator: verdict.initiator }, this.owner.now(), this.muxerOut)
  }

  private report ({ code, initiator, text, wireCode }: Verdict): void {
    if (this.disposed) return
    this.listener.onClose(code, text, initiator, wireCode)
  }

  /** What a reader or writer of a stream gets that ended early. */
  error ({ code, initiator, wireCode }: StreamReset): NetworkError {
    const why = code === 'stream/connection-closed' ? this.cause(initiator, wireCode) : undefined
    return new NetworkError(isErrorCode(code) ? code : 'stream/reset', {
      initiator,
      path: this.owner.path,
      ...wireCode !== undefined && { wireCode },
      ...why !== undefined && { cause: why }
    })
  }

  /** Why the connection ends, or has ended. */
  private cause (usual: ErrorInitiator, said: number | undefined): NetworkError | undefined {
    const verdict = this.verdict ?? this.fault
    const code = verdict?.code ?? this.muxer.failed
    if (code === undefined) return undefined
    // The muxer ends its streams before it says why.
    const { initiator = usual, text = '', wireCode = said } = verdict ?? {}
    return new NetworkError(code, { initiator, path: this.owner.path, ...text !== '' && { detail: text }, ...wireCode !== undefined && { wireCode } })
  }
}

const nothingYet = { inboundStreams: 0, outboundStreams: 0, unreadBytes: 0, queuedBytes: 0, rttMs: undefined }

function closedBy (initiator: ErrorInitiator): Verdict {
  return { code: 'connection/closed', text: '', initiator }
}
