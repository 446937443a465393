// A protocol of one's own: it gives back in capitals what it is sent, to at most four streams of a connection at a time.
import { createNode, protocol } from 'troupe'

const shout = protocol('/shout/1.0.0', {
  limits: { inbound: 4, idleMs: 10_000 },
  async inbound (stream) {
    const text = new TextDecoder().decode(await stream.readAll({ maxBytes: 4096 }))
    await stream.write(new TextEncoder().encode(text.toUpperCase()))
  }
})

const server = await createNode({ protocols: [shout] })
const client = await createNode()

const stream = await client.dialProtocol(server.getMultiaddrs(), shout)
await stream.write(new TextEncoder().encode('can you hear me?'))
await stream.close()
console.log(new TextDecoder().decode(await stream.readAll({ maxBytes: 4096 }))) // CAN YOU HEAR ME?

await client.stop()
await server.stop()
