/**
 * The address manager: under which addresses this node can be reached, as one list (design 1.3):
 *
 *     where it listens + where enough others see it (observed.core.ts), then what the application says of it (announce.core.ts)
 *
 * After a crash it asks every listener again. Who has subscribed is kept outside; what others have seen they will tell on later
 * connections.
 */
import type { AddressEvent, AddressManagerMessage } from '../../messages/address-manager.js'
import type { ListenerMessage, ListenersMessage } from '../../messages/listener.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import type { Out } from '../../runtime/behavior/out.js'
import { reducer } from '../../runtime/behavior/reducer.js'
import type { ActorContext } from '../../runtime/context.js'
import type { ActorRef } from '../../runtime/ref.js'
import type { AddressDirectory } from '../contract/directory.js'
import { announced, type AnnounceOptions } from './announce.core.js'
import { ObservedAddresses, type ObservedOptions } from './observed.core.js'

export interface AddressManagerOptions extends AnnounceOptions {
  /** When to believe where others see us; false: never. */
  readonly observed?: Partial<ObservedOptions> | false
}

/** What outlives a crash of the address manager: subscribers by path. Made once, by whoever puts the node together. */
export type AddressSubscribers = Map<string, ActorRef<AddressEvent>>

export interface AddressManagerInput {
  readonly directory: AddressDirectory
  /** A named ref. */
  readonly listeners: ActorRef<ListenersMessage>
  readonly subscribers: AddressSubscribers
  readonly options?: AddressManagerOptions
}

interface AddressManager {
  readonly input: AddressManagerInput
  readonly options: AddressManagerOptions
  /** By path of the listener, in the order in which they began. */
  readonly listening: ReadonlyMap<string, Listening>
  /** Where enough others see us. */
  readonly believed: readonly Multiaddr[]
  /** What is told: all of it once, without the peer. */
  readonly addresses: readonly Multiaddr[]
  /** Mutable: a core. */
  readonly observed: ObservedAddresses | undefined
}

interface Listening {
  readonly listener: ActorRef<never>
  readonly addresses: readonly Multiaddr[]
}

interface AddressManagerEffects {
  begin: AddressManagerInput
  watch: ActorRef<never>
  observe: { readonly observed: ObservedAddresses, readonly message: Extract<AddressManagerMessage, { type: 'address.observed' }> }
  observerDown: { readonly observed: ObservedAddresses, readonly path: string }
  judge: { readonly observed: ObservedAddresses, readonly listening: readonly Multiaddr[] }
  publish: { readonly input: AddressManagerInput, readonly addresses: readonly Multiaddr[] }
  subscribe: { readonly state: AddressManager, readonly subscriber: ActorRef<AddressEvent> }
  unsubscribe: { readonly input: AddressManagerInput, readonly path: string }
}

type AddressManagerOut = Out<AddressManagerEffects>

