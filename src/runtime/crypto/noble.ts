/**
 * The portable provider, in plain JavaScript: noble by Paul Miller, and the oracle that the default is compared with. It
 * computes the same as OpenSSL, slower (X25519 some 28 times, ChaCha20-Poly1305 on 64 KiB 15 times), with two differences:
 * its ECDSA signatures follow RFC 6979, so that they repeat themselves; and of RSA it only verifies (`rsa.ts`), since noble
 * has none and signing with a private exponent is nothing to write oneself. An RSA identity needs the `node` provider.
 *
 * Loading noble costs some 40 ms, so nothing of it is imported before somebody asks.
 */
import type { ed25519 as Ed25519, x25519 as X25519 } from '@noble/curves/ed25519.js'
import type { p256 as P256 } from '@noble/curves/nist.js'
import { checkLength, checkNonce, generateFrom } from './checks.js'
import type { Curve } from './ecdsa-signature.js'
import { derSignature, isLowS, isScalar, plainSignature } from './ecdsa-signature.js'
import { isSmallOrder } from './ed25519-points.js'
import { CryptoError } from './errors.js'
import type {
  Aead, CryptoProvider, KeyType, PrivateKeyMaterial, PublicKeyMaterial, SigningKey, VerifyingKey, X25519KeyPair, X25519PublicKey
} from './provider.js'
import { isRsaKey, verifyRsa } from './rsa.js'

/** The parts of noble in use. */
interface Noble {
  readonly ed25519: typeof Ed25519
  readonly x25519: typeof X25519
  /** Both curves are of one shape. */
  readonly curves: Readonly<Record<Curve, typeof P256>>
  readonly chacha20poly1305: (key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array) => {
    encrypt (plaintext: Uint8Array): Uint8Array
    decrypt (sealed: Uint8Array): Uint8Array
  }
  readonly sha256: (message: Uint8Array) => Uint8Array
  readonly sha512: (message: Uint8Array) => Uint8Array
  readonly hkdf: (inputKeyMaterial: Uint8Array, salt: Uint8Array, length: number) => Uint8Array
  readonly randomBytes: (length: number) => Uint8Array
}

let loading: Promise<CryptoProvider> | undefined

/** Loads noble at the first call; later ones get the same provider. */
export function loadNobleCrypto (): Promise<CryptoProvider> {
  loading ??= load().then(noble => new NobleCrypto(noble))
  return loading
}

async function load (): Promise<Noble> {
  const [{ ed25519, x25519 }, { p256 }, { secp256k1 }, { chacha20poly1305 }, { hkdf }, { sha256, sha512 }, { randomBytes }] = await Promise.all([
    import('@noble/curves/ed25519.js'),
    import('@noble/curves/nist.js'),
    import('@noble/curves/secp256k1.js'),
    import('@noble/ciphers/chacha.js'),
    import('@noble/hashes/hkdf.js'),
    import('@noble/hashes/sha2.js'),
    import('@noble/hashes/utils.js')
  ])
  return {
    ed25519,
    x25519,
    curves: { secp256k1, ECDSA: p256 },
    chacha20poly1305,
    sha256,
    sha512,
    hkdf: (inputKeyMaterial, salt, length) => hkdf(sha256, inputKeyMaterial, salt, undefined, length),
    randomBytes
  }
}

class NobleCrypto implements CryptoProvider {
  readonly name = 'noble'
  private readonly noble: Noble

  constructor (noble: Noble) {
    this.noble = noble
  }

  randomBytes (length: number): Uint8Array {
    return this.noble.randomBytes(length)
  }

  sha256 (...pieces: readonly Uint8Array[]): Uint8Array {
    return this.noble.sha256(concat(pieces))
  }

  hkdf (chainingKey: Uint8Array, inputKeyMaterial: Uint8Array, outputs: 2): readonly [Uint8Array, Uint8Array]
  hkdf (chainingKey: Uint8Array, inputKeyMaterial: Uint8Array, outputs: 3): readonly [Uint8Array, Uint8Array, Uint8Array]
  hkdf (chainingKey: Uint8Array, inputKeyMaterial: Uint8Array, outputs: 2 | 3): readonly Uint8Array[] {
    const all = this.noble.hkdf(inputKeyMaterial, chainingKey, 32 * outputs)
    return Array.from({ length: outputs }, (_, i) => all.subarray(32 * i, 32 * i + 32))
  }

  aead (key: Uint8Array): Aead {
    checkLength('an AEAD key', key, 32)
    return new NobleAead(this.noble, key)
  }

