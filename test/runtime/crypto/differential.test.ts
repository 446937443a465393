/** The default provider and the portable one compute the same, on whatever comes. */
import { expect } from 'chai'
import fc from 'fast-check'
import type { CryptoProvider, PrivateKeyMaterial } from '../../../src/runtime/crypto/provider.js'
import { flip, toHex } from '../../wire/kit.js'
import { providers, rsaKey, sealed } from './kit.js'

const bytes = (minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength, maxLength })
const runs = { numRuns: 60 }

describe('crypto providers node and noble', () => {
  let [node, noble]: CryptoProvider[] = []
  let both: (run: (crypto: CryptoProvider) => unknown) => void

  before(async () => {
    [node, noble] = await Promise.all(providers.map(({ load }) => load()))
    both = run => { expect(run(node!)).to.deep.equal(run(noble!)) }
  })

  it('hash and derive alike', () => {
    fc.assert(fc.property(fc.array(bytes(0, 300), { maxLength: 4 }), bytes(0, 80), bytes(0, 80), (pieces, salt, ikm) => {
      both(crypto => toHex(crypto.sha256(...pieces)))
      both(crypto => crypto.hkdf(salt, ikm, 2).map(toHex))
      both(crypto => crypto.hkdf(salt, ikm, 3).map(toHex))
    }), runs)
  })

  it('seal alike, open what the other sealed, and refuse what was changed', () => {
    fc.assert(fc.property(bytes(32), fc.maxSafeNat(), bytes(0, 40), fc.array(bytes(0, 700), { maxLength: 3 }), fc.nat(), (key, nonce, ad, pieces, bit) => {
      both(crypto => toHex(sealed(crypto.aead(key), nonce, ad, ...pieces)))
      const text = sealed(node!.aead(key), nonce, ad, ...pieces)
      both(crypto => toHex(crypto.aead(key).open(nonce, ad, text)!))
      expect(node!.aead(key).open(nonce, ad, text)).to.not.be.undefined
      both(crypto => crypto.aead(key).open(nonce, ad, flip(text, bit % (8 * text.length))))
    }), runs)
  })

  it('agree alike, whatever the key: also zeros, non-canonical and twist points', () => {
    const publicKey = fc.oneof(bytes(32), bytes(1).map(([low]) => new Uint8Array(32).fill(0xff).with(0, low!).with(31, 0x7f)), bytes(1).map(([low]) => new Uint8Array(32).with(0, low!)))
    fc.assert(fc.property(bytes(32), publicKey, (privateKey, remote) => {
      both(crypto => toHex(crypto.importX25519(privateKey).publicKey))
      both(crypto => crypto.importX25519(privateKey).agree(crypto.importX25519Public(remote)))
    }), runs)
  })

  for (const type of ['Ed25519', 'secp256k1', 'ECDSA'] as const) {
    it(`derive the same ${type} key and verify each other's signatures`, () => {
      fc.assert(fc.property(bytes(32).filter(entropy => entropy[0]! < 0xff && entropy.some(byte => byte > 0)), bytes(0, 200), fc.nat(), (entropy, message, bit) => {
        both(crypto => crypto.importPrivateKey(crypto.generateKey(type, entropy)).publicKey)
        const material = node!.generateKey(type, entropy)
        for (const signer of [node!, noble!]) {
          const key = signer.importPrivateKey(material)
          const signature = key.sign(message)
          both(crypto => crypto.importPublicKey(key.publicKey)!.verify(message, signature))
          expect(node!.importPublicKey(key.publicKey)!.verify(message, signature)).to.be.true
          both(crypto => crypto.importPublicKey(key.publicKey)!.verify(message, flip(signature, bit % (8 * signature.length))))
        }
        if (type === 'Ed25519') both(crypto => toHex(crypto.importPrivateKey(material).sign(message)))
      }), { numRuns: 20 })
    })

    it(`say the same of any bytes as a ${type} key and signature`, () => {
      const length = type === 'Ed25519' ? 32 : type === 'secp256k1' ? 33 : 65
      fc.assert(fc.property(bytes(length), bytes(0, 80), bytes(0, 20), (point, signature, message) => {
        if (type !== 'Ed25519') point[0] = type === 'ECDSA' ? 4 : 2 + (point[0]! & 1)
        both(crypto => crypto.importPublicKey({ type, point })?.verify(message, signature))
      }), runs)
    })
  }

  it('verify RSA alike', () => {
    const key = rsaKey()
    const signing = node!.importPrivateKey(key)
    fc.assert(fc.property(bytes(0, 200), fc.nat(), bytes(256), (message, bit, rubbish) => {
      const signature = signing.sign(message)
      expect(noble!.importPublicKey(key)!.verify(message, signature)).to.be.true
      both(crypto => crypto.importPublicKey(key)!.verify(message, flip(signature, bit % 2048)))
      both(crypto => crypto.importPublicKey(key)!.verify(message, rubbish))
    }), runs)
  })

  it('refuse the same RSA keys', () => {
    fc.assert(fc.property(bytes(250, 262), bytes(0, 5), (n, e) => {
      both(crypto => crypto.importPublicKey({ type: 'RSA', n, e }) === undefined)
    }), runs)
  })
})

describe('the repeatable provider', () => {
  it('draws all chance from its entropy, and signs the same each time', async () => {
    const { loadRepeatableCrypto } = await import('../../../src/runtime/crypto/repeatable.js')
    const { SeededRandom } = await import('../../../src/runtime/random.js')
    const run = async (seed: number): Promise<string> => {
      const random = new SeededRandom(seed)
      const crypto = await loadRepeatableCrypto(length => Uint8Array.from({ length }, () => random.int(256)))
      const keys = (['Ed25519', 'secp256k1', 'ECDSA'] as const).map(type => crypto.importPrivateKey(crypto.generateKey(type)))
      return [
        crypto.randomBytes(5), crypto.generateX25519().publicKey, ...keys.map(key => key.sign(crypto.randomBytes(4)))
      ].map(toHex).join(' ')
    }
    const [first, again, other] = await Promise.all([run(1), run(1), run(2)])
    expect(first).to.equal(again)
    expect(first).to.not.equal(other)
  })

  it('verifies and seals as the default does, and makes no RSA key', async () => {
    const { loadRepeatableCrypto } = await import('../../../src/runtime/crypto/repeatable.js')
    const crypto = await loadRepeatableCrypto(length => new Uint8Array(length).fill(3))
    const node = await providers[0]!.load()
    const [key, text] = [new Uint8Array(32).fill(1), new Uint8Array(5)]
    expect(sealed(crypto.aead(key), 1, text, text)).to.deep.equal(sealed(node.aead(key), 1, text, text))
    const rsa: PrivateKeyMaterial = rsaKey()
    const signing = crypto.importPrivateKey(rsa)
    expect(crypto.importPublicKey(signing.publicKey)!.verify(text, signing.sign(text))).to.be.true
    expect(() => crypto.generateKey('RSA', 2048)).to.throw().with.property('code', 'crypto/unsupported')
  })
})
