import { ratios } from '../support/sampling.js'
import type { Scenario } from '../support/sheet.js'
import { byTurns, withPairs } from './pair.js'
import { sized } from './settings.js'

const bytes = 1024
/** In each process: each of the dialer's connects to each of the listener's. */
const nodes = 32
const mebibyte = 1024 * 1024

export const busy: Scenario = {
  name: 'busy',
  what: `1,000 connections, each with one stream, all of them at once in round trips of ${bytes} bytes, each as soon as the last is back; memory is resident, right after`,
  async run (sheet) {
    const connections = sized(1000, 100)
    const count = sized(10, 3)
    const trips = connections * count
    await withPairs(sheet, ['Troupe', 'js-libp2p'], { listeners: nodes, dialers: nodes }, async pairs => {
      for (const pair of pairs) {
        await pair.dialer.run('fill', { addresses: pair.addresses, connections })
        await pair.settled('connections', connections)
        await pair.dialer.run('hold', { streams: connections })
        await pair.settled('streams', connections)
      }
      const samples = await byTurns(pairs, async pair => {
        const { dialerCpuMs, listenerCpuMs, ms, p50, p99, seen } = await pair.measure('busy', { count, bytes })
        sheet.verify(`streams of ${pair.name} that went on`, seen.streams, connections)
        const [dialer, listener] = [await pair.dialer.run('cpu', {}), await pair.listener.run('cpu', {})]
        return { each: ms / trips, p50, p99, dialer: dialerCpuMs / trips, listener: listenerCpuMs / trips, dialerMemory: dialer.resident, listenerMemory: listener.resident }
      })
      pairs.forEach(({ name }, i) => {
        const of = samples[i]!
        sheet.figure(name, 'trips/s', of.map(({ each }) => 1000 / each))
        sheet.figure(`${name}, p50`, 'ms', of.map(({ p50 }) => p50))
        sheet.figure(`${name}, p99`, 'ms', of.map(({ p99 }) => p99))
        sheet.figure(`${name}, dialer`, 'us CPU/trip', of.map(({ dialer }) => dialer * 1000))
        sheet.figure(`${name}, listener`, 'us CPU/trip', of.map(({ listener }) => listener * 1000))
        sheet.figure(`${name}, memory of the dialer`, 'MiB', of.map(({ dialerMemory }) => dialerMemory / mebibyte))
        sheet.figure(`${name}, memory of the listener`, 'MiB', of.map(({ listenerMemory }) => listenerMemory / mebibyte))
      })
      const [troupe, js] = samples as [typeof samples[0], typeof samples[0]]
      sheet.figure('Troupe, of js-libp2p', 'x', ratios(js.map(({ each }) => each), troupe.map(({ each }) => each)))
    })
  }
}
