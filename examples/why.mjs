// A handler crashes: its stream is reset, nothing else happens, and the node knows why.
import { createNode, protocol } from 'troupe'
import { explain } from 'troupe/runtime'

let path = ''
const faulty = protocol('/faulty/1.0.0', async stream => {
  path = `${stream.path}/handler`
  const request = await stream.readAll({ maxBytes: 100 })
  throw new TypeError(`nobody has thought of ${request.length} bytes`)
})

const server = await createNode({ protocols: [faulty], log: { level: 'off' } }) // or it would tell at once
const client = await createNode()

for (const text of ['once', 'and once more']) {
  const stream = await client.dialProtocol(server.getMultiaddrs(), faulty)
  await stream.write(new TextEncoder().encode(text))
  await stream.close()
  await stream.read().catch(error => { console.log(error.code) }) // stream/reset, then stream/reset
}
console.log(client.getConnections().length) // 1

console.log(explain(server.inspect.why(path)).replace(path, 'It')) // It (handler) crashed in a task: TypeError: nobody has thought of 13 bytes...

await client.stop()
await server.stop()
