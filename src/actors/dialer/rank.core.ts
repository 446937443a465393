/**
 * The order in which the addresses of a peer are tried, and how long after the first each begins (RFC 8305, 4 and 5; the delays
 * are those of go-libp2p's dial ranker).
 *
 *     near (this machine, a private network that we are in)   QUIC, then TCP, 30 ms apart
 *     public                                                  QUIC, then TCP, 250 ms apart
 *     far (a private network that we are not in)              behind all of those
 *     relayed                                                 behind all of those
 *
 * Within each row IPv6 and IPv4 take turns, and of each family of transports the first goes alone, the second one delay behind
 * it, the rest together behind that. So whoever answers soon is dialed once, and whoever does not costs a fraction of a second.
 */
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import { scopeOf } from '../../messages/value/address-scope.js'
import { samePrivateNetwork } from '../../messages/value/private-network.js'

/** In milliseconds. Each can be given alone. */
export interface DialDelays {
  /** Between two attempts at public addresses. Default 250, the "connection attempt delay" of RFC 8305. Less only opens more sockets. */
  readonly publicMs: number
  /** As `publicMs`, of near addresses. Default 30: more than any round trip in a house, and less than anybody notices. */
  readonly nearMs: number
  /** How far relayed addresses are behind direct ones. Default 500, as go: a direct path twice around the world wins. */
  readonly relayMs: number
  /** How far addresses in private networks that we are not in are behind public ones. Default 1,000: in our own network a stranger lives there, if anybody. */
  readonly farMs: number
}

export const dialDelayDefaults: DialDelays = { publicMs: 250, nearMs: 30, relayMs: 500, farMs: 1000 }

export interface Ranked {
  readonly address: Multiaddr
  /** After the attempt before it has begun. */
  readonly gapMs: number
}

export interface RankOptions {
  readonly delays: DialDelays
  /** IP addresses of this machine. */
  readonly held: readonly string[]
}

/** All of them, in the order in which they are to be tried. Equal ones stay in the order in which they came: the most trusted first. */
export function rank (addresses: readonly Multiaddr[], { delays, held }: RankOptions): readonly Ranked[] {
  const rows: Record<Row, Multiaddr[]> = { near: [], public: [], far: [], relayed: [] }
  for (const address of addresses) rows[rowOf(address, held)].push(address)
  const offsets = new Map<Multiaddr, number>()
  // Public ones follow when the near ones had their chance; but they are not held back by a long list of them.
  const publicAt = rows.near.length === 0 ? 0 : delays.nearMs
  place(rows.near, 0, delays.nearMs, offsets)
  const lastPublic = place(rows.public, publicAt, delays.publicMs, offsets)
  const direct = rows.near.length + rows.public.length
  const lastFar = place(rows.far, direct === 0 ? 0 : lastPublic + delays.farMs, delays.publicMs, offsets)
  place(rows.relayed, direct > 0 ? lastPublic + delays.relayMs : rows.far.length > 0 ? lastFar + delays.relayMs : 0, delays.publicMs, offsets)
  const sorted = [...offsets].sort(([, a], [, b]) => a - b)
  return sorted.map(([address, at], index) => ({ address, gapMs: at - (sorted[index - 1]?.[1] ?? 0) }))
}

type Row = 'near' | 'public' | 'far' | 'relayed'

function rowOf (address: Multiaddr, held: readonly string[]): Row {
  if (address.has('p2p-circuit')) return 'relayed'
  switch (scopeOf(address)) {
    case 'process':
    case 'machine': return 'near'
    case 'site': return held.some(ip => samePrivateNetwork(address, ip)) ? 'near' : 'far'
    case 'internet': return 'public'
  }
}

/** Gives each its time from `at` on, and returns when the last begins. */
function place (addresses: readonly Multiaddr[], at: number, delayMs: number, offsets: Map<Multiaddr, number>): number {
  let begins = at
  let last = at
  for (const family of families) {
    const members = interleaved(addresses.filter(address => familyOf(address) === family))
    members.forEach((address, index) => {
      last = begins + Math.min(index, 2) * delayMs
      offsets.set(address, last)
    })
    if (members.length > 0) begins = last + delayMs
  }
  return last
}

/** QUIC is one round trip less; what is neither (memory, unix sockets) costs nothing to try, and is alone as a rule. */
const families = ['quic', 'tcp', 'other'] as const

function familyOf (address: Multiaddr): typeof families[number] {
  if (address.has('quic-v1') || address.has('quic')) return 'quic'
  return address.has('tcp') ? 'tcp' : 'other'
}

/** IPv6 first, and then in turns: where one of both is broken, the other follows at once. */
function interleaved (addresses: readonly Multiaddr[]): readonly Multiaddr[] {
  const ip6 = addresses.filter(isIp6)
  const others = addresses.filter(address => !isIp6(address))
  const turns: Multiaddr[] = []
  for (let i = 0; i < Math.max(ip6.length, others.length); i++) turns.push(...ip6.slice(i, i + 1), ...others.slice(i, i + 1))
  return turns
}

function isIp6 (address: Multiaddr): boolean {
  const [first] = address.components
  return first?.name === 'ip6' || first?.name === 'ip6zone' || first?.name === 'dns6'
}
