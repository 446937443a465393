/** The messages of single protocols: their fields, their bounds, and what others send. `codecs.test.ts` has what holds for all. */
import { expect } from 'chai'
import { DecodeFailure } from '../../src/messages/wire/failure.js'
import { decodeEnvelope, encodeEnvelope, maxEnvelopeBytes } from '../../src/messages/wire/envelope.js'
import type { Identify } from '../../src/messages/wire/identify.js'
import { decodeIdentify, encodeIdentify, encodeIdentifyWithin, identifyLimits, mergeIdentify } from '../../src/messages/wire/identify.js'
import { decodePrivateKey, decodePublicKey, encodeKey, maxPublicKeyBytes } from '../../src/messages/wire/keys.js'
import { decodeNoisePayload, encodeNoisePayload } from '../../src/messages/wire/noise.js'
import { decodePeerRecord, encodePeerRecord, maxRecordAddresses } from '../../src/messages/wire/peer-record.js'
import { decodePerfHeader, encodePerfHeader } from '../../src/messages/wire/perf.js'
import { pingBytes } from '../../src/messages/wire/ping.js'
import { decodeExchange, encodeExchange } from '../../src/messages/wire/plaintext.js'
import { ProtobufWriter } from '../../src/messages/wire/protobuf-writer.js'
import { envelopes, identifyMessage, noisePayload, specKeys } from './fixtures.js'
import { concat, hex, toHex, utf8 } from './kit.js'

function codeOf (result: unknown): string {
  return result instanceof DecodeFailure ? `${result.what}: ${result.code}` : 'read'
}

function good<Message> (result: Message | DecodeFailure): Message {
  if (result instanceof DecodeFailure) throw new Error(result.toString())
  return result
}

describe('keys as messages', () => {
  it('are those of the peer-ids spec', () => {
    for (const [type, pair] of Object.entries(specKeys)) {
      for (const [decode, text] of [[decodePublicKey, pair.public], [decodePrivateKey, pair.private]] as const) {
        const message = good(decode(hex(text)))
        expect(message.type).to.equal(type)
        expect(toHex(encodeKey(message))).to.equal(text)
      }
    }
  })

  it('write type and data always, in this order: RSA is 0', () => {
    expect(toHex(encodeKey({ type: 'RSA', data: hex('') }))).to.equal('08001200')
  })

  it('need both fields and a type that exists', () => {
    expect(codeOf(decodePublicKey(hex('')))).to.equal('PublicKey.Type: missing')
    expect(codeOf(decodePublicKey(hex('0801')))).to.equal('PublicKey.Data: missing')
    expect(codeOf(decodePublicKey(hex('1200')))).to.equal('PublicKey.Type: missing')
    expect(codeOf(decodePublicKey(hex('08041200')))).to.equal('PublicKey.Type: unknown-type')
    expect(codeOf(decodePrivateKey(hex('08ffffffffffffffffff011200')))).to.equal('PrivateKey.Type: unknown-type')
  })

  it('have a bound above the largest RSA key', () => {
    expect(codeOf(decodePublicKey(encodeKey({ type: 'RSA', data: new Uint8Array(maxPublicKeyBytes) })))).to.equal('PublicKey: too-long')
    expect(codeOf(decodePublicKey(encodeKey({ type: 'RSA', data: new Uint8Array(1062) })))).to.equal('read')
  })
})

