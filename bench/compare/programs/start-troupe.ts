/** Says so when it listens, with defaults, and ends. */
import { createNode } from '../../../src/index.js'

const node = await createNode({ listen: ['/ip4/127.0.0.1/tcp/0'] })
console.log(JSON.stringify({ event: 'listening', addresses: node.getMultiaddrs().map(String) }))
await node.stop()