  generateX25519 (entropy?: Uint8Array): X25519KeyPair {
    return this.importX25519(entropy ?? this.randomBytes(32))
  }

  importX25519 (privateKey: Uint8Array): X25519KeyPair {
    checkLength('an X25519 private key', privateKey, 32)
    return new NobleX25519(this.noble, privateKey)
  }

  importX25519Public (publicKey: Uint8Array): X25519PublicKey {
    checkLength('an X25519 public key', publicKey, 32)
    return { publicKey: new Uint8Array(publicKey) }
  }

  generateKey (type: Exclude<KeyType, 'RSA'>, entropy?: Uint8Array): PrivateKeyMaterial
  generateKey (type: 'RSA', bits: number): PrivateKeyMaterial
  generateKey (type: KeyType, entropy?: Uint8Array | number): PrivateKeyMaterial {
    if (type === 'RSA') throw noRsa()
    return generateFrom(type, entropy as Uint8Array | undefined, length => this.randomBytes(length))
  }

  importPrivateKey (key: PrivateKeyMaterial): SigningKey {
    switch (key.type) {
      case 'Ed25519': return new Ed25519Signer(this.noble, key.seed)
      case 'secp256k1': return new EcdsaSigner(this.noble, 'secp256k1', key.scalar)
      case 'ECDSA': return new EcdsaSigner(this.noble, 'ECDSA', key.scalar)
      case 'RSA': throw noRsa()
    }
  }

  importPublicKey (key: PublicKeyMaterial): VerifyingKey | undefined {
    const { noble } = this
    switch (key.type) {
      case 'Ed25519': return key.point.length === 32 && !isSmallOrder(key.point) ? new Ed25519Verifier(noble, key.point) : undefined
      case 'secp256k1': return key.point.length === 33 ? ecdsaVerifier(noble, 'secp256k1', key.point) : undefined
      case 'ECDSA': return key.point.length === 65 ? ecdsaVerifier(noble, 'ECDSA', key.point) : undefined
      case 'RSA': return isRsaKey(key.n, key.e) ? new RsaVerifier(noble, key.n, key.e) : undefined
    }
  }
}

class NobleAead implements Aead {
  private readonly noble: Noble
  readonly #key: Uint8Array
  private readonly nonce = new DataView(new ArrayBuffer(12))

  constructor (noble: Noble, key: Uint8Array) {
    this.noble = noble
    this.#key = new Uint8Array(key)
  }

  seal (nonce: number, associatedData: Uint8Array, ...plaintext: readonly Uint8Array[]): readonly Uint8Array[] {
    return [this.cipher(nonce, associatedData).encrypt(concat(plaintext))]
  }

  open (nonce: number, associatedData: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    const cipher = this.cipher(nonce, associatedData)
    try {
      return cipher.decrypt(sealed)
    } catch {
      return undefined
    }
  }

  private cipher (nonce: number, associatedData: Uint8Array): ReturnType<Noble['chacha20poly1305']> {
    checkNonce(nonce)
    this.nonce.setUint32(4, nonce % 0x1_0000_0000, true)
    this.nonce.setUint32(8, Math.floor(nonce / 0x1_0000_0000), true)
    return this.noble.chacha20poly1305(this.#key, new Uint8Array(this.nonce.buffer), associatedData)
  }
}

class NobleX25519 implements X25519KeyPair {
  readonly publicKey: Uint8Array
  private readonly noble: Noble
  readonly #privateKey: Uint8Array

  constructor (noble: Noble, privateKey: Uint8Array) {
    this.noble = noble
    this.#privateKey = new Uint8Array(privateKey)
    this.publicKey = noble.x25519.getPublicKey(privateKey)
  }

  agree (remote: X25519PublicKey): Uint8Array | undefined {
    try {
      return this.noble.x25519.getSharedSecret(this.#privateKey, remote.publicKey)
    } catch {
      // The lengths are right by construction: what is left is the secret of zeros.
      return undefined
    }
  }
}

// --- identity keys ----------------------------------------------------------------------------------------------------

class Ed25519Signer implements SigningKey {
  readonly publicKey: PublicKeyMaterial
  private readonly noble: Noble
  readonly #seed: Uint8Array

  constructor (noble: Noble, seed: Uint8Array) {
    if (seed.length !== 32) throw new CryptoError('crypto/invalid-key', `an Ed25519 seed is 32 bytes, got ${seed.length}`)
    this.noble = noble
    this.#seed = new Uint8Array(seed)
    this.publicKey = { type: 'Ed25519', point: noble.ed25519.getPublicKey(seed) }
  }

