/** The peer store: what is merged, what is bounded, and who is forgotten first. */
import { expect } from 'chai'
import fc from 'fast-check'
import { PeerBook } from '../../../src/actors/peer-store/peer-book.core.js'
import { peerStoreAges, peerStoreDefaults, type PeerStoreLimits } from '../../../src/actors/peer-store/peer-limits.core.js'
import { peerStore } from '../../../src/actors/peer-store/peer-store.actor.js'
import type { PeerInfo, PeerPatch, PeerStoreReply, PeerUpdated } from '../../../src/messages/peer-store.js'
import { Asker, host, inWorlds, peerOf } from '../network-kit.js'

const book = (limits: Partial<PeerStoreLimits> = {}): PeerBook => new PeerBook({ ...peerStoreDefaults, ...limits })
const addresses = (info: PeerInfo | undefined): string[] | undefined => info?.addresses.map(({ address, certified }) => `${address.toString()}${certified ? ' certified' : ''}`)
const peers = (from: PeerBook): string[] => from.all(0).map(({ peer }) => peer.toString()).sort()
const record = (seq: bigint, ...hosts: number[]): PeerPatch => ({ record: { seq, envelope: Uint8Array.of(Number(seq)), addresses: hosts.map(host) } })
const text = (n: number): string => host(n).toString()

