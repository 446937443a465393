/**
 * The cores put together by hand, as the path of a connection does it: bytes, multistream, security, multistream again
 * unless the security agreed on a muxer, Yamux, and multistream on each stream. No link, no actor, no clock.
 */
import type { PathOut } from '../../../src/actors/contract/core.js'
import type { MuxerCore, MuxerEvent } from '../../../src/actors/contract/muxer.js'
import type { CoreSecurity, HandshakeEvent, SecureSession } from '../../../src/actors/contract/security.js'
import { yamux } from '../../../src/actors/muxer/yamux/yamux.core.js'
import { MultistreamInitiatorCore } from '../../../src/actors/upgrade/multistream-initiator.core.js'
import { MultistreamResponderCore } from '../../../src/actors/upgrade/multistream-responder.core.js'
import type { NegotiationEvent } from '../../../src/actors/contract/negotiation.js'
import type { Purpose } from '../../../src/actors/upgrade/multistream.js'
import type { StreamBuffer } from '../../../src/runtime/bytes/stream-buffer.js'
import { concat } from './recorder.js'
import { plainHost } from './yamux-pair.js'

export interface StackOptions {
  readonly security: CoreSecurity
  /** Muxers to agree on in the handshake; with none, multistream does it. */
  readonly early: readonly string[]
  /** Who gets what comes out of the session, instead of a muxer; then none is negotiated either. */
  readonly instead?: (plaintext: Uint8Array) => void
}

type Handler = (bytes: Uint8Array) => void

const deadline = 1e9

export class Stack {
  readonly failures: string[] = []
  /** Streams that the remote has opened. */
  readonly opened: StreamBuffer[] = []
  muxer: MuxerCore | undefined
  /** There is a muxer, or whoever takes its place. */
  ready = false
  private readonly initiator: boolean
  private readonly instead: StackOptions['instead']
  private readonly sent: Uint8Array[] = []
  private session: SecureSession | undefined
  /** Who gets what comes from the link, and what comes out of the session. */
  private outer: Handler = () => {}
  private inner: Handler = () => {}
  private readonly toLink: Handler = bytes => { this.sent.push(bytes) }
  private readonly toSession: Handler = bytes => { this.session!.send(bytes, this.sessionOut) }
  private readonly sessionOut = this.out<never>(this.toLink, bytes => { this.inner(this.session!.lends ? bytes.slice() : bytes) })
  private readonly muxerOut = this.out<MuxerEvent>(this.toSession, () => {}, event => {
    if (event.type !== 'stream.opened') return
    this.opened.push(event.handle)
    this.negotiateStream(event.handle, new MultistreamResponderCore({ purpose: 'stream', speaks: id => id === '/echo', list: () => ['/echo'], deadline }))
  })

  constructor (initiator: boolean, { early, instead, security }: StackOptions) {
    this.initiator = initiator
    this.instead = instead
    const deliver: Handler = bytes => { this.outer(bytes) }
    this.outer = this.negotiate('security', security.protocol, this.toLink, deliver, () => {
      const handshake = security.handshake({ initiator, muxers: early, deadline })
      const out = this.out<HandshakeEvent>(this.toLink, deliver, event => { this.secured(event) })
      this.outer = bytes => { handshake.feed(bytes, 0, out) }
      handshake.command({ type: 'start' }, 0, out)
    })
  }

  feed (bytes: Uint8Array): void {
    this.outer(bytes)
  }

  /** What it has to send. */
  flush (): Uint8Array {
    this.muxer?.flush(0, this.muxerOut, 256 * 1024)
    this.session?.flush(this.sessionOut)
    return concat(this.sent.splice(0))
  }

  /** Bytes of one's own making, as if a muxer had written them. */
  sendRaw (plaintext: Uint8Array): void {
    this.toSession(plaintext)
  }

  open (protocol: string, lazy: boolean): StreamBuffer {
    const stream = this.muxer!.open()
    if (typeof stream === 'string') throw new Error(stream)
    this.negotiateStream(stream, new MultistreamInitiatorCore({ purpose: 'stream', protocols: [protocol], deadline, lazy }))
    return stream
  }

  private secured ({ muxer, session }: HandshakeEvent): void {
    this.session = session
    this.outer = bytes => { session.feed(bytes, 0, this.sessionOut) }
    if (this.instead !== undefined) {
      this.ready = true
      this.inner = this.instead
      return
    }
    const start = (): void => {
      this.ready = true
      const core = yamux().create({ client: this.initiator, host: plainHost, wake: () => {}, now: 0 })
      this.muxer = core
      this.inner = bytes => { core.feed(bytes, 0, this.muxerOut) }
    }
    if (muxer === undefined) this.inner = this.negotiate('muxer', '/yamux/1.0.0', this.toSession, bytes => { this.inner(bytes) }, start)
    else start()
  }

  private negotiate (purpose: Purpose, protocol: string, write: Handler, deliver: Handler, then: () => void): Handler {
    const core = this.initiator
      ? new MultistreamInitiatorCore({ purpose, protocols: ['/nothing', protocol], deadline })
      : new MultistreamResponderCore({ purpose, speaks: id => id === protocol, list: () => [protocol], deadline })
    const out = this.out<NegotiationEvent>(write, deliver, then)
    core.command({ type: 'start' }, 0, out)
    return bytes => { core.feed(bytes, 0, out) }
  }

  private negotiateStream (stream: StreamBuffer, core: MultistreamInitiatorCore | MultistreamResponderCore): void {
    let rest: Uint8Array | undefined
    const out = this.out<NegotiationEvent>(bytes => { void stream.write(bytes) }, bytes => { rest = bytes })
    if (core instanceof MultistreamInitiatorCore) core.command({ type: 'start' }, 0, out)
    stream.tap({
      onBytes: bytes => {
        core.feed(bytes, 0, out)
        if (!core.waiting) stream.untap(rest)
      },
      onEnd: () => { this.failures.push('ended while it was negotiated') }
    })
  }

  private out<E> (write: Handler, deliver: Handler, emit: (event: E) => void = () => {}): PathOut<E> {
    return { write, lend: bytes => { write(bytes.slice()) }, deliver, emit, fail: (code, text) => { this.failures.push(`${code}: ${text}`) } }
  }
}

/** Moves bytes between the two until both are silent; `turn` is done between, for readers and writers. */
export function runStacks (one: Stack, other: Stack, split: (bytes: Uint8Array) => readonly Uint8Array[], turn: () => void = () => {}): void {
  for (;;) {
    turn()
    const [forth, back] = [one.flush(), other.flush()]
    if (forth.length + back.length === 0) return
    for (const piece of split(forth)) lend(other, piece)
    for (const piece of split(back)) lend(one, piece)
  }
}

/** In memory that is used again, as a socket gives it. */
function lend (to: Stack, piece: Uint8Array): void {
  const lent = piece.slice()
  to.feed(lent)
  lent.fill(0xaa)
}
