/**
 * Two kinds of security (design 1.5). A *core* runs in the path of the connection (Noise, plaintext). A *wrap* is somebody
 * else's machine (TLS): a task that takes the link with its left-over bytes, and returns a new link.
 */
import type { PublicKey } from '../../messages/value/keys.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Core, CoreOut, PathOut } from './core.js'
import type { Link } from './link.js'

export type Security = CoreSecurity | WrapSecurity

/** What each kind is told. */
export interface SecurityOptions {
  /** Whether we begin. It is the dialer who does, but for WebRTC Direct and some hole punches. */
  readonly initiator: boolean
  /** Who the other must be; anybody when it is not given. */
  readonly expectedPeer?: PeerId
  /** Muxers that may be agreed upon on the way, the best first; none when empty. */
  readonly muxers: readonly string[]
  /** When it must be done, in the milliseconds of `now`. */
  readonly deadline: number
  /** What both sides must know beforehand (WebRTC). Default: nothing. */
  readonly prologue?: Uint8Array
}

export interface CoreSecurity {
  readonly kind: 'core'
  /** `/noise` */
  readonly protocol: string
  handshake (options: SecurityOptions): HandshakeCore
}

export interface WrapSecurity {
  readonly kind: 'wrap'
  /** `/tls/1.0.0` */
  readonly protocol: string
  /**
   * The link and the bytes are the task's from now on; it closes the link when it fails or is aborted. It checks the expected
   * peer. Nobody listens to the link that it returns; closing that one closes both.
   *
   * @param link nobody listens to it, and it is paused
   * @param leftOver what has arrived already, to be read first
   * @throws (as rejection) NetworkError with a code `upgrade/...`; anything else counts as `upgrade/handshake-failed`
   */
  secure (link: Link, leftOver: readonly Uint8Array[], options: SecurityOptions, signal: AbortSignal): Promise<WrappedLink>
}

export interface WrappedLink extends Secured {
  /** Plaintext goes in and out. */
  readonly link: Link
}

/** What a handshake has found out. */
export interface Secured {
  readonly remotePeer: PeerId
  readonly remoteKey: PublicKey
  /** Agreed on the way; undefined: negotiate it. */
  readonly muxer: string | undefined
}

/**
 * Begins with `command({ type: 'start' })`, ends with `security.done` or `fail`. What arrived behind the handshake is
 * delivered after the event, and is for the session.
 */
export type HandshakeCore = Core<HandshakeCommand, HandshakeEvent, PathOut<HandshakeEvent>>

export interface HandshakeCommand {
  readonly type: 'start'
}

export interface HandshakeEvent extends Secured {
  readonly type: 'security.done'
  readonly session: SecureSession
  /** Hashes of the certificates that the remote says it uses (WebTransport). */
  readonly certificateHashes: readonly Uint8Array[]
}

/** The secured path: a core of two directions, in the hot path. */
export interface SecureSession {
  /** What came from the link; plaintext is delivered. */
  feed (bytes: Uint8Array, now: number, out: PathOut<never>): void
  /** Plaintext for the remote. Only read, and only until the call returns, unless `lends` is true: then it belongs to the sink. */
  send (plaintext: Uint8Array, out: CoreOut<never>): void
  /** Writes what `send` has kept in order to fill a frame. */
  flush (out: CoreOut<never>): void
  /** The path is gone: gives back what it holds. */
  clear (): void
  /** It neither copies nor changes bytes: what it delivers is what `feed` was given, what it writes what `send` was given. If false, what it delivers is memory that nobody else has. */
  readonly lends: boolean
  readonly failed: Core<never, never>['failed']
  readonly bufferedBytes: number
  readonly bufferedBound: number
}
