import type { ErrorCode } from '../../messages/errors.js'
import { addressSources, type PatchMode, type PeerInfo, type PeerPatch, type PeerStoreMessage, type PeerStoreReply } from '../../messages/peer-store.js'
import { sameBytes } from '../../messages/value/bytes.js'
import { PublicKey } from '../../messages/value/keys.js'
import { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import { openPeerRecord } from '../../messages/value/peer-record.js'
import { isProtocolId } from '../../messages/value/protocol-id.js'
import { DecodeFailure } from '../../messages/wire/failure.js'
import type { CryptoProvider } from '../../runtime/crypto/provider.js'
import { checkNumber, checkOptions } from '../../runtime/errors.js'
import type { ActorRef, ReplyTo } from '../../runtime/ref.js'
import { checkWait, type Road, type WaitOptions } from './road.js'
import { peerOf } from './target.js'

/** Which peers, in which order. */
export interface PeerQuery extends WaitOptions {
  /** All must hold. */
  readonly filters?: ReadonlyArray<(peer: PeerInfo) => boolean>
  /** As for `sort`; the first that tells two peers apart decides. */
  readonly orders?: ReadonlyArray<(a: PeerInfo, b: PeerInfo) => number>
  readonly offset?: number
  readonly limit?: number
}

export interface ConsumePeerRecordOptions extends WaitOptions {
  /** The record must be of this peer. */
  readonly expectedPeer?: PeerId | string
}

/** How to reach a peer, fit for JSON. */
export interface PeerAddresses {
  readonly peer: PeerId
  readonly addresses: readonly Multiaddr[]
}

/**
 * What is known of other peers. Every answer is a value of that moment. Names are those of js-libp2p.
 *
 * A change holds at once, in memory. With a datastore it is on disk after `writeDelayMs`, or when `flush` has resolved.
 */
export class PeerStore {
  readonly #road: Road
  readonly #actor: ActorRef<PeerStoreMessage>
  readonly #crypto: CryptoProvider

  /** @internal */
  constructor (road: Road, actor: ActorRef<PeerStoreMessage>, crypto: CryptoProvider) {
    this.#road = road
    this.#actor = actor
    this.#crypto = crypto
  }

  /** Undefined when nothing is known of it. */
  async get (peer: PeerId | string, options: WaitOptions = {}): Promise<PeerInfo | undefined> {
    const id = peerOf(peer)
    return this.#one('get', options, (request, replyTo) => ({ type: 'peer-store.get', id: request, peer: id, replyTo }))
  }

  async has (peer: PeerId | string, options: WaitOptions = {}): Promise<boolean> {
    return await this.get(peer, options) !== undefined
  }

  /** The short form of `get`. */
  async getInfo (peer: PeerId | string, options: WaitOptions = {}): Promise<PeerAddresses | undefined> {
    const info = await this.get(peer, options)
    return info && { peer: info.peer, addresses: info.addresses.map(({ address }) => address) }
  }

  async all (query: PeerQuery = {}): Promise<readonly PeerInfo[]> {
    const { filters = [], orders = [], offset = 0, limit = Infinity, ...options } = query
    checkNumber('all', 'offset', offset)
    checkNumber('all', 'limit', limit === Infinity ? undefined : limit)
    const reply = await this.#ask('all', options, (id, replyTo) => ({ type: 'peer-store.all', id, replyTo }))
    if (reply.type !== 'peer-store.peers') return []
    return reply.peers
      .filter(peer => filters.every(filter => filter(peer)))
      .sort((a, b) => orders.reduce((found, order) => found === 0 ? order(a, b) : found, 0))
      .slice(offset, offset + limit)
  }

  async forEach (visit: (peer: PeerInfo) => void, query: PeerQuery = {}): Promise<void> {
    for (const peer of await this.all(query)) visit(peer)
  }

  /**
   * Adds to what is known: addresses, metadata and tags are added, other fields replaced. Returns what is known then; undefined
   * when there is no room for one more peer.
   * @throws (as rejection) TypeError that names the field that is wrong
   */
  async merge (peer: PeerId | string, patch: PeerPatch, options: WaitOptions = {}): Promise<PeerInfo | undefined> {
    return this.#change('merge', peer, patch, options)
  }

  /** As `merge`, but each field that is named is replaced. */
  async patch (peer: PeerId | string, patch: PeerPatch, options: WaitOptions = {}): Promise<PeerInfo | undefined> {
    return this.#change('patch', peer, patch, options)
  }

  /** As `patch`, and what is not named is forgotten. */
  async save (peer: PeerId | string, patch: PeerPatch, options: WaitOptions = {}): Promise<PeerInfo | undefined> {
    return this.#change('save', peer, patch, options)
  }

  /** Forgets the peer; returns what was known. */
  async delete (peer: PeerId | string, options: WaitOptions = {}): Promise<PeerInfo | undefined> {
    const id = peerOf(peer)
    return this.#one('delete', options, (request, replyTo) => ({ type: 'peer-store.forget', id: request, peer: id, replyTo }))
  }

  /**
   * Takes the addresses of a signed peer record (RFC 0003) that came by any way.
   *
   * @returns false when a newer one is known, or it is larger than the limits allow
   * @throws (as rejection) NetworkError `record/malformed`, `record/unknown-type`, `record/bad-signature`, `record/peer-mismatch`
   */
  async consumePeerRecord (bytes: Uint8Array, options: ConsumePeerRecordOptions = {}): Promise<boolean> {
    if (!(bytes instanceof Uint8Array)) throw new TypeError('consumePeerRecord: argument \'bytes\' must be a Uint8Array')
    const { expectedPeer, ...wait } = options
    const expected = expectedPeer === undefined ? undefined : peerOf(expectedPeer)
    const signed = openPeerRecord(bytes, this.#crypto)
    if (signed instanceof DecodeFailure) throw this.#road.failed({ code: recordCodes[signed.code] ?? 'record/malformed', detail: signed.toString() })
    const { peerId, seq, addresses } = signed.record
    if (expected?.equals(peerId) === false) throw this.#road.failed({ code: 'record/peer-mismatch', detail: `it is of ${peerId.toString()}, not of ${expected.toString()}` })
    // A copy: the caller's may change.
    const envelope = new Uint8Array(bytes)
    const info = await this.#change('merge', peerId, { record: { seq, envelope, addresses } }, wait)
    return info?.record !== undefined && sameBytes(info.record.envelope, envelope)
  }

  /**
   * Resolved when all that was changed before the call is in the datastore; at once when there is none.
   * @throws (as rejection) NetworkError `store/...` when it cannot be brought there now; it stays in memory, and is tried again
   */
  async flush (options: WaitOptions = {}): Promise<void> {
    const { timeoutMs = flushMs } = options
    const reply = await this.#ask('flush', { ...options, timeoutMs }, (id, replyTo) => ({ type: 'peer-store.flush', id, replyTo }))
    if (reply.type === 'peer-store.flushed' && reply.failure !== undefined) throw this.#road.failed(reply.failure)
  }

  async #change (how: PatchMode, peer: PeerId | string, patch: PeerPatch, options: WaitOptions): Promise<PeerInfo | undefined> {
    const id = peerOf(peer)
    checkPatch(patch)
    // The caller's list may change.
    const kept: PeerPatch = { source: 'user', ...patch, ...patch.protocols && { protocols: [...patch.protocols] } }
    return this.#one(how, options, (request, replyTo) => ({ type: 'peer-store.merge', how, id: request, peer: id, patch: kept, replyTo }))
  }

  async #one (where: string, options: WaitOptions, question: Question): Promise<PeerInfo | undefined> {
    const reply = await this.#ask(where, options, question)
    return reply.type === 'peer-store.peer' ? reply.info : undefined
  }

  async #ask (where: string, options: WaitOptions, question: Question): Promise<PeerStoreReply> {
    checkWait(where, options)
    return this.#road.ask<PeerStoreMessage, PeerStoreReply>({ to: this.#actor, ask: (id, _, replyTo) => question(id, replyTo) }, options, answerMs)
  }
}

