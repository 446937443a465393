/**
 * The connection manager: trims connections above the high-water mark down to the low one, and under overload ends those of the peer
 * that costs the most. It decides nothing itself: `trim.core.ts` and `overload.core.ts` do.
 *
 * What a peer is worth is the sum of its tags in the peer store. Who is protected outlives a crash of this actor.
 */
import type { ConnectionManagerMessage } from '../../messages/connection-manager.js'
import type { ConnectionMessage } from '../../messages/connection.js'
import type { ErrorCode } from '../../messages/errors.js'
import { isKept, type PeerInfo, type PeerStoreMessage, type PeerStoreReply } from '../../messages/peer-store.js'
import type { SwarmMessage } from '../../messages/swarm.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import type { Out } from '../../runtime/behavior/out.js'
import { reducer } from '../../runtime/behavior/reducer.js'
import type { ActorRef } from '../../runtime/ref.js'
import type { ConnectionView } from '../contract/directory.js'
import { Overload, overloadDefaults, type Cost, type OverloadRules } from './overload.core.js'
import { Pool, type Pooled } from './pool.core.js'
import { worthOf } from './tags.core.js'
import { chooseTrim, type Candidate, type TrimRules } from './trim.core.js'

export interface ConnectionManagerOptions extends TrimRules {
  /** Peers whose connections are never trimmed, besides those that are protected later. */
  readonly protect: readonly PeerId[]
  /** When the costliest peer has to go. */
  readonly overload: Partial<OverloadRules>
}

export const trimDefaults: TrimRules = {
  // Below what admission lets in (3,584 inbound of 4,096), so that there is always room for the next one. Limits: connections that
  // are kept open for nothing (A3, A13).
  highWater: 3072,
  // A sixth at a time: to trim one for each that comes would end connections all the time.
  lowWater: 2560,
  // As go: identify has run by then, and services have tagged whom they want.
  graceMs: 20_000
}

/** By peer: the names under which it is protected. Made once, by whoever puts the node together. */
export type ProtectedPeers = Map<string, Set<string>>

export interface ConnectionManagerInput {
  readonly peerId: PeerId
  /** Named refs, both. */
  readonly swarm: ActorRef<SwarmMessage>
  readonly peerStore: ActorRef<PeerStoreMessage>
  readonly protectedPeers: ProtectedPeers
  /** A living connection, by path. */
  readonly view: (path: string) => Pick<ConnectionView, 'account' | 'stats'> | undefined
  readonly options?: Partial<ConnectionManagerOptions>
}

type Connection = ActorRef<ConnectionMessage>

interface Manager {
  readonly input: ConnectionManagerInput
  readonly rules: TrimRules
  readonly pool: Pool<Connection>
  readonly overload: Overload
  /** A trim waits for the peer store. */
  asking: boolean
  dueAt: number
}

interface Close {
  readonly closing: readonly Pooled<Connection>[]
  readonly code: ErrorCode
  readonly text: string
}

interface ManagerEffects {
  begin: Manager
  tick: Manager
  askPeers: Manager
  trim: { readonly manager: Manager, readonly peers: readonly PeerInfo[] }
}

const tickMs = 1000
const peerStoreMs = 5000