describe('identify', () => {
  const message: Identify = {
    publicKey: utf8('key'), listenAddrs: [utf8('a1'), utf8('a2')], protocols: ['/p/1', '/p/2'], observedAddr: utf8('o'),
    protocolVersion: 'ipfs/0.1.0', agentVersion: 'troupe/0', signedPeerRecord: utf8('record')
  }

  it('reads what js-libp2p sends', () => {
    const { publicKey, listenAddrs, observedAddr, signedPeerRecord, ...rest } = good(decodeIdentify(hex(identifyMessage)))
    expect(toHex(publicKey!)).to.equal(specKeys.Ed25519.public)
    expect(toHex(signedPeerRecord!)).to.equal(envelopes.Ed25519)
    expect(toHex(observedAddr!)).to.equal('04cb00710706c549')
    expect(listenAddrs.map(toHex)[0]).to.equal('04c0000201060fa1')
    expect(listenAddrs).to.have.length(3)
    expect(rest).to.deep.equal({ protocolVersion: 'ipfs/0.1.0', agentVersion: 'js-libp2p/3.1.0', protocols: ['/ipfs/id/1.0.0', '/ipfs/ping/1.0.0'] })
  })

  it('writes its fields in order of their numbers, and reads them back', () => {
    expect(toHex(encodeIdentify(message))).to.equal(toHex(concat(
      hex('0a03'), utf8('key'), hex('1202'), utf8('a1'), hex('1202'), utf8('a2'), hex('1a04'), utf8('/p/1'), hex('1a04'), utf8('/p/2'),
      hex('2201'), utf8('o'), hex('2a0a'), utf8('ipfs/0.1.0'), hex('3208'), utf8('troupe/0'), hex('4206'), utf8('record')
    )))
    expect(good(decodeIdentify(encodeIdentify(message)))).to.deep.equal(message)
  })

  it('may leave out everything', () => {
    expect(good(decodeIdentify(hex('')))).to.deep.equal({ listenAddrs: [], protocols: [] })
  })

  it('has bounds: its length, and the entries of its lists', () => {
    expect(codeOf(decodeIdentify(new Uint8Array(8193)))).to.equal('identify: too-long')
    expect(codeOf(decodeIdentify(encodeIdentify(message), 20))).to.equal('identify: too-long')
    const many = (field: number, entries: number): Uint8Array => new ProtobufWriter().repeated(field, new Array<Uint8Array>(entries).fill(hex(''))).finish()
    expect(codeOf(decodeIdentify(many(2, identifyLimits.addresses)))).to.equal('read')
    expect(codeOf(decodeIdentify(many(2, identifyLimits.addresses + 1)))).to.equal('identify.listenAddrs: too-many')
    expect(codeOf(decodeIdentify(many(3, identifyLimits.protocols)))).to.equal('read')
    expect(codeOf(decodeIdentify(many(3, identifyLimits.protocols + 1)))).to.equal('identify.protocols: too-many')
  })

  it('merges several: scalars are replaced, lists grow up to their bounds', () => {
    expect(mergeIdentify(message, { listenAddrs: [utf8('a3')], protocols: [], agentVersion: 'new', publicKey: undefined })).to.deep.equal({
      ...message, agentVersion: 'new', listenAddrs: [utf8('a1'), utf8('a2'), utf8('a3')]
    })
    const full = mergeIdentify({ listenAddrs: new Array<Uint8Array>(499).fill(hex('')), protocols: new Array<string>(1023).fill('') }, message)
    expect([full.listenAddrs.length, full.protocols.length]).to.deep.equal([500, 1024])
  })

  describe('that must not be longer than rust reads', () => {
    const large: Identify = { ...message, listenAddrs: Array.from({ length: 100 }, (_, i) => new Uint8Array(50).fill(i)), signedPeerRecord: new Uint8Array(1500) }

    it('is sent whole when it fits', () => {
      expect(encodeIdentifyWithin(message)).to.deep.equal(encodeIdentify(message))
      expect(encodeIdentifyWithin(message, encodeIdentify(message).length)).to.deep.equal(encodeIdentify(message))
    })

    it('loses its last addresses first, and as few as may be', () => {
      const bytes = encodeIdentifyWithin(large)
      const { listenAddrs, signedPeerRecord, protocols } = good(decodeIdentify(bytes))
      expect(bytes.length).to.be.within(4096 - 51, 4096)
      expect(listenAddrs).to.deep.equal(large.listenAddrs.slice(0, listenAddrs.length))
      expect([signedPeerRecord?.length, protocols]).to.deep.equal([1500, message.protocols])
    })

    it('then its record, which makes room for addresses again', () => {
      const bytes = encodeIdentifyWithin({ ...large, signedPeerRecord: new Uint8Array(5000) })
      const { listenAddrs, signedPeerRecord } = good(decodeIdentify(bytes))
      expect(signedPeerRecord).to.be.undefined
      expect(listenAddrs.length).to.be.greaterThan(70)
      expect(bytes.length).to.be.at.most(4096)
    })

    it('is refused when even the rest is too long', () => {
      expect(() => encodeIdentifyWithin(message, 20)).to.throw(RangeError)
    })
  })
})

describe('envelope as a message', () => {
  const message = { publicKey: hex(specKeys.Ed25519.public), payloadType: hex('0301'), payload: utf8('payload'), signature: utf8('signature') }

  it('is written as js-libp2p does', () => {
    for (const text of Object.values(envelopes)) expect(toHex(encodeEnvelope(good(decodeEnvelope(hex(text)))))).to.equal(text)
  })

  it('needs all four fields', () => {
    for (const [number, name] of [[1, 'public_key'], [2, 'payload_type'], [3, 'payload'], [5, 'signature']] as const) {
      const writer = new ProtobufWriter()
      for (const field of [1, 2, 3, 5]) if (field !== number) writer.bytes(field, utf8('x'))
      expect(codeOf(decodeEnvelope(writer.finish()))).to.equal(`envelope.${name}: missing`)
    }
  })

  it('has bounds', () => {
    const encoded = (change: Partial<typeof message>): Uint8Array => encodeEnvelope({ ...message, ...change })
    expect(codeOf(decodeEnvelope(encoded({ payload: new Uint8Array(maxEnvelopeBytes) })))).to.equal('envelope: too-long')
    expect(codeOf(decodeEnvelope(encoded({ payloadType: new Uint8Array(65) })))).to.equal('envelope.payload_type: too-long')
    expect(codeOf(decodeEnvelope(encoded({ signature: new Uint8Array(1025) })))).to.equal('envelope.signature: too-long')
    expect(codeOf(decodeEnvelope(encoded({ publicKey: new Uint8Array(1201) })))).to.equal('envelope.public_key: too-long')
  })
})

