/** What holds for every decoder (`codecs.ts`): it reads what it writes, and survives whatever else comes. */
import { expect } from 'chai'
import { DecodeFailure } from '../../src/messages/wire/failure.js'
import { Multiaddr } from '../../src/messages/value/multiaddr.js'
import { PeerId } from '../../src/messages/value/peer-id.js'
import { checkDecode, codecs } from './codecs.js'
import { Fuzzer } from './fuzz.js'
import { toHex } from './kit.js'

const inputs = 600

for (const codec of codecs) {
  describe(`decoder of ${codec.name}`, () => {
    it('reads good messages, and writes them again', () => {
      for (const sample of codec.samples) expect(checkDecode(codec, sample)).to.equal('message')
    })

    it('survives truncation at every byte', () => {
      for (const sample of codec.samples) {
        for (let length = 0; length < sample.length; length++) {
          const result = checkDecode(codec, sample.subarray(0, length))
          if (codec.prefixes !== true) expect(result, `cut to ${length}`).to.equal('failure')
        }
      }
    })

    it('reads the same of a view into a larger buffer', () => {
      for (const sample of codec.samples) {
        const large = new Uint8Array(sample.length + 20).fill(0xff)
        large.set(sample, 10)
        const [whole, view] = [codec.decode(sample), codec.decode(large.subarray(10, 10 + sample.length))]
        expect(toHex(codec.encode(view as never))).to.equal(toHex(codec.encode(whole as never)))
      }
    })

    it('does not change its input', () => {
      for (const sample of codec.samples) {
        const before = toHex(sample)
        codec.decode(sample)
        expect(toHex(sample)).to.equal(before)
      }
    })

    it('refuses the longest messages by their length alone', () => {
      for (const byte of [0x00, 0x0a, 0x12, 0xff]) {
        const result = codec.decode(new Uint8Array(2 ** 20).fill(byte))
        if (codec.name !== 'perf header') expect(result).to.be.instanceOf(DecodeFailure)
      }
    })

    it(`survives ${inputs} inputs, random and mutated`, () => {
      const seed = 1 + codec.name.length
      const fuzzer = new Fuzzer(seed)
      for (let i = 0; i < inputs; i++) {
        const bytes = i % 2 === 0 ? fuzzer.bytes() : fuzzer.mutate(codec.samples)
        try {
          checkDecode(codec, bytes)
        } catch (cause) {
          throw new Error(`seed ${seed}, input ${i}: ${toHex(bytes)}`, { cause })
        }
      }
    })
  })
}

describe('parsers of text', () => {
  it('throw TypeErrors, and nothing else, at any text', () => {
    const fuzzer = new Fuzzer(7)
    const letters = 'aQm12D3KooWbzkfuZMU09:./%-_~\u0000é\ud800p/p/t/c/i/'
    for (let i = 0; i < 3000; i++) {
      const text = `${fuzzer.pick(['', '/', '/ip4/', '/ip6/::', '/p2p/', '/dns/', '/unix/', '/certhash/', '/onion/', '/garlic64/', '/http-path/', 'Qm', '1', 'b', 'z'])}${fuzzer.text(letters, 60)}`
      for (const parse of [(text: string) => PeerId.parse(text), (text: string) => Multiaddr.parse(text)]) {
        try {
          const value = parse(text)
          expect(parse(value.toString()).toString()).to.equal(value.toString())
        } catch (error) {
          if (!(error instanceof TypeError)) throw new Error(`input ${JSON.stringify(text)}`, { cause: error })
        }
      }
    }
  })
})
