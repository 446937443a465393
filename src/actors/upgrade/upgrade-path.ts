/**
 * The bytes of an upgrade: runs the core of one phase after another on the link, as its machine says.
 *
 *     link --bytes--> core of the phase: multistream, handshake
 *     link --bytes--> session --plaintext--> multistream (of the muxer)
 *
 * **One write for two phases.** What a phase said last is held until the next has said what it says first. And where we have one
 * security only to propose, its handshake begins behind the proposal, without waiting for the answer (as rust's `V1Lazy`); the
 * remote cannot tell. The answer is checked before anything of the handshake is.
 *
 * Invariants: when a phase is done the link is paused, and what came behind its last byte is kept, in order, until the next
 * phase or the connection's path takes it; that is never more than what one read brought. What a core has written leaves,
 * also when it fails. The outcome of each phase is told once, and nothing after a failure.
 */
import type { ErrorCode } from '../../messages/errors.js'
import type { Failure } from '../../messages/failure.js'
import type { UpgradeInput } from '../../messages/upgrade.js'
import type { Core, CoreOut, PathOut } from '../contract/core.js'
import type { Link, LinkCloseReason } from '../contract/link.js'
import type { MuxedLinkOwner } from '../contract/muxed-link.js'
import type { NegotiationEvent } from '../contract/negotiation.js'
import type { HandshakeEvent, Secured, SecureSession, SecurityOptions, WrapSecurity } from '../contract/security.js'
import { bareSession } from './bare-session.js'
import { ConnectionPath, type LeftOver } from './connection-path.js'
import { copied } from './copied.js'
import type { CompleteUpgradeOptions } from './upgrade-options.js'

/** Hears how each phase went. Called in the stack of the link, or of the call that began the phase. */
export interface UpgradeListener {
  readonly onSelected: (purpose: 'security' | 'muxer', protocol: string) => void
  readonly onSecured: (secured: Secured) => void
  readonly onBroken: (failure: Failure) => void
}

/** Work that makes another link of ours: to be run as a task. */
export type Wrapping = (signal: AbortSignal) => ReturnType<WrapSecurity['secure']>

/** The core of a phase, with its sink. */
interface Stage {
  feed (bytes: Uint8Array): void
}

export class UpgradePath implements Disposable {
  private readonly owner: Pick<MuxedLinkOwner, 'io' | 'now' | 'path'>
  private readonly options: CompleteUpgradeOptions
  private readonly input: UpgradeInput
  private readonly listener: UpgradeListener
  private link: Link
  /** Null while somebody else has it: a wrap, or the path of the connection. */
  private listening = false
  private stage: Stage | null = null
  /** The stage is a proposal whose answer has not come, though the next phase may begin. */
  private proposing = false
  /** The phase that has begun behind a proposal. */
  private behind: Stage | null = null
  /** Written by a phase that is under way, or is done before another has begun. */
  private held: Uint8Array[] = []
  private session: SecureSession | null = null
  /** Since it is known who the remote is. */
  private known: Secured | null = null
  private readonly sessionOut: PathOut<never>
  /** In the order in which they came: what the session has opened is before all that it has not seen. */
  private opened: Uint8Array[] = []
  private sealed: Uint8Array[] = []
  /** What is fed now is only lent. */
  private lent = false
  private over = false
  /** Why it can go no further. Whoever was told may not have come to it yet. */
  failure: Failure | undefined

  constructor (owner: Pick<MuxedLinkOwner, 'io' | 'now' | 'path'>, options: CompleteUpgradeOptions, input: UpgradeInput, listener: UpgradeListener) {
    this.owner = owner
    this.options = options
    this.input = input
    this.listener = listener
    this.link = input.link
    this.sessionOut = {
      ...this.toLink(),
      deliver: bytes => {
        if (this.stage !== null) this.stage.feed(bytes)
        else this.keep(this.opened, bytes)
      },
      emit: () => {}
    }
  }

  // ---------------------------------------------------------------- the machine's orders

  negotiateSecurity (): void {
    // Whoever had it before was told.
    if (this.link.closed) return this.fail('upgrade/closed', 'the link was closed before its upgrade began')
    this.listen()
    this.negotiate('security', this.options.securities)
  }

