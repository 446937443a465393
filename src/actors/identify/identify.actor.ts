/**
 * Identify and identify push (libp2p/specs identify/README.md), as two protocols and the service `/node/protocols/identify`.
 *
 * The service asks the peer at the other end of each new connection who it is, and tells peers our news. What it has to say
 * lies on a board (`board.ts`), from which the handlers of inbound streams read it without asking.
 *
 *     swarm, address manager, protocol registry --news--> service --spawns--> exchange --stream.open--> connection
 *     service --> connection (what the peer speaks), peer store (what it has said), address manager (where it sees us)
 *
 * Nothing here is ever fatal: an exchange that fails is logged, emitted, and forgotten.
 */
import type { ConnectionInfo, ConnectionMessage } from '../../messages/connection.js'
import type { Failure } from '../../messages/failure.js'
import type { IdentifyEvent, IdentifyMessage, IdentifyResult, IdentifySource } from '../../messages/identify.js'
import type { PeerPatch } from '../../messages/peer-store.js'
import { PrivateKey } from '../../messages/value/keys.js'
import { sharedAddresses } from '../../messages/value/address-scope.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import { nextSeq } from '../../messages/value/peer-record.js'
import { identifyProtocol, identifyPushProtocol } from '../../messages/wire/identify.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import type { Out } from '../../runtime/behavior/out.js'
import { reducer } from '../../runtime/behavior/reducer.js'
import type { ActorContext } from '../../runtime/context.js'
import type { CryptoProvider } from '../../runtime/crypto/provider.js'
import { ActorError, checkNumber, checkOptions } from '../../runtime/errors.js'
import type { Down } from '../../runtime/exit.js'
import type { Message } from '../../runtime/message.js'
import type { ActorRef } from '../../runtime/ref.js'
import type { InboundHandler, Protocol, ProtocolLimits } from '../contract/protocol.js'
import type { ServiceContext } from '../contract/service.js'
import { makeAnnouncement, saysTheSame } from './announcement.core.js'
import type { Identity } from './announcement.core.js'
import { Board } from './board.js'
import type { ServiceDesk } from './board.js'
import { exchange } from './exchange.actor.js'
import { answer, takePush } from './handlers.js'
import { PushRate } from './push-rate.core.js'
import type { PushRateLimits } from './push-rate.core.js'
import { Schedule } from './schedule.core.js'
import type { Due } from './schedule.core.js'
import { SharedTexts } from './shared-texts.js'
import { verifyIdentify } from './verify.core.js'
import type { Verify } from './verify.core.js'

export interface IdentifyOptions {
  /** The node's own: signs the record of its addresses. */
  readonly key: PrivateKey
  readonly crypto: CryptoProvider
  /** Unix time in milliseconds at which the system's clock stood at zero: in life `performance.timeOrigin`. Numbers of records are made of it. */
  readonly epochMs: number
  /** What this program is. Default `troupe`. */
  readonly agentVersion?: string
  /** Which network it belongs to. Default `ipfs/0.1.0`, as js and kubo: nobody looks at it any more. */
  readonly protocolVersion?: string
  /** An exchange, from asking for a stream to its end, in milliseconds. Default 5,000, as go and js: it is one round trip and two small messages. */
  readonly timeoutMs?: number
  /** How long our news must have been quiet before they are pushed, in milliseconds. Default 1,000, as js: addresses come in bursts. */
  readonly pushDelayMs?: number
  /** Exchanges at a time in which we ask. Default 32: a node that comes back to a thousand peers must not verify a thousand signatures at once. */
  readonly maxExchanges?: number
  /** Connections that may wait for theirs. Default 1,024: at 32 a time all have had their turn within the patience of anybody. */
  readonly maxQueued?: number
  /** Pushes at a time. Default 32, as go and js. */
  readonly maxPushes?: number
}

type Settings = Required<IdentifyOptions>

