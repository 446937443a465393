/** Identity keys of both providers: published vectors, what libraries disagree about, and the edges of each form. */
import { expect } from 'chai'
import { derSignature, orders, plainSignature } from '../../../src/runtime/crypto/ecdsa-signature.js'
import { CryptoError } from '../../../src/runtime/crypto/errors.js'
import type { CryptoProvider, PublicKeyMaterial, RsaPrivateKeyMaterial } from '../../../src/runtime/crypto/provider.js'
import { concat, flip, hex, toHex, utf8 } from '../../wire/kit.js'
import { providers, rsaKey } from './kit.js'
import { ed25519Disputes, ed25519SmallOrder, ed25519Vectors, p256Vectors, secp256k1Vector } from './vectors.js'

const message = utf8('the message')
const curves = ['secp256k1', 'ECDSA'] as const

function bytesOf (number: bigint): Uint8Array {
  return hex(number.toString(16).padStart(64, '0'))
}

for (const { name, load } of providers) {
  describe(`signatures of crypto provider ${name}`, () => {
    let crypto: CryptoProvider
    before(async () => { crypto = await load() })

    const verify = (key: PublicKeyMaterial, signature: Uint8Array, text = message): boolean => crypto.importPublicKey(key)!.verify(text, signature)

    for (const type of ['Ed25519', ...curves] as const) {
      describe(type, () => {
        it('verifies what it signed, and nothing else', () => {
          const key = crypto.importPrivateKey(crypto.generateKey(type))
          const signature = key.sign(message)
          expect(Buffer.isBuffer(signature)).to.be.false
          expect(verify(key.publicKey, signature)).to.be.true
          expect(verify(key.publicKey, signature, utf8('another'))).to.be.false
          expect(verify(crypto.importPrivateKey(crypto.generateKey(type)).publicKey, signature)).to.be.false
          for (let bit = 0; bit < 8 * signature.length; bit += 13) expect(verify(key.publicKey, flip(signature, bit)), `bit ${bit}`).to.be.false
          for (const wrong of [signature.subarray(1), signature.subarray(0, -1), concat(signature, hex('00')), hex('')]) expect(verify(key.publicKey, wrong)).to.be.false
        })

        it('signs and verifies empty messages and long ones', () => {
          const key = crypto.importPrivateKey(crypto.generateKey(type))
          for (const text of [utf8(''), new Uint8Array(100_000)]) expect(verify(key.publicKey, key.sign(text), text)).to.be.true
        })

        it('makes the same key of the same entropy, and keeps no view of it', () => {
          const entropy = hex('11'.repeat(32))
          const material = crypto.generateKey(type, entropy)
          const key = crypto.importPrivateKey(material)
          entropy.fill(0x12)
          expect(crypto.importPrivateKey(material).publicKey).to.deep.equal(key.publicKey)
          expect(crypto.importPrivateKey(crypto.generateKey(type, hex('11'.repeat(32)))).publicKey).to.deep.equal(key.publicKey)
        })

        it('wants 32 bytes of entropy, and 32 bytes of private key', () => {
          for (const length of [0, 31, 33]) {
            expect(() => crypto.generateKey(type, new Uint8Array(length))).to.throw(CryptoError).with.property('code', 'crypto/invalid-argument')
            const bytes = new Uint8Array(length).fill(1)
            expect(() => crypto.importPrivateKey((type === 'Ed25519' ? { type, seed: bytes } : { type, scalar: bytes }))).to.throw(CryptoError).with.property('code', 'crypto/invalid-key')
          }
        })

        it('does not show its private bytes when it is printed', async () => {
          const { inspect } = await import('node:util')
          const key = crypto.importPrivateKey(crypto.generateKey(type, hex('5a'.repeat(32))))
          expect(inspect(key, { depth: 9, showHidden: true })).to.not.match(/5a5a|90,\s*90/i)
          expect(JSON.stringify(key)).to.not.match(/5a5a|90,90/i)
        })
      })
    }

    describe('Ed25519', () => {
      it('makes and verifies the signatures of RFC 8032, 7.1', () => {
        for (const [seed, point, text, signature] of ed25519Vectors) {
          const key = crypto.importPrivateKey({ type: 'Ed25519', seed: hex(seed) })
          expect(key.publicKey).to.deep.equal({ type: 'Ed25519', point: hex(point) })
          expect(toHex(key.sign(hex(text)))).to.equal(signature)
          expect(verify(key.publicKey, hex(signature), hex(text))).to.be.true
        }
      })

      for (const [text, point, signature, good, what] of ed25519Disputes) {
        it(`${good ? 'accepts' : 'refuses'}: ${what}`, () => {
          const key = crypto.importPublicKey({ type: 'Ed25519', point: hex(point) })
          expect(key?.verify(hex(text), hex(signature)) ?? false).to.equal(good)
        })
      }

      it('knows no key of small order', () => {
        for (const point of ed25519SmallOrder) {
          expect(crypto.importPublicKey({ type: 'Ed25519', point: hex(point) }), point).to.be.undefined
          expect(crypto.importPublicKey({ type: 'Ed25519', point: flip(hex(point), 248) }), point).to.not.be.undefined
        }
      })

      it('verifies nothing with a key that is no point', () => {
        const signature = crypto.importPrivateKey(crypto.generateKey('Ed25519')).sign(message)
        expect(verify({ type: 'Ed25519', point: hex(`02${'00'.repeat(31)}`) }, signature)).to.be.false
        for (const length of [0, 31, 33]) expect(crypto.importPublicKey({ type: 'Ed25519', point: new Uint8Array(length) })).to.be.undefined
      })
    })

    for (const type of curves) {
      describe(type, () => {
        const order = orders[type]
        const key = (): PublicKeyMaterial => crypto.importPrivateKey({ type, scalar: bytesOf(1n) }).publicKey

        it('refuses private keys out of range', () => {
          for (const scalar of [0n, order, order + 1n, 2n ** 256n - 1n]) {
            expect(() => crypto.importPrivateKey({ type, scalar: bytesOf(scalar) })).to.throw(CryptoError).with.property('code', 'crypto/invalid-key')
            expect(() => crypto.generateKey(type, bytesOf(scalar))).to.throw(CryptoError).with.property('code', 'crypto/invalid-key')
          }
          for (const scalar of [1n, order - 1n]) expect(crypto.importPrivateKey({ type, scalar: bytesOf(scalar) }).sign(message)).to.not.be.empty
        })

        it('refuses points off the curve, and forms of another length', () => {
          const { point } = key() as { point: Uint8Array }
          for (let bit = 8; bit < 8 * point.length; bit += 5) {
            const moved = crypto.importPublicKey({ type, point: flip(point, bit) })
            // Half of all x are those of a point; what then verifies is another key.
            if (moved !== undefined) expect(type).to.equal('secp256k1')
          }
          const off = new Uint8Array(point).fill(0xff, 1)
          for (const wrong of [off, point.subarray(1), concat(point, hex('00')), hex('00'), hex('')]) expect(crypto.importPublicKey({ type, point: wrong })).to.be.undefined
          expect(crypto.importPublicKey({ type, point: concat(hex('05'), point.subarray(1)) })).to.be.undefined
        })

        it('verifies signatures of DER only: strict, of positive numbers below the order', () => {
          const signing = crypto.importPrivateKey({ type, scalar: bytesOf(5n) })
          const good = signing.sign(message)
          const plain = plainSignature(good)!
          const [r, s] = [plain.subarray(0, 32), plain.subarray(32)]
          const numbers = (r: Uint8Array, s: Uint8Array): Uint8Array => derSignature(concat(r, s))
          expect(verify(signing.publicKey, numbers(r, s))).to.be.true
          const zero = bytesOf(0n)
          for (const wrong of [
            plain, // not DER
            numbers(zero, s), numbers(r, zero), numbers(zero, zero),
            numbers(bytesOf(order), s), numbers(r, bytesOf(order)), numbers(bytesOf(2n ** 256n - 1n), s),
            concat(hex('3081'), good.subarray(1)), // length in two bytes
            concat(hex('30'), Uint8Array.of(good[1]! + 1), hex('0200'), good.subarray(4)) // an empty number
          ]) expect(verify(signing.publicKey, wrong), toHex(wrong)).to.be.false
        })
      })
    }

    it('signs with the lower s on secp256k1, and accepts no higher one', () => {
      const key = crypto.importPrivateKey(crypto.generateKey('secp256k1'))
      for (let i = 0; i < 20; i++) {
        const text = Uint8Array.of(i)
        const signature = key.sign(text)
        const plain = plainSignature(signature)!
        const s = BigInt(`0x${toHex(plain.subarray(32))}`)
        expect(s <= orders.secp256k1 / 2n).to.be.true
        const high = derSignature(concat(plain.subarray(0, 32), bytesOf(orders.secp256k1 - s)))
        expect(verify(key.publicKey, high, text)).to.be.false
      }
    })

    it('accepts both values of s on P-256', () => {
      const key = crypto.importPrivateKey(crypto.generateKey('ECDSA'))
      const plain = plainSignature(key.sign(message))!
      const s = BigInt(`0x${toHex(plain.subarray(32))}`)
      expect(verify(key.publicKey, derSignature(concat(plain.subarray(0, 32), bytesOf(orders.ECDSA - s))))).to.be.true
    })

    it('verifies RFC 6979, A.2.5 (P-256) and the vector of secp256k1', () => {
      for (const [text, r, s] of p256Vectors.signatures) {
        expect(verify({ type: 'ECDSA', point: hex(p256Vectors.point) }, derSignature(hex(r + s)), utf8(text))).to.be.true
      }
      const { point, r, s } = secp256k1Vector
      expect(verify({ type: 'secp256k1', point: hex(point) }, derSignature(hex(r + s)), utf8(secp256k1Vector.message))).to.be.true
      expect(crypto.importPrivateKey({ type: 'ECDSA', scalar: hex(p256Vectors.scalar) }).publicKey).to.deep.equal({ type: 'ECDSA', point: hex(p256Vectors.point) })
      expect(crypto.importPrivateKey({ type: 'secp256k1', scalar: hex(secp256k1Vector.scalar) }).publicKey).to.deep.equal({ type: 'secp256k1', point: hex(point) })
    })

    describe('RSA', () => {
      it('verifies PKCS#1 v1.5 with SHA-256, and nothing else', async () => {
        const key = rsaKey()
        const signature = (await providers[0]!.load()).importPrivateKey(key).sign(message)
        expect(signature).to.have.length(256)
        expect(verify(key, signature)).to.be.true
        expect(verify(key, signature, utf8('another'))).to.be.false
        for (let bit = 0; bit < 8 * signature.length; bit += 31) expect(verify(key, flip(signature, bit))).to.be.false
        for (const wrong of [signature.subarray(1), signature.subarray(0, -1), concat(hex('00'), signature), hex(''), key.n, new Uint8Array(256), new Uint8Array(256).fill(0xff)]) {
          expect(verify(key, wrong)).to.be.false
        }
      })

      it('knows no key below 2,048 or above 8,192 bits, nor one with an even or large exponent', () => {
        const { n, e } = rsaKey()
        const odd = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(0xff)
        const refused: readonly [string, Uint8Array, Uint8Array][] = [
          ['2,047 bits', concat(hex('7f'), n.subarray(1)), e],
          ['1,024 bits', odd(128), e],
          ['8,193 bits', concat(hex('01'), odd(1024)), e],
          ['a megabyte', odd(1_000_000), e],
          ['leading zero', concat(hex('00'), n), e],
          ['even', concat(n.subarray(0, -1), hex('02')), e],
          ['none', hex(''), e],
          ['exponent 1', n, hex('01')], ['exponent 2', n, hex('02')], ['even exponent', n, hex('010002')], ['no exponent', n, hex('')],
          ['exponent of 2^31', n, hex('80000001')], ['exponent of five bytes', n, hex('0100000001')], ['exponent with a leading zero', n, hex('00010001')]
        ]
        for (const [what, modulus, exponent] of refused) expect(crypto.importPublicKey({ type: 'RSA', n: modulus, e: exponent }), what).to.be.undefined
        for (const exponent of ['03', '010001', '7fffffff']) expect(crypto.importPublicKey({ type: 'RSA', n, e: hex(exponent) }), exponent).to.not.be.undefined
        expect(crypto.importPublicKey({ type: 'RSA', n: odd(1024), e })).to.not.be.undefined
      })
    })
  })
}