describe('peer book', () => {
  it('adds addresses, the newest first, each once and without the peer', () => {
    const store = book()
    store.merge(peerOf(1), { addresses: [host(1), host(2)] }, 1)
    const { info } = store.merge(peerOf(1), { addresses: [host(3).withPeer(peerOf(1)), host(2)] }, 2)
    expect(addresses(info)).to.deep.equal([text(3), text(2), text(1)])
    expect(info?.updatedAt).to.equal(2)
  })

  it('puts the addresses of a signed record first, and replaces them by those of a newer one', () => {
    const store = book()
    store.merge(peerOf(1), { addresses: [host(1), host(2)] }, 1)
    expect(addresses(store.merge(peerOf(1), record(5n, 3, 1), 2).info)).to.deep.equal([`${text(3)} certified`, `${text(1)} certified`, text(2)])
    expect(addresses(store.merge(peerOf(1), record(6n, 4), 3).info)).to.deep.equal([`${text(4)} certified`, text(2)])
  })

  it('takes no older record, nor the same again', () => {
    const store = book()
    store.merge(peerOf(1), record(5n, 1), 1)
    expect(store.merge(peerOf(1), record(5n, 2), 2).changed).to.equal(false)
    const { info, changed } = store.merge(peerOf(1), record(4n, 3), 3)
    expect([changed, addresses(info), info?.record?.seq, info?.updatedAt]).to.deep.equal([false, [`${text(1)} certified`], 5n, 1])
  })

  it('replaces protocols and versions, and leaves what is not named', () => {
    const store = book()
    store.merge(peerOf(1), { protocols: ['/a', '/b'], agentVersion: 'x' }, 1)
    const { info } = store.merge(peerOf(1), { protocols: ['/c'], protocolVersion: 'y' }, 2)
    expect(info).to.deep.include({ protocols: ['/c'], agentVersion: 'x', protocolVersion: 'y' })
  })

  it('sets and deletes metadata', () => {
    const store = book()
    store.merge(peerOf(1), { metadata: { a: Uint8Array.of(1), b: Uint8Array.of(2) } }, 1)
    const { info } = store.merge(peerOf(1), { metadata: { a: null, c: Uint8Array.of(3) } }, 2)
    expect([...info!.metadata.keys()]).to.deep.equal(['b', 'c'])
    expect(store.merge(peerOf(1), { metadata: { c: Uint8Array.of(3) } }, 3).changed).to.equal(false)
  })

  it('knows the key that the id holds', () => {
    const peer = peerOf(1)
    expect(book().merge(peer, {}, 1).info?.publicKey?.equals(peer.publicKey!)).to.equal(true)
  })

  it('keeps within every bound of a peer', () => {
    const store = book({ addresses: 3, protocols: 2, protocolBytes: 10, versionLetters: 4, recordBytes: 8, metadataKeys: 2, metadataBytes: 10 })
    const { info } = store.merge(peerOf(1), {
      addresses: [1, 2, 3, 4, 5].map(host),
      protocols: ['/a', '/b', '/c'],
      agentVersion: 'long name',
      protocolVersion: 'ipfs/0.1.0',
      record: { seq: 1n, envelope: new Uint8Array(9), addresses: [host(9)] },
      metadata: { a: new Uint8Array(4), b: new Uint8Array(20), c: new Uint8Array(3), d: new Uint8Array(1) }
    }, 1)
    expect(addresses(info)).to.deep.equal([text(1), text(2), text(3)])
    expect(info).to.deep.include({ protocols: ['/a', '/b'], agentVersion: 'long', protocolVersion: 'ipfs', record: undefined })
    expect([...info!.metadata.keys()]).to.deep.equal(['a', 'c'])
    expect(store.merge(peerOf(1), { protocols: ['/seven.l', '/x', '/y'] }, 2).info?.protocols).to.deep.equal(['/seven.l', '/x'])
    // What is too large leaves what was there.
    expect(store.merge(peerOf(1), { metadata: { a: new Uint8Array(11) } }, 3).info?.metadata.get('a')).to.have.length(4)
  })

  it('forgets the peer that was updated least recently, but none that is connected', () => {
    const store = book({ peers: 3 })
    for (const n of [1, 2, 3]) store.merge(peerOf(n), { addresses: [host(n)] }, n)
    store.connected(peerOf(1), 3)
    store.merge(peerOf(2), { addresses: [host(9)] }, 4)
    store.merge(peerOf(4), {}, 5)
    expect(peers(store)).to.deep.equal([1, 2, 4].map(n => peerOf(n).toString()).sort())
    store.disconnected(peerOf(1), 5)
    store.merge(peerOf(5), {}, 6)
    expect(peers(store)).to.deep.equal([1, 4, 5].map(n => peerOf(n).toString()).sort())
  })

  it('takes no more peers when all that it knows are connected', () => {
    const store = book({ peers: 2 })
    for (const n of [1, 2]) {
      store.connected(peerOf(n), 1)
      store.merge(peerOf(n), {}, 1)
    }
    expect(store.merge(peerOf(3), { addresses: [host(1)] }, 2)).to.deep.equal({ info: undefined, changed: false })
    expect(store.size).to.equal(2)
  })

  it('forgets peers when all together take too much', () => {
    const store = book({ bytes: 10_000 })
    for (let n = 1; n <= 100; n++) store.merge(peerOf(n), { addresses: [host(n)] }, n)
    expect(store.bytes).to.be.at.most(10_000)
    expect(store.size).to.be.within(5, 20)
    expect(store.get(peerOf(100), 100)).to.not.equal(undefined)
  })

  it('is bounded and counts exactly, after any history', () => {
    const step = fc.record({ what: fc.constantFrom('merge', 'connected', 'disconnected', 'forget'), n: fc.nat(20), m: fc.nat(200) })
    fc.assert(fc.property(fc.array(step, { maxLength: 300 }), steps => {
      const store = book({ peers: 8, bytes: 6000, addresses: 4 })
      const connected = new Set<number>()
      for (const [now, { what, n, m }] of steps.entries()) {
        if (what === 'merge') store.merge(peerOf(n), { addresses: [host(m)], protocols: [`/${m}`] }, now)
        else if (what === 'forget') store.forget(peerOf(n), now)
        else {
          store[what](peerOf(n), now)
          connected[what === 'connected' ? 'add' : 'delete'](n)
        }
        const held = store.all(now).filter(({ peer }) => [...connected].some(n => peerOf(n).equals(peer))).length
        expect(store.size).to.be.at.most(Math.max(8, held))
        if (held < store.size) expect(store.bytes).to.be.at.most(6000)
        expect(store.all(now)).to.have.length(store.size)
      }
      for (let n = 0; n <= 20; n++) store.forget(peerOf(n), 300)
      expect([store.size, store.bytes]).to.deep.equal([0, 0])
    }))
  })
})

