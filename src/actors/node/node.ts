import type { Observable } from 'rxjs'
import type { AddressList, AddressManagerMessage } from '../../messages/address-manager.js'
import type { ConnectionManagerMessage } from '../../messages/connection-manager.js'
import type { ConnectionInfo, ConnectionMessage } from '../../messages/connection.js'
import { errorTable, isErrorCode, NetworkError } from '../../messages/errors.js'
import type { ListenersMessage, ListenOutcome } from '../../messages/listener.js'
import type { PeerStoreMessage } from '../../messages/peer-store.js'
import type { ProtocolsMessage } from '../../messages/protocols.js'
import type { Negotiation, OpenStream, StreamOutcome } from '../../messages/stream.js'
import type { ConnectOutcome, HungUp, SwarmMessage } from '../../messages/swarm.js'
import { perfProtocol } from '../../messages/wire/perf.js'
import { pingProtocol } from '../../messages/wire/ping.js'
import { checkProtocolId } from '../../messages/value/protocol-id.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import { ActorError, checkNumber, checkOptions } from '../../runtime/errors.js'
import type { CryptoProvider } from '../../runtime/crypto/provider.js'
import type { ActorRef } from '../../runtime/ref.js'
import type { System } from '../../runtime/system.js'
import type { ConnectionView } from '../contract/directory.js'
import type { InboundHandler, Protocol } from '../contract/protocol.js'
import type { Stream } from '../contract/stream.js'
import { checkPerfBytes, measurePerf, type PerfProgress, type PerfResult } from '../perf/perf.js'
import { roundTrip } from '../ping/ping.js'
import { checkProtocol, protocol as makeProtocol, type ProtocolOptions } from '../protocol/protocol.js'
import type { AccessLists } from '../gater/access-lists.core.js'
import type { SharedProtocolTable } from '../protocol/protocol-table.js'
import { Connection, connectionClosed, type CloseOptions, type ConnectionRoads, type OpenStreamOptions, type ProtocolChoice } from './connection.js'
import type { Directory } from './directory.js'
import { NodeEvents, type NodeEvent, type NodeEventListener, type NodeEventName } from './events.js'
import { Access } from './access.js'
import { PeerStore } from './peer-store.js'
import { checkWait, Road, type WaitOptions } from './road.js'
import { addressOf, destinationOf, peerOf, type Target } from './target.js'
import { NodeInspector } from './why.js'

export type NodeStatus = 'starting' | 'started' | 'stopping' | 'stopped'

export interface StopNodeOptions {
  /** How long connections and services may take to end in order, in milliseconds; then they are cut. Default 5,000. */
  readonly graceMs?: number
}

/** How a peer is to be reached. */
export interface DialOptions extends WaitOptions {
  /** Tries also addresses that have failed a moment ago. Default false: they are left alone for a while, a longer one each time. */
  readonly ignoreBackoff?: boolean
}

export interface DialProtocolOptions extends OpenStreamOptions, DialOptions {}

export interface HangUpOptions extends WaitOptions {
  /** How long open streams may go on, in milliseconds. Default 1,000. */
  readonly graceMs?: number
}

/** `timeoutMs` is for connecting and opening the stream; the measurement takes as long as it takes, or until the signal. */
export interface PerfOptions extends WaitOptions {
  /** What we send. Default 0. */
  readonly uploadBytes?: number
  /** What comes back. Default 0. */
  readonly downloadBytes?: number
  readonly onProgress?: (progress: PerfProgress) => void
}

/** What `createNode` has put together for the facade. */
export interface NodeParts {
  readonly system: System
  readonly peerId: PeerId
  readonly directory: Directory
  readonly table: SharedProtocolTable
  readonly access: AccessLists
  readonly timeouts: { readonly dialMs: number, readonly streamMs: number }
  readonly crypto: CryptoProvider
  /** Tells those of the company who wait for it that the node listens. */
  readonly begin: () => void
  /** Closes what is open outside of the company, once that has ended. */
  readonly closed: () => Promise<void>
}

