/** Issue 5, acceptance 4: 500 seeds. `TROUPE_SLOW_SECONDS` bounds it by time instead. */
import { dialsOfSeed } from './dials.js'

const first = 1001
const seeds = 500

describe('dials in virtual time, at length', () => {
  it(`end by their deadlines, hurt no other, and lose nothing: ${seeds} seeds`, async () => {
    const share = process.env['TROUPE_SLOW_SECONDS']
    const started = performance.now()
    const all = new Map<string, number>()
    let done = 0
    while (done < seeds && (share === undefined || performance.now() - started < Number(share) * 1000)) {
      for (const [code, count] of await dialsOfSeed(first + done)) all.set(code, (all.get(code) ?? 0) + count)
      done++
    }
    const counts = [...all].sort(([, a], [, b]) => b - a).map(([code, count]) => `${code} ${count}`)
    console.log(`      ${done} seeds in ${((performance.now() - started) / 1000).toFixed(0)} s; dials: ${counts.join(', ')}`)
  })
})
