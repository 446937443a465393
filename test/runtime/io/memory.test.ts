import { expect } from 'chai'
import { MemoryHub } from '../../../src/runtime/io/memory.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import { call, connect, idle, LinkStage, listening, text, type PortWorld } from './link-kit.js'
import { portContract } from './port-contract.js'
import { realSystems } from './real-world.js'

const traits = { lends: false, resets: true, watchesPaused: true }
const cases = {
  noAddresses: ['memory:', 'memory:a/b', '42', 'memory', '127.0.0.1:80'],
  nobody: 'memory:nobody',
  form: /^memory:here-\d+$/
}

function realMemory (): PortWorld {
  const hub = new MemoryHub()
  const systems = realSystems()
  return { ...systems, portHere: hub.port(systems.here), portThere: hub.port(systems.there), address: 'memory:0' }
}

function simMemory (seed = 1): PortWorld {
  const hub = new MemoryHub()
  const world = new SimWorld({ seed, guard: true })
  const [here, there] = [world.system({ name: 'here' }), world.system({ name: 'there' })]
  return {
    here,
    there,
    portHere: hub.port(here),
    portThere: hub.port(there),
    address: 'memory:42',
    turn: async () => { await world.run(1) },
    stop: async () => { await world.stop() }
  }
}

describe('memory port', () => {
  portContract(realMemory, traits, cases)
})

describe('memory port in a simulated world', () => {
  portContract(simMemory, traits, cases)

  it('has the same history for the same seed, and others for others', async () => {
    const play = async (seed: number): Promise<string> => {
      const stage = new LinkStage(simMemory(seed))
      const { address, links: accepted } = await listening(stage)
      const dialed = Array.from({ length: 4 }, () => connect(stage, address))
      await stage.until(() => accepted.length === 4 && dialed.every(({ links }) => links.length === 1))
      const history: string[] = []
      const ears = [...accepted, ...dialed.flatMap(({ links }) => links)].map(link => stage.ear(link))
      for (const ear of ears) {
        ear.onData = () => {
          history.push(`${stage.world.here.now()} ${ear.link.localAddress} ${ear.length}`)
          if (ear.length < 50) call(() => ear.link.write(text('xyz')))
        }
        call(() => ear.link.write(text('x')))
      }
      await idle(stage.world)
      await stage.end()
      return history.join('\n')
    }
    const first = await play(1)
    expect(first.length).to.be.greaterThan(500)
    expect(await play(1)).to.equal(first)
    expect(await play(2)).to.not.equal(first)
  })
})
