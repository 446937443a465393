/**
 * The swarm: the pool of accepted connections, the verdict on each new one, the news of them, and the road to a connection or
 * a stream (design 1.15, 1.16). A registry without a lifecycle of its own, so a reducer; what has one is a request below it.
 *
 * After a crash the connections are as they were, and the new swarm asks each of them for its report. What subscribers were
 * told is kept outside (`SwarmMemory`), so they hear of each end, and of no beginning twice.
 *
 * The tables of the state are changed in place: see `Pool`. A step that throws takes them down with its actor.
 */
import type { ConnectionInfo, ConnectionMessage } from '../../messages/connection.js'
import type { ConnectionsMessage } from '../../messages/connections.js'
import type { DialerMessage } from '../../messages/dial.js'
import type { Failure } from '../../messages/failure.js'
import type { PeerStoreMessage } from '../../messages/peer-store.js'
import type { Connect, HungUp, OpenStreamTo, RequestMessage, SwarmEvent, SwarmMessage } from '../../messages/swarm.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import type { Out } from '../../runtime/behavior/out.js'
import { reducer } from '../../runtime/behavior/reducer.js'
import type { ActorContext } from '../../runtime/context.js'
import type { Down, Exit } from '../../runtime/exit.js'
import type { ActorRef, ReplyTo } from '../../runtime/ref.js'
import { targetOf, type Target } from './destination.core.js'
import { Announced, Pool, type ConnectionEnd, type Pooled } from './pool.core.js'
import { answerFailure, limitedToo, requestBehavior } from './request.actor.js'
import type { RequestStart } from './request.machine.js'

export interface SwarmLimits {
  /** Requests under way at a time. Default 4,096: beyond it dials queue for longer than anybody waits. Limits: an application, or a protocol, that asks without end. */
  readonly requests: number
}

export const swarmDefaults: SwarmLimits = { requests: 4096 }

/** What outlives a crash of the swarm. Made once, by whoever puts the node together. */
export interface SwarmMemory {
  /** By path. */
  readonly subscribers: Map<string, ActorRef<SwarmEvent>>
  readonly announced: Announced
}

export function swarmMemory (): SwarmMemory {
  return { subscribers: new Map(), announced: new Announced() }
}

export interface SwarmInput {
  readonly peerId: PeerId
  /** Named refs, all of them. */
  readonly connections: ActorRef<ConnectionsMessage>
  readonly dialer: ActorRef<DialerMessage>
  readonly peerStore: ActorRef<PeerStoreMessage>
  readonly memory: SwarmMemory
  /** Why a connection may not be any more, as the lists are now. Default: none. */
  readonly refuses?: (info: ConnectionInfo) => string | undefined
  readonly limits?: Partial<SwarmLimits>
}

type Connection = ActorRef<ConnectionMessage>

interface Swarm {
  readonly input: SwarmInput
  readonly limits: SwarmLimits
  readonly pool: Pool<Connection>
  readonly requests: Map<string, Request>
  readonly hangUps: Map<string, HangUp>
  /** How requests behave; set at the start, when the swarm knows its own address. */
  request: Behavior<RequestMessage, RequestStart> | undefined
}

interface Request {
  readonly ask: Connect | OpenStreamTo
  /** Set when it has been spawned. */
  ref: ActorRef<RequestMessage> | undefined
}

interface HangUp {
  readonly left: Set<string>
  readonly connections: number
  readonly replyTo: ReplyTo<HungUp>
}

interface SwarmEffects {
  begin: Swarm
  watch: Connection
  news: { readonly swarm: Swarm, readonly event: SwarmEvent }
  subscribe: { readonly swarm: Swarm, readonly subscriber: ActorRef<SwarmEvent> }
  request: { readonly swarm: Swarm, readonly request: Request, readonly start: RequestStart }
  answerFailed: { readonly ask: Connect | OpenStreamTo, readonly failure: Failure }
}

type SwarmOut = Out<SwarmEffects>

