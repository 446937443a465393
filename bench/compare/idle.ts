import { heapAfterGc } from '../support/sampling.js'
import type { Scenario, Sheet } from '../support/sheet.js'
import { Pair, type Peer } from './pair.js'
import { settings, sized } from './settings.js'
import { sideOf, type SideName } from './sides.js'

const kibibyte = 1024
/** Nodes in each process: each of the dialer's connects to each of the listener's once, and no two connections have the same peers. */
const nodes = (): number => settings().full ? 110 : sized(70, 16)

/**
 * How many connections memory is looked at with. The acceptance names the slope from 2,000 to 10,000 of one node; here are many nodes
 * with few connections each, so that no two have the same peers.
 */
const marks = (): readonly number[] => settings().full ? [2000, 4600, 10_000] : sized([2900, 4900], [64, 256])

export const idle: Scenario = {
  name: 'idle',
  what: 'memory of each idle connection (identify done, all peers distinct) and of each idle stream, after collections: the slope between two numbers of them; raw is a bare socket',
  async run (sheet) {
    const names: readonly SideName[] = ['Troupe', 'js-libp2p', 'raw']
    const of = await slopes(sheet, names, 1, name => withHeapOfOld(name, old => connections(sheet, name, old)))
    report(sheet, 'connection', names, of, { heap: 10, resident: 32 })
    const ofStreams = await slopes(sheet, names.slice(0, 2), sized(2, 1), name => withHeapOfOld(name, old => streams(sheet, name, old)))
    report(sheet, 'stream', names.slice(0, 2), ofStreams, { heap: 2.5, resident: 5 })
    sheet.note(`connections: slope from ${marks()[0]} to ${marks().at(-1)}, on ${nodes()} nodes a side; streams: from ${streamMarks()[0]} to ${streamMarks()[1]} on ${streamConnections()} connections`)
    await heapAfterGc()
  }
}

interface Slope {
  readonly listener: Usage
  readonly dialer: Usage
  /** Between the last two marks. */
  readonly listenerBeyond: Usage
  readonly dialerBeyond: Usage
}

/** In KiB each. */
interface Usage {
  readonly heap: number
  readonly resident: number
}

/** Each between two other nodes; no connection opens more than 256 streams. */
const streamConnections = (): number => settings().full ? 64 : 16
const streamMarks = (): readonly [number, number] => settings().full ? [2000, 10_000] : sized([500, 2500], [50, 250])

/**
 * Of ours, heap of a node that has lived for a while, and resident memory of a fresh one: after so much garbage, memory that is free
 * already takes in what comes, and its growth says nothing. So `resident` holds the dead of each connection too.
 */
async function withHeapOfOld (name: SideName, measure: (old: boolean) => Promise<Slope>): Promise<Slope> {
  const fresh = await measure(false)
  if (name !== 'Troupe') return fresh
  const old = await measure(true)
  const each = (side: keyof Slope): Usage => ({ heap: old[side].heap, resident: fresh[side].resident })
  return { listener: each('listener'), dialer: each('dialer'), listenerBeyond: each('listenerBeyond'), dialerBeyond: each('dialerBeyond') }
}

async function connections (sheet: Sheet, name: SideName, old: boolean): Promise<Slope> {
  const bare = name === 'raw'
  await using pair = await Pair.start(sideOf(name), { listeners: nodes(), dialers: bare ? 1 : nodes(), identify: !bare })
  const sides = [pair.dialer, pair.listener]
  if (old) await age(pair)
  const before = await Promise.all(sides.map(async peer => bare ? 0 : (await peer.run('seen', {})).identified))
  const fill = async (count: number): Promise<void> => {
    await pair.dialer.run('fill', { addresses: pair.addresses, connections: count })
    for (const [i, peer] of sides.entries()) await pair.settled(bare ? 'connections' : 'identified', before[i]! + count, peer)
    sheet.verify(`idle connections of ${name}`, (await pair.listener.run('seen', {})).connections, count)
  }
  return await slope(pair, fill, marks())
}

