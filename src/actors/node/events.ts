import type { Observable } from 'rxjs'
import type { AddressEvent } from '../../messages/address-manager.js'
import type { ErrorCode, ErrorInitiator, NetworkError } from '../../messages/errors.js'
import { failureError } from '../../messages/failure.js'
import type { IdentifyEvent, IdentifyResult } from '../../messages/identify.js'
import type { PeerInfo, PeerStoreEvent } from '../../messages/peer-store.js'
import type { ProtocolsEvent } from '../../messages/protocol-registry.js'
import type { StartupEvent } from '../../messages/startup.js'
import type { SwarmEvent } from '../../messages/swarm.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import { observable } from '../../runtime/inspect/observe.js'
import type { System } from '../../runtime/system.js'
import type { Connection } from './connection.js'

/** What a node tells its user, by name. The names are those of js-libp2p where it has one. */
export interface NodeEventDetails {
  /** The first connection to a peer is open. */
  readonly 'peer:connect': PeerId
  /** The last connection to a peer has ended. */
  readonly 'peer:disconnect': PeerId
  /** A peer has said what it is and speaks. */
  readonly 'peer:identify': IdentifyResult
  /** Something in the peer store has changed. */
  readonly 'peer:update': PeerInfo
  readonly 'connection:open': Connection
  readonly 'connection:close': ClosedConnection
  /** The addresses under which this node can be reached have changed; this is all of them. */
  readonly 'self:addresses': readonly Multiaddr[]
  /** What this node tells others of itself has changed: its addresses, or its protocols. */
  readonly 'self:peer:update': SelfInfo
  /** The peer store's datastore could not be opened, read or written, or held what was damaged. The node goes on. */
  readonly 'store:failed': NetworkError
  /** The known good peers have been dialed. */
  readonly 'startup:done': { readonly tried: number, readonly connected: number }
  /** The protocols that this node speaks have changed; this is all of them. */
  readonly 'self:protocols': readonly string[]
}

export interface SelfInfo {
  readonly peer: PeerId
  /** With the peer id. */
  readonly addresses: readonly Multiaddr[]
  readonly protocols: readonly string[]
}

/** Why a connection has ended. */
export interface ClosedConnection {
  readonly connection: Connection
  readonly code: ErrorCode
  readonly initiator: ErrorInitiator
  readonly text: string
}

export type NodeEventName = keyof NodeEventDetails

export type NodeEvent = { readonly [N in NodeEventName]: { readonly type: N, readonly detail: NodeEventDetails[N] } }[NodeEventName]

export type NodeEventListener<N extends NodeEventName> = (event: { readonly type: N, readonly detail: NodeEventDetails[N] }) => void

/** What actors emit that is news for users. */
type Emitted = SwarmEvent | AddressEvent | ProtocolsEvent | PeerStoreEvent | StartupEvent | Extract<IdentifyEvent, { type: 'peer.identified' }>

/**
 * News for the user: a view of what certain actors emit, so that watching changes nothing. Listeners are called in the order of
 * what happened; one that throws is removed and reported, and nobody else notices.
 */
export class NodeEvents {
  private readonly system: System
  private readonly connectionOf: (path: string) => Connection | undefined
  private readonly self: () => SelfInfo
  /** Those that were told of, until their end is told too: then they are in the directory no more. */
  private readonly open = new Map<string, Connection>()
  private readonly listeners = new Map<NodeEventName, Set<NodeEventListener<NodeEventName>>>()
  private readonly sinks = new Set<(event: NodeEvent) => void>()

  constructor (system: System, connectionOf: (path: string) => Connection | undefined, self: () => SelfInfo) {
    this.system = system
    this.connectionOf = connectionOf
    this.self = self
    system.trace.add((_, actor, subject) => {
      const emitted = subject as Emitted
      const event = this.eventOf(emitted)
      // Anybody may emit anything: news are only what comes from those whose business it is.
      if (event === undefined || actor.path !== emitters[emitted.type]?.replace('/node', `/${system.name}`)) return
      this.publish(event)
      if (emitted.type === 'addresses.changed' || emitted.type === 'protocols.changed') this.publish({ type: 'self:peer:update', detail: this.self() })
    }, ['emitted'])
  }

