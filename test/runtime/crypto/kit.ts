import { loadNobleCrypto } from '../../../src/runtime/crypto/noble.js'
import { nodeCrypto } from '../../../src/runtime/crypto/node.js'
import type { Aead, CryptoProvider, RsaPrivateKeyMaterial } from '../../../src/runtime/crypto/provider.js'
import { concat } from '../../wire/kit.js'

/** Both providers, by name: for tests that say the same of each. */
export const providers: readonly { readonly name: string, readonly load: () => Promise<CryptoProvider> }[] = [
  { name: 'node', load: async () => nodeCrypto },
  { name: 'noble', load: loadNobleCrypto }
]

/** What `seal` gives, in one piece. */
export function sealed (aead: Aead, nonce: number, associatedData: Uint8Array, ...plaintext: readonly Uint8Array[]): Uint8Array {
  return concat(...aead.seal(nonce, associatedData, ...plaintext))
}

/** An RSA key of 2,048 bits, made once: it takes a while. */
export function rsaKey (): RsaPrivateKeyMaterial {
  made ??= nodeCrypto.generateKey('RSA', 2048) as RsaPrivateKeyMaterial
  return made
}

let made: RsaPrivateKeyMaterial | undefined
