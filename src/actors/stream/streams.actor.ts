/**
 * The supervisor of a connection's streams: `/node/connections/<n>/streams`. Makes an actor of each stream that the remote
 * opens, and opens those that are asked for; requests for which there is no room wait their turn.
 */
import type { ErrorCode } from '../../messages/errors.js'
import type { Failure } from '../../messages/failure.js'
import type { OpenStream, StreamsMessage } from '../../messages/stream.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import type { Out } from '../../runtime/behavior/out.js'
import { reducer } from '../../runtime/behavior/reducer.js'
import type { ActorContext } from '../../runtime/context.js'
import { ActorError } from '../../runtime/errors.js'
import type { StreamsInput } from '../contract/connection.js'
import type { Negotiation } from '../contract/negotiation.js'
import type { ProtocolTable } from '../contract/protocol.js'
import type { StreamBuffer } from '../contract/stream-buffer.js'
import { StreamPlace, type StreamTerms } from './stream-place.js'
import { stream, StreamWork } from './stream.actor.js'

export interface StreamsOptions {
  readonly protocols: ProtocolTable
  readonly negotiation: Negotiation
  readonly limits?: Partial<StreamsLimits>
}

export interface StreamsLimits {
  /**
   * How long the negotiation of an inbound stream may take, in milliseconds. Default 10,000, as go: a few round trips on the
   * worst path. Limits: streams that are opened and never say what for.
   */
  readonly negotiationMs: number
  /**
   * Requests for a stream that may wait for room, per connection. Default 256, as many as there may be streams of ours: who wants
   * more than twice that at a time should hear so. Each costs some 300 bytes until its deadline.
   */
  readonly queuedOpens: number
}

export const streamsDefaults: StreamsLimits = { negotiationMs: 10_000, queuedOpens: 256 }

/** @throws RangeError for a limit that is none */
export function streams ({ limits = {}, negotiation, protocols }: StreamsOptions): Behavior<StreamsMessage, StreamsInput> {
  const { negotiationMs, queuedOpens } = { ...streamsDefaults, ...limits }
  for (const [name, value] of Object.entries({ negotiationMs, queuedOpens })) {
    if (!(typeof value === 'number' && value >= 0)) throw new RangeError(`limits.${name}: must be a number, zero or more; got ${String(value)}`)
  }
  const speaks = (id: string): boolean => protocols.find(id) !== undefined
  const list = (): readonly string[] => protocols.ids
  const terms: StreamTerms = { protocols, negotiation, negotiationMs, speaks, list }
  return reducer({
    name: 'streams',
    // Its children's path is gone with it.
    crashGraceMs: 0,
    initial (input: StreamsInput, out: Out<StreamsEffects>): StreamsWork {
      const work = new StreamsWork(new StreamPlace(input, terms), queuedOpens)
      out.do('begin', work)
      return work
    },
    step (work, message: StreamsMessage, out: Out<StreamsEffects>) {
      out.do('handle', { work, message })
      return work
    },
    describe: ({ waiting }) => ({ waiting }),
    effects: {
      begin: (actor, work) => { actor.own(work) },
      handle: (actor, { message, work }) => { work.take(actor, message) }
    }
  })
}

interface StreamsEffects {
  begin: StreamsWork
  handle: { readonly work: StreamsWork, readonly message: StreamsMessage }
}

type Actor = ActorContext<StreamsMessage>

/** What the supervisor works with. Disposing it answers those that still wait. */
class StreamsWork implements Disposable {
  private readonly place: StreamPlace
  private readonly most: number
  /** Replaced, not changed: that of most connections is for ever the one of none. */
  private queue: readonly OpenStream[] = none

  constructor (place: StreamPlace, most: number) {
    this.place = place
    this.most = most
  }

  get waiting (): number {
    return this.queue.length
  }

  take (actor: Actor, message: StreamsMessage): void {
    switch (message.type) {
      case 'stream.arrived':
        // Opened and reset at once, over and over, it must cost no more than that.
        if (message.handle.resetBy === undefined) this.spawn(actor, message.handle)
        return
      case 'stream.open': return this.open(actor, message)
      case 'stream.openable': return this.retry(actor)
      case 'stream.queue-timeout': return this.expire(actor)
    }
  }

  private open (actor: Actor, request: OpenStream): void {
    if (this.place.info.limits !== undefined && request.onLimitedConnection !== true) return fail(request, { code: 'stream/limited-connection' })
    if (request.deadline <= actor.now()) return fail(request, { code: 'stream/timeout' })
    // Nobody overtakes those who wait.
    const refusal = this.queue.length > 0 ? 'limit/streams' : this.opened(actor, request)
    if (refusal === undefined) return
    if (!waitsFor.has(refusal)) return fail(request, { code: refusal })
    if (this.queue.length >= this.most) return fail(request, { code: 'limit/streams', detail: `${this.most} requests wait already (queuedOpens)` })
    this.queue = this.queue.concat(request)
    this.arm(actor)
  }

  /** Opens it, or says why not. */
  private opened (actor: Actor, request: OpenStream): ErrorCode | undefined {
    const opened = this.place.link.openStream()
    if (typeof opened === 'string') return opened === 'connection/closed' ? 'stream/connection-closed' : opened
    this.spawn(actor, opened, request)
    return undefined
  }

  private spawn (actor: Actor, buffer: StreamBuffer, request?: OpenStream): void {
    // From here on the buffer is the work's: it ends with that, whether there is room for one more actor or not.
    actor.take(buffer)
    try {
      actor.spawn(stream, { input: new StreamWork(buffer, this.place, request) })
    } catch (error) {
      if (!(error instanceof ActorError) || error.code !== 'actor/limit') throw error
    }
  }

  private retry (actor: Actor): void {
    for (let request = this.queue[0]; request !== undefined; request = this.queue[0]) {
      const refusal = this.opened(actor, request)
      if (refusal !== undefined && waitsFor.has(refusal)) break
      this.queue = this.queue.slice(1)
      if (refusal !== undefined) fail(request, { code: refusal })
    }
    this.arm(actor)
  }

  private expire (actor: Actor): void {
    const now = actor.now()
    const { queue } = this
    this.queue = queue.filter(({ deadline }) => deadline > now)
    for (const request of queue) {
      if (request.deadline <= now) fail(request, { code: 'limit/streams', detail: 'there was no room for one more before its deadline' })
    }
    this.arm(actor)
  }

  /** For the earliest deadline. */
  private arm (actor: Actor): void {
    let deadline = Infinity
    for (const request of this.queue) deadline = Math.min(deadline, request.deadline)
    if (deadline === Infinity) actor.cancelTimer('queue')
    else actor.timer('queue', Math.max(0, deadline - actor.now()), queueTimeout)
  }

  [Symbol.dispose] (): void {
    const { queue } = this
    this.queue = none
    for (const request of queue) fail(request, { code: 'stream/connection-closed' })
  }
}

const none: readonly OpenStream[] = []

/** Of a refusal for these there will be word when there is room again. */
const waitsFor = new Set<ErrorCode>(['limit/streams'])
const queueTimeout: StreamsMessage = { type: 'stream.queue-timeout' }

function fail ({ id, replyTo }: OpenStream, failure: Failure): void {
  replyTo.tell({ type: 'stream.failed', id, failure })
}