export const connectionManager: Behavior<ConnectionManagerMessage, ConnectionManagerInput, Manager> = reducer({
  name: 'connection-manager',
  // News of all connections can come in one turn.
  mailboxCapacity: 16_384,
  initial (input: ConnectionManagerInput, out: Out<ManagerEffects>): Manager {
    const { options = {}, peerId } = input
    const manager: Manager = {
      input,
      rules: { ...trimDefaults, ...options },
      pool: new Pool(peerId),
      overload: new Overload({ ...overloadDefaults, ...options.overload }),
      asking: false,
      dueAt: 0
    }
    out.do('begin', manager)
    return manager
  },
  step (manager, message: ConnectionManagerMessage, out: Out<ManagerEffects>): Manager {
    const { input: { protectedPeers }, pool } = manager
    switch (message.type) {
      case 'connection.opened':
        if (pool.has(message.info.path)) return manager
        pool.add(message.connection, message.info)
        if (pool.size === 1) out.timer('tick', tickMs, { type: 'manager.tick' })
        askIfMany(manager, out)
        return manager
      case 'connection.closed':
        pool.remove(message.info.path)
        if (pool.size === 0) {
          out.cancel('tick')
          manager.dueAt = 0
        }
        return manager
      case 'manager.tick':
        out.do('tick', manager)
        askIfMany(manager, out)
        return manager
      case 'manager.peers':
        manager.asking = false
        out.do('trim', { manager, peers: message.peers })
        return manager
      case 'manager.protect': {
        const peer = message.peer.toString()
        protectedPeers.set(peer, (protectedPeers.get(peer) ?? new Set()).add(message.name))
        return manager
      }
      case 'manager.unprotect': {
        const peer = message.peer.toString()
        const names = protectedPeers.get(peer)
        names?.delete(message.name)
        if (names?.size === 0) protectedPeers.delete(peer)
        return manager
      }
      case 'peer.connected':
      case 'peer.disconnected':
        return manager
    }
  },
  effects: {
    begin (actor, { input }) {
      input.swarm.tell({ type: 'swarm.subscribe', subscriber: actor.self })
    },
    tick (actor, manager) {
      const now = actor.now()
      const lagMs = manager.dueAt === 0 ? 0 : now - manager.dueAt
      manager.dueAt = now + tickMs
      actor.timer('tick', tickMs, { type: 'manager.tick' })
      const shed = manager.overload.sample(costs(manager), lagMs)
      if (shed === undefined) return
      actor.log('warn', `overload: the connections of ${shed.peer} are closed, the costliest peer: ${shed.text}`, { code: shed.code })
      close(manager, { closing: pooled(manager, shed.paths), code: shed.code, text: shed.text })
    },
    askPeers (actor, { input: { peerStore } }) {
      actor.ask<PeerStoreReply, PeerStoreMessage>(peerStore, replyTo => ({ type: 'peer-store.all', id: actor.path, replyTo }), {
        done: reply => ({ type: 'manager.peers', peers: reply.type === 'peer-store.peers' ? reply.peers : [] }),
        // Then all are worth the same, and the other rules decide.
        failed: () => ({ type: 'manager.peers', peers: [] }),
        timeoutMs: peerStoreMs
      })
    },
    trim (actor, { manager, peers }) {
      const paths = chooseTrim(candidates(manager, peers, actor.now()), manager.rules)
      if (paths.length === 0) return
      actor.log('info', `closing ${paths.length} of ${manager.pool.size} connections, of which ${manager.rules.highWater} are kept`)
      close(manager, { closing: pooled(manager, paths), code: 'connection/trimmed', text: `there were ${manager.pool.size}, and ${manager.rules.highWater} are kept (highWater)` })
    }
  },
  describe: ({ asking, input: { protectedPeers }, pool }) => ({ connections: pool.size, protected: protectedPeers.size, trimming: asking })
})

function askIfMany (manager: Manager, out: Out<ManagerEffects>): void {
  if (manager.asking || openOnes(manager).length <= manager.rules.highWater) return
  manager.asking = true
  out.do('askPeers', manager)
}

/** Those that are closing are on their way out already. */
function openOnes ({ pool, rules }: Manager): readonly Pooled<Connection>[] {
  return pool.size <= rules.highWater ? [] : [...pool.all()].filter(({ closing }) => !closing)
}

function candidates (manager: Manager, peers: readonly PeerInfo[], now: number): readonly Candidate[] {
  const { input: { options, protectedPeers, view }, pool } = manager
  const values = new Map(peers.map(info => [info.peer.toString(), worthOf(info, now)]))
  const always = new Set([...options?.protect ?? [], ...peers.filter(info => isKept(info, now)).map(({ peer }) => peer)].map(String))
  return openOnes(manager).map(({ info: { direction, limits, openedAt, path, peer: id } }) => {
    const peer = id.toString()
    const { inboundStreams = 0, outboundStreams = 0 } = view(path)?.stats ?? {}
    return {
      path,
      value: values.get(peer) ?? 0,
      protected: always.has(peer) || protectedPeers.has(peer),
      ageMs: now - openedAt,
      streams: inboundStreams + outboundStreams,
      inbound: direction === 'inbound',
      relayed: limits !== undefined,
      spare: pool.spare(path)
    }
  })
}

function costs ({ input: { view }, pool }: Manager): readonly Cost[] {
  return [...pool.all()].flatMap(({ info: { path, peer } }) => {
    const connection = view(path)
    return connection === undefined ? [] : [{ path, peer: peer.toString(), cpuMs: connection.account.cpuMs, bytes: connection.stats.unreadBytes + connection.stats.queuedBytes }]
  })
}

function pooled ({ pool }: Manager, paths: readonly string[]): readonly Pooled<Connection>[] {
  const wanted = new Set(paths)
  return [...pool.all()].filter(({ info }) => wanted.has(info.path))
}

function close ({ pool }: Manager, { closing, code, text }: Close): void {
  for (const { connection, info } of closing) {
    pool.closing(info.path)
    connection.tell({ type: 'connection.close', code, initiator: 'local', text, graceMs: 0 })
  }
}
