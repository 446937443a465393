// Questions and answers on one stream, each behind its length, none longer than it may be.
import { createNode, protocol } from 'troupe'

const maxBytes = 1024
const encode = value => new TextEncoder().encode(JSON.stringify(value))
const decode = bytes => JSON.parse(new TextDecoder().decode(bytes))

const sum = protocol('/sum/1.0.0', {
  limits: { inbound: 4, idleMs: 30_000 },
  async inbound (stream) {
    for (let question = await stream.readPrefixed({ maxBytes }); question !== null; question = await stream.readPrefixed({ maxBytes })) {
      await stream.writePrefixed(encode(decode(question).reduce((total, number) => total + number, 0)))
    }
  }
})

const server = await createNode({ protocols: [sum] })
const client = await createNode()
const stream = await client.dialProtocol(server.getMultiaddrs(), sum)

for (const numbers of [[1, 2, 3], [20, 22], []]) {
  await stream.writePrefixed(encode(numbers))
  console.log(decode(await stream.readPrefixed({ maxBytes }))) // 6, then 42, then 0
}

// The server reads no more of this one than its length.
await stream.writePrefixed(encode(new Array(1000).fill(1)))
await stream.readPrefixed({ maxBytes }).catch(error => { console.log(error.code) }) // stream/protocol-violation

await client.stop()
await server.stop()
