/**
 * Anything at all, fed to each core: half of it random, half recorded conversations with changes. Nothing may throw, no
 * bound may be exceeded, nothing may come after a failure. `fuzz.slow.ts` runs a million of each.
 */
import { fuzzOne } from './support/fuzz.js'
import { fuzzTargets } from './support/targets.js'

const inputs = 3000

describe('fuzz', () => {
  for (const target of fuzzTargets) {
    it(`${target.name}: ${inputs} inputs`, () => {
      for (let n = 1; n <= inputs; n++) fuzzOne(target, n)
    }).timeout(30_000)
  }
})
