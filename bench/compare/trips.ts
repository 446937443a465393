import type { Scenario } from '../support/sheet.js'
import { beyond, byTurns, ratio, withPairs } from './pair.js'
import { sized } from './settings.js'

const bytes = 32

export const trips: Scenario = {
  name: 'trips',
  what: `round trips of ${bytes} bytes on an open echo stream, 4,000 a sample, one after the other; raw is an echo over TCP`,
  async run (sheet) {
    const count = sized(4000, 300)
    await withPairs(sheet, ['Troupe', 'js-libp2p', 'raw'], { all: true }, async pairs => {
      for (const pair of pairs) await pair.connect()
      const samples = await byTurns(pairs, async pair => pair.measure('trips', { count, bytes }))
      pairs.forEach(({ name }, i) => {
        sheet.figure(`${name}, p50`, 'us', samples[i]!.map(({ p50 }) => p50 * 1000))
        sheet.figure(`${name}, p99`, 'us', samples[i]!.map(({ p99 }) => p99 * 1000))
        sheet.figure(`${name}, dialer`, 'us CPU/trip', samples[i]!.map(({ dialerCpuMs }) => dialerCpuMs * 1000 / count))
        sheet.figure(`${name}, listener`, 'us CPU/trip', samples[i]!.map(({ listenerCpuMs }) => listenerCpuMs * 1000 / count))
      })
      beyond(sheet, 'p50', pairs, samples, ({ p50 }) => p50)
      const [troupe, , raw] = samples as [typeof samples[0], typeof samples[0], typeof samples[0]]
      sheet.atMost('p50 of raw TCP', ratio(troupe, raw, ({ p50 }) => p50), 1.8, 'x')
      sheet.atMost('p99 of raw TCP', ratio(troupe, raw, ({ p99 }) => p99), 2.5, 'x')
    })
  }
}