const defaults = {
  agentVersion: 'troupe',
  protocolVersion: 'ipfs/0.1.0',
  timeoutMs: 5000,
  pushDelayMs: 1000,
  maxExchanges: 32,
  maxQueued: 1024,
  maxPushes: 32
} as const

/**
 * Both protocols of one node; the service comes with the first.
 *
 * @throws TypeError, RangeError for options that are unknown or out of range
 */
export function identify (options: IdentifyOptions): readonly [Protocol, Protocol] {
  const settings = checked(options)
  const board = new Board()
  const shared = new SharedTexts()
  const verify: Verify = (message, sender) => verifyIdentify(message, sender, settings.crypto, shared)
  return [
    protocol(identifyProtocol, answer(board), { name: 'identify', behavior: service(settings, board, verify) as unknown as Behavior<Message, ServiceContext> }),
    protocol(identifyPushProtocol, takePush(board, verify))
  ]
}

function checked (options: IdentifyOptions): Settings {
  const where = 'identify'
  checkOptions(where, options, ['key', 'crypto', 'epochMs', ...Object.keys(defaults)])
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as unknown as IdentifyOptions
  const settings = { ...defaults, ...given }
  if (!(settings.key instanceof PrivateKey)) throw new TypeError(`${where}: option 'key' must be a PrivateKey`)
  if (typeof settings.crypto?.sha256 !== 'function') throw new TypeError(`${where}: option 'crypto' must be a crypto provider`)
  if (settings.epochMs === undefined) throw new TypeError(`${where}: option 'epochMs' must be a number of milliseconds`)
  for (const name of ['epochMs', 'timeoutMs', 'pushDelayMs'] as const) checkNumber(where, name, settings[name])
  for (const name of ['maxExchanges', 'maxQueued', 'maxPushes'] as const) checkNumber(where, name, settings[name], 1)
  for (const name of ['agentVersion', 'protocolVersion'] as const) {
    if (typeof settings[name] !== 'string' || settings[name].length > 256) throw new TypeError(`${where}: option '${name}' must be a text of at most 256 letters`)
  }
  return settings
}

function protocol (id: string, inbound: InboundHandler, service?: Protocol['service']): Protocol {
  return { ids: [id], limits, onLimitedConnection: true, inbound, behavior: undefined, service }
}

/**
 * One at a time is all that an honest peer needs; the second is for one that begins anew before its last stream is gone.
 * A stream is over within a round trip, so one that stands still for as long as an exchange may take is none.
 */
const limits: ProtocolLimits = { inbound: 2, inboundPerPeer: 2, inboundTotal: Infinity, inboundPerSecond: 10, inboundBurst: 32, idleMs: 5000, drainMs: 5000 }

interface Connection {
  readonly ref: ActorRef<ConnectionMessage>
  readonly info: ConnectionInfo
}

interface State {
  readonly context: ServiceContext
  /** Mutable: a core. */
  readonly schedule: Schedule<Connection>
  readonly addresses: readonly Multiaddr[] | undefined
  readonly protocols: readonly string[] | undefined
}

interface ServiceEffects {
  start: undefined
  subscribe: { readonly context: ServiceContext, readonly source: IdentifySource }
  watch: Connection
  announce: { readonly addresses: readonly Multiaddr[], readonly protocols: readonly string[] }
  exchange: Due<Connection>
  report: IdentifyEvent
}

const sources: readonly IdentifySource[] = ['addressManager', 'protocolRegistry', 'swarm']

/** Nobody who waits until his news have settled, as all do, has more than one in a second. */
const pushRate: PushRateLimits = { burst: 10, everyMs: 1000 }

/** Who was restarted is back at once, the first time; later it backs off by seconds, and asking is cheap. */
const resubscribeMs = 250

