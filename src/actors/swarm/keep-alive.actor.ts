/**
 * Keeps connections to the peers that are tagged `keep-alive*` in the peer store: redials them when they are gone, with back-off
 * and jitter (`redial.core.ts`). The first look is at the start, so this is also how they are reached after a restart.
 *
 * Its dials go the ordinary road, by the peer's id: the swarm asks the peer store for addresses. They ignore the back-off of single
 * addresses, for this has one of its own, and a peer that moved would otherwise wait twice.
 */
import type { KeepAliveMessage } from '../../messages/keep-alive.js'
import { isKept, type PeerStoreMessage, type PeerStoreReply } from '../../messages/peer-store.js'
import type { ConnectOutcome, SwarmMessage } from '../../messages/swarm.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import type { Out } from '../../runtime/behavior/out.js'
import { reducer } from '../../runtime/behavior/reducer.js'
import type { ActorContext } from '../../runtime/context.js'
import type { ActorRef } from '../../runtime/ref.js'
import { Redial, redialDefaults, type RedialRules } from './redial.core.js'

export interface KeepAlivePeersOptions extends RedialRules {
  /** How often the tags are looked at, in milliseconds. Default 10,000: a peer that is tagged now is dialed within so long. */
  readonly lookMs: number
  /** Of each dial, in milliseconds. Default 30,000, as a user's. */
  readonly dialMs: number
}

export const keepAlivePeersDefaults: KeepAlivePeersOptions = { ...redialDefaults, lookMs: 10_000, dialMs: 30_000 }

export interface KeepAliveInput {
  /** Named refs, both. */
  readonly swarm: ActorRef<SwarmMessage>
  readonly peerStore: ActorRef<PeerStoreMessage>
  readonly options?: Partial<KeepAlivePeersOptions>
}

interface KeepAlive {
  readonly input: KeepAliveInput
  readonly options: KeepAlivePeersOptions
  /** Those that are kept, by text. */
  readonly known: Map<string, PeerId>
  readonly connected: Set<string>
  redial: Redial | undefined
  dials: number
}

interface KeepAliveEffects {
  begin: KeepAlive
  look: KeepAlive
  take: { readonly state: KeepAlive, readonly message: Extract<KeepAliveMessage, { type: 'keep-alive.peers' }> }
  dialed: { readonly state: KeepAlive, readonly message: Extract<KeepAliveMessage, { type: 'keep-alive.dialed' }> }
  changed: { readonly state: KeepAlive, readonly peer: string, readonly connected: boolean }
  dial: KeepAlive
}

export const keepAlive: Behavior<KeepAliveMessage, KeepAliveInput, KeepAlive> = reducer({
  name: 'keep-alive',
  // News of all connections can come in one turn.
  mailboxCapacity: 16_384,
  initial (input: KeepAliveInput, out: Out<KeepAliveEffects>): KeepAlive {
    const state: KeepAlive = { input, options: { ...keepAlivePeersDefaults, ...input.options }, known: new Map(), connected: new Set(), redial: undefined, dials: 0 }
    out.do('begin', state)
    return state
  },
  step (state, message: KeepAliveMessage, out: Out<KeepAliveEffects>): KeepAlive {
    switch (message.type) {
      // The snapshot of who is connected has only these.
      case 'connection.opened':
      case 'peer.connected': {
        const peer = (message.type === 'peer.connected' ? message.peer : message.info.peer).toString()
        if (!state.connected.has(peer)) out.do('changed', { state, peer, connected: true })
        state.connected.add(peer)
        return state
      }
      case 'peer.disconnected': {
        const peer = message.peer.toString()
        state.connected.delete(peer)
        out.do('changed', { state, peer, connected: false })
        return state
      }
      case 'connection.closed':
        return state
      case 'keep-alive.look':
        out.do('look', state)
        return state
      case 'keep-alive.peers':
        out.do('take', { state, message })
        return state
      case 'keep-alive.unanswered':
        return state
      case 'keep-alive.dialed':
        out.do('dialed', { state, message })
        return state
      case 'keep-alive.due':
        out.do('dial', state)
        return state
    }
  },
  effects: {
    begin (actor, state) {
      const { input: { swarm }, options } = state
      state.redial = new Redial(options, () => actor.random.next())
      swarm.tell({ type: 'swarm.subscribe', subscriber: actor.self })
      actor.timer('look', 0, { type: 'keep-alive.look' }, options.lookMs)
    },
    look (actor, { input: { peerStore }, options: { lookMs } }) {
      actor.ask<PeerStoreReply, PeerStoreMessage>(peerStore, replyTo => ({ type: 'peer-store.kept', id: actor.path, replyTo }), {
        done: reply => ({ type: 'keep-alive.peers', peers: reply.type === 'peer-store.peers' ? reply.peers : [] }),
        failed: () => ({ type: 'keep-alive.unanswered' }),
        timeoutMs: lookMs
      })
    },
    take (actor, { state, message: { peers } }) {
      const { connected, known, redial } = state
      const now = actor.now()
      const kept = peers.filter(info => isKept(info, now))
      known.clear()
      for (const { peer } of kept) known.set(peer.toString(), peer)
      const left = redial?.keep([...known.keys()], connected, now) ?? 0
      if (left > 0) actor.log('warn', `${left} peers more are tagged to be kept than may be`)
      arm(actor, state)
    },
    changed (actor, { state, peer, connected }) {
      if (connected) state.redial?.connected(peer, actor.now())
      else state.redial?.disconnected(peer, actor.now())
      arm(actor, state)
    },
    dialed (actor, { state, message: { outcome, peer } }) {
      state.redial?.dialed(peer, outcome === 'connect.done', actor.now())
      arm(actor, state)
    },
    dial (actor, state) {
      const { input: { swarm }, known, options: { dialMs }, redial } = state
      for (const text of redial?.due(actor.now()) ?? []) {
        const peer = known.get(text)
        if (peer === undefined) continue
        const id = `${actor.path}-${++state.dials}`
        const failed: KeepAliveMessage = { type: 'keep-alive.dialed', peer: text, outcome: 'connect.failed' }
        actor.ask<ConnectOutcome, SwarmMessage>(swarm, replyTo => ({ type: 'swarm.connect', id, to: { peer, addresses: [] }, deadline: actor.now() + dialMs, ignoreBackoff: true, replyTo }), {
          done: ({ type }) => ({ type: 'keep-alive.dialed', peer: text, outcome: type }),
          failed: () => failed,
          timeoutMs: dialMs + answerMs
        })
      }
      arm(actor, state)
    }
  },
  describe: ({ connected, redial }) => ({ kept: redial?.size ?? 0, dialing: redial?.dialing ?? 0, connected: connected.size })
})

/** How long after its deadline an answer may come, in milliseconds. */
const answerMs = 1000

function arm (actor: ActorContext<KeepAliveMessage>, { redial }: KeepAlive): void {
  const at = redial?.nextAt ?? Infinity
  if (at === Infinity) actor.cancelTimer('due')
  else actor.timer('due', Math.max(0, at - actor.now()), { type: 'keep-alive.due' })
}
