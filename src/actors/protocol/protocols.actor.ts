/**
 * The supervisor of services: `/node/protocols/<name>`. Keeps the service of each registered protocol alive; when it is
 * itself restarted, it starts them all again from the table.
 */
import type { ProtocolsMessage } from '../../messages/protocols.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import type { Out } from '../../runtime/behavior/out.js'
import { reducer } from '../../runtime/behavior/reducer.js'
import type { ActorContext } from '../../runtime/context.js'
import type { ProtocolService, ProtocolTable } from '../contract/protocol.js'
import type { ServiceContext } from '../contract/service.js'

export interface ProtocolsOptions {
  readonly protocols: ProtocolTable
  /** What each service starts from. */
  readonly service: ServiceContext
}

interface State {
  readonly running: readonly string[]
  /** On their way down: such a name is free only behind that. */
  readonly stopping: readonly string[]
}

interface ProtocolsEffects {
  start: string
  stop: string
  startIfWanted: string
}

export function protocols ({ protocols, service: input }: ProtocolsOptions): Behavior<ProtocolsMessage> {
  const find = (name: string): ProtocolService | undefined => protocols.services.find(service => service.name === name)
  return reducer({
    name: 'protocols',
    supervision: { strategy: 'one-for-one' },
    initial (_input: undefined, out: Out<ProtocolsEffects>): State {
      const running = protocols.services.map(({ name }) => name)
      for (const name of running) out.do('start', name)
      return { running, stopping: [] }
    },
    step ({ running, stopping }, message: ProtocolsMessage, out: Out<ProtocolsEffects>): State {
      const { name } = message
      switch (message.type) {
        case 'service.start':
          // One that is on its way down is started behind that, if it is still wanted then.
          if (running.includes(name) || stopping.includes(name)) return { running, stopping }
          out.do('start', name)
          return { running: [...running, name], stopping }
        case 'service.stop':
          if (!running.includes(name)) return { running, stopping }
          out.do('stop', name)
          return { running: running.filter(other => other !== name), stopping: [...stopping, name] }
        case 'service.down':
          out.do('startIfWanted', name)
          return { running, stopping: stopping.filter(other => other !== name) }
      }
    },
    accepts: ['service.start', 'service.stop', 'service.down'],
    effects: {
      start (actor, name) {
        const service = find(name)
        if (service !== undefined) actor.spawn(service.behavior, { name, restart: 'permanent', input })
      },
      stop (actor: ActorContext<ProtocolsMessage>, name) {
        // By name: one that waits for its restart is meant too.
        const child = actor.named<never>(`${actor.path}/${name}`)
        actor.watch(child, down => ({ type: 'service.down', name, down }))
        actor.stop(child)
      },
      startIfWanted (actor: ActorContext<ProtocolsMessage>, name) {
        // As a message: our own supervision hears of the end only behind this step.
        if (find(name) !== undefined) actor.self.tell({ type: 'service.start', name })
      }
    }
  })
}
