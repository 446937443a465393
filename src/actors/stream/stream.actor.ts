/**
 * The actor of one stream: owns its buffer, negotiates on it against the protocol table, and hands it to its handler or to
 * whoever asked for it.
 */
import type { ConnectionInfo } from '../../messages/connection.js'
import type { Failure } from '../../messages/failure.js'
import type { OpenStream, StreamMessage } from '../../messages/stream.js'
import { compiledBehavior } from '../../runtime/behavior/compile.js'
import type { ActorContext } from '../../runtime/context.js'
import type { ActorRef } from '../../runtime/ref.js'
import type { Direction } from '../contract/link.js'
import type { Protocol } from '../contract/protocol.js'
import type { StreamBuffer, StreamReset, StreamWatcher } from '../contract/stream-buffer.js'
import { contextOf, handler, HandlerWork } from './handler.actor.js'
import { streamEffects, streamMachine, type StreamBody } from './stream.machine.js'
import { StreamNegotiation, type NegotiationListener } from './stream-negotiation.js'
import type { StreamPlace } from './stream-place.js'
import { UserStream, type StreamIdentity } from './stream.js'

/**
 * What the actor starts from, and works with. It is its own handle: whoever loses it on the way ends the stream and answers
 * the request.
 *
 * Invariants: a request is answered exactly once, at the latest when the actor ends; whatever ends the actor leaves a stream that
 * is over, unless both sides had ended (then what was not read stays readable).
 */
export class StreamWork implements StreamBody, StreamWatcher, NegotiationListener, StreamIdentity, Disposable {
  handled = false
  /**
   * Of an inbound stream that found no protocol: often the remote was lazy, and what comes behind a proposal that we refused are
   * its first data, which are no proposal. It must hear the refusal all the same.
   */
  owesAnswer = false
  private readonly place: StreamPlace
  private readonly buffer: StreamBuffer
  private readonly outbound: boolean
  /** Of an outbound stream, until it is answered. */
  private request: OpenStream | undefined
  private actor: ActorContext<StreamMessage> | null = null
  private negotiation: StreamNegotiation | null = null
  /** Of an inbound stream: what of ours it speaks. */
  private spoken: Protocol | undefined
  /** The id that was agreed upon. */
  protocol = ''
  private lease: Disposable | null = null
  private face: UserStream | null = null
  private failure: Failure | undefined
  /** Set only where somebody looks at it: it is called for every frame. */
  onReadable?: () => void
  /** What was seen of it at the last look, if anybody looks whether it is idle. */
  private seen: Movement | null = null

  constructor (buffer: StreamBuffer, place: StreamPlace, request?: OpenStream) {
    this.buffer = buffer
    this.place = place
    this.outbound = request !== undefined
    this.request = request
  }

  get handle (): Disposable {
    return this
  }

  get finished (): boolean {
    return this.buffer.finished
  }

  get direction (): Direction {
    return this.outbound ? 'outbound' : 'inbound'
  }

  get info (): ConnectionInfo {
    return this.place.info
  }

  /** Only once it has begun. */
  get self (): ActorRef<StreamMessage> {
    if (this.actor === null) throw new Error('stream: its actor has not begun')
    return this.actor.self
  }

  // ---------------------------------------------------------------- negotiating

  negotiate (actor: ActorContext<StreamMessage>): void {
    actor.own(this)
    this.actor = actor
    const { buffer, place, request } = this
    buffer.watch(this)
    if (buffer.resetBy !== undefined) {
      this.onReset(buffer.resetBy)
      return
    }
    const { list, negotiation: road, negotiationMs, speaks } = place.terms
    const core = request === undefined
      ? road.answer({ purpose: 'stream', speaks, list, deadline: actor.now() + negotiationMs })
      : road.propose({ purpose: 'stream', protocols: request.protocols, deadline: request.deadline, lazy: request.negotiation === 'lazy' && request.protocols.length === 1 })
    const negotiation = this.negotiation = new StreamNegotiation(core, buffer, actor, this)
    if (request !== undefined) negotiation.propose()
    // What has come is read now, in this actor's own step; mostly that is all.
    if (buffer.unread > 0 || buffer.remoteEnded) buffer.tap(negotiation)
    if (!negotiation.waiting) return
    if (request === undefined) negotiation.greet()
    buffer.tap({
      onBytes: actor.io(bytes => { negotiation.onBytes(bytes) }),
      onEnd: actor.io(() => { negotiation.onEnd() })
    })
    actor.timer('negotiation', Math.max(0, core.nextTimeout() - actor.now()), negotiationTimeout)
  }

