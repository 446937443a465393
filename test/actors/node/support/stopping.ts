/**
 * A node that is to be stopped, in a process of its own: it says its address, dials the ports of hung peers that it is told, and stops
 * when its input ends. Then nothing may hold the process: it must end by itself.
 */
import { createInterface } from 'node:readline'
import { createNode, protocol } from '../../../../src/index.js'
import { deafProtocol } from './hung-stages.js'

const many = 5000
const warnings: string[] = []
const node = await createNode({
  identify: false,
  protocols: [protocol(deafProtocol, { limits: { inboundTotal: many }, inbound: () => new Promise<void>(() => {}) })],
  limits: { connections: { connections: many, inbound: many, pending: many } },
  timeouts: { inboundUpgradeMs: 120_000, streamMs: 120_000, dialAddressMs: 120_000 },
  log: { level: 'warn', logger: { debug () {}, info () {}, trace () {}, warn: (...args: readonly unknown[]) => { warnings.push(args.map(String).join(' ')) }, error: (...args: readonly unknown[]) => { warnings.push(args.map(String).join(' ')) } } }
})
console.log(node.getMultiaddrs()[0]!.toString())

const lines = createInterface({ input: process.stdin })
lines.on('line', line => {
  // One of each stage, a few times: dials that hang too.
  for (const port of line.split(' ')) {
    for (let n = 0; n < 5; n++) void node.dial(`/ip4/127.0.0.1/tcp/${port}`, { timeoutMs: 120_000 }).catch(() => {})
  }
})
lines.on('close', () => {
  const begun = performance.now()
  const connections = node.getConnections().length
  const all = node.inspect.actor('/node/connections')?.children ?? 0
  const dials = node.inspect.actor('/node/network/dialer')?.children ?? 0
  void node.stop().then(() => {
    const stopMs = performance.now() - begun
    // A task that never returns cannot be stopped in JavaScript: it stays in the ledger as abandoned, and holds nothing.
    const { abandonedTasks, open, ...ledger } = node.inspect.ledger()
    const left = Object.entries(ledger).filter(([name, value]) => name !== 'owners' && value !== 0)
    console.log(JSON.stringify({ stopMs, connections, all, dials, abandonedTasks, left: [...left, ...open], warnings }))
  })
})
