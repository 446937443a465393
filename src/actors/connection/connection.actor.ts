/**
 * The actor of one connection: the one owner of its link. Spawns the upgrade, asks the swarm, then lets streams come.
 *
 * What it owns, in the order of taking, and so given back in the reverse: the newcomer (link, lease, what its opener is owed), the
 * muxed link, its entry in the directory.
 *
 * Idle connections are not closed here: like go and js, that is left to the connection manager.
 */
import type { ConnectionInfo, ConnectionMessage } from '../../messages/connection.js'
import type { ErrorCode, ErrorInitiator } from '../../messages/errors.js'
import type { Failure } from '../../messages/failure.js'
import type { Negotiation, OpenStream, StreamsMessage } from '../../messages/stream.js'
import type { SwarmMessage } from '../../messages/swarm.js'
import type { UpgradeInput, UpgradeMessage } from '../../messages/upgrade.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import { compiledBehavior } from '../../runtime/behavior/compile.js'
import type { ActorContext } from '../../runtime/context.js'
import { allOf, itself, withOne, withoutOne, type Few } from '../../runtime/few.js'
import type { ActorRef } from '../../runtime/ref.js'
import type { LiveStreams, StreamsInput } from '../contract/connection.js'
import type { Gate } from '../contract/gate.js'
import type { ConnectionDirectory, ConnectionView } from '../contract/directory.js'
import type { MuxedLink, MuxedLinkListener, MuxedLinkStats } from '../contract/muxed-link.js'
import type { Stream } from '../contract/stream.js'
import type { StreamBuffer } from '../contract/stream-buffer.js'
import { connectionEffects, connectionMachine, type ConnectionBody, type ConnectionEnd } from './connection.machine.js'
import { addressesOf, type Newcomer } from './newcomer.js'

export interface ConnectionOptions {
  readonly upgrade: Behavior<UpgradeMessage, UpgradeInput>
  readonly streams: Behavior<StreamsMessage, StreamsInput>
  /** By name: it may be restarted. */
  readonly swarm: ActorRef<SwarmMessage>
  readonly directory: ConnectionDirectory
  /** Asked before the swarm. */
  readonly gate?: Gate
  readonly keepAlive?: Partial<KeepAlive>
  readonly timeouts?: Partial<ConnectionTimeouts>
}

export interface KeepAlive {
  /**
   * A ping each so many milliseconds; 0: none. Default 15,000: keeps the mappings of home routers alive, and a dead peer is
   * noticed in half a minute. A ping is one small frame each way.
   */
  readonly intervalMs: number
  /** The connection is given up when a ping was not answered for so long. Default 20,000: survives a laptop's short sleep. */
  readonly timeoutMs: number
}

export interface ConnectionTimeouts {
  /** How long the swarm may take to decide, in milliseconds. Default 5,000, as every question between actors. */
  readonly verdictMs: number
  /** How long streams may go on after a close that does not say, in milliseconds. Default 1,000. */
  readonly graceMs: number
  /** How long the last word to the remote may take to leave, in milliseconds. Default 1,000. */
  readonly flushMs: number
}

export const connectionDefaults: KeepAlive & ConnectionTimeouts = {
  intervalMs: 15_000,
  timeoutMs: 20_000,
  verdictMs: 5000,
  graceMs: 1000,
  flushMs: 1000
}

export interface ConnectionInput {
  readonly handle: Newcomer
  /** Anybody when it is not given. */
  readonly expectedPeer?: PeerId
  /** When the upgrade must be done, in milliseconds of the system's clock. */
  readonly deadline: number
}

