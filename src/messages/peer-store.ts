/**
 * The peer store: `/node/services/peer-store`. What is known of other peers, bounded in all and per peer; with a datastore it
 * is written behind, and read again at the next start.
 *
 * Questions that come before the datastore has been read are answered when it has been, or has failed. Changes hold at once.
 */
import type { ReplyTo } from '../runtime/ref.js'
import type { Failure } from './failure.js'
import type { Multiaddr } from './value/multiaddr.js'
import type { PeerId } from './value/peer-id.js'
import type { PublicKey } from './value/keys.js'

/**
 * How an address came to us, in the order of trust:
 *
 * - `gossip`: a third party has named it.
 * - `identified`: the peer has named it itself, on a connection or in a signed record.
 * - `connected`: it has led us to the peer.
 * - `user`: the application has named it.
 */
export type AddressSource = 'gossip' | 'identified' | 'connected' | 'user'

export const addressSources: readonly AddressSource[] = ['gossip', 'identified', 'connected', 'user']

export interface PeerAddress {
  /** Without the peer id. */
  readonly address: Multiaddr
  /** From a record that the peer has signed. */
  readonly certified: boolean
  readonly source: AddressSource
  /** In milliseconds of the system's clock, as all times here; Infinity: never. While the peer is connected nothing expires. */
  readonly expiresAt: number
  /** When a dial to it last succeeded. */
  readonly reachedAt?: number
  /** When a dial to it last failed. */
  readonly failedAt?: number
}

/** Tags say how much a peer is worth to the application and to services. Names as those of js-libp2p. */
export interface PeerTag {
  /** 0 to 100. */
  readonly value: number
  /** Infinity: never. */
  readonly expiresAt: number
}

/** Peers with a tag whose name begins like this are never evicted, and their connections are kept (js-libp2p's `KEEP_ALIVE`). */
export const keepAliveTag = 'keep-alive'

/** Whether a tag that holds at that time says so: then the peer is never evicted, and its connection is kept. */
export function isKept ({ tags }: Pick<PeerInfo, 'tags'>, at: number): boolean {
  for (const [name, { expiresAt }] of tags) if (name.startsWith(keepAliveTag) && expiresAt > at) return true
  return false
}

/** What is known of a peer; never changes: a newer state is a new value. */
export interface PeerInfo {
  readonly peer: PeerId
  readonly publicKey: PublicKey | undefined
  /** The most trusted and the newest first. */
  readonly addresses: readonly PeerAddress[]
  readonly protocols: readonly string[]
  readonly agentVersion: string | undefined
  readonly protocolVersion: string | undefined
  /** Of its last signed record: the sequence number, and the envelope as it came. */
  readonly record: { readonly seq: bigint, readonly envelope: Uint8Array } | undefined
  /** Free for the application. */
  readonly metadata: ReadonlyMap<string, Uint8Array>
  readonly tags: ReadonlyMap<string, PeerTag>
  /** In milliseconds of the system's clock; below zero when it was before this process began. */
  readonly updatedAt: number
}

/** What is to be changed; a field left out stays. */
export interface PeerPatch {
  readonly publicKey?: PublicKey
  readonly addresses?: readonly Multiaddr[]
  /** Of `addresses`. Default `gossip`, the least trusted; the facade says `user`. */
  readonly source?: AddressSource
  /** Addresses of a verified record, with it: replace the certified ones of an older record; a stale `seq` changes nothing. */
  readonly record?: { readonly seq: bigint, readonly envelope: Uint8Array, readonly addresses: readonly Multiaddr[] }
  /** Replace. */
  readonly protocols?: readonly string[]
  readonly agentVersion?: string
  readonly protocolVersion?: string
  /** A value of null deletes the key. */
  readonly metadata?: Readonly<Record<string, Uint8Array | null>>
  /** Null deletes the tag. `value` is 0 to 100 (default 0), `ttlMs` how long it holds (default: for ever). */
  readonly tags?: Readonly<Record<string, { readonly value?: number, readonly ttlMs?: number } | null>>
}

