import { heapAfterGc } from '../support/sampling.js'
import type { Scenario, Sheet } from '../support/sheet.js'
import { Pair, type Peer } from './pair.js'
import { settings, sized } from './settings.js'
import { sideOf, type SideName } from './sides.js'

const kibibyte = 1024
const repetitions = 2

/**
 * Nodes in each process: each of the dialer's connects to each of the listener's once. The first measurement is taken when
 * each has as many connections that what it holds once, or up to a bound, such as its memory of dead actors, is there.
 */
const nodes = (): number => settings().full ? 110 : sized(70, 16)

export const idle: Scenario = {
  name: 'idle',
  what: 'memory of each idle connection (identify done, all peers distinct) and of each idle stream, after collections: the slope between two numbers of them; raw is a bare socket',
  async run (sheet) {
    const names: readonly SideName[] = ['Troupe', 'js-libp2p', 'raw']
    const runs = sized(repetitions, 1)
    const of = await slopes(names, runs, name => connections(sheet, name))
    report(sheet, 'connection', names, of, { heap: 10, resident: 32 })
    const ofStreams = await slopes(names.slice(0, 2), runs, name => streams(sheet, name))
    report(sheet, 'stream', names.slice(0, 2), ofStreams, { heap: 2.5, resident: 5 })
    sheet.note(`connections: slope from ${fewAndMany().few} to ${fewAndMany().many}; streams: from 500 to 2,500 on 16 connections`)
    await heapAfterGc()
  }
}

interface Slope {
  readonly listener: Usage
  readonly dialer: Usage
}

/** In KiB each. */
interface Usage {
  readonly heap: number
  readonly resident: number
}

function fewAndMany (): { readonly few: number, readonly many: number } {
  return settings().full ? { few: 4600, many: 10_000 } : sized({ few: 2900, many: 4900 }, { few: 64, many: 256 })
}

async function connections (sheet: Sheet, name: SideName): Promise<Slope> {
  const { few, many } = fewAndMany()
  const bare = name === 'raw'
  await using pair = await Pair.start(sideOf(name), { listeners: nodes(), dialers: bare ? 1 : nodes(), identify: !bare })
  const fill = async (count: number): Promise<void> => {
    await pair.dialer.run('fill', { addresses: pair.addresses, connections: count })
    for (const peer of [pair.dialer, pair.listener]) await pair.settled(bare ? 'connections' : 'identified', count, peer)
    sheet.verify(`idle connections of ${name}`, (await pair.listener.run('seen', {})).connections, count)
  }
  return await slope(pair, fill, few, many)
}

async function streams (sheet: Sheet, name: SideName): Promise<Slope> {
  const [few, many] = settings().full ? [500, 3500] as const : sized([500, 2500] as const, [50, 250] as const)
  await using pair = await Pair.start(sideOf(name), { listeners: 4, dialers: 4 })
  await pair.dialer.run('fill', { addresses: pair.addresses, connections: 16 })
  return await slope(pair, async count => {
    await pair.dialer.run('hold', { streams: count })
    await pair.settled('streams', count)
    sheet.verify(`idle streams of ${name}`, (await pair.dialer.run('seen', {})).streams, count)
  }, few, many)
}

async function slope ({ dialer, listener }: Pair, fill: (count: number) => Promise<void>, few: number, many: number): Promise<Slope> {
  await fill(few)
  const before = { dialer: await memory(dialer), listener: await memory(listener) }
  await fill(many)
  const after = { dialer: await memory(dialer), listener: await memory(listener) }
  const each = (side: 'dialer' | 'listener'): Usage => ({
    heap: (after[side].heap - before[side].heap) / (many - few) / kibibyte,
    resident: (after[side].resident - before[side].resident) / (many - few) / kibibyte
  })
  return { dialer: each('dialer'), listener: each('listener') }
}

/** When it has come to rest: what is queued for later, such as a push of identify, is none of what an idle one holds. */
async function memory (peer: Peer): Promise<Usage> {
  await new Promise(resolve => setTimeout(resolve, 1500))
  return await peer.run('memory', {})
}

async function slopes (names: readonly SideName[], runs: number, measure: (name: SideName) => Promise<Slope>): Promise<ReadonlyMap<SideName, readonly Slope[]>> {
  const all = new Map<SideName, Slope[]>(names.map(name => [name, []]))
  for (let run = 0; run < runs; run++) for (const name of names) all.get(name)!.push(await measure(name))
  return all
}

function report (sheet: Sheet, what: string, names: readonly SideName[], of: ReadonlyMap<SideName, readonly Slope[]>, most: Usage): void {
  for (const name of names) {
    for (const side of ['listener', 'dialer'] as const) {
      for (const kind of ['heap', 'resident'] as const) {
        const seen = sheet.figure(`${what}: ${name}, ${side}, ${kind}`, 'KiB', of.get(name)!.map(slope => slope[side][kind]))
        if (name === 'Troupe') sheet.atMost(`${what}, ${side}, ${kind}`, seen, most[kind], 'KiB')
      }
    }
  }
}
