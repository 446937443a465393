/** Wrong arguments of every public call: a `TypeError` or `RangeError` that names the argument, and nothing has happened. */
import { expect } from 'chai'
import { echo, echoProtocol, perf, type Connection, type Multiaddr, type Node, type Protocol, type Stream } from '../../../src/index.js'
import { node, stopAll } from './support/nodes.js'

interface Scene {
  readonly server: Node
  readonly client: Node
  readonly address: Multiaddr
  readonly connection: Connection
  readonly stream: Stream
}

/** As a user of plain JavaScript has it. */
type Wrong = (scene: Scene, wrong: never) => unknown

const wrongs: ReadonlyArray<readonly [what: string, call: Wrong, wrong: unknown, names: string]> = [
  ['dial', ({ client }, x) => client.dial(x), undefined, 'target'],
  ['dial', ({ client }, x) => client.dial(x), {}, 'target'],
  ['dial', ({ client }, x) => client.dial(x), [], 'target'],
  ['dial', ({ client }, x) => client.dial(x), [5], 'target'],
  ['dial, options', ({ client, address }, x) => client.dial(address, x), null, 'options'],
  ['dial, options', ({ client, address }, x) => client.dial(address, x), { timeout: 5 }, "'timeout'"],
  ['dial, options', ({ client, address }, x) => client.dial(address, x), { signal: 5 }, "'signal'"],
  ['dial, options', ({ client, address }, x) => client.dial(address, x), { timeoutMs: -1 }, "'timeoutMs'"],
  ['dial, options', ({ client, address }, x) => client.dial(address, x), { timeoutMs: NaN }, "'timeoutMs'"],
  ['dialProtocol', ({ client, address }, x) => client.dialProtocol(address, x), undefined, 'protocol'],
  ['dialProtocol', ({ client, address }, x) => client.dialProtocol(address, x), [], 'protocol'],
  ['dialProtocol', ({ client, address }, x) => client.dialProtocol(address, x), 5, 'protocol'],
  ['dialProtocol', ({ client, address }, x) => client.dialProtocol(address, x), {}, 'protocol'],
  ['dialProtocol', ({ client, address }, x) => client.dialProtocol(address, x), 'no-slash', 'protocol'],
  ['dialProtocol, options', ({ client, address }, x) => client.dialProtocol(address, echoProtocol, x), { negotiate: 'maybe' }, "'negotiate'"],
  ['dialProtocol, options', ({ client, address }, x) => client.dialProtocol(address, echoProtocol, x), { onLimitedConnection: 1 }, "'onLimitedConnection'"],
  ['newStream', ({ connection }, x) => connection.newStream(x), undefined, 'protocol'],
  ['newStream, options', ({ connection }, x) => connection.newStream(echoProtocol, x), { timeoutMs: '5' }, "'timeoutMs'"],
  ['close, options', ({ connection }, x) => connection.close(x), { graceMs: -5 }, "'graceMs'"],
  ['close, options', ({ connection }, x) => connection.close(x), { grace: 5 }, "'grace'"],
  ['hangUp', ({ client }, x) => client.hangUp(x), 5, 'peer'],
  ['hangUp, options', ({ client, server }, x) => client.hangUp(server.peerId, x), { graceMs: NaN }, "'graceMs'"],
  ['ping, options', ({ client, address }, x) => client.ping(address, x), { timeoutMs: Infinity }, "'timeoutMs'"],
  ['perf, options', ({ client, address }, x) => client.perf(address, x), { uploadBytes: -1 }, 'uploadBytes'],
  ['perf, options', ({ client, address }, x) => client.perf(address, x), { downloadBytes: 1.5 }, 'downloadBytes'],
  ['handle', ({ client }, x) => { client.handle('/x', x) }, undefined, 'inbound'],
  ['register', ({ client }, x) => { client.register(x) }, undefined, 'protocol'],
  ['register', ({ client }, x) => { client.register(x) }, {}, 'ids'],
  ['register', ({ client }, x) => { client.register(x) }, { ...echo(), limits: {} }, 'limits'],
  ['unregister', ({ client }, x) => { client.unregister(x) }, undefined, 'protocol'],
  ['listen', ({ client }, x) => client.listen(x), 5, 'address'],
  ['listen, options', ({ client }, x) => client.listen('/ip4/127.0.0.1/tcp/0', x), { port: 5 }, "'port'"],
  ['unlisten', ({ client }, x) => client.unlisten(x), undefined, 'address'],
  ['addEventListener', ({ client }, x) => { client.addEventListener(x, () => {}) }, 'peer:conect', 'peer:conect'],
  ['addEventListener', ({ client }, x) => { client.addEventListener('peer:connect', x) }, undefined, 'listener'],
  ['getConnections', ({ client }, x) => client.getConnections(x), 'x', 'peer'],
  ['peerStore.get', ({ client }, x) => client.peerStore.get(x), undefined, 'peer'],
  ['peerStore.merge', ({ client, server }, x) => client.peerStore.merge(server.peerId, x), null, 'patch'],
  ['peerStore.merge', ({ client, server }, x) => client.peerStore.merge(server.peerId, x), { addresses: ['/ip4/1.2.3.4/tcp/1'] }, 'patch.addresses'],
  ['peerStore.merge', ({ client, server }, x) => client.peerStore.merge(server.peerId, x), { protocols: 5 }, 'patch.protocols'],
  ['peerStore.merge', ({ client, server }, x) => client.peerStore.merge(server.peerId, x), { metadata: { a: 'text' } }, 'patch.metadata'],
  ['peerStore.merge', ({ client, server }, x) => client.peerStore.merge(server.peerId, x), { record: null }, 'patch.record'],
  ['peerStore.merge', ({ client, server }, x) => client.peerStore.merge(server.peerId, x), { agent: 'x' }, "'agent'"],
  ['stop, options', ({ client }, x) => client.stop(x), { graceMs: NaN }, "'graceMs'"],
  ['stop, options', ({ client }, x) => client.stop(x), null, 'options'],
  ['read', ({ stream }, x) => stream.read(x), 0, 'max'],
  ['read', ({ stream }, x) => stream.read(x), NaN, 'max'],
  ['readExactly', ({ stream }, x) => stream.readExactly(x), -1, 'length'],
  ['readExactly, options', ({ stream }, x) => stream.readExactly(1, x), { signal: 1 }, 'signal'],
  ['readAll', ({ stream }, x) => stream.readAll(x), undefined, 'maxBytes'],
  ['readPrefixed', ({ stream }, x) => stream.readPrefixed(x), { maxBytes: NaN }, 'maxBytes'],
  ['write', ({ stream }, x) => stream.write(x), 'text', 'bytes'],
  ['writePrefixed', ({ stream }, x) => stream.writePrefixed(x), [1], 'bytes']
]