export const addressManager: Behavior<AddressManagerMessage, AddressManagerInput, AddressManager> = reducer({
  name: 'address-manager',
  initial (input: AddressManagerInput, out: AddressManagerOut): AddressManager {
    out.do('begin', input)
    const { options = {} } = input
    const observed = options.observed === false ? undefined : new ObservedAddresses(options.observed)
    return { input, options, listening: new Map(), believed: [], addresses: [], observed }
  },
  step (state, message: AddressManagerMessage, out: AddressManagerOut): AddressManager {
    const { input, listening, observed } = state
    switch (message.type) {
      case 'address.listening': {
        const { listener, addresses } = message
        out.do('watch', listener)
        return changed({ ...state, listening: new Map(listening).set(listener.path, { listener, addresses }) }, out)
      }
      case 'address.listener-down': {
        // Its successor may have said already where it listens.
        if (listening.get(message.down.path)?.listener.alive !== false) return state
        const left = new Map(listening)
        left.delete(message.down.path)
        return changed({ ...state, listening: left }, out)
      }
      case 'address.observed':
        if (observed !== undefined) out.do('observe', { observed, message })
        return state
      case 'address.observer-down':
        if (observed !== undefined) out.do('observerDown', { observed, path: message.down.path })
        return state
      case 'address.judge':
        if (observed !== undefined) out.do('judge', { observed, listening: listened(listening) })
        return state
      case 'address.believed':
        return changed({ ...state, believed: message.addresses }, out)
      case 'address.get':
        out.tell(message.replyTo, { type: 'address.list', id: message.id, addresses: state.addresses })
        return state
      case 'address.subscribe':
        out.do('subscribe', { state, subscriber: message.subscriber })
        return state
      case 'address.subscriber-down':
        out.do('unsubscribe', { input, path: message.down.path })
        return state
    }
  },
  effects: {
    begin (actor, { directory, listeners, subscribers }) {
      for (const subscriber of subscribers.values()) watchSubscriber(actor, subscriber)
      const listed = actor.list(listeners.path)
      // An earlier one's addresses would stand there for ever.
      if (listed.length === 0) directory.publish([])
      for (const { ref } of listed) (ref as ActorRef<ListenerMessage>).tell({ type: 'listener.report', replyTo: actor.self })
    },
    watch (actor, listener) {
      actor.watch(listener, down => ({ type: 'address.listener-down', down }))
    },
    observe (actor, { observed, message: { address, connection, info } }) {
      if (observed.observe(info.path, info, address)) actor.watch(connection, down => ({ type: 'address.observer-down', down }))
      judgeLater(actor, judgeMs)
    },
    observerDown (actor, { observed, path }) {
      observed.ended(path, actor.now())
      expireLater(actor, observed)
    },
    judge (actor, { observed, listening }) {
      observed.expire(actor.now())
      actor.self.tell({ type: 'address.believed', addresses: observed.believed(listening) })
      expireLater(actor, observed)
    },
    publish (actor, { input: { directory, subscribers }, addresses }) {
      const event: AddressEvent = { type: 'addresses.changed', addresses }
      directory.publish(addresses)
      actor.emit(event)
      for (const subscriber of subscribers.values()) inform(actor, subscriber, event)
    },
    subscribe (actor, { state: { input, addresses }, subscriber }) {
      input.subscribers.set(subscriber.path, subscriber)
      watchSubscriber(actor, subscriber)
      inform(actor, subscriber, { type: 'addresses.changed', addresses })
    },
    unsubscribe (_, { input: { subscribers }, path }) {
      // One that was started anew has subscribed under the same path since.
      if (subscribers.get(path)?.alive === false) subscribers.delete(path)
    }
  },
  describe: ({ addresses, believed, observed }) => ({ addresses: addresses.map(String), believed: believed.map(String), observations: observed?.size ?? 0 })
})

/** Observations come with every connection: they are judged together, after so long. */
const judgeMs = 1000

function judgeLater (actor: ActorContext<AddressManagerMessage>, ms: number): void {
  actor.timer('judge', ms, { type: 'address.judge' })
}

function expireLater (actor: ActorContext<AddressManagerMessage>, observed: ObservedAddresses): void {
  const { nextTimeout } = observed
  if (nextTimeout < Infinity) actor.timer('expire', Math.max(nextTimeout - actor.now(), judgeMs), { type: 'address.judge' })
}

function listened (listening: AddressManager['listening']): readonly Multiaddr[] {
  return [...listening.values()].flatMap(({ addresses }) => addresses)
}

function changed (state: AddressManager, out: AddressManagerOut): AddressManager {
  const addresses = announced(listened(state.listening), state.believed, state.options)
  const same = addresses.length === state.addresses.length && addresses.every((address, i) => state.addresses[i]?.equals(address))
  if (same) return state
  out.do('publish', { input: state.input, addresses })
  return { ...state, addresses }
}

function watchSubscriber (actor: ActorContext<AddressManagerMessage>, subscriber: ActorRef<AddressEvent>): void {
  actor.watch(subscriber, down => ({ type: 'address.subscriber-down', down }))
}

/** A subscriber that does not take the news is its own mistake, and must not be ours. */
function inform (actor: ActorContext<AddressManagerMessage>, subscriber: ActorRef<AddressEvent>, event: AddressEvent): void {
  try {
    subscriber.tell(event)
  } catch (error) {
    actor.log('error', `${subscriber.path} has subscribed and does not take '${event.type}'`, { error })
  }
}
