/** The connection manager among nodes in a simulated world. */
import { expect } from 'chai'
import type { Node } from '../../../src/index.js'
import { TestNet, type TestNodeOptions } from '../../../src/testnet.js'

async function star (count: number, options: TestNodeOptions): Promise<{ readonly net: TestNet, readonly hub: Node, readonly others: readonly Node[], readonly ends: string[] }> {
  const net = new TestNet({ seed: 21 })
  const hub = await net.createNode({ identify: false, limits: { connections: { pendingPerPrefix: 1000 } }, ...options })
  const ends: string[] = []
  hub.addEventListener('connection:close', ({ detail }) => { ends.push(detail.code) })
  const others: Node[] = []
  for (let n = 0; n < count; n++) {
    const other = await net.createNode({ identify: false })
    others.push(other)
    await net.until(other.dial(hub.getMultiaddrs()[0]!))
    await net.run(1000)
  }
  return { net, hub, others, ends }
}

describe('connection manager', () => {
  it('trims down to the low-water mark when the grace of enough of them is over, and no more', async () => {
    const { net, hub, ends } = await star(8, { connectionManager: { highWater: 6, lowWater: 4, graceMs: 5000 } })
    await net.run(10_000)
    expect(hub.getConnections()).to.have.length.within(4, 6)
    expect(new Set(ends)).to.deep.equal(new Set(['connection/trimmed']))
    const left = hub.getConnections().length
    await net.run(60_000)
    expect(hub.getConnections()).to.have.length(left)
    await net.stop()
  })

  it('leaves the protected alone, by option and by call, until they are not', async () => {
    const { net, hub, others } = await star(3, { connectionManager: { highWater: 3, lowWater: 0, graceMs: 0 } })
    for (const other of others) hub.protect(other.peerId)
    hub.protect(others[0]!.peerId, 'twice')
    const fourth = await net.createNode({ identify: false })
    await net.until(fourth.dial(hub.getMultiaddrs()[0]!))
    await net.run(5000)
    expect(hub.getPeers().map(String).sort()).to.deep.equal(others.map(({ peerId }) => peerId.toString()).sort())
    for (const other of others) hub.unprotect(other.peerId)
    const fifth = await net.createNode({ identify: false })
    await net.until(fifth.dial(hub.getMultiaddrs()[0]!))
    await net.run(5000)
    expect(hub.getPeers().map(String)).to.deep.equal([others[0]!.peerId.toString()])
    await net.stop()
  })
})
