import type { DialMessage } from '../../messages/dial.js'
import type { Failure } from '../../messages/failure.js'
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Transport } from '../contract/transport.js'
import type { Ranked } from './rank.core.js'

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

/** The same for the same place and peer, whether the address names it or the dial. */
export function placeOf (address: Multiaddr, peer: PeerId | undefined): string {
  const text = address.toString()
  return peer === undefined || address.peerId !== undefined ? text : `${text}/p2p/${peer.toString()}`
}

/** Addresses in the order in which they are to be tried, and those that are not. */
export interface Sifted {
  readonly queue: readonly Ranked[]
  readonly failures: readonly Failure[]
  /** All that were seen so far, as text. */
  readonly seen: ReadonlySet<string>
  /** Left out, since there were too many. */
  readonly untried: number
}

export interface SiftRules {
  readonly transports: readonly Transport[]
  readonly peer: PeerId | undefined
  readonly mostAddresses: number
  readonly rank: (addresses: readonly Multiaddr[]) => readonly Ranked[]
}

/**
 * Takes in what a waiter brings: each address once; not those of other peers, which names of many peers bring along; not those that
 * nobody here can dial; not those that have failed lately. The rest is ranked together with what waits already.
 */
export function sift (resolved: Extract<DialMessage, { type: 'dial.resolved' }>, { queue, seen: before, untried: already, transports, peer, mostAddresses, rank }: Sifted & SiftRules): Sifted {
  const { addresses, backedOff } = resolved
  const fresh: Multiaddr[] = []
  const failures: Failure[] = [...resolved.failures]
  const seen = new Set(before)
  let untried = already
  for (const address of addresses) {
    const text = address.toString()
    // The same place, whether its peer is named or not: whom we expect is known anyway.
    const place = peer === undefined ? text : address.withoutPeer()?.toString() ?? text
    if (seen.has(place) || (peer !== undefined && address.peerId?.equals(peer) === false)) continue
    // One that backs off is not used up: somebody may join who wants it all the same.
    const waits = backedOff.get(text)
    if (waits !== undefined) {
      failures.push(atAddress(address, { code: 'dial/backoff', detail: `for ${Math.ceil(waits)} ms more` }))
      continue
    }
    seen.add(place)
    if (transportFor(transports, address) === undefined) failures.push(atAddress(address, { code: 'dial/no-transport' }))
    else if (fresh.length < mostAddresses) fresh.push(address)
    else untried++
  }
  // What waits already keeps its times when nothing is added.
  return { queue: fresh.length === 0 ? queue : rank([...queue.map(({ address }) => address), ...fresh]), failures, seen, untried }
}

export interface Begun {
  readonly addresses: readonly Multiaddr[]
  readonly queue: readonly Ranked[]
}

/** The first, those that are to begin together with it, and what is left. */
export function begin (queue: readonly Ranked[]): Begun {
  const end = queue.findIndex(({ gapMs }, index) => index > 0 && gapMs > 0)
  const count = end < 0 ? queue.length : end
  return { addresses: queue.slice(0, count).map(({ address }) => address), queue: queue.slice(count) }
}

/** The failure, with the address that it is about. */
export function atAddress (address: Multiaddr, failure: Failure): Failure {
  return { ...failure, detail: failure.detail === undefined ? address.toString() : `${address.toString()}: ${failure.detail}` }
}

/** Codes that are the dial's own, when all of its addresses have them: who asks is helped more by them than by `dial/failed`. */
const shared = ['dial/no-transport', 'dial/backoff', 'dial/gated'] as const

/** Of a dial that has tried everything: the only failure itself, or one that holds them all. */
export function exhausted (failures: readonly Failure[], untried: number): Failure {
  const [first, ...others] = failures
  if (first === undefined) return { code: 'dial/no-addresses', detail: 'the names of the addresses lead nowhere' }
  if (others.length === 0 && untried === 0) return first
  const common = shared.find(code => failures.every(failure => failure.code === code))
  if (common !== undefined) return { code: common, causes: failures }
  return { code: 'dial/failed', causes: failures, detail: `${failures.length} addresses${untried === 0 ? '' : `, and ${untried} more were not tried`}` }
}
