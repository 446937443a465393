/**
 * Who may be dealt with at all: peers and ranges of IP addresses that are blocked, and those that alone are allowed. What is blocked
 * is refused, allowed or not; a list of what is allowed that is empty allows all.
 */
import type { Multiaddr } from '../../messages/value/multiaddr.js'
import { matchesPrefix, parsePrefix, printPrefix, type IpPrefix } from '../../messages/value/ip-prefix.js'
import { PeerId } from '../../messages/value/peer-id.js'

/** A peer id, or a range of IP addresses: `12D3Koo...`, `10.0.0.0/8`, `2001:db8::1`. */
export type AccessEntry = PeerId | string

export interface AccessListsOptions {
  readonly allow?: readonly AccessEntry[]
  readonly block?: readonly AccessEntry[]
}

/** Changed at any time; what it says holds for the next question. */
export class AccessLists {
  private readonly allowed = new Entries()
  private readonly blocked = new Entries()

  /** @throws TypeError that names the entry */
  constructor ({ allow = [], block = [] }: AccessListsOptions = {}) {
    for (const entry of allow) this.allow(entry)
    for (const entry of block) this.block(entry)
  }

  /** From now on only those that are allowed, of this kind (peers, or addresses). @throws TypeError */
  allow (entry: AccessEntry): void {
    this.allowed.add(entry)
  }

  /** Takes it off that list. @throws TypeError */
  disallow (entry: AccessEntry): void {
    this.allowed.delete(entry)
  }

  /** @throws TypeError */
  block (entry: AccessEntry): void {
    this.blocked.add(entry)
  }

  /** @throws TypeError */
  unblock (entry: AccessEntry): void {
    this.blocked.delete(entry)
  }

  get entries (): { readonly allow: readonly string[], readonly block: readonly string[] } {
    return { allow: this.allowed.all, block: this.blocked.all }
  }

  /** Why this peer is refused; undefined when it is not. */
  refusesPeer (peer: PeerId): string | undefined {
    const { allowed, blocked } = this
    if (blocked.peers.size === 0 && allowed.peers.size === 0) return undefined
    const text = peer.toString()
    if (blocked.peers.has(text)) return `${text} is blocked`
    return allowed.peers.size === 0 || allowed.peers.has(text) ? undefined : `${text} is not one of the peers that are allowed`
  }

  /** As `refusesPeer`. Of a relayed address it is the relay that is asked about. What has no IP address (memory, unix) is let through. */
  refusesAddress (address: Multiaddr): string | undefined {
    const { allowed, blocked } = this
    if (blocked.ranges.size === 0 && allowed.ranges.size === 0) return undefined
    const [first] = address.components
    if (first?.name !== 'ip4' && first?.name !== 'ip6') return undefined
    const range = blocked.rangeOf(first.bytes)
    if (range !== undefined) return `${range} is blocked`
    return allowed.ranges.size === 0 || allowed.rangeOf(first.bytes) !== undefined ? undefined : `${first.value} is in none of the ranges that are allowed`
  }
}

class Entries {
  readonly peers = new Set<string>()
  /** By text. */
  readonly ranges = new Map<string, IpPrefix>()

  get all (): readonly string[] {
    return [...this.peers, ...this.ranges.keys()]
  }

  add (entry: AccessEntry): void {
    const { peer, range } = parse(entry)
    if (peer !== undefined) this.peers.add(peer)
    if (range !== undefined) this.ranges.set(printPrefix(range), range)
  }

  delete (entry: AccessEntry): void {
    const { peer, range } = parse(entry)
    if (peer !== undefined) this.peers.delete(peer)
    if (range !== undefined) this.ranges.delete(printPrefix(range))
  }

  rangeOf (ip: Uint8Array): string | undefined {
    for (const [text, range] of this.ranges) if (matchesPrefix(ip, range)) return text
    return undefined
  }
}

function parse (entry: AccessEntry): { readonly peer?: string, readonly range?: IpPrefix } {
  if (entry instanceof PeerId) return { peer: entry.toString() }
  if (typeof entry !== 'string') throw new TypeError(`access: an entry must be a peer id or a range of IP addresses; got ${typeof entry}`)
  if (entry.includes('.') || entry.includes(':')) return { range: parsePrefix(entry) }
  try {
    return { peer: PeerId.parse(entry).toString() }
  } catch (error) {
    throw new TypeError(`access: ${JSON.stringify(entry)} is neither a peer id nor a range of IP addresses`, { cause: error })
  }
}
