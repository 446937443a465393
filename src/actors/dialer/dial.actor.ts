import type { ConnectionsMessage } from '../../messages/connections.js'
import type { DialerMessage, DialMessage, Resolved } from '../../messages/dial.js'
import { failureOf, type Failure } from '../../messages/failure.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import { compiledBehavior } from '../../runtime/behavior/compile.js'
import type { ActorContext } from '../../runtime/context.js'
import type { ActorRef } from '../../runtime/ref.js'
import type { TaskScope } from '../../runtime/task.js'
import type { Admission } from '../contract/admission.js'
import type { Gate } from '../contract/gate.js'
import type { Transport } from '../contract/transport.js'
import { attempt, type Attempt } from './attempt.actor.js'
import type { AddressBackoff } from './backoff.core.js'
import { isName, placeOf, transportFor } from './dial.core.js'
import { dialEffects, dialMachine, type DialEffects, type DialStart } from './dial.machine.js'
import type { DialSlots } from './slots.core.js'

/** Turns names into addresses, those that are none left as they are; a failure for each name that led nowhere. Bounded in time, depth and count. */
export type Resolve = (addresses: readonly Multiaddr[], scope: TaskScope) => Promise<Resolved>

/** What all dials of a node share. */
export interface DialTools {
  readonly transports: readonly Transport[]
  readonly admission: Admission
  readonly gate: Gate
  readonly connections: ActorRef<ConnectionsMessage>
  readonly resolve: Resolve
  /** Told of each address of a peer that has led nowhere, for no reason of ours. */
  readonly unreached?: (peer: PeerId, address: Multiaddr) => void
  readonly backoff: AddressBackoff
  readonly slots: DialSlots
  readonly addressTimeoutMs: number
}

type Actor = ActorContext<DialMessage>

/** `dialer/<n>` */
export function dialBehavior (dialer: ActorRef<DialerMessage>, tools: DialTools): Behavior<DialMessage, DialStart> {
  const { transports, gate, backoff, addressTimeoutMs, resolve } = tools
  return compiledBehavior('dial', dialMachine, dialEffects, {
    resolve (actor, batch) {
      const { peer } = batch
      if (peer === undefined) resolveNames(actor, batch)
      else {
        gate.dialPeer(actor, peer, refusal => {
          if (refusal === undefined) resolveNames(actor, batch)
          else actor.self.tell({ type: 'dial.resolved', addresses: [], failures: [refusal], backedOff: new Map() })
        })
      }
    },
    attempt (actor, { addresses, peer }) {
      for (const address of addresses) {
        const transport = transportFor(transports, address)
        if (transport === undefined) throw new Error(`no transport for ${address.toString()}, which was sifted`)
        const input: Attempt = { ...tools, address, expectedPeer: address.peerId ?? peer, transport, unreached: tools.unreached ?? (() => {}), dial: actor.self, timeoutMs: addressTimeoutMs, deadline: Infinity }
        actor.watch(actor.spawn(attempt, { input }), down => ({ type: 'attempt.down', down }))
      }
    },
    failed (_, { dial, failures }) {
      for (const failure of failures) dialer.tell({ type: 'dial.address-failed', dial, failure })
    },
    succeeded (_, { dial, event: { connection, info } }) {
      dialer.tell({ type: 'dial.succeeded', dial, connection, info })
    },
    endOthers (actor) {
      for (const { ref } of actor.list(actor.path)) actor.stop(ref, { reason: 'not-wanted' })
    },
    supplant (_, { event: { connection } }) {
      connection.tell({ type: 'connection.close', code: 'connection/supplanted', initiator: 'local', graceMs: 0 })
    },
    exhausted (_, report) {
      dialer.tell({ type: 'dial.exhausted', ...report })
    }
  }, {
    // All the dialer's waiters may join in one turn, and how an attempt went must find room behind them.
    mailboxCapacity: 16_384
  })

  function resolveNames (actor: Actor, { addresses, ignoreBackoff, peer }: DialEffects['resolve']): void {
    const resolved = (found: readonly Multiaddr[], failures: readonly Failure[]): DialMessage => {
      const now = actor.now()
      const waits = ignoreBackoff ? [] : found.map(address => [address.toString(), backoff.remaining(placeOf(address, peer), now)] as const)
      return { type: 'dial.resolved', addresses: found, failures, backedOff: new Map(waits.filter(([, ms]) => ms > 0)) }
    }
    if (!addresses.some(isName)) {
      actor.self.tell(resolved(addresses, []))
      return
    }
    actor.task(scope => resolve(addresses, scope), {
      done: found => resolved(found.addresses, found.failures),
      failed: error => resolved(addresses.filter(address => !isName(address)), [failureOf(error, 'dial/resolve-failed')])
    })
  }
}
