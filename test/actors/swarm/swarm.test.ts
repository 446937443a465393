/** The swarm: who is taken in, who hears of it, and the road to connections and streams. */
import { expect } from 'chai'
import type { Stream } from '../../../src/actors/contract/stream.js'
import { swarm, swarmMemory, type SwarmInput, type SwarmMemory } from '../../../src/actors/swarm/swarm.actor.js'
import type { ConnectionInfo, ConnectionMessage } from '../../../src/messages/connection.js'
import type { ConnectionsMessage } from '../../../src/messages/connections.js'
import type { DialerMessage } from '../../../src/messages/dial.js'
import type { ErrorCode } from '../../../src/messages/errors.js'
import type { PeerStoreMessage } from '../../../src/messages/peer-store.js'
import type { StreamOutcome } from '../../../src/messages/stream.js'
import type { ConnectOutcome, Destination, HungUp, SwarmEvent, SwarmMessage } from '../../../src/messages/swarm.js'
import type { PeerId } from '../../../src/messages/value/peer-id.js'
import type { ActorContext } from '../../../src/runtime/context.js'
import type { ActorRef } from '../../../src/runtime/ref.js'
import { cellOf, Handle } from '../../runtime/kit.js'
import { Asker, at, host, infoOf, inWorlds, peerOf, self, spawn, type Stage } from '../network-kit.js'

/** A connection as the swarm sees it. */
class FakeConnection {
  readonly ref: ActorRef<ConnectionMessage>
  readonly info: ConnectionInfo
  readonly heard: string[] = []
  readonly streams: Handle[] = []
  refused: ErrorCode | undefined
  state: 'upgrading' | 'ready' | 'open' | 'closing' = 'upgrading'
  /** What it says to one who wants a stream; undefined: nothing. */
  opens: 'stream' | ErrorCode | undefined = 'stream'
  private readonly swarm: ActorRef<SwarmMessage>

  constructor (setting: Setting, peer: PeerId, more: Partial<ConnectionInfo> = {}) {
    this.swarm = setting.swarm
    this.ref = spawn<ConnectionMessage>(setting.stage.system, (message, actor) => { this.hear(message, actor) }, undefined, setting.connections)
    this.info = infoOf(peer, this.ref.path, more)
  }

  ready (): this {
    this.state = 'ready'
    this.swarm.tell({ type: 'connection.ready', connection: this.ref, info: this.info })
    return this
  }

  /** Says why, and ends. */
  end (code: ErrorCode = 'connection/reset'): void {
    this.swarm.tell({ type: 'connection.ended', path: this.info.path, code, initiator: 'remote', text: 'as told' })
    this.ref.tell({ type: 'connection.stop' })
  }

  private hear (message: ConnectionMessage, actor: ActorContext<ConnectionMessage>): void {
    this.heard.push(message.type)
    switch (message.type) {
      case 'connection.accepted': this.state = 'open'; break
      case 'connection.refused': this.refused = message.failure.code; break
      case 'connection.close':
        this.state = 'closing'
        actor.timer('close', message.graceMs ?? 100, { type: 'connection.stop' })
        break
      case 'connection.stop': actor.done(); break
      case 'connection.report': {
        const { ref: connection, info } = this
        if (this.state === 'ready') message.replyTo.tell({ type: 'connection.ready', connection, info })
        else if (this.state !== 'upgrading') message.replyTo.tell({ type: 'connection.resumed', connection, info, closing: this.state === 'closing' })
        break
      }
      case 'stream.open':
        if (this.opens === 'stream') {
          const stream = new Handle()
          this.streams.push(stream)
          message.replyTo.tell({ type: 'stream.opened', id: message.id, handle: stream as unknown as Stream })
        } else if (this.opens !== undefined) message.replyTo.tell({ type: 'stream.failed', id: message.id, failure: { code: this.opens } })
        break
      default: break
    }
  }
}

interface Setting {
  readonly stage: Stage
  readonly swarm: ActorRef<SwarmMessage>
  readonly memory: SwarmMemory
  readonly connections: ActorRef<ConnectionsMessage>
  readonly dials: Array<Extract<DialerMessage, { type: 'dial.start' }>>
  readonly cancelled: string[]
  readonly stored: string[]
  /** What the swarm emits. */
  readonly emitted: string[]
  /** What the peer store knows of everybody. */
  addresses: readonly string[]
  /** What the dialer does. */
  dial: (message: Extract<DialerMessage, { type: 'dial.start' }>) => void
  readonly run: (ms?: number) => Promise<void>
}

