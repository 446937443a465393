/**
 * A provider that is a hundred times as fast as any real one, and protects nothing: a change anywhere is noticed, but
 * anybody could make one that is not. For runs of a million handshakes, where the protocol is what is tested.
 */
import type { Aead, CryptoProvider, VerifyingKey, X25519KeyPair, X25519PublicKey } from '../../../src/runtime/crypto/provider.js'

/** Of the pieces as if they were one. */
function digest (length: number, ...pieces: readonly Uint8Array[]): Uint8Array {
  let a = 0x811c9dc5
  let b = 0x9e3779b9
  for (const piece of pieces) {
    for (const byte of piece) {
      a = Math.imul(a ^ byte, 0x01000193)
      b = Math.imul(b ^ a, 0x85ebca6b)
    }
  }
  const out = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35)
    b = Math.imul(b + a, 0x27d4eb2f) ^ (b >>> 15)
    out[i] = a ^ b
  }
  return out
}

class CheapAead implements Aead {
  private readonly key: Uint8Array

  constructor (key: Uint8Array) {
    this.key = key
  }

  seal (nonce: number, associatedData: Uint8Array, ...plaintext: readonly Uint8Array[]): readonly Uint8Array[] {
    const body = new Uint8Array(plaintext.reduce((sum, piece) => sum + piece.length, 0))
    let at = 0
    for (const piece of plaintext) {
      body.set(piece, at)
      at += piece.length
    }
    return [body, this.tag(nonce, associatedData, body)]
  }

  open (nonce: number, associatedData: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.length < 16) return undefined
    const body = sealed.slice(0, -16)
    const tag = this.tag(nonce, associatedData, body)
    return tag.every((byte, i) => byte === sealed[body.length + i]) ? body : undefined
  }

  private tag (nonce: number, associatedData: Uint8Array, body: Uint8Array): Uint8Array {
    return digest(16, this.key, Uint8Array.of(nonce, nonce >>> 8), associatedData, body)
  }
}

class CheapKeyPair implements X25519KeyPair {
  readonly publicKey: Uint8Array

  constructor (privateKey: Uint8Array) {
    this.publicKey = digest(32, privateKey)
  }

  agree (remote: X25519PublicKey): Uint8Array | undefined {
    const theirs = remote.publicKey
    if (theirs.every(byte => byte === 0)) return undefined
    const shared = new Uint8Array(32)
    for (let i = 0; i < 32; i++) shared[i] = this.publicKey[i]! ^ theirs[i]!
    return digest(32, shared)
  }
}

export const cheapCrypto: CryptoProvider = {
  name: 'cheap',
  randomBytes: length => new Uint8Array(length),
  sha256: (...pieces) => digest(32, ...pieces),
  hkdf: ((chainingKey: Uint8Array, input: Uint8Array, outputs: number) =>
    Array.from({ length: outputs }, (_, i) => digest(32, chainingKey, input, Uint8Array.of(i)))) as unknown as CryptoProvider['hkdf'],
  aead: key => new CheapAead(key),
  generateX25519: seed => new CheapKeyPair(seed ?? new Uint8Array(32)),
  importX25519: privateKey => new CheapKeyPair(privateKey),
  importX25519Public: publicKey => ({ publicKey }),
  generateKey () { throw new Error('cheap: keys are made with node:crypto') },
  importPrivateKey () { throw new Error('cheap: keys are made with node:crypto') },
  importPublicKey: (): VerifyingKey => ({ verify: (message, signature) => cheapSignature(message).every((byte, i) => byte === signature[i]) })
}

/** What `importPublicKey(any).verify` takes for a signature. */
export function cheapSignature (message: Uint8Array): Uint8Array {
  return digest(64, message)
}
