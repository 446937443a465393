/** The protobuf reader and writer, apart from any message (protobuf.dev, "Encoding"). */
import { expect } from 'chai'
import fc from 'fast-check'
import { DecodeFailure } from '../../src/messages/wire/failure.js'
import { ProtobufReader } from '../../src/messages/wire/protobuf-reader.js'
import { ProtobufWriter } from '../../src/messages/wire/protobuf-writer.js'
import { concat, hex, toHex, utf8 } from './kit.js'

const read = (text: string, maxBytes = 1000): ProtobufReader => new ProtobufReader('test', hex(text), maxBytes)

/** Goes to the first field and takes it. */
function first<T> (text: string, take: (reader: ProtobufReader) => T): T | string {
  const reader = read(text)
  if (!reader.next()) return reader.failure?.code ?? 'empty'
  const value = take(reader)
  return reader.failure?.code ?? value
}

describe('protobuf', () => {
  it('encodes the examples of the documentation', () => {
    expect(toHex(new ProtobufWriter().uint32(1, 150).finish())).to.equal('089601')
    expect(toHex(new ProtobufWriter().string(2, 'testing').finish())).to.equal('120774657374696e67')
    expect(toHex(new ProtobufWriter().message(3, new ProtobufWriter().uint32(1, 150)).finish())).to.equal('1a03089601')
  })

  it('writes zero and empty, and leaves out undefined', () => {
    expect(toHex(new ProtobufWriter().uint32(1, 0).bytes(2, hex('')).string(3, '').bool(4, false).uint64(5, 0n).finish())).to.equal('080012001a0020002800')
    const none = new ProtobufWriter().uint32(1, undefined).bytes(2, undefined).string(3, undefined).bool(4, undefined).uint64(5, undefined).fixed64(6, undefined).message(7, undefined)
    expect(none.finish()).to.have.length(0)
  })

  it('writes field numbers up to the largest', () => {
    expect(toHex(new ProtobufWriter().uint32(6_492_434, 1).finish())).to.equal('9091e21801')
    expect(toHex(new ProtobufWriter().uint32(2 ** 29 - 1, 1).finish())).to.equal('f8ffffff0f01')
    expect(first('f8ffffff0f01', reader => reader.field)).to.equal(2 ** 29 - 1)
  })

  it('reads back every kind of field', () => {
    const big = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    fc.assert(fc.property(fc.nat({ max: 0xffff_ffff }), big, big, fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'grapheme' }), fc.boolean(), (a, b, c, d, e, f) => {
      const bytes = new ProtobufWriter().uint32(1, a).uint64(2, b).fixed64(3, c).bytes(4, d).string(5, e).bool(6, f).message(7, new ProtobufWriter().uint64(1, b)).finish()
      const reader = new ProtobufReader('test', bytes, bytes.length)
      const found: unknown[] = []
      while (reader.next()) {
        switch (reader.field) {
          case 1: found.push(reader.uint32('a')); break
          case 2: found.push(reader.uint64('b')); break
          case 3: found.push(reader.fixed64('c')); break
          case 4: found.push(toHex(reader.bytes('d', 300))); break
          case 5: found.push(reader.string('e', 1000)); break
          case 6: found.push(reader.bool('f')); break
          case 7: {
            const inner = reader.message('g', 100)
            while (inner.next()) found.push(inner.uint64('b'))
          }
        }
      }
      expect(reader.failure).to.be.undefined
      expect(found).to.deep.equal([a, b, c, toHex(d), e, f, b])
    }))
  })

  it('skips fields that nobody takes, of every kind, before, between and behind', () => {
    const unknown = new ProtobufWriter().uint64(100, 2n ** 64n - 1n).fixed64(101, 5n).bytes(102, new Uint8Array(300)).finish()
    const fixed32 = hex('ad0601020304')
    const bytes = concat(unknown, fixed32, hex('0807'), unknown, hex('0809'), fixed32)
    const reader = new ProtobufReader('test', bytes, bytes.length)
    const found: number[] = []
    while (reader.next()) if (reader.field === 1) found.push(reader.uint32('a'))
    expect(reader.failure).to.be.undefined
    expect(found).to.deep.equal([7, 9])
  })

  it('goes on behind a message inside that was not read to its end', () => {
    const bytes = new ProtobufWriter().message(1, new ProtobufWriter().uint32(1, 1).uint32(2, 2)).uint32(2, 9).finish()
    const reader = new ProtobufReader('test', bytes, 100)
    reader.next()
    const inner = reader.message('inner', 100)
    expect(inner.next()).to.be.true
    expect(reader.next()).to.be.true
    expect(reader.uint32('after')).to.equal(9)
    expect(reader.next()).to.be.false
    expect(reader.failure).to.be.undefined
  })

  it('takes varints in more bytes than they need, as the encoding allows, up to ten', () => {
    expect(first('088100', reader => reader.uint32('a'))).to.equal(1)
    expect(first('0880808080808080808001', reader => reader.uint64('a'))).to.equal(2n ** 63n)
    expect(first('08ffffffffffffffffff01', reader => reader.uint64('a'))).to.equal(2n ** 64n - 1n)
    // A negative enum comes in ten bytes; its low 32 bits are it.
    expect(first('08ffffffffffffffffff01', reader => reader.uint32('a'))).to.equal(2 ** 32 - 1)
    expect(first('08ffffffffffffffffff02', reader => reader.uint64('a'))).to.equal('bad-varint')
    expect(first('08ffffffffffffffffffff01', reader => reader.uint64('a'))).to.equal('bad-varint')
    expect(first('08ffffffffffffffffffff01', reader => reader.uint32('a'))).to.equal('bad-varint')
    expect(first('0affffffffffffffffffff01', reader => reader.bytes('a', 100))).to.equal('bad-varint')
    expect(first('ffffffffffffffffffff01', reader => reader.field)).to.equal('bad-varint')
    expect(first('0a8100aa', reader => toHex(reader.bytes('a', 100)))).to.equal('aa')
  })

  it('refuses counts beyond what a number holds', () => {
    expect(first('08ffffffffffffff0f', reader => reader.count('a'))).to.equal(Number.MAX_SAFE_INTEGER)
    expect(first('088080808080808010', reader => reader.count('a'))).to.equal('bad-value')
  })

  it('refuses field number 0, groups, and wire types that do not exist', () => {
    for (const text of ['00', '0001', '02']) expect(first(text, reader => reader.field), text).to.equal('bad-wire-type')
    for (const tag of ['0b', '0c', '0e', '0f']) {
      const reader = read(tag)
      while (reader.next());
      expect(reader.failure?.code, tag).to.equal('bad-wire-type')
    }
  })

  it('refuses a field of another type than the one asked for', () => {
    expect(first('0801', reader => reader.bytes('a', 10))).to.equal('bad-wire-type')
    expect(first('0a0101', reader => reader.uint32('a'))).to.equal('bad-wire-type')
    expect(first('0a0101', reader => reader.fixed64('a'))).to.equal('bad-wire-type')
    expect(first('0d01020304', reader => reader.uint64('a'))).to.equal('bad-wire-type')
    expect(first('0801', reader => reader.message('a', 10).next())).to.equal('bad-wire-type')
  })

  it('bounds the whole, each field, each list and the depth', () => {
    expect(read('0801', 1).failure?.code).to.equal('too-long')
    expect(first('0a03aabbcc', reader => reader.bytes('a', 2))).to.equal('too-long')
    expect(first('0a03616263', reader => reader.string('a', 2))).to.equal('too-long')
    expect(first('0a03080108', reader => reader.message('a', 2).next())).to.equal('too-long')

    const reader = read('080108010801')
    const list: number[] = []
    while (reader.next()) reader.add('list', list, reader.uint32('list'), 2)
    expect(reader.failure?.toString()).to.equal('test.list: too-many at byte 6')
    expect(list).to.deep.equal([1, 1])

    let deep = new ProtobufWriter()
    for (let i = 0; i < 20; i++) deep = new ProtobufWriter().message(1, deep)
    const outer = new ProtobufReader('test', deep.finish(), 1000)
    let inner = outer
    let depth = 0
    while (inner.next()) { inner = inner.message('in', 1000); depth++ }
    expect(outer.failure?.code).to.equal('too-deep')
    expect(depth).to.equal(9)
  })

  it('bounds a length before it believes it', () => {
    for (const length of ['7f', 'ffffffff0f', 'ffffffffffffffff7f']) {
      expect(first(`0a${length}aa`, reader => reader.bytes('a', Infinity))).to.equal('truncated')
      const reader = read(`0a${length}aa`)
      while (reader.next());
      expect(reader.failure?.code, length).to.equal('truncated')
    }
  })

  it('keeps a message inside within its borders', () => {
    // Inner message of 2 bytes, whose field claims 3.
    expect(first('0a020a03aabbcc', reader => { const inner = reader.message('in', 100); inner.next(); return toHex(inner.bytes('a', 100)) })).to.equal('truncated')
  })

  it('stops at the first failure, names it, and returns empty values from there', () => {
    const reader = read('0a01ff0801')
    reader.next()
    expect(reader.string('name', 10)).to.equal('')
    expect(reader.failure).to.deep.include({ code: 'bad-text', what: 'test.name', offset: 2 })
    expect(reader.next()).to.be.false
    expect(reader.uint32('x')).to.equal(0)
    expect(reader.uint64('x')).to.equal(0n)
    expect(reader.fixed64('x')).to.equal(0n)
    expect(reader.bytes('x', 10)).to.have.length(0)
    expect(reader.message('x', 10).next()).to.be.false
    expect(reader.failure?.code).to.equal('bad-text')
  })

  it('reads UTF-8 strictly, with its byte order mark', () => {
    for (const text of ['0a01ff', '0a02c080', '0a03eda080', '0a04f8888080', '0a01e2']) expect(first(text, reader => reader.string('a', 10)), text).to.equal('bad-text')
    expect(first('0a06efbbbf616263', reader => reader.string('a', 10))).to.equal('\ufeffabc')
  })

  it('gives views, and writes what nobody else holds', () => {
    const input = hex('0a03aabbcc')
    const reader = new ProtobufReader('test', input, 100)
    reader.next()
    expect(reader.bytes('a', 10).buffer).to.equal(input.buffer)
    const writer = new ProtobufWriter()
    const value = utf8('abc')
    writer.bytes(1, value)
    value.fill(0)
    expect(toHex(writer.finish())).to.equal('0a03616263')
  })

  it('refuses to write numbers that do not fit', () => {
    expect(() => new ProtobufWriter().uint32(1, -1)).to.throw(RangeError)
    expect(() => new ProtobufWriter().uint32(1, 0.5)).to.throw(RangeError)
    expect(() => new ProtobufWriter().uint64(1, -1n)).to.throw(RangeError)
    expect(() => new ProtobufWriter().uint64(1, 2n ** 64n)).to.throw(RangeError)
    expect(() => new ProtobufWriter().uint64(1, 0.5)).to.throw(RangeError)
  })

  it('survives any bytes, read in any way', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(fc.nat({ max: 7 }), { minLength: 1, maxLength: 8 }), (bytes, choices) => {
      const reader = new ProtobufReader('test', bytes, 50)
      let steps = 0
      const walk = (reader: ProtobufReader): void => {
        while (reader.next()) {
          if (++steps > bytes.length) throw new Error('does not advance')
          switch (choices[steps % choices.length]) {
            case 0: reader.uint32('a'); break
            case 1: reader.uint64('a'); break
            case 2: reader.fixed64('a'); break
            case 3: reader.bytes('a', 20); break
            case 4: reader.string('a', 20); break
            case 5: walk(reader.message('a', 20)); break
            case 6: reader.bool('a'); break
            default: // left for `next` to skip
          }
        }
      }
      walk(reader)
      if (reader.failure !== undefined) expect(reader.failure).to.be.instanceOf(DecodeFailure)
    }), { numRuns: 2000 })
  })
})
