/** Troupe as one of the compared: all defaults but the limits that a bench from one host would meet. */
import { createNode, Multiaddr, protocol, type Connection, type Node, type Stream } from '../../../src/index.js'
import { pieceBytes, protocols } from '../control.js'
import { fromU64, measureBusy, measureTrips, programOptions, serve, share, spread, timed, u64, until, workers } from './program.js'

const { identify, listens, nodes: count } = programOptions()
const many = { inbound: 10_000 }
let received = 0
let opened = 0
let identified = 0

/** All that comes as bulk, as the programs of the others read it. */
const discarded = new Uint8Array(pieceBytes)

const perf = protocol(protocols.perf, {
  limits: many,
  async inbound (stream) {
    const wanted = fromU64(await stream.readExactly(8))
    for (let bytes = await stream.readInto(discarded); bytes !== null; bytes = await stream.readInto(discarded)) received += bytes
    await send(stream, wanted)
  }
})

const echo = protocol(protocols.echo, {
  limits: many,
  async inbound (stream) {
    for (let bytes = await stream.read(); bytes !== null; bytes = await stream.read()) await stream.write(bytes)
  }
})

const nodes = await Promise.all(Array.from({ length: count }, () => createNode({
  listen: listens ? ['/ip4/127.0.0.1/tcp/0'] : [],
  protocols: [perf, echo],
  limits: { connections: { connections: 20_000, inbound: 20_000, pending: 1000 } },
  log: { level: 'off' },
  ...!identify && { identify: false as const, ping: false as const }
})))
for (const node of nodes) {
  node.addEventListener('connection:open', () => { opened++ })
  node.addEventListener('peer:identify', () => { identified++ })
}
const [first] = nodes as [Node]
let connection: Connection | undefined
const held: Stream[] = []
const watches: Array<{ unsubscribe: () => void }> = []
let records = 0

const piece = new Uint8Array(pieceBytes)

async function send (stream: Stream, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= piece.length) await stream.write(left >= piece.length ? piece : piece.subarray(0, left))
}

async function open (id: string): Promise<Stream> {
  if (connection === undefined) throw new Error('not connected')
  return await connection.newStream(id)
}

async function transfer (up: number, down: number): Promise<void> {
  const stream = await open(protocols.perf)
  await stream.write(u64(down))
  await send(stream, up)
  await stream.close()
  let bytes = 0
  for (let part = await stream.readInto(discarded); part !== null; part = await stream.readInto(discarded)) bytes += part
  if (bytes !== down) throw new Error(`${bytes} of ${down} bytes came back`)
}

async function oneByte (stream: Stream): Promise<void> {
  await stream.write(Uint8Array.of(7))
  const answer = await stream.readExactly(1)
  if (answer[0] !== 7) throw new Error('another byte came back')
}

await serve({
  addresses: nodes.flatMap(node => node.getMultiaddrs().map(String)),
  versions: { node: process.versions.node }
}, {
  async connect ({ addresses: [address = ''] }) {
    connection = await first.dial(address)
    return {}
  },

  async bulk ({ streams, up, down }) {
    return await timed(() => Promise.all(Array.from({ length: streams }, (_, i) => transfer(share(up, streams, i), share(down, streams, i)))))
  },

  async writes ({ size, count }) {
    const bytes = new Uint8Array(size)
    const stream = await open(protocols.perf)
    await stream.write(u64(0))
    return await timed(async () => {
      for (let i = 0; i < count; i++) await stream.write(bytes)
      await stream.close()
      if (await stream.read() !== null) throw new Error('something came back')
    })
  },

  async trips ({ count, bytes }) {
    const stream = await open(protocols.echo)
    const trips = await trip(stream, count, bytes)
    await end(stream)
    return trips
  },

  async streams ({ count, atOnce }) {
    return await timed(async () => {
      await workers(count, atOnce, async () => {
        const stream = await open(protocols.echo)
        await oneByte(stream)
        await end(stream)
      })
      await until(() => connection?.streams.length === 0)
    })
  },

  async handshakes ({ addresses, count, atOnce }) {
    const targets = addresses.map(address => Multiaddr.parse(address))
    return await timed(async () => {
      await workers(count, atOnce, async worker => {
        const connection = await first.dial(targets[worker]!)
        await connection.close()
      })
      await until(() => first.getConnections().length === 0)
    })
  },

  async churn ({ addresses, times }) {
    await Promise.all(nodes.map(async (node, i) => {
      for (let time = 0; time < times; time++) {
        const connection = await node.dial(addresses[i % addresses.length]!)
        const stream = await connection.newStream(protocols.echo)
        await oneByte(stream)
        await end(stream)
        await connection.close()
      }
    }))
    return {}
  },

  async fill ({ addresses, connections }) {
    const from = nodes.reduce((sum, node) => sum + node.getConnections().length, 0)
    await workers(connections - from, 16, async (_, i) => {
      const at = from + i
      await nodes[at % nodes.length]!.dial(addresses[spread(at, nodes.length, addresses.length)]!)
    })
    return {}
  },

  async hold ({ streams }) {
    const connections = nodes.flatMap(node => node.getConnections())
    const from = held.length
    await workers(streams - from, 16, async (_, i) => {
      const stream = await connections[(from + i) % connections.length]!.newStream(protocols.echo)
      await oneByte(stream)
      held.push(stream)
    })
    return {}
  },

  async busy ({ count, bytes }) {
    const piece = new Uint8Array(bytes)
    return await measureBusy(count, held.map(stream => async () => {
      await stream.write(piece)
      await stream.readExactly(bytes)
    }))
  },

  trace ({ on }) {
    for (const watch of watches.splice(0)) watch.unsubscribe()
    if (on) watches.push(...nodes.map(node => node.inspect.trace().subscribe(() => { records++ })))
    const seen = { records }
    records = 0
    return seen
  },

  async beside ({ streams, count, bytes }) {
    const quiet = await open(protocols.echo)
    let going = true
    let uploaded = 0
    const uploads = Promise.all(Array.from({ length: streams }, async () => {
      const stream = await open(protocols.perf)
      await stream.write(u64(0))
      while (going) {
        await stream.write(piece)
        uploaded += piece.length
      }
      await stream.close()
      if (await stream.read() !== null) throw new Error('something came back')
    }))
    await until(() => uploaded > streams * 4 * 1024 * 1024)
    const trips = await trip(quiet, count, bytes)
    going = false
    await uploads
    await end(quiet)
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

async function trip (stream: Stream, count: number, length: number): Promise<{ p50: number, p99: number }> {
  const bytes = new Uint8Array(length)
  return await measureTrips(count, async () => {
    await stream.write(bytes)
    await stream.readExactly(length)
  })
}

async function end (stream: Stream): Promise<void> {
  await stream.close()
  if (await stream.read() !== null) throw new Error('more came than was sent')
}
