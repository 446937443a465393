/**
 * ECDSA signatures: the DER form that travels (`SEQUENCE { INTEGER r, INTEGER s }`) and the plain form `r ‖ s`, 64 bytes,
 * in which both libraries compute. Both providers read signatures here, so that they accept the same ones: DER exactly,
 * as BIP 66 and rust-libp2p have it (go tolerates bytes behind the sequence; nobody sends them).
 */

/** Orders of the two curves (SEC 2, 2.4.1 and 2.4.2). */
export const orders = {
  secp256k1: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  ECDSA: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
} as const

export type Curve = keyof typeof orders

const numberBytes = 32

/** `r ‖ s`; undefined when the bytes are not exactly one DER sequence of two positive integers of up to 256 bits. */
export function plainSignature (der: Uint8Array): Uint8Array | undefined {
  const plain = new Uint8Array(2 * numberBytes)
  if (der[0] !== 0x30 || der[1] !== der.length - 2) return undefined
  const middle = readInteger(der, 2, plain, numberBytes)
  if (middle === undefined) return undefined
  return readInteger(der, middle, plain, 2 * numberBytes) === der.length ? plain : undefined
}

export function derSignature (plain: Uint8Array): Uint8Array {
  const r = integer(plain.subarray(0, numberBytes))
  const s = integer(plain.subarray(numberBytes))
  return Uint8Array.from([0x30, r.length + s.length, ...r, ...s])
}

/**
 * Of the two values of s that fit, secp256k1 signatures carry the lower one, and only that is accepted (BIP 62, which the
 * peer-ids spec names; rust and js refuse the other, go never makes it). P-256 knows no such rule.
 */
export function isLowS (plain: Uint8Array): boolean {
  return 2n * toNumber(plain.subarray(numberBytes)) <= orders.secp256k1
}

/** The same signature with the lower s. */
export function lowS (plain: Uint8Array): Uint8Array {
  if (isLowS(plain)) return plain
  const low = new Uint8Array(plain)
  low.set(fromNumber(orders.secp256k1 - toNumber(plain.subarray(numberBytes))), numberBytes)
  return low
}

/** In 1 to order - 1, where private keys lie. */
export function isScalar (curve: Curve, bytes: Uint8Array): boolean {
  if (bytes.length !== numberBytes) return false
  const scalar = toNumber(bytes)
  return scalar > 0n && scalar < orders[curve]
}

/** Reads one INTEGER at `start` and puts it, padded on the left, before `end`. @returns where it ends */
function readInteger (der: Uint8Array, start: number, plain: Uint8Array, end: number): number | undefined {
  const length = der[start + 1]
  if (der[start] !== 0x02 || length === undefined || length === 0) return undefined
  const from = start + 2
  const to = from + length
  const first = der[from]
  if (to > der.length || first === undefined || first > 0x7f) return undefined
  if (first === 0 && (length === 1 || (der[from + 1] ?? 0) < 0x80)) return undefined // zero, or not minimal
  const digits = der.subarray(first === 0 ? from + 1 : from, to)
  if (digits.length > numberBytes) return undefined
  plain.set(digits, end - digits.length)
  return to
}

function integer (digits: Uint8Array): readonly number[] {
  let from = 0
  while (from < digits.length - 1 && digits[from] === 0) from++
  const shortest = [...digits.subarray(from)]
  if ((shortest[0] ?? 0) > 0x7f) shortest.unshift(0)
  return [0x02, shortest.length, ...shortest]
}

function toNumber (bytes: Uint8Array): bigint {
  let number = 0n
  for (const byte of bytes) number = number << 8n | BigInt(byte)
  return number
}

function fromNumber (number: bigint): Uint8Array {
  const bytes = new Uint8Array(numberBytes)
  for (let i = numberBytes - 1; i >= 0; i--, number >>= 8n) bytes[i] = Number(number & 0xffn)
  return bytes
}
