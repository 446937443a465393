/**
 * A node with echo traffic, and 1,000 streams whose handlers throw when nothing of ours is on the stack. A process of its own, for
 * whether it lives is the question; prints what became of them, one JSON object.
 */
import { EventEmitter } from 'node:events'
import { connect } from 'node:net'
import { createNode, echo, NetworkError, protocol, type Node, type Stream } from '../../../../src/index.js'
import { EchoTraffic } from './echo-traffic.js'

export interface EscapeLoad {
  readonly opened: number
  /** How the other side saw them end. */
  readonly endings: Readonly<Record<string, number>>
  /** Kinds of actors that crashed, and where they threw. */
  readonly crashes: Readonly<Record<string, number>>
  readonly restarts: number
  readonly streamsVerified: number
  readonly bytesEchoed: number
  readonly connections: number
  readonly ledgerAsBefore: boolean
}

const rounds = Number(process.argv[2] ?? 1000)
const atATime = 20
const boom = (): never => { throw new Error('boom') }

const server = await createNode({ containUncaught: true, log: { level: 'off' }, protocols: [echo()] })
const [address] = server.getMultiaddrs()
const port = address!.toString().split('/')[4]!

/** Begun by the handler; none of them waits for what it has begun. */
const ways: Readonly<Record<string, () => void>> = {
  timer: () => { setTimeout(boom, 1) },
  promise: () => {
    void (async () => {
      await Promise.resolve()
      boom()
    })()
  },
  nextTick: () => { process.nextTick(boom) },
  microtask: () => { queueMicrotask(boom) },
  emitter: () => {
    const emitter = new EventEmitter().on('event', boom)
    setImmediate(() => { emitter.emit('event') })
  },
  socket: () => {
    const socket = connect(Number(port), '127.0.0.1').on('error', () => {}).once('connect', () => {
      socket.destroy()
      boom()
    })
  }
}
const names = Object.keys(ways)
for (const [name, begin] of Object.entries(ways)) {
  server.register(protocol(`/test/escape/${name}`, {
    limits: { inbound: 1000, inboundPerPeer: 1000 },
    async inbound (stream, { signal }) {
      await stream.readExactly(1)
      begin()
      // It would go on for ever.
      await new Promise(resolve => { signal.addEventListener('abort', resolve) })
    }
  }))
}

const clients: Node[] = []
for (let at = 0; at < 3; at++) clients.push(await createNode({ listen: [], log: { level: 'off' } }))
const traffic = await Promise.all(clients.map((client, at) => EchoTraffic.over(client, address!, 10, at * 1000)))
const verified = async (): Promise<unknown> => Promise.all(traffic.map(each => each.verified(5000)))
await verified()
const before = await settled()

const crashes: Record<string, number> = {}
let restarts = 0
const counting = server.inspect.trace({ kinds: ['crashed', 'restarting'] }).subscribe(({ behavior, exit, kind }) => {
  if (kind === 'restarting') restarts++
  else crashes[`${behavior} ${exit?.at ?? ''}`] = (crashes[`${behavior} ${exit?.at ?? ''}`] ?? 0) + 1
})
const endings: Record<string, number> = {}
let opened = 0
const worker = async (client: Node): Promise<void> => {
  while (opened < rounds) {
    const name = names[opened++ % names.length]!
    const ending = await endOf(await client.dialProtocol(address!, `/test/escape/${name}`))
    endings[ending] = (endings[ending] ?? 0) + 1
  }
}
await Promise.all(Array.from({ length: atATime }, async (_, at) => worker(clients[at % clients.length]!)))
await verified()
counting.unsubscribe()
const ledgerAsBefore = await settled(before) === before
const connections = server.getConnections().length
const bytesEchoed = (await Promise.all(traffic.map(each => each.stop()))).reduce((sum, bytes) => sum + bytes, 0)
await Promise.all([server, ...clients].map(node => node.stop()))
const result: EscapeLoad = { opened, endings, crashes, restarts, streamsVerified: 30, bytesEchoed, connections, ledgerAsBefore }
console.log(JSON.stringify(result))

async function endOf (stream: Stream): Promise<string> {
  await stream.write(Uint8Array.of(1))
  try {
    while (await stream.read() !== null) { /* it ends, or is reset */ }
    return 'ended'
  } catch (error) {
    return error instanceof NetworkError ? `${error.code} by ${error.initiator}` : String(error)
  }
}

async function settled (like?: string): Promise<string> {
  const look = (): string => {
    const { cells, handles, resources, tasks } = server.inspect.ledger()
    return JSON.stringify({ cells, handles, resources, tasks })
  }
  let last = look()
  for (let same = 0, turn = 0; turn < 5000 && (like === undefined ? same < 50 : last !== like); turn++) {
    await new Promise<void>(resolve => { setImmediate(resolve) })
    const now = look()
    same = now === last ? same + 1 : 0
    last = now
  }
  return last
}
