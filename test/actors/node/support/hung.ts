/**
 * Peers that hang, in a process of their own: `node hung.js ADDRESS PEERS`. Each falls silent at one of the stages, by turns, and holds
 * its socket. It says `ready` when all are in place, and ends with its input.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { generateKeyPair } from '../../../../src/actors/node/keys.js'
import { noise, noiseSignatureInput } from '../../../../src/actors/security/noise/noise-handshake.core.js'
import { Multiaddr } from '../../../../src/index.js'
import { BufferPool } from '../../../../src/runtime/bytes/pool.js'
import { nodeCrypto } from '../../../../src/runtime/crypto/node.js'
import { Stack } from '../../../core/support/stack.js'
import { socketTo } from './intruder.js'
import { deafProtocol, hungStages, type HungStage } from './hung-stages.js'

/** How many times it sends before it is silent; undefined: for ever. */
const sends: Readonly<Partial<Record<HungStage, number>>> = { 'tcp': 0, 'multistream': 1, 'noise 1': 2, 'noise 2': 3, 'noise 3': 4, 'muxer': 5 }

async function hang (socket: Socket, stage: HungStage, initiator: boolean): Promise<void> {
  const key = await generateKeyPair()
  const staticKey = nodeCrypto.generateX25519()
  const security = noise({
    crypto: nodeCrypto,
    staticKey,
    ephemeralKey: () => nodeCrypto.generateX25519(),
    identity: { key: key.publicKey.toProtobuf(), signature: key.sign(nodeCrypto, noiseSignatureInput(staticKey.publicKey)) },
    pool: new BufferPool(65_536)
  })
  // Without an early muxer, so that there is a stage of its own for it.
  const stack = new Stack(initiator, { security, early: [] })
  const goOn = whatFollows(stack, stage)
  let left = sends[stage] ?? Infinity
  const flush = (): void => {
    const bytes = stack.flush()
    if (bytes.length === 0 || left-- <= 0) return
    socket.write(bytes)
  }
  flush()
  await new Promise<void>(resolve => {
    if (stage === 'tcp') resolve()
    setTimeout(resolve, 20_000).unref()
    socket.on('data', (bytes: Buffer) => {
      if (left > 0) stack.feed(Uint8Array.from(bytes))
      flush()
      if (stack.muxer !== undefined && left === Infinity && goOn()) flush()
      if (left <= 0 || stack.muxer !== undefined) resolve()
    })
  })
}

/** What it does once it is connected, if it comes so far; once. */
function whatFollows (stack: Stack, stage: HungStage): () => boolean {
  let done = false
  return () => {
    if (done) return false
    done = true
    if (stage === 'stream') stack.muxer?.open()
    if (stage === 'stream negotiation') stack.open('/test/nobody-speaks-this', false)
    if (stage === 'handler') stack.open(deafProtocol, false)
    return true
  }
}

const [address = '', count = '0'] = process.argv.slice(2)
const target = Multiaddr.parse(address)
const servers: Server[] = []
const sockets: Socket[] = []

for (const stage of hungStages) {
  const server = createServer(socket => {
    socket.on('error', () => {})
    sockets.push(socket)
    void hang(socket, stage, false)
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  servers.push(server)
}
for (let n = 0; n < Number(count); n += 50) {
  await Promise.all(Array.from({ length: Math.min(50, Number(count) - n) }, async (_, i) => {
    const socket = socketTo(target)
    sockets.push(socket)
    await new Promise(resolve => { socket.once('connect', resolve) })
    await hang(socket, hungStages[(n + i) % hungStages.length]!, true)
  }))
}
const ports = servers.map(server => (server.address() as { readonly port: number }).port)
console.log(`ready ${ports.join(' ')}`)
process.stdin.resume()
process.stdin.on('end', () => { process.exit(0) })
