import { memoryTransport } from '../../../../src/actors/transport/memory/memory.transport.js'
import { MemoryHub } from '../../../../src/runtime/io/memory.js'
import type { System } from '../../../../src/runtime/system.js'
import { realSystems } from '../../../runtime/io/real-world.js'
import { peer, transportContract, type TransportWorld } from '../transport-contract.js'

function world (): TransportWorld {
  const systems = realSystems()
  const hub = new MemoryHub()
  const transport = (system: System): TransportWorld['transportHere'] => memoryTransport({ port: hub.port(system), now: () => system.now() })
  return { ...systems, transportHere: transport(systems.here), transportThere: transport(systems.there) }
}

describe('memory transport', () => {
  transportContract(world, {
    name: 'memory',
    listen: '/memory/0',
    listened: /^\/memory\/there-\d+$/,
    remote: /^\/memory\/here-\d+$/,
    nobody: '/memory/nobody',
    dials: ['/memory/42', '/memory/any-name', `/memory/42/p2p/${peer}`],
    doesNotDial: ['/memory/0', '/unix/tmp/x', '/ip4/1.2.3.4/tcp/1', '/memory/42/p2p-circuit'],
    listens: ['/memory/42', '/memory/0'],
    doesNotListen: ['/unix/tmp/x', '/memory/42/ws']
  })
})
