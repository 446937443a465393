import { failureError, failureOf, type Failure } from '../../messages/failure.js'
import type { ListenerMessage } from '../../messages/listener.js'
import { Multiaddr } from '../../messages/value/multiaddr.js'
import { compiledBehavior } from '../../runtime/behavior/compile.js'
import type { ActorContext } from '../../runtime/context.js'
import type { Opened } from '../contract/transport.js'
import { listenerEffects, listenerMachine, type ListenerInput } from './listener.machine.js'

/** `listeners/<name>` */
export const listener = compiledBehavior('listener', listenerMachine, listenerEffects, {
  listen (actor, input) {
    const { address, transport } = input
    const refusals = new Refusals(actor, input)
    try {
      actor.own(transport.listen(address.toString(), {
        onListening: actor.io(addresses => { actor.self.tell({ type: 'transport.listening', addresses: addresses.map(text => Multiaddr.parse(text)) }) }),
        onOpen: actor.io(opened => { accept(actor, input, opened, refusals) }),
        onFailure: actor.io((code, detail) => { actor.self.tell({ type: 'transport.failed', failure: { code, detail } }) })
      }))
    } catch (error) {
      // It does not like the address after all, which is an answer to whoever gave it.
      actor.self.tell({ type: 'transport.failed', failure: failureOf(error, 'listen/failed') })
    }
  },
  listening (actor, { input: { name, listeners, addressManager }, addresses }) {
    listeners.tell({ type: 'listener.listening', listener: name, addresses })
    addressManager.tell({ type: 'address.listening', listener: actor.self, addresses })
  },
  report (actor, { to, addresses }) {
    to.tell({ type: 'address.listening', listener: actor.self, addresses })
  },
  failed (_, { input: { name, listeners }, failure }) {
    listeners.tell({ type: 'listener.failed', listener: name, failure })
  },
  crash (_, { failure }) {
    throw failureError(failure)
  }
})

/** In the transport's callback: a flood of strangers is refused here, before it costs more than a link that was reset. */
function accept (actor: ActorContext<ListenerMessage>, { admission, connections }: ListenerInput, opened: Opened, refusals: Refusals): void {
  const { handle } = opened
  actor.take(handle)
  const remote = opened.kind === 'link' ? opened.handle.remoteMultiaddr : opened.remoteMultiaddr
  const lease = admission.admit('inbound', remote)
  if ('code' in lease) {
    handle[Symbol.dispose]()
    refusals.add(remote, lease)
    return
  }
  // Whoever has no room for it has the kernel reset it, and give the lease back.
  if (!connections.tell({ type: 'connections.accept', handle: admission.arrival(opened, lease) })) {
    refusals.add(remote, { code: connections.alive ? 'actor/refused' : 'actor/down', path: connections.path })
  }
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
