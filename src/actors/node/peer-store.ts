import type { PeerInfo, PeerPatch, PeerStoreMessage, PeerStoreReply } from '../../messages/peer-store.js'
import { isProtocolId } from '../../messages/value/protocol-id.js'
import { PublicKey } from '../../messages/value/keys.js'
import { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import { checkOptions } from '../../runtime/errors.js'
import type { ActorRef } from '../../runtime/ref.js'
import { checkWait, type Road, type WaitOptions } from './road.js'
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
    return this.#one('get', options, (request, replyTo) => ({ type: 'peer-store.get', id: request, peer: id, replyTo }))
  }

  async all (options: WaitOptions = {}): Promise<readonly PeerInfo[]> {
    const reply = await this.#ask('all', options, (id, replyTo) => ({ type: 'peer-store.all', id, replyTo }))
    return reply.type === 'peer-store.peers' ? reply.peers : []
  }

  /**
   * Adds to what is known: addresses are added, other fields replaced. Returns what is known then.
   * @throws (as rejection) TypeError that names the field that is wrong
   */
  async merge (peer: PeerId | string, patch: PeerPatch, options: WaitOptions = {}): Promise<PeerInfo | undefined> {
    const id = peerOf(peer)
    checkPatch(patch)
    return this.#one('merge', options, (request, replyTo) => ({ type: 'peer-store.merge', id: request, peer: id, patch, replyTo }))
  }

  /** Forgets the peer; returns what was known. */
  async delete (peer: PeerId | string, options: WaitOptions = {}): Promise<PeerInfo | undefined> {
    const id = peerOf(peer)
    return this.#one('delete', options, (request, replyTo) => ({ type: 'peer-store.forget', id: request, peer: id, replyTo }))
  }

  async #one (where: string, options: WaitOptions, question: Question): Promise<PeerInfo | undefined> {
    const reply = await this.#ask(where, options, question)
    return reply.type === 'peer-store.peer' ? reply.info : undefined
  }

  async #ask (where: string, options: WaitOptions, question: Question): Promise<PeerStoreReply> {
    checkWait(where, options)
    return this.#road.ask<PeerStoreMessage, PeerStoreReply>({ to: this.#actor, ask: (id, _, replyTo) => question(id, replyTo) }, options, timeoutMs)
  }
}

type Question = (id: string, replyTo: NonNullable<Extract<PeerStoreMessage, { type: 'peer-store.merge' }>['replyTo']>) => PeerStoreMessage

/** Here, for there it would cost the whole store. @throws TypeError that names the field */
function checkPatch (patch: PeerPatch): void {
  checkOptions('patch', patch, Object.keys(patchFields))
  for (const [name, { must, fits }] of Object.entries(patchFields)) {
    const value = patch[name as keyof PeerPatch]
    if (value !== undefined && !fits(value)) throw new TypeError(`patch.${name}: must be ${must}`)
  }
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isAddresses = (value: unknown): boolean => Array.isArray(value) && value.every(address => address instanceof Multiaddr)
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const patchFields: Readonly<Record<keyof PeerPatch, { readonly must: string, readonly fits: (value: unknown) => boolean }>> = {
  publicKey: { must: 'a PublicKey', fits: value => value instanceof PublicKey },
  addresses: { must: 'a list of Multiaddrs', fits: isAddresses },
  record: {
    must: 'a seq, an envelope and its addresses',
    fits: value => isObject(value) && 'seq' in value && typeof value.seq === 'bigint' && 'envelope' in value && value.envelope instanceof Uint8Array && 'addresses' in value && isAddresses(value.addresses)
  },
  protocols: { must: 'a list of protocol ids', fits: value => Array.isArray(value) && value.every(id => typeof id === 'string' && isProtocolId(id)) },
  agentVersion: { must: 'a text', fits: isText },
  protocolVersion: { must: 'a text', fits: isText },
  metadata: { must: 'an object whose values are Uint8Arrays, or null', fits: value => isObject(value) && Object.values(value).every(bytes => bytes === null || bytes instanceof Uint8Array) }
}

/** Enough for an actor that has a full mailbox before it. */
const timeoutMs = 5000