describe('peer book, in time', () => {
  const minute = 60_000
  const sourcesOf = (info: PeerInfo | undefined): string[] | undefined => info?.addresses.map(({ address, source }) => `${address.toString()} ${source}`)

  it('lets addresses expire by their source, and forgets who has none left', () => {
    const store = book()
    const peer = peerOf(1)
    store.merge(peer, { addresses: [host(1)] }, 0)
    store.merge(peer, { addresses: [host(2)], source: 'identified' }, 0)
    store.merge(peer, { addresses: [host(4)], source: 'user' }, 0)
    store.tried(peer, host(3), true, 0)
    const at = (now: number): string[] | undefined => sourcesOf(store.get(peer, now))
    expect(at(2 * minute - 1)).to.have.length(4)
    expect(at(2 * minute)).to.deep.equal([`${text(3)} connected`, `${text(4)} user`, `${text(2)} identified`])
    expect(at(60 * minute)).to.deep.equal([`${text(3)} connected`, `${text(4)} user`])
    expect(at(7 * 24 * 60 * minute)).to.deep.equal([`${text(4)} user`])
    store.merge(peerOf(2), { addresses: [host(1)], protocols: ['/a'] }, 0)
    expect(store.get(peerOf(2), 6 * 60 * minute - 1)).to.not.equal(undefined)
    expect(store.get(peerOf(2), 6 * 60 * minute)).to.equal(undefined)
    expect(store.size).to.equal(1)
  })

  it('starts the time anew when an address is named again, and trusts it as much as its best source', () => {
    const store = book()
    store.merge(peerOf(1), { addresses: [host(1)], source: 'identified' }, 0)
    store.merge(peerOf(1), { addresses: [host(1)] }, 59 * minute)
    expect(sourcesOf(store.get(peerOf(1), 60.5 * minute))).to.deep.equal([`${text(1)} identified`])
    expect(sourcesOf(store.get(peerOf(1), 61 * minute))).to.deep.equal([])
  })

  it('lets nothing expire of a peer that is connected, and all from its end on', () => {
    const store = book()
    const peer = peerOf(1)
    store.connected(peer, 0)
    store.merge(peer, { addresses: [host(1)] }, 0)
    store.merge(peer, { addresses: [host(2)], source: 'identified' }, 0)
    store.merge(peer, record(1n, 3), 0)
    expect(sourcesOf(store.get(peer, 1000 * minute))).to.have.length(3)
    store.disconnected(peer, 1000 * minute)
    expect(sourcesOf(store.get(peer, 1059 * minute))).to.have.length(2)
    expect(sourcesOf(store.get(peer, 1060 * minute))).to.deep.equal([])
    // The number of its record is remembered as long as the peer is: an old one is not played again (A18).
    expect(store.merge(peer, record(1n, 3), 1061 * minute).changed).to.equal(false)
  })

  it('keeps no record of another for ever (CVE-2023-40583)', () => {
    const store = book({ peers: Infinity, bytes: Infinity })
    for (let n = 1; n <= 1000; n++) store.merge(peerOf(n), record(1n, n & 0xff), n)
    store.sweep(7 * 60 * minute)
    expect([store.size, store.bytes]).to.deep.equal([0, 0])
  })

  it('has tags for as long as they hold', () => {
    const store = book({ tags: 2 })
    const peer = peerOf(1)
    const tags = (now: number): unknown => Object.fromEntries([...store.get(peer, now)?.tags ?? []].map(([name, { value }]) => [name, value]))
    store.merge(peer, { tags: { a: { value: 10, ttlMs: 100 }, b: {}, c: { value: 3 }, ['x'.repeat(200)]: {} } }, 0)
    expect(tags(0)).to.deep.equal({ a: 10, b: 0 })
    expect(tags(100)).to.deep.equal({ b: 0 })
    store.merge(peer, { tags: { b: null, d: { value: 200 } } }, 200)
    expect(tags(200)).to.deep.equal({ d: 100 })
  })

  it('replaces what a patch names, and all at a save, but not the number of the record', () => {
    const store = book()
    const peer = peerOf(1)
    store.merge(peer, { addresses: [host(1)], protocols: ['/a'], metadata: { a: Uint8Array.of(1) }, tags: { a: {} }, agentVersion: 'x' }, 0)
    store.merge(peer, record(5n, 2), 0)
    const patched = store.merge(peer, { addresses: [host(3)], metadata: { b: Uint8Array.of(2) } }, 1, 'patch').info!
    expect([addresses(patched), [...patched.metadata.keys()], [...patched.tags.keys()], patched.protocols]).to.deep.equal([[text(3)], ['b'], ['a'], ['/a']])
    const saved = store.merge(peer, { addresses: [host(4)] }, 2, 'save').info!
    expect([addresses(saved), saved.metadata.size, saved.tags.size, saved.protocols, saved.agentVersion]).to.deep.equal([[text(4)], 0, 0, [], undefined])
    expect(store.merge(peer, record(4n, 9), 3).changed).to.equal(false)
  })

  it('evicts the least useful first: told of, identified, reached, named by the application; never one to be kept alive', () => {
    const store = book({ peers: 5 })
    store.merge(peerOf(1), { tags: { 'keep-alive-mine': {} } }, 1)
    store.merge(peerOf(2), { addresses: [host(2)], source: 'user' }, 2)
    store.tried(peerOf(3), host(3), true, 3)
    store.merge(peerOf(4), { addresses: [host(4)], source: 'identified' }, 4)
    store.merge(peerOf(5), { addresses: [host(5)] }, 5)
    const left = (): number[] => [1, 2, 3, 4, 5, 6].filter(n => store.get(peerOf(n), 10) !== undefined)
    const order: number[][] = []
    for (let n = 100; n < 104; n++) {
      store.merge(peerOf(n), { metadata: { a: Uint8Array.of(1) } }, n)
      order.push(left())
    }
    expect(order).to.deep.equal([[1, 2, 3, 4], [1, 2, 3], [1, 2], [1]])
    for (let n = 200; n < 300; n++) store.merge(peerOf(n), { metadata: { a: Uint8Array.of(1) } }, n)
    expect(left()).to.deep.equal([1])
    // A flood of strangers moves nobody whom the application has named.
    for (let n = 300; n < 400; n++) store.merge(peerOf(n), { addresses: [host(1)], protocols: ['/x'] }, n)
    expect(store.get(peerOf(299), 400)).to.not.equal(undefined)
  })

  it('lets no flood of addresses push out those that were reached or named by the application', () => {
    const store = book({ addresses: 4 })
    const peer = peerOf(1)
    store.merge(peer, { addresses: [host(1)], source: 'user' }, 0)
    store.tried(peer, host(2), true, 0)
    store.merge(peer, record(1n, 10, 11, 12, 13, 14, 15), 1)
    store.merge(peer, { addresses: [20, 21, 22, 23].map(host), source: 'identified' }, 1)
    expect(addresses(store.get(peer, 1))).to.deep.equal([text(2), text(1), `${text(10)} certified`, `${text(11)} certified`])
  })

  it('knows good peers: to be kept alive first, then those reached last, none that has failed since', () => {
    const store = book()
    for (let n = 1; n <= 5; n++) store.tried(peerOf(n), host(n), true, n)
    store.tried(peerOf(5), host(5), false, 10)
    store.tried(peerOf(9), host(9), false, 10)
    store.merge(peerOf(6), { addresses: [host(6)] }, 11)
    store.merge(peerOf(7), { addresses: [host(7)], source: 'user', tags: { 'keep-alive': {} } }, 1)
    store.merge(peerOf(8), { tags: { 'keep-alive': {} } }, 1)
    const good = (limit: number): string[] => store.good(limit, 20).map(({ peer }) => peer.toString())
    expect(good(10)).to.deep.equal([7, 4, 3, 2, 1].map(n => peerOf(n).toString()))
    expect(good(2)).to.have.length(2)
  })

  it('knows whom to keep, while their tags hold, whether they are connected or not', () => {
    const store = book()
    store.merge(peerOf(1), { tags: { 'keep-alive-mine': {} } }, 0)
    store.merge(peerOf(2), { tags: { 'keep-alive': { ttlMs: 100 } }, addresses: [host(2)], source: 'user' }, 0)
    store.merge(peerOf(3), { tags: { other: {} } }, 0)
    store.merge(peerOf(4), { addresses: [host(4)] }, 0)
    store.merge(peerOf(5), { tags: { 'keep-alive': {} } }, 0)
    for (const n of [1, 4]) store.connected(peerOf(n), 1)
    const kept = (now: number): string[] => store.kept(now).map(({ peer }) => peer.toString()).sort()
    const names = (...of: number[]): string[] => of.map(n => peerOf(n).toString()).sort()
    expect(kept(50)).to.deep.equal(names(1, 2, 5))
    expect(kept(100)).to.deep.equal(names(1, 5))
    store.disconnected(peerOf(1), 110)
    store.merge(peerOf(5), { tags: { 'keep-alive': null } }, 110)
    expect(kept(120)).to.deep.equal(names(1))
    store.merge(peerOf(2), { tags: { 'keep-alive': {} } }, 130)
    expect(kept(140)).to.deep.equal(names(1, 2))
  })

  it('notes whom a writer has to write, and whom to forget', () => {
    const store = new PeerBook({ ...peerStoreDefaults, peers: 2 }, peerStoreAges, true)
    const noted = (): unknown => [...store.takeChanges(Infinity)].map(([peer, info]) => [peer.toString(), info === undefined ? 'gone' : info.addresses.length])
    const name = (n: number): string => peerOf(n).toString()
    store.merge(peerOf(1), { addresses: [host(1)] }, 0)
    expect(noted()).to.deep.equal([[name(1), 1]])
    store.merge(peerOf(1), { addresses: [host(1)] }, 0)
    expect(noted()).to.deep.equal([])
    store.merge(peerOf(2), {}, 1)
    store.merge(peerOf(3), {}, 1)
    expect(noted()).to.deep.equal([[name(2), 0], [name(3), 0], [name(1), 'gone']])
    store.forget(peerOf(2), 1)
    store.returnChanges([peerOf(3)])
    expect(noted()).to.deep.equal([[name(2), 'gone'], [name(3), 0]])
  })
})