type Question = (id: string, replyTo: ReplyTo<PeerStoreReply>) => PeerStoreMessage

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
  source: { must: addressSources.join(', '), fits: value => (addressSources as readonly unknown[]).includes(value) },
  record: {
    must: 'a seq, an envelope and its addresses',
    fits: value => isObject(value) && 'seq' in value && typeof value.seq === 'bigint' && 'envelope' in value && value.envelope instanceof Uint8Array && 'addresses' in value && isAddresses(value.addresses)
  },
  protocols: { must: 'a list of protocol ids', fits: value => Array.isArray(value) && value.every(id => typeof id === 'string' && isProtocolId(id)) },
  agentVersion: { must: 'a text', fits: isText },
  protocolVersion: { must: 'a text', fits: isText },
  metadata: { must: 'an object whose values are Uint8Arrays, or null', fits: value => isObject(value) && Object.values(value).every(bytes => bytes === null || bytes instanceof Uint8Array) },
  tags: { must: 'an object whose values are { value, ttlMs }, a whole number from 0 to 100 and a number of milliseconds, or null', fits: value => isObject(value) && Object.values(value).every(isTag) }
}

function isTag (tag: unknown): boolean {
  if (tag === null) return true
  if (!isObject(tag)) return false
  const { value = 0, ttlMs = 0, ...rest } = tag as { readonly value?: unknown, readonly ttlMs?: unknown }
  return Object.keys(rest).length === 0 && Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 100 && typeof ttlMs === 'number' && ttlMs >= 0
}

const recordCodes: Readonly<Partial<Record<DecodeFailure['code'], ErrorCode>>> = {
  'bad-signature': 'record/bad-signature',
  'peer-mismatch': 'record/peer-mismatch',
  'unknown-type': 'record/unknown-type'
}

/** Enough for an actor that has a full mailbox before it, and a datastore to read. */
const answerMs = 15_000
/** Enough for a batch under way, and one's own. */
const flushMs = 30_000
