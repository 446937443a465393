/**
 * The ledger of admission: how many connections there are, of whom, and whether there may be one more. Asked synchronously,
 * before anything is done for a stranger (design 1.14, 1.15); each yes is a lease that its holder gives back by disposing it.
 *
 * What counts when:
 *
 *                      all   inbound   pending   prefix: inbound, pending   peer
 *     admitted          x       x         x         x        x
 *     authenticated     x       x                   x                        x
 *     given back
 *
 * Outbound connections count in all and, once authenticated, by peer: whom we dial we have chosen ourselves.
 */
import type { Failure } from '../../messages/failure.js'
import { parseIp6 } from '../../messages/value/ip-address.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Admission, AdmissionUse, Arrival, Lease } from '../contract/admission.js'
import type { Direction } from '../contract/link.js'
import type { Opened } from '../contract/transport.js'

/** How many connections there may be at a time. Each can be given alone; the rest is as in `admissionDefaults`. */
export interface AdmissionLimits {
  /** In all. Raising it costs up to some 50 KiB each, and a descriptor. */
  readonly connections: number
  /** That others have opened. Below `connections`, so that strangers cannot keep us from dialing. */
  readonly inbound: number
  /** Inbound ones that have not proven who they are. */
  readonly pending: number
  /** Of those, from one source prefix: an IPv4 address, a /56 of IPv6. */
  readonly pendingPerPrefix: number
  /** Inbound ones from one source prefix, whoever they are: keys cost nothing, addresses do. */
  readonly inboundPerPrefix: number
  /** Authenticated ones with one peer, in both directions. */
  readonly perPeer: number
  /** Whether the two limits by prefix hold for loopback addresses. Whoever is on this machine has simpler ways to harm it. */
  readonly loopback: boolean
}

export const admissionDefaults: AdmissionLimits = {
  // 200 MiB at worst, and what a process may open on common systems. Limits: a flood from many addresses (A3).
  connections: 4096,
  inbound: 3584,
  // A handshake takes 1.4 ms of CPU: those waiting are a third of a second of work. Limits: handshakes that are begun and
  // abandoned, or fed a byte at a time (A1, A2).
  pending: 256,
  // A burst of dials from one household or office; go allows 8 in all. Limits: a flood from one address (A3).
  pendingPerPrefix: 16,
  // Hundreds of users may share the address of a carrier or a campus. Limits: one host with many keys (A3).
  inboundPerPrefix: 256,
  // Both sides dialing at once over two transports make four; the rest is for what lingers. Limits: a peer that hoards.
  perPeer: 8,
  loopback: false
}

/** @throws RangeError that names the limit */
export function admissionLedger (limits: Partial<AdmissionLimits> = {}): AdmissionLedger {
  return new AdmissionLedger({ ...admissionDefaults, ...limits })
}

export class AdmissionLedger implements Admission {
  readonly limits: AdmissionLimits
  private connections = 0
  private inbound = 0
  private pending = 0
  private readonly prefixes = new Map<string, PrefixUse>()
  private readonly peers = new Map<string, number>()

  constructor (limits: AdmissionLimits) {
    for (const [name, value] of Object.entries(limits) as Array<[string, unknown]>) {
      if (name !== 'loopback' && !(typeof value === 'number' && value >= 0)) throw new RangeError(`limits.${name}: must be a number, zero or more; got ${String(value)}`)
    }
    this.limits = limits
  }

  get use (): AdmissionUse {
    const { connections, inbound, pending, prefixes, peers } = this
    return { connections, inbound, pending, prefixes: prefixes.size, peers: peers.size }
  }

  admit (direction: Direction, remoteAddress: string): Lease | Failure {
    const { limits } = this
    if (this.connections >= limits.connections) return refusal('connections', limits.connections)
    if (direction === 'outbound') return new CountedLease(this, direction, undefined)
    if (this.inbound >= limits.inbound) return refusal('inbound', limits.inbound)
    if (this.pending >= limits.pending) return refusal('pending', limits.pending)
    const prefix = sourcePrefix(remoteAddress, limits.loopback)
    const use = prefix === undefined ? undefined : this.prefixes.get(prefix)
    if (use !== undefined && use.pending >= limits.pendingPerPrefix) return refusal('pendingPerPrefix', limits.pendingPerPrefix, prefix)
    if (use !== undefined && use.inbound >= limits.inboundPerPrefix) return refusal('inboundPerPrefix', limits.inboundPerPrefix, prefix)
    return new CountedLease(this, direction, prefix)
  }

  arrival (opened: Opened, lease: Lease): Arrival {
    return new Arrived(opened, lease)
  }

