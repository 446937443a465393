import type { Failure } from '../../messages/failure.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Transport } from '../contract/transport.js'

/** Names that say where to look, not where to go. */
const names = ['dns', 'dns4', 'dns6', 'dnsaddr']

export function isName (address: Multiaddr): boolean {
  return names.some(name => address.has(name))
}

export function transportFor (transports: readonly Transport[], address: Multiaddr): Transport | undefined {
  return transports.find(transport => transport.dials(address))
}

/** None of the addresses can ever be dialed, whatever their names may lead to. */
export function undialable (transports: readonly Transport[], addresses: readonly Multiaddr[]): boolean {
  return addresses.every(address => !isName(address) && transportFor(transports, address) === undefined)
}

/** Addresses in the order in which they are to be tried, and those that are not. */
export interface Sifted {
  readonly queue: readonly Multiaddr[]
  readonly failures: readonly Failure[]
  /** All that were seen so far, as text. */
  readonly seen: ReadonlySet<string>
  /** Left out, since there were too many. */
  readonly untried: number
}

export interface SiftOptions {
  readonly transports: readonly Transport[]
  readonly peer: PeerId | undefined
  readonly seen: ReadonlySet<string>
  readonly mostAddresses: number
}

/** Each once; not those of other peers, which names of many peers bring along; not those that nobody here can dial. */
export function sift (addresses: readonly Multiaddr[], { transports, peer, seen, mostAddresses }: SiftOptions): Sifted {
  const queue: Multiaddr[] = []
  const failures: Failure[] = []
  const known = new Set(seen)
  let untried = 0
  for (const address of addresses) {
    const text = address.toString()
    // The same place, whether its peer is named or not: whom we expect is known anyway.
    const place = peer === undefined ? text : address.withoutPeer()?.toString() ?? text
    if (known.has(place) || (peer !== undefined && address.peerId?.equals(peer) === false)) continue
    known.add(place)
    if (transportFor(transports, address) === undefined) failures.push(atAddress(address, { code: 'dial/no-transport' }))
    else if (queue.length < mostAddresses) queue.push(address)
    else untried++
  }
  return { queue, failures, seen: known, untried }
}

/** The failure, with the address that it is about. */
export function atAddress (address: Multiaddr, failure: Failure): Failure {
  return { ...failure, detail: failure.detail === undefined ? address.toString() : `${address.toString()}: ${failure.detail}` }
}

/** Of a dial that has tried everything: the only failure itself, or one that holds them all. */
export function exhausted (failures: readonly Failure[], untried: number): Failure {
  const [first, ...others] = failures
  if (first === undefined) return { code: 'dial/no-addresses', detail: 'the names of the addresses lead nowhere' }
  if (others.length === 0 && untried === 0) return first
  if (failures.every(({ code }) => code === 'dial/no-transport')) return { code: 'dial/no-transport', causes: failures }
  return { code: 'dial/failed', causes: failures, detail: `${failures.length} addresses${untried === 0 ? '' : `, and ${untried} more were not tried`}` }
}
