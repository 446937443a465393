import { createNode, protocol } from '../../src/index.js'
import { auditProtocol, loopback, type Party } from './party.js'

/** This project, with TCP, Noise and Yamux. */
export async function start (): Promise<Party> {
  const node = await createNode({ listen: [loopback], identify: false, ping: false })
  return {
    async serve (onBytes) {
      node.register(protocol(auditProtocol, {
        async inbound (stream) {
          for (let bytes = await stream.read(); bytes !== null; bytes = await stream.read()) onBytes(bytes)
        }
      }))
      return node.getMultiaddrs()[0]!.toString()
    },
    dial: address => node.dial(address),
    open: address => node.dialProtocol(address, auditProtocol),
    stop: () => node.stop()
  }
}