function service (settings: Settings, board: Board, verify: Verify): Behavior<IdentifyMessage, ServiceContext> {
  const exchanging = exchange({ verify, board, timeoutMs: settings.timeoutMs })
  return reducer({
    name: 'identify',
    // News of all connections may come at once, when the swarm was asked for them.
    mailboxCapacity: 65_536,
    initial (context: ServiceContext, out: Out<ServiceEffects>): State {
      out.do('start')
      for (const source of sources) out.do('subscribe', { context, source })
      const { maxExchanges: exchanges, maxQueued: queued, maxPushes: pushes } = settings
      return { context, schedule: new Schedule({ exchanges, queued, pushes }), addresses: undefined, protocols: undefined }
    },
    step,
    effects: {
      start (actor) {
        const rate = new PushRate(pushRate)
        const desk: ServiceDesk = {
          tell: message => { actor.self.tell(message) },
          mayPush: peer => rate.take(peer.toString(), actor.now())
        }
        board.service = desk
        actor.own({ [Symbol.dispose]: () => { if (board.service === desk) board.service = undefined } })
      },
      subscribe: (actor, { context, source }) => { subscribe(actor, context, source) },
      watch (actor, { ref }) {
        actor.watch(ref, connectionEnded)
      },
      announce: (actor, { addresses, protocols }) => { announce(actor, settings, board, addresses, protocols) },
      exchange (actor, { kind, connection: { ref, info } }) {
        const over = (down: Down): IdentifyMessage => ({ type: 'identify.exchange-down', kind, connection: info.path, peer: info.peer, down })
        try {
          actor.watch(actor.spawn(exchanging, { input: { kind, service: actor.self, connection: ref, info } }), over)
        } catch (error) {
          // The node has as many actors as it may.
          if (!(error instanceof ActorError)) throw error
          actor.self.tell(over({ path: actor.path, exit: { kind: 'start-failed', error } }))
        }
      },
      report (actor, event) {
        actor.emit(event)
        if (event.type === 'peer.identify-failed') actor.log('debug', `${event.kind} failed: ${event.failure.code}`, { peer: event.peer.toString(), connection: event.connection, detail: event.failure.detail })
        else if (event.result.badRecord !== undefined) actor.log('debug', `record dropped: ${event.result.badRecord.code}`, { peer: event.result.peer.toString(), detail: event.result.badRecord.detail })
      }
    },
    describe: ({ schedule, addresses, protocols }) => ({ ...schedule.counts, addresses: addresses?.length, protocols: protocols?.length })
  })
}

function step (state: State, message: IdentifyMessage, out: Out<ServiceEffects>): State {
  const next = handle(state, message, out)
  for (let due = next.schedule.next(); due !== undefined; due = next.schedule.next()) out.do('exchange', due)
  return next
}

function handle (state: State, message: IdentifyMessage, out: Out<ServiceEffects>): State {
  const { context, schedule } = state
  switch (message.type) {
    case 'connection.opened': {
      const { connection: ref, info } = message
      if (schedule.connection(info.path) !== undefined) return state
      out.do('watch', { ref, info })
      if (!schedule.opened(info.path, { ref, info })) {
        const failure: Failure = { code: 'limit/streams', detail: 'too many connections wait to be identified already (maxQueued of identify)' }
        out.do('report', { type: 'peer.identify-failed', kind: 'identify', peer: info.peer, connection: info.path, failure })
      }
      return state
    }
    case 'identify.connection-down':
      schedule.closed(message.down.path)
      return state
    case 'addresses.changed':
      return news({ ...state, addresses: message.addresses }, out)
    case 'protocols.changed':
      return news({ ...state, protocols: message.protocols }, out)
    case 'identify.push-due':
      schedule.news()
      return state
    case 'identify.succeeded':
      learn(state, message.result, false, out)
      return state
    case 'identify.pushed':
      learn(state, message.result, true, out)
      return state
    case 'identify.failed':
      out.do('report', { ...message, type: 'peer.identify-failed' })
      return state
    case 'identify.exchange-down': {
      const { kind, connection, peer, down: { exit } } = message
      schedule.ended(kind, connection)
      // The others have said how it went.
      if (exit.kind !== 'done') {
        const failure: Failure = { code: exit.kind === 'start-failed' ? 'actor/refused' : 'handler/crashed', path: message.down.path }
        out.do('report', { type: 'peer.identify-failed', kind, connection, peer, failure })
      }
      return state
    }
    case 'identify.source-down':
    case 'identify.subscribe':
      out.do('subscribe', { context, source: message.source })
      return state
    default:
      return state
  }
}

