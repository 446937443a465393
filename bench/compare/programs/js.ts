/**
 * js-libp2p as one of the compared, used as it is fastest: listeners instead of iterators, and the event `drain` for
 * back-pressure (`onDrain()` returns too early, and everything would queue up).
 */
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { identify as identifyService } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pieceBytes, protocols } from '../control.js'
import { fromU64, measureBusy, measureTrips, programOptions, serve, share, spread, timed, u64, until, workers } from './program.js'

type Connection = Awaited<ReturnType<Libp2p['dial']>>
type Stream = Awaited<ReturnType<Connection['newStream']>>

const { identify, listens, nodes: count } = programOptions()
/** The registrar's defaults are 32 in, 64 out of one protocol on one connection. */
const many = { maxInboundStreams: 10_000, maxOutboundStreams: 10_000 }
let received = 0
let opened = 0
let identified = 0

const nodes = await Promise.all(Array.from({ length: count }, async () => {
  const node: Libp2p = await createLibp2p({
    addresses: { listen: listens ? ['/ip4/127.0.0.1/tcp/0'] : [] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    // 256 streams that arrive with the handshake's last message wait for the connection; the default keeps 10.
    streamMuxers: [yamux({ maxEarlyStreams: 1000, maxInboundStreams: 10_000, maxOutboundStreams: 10_000 })],
    // Everybody here is the same host: the default lets it connect five times a second.
    connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 1000, maxConnections: 20_000, maxDialQueueLength: 20_000 },
    connectionMonitor: { enabled: false },
    ...identify && { services: { identify: identifyService() } }
  })
  node.addEventListener('connection:open', () => { opened++ })
  node.addEventListener('peer:identify', () => { identified++ })
  await node.handle(protocols.perf, async stream => {
    const header = new Uint8Array(8)
    let got = 0
    await ended(stream, bytes => {
      let body = bytes.byteLength
      if (got < 8) {
        const head = ('subarray' in bytes ? bytes.subarray() : bytes).subarray(0, 8 - got)
        header.set(head, got)
        got += head.length
        body -= head.length
      }
      received += body
    })
    await send(stream, fromU64(header))
    await stream.close()
  }, many)
  await node.handle(protocols.echo, async stream => {
    await ended(stream, bytes => { stream.send(bytes) })
    await stream.close()
  }, many)
  return node
}))
const [first] = nodes as [Libp2p]
let connection: Connection | undefined
const held: Echo[] = []

const piece = new Uint8Array(pieceBytes)

type Bytes = Parameters<Stream['send']>[0]

/** Hands over what comes until the remote has ended its side. @throws Error when the stream was reset */
async function ended (stream: Stream, take: (bytes: Bytes) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const finish = (): void => {
      if (stream.status === 'reset' || stream.status === 'aborted') reject(new Error('the stream was reset'))
      else resolve()
    }
    stream.addEventListener('message', ({ data }) => { take(data) })
    stream.addEventListener('end', finish)
    stream.addEventListener('close', finish)
    if (stream.readableEnded || (stream.remoteWriteStatus === 'closed' && stream.readBufferLength === 0)) finish()
  })
}

async function drained (stream: Stream): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.addEventListener('drain', () => { resolve() }, { once: true })
    stream.addEventListener('close', () => { reject(new Error('the stream ended while it was written')) }, { once: true })
  })
}

async function send (stream: Stream, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= piece.length) {
    if (!stream.send(left >= piece.length ? piece : piece.subarray(0, left))) await drained(stream)
  }
}

async function open (id: string): Promise<Stream> {
  if (connection === undefined) throw new Error('not connected')
  return await connection.newStream(id, many)
}

async function transfer (up: number, down: number): Promise<void> {
  const stream = await open(protocols.perf)
  let bytes = 0
  const answered = ended(stream, part => { bytes += part.byteLength })
  stream.send(u64(down))
  await send(stream, up)
  await stream.close()
  await answered
  if (bytes !== down) throw new Error(`${bytes} of ${down} bytes came back`)
}

/** One echo stream, and whoever waits for so many bytes of it. */
class Echo {
  readonly stream: Stream
  private readonly ended: Promise<void>
  private got = 0
  private wanted = 0
  private done: (() => void) | undefined

  constructor (stream: Stream) {
    this.stream = stream
    this.ended = ended(stream, bytes => {
      this.got += bytes.byteLength
      if (this.got === this.wanted) this.done?.()
    })
  }

  async trip (bytes: Uint8Array): Promise<void> {
    this.wanted += bytes.length
    const answered = new Promise<void>(resolve => { this.done = resolve })
    this.stream.send(bytes)
    await answered
  }

