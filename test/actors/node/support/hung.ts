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

/** Of multistream: `\x13/multistream/1.0.0\n`. */
const header = 20
const noiseToken = '\x07/noise\n'
/** Of something: it has begun to be said. */
const some = 10

/**
 * Behind which byte of all that it wants to say it is silent; all of it, while that cannot be told yet. By bytes, because how many
 * pieces they are sent in differs from run to run.
 */
function silentFrom (stage: HungStage, initiator: boolean, said: Uint8Array): number {
  const token = Buffer.from(said).indexOf(noiseToken, 0, 'latin1')
  const proposal = token < 0 ? Infinity : token + noiseToken.length
  // A message of Noise says its length first.
  const endOf = (at: number): number => at + 2 <= said.length ? at + 2 + (said[at]! << 8) + said[at + 1]! : Infinity
  switch (stage) {
    case 'tcp': return 0
    case 'multistream': return header
    // Of the three messages the initiator has the first and the last, the responder the second.
    case 'noise 1': return initiator ? proposal + some : proposal
    case 'noise 2': return initiator ? endOf(proposal) : proposal + some
    case 'noise 3': return endOf(proposal) + (initiator ? some : 0)
    case 'muxer': return (initiator ? endOf(endOf(proposal)) : endOf(proposal)) + some
    default: return Infinity
  }
}

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
  const hangs = stageOf(stage) < stageOf('stream')
  let said = new Uint8Array()
  let sent = 0
  let silent = false
  const flush = (): void => {
    said = Uint8Array.from([...said, ...stack.flush()])
    const until = Math.min(silentFrom(stage, initiator, said), said.length)
    if (until > sent) socket.write(said.slice(sent, until))
    sent = Math.max(sent, until)
    silent = hangs && sent === silentFrom(stage, initiator, said)
  }
  flush()
  await new Promise<void>(resolve => {
    if (silent) resolve()
    setTimeout(resolve, 20_000).unref()
    socket.on('data', (bytes: Buffer) => {
      if (!silent) stack.feed(Uint8Array.from(bytes))
      flush()
      if (stack.muxer !== undefined && !hangs && goOn()) flush()
      if (silent || (!hangs && stack.muxer !== undefined)) resolve()
    })
  })
}

const stageOf = (stage: HungStage): number => hungStages.indexOf(stage)

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
