/** The supervisor of all connections: `/node/connections`. */
import type { Arrival } from '../actors/contract/admission.js'
import type { ConnectionOpener } from './connection.js'
import type { PeerId } from './value/peer-id.js'

export type ConnectionsMessage =
  /** From: a listener, for each link that was admitted. Late after stop: the kernel closes it. */
  | { readonly type: 'connections.accept', readonly handle: Arrival }
  /** From: a dial attempt. The upgrade must be done by `deadline`, in milliseconds of the system's clock. */
  | {
    readonly type: 'connections.open'
    readonly handle: Arrival
    readonly expectedPeer?: PeerId
    readonly deadline: number
    readonly opener: ConnectionOpener
  }
