/** The actor that runs `inbound` of a protocol for one stream. */
import { NetworkError, type ErrorCode } from '../../messages/errors.js'
import type { HandlerMessage } from '../../messages/stream.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import { compiledBehavior } from '../../runtime/behavior/compile.js'
import type { ActorContext } from '../../runtime/context.js'
import type { TaskScope } from '../../runtime/task.js'
import type { HandlerInput, InboundHandler, StreamContext } from '../contract/protocol.js'
import { handlerEffects, handlerMachine, type HandlerBody } from './handler.machine.js'
import type { UserStream } from './stream.js'

/** What a handler of a function starts from, and works with. */
export class HandlerWork implements HandlerBody, HandlerInput {
  /** The stream above owns it too, and resets it when the handler ends before it. */
  readonly handle: UserStream
  readonly context: HandlerInput['context']
  private readonly inbound: InboundHandler
  private readonly drainMs: number
  /** What of ours was still to be sent when somebody last looked. */
  private queued = 0

  constructor (handle: UserStream, context: HandlerInput['context'], inbound: InboundHandler, drainMs: number) {
    this.handle = handle
    this.context = context
    this.inbound = inbound
    this.drainMs = drainMs
  }

  get finished (): boolean {
    return this.handle.finished
  }

  run (actor: ActorContext<HandlerMessage>): void {
    actor.take(this.handle)
    actor.task(scope => this.inbound(this.handle, new Context(this.context, scope, actor)) ?? settled, {
      done: () => returned,
      failed: error => ({ type: 'handler.interrupted', code: this.codeOf(error) })
    })
  }

  drain (actor: ActorContext<HandlerMessage>): void {
    const { handle } = this
    handle.closeRead()
    void handle.close()
    // It may have come while the function still ran.
    if (handle.finished) {
      actor.done()
      return
    }
    this.queued = handle.queued
    actor.timer('drain', this.drainMs, drainTimeout)
  }

  drainOn (actor: ActorContext<HandlerMessage>): void {
    const { handle } = this
    if (handle.queued < this.queued) {
      this.queued = handle.queued
      actor.timer('drain', this.drainMs, drainTimeout)
    } else {
      handle.reset('handler/drain-timeout')
    }
  }

  /** The stream's own error that the handler let through. @throws any other: that is the handler's crash */
  private codeOf (error: unknown): ErrorCode {
    if (error instanceof NetworkError) {
      const { code, initiator, scope } = error
      if (code === this.handle.resetBy?.code || (scope === 'stream' && initiator !== 'user')) return code
    }
    throw error
  }
}

/** The signal costs some microseconds, and few handlers look at it. */
class Context implements StreamContext {
  readonly peer: PeerId
  readonly connection: string
  readonly remoteAddress: Multiaddr
  readonly protocol: string
  private readonly scope: TaskScope
  private readonly actor: Pick<ActorContext, 'io'>

  constructor ({ peer, connection, remoteAddress, protocol }: HandlerInput['context'], scope: TaskScope, actor: Pick<ActorContext, 'io'>) {
    this.peer = peer
    this.connection = connection
    this.remoteAddress = remoteAddress
    this.protocol = protocol
    this.scope = scope
    this.actor = actor
  }

  get signal (): AbortSignal {
    return this.scope.signal
  }

  /** To be taken apart, as all of the context. */
  get guard (): StreamContext['guard'] {
    return callback => this.actor.io(callback)
  }
}

export const handler = compiledBehavior('handler', handlerMachine, handlerEffects, {
  run (actor, body) { workOf(body).run(actor) },
  drain (actor, body) { workOf(body).drain(actor) },
  drainOn (actor, body) { workOf(body).drainOn(actor) },
  reset (_actor, { body, code }) { workOf(body).handle.reset(code) }
}, { crashGraceMs: 0 })

const settled = Promise.resolve()
const returned: HandlerMessage = { type: 'handler.returned' }
const drainTimeout: HandlerMessage = { type: 'handler.drain-timeout' }

function workOf (body: HandlerBody): HandlerWork {
  if (body instanceof HandlerWork) return body
  throw new TypeError('body: must be the work of a handler')
}
