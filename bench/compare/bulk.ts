import type { Scenario, Sheet } from '../support/sheet.js'
import { beyond, byTurns, ratio, withPairs, type Measured, type Pair } from './pair.js'
import { settings, sized } from './settings.js'

const mebibyte = 1024 * 1024

export const bulk: Scenario = {
  name: 'bulk',
  what: '256 MiB (64 with --quick) over the perf protocol, up and down, on 1, 10 and 100 streams at once of one connection; raw is the composed limit on one TCP connection',
  async run (sheet) {
    await withPairs(sheet, ['Troupe', 'js-libp2p', 'raw'], { all: true }, async pairs => {
      for (const pair of pairs) await pair.connect()
      for (const streams of [1, 10, 100]) for (const way of ['up', 'down'] as const) await compare(sheet, pairs, way, streams)
      for (const { listener, name } of pairs) {
        const { streams } = await listener.run('seen', {})
        sheet.verify(`streams left behind by ${name}`, streams, 0)
      }
    })
    sheet.note('the composed limit is a naive program, not a ceiling: it concatenates what straddles, so more than 1 x is normal')
  }
}

async function compare (sheet: Sheet, pairs: readonly Pair[], way: 'up' | 'down', streams: number): Promise<void> {
  const bytes = sized(256, 64) * mebibyte
  const mebibytes = bytes / mebibyte
  const samples = await byTurns(pairs, async pair => {
    const [up, down] = way === 'up' ? [bytes, 0] : [0, bytes]
    const seen = await pair.measure('bulk', { streams, up, down })
    sheet.verify('bytes of uploads', seen.seen.received, up)
    return seen
  }, warmups)
  const here = `${way}, ${streams} ${streams === 1 ? 'stream' : 'streams'}`
  pairs.forEach(({ name }, i) => {
    sheet.figure(`${here}: ${name}`, 'MiB/s', samples[i]!.map(({ ms }) => mebibytes * 1000 / ms))
    sheet.figure(`${here}: ${name}, sender`, 'ms CPU/MiB', samples[i]!.map(sample => senderCpu(sample, way) / mebibytes))
    sheet.figure(`${here}: ${name}, receiver`, 'ms CPU/MiB', samples[i]!.map(sample => receiverCpu(sample, way) / mebibytes))
  })
  beyond(sheet, here, pairs, samples, ({ ms }) => ms)
  const [troupe, js, raw] = samples as [Sample[], Sample[], Sample[]]
  // Speeds are the inverse of times.
  const overLimit = ratio(raw, troupe, ({ ms }) => ms)
  const overJs = ratio(js, troupe, ({ ms }) => ms)
  const senders = ratio(troupe, js, sample => senderCpu(sample, way))
  const receivers = ratio(troupe, js, sample => receiverCpu(sample, way))
  if (streams === 10) return
  sheet.atLeast(`${here}: of the composed limit`, overLimit, 1, 'x')
  sheet.atLeast(`${here}: of js-libp2p`, overJs, settings().major >= 22 ? 2.5 : 1.7, 'x')
  sheet.atMost(`${here}: CPU of the sender, of js-libp2p's`, senders, 0.5, 'x')
  sheet.atMost(`${here}: CPU of the receiver, of js-libp2p's`, receivers, 0.5, 'x')
}

/** With each number of streams V8 compiles a little anew, for half a gibibyte. */
const warmups = 3

type Sample = Measured<'bulk'>

const senderCpu = ({ dialerCpuMs, listenerCpuMs }: Sample, way: 'up' | 'down'): number => way === 'up' ? dialerCpuMs : listenerCpuMs
const receiverCpu = ({ dialerCpuMs, listenerCpuMs }: Sample, way: 'up' | 'down'): number => way === 'up' ? listenerCpuMs : dialerCpuMs
