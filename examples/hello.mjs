// Two nodes meet, and one echoes what the other says.
import { createNode, protocol } from 'troupe'

const echo = protocol('/echo/1.0.0', async stream => {
  for await (const bytes of stream) await stream.write(bytes)
})

const alice = await createNode({ protocols: [echo] })
const bob = await createNode()

const stream = await bob.dialProtocol(alice.getMultiaddrs(), echo)
await stream.write(new TextEncoder().encode('hello, Alice'))
await stream.close()
const answer = await stream.readAll({ maxBytes: 1024 })
console.log(new TextDecoder().decode(answer)) // hello, Alice

await bob.stop()
await alice.stop()