  /** @returns what is to be run as a task, if this security is none that runs here */
  handshake (protocol: string): Wrapping | undefined {
    const security = speaking(this.options.securities, protocol)
    if (security.kind === 'wrap') return this.wrapping(security)
    const core = security.handshake(this.securityOptions())
    const out: PathOut<HandshakeEvent> = {
      ...this.toLink(),
      deliver: bytes => { this.keep(this.sealed, bytes) },
      emit: event => {
        this.session = event.session
        this.secured(event)
      }
    }
    this.begin(core, out)
    return undefined
  }

  /** The wrap has made this link of ours. */
  useWrapped (link: Link, secured: Secured): void {
    this.link = link
    this.known = secured
    this.session = bareSession
    link.pause()
    this.listen()
  }

  negotiateMuxer (): void {
    this.negotiate('muxer', this.options.muxers)
  }

  /** Gives all of it away: the path of the connection, and the link that it has. */
  finish (muxer: string): { readonly path: ConnectionPath, readonly link: Link, readonly secured: Secured } {
    const { input, known, link, options: { limits, muxers, pace }, session } = this
    if (session === null || known === null) throw new Error('upgrade: nothing is secured')
    this.sendHeld()
    this.silence()
    const path = new ConnectionPath({
      link,
      session,
      muxer: speaking(muxers, muxer),
      client: input.initiator,
      leftOver: this.leftOver(),
      limits,
      ...pace !== undefined && { pace: pace(known.remotePeer) }
    })
    return { path, link, secured: known }
  }

  /** Ends our side of the link, behind all that was written. */
  abandon (): void {
    const { link, listening } = this
    if (listening) this.sendHeld()
    this[Symbol.dispose]()
    if (listening) link.end()
  }

  /** Nothing is held any more. The link is its owner's, but for one that a wrap has made. */
  [Symbol.dispose] (): void {
    if (this.over) return
    const { session } = this
    this.silence()
    session?.clear()
  }

  private silence (): void {
    this.over = true
    this.stage = this.behind = null
    this.held = []
    if (this.listening) this.link.detach()
    this.listening = false
  }

  // ---------------------------------------------------------------- the link

  private listen (): void {
    const { link, owner } = this
    this.listening = true
    link.attach({
      onData: owner.io(bytes => { this.read(bytes) }),
      onEnd: owner.io(() => { this.fail('upgrade/closed', 'it has ended its side') }),
      onDrain: owner.io(() => { this.resume() }),
      onClose: owner.io((reason, error) => { this.closed(reason, error) })
    })
  }

  private read (bytes: Uint8Array): void {
    this.lent = this.link.lends
    try {
      this.feed(bytes)
    } finally {
      this.lent = false
    }
    this.sendUnlessBetween()
  }

  private feed (bytes: Uint8Array): void {
    if (this.over) return
    if (this.session !== null && this.stage !== null) this.session.feed(bytes, this.owner.now(), this.sessionOut)
    else if (this.stage !== null) this.stage.feed(bytes)
    else this.keep(this.sealed, bytes)
  }

  /** Between two phases. */
  private keep (list: Uint8Array[], bytes: Uint8Array): void {
    list.push(this.lent ? copied(bytes) : bytes)
  }

  private closed (reason: LinkCloseReason, error?: Error): void {
    this.listening = false
    this.fail(reason === 'timed-out' ? 'upgrade/timeout' : 'upgrade/closed', error?.message ?? reason)
  }

  private resume (): void {
    if (this.listening && this.stage !== null) this.link.resume()
  }

  // ---------------------------------------------------------------- phases

  private negotiate (purpose: 'security' | 'muxer', choice: ReadonlyArray<{ readonly protocol: string }>): void {
    const { negotiation } = this.options
    const { deadline, initiator } = this.input
    const protocols = choice.map(({ protocol }) => protocol)
    // A wrap takes the link over, and must not meet the answer on it.
    const lazy = purpose === 'security' && choice.length === 1 && this.options.securities[0]?.kind === 'core'
    const core = initiator
      ? negotiation.propose({ purpose, protocols, deadline, lazy })
      : negotiation.answer({ purpose, speaks: protocol => protocols.includes(protocol), list: () => protocols, deadline })
    const { session } = this
    const out: PathOut<NegotiationEvent> = {
      ...session === null ? this.toLink() : this.toSession(session),
      deliver: bytes => {
        if (session === null) this.feed(bytes)
        else this.keep(this.opened, bytes)
      },
      emit: event => {
        if (event.type === 'multistream.confirmed') {
          this.confirmed()
        } else if (event.type === 'multistream.selected') {
          if (event.confirmed) this.phaseDone()
          else this.proposing = true
          // Our own text of it: that which has come would be kept by the connection.
          this.listener.onSelected(purpose, protocols.find(own => own === event.protocol) ?? event.protocol)
        }
      }
    }
    this.begin(core, out)
  }

