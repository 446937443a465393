/**
 * The SymmetricState of the Noise Protocol Framework (revision 34, 5.2) for `Noise_XX_25519_ChaChaPoly_SHA256`: a hash of
 * all that was said, a chaining key, and the key under which handshake messages are encrypted.
 *
 * Its CipherState (5.1) has a nonce that only ever counts up here, since the key changes with every `mixKey`.
 */
import type { Aead, CryptoProvider } from '../../../runtime/crypto/provider.js'

export class SymmetricState {
  private readonly crypto: CryptoProvider
  private hash: Uint8Array
  private chainingKey: Uint8Array
  private cipher: Aead | null = null
  private nonce = 0

  constructor (crypto: CryptoProvider, prologue: Uint8Array) {
    this.crypto = crypto
    // The name is shorter than a hash, so it stands for itself, padded with zeros (5.2, InitializeSymmetric).
    this.hash = new Uint8Array(32)
    this.hash.set(protocolName)
    this.chainingKey = this.hash
    this.mixHash(prologue)
  }

  /** Whether what follows is encrypted. */
  get hasKey (): boolean {
    return this.cipher !== null
  }

  /** What both sides have said so far, in 32 bytes; after the handshake, the channel binding (11.2). */
  get handshakeHash (): Uint8Array {
    return this.hash
  }

  mixHash (...data: readonly Uint8Array[]): void {
    this.hash = this.crypto.sha256(this.hash, ...data)
  }

  mixKey (inputKeyMaterial: Uint8Array): void {
    const [chainingKey, key] = this.crypto.hkdf(this.chainingKey, inputKeyMaterial, 2)
    this.chainingKey = chainingKey
    this.cipher = this.crypto.aead(key)
    this.nonce = 0
  }

  /** Encrypts, once there is a key; what comes out is hashed. */
  encryptAndHash (plaintext: Uint8Array): readonly Uint8Array[] {
    const pieces = this.cipher === null ? [plaintext] : this.cipher.seal(this.nonce++, this.hash, plaintext)
    this.mixHash(...pieces)
    return pieces
  }

  /** Undefined: it was not encrypted by somebody who knows what we know. */
  decryptAndHash (sealed: Uint8Array): Uint8Array | undefined {
    const plaintext = this.cipher === null ? sealed : this.cipher.open(this.nonce++, this.hash, sealed)
    if (plaintext !== undefined) this.mixHash(sealed)
    return plaintext
  }

  /** The keys of both directions: first the initiator's. */
  split (): readonly [Aead, Aead] {
    const [initiators, responders] = this.crypto.hkdf(this.chainingKey, nothing, 2)
    return [this.crypto.aead(initiators), this.crypto.aead(responders)]
  }
}

const protocolName = new TextEncoder().encode('Noise_XX_25519_ChaChaPoly_SHA256')
const nothing = new Uint8Array(0)
