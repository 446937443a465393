/** Says so when a bare TCP server listens. */
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
console.log(JSON.stringify({ event: 'listening', addresses: [`/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`] }))
server.close()
