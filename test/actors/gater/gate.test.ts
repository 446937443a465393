/** The gate at each phase, between nodes in a simulated world: what is refused, by whom, and that nobody pays for it. */
import { expect } from 'chai'
import type { ConnectionGater, Node } from '../../../src/index.js'
import { TestNet, type TestNodeOptions } from '../../../src/testnet.js'
import { codeOf } from '../node/support/nodes.js'

const gates = ['beforeDialPeer', 'beforeDialAddress', 'onAccept', 'afterSecure', 'afterUpgrade'] as const

interface Pair {
  readonly net: TestNet
  readonly alice: Node
  readonly bob: Node
}

async function pair (ofAlice: TestNodeOptions, ofBob: TestNodeOptions = {}): Promise<Pair> {
  const net = new TestNet({ seed: 11 })
  return { net, alice: await net.createNode({ identify: false, ...ofAlice }), bob: await net.createNode({ identify: false, ...ofBob }) }
}

/** Bob's dial to Alice. */
async function dialed ({ alice, bob, net }: Pair): Promise<string> {
  return net.until(codeOf(bob.dial(alice.getMultiaddrs()[0]!)))
}

describe('the gate', () => {
  it('lets those through that every gate lets through, and asks each in its phase', async () => {
    const asked: string[] = []
    const gater = (who: string): ConnectionGater => Object.fromEntries(gates.map(gate => [gate, async () => {
      asked.push(`${who} ${gate}`)
      return Promise.resolve(true)
    }]))
    const scene = await pair({ gater: gater('alice') }, { gater: gater('bob') })
    expect(await dialed(scene)).to.equal('no error')
    await scene.net.run(100)
    expect(asked.filter(text => text.startsWith('bob'))).to.deep.equal(['bob beforeDialPeer', 'bob beforeDialAddress', 'bob afterSecure', 'bob afterUpgrade'])
    expect(asked.filter(text => text.startsWith('alice'))).to.deep.equal(['alice onAccept', 'alice afterSecure', 'alice afterUpgrade'])
    await scene.net.stop()
  })

  const codes = { beforeDialPeer: 'dial/gated', beforeDialAddress: 'dial/gated', afterSecure: 'upgrade/gated', afterUpgrade: 'connection/gated' } as const
  const verdicts: Readonly<Record<string, () => never>> = {
    'false': () => false as never,
    'a reason': () => 'I do not like it' as never,
    'nothing': () => undefined as never,
    'a throw': () => { throw new Error('as told') },
    'a rejection': () => Promise.reject(new Error('as told')) as never,
    'silence': () => new Promise(() => {}) as never
  }
  for (const [gate, code] of Object.entries(codes)) {
    for (const [name, verdict] of Object.entries(verdicts)) {
      it(`${gate}: ${name} refuses with ${code}, and no address backs off`, async () => {
        let refuses = true
        const scene = await pair({}, { gater: { [gate]: () => refuses ? verdict() : true }, timeouts: { gateMs: 2000 } })
        expect(await dialed(scene)).to.equal(code)
        refuses = false
        expect(await dialed(scene)).to.equal('no error')
        await scene.net.stop()
      })
    }
  }

  for (const gate of ['onAccept', 'afterSecure', 'afterUpgrade'] as const) {
    it(`${gate} of the one who is dialed: nothing is left`, async () => {
      const scene = await pair({ gater: { [gate]: async () => Promise.resolve(false) } })
      // Who dials has said his last word before the other knows who he is, and may hear of the refusal only afterwards.
      const code = await dialed(scene)
      if (gate === 'onAccept') expect(code).to.not.equal('no error')
      await scene.net.run(5000)
      expect([scene.alice, scene.bob].flatMap(node => node.getConnections())).to.deep.equal([])
      expect(scene.alice.inspect.actor('/node-1/network/listeners')?.state).to.deep.include({ admission: { connections: 0, inbound: 0, pending: 0, prefixes: 0, peers: 0 } })
      await scene.net.stop()
    })
  }

  it('a listener that stops while a gate takes its time leaves nothing behind', async () => {
    const scene = await pair({ gater: { onAccept: async () => new Promise(() => {}) } })
    const dial = codeOf(scene.bob.dial(scene.alice.getMultiaddrs()[0]!))
    await scene.net.run(500)
    await scene.net.until(scene.alice.stop())
    expect(await scene.net.until(dial)).to.not.equal('no error')
    await scene.net.stop()
  })

  it('blocks a peer at once, its connections too, and lets it in again when it may', async () => {
    const scene = await pair({})
    const { alice, bob, net } = scene
    expect(await dialed(scene)).to.equal('no error')
    await net.run(100)
    const ends: string[] = []
    alice.addEventListener('connection:close', ({ detail }) => { ends.push(detail.code) })
    alice.access.block(bob.peerId)
    await net.run(2000)
    expect([ends, alice.getConnections(), bob.getConnections()]).to.deep.equal([['connection/gated'], [], []])
    await dialed(scene)
    await net.run(2000)
    expect(bob.getConnections()).to.deep.equal([])
    expect(await net.until(codeOf(alice.dial(bob.getMultiaddrs()[0]!)))).to.equal('dial/gated')
    alice.access.unblock(bob.peerId)
    await net.run(2000)
    expect(await net.until(codeOf(bob.dial(alice.getMultiaddrs()[0]!, { ignoreBackoff: true })))).to.equal('no error')
    await net.stop()
  })

  it('blocks ranges of addresses, for dials and for those who come', async () => {
    const scene = await pair({ access: { block: ['10.0.0.2'] } })
    expect(await dialed(scene)).to.not.equal('no error')
    expect(await scene.net.until(codeOf(scene.alice.dial(scene.bob.getMultiaddrs()[0]!)))).to.equal('dial/gated')
    await scene.net.stop()
  })
})
