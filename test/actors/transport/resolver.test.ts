import { expect } from 'chai'
import { createResolver, hasName, type Resolved, type ResolverOptions } from '../../../src/actors/transport/resolver.js'
import { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import type { ActorRef } from '../../../src/runtime/ref.js'
import { SimDns, type SimRecords } from '../../../src/runtime/sim/sim-dns.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import type { System } from '../../../src/runtime/system.js'
import { plain, type Note } from '../../runtime/kit.js'

const alice = '12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA'
const bob = '12D3KooWGzBj9F5aBbxZ9pTnZCeQ8m5pRZqZt5rJmvRzQ5yQvDvA'
const relay = 'QmaCpDMGvV2BGHeYERUEnRQAwe3N8SzbUtfsmvsqQLuvuJ'

describe('resolver', () => {
  let world: SimWorld
  let system: System
  let dns: SimDns

  beforeEach(() => {
    world = new SimWorld({ seed: 1, guard: true })
    system = world.system({ name: 'here' })
    dns = new SimDns(world)
  })

  afterEach(async () => { await world.stop() })

  interface Running {
    readonly actor: ActorRef<Note>
    readonly outcome: Promise<Resolved>
  }

  /** In a task of an actor, as a dial does it. */
  function start (addresses: readonly string[], options?: ResolverOptions): Running {
    const resolve = createResolver(dns.port(system), options)
    let actor!: ActorRef<Note>
    const outcome = new Promise<Resolved>((done, failed) => {
      actor = system.spawn(plain, {
        input: {
          run: self => {
            self.task(async scope => {
              await resolve(addresses.map(text => Multiaddr.parse(text)), scope).then(done, failed)
            }, {})
          }
        }
      })
    })
    return { actor, outcome }
  }

  async function resolve (addresses: readonly string[], options?: ResolverOptions): Promise<{ readonly found: readonly string[], readonly failures: readonly string[] }> {
    const { addresses: found, failures } = await world.until(start(addresses, options).outcome)
    return { found: found.map(String), failures: failures.map(({ code }) => code) }
  }

  const set = (records: Readonly<Record<string, SimRecords>>): void => {
    for (const [name, record] of Object.entries(records)) dns.set(name, record)
  }

  it('leaves addresses without names as they are, asks nobody and takes no time', async () => {
    const addresses = ['/ip4/10.0.0.1/tcp/4001', `/ip6/::1/udp/4001/quic-v1/p2p/${alice}`, '/memory/42', '/unix/tmp/x']
    expect(await resolve(addresses)).to.deep.equal({ found: addresses, failures: [] })
    expect([dns.questions, Math.floor(world.now())]).to.deep.equal([[], 0])
    expect(addresses.map(text => hasName(Multiaddr.parse(text)))).to.deep.equal([false, false, false, false])
  })

  it('makes IP addresses of names, each kind its own, and keeps what follows', async () => {
    set({ 'example.org': { a: ['10.0.0.1', '10.0.0.2'], aaaa: ['fd00::1'] } })
    expect(await resolve([`/dns4/example.org/tcp/4001/p2p/${alice}`])).to.deep.equal({
      found: [`/ip4/10.0.0.1/tcp/4001/p2p/${alice}`, `/ip4/10.0.0.2/tcp/4001/p2p/${alice}`], failures: []
    })
    expect((await resolve(['/dns6/example.org/udp/4001/quic-v1'])).found).to.deep.equal(['/ip6/fd00::1/udp/4001/quic-v1'])
    expect((await resolve(['/dns/example.org/tcp/443/wss'])).found).to.deep.equal(
      ['/ip4/10.0.0.1/tcp/443/wss', '/ip4/10.0.0.2/tcp/443/wss', '/ip6/fd00::1/tcp/443/wss']
    )
  })

  it('resolves the relay of a relayed address', async () => {
    set({ 'relay.example.org': { a: ['10.0.0.1'] }, '_dnsaddr.relay.example.org': { txt: [`dnsaddr=/ip4/10.0.0.9/tcp/1/p2p/${relay}`] } })
    const behind = `/p2p/${relay}/p2p-circuit/p2p/${alice}`
    expect((await resolve([`/dns4/relay.example.org/tcp/4001${behind}`])).found).to.deep.equal([`/ip4/10.0.0.1/tcp/4001${behind}`])
    expect((await resolve([`/dnsaddr/relay.example.org${behind}`])).found).to.deep.equal([`/ip4/10.0.0.9/tcp/1${behind}`])
  })

  it('follows what a name has published, over names in it, in its order', async () => {
    set({
      '_dnsaddr.example.org': { txt: ['v=spf1 -all', `dnsaddr=/dnsaddr/a.example.org/p2p/${alice}`, `dnsaddr=/dns4/b.example.org/tcp/2/p2p/${bob}`, 'dnsaddr=/nonsense', 'dnsaddr='] },
      '_dnsaddr.a.example.org': { txt: [`dnsaddr=/ip4/10.0.0.1/tcp/1/p2p/${alice}`, `dnsaddr=/ip4/10.0.0.66/tcp/1/p2p/${bob}`], latencyMs: 300 },
      'b.example.org': { a: ['10.0.0.2'] }
    })
    expect(await resolve(['/dnsaddr/example.org'])).to.deep.equal({
      found: [`/ip4/10.0.0.1/tcp/1/p2p/${alice}`, `/ip4/10.0.0.2/tcp/2/p2p/${bob}`], failures: []
    })
  })

  it('keeps of it only what leads to the peer that is meant', async () => {
    set({ '_dnsaddr.example.org': { txt: [`dnsaddr=/ip4/10.0.0.1/tcp/1/p2p/${alice}`, `dnsaddr=/ip4/10.0.0.2/tcp/1/p2p/${bob}`, 'dnsaddr=/ip4/10.0.0.3/tcp/1'] } })
    expect((await resolve([`/dnsaddr/example.org/p2p/${bob}`])).found).to.deep.equal([`/ip4/10.0.0.2/tcp/1/p2p/${bob}`])
  })

  it('follows no name to a socket of this machine', async () => {
    set({ '_dnsaddr.example.org': { txt: ['dnsaddr=/unix/run/docker.sock', 'dnsaddr=/memory/1', 'dnsaddr=/ip6zone/eth0/ip6/fe80::1/tcp/1', 'dnsaddr=/ip4/10.0.0.3/tcp/1'] } })
    expect((await resolve(['/dnsaddr/example.org'])).found).to.deep.equal(['/ip4/10.0.0.3/tcp/1'])
  })

  it('gives each address once', async () => {
    set({ 'example.org': { a: ['10.0.0.1'] } })
    expect((await resolve(['/ip4/10.0.0.1/tcp/1', '/dns4/example.org/tcp/1', '/dns/example.org/tcp/1'])).found).to.deep.equal(['/ip4/10.0.0.1/tcp/1'])
  })

  it('tells what led nowhere, beside what did not', async () => {
    set({ 'broken.example.org': { failure: 'ESERVFAIL' }, 'example.org': { a: ['10.0.0.1'] } })
    const outcome = await resolve(['/dns4/broken.example.org/tcp/1', '/dns4/nobody.example.org/tcp/1', '/dns6/example.org/tcp/1', '/dns4/example.org/tcp/1'])
    expect(outcome).to.deep.equal({ found: ['/ip4/10.0.0.1/tcp/1'], failures: Array(3).fill('dial/resolve-failed') })
  })

  it('takes one kind of address for enough, when the other cannot be found out', async () => {
    const port = dns.port(system)
    const resolve = createResolver({ ...port, resolve6: async () => Promise.reject(new Error('as planned')) })
    set({ 'example.org': { a: ['10.0.0.1'] } })
    const outcome = new Promise<Resolved>((done, failed) => {
      system.spawn(plain, { input: { run: self => { self.task(async scope => resolve([Multiaddr.parse('/dns/example.org/tcp/1')], scope).then(done, failed), {}) } } })
    })
    const { addresses, failures } = await world.until(outcome)
    expect([addresses.map(String), failures]).to.deep.equal([['/ip4/10.0.0.1/tcp/1'], []])
  })

  describe('bounds', () => {
    it('gives what it has when the time is over', async () => {
      set({ 'silent.example.org': { silent: true }, 'example.org': { a: ['10.0.0.1'] } })
      const outcome = await resolve(['/dns4/silent.example.org/tcp/1', '/dns4/example.org/tcp/1'], { timeoutMs: 1000 })
      expect(outcome).to.deep.equal({ found: ['/ip4/10.0.0.1/tcp/1'], failures: ['dial/resolve-failed'] })
      expect(world.now()).to.be.within(1000, 1001)
      expect(system.handles.size).to.equal(0)
    })

    it('does not follow names round in circles', async () => {
      set({ '_dnsaddr.a.example.org': { txt: ['dnsaddr=/dnsaddr/b.example.org'] }, '_dnsaddr.b.example.org': { txt: ['dnsaddr=/dnsaddr/a.example.org'] } })
      const { found, failures } = await resolve(['/dnsaddr/a.example.org'])
      expect(found).to.deep.equal([])
      expect(failures.length).to.be.greaterThan(0)
      expect(dns.questions).to.have.length(4)
    })

    it('does not ask more often than it may, however much a name would make it', async () => {
      const txt = Array.from({ length: 50 }, (_, i) => `dnsaddr=/dnsaddr/${i}.example.org`)
      set({ '_dnsaddr.example.org': { txt } })
      for (let i = 0; i < 50; i++) dns.set(`_dnsaddr.${i}.example.org`, { txt })
      const { failures } = await resolve(['/dnsaddr/example.org'])
      expect(dns.questions).to.have.length(32)
      expect(failures.length).to.be.greaterThan(0)
    })

    it('gives no more addresses than it may', async () => {
      set({ '_dnsaddr.example.org': { txt: Array.from({ length: 500 }, (_, i) => `dnsaddr=/ip4/10.0.0.1/tcp/${i + 1}`) } })
      expect((await resolve(['/dnsaddr/example.org'])).found).to.have.length(100)
      expect((await resolve(['/dnsaddr/example.org'], { maxAddresses: 7 })).found).to.have.length(7)
    })

    it('does not ask for what is no name', async () => {
      expect((await resolve([`/dns4/${'x'.repeat(254)}/tcp/1`])).failures).to.deep.equal(['dial/resolve-failed'])
      expect(dns.questions).to.deep.equal([])
    })

    it('must be positive numbers', () => {
      for (const options of [{ timeoutMs: 0 }, { maxDepth: -1 }, { maxQuestions: NaN }, { maxAddresses: Infinity }]) {
        expect(() => createResolver(dns.port(system), options)).to.throw(RangeError, Object.keys(options)[0])
      }
    })
  })

  it('ends with its task', async () => {
    set({ 'silent.example.org': { silent: true } })
    const { actor, outcome } = start(['/dns4/silent.example.org/tcp/1'])
    const rejected = outcome.then(() => 'resolved', () => 'rejected')
    await world.run(100)
    expect(system.handles.size).to.equal(1)
    system.root.stop(actor)
    expect(await world.until(rejected)).to.equal('rejected')
    expect(system.handles.size).to.equal(0)
  })
})