  async end (): Promise<void> {
    await this.stream.close()
    await this.ended
    if (this.got !== this.wanted) throw new Error('more came than was sent')
  }
}

const oneByte = Uint8Array.of(7)

const require = createRequire(import.meta.url)
function version (name: string): string {
  // Their exports hide it.
  const entry = require.resolve.paths(name)!.map(path => `${path}/${name}/package.json`)
  for (const path of entry) {
    try {
      return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
    } catch {
      // Not in this one.
    }
  }
  return 'unknown'
}

await serve({
  addresses: nodes.flatMap(node => node.getMultiaddrs().map(String)),
  versions: {
    'node': process.versions.node,
    'js-libp2p': version('libp2p'),
    '@libp2p/tcp': version('@libp2p/tcp'),
    '@libp2p/noise': version('@libp2p/noise'),
    '@libp2p/yamux': version('@libp2p/yamux')
  }
}, {
  async connect ({ addresses: [address = ''] }) {
    connection = await first.dial(multiaddr(address))
    return {}
  },

  async bulk ({ streams, up, down }) {
    return await timed(() => Promise.all(Array.from({ length: streams }, (_, i) => transfer(share(up, streams, i), share(down, streams, i)))))
  },

  async writes ({ size, count }) {
    const bytes = new Uint8Array(size)
    const stream = await open(protocols.perf)
    const answered = ended(stream, () => { throw new Error('something came back') })
    stream.send(u64(0))
    return await timed(async () => {
      for (let i = 0; i < count; i++) if (!stream.send(bytes)) await drained(stream)
      await stream.close()
      await answered
    })
  },

  async trips ({ count, bytes }) {
    const echo = new Echo(await open(protocols.echo))
    const trips = await trip(echo, count, bytes)
    await echo.end()
    return trips
  },

  async streams ({ count, atOnce }) {
    return await timed(async () => {
      await workers(count, atOnce, async () => {
        const echo = new Echo(await open(protocols.echo))
        await echo.trip(oneByte)
        await echo.end()
      })
      await until(() => connection?.streams.length === 0)
    })
  },

  async handshakes ({ addresses, count, atOnce }) {
    const targets = addresses.map(address => multiaddr(address))
    return await timed(async () => {
      await workers(count, atOnce, async worker => {
        const connection = await first.dial(targets[worker]!)
        await connection.close()
      })
      await until(() => first.getConnections().length === 0)
    })
  },

  async fill ({ addresses, connections }) {
    const targets = addresses.map(address => multiaddr(address))
    const from = nodes.reduce((sum, node) => sum + node.getConnections().length, 0)
    await workers(connections - from, 16, async (_, i) => {
      const at = from + i
      await nodes[at % nodes.length]!.dial(targets[spread(at, nodes.length, targets.length)]!)
    })
    return {}
  },

  async hold ({ streams }) {
    const connections = nodes.flatMap(node => node.getConnections())
    const from = held.length
    await workers(streams - from, 16, async (_, i) => {
      const echo = new Echo(await connections[(from + i) % connections.length]!.newStream(protocols.echo, many))
      await echo.trip(oneByte)
      held.push(echo)
    })
    return {}
  },

  async busy ({ count, bytes }) {
    const piece = new Uint8Array(bytes)
    return await measureBusy(count, held.map(echo => async () => { await echo.trip(piece) }))
  },

  async beside ({ streams, count, bytes }) {
    const quiet = new Echo(await open(protocols.echo))
    let going = true
    let uploaded = 0
    const uploads = Promise.all(Array.from({ length: streams }, async () => {
      const stream = await open(protocols.perf)
      const answered = ended(stream, () => { throw new Error('something came back') })
      stream.send(u64(0))
      while (going) {
        if (!stream.send(piece)) await drained(stream)
        uploaded += piece.length
      }
      await stream.close()
      await answered
    }))
    await until(() => uploaded > streams * 4 * 1024 * 1024)
    const trips = await trip(quiet, count, bytes)
    going = false
    await uploads
    await quiet.end()
    return { ...trips, uploaded }
  },

  seen () {
    const seen = {
      received,
      opened,
      connections: nodes.reduce((sum, node) => sum + node.getConnections().length, 0),
      streams: nodes.reduce((sum, node) => sum + node.getConnections().reduce((sum, { streams }) => sum + streams.length, 0), 0),
      identified
    }
    received = 0
    opened = 0
    return seen
  }
})

async function trip (echo: Echo, count: number, length: number): Promise<{ p50: number, p99: number }> {
  const bytes = new Uint8Array(length)
  return await measureTrips(count, async () => { await echo.trip(bytes) })
}
