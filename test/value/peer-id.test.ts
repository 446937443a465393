/** Peer ids (libp2p/specs peer-ids, RFC 0001). */
import { expect } from 'chai'
import fc from 'fast-check'
import { inspect } from 'node:util'
import { bases } from 'multiformats/basics'
import { nodeCrypto } from '../../src/runtime/crypto/node.js'
import { DecodeFailure } from '../../src/messages/wire/failure.js'
import { PublicKey } from '../../src/messages/value/keys.js'
import type { BaseName } from '../../src/messages/value/multibase.js'
import { decodeMultibase, encodeMultibase } from '../../src/messages/value/multibase.js'
import { PeerId } from '../../src/messages/value/peer-id.js'
import { specKeys } from '../wire/fixtures.js'
import { concat, hex, toHex } from '../wire/kit.js'

/** The examples of the peer-ids spec: the first two are one. */
const spec = {
  cid: 'bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe',
  sha256: 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N',
  ed25519: '12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA'
}
/** go-multiaddr 0.16, multiaddr_test.go: pairs of CID and id in `good`. */
const pairs = [
  ['k2k4r8oqamigqdo6o7hsbfwd45y70oyynp98usk7zmyfrzpqxh1pohl7', 'QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC'],
  ['bafzbeigvf25ytwc3akrijfecaotc74udrhcxzh2cx3we5qqnw5vgrei4bm', 'QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC'],
  ['k51qzi5uqu5dhb6l8spkdx7yxafegfkee5by8h7lmjh2ehc2sgg34z7c15vzqs', '12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV'],
  ['bafzaajaiaejcalj543iwv2d7pkjt7ykvefrkfu7qjfi6sduakhso4lay6abn2d5u', '12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV']
] as const

const names = Object.keys(bases).filter(name => name !== 'identity' && name !== 'base256emoji') as BaseName[]
const ids = [spec.sha256, spec.ed25519, ...Object.values(specKeys).map(key => key.peerId)]

function decoded (bytes: Uint8Array): PeerId | string {
  const id = PeerId.decode(bytes)
  return id instanceof DecodeFailure ? id.code : id
}

function publicKey (type: keyof typeof specKeys): PublicKey {
  return PublicKey.decode(hex(specKeys[type].public)) as PublicKey
}

