import { expect } from 'chai'
import type { ServiceContext } from '../../../src/actors/contract/service.js'
import { protocol } from '../../../src/actors/protocol/protocol.js'
import { SharedProtocolTable } from '../../../src/actors/protocol/protocol-table.js'
import { protocolRegistry } from '../../../src/actors/protocol/protocol-registry.actor.js'
import { protocols } from '../../../src/actors/protocol/protocols.actor.js'
import type { ProtocolsEvent } from '../../../src/messages/protocol-registry.js'
import { reducer } from '../../../src/runtime/behavior/reducer.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import { deadLetters, expectEmpty } from '../../runtime/kit.js'
import { alice } from '../support/streams-stage.js'

const nothing = (): void => {}

describe('protocol', () => {
  it('fills in what was not said', () => {
    const simple = protocol('/x/1', nothing)
    expect(simple.ids).to.deep.equal(['/x/1'])
    expect(simple.limits).to.deep.equal({ inbound: 32, inboundPerPeer: 32, inboundTotal: Infinity, inboundPerSecond: Infinity, inboundBurst: 64, idleMs: 0, drainMs: 5000 })
    expect([simple.inbound, simple.behavior, simple.service, simple.onLimitedConnection]).to.deep.equal([nothing, undefined, undefined, false])
    expect(protocol('/x/1', { inbound: nothing, limits: { inbound: 5 } }).limits.inboundPerPeer).to.equal(5)
  })

  it('keeps what was said, and lets nobody change it', () => {
    const ids = ['/x/2', '/x/1']
    const given = protocol(ids, { inbound: nothing, onLimitedConnection: true, limits: { inboundPerPeer: 9, inboundTotal: 10, idleMs: 11, drainMs: 0 } })
    ids.push('/x/0')
    expect(given.ids).to.deep.equal(['/x/2', '/x/1'])
    expect(given.limits).to.deep.equal({ inbound: 32, inboundPerPeer: 9, inboundTotal: 10, inboundPerSecond: Infinity, inboundBurst: 64, idleMs: 11, drainMs: 0 })
    expect(given.onLimitedConnection).to.equal(true)
    expect(() => { (given.limits as { inbound: number }).inbound = 1 }).to.throw(TypeError)
  })

  it('takes behaviours, and names a service after its own', () => {
    const service = reducer({ name: 'ping', initial: (_input: ServiceContext) => 0, step: state => state })
    expect(protocol('/x/1', { inbound: nothing, service }).service).to.deep.equal({ name: 'ping', behavior: service })
    expect(protocol('/x/1', { inbound: nothing, service: { name: 'other', behavior: service } }).service?.name).to.equal('other')
  })

  it('tells all that is wrong at once', () => {
    const wrong = (): unknown => protocol(['x', '/y', '/y'], {
      limits: { inbound: -1, idleMs: Infinity, many: 3 },
      onLimitedConnection: 1,
      also: true,
      service: {}
    } as never)
    expect(wrong).to.throw(TypeError)
    for (const part of ['ids[0]', 'ids[2]', 'limits.inbound:', 'limits.idleMs', "unknown limit 'many'", 'onLimitedConnection', "unknown option 'also'", 'service', "'inbound' or 'behavior'"]) expect(wrong).to.throw(part)
  })

  for (const [what, ids, options] of [
    ['no id', [], nothing],
    ['an id that is none', 3, nothing],
    ['a newline in an id', '/x\n', nothing],
    ['an id that is too long', `/${'x'.repeat(1023)}`, nothing],
    ['no options', '/x', undefined],
    ['an inbound that is no function', '/x', { inbound: 'echo' }],
    ['both kinds of handler', '/x', { inbound: nothing, behavior: reducer({ name: 'x', initial: () => 0, step: s => s }) }],
    ['a behaviour that is none', '/x', { behavior: {} }],
    ['limits that are none', '/x', { inbound: nothing, limits: 3 }],
    ['a service that cannot be a path', '/x', { inbound: nothing, service: { name: 'a/b', behavior: reducer({ name: 'x', initial: () => 0, step: s => s }) } }]
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => protocol(ids as never, options as never)).to.throw(TypeError)
    })
  }
})

describe('protocol table', () => {
  const x = protocol(['/x/2', '/x/1'], nothing)
  const y = protocol('/y', nothing)

  it('finds by every id, in the order of registration, and tells each change', () => {
    let changes = 0
    const table = new SharedProtocolTable(() => { changes++ })
    expect(table.ids).to.deep.equal([])
    table.register(x)
    const before = table.ids
    table.register(y)
    expect(before).to.deep.equal(['/x/2', '/x/1'])
    expect(table.ids).to.deep.equal(['/x/2', '/x/1', '/y'])
    expect(table.find('/x/1')).to.equal(x)
    expect(table.protocols).to.deep.equal([x, y])
    expect(table.unregister('/x/1')).to.equal(x)
    expect(table.unregister('/x/1')).to.equal(undefined)
    expect(table.find('/x/2')).to.equal(undefined)
    expect(table.ids).to.deep.equal(['/y'])
    expect(changes).to.equal(3)
  })

  it('lets nobody take what belongs to another, and changes nothing then', () => {
    const table = new SharedProtocolTable()
    table.register(x)
    expect(() => { table.register(protocol(['/z', '/x/1'], nothing)) }).to.throw().with.property('code', 'user/protocol-taken')
    expect(table.ids).to.deep.equal(['/x/2', '/x/1'])
    const service = reducer({ name: 's', initial: (_input: ServiceContext) => 0, step: state => state })
    table.register(protocol('/s/1', { inbound: nothing, service }))
    expect(() => { table.register(protocol('/s/2', { inbound: nothing, service })) }).to.throw().with.property('code', 'user/protocol-taken')
    expect(table.services.map(({ name }) => name)).to.deep.equal(['s'])
  })

  it('gives leases of a protocol that is taken off back, and no new ones', () => {
    const table = new SharedProtocolTable()
    table.register(x)
    const lease = table.lease(x, '/1', alice, 0)
    table.unregister('/x/1')
    table.register(protocol('/x/2', nothing))
    expect(table.lease(x, '/1', alice, 0)).to.have.property('code', 'stream/protocol-unsupported')
    expect(Symbol.dispose in lease).to.equal(true)
    if (Symbol.dispose in lease) lease[Symbol.dispose]()
    expect(table.inbound('/x/2')).to.equal(0)
  })
})

