/** Signed envelopes and peer records (libp2p/specs RFC 0002, RFC 0003). */
import { expect } from 'chai'
import { nodeCrypto } from '../../src/runtime/crypto/node.js'
import { encodeEnvelope } from '../../src/messages/wire/envelope.js'
import { DecodeFailure } from '../../src/messages/wire/failure.js'
import { encodePeerRecord } from '../../src/messages/wire/peer-record.js'
import { Envelope } from '../../src/messages/value/envelope.js'
import { PrivateKey } from '../../src/messages/value/keys.js'
import { Multiaddr } from '../../src/messages/value/multiaddr.js'
import { PeerId } from '../../src/messages/value/peer-id.js'
import type { SignedPeerRecord } from '../../src/messages/value/peer-record.js'
import { nextSeq, openPeerRecord, signPeerRecord } from '../../src/messages/value/peer-record.js'
import { isProtocolId, checkProtocolId } from '../../src/messages/value/protocol-id.js'
import { envelopes, recordAddresses, recordSeq, specKeys } from '../wire/fixtures.js'
import { flip, hex, toHex, utf8 } from '../wire/kit.js'

const key = PrivateKey.fromProtobuf(hex(specKeys.Ed25519.private), nodeCrypto)
const peerId = PeerId.parse(specKeys.Ed25519.peerId)
const addresses = recordAddresses.map(text => Multiaddr.parse(text))
const record = { peerId, seq: recordSeq, addresses }

function good (bytes: Uint8Array): SignedPeerRecord {
  const signed = openPeerRecord(bytes, nodeCrypto)
  if (signed instanceof DecodeFailure) throw new Error(signed.toString())
  return signed
}

function codeOf (result: unknown): string {
  return result instanceof DecodeFailure ? `${result.what}: ${result.code}` : 'read'
}

describe('Envelope', () => {
  const what = { domain: 'a domain', payloadType: utf8('type'), payload: utf8('payload') }

  it('verifies for its domain, and for no other', () => {
    for (const type of ['Ed25519', 'secp256k1', 'ECDSA', 'RSA'] as const) {
      const signer = PrivateKey.fromProtobuf(hex(specKeys[type].private), nodeCrypto)
      const envelope = Envelope.decode(Envelope.sign(what, signer, nodeCrypto).encode()) as Envelope
      expect(envelope.verify('a domain', nodeCrypto), type).to.be.true
      expect(envelope.verify('another', nodeCrypto)).to.be.false
      expect(envelope.verify('', nodeCrypto)).to.be.false
      expect(envelope.publicKey.equals(signer.publicKey)).to.be.true
      expect(envelope.payload).to.deep.equal(what.payload)
    }
  })

  it('signs each part behind its length, so that none can flow into the next', () => {
    const envelope = Envelope.sign(what, key, nodeCrypto)
    const moved = Envelope.sign({ domain: 'a domai', payloadType: utf8('ntype'), payload: utf8('payload') }, key, nodeCrypto)
    expect(toHex(moved.signature)).to.not.equal(toHex(envelope.signature))
    // RFC 0002: uvarint length and bytes of domain, type and payload.
    const signed = Buffer.concat([Uint8Array.of(8), utf8('a domain'), Uint8Array.of(4), utf8('type'), Uint8Array.of(7), utf8('payload')])
    expect(key.publicKey.verify(nodeCrypto, signed, envelope.signature)).to.be.true
  })

  it('does not verify when any bit was changed', () => {
    const envelope = Envelope.sign(what, key, nodeCrypto)
    const bytes = envelope.encode()
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const other = Envelope.decode(flip(bytes, bit))
      if (other instanceof Envelope) {
        expect(other.verify('a domain', nodeCrypto), `bit ${bit}`).to.be.false
        expect(other.equals(envelope)).to.be.false
      }
    }
  })

  it('copies its bytes', () => {
    const bytes = Envelope.sign(what, key, nodeCrypto).encode()
    const envelope = Envelope.decode(bytes) as Envelope
    bytes.fill(0)
    expect(envelope.verify('a domain', nodeCrypto)).to.be.true
  })

  it('needs a key that is one', () => {
    expect(codeOf(Envelope.decode(encodeEnvelope({ publicKey: hex('08011201aa'), payloadType: utf8('t'), payload: utf8('p'), signature: utf8('s') })))).to.equal('PublicKey.Data of Ed25519: bad-value')
  })
})

