/**
 * The protocol registry: `/node/services/protocol-registry`. The table itself is synchronous and shared read-only
 * (`contract/protocol.ts`); this actor tells who wants to know that it has changed.
 */
import type { Down } from '../runtime/exit.js'
import type { ActorRef } from '../runtime/ref.js'

export type ProtocolRegistryMessage =
  /** From: the table, by way of its owner, after each change. */
  | { readonly type: 'registry.changed' }
  /** From: services. The current list comes first. Ends with the subscriber. */
  | { readonly type: 'registry.subscribe', readonly subscriber: ActorRef<ProtocolsEvent> }
  | { readonly type: 'registry.subscriber-down', readonly down: Down }

/** Emitted too. */
export interface ProtocolsEvent { readonly type: 'protocols.changed', readonly protocols: readonly string[] }
