/** The attacker, in a process of its own: does one of `assaults.ts` when told, and burns as much CPU without connecting when told that. */
import { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import { pause } from '../../sim/support/turns.js'
import { assaults } from './assaults.js'
import type { Attacked, AttackerCommand, AttackerNews } from './attacking.js'
import { Siege, type Deeds } from './siege.js'

async function run (command: AttackerCommand): Promise<Attacked> {
  const { ms } = command
  const begun = performance.now()
  const before = process.cpuUsage()
  let deeds: Deeds | undefined
  if (command.do === 'attack') {
    const siege = new Siege(Multiaddr.parse(command.address), begun + ms)
    await assaults[command.attack]!(siege)
    deeds = await siege.end()
  } else {
    // So much of each 10 ms, without a socket.
    while (performance.now() < begun + ms) {
      for (const until = performance.now() + 10 * command.share; performance.now() < until;);
      await pause(10 * (1 - command.share))
    }
  }
  const { user, system } = process.cpuUsage(before)
  const tookMs = performance.now() - begun
  return { cpuShare: Math.min(1, (user + system) / 1000 / tookMs), deeds }
}

process.on('message', (command: AttackerCommand) => {
  run(command).then(
    answer => { process.send?.({ id: command.id, answer } satisfies AttackerNews) },
    (error: unknown) => { process.send?.({ id: command.id, error: error instanceof Error ? error.stack ?? error.message : String(error) } satisfies AttackerNews) }
  )
})
process.on('disconnect', () => { process.exit() })
