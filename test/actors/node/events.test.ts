/** News for users, under the names of js-libp2p, and that hearing them changes nothing. */
import { expect } from 'chai'
import { echo, type Node, type NodeEvent } from '../../../src/index.js'
import { Transcript } from '../../../src/runtime/inspect/transcript.js'
import { TestNet } from '../../../src/testnet.js'

describe('events of a node', () => {
  it('come in the order of what happens, to listeners as to events$', async () => {
    const net = new TestNet({ seed: 1 })
    const alice = await net.createNode()
    const bob = await net.createNode({ listen: [] })
    const heard: string[] = []
    const seen: NodeEvent[] = []
    let completed = false
    for (const name of ['peer:connect', 'peer:disconnect', 'connection:open', 'connection:close', 'transport:listening', 'transport:close', 'stop'] as const) {
      bob.addEventListener(name, ({ type }) => { heard.push(type) })
    }
    bob.events$.subscribe({ next: event => { seen.push(event) }, complete: () => { completed = true } })
    await net.until(bob.listen('/ip4/10.0.0.2/tcp/4001'))
    const connection = await net.until(bob.dial(alice.getMultiaddrs()[0]!))
    await net.run(1000)
    await net.until(connection.close({ code: 'connection/trimmed' }))
    await net.until(bob.unlisten('/ip4/10.0.0.2/tcp/4001'))
    await net.stop()
    const expected = ['transport:listening', 'connection:open', 'peer:connect', 'connection:close', 'peer:disconnect', 'transport:close', 'stop']
    expect(heard).to.deep.equal(expected)
    expect(seen.map(({ type }) => type).filter(type => expected.includes(type))).to.deep.equal(expected)
    expect(seen.at(-1)!.type).to.equal('stop')
    expect(completed).to.equal(true)
    expect(bob.status).to.equal('stopped')
    const updates = seen.filter(event => event.type === 'self:peer:update')
    expect(updates.length).to.equal(seen.filter(({ type }) => type === 'self:addresses' || type === 'self:protocols').length).and.be.at.least(2)
    expect(updates[0]!.detail.peer).to.equal(bob.peerId)
    const closed = seen.find(event => event.type === 'connection:close')!
    expect(closed.detail).to.include({ code: 'connection/trimmed', initiator: 'user' })
    expect(closed.detail.reason).to.deep.include({ code: 'connection/trimmed', initiator: 'user', actor: connection.path, event: 'connection.close' })
  })

  it('a listener of a connection hears why it ended, with the number that the other side sent', async () => {
    const net = new TestNet({ seed: 2 })
    const alice = await net.createNode()
    const bob = await net.createNode()
    const reasons: unknown[] = []
    alice.addEventListener('connection:close', ({ detail: { reason } }) => { reasons.push([reason?.code, reason?.initiator, reason?.wireCode]) })
    const connection = await net.until(bob.dial(alice.getMultiaddrs()[0]!))
    await net.run(1000)
    await net.until(connection.close({ code: 'connection/trimmed' }))
    await net.run(1000)
    expect(reasons).to.deep.equal([['connection/trimmed', 'remote', 0x1005]])
    await net.stop()
  })

  it('and all other ways of looking change nothing: the same seed has the same history with and without them', async () => {
    const history = async (seed: number, look: (node: Node) => void): Promise<string> => {
      const net = new TestNet({ seed })
      const nodes: Node[] = []
      for (let n = 0; n < 3; n++) nodes.push(await net.createNode({ protocols: [echo()] }))
      const transcript = new Transcript(nodes.map(systemOf), { keep: false })
      for (const node of nodes) look(node)
      const [alice, bob, carol] = nodes as [Node, Node, Node]
      const stream = await net.until(bob.dialProtocol(alice.getMultiaddrs()[0]!, '/echo/1.0.0'))
      await net.until(stream.write(new Uint8Array(100_000)))
      const connection = await net.until(carol.dial(bob.getMultiaddrs()[0]!))
      await net.run(20_000)
      bob.inspect.kill('/node-2/network/swarm')
      await net.run(5000)
      await net.until(connection.close())
      await net.run(100_000)
      await net.stop()
      return transcript.hash()
    }
    for (const seed of [1, 2, 3]) {
      const alone = await history(seed, () => {})
      const watched = await history(seed, node => {
        node.inspect.trace({ payloads: true }).subscribe(({ path }) => {
          node.inspect.tree()
          node.inspect.actor(path)
        })
        node.inspect.watch(`/${systemOf(node).name}/network/swarm`).subscribe()
        node.events$.subscribe(event => {
          node.getConnections()
          node.inspect.ledger()
          if (event.type === 'connection:close') void event.detail.reason
        })
        node.addEventListener('connection:open', ({ detail: { path } }) => { node.inspect.why(path) })
        node.addEventListener('peer:connect', () => { throw new Error('of a listener') })
      })
      expect(watched, `seed ${seed}`).to.equal(alone)
    }
  })
})

/** The system behind a node: the inspector knows it. */
function systemOf (node: Node): ConstructorParameters<typeof Transcript>[0][number] {
  return (node.inspect as unknown as { readonly system: ConstructorParameters<typeof Transcript>[0][number] }).system
}