/** Our own. Both lists must be known: half of the truth would read as all of it. */
function news (state: State, out: Out<ServiceEffects>): State {
  const { addresses, protocols } = state
  if (addresses !== undefined && protocols !== undefined) out.do('announce', { addresses, protocols })
  return state
}

/** What a peer has said goes to those who want to know. Of a push only what it names: others send only what has changed. */
function learn ({ context, schedule }: State, result: IdentifyResult, pushed: boolean, out: Out<ServiceEffects>): void {
  const { peer, connection, protocols, listenAddresses, observedAddress, record, agentVersion, protocolVersion } = result
  const known = schedule.connection(connection)
  const publicKey = known?.info.remoteKey ?? peer.publicKey
  const namesProtocols = !pushed || protocols.length > 0
  // What was said is told as it was said; what is kept will be dialed.
  const dialable = (addresses: readonly Multiaddr[]): readonly Multiaddr[] => sharedAddresses(addresses, known?.info.remoteAddress)
  const patch: PeerPatch = {
    ...publicKey !== undefined && { publicKey },
    // The signed ones are the better ones.
    ...record !== undefined ? { record: { ...record, addresses: dialable(record.addresses) } } : listenAddresses.length > 0 && { addresses: dialable(listenAddresses), source: 'identified' },
    ...namesProtocols && { protocols },
    ...agentVersion !== undefined && { agentVersion },
    ...protocolVersion !== undefined && { protocolVersion }
  }
  out.tell(context.peerStore, { type: 'peer-store.merge', peer, patch })
  if (namesProtocols) {
    if (known !== undefined) out.tell(known.ref, { type: 'connection.identified', protocols })
    schedule.identified(connection, protocols)
  }
  if (observedAddress !== undefined && known !== undefined) out.tell(context.addressManager, { type: 'address.observed', address: observedAddress, connection: known.ref, info: known.info })
  out.do('report', { type: 'peer.identified', result })
}

const connectionEnded = (down: Down): IdentifyMessage => ({ type: 'identify.connection-down', down })

/** Asks for news, and again when who sends them was restarted. */
function subscribe (actor: ActorContext<IdentifyMessage>, context: ServiceContext, source: IdentifySource): void {
  const asked = {
    swarm: () => context.swarm.tell({ type: 'swarm.subscribe', subscriber: actor.self }),
    addressManager: () => context.addressManager.tell({ type: 'address.subscribe', subscriber: actor.self }),
    protocolRegistry: () => context.protocolRegistry.tell({ type: 'registry.subscribe', subscriber: actor.self })
  }[source]()
  if (asked) actor.watch(context[source], down => ({ type: 'identify.source-down', source, down }))
  else actor.timer(`subscribe ${source}`, resubscribeMs, { type: 'identify.subscribe', source })
}

/** Puts on the board what is new, and pushes it once it has been quiet for a while. */
function announce (actor: ActorContext<IdentifyMessage>, settings: Settings, board: Board, addresses: readonly Multiaddr[], protocols: readonly string[]): void {
  const last = board.announcement
  if (last !== undefined && saysTheSame(last, addresses, protocols)) return
  const identity: Identity = settings
  const seq = nextSeq(last?.seq ?? 0n, settings.epochMs + actor.now())
  const announcement = makeAnnouncement(identity, addresses, protocols, seq)
  board.publish(announcement)
  actor.timer('push', settings.pushDelayMs, { type: 'identify.push-due' })
  if (announcement.protocolsLeftOut > 0) actor.log('warn', `the last ${announcement.protocolsLeftOut} protocols do not fit into an identify message: peers cannot know that we speak them`)
}
