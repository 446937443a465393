/** Listening: `/node/network/listeners`, and one actor per address below it, which is started anew when it fails. */
import type { ReplyTo } from '../runtime/ref.js'
import type { Failure } from './failure.js'
import type { Multiaddr } from './value/multiaddr.js'

export type ListenersMessage =
  /** From: facade. Listens on one more address; the first failure is an answer, later ones are crashes that a supervisor copes with. */
  | { readonly type: 'listeners.listen', readonly id: string, readonly address: Multiaddr, readonly replyTo: ReplyTo<ListenOutcome> }
  /** From: facade. Stops listening; connections stay. Answered with `listen.closed`, also when nobody listened there. */
  | { readonly type: 'listeners.close', readonly id: string, readonly address: Multiaddr, readonly replyTo: ReplyTo<ListenOutcome> }
  /** From: a listener, at each start of it. */
  | { readonly type: 'listener.listening', readonly listener: string, readonly addresses: readonly Multiaddr[] }
  /** From: a listener, before it crashes. */
  | { readonly type: 'listener.failed', readonly listener: string, readonly failure: Failure }

export type ListenOutcome =
  | { readonly type: 'listen.done', readonly id: string, readonly addresses: readonly Multiaddr[] }
  | { readonly type: 'listen.failed', readonly id: string, readonly failure: Failure }
  | { readonly type: 'listen.closed', readonly id: string }

export type ListenerMessage =
  /** From: the transport, by way of `io`. */
  | { readonly type: 'transport.listening', readonly addresses: readonly Multiaddr[] }
  | { readonly type: 'transport.failed', readonly failure: Failure }
