/**
 * From how far away an address can mean the same place. What a peer says of itself is worth dialing only as far as we share that
 * place with it: an address of its loopback interface leads to us when the peer is elsewhere, one of its home network to
 * strangers on ours. Who dials all that he is told can be made to knock on any door behind his firewall.
 */
import { matchesPrefix as matches, parsePrefix as prefix, type IpPrefix as Prefix } from './ip-prefix.js'
import type { Multiaddr } from './multiaddr.js'

/**
 * - `process`: `/memory`, `/unix`, and zones of IPv6: names that only their own machine gives, to whom it trusts.
 * - `machine`: loopback.
 * - `site`: networks that are not reached from the internet (RFC 1918, 3927, 4193, 4291, 6598).
 * - `internet`: everything else, names included: where those lead only their resolution tells.
 */
export type AddressScope = 'process' | 'machine' | 'site' | 'internet'

/** Of the first step: that is where a socket goes, also on the way to a relay. */
export function scopeOf (address: Multiaddr): AddressScope {
  const [first] = address.components
  switch (first?.name) {
    case 'memory':
    case 'unix':
    case 'ip6zone': return 'process'
    case 'ip4': return scopeOfIp4(first.bytes)
    case 'ip6': return scopeOfIp6(first.bytes)
    case 'dns':
    case 'dns4':
    case 'dns6':
    case 'dnsaddr': return /(^|\.)localhost\.?$/i.test(first.value) ? 'machine' : 'internet'
    default: return 'internet'
  }
}

/**
 * Those of a peer's own addresses that can mean the same to us as to the peer, who was seen at `seenAt` (somewhere, when it is
 * not known any more); as go-libp2p has it. Never those of scope `process`: a socket file of ours is nobody else's to name.
 */
export function sharedAddresses (addresses: readonly Multiaddr[], seenAt: Multiaddr | undefined): readonly Multiaddr[] {
  const near = seenAt === undefined ? 'internet' : scopeOf(seenAt)
  const onMachine = near === 'process' || near === 'machine'
  return addresses.filter(address => {
    switch (scopeOf(address)) {
      case 'process': return false
      case 'machine': return onMachine
      case 'site': return onMachine || near === 'site'
      case 'internet': return true
    }
  })
}

function scopeOfIp4 (bytes: Uint8Array): AddressScope {
  const at = (prefix: Prefix): boolean => matches(bytes, prefix)
  return loopback4.some(at) ? 'machine' : site4.some(at) ? 'site' : 'internet'
}

function scopeOfIp6 (bytes: Uint8Array): AddressScope {
  const at = (prefix: Prefix): boolean => matches(bytes, prefix)
  if (at(mapped)) return scopeOfIp4(bytes.subarray(12))
  return loopback6.some(at) ? 'machine' : site6.some(at) ? 'site' : 'internet'
}

/** To connect to "any" is to connect to oneself. */
const loopback4 = ['127.0.0.0/8', '0.0.0.0/8'].map(prefix)
const loopback6 = ['::1/128', '::/128'].map(prefix)
const mapped = prefix('::ffff:0.0.0.0/96')
const site4 = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '100.64.0.0/10'].map(prefix)
const site6 = ['fc00::/7', 'fe80::/10'].map(prefix)