describe('RSA keys of provider node', () => {
  const load = providers[0]!.load

  it('are generated in the sizes that are keys', async () => {
    const crypto = await load()
    for (const bits of [2047, 1024, 0, 8193, 8200, 2049, NaN, 3.5]) {
      expect(() => crypto.generateKey('RSA', bits), `${bits}`).to.throw(CryptoError).with.property('code', 'crypto/invalid-argument')
    }
    const key = rsaKey()
    expect(key.n).to.have.length(256)
    expect(toHex(key.e)).to.equal('010001')
    expect(crypto.importPrivateKey(key).publicKey).to.deep.equal({ type: 'RSA', n: key.n, e: key.e })
  })

  it('are refused when their parts do not belong together', async () => {
    const crypto = await load()
    const key = rsaKey()
    const other = crypto.generateKey('RSA', 2048) as RsaPrivateKeyMaterial
    for (const wrong of [{ ...key, n: other.n }, { ...key, d: other.d, p: other.p, q: other.q, dp: other.dp, dq: other.dq, qi: other.qi }, { ...key, p: hex('') }, { ...key, n: hex('01') }]) {
      expect(() => crypto.importPrivateKey(wrong)).to.throw(CryptoError).with.property('code', 'crypto/invalid-key')
    }
  })
})

describe('provider noble', () => {
  it('neither makes nor signs with RSA keys, and says who does', async () => {
    const crypto = await providers[1]!.load()
    const unsupported = (act: () => unknown): void => { expect(act).to.throw(CryptoError, /provider node/).with.property('code', 'crypto/unsupported') }
    unsupported(() => crypto.generateKey('RSA', 2048))
    unsupported(() => crypto.importPrivateKey(rsaKey()))
  })

  it('signs as RFC 6979 has it', async () => {
    const crypto = await providers[1]!.load()
    for (const [text, r, s] of p256Vectors.signatures) {
      expect(toHex(crypto.importPrivateKey({ type: 'ECDSA', scalar: hex(p256Vectors.scalar) }).sign(utf8(text)))).to.equal(toHex(derSignature(hex(r + s))))
    }
    const { scalar, r, s } = secp256k1Vector
    expect(toHex(crypto.importPrivateKey({ type: 'secp256k1', scalar: hex(scalar) }).sign(utf8(secp256k1Vector.message)))).to.equal(toHex(derSignature(hex(r + s))))
  })
})