  expire (): void {
    this.negotiation?.expire()
  }

  onSelected (id: string, confirmed: boolean): void {
    const { buffer, outbound } = this
    if (!outbound) {
      const failure = this.admit(id, this.actor?.now() ?? 0)
      if (failure !== undefined) {
        this.onFailed(failure)
        return
      }
    }
    if (confirmed) this.settle()
    // Some handlers of js-libp2p lose an end that comes before they are there.
    else buffer.holdEnd()
    // The table's own text: that which has come would be one more for each stream.
    this.protocol = this.spoken?.ids.find(own => own === id) ?? id
    this.face = new UserStream(buffer, this)
    this.self.tell(selected)
  }

  onConfirmed (): void {
    this.settle()
    this.buffer.releaseEnd()
  }

  onFailed (failure: Failure): void {
    const { buffer } = this
    this.settle()
    if (!this.outbound) {
      this.owesAnswer = failure.code === 'stream/negotiation-failed' && (buffer.queued > 0 || buffer.remoteEnded)
    } else {
      // At once: what the remote sends behind its no, a reset mostly, would say less.
      this.failure = failure
      buffer.watch(null)
      buffer.reset(failure.code)
    }
    this.self.tell({ type: 'stream.unnegotiated', failure })
  }

  /** The negotiation is over. */
  private settle (): void {
    this.negotiation = null
    this.actor?.cancelTimer('negotiation')
  }

  /** May there be one more inbound stream of this protocol? */
  private admit (id: string, now: number): Failure | undefined {
    const { info, terms: { protocols } } = this.place
    const protocol = protocols.find(id)
    // The table was asked in this same call.
    if (protocol === undefined) return { code: 'stream/protocol-unsupported', initiator: 'remote' }
    if (info.limits !== undefined && !protocol.onLimitedConnection) return { code: 'stream/limited-connection', detail: id }
    const lease = protocols.lease(protocol, info.path, info.peer, now)
    if (!(Symbol.dispose in lease)) return lease
    this.lease = lease
    this.spoken = protocol
    return undefined
  }

  answerNo (actor: ActorContext<StreamMessage>): void {
    const { buffer, place } = this
    void buffer.close()
    buffer.closeRead()
    if (buffer.finished) actor.self.tell(finished)
    else actor.timer('negotiation', place.terms.negotiationMs, negotiationTimeout)
  }

  /** No protocol: ends the stream. */
  refuse (failure: Failure): void {
    const { buffer } = this
    this.failure = failure
    buffer.watch(null)
    buffer.reset(failure.code)
  }

  // ---------------------------------------------------------------- open

  start (actor: ActorContext<StreamMessage>): void {
    const { buffer, face, place, request, spoken } = this
    // The news of it is on the way.
    if (buffer.resetBy !== undefined || face === null) return
    place.live.add(face)
    if (request !== undefined) {
      this.request = undefined
      request.replyTo.tell({ type: 'stream.opened', id: request.id, handle: face })
    } else if (spoken !== undefined) {
      place.link.accept(buffer)
      this.handOver(actor, face, spoken)
      if (spoken.limits.idleMs > 0) this.watchIdle(actor, spoken.limits.idleMs)
    }
    if (buffer.remoteEnded && this.negotiation === null) actor.self.tell(remoteEnded)
  }

  private handOver (actor: ActorContext<StreamMessage>, face: UserStream, protocol: Protocol): void {
    const { info } = this.place
    this.handled = true
    if (protocol.inbound !== undefined) {
      actor.spawn(handler, { input: new HandlerWork(face, info, protocol), name: 'handler' })
    } else if (protocol.behavior !== undefined) {
      actor.spawn(protocol.behavior, { input: { handle: face, context: contextOf(face, info) }, name: 'handler' })
    }
  }

