/**
 * The Noise handshake of libp2p, `/noise` (libp2p/specs noise/README.md; early muxers: connections/inlined-muxer-negotiation.md).
 *
 *     initiator:  idle --start: 0--> awaits 1 --checked: 2--> done
 *     responder:  idle --start--> awaits 0 --1--> awaits 2 --checked--> done
 *
 * Messages 1 and 2 carry a payload: the identity key, its signature over the static key, and the muxers. Identity keys
 * never come here: the node signs its static key once and gives the signed bytes.
 *
 * Early muxer: the first of the *initiator's* list that both have. js-libp2p takes the first of the *remote's* list on
 * either side; since the spec lets the initiator answer with its choice alone, ours does, and both rules agree.
 *
 * Invariants: nothing that the remote said is believed, or told, before its signature has been verified; nothing of ours
 * is signed for a remote other than the expected one; every byte behind the last message is delivered, exactly once,
 * in the memory that `feed` was given: it is for the session.
 */
import type { ErrorCode } from '../../../messages/errors.js'
import { PublicKey } from '../../../messages/value/keys.js'
import { PeerId } from '../../../messages/value/peer-id.js'
import { DecodeFailure } from '../../../messages/wire/failure.js'
import {
  decodeNoisePayload, encodeNoisePayload, maxNoisePayloadBytes, noiseProtocol, noiseSignatureDomain, noiseTagBytes, readNoiseLength, type NoisePayload
} from '../../../messages/wire/noise.js'
import { Cursor } from '../../../runtime/bytes/cursor.js'
import type { BufferPool } from '../../../runtime/bytes/pool.js'
import type { CryptoProvider, X25519KeyPair } from '../../../runtime/crypto/provider.js'
import type { PathOut } from '../../contract/core.js'
import type { CoreSecurity, HandshakeCommand, HandshakeCore, HandshakeEvent, SecurityOptions } from '../../contract/security.js'
import { NoiseSession } from './noise-session.core.js'
import { XXHandshake } from './xx-handshake.core.js'

/** What a node has, the same for all its connections. */
export interface NoiseOptions {
  readonly crypto: CryptoProvider
  /** Made once, never stored (spec, "Static Key Authentication"). */
  readonly staticKey: X25519KeyPair
  /** A fresh one for each handshake. */
  readonly ephemeralKey: () => X25519KeyPair
  readonly identity: SignedIdentity
  /** Buffers of at least 65,535 bytes, shared by all connections. */
  readonly pool: BufferPool
  /** For WebTransport listeners. */
  readonly certificateHashes?: readonly Uint8Array[]
}

/** The identity key as a `PublicKey` protobuf, and its signature over `noiseSignatureInput` of the static key. */
export interface SignedIdentity {
  readonly key: Uint8Array
  readonly signature: Uint8Array
}

/** What the identity key signs, once per static key. */
export function noiseSignatureInput (staticKey: Uint8Array): Uint8Array {
  const input = new Uint8Array(domain.length + staticKey.length)
  input.set(domain)
  input.set(staticKey, domain.length)
  return input
}

/** Noise as a connection's upgrade wants it. */
export function noise (options: NoiseOptions): CoreSecurity {
  return {
    kind: 'core',
    protocol: noiseProtocol,
    handshake: connection => new NoiseHandshakeCore({ ...options, ephemeralKey: options.ephemeralKey(), ...connection })
  }
}

export interface NoiseHandshakeOptions extends Omit<NoiseOptions, 'ephemeralKey'>, SecurityOptions {
  readonly ephemeralKey: X25519KeyPair
}

type Out = PathOut<HandshakeEvent>

export class NoiseHandshakeCore implements HandshakeCore {
  failed: ErrorCode | undefined
  readonly bufferedBound = maxHandshakeBytes + 2
  private readonly options: NoiseHandshakeOptions
  private readonly xx: XXHandshake
  private readonly cursor = new Cursor()
  /** Of the message that is coming; -1: not known. */
  private length = -1
  private state: 'idle' | 'running' | 'done' = 'idle'

  constructor (options: NoiseHandshakeOptions) {
    this.options = options
    this.xx = new XXHandshake({ ...options, prologue: options.prologue ?? nothing })
  }

  get bufferedBytes (): number {
    return this.failed === undefined ? this.cursor.buffered + (this.length >= 0 ? 2 : 0) : 0
  }

  command (_start: HandshakeCommand, _now: number, out: Out): void {
    if (this.state !== 'idle' || this.failed !== undefined) return
    this.state = 'running'
    // Extensions, and all else, only where they are encrypted: not in the first message.
    if (this.options.initiator) this.send(nothing, out)
  }

