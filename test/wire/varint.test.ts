/** Unsigned varints (multiformats/unsigned-varint). */
import { expect } from 'chai'
import fc from 'fast-check'
import { encodeVarint, maxVarintBytes, prefixLength, readVarint, varintIncomplete, varintLength, varintMalformed, writeVarint } from '../../src/messages/wire/varint.js'
import { concat, hex, toHex } from './kit.js'

/** The examples of the specification, and the borders of each length. */
const known: readonly [number, string][] = [
  [0, '00'], [1, '01'], [127, '7f'], [128, '8001'], [255, 'ff01'], [300, 'ac02'], [16384, '808001'],
  [2 ** 14 - 1, 'ff7f'], [2 ** 21 - 1, 'ffff7f'], [2 ** 21, '80808001'], [2 ** 28 - 1, 'ffffff7f'], [2 ** 28, '8080808001'],
  [2 ** 31 - 1, 'ffffffff07'], [2 ** 31, '8080808008'], [2 ** 32 - 1, 'ffffffff0f'], [2 ** 32, '8080808010'],
  [2 ** 35, '808080808001'], [2 ** 42, '80808080808001'], [2 ** 49, '8080808080808001'], [Number.MAX_SAFE_INTEGER, 'ffffffffffffff0f']
]

describe('varint', () => {
  for (const [value, text] of known) {
    it(`writes ${value} as ${text}, and reads it`, () => {
      expect(toHex(encodeVarint(value))).to.equal(text)
      expect(varintLength(value)).to.equal(text.length / 2)
      expect(readVarint(hex(text))).to.equal(value)
    })
  }

  it('reads back what it wrote, anywhere in a buffer', () => {
    fc.assert(fc.property(fc.oneof(fc.maxSafeNat(), fc.nat()), fc.nat({ max: 20 }), (value, offset) => {
      const buffer = new Uint8Array(40).fill(0xff)
      const end = writeVarint(value, buffer, offset)
      expect(end - offset).to.equal(varintLength(value))
      expect(readVarint(buffer, offset)).to.equal(value)
      expect(readVarint(buffer.subarray(0, end), offset)).to.equal(value)
    }))
  })

  it('waits for more while it is cut off', () => {
    for (const [value] of known) {
      const bytes = encodeVarint(value)
      for (let length = 0; length < bytes.length; length++) expect(readVarint(bytes.subarray(0, length)), `${value} cut to ${length}`).to.equal(varintIncomplete)
    }
  })

  it('refuses what is not minimal', () => {
    for (const text of ['8000', '8100', 'ff00', '808000', 'ffffff8000', '808080808080808000']) expect(readVarint(hex(text)), text).to.equal(varintMalformed)
  })

  it('refuses more than nine bytes, and numbers from 2^53 on, as soon as it can tell', () => {
    expect(readVarint(hex('80'.repeat(9)))).to.equal(varintMalformed)
    expect(readVarint(hex(`${'80'.repeat(9)}01`))).to.equal(varintMalformed)
    expect(readVarint(hex(`${'ff'.repeat(8)}7f`))).to.equal(varintMalformed)
    expect(readVarint(hex('8080808080808010'))).to.equal(varintMalformed)
    expect(readVarint(hex('ffffffffffffff10'))).to.equal(varintMalformed)
    // The eighth byte alone says that it is too large; the ninth need not come.
    expect(readVarint(hex('ffffffffffffff90'))).to.equal(varintMalformed)
    expect(maxVarintBytes).to.equal(9)
  })

  it('encodes only whole numbers that it can read', () => {
    for (const value of [-1, 0.5, 2 ** 53, NaN, Infinity]) {
      expect(() => encodeVarint(value)).to.throw(RangeError)
      expect(() => writeVarint(value, new Uint8Array(10), 0)).to.throw(RangeError)
    }
  })

  it('puts a length in front of a message', () => {
    expect(toHex(prefixLength(hex('')))).to.equal('00')
    expect(toHex(prefixLength(hex('aabb')))).to.equal('02aabb')
    expect(toHex(prefixLength(new Uint8Array(200)))).to.equal(toHex(concat(hex('c801'), new Uint8Array(200))))
  })
})
