import { median } from '../support/sampling.js'
import type { Scenario } from '../support/sheet.js'
import { byTurns, withPairs } from './pair.js'
import { sized } from './settings.js'

const bytes = 32
const uploads = 4

export const beside: Scenario = {
  name: 'beside',
  what: `round trips of ${bytes} bytes on one stream, alone and while ${uploads} others of the same connection upload as fast as they can`,
  async run (sheet) {
    await withPairs(sheet, ['Troupe', 'js-libp2p'], {}, async pairs => {
      for (const pair of pairs) await pair.connect()
      const samples = await byTurns(pairs, async pair => {
        const alone = await pair.measure('trips', { count: sized(2000, 300), bytes })
        const beside = await pair.measure('beside', { streams: uploads, count: sized(200, 50), bytes })
        sheet.verify(`bytes of uploads of ${pair.name}`, beside.seen.received, beside.uploaded)
        return { alone, beside }
      })
      pairs.forEach(({ name }, i) => {
        for (const when of ['alone', 'beside'] as const) {
          for (const p of ['p50', 'p99'] as const) sheet.figure(`${name}, ${when}, ${p}`, 'us', samples[i]!.map(sample => sample[when][p] * 1000))
        }
      })
      sheet.atMost('p99 beside bulk, of p99 alone', median(samples[0]!.map(({ alone, beside }) => beside.p99 / alone.p99)), 5, 'x')
    })
  }
}
