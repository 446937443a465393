/** Which addresses this node tells others. */
import type { Multiaddr } from '../../messages/value/multiaddr.js'

/** As those of js-libp2p. All without a peer id, or with our own. */
export interface AnnounceOptions {
  /** Told in place of the addresses it listens on and is seen at. For a node behind a proxy, or with a name. Default: none. */
  readonly announce?: readonly Multiaddr[]
  /** Told besides. Default: none. */
  readonly appendAnnounce?: readonly Multiaddr[]
  /**
   * Never told: an address, all that begin with it (`/ip4/10.0.0.7`), or all of a network (`/ip4/10.0.0.0/ipcidr/8`). Default:
   * none. For what is nobody else's business.
   */
  readonly noAnnounce?: readonly Multiaddr[]
}

/** Each once, without the peer. */
export function announced (listening: readonly Multiaddr[], observed: readonly Multiaddr[], options: AnnounceOptions): readonly Multiaddr[] {
  const { announce = [], appendAnnounce = [], noAnnounce = [] } = options
  const unique = new Map<string, Multiaddr>()
  for (const address of [...announce.length > 0 ? announce : [...listening, ...observed], ...appendAnnounce]) {
    const bare = address.withoutPeer()
    if (bare !== undefined && !noAnnounce.some(rule => covers(rule, bare))) unique.set(bare.toString(), bare)
  }
  return [...unique.values()]
}

function covers (rule: Multiaddr, { components }: Multiaddr): boolean {
  const [net, mask] = rule.components
  if (net !== undefined && mask?.name === 'ipcidr') {
    const [ip] = components
    return ip?.name === net.name && samePrefix(ip.bytes, net.bytes, Number(mask.value))
  }
  return rule.components.every(({ name, value }, i) => components[i]?.name === name && components[i].value === value)
}

function samePrefix (a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let i = 0; i * 8 < bits; i++) {
    const mask = bits >= i * 8 + 8 ? 0xff : 0xff00 >> bits - i * 8 & 0xff
    if (((a[i] ?? 0) & mask) !== ((b[i] ?? 0) & mask)) return false
  }
  return true
}