describe('wrong arguments', () => {
  let scene: Scene

  before(async () => {
    const server = await node({ protocols: [echo(), perf()] })
    const client = await node({ listen: [] })
    const [address] = server.getMultiaddrs()
    const connection = await client.dial(address!)
    await client.peerStore.merge(server.peerId, { metadata: { note: Uint8Array.of(1) } })
    scene = { server, client, address: address!, connection, stream: await connection.newStream(echoProtocol) }
  })

  after(stopAll)

  for (const [what, call, wrong, names] of wrongs) {
    it(`${what}: ${JSON.stringify(wrong)}`, async () => {
      let thrown: unknown
      try {
        await call(scene, wrong as never)
      } catch (error) {
        thrown = error
      }
      expect(thrown).to.satisfy((error: unknown) => error instanceof TypeError || error instanceof RangeError)
      expect((thrown as Error).message).to.include(names)
    })
  }

  it('have changed nothing', async () => {
    const { client, connection, stream } = scene
    expect(client.status).to.equal('started')
    expect(connection.status).to.equal('open')
    expect(client.getConnections()).to.deep.equal([connection])
    expect(connection.streams).to.deep.equal([stream])
    // A store that had crashed would know nothing any more.
    expect((await client.peerStore.get(stream.peer))?.metadata.get('note')).to.deep.equal(Uint8Array.of(1))
    await stream.write(Uint8Array.of(7))
    expect(await stream.readExactly(1)).to.deep.equal(Uint8Array.of(7))
  })

  it('of createNode: a protocol that is none', async () => {
    let thrown: unknown
    try {
      await node({ protocols: [{ ids: ['/x'] } as unknown as Protocol] })
    } catch (error) {
      thrown = error
    }
    expect(thrown).to.be.instanceOf(TypeError).with.property('message').that.includes('protocols[0]')
  })
})
