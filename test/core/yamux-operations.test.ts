/** Yamux, whatever its users do, in whatever order: `support/yamux-operations.ts`. `yamux-operations.slow.ts` plays longer. */
import { playOperations } from './support/yamux-operations.js'

const games = 60

describe('yamux, operations in random order', () => {
  it(`keep every invariant, lose no byte and leave nothing behind, in ${games} games`, () => {
    for (let seed = 1; seed <= games; seed++) playSeed(seed)
  }).timeout(60_000)
})

function playSeed (seed: number): void {
  try {
    playOperations(seed, 300)
  } catch (error) {
    throw new Error(`seed ${seed}: ${String(error)}`, { cause: error })
  }
}