  sign (message: Uint8Array): Uint8Array {
    return this.noble.ed25519.sign(message, this.#seed)
  }
}

/**
 * RFC 8032, 5.1.7 as OpenSSL, Go and dalek compute it, which noble's own `verify` does not: S below the order, R compared
 * as bytes with `S·B - k·A`, no cofactor, a key that is written non-canonically taken as it comes.
 */
class Ed25519Verifier implements VerifyingKey {
  private readonly noble: Noble
  private readonly point: Uint8Array

  constructor (noble: Noble, point: Uint8Array) {
    this.noble = noble
    this.point = new Uint8Array(point)
  }

  verify (message: Uint8Array, signature: Uint8Array): boolean {
    if (signature.length !== 64 || isSmallOrder(signature.subarray(0, 32))) return false
    const { Point } = this.noble.ed25519
    const order = Point.Fn.ORDER
    const s = littleEndian(signature.subarray(32))
    if (s >= order) return false
    const r = signature.subarray(0, 32)
    const k = littleEndian(this.noble.sha512(concat([r, this.point, message]))) % order
    try {
      const a = Point.fromBytes(this.point, true)
      const expected = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes()
      return expected.every((byte, i) => byte === r[i])
    } catch {
      return false // no point
    }
  }
}

class EcdsaSigner implements SigningKey {
  readonly publicKey: PublicKeyMaterial
  private readonly noble: Noble
  private readonly curve: Curve
  readonly #scalar: Uint8Array

  constructor (noble: Noble, curve: Curve, scalar: Uint8Array) {
    if (!isScalar(curve, scalar)) throw new CryptoError('crypto/invalid-key', `a private key of ${curve} is 32 bytes, from 1 to order - 1`)
    this.noble = noble
    this.curve = curve
    this.#scalar = new Uint8Array(scalar)
    this.publicKey = { type: curve, point: noble.curves[curve].getPublicKey(scalar, curve === 'secp256k1') }
  }

  sign (message: Uint8Array): Uint8Array {
    const lowS = this.curve === 'secp256k1'
    return derSignature(this.noble.curves[this.curve].sign(message, this.#scalar, { format: 'compact', lowS }))
  }
}

class EcdsaVerifier implements VerifyingKey {
  private readonly noble: Noble
  private readonly curve: Curve
  private readonly point: Uint8Array

  constructor (noble: Noble, curve: Curve, point: Uint8Array) {
    this.noble = noble
    this.curve = curve
    this.point = new Uint8Array(point)
  }

  verify (message: Uint8Array, signature: Uint8Array): boolean {
    const numbers = plainSignature(signature)
    if (numbers === undefined || (this.curve === 'secp256k1' && !isLowS(numbers))) return false
    try {
      return this.noble.curves[this.curve].verify(numbers, message, this.point, { format: 'compact', lowS: false })
    } catch {
      return false // r or s is not in 1 to order - 1
    }
  }
}

function ecdsaVerifier (noble: Noble, curve: Curve, point: Uint8Array): VerifyingKey | undefined {
  try {
    noble.curves[curve].Point.fromBytes(point).assertValidity()
    return new EcdsaVerifier(noble, curve, point)
  } catch {
    return undefined
  }
}

class RsaVerifier implements VerifyingKey {
  private readonly noble: Noble
  private readonly n: Uint8Array
  private readonly e: Uint8Array

  constructor (noble: Noble, n: Uint8Array, e: Uint8Array) {
    this.noble = noble
    this.n = new Uint8Array(n)
    this.e = new Uint8Array(e)
  }

  verify (message: Uint8Array, signature: Uint8Array): boolean {
    return verifyRsa(this.n, this.e, this.noble.sha256(message), signature)
  }
}

function noRsa (): CryptoError {
  return new CryptoError('crypto/unsupported', 'the provider noble only verifies RSA signatures; to make them, use the provider node')
}

// --- bytes ------------------------------------------------------------------------------------------------------------

function concat (pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces
  if (pieces.length === 1 && only !== undefined) return only
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let end = 0
  for (const piece of pieces) {
    whole.set(piece, end)
    end += piece.length
  }
  return whole
}

function littleEndian (bytes: Uint8Array): bigint {
  let number = 0n
  for (let i = bytes.length - 1; i >= 0; i--) number = number << 8n | BigInt(bytes[i] ?? 0)
  return number
}