async function inWorld (scene: (world: SimWorld, system: ReturnType<SimWorld['system']>) => Promise<void>): Promise<void> {
  const world = new SimWorld({ seed: 1 })
  const system = world.system({ name: 'node' })
  try {
    await scene(world, system)
  } finally {
    await world.stop()
  }
  expectEmpty(system)
}

describe('protocol registry', () => {
  it('tells subscribers the list, and each change, until they end', async () => {
    await inWorld(async (world, system) => {
      const emitted: ProtocolsEvent[] = []
      const heard: string[] = []
      const table = new SharedProtocolTable(() => { registry.tell({ type: 'registry.changed' }) })
      const registry = system.spawn(protocolRegistry({ protocols: table, emitted: event => emitted.push(event) }), { name: 'registry', input: undefined })
      const subscriber = system.spawn(reducer({
        name: 'subscriber',
        initial: () => 0,
        step (state, message: ProtocolsEvent) {
          heard.push(message.protocols.join(' '))
          return state
        }
      }), { name: 'subscriber', input: undefined })
      registry.tell({ type: 'registry.subscribe', subscriber })
      await world.run(1)
      table.register(protocol('/x', nothing))
      await world.run(1)
      table.register(protocol('/y', nothing))
      table.unregister('/x')
      await world.run(1)
      expect(heard).to.deep.equal(['', '/x', '/y'])
      expect(emitted.map(event => event.protocols)).to.deep.equal([['/x'], ['/y']])
      system.root.stop(subscriber)
      await world.run(1)
      table.unregister('/y')
      await world.run(1)
      // Two changes in a row were one.
      expect(deadLetters(system).filter(letter => !letter.startsWith('registry.changed'))).to.deep.equal([])
    })
  })
})

describe('protocols', () => {
  it('keep the services of registered protocols alive', async () => {
    await inWorld(async (world, system) => {
      const starts: string[] = []
      const service = (name: string) => reducer({
        name,
        initial (input: ServiceContext) {
          starts.push(`${name} ${input.peerId.equals(alice) ? 'alice' : '?'}`)
          return 0
        },
        step: (state, message: { readonly type: 'crash' }) => {
          if (message.type === 'crash') throw new Error('as told')
          return state
        },
        accepts: ['crash']
      })
      const table = new SharedProtocolTable()
      table.register(protocol('/a', { inbound: nothing, service: service('a') }))
      const ref = system.spawn(protocols({ protocols: table, service: { peerId: alice } as ServiceContext }), { name: 'protocols', input: undefined })
      const names = (): unknown => system.inspect.tree('/node/protocols')?.children.filter(child => child.status === 'running').map(child => child.name)
      await world.run(1)
      expect(names()).to.deep.equal(['a'])
      table.register(protocol('/b', { inbound: nothing, service: service('b') }))
      ref.tell({ type: 'service.start', name: 'b' })
      ref.tell({ type: 'service.start', name: 'b' })
      ref.tell({ type: 'service.start', name: 'nobody' })
      await world.run(1)
      expect(names()).to.deep.equal(['a', 'b'])
      system.named('/node/protocols/b').tell({ type: 'crash' })
      await world.run(1)
      expect(starts).to.deep.equal(['a alice', 'b alice', 'b alice'])
      // Taken off, and put back before it has gone.
      ref.tell({ type: 'service.stop', name: 'b' })
      ref.tell({ type: 'service.start', name: 'b' })
      await world.run(1)
      expect(names()).to.deep.equal(['a', 'b'])
      expect(starts).to.have.length(4)
      // One that waits for its restart can be stopped too.
      system.named('/node/protocols/b').tell({ type: 'crash' })
      await world.run(1)
      system.named('/node/protocols/b').tell({ type: 'crash' })
      await world.run(1)
      expect(names()).to.deep.equal(['a'])
      table.unregister('/b')
      ref.tell({ type: 'service.stop', name: 'b' })
      ref.tell({ type: 'service.stop', name: 'b' })
      await world.run(100_000)
      expect(names()).to.deep.equal(['a'])
      // A new supervisor has the table.
      system.root.kill(ref)
      await world.run(1)
      system.spawn(protocols({ protocols: table, service: { peerId: alice } as ServiceContext }), { name: 'protocols', input: undefined })
      await world.run(1)
      expect(names()).to.deep.equal(['a'])
    })
  })
})
