/** Peer store and address manager of whole nodes: what is kept, what is told, and the warm start. */
import { expect } from 'chai'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryDatastore } from 'datastore-core'
import { LevelDatastore } from 'datastore-level'
import { createNode, fileDatastore, keepAliveTag, Multiaddr, PeerId, signPeerRecord, generateKeyPair, type Datastore, type Node, type NodeOptions } from '../../../src/index.js'
import { nodeCrypto } from '../../../src/runtime/crypto/node.js'
import { TestNet } from '../../../src/testnet.js'
import { peerOf } from '../network-kit.js'
import { codeOf, next, node, stopAll } from './support/nodes.js'

describe('node.peerStore', () => {
  afterEach(stopAll)

  const address = Multiaddr.parse('/ip4/198.51.100.1/tcp/4001')

  it('speaks as js-libp2p\'s does', async () => {
    const { peerStore } = await node({ listen: [] })
    const [one, two] = [peerOf(1), peerOf(2)]
    expect(await peerStore.has(one)).to.equal(false)
    expect(await peerStore.getInfo(one)).to.equal(undefined)
    await peerStore.merge(one, { addresses: [address], tags: { mine: { value: 7 } }, metadata: { a: Uint8Array.of(1) } })
    await peerStore.merge(two.toString(), { tags: { [keepAliveTag]: { value: 50, ttlMs: 60_000 } } })
    expect(await peerStore.has(one)).to.equal(true)
    const [known] = (await peerStore.get(one))!.addresses
    expect([known?.source, known?.expiresAt, known?.certified]).to.deep.equal(['user', Infinity, false])
    expect((await peerStore.getInfo(one))!.addresses.map(String)).to.deep.equal([address.toString()])
    const ordered = await peerStore.all({ orders: [(a, b) => b.tags.size - a.tags.size, (a, b) => a.addresses.length - b.addresses.length] })
    expect(ordered.map(({ peer }) => peer.toString())).to.deep.equal([two, one].map(String))
    expect((await peerStore.all({ filters: [({ addresses }) => addresses.length > 0] })).map(({ peer }) => peer.toString())).to.deep.equal([one.toString()])
    expect(await peerStore.all({ offset: 1, limit: 5 })).to.have.length(1)
    const seen: string[] = []
    await peerStore.forEach(({ peer }) => { seen.push(peer.toString()) }, { limit: 1 })
    expect(seen).to.have.length(1)
    expect((await peerStore.patch(one, { metadata: { b: Uint8Array.of(2) } }))!.metadata.has('a')).to.equal(false)
    expect((await peerStore.save(one, {}))!.addresses).to.deep.equal([])
    await peerStore.delete(one)
    expect(await peerStore.has(one)).to.equal(false)
    await peerStore.flush()
  })

  it('takes signed records that are whole, of the peer that is meant, and newer', async () => {
    const { peerStore } = await node({ listen: [] })
    const key = await generateKeyPair()
    const peerId = PeerId.fromPublicKey(key.publicKey, nodeCrypto)
    const record = (seq: bigint): Uint8Array => signPeerRecord({ peerId, seq, addresses: [address] }, key, nodeCrypto).encode()
    expect(await peerStore.consumePeerRecord(record(5n), { expectedPeer: peerId })).to.equal(true)
    expect(await peerStore.consumePeerRecord(record(4n))).to.equal(false)
    expect((await peerStore.get(peerId))!.addresses[0]).to.include({ certified: true, source: 'identified' })
    expect(await codeOf(peerStore.consumePeerRecord(record(6n), { expectedPeer: peerOf(1) }))).to.equal('record/peer-mismatch')
    const forged = record(6n)
    forged[forged.length - 1]! ^= 1
    expect(await codeOf(peerStore.consumePeerRecord(forged))).to.equal('record/bad-signature')
    expect(await codeOf(peerStore.consumePeerRecord(Uint8Array.of(1, 2)))).to.equal('record/malformed')
    expect((await peerStore.get(peerId))!.record!.seq).to.equal(5n)
  })

  it('names what is wrong with a patch and with options', async () => {
    const { peerStore } = await node({ listen: [] })
    for (const patch of [{ tags: { a: { value: 101 } } }, { tags: { a: { value: 0.5 } } }, { tags: { a: { ttlMs: -1 } } }, { tags: { a: { ttl: 1 } } }, { source: 'rumour' }]) {
      let error: unknown
      await peerStore.merge(peerOf(1), patch as never).catch((why: unknown) => { error = why })
      expect(error, JSON.stringify(patch)).to.be.instanceOf(TypeError)
    }
    const wrong: ReadonlyArray<readonly [NodeOptions, string]> = [
      [{ peerStore: { datastore: {} as never } }, 'peerStore.datastore'],
      [{ peerStore: { writeDelay: 1 } as never }, 'peerStore.writeDelay'],
      [{ peerStore: { ages: { gossip: -1 } } }, 'peerStore.ages.gossip'],
      [{ addresses: { announce: ['nonsense'] } }, 'addresses.announce[0]'],
      [{ addresses: { observed: { observers: -1 } } }, 'addresses.observed.observers'],
      [{ startup: { redial: -1 } }, 'startup.redial']
    ]
    for (const [options, name] of wrong) {
      let error: unknown
      await createNode(options).catch((why: unknown) => { error = why })
      expect(String(error)).to.include(name)
    }
  })

  describe('keeps peers over a restart', () => {
    let folder: string
    beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'troupe-stores-')) })
    afterEach(async () => {
      await stopAll()
      rmSync(folder, { recursive: true, force: true })
    })

    const kinds: Readonly<Record<string, () => NonNullable<NodeOptions['peerStore']>['datastore']>> = {
      'in a file of our own': () => fileDatastore(join(folder, 'data')),
      'in datastore-level, which the node opens': () => async () => {
        const store = new LevelDatastore(join(folder, 'level'))
        await store.open()
        return store
      }
    }
    for (const [kind, datastore] of Object.entries(kinds)) {
      it(kind, async () => {
        const store = (): NodeOptions => ({ listen: [], peerStore: { datastore: datastore()! } })
        const first = await node(store())
        await first.peerStore.merge(peerOf(1), { addresses: [address], metadata: { a: Uint8Array.of(1, 2) }, tags: { mine: { value: 3 } } })
        await first.stop()
        const second = await node(store())
        const known = await second.peerStore.get(peerOf(1))
        expect([known?.addresses.map(one => one.address.toString()), known?.metadata.get('a'), known?.tags.get('mine')?.value]).to.deep.equal([[address.toString()], Uint8Array.of(1, 2), 3])
      })
    }

    it('in a datastore that its user has opened, and closes', async () => {
      const datastore: Datastore = new MemoryDatastore()
      const first = await node({ listen: [], peerStore: { datastore } })
      await first.peerStore.merge(peerOf(1), { addresses: [address] })
      await first.stop()
      expect(await (await node({ listen: [], peerStore: { datastore } })).peerStore.has(peerOf(1))).to.equal(true)
    })

    it('says when another node has the folder, and goes on', async () => {
      const first = await node({ listen: [], peerStore: { datastore: fileDatastore(folder) } })
      await first.peerStore.flush()
      const second = await node({ listen: [], peerStore: { datastore: fileDatastore(folder) } })
      const failed = next(second, 'store:failed') as Promise<{ readonly code: string }>
      await second.peerStore.merge(peerOf(1), {})
      expect(await codeOf(second.peerStore.flush())).to.equal('store/in-use')
      expect((await failed).code).to.equal('store/in-use')
      expect(await second.peerStore.has(peerOf(1))).to.equal(true)
    })
  })
})

