/**
 * The handshake pattern XX of the Noise Protocol Framework (revision 34, 5.3 and 7.5), and nothing of libp2p.
 *
 *     0  -> e
 *     1  <- e, ee, s, es
 *     2  -> s, se
 *
 * The two sides write and read in turn; each message carries a payload, encrypted from message 1 on. A message that does
 * not fit, or a key that leads to an all-zero secret (RFC 7748, 6.1: the remote contributed nothing), is undefined, and
 * ends the handshake.
 */
import type { Aead, CryptoProvider, X25519KeyPair, X25519PublicKey } from '../../../runtime/crypto/provider.js'
import { noiseTagBytes } from '../../../messages/wire/noise.js'
import { SymmetricState } from './symmetric-state.core.js'

export interface XXOptions {
  readonly crypto: CryptoProvider
  readonly initiator: boolean
  readonly staticKey: X25519KeyPair
  /** Fresh for each handshake. */
  readonly ephemeralKey: X25519KeyPair
  readonly prologue: Uint8Array
}

export class XXHandshake {
  private readonly options: XXOptions
  private readonly symmetric: SymmetricState
  /** Come with the messages 0 or 1 and 1 or 2, and are not looked at before. */
  private remoteEphemeral!: X25519PublicKey
  private remoteStatic!: X25519PublicKey
  /** The next message. */
  private step = 0

  constructor (options: XXOptions) {
    this.options = options
    this.symmetric = new SymmetricState(options.crypto, options.prologue)
  }

  /** All three messages have been written or read. */
  get complete (): boolean {
    return this.step === 3
  }

  /** Whether it is our turn to write. */
  get writes (): boolean {
    return !this.complete && (this.step === 1) !== this.options.initiator
  }

  /** 32 bytes, once its message has come. */
  get remoteStaticKey (): Uint8Array {
    return this.remoteStatic.publicKey
  }

  /** 32 bytes that only the two sides of this handshake have, once it is complete (11.2). */
  get handshakeHash (): Uint8Array {
    return this.symmetric.handshakeHash
  }

  /** @throws Error when it is not our turn, which is our own bug */
  write (payload: Uint8Array): Uint8Array | undefined {
    if (!this.writes) throw new Error(`noise: message ${this.step} is not ours to write`)
    const { ephemeralKey, staticKey } = this.options
    const { step, symmetric } = this
    const parts: Uint8Array[] = []
    if (step < 2) {
      parts.push(ephemeralKey.publicKey)
      symmetric.mixHash(ephemeralKey.publicKey)
    }
    if (step === 1 && !this.mix(ephemeralKey, this.remoteEphemeral)) return undefined
    if (step > 0) {
      parts.push(...symmetric.encryptAndHash(staticKey.publicKey))
      if (!this.mix(staticKey, this.remoteEphemeral)) return undefined
    }
    parts.push(...symmetric.encryptAndHash(payload))
    this.step++
    return concat(parts)
  }

  /** @returns the payload. @throws Error when it is not the remote's turn, which is our own bug */
  read (message: Uint8Array): Uint8Array | undefined {
    if (this.complete || this.writes) throw new Error(`noise: message ${this.step} is not ours to read`)
    const { crypto, ephemeralKey } = this.options
    const { step, symmetric } = this
    let at = 0
    if (step < 2) {
      if (message.length < keyBytes) return undefined
      // A copy: the message's memory is used again.
      this.remoteEphemeral = crypto.importX25519Public(message.slice(0, keyBytes))
      symmetric.mixHash(this.remoteEphemeral.publicKey)
      at = keyBytes
    }
    if (step === 1 && !this.mix(ephemeralKey, this.remoteEphemeral)) return undefined
    if (step > 0) {
      const key = symmetric.decryptAndHash(message.subarray(at, at + keyBytes + noiseTagBytes))
      if (key?.length !== keyBytes) return undefined
      this.remoteStatic = crypto.importX25519Public(key)
      at += keyBytes + noiseTagBytes
      if (!this.mix(ephemeralKey, this.remoteStatic)) return undefined
    }
    const payload = symmetric.decryptAndHash(message.subarray(at))
    if (payload !== undefined) this.step++
    return payload
  }

  /** The keys of both directions, once it is complete. */
  split (): { readonly sending: Aead, readonly receiving: Aead } {
    if (!this.complete) throw new Error(`noise: split before message ${this.step}`)
    const [initiators, responders] = this.symmetric.split()
    return this.options.initiator ? { sending: initiators, receiving: responders } : { sending: responders, receiving: initiators }
  }

  private mix (ours: X25519KeyPair, theirs: X25519PublicKey): boolean {
    const secret = ours.agree(theirs)
    if (secret === undefined) return false
    this.symmetric.mixKey(secret)
    return true
  }
}

const keyBytes = 32

function concat (parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
