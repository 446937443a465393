import type { Failure } from '../../messages/failure.js'
import type { Destination } from '../../messages/swarm.js'
import type { PeerId } from '../../messages/value/peer-id.js'

/** A destination that makes sense: its peer, where anything names it. */
export interface Target extends Destination {
  readonly kind: 'target'
}

/** Which peer is meant, by id or by the addresses that name one. Refuses contradictions, ourselves, and nobody at all. */
export function targetOf (to: Destination, self: PeerId): Target | Failure {
  const named = to.addresses.flatMap(address => address.peerId ?? [])
  const peer = to.peer ?? named[0]
  if (peer === undefined) return to.addresses.length === 0 ? { code: 'dial/no-addresses' } : { kind: 'target', addresses: to.addresses }
  const other = named.find(one => !one.equals(peer))
  if (other !== undefined) return { code: 'dial/peer-mismatch', detail: `${peer.toString()} and ${other.toString()}` }
  if (peer.equals(self)) return { code: 'dial/self', detail: peer.toString() }
  return { kind: 'target', peer, addresses: to.addresses }
}
