/** Peers that are tagged to be kept are redialed, at the start and when they have gone. */
import { expect } from 'chai'
import { keepAlive, type KeepAlivePeersOptions } from '../../../src/actors/swarm/keep-alive.actor.js'
import type { PeerInfo, PeerStoreMessage } from '../../../src/messages/peer-store.js'
import type { SwarmEvent, SwarmMessage } from '../../../src/messages/swarm.js'
import type { PeerId } from '../../../src/messages/value/peer-id.js'
import type { ActorRef } from '../../../src/runtime/ref.js'
import { infoOf, inWorlds, peerOf, spawn, type Stage } from '../network-kit.js'

interface Setting {
  /** Whom the swarm was asked for, with the second. */
  readonly dials: string[]
  readonly tags: Map<PeerId, readonly string[]>
  /** What the next dials end with. */
  readonly fate: { answers: boolean }
  readonly news: (event: SwarmEvent) => void
}

function set (stage: Stage, options: Partial<KeepAlivePeersOptions> = {}): Setting {
  const { system, world } = stage
  const dials: string[] = []
  const tags = new Map<PeerId, readonly string[]>()
  const fate = { answers: false }
  const subscribers: ActorRef<SwarmEvent>[] = []
  const news = (event: SwarmEvent): void => { for (const subscriber of subscribers) subscriber.tell(event) }
  const swarm = spawn<SwarmMessage>(system, message => {
    if (message.type === 'swarm.subscribe') subscribers.push(message.subscriber)
    if (message.type !== 'swarm.connect') return
    const peer = message.to.peer!
    dials.push(`${Math.round(world.now() / 100) / 10} ${[...tags.keys()].findIndex(one => one.equals(peer))}`)
    if (fate.answers) {
      const info = infoOf(peer)
      news({ type: 'peer.connected', peer })
      message.replyTo.tell({ type: 'connect.done', id: message.id, connection: system.root, info })
    } else message.replyTo.tell({ type: 'connect.failed', id: message.id, failure: { code: 'dial/refused' } })
  }, 'swarm')
  const peerStore = spawn<PeerStoreMessage>(system, message => {
    if (message.type !== 'peer-store.kept') return
    const peers = [...tags].map(([peer, names]) => ({ peer, tags: new Map(names.map(name => [name, { value: 0, expiresAt: Infinity }])) }) as unknown as PeerInfo)
    message.replyTo.tell({ type: 'peer-store.peers', id: message.id, peers })
  }, 'peer-store')
  system.spawn(keepAlive, { name: 'keep-alive', input: { swarm, peerStore, options: { jitter: 0, ...options } } })
  return { dials, tags, fate, news }
}

describe('keep-alive', () => {
  it('dials peers whose tags begin with keep-alive, and no others, with back-off', inWorlds(3, async stage => {
    const { dials, tags } = set(stage)
    tags.set(peerOf(1), ['keep-alive-mine']).set(peerOf(2), ['other']).set(peerOf(3), ['keep-alive'])
    await stage.world.run(10_000)
    expect(dials.filter(text => text.endsWith(' 0'))).to.deep.equal(['0 0', '1 0', '3 0', '7 0'])
    expect(dials.some(text => text.endsWith(' 1'))).to.equal(false)
    expect(dials.filter(text => text.endsWith(' 2'))).to.have.length(4)
  }))

  it('dials again at once-and-a-little when a kept peer has gone, and leaves it alone while it is there', inWorlds(3, async stage => {
    const { dials, fate, news, tags } = set(stage)
    tags.set(peerOf(1), ['keep-alive'])
    fate.answers = true
    await stage.world.run(100_000)
    expect(dials).to.deep.equal(['0 0'])
    news({ type: 'peer.disconnected', peer: peerOf(1) })
    await stage.world.run(5000)
    expect(dials).to.deep.equal(['0 0', '101 0'])
  }))

  it('keeps those that are tagged later, and forgets those that are not any more', inWorlds(3, async stage => {
    const { dials, tags } = set(stage)
    await stage.world.run(15_000)
    const peer = peerOf(1)
    tags.set(peer, ['keep-alive'])
    await stage.world.run(10_000)
    expect(dials[0]).to.equal('20 0')
    tags.delete(peer)
    await stage.world.run(10_000)
    const count = dials.length
    await stage.world.run(100_000)
    expect(dials.slice(count)).to.deep.equal([])
  }))
})
