/** The peer store: `/node/services/peer-store`. What is known of other peers, bounded in all and per peer. */
import type { ReplyTo } from '../runtime/ref.js'
import type { Multiaddr } from './value/multiaddr.js'
import type { PeerId } from './value/peer-id.js'
import type { PublicKey } from './value/keys.js'

export interface PeerAddress {
  /** Without the peer id. */
  readonly address: Multiaddr
  /** From a record that the peer has signed. */
  readonly certified: boolean
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
  /** In milliseconds of the system's clock. */
  readonly updatedAt: number
}

/** What is to be changed; a field left out stays. */
export interface PeerPatch {
  readonly publicKey?: PublicKey
  /** Are added. */
  readonly addresses?: readonly Multiaddr[]
  /** Addresses of a verified record, with it: replace the certified ones of an older record; a stale `seq` changes nothing. */
  readonly record?: { readonly seq: bigint, readonly envelope: Uint8Array, readonly addresses: readonly Multiaddr[] }
  /** Replace. */
  readonly protocols?: readonly string[]
  readonly agentVersion?: string
  readonly protocolVersion?: string
  /** A value of null deletes the key. */
  readonly metadata?: Readonly<Record<string, Uint8Array | null>>
}

export type PeerStoreMessage =
  /** From: identify, facade, dials. Answered when `replyTo` is given. */
  | { readonly type: 'peer-store.merge', readonly peer: PeerId, readonly patch: PeerPatch, readonly id?: string, readonly replyTo?: ReplyTo<PeerStoreReply> }
  | { readonly type: 'peer-store.get', readonly id: string, readonly peer: PeerId, readonly replyTo: ReplyTo<PeerStoreReply> }
  | { readonly type: 'peer-store.all', readonly id: string, readonly replyTo: ReplyTo<PeerStoreReply> }
  | { readonly type: 'peer-store.forget', readonly id: string, readonly peer: PeerId, readonly replyTo: ReplyTo<PeerStoreReply> }
  /** From: Swarm. Connected peers are not evicted. */
  | { readonly type: 'peer-store.connected', readonly peer: PeerId }
  | { readonly type: 'peer-store.disconnected', readonly peer: PeerId }

export type PeerStoreReply =
  | { readonly type: 'peer-store.peer', readonly id: string, readonly info: PeerInfo | undefined }
  | { readonly type: 'peer-store.peers', readonly id: string, readonly peers: readonly PeerInfo[] }

/** Emitted when something of a peer has changed. */
export interface PeerUpdated { readonly type: 'peer.updated', readonly info: PeerInfo }