export const swarm: Behavior<SwarmMessage, SwarmInput, Swarm> = reducer({
  name: 'swarm',
  // All requests that there may be can come in one turn, with their cancels, and news of all connections.
  mailboxCapacity: 16_384,
  initial (input: SwarmInput, out: SwarmOut): Swarm {
    const swarm: Swarm = { input, limits: { ...swarmDefaults, ...input.limits }, pool: new Pool(input.peerId), requests: new Map(), hangUps: new Map(), request: undefined }
    out.do('begin', swarm)
    return swarm
  },
  step (swarm, message: SwarmMessage, out: SwarmOut): Swarm {
    const { pool, requests } = swarm
    switch (message.type) {
      case 'connection.ready': {
        const { connection, info } = message
        const failure = verdict(swarm, info)
        if (failure !== undefined) {
          out.tell(connection, { type: 'connection.refused', failure })
          return swarm
        }
        out.tell(connection, { type: 'connection.accepted' })
        takeIn(swarm, connection, info, false, out)
        return swarm
      }
      case 'connection.resumed':
        takeIn(swarm, message.connection, message.info, message.closing, out)
        return swarm
      case 'connection.closing':
        pool.closing(message.path)
        return swarm
      case 'connection.ended':
        pool.ending(message.path, { code: message.code, initiator: message.initiator, text: message.text })
        return swarm
      case 'swarm.connection-down':
        connectionDown(swarm, message.down, out)
        return swarm
      case 'swarm.connect':
      case 'swarm.open-stream':
        asked(swarm, message, out)
        return swarm
      case 'swarm.cancel': {
        const ref = requests.get(message.id)?.ref
        if (ref !== undefined) out.tell(ref, { type: 'request.cancel' })
        return swarm
      }
      case 'swarm.request-down': {
        const request = requests.get(message.id)
        requests.delete(message.id)
        if (request !== undefined && message.down.exit.kind !== 'done') {
          out.do('answerFailed', { ask: request.ask, failure: { code: 'actor/down', detail: `the request ${message.down.exit.kind}`, path: message.down.path } })
        }
        return swarm
      }
      case 'swarm.pick': {
        const { peer, onLimitedConnection, replyTo } = message
        const picked = pool.pick(peer, onLimitedConnection)
        out.tell(replyTo, { type: 'swarm.picked', connection: picked?.connection, info: picked?.info, onlyLimited: pool.onlyLimited(peer) })
        return swarm
      }
      case 'swarm.recheck':
        recheck(swarm, out)
        return swarm
      case 'swarm.hang-up':
        hangUp(swarm, message, out)
        return swarm
      case 'swarm.subscribe':
        out.do('subscribe', { swarm, subscriber: message.subscriber })
        return swarm
      case 'swarm.subscriber-down': {
        const { subscribers } = swarm.input.memory
        // One that was started anew has subscribed under the same path since.
        if (subscribers.get(message.down.path)?.alive === false) subscribers.delete(message.down.path)
        return swarm
      }
    }
  },
  effects: {
    begin (actor, swarm) {
      const { connections, dialer, memory, peerStore } = swarm.input
      swarm.request = requestBehavior({ swarm: actor.self, dialer, peerStore })
      for (const subscriber of memory.subscribers.values()) watchSubscriber(actor, subscriber)
      const listed = actor.list(connections.path)
      for (const { ref } of listed) {
        const connection = ref as Connection
        watchConnection(actor, connection)
        ask(actor, connection)
      }
      // Those whose end no swarm has heard of.
      const paths = new Set(listed.map(({ path }) => path))
      for (const path of memory.announced.all) {
        if (!paths.has(path)) actor.self.tell({ type: 'swarm.connection-down', down: { path, exit: { kind: 'stopped', reason: 'not-there' } } })
      }
    },
    watch: watchConnection,
    news (actor, { swarm, event }) {
      const { memory: { subscribers }, peerStore } = swarm.input
      actor.emit(event)
      for (const subscriber of subscribers.values()) inform(actor, subscriber, event)
      if (event.type === 'peer.connected') peerStore.tell({ type: 'peer-store.connected', peer: event.peer })
      if (event.type === 'peer.disconnected') peerStore.tell({ type: 'peer-store.disconnected', peer: event.peer })
    },
    subscribe (actor, { swarm, subscriber }) {
      swarm.input.memory.subscribers.set(subscriber.path, subscriber)
      watchSubscriber(actor, subscriber)
      for (const { connection, info } of swarm.pool.all()) inform(actor, subscriber, { type: 'connection.opened', connection, info })
    },
    request (actor, { swarm, request, start }) {
      const { id } = request.ask
      if (swarm.request === undefined) return
      try {
        request.ref = actor.spawn(swarm.request, { input: start })
      } catch (error) {
        // An account has refused, which is the asker's bad luck and nobody's crash.
        swarm.requests.delete(id)
        answerFailure(request.ask, { code: 'dial/too-many', detail: error instanceof Error ? error.message : String(error) })
        return
      }
      actor.watch(request.ref, down => ({ type: 'swarm.request-down', id, down }))
    },
    answerFailed: (_, { ask, failure }) => { answerFailure(ask, failure) }
  },
  describe: ({ pool, requests, hangUps, input }) => ({ connections: pool.size, requests: requests.size, hangUps: hangUps.size, subscribers: [...input.memory.subscribers.keys()] })
})

/** The gate was asked before, by the connection. How many a peer may have the admission ledger knows. */
function verdict (swarm: Swarm, info: ConnectionInfo): Failure | undefined {
  if (info.peer.equals(swarm.input.peerId)) return { code: 'dial/self', detail: info.remoteAddress.toString() }
  return undefined
}

function takeIn (swarm: Swarm, connection: Connection, info: ConnectionInfo, closing: boolean, out: SwarmOut): void {
  const { pool, input: { memory: { announced } } } = swarm
  if (pool.has(info.path)) return
  pool.add(connection, info, closing)
  out.do('watch', connection)
  if (announced.has(info.path)) return
  const first = announced.add(info)
  out.do('news', { swarm, event: { type: 'connection.opened', connection, info } })
  if (first) out.do('news', { swarm, event: { type: 'peer.connected', peer: info.peer } })
}

