/** Says so when it listens, with defaults, and ends. What it loads is what is published: the package by its own name. */
import type * as Troupe from '../../../src/index.js'

const troupe: string = 'troupe'
const { createNode } = await import(troupe) as typeof Troupe

const node = await createNode({ listen: ['/ip4/127.0.0.1/tcp/0'] })
console.log(JSON.stringify({ event: 'listening', addresses: node.getMultiaddrs().map(String) }))
await node.stop()
