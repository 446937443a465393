/**
 * A million inputs for each core, and the branches that such inputs take: at least nine of ten of each source. The fast
 * suite runs 3,000 others (`fuzz.test.ts`). `TROUPE_SLOW_SECONDS` bounds it by time instead; `TROUPE_FUZZ_MISSED` names
 * the branches that were not taken.
 */
import { expect } from 'chai'
import { branchesTaken } from './support/branches.js'
import { fuzzOne } from './support/fuzz.js'
import { fuzzTargets } from './support/targets.js'

const inputs = 1_000_000
/** Beyond those of the fast suite. */
const first = 1_000_001
const counted = 30_000

describe('fuzz, at length', () => {
  const share = process.env['TROUPE_SLOW_SECONDS']
  const secondsEach = share === undefined ? Infinity : Number(share) / fuzzTargets.length
  for (const target of fuzzTargets) {
    it(target.name, () => {
      const started = performance.now()
      // Counting is slow, so it has its own inputs, and a third of the time at most.
      const { coverage, output } = branchesTaken(target.sources, './play.js', target.name, `${first + inputs}`, `${counted}`, `${secondsEach / 3}`)
      let done = 0
      while (done < inputs && performance.now() - started < secondsEach * 1000) fuzzOne(target, first + done++)
      console.log(`      ${done} inputs in ${((performance.now() - started) / 1000).toFixed(1)} s; branches taken by ${output.trim()} of them:`)
      for (const { all, missed, source, taken } of coverage) {
        console.log(`        ${source}: ${taken} of ${all} (${(100 * taken / all).toFixed(1)} %)`)
        if (process.env['TROUPE_FUZZ_MISSED'] !== undefined) for (const line of missed) console.log(`          ${line}`)
      }
      if (Number(output) === counted) for (const { all, source, taken } of coverage) expect(taken / all, source).to.be.at.least(0.9)
    })
  }
})
