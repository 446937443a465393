import type { ConnectionsMessage } from '../../messages/connections.js'
import type { DialerMessage, DialMessage, Resolved } from '../../messages/dial.js'
import { failureOf } from '../../messages/failure.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import { machineBehavior } from '../../runtime/behavior/machine.js'
import type { ActorRef } from '../../runtime/ref.js'
import type { TaskScope } from '../../runtime/task.js'
import type { Admission } from '../contract/admission.js'
import type { Transport } from '../contract/transport.js'
import { attempt, type Attempt } from './attempt.actor.js'
import { isName, transportFor } from './dial.core.js'
import { dialEffects, dialMachine, type DialStart } from './dial.machine.js'

/** Turns names into addresses, those that are none left as they are; a failure for each name that led nowhere. Bounded in time, depth and count. */
export type Resolve = (addresses: readonly Multiaddr[], scope: TaskScope) => Promise<Resolved>

/** What all dials of a node share. */
export interface DialTools {
  readonly transports: readonly Transport[]
  readonly admission: Admission
  readonly connections: ActorRef<ConnectionsMessage>
  readonly resolve: Resolve
  readonly addressTimeoutMs: number
}

/** `dialer/<n>` */
export function dialBehavior (dialer: ActorRef<DialerMessage>, tools: DialTools): Behavior<DialMessage, DialStart> {
  const { transports, admission, connections, resolve, addressTimeoutMs } = tools
  return machineBehavior('dial', dialMachine, dialEffects, {
    resolve (actor, { addresses }) {
      if (!addresses.some(isName)) {
        actor.self.tell({ type: 'dial.resolved', addresses, failures: [] })
        return
      }
      actor.task(scope => resolve(addresses, scope), {
        done: resolved => ({ type: 'dial.resolved', ...resolved }),
        failed: error => ({ type: 'dial.resolved', addresses: addresses.filter(address => !isName(address)), failures: [failureOf(error, 'dial/resolve-failed')] })
      })
    },
    attempt (actor, { address, peer }) {
      const transport = transportFor(transports, address)
      if (transport === undefined) throw new Error(`no transport for ${address.toString()}, which was sifted`)
      const expectedPeer = address.peerId ?? peer
      const input: Attempt = { address, expectedPeer, transport, admission, connections, dial: actor.self, timeoutMs: addressTimeoutMs, deadline: actor.now() + addressTimeoutMs }
      actor.watch(actor.spawn(attempt, { input }), down => ({ type: 'attempt.down', down }))
    },
    failed (_, { dial, failures }) {
      for (const failure of failures) dialer.tell({ type: 'dial.address-failed', dial, failure })
    },
    succeeded (_, { dial, event: { connection, info } }) {
      dialer.tell({ type: 'dial.succeeded', dial, connection, info })
    },
    exhausted (_, report) {
      dialer.tell({ type: 'dial.exhausted', ...report })
    }
  }, {
    // All the dialer's waiters may join in one turn, and how an attempt went must find room behind them.
    mailboxCapacity: 16_384
  })
}
