/**
 * The peers of the kill campaign, in a process of their own: driven by `Peers` of `peers.ts` over the channel of `fork`.
 */
import { createNode, echo, perf, type Node } from '../../../src/index.js'
import { Flows, type FlowTotals } from './flows.js'
import { campaignPauseMs, mostStreams, type PeersCommand, type PeersNews } from './peers.js'

const peers: Array<{ readonly node: Node, readonly flows: Flows }> = []
const visitors: Node[] = []

async function start ({ seed, peers: count, visitors: guests }: Extract<PeersCommand, { do: 'start' }>): Promise<object> {
  const make = async (): Promise<Node> => createNode({ log: { level: 'off' }, protocols: [echo(), { ...perf(), limits: mostStreams }] })
  for (let at = 0; at < count; at++) {
    const node = await make()
    peers.push({ node, flows: new Flows(node, seed + at, campaignPauseMs, news => { say({ news: { ...news, peer: node.peerId.toString() } }) }) })
  }
  for (let at = 0; at < guests; at++) visitors.push(await make())
  const addresses = (nodes: readonly Node[]): readonly string[] => nodes.map(node => node.getMultiaddrs()[0]!.toString())
  return { peers: addresses(peers.map(({ node }) => node)), visitors: addresses(visitors) }
}

async function run (command: PeersCommand): Promise<object> {
  switch (command.do) {
    case 'start': return start(command)
    case 'traffic':
      for (const { flows } of peers) {
        for (let i = 0; i < command.echo; i++) flows.keep(command.address, 'echo')
        for (let i = 0; i < command.perf; i++) flows.keep(command.address, 'perf')
      }
      return {}
    case 'visit': {
      const visitor = visitors[command.visitor]!
      for (const { remotePeer } of visitor.getConnections()) await visitor.hangUp(remotePeer, { graceMs: 0 })
      // Whether the node is back is asked of it, and not of what this visitor remembers of its last attempt.
      await visitor.dial(command.address, { timeoutMs: 2000, ignoreBackoff: true })
      await visitor.ping(command.address, { timeoutMs: 2000 })
      return {}
    }
    case 'live':
      return { live: peers.reduce((sum, { flows }) => sum + flows.live, 0) }
    case 'rest': {
      const totals = await Promise.all(peers.map(({ flows }) => flows.stop()))
      return totals.reduce<FlowTotals>((sum, one) => ({
        bytes: sum.bytes + one.bytes,
        bytesHashed: sum.bytesHashed + one.bytesHashed,
        ended: sum.ended + one.ended,
        lost: sum.lost + one.lost,
        unopened: sum.unopened + one.unopened
      }), { bytes: 0, bytesHashed: 0, ended: 0, lost: 0, unopened: 0 })
    }
    case 'part':
      for (const node of [...peers.map(({ node }) => node), ...visitors]) {
        for (const { remotePeer } of node.getConnections()) await node.hangUp(remotePeer, { graceMs: 100 })
      }
      return {}
  }
}

function say (news: PeersNews): void {
  process.send?.(news)
}

process.on('message', (command: PeersCommand) => {
  run(command).then(
    answer => { say({ id: command.id, answer }) },
    (error: unknown) => { say({ id: command.id, error: error instanceof Error ? `${(error as { code?: string }).code ?? ''} ${error.message}` : String(error) }) }
  )
})
process.on('disconnect', () => { process.exit() })