function set (stage: Stage, limits?: SwarmInput['limits']): Setting {
  const { system, world } = stage
  const memory = swarmMemory()
  const connections = spawn<ConnectionsMessage>(system, () => {}, 'connections')
  const setting: Setting = {
    stage,
    memory,
    connections,
    swarm: system.named('/node/swarm'),
    dials: [],
    cancelled: [],
    stored: [],
    emitted: [],
    addresses: [],
    dial: () => {},
    run: async (ms = 10) => { await world.run(ms) }
  }
  system.trace.add((_kind, actor, event) => { if (actor.path === '/node/swarm') setting.emitted.push(text(event as SwarmEvent)) }, ['emitted'])
  spawn<DialerMessage>(system, message => {
    if (message.type === 'dial.cancel') setting.cancelled.push(message.id)
    if (message.type !== 'dial.start') return
    setting.dials.push(message)
    setting.dial(message)
  }, 'dialer')
  spawn<PeerStoreMessage>(system, message => {
    if (message.type === 'peer-store.get') {
      const info = setting.addresses.length === 0 ? undefined : { addresses: setting.addresses.map(address => ({ address: at(address), certified: false })) }
      message.replyTo.tell({ type: 'peer-store.peer', id: message.id, info: info as never })
    } else if (message.type === 'peer-store.connected' || message.type === 'peer-store.disconnected') setting.stored.push(message.type.slice(11))
  }, 'peer-store')
  const input: SwarmInput = {
    peerId: self, connections: system.named('/node/connections'), dialer: system.named('/node/dialer'), peerStore: system.named('/node/peer-store'), memory, ...limits && { limits }
  }
  system.spawn(swarm, { name: 'swarm', restart: 'permanent', input })
  return setting
}

const text = (event: SwarmEvent): string => {
  switch (event.type) {
    case 'connection.opened': return `opened ${event.info.path}`
    case 'connection.closed': return `closed ${event.info.path} ${event.code} ${event.initiator}`
    default: return `${event.type} ${nameOf(event.peer)}`
  }
}
const nameOf = (peer: PeerId): string => String([0, 1, 2, 3].find(n => peerOf(n).equals(peer)))

const to = (peer: PeerId, ...addresses: string[]): Destination => ({ peer, addresses: addresses.map(at) })

function connect ({ stage, swarm }: Setting, to: Destination, { id = 'c', deadline = 30_000 } = {}): Asker<ConnectOutcome> {
  const asker = new Asker<ConnectOutcome>(stage)
  swarm.tell({ type: 'swarm.connect', id, to, deadline, replyTo: asker.ref })
  return asker
}

function openStream ({ stage, swarm }: Setting, to: Destination, { id = 's', deadline = 30_000, onLimitedConnection = false } = {}): Asker<StreamOutcome> {
  const asker = new Asker<StreamOutcome>(stage, (message, actor) => { if (message.type === 'stream.opened') actor.own(message.handle) })
  swarm.tell({ type: 'swarm.open-stream', id, to, protocols: ['/x'], negotiation: 'auto', onLimitedConnection, deadline, replyTo: asker.ref })
  return asker
}

/** Answers dials with a new connection. */
const dialsTo = (setting: Setting, opens?: FakeConnection['opens']) => (message: Extract<DialerMessage, { type: 'dial.start' }>): void => {
  const connection = new FakeConnection(setting, message.peer ?? peerOf(1))
  if (opens !== undefined) connection.opens = opens
  connection.ready()
  message.replyTo.tell({ type: 'dial.done', id: message.id, connection: connection.ref, info: connection.info })
}

const limits = { limits: { durationMs: 120_000, bytes: 1000 } }