/**
 * A libp2p node: the one face of a company of actors, each of which may be looked at (`inspect`), killed and replaced.
 *
 * Every wait takes `{ signal, timeoutMs }` and has a default deadline; errors are `NetworkError`s with a code, except wrong
 * arguments, which are `TypeError` or `RangeError`.
 */
export class Node implements AsyncDisposable {
  readonly peerId: PeerId
  readonly peerStore: PeerStore
  /** Whom this node deals with, and whom not. */
  readonly access: Access
  readonly #parts: NodeParts
  readonly #road: Road
  readonly #events: NodeEvents
  readonly #inspect: NodeInspector
  readonly #facades = new WeakMap<ConnectionView, Connection>()
  readonly #roads: ConnectionRoads = {
    openStream: (on, protocols, options) => this.#openStream(on, protocols, options),
    close: (on, options) => this.#close(on, options)
  }

  #status: NodeStatus = 'starting'
  #stopping: Promise<void> | undefined

  /** @internal Use `createNode`. */
  constructor (parts: NodeParts) {
    this.#parts = parts
    this.peerId = parts.peerId
    this.#inspect = new NodeInspector(parts.system)
    this.#road = new Road(parts.system, () => this.#status === 'stopping' || this.#status === 'stopped')
    this.peerStore = new PeerStore(this.#road, parts.system.named<PeerStoreMessage>(this.#path('services/peer-store')), parts.crypto)
    this.access = new Access(parts.access, () => this.#swarm)
    // Before the events, the last of which says so.
    parts.system.trace.add(() => { this.#status = 'stopped' }, ['ended'])
    this.#events = new NodeEvents(parts.system, {
      self: () => ({ peer: this.peerId, addresses: this.getMultiaddrs(), protocols: this.getProtocols() }),
      reasonOf: path => this.#inspect.why(path).reason,
      connection: path => {
        const view = parts.directory.connection(path)
        return view === undefined ? undefined : this.#connection(view)
      }
    })
  }

  /** @internal The whole company has started. */
  started (): void {
    if (this.#status !== 'starting') return
    this.#status = 'started'
    this.#parts.begin()
  }

  get status (): NodeStatus {
    return this.#status
  }

  /** Looks into the living actors, and into what is left of the dead. */
  get inspect (): NodeInspector {
    return this.#inspect
  }

  /** All news as an observable of rxjs. */
  get events$ (): Observable<NodeEvent> {
    return this.#events.all
  }

  addEventListener<N extends NodeEventName> (name: N, listener: NodeEventListener<N>): void {
    this.#events.add(name, listener)
  }

  removeEventListener<N extends NodeEventName> (name: N, listener: NodeEventListener<N>): void {
    this.#events.remove(name, listener)
  }

  /** The addresses under which this node can be reached, with its peer id. */
  getMultiaddrs (): readonly Multiaddr[] {
    return this.#parts.directory.addresses.map(address => address.withPeer(this.peerId))
  }

  /** The ids of all protocols that it speaks. */
  getProtocols (): readonly string[] {
    return this.#parts.table.ids
  }

  /** The open connections, in the order in which they were opened. */
  getConnections (peer?: PeerId | string): readonly Connection[] {
    const wanted = peer === undefined ? undefined : peerOf(peer)
    const found: Connection[] = []
    for (const view of this.#views) if (wanted === undefined || view.info.peer.equals(wanted)) found.push(this.#connection(view))
    return found
  }

  /** The peers that it is connected to. */
  getPeers (): readonly PeerId[] {
    const peers = new Map<string, PeerId>()
    for (const { info: { peer } } of this.#views) peers.set(peer.toString(), peer)
    return [...peers.values()]
  }

  /**
   * Connects to a peer, or finds the connection that is there. Resolved when it is secured, muxed and accepted.
   *
   * @throws NetworkError `dial/...`, `upgrade/...`, `limit/...`, `user/aborted`, `user/timeout` (default after 30 s), `user/stopped`;
   *   TypeError for a target that is none
   */
  async dial (target: Target, options: DialOptions = {}): Promise<Connection> {
    checkWait('dial', options, 'ignoreBackoff')
    checkBackoff('dial', options)
    const to = destinationOf(target)
    const { ignoreBackoff = false, ...wait } = options
    const outcome = await this.#road.ask<SwarmMessage, ConnectOutcome>({
      to: this.#swarm,
      ask: (id, deadline, replyTo) => ({ type: 'swarm.connect', id, to, deadline, ignoreBackoff, replyTo }),
      cancel: id => ({ type: 'swarm.cancel', id })
    }, wait, this.#parts.timeouts.dialMs)
    if (outcome.type === 'connect.failed') throw this.#road.failed(outcome.failure)
    return this.#connectionOf(outcome.info)
  }

  /**
   * Opens a stream to a peer, connecting first where needed.
   *
   * @throws NetworkError as `dial`, and `stream/protocol-unsupported`, `limit/streams`, ...; TypeError for what is no target or protocol
   */
  async dialProtocol (target: Target, protocol: ProtocolChoice, options: DialProtocolOptions = {}): Promise<Stream> {
    checkOpening('dialProtocol', options, 'ignoreBackoff')
    checkBackoff('dialProtocol', options)
    const to = destinationOf(target)
    const { ignoreBackoff = false, negotiate, onLimitedConnection, ...wait } = options
    const protocols = idsOf(protocol)
    const onLimited = onLimitedConnection ?? onLimitedOf(protocol)
    return this.#stream(await this.#road.ask<SwarmMessage, StreamOutcome>({
      to: this.#swarm,
      ask: (id, deadline, replyTo) => ({
        type: 'swarm.open-stream', id, to, protocols, negotiation: negotiate ?? 'auto', onLimitedConnection: onLimited, deadline, ignoreBackoff, replyTo
      }),
      cancel: id => ({ type: 'swarm.cancel', id })
    }, wait, this.#parts.timeouts.dialMs))
  }

  /**
   * Closes all connections to the peer. Resolved when the last has ended.
   *
   * @returns how many there were
   */
  async hangUp (peer: PeerId | string, options: HangUpOptions = {}): Promise<number> {
    checkClosing('hangUp', options)
    const id = peerOf(peer)
    const { graceMs, ...wait } = options
    const { connections } = await this.#road.ask<SwarmMessage, HungUp>({
      to: this.#swarm,
      ask: (request, _, replyTo) => ({ type: 'swarm.hang-up', id: request, peer: id, replyTo, ...graceMs !== undefined && { graceMs } })
    }, wait, hangUpMs + (graceMs ?? 0))
    return connections
  }

  /**
   * The round trip to a peer over the ping protocol, in milliseconds, connecting first where needed. Opening the stream is not
   * counted.
   *
   * @throws NetworkError as `dialProtocol`; `stream/timeout` when no answer comes within `timeoutMs` (default 10 s)
   */
  async ping (target: Target, options: WaitOptions = {}): Promise<number> {
    checkWait('ping', options)
    const { system, crypto } = this.#parts
    const { signal, timeoutMs = pingMs } = options
    const stream = await this.dialProtocol(target, pingProtocol, { timeoutMs, negotiate: 'eager', ...signal && { signal } })
    const alarm = system.root.alarm(timeoutMs, () => { stream.reset('stream/timeout') })
    try {
      return await roundTrip(stream, { randomBytes: length => crypto.randomBytes(length), now: () => system.now() }, signal)
    } finally {
      alarm[Symbol.dispose]()
      void stream.close()
      stream.closeRead()
    }
  }

  /**
   * Measures throughput to and from a peer that serves `/perf/1.0.0`, connecting first where needed.
   *
   * @throws NetworkError as `dialProtocol`; `stream/ended` when fewer bytes come back than were asked for; RangeError for a number
   *   of bytes that is none
   */
  async perf (target: Target, options: PerfOptions = {}): Promise<PerfResult> {
    checkWait('perf', options, 'uploadBytes', 'downloadBytes', 'onProgress')
    const { uploadBytes = 0, downloadBytes = 0, onProgress, ...wait } = options
    checkPerfBytes('uploadBytes', uploadBytes)
    checkPerfBytes('downloadBytes', downloadBytes)
    const stream = await this.dialProtocol(target, perfProtocol, { ...wait, negotiate: 'eager' })
    const { system } = this.#parts
    return measurePerf(stream, { uploadBytes, downloadBytes, now: () => system.now(), ...onProgress && { onProgress }, ...wait.signal && { signal: wait.signal } })
  }

  /** Its connections are not trimmed from now on, however many there are, until each name that protects it was taken off. */
  protect (peer: PeerId | string, name = 'user'): void {
    this.#manager.tell({ type: 'manager.protect', peer: peerOf(peer), name })
  }

  unprotect (peer: PeerId | string, name = 'user'): void {
    this.#manager.tell({ type: 'manager.unprotect', peer: peerOf(peer), name })
  }

  /** Speaks a protocol from now on: each new inbound stream of it gets a handler of its own. As `register(protocol(id, ...))`. */
  handle (id: string | readonly string[], handler: InboundHandler, options: Omit<ProtocolOptions, 'inbound'> = {}): void {
    this.register(makeProtocol(id, { ...options, inbound: handler }))
  }

  /** As `unregister`. */
  unhandle (id: string | readonly string[]): void {
    for (const one of idsOf(id)) this.unregister(one)
  }

  /**
   * Speaks a protocol from now on, and starts its service.
   *
   * @throws NetworkError `user/protocol-taken` when another stands for one of its ids
   */
  register (protocol: Protocol): void {
    checkProtocol('register', protocol)
    this.#parts.table.register(protocol)
    const { service } = protocol
    if (service !== undefined) this.#protocols.tell({ type: 'service.start', name: service.name })
  }

  /** Speaks it no more: new streams are refused, those that are open go on. Its service ends. Unknown ones are ignored. */
  unregister (protocol: Protocol | string): void {
    const [id = ''] = idsOf(protocol)
    const gone = this.#parts.table.unregister(id)
    if (gone?.service !== undefined) this.#protocols.tell({ type: 'service.stop', name: gone.service.name })
  }

  /**
   * Listens on one more address.
   *
   * @returns where it can be reached by it: port 0 and wildcard addresses expanded
   * @throws NetworkError `listen/...`; TypeError for an address that is none
   */
  async listen (address: Multiaddr | string, options: WaitOptions = {}): Promise<readonly Multiaddr[]> {
    const on = addressOf(address, 'address')
    const outcome = await this.#listeners('listen', (id, replyTo) => ({ type: 'listeners.listen', id, address: on, replyTo }), options)
    return outcome.type === 'listen.done' ? outcome.addresses : []
  }

  /** Listens no more on an address that was given to `listen`. Connections stay. */
  async unlisten (address: Multiaddr | string, options: WaitOptions = {}): Promise<void> {
    const on = addressOf(address, 'address')
    await this.#listeners('unlisten', (id, replyTo) => ({ type: 'listeners.close', id, address: on, replyTo }), options)
  }

  /**
   * Stops listening, lets connections end in order, and stops all actors. Resolved when the last has gone; later calls wait for
   * the same.
   *
   * @throws TypeError, RangeError for a wrong option; then nothing has been stopped
   */
  async stop (options: StopNodeOptions = {}): Promise<void> {
    checkOptions('stop', options, ['graceMs'])
    checkNumber('stop', 'graceMs', options.graceMs)
    this.#stopping ??= this.#stop(options)
    return this.#stopping
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await this.stop()
  }

  async #stop ({ graceMs = stopMs }: StopNodeOptions): Promise<void> {
    const { system } = this.#parts
    if (this.#status !== 'stopped') {
      this.#status = 'stopping'
      const begun = system.now()
      // First of all nobody comes in any more: whoever came while connections end would find nobody to take him.
      await this.#stopListening(Math.min(graceMs, stopListeningMs))
      await this.#stopSystem(Math.max(0, graceMs - (system.now() - begun)))
      await this.#parts.closed()
    }
    this.#status = 'stopped'
  }

  async #stopListening (timeoutMs: number): Promise<void> {
    const { system } = this.#parts
    if (timeoutMs === 0) return
    const listeners = system.named<ListenersMessage>(this.#path('network/listeners'))
    // One that does not answer, or is being started anew, goes with all others.
    await system.ask<ListenOutcome, ListenersMessage>(listeners, replyTo => ({ type: 'listeners.stop', id: 'stop', replyTo }), { timeoutMs }).catch(() => {})
  }

  async #stopSystem (graceMs: number): Promise<void> {
    const { system } = this.#parts
    try {
      await system.stop({ graceMs })
    } catch (error) {
      // It has ended meanwhile, by itself.
      if (!(error instanceof ActorError) || error.code !== 'system/stopped') throw error
      await system.ended()
    }
  }

  async #listeners (where: string, message: (id: string, replyTo: Extract<ListenersMessage, { id: string }>['replyTo']) => ListenersMessage, options: WaitOptions): Promise<ListenOutcome> {
    checkWait(where, options)
    const to = this.#parts.system.named<ListenersMessage>(this.#path('network/listeners'))
    const outcome = await this.#road.ask<ListenersMessage, ListenOutcome>({ to, ask: (id, _, replyTo) => message(id, replyTo) }, options, listenMs)
    if (outcome.type === 'listen.failed') throw this.#road.failed(outcome.failure)
    // The address manager has been told before we were; its answer comes behind that, and so do `getMultiaddrs()`.
    const addressManager = this.#parts.system.named<AddressManagerMessage>(this.#path('services/address-manager'))
    await this.#road.ask<AddressManagerMessage, AddressList>({ to: addressManager, ask: (id, _, replyTo) => ({ type: 'address.get', id, replyTo }) }, options, listenMs)
    return outcome
  }

  /** Those that the swarm has accepted and told of: what the getters show and what the events tell is the same. */
  get #views (): readonly ConnectionView[] {
    return [...this.#parts.directory.connections].filter(({ info }) => this.#events.isOpen(info.path))
  }

  get #swarm (): ActorRef<SwarmMessage> {
    return this.#parts.system.named(this.#path('network/swarm'))
  }

  get #manager (): ActorRef<ConnectionManagerMessage> {
    return this.#parts.system.named(this.#path('network/connection-manager'))
  }

  get #protocols (): ActorRef<ProtocolsMessage> {
    return this.#parts.system.named(this.#path('protocols'))
  }

  #path (below: string): string {
    return `/${this.#parts.system.name}/${below}`
  }

  #connectionOf (info: ConnectionInfo): Connection {
    const view = this.#parts.directory.connection(info.path)
    // It may have ended since.
    if (view === undefined) throw connectionClosed(info.path)
    return this.#connection(view)
  }

  #connection (view: ConnectionView): Connection {
    let connection = this.#facades.get(view)
    if (connection === undefined) {
      connection = new Connection(view, this.#roads)
      this.#facades.set(view, connection)
    }
    return connection
  }

  async #openStream (view: ConnectionView, protocol: ProtocolChoice, options: OpenStreamOptions): Promise<Stream> {
    checkOpening('newStream', options)
    const { negotiate, onLimitedConnection, ...wait } = options
    const protocols = idsOf(protocol)
    if (view.status === 'closed') throw connectionClosed(view.info.path)
    const asked = this.#road.ask<ConnectionMessage, StreamOutcome>({
      to: view.actor,
      ask: (id, deadline, replyTo): OpenStream => ({
        type: 'stream.open', id, protocols, negotiation: negotiate ?? 'auto', deadline, replyTo, onLimitedConnection: onLimitedConnection ?? onLimitedOf(protocol)
      })
    }, wait, this.#parts.timeouts.streamMs)
    // Nobody starts a connection anew.
    return this.#stream(await asked.catch((error: unknown) => { throw isDown(error) ? connectionClosed(view.info.path) : error }))
  }

  #stream (outcome: StreamOutcome): Stream {
    if (outcome.type === 'stream.failed') throw this.#road.failed(outcome.failure)
    return outcome.handle
  }

  async #close (view: ConnectionView, options: CloseOptions): Promise<void> {
    checkClosing('close', options)
    const { code = 'connection/closed', ...rest } = options
    const { graceMs = closeGraceMs, ...wait } = code === 'connection/closed' ? rest : { ...rest, graceMs: 0 }
    if (view.status === 'closed') return
    const close: ConnectionMessage = { type: 'connection.close', code, initiator: 'user', graceMs }
    try {
      await this.#road.ask({ to: view.actor, ask: () => close, endAnswer: ended }, wait, graceMs + hangUpMs)
    } catch (error) {
      if (!(error instanceof NetworkError && error.code === 'user/stopped')) throw error
    }
  }
}

