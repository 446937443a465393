import type { ConnectionsMessage } from '../../messages/connections.js'
import type { DialMessage } from '../../messages/dial.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import { compiledBehavior } from '../../runtime/behavior/compile.js'
import type { ActorRef } from '../../runtime/ref.js'
import type { Admission } from '../contract/admission.js'
import type { Gate } from '../contract/gate.js'
import type { Transport } from '../contract/transport.js'
import { attemptEffects, attemptMachine, type AttemptBody } from './attempt.machine.js'
import { countsAgainstAddress, type AddressBackoff } from './backoff.core.js'
import { atAddress, placeOf } from './dial.core.js'
import type { DialSlots } from './slots.core.js'

/** One address, and who works on it. */
export interface Attempt extends AttemptBody {
  readonly address: Multiaddr
  /** Whom the address names, or the dial. */
  readonly expectedPeer: PeerId | undefined
  readonly transport: Transport
  readonly admission: Admission
  readonly backoff: AddressBackoff
  readonly gate: Gate
  readonly slots: DialSlots
  readonly connections: ActorRef<ConnectionsMessage>
  readonly dial: ActorRef<DialMessage>
  /** An address that has led nowhere, for the peer store; not for reasons of ours. */
  readonly unreached: (peer: PeerId, address: Multiaddr) => void
  /** Set when the slot is there: when link and upgrade must be done, in milliseconds of the system's clock. */
  deadline: number
}

const attemptOf = (body: AttemptBody): Attempt => body as Attempt

/** `dialer/<n>/<address n>`. Its input is an `Attempt`. */
export const attempt = compiledBehavior('attempt', attemptMachine, attemptEffects, {
  gate (actor, body) {
    const { address, expectedPeer, gate } = attemptOf(body)
    gate.dialAddress(actor, address, expectedPeer, refusal => {
      actor.self.tell(refusal === undefined ? { type: 'attempt.allowed' } : { type: 'attempt.refused', failure: refusal })
    })
  },
  queue (actor, body) {
    const { address, expectedPeer, slots } = attemptOf(body)
    const granted = actor.io(() => { actor.self.tell({ type: 'attempt.granted' }) })
    actor.own(slots.take(expectedPeer?.toString() ?? address.toString(), granted))
  },
  link (actor, body) {
    const work = attemptOf(body)
    const { address, expectedPeer, admission, transport, timeoutMs } = work
    work.deadline = actor.now() + timeoutMs
    const lease = admission.admit('outbound', address.toString())
    if ('code' in lease) {
      actor.self.tell({ type: 'attempt.refused', failure: lease })
      return
    }
    actor.own(lease)
    // Relays and transports that secure by themselves must know whom we mean.
    const full = expectedPeer === undefined ? address : address.withPeer(expectedPeer)
    actor.own(transport.dial(full, work.deadline, {
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
    const { address, backoff, dial, expectedPeer } = attemptOf(body)
    backoff.succeeded(placeOf(address, expectedPeer))
    dial.tell({ type: 'attempt.succeeded', connection, info })
  },
  failed (actor, { body, failure }) {
    const { address, backoff, dial, expectedPeer, unreached } = attemptOf(body)
    if (countsAgainstAddress(failure.code) && failure.initiator !== 'user') {
      backoff.failed(placeOf(address, expectedPeer), actor.now())
      if (expectedPeer !== undefined) unreached(expectedPeer, address)
    }
    dial.tell({ type: 'attempt.failed', failure: atAddress(address, failure) })
  }
})
