/** The public face of a node, over real sockets. */
import { expect } from 'chai'
import { createServer } from 'node:net'
import type { PeerId } from '../../../src/index.js'
import { createNode, echo, generateKeyPair, isEmpty, NetworkError, plaintext, protocol, type NodeOptions } from '../../../src/index.js'
import { codeOf, next, node, stopAll } from './support/nodes.js'

const text = (bytes: Uint8Array | null): string => new TextDecoder().decode(bytes ?? undefined)
const bytes = (of: string): Uint8Array => new TextEncoder().encode(of)

describe('a node', () => {
  afterEach(stopAll)

  it('needs no options', async () => {
    const one = await node()
    expect(one.status).to.equal('started')
    expect(one.getMultiaddrs().map(String)).to.have.length(1)
    expect(one.getMultiaddrs()[0]!.toString()).to.match(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo/)
    expect(one.getProtocols()).to.include.members(['/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0', '/ipfs/ping/1.0.0'])
    await one.stop()
    expect(one.status).to.equal('stopped')
    expect(isEmpty(one.inspect.ledger())).to.equal(true)
  })

  it('dials, and both sides know each other', async () => {
    const [alice, bob] = await Promise.all([node(), node({ listen: [] })])
    const met = next(alice, 'peer:connect')
    const connection = await bob.dial(alice.getMultiaddrs()[0]!)
    expect(connection.remotePeer.equals(alice.peerId)).to.equal(true)
    expect(connection.remoteAddr.toString()).to.equal(alice.getMultiaddrs()[0]!.toString())
    expect(connection).to.include({ direction: 'outbound', status: 'open', encryption: '/noise', multiplexer: '/yamux/1.0.0' })
    expect((await met as PeerId).equals(bob.peerId)).to.equal(true)
    expect(alice.getPeers().map(String)).to.deep.equal([bob.peerId.toString()])
    expect(alice.getConnections(bob.peerId)).to.have.length(1)
    expect(alice.getConnections(bob.peerId)[0]!.direction).to.equal('inbound')
    expect(await bob.dial(alice.peerId)).to.equal(connection)
  })

  it('identifies, and knows what the other speaks', async () => {
    const [alice, bob] = await Promise.all([node({ protocols: [echo()], identify: { agentVersion: 'alice/1' } }), node({ listen: [] })])
    const identified = next(bob, 'peer:identify')
    await bob.dial(alice.getMultiaddrs()[0]!)
    expect(await identified).to.include({ agentVersion: 'alice/1' })
    const info = await bob.peerStore.get(alice.peerId)
    expect(info?.protocols).to.include('/echo/1.0.0')
    expect(info?.addresses.map(({ address, certified }) => [address.toString(), certified])).to.deep.include([alice.getMultiaddrs()[0]!.withoutPeer()!.toString(), true])
  })

  it('pushes what it newly speaks', async () => {
    const [alice, bob] = await Promise.all([node(), node({ listen: [] })])
    const identified = next(bob, 'peer:identify')
    await bob.dial(alice.getMultiaddrs()[0]!)
    await identified
    const pushed = next(bob, 'peer:identify', detail => (detail as { readonly protocols: readonly string[] }).protocols.includes('/new/1'))
    alice.handle('/new/1', () => {})
    await pushed
    expect((await bob.peerStore.get(alice.peerId))?.protocols).to.include('/new/1')
  })

  it('opens streams, with half-close both ways', async () => {
    const reversed = protocol('/test/reverse/1.0.0', async stream => {
      const all = await stream.readAll({ maxBytes: 1000 })
      await stream.write(all.reverse())
    })
    const [alice, bob] = await Promise.all([node({ protocols: [reversed] }), node({ listen: [] })])
    for (const negotiate of ['eager', 'lazy', 'auto'] as const) {
      const stream = await bob.dialProtocol(alice.getMultiaddrs()[0]!, reversed, { negotiate })
      expect(stream).to.include({ protocol: '/test/reverse/1.0.0', direction: 'outbound' })
      await stream.write(bytes('abc'))
      await stream.close()
      expect(text(await stream.readAll({ maxBytes: 1000 }))).to.equal('cba')
    }
  })

  it('agrees on the first protocol that both speak', async () => {
    const [alice, bob] = await Promise.all([node({ protocols: [protocol(['/b/2', '/b/1'], async stream => { await stream.write(bytes(stream.protocol)) })] }), node({ listen: [] })])
    const stream = await bob.dialProtocol(alice.getMultiaddrs()[0]!, ['/a/1', '/b/1', '/b/2'])
    expect(stream.protocol).to.equal('/b/1')
    expect(text(await stream.read())).to.equal('/b/1')
  })

  it('says when the other does not speak it: at once, or at the first read of a lazy stream', async () => {
    const [alice, bob] = await Promise.all([node(), node({ listen: [] })])
    const address = alice.getMultiaddrs()[0]!
    expect(await codeOf(bob.dialProtocol(address, '/nobody/1'))).to.equal('stream/protocol-unsupported')
    const lazy = await bob.dialProtocol(address, '/nobody/1', { negotiate: 'lazy' })
    expect(await codeOf(lazy.read())).to.equal('stream/protocol-unsupported')
  })

  it('speaks protocols that come and go while streams run', async () => {
    const [alice, bob] = await Promise.all([node(), node({ listen: [] })])
    const address = alice.getMultiaddrs()[0]!
    alice.register(echo())
    expect(() => { alice.handle('/echo/1.0.0', () => {}) }).to.throw(NetworkError).with.property('code', 'user/protocol-taken')
    const stream = await bob.dialProtocol(address, '/echo/1.0.0')
    alice.unregister('/echo/1.0.0')
    await stream.write(bytes('still'))
    expect(text(await stream.readExactly(5))).to.equal('still')
    expect(await codeOf(bob.dialProtocol(address, '/echo/1.0.0', { negotiate: 'eager' }))).to.equal('stream/protocol-unsupported')
    stream.reset()
  })

  it('pings', async () => {
    const [alice, bob] = await Promise.all([node(), node({ listen: [] })])
    expect(await bob.ping(alice.getMultiaddrs()[0]!)).to.be.greaterThan(0)
    expect(await alice.ping(bob.peerId)).to.be.greaterThan(0)
  })

  it('hangs up, and both sides hear of it', async () => {
    const [alice, bob] = await Promise.all([node(), node({ listen: [] })])
    const connection = await bob.dial(alice.getMultiaddrs()[0]!)
    const gone = Promise.all([next(alice, 'peer:disconnect'), next(bob, 'peer:disconnect')])
    expect(await bob.hangUp(alice.peerId)).to.equal(1)
    await gone
    expect(connection.status).to.equal('closed')
    expect(bob.getConnections()).to.deep.equal([])
    expect(await codeOf(connection.newStream('/echo/1.0.0'))).to.equal('connection/closed')
  })

  it('closes and resets single connections', async () => {
    const [alice, bob] = await Promise.all([node(), node({ listen: [] })])
    const one = await bob.dial(alice.getMultiaddrs()[0]!)
    await one.close()
    expect(one.status).to.equal('closed')
    const closed = next(bob, 'connection:close')
    const other = await bob.dial(alice.getMultiaddrs()[0]!)
    other.reset()
    expect(await closed).to.include({ code: 'connection/reset', initiator: 'user' })
  })

  it('dials by any of several addresses, and says of each what was wrong with it', async () => {
    const [alice, bob] = await Promise.all([node(), node({ listen: [] })])
    const dead = `/ip4/127.0.0.1/tcp/${await freePort()}`
    const good = alice.getMultiaddrs()[0]!
    await bob.dial([`${dead}/p2p/${alice.peerId.toString()}`, good])
    const failed = await bob.dial([dead, `/ip4/127.0.0.1/tcp/${await freePort()}`]).then(() => undefined, (error: unknown) => error as NetworkError)
    expect(failed?.cause).to.be.instanceOf(AggregateError)
    expect((failed!.cause as AggregateError).errors.map((error: NetworkError) => error.code)).to.deep.equal(['dial/refused', 'dial/refused'])
  })

  it('talks plaintext when told to, and to nobody who does not', async () => {
    const [open, other] = await Promise.all([node({ security: [plaintext()] }), node({ listen: [], security: [plaintext()] })])
    expect((await other.dial(open.getMultiaddrs()[0]!)).encryption).to.equal('/plaintext/2.0.0')
    const safe = await node({ listen: [] })
    expect(await codeOf(safe.dial(open.getMultiaddrs()[0]!))).to.equal('upgrade/no-security')
  })

  it('has an identity of each type', async () => {
    for (const type of ['Ed25519', 'secp256k1', 'ECDSA', 'RSA'] as const) {
      const alice = await node({ privateKey: await generateKeyPair(type) })
      const bob = await node({ listen: [] })
      expect((await bob.dial(alice.getMultiaddrs()[0]!)).remotePeer.equals(alice.peerId)).to.equal(true)
      await Promise.all([alice.stop(), bob.stop()])
    }
  })

  it('gives all its news to rxjs, and completes', async () => {
    const alice = await node()
    const bob = await node({ listen: [] })
    const seen: string[] = []
    const complete = new Promise<void>(resolve => { alice.events$.subscribe({ next: ({ type }) => { seen.push(type) }, complete: resolve }) })
    await bob.dial(alice.getMultiaddrs()[0]!)
    await bob.stop()
    await alice.stop()
    await complete
    expect(seen).to.include.members(['peer:connect', 'connection:open', 'peer:disconnect', 'connection:close'])
  })

  it('does not suffer from a listener that throws', async () => {
    const [alice, bob] = await Promise.all([node(), node({ listen: [] })])
    let calls = 0
    bob.addEventListener('peer:connect', () => {
      calls++
      throw new Error('a listener with a bug')
    })
    await bob.dial(alice.getMultiaddrs()[0]!)
    await bob.hangUp(alice.peerId)
    await bob.dial(alice.getMultiaddrs()[0]!)
    expect(calls).to.equal(1)
  })

  it('listens on more addresses, and on fewer', async () => {
    const alice = await node({ listen: [] })
    expect(alice.getMultiaddrs()).to.deep.equal([])
    const [address] = await alice.listen('/ip4/127.0.0.1/tcp/0')
    expect(alice.getMultiaddrs().map(String)).to.deep.equal([address!.withPeer(alice.peerId).toString()])
    await alice.unlisten('/ip4/127.0.0.1/tcp/0')
    expect(alice.getMultiaddrs()).to.deep.equal([])
    const bob = await node({ listen: [] })
    expect(await codeOf(bob.dial(address!))).to.equal('dial/refused')
  })

  describe('says clearly', () => {
    const wrong: ReadonlyArray<readonly [what: string, options: unknown, names: readonly string[]]> = [
      ['which options are wrong, all at once', { listen: ['/ip4/1.2.3'], timeout: 5, timeouts: { dialMs: -1 }, transports: ['tcp'] }, ['listen[0]', 'timeout', 'timeouts.dialMs', 'transports']],
      ['that a key is none', { privateKey: 'secret' }, ['privateKey']],
      ['that options are none', null, ['options']]
    ]
    for (const [what, options, names] of wrong) {
      it(what, async () => {
        const error = await createNode(options as NodeOptions).then(() => undefined, (thrown: unknown) => thrown as Error)
        expect(error).to.be.instanceOf(TypeError)
        for (const name of names) expect(error!.message).to.include(name)
      })
    }

    it('that an address cannot be listened on', async () => {
      const taken = await node()
      const address = taken.getMultiaddrs()[0]!.withoutPeer()!
      expect(await codeOf(createNode({ listen: [address], log: { level: 'off' } }))).to.equal('listen/address-in-use')
      expect(await codeOf(createNode({ listen: ['/ip4/192.0.2.1/tcp/0'], log: { level: 'off' } }))).to.equal('listen/unavailable')
      expect(await codeOf(createNode({ listen: ['/ip4/127.0.0.1/udp/0/quic-v1'], log: { level: 'off' } }))).to.equal('listen/no-transport')
    })

    it('what is wrong with a target', async () => {
      const one = await node({ listen: [] })
      const address = '/ip4/127.0.0.1/tcp/1'
      for (const target of ['', 'nobody', '/ip4/300.0.0.1/tcp/1', 7, []]) {
        expect(await one.dial(target as never).then(() => 'fine', (error: unknown) => (error as Error).name)).to.equal('TypeError')
      }
      expect(await codeOf(one.dial(one.peerId))).to.equal('dial/self')
      expect(await codeOf(one.dial((await (node())).peerId))).to.equal('dial/no-addresses')
      expect(await codeOf(one.dial('/ip4/127.0.0.1/udp/1/quic-v1'))).to.equal('dial/no-transport')
      expect(await codeOf(one.dial(address))).to.equal('dial/refused')
      expect(await one.dialProtocol(address, 'echo').then(() => 'fine', (error: unknown) => (error as Error).name)).to.equal('TypeError')
    })

    it('that another peer answers', async () => {
      const [alice, other, bob] = await Promise.all([node(), node({ listen: [] }), node({ listen: [] })])
      const wrong = alice.getMultiaddrs()[0]!.withoutPeer()!.withPeer(other.peerId)
      expect(await codeOf(bob.dial(wrong))).to.equal('upgrade/peer-mismatch')
    })

    it('that time is up, or the user has had enough', async () => {
      const silent = createServer(socket => { socket.on('error', () => {}) })
      await new Promise<void>(resolve => { silent.listen(0, '127.0.0.1', resolve) })
      const { port } = silent.address() as { readonly port: number }
      try {
        const one = await node({ listen: [] })
        expect(await codeOf(one.dial(`/ip4/127.0.0.1/tcp/${port}`, { timeoutMs: 50 }))).to.be.oneOf(['user/timeout', 'upgrade/timeout', 'dial/timeout'])
        const controller = new AbortController()
        const dialed = codeOf(one.dial(`/ip4/127.0.0.1/tcp/${port}`, { signal: controller.signal }))
        controller.abort(new Error('enough'))
        expect(await dialed).to.equal('user/aborted')
        expect(await codeOf(one.dial(`/ip4/127.0.0.1/tcp/${port}`, { signal: controller.signal }))).to.equal('user/aborted')
      } finally {
        silent.close()
      }
    })

    it('that it has been stopped', async () => {
      const one = await node()
      await one.stop()
      await one.stop()
      expect(await codeOf(one.dial('/ip4/127.0.0.1/tcp/1'))).to.equal('user/stopped')
    })
  })
})

async function freePort (): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as { readonly port: number }
  await new Promise<void>(resolve => { server.close(() => { resolve() }) })
  return port
}