  /** The handler's turn to end, if it waits for that. */
  tellOver (): void {
    // One of an application's own behaviour does not wait.
    if (this.spoken?.inbound !== undefined) this.actor?.child('handler')?.tell(streamOver)
  }

  abandon (code: string): void {
    this.buffer.watch(null)
    this.buffer.reset(code)
  }

  /** Looks once per period, so an idle stream ends after one to two of them; a timer per byte would cost more than the byte. */
  private watchIdle (actor: ActorContext<StreamMessage>, idleMs: number): void {
    const seen = this.seen = { reads: 0, writes: 0, queued: 0 }
    this.onReadable = () => { seen.reads++ }
    actor.timer('idle', idleMs, idleCheck, idleMs)
  }

  checkIdle (): void {
    const { buffer, face, seen } = this
    if (seen === null) return
    const writes = face?.writes ?? 0
    // What waits and does not leave is no movement, whoever goes on writing.
    const moved = seen.reads > 0 || (buffer.queued === 0 ? writes !== seen.writes : buffer.queued !== seen.queued)
    seen.reads = 0
    seen.writes = writes
    seen.queued = buffer.queued
    if (!moved) buffer.reset('stream/timeout')
  }

  // ---------------------------------------------------------------- the buffer

  onEnd (): void {
    if (!this.buffer.endSent) this.self.tell(remoteEnded)
  }

  onEndSent (): void {
    if (!this.buffer.remoteEnded) this.self.tell(localEnded)
  }

  onFinished (): void {
    this.self.tell(finished)
  }

  onReset (reset: StreamReset): void {
    this.self.tell({ type: 'stream.reset', reset })
  }

  // ---------------------------------------------------------------- the end

  [Symbol.dispose] (): void {
    const { buffer, face, lease, place, request } = this
    buffer.watch(null)
    if (face !== null) place.live.delete(face)
    lease?.[Symbol.dispose]()
    if (!buffer.finished) buffer.reset(place.connection.alive ? 'stream/shutdown' : 'stream/connection-closed')
    if (request !== undefined) {
      this.request = undefined
      request.replyTo.tell({ type: 'stream.failed', id: request.id, failure: this.failure ?? failureOf(buffer.resetBy) })
    }
  }
}

interface Movement {
  reads: number
  writes: number
  queued: number
}

/** The failure that a reset means to whoever waits for the stream. */
function failureOf (reset: StreamReset | undefined): Failure {
  if (reset === undefined) return { code: 'stream/connection-closed' }
  const { code, initiator, wireCode } = reset
  return { code: code as Failure['code'], initiator, ...wireCode !== undefined && { wireCode } }
}

const handlerDown = (down: Extract<StreamMessage, { readonly type: 'stream.handler-down' }>['down']): StreamMessage => ({ type: 'stream.handler-down', down })

export const stream = compiledBehavior('stream', streamMachine, streamEffects, {
  negotiate (actor, body) { workOf(body).negotiate(actor) },
  expire (_actor, body) { workOf(body).expire() },
  start (actor, body) { workOf(body).start(actor) },
  refuse (_actor, { body, failure }) { workOf(body).refuse(failure) },
  answerNo (actor, body) { workOf(body).answerNo(actor) },
  checkIdle (_actor, body) { workOf(body).checkIdle() },
  tellOver (_actor, body) { workOf(body).tellOver() },
  abandon (_actor, { body, code }) { workOf(body).abandon(code) }
}, { crashGraceMs: 0, childDown: handlerDown })

function workOf (body: StreamBody): StreamWork {
  if (body instanceof StreamWork) return body
  throw new TypeError('body: must be the work of a stream')
}

const selected: StreamMessage = { type: 'stream.selected' }
const remoteEnded: StreamMessage = { type: 'stream.remote-ended' }
const localEnded: StreamMessage = { type: 'stream.local-ended' }
const finished: StreamMessage = { type: 'stream.finished' }
const idleCheck: StreamMessage = { type: 'stream.idle-check' }
const negotiationTimeout: StreamMessage = { type: 'stream.negotiation-timeout' }
const streamOver = { type: 'handler.stream-over' } as const
