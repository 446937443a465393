import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { median } from '../support/sampling.js'
import type { Scenario } from '../support/sheet.js'
import { byTurns, ratio } from './pair.js'
import { compiled, settings } from './settings.js'
import { root, shipped } from './shipped.js'

interface Program {
  readonly name: string
  readonly args: readonly string[]
  /** When it does not end by itself. */
  readonly signal?: NodeJS.Signals
}

const programs: readonly Program[] = [
  { name: 'Troupe', args: [compiled('programs/start-troupe.js')] },
  { name: 'js-libp2p', args: ['--import', compiled('../../test/interop/js/preload.js'), compiled('programs/start-js.js')] },
  { name: 'raw', args: [compiled('programs/start-raw.js')] },
  { name: 'troupe start', args: [join(root, 'dist/cli/main.js'), 'start', '--json', '--listen', '/ip4/127.0.0.1/tcp/0'], signal: 'SIGTERM' }
]

export const start: Scenario = {
  name: 'start',
  what: 'from the start of the process to the line that says where the node listens: TCP, Noise, Yamux, identify, ping, a fresh Ed25519 identity; Troupe as it is published; raw is a bare TCP server',
  async run (sheet) {
    shipped('index.js')
    const samples = await byTurns(programs, async ({ args, signal }) => {
      const began = performance.now()
      const child = spawn(settings().node, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      const closed = once(child, 'close')
      const [line] = await once(createInterface({ input: child.stdout }), 'line') as [string]
      const ms = performance.now() - began
      const { addresses } = JSON.parse(line) as { addresses: string[] }
      sheet.verify('processes that listened on one address', addresses.length, 1)
      if (signal !== undefined) child.kill(signal)
      const [code] = await closed as [number | null]
      sheet.verify('exit codes', code ?? -1, 0)
      return ms
    })
    programs.forEach(({ name }, i) => sheet.figure(name, 'ms', samples[i]!))
    sheet.atMost('to listening', median(samples[0]!), 180, 'ms')
    sheet.atMost('of js-libp2p', ratio(samples[0]!, samples[1]!, ms => ms), 0.5, 'x')
  }
}
