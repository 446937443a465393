/**
 * Tells who wants to know which protocols the node speaks: `/node/services/protocol-registry`. The table itself is shared; this
 * actor has nothing that a restart could lose but its subscribers, who watch it and ask anew.
 */
import type { ProtocolRegistryMessage, ProtocolsEvent } from '../../messages/protocol-registry.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import type { Out } from '../../runtime/behavior/out.js'
import { reducer } from '../../runtime/behavior/reducer.js'
import type { ActorRef } from '../../runtime/ref.js'
import type { ProtocolTable } from '../contract/protocol.js'

export interface ProtocolRegistryOptions {
  readonly protocols: ProtocolTable
  /** Hears what is told to subscribers: the node's events. */
  readonly emitted?: (event: ProtocolsEvent) => void
}

interface Subscription {
  readonly subscriber: ActorRef<ProtocolsEvent>
  /** A watch tells the path of the one who has ended. */
  readonly path: string
}

interface RegistryEffects {
  watch: ActorRef<ProtocolsEvent>
}

export function protocolRegistry ({ emitted, protocols }: ProtocolRegistryOptions): Behavior<ProtocolRegistryMessage> {
  const news = (): ProtocolsEvent => ({ type: 'protocols.changed', protocols: protocols.ids })
  return reducer({
    name: 'protocol-registry',
    // Only the latest list matters.
    overflow: { coalesce: (message: ProtocolRegistryMessage) => message.type === 'registry.changed' ? 'changed' : message },
    initial: (): readonly Subscription[] => [],
    step (subscriptions, message: ProtocolRegistryMessage, out: Out<RegistryEffects>) {
      switch (message.type) {
        case 'registry.changed':
          for (const { subscriber } of subscriptions) out.tell(subscriber, news())
          out.emit(news())
          return subscriptions
        case 'registry.subscribe': {
          const { subscriber } = message
          const { path } = subscriber
          out.do('watch', subscriber)
          out.tell(subscriber, news())
          return [...subscriptions.filter(other => other.path !== path), { subscriber, path }]
        }
        case 'registry.subscriber-down':
          return subscriptions.filter(({ path }) => path !== message.down.path)
      }
    },
    accepts: ['registry.changed', 'registry.subscribe', 'registry.subscriber-down'],
    describe: subscriptions => ({ protocols: protocols.ids, subscribers: subscriptions.map(({ path }) => path) }),
    effects: {
      watch: (actor, subscriber) => { actor.watch(subscriber, down => ({ type: 'registry.subscriber-down', down })) }
    },
    ...emitted !== undefined && { emitted: (_actor, event) => { emitted(event as ProtocolsEvent) } }
  })
}
