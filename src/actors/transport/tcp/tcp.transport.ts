/**
 * TCP: `/ip4/10.0.0.1/tcp/4001`, `/ip6/::1/tcp/4001`, `/ip6zone/eth0/ip6/fe80::1/tcp/4001`. Names are resolved before.
 *
 * It listens on `/ip4/0.0.0.0` and `/ip6/::` too, and then says which addresses that means: those of this machine, but for
 * link-local ones, which mean something else on every other link.
 */
import { Multiaddr } from '../../../messages/value/multiaddr.js'
import type { Transport } from '../../contract/transport.js'
import { linkTransport, shapeOf, type AddressForm, type LinkTransportOptions } from '../link-transport.js'

export interface TcpTransportOptions extends LinkTransportOptions {
  /** IP addresses of this machine, as of now. */
  readonly interfaces: () => readonly string[]
}

export function tcpTransport (options: TcpTransportOptions): Transport {
  return linkTransport(tcpForm(options.interfaces), options)
}

const shapes: readonly string[] = ['ip4/tcp', 'ip6/tcp', 'ip6zone/ip6/tcp']

function tcpForm (interfaces: () => readonly string[]): AddressForm {
  return {
    name: 'tcp',
    toPort (address, use) {
      const { endpoint } = address
      // Nobody can be reached at port 0; to listen there is to ask for any.
      if (endpoint === undefined || !shapes.includes(shapeOf(address)) || (endpoint.port === 0 && use === 'dial')) return undefined
      return portAddress(endpoint.host, endpoint.port)
    },
    fromPort (address) {
      const { host, port } = split(address)
      const [ip = '', zone] = host.split('%')
      return Multiaddr.parse(`${zone === undefined ? '' : `/ip6zone/${zone}`}/${kindOf(ip)}/${ip}/tcp/${port}`)
    },
    expand (address) {
      const { host, port } = split(address)
      if (host !== '0.0.0.0' && host !== '::') return [address]
      return interfaces().filter(ip => kindOf(ip) === kindOf(host) && !isLinkLocal(ip)).map(ip => portAddress(ip, port))
    }
  }
}

function portAddress (host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function split (address: string): { readonly host: string, readonly port: string } {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: address.slice(colon + 1) }
}

/** Hosts of a simulated network may have names only. */
function kindOf (host: string): 'ip4' | 'ip6' | 'dns' {
  if (host.includes(':')) return 'ip6'
  return /^[\d.]+$/.test(host) ? 'ip4' : 'dns'
}

/** 169.254.0.0/16 (RFC 3927) and fe80::/10 (RFC 4291, 2.5.6). */
function isLinkLocal (ip: string): boolean {
  return ip.startsWith('169.254.') || /^fe[89ab]/i.test(ip)
}
