import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unixTransport } from '../../../../src/actors/transport/unix/unix.transport.js'
import { unixPort } from '../../../../src/runtime/io/unix.js'
import type { System } from '../../../../src/runtime/system.js'
import { realSystems } from '../../../runtime/io/real-world.js'
import { peer, transportContract, type TransportWorld } from '../transport-contract.js'

const folder = mkdtempSync(join(tmpdir(), 'troupe-'))

function world (): TransportWorld {
  const systems = realSystems()
  const transport = (system: System): TransportWorld['transportHere'] => unixTransport({ port: unixPort(system), now: () => system.now() })
  return { ...systems, transportHere: transport(systems.here), transportThere: transport(systems.there) }
}

describe('unix transport', () => {
  after(() => { rmSync(folder, { recursive: true }) })

  const address = `/unix${folder}/x.sock`
  const pattern = new RegExp(`^${address.replaceAll('.', '\\.')}$`)

  transportContract(world, {
    name: 'unix',
    // So that a peer id can follow.
    listen: `/unix/${encodeURIComponent(`${folder}/x.sock`)}`,
    listened: pattern,
    remote: pattern,
    nobody: `/unix${folder}/nobody.sock`,
    dials: ['/unix/tmp/x', `/unix/%2Ftmp%2Fx/p2p/${peer}`],
    doesNotDial: ['/memory/1', '/ip4/1.2.3.4/tcp/1', `/unix/${'x'.repeat(103)}`, '/unix/%2Ftmp%2Fx/p2p-circuit'],
    listens: ['/unix/tmp/x'],
    doesNotListen: ['/memory/1', `/unix/${'x'.repeat(103)}`]
  })
})