describe('PeerId', () => {
  it('is made of a key as js-libp2p makes it: inlined up to 42 bytes, hashed beyond', () => {
    for (const type of ['Ed25519', 'secp256k1', 'ECDSA', 'RSA'] as const) {
      const id = PeerId.fromPublicKey(publicKey(type), nodeCrypto)
      expect(id.toString()).to.equal(specKeys[type].peerId)
      expect(id.bytes[0]).to.equal(type === 'Ed25519' || type === 'secp256k1' ? 0x00 : 0x12)
      expect(id.bytes).to.have.length({ Ed25519: 38, secp256k1: 39, ECDSA: 34, RSA: 34 }[type])
      expect(id.matches(publicKey(type), nodeCrypto)).to.be.true
      expect(id.matches(publicKey(type === 'RSA' ? 'Ed25519' : 'RSA'), nodeCrypto)).to.be.false
    }
  })

  it('gives the key that it holds, and none where it holds a hash', () => {
    for (const type of ['Ed25519', 'secp256k1'] as const) expect(PeerId.parse(specKeys[type].peerId).publicKey?.equals(publicKey(type))).to.be.true
    for (const type of ['ECDSA', 'RSA'] as const) expect(PeerId.parse(specKeys[type].peerId).publicKey).to.be.undefined
  })

  it('has one key for all who ask, the one that it was made of or compared with', () => {
    const key = publicKey('Ed25519')
    expect(PeerId.fromPublicKey(key, nodeCrypto).publicKey).to.equal(key)
    const id = PeerId.parse(specKeys.Ed25519.peerId)
    expect(id.matches(publicKey('secp256k1'), nodeCrypto)).to.be.false
    expect(id.matches(key, nodeCrypto)).to.be.true
    expect([id.publicKey, id.publicKey]).to.deep.equal([key, key])
    expect(id.publicKey).to.equal(key)
    expect(PeerId.fromPublicKey(publicKey('RSA'), nodeCrypto).publicKey).to.be.undefined
  })

  it('gives no key where it holds something else, or the key written in another way', () => {
    const key = hex(specKeys.Ed25519.public)
    const inlined = (bytes: Uint8Array): PeerId => decoded(concat(Uint8Array.of(0, bytes.length), bytes)) as PeerId
    expect(inlined(key).publicKey).to.not.be.undefined
    expect(inlined(hex('11'.repeat(32))).publicKey).to.be.undefined
    expect(inlined(concat(key, hex('1801'))).publicKey).to.be.undefined
    expect(inlined(concat(key.subarray(2), key.subarray(0, 2))).publicKey).to.be.undefined
  })

  it('reads the examples of the spec and of go, and writes base 58', () => {
    expect(PeerId.parse(spec.cid).toString()).to.equal(spec.sha256)
    expect(PeerId.parse(spec.sha256).toCid()).to.equal(spec.cid)
    for (const [cid, text] of pairs) {
      expect(PeerId.parse(cid).toString()).to.equal(text)
      expect(PeerId.parse(text).toCid(cid.startsWith('k') ? 'base36' : 'base32')).to.equal(cid)
    }
    for (const text of ids) expect(PeerId.parse(text).toString()).to.equal(text)
  })

  it('is read as a CID in any multibase', () => {
    for (const text of ids) for (const base of names) expect(PeerId.parse(PeerId.parse(text).toCid(base)).toString(), base).to.equal(text)
  })

  it('comes back from its bytes, which it copies', () => {
    for (const text of ids) {
      const bytes = new Uint8Array(PeerId.parse(text).bytes)
      const id = decoded(bytes) as PeerId
      bytes.fill(0)
      expect(id.toString()).to.equal(text)
    }
  })

  it('is equal to itself, however it was read', () => {
    expect(PeerId.parse(spec.cid).equals(PeerId.parse(spec.sha256))).to.be.true
    expect(PeerId.parse(spec.ed25519).equals(PeerId.parse(spec.sha256))).to.be.false
  })

  it('prints and serialises as its text', () => {
    const id = PeerId.parse(spec.ed25519)
    expect(JSON.stringify({ id })).to.equal(`{"id":"${spec.ed25519}"}`)
    expect(inspect(id)).to.equal(`PeerId(${spec.ed25519})`)
  })

  it('is nothing but an identity of 1 to 42 bytes or a SHA-256', () => {
    const cases: readonly [string, string][] = [
      ['', 'truncated'], ['00', 'truncated'], ['12', 'truncated'],
      ['0000', 'bad-value'], [`002b${'00'.repeat(43)}`, 'bad-value'], ['0081', 'bad-value'],
      ['0002aa', 'truncated'], ['0001aabb', 'too-long'],
      [`1220${'00'.repeat(31)}`, 'truncated'], [`1220${'00'.repeat(33)}`, 'too-long'], [`121f${'00'.repeat(31)}`, 'bad-value'], [`1221${'00'.repeat(33)}`, 'bad-value'],
      [`1120${'00'.repeat(32)}`, 'bad-value'], [`8000${'00'.repeat(3)}`, 'bad-value'], [`920020${'00'.repeat(32)}`, 'bad-value']
    ]
    for (const [bytes, code] of cases) expect(decoded(hex(bytes)), bytes).to.equal(code)
    expect(decoded(hex('0001aa'))).to.be.instanceOf(PeerId)
    expect(decoded(hex(`002a${'00'.repeat(42)}`))).to.be.instanceOf(PeerId)
    // go-multiaddr, "sha256 multihash with digest len > 32".
    expect(() => PeerId.parse('QmxoHT6iViN5xAjoz1VZ553cL31U9F94ht3QvWR1FrEbZY')).to.throw(TypeError)
  })

  it('is one of the multihashes of the multihash table, and none of the others', () => {
    // multiformats/multihash, tests/values/test_cases.csv (commit 074f237): of each algorithm and length, the first.
    const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    const id = decoded(hex(`1220${empty}`))
    expect(id).to.be.instanceOf(PeerId)
    expect(toHex((id as PeerId).bytes)).to.equal(`1220${empty}`)
    const others = [
      '110ada39a3ee5e6b4b0d3255', '1114da39a3ee5e6b4b0d3255bfef95601890afd80709', `120a${empty.slice(0, 20)}`, `1214${empty.slice(0, 40)}`,
      '130acf83e1357eefb8bdf154', '1320cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce', '140aa69f73cca23a9ac5c8b5',
      '1420a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a6'
    ]
    for (const other of others) expect(decoded(hex(other)), other).to.equal('bad-value')
  })

  it('refuses other texts with a TypeError that quotes them', () => {
    const cidOf = (...head: readonly number[]): string => encodeMultibase('base32', concat(Uint8Array.from(head), PeerId.parse(spec.sha256).bytes))
    const refused = [
      '', '1', 'Q', 'Qm', 'z', 'b', spec.sha256.slice(0, -1), `${spec.sha256}1`, spec.sha256.replace('Q', '0'), `x${spec.sha256}`, spec.sha256.slice(1),
      cidOf(1, 0x70), cidOf(0, 0x72), cidOf(2, 0x72), cidOf(0x81, 0, 0x72), cidOf(1), encodeMultibase('base32', Uint8Array.of(1, 0x72)),
      `${spec.cid}!`, `1${'1'.repeat(500)}`, `z${'z'.repeat(1_000_000)}`
    ]
    for (const text of refused) expect(() => PeerId.parse(text), text.slice(0, 70)).to.throw(TypeError)
    expect(() => PeerId.parse('nobody')).to.throw(TypeError, '"nobody"')
    for (const wrong of [undefined, null, 3, {}]) expect(() => PeerId.parse(wrong as string)).to.throw(TypeError)
  })
})

