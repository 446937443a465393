/** Listeners: the first failure is an answer, later ones are crashes; what comes in is admitted or refused on the spot. */
import { expect } from 'chai'
import { openGate } from '../../../src/actors/gater/gate.js'
import { listeners, listenersMemory, type ListenersInput, type ListenersMemory } from '../../../src/actors/listener/listeners.actor.js'
import { admissionLedger, type AdmissionLedger, type AdmissionLimits } from '../../../src/actors/swarm/admission.core.js'
import type { AddressManagerMessage } from '../../../src/messages/address-manager.js'
import type { ListenersMessage, ListenOutcome } from '../../../src/messages/listener.js'
import type { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import type { ActorRef } from '../../../src/runtime/ref.js'
import { cellOf, listen } from '../../runtime/kit.js'
import { Asker, at, FakeConnections, FakeTransport, host, inWorlds, spawn, type Stage } from '../network-kit.js'

interface Setting {
  readonly transport: FakeTransport
  readonly ledger: AdmissionLedger
  readonly connections: FakeConnections
  readonly listeners: ActorRef<ListenersMessage>
  readonly memory: ListenersMemory
  readonly reported: Array<Extract<AddressManagerMessage, { type: 'address.listening' }>>
  readonly names: () => readonly string[]
  readonly run: (ms?: number) => Promise<void>
}

async function set (stage: Stage, limits: Partial<AdmissionLimits> = {}, options?: ListenersInput['options']): Promise<Setting> {
  const { system, world } = stage
  const reported: Setting['reported'] = []
  spawn<AddressManagerMessage>(system, message => { if (message.type === 'address.listening') reported.push(message) }, 'address-manager')
  const transport = new FakeTransport(stage)
  const ledger = admissionLedger(limits)
  const connections = new FakeConnections(stage)
  const memory = listenersMemory()
  const input: ListenersInput = {
    transports: [transport], admission: ledger, gate: openGate, connections: system.named('/node/connections'), addressManager: system.named('/node/address-manager'), memory, ...options && { options }
  }
  system.spawn(listeners, { name: 'listeners', restart: 'permanent', input })
  const run = async (ms = 1): Promise<void> => { await world.run(ms) }
  await run()
  return { transport, ledger, connections, listeners: system.named('/node/listeners'), memory, reported, names: () => system.list('/node/listeners').map(({ name }) => name), run }
}

const address = at('/ip4/0.0.0.0/tcp/4001')
const text = address.toString()

function ask (stage: Stage, { listeners }: Setting, what: 'listen' | 'close', address: Multiaddr, id = 'l'): Asker<ListenOutcome> {
  const asker = new Asker<ListenOutcome>(stage)
  listeners.tell({ type: `listeners.${what}`, id, address, replyTo: asker.ref })
  return asker
}

/** Listens, and the transport has said so. */
async function listening (stage: Stage, setting: Setting, address: Multiaddr): Promise<void> {
  ask(stage, setting, 'listen', address)
  await setting.run()
  setting.transport.listeners.get(address.toString())!.onListening([host(1), host(2)])
  await setting.run()
}

describe('listeners', () => {
  it('answer with the addresses once they listen, and tell the address manager', inWorlds(5, async stage => {
    const setting = await set(stage)
    const asker = ask(stage, setting, 'listen', address)
    await setting.run()
    expect(asker.answers).to.deep.equal([])
    setting.transport.listeners.get(text)!.onListening([host(1)])
    await setting.run()
    expect(asker.only).to.deep.include({ type: 'listen.done', id: 'l' })
    expect(setting.reported.map(({ listener, addresses }) => `${listener.path} ${addresses.join()}`)).to.deep.equal([`/node/listeners/tcp-1 ${host(1).toString()}`])
  }))

  it('refuse an address without a transport', inWorlds(3, async stage => {
    const setting = await set(stage)
    const asker = ask(stage, setting, 'listen', at('/ip4/0.0.0.0/udp/1'))
    await setting.run()
    expect(asker.code).to.equal('listen/no-transport')
    expect(setting.names()).to.deep.equal([])
  }))

  it('answer with the first failure, and do not try again', inWorlds(10, async stage => {
    const setting = await set(stage)
    const crashes = listen(stage.system, 'crashed')
    const asker = ask(stage, setting, 'listen', address)
    await setting.run()
    setting.transport.listeners.get(text)!.onFailure({ code: 'listen/address-in-use', detail: 'as told' })
    await setting.run(120_000)
    expect(asker.code).to.equal('listen/address-in-use')
    expect([setting.transport.listened.length, setting.names(), crashes, setting.memory.wanted.size, setting.transport.listeners.size]).to.deep.equal([1, [], [], 0, 0])
  }))

  it('give a silent transport ten seconds', inWorlds(3, async stage => {
    const setting = await set(stage)
    const asker = ask(stage, setting, 'listen', address)
    await setting.run(20_000)
    expect([asker.code, asker.times[0]]).to.deep.equal(['listen/failed', 10_001])
    expect(setting.transport.listeners.size).to.equal(0)
  }))

  it('start one that fails later anew: at once, then later and later, until it listens again', inWorlds(5, async stage => {
    const setting = await set(stage)
    await listening(stage, setting, address)
    setting.transport.listeners.get(text)!.onFailure({ code: 'listen/failed', detail: 'interface gone' })
    await setting.run(10)
    expect(setting.transport.listened).to.have.length(2)
    setting.transport.listeners.get(text)!.onFailure({ code: 'listen/unavailable', detail: 'still gone' })
    await setting.run(10)
    expect(setting.transport.listened).to.have.length(2)
    await setting.run(1500)
    expect(setting.transport.listened).to.have.length(3)
    setting.transport.listeners.get(text)!.onListening([host(1)])
    await setting.run()
    expect(setting.reported).to.have.length(2)
    expect(setting.names()).to.deep.equal(['tcp-1'])
  }))

  it('leave accepted connections alone when a listener crashes', inWorlds(3, async stage => {
    const setting = await set(stage)
    await listening(stage, setting, address)
    const { transport } = setting
    const link = transport.give(host(3).toString(), transport.listeners.get(text)!.onOpen)
    await setting.run()
    stage.system.root.kill(stage.system.named('/node/listeners/tcp-1'))
    await setting.run()
    expect([link.disposed, transport.listened.length, setting.connections.accepted.length]).to.deep.equal([0, 2, 1])
  }))

  it('listen on the same addresses again after a crash of their supervisor', inWorlds(5, async stage => {
    const setting = await set(stage)
    await listening(stage, setting, address)
    cellOf(stage.system.root).child('listeners')!.crash('io', new Error('as told'))
    await setting.run(200)
    expect(setting.transport.listened).to.deep.equal([text, text])
    // Nobody waits for this failure: it is tried again.
    setting.transport.listeners.get(text)!.onFailure({ code: 'listen/address-in-use', detail: 'as told' })
    await setting.run(2000)
    expect(setting.transport.listened.length).to.be.at.least(3)
  }))

  it('that were given any port listen on the same one again, as long as it is free', inWorlds(5, async stage => {
    const setting = await set(stage)
    const any = at('/ip4/10.0.0.1/tcp/0')
    const { transport } = setting
    ask(stage, setting, 'listen', any)
    await setting.run()
    transport.listeners.get(any.toString())!.onListening([at('/ip4/10.0.0.1/tcp/5001')])
    await setting.run()
    stage.system.root.kill(stage.system.named('/node/listeners/tcp-1'))
    await setting.run()
    cellOf(stage.system.root).child('listeners')!.crash('io', new Error('as told'))
    await setting.run(200)
    expect(transport.listened.map(String)).to.deep.equal([any.toString(), '/ip4/10.0.0.1/tcp/5001', '/ip4/10.0.0.1/tcp/5001'])
    transport.listeners.get('/ip4/10.0.0.1/tcp/5001')!.onFailure({ code: 'listen/address-in-use' })
    await setting.run(2000)
    expect(transport.listened.at(-1)?.toString()).to.equal(any.toString())
  }))

  describe('close', () => {
    it('ends the listener, and answers when it has ended', inWorlds(5, async stage => {
      const setting = await set(stage)
      await listening(stage, setting, address)
      const asker = ask(stage, setting, 'close', address, 'x')
      await setting.run()
      expect(asker.only).to.deep.equal({ type: 'listen.closed', id: 'x' })
      expect([setting.names(), setting.transport.listeners.size]).to.deep.equal([[], 0])
      await setting.run(120_000)
      expect(setting.transport.listened).to.have.length(1)
    }))

    it('of an address on which nobody listens is answered at once', inWorlds(3, async stage => {
      const setting = await set(stage)
      expect((ask(stage, setting, 'close', address)).answers).to.deep.equal([])
      await setting.run()
    }))

    it('of one that waits to be started anew keeps it down', inWorlds(5, async stage => {
      const setting = await set(stage)
      await listening(stage, setting, address)
      for (let n = 0; n < 2; n++) {
        setting.transport.listeners.get(text)!.onFailure({ code: 'listen/failed', detail: 'as told' })
        await setting.run(10)
      }
      const asker = ask(stage, setting, 'close', address)
      await setting.run(120_000)
      expect(asker.only.type).to.equal('listen.closed')
      expect(setting.transport.listened).to.have.length(2)
    }))

    it('of one that has not listened yet answers both', inWorlds(5, async stage => {
      const setting = await set(stage)
      const first = ask(stage, setting, 'listen', address)
      const second = ask(stage, setting, 'close', address)
      await setting.run()
      expect([first.code, second.only.type]).to.deep.equal(['listen/failed', 'listen.closed'])
    }))
  })

  describe('what comes in', () => {
    it('is handed to the connections with its lease', inWorlds(3, async stage => {
      const setting = await set(stage)
      await listening(stage, setting, address)
      const { transport, ledger, connections } = setting
      const link = transport.give(host(3).toString(), transport.listeners.get(text)!.onOpen)
      await setting.run()
      expect([connections.accepted.length, ledger.use.pending, link.disposed]).to.deep.equal([1, 1, 0])
      stage.system.root.kill(connections.ref)
      await setting.run()
      expect([ledger.use.pending, link.disposed]).to.deep.equal([0, 1])
    }))

    it('is reset when it is not admitted: 10,000 of one prefix fill no mailbox, and few lines of the log', inWorlds(2, async stage => {
      const setting = await set(stage)
      const lines = listen(stage.system, 'log')
      await listening(stage, setting, address)
      const { transport, ledger, connections } = setting
      const { onOpen } = transport.listeners.get(text)!
      for (let n = 0; n < 10_000; n++) transport.give(host(3).toString(), onOpen)
      const honest = transport.give(host(4).toString(), onOpen)
      expect(transport.links.filter(({ disposed }) => disposed === 0)).to.have.length(17)
      await setting.run()
      expect([connections.accepted.length, honest.disposed, ledger.use.connections]).to.deep.equal([17, 0, 17])
      await setting.run(10_000)
      transport.give(host(3).toString(), onOpen)
      expect(lines.map(({ subject }) => (subject as { details: { count: number } }).details.count)).to.deep.equal([1, 9984])
    }))

    it('is reset when connections are down, or have no room', inWorlds(3, async stage => {
      const setting = await set(stage, { pending: 5000, inboundPerPrefix: 5000, pendingPerPrefix: 5000 })
      await listening(stage, setting, address)
      const { transport, ledger, connections } = setting
      const { onOpen } = transport.listeners.get(text)!
      for (let n = 0; n < 2000; n++) transport.give(host(3).toString(), onOpen)
      expect(transport.links.filter(({ disposed }) => disposed === 0)).to.have.length(1024)
      expect(ledger.use.connections).to.equal(1024)
      await setting.run(10)
      stage.system.root.kill(connections.ref)
      await setting.run()
      const late = transport.give(host(3).toString(), onOpen)
      expect([late.disposed, ledger.use.connections]).to.deep.equal([1, 0])
    }))

    it('is reset when the listener has ended', inWorlds(3, async stage => {
      const setting = await set(stage)
      await listening(stage, setting, address)
      const { transport, ledger } = setting
      const { onOpen } = transport.listeners.get(text)!
      ask(stage, setting, 'close', address)
      await setting.run()
      const late = transport.give(host(3).toString(), onOpen)
      expect([late.disposed, ledger.use.connections]).to.deep.equal([1, 0])
    }))
  })

  it('report again to an address manager that was started anew', inWorlds(3, async stage => {
    const setting = await set(stage)
    await listening(stage, setting, address)
    const asker = new Asker<AddressManagerMessage>(stage)
    stage.system.named<{ readonly type: 'listener.report', readonly replyTo: ActorRef<AddressManagerMessage> }>('/node/listeners/tcp-1').tell({ type: 'listener.report', replyTo: asker.ref })
    await setting.run()
    expect(asker.only).to.include({ type: 'address.listening' })
  }))
})
