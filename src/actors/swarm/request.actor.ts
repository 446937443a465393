import type { DialerMessage, DialOutcome } from '../../messages/dial.js'
import type { ErrorCode } from '../../messages/errors.js'
import { failureOf, type Failure } from '../../messages/failure.js'
import type { PeerStoreMessage, PeerStoreReply } from '../../messages/peer-store.js'
import type { StreamOutcome } from '../../messages/stream.js'
import type { Connect, OpenStreamTo, Picked, RequestMessage, SwarmMessage } from '../../messages/swarm.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import { compiledBehavior } from '../../runtime/behavior/compile.js'
import type { ActorContext } from '../../runtime/context.js'
import { ActorError } from '../../runtime/errors.js'
import type { ActorRef } from '../../runtime/ref.js'
import { requestEffects, requestMachine, type RequestStart } from './request.machine.js'

/** Whom a request asks. Named refs: a question to one that is down fails at once. */
export interface RequestNeighbours {
  readonly swarm: ActorRef<SwarmMessage>
  readonly dialer: ActorRef<DialerMessage>
  readonly peerStore: ActorRef<PeerStoreMessage>
}

/**
 * How long after its deadline an answer may come, in milliseconds: whoever works on it keeps the deadline, and knows best what
 * went wrong. Less than what our own asker allows us.
 */
const answerMs = 500

export function requestBehavior ({ swarm, dialer, peerStore }: RequestNeighbours): Behavior<RequestMessage, RequestStart> {
  return compiledBehavior('request', requestMachine, requestEffects, {
    askPeerStore (actor, { peer, deadline }) {
      if (peer === undefined) {
        actor.self.tell({ type: 'request.addresses', addresses: [] })
        return
      }
      actor.ask<PeerStoreReply, PeerStoreMessage>(peerStore, replyTo => ({ type: 'peer-store.get', id: actor.path, peer, replyTo }), {
        done: reply => ({ type: 'request.addresses', addresses: reply.type === 'peer-store.peer' ? reply.info?.addresses.map(({ address }) => address) ?? [] : [] }),
        failed: unanswered('dial/timeout'),
        timeoutMs: remaining(actor, deadline)
      })
    },
    askDialer (actor, { target: { peer }, addresses, ask: { deadline, ignoreBackoff } }) {
      actor.ask<DialOutcome, DialerMessage>(dialer, replyTo => ({ type: 'dial.start', id: actor.path, ...peer !== undefined && { peer }, addresses, deadline, ...ignoreBackoff === true && { ignoreBackoff }, replyTo }), {
        done: outcome => outcome,
        failed: unanswered('dial/timeout'),
        timeoutMs: remaining(actor, deadline) + answerMs
      })
    },
    askConnection (actor, { connection, ask }) {
      if (ask.type === 'swarm.connect' || connection === undefined) return
      const { id, protocols, negotiation, deadline, onLimitedConnection } = ask
      actor.ask<StreamOutcome, Extract<Parameters<typeof connection.tell>[0], { type: 'stream.open' }>>(connection, replyTo => ({
        type: 'stream.open', id, protocols, negotiation, deadline, replyTo, ...onLimitedConnection !== undefined && { onLimitedConnection }
      }), {
        done: outcome => outcome,
        failed: unanswered('stream/timeout', 'stream/connection-closed'),
        timeoutMs: remaining(actor, deadline) + answerMs
      })
    },
    askSwarm (actor, { peer, ask }) {
      if (peer === undefined) return
      actor.ask<Picked, SwarmMessage>(swarm, replyTo => ({ type: 'swarm.pick', peer, onLimitedConnection: limitedToo(ask), replyTo }), {
        done: picked => picked,
        failed: unanswered('dial/timeout'),
        timeoutMs: remaining(actor, ask.deadline)
      })
    },
    cancelDial (actor) {
      // It may have no such dial, which is as well.
      dialer.tell({ type: 'dial.cancel', id: actor.path })
    },
    answerConnected (_, { ask, connection, info }) {
      if (ask.type === 'swarm.connect' && connection !== undefined && info !== undefined) ask.replyTo.tell({ type: 'connect.done', id: ask.id, connection, info })
    },
    answerStream (_, { ask, stream }) {
      if (ask.type === 'swarm.open-stream') ask.replyTo.tell({ type: 'stream.opened', id: ask.id, handle: stream })
    },
    answerFailed: (_, { ask, failure }) => { answerFailure(ask, failure) }
  }, {
    stopMessage: () => ({ type: 'request.stop' })
  })
}

export function answerFailure (ask: Connect | OpenStreamTo, failure: Failure): void {
  if (ask.type === 'swarm.connect') ask.replyTo.tell({ type: 'connect.failed', id: ask.id, failure })
  else ask.replyTo.tell({ type: 'stream.failed', id: ask.id, failure })
}

/** A connection that a relay limits is good enough to be connected, and for streams that say so. */
export function limitedToo (ask: Connect | OpenStreamTo): boolean {
  return ask.type === 'swarm.connect' || ask.onLimitedConnection === true
}

const remaining = (actor: ActorContext<RequestMessage>, deadline: number): number => Math.max(0, deadline - actor.now())

/** What it means that a neighbour did not answer: it was late, or it is gone. */
const unanswered = (late: ErrorCode, gone: ErrorCode = 'actor/down') => (error: unknown): RequestMessage => {
  if (!(error instanceof ActorError)) return { type: 'request.unanswered', failure: failureOf(error, gone) }
  const code = error.code === 'actor/timeout' ? late : error.code === 'actor/refused' ? 'actor/refused' : gone
  return { type: 'request.unanswered', failure: { code, detail: error.message, path: error.path } }
}
