import type { PeerInfo, PeerPatch, PeerStoreMessage, PeerStoreReply } from '../../messages/peer-store.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { ActorRef } from '../../runtime/ref.js'
import type { Road, WaitOptions } from './road.js'
import { peerOf } from './target.js'

/** What is known of other peers. Every answer is a value of that moment. */
export class PeerStore {
  readonly #road: Road
  readonly #actor: ActorRef<PeerStoreMessage>

  constructor (road: Road, actor: ActorRef<PeerStoreMessage>) {
    this.#road = road
    this.#actor = actor
  }

  /** Undefined when nothing is known of it. */
  async get (peer: PeerId | string, options: WaitOptions = {}): Promise<PeerInfo | undefined> {
    const id = peerOf(peer)
    return this.#one(options, (request, replyTo) => ({ type: 'peer-store.get', id: request, peer: id, replyTo }))
  }

  async all (options: WaitOptions = {}): Promise<readonly PeerInfo[]> {
    const reply = await this.#ask(options, (id, replyTo) => ({ type: 'peer-store.all', id, replyTo }))
    return reply.type === 'peer-store.peers' ? reply.peers : []
  }

  /** Adds to what is known: addresses are added, other fields replaced. Returns what is known then. */
  async merge (peer: PeerId | string, patch: PeerPatch, options: WaitOptions = {}): Promise<PeerInfo | undefined> {
    const id = peerOf(peer)
    return this.#one(options, (request, replyTo) => ({ type: 'peer-store.merge', id: request, peer: id, patch, replyTo }))
  }

  /** Forgets the peer; returns what was known. */
  async delete (peer: PeerId | string, options: WaitOptions = {}): Promise<PeerInfo | undefined> {
    const id = peerOf(peer)
    return this.#one(options, (request, replyTo) => ({ type: 'peer-store.forget', id: request, peer: id, replyTo }))
  }

  async #one (options: WaitOptions, question: Question): Promise<PeerInfo | undefined> {
    const reply = await this.#ask(options, question)
    return reply.type === 'peer-store.peer' ? reply.info : undefined
  }

  #ask (options: WaitOptions, question: Question): Promise<PeerStoreReply> {
    return this.#road.ask<PeerStoreMessage, PeerStoreReply>({ to: this.#actor, ask: (id, _, replyTo) => question(id, replyTo) }, options, timeoutMs)
  }
}

type Question = (id: string, replyTo: NonNullable<Extract<PeerStoreMessage, { type: 'peer-store.merge' }>['replyTo']>) => PeerStoreMessage

/** Enough for an actor that has a full mailbox before it. */
const timeoutMs = 5000
