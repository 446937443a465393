/** multistream-select tokens: libp2p/specs connections/README.md "multistream-select". */
import { expect } from 'chai'
import fc from 'fast-check'
import { DecodeFailure } from '../../src/messages/wire/failure.js'
import { decodeList, decodeToken, encodeList, encodeToken, maxListBytes, maxTokenBytes } from '../../src/messages/wire/multistream.js'
import { hex, unhex, utf8 } from '../core/support/recorder.js'

const body = (token: Uint8Array): Uint8Array => token.subarray((token[0] ?? 0) >= 0x80 ? 2 : 1)

function failureOf (result: unknown): string {
  return result instanceof DecodeFailure ? result.code : `no failure: ${JSON.stringify(result)}`
}

describe('multistream tokens', () => {
  it('are as in connections/README.md and wire.md', () => {
    expect(hex(encodeToken('na'))).to.equal('036e610a')
    expect(hex(encodeToken('ls'))).to.equal('036c730a')
    expect(hex(encodeToken('/multistream/1.0.0'))).to.equal('132f6d756c746973747265616d2f312e302e300a')
  })

  it('come back as they were', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }).filter(text => !text.includes('\n')), text => {
      expect(decodeToken(body(encodeToken(text)))).to.equal(text)
    }))
  })

  it('have a length of two bytes from 128 on, and no more than 1,024', () => {
    expect(hex(encodeToken('x'.repeat(126)).subarray(0, 1))).to.equal('7f')
    expect(hex(encodeToken('x'.repeat(127)).subarray(0, 2))).to.equal('8001')
    expect(encodeToken('x'.repeat(maxTokenBytes - 1))).to.have.length(2 + maxTokenBytes)
    expect(() => encodeToken('x'.repeat(maxTokenBytes))).to.throw(RangeError)
    expect(() => encodeToken('a\nb')).to.throw(RangeError)
  })

  it('are refused without their newline, with another one, and when they are not UTF-8', () => {
    expect(failureOf(decodeToken(utf8('')))).to.equal('truncated')
    expect(failureOf(decodeToken(utf8('/a')))).to.equal('truncated')
    expect(failureOf(decodeToken(utf8('/a\n/b\n')))).to.equal('bad-value')
    expect(failureOf(decodeToken(unhex('ff0a')))).to.equal('bad-text')
    expect(failureOf(decodeToken(unhex('c3280a')))).to.equal('bad-text')
    expect(decodeToken(utf8('é\n'))).to.equal('é')
    expect(decodeToken(utf8('\n'))).to.equal('')
  })
})

describe('multistream lists', () => {
  it('are tokens in a token, with a newline at the end', () => {
    expect(hex(encodeList(['/a', '/b']))).to.equal('09' + '032f610a' + '032f620a' + '0a')
    expect(hex(encodeList([]))).to.equal('010a')
  })

  it('come back as they were', () => {
    fc.assert(fc.property(fc.array(fc.string({ maxLength: 30 }).filter(text => !text.includes('\n')), { maxLength: 40 }), ids => {
      expect(decodeList(body(encodeList(ids)))).to.deep.equal(ids)
    }))
  })

  it('leave out what does not fit into the two bytes of their length', () => {
    const ids = Array.from({ length: 1000 }, (_, i) => `/a/protocol/with/a/long/name/${i}`)
    const token = encodeList(ids)
    expect(token.length).to.be.at.most(2 + maxListBytes)
    const kept = decodeList(body(token)) as string[]
    expect(kept).to.deep.equal(ids.slice(0, kept.length))
    expect(kept.length).to.be.greaterThan(400)
  })

  it('are refused when they are cut anywhere', () => {
    const whole = body(encodeList(['/aa', '/bb', '/cc']))
    for (let length = 0; length < whole.length; length++) {
      const result = decodeList(whole.subarray(0, length))
      expect(result instanceof DecodeFailure || length === 0, `cut at ${length}`).to.equal(true)
    }
  })

  it('are refused with more than 1,000 entries, and with lengths that lie', () => {
    const many = utf8('\u0002a\n'.repeat(1001) + '\n')
    expect(failureOf(decodeList(many))).to.equal('too-many')
    expect(failureOf(decodeList(unhex('7f2f610a0a')))).to.equal('truncated')
    expect(failureOf(decodeList(unhex('800002610a0a')))).to.equal('bad-varint')
    expect(failureOf(decodeList(unhex('000a')))).to.equal('truncated')
  })
})
