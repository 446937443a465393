/** Identify: the service `/node/protocols/identify`, and one actor per exchange below it. */
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
  readonly connection: string
  readonly protocolVersion: string | undefined
  readonly agentVersion: string | undefined
  readonly protocols: readonly string[]
  /** Unverified. */
  readonly listenAddresses: readonly Multiaddr[]
  /** Where it sees us. */
  readonly observedAddress: Multiaddr | undefined
  /** Of a signed record whose signature and peer were checked. */
  readonly record: { readonly seq: bigint, readonly envelope: Uint8Array, readonly addresses: readonly Multiaddr[] } | undefined
}

export type IdentifyMessage =
  /** From: Swarm, address manager, protocol registry, to which it has subscribed. */
  | SwarmEvent
  | AddressEvent
  | ProtocolsEvent
  /** From: an exchange, once. */
  | { readonly type: 'identify.succeeded', readonly result: IdentifyResult }
  | { readonly type: 'identify.failed', readonly connection: string, readonly peer: PeerId, readonly failure: Failure }
  /** From: the handler of a push. */
  | { readonly type: 'identify.pushed', readonly result: IdentifyResult }
  | { readonly type: 'identify.exchange-down', readonly down: Down }
  /** Own timer: our own news have settled, and are pushed. */
  | { readonly type: 'identify.push-due' }

export type IdentifyExchangeMessage =
  | StreamOutcome
  | { readonly type: 'exchange.read', readonly result: IdentifyResult }
  | { readonly type: 'exchange.sent' }
  | { readonly type: 'exchange.failed', readonly failure: Failure }
  | { readonly type: 'exchange.timeout' }

/** What an exchange starts from. */
export interface IdentifyExchangeInput {
  readonly kind: 'identify' | 'push'
  readonly connection: ActorRef<ConnectionMessage>
  readonly info: ConnectionInfo
}

/** Emitted by the service. */
export interface PeerIdentified { readonly type: 'peer.identified', readonly result: IdentifyResult }
