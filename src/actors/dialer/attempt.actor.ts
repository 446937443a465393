import { compiledBehavior } from '../../runtime/behavior/compile.js'
import { attemptEffects, attemptMachine } from './attempt.machine.js'
import { atAddress } from './dial.core.js'

/** `dialer/<n>/<address n>` */
export const attempt = compiledBehavior('attempt', attemptMachine, attemptEffects, {
  link (actor, { attempt: { address, expectedPeer, admission, transport, deadline } }) {
    const text = address.toString()
    const lease = admission.admit('outbound', text)
    if ('code' in lease) {
      actor.self.tell({ type: 'attempt.refused', failure: lease })
      return
    }
    actor.own(lease)
    // Relays and transports that secure by themselves must know whom we mean.
    const full = expectedPeer === undefined ? text : address.withPeer(expectedPeer).toString()
    actor.own(transport.dial(full, deadline, {
      onOpen: actor.io(opened => {
        actor.take(opened.handle)
        actor.disown(lease)
        actor.self.tell({ type: 'attempt.linked', handle: admission.arrival(opened, lease) })
      }),
      onFailure: actor.io((code, detail) => { actor.self.tell({ type: 'attempt.refused', failure: { code, detail } }) })
    }))
  },
  handOver (actor, { attempt: { address, expectedPeer, connections, deadline }, arrival }) {
    const taken = connections.tell({
      type: 'connections.open',
      handle: arrival,
      ...expectedPeer !== undefined && { expectedPeer },
      deadline,
      // It watches us, and gives up when we are gone.
      opener: { id: address.toString(), replyTo: actor.self }
    })
    if (!taken) actor.self.tell({ type: 'attempt.refused', failure: { code: connections.alive ? 'actor/refused' : 'actor/down', path: connections.path } })
  },
  succeeded (_, { attempt: { dial }, outcome: { connection, info } }) {
    dial.tell({ type: 'attempt.succeeded', connection, info })
  },
  failed (_, { attempt: { address, dial }, failure }) {
    dial.tell({ type: 'attempt.failed', failure: atAddress(address, failure) })
  }
})