function connectionDown (swarm: Swarm, down: Down, out: SwarmOut): void {
  const { pool, hangUps, input: { memory: { announced } } } = swarm
  const end = pool.remove(down.path)?.end ?? endOf(down.exit)
  const was = announced.remove(down.path)
  if (was !== undefined) {
    out.do('news', { swarm, event: { type: 'connection.closed', info: was.info, ...end } })
    if (was.last) out.do('news', { swarm, event: { type: 'peer.disconnected', peer: was.info.peer } })
  }
  for (const [id, { left, connections, replyTo }] of hangUps) {
    if (!left.delete(down.path) || left.size > 0) continue
    hangUps.delete(id)
    out.tell(replyTo, { type: 'swarm.hung-up', id, connections })
  }
}

/** Of a connection that could not say itself why it ends. */
function endOf (exit: Exit): ConnectionEnd {
  switch (exit.kind) {
    case 'crashed':
    case 'start-failed':
      return { code: 'connection/crashed', initiator: 'local', text: exit.error instanceof Error ? exit.error.message : String(exit.error) }
    case 'killed':
      return { code: 'connection/reset', initiator: 'local', text: `killed: ${exit.reason}` }
    case 'stopped':
      return { code: 'connection/shutdown', initiator: 'local', text: exit.reason }
    case 'done':
      return { code: 'connection/closed', initiator: 'local', text: '' }
  }
}

function asked (swarm: Swarm, ask: Connect | OpenStreamTo, out: SwarmOut): void {
  const { pool, requests, limits, input: { peerId } } = swarm
  const target = targetOf(ask.to, peerId)
  if ('code' in target) {
    out.do('answerFailed', { ask, failure: target })
    return
  }
  const found = pooled(pool, target, limitedToo(ask))
  if (found !== undefined && ask.type === 'swarm.connect') {
    out.tell(ask.replyTo, { type: 'connect.done', id: ask.id, connection: found.connection, info: found.info })
    return
  }
  if (requests.size >= limits.requests) {
    out.do('answerFailed', { ask, failure: { code: 'dial/too-many', detail: `limit 'requests' of ${limits.requests}` } })
    return
  }
  const request: Request = { ask, ref: undefined }
  requests.set(ask.id, request)
  const onlyLimited = target.peer !== undefined && pool.onlyLimited(target.peer)
  out.do('request', { swarm, request, start: { ask, target, connection: found?.connection, onlyLimited } })
}

function pooled (pool: Pool<Connection>, { peer }: Target, limitedToo: boolean): Pooled<Connection> | undefined {
  return peer === undefined ? undefined : pool.pick(peer, limitedToo)
}

function recheck ({ pool, input: { refuses } }: Swarm, out: SwarmOut): void {
  for (const { closing, connection, info } of [...pool.all()]) {
    if (closing || refuses?.(info) === undefined) continue
    pool.closing(info.path)
    out.tell(connection, { type: 'connection.close', code: 'connection/gated', initiator: 'user', graceMs: 0 })
  }
}

/** No deadline of its own: each connection ends within its grace, and its end comes from the kernel in any case. */
function hangUp ({ pool, hangUps }: Swarm, { id, peer, graceMs, replyTo }: Extract<SwarmMessage, { type: 'swarm.hang-up' }>, out: SwarmOut): void {
  const pooled = pool.of(peer)
  if (pooled.length === 0) {
    out.tell(replyTo, { type: 'swarm.hung-up', id, connections: 0 })
    return
  }
  hangUps.set(id, { left: new Set(pooled.map(({ info }) => info.path)), connections: pooled.length, replyTo })
  for (const { connection, info } of pooled) {
    pool.closing(info.path)
    out.tell(connection, { type: 'connection.close', code: 'connection/closed', initiator: 'user', ...graceMs !== undefined && { graceMs } })
  }
}

function watchConnection (actor: ActorContext<SwarmMessage>, connection: Connection): void {
  actor.watch(connection, down => ({ type: 'swarm.connection-down', down }))
}

/** What does not understand the question is no connection of ours, and no reason for the swarm not to start. */
function ask (actor: ActorContext<SwarmMessage>, connection: Connection): void {
  try {
    connection.tell({ type: 'connection.report', replyTo: actor.self })
  } catch (error) {
    actor.log('error', `${connection.path} does not take 'connection.report'`, { error })
  }
}

function watchSubscriber (actor: ActorContext<SwarmMessage>, subscriber: ActorRef<SwarmEvent>): void {
  actor.watch(subscriber, down => ({ type: 'swarm.subscriber-down', down }))
}

/** A subscriber that does not take some kind of news is its own mistake, and must not be ours. */
function inform (actor: ActorContext<SwarmMessage>, subscriber: ActorRef<SwarmEvent>, event: SwarmEvent): void {
  try {
    subscriber.tell(event)
  } catch (error) {
    actor.log('error', `${subscriber.path} has subscribed and does not take '${event.type}'`, { error })
  }
}