/** @throws RangeError for a time that is none */
export function connection (options: ConnectionOptions): Behavior<ConnectionMessage, ConnectionInput> {
  const { directory, gate, streams, swarm, upgrade } = options
  const times = { ...connectionDefaults, ...options.keepAlive, ...options.timeouts }
  for (const [name, value] of Object.entries(times)) {
    if (!(typeof value === 'number' && value >= 0 && value < Infinity)) throw new RangeError(`connection: option '${name}' must be milliseconds, zero or more; got ${String(value)}`)
  }
  const behavior = compiledBehavior('connection', connectionMachine, connectionEffects, {
    upgrade (actor, body) { workOf(body).upgrade(actor) },
    secure (actor, { body, event }) { workOf(body).secure(actor, event) },
    open (actor, body) { workOf(body).open(actor) },
    openStream (_actor, { body, event }) { workOf(body).openStream(event) },
    refuseStream (_actor, { event }) { refuse(event, { code: 'stream/connection-closed', initiator: 'local' }) },
    report (actor, { body, event }) { workOf(body).report(actor, event) },
    learn (_actor, { body, event }) { workOf(body).known = event.protocols },
    ping (actor, body) { workOf(body).ping(actor) },
    pong (actor) { actor.cancelTimer('pong') },
    noteRefused (actor, { event }) { actor.log('debug', 'refused a stream of the remote', { code: event.code }) },
    drain (actor, { body, graceMs }) { workOf(body).drain(actor, graceMs) },
    hurry (actor, { body, graceMs }) { workOf(body).hurry(actor, graceMs) },
    flush (actor, { body, end }) { workOf(body).flush(actor, end) },
    conclude (actor, { body, end }) { workOf(body).conclude(actor, end) }
  }, {
    stopMessage: (): ConnectionMessage => ({ type: 'connection.stop' }),
    // The path of its streams is gone with it.
    crashGraceMs: 0,
    childDown
  })
  const settings: Settings = { ...times, directory, gate, streams, swarm, upgrade }
  return Object.freeze({
    ...behavior,
    initial: (input: ConnectionInput, out: Parameters<typeof behavior.initial>[1]) => behavior.initial(new ConnectionWork(input, settings), out)
  })
}

type Settings = KeepAlive & ConnectionTimeouts & Pick<ConnectionOptions, 'directory' | 'streams' | 'swarm' | 'upgrade'> & { readonly gate: Gate | undefined }
type Actor = ActorContext<ConnectionMessage>
type Secured = Extract<ConnectionMessage, { readonly type: 'upgrade.done' }>
type Report = Extract<ConnectionMessage, { readonly type: 'connection.report' }>

/** What the actor works with. */
class ConnectionWork implements ConnectionBody, LiveStreams, MuxedLinkListener {
  /** What the remote speaks. Lists are shared: most peers speak the same. */
  known: readonly string[] = []
  live: Few<Stream, Stream> = null
  status: ConnectionView['status'] = 'open'
  private readonly newcomer: Newcomer
  /** What the upgrade needs to know; null once it does. */
  private input: ConnectionInput | null
  private readonly settings: Settings
  private link: MuxedLink | null = null
  private attached = false
  private info: ConnectionInfo | null = null
  private actor: Actor | null = null
  private streams: ActorRef<StreamsMessage> | null = null
  private closeDue = Infinity

  constructor (input: ConnectionInput, settings: Settings) {
    this.newcomer = input.handle
    this.input = input
    this.settings = settings
  }

  get graceMs (): number {
    return this.settings.graceMs
  }

  private get secured (): { readonly link: MuxedLink, readonly info: ConnectionInfo } {
    const { info, link } = this
    if (info === null || link === null) throw new Error('the connection is not secured yet')
    return { info, link }
  }

  // ---------------------------------------------------------------- until it is open

  upgrade (actor: Actor): void {
    const { input } = this
    if (input === null) throw new Error('the connection is upgraded already')
    const { deadline, expectedPeer, handle } = input
    const { opened, waiting } = actor.own(handle)
    this.actor = actor
    this.input = null
    // When nobody waits for it any more, it is not wanted.
    if (waiting !== undefined) actor.watch(waiting, down => ({ type: 'connection.opener-down', down }))
    if (opened.kind === 'muxed-link') {
      const { handle: link, protocol, remoteKey, remotePeer } = opened
      const done: ConnectionMessage = { type: 'upgrade.done', handle: link, peer: remotePeer, remoteKey, security: protocol, muxer: protocol }
      const { gate } = this.settings
      if (gate === undefined) actor.self.tell(done)
      else {
        gate.secured(actor, { peer: remotePeer, direction: opened.direction, remoteAddress: opened.remoteMultiaddr }, refusal => {
          actor.self.tell(refusal === undefined ? done : { type: 'upgrade.failed', failure: refusal })
        })
      }
      return
    }
    const { handle: link } = opened
    actor.spawn(this.settings.upgrade, {
      name: 'upgrade',
      input: { link, initiator: link.direction === 'outbound', deadline, replyTo: actor.self, ...expectedPeer !== undefined && { expectedPeer } }
    })
  }

