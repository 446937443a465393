/**
 * Any actor can be killed: 50 peers over real sockets, 500 live streams, 10,000 kills in random order, twice.
 *
 * TROUPE_KILLS, TROUPE_KILL_SEED and TROUPE_SLOW_SECONDS let it kill fewer, others, or for a shorter time.
 */
import { expect } from 'chai'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Campaign, expectedKinds, type CampaignFigures } from './support/campaign.js'
import { patience } from './support/turns.js'

const kills = Number(process.env['TROUPE_KILLS'] ?? 10_000)
const seed = Number(process.env['TROUPE_KILL_SEED'] ?? Math.floor(performance.timeOrigin % 1_000_000))
const seconds = Number(process.env['TROUPE_SLOW_SECONDS'] ?? Infinity)

describe('kill campaign', () => {
  it(`${kills} kills of every kind of actor, twice: seed ${seed}`, async function () {
    this.timeout(0)
    const uncaught: unknown[] = []
    const hear = (error: unknown): void => { uncaught.push(error) }
    process.on('uncaughtExceptionMonitor', hear)
    process.on('unhandledRejection', hear)
    const begun = performance.now()
    const campaign = await Campaign.prepare({ seed, peers: 50, streams: 500 })
    try {
      const all: CampaignFigures[] = []
      const left: string[] = []
      const resident: number[] = []
      // A slice is one shorter campaign, which comes to rest in the other half of its time.
      for (const until of seconds === Infinity ? [Infinity, Infinity] : [begun + 500 * seconds]) {
        const figures = await campaign.run(kills, until)
        all.push(figures)
        left.push(await campaign.leftovers())
        resident.push(await residentMiB())
        print(figures, resident.at(-1)!)
      }
      left.push(await campaign.stop())
      // Judged when all has been seen.
      const faults = all.flatMap(one => one.faults)
      expect(faults.slice(0, 20), `faults, of ${faults.length}; seed ${seed}`).to.deep.equal([])
      expect(left.filter(text => text !== ''), `left behind; seed ${seed}`).to.deep.equal([])
      expect(uncaught, `uncaught; seed ${seed}`).to.deep.equal([])
      if (seconds !== Infinity) return
      for (const { kills: counts } of all) {
        expect(Object.keys(counts)).to.include.members([...expectedKinds])
        for (const [kind, count] of Object.entries(counts)) expect(count, kind).to.be.least(Math.floor(kills / 100))
      }
      expect(resident[1]! / resident[0]!, 'resident memory after the second campaign, by that after the first').to.be.most(1.10)
    } finally {
      await campaign.abandon()
      process.off('uncaughtExceptionMonitor', hear)
      process.off('unhandledRejection', hear)
    }
  })
})

async function residentMiB (): Promise<number> {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  for (let i = 0; i < 5; i++) {
    gc()
    await patience(20)
  }
  return process.memoryUsage().rss / 2 ** 20
}

function print ({ backMs, codes, faults, kills, liveStreams, processor, restarts, seconds, traffic }: CampaignFigures, resident: number): void {
  const sum = Object.values(kills).reduce((total, count) => total + count, 0)
  console.log(`\n  ${sum} kills in ${seconds.toFixed(0)} s, ${restarts} restarts; at least ${liveStreams} live streams whenever counted`)
  for (const [kind, count] of Object.entries(kills).sort()) {
    console.log(`    ${kind.padEnd(20)} ${String(count).padStart(5)}${kind in backMs ? `   back within ${backMs[kind]!.took.toFixed(0)} ms, ${backMs[kind]!.queued.toFixed(0)} of them without a processor` : ''}`)
  }
  const { bytes, bytesHashed, ended, lost, unopened } = traffic
  console.log(`  ${(bytes / 1e6).toFixed(0)} MB verified, ${(bytesHashed / 1e6).toFixed(0)} MB of it in ${ended} streams that went to their end with equal hashes; ${lost} streams died with what was killed, ${unopened} could not be opened at once`)
  for (const [code, count] of Object.entries(codes).sort()) console.log(`    ${code.padEnd(44)} ${String(count).padStart(6)}`)
  console.log(`  processor: ${Object.entries(processor).map(([who, { used, queued }]) => `${who} used ${used.toFixed(0)} s of one, and waited ${queued.toFixed(0)} s for one`).join('; ')}`)
  console.log(`  ${resident.toFixed(0)} MiB resident`)
  for (const fault of faults) console.log(`  fault: ${fault}`)
}