describe('signed peer record', () => {
  it('of js-libp2p is read and verified', () => {
    for (const type of ['Ed25519', 'secp256k1'] as const) {
      const signed = good(hex(envelopes[type]))
      expect(signed.record.peerId.toString()).to.equal(specKeys[type].peerId)
      expect(signed.record.seq).to.equal(recordSeq)
      expect(signed.record.addresses.map(String)).to.deep.equal(recordAddresses)
      expect(toHex(signed.envelope.encode())).to.equal(envelopes[type])
    }
  })

  it('is the same as that of js-libp2p, byte for byte', () => {
    expect(toHex(signPeerRecord(record, key, nodeCrypto).encode())).to.equal(envelopes.Ed25519)
  })

  it('is read in the form of the RFC as well, which is that of rust', () => {
    const envelope = signPeerRecord(record, key, nodeCrypto, 'specified')
    expect(Buffer.from(envelope.payloadType).toString()).to.equal('/libp2p/routing-state-record')
    expect(envelope.verify('libp2p-routing-state', nodeCrypto)).to.be.true
    expect(good(envelope.encode()).record.addresses).to.have.length(3)
  })

  it('is refused when its signature is that of another purpose, or of nobody', () => {
    const payload = encodePeerRecord({ peerId: peerId.bytes, seq: 1n, addresses: [] })
    for (const [domain, payloadType] of [['libp2p-routing-state', hex('0301')], ['libp2p-peer-record', utf8('/libp2p/routing-state-record')], ['', hex('0301')]] as const) {
      expect(codeOf(openPeerRecord(Envelope.sign({ domain, payloadType, payload }, key, nodeCrypto).encode(), nodeCrypto))).to.equal('envelope.signature: bad-signature')
    }
    const bytes = hex(envelopes.Ed25519)
    expect(codeOf(openPeerRecord(flip(bytes, 8 * bytes.length - 1), nodeCrypto))).to.equal('envelope.signature: bad-signature')
  })

  it('is refused when it is of another type, before its signature is looked at', () => {
    const envelope = Envelope.sign({ domain: 'libp2p-relay-rsvp', payloadType: hex('0302'), payload: hex('') }, key, nodeCrypto)
    expect(codeOf(openPeerRecord(envelope.encode(), nodeCrypto))).to.equal('envelope.payload_type: unknown-type')
  })

  it('is refused when it speaks of another peer than its signer (RFC 0003)', () => {
    const other = { ...record, peerId: PeerId.parse(specKeys.RSA.peerId) }
    expect(codeOf(openPeerRecord(signPeerRecord(other, key, nodeCrypto).encode(), nodeCrypto))).to.equal('peer record.peer_id: peer-mismatch')
  })

  it('is not read before its signature is verified (RFC 0003)', () => {
    const rubbish = { payloadType: hex('0301'), payload: hex('ff') }
    expect(codeOf(openPeerRecord(Envelope.sign({ domain: 'wrong', ...rubbish }, key, nodeCrypto).encode(), nodeCrypto))).to.equal('envelope.signature: bad-signature')
    expect(codeOf(openPeerRecord(Envelope.sign({ domain: 'libp2p-peer-record', ...rubbish }, key, nodeCrypto).encode(), nodeCrypto))).to.equal('peer record: truncated')
  })

  it('keeps the addresses that we can read, and the envelope keeps all', () => {
    const payload = encodePeerRecord({ peerId: peerId.bytes, seq: 2n ** 63n, addresses: [hex('05'), addresses[0]!.bytes, hex('')] })
    const envelope = Envelope.sign({ domain: 'libp2p-peer-record', payloadType: hex('0301'), payload }, key, nodeCrypto)
    const signed = good(envelope.encode())
    expect(signed.record.addresses.map(String)).to.deep.equal([recordAddresses[0]])
    expect(signed.record.seq).to.equal(2n ** 63n)
    expect(signed.envelope.equals(envelope)).to.be.true
  })

  it('has a number that grows, also when time does not', () => {
    expect(nextSeq(0n, 1_700_000_000_000.7)).to.equal(1_700_000_000_000n)
    expect(nextSeq(1_700_000_000_000n, 1_700_000_000_000)).to.equal(1_700_000_000_001n)
    expect(nextSeq(5_000_000_000_000n, 1_700_000_000_000)).to.equal(5_000_000_000_001n)
  })
})

describe('protocol ids', () => {
  it('begin with a slash, have no control characters, and fit into a token', () => {
    for (const text of ['/', '/echo/1.0.0', '/a b/ü', `/${'a'.repeat(1022)}`]) expect(isProtocolId(text), text.slice(0, 20)).to.be.true
    for (const text of ['', 'echo', ' /echo', '/echo\n', '/ec\u0000ho', '/\ud800', '/\u0085', `/${'a'.repeat(1023)}`, `/${'é'.repeat(512)}`]) expect(isProtocolId(text), text.slice(0, 20)).to.be.false
  })

  it('are refused by name', () => {
    expect(() => checkProtocolId('id', 'echo')).to.throw(TypeError, /^id: .*"echo"$/)
    expect(() => checkProtocolId('id', 3 as unknown as string)).to.throw(TypeError, /^id: .*number$/)
    expect(() => checkProtocolId('id', '/echo')).to.not.throw()
  })
})
