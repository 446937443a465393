/** Identity keys: the forms of libp2p/specs peer-ids, of OpenSSL, and what is refused. */
import { expect } from 'chai'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { inspect } from 'node:util'
import { CryptoError } from '../../src/runtime/crypto/errors.js'
import { nodeCrypto } from '../../src/runtime/crypto/node.js'
import { loadNobleCrypto } from '../../src/runtime/crypto/noble.js'
import { DecodeFailure } from '../../src/messages/wire/failure.js'
import { encodeKey } from '../../src/messages/wire/keys.js'
import { PrivateKey, PublicKey, isKeyType } from '../../src/messages/value/keys.js'
import { specKeys } from '../wire/fixtures.js'
import { Fuzzer } from '../wire/fuzz.js'
import { concat, flip, hex, toHex, utf8 } from '../wire/kit.js'

const types = ['Ed25519', 'secp256k1', 'ECDSA', 'RSA'] as const
const spec = (type: typeof types[number]): PrivateKey => PrivateKey.fromProtobuf(hex(specKeys[type].private), nodeCrypto)
const message = utf8('a message')

function decodedKey (bytes: Uint8Array): PublicKey {
  const key = PublicKey.decode(bytes)
  if (key instanceof DecodeFailure) throw new Error(key.toString())
  return key
}

for (const type of types) {
  describe(`keys of type ${type}`, () => {
    const key = spec(type)

    it('are those of the peer-ids spec: private to public, and both written again', () => {
      expect(key.type).to.equal(type)
      expect(toHex(key.toProtobuf())).to.equal(specKeys[type].private)
      expect(toHex(key.publicKey.toProtobuf())).to.equal(specKeys[type].public)
      expect(decodedKey(hex(specKeys[type].public)).equals(key.publicKey)).to.be.true
    })

    it('sign, and verify with either provider', async () => {
      const noble = await loadNobleCrypto()
      const signature = key.sign(nodeCrypto, message)
      const publicKey = decodedKey(hex(specKeys[type].public))
      for (const crypto of [nodeCrypto, noble, nodeCrypto]) {
        expect(publicKey.verify(crypto, message, signature)).to.be.true
        expect(publicKey.verify(crypto, utf8('another'), signature)).to.be.false
        expect(publicKey.verify(crypto, message, flip(signature, 77))).to.be.false
      }
      if (type !== 'RSA') expect(publicKey.verify(nodeCrypto, message, key.sign(noble, message))).to.be.true
    })

    it('come back from every form they leave in', () => {
      expect(PrivateKey.fromRaw(type, key.toRaw(), nodeCrypto).equals(key)).to.be.true
      expect(PrivateKey.fromPem(key.toPem(), nodeCrypto).toProtobuf()).to.deep.equal(key.toProtobuf())
      expect(PublicKey.fromRaw(type, key.publicKey.toRaw()).equals(key.publicKey)).to.be.true
      expect(PublicKey.fromPem(key.publicKey.toPem()).toProtobuf()).to.deep.equal(key.publicKey.toProtobuf())
    })

    it('write PEM that OpenSSL reads, and read the PEM that it writes', () => {
      const openssl = createPrivateKey(key.toPem())
      const kinds = type === 'RSA' ? ['pkcs8', 'pkcs1'] as const : type === 'Ed25519' ? ['pkcs8'] as const : ['pkcs8', 'sec1'] as const
      for (const kind of kinds) {
        const pem = openssl.export({ format: 'pem', type: kind }).toString()
        expect(PrivateKey.fromPem(pem, nodeCrypto).toProtobuf(), kind).to.deep.equal(key.toProtobuf())
        expect(PrivateKey.fromPem(`text before\r\n${pem.replaceAll('\n', '\r\n')}behind`, nodeCrypto).equals(key)).to.be.true
      }
      const spki = createPublicKey(key.publicKey.toPem()).export({ format: 'pem', type: 'spki' }) as string
      expect(PublicKey.fromPem(spki).equals(key.publicKey)).to.be.true
      expect(PublicKey.fromPem(createPublicKey(openssl).export({ format: 'pem', type: 'spki' }) as string).equals(key.publicKey)).to.be.true
    })

    it('are generated', () => {
      const [a, b] = [PrivateKey.generate(type, nodeCrypto), PrivateKey.generate(type, nodeCrypto)]
      expect(a.equals(b)).to.be.false
      expect(a.equals(PrivateKey.fromProtobuf(a.toProtobuf(), nodeCrypto))).to.be.true
      expect(a.publicKey.verify(nodeCrypto, message, a.sign(nodeCrypto, message))).to.be.true
    })

    it('show their type and nothing private, however they are printed', () => {
      // Of RSA the modulus comes first, which is public.
      const start = type === 'RSA' ? 700 : 10
      const secret = toHex(key.toRaw().subarray(start, start + 20))
      const numbers = [...key.toRaw().subarray(start, start + 6)].join(', ')
      for (const text of [
        JSON.stringify({ key }), inspect(key, { depth: 20, showHidden: true }), inspect({ key: [key] }), key.toString(),
        inspect(Object.entries(key)), JSON.stringify(Object.getOwnPropertyNames(key).map(name => (key as unknown as Record<string, unknown>)[name]))
      ]) {
        expect(text).to.not.include(secret)
        expect(text).to.not.include(numbers)
      }
      expect(JSON.parse(JSON.stringify(key))).to.deep.equal({ type, privateKey: 'redacted' })
      expect(JSON.parse(JSON.stringify(key.publicKey))).to.deep.equal({ type, publicKey: specKeys[type].public })
      expect(inspect(key.publicKey)).to.match(new RegExp(`^PublicKey\\(${type} [0-9a-f]{16}\\)$`))
    })

    it('are refused when a bit of their public form is no key any more, or are another key', () => {
      const bytes = hex(specKeys[type].public)
      for (let bit = 0; bit < 8 * bytes.length; bit += type === 'RSA' ? 61 : 1) {
        const other = PublicKey.decode(flip(bytes, bit))
        if (other instanceof PublicKey) {
          expect(other.equals(key.publicKey)).to.be.false
          expect(other.verify(nodeCrypto, message, key.sign(nodeCrypto, message))).to.be.false
        }
      }
    })

    it('are refused when they are cut or continued', () => {
      const [publicRaw, privateRaw] = [key.publicKey.toRaw(), key.toRaw()]
      for (const change of [(bytes: Uint8Array) => bytes.subarray(1), (bytes: Uint8Array) => bytes.subarray(0, -1), (bytes: Uint8Array) => concat(bytes, hex('00')), () => hex('')]) {
        expect(PublicKey.decode(encodeKey({ type, data: change(publicRaw) }))).to.be.instanceOf(DecodeFailure)
        expect(() => PublicKey.fromRaw(type, change(publicRaw))).to.throw(TypeError)
        expect(() => PrivateKey.fromRaw(type, change(privateRaw), nodeCrypto)).to.throw(TypeError)
      }
    })
  })
}

