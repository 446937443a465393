/** What every provider checks of its arguments, and how keys come out of bytes. */
import { isScalar } from './ecdsa-signature.js'
import { CryptoError } from './errors.js'
import type { KeyType, PrivateKeyMaterial } from './provider.js'

/** @throws CryptoError `crypto/invalid-argument` unless there are exactly so many bytes */
export function checkLength (name: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new CryptoError('crypto/invalid-argument', `${name} must be ${length} bytes, got ${bytes.length}`)
}

/** @throws CryptoError `crypto/nonce-exhausted` from 2^53 on, where numbers would repeat (Noise would allow 2^64 - 1) */
export function checkNonce (nonce: number): void {
  if (!Number.isSafeInteger(nonce) || nonce < 0) throw new CryptoError('crypto/nonce-exhausted', `no such nonce: ${nonce}`)
}

/** @throws CryptoError `crypto/invalid-key` for entropy that is no private key (never for Ed25519) */
export function generateFrom (
  type: Exclude<KeyType, 'RSA'>, entropy: Uint8Array | undefined, randomBytes: (length: number) => Uint8Array
): PrivateKeyMaterial {
  let bytes = entropy === undefined ? randomBytes(32) : new Uint8Array(entropy)
  checkLength('entropy', bytes, 32)
  if (type === 'Ed25519') return { type, seed: bytes }
  // Of random ones, one in 2^32 (P-256) or fewer lies outside.
  while (!isScalar(type, bytes)) {
    if (entropy !== undefined) throw new CryptoError('crypto/invalid-key', `this entropy is no private key for ${type}`)
    bytes = randomBytes(32)
  }
  return { type, scalar: bytes }
}
