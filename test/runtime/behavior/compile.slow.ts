/**
 * The comparison of compiled machines with XState, at length: 1,500 generated machines, about a million pairs of state and
 * message. `TROUPE_SLOW_SECONDS` bounds it by time instead. The fast suite runs 300 machines (`compile.test.ts`).
 */
import { expect } from 'chai'
import { compareSeed, noCounts } from './differential.js'

const machines = 1_500
const steps = 17

describe('compiledBehavior and XState', () => {
  it('cannot be told apart', () => {
    const share = process.env['TROUPE_SLOW_SECONDS']
    const started = performance.now()
    const counts = noCounts()
    // Seeds of their own, beyond those of the fast suite.
    const goesOn = (): boolean => share === undefined ? counts.machines < machines : performance.now() - started < Number(share) * 1000
    for (let seed = 10_001; goesOn(); seed++) compareSeed(seed, steps, counts)
    const taken = ((performance.now() - started) / 1000).toFixed(1)
    console.log(`      ${counts.machines} machines, ${counts.starts} starts (${counts.failedStarts} failed), ${counts.pairs} pairs (${counts.distinct} of state and type), ${counts.throws} throws, ${counts.ends} ends, in ${taken} s`)
    expect(counts.machines).to.be.greaterThan(0)
    if (counts.machines >= machines) expect(counts.pairs).to.be.greaterThan(900_000)
  })
})
