/**
 * The internet on one machine: whoever dials from 127.x.y.z, but for 127.0.0.1, is seen as 45.x.y.z, and the node listens at an
 * address of the internet besides. So limits by source hold as they do outside, and what is only believed of strangers can be said.
 */
import type { Component } from '../../../src/index.js'
import type { Opened, Transport } from '../../../src/actors/contract/transport.js'
import { tcpTransport } from '../../../src/actors/transport/tcp/tcp.transport.js'
import { Multiaddr } from '../../../src/messages/value/multiaddr.js'

const near = '127.0.0.1'
/** Where the node is seen. */
const ours = '44.0.0.1'

export function internet (): Component<Transport> {
  return ({ environment, now, system }) => {
    const transport = tcpTransport({ port: environment.tcp(system, {}), now, interfaces: () => [near, ours] })
    return {
      ...transport,
      listen: (address, listener) => transport.listen(address, {
        ...listener,
        onOpen: opened => { listener.onOpen(abroad(opened)) }
      })
    }
  }
}

function abroad (opened: Opened): Opened {
  if (opened.kind !== 'link') return opened
  const { handle } = opened
  const from = handle.remoteMultiaddr.toString()
  if (from.startsWith(`/ip4/${near}/`)) return opened
  Object.assign(handle, {
    remoteMultiaddr: Multiaddr.parse(from.replace('/ip4/127.', '/ip4/45.')),
    localMultiaddr: Multiaddr.parse(handle.localMultiaddr.toString().replace(near, ours))
  })
  return opened
}
