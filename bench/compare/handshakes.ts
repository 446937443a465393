import { median } from '../support/sampling.js'
import type { Scenario, Sheet } from '../support/sheet.js'
import { beyond, byTurns, ratio, withPairs, type Pair } from './pair.js'
import { settings, sized } from './settings.js'
import type { SideName } from './sides.js'

const amounts: ReadonlyArray<{ readonly atOnce: number, readonly least: number, readonly counts: Record<SideName, number> }> = [
  { atOnce: 1, least: 2, counts: { 'Troupe': 300, 'js-libp2p': 100, 'raw': 1000 } },
  { atOnce: 32, least: 2.5, counts: { 'Troupe': 640, 'js-libp2p': 192, 'raw': 2560 } }
]

/** So many at once, and each with a peer of its own: what goes to one peer is joined. */
const most = 32
const warmCount = 3200

export const handshakes: Scenario = {
  name: 'handshakes',
  what: `connections from connect to muxers usable on both sides, then closed; Ed25519, no identify, no ping; one by one and ${most} at once, each with a peer of its own, all in one process, behind ${warmCount} that are not counted; raw is connect and close of TCP`,
  async run (sheet) {
    await withPairs(sheet, ['Troupe', 'js-libp2p', 'raw'], { listeners: most, all: true }, async pairs => {
      await warm(sheet, pairs)
      for (const amount of amounts) await compare(sheet, pairs, amount)
      await primitives(sheet, pairs[2]!)
      if (pairs.some(({ name }) => name === 'go-libp2p')) sheet.note('go-libp2p takes itself for connected before the listener has answered, and has no host without identify: its handshakes contain one')
      if (pairs.some(({ name }) => name === 'rust-libp2p')) sheet.note('rust-libp2p takes itself for connected before the listener has answered: its handshakes contain the opening of one stream')
    })
  }
}

/** V8 is still compiling after a thousand connections, and that is half of the CPU time then. A node that lives is past it. */
async function warm (sheet: Sheet, pairs: readonly Pair[]): Promise<void> {
  const count = sized(warmCount, 64)
  for (const pair of pairs) {
    const { seen } = await pair.measure('handshakes', { addresses: pair.addresses, count, atOnce: most })
    sheet.verify(`connections that both sides of ${pair.name} saw open`, seen.opened, count)
    await pair.settled('connections', 0)
  }
}

async function compare (sheet: Sheet, pairs: readonly Pair[], { atOnce, counts, least }: (typeof amounts)[number]): Promise<void> {
  const samples = await byTurns(pairs, async pair => {
    const count = counts[pair.like] / sized(1, 2)
    const { ms, dialerCpuMs, listenerCpuMs, seen } = await pair.measure('handshakes', { addresses: pair.addresses, count, atOnce })
    sheet.verify(`connections that both sides of ${pair.name} saw open`, seen.opened, count)
    await pair.settled('connections', 0)
    return { each: ms / count, dialer: dialerCpuMs / count, listener: listenerCpuMs / count }
  }, 3)
  const here = atOnce === 1 ? 'one by one' : `${atOnce} at once`
  pairs.forEach(({ name }, i) => {
    sheet.figure(`${here}: ${name}`, 'connections/s', samples[i]!.map(({ each }) => 1000 / each))
    sheet.figure(`${here}: ${name}, dialer`, 'ms CPU', samples[i]!.map(({ dialer }) => dialer))
    sheet.figure(`${here}: ${name}, listener`, 'ms CPU', samples[i]!.map(({ listener }) => listener))
  })
  beyond(sheet, here, pairs, samples, ({ each }) => each)
  const [troupe, js] = samples as [typeof samples[0], typeof samples[0]]
  sheet.atLeast(`${here}: of js-libp2p`, ratio(js, troupe, ({ each }) => each), least, 'x')
  if (settings().major !== 20) return
  sheet.atMost(`${here}: CPU of the dialer`, median(troupe.map(({ dialer }) => dialer)), 1.4, 'ms')
  sheet.atMost(`${here}: CPU of the listener`, median(troupe.map(({ listener }) => listener)), 1.4, 'ms')
}

async function primitives (sheet: Sheet, { dialer }: Pair): Promise<void> {
  const samples = await byTurns([dialer], async peer => peer.run('primitives', {}))
  for (const [name, what] of [['generate', 'X25519 generate'], ['agree', 'X25519 agree'], ['sign', 'Ed25519 sign'], ['verify', 'Ed25519 verify']] as const) {
    sheet.figure(`node:crypto, ${what}`, 'us', samples[0]!.map(sample => sample[name]))
  }
}
