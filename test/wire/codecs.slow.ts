/**
 * A million inputs for each decoder, half random, half good messages with something wrong. `TROUPE_SLOW_SECONDS` bounds all of
 * them together by time instead. The seed is that of the day, and is named where something breaks.
 */
import { expect } from 'chai'
import { checkDecode, codecs } from './codecs.js'
import { Fuzzer } from './fuzz.js'
import { toHex } from './kit.js'

const inputs = 1_000_000
/** Verifies signatures, so it takes a thousand times as long: a hundredth of the inputs. */
const slow = new Set(['signed peer record'])

const share = process.env['TROUPE_SLOW_SECONDS']
const eachMs = share === undefined ? Infinity : Number(share) * 1000 / codecs.length

describe('decoders', () => {
  for (const codec of codecs) {
    it(`survive a million inputs: ${codec.name}`, () => {
      const seed = Math.floor(Date.now() / 86_400_000)
      const fuzzer = new Fuzzer(seed)
      const most = slow.has(codec.name) ? inputs / 100 : inputs
      const started = performance.now()
      const counts = { message: 0, failure: 0 }
      let i = 0
      for (; i < most && (i % 64 > 0 || performance.now() - started < eachMs); i++) {
        const bytes = i % 2 === 0 ? fuzzer.bytes() : fuzzer.mutate(codec.samples)
        try {
          counts[checkDecode(codec, bytes)]++
        } catch (cause) {
          throw new Error(`seed ${seed}, input ${i}: ${toHex(bytes)}`, { cause })
        }
      }
      console.log(`      ${i} inputs, ${counts.message} read, in ${((performance.now() - started) / 1000).toFixed(1)} s, seed ${seed}`)
      expect(counts.failure).to.be.greaterThan(0)
    })
  }
})