describe('multibase', () => {
  it('is that of the library multiformats, in both directions', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 50 }), fc.constantFrom(...names), (bytes, name) => {
      const text = encodeMultibase(name, bytes)
      expect(text).to.equal((bases[name] as { encode (bytes: Uint8Array): string }).encode(bytes))
      expect(toHex(decodeMultibase(text)!)).to.equal(toHex(bytes))
    }))
  })

  it('is that of the specification', () => {
    // multiformats/multibase, tests/basic.csv: "yes mani !"
    const vectors = [
      '001111001011001010111001100100000011011010110000101101110011010010010000000100001', '7362625631006654133464440102', '9573277761329450583662625',
      'f796573206d616e692021', 'F796573206D616E692021', 'bpfsxgidnmfxgsibb', 'BPFSXGIDNMFXGSIBB', 'vf5in683dc5n6i811', 'VF5IN683DC5N6I811', 'cpfsxgidnmfxgsibb', 'tf5in683dc5n6i811',
      'hxf1zgedpcfzg1ebb', 'k2lcpzo5yikidynfl', 'K2LCPZO5YIKIDYNFL', 'Z7Pznk19XTTzBtx', 'z7paNL19xttacUY', 'meWVzIG1hbmkgIQ', 'MeWVzIG1hbmkgIQ==', 'ueWVzIG1hbmkgIQ', 'UeWVzIG1hbmkgIQ=='
    ]
    for (const text of vectors) expect(Buffer.from(decodeMultibase(text)!).toString(), text).to.equal('yes mani !')
  })

  it('covers every base of the library but two', () => {
    expect(names).to.have.length(22)
  })

  it('reads nothing else', () => {
    for (const text of ['', '1abc', 'Q', '!', 'z0', 'zl', 'b1', 'bA', 'f0', 'fg', `f${'0'.repeat(512)}`]) expect(decodeMultibase(text), text.slice(0, 20)).to.be.undefined
    expect(decodeMultibase('f')).to.deep.equal(new Uint8Array(0))
    expect(() => encodeMultibase('base2', new Uint8Array(100))).to.throw(RangeError)
  })
})
