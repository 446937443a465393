/**
 * The provider of a simulation: the same bytes each time. All chance comes from `entropy`, and signatures that OpenSSL
 * randomises (ECDSA, secp256k1) come from noble, which follows RFC 6979; everything else is the default provider, so that a
 * simulated node computes what a real one computes. It has no secrets: never for a real node.
 */
import { generateFrom } from './checks.js'
import { CryptoError } from './errors.js'
import { loadNobleCrypto } from './noble.js'
import { nodeCrypto } from './node.js'
import type { CryptoProvider } from './provider.js'

/**
 * @param entropy so many bytes, from a seed
 * @throws CryptoError `crypto/unsupported` when asked to generate an RSA key, which OpenSSL cannot do from a seed
 */
export async function loadRepeatableCrypto (entropy: (length: number) => Uint8Array): Promise<CryptoProvider> {
  const noble = await loadNobleCrypto()
  return {
    name: 'repeatable',
    randomBytes: entropy,
    sha256: (...pieces) => nodeCrypto.sha256(...pieces),
    hkdf: nodeCrypto.hkdf.bind(nodeCrypto),
    aead: key => nodeCrypto.aead(key),
    generateX25519: given => nodeCrypto.importX25519(given ?? entropy(32)),
    importX25519: privateKey => nodeCrypto.importX25519(privateKey),
    importX25519Public: publicKey => nodeCrypto.importX25519Public(publicKey),
    generateKey: (type, given?: Uint8Array | number) => {
      if (type === 'RSA') throw new CryptoError('crypto/unsupported', 'an RSA key cannot be made from a seed; import one')
      return generateFrom(type, given as Uint8Array | undefined, entropy)
    },
    importPrivateKey: key => key.type === 'secp256k1' || key.type === 'ECDSA' ? noble.importPrivateKey(key) : nodeCrypto.importPrivateKey(key),
    importPublicKey: key => nodeCrypto.importPublicKey(key)
  }
}
