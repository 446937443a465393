/** The payload of a libp2p Noise handshake: libp2p/specs noise/README.md "The libp2p Handshake Payload". */
import { expect } from 'chai'
import { DecodeFailure } from '../../src/messages/wire/failure.js'
import { decodeNoisePayload, encodeNoisePayload, maxNoisePayloadBytes, type NoisePayload } from '../../src/messages/wire/noise.js'
import { decodeExchange, encodeExchange } from '../../src/messages/wire/plaintext.js'
import { ProtobufWriter } from '../../src/messages/wire/protobuf-writer.js'
import { hex, unhex } from '../core/support/recorder.js'

const key = unhex('0801' + '1220' + '11'.repeat(32))
const signature = new Uint8Array(64).fill(7)
const bare: NoisePayload = { identityKey: key, identitySignature: signature, streamMuxers: undefined, certificateHashes: [] }

function codeOf (result: unknown): string | undefined {
  return result instanceof DecodeFailure ? `${result.code} ${result.what}` : undefined
}

describe('NoiseHandshakePayload', () => {
  it('has key 1, signature 2 and extensions 4, in this order', () => {
    expect(hex(encodeNoisePayload(bare))).to.equal('0a24' + hex(key) + '1240' + '07'.repeat(64))
    expect(hex(encodeNoisePayload({ ...bare, streamMuxers: ['/y', '/m'], certificateHashes: [unhex('1234')] })))
      .to.equal('0a24' + hex(key) + '1240' + '07'.repeat(64) + '220c' + '0a021234' + '12022f79' + '12022f6d')
  })

  it('comes back as it was', () => {
    for (const payload of [bare, { ...bare, streamMuxers: ['/yamux/1.0.0'] }, { ...bare, certificateHashes: [unhex('1220aa'), unhex('1220bb')] }]) {
      expect(decodeNoisePayload(encodeNoisePayload(payload))).to.deep.equal(payload)
    }
  })

  it('ignores fields that it does not know, the old data field among them', () => {
    const bytes = new ProtobufWriter().bytes(1, key).bytes(2, signature).bytes(3, unhex('00')).uint32(1025, 5).finish()
    expect(decodeNoisePayload(bytes)).to.deep.equal(bare)
  })

  it('takes an empty list of muxers for none', () => {
    const bytes = new ProtobufWriter().bytes(1, key).bytes(2, signature).bytes(4, new Uint8Array(0)).finish()
    expect(decodeNoisePayload(bytes)).to.deep.equal(bare)
  })

  it('must have key and signature', () => {
    expect(codeOf(decodeNoisePayload(new ProtobufWriter().bytes(2, signature).finish()))).to.equal('missing NoiseHandshakePayload.identity_key')
    expect(codeOf(decodeNoisePayload(new ProtobufWriter().bytes(1, key).finish()))).to.equal('missing NoiseHandshakePayload.identity_sig')
    expect(codeOf(decodeNoisePayload(new Uint8Array(0)))).to.equal('missing NoiseHandshakePayload.identity_key')
  })

  it('has at most 100 muxers, and 8 KiB', () => {
    const muxers = Array.from({ length: 101 }, (_, i) => `/${i}`)
    expect(codeOf(decodeNoisePayload(encodeNoisePayload({ ...bare, streamMuxers: muxers })))).to.match(/^too-many/)
    expect(decodeNoisePayload(encodeNoisePayload({ ...bare, streamMuxers: muxers.slice(1) }))).to.not.be.instanceOf(DecodeFailure)
    expect(codeOf(decodeNoisePayload(encodeNoisePayload({ ...bare, identitySignature: new Uint8Array(maxNoisePayloadBytes) })))).to.match(/^too-long/)
  })

  it('is refused or read as less when it is cut anywhere', () => {
    const whole = encodeNoisePayload({ ...bare, streamMuxers: ['/yamux/1.0.0'] })
    for (let length = 0; length < whole.length; length++) {
      const result = decodeNoisePayload(whole.slice(0, length))
      if (!(result instanceof DecodeFailure)) expect(result.streamMuxers, `cut after ${length}`).to.equal(undefined)
    }
  })
})

describe('Exchange of plaintext 2.0 (plaintext/README.md, Messages)', () => {
  it('has id 1 and pubkey 2', () => {
    expect(hex(encodeExchange({ id: unhex('0024'), publicKey: key }))).to.equal('0a020024' + '1224' + hex(key))
    expect(decodeExchange(encodeExchange({ id: unhex('0024'), publicKey: key }))).to.deep.equal({ id: unhex('0024'), publicKey: key })
  })

  it('must have both', () => {
    expect(codeOf(decodeExchange(new ProtobufWriter().bytes(1, key).finish()))).to.equal('missing Exchange.pubkey')
    expect(codeOf(decodeExchange(new ProtobufWriter().bytes(2, key).finish()))).to.equal('missing Exchange.id')
    expect(codeOf(decodeExchange(unhex('0a7f')))).to.match(/^truncated/)
  })
})