describe('peer store', () => {
  it('answers what is known, and emits what has changed', inWorlds(3, async ({ system, world, seed }) => {
    const updates: PeerUpdated[] = []
    system.trace.add((_, __, event) => { updates.push(event as PeerUpdated) }, ['emitted'])
    const store = system.spawn(peerStore, { name: 'peer-store', input: undefined })
    const asker = new Asker<PeerStoreReply>({ system, world, seed })
    await world.run(10)
    const replyTo = asker.ref
    store.tell({ type: 'peer-store.merge', peer: peerOf(1), patch: { addresses: [host(1)] }, id: 'a', replyTo })
    store.tell({ type: 'peer-store.merge', peer: peerOf(1), patch: { addresses: [host(1)] } })
    store.tell({ type: 'peer-store.get', id: 'b', peer: peerOf(2), replyTo })
    store.tell({ type: 'peer-store.all', id: 'c', replyTo })
    store.tell({ type: 'peer-store.connected', peer: peerOf(1) })
    store.tell({ type: 'peer-store.forget', id: 'd', peer: peerOf(1), replyTo })
    store.tell({ type: 'peer-store.get', id: 'e', peer: peerOf(1), replyTo })
    await world.run(10)
    const [a, b, c, d, e] = asker.answers
    expect(asker.answers.map(({ id }) => id)).to.deep.equal(['a', 'b', 'c', 'd', 'e'])
    expect(a).to.have.nested.property('info.addresses').with.length(1)
    expect([b, e].map(reply => (reply as { info: unknown }).info)).to.deep.equal([undefined, undefined])
    expect(c).to.have.nested.property('peers').with.length(1)
    expect((d as { info: PeerInfo }).info.peer.equals(peerOf(1))).to.equal(true)
    expect(updates.map(({ type, info }) => `${type} ${Math.floor(info.updatedAt)}`)).to.deep.equal(['peer.updated 10'])
  }))

  it('refuses limits that are none when it starts', inWorlds(1, async ({ system, world }) => {
    const store = system.spawn(peerStore, { input: { limits: { peers: -1 } } })
    await world.run(1)
    expect(store.alive).to.equal(false)
  }))
})
