/** What a service of a protocol may know of its node: names of actors, and what never changes. */
import type { AddressManagerMessage } from '../../messages/address-manager.js'
import type { PeerStoreMessage } from '../../messages/peer-store.js'
import type { ProtocolRegistryMessage } from '../../messages/protocol-registry.js'
import type { SwarmMessage } from '../../messages/swarm.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { ActorRef } from '../../runtime/ref.js'

export interface ServiceContext {
  readonly peerId: PeerId
  /** Named refs: they stay valid when those actors are restarted. */
  readonly swarm: ActorRef<SwarmMessage>
  readonly peerStore: ActorRef<PeerStoreMessage>
  readonly addressManager: ActorRef<AddressManagerMessage>
  readonly protocolRegistry: ActorRef<ProtocolRegistryMessage>
}