describe('peer record as a message', () => {
  it('carries any 64-bit sequence number', () => {
    for (const seq of [0n, 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      expect(good(decodePeerRecord(encodePeerRecord({ peerId: utf8('id'), seq, addresses: [] }))).seq).to.equal(seq)
    }
  })

  it('is what js-libp2p wraps', () => {
    const { payload } = good(decodeEnvelope(hex(envelopes.Ed25519)))
    const record = good(decodePeerRecord(payload))
    expect(record.seq).to.equal(1_700_000_000_123n)
    expect(record.addresses).to.have.length(3)
    expect(toHex(encodePeerRecord(record))).to.equal(toHex(payload))
  })

  it('needs a peer id; a sequence number that is left out is 0', () => {
    expect(codeOf(decodePeerRecord(hex('1001')))).to.equal('peer record.peer_id: missing')
    expect(good(decodePeerRecord(hex('0a0161'))).seq).to.equal(0n)
  })

  it('skips what may be added to an address some day, and bounds their number', () => {
    const info = new ProtobufWriter().bytes(1, utf8('addr')).uint32(2, 7)
    const bytes = new ProtobufWriter().bytes(1, utf8('id')).message(3, info).finish()
    expect(good(decodePeerRecord(bytes)).addresses).to.deep.equal([utf8('addr')])
    const many = (addresses: number): Uint8Array => encodePeerRecord({ peerId: utf8('id'), seq: 1n, addresses: new Array<Uint8Array>(addresses).fill(hex('')) })
    expect(codeOf(decodePeerRecord(many(maxRecordAddresses)))).to.equal('read')
    expect(codeOf(decodePeerRecord(many(maxRecordAddresses + 1)))).to.equal('peer record.addresses: too-many')
  })
})

describe('noise payload', () => {
  it('is written as js-libp2p-noise does, extensions and all', () => {
    const message = good(decodeNoisePayload(hex(noisePayload)))
    expect(toHex(message.identityKey)).to.equal(specKeys.Ed25519.public)
    expect(message.streamMuxers).to.deep.equal(['/yamux/1.0.0', '/mplex/6.7.0'])
    expect(message.certificateHashes.map(toHex)).to.deep.equal([`1220${'05'.repeat(32)}`])
    expect(toHex(encodeNoisePayload(message))).to.equal(noisePayload)
  })
})

describe('plaintext exchange', () => {
  it('needs id and key, and bounds both', () => {
    const exchange = { id: utf8('id'), publicKey: hex(specKeys.RSA.public) }
    expect(good(decodeExchange(encodeExchange(exchange)))).to.deep.equal(exchange)
    expect(codeOf(decodeExchange(hex('')))).to.equal('Exchange.id: missing')
    expect(codeOf(decodeExchange(hex('0a0161')))).to.equal('Exchange.pubkey: missing')
    expect(codeOf(decodeExchange(new Uint8Array(2049)))).to.equal('Exchange: too-long')
  })
})

describe('perf and ping', () => {
  it('asks for so many bytes, big-endian', () => {
    expect(toHex(encodePerfHeader(0))).to.equal('0000000000000000')
    expect(toHex(encodePerfHeader(0x0102_0304_0506))).to.equal('0000010203040506')
    for (const bytes of [0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) expect(decodePerfHeader(encodePerfHeader(bytes))).to.equal(bytes)
    expect(decodePerfHeader(concat(encodePerfHeader(5), utf8('upload')))).to.equal(5)
  })

  it('refuses to ask for, or to send, more than 2^53 - 1 bytes', () => {
    for (const bytes of [-1, 0.5, 2 ** 53]) expect(() => encodePerfHeader(bytes)).to.throw(RangeError)
    expect(codeOf(decodePerfHeader(hex('0020000000000000')))).to.equal('perf header: bad-value')
    expect(codeOf(decodePerfHeader(hex('00000000000000')))).to.equal('perf header: truncated')
  })

  it('pings with 32 bytes', () => {
    expect(pingBytes).to.equal(32)
  })
})
