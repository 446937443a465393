/**
 * Unsigned varints as multiformats has them (multiformats/unsigned-varint): groups of seven bits, lowest first, in the
 * fewest bytes, at most nine. In front of messages, in multiaddrs and multihashes; protobuf has its own rule (`protobuf-reader.ts`).
 *
 * Numbers are JavaScript numbers: nothing that libp2p counts comes near 2^53, and what claims more is refused.
 */

/** Nine bytes carry 63 bits. */
export const maxVarintBytes = 9

/** `readVarint`: the input ends within the varint. */
export const varintIncomplete = -1
/** `readVarint`: not minimal, longer than nine bytes, or above 2^53 - 1. */
export const varintMalformed = -2

/** How many bytes the number takes. For what was read it is how many it took, since only minimal ones are read. */
export function varintLength (value: number): number {
  let length = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++
  return length
}

/**
 * Writes at `offset`, where there must be room.
 * @returns where it ends
 */
export function writeVarint (value: number, target: Uint8Array, offset: number): number {
  checkValue(value)
  let rest = value
  // Above 31 bits the operators on 32-bit integers would lose the rest.
  for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 0x80)) target[offset++] = rest % 0x80 | 0x80
  for (; rest >= 0x80; rest >>>= 7) target[offset++] = rest & 0x7f | 0x80
  target[offset++] = rest
  return offset
}

/** @throws RangeError unless a whole number from 0 to 2^53 - 1 */
export function encodeVarint (value: number): Uint8Array {
  checkValue(value)
  const bytes = new Uint8Array(varintLength(value))
  writeVarint(value, bytes, 0)
  return bytes
}

/**
 * The varint at `offset`.
 * @returns the number; `varintIncomplete` or `varintMalformed`, both negative. As early as possible: four bytes of a length
 *   that can only be too long need no fifth
 */
export function readVarint (bytes: Uint8Array, offset = 0): number {
  let value = 0
  let factor = 1
  for (let i = 0; i < maxVarintBytes; i++) {
    const byte = bytes[offset + i]
    if (byte === undefined) return varintIncomplete
    value += (byte & 0x7f) * factor
    if (value > Number.MAX_SAFE_INTEGER) return varintMalformed
    if (byte < 0x80) return byte === 0 && i > 0 ? varintMalformed : value
    factor *= 0x80
  }
  return varintMalformed
}

/** `bytes` behind its length. */
export function prefixLength (bytes: Uint8Array): Uint8Array {
  const start = varintLength(bytes.length)
  const message = new Uint8Array(start + bytes.length)
  writeVarint(bytes.length, message, 0)
  message.set(bytes, start)
  return message
}

function checkValue (value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`value: a varint is a whole number from 0 to 2^53 - 1; got ${value}`)
}
