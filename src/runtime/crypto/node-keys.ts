/** Identity keys on `node:crypto`: one KeyObject per key, made at import, used for every signature. */
import { ECDH, constants, createECDH, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Curve } from './ecdsa-signature.js'
import { derSignature, isLowS, isScalar, lowS, plainSignature } from './ecdsa-signature.js'
import { isSmallOrder } from './ed25519-points.js'
import { CryptoError } from './errors.js'
import { base64url, fresh, privateKeyFromSeed } from './node-bytes.js'
import type { PrivateKeyMaterial, PublicKeyMaterial, RsaPrivateKeyMaterial, SigningKey, VerifyingKey } from './provider.js'
import { isRsaKey, isRsaPrivateKey, leastBits, mostBits } from './rsa.js'
import { untraced } from './untraced.js'

/** What OpenSSL calls the curves, and JWK (RFC 7518, 8812). */
const curves = {
  secp256k1: { openssl: 'secp256k1', jwk: 'secp256k1' },
  ECDSA: { openssl: 'prime256v1', jwk: 'P-256' }
} as const

/** `r ‖ s`, whatever the key. */
const plain = 'ieee-p1363'
/** What a fresh RSA key signs to show that its parts belong together. */
const probe = new Uint8Array(32)

export function importPrivate (key: PrivateKeyMaterial): SigningKey {
  switch (key.type) {
    case 'Ed25519': return new Ed25519Signer(key.seed)
    case 'secp256k1': return new EcdsaSigner('secp256k1', key.scalar)
    case 'ECDSA': return new EcdsaSigner('ECDSA', key.scalar)
    case 'RSA': return new RsaSigner(key)
  }
}

export function importPublic (key: PublicKeyMaterial): VerifyingKey | undefined {
  switch (key.type) {
    case 'Ed25519': return key.point.length === 32 && !isSmallOrder(key.point) ? new Ed25519Verifier(key.point) : undefined
    case 'secp256k1': return key.point.length === 33 ? ecdsaVerifier('secp256k1', key.point) : undefined
    case 'ECDSA': return key.point.length === 65 ? ecdsaVerifier('ECDSA', key.point) : undefined
    case 'RSA': return isRsaKey(key.n, key.e) ? new RsaVerifier(key.n, key.e) : undefined
  }
}

/** Slow: tens of milliseconds at 2048 bits, seconds at 8192. */
export function generateRsa (bits: number): RsaPrivateKeyMaterial {
  if (!Number.isInteger(bits) || bits < leastBits || bits > mostBits || bits % 8 !== 0) {
    throw new CryptoError('crypto/invalid-argument', `an RSA key has ${leastBits} to ${mostBits} bits, in whole bytes; got ${bits}`)
  }
  // Encoded by the generation itself, then read again: a generated key must not be exported on Node 20 (see node-x25519.ts).
  const { privateKey: der } = generateKeyPairSync('rsa', {
    modulusLength: bits,
    publicExponent: 0x10001,
    privateKeyEncoding: { format: 'der', type: 'pkcs1' },
    publicKeyEncoding: { format: 'der', type: 'pkcs1' }
  })
  const jwk = createPrivateKey({ format: 'der', type: 'pkcs1', key: der }).export({ format: 'jwk' })
  der.fill(0)
  const number = (text = ''): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'))
  return {
    type: 'RSA',
    n: number(jwk.n), e: number(jwk.e), d: number(jwk.d),
    p: number(jwk.p), q: number(jwk.q), dp: number(jwk.dp), dq: number(jwk.dq), qi: number(jwk.qi)
  }
}

// --- Ed25519 ----------------------------------------------------------------------------------------------------------

class Ed25519Signer implements SigningKey {
  readonly publicKey: PublicKeyMaterial
  readonly #key: KeyObject

  constructor (seed: Uint8Array) {
    if (seed.length !== 32) throw new CryptoError('crypto/invalid-key', `an Ed25519 seed is 32 bytes, got ${seed.length}`)
    this.#key = privateKeyFromSeed('ed25519', seed)
    const spki = createPublicKey(this.#key).export({ format: 'der', type: 'spki' })
    this.publicKey = { type: 'Ed25519', point: new Uint8Array(spki.subarray(-32)) }
  }

  sign (message: Uint8Array): Uint8Array {
    return fresh(sign(null, message, this.#key))
  }
}

class Ed25519Verifier implements VerifyingKey {
  private readonly key: KeyObject

  constructor (point: Uint8Array) {
    this.key = untraced(() => createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: base64url(point) } }))
  }

  verify (message: Uint8Array, signature: Uint8Array): boolean {
    return signature.length === 64 && !isSmallOrder(signature.subarray(0, 32)) && verify(null, message, this.key, signature)
  }
}

// --- ECDSA ------------------------------------------------------------------------------------------------------------

