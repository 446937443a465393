import type { ConnectionsMessage } from '../../messages/connections.js'
import type { DialMessage } from '../../messages/dial.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import { compiledBehavior } from '../../runtime/behavior/compile.js'
import type { ActorRef } from '../../runtime/ref.js'
import type { Admission } from '../contract/admission.js'
import type { Transport } from '../contract/transport.js'
import { attemptEffects, attemptMachine, type AttemptBody } from './attempt.machine.js'
import { atAddress } from './dial.core.js'

/** One address, and who works on it. */
export interface Attempt extends AttemptBody {
  readonly address: Multiaddr
  /** Whom the address names, or the dial. */
  readonly expectedPeer: PeerId | undefined
  readonly transport: Transport
  readonly admission: Admission
  readonly connections: ActorRef<ConnectionsMessage>
  readonly dial: ActorRef<DialMessage>
  /** As `timeoutMs`, in milliseconds of the system's clock. */
  readonly deadline: number
}

const attemptOf = (body: AttemptBody): Attempt => body as Attempt

/** `dialer/<n>/<address n>`. Its input is an `Attempt`. */
export const attempt = compiledBehavior('attempt', attemptMachine, attemptEffects, {
  link (actor, body) {
    const { address, expectedPeer, admission, transport, deadline } = attemptOf(body)
    const lease = admission.admit('outbound', address.toString())
    if ('code' in lease) {
      actor.self.tell({ type: 'attempt.refused', failure: lease })
      return
    }
    actor.own(lease)
    // Relays and transports that secure by themselves must know whom we mean.
    const full = expectedPeer === undefined ? address : address.withPeer(expectedPeer)
    actor.own(transport.dial(full, deadline, {
      onOpen: actor.io(opened => {
        actor.take(opened.handle)
        actor.disown(lease)
        actor.self.tell({ type: 'attempt.linked', handle: admission.arrival(opened, lease) })
      }),
      onFailure: actor.io(failure => { actor.self.tell({ type: 'attempt.refused', failure }) })
    }))
  },
  handOver (actor, { body, arrival }) {
    const { address, expectedPeer, connections, deadline } = attemptOf(body)
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
  succeeded (_, { body, outcome: { connection, info } }) {
    attemptOf(body).dial.tell({ type: 'attempt.succeeded', connection, info })
  },
  failed (actor, { body, failure }) {
    const { address, dial } = attemptOf(body)
    dial.tell({ type: 'attempt.failed', failure: { path: actor.path, ...atAddress(address, failure) } })
  }
})
