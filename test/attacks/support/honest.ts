/** Two honest peers, in a process of their own: each pings on one stream, without a break, and echoes on three more. */
import { createNode, type Node } from '../../../src/index.js'
import { pingProtocol } from '../../../src/messages/wire/ping.js'
import { Flows } from '../../sim/support/flows.js'
import { pause } from '../../sim/support/turns.js'
import type { HonestCommand, HonestNews, Measured } from './attacking.js'

/** Between two pings, in milliseconds. */
const everyMs = 5
/** Of echoes, between two pieces: short beside the half second that an attack may take, so that none of it is without one. */
const echoPauseMs = 200
const nodes: Node[] = []
const flows: Flows[] = []
let failures: string[] = []
let rtts: number[] = []
let over = false
let pinging: ReadonlyArray<Promise<void>> = []

async function ping (node: Node, address: string): Promise<void> {
  const stream = await node.dialProtocol(address, pingProtocol)
  while (!over) {
    const begun = performance.now()
    await stream.write(new Uint8Array(32))
    await stream.readExactly(32)
    // One that takes long stands for those too that would have gone out meanwhile: or a pause of any length would be one late ping.
    for (let ms = performance.now() - begun; ms > 0; ms -= everyMs) rtts.push(ms)
    await pause(everyMs)
  }
  await stream.close()
}

async function start (address: string): Promise<object> {
  for (let at = 0; at < 2; at++) {
    const node = await createNode({ listen: [], log: { level: 'off' } })
    nodes.push(node)
    await node.dial(address)
    const traffic = new Flows(node, at, echoPauseMs, ({ code, text, type }) => { failures.push(`${type}: ${code} ${text}`) })
    flows.push(traffic)
    for (let i = 0; i < 3; i++) traffic.keep(address, 'echo')
  }
  pinging = nodes.map(node => ping(node, address).catch((error: unknown) => { failures.push(String(error)) }))
  return { peers: nodes.map(({ peerId }) => peerId.toString()) }
}

function measured (): Measured {
  const sorted = rtts.sort((one, other) => one - other)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Infinity
  const result = { pings: sorted.length, p50: at(0.5), p99: at(0.99), bytes: flows.reduce((sum, one) => sum + one.bytes, 0), failures }
  rtts = []
  failures = []
  return result
}

async function run (command: HonestCommand): Promise<object> {
  switch (command.do) {
    case 'start': return start(command.address)
    case 'measure': return measured()
    case 'stop':
      over = true
      await Promise.all([...pinging, ...flows.map(one => one.stop())])
      await Promise.all(nodes.map(node => node.stop()))
      return {}
  }
}

process.on('message', (command: HonestCommand) => {
  run(command).then(
    answer => { process.send?.({ id: command.id, answer } satisfies HonestNews) },
    (error: unknown) => { process.send?.({ id: command.id, error: String(error) } satisfies HonestNews) }
  )
})
process.on('disconnect', () => { process.exit() })