/** What opening a stream takes. @throws TypeError, RangeError that names the option */
function checkOpening (where: string, options: OpenStreamOptions, ...known: readonly string[]): void {
  checkWait(where, options, 'negotiate', 'onLimitedConnection', ...known)
  const { negotiate, onLimitedConnection } = options
  if (negotiate !== undefined && !negotiations.includes(negotiate)) throw new TypeError(`${where}: option 'negotiate' must be ${negotiations.join(', ')}; got ${negotiate as string}`)
  if (onLimitedConnection !== undefined && typeof onLimitedConnection !== 'boolean') throw new TypeError(`${where}: option 'onLimitedConnection' must be true or false`)
}

/** @throws TypeError that names the option */
function checkBackoff (where: string, { ignoreBackoff }: DialOptions): void {
  if (ignoreBackoff !== undefined && typeof ignoreBackoff !== 'boolean') throw new TypeError(`${where}: option 'ignoreBackoff' must be true or false`)
}

const negotiations: readonly Negotiation[] = ['auto', 'eager', 'lazy']

/** What closing takes. @throws TypeError, RangeError that names the option */
function checkClosing (where: string, options: CloseOptions): void {
  checkWait(where, options, 'graceMs', ...where === 'close' ? ['code'] : [])
  checkNumber(where, 'graceMs', options.graceMs)
  const { code } = options
  if (code !== undefined && !(isErrorCode(code) && errorTable[code].scope === 'connection')) throw new TypeError(`${where}: option 'code' must be a code of a connection, of the error table; got ${code}`)
}

