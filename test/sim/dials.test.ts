/** A slice of acceptance 4; `dials.slow.ts` runs 500 seeds. */
import { dialsOfSeed } from './dials.js'

describe('dials in virtual time', () => {
  for (let seed = 1; seed <= 10; seed++) {
    it(`end by their deadlines, hurt no other, and lose nothing: seed ${seed}`, async () => { await dialsOfSeed(seed) })
  }
})
