/** Whole nodes in virtual time: everything between the public face and the simulated network is what runs in life. */
import { expect } from 'chai'
import { echo, isEmpty, protocol, type Node } from '../../src/index.js'
import { Transcript } from '../../src/runtime/inspect/transcript.js'
import { TestNet } from '../../src/testnet.js'
import { codeOf } from '../actors/node/support/nodes.js'

const seeds = Array.from({ length: 10 }, (_, seed) => seed)

describe('nodes in a simulated world', () => {
  for (const seed of seeds) {
    it(`meet, identify, echo and part: seed ${seed}`, async () => {
      const net = new TestNet({ seed })
      const alice = await net.createNode({ protocols: [echo()], identify: { agentVersion: 'alice' } })
      const bob = await net.createNode()
      const stream = await net.until(bob.dialProtocol(alice.getMultiaddrs()[0]!, '/echo/1.0.0'))
      const sent = Uint8Array.from({ length: 300_000 }, (_, at) => at * 7)
      const [back] = await net.until(Promise.all([stream.readAll({ maxBytes: sent.length }), stream.write(sent).then(() => stream.close())]))
      expect(Buffer.compare(back, sent)).to.equal(0)
      await net.run(1000)
      expect((await net.until(bob.peerStore.get(alice.peerId)))?.agentVersion).to.equal('alice')
      await net.stop()
      for (const node of [alice, bob]) expect(isEmpty(node.inspect.ledger())).to.equal(true)
    })
  }

  it('have one history for one seed, and another for another', async () => {
    const history = async (seed: number): Promise<string> => {
      const net = new TestNet({ seed })
      const nodes: Node[] = []
      for (let i = 0; i < 5; i++) nodes.push(await net.createNode({ protocols: [echo()] }))
      const transcript = new Transcript(nodes.map(systemOf), { keep: false })
      await net.until(Promise.all(nodes.map(async (node, at) => node.dial(nodes[(at + 1) % nodes.length]!.getMultiaddrs()[0]!))))
      await net.run(60_000)
      await net.stop()
      return transcript.hash()
    }
    expect(await history(1)).to.equal(await history(1))
    expect(await history(1)).to.not.equal(await history(2))
  })

  it('keep a connection alive, and give up one that was cut without a word', async () => {
    const net = new TestNet({ seed: 3 })
    const alice = await net.createNode()
    const bob = await net.createNode()
    await net.until(bob.dial(alice.getMultiaddrs()[0]!))
    await net.run(600_000)
    expect(bob.getConnections()).to.have.length(1)
    expect(bob.getConnections()[0]!.rtt).to.be.greaterThan(0)
    const closed: string[] = []
    bob.addEventListener('connection:close', ({ detail }) => { closed.push(detail.code) })
    net.world.network.host('node-1').crash()
    await net.run(60_000)
    expect([bob.getConnections().length, closed]).to.deep.equal([0, ['connection/timeout']])
    await net.stop()
  })

  it('dial by name, and end a dial into nowhere by its deadline', async () => {
    const net = new TestNet({ seed: 4 })
    await net.createNode()
    const bob = await net.createNode()
    net.dns.set('alice.example.org', { a: ['10.0.0.1'] })
    await net.until(bob.dial('/dns4/alice.example.org/tcp/4001'))
    net.dns.set('nobody.example.org', { silent: true })
    const begun = net.world.now()
    expect(await net.until(codeOf(bob.dial('/dns4/nobody.example.org/tcp/4001', { timeoutMs: 2000 })))).to.equal('dial/timeout')
    expect(net.world.now() - begun).to.be.within(2000, 2100)
    expect(await net.until(codeOf(bob.dial('/dns4/nothing.example.org/tcp/4001')))).to.equal('dial/resolve-failed')
    await net.stop()
  })

  it('reset a silent stream, and a handler that does not drain, when their time is up', async () => {
    const net = new TestNet({ seed: 5 })
    const idle = protocol('/idle/1', { limits: { idleMs: 5000 }, inbound: async stream => { await stream.read() } })
    const done = protocol('/done/1', { limits: { drainMs: 3000 }, inbound: () => {} })
    const alice = await net.createNode({ protocols: [idle, done] })
    const bob = await net.createNode()
    const [address] = alice.getMultiaddrs()
    for (const [one, afterMs] of [[idle, 5000], [done, 3000]] as const) {
      const stream = await net.until(bob.dialProtocol(address!, one))
      const begun = net.world.now()
      // Its own side of `done` has ended, which is no reset.
      while (await net.until(stream.read().then(bytes => bytes === null, () => false)) && stream.resetBy === undefined) await net.run(100)
      // It began a round trip before.
      expect(net.world.now() - begun).to.be.within(afterMs - 100, afterMs + 200)
      expect(stream.resetBy).to.include({ initiator: 'remote' })
    }
    await net.stop()
  })
})

/** The system behind a node: the inspector knows it. */
function systemOf (node: Node): ConstructorParameters<typeof Transcript>[0][number] {
  return (node.inspect as unknown as { readonly system: ConstructorParameters<typeof Transcript>[0][number] }).system
}
