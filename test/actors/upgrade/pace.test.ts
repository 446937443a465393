/** Traffic shaping between whole nodes in virtual time: the rate holds within a tenth, in both directions. */
import { expect } from 'chai'
import { perf, type NodeLimits } from '../../../src/index.js'
import { TestNet } from '../../../src/testnet.js'

const rate = 200_000
const seconds = 20

async function measured (limits: NodeLimits, upload: boolean, connections = 1): Promise<number> {
  const net = new TestNet({ seed: 5 })
  const alice = await net.createNode({ protocols: [perf()], limits })
  const bob = await net.createNode({})
  const bytes = rate * seconds / connections
  const [address] = alice.getMultiaddrs()
  await net.until(bob.dial(address!))
  const begun = net.world.now()
  await net.until(Promise.all(Array.from({ length: connections }, async () => bob.perf(address!, upload ? { uploadBytes: bytes } : { downloadBytes: bytes }))))
  const tookMs = net.world.now() - begun
  // Nobody was given up for being slow.
  expect(bob.getConnections()).to.have.length(1)
  await net.stop()
  return rate * seconds / tookMs * 1000
}

describe('traffic shaping per peer', () => {
  for (const [name, limits, upload] of [
    ['what it sends', { peerBytesPerSecond: { in: rate } }, true],
    ['what it is sent', { peerBytesPerSecond: { out: rate } }, false]
  ] as const) {
    it(`holds ${name} to the rate, within a tenth`, async () => {
      expect(await measured(limits, upload)).to.be.within(rate * 0.9, rate * 1.1)
    })

    it(`holds ${name} on several streams together`, async () => {
      expect(await measured(limits, upload, 2)).to.be.within(rate * 0.9, rate * 1.1)
    })
  }

  it('leaves the other direction alone', async () => {
    expect(await measured({ peerBytesPerSecond: { in: rate } }, false)).to.be.above(rate * 4)
    expect(await measured({ peerBytesPerSecond: { out: rate } }, true)).to.be.above(rate * 4)
  })
})
