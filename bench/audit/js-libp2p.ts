import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { auditProtocol, loopback, type Party } from './party.js'

/** js-libp2p with the same parts. Its streams are read the shortest way that it has: by a listener. */
export async function start (): Promise<Party> {
  const node = await createLibp2p({
    addresses: { listen: [loopback] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()]
  })
  return {
    async serve (onBytes) {
      await node.handle(auditProtocol, stream => {
        stream.addEventListener('message', ({ data }) => { onBytes(data instanceof Uint8Array ? data : data.subarray()) })
      })
      return node.getMultiaddrs()[0]!.toString()
    },
    dial: address => node.dial(multiaddr(address)),
    async open (address) {
      const stream = await node.dialProtocol(multiaddr(address), auditProtocol)
      return {
        async write (bytes) {
          if (!stream.send(bytes)) await new Promise(resolve => { stream.addEventListener('drain', resolve, { once: true }) })
        },
        close: () => stream.close()
      }
    },
    async stop () { await node.stop() }
  }
}
