import { expect } from 'chai'
import { SimDns } from '../../../src/runtime/sim/sim-dns.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'

const never = new AbortController().signal

describe('simulated names', () => {
  let world: SimWorld

  beforeEach(() => { world = new SimWorld({ seed: 1, guard: true }) })
  afterEach(async () => { await world.stop() })

  it('have what the table says, each kind its own, after the latency', async () => {
    const dns = new SimDns(world)
    const here = world.system({ name: 'here' })
    const port = dns.port(here)
    dns.set('Example.org.', { a: ['10.0.0.1'], aaaa: ['fd00::1'], txt: ['words'] })
    dns.set('far.example.org', { a: ['10.0.0.2'], latencyMs: 500 })
    const near = [port.resolve4('example.org', never), port.resolve6('EXAMPLE.ORG', never), port.resolveTxt('example.org.', never), port.resolve4('nobody.example.org', never)]
    const far = port.resolve4('far.example.org', never)
    expect(here.handles.size).to.equal(5)
    expect(await world.until(Promise.all(near))).to.deep.equal([['10.0.0.1'], ['fd00::1'], ['words'], []])
    expect(world.now()).to.equal(20)
    expect(await world.until(far)).to.deep.equal(['10.0.0.2'])
    expect(world.now()).to.equal(500)
    expect(here.handles.size).to.equal(0)
    expect(dns.questions).to.deep.equal(['here A example.org', 'here AAAA example.org', 'here TXT example.org', 'here A nobody.example.org', 'here A far.example.org'])
  })

  it('can be forgotten, replaced, broken', async () => {
    const dns = new SimDns(world, { latencyMs: 1 })
    const port = dns.port(world.system())
    dns.set('example.org', { a: ['10.0.0.1'] })
    dns.delete('example.org')
    expect(await world.until(port.resolve4('example.org', never))).to.deep.equal([])
    dns.set('example.org', { failure: 'ESERVFAIL' })
    const error = await world.until(port.resolve4('example.org', never).then(() => undefined, (error: unknown) => error))
    expect(error).to.include({ code: 'ESERVFAIL' })
  })

  it('that nobody knows anything of are waited for until the signal', async () => {
    const dns = new SimDns(world)
    const here = world.system({ name: 'here' })
    dns.set('example.org', { silent: true })
    const controller = new AbortController()
    const asking = dns.port(here).resolve4('example.org', controller.signal).then(() => undefined, (error: unknown) => error)
    await world.run(100_000)
    expect(here.handles.labels()).to.deep.equal(['question here A example.org#1'])
    controller.abort()
    expect(await asking).to.equal(controller.signal.reason)
    expect(here.handles.size).to.equal(0)
    const late = await dns.port(here).resolve4('example.org', controller.signal).then(() => undefined, (error: unknown) => error)
    expect(late).to.equal(controller.signal.reason)
  })

  it('are checked', () => {
    const dns = new SimDns(world)
    expect(() => { dns.set('example.org', { A: [] } as object) }).to.throw(TypeError, 'A')
    expect(() => { dns.set('example.org', { latencyMs: -1 }) }).to.throw(RangeError, 'latencyMs')
    expect(() => new SimDns(world, { latencyMs: NaN })).to.throw(RangeError, 'latencyMs')
  })
})
