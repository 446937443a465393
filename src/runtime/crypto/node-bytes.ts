/** Bytes as `node:crypto` gives and takes them. */
import { createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/**
 * The same memory as a plain `Uint8Array`. Callers must never get a `Buffer`: its `slice` is a view where that of a
 * `Uint8Array` is a copy.
 */
export function fresh (bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

export function base64url (bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url')
}

/** PKCS#8 up to the 32 private bytes (RFC 8410, 7); the two differ in the last arc of the algorithm. */
const pkcs8 = {
  x25519: [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20],
  ed25519: [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20]
} as const

/** A private key of which only the 32 private bytes are known. */
export function privateKeyFromSeed (algorithm: keyof typeof pkcs8, seed: Uint8Array): KeyObject {
  const der = Buffer.alloc(48)
  der.set(pkcs8[algorithm])
  der.set(seed, 16)
  const key = createPrivateKey({ format: 'der', type: 'pkcs8', key: der })
  der.fill(0)
  return key
}