/**
 * What becomes of what was known: `merge` adds addresses, metadata and tags to it; `patch` replaces the fields that are named;
 * `save` forgets all of it first.
 */
export type PatchMode = 'merge' | 'patch' | 'save'

export type PeerStoreMessage =
  /** From: identify, facade, dials. Answered when `replyTo` is given. `how` is `merge` by default. */
  | { readonly type: 'peer-store.merge', readonly peer: PeerId, readonly patch: PeerPatch, readonly how?: PatchMode, readonly id?: string, readonly replyTo?: ReplyTo<PeerStoreReply> }
  | PeerStoreQuestion
  /** From: facade. Forgets the peer, in the datastore too; answered with what was known. */
  | { readonly type: 'peer-store.forget', readonly id: string, readonly peer: PeerId, readonly replyTo: ReplyTo<PeerStoreReply> }
  /** From: Swarm. Connected peers are not evicted, and their addresses do not expire. */
  | { readonly type: 'peer-store.connected', readonly peer: PeerId }
  | { readonly type: 'peer-store.disconnected', readonly peer: PeerId }
  /** From: Swarm, when a connection that we opened is there; dials, when an address of a peer led nowhere. Late: harmless. */
  | { readonly type: 'peer-store.reached', readonly peer: PeerId, readonly address: Multiaddr }
  | { readonly type: 'peer-store.unreached', readonly peer: PeerId, readonly address: Multiaddr }
  /** From: facade. Answered when all that was changed before it is in the datastore, or cannot be brought there now. */
  | { readonly type: 'peer-store.flush', readonly id: string, readonly replyTo: ReplyTo<PeerStoreReply> }
  /** From: own tasks: what the datastore held, as it was stored; that it could not be read; how a batch of changes went. */
  | { readonly type: 'peer-store.loaded', readonly peers: readonly Uint8Array[], readonly damages: readonly string[] }
  | { readonly type: 'peer-store.load-failed', readonly failure: Failure }
  | { readonly type: 'peer-store.written' }
  | { readonly type: 'peer-store.write-failed', readonly failure: Failure }
  /** Own timers: what was changed is to be written now; what has expired is to go. */
  | { readonly type: 'peer-store.write-due' }
  | { readonly type: 'peer-store.sweep' }
  /** From: the kernel, when it is asked to stop: what was changed is written first. */
  | { readonly type: 'peer-store.stop' }

export type PeerStoreQuestion =
  | { readonly type: 'peer-store.get', readonly id: string, readonly peer: PeerId, readonly replyTo: ReplyTo<PeerStoreReply> }
  | { readonly type: 'peer-store.all', readonly id: string, readonly replyTo: ReplyTo<PeerStoreReply> }
  /** From: keep-alive, every few seconds. Peers that are to be kept: few, however many are known. */
  | { readonly type: 'peer-store.kept', readonly id: string, readonly replyTo: ReplyTo<PeerStoreReply> }
  /** From: startup, discovery. Peers whom we have reached before, or are to keep alive; at most `limit`, the best first. */
  | { readonly type: 'peer-store.good', readonly id: string, readonly limit: number, readonly replyTo: ReplyTo<PeerStoreReply> }

export type PeerStoreReply =
  | { readonly type: 'peer-store.peer', readonly id: string, readonly info: PeerInfo | undefined }
  | { readonly type: 'peer-store.peers', readonly id: string, readonly peers: readonly PeerInfo[] }
  /** Without `failure`: all is in the datastore, if there is one. */
  | { readonly type: 'peer-store.flushed', readonly id: string, readonly failure?: Failure }

export type PeerStoreEvent =
  | PeerUpdated
  /** The datastore could not be read or written, the first time since it last could; or held what was damaged. */
  | { readonly type: 'peer-store.failed', readonly failure: Failure }

/** Emitted when something of a peer has changed. */
export interface PeerUpdated { readonly type: 'peer.updated', readonly info: PeerInfo }
