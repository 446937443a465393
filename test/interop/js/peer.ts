/**
 * js-libp2p as a peer: the program behind `control.ts`, always in a process of its own, with `preload.ts` loaded first.
 *
 * Its streams are read by listeners that are attached at once, not by `for await`: the iterator of js-libp2p 3 never ends
 * when the remote closed before it began. Writers wait for the event `drain`; `onDrain()` returns too early.
 */
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify, identifyPush } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { pattern, patienceMs, protocols, type Answers, type CommandName, type Identity, type KeyType, type Outcome, type Sum, type Told } from '../control.js'

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>
type Node = Awaited<ReturnType<typeof start>>
type Connection = Awaited<ReturnType<Node['dial']>>
type Stream = Awaited<ReturnType<Connection['newStream']>>

const chunkBytes = 65_536
/** The registrar's default is 32 in, 64 out of one protocol on one connection: the 200 streams would be refused. */
const perProtocol = { maxInboundStreams: 1000, maxOutboundStreams: 1000 }

const { values: flags } = parseArgs({ options: { 'key-type': { type: 'string' }, 'listen': { type: 'string' } } })
const node = await start((flags['key-type'] ?? 'ed25519') as KeyType, flags.listen ?? '/ip4/127.0.0.1/tcp/0')
const seen = new Map<string, Identity>()
const served = new Map<string, (Sum & { outcome: Outcome })[]>()
/** Whoever waits for something looks again when anything has changed. */
const waiting = new Set<() => void>()

