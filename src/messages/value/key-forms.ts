/**
 * The forms in which keys are written down, between the numbers that a crypto provider takes and the bytes that travel:
 *
 * | | public `Data` | private `Data` | in PEM |
 * |---|---|---|---|
 * | Ed25519 | 32 bytes | seed ‖ public (64), also seed ‖ public ‖ public (96) | SPKI, PKCS#8 (RFC 8410) |
 * | secp256k1 | 33 bytes, also 65 | 32 bytes | SPKI, PKCS#8 (RFC 5480, 5915) |
 * | ECDSA (P-256) | SPKI | SEC1 (RFC 5915) | SPKI, PKCS#8 |
 * | RSA | SPKI | PKCS#1 (RFC 8017) | SPKI, PKCS#8 |
 *
 * `Data` as libp2p/specs peer-ids, "Key Types"; for ECDSA its text says PKIX and its vector holds SEC1, which go and js have.
 * SPKI is what the spec calls PKIX. Here is syntax only: whether a point lies on its curve, the provider finds out.
 */
import type { KeyType, PrivateKeyMaterial, PublicKeyMaterial } from '../../runtime/crypto/provider.js'
import { concat, sameBytes } from './bytes.js'
import {
  DerReader, INTEGER, NULL, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, context, encodeBits, encodeDer, encodeInteger
} from './der.js'

/** Numbers of 256 to 1,024 bytes: go, rust and js stop at 8,192 bits as well, since verification takes quadratic time. */
const leastModulusBytes = 256
const mostModulusBytes = 1024

/** What a key file says of its public half; `undefined` where it says nothing. */
export interface PrivateForm {
  readonly key: PrivateKeyMaterial
  readonly publicPoint?: Uint8Array | undefined
}

// --- Data of the protobuf messages ------------------------------------------------------------------------------------

export function publicData (key: PublicKeyMaterial): Uint8Array {
  return key.type === 'Ed25519' || key.type === 'secp256k1' ? key.point : publicSpki(key)
}

/** Undefined when it is no such key. */
export function readPublicData (type: KeyType, data: Uint8Array): PublicKeyMaterial | undefined {
  if (type === 'Ed25519') return data.length === 32 ? { type, point: new Uint8Array(data) } : undefined
  if (type === 'secp256k1') {
    const point = compressed(data)
    return point && { type, point }
  }
  const key = readPublicSpki(data)
  return key?.type === type ? key : undefined
}

export function privateData (key: PrivateKeyMaterial, publicKey: PublicKeyMaterial): Uint8Array {
  switch (key.type) {
    case 'Ed25519': return concat([key.seed, pointOf(publicKey)])
    case 'secp256k1': return new Uint8Array(key.scalar)
    case 'ECDSA': return sec1(key.scalar, p256, pointOf(publicKey))
    case 'RSA': return pkcs1(key)
  }
}

/** Undefined when it is no such key. Copies: the private bytes are not views of a file. */
export function readPrivateData (type: KeyType, data: Uint8Array): PrivateForm | undefined {
  switch (type) {
    case 'Ed25519': return readEd25519(data)
    case 'secp256k1': return data.length === 32 ? { key: { type, scalar: new Uint8Array(data) } } : undefined
    case 'ECDSA': return readSec1(data, 'ECDSA')
    case 'RSA': return readPkcs1(data)
  }
}

function readEd25519 (data: Uint8Array): PrivateForm | undefined {
  const publicPoint = data.slice(32, 64)
  if (data.length === 96 && !sameBytes(publicPoint, data.subarray(64))) return undefined
  if (data.length !== 64 && data.length !== 96) return undefined
  return { key: { type: 'Ed25519', seed: data.slice(0, 32) }, publicPoint }
}

// --- SPKI: SubjectPublicKeyInfo, "PUBLIC KEY" -------------------------------------------------------------------------

export function publicSpki (key: PublicKeyMaterial): Uint8Array {
  const bits = key.type === 'RSA' ? encodeDer(SEQUENCE, encodeInteger(key.n), encodeInteger(key.e)) : key.point
  return encodeDer(SEQUENCE, encodeDer(SEQUENCE, ...algorithms[key.type]), encodeBits(bits))
}

