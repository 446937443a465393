/** The address manager: one list of where we listen, always whole, and told to whoever wants to know. */
import { expect } from 'chai'
import { addressManager, type AddressManagerInput } from '../../../src/actors/address-manager/address-manager.actor.js'
import type { AddressEvent, AddressManagerMessage } from '../../../src/messages/address-manager.js'
import type { ListenerMessage } from '../../../src/messages/listener.js'
import type { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import type { ActorRef } from '../../../src/runtime/ref.js'
import { cellOf } from '../../runtime/kit.js'
import { Asker, at, host, infoOf, inWorlds, peerOf, spawn, type Stage } from '../network-kit.js'

interface Setting {
  readonly manager: ActorRef<AddressManagerMessage>
  readonly published: Array<readonly string[]>
  readonly emitted: Array<readonly string[]>
  readonly listen: (...addresses: readonly Multiaddr[]) => ActorRef<ListenerMessage>
  readonly subscribe: () => Asker<AddressEvent>
  readonly run: (ms?: number) => Promise<void>
}

async function set (stage: Stage, options?: AddressManagerInput['options']): Promise<Setting> {
  const { system, world } = stage
  const published: string[][] = []
  const emitted: string[][] = []
  const listeners = spawn(system, () => {}, 'listeners')
  system.trace.add((_, __, event) => { emitted.push((event as AddressEvent).addresses.map(String)) }, ['emitted'])
  const manager = system.named<AddressManagerMessage>('/node/address-manager')
  system.spawn(addressManager, {
    name: 'address-manager',
    restart: 'permanent',
    input: { directory: { publish: addresses => { published.push(addresses.map(String)) } }, listeners: system.named('/node/listeners'), subscribers: new Map(), ...options && { options } }
  })
  const run = async (ms = 1): Promise<void> => { await world.run(ms) }
  await run()
  published.length = 0
  return {
    manager,
    published,
    emitted,
    listen (...addresses) {
      const listener = spawn<ListenerMessage>(system, (message, actor) => {
        if (message.type === 'listener.report') message.replyTo.tell({ type: 'address.listening', listener: actor.self, addresses })
      }, undefined, listeners)
      manager.tell({ type: 'address.listening', listener, addresses })
      return listener
    },
    subscribe () {
      const asker = new Asker<AddressEvent>(stage)
      manager.tell({ type: 'address.subscribe', subscriber: asker.ref })
      return asker
    },
    run
  }
}

const a = host(1).toString()
const b = host(2).toString()

describe('address manager', () => {
  it('publishes, emits and tells the whole list, each address once and without the peer', inWorlds(5, async stage => {
    const setting = await set(stage)
    const subscriber = setting.subscribe()
    await setting.run()
    setting.listen(host(1).withPeer(peerOf(1)))
    await setting.run()
    setting.listen(host(2), host(1))
    await setting.run()
    expect(setting.published).to.deep.equal([[a], [a, b]])
    expect(setting.emitted).to.deep.equal([[a], [a, b]])
    expect(subscriber.answers.map(({ addresses }) => addresses.map(String))).to.deep.equal([[], [a], [a, b]])
  }))

  it('gives a new subscriber what is there, and says nothing when nothing changes', inWorlds(5, async stage => {
    const setting = await set(stage)
    const listener = setting.listen(host(1))
    await setting.run()
    const subscriber = setting.subscribe()
    setting.manager.tell({ type: 'address.listening', listener, addresses: [host(1)] })
    await setting.run()
    expect(subscriber.answers.map(({ addresses }) => addresses.map(String))).to.deep.equal([[a]])
    expect(setting.published).to.have.length(1)
  }))

  it('forgets the addresses of a listener that has ended', inWorlds(5, async stage => {
    const setting = await set(stage)
    const listener = setting.listen(host(1))
    setting.listen(host(2))
    await setting.run()
    stage.system.root.kill(listener)
    await setting.run()
    expect(setting.published.at(-1)).to.deep.equal([b])
  }))

  it('knows all addresses again after a crash, and its subscribers', inWorlds(10, async stage => {
    const setting = await set(stage)
    setting.listen(host(1))
    const subscriber = setting.subscribe()
    await setting.run()
    cellOf(stage.system.root).child('address-manager')!.crash('io', new Error('as told'))
    await setting.run(10)
    setting.listen(host(2))
    await setting.run()
    expect(setting.published.at(-1)).to.have.members([a, b])
    expect(subscriber.answers.at(-1)!.addresses.map(String)).to.have.members([a, b])
  }))

  it('tells what it is told to tell, and keeps what it is told to keep', inWorlds(3, async stage => {
    const setting = await set(stage, { appendAnnounce: [at('/dns4/example.org/tcp/4001')], noAnnounce: [at('/ip4/10.0.0.0/ipcidr/24')] })
    setting.listen(host(1), host(300))
    await setting.run()
    expect(setting.published.at(-1)).to.deep.equal([host(300).toString(), '/dns4/example.org/tcp/4001'])
  }))

  it('believes where others see us once enough networks agree, and no longer than they stay', inWorlds(5, async stage => {
    const setting = await set(stage, { observed: { ttlMs: 60_000 } })
    setting.listen(host(1))
    const connections = [1, 2, 3, 4].map(n => {
      const connection = spawn(stage.system, () => {})
      setting.manager.tell({ type: 'address.observed', address: at('/ip4/198.51.100.7/tcp/4001'), connection, info: infoOf(peerOf(n), connection.path, { direction: 'inbound', localAddress: host(1), remoteAddress: at(`/ip4/203.0.113.${n}/tcp/999`) }) })
      return connection
    })
    await setting.run(500)
    expect(setting.published.at(-1)).to.deep.equal([a])
    await setting.run(1000)
    expect(setting.published.at(-1)).to.deep.equal([a, '/ip4/198.51.100.7/tcp/4001'])
    stage.system.root.kill(connections[0]!)
    await setting.run(50_000)
    expect(setting.published.at(-1)).to.have.length(2)
    await setting.run(20_000)
    expect(setting.published.at(-1)).to.deep.equal([a])
  }))
})
