/**
 * Where others see us, and when that is to be believed (libp2p/specs identify/README.md, `observedAddr`).
 *
 * Each connection gives one observation: what its remote says our address is. It counts for the one who observes, by his
 * network: an IPv4 address, or a /56 of IPv6, is one observer however many keys it has. What enough observers agree on is
 * believed, for one of our listen addresses each:
 *
 * - where our end of the connection is a listen address (an inbound connection, or a dial from the listen port), that one is
 *   seen as what was observed, port included;
 * - where we dialed from any free port, only the IP address says something: any listen address of the same transport and kind
 *   of IP may be reached there, by its own port.
 *
 * An observation lasts as long as its connection, and `ttlMs` longer. Time is an argument.
 */
import { scopeOf } from '../../messages/value/address-scope.js'
import { Multiaddr } from '../../messages/value/multiaddr.js'

export interface ObservedOptions {
  /** Observers, of different networks, who must agree. Default 4, as go-libp2p. Limits: false observed addresses (A19): to be believed costs as many networks. */
  readonly observers: number
  /** Addresses believed for one listen address, those of most observers. Default 3, as go-libp2p. Limits: how much of our record others can fill. */
  readonly perListener: number
  /** How long an observation holds after its connection has ended, in milliseconds. Default 30 min, go's `OwnObservedAddrTTL`. */
  readonly ttlMs: number
  /** Observations kept, and of those from one network. Defaults 1,024 and 16. Limits: what observers can make us remember. */
  readonly observations: number
  readonly perNetwork: number
}

export const observedDefaults: ObservedOptions = { observers: 4, perListener: 3, ttlMs: 30 * 60_000, observations: 1024, perNetwork: 16 }

/** Both ends of a connection, and who has opened it does not matter. */
export interface Ends {
  readonly localAddress: Multiaddr
  readonly remoteAddress: Multiaddr
}

interface Observation {
  readonly network: string
  readonly local: Endpoint
  readonly seen: Endpoint
  /** Infinity while the connection is there. */
  expiresAt: number
}

/** `/ip4/1.2.3.4/tcp/4001`, and what comes behind it. */
interface Endpoint {
  readonly ip: string
  readonly port: string
  /** `ip4/tcp` */
  readonly kind: string
  readonly rest: string
}

export class ObservedAddresses {
  private readonly options: ObservedOptions
  /** By connection, the oldest first. */
  private readonly observations = new Map<string, Observation>()

  constructor (options: Partial<ObservedOptions> = {}) {
    this.options = { ...observedDefaults, ...options }
    for (const [name, value] of Object.entries(this.options)) if (!(value >= 0)) throw new RangeError(`observed.${name}: must be a number, zero or more; got ${String(value)}`)
  }

  get size (): number {
    return this.observations.size
  }

  /** When the next observation is over; Infinity when none is about to. */
  get nextTimeout (): number {
    return Math.min(Infinity, ...[...this.observations.values()].map(({ expiresAt }) => expiresAt))
  }

  /** What the remote of a connection has said; the last word of each counts. False when it means nothing to us. */
  observe (connection: string, { localAddress, remoteAddress }: Ends, address: Multiaddr): boolean {
    const local = endpointOf(localAddress)
    const seen = endpointOf(address)
    const network = networkOf(remoteAddress)
    this.observations.delete(connection)
    if (local === undefined || seen === undefined || network === undefined) return false
    if (seen.kind !== local.kind || scopeOf(address) !== 'internet' || isTranslated(seen)) return false
    this.makeRoom(network)
    this.observations.set(connection, { network, local, seen, expiresAt: Infinity })
    return true
  }

  ended (connection: string, now: number): void {
    const observation = this.observations.get(connection)
    if (observation !== undefined) observation.expiresAt = Math.min(observation.expiresAt, now + this.options.ttlMs)
  }

  expire (now: number): void {
    for (const [connection, { expiresAt }] of this.observations) if (expiresAt <= now) this.observations.delete(connection)
  }

  /** For these listen addresses: those of most observers first; in the order of the listen addresses. */
  believed (listening: readonly Multiaddr[]): readonly Multiaddr[] {
    const { observers, perListener } = this.options
    const endpoints = listening.flatMap(address => scopeOf(address) === 'machine' ? [] : endpointOf(address) ?? [])
    const listens = new Set(endpoints.map(placeOf))
    const found = new Map<string, Multiaddr>()
    for (const own of endpoints) {
      const votes = new Map<string, Set<string>>()
      for (const { local, network, seen } of this.observations.values()) {
        if (seen.kind !== own.kind) continue
        const exact = listens.has(placeOf(local))
        // Seen is another of our listen addresses.
        if (exact && placeOf(local) !== placeOf(own)) continue
        const place = placeOf(exact ? seen : { ...seen, port: own.port })
        votes.set(place, (votes.get(place) ?? new Set()).add(network))
      }
      const best = [...votes].filter(([, networks]) => networks.size >= observers)
        .sort(([a, ofA], [b, ofB]) => ofB.size - ofA.size || (a < b ? -1 : 1))
        .slice(0, perListener)
      for (const [place] of best) found.set(place + own.rest, Multiaddr.parse(place + own.rest))
    }
    return [...found.values()]
  }

  /** Of a network that says much its own oldest word goes, else the oldest of all; those whose connection has ended first. */
  private makeRoom (network: string): void {
    const oldest = (of: (observation: Observation) => boolean): void => {
      const candidates = [...this.observations].filter(([, observation]) => of(observation))
      const [gone] = candidates.find(([, { expiresAt }]) => expiresAt < Infinity) ?? candidates[0] ?? []
      if (gone !== undefined) this.observations.delete(gone)
    }
    let same = 0
    for (const observation of this.observations.values()) if (observation.network === network) same++
    if (same >= this.options.perNetwork) oldest(observation => observation.network === network)
    else if (this.observations.size >= this.options.observations) oldest(() => true)
  }
}

const placeOf = ({ ip, kind, port }: Endpoint): string => {
  const [family = '', transport = ''] = kind.split('/')
  return `/${family}/${ip}/${transport}/${port}`
}

/** Undefined for what is no IP address with a port, and for the way over a relay. */
function endpointOf (address: Multiaddr): Endpoint | undefined {
  const [ip, port, ...rest] = address.withoutPeer()?.components ?? []
  if (ip === undefined || port === undefined || address.has('p2p-circuit')) return undefined
  if (!['ip4', 'ip6'].includes(ip.name) || !['tcp', 'udp'].includes(port.name)) return undefined
  return { ip: ip.value, port: port.value, kind: `${ip.name}/${port.name}`, rest: rest.map(({ name, value }) => value === '' ? `/${name}` : `/${name}/${value}`).join('') }
}

/** Whose word it is. Undefined for one near us: he sees what the internet does not, and the internet is not what he sees. */
function networkOf (address: Multiaddr): string | undefined {
  const endpoint = endpointOf(address)
  const [first] = address.components
  if (endpoint === undefined || first === undefined || scopeOf(address) !== 'internet') return undefined
  return first.name === 'ip4' ? endpoint.ip : Array.from(first.bytes.subarray(0, 7), byte => byte.toString(16).padStart(2, '0')).join('')
}

/** The well-known prefix of NAT64 (RFC 6052): such an address is one of the observer's own network. */
function isTranslated ({ ip }: Endpoint): boolean {
  return ip.startsWith('64:ff9b:')
}
