/**
 * A connection: `/node/connections/<n>`. It exists from accept or dial on, owns its link to the end, and lets streams come
 * once the swarm has taken it in.
 */
import type { Direction, LinkLimits } from '../actors/contract/link.js'
import type { Down } from '../runtime/exit.js'
import type { ActorRef, ReplyTo } from '../runtime/ref.js'
import type { ErrorCode, ErrorInitiator } from './errors.js'
import type { Failure } from './failure.js'
import type { OpenStream } from './stream.js'
import type { UpgradeOutcome } from './upgrade.js'
import type { PublicKey } from './value/keys.js'
import type { Multiaddr } from './value/multiaddr.js'
import type { PeerId } from './value/peer-id.js'

/** What is known of a connection once it is secured; never changes. */
export interface ConnectionInfo {
  /** `/node/connections/17` */
  readonly path: string
  readonly peer: PeerId
  readonly remoteKey: PublicKey
  readonly direction: Direction
  /** As it was dialed or seen, without the peer. */
  readonly remoteAddress: Multiaddr
  readonly localAddress: Multiaddr
  /** `/noise`; of a muxed link the name of its transport. */
  readonly security: string
  readonly muxer: string
  /** In milliseconds of the system's clock. */
  readonly openedAt: number
  /** A relay bounds it. */
  readonly limits?: LinkLimits
}

export type ConnectionMessage =
  /** From: own upgrade. Once. Late, when the connection closes already: the kernel disposes the link. */
  | UpgradeOutcome
  /** From: the kernel, when the upgrade or the streams' supervisor has ended. After `upgrade.done` that of the upgrade is expected. */
  | { readonly type: 'connection.child-down', readonly down: Down }
  /** From: Swarm, the verdict on `connection.ready`. Streams come from here on. Late after a close: ignored. */
  | { readonly type: 'connection.accepted' }
  | { readonly type: 'connection.refused', readonly failure: Failure }
  /**
   * From: a Swarm that was started anew and has found this connection in the kernel's list. Answered with `connection.resumed`
   * once it was accepted, with `connection.ready` while it waits for the verdict; before that not at all, for it will say so itself.
   */
  | { readonly type: 'connection.report', readonly replyTo: ReplyTo<ConnectionReport> }
  /** From: the kernel: whoever had it made has gone before the outcome, so nobody waits for it any more. Ignored afterwards. */
  | { readonly type: 'connection.opener-down', readonly down: Down }
  /** From: Swarm, services, facade. Answered in any state: refused while upgrading, or closing. */
  | OpenStream
  /** From: identify. What the remote speaks, so that streams for it can be lazy. */
  | { readonly type: 'connection.identified', readonly protocols: readonly string[] }
  /**
   * From: facade, Swarm, connection manager, dials. Takes no more streams, tells the remote, and ends when those that are open have ended, at the latest
   * after `graceMs`. A second one shortens the wait, and never lengthens it.
   */
  | { readonly type: 'connection.close', readonly code: ErrorCode, readonly initiator: ErrorInitiator, readonly text?: string, readonly graceMs?: number }
  /** From: facade. Ends it at once, all streams with it. */
  | { readonly type: 'connection.reset', readonly code: ErrorCode, readonly initiator: ErrorInitiator }
  /** From: own link. */
  | { readonly type: 'link.going-away', readonly code: ErrorCode, readonly wireCode?: number }
  | { readonly type: 'link.refused-stream', readonly code: ErrorCode }
  | { readonly type: 'link.pong', readonly rttMs: number }
  | { readonly type: 'link.closed', readonly code: ErrorCode, readonly text: string, readonly initiator: ErrorInitiator, readonly wireCode?: number }
  /** Own timers. */
  | { readonly type: 'connection.verdict-timeout' }
  | { readonly type: 'connection.close-timeout' }
  | { readonly type: 'connection.keep-alive' }
  | { readonly type: 'connection.pong-timeout' }
  /** From: the kernel, when it is asked to stop. */
  | { readonly type: 'connection.stop' }

/** To whoever had the connection made (a dial attempt), once: how it went. */
export type ConnectionOutcome =
  | { readonly type: 'connection.opened', readonly id: string, readonly connection: ActorRef<ConnectionMessage>, readonly info: ConnectionInfo }
  | { readonly type: 'connection.failed', readonly id: string, readonly failure: Failure }

/** Where the outcome goes. The connection gives up when that actor ends before the outcome: then the dial was given up. */
export interface ConnectionOpener {
  readonly id: string
  readonly replyTo: ActorRef<ConnectionOutcome>
}

/** What a connection has to say to the swarm of itself. */
export type ConnectionReport =
  /** It is secured, and waits for the verdict `connection.accepted` or `connection.refused`. */
  | { readonly type: 'connection.ready', readonly connection: ActorRef<ConnectionMessage>, readonly info: ConnectionInfo }
  /** An earlier swarm has accepted it. */
  | { readonly type: 'connection.resumed', readonly connection: ActorRef<ConnectionMessage>, readonly info: ConnectionInfo, readonly closing: boolean }
