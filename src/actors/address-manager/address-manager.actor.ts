/**
 * The address manager: where this node listens, as one list, and what others say of where they see it (design 1.3). What is
 * observed is kept for later judgement, bounded, and neither published nor believed.
 *
 * After a crash it asks every listener again. Who has subscribed is kept outside.
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

export interface AddressManagerOptions {
  /** Peers of whom we remember where they see us, each the last address only. Default 64: more change no judgement. Limits: peers that invent addresses. */
  readonly observers: number
}

export const addressManagerDefaults: AddressManagerOptions = { observers: 64 }

/** What outlives a crash of the address manager: subscribers by path. Made once, by whoever puts the node together. */
export type AddressSubscribers = Map<string, ActorRef<AddressEvent>>

export interface AddressManagerInput {
  readonly directory: AddressDirectory
  /** A named ref. */
  readonly listeners: ActorRef<ListenersMessage>
  readonly subscribers: AddressSubscribers
  readonly options?: Partial<AddressManagerOptions>
}

interface AddressManager {
  readonly input: AddressManagerInput
  readonly options: AddressManagerOptions
  /** By path of the listener, in the order in which they began. */
  readonly listening: ReadonlyMap<string, Listening>
  /** All of it once, without the peer. */
  readonly addresses: readonly Multiaddr[]
  /** By peer, the newest last. */
  readonly observed: ReadonlyMap<string, Multiaddr>
}

interface Listening {
  readonly listener: ActorRef<never>
  readonly addresses: readonly Multiaddr[]
}

interface AddressManagerEffects {
  begin: AddressManagerInput
  watch: ActorRef<never>
  publish: { readonly input: AddressManagerInput, readonly addresses: readonly Multiaddr[] }
  subscribe: { readonly state: AddressManager, readonly subscriber: ActorRef<AddressEvent> }
  unsubscribe: { readonly input: AddressManagerInput, readonly path: string }
}

type AddressManagerOut = Out<AddressManagerEffects>

export const addressManager: Behavior<AddressManagerMessage, AddressManagerInput, AddressManager> = reducer({
  name: 'address-manager',
  initial (input: AddressManagerInput, out: AddressManagerOut): AddressManager {
    out.do('begin', input)
    return { input, options: { ...addressManagerDefaults, ...input.options }, listening: new Map(), addresses: [], observed: new Map() }
  },
  step (state, message: AddressManagerMessage, out: AddressManagerOut): AddressManager {
    const { input, listening } = state
    switch (message.type) {
      case 'address.listening': {
        const { listener, addresses } = message
        out.do('watch', listener)
        return changed(state, new Map(listening).set(listener.path, { listener, addresses }), out)
      }
      case 'address.listener-down': {
        // Its successor may have said already where it listens.
        if (listening.get(message.down.path)?.listener.alive !== false) return state
        const left = new Map(listening)
        left.delete(message.down.path)
        return changed(state, left, out)
      }
      case 'address.observed':
        return { ...state, observed: observed(state, message.peer.toString(), message.address) }
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
  describe: ({ addresses, observed }) => ({ addresses: addresses.map(String), observed: Object.fromEntries([...observed].map(([peer, address]) => [peer, address.toString()])) })
})

function changed (state: AddressManager, listening: ReadonlyMap<string, Listening>, out: AddressManagerOut): AddressManager {
  const unique = new Map<string, Multiaddr>()
  for (const { addresses } of listening.values()) {
    for (const address of addresses) {
      const bare = address.withoutPeer()
      if (bare !== undefined) unique.set(bare.toString(), bare)
    }
  }
  const addresses = [...unique.values()]
  const same = addresses.length === state.addresses.length && addresses.every((address, i) => state.addresses[i]?.equals(address))
  if (!same) out.do('publish', { input: state.input, addresses })
  return { ...state, listening, addresses: same ? state.addresses : addresses }
}

function observed ({ observed: before, options }: AddressManager, peer: string, address: Multiaddr): ReadonlyMap<string, Multiaddr> {
  const after = new Map(before)
  after.delete(peer)
  after.set(peer, address)
  for (const oldest of after.keys()) {
    if (after.size <= options.observers) break
    after.delete(oldest)
  }
  return after
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
