/** The supervisor of all connections: `/node/connections`. Numbers them; none is ever restarted. */
import type { ConnectionMessage } from '../../messages/connection.js'
import type { ConnectionsMessage } from '../../messages/connections.js'
import type { Failure } from '../../messages/failure.js'
import type { Behavior } from '../../runtime/behavior/behavior.js'
import type { Out } from '../../runtime/behavior/out.js'
import { reducer } from '../../runtime/behavior/reducer.js'
import { ActorError } from '../../runtime/errors.js'
import type { ConnectionInput } from './connection.actor.js'
import { addressesOf, Newcomer } from './newcomer.js'

export interface ConnectionsOptions {
  readonly connection: Behavior<ConnectionMessage, ConnectionInput>
  /**
   * How long the upgrade of an inbound connection may take, in milliseconds. Default 10,000: a handshake of three round trips on
   * the worst path. Limits: strangers who connect and say nothing. A dial brings its own deadline.
   */
  readonly inboundUpgradeMs?: number
}

const crashed: Failure = { code: 'connection/crashed' }

interface ConnectionsEffects {
  spawn: ConnectionsMessage
}

/** @throws RangeError for a time that is none */
export function connections ({ connection, inboundUpgradeMs = 10_000 }: ConnectionsOptions): Behavior<ConnectionsMessage> {
  if (!(typeof inboundUpgradeMs === 'number' && inboundUpgradeMs > 0)) throw new RangeError(`connections: option 'inboundUpgradeMs' must be more than zero milliseconds; got ${String(inboundUpgradeMs)}`)
  return reducer({
    name: 'connections',
    supervision: { strategy: 'dynamic' },
    initial: () => undefined,
    step (state, message: ConnectionsMessage, out: Out<ConnectionsEffects>) {
      out.do('spawn', message)
      return state
    },
    accepts: ['connections.accept', 'connections.open'],
    effects: {
      spawn (actor, message) {
        const opening = message.type === 'connections.open' ? message : undefined
        const handle = new Newcomer(actor.take(message.handle), opening?.opener)
        const deadline = opening?.deadline ?? actor.now() + inboundUpgradeMs
        try {
          actor.spawn(connection, {
            input: { handle, deadline, ...opening?.expectedPeer !== undefined && { expectedPeer: opening.expectedPeer } },
            // What its streams hold is the remote's doing, so it has an account that names the remote.
            account: { name: addressesOf(handle.opened).remoteMultiaddr.toString() }
          })
          handle.otherwise = crashed
        } catch (error) {
          // There is no room for one more; the kernel has disposed the newcomer.
          if (!(error instanceof ActorError) || error.code !== 'actor/limit') throw error
          actor.log('warn', 'a connection was refused', { reason: error.message })
        }
      }
    }
  })
}