  feed (bytes: Uint8Array, _now: number, out: Out): void {
    if (this.failed !== undefined) return
    if (this.state === 'done') return out.deliver(bytes)
    if (this.state === 'idle') throw new Error('noise: fed before it was started')
    const { cursor } = this
    cursor.feed(bytes)
    while (!this.xx.complete) {
      if (this.length < 0) {
        const head = cursor.take(2)
        if (head === undefined) return
        this.length = readNoiseLength(head)
        if (this.length > maxHandshakeBytes) return this.broken(`a message of ${this.length} bytes; at most ${maxHandshakeBytes} are read`, out)
      }
      const message = cursor.take(this.length)
      if (message === undefined) return
      this.length = -1
      this.take(message, out)
      if (this.isFailed()) return
    }
    const rest = cursor.rest()
    if (rest.length > 0) out.deliver(rest)
  }

  nextTimeout (): number {
    return this.failed === undefined && this.state === 'running' ? this.options.deadline : Infinity
  }

  expire (now: number, out: Out): void {
    if (now >= this.nextTimeout()) this.fail('upgrade/timeout', 'in the Noise handshake', out)
  }

  private take (message: Uint8Array, out: Out): void {
    const payload = this.xx.read(message)
    if (payload === undefined) return this.broken('a Noise message that does not fit', out)
    const { certificateHashes = [], initiator, muxers } = this.options
    // What the first message brings was said by nobody we could know.
    if (!initiator && !this.xx.complete) return this.send(this.ourPayload(muxers, certificateHashes), out)

    const remote = decodeNoisePayload(payload)
    if (remote instanceof DecodeFailure) return this.broken(remote.toString(), out)
    const key = PublicKey.decode(remote.identityKey)
    if (key instanceof DecodeFailure) return this.broken(key.toString(), out)
    const peer = this.authenticated(remote, key, out)
    if (peer === undefined) return
    const muxer = this.agreedMuxer(remote.streamMuxers)
    if (muxer === null) return this.fail('upgrade/no-muxer', `we have ${muxers.join(', ')}; they ${shownList(remote.streamMuxers)}`, out)
    if (initiator) {
      this.send(this.ourPayload(muxer === undefined ? muxers : [muxer], certificateHashes), out)
      if (this.isFailed()) return
    }
    this.state = 'done'
    out.emit({
      type: 'security.done',
      remotePeer: peer,
      remoteKey: key,
      muxer,
      certificateHashes: remote.certificateHashes,
      session: new NoiseSession(this.xx.split(), this.options.pool)
    })
  }

  private authenticated (remote: NoisePayload, key: PublicKey, out: Out): PeerId | undefined {
    const { crypto, expectedPeer } = this.options
    // The one that is there already: it has its text.
    const peer = expectedPeer?.matches(key, crypto) === true ? expectedPeer : PeerId.fromPublicKey(key, crypto)
    if (expectedPeer !== undefined && peer !== expectedPeer) {
      this.fail('upgrade/peer-mismatch', `expected ${expectedPeer.toString()}, it is ${peer.toString()}`, out)
      return undefined
    }
    if (key.verify(crypto, noiseSignatureInput(this.xx.remoteStaticKey), remote.identitySignature)) return peer
    this.fail('upgrade/bad-signature', `of ${peer.toString()} over its Noise static key`, out)
    return undefined
  }

  /** Undefined: one side does not take part, so it is negotiated later. Null: both do, in vain. */
  private agreedMuxer (theirs: readonly string[] | undefined): string | undefined | null {
    const { initiator, muxers } = this.options
    if (muxers.length === 0 || theirs === undefined) return undefined
    const [first, second] = initiator ? [muxers, theirs] : [theirs, muxers]
    return first.find(muxer => second.includes(muxer)) ?? null
  }

  private ourPayload (muxers: readonly string[], certificateHashes: readonly Uint8Array[]): Uint8Array {
    const { key, signature } = this.options.identity
    return encodeNoisePayload({ identityKey: key, identitySignature: signature, streamMuxers: muxers.length === 0 ? undefined : muxers, certificateHashes })
  }

  private send (payload: Uint8Array, out: Out): void {
    const message = this.xx.write(payload)
    if (message === undefined) return this.broken('the remote\'s key leads to a secret that everybody knows', out)
    const frame = new Uint8Array(2 + message.length)
    frame[0] = message.length >>> 8
    frame[1] = message.length
    frame.set(message, 2)
    out.write(frame)
  }

  private broken (text: string, out: Out): void {
    this.fail('upgrade/handshake-failed', text, out)
  }

  private fail (code: ErrorCode, text: string, out: Out): void {
    this.failed = code
    this.cursor.clear()
    out.fail(code, text)
  }

  private isFailed (): boolean {
    return this.failed !== undefined
  }
}

/** Two keys and a tag each at most, and the payload with its tag. Anything longer is no libp2p handshake, and is not waited for. */
const maxHandshakeBytes = 32 + 32 + noiseTagBytes + maxNoisePayloadBytes + noiseTagBytes

const domain = new TextEncoder().encode(noiseSignatureDomain)
const nothing = new Uint8Array(0)

/** Of a stranger's list only so much, and nothing that moves a cursor. */
function shownList (texts: readonly string[] | undefined): string {
  return JSON.stringify(texts?.slice(0, 8).map(text => text.slice(0, 64)))
}
