/** The attacker, in a process of its own: does one of `assaults.ts` when told, and burns as much CPU without connecting when told that. */
import { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import { pause } from '../../sim/support/turns.js'
import { assaults } from './assaults.js'
import type { AttackerCommand, AttackerNews } from './attacking.js'

async function run (command: AttackerCommand): Promise<Extract<AttackerNews, { cpuShare: number }>> {
  const { ms } = command
  const begun = performance.now()
  const before = process.cpuUsage()
  if (command.do === 'attack') {
    await assaults[command.attack]!({ address: Multiaddr.parse(command.address), until: begun + ms })
  } else {
    // So much of each 10 ms, without a socket.
    while (performance.now() < begun + ms) {
      for (const until = performance.now() + 10 * command.share; performance.now() < until;);
      await pause(10 * (1 - command.share))
    }
  }
  const { user, system } = process.cpuUsage(before)
  const tookMs = performance.now() - begun
  return { id: command.id, tookMs, cpuShare: Math.min(1, (user + system) / 1000 / tookMs) }
}

process.on('message', (command: AttackerCommand) => {
  run(command).then(
    answer => { process.send?.(answer) },
    (error: unknown) => { process.send?.({ id: command.id, error: String(error) }) }
  )
})
process.on('disconnect', () => { process.exit() })