/** @throws TypeError that names the argument */
function idsOf (protocol: ProtocolChoice): readonly string[] {
  const ids = typeof protocol === 'string' ? [protocol] : isList(protocol) ? protocol : (protocol as Partial<Protocol> | null | undefined)?.ids
  if (!Array.isArray(ids)) throw new TypeError('protocol: must be a protocol id, a list of them, or a protocol')
  if (ids.length === 0) throw new TypeError('protocol: at least one id is needed')
  for (const id of ids as readonly string[]) checkProtocolId('protocol', id)
  return ids as readonly string[]
}

function isDown (error: unknown): boolean {
  return error instanceof NetworkError && error.code === 'actor/down'
}

function isList (protocol: ProtocolChoice): protocol is readonly string[] {
  return Array.isArray(protocol)
}

function onLimitedOf (protocol: ProtocolChoice): boolean {
  return typeof protocol === 'object' && 'onLimitedConnection' in protocol && protocol.onLimitedConnection
}

/** In which everything must be over; then it is cut. */
const stopMs = 5000
/** Of that, for the listeners: closing a socket takes no time. */
const stopListeningMs = 500
const pingMs = 10_000
/** Beyond the grace of the streams: for what is on the way, and for a busy node. */
const hangUpMs = 10_000
const closeGraceMs = 1000
/** The answer to a close: an error for it, with its stack, would cost a twentieth of a dial. */
const ended = { type: 'connection.ended' } as const
const listenMs = 10_000
