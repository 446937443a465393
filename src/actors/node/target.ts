import type { Destination } from '../../messages/swarm.js'
import { Multiaddr } from '../../messages/value/multiaddr.js'
import { PeerId } from '../../messages/value/peer-id.js'

/**
 * Whom to reach: a peer whose addresses are known, an address, or several of one peer. As text a peer id (`12D3Koo...`) or an
 * address (`/ip4/1.2.3.4/tcp/4001/p2p/12D3Koo...`).
 */
export type Target = PeerId | Multiaddr | string | readonly (Multiaddr | string)[]

/** @throws TypeError that names the argument and says what is wrong with it */
export function destinationOf (target: Target): Destination {
  if (target instanceof PeerId) return { peer: target, addresses: [] }
  if (typeof target === 'string' && !target.startsWith('/')) return { peer: parsePeer(target, "target: neither a peer id nor an address (those begin with '/')"), addresses: [] }
  const addresses = isList(target) ? target.map(address => addressOf(address)) : [addressOf(target)]
  if (addresses.length === 0) throw new TypeError('target: an empty list leads nowhere; give a peer id or at least one address')
  const peer = addresses.find(address => address.peerId !== undefined)?.peerId
  return peer === undefined ? { addresses } : { peer, addresses }
}

/** @throws TypeError */
export function peerOf (peer: PeerId | string): PeerId {
  if (peer instanceof PeerId) return peer
  if (typeof peer !== 'string') throw new TypeError(`peer: must be a peer id; got ${describe(peer)}`)
  return parsePeer(peer, 'peer: no peer id')
}

/** @throws TypeError that names the argument */
export function addressOf (address: Multiaddr | string, argument = 'target'): Multiaddr {
  if (address instanceof Multiaddr) return address
  if (typeof address === 'string') return Multiaddr.parse(address)
  throw new TypeError(`${argument}: must be ${argument === 'target' ? 'a peer id, an address or a list of addresses' : 'an address'}, as text or made by this library; got ${describe(address)}`)
}

function parsePeer (text: string, problem: string): PeerId {
  try {
    return PeerId.parse(text)
  } catch (error) {
    throw new TypeError(`${problem}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

function isList (target: Target): target is readonly (Multiaddr | string)[] {
  return Array.isArray(target)
}

function describe (value: unknown): string {
  return value === null ? 'null' : typeof value
}