describe('swarm', () => {
  describe('a new connection', () => {
    it('is accepted, and told of: subscribers, the trace, the peer store', inWorlds(10, async stage => {
      const setting = set(stage)
      const subscriber = new Asker<SwarmEvent>(stage)
      setting.swarm.tell({ type: 'swarm.subscribe', subscriber: subscriber.ref })
      await setting.run()
      const a = new FakeConnection(setting, peerOf(1)).ready()
      await setting.run()
      const b = new FakeConnection(setting, peerOf(1)).ready()
      await setting.run()
      a.end()
      await setting.run()
      b.end('connection/timeout')
      await setting.run()
      expect([a.state, b.state]).to.deep.equal(['open', 'open'])
      const news = [
        `opened ${a.info.path}`, 'peer.connected 1', `opened ${b.info.path}`,
        `closed ${a.info.path} connection/reset remote`, `closed ${b.info.path} connection/timeout remote`, 'peer.disconnected 1'
      ]
      expect(subscriber.answers.map(text)).to.deep.equal(news)
      expect(setting.emitted).to.deep.equal(news)
      expect(setting.stored).to.deep.equal(['connected', 'disconnected'])
    }))

    it('to ourselves is refused, and no news', inWorlds(3, async stage => {
      const setting = set(stage)
      const connection = new FakeConnection(setting, self).ready()
      await setting.run()
      expect(connection.refused).to.equal('dial/self')
      expect(setting.emitted).to.deep.equal([])
    }))

    it('that says twice that it is ready is accepted twice, and news once', inWorlds(3, async stage => {
      const setting = set(stage)
      await setting.run()
      const connection = new FakeConnection(setting, peerOf(1)).ready().ready()
      await setting.run()
      expect(connection.heard).to.deep.equal(['connection.accepted', 'connection.accepted'])
      expect(setting.emitted).to.have.length(2)
    }))

    it('that dies before the verdict is opened and closed', inWorlds(20, async stage => {
      const setting = set(stage)
      const connection = new FakeConnection(setting, peerOf(1)).ready()
      stage.system.root.kill(connection.ref, 'oops')
      await setting.run()
      expect(setting.emitted.slice(-2)).to.deep.equal([`closed ${connection.info.path} connection/reset local`, 'peer.disconnected 1'])
    }))

    it('that crashes is closed as crashed', inWorlds(3, async stage => {
      const setting = set(stage)
      const connection = new FakeConnection(setting, peerOf(1)).ready()
      await setting.run()
      cellOf(connection.ref).crash('io', new Error('as told'))
      await setting.run()
      expect(setting.emitted[2]).to.equal(`closed ${connection.info.path} connection/crashed local`)
    }))
  })

  describe('a subscriber', () => {
    it('gets what is there first', inWorlds(5, async stage => {
      const setting = set(stage)
      const connections = [1, 2].map(n => new FakeConnection(setting, peerOf(n)).ready())
      await setting.run()
      const subscriber = new Asker<SwarmEvent>(stage)
      setting.swarm.tell({ type: 'swarm.subscribe', subscriber: subscriber.ref })
      await setting.run()
      expect(subscriber.answers.map(text)).to.have.members(connections.map(({ info }) => `opened ${info.path}`))
    }))

    it('is forgotten when it ends', inWorlds(5, async stage => {
      const setting = set(stage)
      const subscriber = new Asker<SwarmEvent>(stage)
      setting.swarm.tell({ type: 'swarm.subscribe', subscriber: subscriber.ref })
      await setting.run()
      stage.system.root.kill(subscriber.ref)
      await setting.run()
      expect(setting.memory.subscribers.size).to.equal(0)
      new FakeConnection(setting, peerOf(1)).ready()
      await setting.run()
      expect(stage.system.deadLetters.sample()).to.deep.equal([])
    }))
  })

  describe('connect', () => {
    it('finds the open connection', inWorlds(3, async stage => {
      const setting = set(stage)
      const { info, ref } = new FakeConnection(setting, peerOf(1)).ready()
      await setting.run()
      const asker = connect(setting, to(peerOf(1)))
      await setting.run()
      expect(asker.only).to.deep.equal({ type: 'connect.done', id: 'c', connection: ref, info })
      expect(setting.dials).to.deep.equal([])
    }))

    it('asks the dialer where there is none, and the peer store for addresses', inWorlds(5, async stage => {
      const setting = set(stage)
      setting.addresses = [host(1).toString(), host(2).toString()]
      setting.dial = dialsTo(setting)
      const asker = connect(setting, to(peerOf(1)))
      await setting.run()
      expect(asker.only.type).to.equal('connect.done')
      expect(setting.dials[0]!.addresses.map(String)).to.deep.equal(setting.addresses)
      expect(setting.dials[0]!.peer?.equals(peerOf(1))).to.equal(true)
    }))

    it('takes the addresses that it is given, and the peer that they name', inWorlds(3, async stage => {
      const setting = set(stage)
      setting.dial = dialsTo(setting)
      const asker = connect(setting, { addresses: [host(1).withPeer(peerOf(1))] })
      await setting.run()
      expect(asker.only.type).to.equal('connect.done')
      expect(setting.dials[0]!.peer?.equals(peerOf(1))).to.equal(true)
    }))

    const refusals: ReadonlyArray<readonly [string, Destination, ErrorCode]> = [
      ['nobody', { addresses: [] }, 'dial/no-addresses'],
      ['a peer without addresses', to(peerOf(1)), 'dial/no-addresses'],
      ['ourselves by id', to(self), 'dial/self'],
      ['ourselves by address', { addresses: [host(1).withPeer(self)] }, 'dial/self'],
      ['a peer by the address of another', to(peerOf(1), host(1).withPeer(peerOf(2)).toString()), 'dial/peer-mismatch'],
      ['two peers at once', { addresses: [host(1).withPeer(peerOf(1)), host(1).withPeer(peerOf(2))] }, 'dial/peer-mismatch']
    ]
    for (const [what, destination, code] of refusals) {
      it(`refuses ${what}: ${code}`, inWorlds(3, async stage => {
        const setting = set(stage)
        const asker = connect(setting, destination)
        const stream = openStream(setting, destination)
        await setting.run()
        expect([asker.code, stream.code]).to.deep.equal([code, code])
        expect(setting.dials).to.deep.equal([])
      }))
    }

    it('passes the failure of a dial on', inWorlds(3, async stage => {
      const setting = set(stage)
      setting.dial = ({ id, replyTo }) => { replyTo.tell({ type: 'dial.failed', id, failure: { code: 'dial/refused' } }) }
      const asker = connect(setting, to(peerOf(1), host(1).toString()))
      await setting.run()
      expect(asker.code).to.equal('dial/refused')
    }))

    it('fails soon after its deadline when the dialer does not answer', inWorlds(3, async stage => {
      const setting = set(stage)
      const asker = connect(setting, to(peerOf(1), host(1).toString()), { deadline: 1000 })
      await setting.run(5000)
      expect([asker.code, asker.times[0]]).to.deep.equal(['dial/timeout', 1500])
    }))

    it('fails at once when the dialer is down, or ends', inWorlds(5, async stage => {
      const setting = set(stage)
      const asker = connect(setting, to(peerOf(1), host(1).toString()))
      await setting.run()
      stage.system.root.kill(stage.system.named('/node/dialer'))
      await setting.run()
      const other = connect(setting, to(peerOf(2), host(1).toString()), { id: 'd' })
      await setting.run()
      expect([asker.code, other.code]).to.deep.equal(['actor/down', 'actor/down'])
    }))

    it('never finds one that is closing', inWorlds(3, async stage => {
      const setting = set(stage)
      const closing = new FakeConnection(setting, peerOf(1)).ready()
      await setting.run()
      setting.swarm.tell({ type: 'connection.closing', path: closing.info.path })
      setting.dial = dialsTo(setting)
      const asker = connect(setting, to(peerOf(1), host(1).toString()))
      await setting.run()
      expect(asker.only).to.include({ type: 'connect.done' }).and.not.include({ connection: closing.ref })
    }))
  })

  describe('open-stream', () => {
    it('opens it on the newest direct connection', inWorlds(5, async stage => {
      const setting = set(stage)
      const connections: FakeConnection[] = []
      for (const more of [{}, {}, limits]) {
        connections.push(new FakeConnection(setting, peerOf(1), more).ready())
        await setting.run()
      }
      const asker = openStream(setting, to(peerOf(1)), { onLimitedConnection: true })
      await setting.run()
      expect(asker.only).to.include({ type: 'stream.opened', id: 's' })
      expect(connections.map(({ streams }) => streams.length)).to.deep.equal([0, 1, 0])
    }))

    it('uses a limited one only where that is allowed', inWorlds(3, async stage => {
      const setting = set(stage)
      const relayed = new FakeConnection(setting, peerOf(1), limits).ready()
      await setting.run()
      const no = openStream(setting, to(peerOf(1)), { id: 'no' })
      const yes = openStream(setting, to(peerOf(1)), { id: 'yes', onLimitedConnection: true })
      await setting.run()
      expect([no.code, yes.only.type]).to.deep.equal(['stream/limited-connection', 'stream.opened'])
      expect(relayed.streams).to.have.length(1)
    }))

    it('dials where there is no connection', inWorlds(3, async stage => {
      const setting = set(stage)
      setting.dial = dialsTo(setting)
      const asker = openStream(setting, to(peerOf(1), host(1).toString()))
      await setting.run()
      expect(asker.only.type).to.equal('stream.opened')
    }))

    it('tries once more when the connection closed in between, or died', inWorlds(10, async stage => {
      const setting = set(stage)
      const good = new FakeConnection(setting, peerOf(1)).ready()
      await setting.run()
      const bad = new FakeConnection(setting, peerOf(1)).ready()
      await setting.run()
      bad.opens = undefined
      const asker = openStream(setting, to(peerOf(1)))
      await setting.run()
      stage.system.root.kill(bad.ref)
      await setting.run()
      expect([asker.only.type, good.streams.length]).to.deep.equal(['stream.opened', 1])
    }))

    it('dials anew when no other is left, and does not try a third time', inWorlds(5, async stage => {
      const setting = set(stage)
      const bad = new FakeConnection(setting, peerOf(1)).ready()
      bad.opens = 'stream/connection-closed'
      await setting.run()
      setting.swarm.tell({ type: 'connection.closing', path: bad.info.path })
      // Closing is known: the request finds none, and is sent to the dialer twice at most.
      setting.dial = dialsTo(setting, 'stream/connection-closed')
      const asker = openStream(setting, to(peerOf(1), host(1).toString()))
      await setting.run()
      expect(asker.code).to.equal('stream/connection-closed')
      expect(setting.dials.length).to.be.within(1, 2)
    }))

    it('passes other refusals on', inWorlds(3, async stage => {
      const setting = set(stage)
      new FakeConnection(setting, peerOf(1)).ready().opens = 'stream/protocol-unsupported'
      await setting.run()
      const asker = openStream(setting, to(peerOf(1)))
      await setting.run()
      expect(asker.code).to.equal('stream/protocol-unsupported')
    }))

    it('fails soon after its deadline when the connection does not answer', inWorlds(3, async stage => {
      const setting = set(stage)
      new FakeConnection(setting, peerOf(1)).ready().opens = undefined
      await setting.run()
      const asker = openStream(setting, to(peerOf(1)), { deadline: 1000 })
      await setting.run(5000)
      expect([asker.code, asker.times[0]]).to.deep.equal(['stream/timeout', 1500])
    }))
  })

  describe('cancel', () => {
    it('of a connect takes back the dial, and answers nothing', inWorlds(10, async stage => {
      const setting = set(stage)
      const asker = connect(setting, to(peerOf(1), host(1).toString()))
      await setting.run()
      setting.swarm.tell({ type: 'swarm.cancel', id: 'c' })
      setting.swarm.tell({ type: 'swarm.cancel', id: 'c' })
      setting.swarm.tell({ type: 'swarm.cancel', id: 'nobody' })
      await setting.run()
      expect(asker.answers).to.deep.equal([])
      expect(setting.cancelled).to.deep.equal([setting.dials[0]!.id])
    }))

    it('of a stream that is being opened resets it when it comes', inWorlds(20, async stage => {
      const setting = set(stage)
      const connection = new FakeConnection(setting, peerOf(1)).ready()
      await setting.run()
      const asker = openStream(setting, to(peerOf(1)))
      await setting.run(stage.world.random.next() * 0.02)
      setting.swarm.tell({ type: 'swarm.cancel', id: 's' })
      await setting.run()
      for (const stream of connection.streams) expect(stream.disposed).to.equal(asker.answers.length === 0 ? 1 : 0)
    }))
  })

  describe('hang-up', () => {
    it('closes all connections of the peer, and answers when the last has ended', inWorlds(5, async stage => {
      const setting = set(stage)
      const ours = [1, 2].map(() => new FakeConnection(setting, peerOf(1)).ready())
      const other = new FakeConnection(setting, peerOf(2)).ready()
      await setting.run()
      const asker = new Asker<HungUp>(stage)
      setting.swarm.tell({ type: 'swarm.hang-up', id: 'h', peer: peerOf(1), graceMs: 500, replyTo: asker.ref })
      await setting.run(400)
      expect([ours.map(({ state }) => state), other.state, asker.answers.length]).to.deep.equal([['closing', 'closing'], 'open', 0])
      // One that is closing is not handed out any more.
      const stream = openStream(setting, to(peerOf(1)))
      await setting.run(200)
      expect(stream.code).to.equal('dial/no-addresses')
      expect(asker.only).to.deep.equal({ type: 'swarm.hung-up', id: 'h', connections: 2 })
    }))

    it('of a stranger is answered at once', inWorlds(3, async stage => {
      const setting = set(stage)
      const asker = new Asker<HungUp>(stage)
      setting.swarm.tell({ type: 'swarm.hang-up', id: 'h', peer: peerOf(1), replyTo: asker.ref })
      await setting.run()
      expect(asker.only.connections).to.equal(0)
    }))
  })

  describe('after a crash', () => {
    const crash = (stage: Stage): void => { cellOf(stage.system.root).child('swarm')!.crash('io', new Error('as told')) }

    it('knows its connections again, and repeats no news', inWorlds(20, async stage => {
      const setting = set(stage)
      const subscriber = new Asker<SwarmEvent>(stage)
      setting.swarm.tell({ type: 'swarm.subscribe', subscriber: subscriber.ref })
      const open = new FakeConnection(setting, peerOf(1)).ready()
      const closing = new FakeConnection(setting, peerOf(2)).ready()
      await setting.run()
      closing.state = 'closing'
      const before = subscriber.answers.length
      crash(stage)
      await setting.run()
      const found = connect(setting, to(peerOf(1)))
      const none = connect(setting, to(peerOf(2)), { id: 'd' })
      await setting.run()
      expect(found.only).to.include({ type: 'connect.done', connection: open.ref })
      expect(none.code).to.equal('dial/no-addresses')
      expect(subscriber.answers.length).to.equal(before)
      open.end()
      await setting.run()
      expect(subscriber.answers.slice(before).map(text)).to.deep.equal([`closed ${open.info.path} connection/reset remote`, 'peer.disconnected 1'])
    }))

    it('gives the verdict that the old one owed', inWorlds(20, async stage => {
      const setting = set(stage)
      await setting.run()
      crash(stage)
      // To the old one, to nobody, or to the new one.
      const connection = new FakeConnection(setting, peerOf(1)).ready()
      await setting.run()
      expect(connection.state).to.equal('open')
      expect(setting.emitted).to.have.length(2)
    }))

    it('tells of ends that nobody heard of', inWorlds(20, async stage => {
      const setting = set(stage)
      const subscriber = new Asker<SwarmEvent>(stage)
      setting.swarm.tell({ type: 'swarm.subscribe', subscriber: subscriber.ref })
      const connection = new FakeConnection(setting, peerOf(1)).ready()
      await setting.run()
      crash(stage)
      stage.system.root.kill(connection.ref)
      await setting.run()
      expect(subscriber.answers.slice(2).map(event => event.type)).to.deep.equal(['connection.closed', 'peer.disconnected'])
    }))

    it('answers for its open requests, and takes their dials back', inWorlds(10, async stage => {
      const setting = set(stage)
      const asker = connect(setting, to(peerOf(1), host(1).toString()))
      await setting.run()
      crash(stage)
      await setting.run(200)
      expect(asker.code).to.equal('actor/down')
      expect(setting.cancelled).to.deep.equal([setting.dials[0]!.id])
    }))
  })

  it('answers for a request that was killed', inWorlds(5, async stage => {
    const setting = set(stage)
    const asker = connect(setting, to(peerOf(1), host(1).toString()))
    await setting.run()
    stage.system.root.kill(stage.system.named('/node/swarm/1'))
    await setting.run()
    expect(asker.code).to.equal('actor/down')
  }))

  it('refuses more requests than it may have', inWorlds(3, async stage => {
    const setting = set(stage, { requests: 1 })
    connect(setting, to(peerOf(1), host(1).toString()))
    const second = connect(setting, to(peerOf(2), host(1).toString()), { id: 'd' })
    await setting.run()
    expect(second.code).to.equal('dial/too-many')
  }))
})
