/** Yamux headers: libp2p/specs yamux/README.md "Framing". */
import { expect } from 'chai'
import fc from 'fast-check'
import { DATA, describeHeader, encodeFrame, GO_AWAY, PING, readHeader, WINDOW_UPDATE, writeHeader } from '../../src/messages/wire/yamux.js'
import { hex, unhex, utf8 } from '../core/support/recorder.js'

describe('yamux headers (yamux/README.md, Framing)', () => {
  it('are version 8, type 8, flags 16, stream 32, length 32, in network order', () => {
    expect(hex(encodeFrame(WINDOW_UPDATE, 0x0102, 0x03040506, 0x0708090a))).to.equal('00' + '01' + '0102' + '03040506' + '0708090a')
    expect(hex(encodeFrame(DATA, 1, 1, 2, utf8('hi')))).to.equal('000000010000000100000002' + '6869')
    expect(hex(encodeFrame(PING, 1, 0, 7))).to.equal('000200010000000000000007')
    expect(hex(encodeFrame(GO_AWAY, 0, 0, 1))).to.equal('000300000000000000000001')
  })

  it('come back as they were', () => {
    const uint32 = fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff))
    fc.assert(fc.property(fc.nat(255), fc.nat(0xffff), uint32, uint32, fc.nat(5), (type, flags, streamId, length, at) => {
      const bytes = new Uint8Array(20)
      writeHeader(bytes, at, type, flags, streamId, length)
      expect(readHeader(bytes, at)).to.deep.equal({ version: 0, type, flags, streamId, length })
    }))
  })

  it('are not read from fewer than 12 bytes', () => {
    expect(() => readHeader(new Uint8Array(11))).to.throw(RangeError)
    expect(() => readHeader(new Uint8Array(12), 1)).to.throw(RangeError)
  })

  it('can be told to people', () => {
    expect(describeHeader(readHeader(unhex('000000050000000100000002')))).to.equal('Data SYN|FIN 1 +2')
    expect(describeHeader(readHeader(unhex('000200020000000000000007')))).to.equal('Ping ACK 7')
    expect(describeHeader(readHeader(unhex('000900000000000000000007')))).to.equal('type 9 7')
  })
})
