/** The two ways to seal short texts give the same, at every length around the border; and nothing stays in the memory of the one. */
import { newInstance } from '@chainsafe/as-chacha20poly1305'
import { expect } from 'chai'
import { createCipheriv } from 'node:crypto'
import { pack } from '../../../src/messages/value/bytes.js'
import { loadNobleCrypto } from '../../../src/runtime/crypto/noble.js'
import { nodeCrypto } from '../../../src/runtime/crypto/node.js'
import type { CryptoProvider } from '../../../src/runtime/crypto/provider.js'
import { longestShortData, longestShortText, ShortAead, shortAead } from '../../../src/runtime/crypto/short-aead.js'
import { flip } from '../../wire/kit.js'
import { sealed } from './kit.js'

const nothing = new Uint8Array(0)
const nonces = [0, 1, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER]
const random = (length: number): Uint8Array => nodeCrypto.randomBytes(length)

/** By OpenSSL, without our code. */
function openssl (key: Uint8Array, nonce: number, associatedData: Uint8Array, text: Uint8Array): Uint8Array {
  const iv = Buffer.alloc(12)
  iv.writeBigUInt64LE(BigInt(nonce), 4)
  const cipher = createCipheriv('chacha20-poly1305', key, iv, { authTagLength: 16 })
  cipher.setAAD(associatedData, { plaintextLength: text.length })
  return new Uint8Array(Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]))
}

describe('short texts in WebAssembly', () => {
  const short = new ShortAead(newInstance())
  let noble: CryptoProvider

  before(async () => { noble = await loadNobleCrypto() })

  it('are sealed as OpenSSL and noble seal them, and opened again, at every length up to 600', () => {
    for (let length = 0; length <= 600; length++) {
      const [key, text, data] = [random(32), random(length), random(length % (longestShortData + 1))]
      const nonce = nonces[length % nonces.length]!
      const expected = openssl(key, nonce, data, text)
      expect(short.seal(pack(key), nonce, data, [text], length), `sealed ${length}`).to.deep.equal(expected)
      expect(short.open(pack(key), nonce, data, expected), `opened ${length}`).to.deep.equal(text)
      // Through the provider, which goes the other way from some length on.
      const aead = nodeCrypto.aead(key)
      expect(sealed(aead, nonce, data, text), `provider, sealed ${length}`).to.deep.equal(expected)
      expect(aead.open(nonce, data, expected), `provider, opened ${length}`).to.deep.equal(text)
      expect(noble.aead(key).open(nonce, data, expected), `noble, opened ${length}`).to.deep.equal(text)
    }
  })

  it('and long ones by turns, one key and many nonces', () => {
    const key = random(32)
    const aead = nodeCrypto.aead(key)
    for (let nonce = 0; nonce < 40; nonce++) {
      const text = random(nonce % 3 === 0 ? 20 : 2000)
      const expected = openssl(key, nonce, nothing, text)
      expect(sealed(aead, nonce, nothing, text), `sealed ${nonce}`).to.deep.equal(expected)
      expect(aead.open(nonce, nothing, expected), `opened ${nonce}`).to.deep.equal(text)
    }
  })

  it('may come in pieces, and with more associated data than the code takes', () => {
    const [key, text] = [random(32), random(longestShortText + 40)]
    const aead = nodeCrypto.aead(key)
    for (let at = 0; at <= text.length; at += 7) {
      expect(sealed(aead, at, nothing, text.subarray(0, at), nothing, text.subarray(at))).to.deep.equal(openssl(key, at, nothing, text))
    }
    for (let length = longestShortData; length < longestShortData + 3; length++) {
      const data = random(length)
      expect(sealed(aead, 1, data, text.subarray(0, 9))).to.deep.equal(openssl(key, 1, data, text.subarray(0, 9)))
    }
  })

  it('are refused when any bit of them, of the tag or of the data is another', () => {
    const [key, data] = [random(32), random(32)]
    for (const length of [0, 1, 31, 32, 64, 65]) {
      const good = openssl(key, 7, data, random(length))
      for (let bit = 0; bit < 8 * good.length; bit++) expect(short.open(pack(key), 7, data, flip(good, bit)), `bit ${bit} of ${length} bytes`).to.be.undefined
      for (let bit = 0; bit < 8 * data.length; bit++) expect(short.open(pack(key), 7, flip(data, bit), good)).to.be.undefined
      expect(short.open(pack(key), 8, data, good)).to.be.undefined
      expect(short.open(pack(key), 7, data, good)).to.have.length(length)
    }
    expect(nodeCrypto.aead(key).open(0, nothing, new Uint8Array(15))).to.be.undefined
  })

  it('come back in memory of their own, and what was given is only read', () => {
    const [key, text] = [random(32), random(64)]
    const [keyBefore, textBefore] = [key.slice(), text.slice()]
    const one = short.seal(pack(key), 1, nothing, [text], 64)
    const other = short.seal(pack(key), 2, nothing, [text], 64)
    expect(one.buffer).to.not.equal(other.buffer)
    const opened = short.open(pack(key), 1, nothing, one)!
    opened.fill(1)
    expect(short.open(pack(key), 1, nothing, one)).to.deep.equal(textBefore)
    expect([key, text]).to.deep.equal([keyBefore, textBefore])
    // The provider keeps a copy of the key.
    const aead = nodeCrypto.aead(key)
    key.fill(0)
    expect(sealed(aead, 1, nothing, text)).to.deep.equal(one)
  })

  it('leave neither key nor text behind', () => {
    const code = newInstance()
    const other = new ShortAead(code)
    const memory = Buffer.from(code.memory.buffer)
    const [key, text] = [random(32), random(longestShortText)]
    const good = other.seal(pack(key), 3, nothing, [text], text.length)
    const holds = (secret: Uint8Array): boolean => [secret.subarray(0, 8), secret.subarray(-8)].some(part => memory.includes(Buffer.from(part)))
    expect(holds(key) || holds(text)).to.be.false
    other.open(pack(key), 3, nothing, good)
    expect(holds(key) || holds(text)).to.be.false
    other.open(pack(key), 3, nothing, flip(good, 5))
    expect(holds(key) || holds(text)).to.be.false
  })

  it('are there on this Node', () => {
    expect(shortAead()).to.be.instanceOf(ShortAead)
    expect(shortAead()).to.equal(shortAead())
  })
})