class EcdsaSigner implements SigningKey {
  readonly publicKey: PublicKeyMaterial
  private readonly curve: Curve
  readonly #key: KeyObject

  constructor (curve: Curve, scalar: Uint8Array) {
    if (!isScalar(curve, scalar)) throw new CryptoError('crypto/invalid-key', `a private key of ${curves[curve].openssl} is 32 bytes, from 1 to order - 1`)
    const pair = createECDH(curves[curve].openssl)
    pair.setPrivateKey(scalar)
    const point = new Uint8Array(pair.getPublicKey())
    this.curve = curve
    this.publicKey = { type: curve, point: curve === 'secp256k1' ? new Uint8Array(pair.getPublicKey(null, 'compressed')) : point }
    this.#key = createPrivateKey({ format: 'jwk', key: { ...coordinates(curve, point), d: base64url(scalar) } })
  }

  sign (message: Uint8Array): Uint8Array {
    const signature = sign('sha256', message, { key: this.#key, dsaEncoding: plain })
    return derSignature(this.curve === 'secp256k1' ? lowS(signature) : signature)
  }
}

class EcdsaVerifier implements VerifyingKey {
  private readonly curve: Curve
  private readonly key: KeyObject

  constructor (curve: Curve, key: KeyObject) {
    this.curve = curve
    this.key = key
  }

  verify (message: Uint8Array, signature: Uint8Array): boolean {
    const numbers = plainSignature(signature)
    if (numbers === undefined || (this.curve === 'secp256k1' && !isLowS(numbers))) return false
    return verify('sha256', message, { key: this.key, dsaEncoding: plain }, numbers)
  }
}

/** Undefined unless the point, in whatever SEC 1 form, lies on the curve. */
function ecdsaVerifier (curve: Curve, point: Uint8Array): VerifyingKey | undefined {
  try {
    const whole = ECDH.convertKey(point, curves[curve].openssl, undefined, undefined, 'uncompressed') as Buffer
    return new EcdsaVerifier(curve, createPublicKey({ format: 'jwk', key: coordinates(curve, whole) }))
  } catch {
    return undefined
  }
}

function coordinates (curve: Curve, point: Uint8Array): { kty: string, crv: string, x: string, y: string } {
  return { kty: 'EC', crv: curves[curve].jwk, x: base64url(point.subarray(1, 33)), y: base64url(point.subarray(33, 65)) }
}

// --- RSA --------------------------------------------------------------------------------------------------------------

class RsaSigner implements SigningKey {
  readonly publicKey: PublicKeyMaterial
  readonly #key: KeyObject

  constructor (key: RsaPrivateKeyMaterial) {
    if (!isRsaPrivateKey(key)) throw new CryptoError('crypto/invalid-key', `an RSA key has ${leastBits} to ${mostBits} bits and an odd exponent below 2^31`)
    const [n, e] = [new Uint8Array(key.n), new Uint8Array(key.e)]
    this.publicKey = { type: 'RSA', n, e }
    this.#key = privateRsa(key)
    // OpenSSL takes any numbers for a private key, and would only sign rubbish.
    if (!new RsaVerifier(n, e).verify(probe, this.probeSignature())) throw new CryptoError('crypto/invalid-key', 'the parts of this RSA key do not belong together')
  }

  sign (message: Uint8Array): Uint8Array {
    return fresh(sign('sha256', message, { key: this.#key, padding: constants.RSA_PKCS1_PADDING }))
  }

  private probeSignature (): Uint8Array {
    try {
      return this.sign(probe)
    } catch (cause) {
      throw new CryptoError('crypto/invalid-key', 'OpenSSL cannot sign with this RSA key', { cause })
    }
  }
}

class RsaVerifier implements VerifyingKey {
  private readonly key: KeyObject
  private readonly length: number

  constructor (n: Uint8Array, e: Uint8Array) {
    this.length = n.length
    this.key = createPublicKey({ format: 'jwk', key: { kty: 'RSA', n: base64url(n), e: base64url(e) } })
  }

  verify (message: Uint8Array, signature: Uint8Array): boolean {
    return signature.length === this.length
      && verify('sha256', message, { key: this.key, padding: constants.RSA_PKCS1_PADDING }, signature)
  }
}

function privateRsa (key: RsaPrivateKeyMaterial): KeyObject {
  try {
    return createPrivateKey({
      format: 'jwk',
      key: {
        kty: 'RSA',
        n: base64url(key.n), e: base64url(key.e), d: base64url(key.d),
        p: base64url(key.p), q: base64url(key.q), dp: base64url(key.dp), dq: base64url(key.dq), qi: base64url(key.qi)
      }
    })
  } catch (cause) {
    throw new CryptoError('crypto/invalid-key', 'OpenSSL refuses this RSA key', { cause })
  }
}