  secure (actor: Actor, { handle, muxer, peer, remoteKey, security }: Secured): void {
    const { lease, opened } = this.newcomer
    const { direction, limits, localMultiaddr, remoteMultiaddr } = addressesOf(opened)
    this.link = actor.own(handle)
    const failure = lease.authenticated(peer)
    if (failure !== undefined) {
      actor.self.tell({ type: 'connection.refused', failure })
      return
    }
    this.info = {
      path: actor.path,
      peer,
      remoteKey,
      direction,
      remoteAddress: withoutPeer(remoteMultiaddr),
      localAddress: withoutPeer(localMultiaddr),
      security,
      muxer,
      openedAt: actor.now(),
      ...limits !== undefined && { limits }
    }
    const { directory, gate } = this.settings
    const { info } = this
    // Before the swarm knows of it: the news of it may be heard as soon as that does.
    actor.own(directory.enter(new View(this, handle, info, actor)))
    if (gate === undefined) return this.askSwarm(actor, info)
    gate.upgraded(actor, info, refusal => {
      if (refusal !== undefined) actor.self.tell({ type: 'connection.refused', failure: refusal })
      // It may have begun to close while the gate took its time.
      else if (this.status === 'open') this.askSwarm(actor, info)
    })
  }

  private askSwarm (actor: Actor, info: ConnectionInfo): void {
    const { swarm, verdictMs } = this.settings
    if (!swarm.tell({ type: 'connection.ready', connection: actor.self, info })) {
      actor.self.tell({ type: 'connection.refused', failure: { code: swarm.alive ? 'actor/refused' : 'actor/down', detail: 'the swarm' } })
      return
    }
    actor.watch(swarm, childDown)
    actor.timer('verdict', verdictMs, { type: 'connection.verdict-timeout' })
  }

  open (actor: Actor): void {
    const { intervalMs, streams, swarm } = this.settings
    const { info, link } = this.secured
    actor.cancelTimer('verdict')
    actor.unwatch(swarm)
    this.streams = actor.spawn(streams, { name: 'streams', input: { link, info, connection: this, live: this } })
    this.attach(actor)
    const { waiting } = this.newcomer
    if (waiting !== undefined) actor.unwatch(waiting)
    this.newcomer.succeeded(actor.self, info)
    if (intervalMs > 0) actor.timer('keep-alive', intervalMs, keepAlive, intervalMs)
  }

  private attach (actor: Actor): void {
    if (this.attached || this.link === null) return
    this.attached = true
    this.link.attach(actor, this)
  }

  add (stream: Stream): void {
    this.live = withOne(this.live, stream, itself)
  }

  delete (stream: Stream): void {
    this.live = withoutOne(this.live, stream, itself)
  }

  // ---------------------------------------------------------------- what the link tells

  onStream (handle: StreamBuffer): void {
    // Where nobody takes streams, or no more, the kernel resets it.
    if (this.streams === null) handle[Symbol.dispose]()
    else this.streams.tell({ type: 'stream.arrived', handle })
  }

  onRefused (code: ErrorCode): void {
    this.actor?.self.tell({ type: 'link.refused-stream', code })
  }

  onOpenable (): void {
    this.streams?.tell({ type: 'stream.openable' })
  }

  onPong (rttMs: number): void {
    this.actor?.self.tell({ type: 'link.pong', rttMs })
  }

  onGoAway (code: ErrorCode, wireCode: number): void {
    this.tellSurely({ type: 'link.going-away', code, wireCode })
  }

  onClose (code: ErrorCode, text: string, initiator: ErrorInitiator, wireCode?: number): void {
    this.tellSurely({ type: 'link.closed', code, text, initiator, ...wireCode !== undefined && { wireCode } })
  }

  /** Never lost, however full the mailbox is of what others want: a timer always gets in. */
  private tellSurely (message: ConnectionMessage): void {
    const { actor } = this
    if (actor !== null && !actor.self.tell(message) && actor.self.alive) actor.timer(message.type, 0, message)
  }

  // ---------------------------------------------------------------- open

