/**
 * RSA, as far as it is not a library's: which keys are keys at all, and verification in plain JavaScript for the portable
 * provider (noble has no RSA). RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2). Verification touches public numbers only,
 * so that its time tells nobody anything; signing would, and is not here.
 */
import type { RsaPrivateKeyMaterial } from './provider.js'

/** Below, a key can be factored; go and js enforce it too. */
export const leastBits = 2048
/** Above, one verification costs a node milliseconds: the attack of CVE-2023-39533. go, rust and js stop here too. */
export const mostBits = 8192

/** The exponent is odd, above 1 and below 2^31 (as go has it): a large one makes verification as slow as signing. */
const mostExponentBytes = 4

/** The start of EMSA-PKCS1-v1_5 behind the padding: DigestInfo for SHA-256 up to the digest (RFC 8017, 9.2, note 1). */
const digestInfo = [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20]

/** Looks at lengths and single bytes only, so it costs nothing whatever a remote sends. */
export function isRsaKey (n: Uint8Array, e: Uint8Array): boolean {
  const bits = bitLength(n)
  if (bits < leastBits || bits > mostBits || !isOdd(n)) return false
  if (bitLength(e) === 0 || e.length > mostExponentBytes || !isOdd(e)) return false
  return (e.length < mostExponentBytes || (e[0] ?? 0) < 0x80) && !(e.length === 1 && e[0] === 1)
}

/** The lengths that the parts of a private key have beside its modulus; whether they belong together shows in use. */
export function isRsaPrivateKey (key: RsaPrivateKeyMaterial): boolean {
  const whole = key.n.length
  const half = whole / 2 + 1
  return isRsaKey(key.n, key.e) && fits(key.d, whole) && [key.p, key.q, key.dp, key.dq, key.qi].every(part => fits(part, half))
}

/** @param digest SHA-256 of the message */
export function verifyRsa (n: Uint8Array, e: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== n.length) return false
  const modulus = toNumber(n)
  const power = toNumber(signature)
  if (power >= modulus) return false
  return sameBytes(fromNumber(raise(power, toNumber(e), modulus), n.length), encoded(digest, n.length))
}

/** The number of bits of a number without leading zeros; 0 for anything else. */
function bitLength (number: Uint8Array): number {
  const first = number[0] ?? 0
  return first === 0 ? 0 : 8 * number.length - (Math.clz32(first) - 24)
}

function isOdd (number: Uint8Array): boolean {
  return ((number[number.length - 1] ?? 0) & 1) === 1
}

function fits (number: Uint8Array, bytes: number): boolean {
  return number.length > 0 && number.length <= bytes
}

/** EMSA-PKCS1-v1_5 (RFC 8017, 9.2). To compare with what must be there, instead of parsing what is, leaves nothing to forge. */
function encoded (digest: Uint8Array, length: number): Uint8Array {
  const block = new Uint8Array(length).fill(0xff)
  const tail = [0x00, ...digestInfo, ...digest]
  block[0] = 0x00
  block[1] = 0x01
  block.set(tail, length - tail.length)
  return block
}

function raise (base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (let power = base; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = result * power % modulus
    power = power * power % modulus
  }
  return result
}

function toNumber (bytes: Uint8Array): bigint {
  let hex = '0x'
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return BigInt(hex)
}

function fromNumber (number: bigint, length: number): Uint8Array {
  const hex = number.toString(16).padStart(2 * length, '0')
  return Uint8Array.from({ length }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
}

function sameBytes (a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
