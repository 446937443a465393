/**
 * The crash matrix at random: 10,000 companies of actors, each played with and without crashes and kills that a seed chose,
 * and compared (design 1.8; definitions: kernel.md 3; what is checked: `support/trial.ts`).
 *
 * TROUPE_SLOW_SECONDS stops it when the time is used up. TROUPE_SEED plays that one company only, and says what was done.
 */
import { Coverage } from './support/coverage.js'
import { trial } from './support/trial.js'

const trees = 10_000
const mostShown = 5

describe('crash matrix, random', () => {
  const only = process.env['TROUPE_SEED']
  const seconds = Number(process.env['TROUPE_SLOW_SECONDS'] ?? Infinity)

  it(only === undefined ? `holds in ${trees} random trees` : `holds in the tree of seed ${only}`, async function () {
    this.timeout(0)
    const coverage = new Coverage()
    const begun = performance.now()
    const failures: string[] = []
    let played = 0
    let hit = 0
    let hits = 0
    let compared = 0
    let comparable = 0
    let violations = 0
    const [first, last] = only === undefined ? [1, trees] : [Number(only), Number(only)]

    for (let seed = first; seed <= last && performance.now() - begun < seconds * 1000; seed++) {
      const outcome = await trial(seed)
      played++
      hits += outcome.hits.length
      if (outcome.hits.length > 0) hit++
      if (outcome.plan.comparable) comparable++
      compared += outcome.compared
      coverage.add(outcome.hits)
      if (only !== undefined) console.log(describePlan(outcome))
      if (outcome.complaints.length === 0) continue
      violations++
      if (failures.length < mostShown) {
        failures.push([`seed ${seed}; again alone: TROUPE_SEED=${seed} npm run test:slow -- crash-matrix`, describePlan(outcome), ...outcome.complaints.slice(0, 8)].join('\n    '))
      }
    }

    console.log(`\n${coverage.toString()}\n`)
    console.log(`  ${played} trees, ${hit} hit by ${hits} crashes and kills, ${compared} transcripts compared, ${comparable} ledgers compared with a stopped twin, ${violations} violations, ${((performance.now() - begun) / 1000).toFixed(1)} s`)
    if (violations > 0) throw new Error(`${violations} of ${played} trees do not hold:\n  ${failures.join('\n  ')}`)
    if (played === trees && coverage.empty.length > 0) throw new Error(`never hit: ${coverage.empty.join('; ')}`)
  })
})

function describePlan ({ plan, hits }: Awaited<ReturnType<typeof trial>>): string {
  const strikes = plan.strikes.map(({ path, point, nth, from, lives }) => `throw at ${point} ${nth} of ${path}${lives > 1 || from > 0 ? `, lives ${from} to ${from + lives - 1}` : ''}`)
  const acts = plan.acts.map(({ path, on, nth, deed }) => `${deed} ${path} at ${on} ${nth}`)
  return `planned: ${[...strikes, ...acts].join('; ')}; hit: ${hits.map(({ what, spec, state, atMs }) => `${what} ${spec.path} (${state}) at ${atMs.toFixed(3)}`).join('; ')}`
}