  /** Whether the opening of this connection was told, and not yet its end. */
  isOpen (path: string): boolean {
    return this.open.has(path)
  }

  /** @throws TypeError for a name that there is none of, or a listener that is no function */
  add<N extends NodeEventName> (name: N, listener: NodeEventListener<N>): void {
    if (!eventNames.includes(name)) throw new TypeError(`name: there is no event '${name as string}'; there are ${eventNames.join(', ')}`)
    if (typeof listener !== 'function') throw new TypeError(`listener: must be a function; got ${typeof listener}`)
    const known = this.listeners.get(name) ?? new Set()
    this.listeners.set(name, known.add(listener as unknown as NodeEventListener<NodeEventName>))
  }

  remove<N extends NodeEventName> (name: N, listener: NodeEventListener<N>): void {
    this.listeners.get(name)?.delete(listener as unknown as NodeEventListener<NodeEventName>)
  }

  /** All of them, for rxjs. Completes when the node has stopped. */
  get all (): Observable<NodeEvent> {
    return observable<NodeEvent>(sink => {
      const hear = (event: NodeEvent): void => { sink.next(event) }
      this.sinks.add(hear)
      const stopWaiting = this.system.trace.add(() => { sink.complete() }, ['ended'])
      return () => {
        this.sinks.delete(hear)
        stopWaiting()
      }
    }, error => { this.removed(error, 'events$') })
  }

  private publish (event: NodeEvent): void {
    for (const sink of this.sinks) sink(event)
    const listeners = this.listeners.get(event.type)
    if (listeners === undefined) return
    for (const listener of [...listeners]) {
      try {
        listener(event)
      } catch (error) {
        listeners.delete(listener)
        this.removed(error, event.type)
      }
    }
  }

  private removed (error: unknown, what: string): void {
    this.system.trace.report('observer-removed', this.system.root, error, what)
  }

  private eventOf (emitted: Emitted): NodeEvent | undefined {
    switch (emitted.type) {
      case 'peer.connected': return { type: 'peer:connect', detail: emitted.peer }
      case 'peer.disconnected': return { type: 'peer:disconnect', detail: emitted.peer }
      case 'peer.identified': return { type: 'peer:identify', detail: emitted.result }
      case 'peer.updated': return { type: 'peer:update', detail: emitted.info }
      case 'peer-store.failed': return { type: 'store:failed', detail: failureError(emitted.failure) }
      case 'startup.done': return { type: 'startup:done', detail: { tried: emitted.tried, connected: emitted.connected } }
      case 'addresses.changed': return { type: 'self:addresses', detail: emitted.addresses }
      case 'protocols.changed': return { type: 'self:protocols', detail: emitted.protocols }
      case 'connection.opened': {
        const connection = this.connectionOf(emitted.info.path)
        if (connection === undefined) return undefined
        this.open.set(emitted.info.path, connection)
        return { type: 'connection:open', detail: connection }
      }
      case 'connection.closed': {
        const { code, info, initiator, text } = emitted
        const connection = this.open.get(info.path)
        this.open.delete(info.path)
        return connection && { type: 'connection:close', detail: { connection, code, initiator, text } }
      }
      default: return undefined
    }
  }
}

const eventNames: readonly string[] = Object.keys({
  'peer:connect': true, 'peer:disconnect': true, 'peer:identify': true, 'peer:update': true, 'connection:open': true, 'connection:close': true,
  'self:addresses': true, 'self:protocols': true, 'self:peer:update': true, 'store:failed': true, 'startup:done': true
} satisfies Record<NodeEventName, true>)

/** Whose news each is. */
const emitters: Readonly<Record<Emitted['type'], string>> = {
  'peer.connected': '/node/network/swarm',
  'peer.disconnected': '/node/network/swarm',
  'connection.opened': '/node/network/swarm',
  'connection.closed': '/node/network/swarm',
  'peer.identified': '/node/protocols/identify',
  'peer.updated': '/node/services/peer-store',
  'peer-store.failed': '/node/services/peer-store',
  'startup.done': '/node/network/startup',
  'addresses.changed': '/node/services/address-manager',
  'protocols.changed': '/node/services/protocol-registry'
}
