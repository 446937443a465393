/** The address manager: `/node/services/address-manager`. Knows under which addresses this node can be reached. */
import type { Down } from '../runtime/exit.js'
import type { ActorRef, ReplyTo } from '../runtime/ref.js'
import type { ConnectionInfo } from './connection.js'
import type { Multiaddr } from './value/multiaddr.js'

export type AddressManagerMessage =
  /** From: a listener, each time it listens; it is watched, and its addresses go when it ends. */
  | { readonly type: 'address.listening', readonly listener: ActorRef<never>, readonly addresses: readonly Multiaddr[] }
  | { readonly type: 'address.listener-down', readonly down: Down }
  /** From: identify. Where a peer says that it sees us. One word among many: believed when enough others say the same. */
  | { readonly type: 'address.observed', readonly address: Multiaddr, readonly connection: ActorRef<never>, readonly info: ConnectionInfo }
  /** From: the kernel: the connection of an observation has ended, which lingers a while. */
  | { readonly type: 'address.observer-down', readonly down: Down }
  /** Own timer: observations have come or gone. And what follows from them, from itself. */
  | { readonly type: 'address.judge' }
  | { readonly type: 'address.believed', readonly addresses: readonly Multiaddr[] }
  /** From: facade. What is known now, also of listeners that have told of themselves just before the question. */
  | { readonly type: 'address.get', readonly id: string, readonly replyTo: ReplyTo<AddressList> }
  /** From: services. The current addresses come first. Ends with the subscriber. */
  | { readonly type: 'address.subscribe', readonly subscriber: ActorRef<AddressEvent> }
  | { readonly type: 'address.subscriber-down', readonly down: Down }

export interface AddressList { readonly type: 'address.list', readonly id: string, readonly addresses: readonly Multiaddr[] }

/** Emitted too. All addresses without the peer id; the list is the whole truth. */
export interface AddressEvent { readonly type: 'addresses.changed', readonly addresses: readonly Multiaddr[] }