export function readPublicSpki (spki: Uint8Array): PublicKeyMaterial | undefined {
  const outer = new DerReader(spki)
  const inner = outer.inner(SEQUENCE)
  const type = readAlgorithm(inner)
  const bits = inner.bits()
  if (type === undefined || !inner.done || !outer.done) return undefined
  switch (type) {
    case 'Ed25519': return bits.length === 32 ? { type, point: new Uint8Array(bits) } : undefined
    case 'secp256k1': {
      const point = compressed(bits)
      return point && { type, point }
    }
    // Go reads uncompressed points only, and the peer id is a hash of this very form.
    case 'ECDSA': return bits.length === 65 && bits[0] === 4 ? { type, point: new Uint8Array(bits) } : undefined
    case 'RSA': return readRsaPublic(bits)
  }
}

function readRsaPublic (bits: Uint8Array): PublicKeyMaterial | undefined {
  const outer = new DerReader(bits)
  const inner = outer.inner(SEQUENCE)
  const [n, e] = [inner.integer(), inner.integer()]
  if (!inner.done || !outer.done || !isModulus(n) || e.length === 0 || e.length > 4) return undefined
  return { type: 'RSA', n: new Uint8Array(n), e: new Uint8Array(e) }
}

// --- PKCS#8, "PRIVATE KEY" --------------------------------------------------------------------------------------------

export function pkcs8 (key: PrivateKeyMaterial, publicKey: PublicKeyMaterial): Uint8Array {
  return encodeDer(SEQUENCE, encodeInteger(nothing), encodeDer(SEQUENCE, ...algorithms[key.type]), encodeDer(OCTET_STRING, inPkcs8(key, publicKey)))
}

/** The curve is named outside, so not again inside (RFC 5958). */
function inPkcs8 (key: PrivateKeyMaterial, publicKey: PublicKeyMaterial): Uint8Array {
  switch (key.type) {
    case 'Ed25519': return encodeDer(OCTET_STRING, key.seed)
    case 'secp256k1':
    case 'ECDSA': return sec1(key.scalar, undefined, pointOf(publicKey))
    case 'RSA': return pkcs1(key)
  }
}

/** Undefined when it is no key of ours. Attributes and public keys behind the private one (RFC 5958) are ignored. */
export function readPkcs8 (bytes: Uint8Array): PrivateForm | undefined {
  const outer = new DerReader(bytes)
  const inner = outer.inner(SEQUENCE)
  const version = inner.value(INTEGER)
  const type = readAlgorithm(inner)
  const key = inner.value(OCTET_STRING)
  while (inner.tag === 0xa0 || inner.tag === 0x81) inner.value(inner.tag)
  if (version.length !== 1 || (version[0] ?? 2) > 1 || type === undefined || !inner.done || !outer.done) return undefined
  switch (type) {
    case 'Ed25519': {
      const wrapped = new DerReader(key)
      const seed = wrapped.value(OCTET_STRING)
      return wrapped.done && seed.length === 32 ? { key: { type, seed: new Uint8Array(seed) } } : undefined
    }
    case 'secp256k1':
    case 'ECDSA': return readSec1(key, type)
    case 'RSA': return readPkcs1(key)
  }
}

// --- SEC1: ECPrivateKey, "EC PRIVATE KEY" -----------------------------------------------------------------------------

function sec1 (scalar: Uint8Array, curve: Uint8Array | undefined, point: Uint8Array): Uint8Array {
  return encodeDer(SEQUENCE,
    encodeInteger(one),
    encodeDer(OCTET_STRING, scalar),
    ...curve === undefined ? [] : [encodeDer(context(0), curve)],
    encodeDer(context(1), encodeBits(point)))
}

/** @param expected the curve, where it is known from outside; what is inside must agree */
export function readSec1 (bytes: Uint8Array, expected?: 'secp256k1' | 'ECDSA'): PrivateForm | undefined {
  const outer = new DerReader(bytes)
  const inner = outer.inner(SEQUENCE)
  const version = inner.integer()
  const scalar = inner.value(OCTET_STRING)
  const named = inner.tag === context(0) ? curveOf(inner.value(context(0))) : expected
  let publicPoint: Uint8Array | undefined
  if (inner.tag === context(1)) {
    const wrapped = inner.inner(context(1))
    publicPoint = new Uint8Array(wrapped.bits())
    if (!wrapped.done) return undefined
  }
  const type = expected ?? named
  if (!inner.done || !outer.done || version[0] !== 1 || version.length !== 1 || type === undefined || named !== type) return undefined
  if (scalar.length !== 32) return undefined
  if (type === 'secp256k1' && publicPoint !== undefined) publicPoint = compressed(publicPoint) ?? nothing
  return { key: { type, scalar: new Uint8Array(scalar) }, publicPoint }
}