  openStream (request: OpenStream): void {
    const { negotiation, protocols } = request
    const [only] = protocols
    const lazy = protocols.length === 1 && only !== undefined && this.known.includes(only)
    const how: Negotiation = negotiation === 'auto' ? (lazy ? 'lazy' : 'eager') : negotiation
    if (this.streams?.tell(how === negotiation ? request : { ...request, negotiation: how }) !== true) refuse(request, { code: 'actor/refused', detail: 'the streams of this connection' })
  }

  ping (actor: Actor): void {
    if (this.secured.link.ping()) actor.timer('pong', this.settings.timeoutMs, { type: 'connection.pong-timeout' })
  }

  /** For its streams: when it is not, they end because of it. */
  get alive (): boolean {
    return this.status === 'open' && this.actor?.self.alive === true
  }

  /** Tells a swarm that was started anew. */
  report (actor: Actor, { replyTo }: Report): void {
    const { info } = this.secured
    if (this.streams === null) replyTo.tell({ type: 'connection.ready', connection: actor.self, info })
    else replyTo.tell({ type: 'connection.resumed', connection: actor.self, info, closing: this.status !== 'open' })
  }

  // ---------------------------------------------------------------- the end

  drain (actor: Actor, graceMs: number | undefined): void {
    this.closing(actor)
    this.secured.link.close('connection/closed')
    if (graceMs !== undefined) this.closeWithin(actor, graceMs)
  }

  hurry (actor: Actor, graceMs: number | undefined): void {
    if (graceMs !== undefined && actor.now() + graceMs < this.closeDue) this.closeWithin(actor, graceMs)
  }

  flush (actor: Actor, { code }: ConnectionEnd): void {
    this.closing(actor)
    actor.cancelTimer('verdict')
    actor.cancelTimer('keep-alive')
    actor.cancelTimer('pong')
    this.attach(actor)
    // Such a link waits for its streams, and they had their time.
    if (code === 'connection/closed' && this.streams !== null) actor.kill(this.streams, 'grace-over')
    this.link?.close(code)
    this.closeWithin(actor, this.settings.flushMs)
  }

  /** The swarm hands it out no more. */
  private closing (actor: Actor): void {
    if (this.status === 'open' && this.streams !== null) this.settings.swarm.tell({ type: 'connection.closing', path: actor.path })
    this.status = 'closing'
  }

  private closeWithin (actor: Actor, ms: number): void {
    this.closeDue = actor.now() + ms
    actor.timer('close', ms, { type: 'connection.close-timeout' })
  }

  conclude (actor: Actor, { code, initiator, path = actor.path, text, ...more }: ConnectionEnd): void {
    const { info } = this
    this.status = 'closed'
    this.newcomer.failed({ code, initiator, path, ...text !== '' && { detail: text }, ...more })
    if (this.streams !== null && info !== null) this.settings.swarm.tell({ type: 'connection.ended', path: info.path, code, initiator, text })
  }
}

/** What the facade shows. It outlives the connection for as long as somebody has it. */
class View implements ConnectionView {
  readonly account: ConnectionView['account']
  readonly info: ConnectionInfo
  readonly actor: ActorRef<ConnectionMessage>
  private readonly work: ConnectionWork
  private readonly link: MuxedLink

  constructor (work: ConnectionWork, link: MuxedLink, info: ConnectionInfo, { account, self }: Actor) {
    this.work = work
    this.link = link
    this.info = info
    this.account = account
    this.actor = self
  }

  get status (): ConnectionView['status'] {
    return this.actor.alive ? this.work.status : 'closed'
  }

  get stats (): MuxedLinkStats {
    return this.link.stats
  }

  get streams (): readonly Stream[] {
    return allOf(this.work.live)
  }
}

const keepAlive: ConnectionMessage = { type: 'connection.keep-alive' }

function refuse ({ id, replyTo }: OpenStream, failure: Failure): void {
  replyTo.tell({ type: 'stream.failed', id, failure })
}

function withoutPeer (address: Multiaddr): Multiaddr {
  return address.withoutPeer() ?? address
}

const childDown = (down: Extract<ConnectionMessage, { readonly type: 'connection.child-down' }>['down']): ConnectionMessage => ({ type: 'connection.child-down', down })

function workOf (body: ConnectionBody): ConnectionWork {
  if (body instanceof ConnectionWork) return body
  throw new TypeError('body: must be the work of a connection')
}