/**
 * A node remembers its last dead actors, 1,024 of them, so that `why` has an answer; one with thousands of connections has long been
 * full of them. So these are filled first, or the actors that a connection needed to come about would count as its own: eight.
 */
async function age (pair: Pair): Promise<void> {
  await pair.dialer.run('churn', { addresses: pair.addresses, times: sized(160, 2) })
  await pair.settled('connections', 0)
}

async function streams (sheet: Sheet, name: SideName, old: boolean): Promise<Slope> {
  await using pair = await Pair.start(sideOf(name), { listeners: 4, dialers: streamConnections() / 4 })
  await pair.dialer.run('fill', { addresses: pair.addresses, connections: streamConnections() })
  if (old) {
    // Code that is compiled because streams are opened is no stream's.
    await pair.dialer.run('connect', { addresses: pair.addresses })
    await pair.dialer.run('streams', { count: sized(4000, 100), atOnce: 16 })
  }
  return await slope(pair, async count => {
    await pair.dialer.run('hold', { streams: count })
    await pair.settled('streams', count)
    sheet.verify(`idle streams of ${name}`, (await pair.dialer.run('seen', {})).streams, count)
  }, streamMarks())
}

async function slope ({ dialer, listener }: Pair, fill: (count: number) => Promise<void>, counts: readonly number[]): Promise<Slope> {
  const seen: Array<{ readonly count: number, readonly dialer: Usage, readonly listener: Usage }> = []
  for (const count of counts) {
    await fill(count)
    seen.push({ count, dialer: await memory(dialer), listener: await memory(listener) })
  }
  const each = (side: 'dialer' | 'listener', from: number): Usage => {
    const [few, many] = [seen.at(from)!, seen.at(-1)!]
    const of = (kind: keyof Usage): number => (many[side][kind] - few[side][kind]) / (many.count - few.count) / kibibyte
    return { heap: of('heap'), resident: of('resident') }
  }
  return { listener: each('listener', 0), dialer: each('dialer', 0), listenerBeyond: each('listener', -2), dialerBeyond: each('dialer', -2) }
}

/** When it has come to rest: what is queued for later, such as a push of identify, is none of what an idle one holds. */
async function memory (peer: Peer): Promise<Usage> {
  await new Promise(resolve => setTimeout(resolve, 1500))
  return await peer.run('memory', {})
}

/**
 * Ours `runs` times, the others once, since nothing is promised of them. One that does not get there has no figures: js-libp2p's dials
 * run into their deadline now and then when thousands are open.
 */
async function slopes (sheet: Sheet, names: readonly SideName[], runs: number, measure: (name: SideName) => Promise<Slope>): Promise<ReadonlyMap<SideName, readonly Slope[]>> {
  const all = new Map<SideName, Slope[]>()
  for (let run = 0; run < runs; run++) {
    for (const name of names) {
      if (run > 0 && name !== 'Troupe') continue
      try {
        all.set(name, [...all.get(name) ?? [], await measure(name)])
      } catch (error) {
        if (name === 'Troupe') throw error
        sheet.note(`${name} did not get there: ${(error as Error).message.split('\n', 1)[0]}`)
      }
    }
  }
  return all
}

function report (sheet: Sheet, what: string, names: readonly SideName[], of: ReadonlyMap<SideName, readonly Slope[]>, most: Usage): void {
  for (const name of names) {
    const slopes = of.get(name)
    if (slopes === undefined) continue
    for (const side of ['listener', 'dialer'] as const) {
      for (const kind of ['heap', 'resident'] as const) {
        const seen = sheet.figure(`${what}: ${name}, ${side}, ${kind}`, 'KiB', slopes.map(slope => slope[side][kind]))
        if (what === 'connection' && marks().length > 2) {
          sheet.figure(`${what}: ${name}, ${side}, ${kind}, beyond ${marks().at(-2)}`, 'KiB', slopes.map(slope => slope[`${side}Beyond`][kind]))
        }
        if (name === 'Troupe') sheet.atMost(`${what}, ${side}, ${kind}`, seen, most[kind], 'KiB')
      }
    }
  }
}
