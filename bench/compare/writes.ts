import type { Scenario, Sheet } from '../support/sheet.js'
import { beyond, byTurns, ratio, withPairs, type Pair } from './pair.js'
import { sized } from './settings.js'
import type { SideName } from './sides.js'

const mebibyte = 1024 * 1024

/** MiB a sample: a tenth of a second or more for each, so not the same for both. */
const amounts: ReadonlyArray<{ readonly size: number, readonly least: number | undefined, readonly mebibytes: Partial<Record<SideName, number>> }> = [
  { size: 64, least: 20, mebibytes: { 'Troupe': 16, 'js-libp2p': 1 } },
  { size: 1024, least: 8, mebibytes: { 'Troupe': 64, 'js-libp2p': 8 } },
  { size: 16_384, least: undefined, mebibytes: { 'Troupe': 128, 'js-libp2p': 64 } }
]

export const writes: Scenario = {
  name: 'writes',
  what: 'writes of 64 B, 1 KiB and 16 KiB on one stream, each when there is room, until the remote has read all; how much is said in the notes',
  async run (sheet) {
    await withPairs(sheet, ['Troupe', 'js-libp2p'], { all: true }, async pairs => {
      for (const pair of pairs) await pair.connect()
      for (const amount of amounts) await compare(sheet, pairs, amount)
    })
    for (const { size, mebibytes } of amounts) sheet.note(`${size} B: ${Object.entries(mebibytes).map(([name, amount]) => `${name} ${amount} MiB`).join(', ')} a sample${sized('', ', a quarter of it in this quick run')}`)
  }
}

async function compare (sheet: Sheet, pairs: readonly Pair[], { least, mebibytes, size }: (typeof amounts)[number]): Promise<void> {
  const samples = await byTurns(pairs, async pair => {
    const count = mebibytes[pair.like]! * mebibyte / sized(1, 4) / size
    const { ms, dialerCpuMs, listenerCpuMs, seen } = await pair.measure('writes', { size, count })
    sheet.verify(`bytes of ${pair.name}`, seen.received, count * size)
    return { each: ms / count, dialer: dialerCpuMs / count, listener: listenerCpuMs / count }
  })
  pairs.forEach(({ name }, i) => {
    sheet.figure(`${size} B: ${name}`, 'MiB/s', samples[i]!.map(({ each }) => size * 1000 / each / mebibyte))
    sheet.figure(`${size} B: ${name}, sender`, 'us CPU/write', samples[i]!.map(({ dialer }) => dialer * 1000))
    sheet.figure(`${size} B: ${name}, receiver`, 'us CPU/write', samples[i]!.map(({ listener }) => listener * 1000))
  })
  beyond(sheet, `${size} B`, pairs, samples, ({ each }) => each)
  const [troupe, js] = samples as [typeof samples[0], typeof samples[0]]
  if (least !== undefined) sheet.atLeast(`${size} B: of js-libp2p`, ratio(js, troupe, ({ each }) => each), least, 'x')
}
