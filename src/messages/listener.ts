/** Listening: `/node/network/listeners`, and one actor per address below it (`listeners/tcp-1`), which is started anew when it fails. */
import type { Down } from '../runtime/exit.js'
import type { ReplyTo } from '../runtime/ref.js'
import type { AddressManagerMessage } from './address-manager.js'
import type { Failure } from './failure.js'
import type { Multiaddr } from './value/multiaddr.js'

export type ListenersMessage =
  /** From: facade. Listens on one more address; the first failure is an answer, later ones are crashes that a supervisor copes with. */
  | { readonly type: 'listeners.listen', readonly id: string, readonly address: Multiaddr, readonly replyTo: ReplyTo<ListenOutcome> }
  /** From: facade. Stops listening; connections stay. Answered with `listen.closed`, also when nobody listened there. */
  | { readonly type: 'listeners.close', readonly id: string, readonly address: Multiaddr, readonly replyTo: ReplyTo<ListenOutcome> }
  /**
   * From: facade, when the node stops: listens nowhere any more, so that nobody comes in while all go out. Answered as `listeners.close`.
   */
  | { readonly type: 'listeners.stop', readonly id: string, readonly replyTo: ReplyTo<ListenOutcome> }
  /** From: a listener, at each start of it. `listener` is its name. */
  | { readonly type: 'listener.listening', readonly listener: string, readonly addresses: readonly Multiaddr[] }
  /** From: a listener that could not start. It waits for what is to become of it: an end, or `listener.escalate`. */
  | { readonly type: 'listener.failed', readonly listener: string, readonly failure: Failure }
  /** From: the kernel: a listener that was to be closed has ended. */
  | { readonly type: 'listener.down', readonly listener: string, readonly down: Down }

/** Emitted by the listeners, for `events$`. */
export type ListenersEvent =
  /** One listens, the first time or again. */
  | { readonly type: 'listeners.opened', readonly addresses: readonly Multiaddr[] }
  | { readonly type: 'listeners.closed', readonly addresses: readonly Multiaddr[] }

export type ListenOutcome =
  | { readonly type: 'listen.done', readonly id: string, readonly addresses: readonly Multiaddr[] }
  | { readonly type: 'listen.failed', readonly id: string, readonly failure: Failure }
  | { readonly type: 'listen.closed', readonly id: string }

export type ListenerMessage =
  /** From: the transport, by way of `io`. */
  | { readonly type: 'transport.listening', readonly addresses: readonly Multiaddr[] }
  | { readonly type: 'transport.failed', readonly failure: Failure }
  /** Own timer: the transport has said neither. */
  | { readonly type: 'listener.start-timeout' }
  /** From: Listeners: nobody waits for this failure as an answer, so crash with it: supervision tries again, later and later. */
  | { readonly type: 'listener.escalate' }
  /** From: an address manager that was started anew. Answered with `address.listening` once it listens; before, it will say so itself. */
  | { readonly type: 'listener.report', readonly replyTo: ReplyTo<AddressManagerMessage> }