  /** @internal Of leases: one more, or one less. */
  count (direction: Direction, prefix: string | undefined, by: 1 | -1): void {
    this.connections += by
    if (direction === 'inbound') this.inbound += by
    if (prefix !== undefined) this.change(prefix, { inbound: by, pending: 0 })
  }

  /** @internal */
  countPending (direction: Direction, prefix: string | undefined, by: 1 | -1): void {
    if (direction === 'outbound') return
    this.pending += by
    if (prefix !== undefined) this.change(prefix, { inbound: 0, pending: by })
  }

  /** @internal */
  peerFull (peer: string): Failure | undefined {
    const { perPeer } = this.limits
    return (this.peers.get(peer) ?? 0) < perPeer ? undefined : refusal('perPeer', perPeer, peer)
  }

  /** @internal */
  countPeer (peer: string, by: 1 | -1): void {
    const count = (this.peers.get(peer) ?? 0) + by
    if (count === 0) this.peers.delete(peer)
    else this.peers.set(peer, count)
  }

  private change (prefix: string, by: PrefixUse): void {
    const { inbound, pending } = this.prefixes.get(prefix) ?? { inbound: 0, pending: 0 }
    const use = { inbound: inbound + by.inbound, pending: pending + by.pending }
    if (use.inbound === 0 && use.pending === 0) this.prefixes.delete(prefix)
    else this.prefixes.set(prefix, use)
  }
}

interface PrefixUse {
  readonly inbound: number
  readonly pending: number
}

class CountedLease implements Lease {
  private readonly ledger: AdmissionLedger
  private readonly direction: Direction
  private readonly prefix: string | undefined
  private state: 'pending' | 'authenticated' | 'given back' = 'pending'
  private peer = ''

  constructor (ledger: AdmissionLedger, direction: Direction, prefix: string | undefined) {
    this.ledger = ledger
    this.direction = direction
    this.prefix = prefix
    ledger.count(direction, prefix, 1)
    ledger.countPending(direction, prefix, 1)
  }

  authenticated (peer: PeerId): Failure | undefined {
    if (this.state !== 'pending') return undefined
    const { ledger, direction, prefix } = this
    const text = peer.toString()
    const full = ledger.peerFull(text)
    if (full !== undefined) return full
    this.state = 'authenticated'
    this.peer = text
    ledger.countPending(direction, prefix, -1)
    ledger.countPeer(text, 1)
    return undefined
  }

  [Symbol.dispose] (): void {
    const { ledger, direction, prefix, state } = this
    if (state === 'given back') return
    this.state = 'given back'
    if (state === 'pending') ledger.countPending(direction, prefix, -1)
    else ledger.countPeer(this.peer, -1)
    ledger.count(direction, prefix, -1)
  }
}

class Arrived implements Arrival {
  readonly opened: Opened
  readonly lease: Lease

  constructor (opened: Opened, lease: Lease) {
    this.opened = opened
    this.lease = lease
  }

  [Symbol.dispose] (): void {
    this.opened.handle[Symbol.dispose]()
    this.lease[Symbol.dispose]()
  }
}

function refusal (limit: keyof AdmissionLimits, value: number, whose?: string): Failure {
  return { code: 'limit/connections', detail: `limit '${limit}' of ${value}${whose === undefined ? '' : ` for ${whose}`}` }
}

/**
 * The source that an address is counted under: all 32 bits of IPv4, 56 of IPv6, which is what a household gets. Undefined
 * where it has no IP address, where that is the relay's and not the remote's, and for loopback unless it counts.
 */
export function sourcePrefix (address: string, loopback: boolean): string | undefined {
  const words = address.split('/')
  if (words.includes('p2p-circuit')) return undefined
  const at = words.findIndex(word => word === 'ip4' || word === 'ip6')
  const host = words[at + 1]
  if (at < 0 || host === undefined) return undefined
  const ip4 = words[at] === 'ip4' ? host : mappedIp4(host)
  if (ip4 !== undefined) return ip4.startsWith('127.') && !loopback ? undefined : `${ip4}/32`
  const bytes = parseIp6(host)
  if (bytes === undefined) return undefined
  if (bytes.every((byte, i) => byte === (i === 15 ? 1 : 0)) && !loopback) return undefined
  return `${Array.from(bytes.subarray(0, 7), byte => byte.toString(16).padStart(2, '0')).join('')}/56`
}

/** Sockets that take both kinds show an IPv4 address as `::ffff:1.2.3.4`. */
function mappedIp4 (host: string): string | undefined {
  return host.startsWith('::ffff:') && host.includes('.') ? host.slice('::ffff:'.length) : undefined
}