  private secured ({ muxer, remoteKey, remotePeer }: Secured): void {
    this.phaseDone()
    this.known = { muxer, remoteKey, remotePeer }
    this.listener.onSecured(this.known)
  }

  private begin<E> (core: Core<{ readonly type: 'start' }, E, PathOut<E>>, out: PathOut<E>): void {
    const stage: Stage = { feed: bytes => { core.feed(bytes, this.owner.now(), out) } }
    if (this.proposing) this.behind = stage
    else this.stage = stage
    core.command({ type: 'start' }, this.owner.now(), out)
    // What had come before it began. It may be done, or have failed, in the midst of that.
    const { opened, sealed } = this.leftOver()
    for (const bytes of opened) this.sessionOut.deliver(bytes)
    for (const bytes of sealed) this.feed(bytes)
    this.sendUnlessBetween()
    this.resume()
  }

  private phaseDone (): void {
    this.stage = null
    this.link.pause()
  }

  /** The remote has agreed to what we took for granted. */
  private confirmed (): void {
    const { behind } = this
    this.proposing = false
    this.behind = null
    if (behind === null) this.phaseDone()
    else this.stage = behind
  }

  private fail (code: ErrorCode, detail: string): void {
    if (this.over) return
    this.abandon()
    this.failure = { code, detail, path: this.owner.path }
    this.listener.onBroken(this.failure)
  }

  private securityOptions (): SecurityOptions {
    const { deadline, expectedPeer, initiator } = this.input
    return { initiator, muxers: this.options.muxers.map(({ protocol }) => protocol), deadline, ...expectedPeer !== undefined && { expectedPeer } }
  }

  private wrapping (security: WrapSecurity): Wrapping {
    const { link } = this
    const { sealed } = this.leftOver()
    this.sendHeld()
    link.detach()
    this.listening = false
    return async signal => await security.secure(link, sealed, this.securityOptions(), signal)
  }

  private leftOver (): LeftOver {
    const { opened, sealed } = this
    this.opened = []
    this.sealed = []
    return { opened, sealed }
  }

  // ---------------------------------------------------------------- where cores write

  private toLink (): Pick<CoreOut<never>, 'write' | 'lend' | 'fail'> {
    const send = (bytes: Uint8Array): void => { this.held.push(bytes) }
    return { write: send, lend: bytes => { send(copied(bytes)) }, fail: (code, text) => { this.fail(code, text) } }
  }

  /** Between two phases the next one's first word is waited for; who is secured mostly needs no other. */
  private sendUnlessBetween (): void {
    if (this.stage !== null || this.session !== null) this.sendHeld()
  }

  private sendHeld (): void {
    const { held, link } = this
    if (held.length === 0) return
    this.held = []
    for (const bytes of held) {
      // One who asks without end and does not read gets no more answers.
      if (!link.write(bytes)) link.pause()
    }
  }

  private toSession (session: SecureSession): Pick<CoreOut<never>, 'write' | 'lend' | 'fail'> {
    const send = (bytes: Uint8Array): void => {
      session.send(bytes, this.sessionOut)
      session.flush(this.sessionOut)
    }
    return { write: send, lend: bytes => { send(session.lends ? copied(bytes) : bytes) }, fail: (code, text) => { this.fail(code, text) } }
  }
}

/** The one that was agreed upon: one of those that were offered. */
function speaking<T extends { readonly protocol: string }> (choice: readonly T[], protocol: string): T {
  const found = choice.find(one => one.protocol === protocol)
  if (found === undefined) throw new Error(`upgrade: ${protocol} was agreed upon, and never offered`)
  return found
}
