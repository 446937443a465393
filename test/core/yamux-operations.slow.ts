/** `yamux-operations.test.ts` at length: 3,000 games of 600 steps, or as many as `TROUPE_SLOW_SECONDS` allow. */
import { expect } from 'chai'
import { playOperations } from './support/yamux-operations.js'

const games = 3000
const firstSeed = 10_001

describe('yamux, operations in random order, at length', () => {
  it('keep every invariant, lose no byte and leave nothing behind', () => {
    const share = process.env['TROUPE_SLOW_SECONDS']
    const started = performance.now()
    let played = 0
    let streams = 0
    while (share === undefined ? played < games : performance.now() - started < Number(share) * 1000) {
      const seed = firstSeed + played
      try {
        streams += playOperations(seed, 600)
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error })
      }
      played++
    }
    console.log(`      ${played} games, ${streams} streams, in ${((performance.now() - started) / 1000).toFixed(1)} s`)
    expect(played).to.be.greaterThan(0)
  })
})
