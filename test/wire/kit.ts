/** Bytes as tests write them. */

export function hex (text: string): Uint8Array {
  return Uint8Array.from(text.replace(/\s+/g, '').match(/../g) ?? [], pair => Number.parseInt(pair, 16))
}

export function toHex (bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

export function utf8 (text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function concat (...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap(part => [...part]))
}

/** A copy with one bit turned. */
export function flip (bytes: Uint8Array, bit: number): Uint8Array {
  const copy = new Uint8Array(bytes)
  copy[bit >>> 3]! ^= 1 << (bit & 7)
  return copy
}
