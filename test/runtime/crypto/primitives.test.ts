/** Hashes, key derivation, authenticated encryption and key agreement of both providers: published vectors and edges. */
import { expect } from 'chai'
import { createCipheriv } from 'node:crypto'
import { CryptoError } from '../../../src/runtime/crypto/errors.js'
import type { CryptoProvider } from '../../../src/runtime/crypto/provider.js'
import { concat, flip, hex, toHex, utf8 } from '../../wire/kit.js'
import { providers, sealed } from './kit.js'
import { chachaStream, hkdfVector, smallOrderPoints, x25519Iterated, x25519Vectors } from './vectors.js'

const nothing = new Uint8Array(0)

for (const { name, load } of providers) {
  describe(`crypto provider ${name}`, () => {
    let crypto: CryptoProvider
    before(async () => { crypto = await load() })

    it('gives plain Uint8Arrays, whose slice is a copy', () => {
      const key = crypto.aead(new Uint8Array(32))
      const pair = crypto.generateX25519()
      const remote = crypto.importX25519Public(crypto.generateX25519().publicKey)
      const all = [
        crypto.randomBytes(8), crypto.sha256(nothing), crypto.sha256(nothing, nothing), ...crypto.hkdf(new Uint8Array(32), nothing, 3),
        ...key.seal(0, nothing, utf8('x')), key.open(0, nothing, sealed(key, 0, nothing, utf8('x'))), pair.publicKey, pair.agree(remote)
      ]
      for (const bytes of all) {
        expect(bytes).to.be.instanceOf(Uint8Array)
        expect(Buffer.isBuffer(bytes)).to.be.false
      }
    })

    it('makes random bytes of the length asked for', () => {
      expect(crypto.randomBytes(0)).to.have.length(0)
      expect(crypto.randomBytes(65_536)).to.have.length(65_536)
      expect(toHex(crypto.randomBytes(32))).to.not.equal(toHex(crypto.randomBytes(32)))
    })

    it('hashes with SHA-256 (FIPS 180-4: "abc"), in one piece or several', () => {
      const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
      expect(toHex(crypto.sha256(utf8('abc')))).to.equal(abc)
      expect(toHex(crypto.sha256(utf8('a'), nothing, utf8('bc')))).to.equal(abc)
      const lengths = [...Array.from({ length: 20 }, (_, i) => 500 + i), 65_535, 65_536, 65_537]
      for (const length of lengths) {
        const whole = new Uint8Array(length).fill(length)
        expect(crypto.sha256(whole.subarray(0, 100), whole.subarray(100)), `${length} bytes in two pieces`).to.deep.equal(crypto.sha256(whole))
      }
      expect(toHex(crypto.sha256())).to.equal('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    })

    it('derives keys as RFC 5869 with empty info (A.3), also from no input, as the Noise split does', () => {
      const ikm = hex(hkdfVector.inputKeyMaterial)
      expect(toHex(concat(...crypto.hkdf(nothing, ikm, 2))).slice(0, 84)).to.equal(hkdfVector.output)
      const three = crypto.hkdf(nothing, ikm, 3)
      expect(three.map(key => key.length)).to.deep.equal([32, 32, 32])
      expect(toHex(concat(...three)).slice(0, 84)).to.equal(hkdfVector.output)
      expect(crypto.hkdf(new Uint8Array(32), nothing, 2).map(key => key.length)).to.deep.equal([32, 32])
    })

    describe('ChaCha20-Poly1305', () => {
      it('makes the key stream of RFC 8439, A.1', () => {
        expect(toHex(sealed(crypto.aead(new Uint8Array(32)), 0, nothing, new Uint8Array(64))).slice(0, 128)).to.equal(chachaStream)
      })

      it('writes its nonce as four zeros and a little-endian counter (Noise 5.1), up to 2^53 - 1', () => {
        const key = crypto.randomBytes(32)
        const aead = crypto.aead(key)
        for (const nonce of [0, 1, 255, 256, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0005, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER]) {
          const iv = Buffer.alloc(12)
          iv.writeBigUInt64LE(BigInt(nonce), 4)
          const cipher = createCipheriv('chacha20-poly1305', key, iv, { authTagLength: 16 })
          cipher.setAAD(utf8('ad'), { plaintextLength: 5 })
          const expected = Buffer.concat([cipher.update('hello'), cipher.final(), cipher.getAuthTag()])
          expect(toHex(sealed(aead, nonce, utf8('ad'), utf8('hello'))), `nonce ${nonce}`).to.equal(toHex(expected))
        }
      })

      it('refuses nonces that it could not tell apart', () => {
        const aead = crypto.aead(new Uint8Array(32))
        for (const nonce of [-1, 0.5, 2 ** 53, Infinity, NaN]) {
          expect(() => aead.seal(nonce, nothing, nothing), `seal ${nonce}`).to.throw(CryptoError).with.property('code', 'crypto/nonce-exhausted')
          expect(() => aead.open(nonce, nothing, new Uint8Array(16)), `open ${nonce}`).to.throw(CryptoError).with.property('code', 'crypto/nonce-exhausted')
        }
      })

      it('seals pieces as if they were one, of any length', () => {
        const aead = crypto.aead(crypto.randomBytes(32))
        for (const lengths of [[0], [1, 0, 2], [12, 500], [65_519], [12, 65_507], [40_000, 40_000]]) {
          const pieces = lengths.map(length => crypto.randomBytes(length))
          const whole = concat(...pieces)
          const text = sealed(aead, 3, nothing, ...pieces)
          expect(text).to.have.length(whole.length + 16)
          expect(toHex(text)).to.equal(toHex(sealed(aead, 3, nothing, whole)))
          expect(toHex(aead.open(3, nothing, text)!)).to.equal(toHex(whole))
        }
      })

      it('leaves what it sealed untouched by later use', () => {
        const aead = crypto.aead(crypto.randomBytes(32))
        const first = aead.seal(0, nothing, utf8('one'), utf8('two'))
        const before = first.map(toHex)
        aead.seal(1, nothing, crypto.randomBytes(100), crypto.randomBytes(100))
        expect(first.map(toHex)).to.deep.equal(before)
      })

      it('does not change its inputs', () => {
        const aead = crypto.aead(crypto.randomBytes(32))
        const [ad, plaintext] = [crypto.randomBytes(9), crypto.randomBytes(99)]
        const before = [ad, plaintext].map(toHex)
        const text = sealed(aead, 0, ad, plaintext)
        const sealedBefore = toHex(text)
        aead.open(0, ad, text)
        expect([ad, plaintext].map(toHex)).to.deep.equal(before)
        expect(toHex(text)).to.equal(sealedBefore)
      })

      it('opens nothing that was changed: any bit, the nonce, the data beside it, the key', () => {
        const key = crypto.randomBytes(32)
        const aead = crypto.aead(key)
        const text = sealed(aead, 7, utf8('ad'), utf8('plaintext'))
        for (let bit = 0; bit < 8 * text.length; bit++) expect(aead.open(7, utf8('ad'), flip(text, bit))).to.be.undefined
        expect(aead.open(8, utf8('ad'), text)).to.be.undefined
        expect(aead.open(7, utf8('aD'), text)).to.be.undefined
        expect(aead.open(7, nothing, text)).to.be.undefined
        expect(crypto.aead(flip(key, 0)).open(7, utf8('ad'), text)).to.be.undefined
        for (let length = 0; length < text.length; length++) expect(aead.open(7, utf8('ad'), text.subarray(0, length))).to.be.undefined
      })

      it('wants a key of 32 bytes', () => {
        for (const length of [0, 16, 31, 33]) {
          expect(() => crypto.aead(new Uint8Array(length))).to.throw(CryptoError).with.property('code', 'crypto/invalid-argument')
        }
      })
    })

    describe('X25519', () => {
      const agree = (scalar: string, u: string): string => toHex(crypto.importX25519(hex(scalar)).agree(crypto.importX25519Public(hex(u))) ?? nothing)

      it('computes RFC 7748, 5.2', () => {
        for (const [scalar, u, result] of x25519Vectors) expect(agree(scalar, u)).to.equal(result)
      })

      it('computes the iterations of RFC 7748, 5.2', () => {
        let [k, u] = [hex(`09${'00'.repeat(31)}`), hex(`09${'00'.repeat(31)}`)]
        // A thousand take noble seconds; the differential test keeps it equal.
        for (let i = 1; i <= (name === 'node' ? 1000 : 1); i++) {
          [k, u] = [crypto.importX25519(k).agree(crypto.importX25519Public(u))!, k]
          if (i === 1 || i === 1000) expect(toHex(k), `after ${i}`).to.equal(x25519Iterated[i])
        }
      })

      it('agrees with the other side, and gives the public key of a private one', () => {
        for (let i = 0; i < 20; i++) {
          const [a, b] = [crypto.generateX25519(), crypto.generateX25519()]
          expect(a.publicKey).to.have.length(32)
          expect(toHex(a.agree(crypto.importX25519Public(b.publicKey))!)).to.equal(toHex(b.agree(crypto.importX25519Public(a.publicKey))!))
        }
        const entropy = crypto.randomBytes(32)
        expect(toHex(crypto.generateX25519(entropy).publicKey)).to.equal(toHex(crypto.importX25519(entropy).publicKey))
        expect(toHex(crypto.generateX25519(entropy).publicKey)).to.equal(agree(toHex(entropy), `09${'00'.repeat(31)}`))
      })

      it('refuses the all-zero secret, which every point of small order brings about (RFC 7748, 6.1)', () => {
        const pair = crypto.generateX25519()
        for (const point of smallOrderPoints) {
          expect(pair.agree(crypto.importX25519Public(hex(point))), point).to.be.undefined
          expect(pair.agree(crypto.importX25519Public(flip(hex(point), 255))), `${point} with its ignored bit`).to.be.undefined
        }
      })

      it('takes public keys that are not canonical, and ignores their highest bit (RFC 7748, 5)', () => {
        const scalar = toHex(crypto.randomBytes(32))
        const two = `02${'00'.repeat(31)}`
        // 2^255 - 19 + 2
        expect(agree(scalar, `ef${'ff'.repeat(30)}7f`)).to.equal(agree(scalar, two))
        expect(agree(scalar, toHex(flip(hex(two), 255)))).to.equal(agree(scalar, two))
      })

      it('accepts the key object of another provider', async () => {
        const pair = crypto.generateX25519()
        for (const other of providers) {
          const remote = (await other.load()).generateX25519()
          const key = (await other.load()).importX25519Public(remote.publicKey)
          expect(toHex(pair.agree(key)!)).to.equal(toHex(remote.agree((await other.load()).importX25519Public(pair.publicKey))!))
        }
      })

      it('keeps no view of what it was given', () => {
        const bytes = crypto.generateX25519().publicKey.slice()
        const key = crypto.importX25519Public(bytes)
        const pair = crypto.generateX25519()
        const secret = toHex(pair.agree(key)!)
        bytes.fill(1)
        expect(toHex(pair.agree(key)!)).to.equal(secret)
      })

      it('wants 32 bytes', () => {
        for (const length of [0, 31, 33]) {
          expect(() => crypto.importX25519(new Uint8Array(length))).to.throw(CryptoError).with.property('code', 'crypto/invalid-argument')
          expect(() => crypto.importX25519Public(new Uint8Array(length))).to.throw(CryptoError).with.property('code', 'crypto/invalid-argument')
        }
      })
    })
  })
}
