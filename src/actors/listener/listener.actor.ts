import type { AddressManagerMessage } from '../../messages/address-manager.js'
import type { ConnectionsMessage } from '../../messages/connections.js'
import { failureError, failureOf, type Failure } from '../../messages/failure.js'
import type { ListenerMessage, ListenersMessage } from '../../messages/listener.js'
import { Multiaddr } from '../../messages/value/multiaddr.js'
import { compiledBehavior } from '../../runtime/behavior/compile.js'
import type { ActorContext } from '../../runtime/context.js'
import type { ActorRef } from '../../runtime/ref.js'
import type { Admission } from '../contract/admission.js'
import type { Gate } from '../contract/gate.js'
import type { Opened, Transport } from '../contract/transport.js'
import { listenerEffects, listenerMachine, type ListenerBody } from './listener.machine.js'

/** What a listener listens on, and whom it works for. */
export interface ListenerInput extends ListenerBody {
  readonly name: string
  readonly address: Multiaddr
  readonly transport: Transport
  readonly admission: Admission
  readonly gate: Gate
  readonly connections: ActorRef<ConnectionsMessage>
  readonly listeners: ActorRef<ListenersMessage>
  readonly addressManager: ActorRef<AddressManagerMessage>
  /** Where it is written which port was given to whom has asked for any. Outlives the listener. */
  readonly ports: Map<string, number>
  readonly refusalLogMs: number
}

const inputOf = (body: ListenerBody): ListenerInput => body as ListenerInput

/** `listeners/<name>`. Its input is a `ListenerInput`. */
export const listener = compiledBehavior('listener', listenerMachine, listenerEffects, {
  listen (actor, body) {
    const input = inputOf(body)
    const { name, ports, transport } = input
    const address = placeOf(input)
    const refusals = new Refusals(actor, input)
    try {
      actor.own(transport.listen(address, {
        onListening: actor.io(addresses => { actor.self.tell({ type: 'transport.listening', addresses }) }),
        onOpen: actor.io(opened => { accept(actor, input, opened, refusals) }),
        onFailure: actor.io(failure => {
          // Somebody has taken the port meanwhile: the next attempt asks for any again.
          if (failure.code === 'listen/address-in-use') ports.delete(name)
          actor.self.tell({ type: 'transport.failed', failure })
        })
      }))
    } catch (error) {
      // It does not like the address after all, which is an answer to whoever gave it.
      actor.self.tell({ type: 'transport.failed', failure: failureOf(error, 'listen/failed') })
    }
  },
  listening (actor, { body, addresses }) {
    const { name, address, listeners, addressManager, ports } = inputOf(body)
    const port = addresses[0]?.endpoint?.port
    if (address.endpoint?.port === 0 && port !== undefined) ports.set(name, port)
    listeners.tell({ type: 'listener.listening', listener: name, addresses })
    addressManager.tell({ type: 'address.listening', listener: actor.self, addresses })
  },
  report (actor, { event: { replyTo }, addresses }) {
    replyTo.tell({ type: 'address.listening', listener: actor.self, addresses })
  },
  failed (_, { body, failure }) {
    const { name, listeners } = inputOf(body)
    listeners.tell({ type: 'listener.failed', listener: name, failure })
  },
  crash (_, { failure }) {
    throw failureError(failure)
  }
})

/** Port 0 is any, but the same one after a restart. */
function placeOf ({ address, name, ports }: ListenerInput): Multiaddr {
  const port = ports.get(name)
  const { endpoint } = address
  if (port === undefined || endpoint?.port !== 0) return address
  return Multiaddr.parse(address.toString().replace(`/${endpoint.transport}/0`, `/${endpoint.transport}/${port}`))
}

/** In the transport's callback: a flood of strangers is refused here, before it costs more than a link that was reset. */
function accept (actor: ActorContext<ListenerMessage>, { admission, connections, gate }: ListenerInput, opened: Opened, refusals: Refusals): void {
  const { handle } = opened
  actor.take(handle)
  const { remoteMultiaddr } = opened.kind === 'link' ? opened.handle : opened
  const remote = remoteMultiaddr.toString()
  const lease = admission.admit('inbound', remote)
  if ('code' in lease) {
    handle[Symbol.dispose]()
    refusals.add(remote, lease)
    return
  }
  // A gate may take its time, in which the lease bounds how many wait.
  const arrival = actor.own(admission.arrival(opened, lease))
  gate.accept(actor, remoteMultiaddr, refusal => {
    if (refusal !== undefined) {
      actor.release(arrival)
      refusals.add(remote, refusal)
      return
    }
    actor.disown(arrival)
    // Whoever has no room for it has the kernel reset it, and give the lease back.
    if (!connections.tell({ type: 'connections.accept', handle: arrival })) {
      refusals.add(remote, { code: connections.alive ? 'actor/refused' : 'actor/down', path: connections.path })
    }
  })
}

/** Counts what is refused, and logs a line now and then: a log that can be flooded is one more thing to attack. */
class Refusals {
  private readonly actor: ActorContext<ListenerMessage>
  private readonly logMs: number
  private count = 0
  private loggedAt = -Infinity

  constructor (actor: ActorContext<ListenerMessage>, { refusalLogMs }: ListenerInput) {
    this.actor = actor
    this.logMs = refusalLogMs
  }

  add (remote: string, { code, detail }: Failure): void {
    this.count++
    const now = this.actor.now()
    if (now - this.loggedAt < this.logMs) return
    this.actor.log('warn', `refused ${this.count} since the last line, the last from ${remote}: ${code}${detail === undefined ? '' : ` (${detail})`}`, { count: this.count, code })
    this.loggedAt = now
    this.count = 0
  }
}
