/**
 * The points of small order on Ed25519. As a key, one fits signatures that nobody made; in a signature, one makes it fit
 * several messages. No honest key or signature has any, but libraries differ: Go, dalek and OpenSSL by itself take them, Node
 * from 24 on, libsodium and dalek's strict mode refuse them. We refuse them everywhere, so that the Node that happens to
 * run us makes no difference.
 */

/** Their y-coordinates, little-endian, without the bit for x: 0, 1, two of order 8, -1, and 0 and 1 written above the prime. */
const smallOrder = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'
].map(text => Uint8Array.from(text.match(/../g) ?? [], pair => Number.parseInt(pair, 16)))

/** @param point 32 bytes */
export function isSmallOrder (point: Uint8Array): boolean {
  const last = point.length - 1
  return smallOrder.some(bytes => {
    for (let i = 0; i < last; i++) if (bytes[i] !== point[i]) return false
    return bytes[last] === ((point[last] ?? 0) & 0x7f)
  })
}
