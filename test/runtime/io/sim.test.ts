/** The simulated twin keeps the same contract as the real ports. */
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import type { PortWorld } from './link-kit.js'
import { portContract } from './port-contract.js'

function simWorld (shape: object): PortWorld {
  const world = new SimWorld({ seed: 1 })
  world.network.shapeAll(shape)
  world.network.host('here', { addresses: ['10.0.0.1'] })
  world.network.host('there', { addresses: ['10.0.0.2'] })
  const [here, there] = [world.system({ name: 'here' }), world.system({ name: 'there' })]
  return {
    here,
    there,
    portHere: world.network.port(here),
    portThere: world.network.port(there),
    address: '10.0.0.2:0',
    turn: async () => { await world.run(1) },
    stop: async () => { await world.stop() }
  }
}

const cases = {
  noAddresses: ['bob', 'bob:x', ':1', 'bob:70000', '::1:80'],
  nobody: '10.0.0.2:1',
  notLocal: '10.0.0.3:1',
  form: /^10\.0\.0\.1:\d+$/
}

describe('simulated port', () => {
  portContract(() => simWorld({ splits: true, latencyMs: 1 }), { lends: false, resets: true, watchesPaused: true }, cases)
})

describe('simulated port that lends', () => {
  portContract(() => simWorld({ lends: true, latencyMs: 1 }), { lends: true, resets: true, watchesPaused: true }, cases)
})
