import type { LinkPort } from '../../../src/runtime/io/raw-link.js'
import { createSystem, type System } from '../../../src/runtime/system.js'
import type { PortWorld } from './link-kit.js'

/** Two systems in real time. */
export function realSystems (): Pick<PortWorld, 'here' | 'there' | 'turn' | 'stop'> {
  const here = createSystem({ name: 'here', log: { level: 'off' } })
  const there = createSystem({ name: 'there', log: { level: 'off' } })
  return {
    here,
    there,
    turn: async () => { await new Promise(resolve => setImmediate(resolve)) },
    stop: async () => {
      await here.stop()
      await there.stop()
    }
  }
}

export function realWorld (port: (system: System) => LinkPort, address: string): PortWorld {
  const systems = realSystems()
  return { ...systems, portHere: port(systems.here), portThere: port(systems.there), address }
}
