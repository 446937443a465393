/**
 * Within a process: `/memory/42`. To listen on `/memory/0` is to ask for any name that is free. An address that came from
 * another process means nothing here, and should not be dialed.
 */
import { Multiaddr } from '../../../messages/value/multiaddr.js'
import type { Transport } from '../../contract/transport.js'
import { linkTransport, shapeOf, type AddressForm, type LinkTransportOptions } from '../link-transport.js'

export function memoryTransport (options: LinkTransportOptions): Transport {
  return linkTransport(memoryForm, options)
}

const scheme = 'memory:'

const memoryForm: AddressForm = {
  name: 'memory',
  toPort (address, use) {
    const name = address.value('memory')
    return name === undefined || shapeOf(address) !== 'memory' || (name === '0' && use === 'dial') ? undefined : `${scheme}${name}`
  },
  fromPort: address => Multiaddr.parse(`/memory/${address.slice(scheme.length)}`)
}