function curveOf (oid: Uint8Array): 'secp256k1' | 'ECDSA' | undefined {
  if (sameBytes(oid, p256)) return 'ECDSA'
  return sameBytes(oid, secp256k1) ? 'secp256k1' : undefined
}

// --- PKCS#1: RSAPrivateKey, "RSA PRIVATE KEY" ---------------------------------------------------------------------------

function pkcs1 (key: PrivateKeyMaterial & { readonly type: 'RSA' }): Uint8Array {
  const numbers = [nothing, key.n, key.e, key.d, key.p, key.q, key.dp, key.dq, key.qi]
  return encodeDer(SEQUENCE, ...numbers.map(encodeInteger))
}

export function readPkcs1 (bytes: Uint8Array): PrivateForm | undefined {
  const outer = new DerReader(bytes)
  const inner = outer.inner(SEQUENCE)
  const number = (): Uint8Array => new Uint8Array(inner.integer())
  const version = number()
  const [n, e, d, p, q, dp, dq, qi] = [number(), number(), number(), number(), number(), number(), number(), number()]
  if (!inner.done || !outer.done || version.length !== 0 || !isModulus(n)) return undefined
  return { key: { type: 'RSA', n, e, d, p, q, dp, dq, qi } }
}

function isModulus (n: Uint8Array): boolean {
  return n.length >= leastModulusBytes && n.length <= mostModulusBytes && (n.length > leastModulusBytes || (n[0] ?? 0) >= 0x80)
}

// --- names of algorithms and curves -----------------------------------------------------------------------------------

const oid = (...arcs: readonly number[]): Uint8Array => encodeDer(OBJECT_IDENTIFIER, Uint8Array.from(arcs))

const nothing = new Uint8Array(0)
const one = Uint8Array.of(1)

/** 1.2.840.10045.2.1, and the two curves 1.2.840.10045.3.1.7 and 1.3.132.0.10. */
const ecPublicKey = oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01)
const p256 = oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07)
const secp256k1 = oid(0x2b, 0x81, 0x04, 0x00, 0x0a)

/** The content of AlgorithmIdentifier. */
const algorithms: Readonly<Record<KeyType, readonly Uint8Array[]>> = {
  RSA: [oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01), encodeDer(NULL)],
  Ed25519: [oid(0x2b, 0x65, 0x70)],
  secp256k1: [ecPublicKey, secp256k1],
  ECDSA: [ecPublicKey, p256]
}

function readAlgorithm (reader: DerReader): KeyType | undefined {
  const identifier = reader.value(SEQUENCE)
  const types = Object.keys(algorithms) as KeyType[]
  return types.find(type => sameBytes(identifier, concat(algorithms[type])))
}

// --- points and bytes -------------------------------------------------------------------------------------------------

/** A point of secp256k1 in 33 bytes, of 33 or 65. */
function compressed (point: Uint8Array): Uint8Array | undefined {
  if (point.length === 33 && (point[0] === 2 || point[0] === 3)) return new Uint8Array(point)
  if (point.length !== 65 || point[0] !== 4 || !fitsSecp256k1(point)) return undefined
  const short = point.slice(0, 33)
  short[0] = 2 + ((point[64] ?? 0) & 1)
  return short
}

/** Of an uncompressed point all but one bit of y is dropped, so it must be the right one: y² = x³ + 7 (SEC 2, 2.4.1). */
function fitsSecp256k1 (point: Uint8Array): boolean {
  const [x, y] = [toNumber(point.subarray(1, 33)), toNumber(point.subarray(33))]
  return x < fieldOfSecp256k1 && y < fieldOfSecp256k1 && (y * y - x * x * x - 7n) % fieldOfSecp256k1 === 0n
}

const fieldOfSecp256k1 = (1n << 256n) - (1n << 32n) - 977n

function toNumber (bytes: Uint8Array): bigint {
  let number = 0n
  for (const byte of bytes) number = number << 8n | BigInt(byte)
  return number
}

function pointOf (key: PublicKeyMaterial): Uint8Array {
  if (key.type === 'RSA') throw new TypeError('key: RSA has no point')
  return key.point
}
