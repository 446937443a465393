/** Whether an address lies in the private network that one of ours is in: then it means the same host to us as to whoever told us. */
import { matchesPrefix, parsePrefix, type IpPrefix } from './ip-prefix.js'
import { parseIp } from './ip-address.js'
import type { Multiaddr } from './multiaddr.js'

/**
 * Private ranges (RFC 1918, 3927, 4193, 4291, 6598). Networks are told apart by range, and within IPv6's unique local addresses by
 * site: what netmask a remote network has nobody tells us.
 */
const ranges: readonly IpPrefix[] = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '100.64.0.0/10', 'fe80::/10'].map(parsePrefix)
const uniqueLocal = parsePrefix('fc00::/7')
const siteBits = 48

/** @param held an IP address of this machine, as text */
export function samePrivateNetwork (address: Multiaddr, held: string): boolean {
  const [first] = address.components
  const theirs = first?.name === 'ip4' || first?.name === 'ip6' ? first.bytes : undefined
  const ours = parseIp(held)
  if (theirs === undefined || ours === undefined) return false
  if (matchesPrefix(theirs, uniqueLocal)) return matchesPrefix(ours, { bytes: theirs, bits: siteBits })
  return ranges.some(range => matchesPrefix(theirs, range) && matchesPrefix(ours, range))
}