describe('keys', () => {
  it('make the same key of the same entropy, except RSA', () => {
    const entropy = hex('07'.repeat(32))
    for (const type of types) {
      if (type === 'RSA') expect(() => PrivateKey.generate(type, nodeCrypto, { entropy })).to.throw(TypeError)
      else expect(PrivateKey.generate(type, nodeCrypto, { entropy }).equals(PrivateKey.generate(type, nodeCrypto, { entropy }))).to.be.true
    }
  })

  it('know their types', () => {
    expect(types.every(isKeyType)).to.be.true
    expect(['ed25519', '', undefined, 3, 'constructor'].some(isKeyType)).to.be.false
    expect(() => PrivateKey.generate('ed25519' as 'Ed25519', nodeCrypto)).to.throw(TypeError, /Ed25519, secp256k1, ECDSA or RSA/)
  })

  it('read the old form of Ed25519, whose public half stands there twice', () => {
    const raw = spec('Ed25519').toRaw()
    const twice = concat(raw, raw.subarray(32))
    expect(PrivateKey.fromRaw('Ed25519', twice, nodeCrypto).equals(spec('Ed25519'))).to.be.true
    expect(() => PrivateKey.fromRaw('Ed25519', flip(twice, 8 * 70), nodeCrypto)).to.throw(TypeError)
  })

  it('refuse a private key with the public half of another', () => {
    expect(() => PrivateKey.fromRaw('Ed25519', flip(spec('Ed25519').toRaw(), 8 * 40), nodeCrypto)).to.throw(TypeError, /public half/)
    const sec1 = spec('ECDSA').toRaw()
    const other = PrivateKey.generate('ECDSA', nodeCrypto).publicKey.toRaw().subarray(-65)
    expect(() => PrivateKey.fromRaw('ECDSA', concat(sec1.subarray(0, -65), other), nodeCrypto)).to.throw(TypeError, /public half/)
  })

  it('read uncompressed secp256k1, as go and js do, when y is right; and write it compressed', () => {
    // The generator of the curve (SEC 2, 2.4.1).
    const x = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'
    const y = '483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8'
    expect(toHex(PublicKey.fromRaw('secp256k1', hex(`04${x}${y}`)).toRaw())).to.equal(`02${x}`)
    for (const wrong of [`04${x}${y.replace('483', '482')}`, `06${x}${y}`, `04${y}${x}`]) expect(() => PublicKey.fromRaw('secp256k1', hex(wrong)), wrong).to.throw(TypeError)
  })

  it('refuse RSA below 2,048 and above 8,192 bits before any work, public and private', () => {
    const length = (bytes: number): string => bytes.toString(16).padStart(4, '0')
    const spki = (modulus: string): Uint8Array => {
      const n = `0282${length(modulus.length / 2)}${modulus}`
      const key = `3082${length(n.length / 2 + 5)}${n}0203010001`
      return hex(`3082${length(key.length / 2 + 20)}300d06092a864886f70d01010105000382${length(key.length / 2 + 1)}00${key}`)
    }
    expect(PublicKey.fromRaw('RSA', spki(`00${'ff'.repeat(256)}`)).type).to.equal('RSA')
    expect(PublicKey.fromRaw('RSA', spki(`00${'ff'.repeat(1024)}`)).type).to.equal('RSA')
    for (const modulus of [`7f${'ff'.repeat(255)}`, `00${'ff'.repeat(255)}`, `01${'ff'.repeat(1024)}`, `0000${'ff'.repeat(256)}`, `ff${'ff'.repeat(256)}`]) {
      expect(() => PublicKey.fromRaw('RSA', spki(modulus)), modulus.slice(0, 6)).to.throw(TypeError)
    }
    expect(() => PrivateKey.generate('RSA', nodeCrypto, { bits: 1024 })).to.throw(/2048/)
  })

  it('refuse other curves and algorithms, and containers that are not DER', () => {
    const p384 = '-----BEGIN PUBLIC KEY-----\nMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEqMCWI0tGhq4Jb1xnTUiCJGqlAM3gJkn9\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n-----END PUBLIC KEY-----\n'
    expect(() => PublicKey.fromPem(p384)).to.throw(TypeError)
    const raw = spec('ECDSA').publicKey.toRaw()
    expect(() => PublicKey.fromRaw('ECDSA', spec('Ed25519').publicKey.toRaw())).to.throw(TypeError)
    expect(() => PublicKey.fromRaw('RSA', raw)).to.throw(TypeError)
    // The same length in two bytes; a compressed point.
    expect(() => PublicKey.fromRaw('ECDSA', concat(hex('3081'), raw.subarray(1)))).to.throw(TypeError)
    expect(() => PublicKey.fromRaw('ECDSA', concat(hex('3039301306072a8648ce3d020106082a8648ce3d0301070322000'.padEnd(54, '0')), raw.subarray(27, 59)))).to.throw(TypeError)
  })

  it('say what is wrong with a PEM file', () => {
    expect(() => PrivateKey.fromPem('', nodeCrypto)).to.throw(TypeError, /PRIVATE KEY/)
    expect(() => PrivateKey.fromPem(spec('Ed25519').publicKey.toPem(), nodeCrypto)).to.throw(TypeError)
    expect(() => PublicKey.fromPem(spec('Ed25519').toPem())).to.throw(TypeError)
    expect(() => PrivateKey.fromPem('-----BEGIN ENCRYPTED PRIVATE KEY-----\nMC4C\n-----END ENCRYPTED PRIVATE KEY-----', nodeCrypto)).to.throw(TypeError, /encrypted/)
    expect(() => PrivateKey.fromPem(`-----BEGIN PRIVATE KEY-----\n${'A'.repeat(20_000)}\n-----END PRIVATE KEY-----`, nodeCrypto)).to.throw(TypeError)
    expect(() => PrivateKey.fromPem('-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----', nodeCrypto)).to.throw(TypeError)
  })

  it('survive any private bytes: a TypeError or a CryptoError, and nothing else', () => {
    const fuzzer = new Fuzzer(11)
    const samples = types.filter(type => type !== 'RSA').map(type => hex(specKeys[type].private))
    const pems = types.map(type => utf8(spec(type).toPem()))
    for (let i = 0; i < 600; i++) {
      const bytes = i % 3 === 0 ? fuzzer.bytes() : fuzzer.mutate(i % 3 === 1 ? samples : pems)
      for (const read of [() => PrivateKey.fromProtobuf(bytes, nodeCrypto), () => PrivateKey.fromPem(Buffer.from(bytes).toString('latin1'), nodeCrypto)]) {
        try {
          expect(PrivateKey.fromProtobuf(read().toProtobuf(), nodeCrypto)).to.be.instanceOf(PrivateKey)
        } catch (error) {
          if (!(error instanceof TypeError || error instanceof CryptoError)) throw new Error(`input ${i}: ${toHex(bytes)}`, { cause: error })
        }
      }
    }
  })

  it('give bytes that can be changed without changing the key', () => {
    const key = spec('Ed25519')
    key.publicKey.toProtobuf().fill(0)
    key.publicKey.toRaw().fill(0)
    key.toRaw().fill(0)
    key.toProtobuf().fill(0)
    expect(toHex(key.publicKey.toProtobuf())).to.equal(specKeys.Ed25519.public)
    expect(toHex(key.toProtobuf())).to.equal(specKeys.Ed25519.private)
    const input = hex(specKeys.Ed25519.private)
    const from = PrivateKey.fromProtobuf(input, nodeCrypto)
    input.fill(0)
    expect(toHex(from.toProtobuf())).to.equal(specKeys.Ed25519.private)
  })
})
