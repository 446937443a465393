/**
 * Plaintext 2.0, `/plaintext/2.0.0` (libp2p/specs plaintext/README.md): both sides say who they are, and nobody proves
 * anything. For tests and debugging only: who enables it lets any attacker in, so it is in no default set.
 *
 *     idle --start: our Exchange--> waiting --their Exchange, consistent--> done, the rest is delivered
 *
 * Invariant: every byte behind the remote's message is delivered, exactly once, in the memory that `feed` was given.
 */
import type { ErrorCode } from '../../../messages/errors.js'
import { PublicKey } from '../../../messages/value/keys.js'
import { PeerId } from '../../../messages/value/peer-id.js'
import { DecodeFailure } from '../../../messages/wire/failure.js'
import { decodeExchange, encodeExchange, maxExchangeBytes, plaintextProtocol, type Exchange } from '../../../messages/wire/plaintext.js'
import { prefixLength } from '../../../messages/wire/varint.js'
import { Cursor } from '../../../runtime/bytes/cursor.js'
import type { CryptoProvider } from '../../../runtime/crypto/provider.js'
import type { CoreOut, PathOut } from '../../contract/core.js'
import type { CoreSecurity, HandshakeCommand, HandshakeCore, HandshakeEvent, SecureSession, SecurityOptions } from '../../contract/security.js'

export interface PlaintextOptions {
  readonly crypto: CryptoProvider
  readonly publicKey: PublicKey
}

export function plaintext (options: PlaintextOptions): CoreSecurity {
  return { kind: 'core', protocol: plaintextProtocol, handshake: connection => new PlaintextHandshakeCore({ ...options, ...connection }) }
}

export type PlaintextHandshakeOptions = PlaintextOptions & SecurityOptions

type Out = PathOut<HandshakeEvent>

export class PlaintextHandshakeCore implements HandshakeCore {
  failed: ErrorCode | undefined
  readonly bufferedBound = maxExchangeBytes + 2
  private readonly options: PlaintextHandshakeOptions
  private readonly cursor = new Cursor()
  /** The length of the remote's message as far as it has come: its value, and how many bytes that were; -1 when it is not all there. */
  private length = -1
  private low = -1
  private state: 'idle' | 'waiting' | 'done' = 'idle'

  constructor (options: PlaintextHandshakeOptions) {
    this.options = options
  }

  get bufferedBytes (): number {
    return this.failed === undefined && this.state !== 'done' ? this.cursor.buffered + (this.low >= 0 ? 1 : 0) + (this.length >= 0 ? 1 : 0) : 0
  }

  command (_start: HandshakeCommand, _now: number, out: Out): void {
    if (this.state !== 'idle' || this.failed !== undefined) return
    this.state = 'waiting'
    const { crypto, publicKey } = this.options
    const id = PeerId.fromPublicKey(publicKey, crypto).bytes
    out.write(prefixLength(encodeExchange({ id, publicKey: publicKey.toProtobuf() })))
  }

  feed (bytes: Uint8Array, _now: number, out: Out): void {
    if (this.failed !== undefined) return
    if (this.state === 'done') return out.deliver(bytes)
    if (this.state === 'idle') throw new Error('plaintext: fed before it was started')
    const { cursor } = this
    cursor.feed(bytes)
    while (this.length < 0) {
      const byte = cursor.take(1)?.[0]
      if (byte === undefined) return
      if (this.low < 0 && byte >= 0x80) this.low = byte & 0x7f
      else this.length = this.low < 0 ? byte : byte === 0 || byte >= 0x80 ? maxExchangeBytes + 1 : this.low | (byte << 7)
      if (this.length > maxExchangeBytes) return this.broken('the length of an Exchange that is too long, or no length', out)
    }
    const message = cursor.take(this.length)
    if (message === undefined) return
    this.take(message, out)
    if (this.isFailed()) return
    const rest = cursor.rest()
    if (rest.length > 0) out.deliver(rest)
  }

  nextTimeout (): number {
    return this.failed === undefined && this.state === 'waiting' ? this.options.deadline : Infinity
  }

  expire (now: number, out: Out): void {
    if (now >= this.nextTimeout()) this.fail('upgrade/timeout', 'waiting for the Exchange', out)
  }

  private take (message: Uint8Array, out: Out): void {
    // The key keeps views of it, and the message's memory is used again.
    const exchange = decodeExchange(message.slice())
    if (exchange instanceof DecodeFailure) return this.broken(exchange.toString(), out)
    const key = PublicKey.decode(exchange.publicKey)
    if (key instanceof DecodeFailure) return this.broken(key.toString(), out)
    const peer = this.consistent(exchange, key, out)
    if (peer === undefined) return
    this.state = 'done'
    out.emit({ type: 'security.done', remotePeer: peer, remoteKey: key, muxer: undefined, certificateHashes: [], session: new PlaintextSession() })
  }

  private consistent (exchange: Exchange, key: PublicKey, out: Out): PeerId | undefined {
    const { crypto, expectedPeer } = this.options
    const peer = PeerId.decode(exchange.id)
    if (peer instanceof DecodeFailure || !peer.matches(key, crypto)) {
      this.broken('an id that is not that of the key beside it', out)
      return undefined
    }
    if (expectedPeer === undefined || expectedPeer.equals(peer)) return expectedPeer ?? peer
    this.fail('upgrade/peer-mismatch', `expected ${expectedPeer.toString()}, it is ${peer.toString()}`, out)
    return undefined
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

/** Nothing is done with the bytes. */
export class PlaintextSession implements SecureSession {
  readonly lends = true
  readonly failed = undefined
  readonly bufferedBytes = 0
  readonly bufferedBound = 0

  feed (bytes: Uint8Array, _now: number, out: PathOut<never>): void {
    out.deliver(bytes)
  }

  send (bytes: Uint8Array, out: CoreOut<never>): void {
    out.write(bytes)
  }

  flush (): void {
    // Nothing is kept.
  }

  clear (): void {
    // Nothing is held.
  }
}