async function start (keyType: KeyType, listen: string) {
  return await createLibp2p({
    privateKey: await makeKey(keyType),
    addresses: { listen: [listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    // 200 streams that arrive with the handshake's last message wait for the connection; the default keeps 10.
    streamMuxers: [yamux({ maxEarlyStreams: 1000 })],
    // Everybody here is the same host: the default lets it connect five times a second.
    connectionManager: { inboundConnectionThreshold: 1000, maxIncomingPendingConnections: 1000 },
    services: { identify: identify(), identifyPush: identifyPush(), ping: ping(perProtocol) }
  })
}

async function makeKey (keyType: KeyType): Promise<PrivateKey> {
  switch (keyType) {
    case 'ed25519': return await generateKeyPair('Ed25519')
    case 'secp256k1': return await generateKeyPair('secp256k1')
    case 'ecdsa': return await generateKeyPair('ECDSA', 'P-256')
    case 'rsa': return await generateKeyPair('RSA', 2048)
  }
}

// --- streams -------------------------------------------------------------------------------------------------------

/** Hands every chunk to `take` until the remote has closed its side, or the stream is reset. */
function read (stream: Stream, take: (bytes: Uint8Array) => void): Promise<Outcome> {
  return new Promise(resolve => {
    const finish = (): void => resolve(stream.status === 'reset' || stream.status === 'aborted' ? 'reset' : 'end')
    stream.addEventListener('message', event => {
      const { data } = event
      take(data instanceof Uint8Array ? data : data.subarray())
    })
    stream.addEventListener('end', finish)
    stream.addEventListener('close', finish)
    if (stream.readableEnded || stream.status === 'closed' || stream.status === 'reset' || stream.status === 'aborted') finish()
    else if (stream.remoteWriteStatus === 'closed' && stream.readBufferLength === 0) finish()
  })
}

async function write (stream: Stream, bytes: Uint8Array): Promise<void> {
  if (stream.send(bytes)) return
  await new Promise<void>((resolve, reject) => {
    stream.addEventListener('drain', () => resolve(), { once: true })
    stream.addEventListener('close', () => reject(new Error('the stream ended while it was written')), { once: true })
  })
}

async function writePattern (stream: Stream, seed: number, bytes: number, from = 0): Promise<void> {
  for (let sent = from; sent < bytes; sent += chunkBytes) await write(stream, pattern(seed, sent, Math.min(chunkBytes, bytes - sent)))
}

class Tally {
  bytes = 0
  readonly #hash = createHash('sha256')
  #sum: Sum | undefined
  readonly take = (bytes: Uint8Array): void => {
    this.bytes += bytes.length
    this.#hash.update(bytes)
  }

  sum (): Sum {
    return this.#sum ??= { bytes: this.bytes, sha256: this.#hash.digest('hex') }
  }
}

// --- what is served ------------------------------------------------------------------------------------------------

async function serve (protocol: string, handler: (stream: Stream, connection: Connection, tally: Tally) => Promise<Outcome>): Promise<void> {
  await node.handle(protocol, async (stream, connection) => {
    const tally = new Tally()
    const outcome = await handler(stream, connection, tally).catch((error: unknown): Outcome => {
      console.error(protocol, error)
      return 'reset'
    })
    served.set(protocol, [...served.get(protocol) ?? [], { ...tally.sum(), outcome }])
    changed()
  }, perProtocol)
}

async function serveAll (): Promise<void> {
  await node.handle(protocols.echo, async stream => {
    let sent = Promise.resolve()
    await read(stream, bytes => {
      sent = sent.then(async () => { await write(stream, bytes) })
    })
    await sent
    await stream.close()
  }, perProtocol)

  await node.handle(protocols.perf, async stream => {
    const header: number[] = []
    await read(stream, bytes => { if (header.length < 8) header.push(...bytes.subarray(0, 8 - header.length)) })
    const wanted = Number(new DataView(Uint8Array.from(header).buffer).getBigUint64(0))
    for (let sent = 0; sent < wanted; sent += chunkBytes) await write(stream, new Uint8Array(Math.min(chunkBytes, wanted - sent)))
    await stream.close()
  }, perProtocol)

  await serve(protocols.sink, async (stream, _connection, tally) => {
    const outcome = await read(stream, tally.take)
    if (outcome === 'reset') return outcome
    const { bytes, sha256 } = tally.sum()
    const answer = new Uint8Array(40)
    new DataView(answer.buffer).setBigUint64(0, BigInt(bytes))
    answer.set(Buffer.from(sha256, 'hex'), 8)
    await write(stream, answer)
    await stream.close()
    return outcome
  })

  await serve(protocols.source, async (stream, _connection, tally) => {
    const order: number[] = []
    await read(stream, bytes => { order.push(...bytes) })
    const view = new DataView(Uint8Array.from(order).buffer)
    await writePattern(stream, view.getUint32(8), Number(view.getBigUint64(0)))
    await stream.close()
    tally.take(Uint8Array.from(order))
    return 'end'
  })

  await serve(protocols.closeFirst, async (stream, _connection, tally) => {
    const ended = read(stream, tally.take)
    await stream.close()
    return await ended
  })

  await serve(protocols.hold, async (stream, _connection, tally) => {
    return await read(stream, bytes => {
      if (tally.bytes === 0) stream.send(bytes.slice(0, 1))
      tally.take(bytes)
    })
  })

  await serve(protocols.reset, async (stream, _connection, tally) => {
    return await read(stream, bytes => {
      tally.take(bytes)
      stream.abort(new Error('reset, as the protocol says'))
    })
  })

  await serve(protocols.close, async (stream, connection, tally) => {
    return await read(stream, bytes => {
      tally.take(bytes)
      connection.close().catch((error: unknown) => { console.error('close', error) })
    })
  })
}

// --- commands ------------------------------------------------------------------------------------------------------

const commands: { [N in CommandName]: (told: Told<N>) => Promise<Answers<N>> } = {
  async 'identify' ({ address }) {
    const connection = await connect(address)
    return await identityOf(connection.remotePeer.toString())
  },

  async 'push' ({ address, protocol }) {
    await connect(address)
    // Identify push follows by itself, a second later.
    await node.handle(protocol, async stream => { await stream.close() })
    return {}
  },

  async 'ping' ({ address, count }) {
    const rttMs: number[] = []
    const peer = await connect(address)
    while (rttMs.length < count) rttMs.push(await node.services.ping.ping(peer.remotePeer))
    return { rttMs }
  },

  async 'echo' ({ address, bytes, seed }) {
    const stream = await open(address, protocols.echo)
    const tally = new Tally()
    const ended = read(stream, tally.take)
    await writePattern(stream, seed, bytes)
    await stream.close()
    return await ending(ended, tally)
  },

  async 'perf' ({ address, upload, download }) {
    const stream = await open(address, protocols.perf)
    const started = performance.now()
    const header = new Uint8Array(8)
    new DataView(header.buffer).setBigUint64(0, BigInt(download))
    const tally = new Tally()
    const ended = read(stream, tally.take)
    await write(stream, header)
    for (let sent = 0; sent < upload; sent += chunkBytes) await write(stream, new Uint8Array(Math.min(chunkBytes, upload - sent)))
    await stream.close()
    await ending(ended, tally)
    return { upload, download: tally.bytes, ms: performance.now() - started }
  },

  async 'streams' ({ address, count, bytes, seed }) {
    const connection = await connect(address)
    const half = Math.ceil(bytes / 2)
    const all = await Promise.all(Array.from({ length: count }, async (_, index) => {
      const stream = await connection.newStream(protocols.echo, perProtocol)
      const chunks: Uint8Array[] = []
      let received = 0
      const ended = read(stream, chunk => {
        chunks.push(chunk)
        received += chunk.length
        changed()
      })
      await write(stream, pattern(seed + index, 0, half))
      await until(() => received >= half, `half an echo on stream ${index}`)
      return { stream, index, chunks, ended }
    }))
    const open = connection.streams.filter(stream => stream.protocol === protocols.echo).length
    await Promise.all(all.map(async ({ stream, index }) => {
      await write(stream, pattern(seed + index, half, bytes - half))
      await stream.close()
    }))
    const tally = new Tally()
    for (const { chunks, ended, index } of all) {
      if (await within(ended, `the end of stream ${index}`) === 'reset') throw new Error(`stream ${index} was reset`)
      for (const chunk of chunks) tally.take(chunk)
    }
    return { streams: open, ...tally.sum() }
  },

  async 'half-close' ({ address, by, bytes, seed }) {
    return by === 'dialer' ? await toSink(address, bytes, seed) : await afterTheirEnd(address, bytes, seed)
  },

  async 'reset' ({ address, by }) {
    const stream = await open(address, by === 'dialer' ? protocols.hold : protocols.reset)
    const outcome = await firstByte(stream, by, () => stream.abort(new Error('reset, as was asked')))
    return { outcome }
  },

  async 'close' ({ address, by }) {
    const connection = await connect(address)
    const stream = await open(address, by === 'dialer' ? protocols.hold : protocols.close)
    const outcome = await firstByte(stream, by, () => {
      connection.close().catch((error: unknown) => { console.error('close', error) })
    })
    await until(() => connection.status !== 'open' && node.getConnections(connection.remotePeer).length === 0, 'the connection to be gone')
    return { outcome }
  },

  async 'bulk' ({ address, way, bytes, seed }) {
    await connect(address)
    const started = performance.now()
    const sum = way === 'up' ? await toSink(address, bytes, seed) : await fromSource(address, bytes, seed)
    return { ...sum, ms: performance.now() - started }
  },

  async 'seen' ({ peer, protocol }) {
    return await identityOf(peer, protocol)
  },

  async 'served' ({ protocol }) {
    await until(() => (served.get(protocol)?.length ?? 0) > 0, `a stream of ${protocol}`)
    return served.get(protocol)!.shift()!
  },

  async 'connected' ({ peer, want }) {
    await until(() => (connectionsTo(peer).length > 0) === want, want ? 'a connection' : 'the connection to be gone')
    return {}
  },

  async 'hang-up' ({ peer }) {
    await Promise.all(connectionsTo(peer).map(async connection => { await connection.close() }))
    return {}
  }
}

async function connect (address: string): Promise<Connection> {
  return await node.dial(multiaddr(address))
}

async function open (address: string, protocol: string): Promise<Stream> {
  const connection = await connect(address)
  return await connection.newStream(protocol, perProtocol)
}

function connectionsTo (peer: string): Connection[] {
  return node.getConnections().filter(connection => connection.remotePeer.toString() === peer)
}

async function identityOf (peer: string, protocol?: string): Promise<Identity> {
  await until(() => {
    const identity = seen.get(peer)
    return identity !== undefined && (protocol === undefined || identity.protocols.includes(protocol))
  }, protocol ?? `identify of ${peer}`)
  return seen.get(peer)!
}

async function ending (ended: Promise<Outcome>, tally: Tally): Promise<Sum> {
  if (await ended === 'reset') throw new Error(`reset after ${tally.bytes} bytes`)
  return tally.sum()
}

async function toSink (address: string, bytes: number, seed: number): Promise<Sum> {
  const stream = await open(address, protocols.sink)
  const answer: number[] = []
  const ended = read(stream, chunk => { answer.push(...chunk) })
  await writePattern(stream, seed, bytes)
  await stream.close()
  if (await ended === 'reset' || answer.length !== 40) throw new Error(`the sink answered ${answer.length} bytes`)
  const view = Buffer.from(answer)
  return { bytes: Number(view.readBigUInt64BE()), sha256: view.toString('hex', 8) }
}

async function fromSource (address: string, bytes: number, seed: number): Promise<Sum> {
  const stream = await open(address, protocols.source)
  const tally = new Tally()
  const ended = read(stream, tally.take)
  const order = new Uint8Array(12)
  const view = new DataView(order.buffer)
  view.setBigUint64(0, BigInt(bytes))
  view.setUint32(8, seed)
  await write(stream, order)
  await stream.close()
  return await ending(ended, tally)
}

async function afterTheirEnd (address: string, bytes: number, seed: number): Promise<Sum> {
  const stream = await open(address, protocols.closeFirst)
  const tally = new Tally()
  const outcome = await within(read(stream, tally.take), 'their end')
  if (outcome === 'reset' || tally.bytes > 0) throw new Error(`${outcome} after ${tally.bytes} bytes`)
  const sent = new Tally()
  sent.take(pattern(seed, 0, bytes))
  await writePattern(stream, seed, bytes)
  await stream.close()
  return sent.sum()
}

/** Sends one byte; the dialer acts once it is answered. */
async function firstByte (stream: Stream, by: 'dialer' | 'listener', act: () => void): Promise<Outcome> {
  const ended = read(stream, () => { if (by === 'dialer') act() })
  await write(stream, Uint8Array.of(1))
  return await within(ended, 'the stream to end')
}

// --- waiting -------------------------------------------------------------------------------------------------------

function changed (): void {
  for (const look of waiting) look()
}

async function until (holds: () => boolean, what: string): Promise<void> {
  if (holds()) return
  let look = (): void => {}
  const met = new Promise<void>(resolve => {
    look = () => { if (holds()) resolve() }
  })
  waiting.add(look)
  try {
    await within(met, what)
  } finally {
    waiting.delete(look)
  }
}

async function within<T> (promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${patienceMs} ms for ${what}`)), patienceMs)
  })
  return await Promise.race([promise, late]).finally(() => { clearTimeout(timer) })
}

// --- the program ---------------------------------------------------------------------------------------------------

function say (line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function versionOf (name: string): string {
  const page = new URL(`${import.meta.resolve(name).split(`/node_modules/${name}/`)[0]!}/node_modules/${name}/package.json`)
  return (JSON.parse(readFileSync(page, 'utf8')) as { version: string }).version
}

node.addEventListener('peer:identify', ({ detail }) => {
  const peer = detail.peerId.toString()
  seen.set(peer, {
    peerId: peer,
    agentVersion: detail.agentVersion ?? '',
    protocolVersion: detail.protocolVersion ?? '',
    protocols: detail.protocols,
    listenAddrs: detail.listenAddrs.map(address => address.toString()),
    observedAddr: detail.observedAddr?.toString() ?? ''
  })
  changed()
})
node.addEventListener('connection:open', changed)
node.addEventListener('connection:close', changed)

await serveAll()
say({
  event: 'ready',
  peerId: node.peerId.toString(),
  addresses: node.getMultiaddrs().map(address => address.toString()),
  versions: {
    'js-libp2p': versionOf('libp2p'),
    'noise': versionOf('@libp2p/noise'),
    'yamux': versionOf('@libp2p/yamux'),
    'node': process.versions.node
  },
  ours: {
    echo: '@libp2p/echo resets a stream whose end came with its first bytes, since its iterator misses that end',
    perf: '@libp2p/perf is not on npm'
  }
})

for await (const line of createInterface({ input: process.stdin })) {
  const { id, do: name, ...told } = JSON.parse(line) as { id: number, do: CommandName | 'quit' }
  if (name === 'quit') break
  const command = commands[name] as ((told: object) => Promise<object>) | undefined
  const answer = command === undefined ? Promise.reject(new Error(`no command ${name}`)) : command(told)
  answer.then(
    figures => { say({ id, ok: true, ...figures }) },
    (error: unknown) => { say({ id, ok: false, error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }) }
  )
}
await node.stop()
process.exit(0)
