import type { Scenario, Sheet } from '../support/sheet.js'
import { beyond, byTurns, ratio, withPairs, type Pair } from './pair.js'
import { sized } from './settings.js'
import type { SideName } from './sides.js'

/** Streams a sample: some tenths of a second for each. */
const amounts: ReadonlyArray<{ readonly atOnce: number, readonly least: number, readonly counts: Partial<Record<SideName, number>> }> = [
  { atOnce: 1, least: 5, counts: { 'Troupe': 2000, 'js-libp2p': 500 } },
  { atOnce: 64, least: 9, counts: { 'Troupe': 10_240, 'js-libp2p': 1280 } },
  { atOnce: 256, least: 10, counts: { 'Troupe': 10_240, 'js-libp2p': 1280 } }
]

export const streams: Scenario = {
  name: 'streams',
  what: 'streams: open, negotiate, echo of one byte, close, until none is left on either side; one by one, 64 and 256 at once; with identify, so that both sides know what the other speaks, and behind 8,000 that are not counted',
  async run (sheet) {
    await withPairs(sheet, ['Troupe', 'js-libp2p'], { identify: true, all: true }, async pairs => {
      for (const pair of pairs) {
        await pair.connect()
        for (const peer of [pair.dialer, pair.listener]) await pair.settled('identified', 1, peer)
        await pair.settled('streams', 0)
        await warm(sheet, pair)
      }
      for (const amount of amounts) await compare(sheet, pairs, amount)
    })
  }
}

/** One after the other V8 sees too few in a sample to be done compiling, and would be what is measured. */
async function warm (sheet: Sheet, pair: Pair): Promise<void> {
  const count = sized(8000, 200)
  await pair.measure('streams', { count, atOnce: 1 })
  await pair.settled('streams', 0)
  sheet.verify(`streams of ${pair.name}, of which none was left`, count, count)
}

async function compare (sheet: Sheet, pairs: readonly Pair[], { atOnce, counts, least }: (typeof amounts)[number]): Promise<void> {
  const samples = await byTurns(pairs, async pair => {
    const count = counts[pair.like]! / sized(1, 4)
    const { ms, dialerCpuMs, listenerCpuMs } = await pair.measure('streams', { count, atOnce })
    await pair.settled('streams', 0)
    sheet.verify(`streams of ${pair.name}, of which none was left`, count, count)
    return { each: ms / count, dialer: dialerCpuMs / count, listener: listenerCpuMs / count }
  }, 2)
  const here = atOnce === 1 ? 'one by one' : `${atOnce} at once`
  pairs.forEach(({ name }, i) => {
    sheet.figure(`${here}: ${name}`, 'streams/s', samples[i]!.map(({ each }) => 1000 / each))
    sheet.figure(`${here}: ${name}, dialer`, 'us CPU/stream', samples[i]!.map(({ dialer }) => dialer * 1000))
    sheet.figure(`${here}: ${name}, listener`, 'us CPU/stream', samples[i]!.map(({ listener }) => listener * 1000))
  })
  beyond(sheet, here, pairs, samples, ({ each }) => each)
  const [troupe, js] = samples as [typeof samples[0], typeof samples[0]]
  sheet.atLeast(`${here}: of js-libp2p`, ratio(js, troupe, ({ each }) => each), least, 'x')
}