describe('a warm start', () => {
  it('redials those that were reached before, and no others', async () => {
    const net = new TestNet({ seed: 1 })
    const friends = [await net.createNode(), await net.createNode(), await net.createNode()]
    const datastore: Datastore = new MemoryDatastore()
    const name = { name: 'node' }
    const before = await net.createNode({ ...name, peerStore: { datastore } })
    for (const friend of friends) await net.until(before.dial(friend.getMultiaddrs()[0]!))
    await net.run(2000)
    await net.until(before.peerStore.merge(peerOf(9), { addresses: [Multiaddr.parse('/ip4/10.9.9.9/tcp/1')] }))
    await net.until(friends[2]!.stop())
    await net.until(before.stop())

    const after = await net.createNode({ name: 'node-after', peerStore: { datastore } })
    const done = next(after, 'startup:done') as Promise<{ readonly tried: number, readonly connected: number }>
    expect(await net.until(done)).to.deep.equal({ tried: 3, connected: 2 })
    expect(after.getPeers().map(String)).to.have.members(friends.slice(0, 2).map(({ peerId }) => peerId.toString()))
    await net.stop()
  })
})

describe('what a start has come to', () => {
  const nodes: Readonly<Record<string, () => NodeOptions>> = {
    'of a node without peers': () => ({ peerStore: { datastore: new MemoryDatastore() } }),
    'that listens on many addresses': () => ({ listen: Array.from({ length: 20 }, () => '/ip4/127.0.0.1/tcp/0'), peerStore: { datastore: new MemoryDatastore() } }),
    'that listens nowhere': () => ({ listen: [], peerStore: { datastore: new MemoryDatastore() } })
  }
  for (const [name, options] of Object.entries(nodes)) {
    it(`is heard by whoever listens as soon as he has the node: ${name}`, async () => {
      const node = await createNode({ log: { level: 'off' }, ...options() })
      expect(await next(node, 'startup:done')).to.deep.equal({ tried: 0, connected: 0 })
      await node.stop()
    })
  }
})

describe('where a node is seen', () => {
  it('is believed when four others say so, told to those who are connected, and an event', async () => {
    const net = new TestNet({ seed: 3 })
    const outside = '/dns4/me.example.org/tcp/4001'
    const host = (n: number): { readonly ips: readonly string[], readonly listen: readonly string[] } => ({ ips: [`203.0.113.${n}`], listen: [`/ip4/203.0.113.${n}/tcp/4001`] })
    const ours = await net.createNode({ ips: ['198.51.100.1', '192.168.1.5'], listen: ['/ip4/192.168.1.5/tcp/4001'], addresses: { appendAnnounce: [outside] } })
    const updates: string[][] = []
    ours.addEventListener('self:peer:update', ({ detail }) => { updates.push(detail.addresses.map(String)) })
    const others: Node[] = []
    for (let n = 1; n <= 4; n++) others.push(await net.createNode(host(n)))
    const own = (address: string): string => `${address}/p2p/${ours.peerId.toString()}`
    for (const [n, other] of others.entries()) {
      await net.until(ours.dial(other.getMultiaddrs()[0]!))
      await net.run(3000)
      expect(ours.getMultiaddrs().map(String).includes(own('/ip4/198.51.100.1/tcp/4001')), `${n + 1} observers`).to.equal(n === 3)
    }
    expect(updates.at(-1)).to.deep.equal(['/ip4/192.168.1.5/tcp/4001', '/ip4/198.51.100.1/tcp/4001', outside].map(own))
    // Told by identify push.
    const known = await net.until(others[0]!.peerStore.get(ours.peerId))
    expect(known!.addresses.map(({ address }) => address.toString())).to.include('/ip4/198.51.100.1/tcp/4001')
    await net.stop()
  })
})
