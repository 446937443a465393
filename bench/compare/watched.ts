import { median } from '../support/sampling.js'
import type { Scenario } from '../support/sheet.js'
import { byTurns, ratio, withPairs } from './pair.js'
import { sized } from './settings.js'

const mebibyte = 1024 * 1024

export const watched: Scenario = {
  name: 'watched',
  what: '256 MiB up on one stream while both sides are watched by a subscriber of inspect.trace(), beside the same unwatched, in 40 pairs; by CPU time, which does not wait for others',
  async run (sheet) {
    const bytes = sized(256, 64) * mebibyte
    await withPairs(sheet, ['Troupe'], {}, async ([pair]) => {
      if (pair === undefined) return
      await pair.connect()
      let records = 0
      const [off, on] = await byTurns([false, true], async on => {
        for (const peer of [pair.dialer, pair.listener]) await peer.run('trace', { on })
        const { dialerCpuMs, listenerCpuMs, seen } = await pair.measure('bulk', { streams: 1, up: bytes, down: 0 })
        sheet.verify('bytes of uploads', seen.received, bytes)
        for (const peer of [pair.dialer, pair.listener]) records += (await peer.run('trace', { on: false })).records
        return (dialerCpuMs + listenerCpuMs) * mebibyte / bytes
      }, 2, sized(40, 4))
      if (records === 0) throw new Error('nothing was seen by whoever watched')
      sheet.figure('unwatched, both sides', 'ms CPU/MiB', off!)
      sheet.figure('watched, both sides', 'ms CPU/MiB', on!)
      sheet.atMost('watched, of unwatched', ratio(on!, off!, ms => ms), 1.05, 'x')
      sheet.note(`${records.toLocaleString('en')} records were seen; medians ${median(on!).toPrecision(3)} and ${median(off!).toPrecision(3)}`)
    })
  }
}
