/** One seed, one history: a few seeds. The 200, other Nodes and more lines are in `determinism.slow.ts`. */
import { expect } from 'chai'
import { differences, playElsewhere, playHere } from './support/determinism.js'

describe('determinism', () => {
  const seeds = [1, 2, 3, 4]

  it('gives each seed the same history in any order and in another process, and a history of its own', async function () {
    this.timeout(30_000)
    const here = await playHere(seeds)
    expect(differences(here, await playHere(seeds.toReversed()))).to.deep.equal([])
    expect(differences(here, await playElsewhere([3, 1, 4, 2]))).to.deep.equal([])
    expect(new Set(here.map(({ hash }) => hash)).size).to.equal(seeds.length)
    for (const { lines } of here) expect(lines).to.be.above(10_000)
  })

  it('notices a machine that asks Math.random', async function () {
    this.timeout(30_000)
    const planted = await playHere([1], { planted: true })
    expect(differences(planted, await playHere([1], { planted: true }))).to.have.length(1)
  })
})
