/**
 * All listeners of the node: `/node/network/listeners`, their supervisor (design 1.8). One that fails at its first start is an
 * answer to whoever asked for it, and does not come back; one that fails later is started anew, at growing intervals.
 *
 * What is to be listened on is kept outside (`ListenersMemory`): after a crash of this actor the same addresses are
 * listened on again, at the same ports: a peer that knows us by one finds us there.
 */
import type { AddressManagerMessage } from '../../messages/address-manager.js'
import type { ConnectionsMessage } from '../../messages/connections.js'
import type { ListenerMessage, ListenersMessage, ListenOutcome } from '../../messages/listener.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import type { Out } from '../../runtime/behavior/out.js'
import { reducer } from '../../runtime/behavior/reducer.js'
import type { ActorContext } from '../../runtime/context.js'
import type { ActorRef, ReplyTo } from '../../runtime/ref.js'
import type { Admission } from '../contract/admission.js'
import type { Gate } from '../contract/gate.js'
import type { Transport } from '../contract/transport.js'
import { listener, type ListenerInput } from './listener.actor.js'

export interface ListenersOptions {
  /** How long a transport may take to listen, in milliseconds. Default 10,000: those that must ask another machine first. */
  readonly startTimeoutMs: number
  /** Between two lines of the log on refused connections, in milliseconds. Default 10,000. Limits: a flood that fills disks. */
  readonly refusalLogMs: number
}

export const listenersDefaults: ListenersOptions = { startTimeoutMs: 10_000, refusalLogMs: 10_000 }

/** What outlives a crash of the listeners' supervisor. Made once, by whoever puts the node together. */
export interface ListenersMemory {
  /** By name of the listener. */
  readonly wanted: Map<string, Multiaddr>
  /** The ports that those who asked for any were given, by the same name. */
  readonly ports: Map<string, number>
  /** Names are never used again. */
  count: number
}

export function listenersMemory (): ListenersMemory {
  return { wanted: new Map(), ports: new Map(), count: 0 }
}

export interface ListenersInput {
  readonly transports: readonly Transport[]
  readonly admission: Admission
  readonly gate: Gate
  /** Named refs, both. */
  readonly connections: ActorRef<ConnectionsMessage>
  readonly addressManager: ActorRef<AddressManagerMessage>
  readonly memory: ListenersMemory
  readonly options?: Partial<ListenersOptions>
}

/** Who is to be told. */
interface Asker {
  readonly id: string
  readonly replyTo: ReplyTo<ListenOutcome>
}

/** A request to close: answered when all of these have ended. */
interface Closing extends Asker {
  readonly left: Set<string>
}

interface Listeners {
  readonly input: ListenersInput
  /** Those whose first start somebody waits for. */
  readonly starting: Map<string, Asker>
  readonly closing: Set<Closing>
}

interface ListenersEffects {
  begin: ListenersInput
  start: { readonly input: ListenersInput, readonly name: string, readonly address: Multiaddr }
  stop: { readonly name: string }
  close: { readonly name: string }
  escalate: { readonly name: string }
}

type ListenersOut = Out<ListenersEffects>

export const listeners: Behavior<ListenersMessage, ListenersInput, Listeners> = reducer({
  name: 'listeners',
  supervision: { strategy: 'dynamic' },
  initial (input: ListenersInput, out: ListenersOut): Listeners {
    out.do('begin', input)
    return { input, starting: new Map(), closing: new Set() }
  },
  step (state, message: ListenersMessage, out: ListenersOut): Listeners {
    const { input, starting, closing } = state
    const { memory } = input
    switch (message.type) {
      case 'listeners.listen': {
        const { id, address, replyTo } = message
        const transport = transportFor(input, address)
        if (transport === undefined) {
          out.tell(replyTo, { type: 'listen.failed', id, failure: { code: 'listen/no-transport', detail: address.toString() } })
          return state
        }
        const name = `${transport.name}-${++memory.count}`
        memory.wanted.set(name, address)
        starting.set(name, { id, replyTo })
        out.do('start', { input, name, address })
        return state
      }
      case 'listeners.close': {
        const { id, address, replyTo } = message
        const names = [...memory.wanted].filter(([, wanted]) => wanted.equals(address)).map(([name]) => name)
        if (names.length === 0) {
          out.tell(replyTo, { type: 'listen.closed', id })
          return state
        }
        closing.add({ id, replyTo, left: new Set(names) })
        for (const name of names) {
          forget(memory, name)
          giveUp(starting, name, out)
          out.do('close', { name })
        }
        return state
      }
      case 'listener.listening': {
        const asker = starting.get(message.listener)
        starting.delete(message.listener)
        if (asker !== undefined) out.tell(asker.replyTo, { type: 'listen.done', id: asker.id, addresses: message.addresses })
        return state
      }
      case 'listener.failed': {
        const { listener: name, failure } = message
        const asker = starting.get(name)
        if (asker === undefined) {
          // One that is being closed needs no more crashes.
          if (memory.wanted.has(name)) out.do('escalate', { name })
          return state
        }
        starting.delete(name)
        forget(memory, name)
        out.tell(asker.replyTo, { type: 'listen.failed', id: asker.id, failure })
        out.do('stop', { name })
        return state
      }
      case 'listener.down':
        for (const one of closing) {
          if (!one.left.delete(message.listener) || one.left.size > 0) continue
          closing.delete(one)
          out.tell(one.replyTo, { type: 'listen.closed', id: one.id })
        }
        return state
    }
  },
  effects: {
    begin (actor, input) {
      for (const [name, address] of input.memory.wanted) startListener(actor, input, name, address)
    },
    start (actor, { input, name, address }) {
      startListener(actor, input, name, address)
    },
    stop (actor, { name }) {
      actor.stop(placeOf(actor, name))
    },
    close (actor, { name }) {
      const place = placeOf(actor, name)
      actor.watch(place, down => ({ type: 'listener.down', listener: name, down }))
      actor.stop(place)
    },
    escalate (actor, { name }) {
      placeOf(actor, name).tell({ type: 'listener.escalate' })
    }
  },
  describe: ({ input, starting }) => ({ wanted: Object.fromEntries([...input.memory.wanted].map(([name, address]) => [name, address.toString()])), starting: [...starting.keys()] })
})

function transportFor ({ transports }: ListenersInput, address: Multiaddr): Transport | undefined {
  return transports.find(transport => transport.listens(address))
}

/** Whoever lives there now, or nobody while it waits to be started anew. */
function placeOf (actor: ActorContext<ListenersMessage>, name: string): ActorRef<ListenerMessage> {
  return actor.named(`${actor.path}/${name}`)
}

function startListener (actor: ActorContext<ListenersMessage>, input: ListenersInput, name: string, address: Multiaddr): void {
  const transport = transportFor(input, address)
  if (transport === undefined) return
  const { admission, gate, connections, addressManager, memory: { ports }, options } = input
  const start: ListenerInput = { name, address, transport, admission, gate, connections, addressManager, ports, listeners: actor.self, ...listenersDefaults, ...options }
  actor.spawn(listener, { name, restart: 'permanent', input: start })
}

function forget ({ ports, wanted }: ListenersMemory, name: string): void {
  wanted.delete(name)
  ports.delete(name)
}

/** Somebody closes it before it has ever listened. */
function giveUp (starting: Map<string, Asker>, name: string, out: ListenersOut): void {
  const asker = starting.get(name)
  starting.delete(name)
  if (asker !== undefined) out.tell(asker.replyTo, { type: 'listen.failed', id: asker.id, failure: { code: 'listen/failed', detail: 'it was closed before it listened' } })
}
