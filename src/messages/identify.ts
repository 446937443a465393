/**
 * Identify: the service `/node/protocols/identify`, and one actor per exchange below it. Nobody asks the service anything: it
 * hears of connections, identifies who is behind them, and tells peer store, address manager and connection what it has found.
 */
import type { Down } from '../runtime/exit.js'
import type { ActorRef } from '../runtime/ref.js'
import type { AddressEvent } from './address-manager.js'
import type { ConnectionInfo, ConnectionMessage } from './connection.js'
import type { Failure } from './failure.js'
import type { ProtocolsEvent } from './protocol-registry.js'
import type { StreamOutcome } from './stream.js'
import type { SwarmEvent } from './swarm.js'
import type { Multiaddr } from './value/multiaddr.js'
import type { PeerId } from './value/peer-id.js'

/** What a peer has said of itself on one connection, verified as far as it can be. */
export interface IdentifyResult {
  readonly peer: PeerId
  /** Path of the connection. */
  readonly connection: string
  /** At most 256 letters, as `agentVersion`. */
  readonly protocolVersion: string | undefined
  readonly agentVersion: string | undefined
  /** Each once, and only those that can be negotiated. Of a push: empty when it says nothing of them. */
  readonly protocols: readonly string[]
  /** Unverified, each once, without the peer id; those that name another peer are left out. */
  readonly listenAddresses: readonly Multiaddr[]
  /** Where it sees us. */
  readonly observedAddress: Multiaddr | undefined
  /** Of a signed record whose signature and peer were checked. Whether it is stale the peer store knows. */
  readonly record: { readonly seq: bigint, readonly envelope: Uint8Array, readonly addresses: readonly Multiaddr[] } | undefined
  /** Why a record that came was dropped: a code `record/*`. */
  readonly badRecord: Failure | undefined
}

/** `identify`: we ask a peer who it is. `push`: we tell it news of us. */
export type ExchangeKind = 'identify' | 'push'

/** To whom the service has subscribed. */
export type IdentifySource = 'swarm' | 'addressManager' | 'protocolRegistry'

export type IdentifyMessage =
  /** From: Swarm. `connection.opened` begins an exchange; of one that is known already (the swarm was restarted) it is ignored. */
  | SwarmEvent
  /** From: address manager. */
  | AddressEvent
  /** From: protocol registry. */
  | ProtocolsEvent
  /** From: an exchange, once, before its end. Late, when the connection has ended: the peer store still learns of it. */
  | { readonly type: 'identify.succeeded', readonly result: IdentifyResult }
  | { readonly type: 'identify.failed', readonly kind: ExchangeKind, readonly connection: string, readonly peer: PeerId, readonly failure: Failure }
  /** From: the handler of a push that a peer has sent. */
  | { readonly type: 'identify.pushed', readonly result: IdentifyResult }
  /** From: the kernel. An exchange has ended: the next may begin. */
  | { readonly type: 'identify.exchange-down', readonly kind: ExchangeKind, readonly connection: string, readonly peer: PeerId, readonly down: Down }
  /** From: the kernel. A connection has ended. */
  | { readonly type: 'identify.connection-down', readonly down: Down }
  /** From: the kernel. Who was to send us news has ended: subscribe anew. */
  | { readonly type: 'identify.source-down', readonly source: IdentifySource, readonly down: Down }
  /** Own timers: subscribe now; our own news have settled, and are pushed. */
  | { readonly type: 'identify.subscribe', readonly source: IdentifySource }
  | { readonly type: 'identify.push-due' }

export type IdentifyExchangeMessage =
  /** From: the connection. Late, after the deadline: the kernel resets the stream. */
  | StreamOutcome
  /** From: own task. */
  | { readonly type: 'exchange.read', readonly result: IdentifyResult }
  | { readonly type: 'exchange.sent' }
  | { readonly type: 'exchange.failed', readonly failure: Failure }
  /** Own timer: the one deadline of the whole exchange. */
  | { readonly type: 'exchange.timeout' }

/** What an exchange starts from. */
export interface IdentifyExchangeInput {
  readonly kind: ExchangeKind
  readonly service: ActorRef<IdentifyMessage>
  readonly connection: ActorRef<ConnectionMessage>
  readonly info: ConnectionInfo
}

/** Emitted by the service: what a peer has said, and that none could be had from it. */
export type IdentifyEvent =
  | { readonly type: 'peer.identified', readonly result: IdentifyResult }
  | { readonly type: 'peer.identify-failed', readonly peer: PeerId, readonly connection: string, readonly kind: ExchangeKind, readonly failure: Failure }
