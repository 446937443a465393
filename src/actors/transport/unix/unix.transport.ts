/**
 * Unix domain sockets: `/unix/run/troupe.sock`, and `/unix/%2Frun%2Ftroupe.sock/p2p/...` when something follows. For
 * processes of one machine; an address that came from another means nothing here, and should not be dialed.
 */
import { Multiaddr } from '../../../messages/value/multiaddr.js'
import type { Transport } from '../../contract/transport.js'
import { linkTransport, shapeOf, type AddressForm, type LinkTransportOptions } from '../link-transport.js'

export function unixTransport (options: LinkTransportOptions): Transport {
  return linkTransport(unixForm, options)
}

const scheme = 'unix:'
/** What every operating system takes. */
const longestPathBytes = 103

const encoder = new TextEncoder()

const unixForm: AddressForm = {
  name: 'unix',
  toPort (address) {
    const path = address.value('unix') ?? ''
    if (shapeOf(address) !== 'unix' || encoder.encode(path).length > longestPathBytes) return undefined
    return `${scheme}${path}`
  },
  fromPort: address => Multiaddr.parse(`/unix${address.slice(scheme.length)}`)
}
