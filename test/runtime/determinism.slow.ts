/**
 * One seed, one history: 200 seeds, each with a transcript of more than 10,000 lines, played in this process, in another one
 * in reverse order, and on another major of Node where one is at hand.
 *
 * TROUPE_SLOW_SECONDS lets it play fewer seeds. TROUPE_SECOND_NODE names the binary of another Node.
 */
import { expect } from 'chai'
import { differences, playElsewhere, playHere, secondNode } from './support/determinism.js'

const seeds = Array.from({ length: 200 }, (_, i) => i + 1)
const leastLines = 10_000

describe('determinism, 200 seeds', () => {
  it('gives the same histories in another process, in reverse order, and on another Node', async function () {
    this.timeout(0)
    const begun = performance.now()
    const seconds = Number(process.env['TROUPE_SLOW_SECONDS'] ?? Infinity)
    const second = secondNode()
    // What is played here takes as long again elsewhere, and somewhat longer with several at a time.
    const here = await playHere(seeds, { untilMs: begun + seconds * 1000 / (second === undefined ? 2.5 : 3.5) })
    const played = here.map(({ seed }) => seed)
    const [elsewhere, onSecond] = await Promise.all([
      playElsewhere(played.toReversed()),
      second === undefined ? undefined : playElsewhere(played, second.path)
    ])

    const lines = here.map(history => history.lines)
    const distinct = new Set(here.map(({ hash }) => hash)).size
    console.log(`\n  ${here.length} seeds, ${distinct} different histories of ${Math.min(...lines)} to ${Math.max(...lines)} lines; two processes on Node ${process.version}, ${differences(here, elsewhere).length} differences`)
    console.log(`  second Node: ${second === undefined ? 'not at hand' : `${second.version}, ${differences(here, onSecond!).length} differences`}; ${((performance.now() - begun) / 1000).toFixed(1)} s`)

    expect(differences(here, elsewhere)).to.deep.equal([])
    if (onSecond !== undefined) expect(differences(here, onSecond)).to.deep.equal([])
    expect(Math.min(...lines), 'lines of the shortest transcript').to.be.above(leastLines)
    expect(distinct, 'different histories').to.be.least(Math.floor(here.length * 195 / 200))
  })
})
