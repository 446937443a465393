import { expect } from 'chai'
import { connection, type ConnectionOptions } from '../../../src/actors/connection/connection.actor.js'
import { connections } from '../../../src/actors/connection/connections.actor.js'
import type { Arrival } from '../../../src/actors/contract/admission.js'
import type { ConnectionView } from '../../../src/actors/contract/directory.js'
import type { Link } from '../../../src/actors/contract/link.js'
import type { Stream } from '../../../src/actors/contract/stream.js'
import { protocol } from '../../../src/actors/protocol/protocol.js'
import { SharedProtocolTable } from '../../../src/actors/protocol/protocol-table.js'
import { streams } from '../../../src/actors/stream/streams.actor.js'
import type { ConnectionMessage, ConnectionOutcome } from '../../../src/messages/connection.js'
import type { ErrorCode } from '../../../src/messages/errors.js'
import { failureError, type Failure } from '../../../src/messages/failure.js'
import type { OpenStream } from '../../../src/messages/stream.js'
import type { SwarmMessage } from '../../../src/messages/swarm.js'
import type { UpgradeInput, UpgradeMessage } from '../../../src/messages/upgrade.js'
import type { Out } from '../../../src/runtime/behavior/out.js'
import { reducer } from '../../../src/runtime/behavior/reducer.js'
import { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import type { ActorContext } from '../../../src/runtime/context.js'
import type { ActorRef } from '../../../src/runtime/ref.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import type { System } from '../../../src/runtime/system.js'
import { expectEmpty, Handle } from '../../runtime/kit.js'
import { memoryLinks, type MemoryMuxedLink } from '../support/memory-muxed-link.js'
import { alice, bob, codeOf, keyOf, listening, multistream } from '../support/streams-stage.js'

type Upgrading = 'done' | 'fails' | 'crashes' | 'hangs' | 'bad start'
type Verdict = 'accepts' | 'refuses' | 'silent'

interface Plan extends Partial<Pick<ConnectionOptions, 'keepAlive' | 'timeouts'>> {
  readonly upgrading?: Upgrading
  readonly verdict?: Verdict
  /** What the ledger says once the peer is known. */
  readonly lease?: Failure
  readonly swarm?: boolean
  readonly seed?: number
  /** Most actors of the node. */
  readonly actors?: number
}

const echo = protocol('/echo/1.0.0', async stream => { for await (const bytes of stream) await stream.write(bytes) })

/** A node with one connection, whose neighbours do as planned; the other end has one of its own. */
class Scene {
  readonly world: SimWorld
  readonly system: System
  readonly near: MemoryMuxedLink
  readonly far: MemoryMuxedLink
  readonly swarmHeard: SwarmMessage[] = []
  readonly outcomes: ConnectionOutcome[] = []
  readonly opener: ActorRef<ConnectionOutcome>
  readonly directory = new Set<ConnectionView>()
  readonly rawLink = new Handle('link')
  readonly lease = new Handle('lease')
  readonly peers: string[] = []
  upgradeInput: UpgradeInput | undefined
  readonly table = new SharedProtocolTable()

  constructor (plan: Plan) {
    this.world = new SimWorld({ seed: plan.seed ?? 1 })
    this.system = this.world.system({ name: 'node', limits: { actors: (plan.actors ?? Infinity) + 1 } })
    this.opener = this.system.spawn(listening(this.outcomes), { name: 'opener' })
    ;[this.near, this.far] = memoryLinks()
    this.table.register(echo)
    if (plan.swarm !== false) this.system.spawn(this.swarm(plan.verdict ?? 'accepts'), { name: 'swarm', input: undefined })
    const behavior = connection({
      upgrade: this.upgrade(plan.upgrading ?? 'done'),
      streams: streams({ protocols: this.table, negotiation: multistream }),
      swarm: this.system.named<SwarmMessage>('/node/swarm'),
      directory: {
        enter: view => {
          this.directory.add(view)
          return { [Symbol.dispose]: () => { this.directory.delete(view) } }
        }
      },
      ...plan.keepAlive !== undefined && { keepAlive: plan.keepAlive },
      ...plan.timeouts !== undefined && { timeouts: plan.timeouts }
    })
    const supervisor = this.system.spawn(connections({ connection: behavior, inboundUpgradeMs: 7000 }), { name: 'connections', input: undefined })
    supervisor.tell({
      type: 'connections.open',
      handle: this.arrival(plan.lease),
      expectedPeer: bob,
      deadline: 3000,
      opener: { id: 'dial 1', replyTo: this.opener }
    })
  }

  get connection (): ActorRef<ConnectionMessage> {
    return this.system.named('/node/connections/1')
  }

  get state (): unknown {
    return this.system.inspect.tree('/node/connections/1')?.state
  }

  get children (): string[] {
    return this.system.inspect.tree('/node/connections/1')?.children.map(child => child.name) ?? []
  }

  get swarmTypes (): string[] {
    return this.swarmHeard.map(({ type }) => type)
  }

  /** What it ended with. */
  get output (): unknown {
    const why = this.system.inspect.why('/node/connections/1')
    return why.status === 'down' ? why.death?.exit : undefined
  }

  arrival (failure: Failure | undefined): Arrival {
    const link = {
      direction: 'outbound',
      remoteMultiaddr: Multiaddr.parse('/ip4/10.0.0.2/tcp/4001').withPeer(bob),
      localMultiaddr: Multiaddr.parse('/ip4/10.0.0.1/tcp/50000')
    } as Link
    const lease = Object.assign(this.lease, {
      authenticated: (peer: { toString: () => string }) => {
        this.peers.push(peer.toString())
        return failure
      }
    })
    return {
      opened: { kind: 'link', handle: link },
      lease,
      [Symbol.dispose]: () => {
        this.rawLink[Symbol.dispose]()
        this.lease[Symbol.dispose]()
      }
    }
  }

  open (options: Partial<OpenStream> = {}): Promise<Stream> {
    return new Promise((resolve, reject) => {
      this.connection.tell({
        type: 'stream.open',
        id: 'one',
        protocols: ['/echo/1.0.0'],
        negotiation: 'auto',
        deadline: this.world.now() + 5000,
        ...options,
        replyTo: {
          tell (outcome) {
            if (outcome.type === 'stream.opened') resolve(outcome.handle)
            else reject(failureError(outcome.failure))
            return true
          }
        }
      })
    })
  }

  close (code: ErrorCode = 'connection/closed', graceMs?: number): void {
    this.connection.tell({ type: 'connection.close', code, initiator: 'user', ...graceMs !== undefined && { graceMs } })
  }

  /** The other end, with streams that echo. */
  answer (): void {
    const remote = this.system.spawn(remoteEnd, { name: 'remote', input: undefined })
    remote.tell({
      type: 'do',
      run: actor => {
        actor.own(this.far)
        const ref = actor.spawn(streams({ protocols: this.table, negotiation: multistream }), {
          name: 'streams',
          input: { link: this.far, info: this.info, connection: actor.self, live: new Set<Stream>() }
        })
        this.far.attach(actor, {
          onStream: handle => { ref.tell({ type: 'stream.arrived', handle }) },
          onClose: () => { actor.done() }
        })
      }
    })
  }

  private get info () {
    const ready = this.swarmHeard.find(message => message.type === 'connection.ready')
    if (ready === undefined) throw new Error('not ready')
    return { ...ready.info, peer: alice }
  }

  private upgrade (upgrading: Upgrading) {
    return reducer({
      name: 'upgrade',
      initial: (input: UpgradeInput, out: Out<{ go: UpgradeInput }>) => {
        this.upgradeInput = input
        if (upgrading === 'bad start') throw new Error('as told')
        out.do('go', input)
        return 0
      },
      step (state, message: UpgradeMessage, out: Out<{ go: UpgradeInput }>) {
        void message
        if (upgrading === 'crashes') throw new Error('as told')
        out.done()
        return state
      },
      effects: {
        go: (actor, { replyTo }) => {
          actor.timer('done', 10, { type: 'upgrade.timeout' })
          if (upgrading === 'fails') replyTo.tell({ type: 'upgrade.failed', failure: { code: 'upgrade/no-security' } })
          if (upgrading === 'hangs') actor.cancelTimer('done')
          if (upgrading === 'done') replyTo.tell({ type: 'upgrade.done', handle: this.near, peer: bob, remoteKey: keyOf(bob), security: '/noise', muxer: '/memory' })
        }
      }
    })
  }

  private swarm (verdict: Verdict) {
    return reducer({
      name: 'swarm',
      initial: () => 0,
      step: (state, message: SwarmMessage, out: Out) => {
        this.swarmHeard.push(message)
        if (message.type !== 'connection.ready') return state
        if (verdict === 'accepts') out.tell(message.connection, { type: 'connection.accepted' })
        if (verdict === 'refuses') out.tell(message.connection, { type: 'connection.refused', failure: { code: 'connection/gated' } })
        return state
      }
    })
  }
}

interface Order { readonly type: 'do', readonly run: (actor: ActorContext<Order>) => void }

const remoteEnd = reducer({
  name: 'remote',
  crashGraceMs: 0,
  initial: () => undefined,
  step (state, message: Order, out: Out<{ run: Order['run'] }>) {
    out.do('run', message.run)
    return state
  },
  effects: { run: (actor: ActorContext<Order>, run) => { run(actor) } }
})

function play (act: (scene: Scene) => Promise<void>, plan: Plan = {}): () => Promise<void> {
  return async () => {
    const scene = new Scene(plan)
    let failure: unknown
    try {
      await act(scene)
    } catch (error) {
      failure = error
    }
    await scene.world.stop()
    if (failure !== undefined) throw failure as Error
    expectEmpty(scene.system)
    expect(scene.directory.size, 'left in the directory').to.equal(0)
    expect([scene.rawLink.disposed, scene.lease.disposed], 'link and lease').to.deep.equal([1, 1])
    expect(scene.outcomes, 'the opener hears once').to.have.length(1)
  }
}

const failed = ({ outcomes: [outcome] }: Scene): string | undefined => outcome?.type === 'connection.failed' ? outcome.failure.code : outcome?.type

describe('connection: until it is open', () => {
  it('is upgraded, taken in, and told to its opener', play(async scene => {
    const { world } = scene
    while (scene.state === undefined) await world.run(0.001)
    expect(scene.state).to.be.oneOf([null, 'upgrading'])
    await world.run(100)
    expect(scene.state).to.equal('open')
    expect(scene.children).to.deep.equal(['streams'])
    expect(scene.upgradeInput).to.include({ initiator: true, deadline: 3000, expectedPeer: bob })
    expect(scene.peers).to.deep.equal([bob.toString()])
    expect(scene.swarmTypes).to.deep.equal(['connection.ready'])
    const [outcome] = scene.outcomes
    if (outcome?.type !== 'connection.opened') throw new Error('not opened')
    expect(outcome.id).to.equal('dial 1')
    expect(outcome.info.path).to.equal('/node/connections/1')
    expect(outcome.info.remoteAddress.toString()).to.equal('/ip4/10.0.0.2/tcp/4001')
    expect(outcome.info.direction).to.equal('outbound')
    const [view] = scene.directory
    expect(view?.status).to.equal('open')
    expect(view?.info).to.equal(outcome.info)
  }))

  it('gives an inbound upgrade its own deadline, and nobody hears of it', async () => {
    const scene = new Scene({ upgrading: 'hangs' })
    const other = scene.arrival(undefined)
    await scene.world.run(1)
    scene.system.named<{ type: 'connections.accept', handle: Arrival }>('/node/connections').tell({ type: 'connections.accept', handle: other })
    await scene.world.run(1)
    expect(scene.upgradeInput?.deadline).to.be.within(7001, 7002)
    expect(scene.upgradeInput?.expectedPeer).to.equal(undefined)
    await scene.world.stop()
    expectEmpty(scene.system)
    expect(scene.rawLink.disposed).to.equal(2)
  })

  const ends: ReadonlyArray<readonly [string, string, Plan]> = [
    ['whose upgrade fails', 'upgrade/no-security', { upgrading: 'fails' }],
    ['whose upgrade crashes', 'connection/crashed', { upgrading: 'crashes' }],
    ['whose upgrade does not start', 'connection/crashed', { upgrading: 'bad start' }],
    ['whose peer has too many', 'limit/connections', { lease: { code: 'limit/connections' } }],
    ['that the swarm refuses', 'connection/gated', { verdict: 'refuses' }],
    ['that the swarm forgets', 'actor/timeout', { verdict: 'silent' }],
    ['without a swarm', 'actor/down', { swarm: false }]
  ]
  for (const [which, code, plan] of ends) {
    it(`${which} fails as ${code}`, play(async scene => {
      await scene.world.run(5100)
      expect(scene.state).to.equal(undefined)
      expect(failed(scene)).to.equal(code)
      expect(scene.output).to.deep.include({ kind: 'done' })
      expect((scene.output as { output: { code: string } }).output.code).to.equal(code)
      expect(scene.swarmTypes).to.not.include('connection.ended')
      if (code.startsWith('connection/gated') || code.startsWith('limit')) expect(scene.near.closes).to.deep.equal([code])
    }, plan))
  }

  it('fails as limit/connections when the node may have no more actors', play(async scene => {
    await scene.world.run(10)
    expect(failed(scene)).to.equal('limit/connections')
    expect(scene.system.inspect.tree('/node/connections')?.status).to.equal('running')
  }, { actors: 3 }))

  it('fails as actor/down when the swarm ends before it has decided', play(async scene => {
    await scene.world.run(100)
    expect(scene.state).to.equal('deciding')
    scene.system.inspect.kill('/node/swarm')
    await scene.world.run(10)
    expect(failed(scene)).to.equal('actor/down')
  }, { verdict: 'silent' }))

  it('refuses streams until it is open', play(async scene => {
    await scene.world.run(1)
    expect(await scene.world.until(codeOf(scene.open()))).to.equal('stream/connection-closed')
    expect(scene.state).to.equal('upgrading')
  }, { upgrading: 'hangs' }))

  for (const what of ['close', 'reset', 'stop'] as const) {
    for (const [state, plan] of [['upgrading', { upgrading: 'hangs' }], ['deciding', { verdict: 'silent' }]] as const) {
      it(`ends by ${what} while ${state}`, play(async scene => {
        await scene.world.run(100)
        expect(scene.state).to.equal(state)
        if (what === 'close') scene.close()
        if (what === 'reset') scene.connection.tell({ type: 'connection.reset', code: 'connection/reset', initiator: 'user' })
        if (what === 'stop') scene.system.root.child('connections')?.stop(scene.connection)
        await scene.world.run(1)
        expect(scene.state).to.equal(undefined)
        expect(failed(scene)).to.equal({ close: 'connection/closed', reset: 'connection/reset', stop: 'connection/shutdown' }[what])
      }, plan))
    }
  }
})

describe('connection: open', () => {
  it('carries streams both ways', play(async scene => {
    const { world } = scene
    await world.run(100)
    scene.answer()
    const stream = await world.until(scene.open())
    void stream.write(Uint8Array.of(1, 2, 3))
    void stream.close()
    expect(await world.until(stream.readAll({ maxBytes: 10 }))).to.deep.equal(Uint8Array.of(1, 2, 3))
    expect(scene.swarmTypes).to.deep.equal(['connection.ready'])
  }))

  it('is lazy by itself for the only protocol that the remote is known to speak', play(async scene => {
    const { world } = scene
    await world.run(100)
    const eager = scene.open({ deadline: world.now() + 50 })
    expect(await world.until(codeOf(eager))).to.equal('stream/timeout')
    scene.connection.tell({ type: 'connection.identified', protocols: ['/echo/1.0.0', '/other/1.0.0'] })
    // Nobody answers, and it is there all the same.
    const lazy = await world.until(scene.open())
    expect(lazy.protocol).to.equal('/echo/1.0.0')
    expect([...scene.directory][0]?.streams).to.include(lazy)
    expect(await world.until(codeOf(scene.open({ protocols: ['/other/1.0.0', '/echo/1.0.0'], deadline: world.now() + 50 })))).to.equal('stream/timeout')
    lazy.reset()
  }))

  it('tells the swarm when the link ends, and why tells', play(async scene => {
    const { world } = scene
    await world.run(100)
    scene.answer()
    const stream = await world.until(scene.open())
    const reading = codeOf(stream.read())
    scene.far[Symbol.dispose]()
    expect(await world.until(reading)).to.equal('stream/connection-closed')
    await world.run(1)
    expect(scene.state).to.equal(undefined)
    const ended = scene.swarmHeard.at(-1)
    expect(ended).to.deep.include({ type: 'connection.ended', path: '/node/connections/1', code: 'connection/reset', initiator: 'remote' })
    expect((scene.output as { output: object }).output).to.deep.equal({ code: 'connection/reset', initiator: 'remote', text: 'as told', event: 'link.closed' })
  }))

  it('hears of the end of its link, however full its mailbox is', play(async scene => {
    const { world } = scene
    await world.run(100)
    scene.near.flood(5000, 'connection/reset')
    await world.run(5)
    expect(scene.state).to.equal(undefined)
    expect(scene.swarmHeard.at(-1)).to.deep.include({ type: 'connection.ended', code: 'connection/reset' })
  }))

  it('is pinged, and given up when it does not answer', play(async scene => {
    const { world } = scene
    await world.run(100)
    scene.answer()
    await world.run(60_000)
    expect(scene.state).to.equal('open')
    expect(scene.near.stats.rttMs).to.be.a('number')
    scene.far.deaf = true
    await world.run(15_000 + 19_000)
    expect(scene.state).to.equal('open')
    await world.run(2000)
    expect(scene.state).to.equal(undefined)
    expect(scene.swarmHeard.at(-1)).to.deep.include({ type: 'connection.ended', code: 'connection/timeout', initiator: 'local' })
  }))

  it('is not pinged when that is off', play(async scene => {
    await scene.world.run(120_000)
    expect(scene.state).to.equal('open')
    expect(scene.near.ping()).to.equal(true)
  }, { keepAlive: { intervalMs: 0 } }))

  it('closes in order: no new streams, those that are open may end', play(async scene => {
    const { world } = scene
    await world.run(100)
    scene.answer()
    const stream = await world.until(scene.open())
    scene.close('connection/closed', 500)
    await world.run(10)
    expect(scene.state).to.equal('closing')
    expect([...scene.directory][0]?.status).to.equal('closing')
    expect(await world.until(codeOf(scene.open()))).to.equal('stream/connection-closed')
    void stream.write(Uint8Array.of(9))
    void stream.close()
    expect(await world.until(stream.readAll({ maxBytes: 10 }))).to.deep.equal(Uint8Array.of(9))
    await world.run(1)
    expect(scene.state).to.equal(undefined)
    expect(scene.swarmHeard.at(-1)).to.deep.include({ code: 'connection/closed', initiator: 'user' })
  }))

  it('ends the streams that are left when the grace is over, a second by default', play(async scene => {
    const { world } = scene
    await world.run(100)
    scene.answer()
    const stream = await world.until(scene.open())
    const reading = codeOf(stream.read())
    scene.close()
    await world.run(999)
    expect(scene.state).to.equal('closing')
    expect(await world.until(reading)).to.equal('stream/connection-closed')
    await world.run(5)
    expect(scene.state).to.equal(undefined)
    expect(scene.swarmHeard.at(-1)).to.deep.include({ code: 'connection/closed', initiator: 'user' })
  }))

  it('tells the remote the code when the grace is over', play(async scene => {
    const { world } = scene
    await world.run(100)
    scene.answer()
    await world.until(scene.open())
    scene.close('connection/trimmed', 100)
    await world.run(110)
    expect(scene.near.closes).to.deep.equal(['connection/closed', 'connection/trimmed'])
    expect(scene.swarmHeard.at(-1)).to.deep.include({ code: 'connection/trimmed', initiator: 'user' })
  }))

  it('a second close shortens the wait, and never lengthens it', play(async scene => {
    const { world } = scene
    await world.run(100)
    scene.answer()
    await world.until(scene.open())
    scene.close('connection/closed', 1000)
    await world.run(10)
    scene.close('connection/closed', 5000)
    scene.close('connection/closed', 100)
    await world.run(99)
    expect(scene.state).to.equal('closing')
    await world.run(10)
    expect(scene.state).to.equal(undefined)
  }))

  it('waits for its last word no longer than flushMs', play(async scene => {
    const { world } = scene
    await world.run(100)
    scene.near.mute = true
    scene.close('connection/trimmed', 0)
    await world.run(999)
    expect(scene.state).to.equal('flushing')
    await world.run(5)
    expect(scene.state).to.equal(undefined)
  }))

  it('drains when it is asked to stop', play(async scene => {
    const { world } = scene
    await world.run(100)
    scene.answer()
    await world.until(scene.open())
    scene.system.root.child('connections')?.stop(scene.connection)
    await world.run(10)
    expect(scene.state).to.equal('closing')
    await world.run(1000)
    expect(scene.state).to.equal(undefined)
    expect(scene.near.closes.at(-1)).to.equal('connection/shutdown')
    expect(scene.swarmHeard.at(-1)).to.deep.include({ code: 'connection/shutdown', initiator: 'local' })
  }))

  it('is reset at once, all streams with it', play(async scene => {
    const { world } = scene
    await world.run(100)
    scene.answer()
    const stream = await world.until(scene.open())
    scene.connection.tell({ type: 'connection.reset', code: 'connection/reset', initiator: 'user' })
    await world.run(0.1)
    expect(scene.state).to.equal(undefined)
    expect(stream.resetBy?.code).to.equal('stream/connection-closed')
    expect(scene.swarmHeard.at(-1)).to.deep.include({ code: 'connection/reset', initiator: 'user' })
  }))

  it('lets its streams go on when the remote takes no more', play(async scene => {
    const { world } = scene
    await world.run(100)
    scene.answer()
    const stream = await world.until(scene.open())
    scene.far.close('connection/closed')
    await world.run(10_000)
    expect(scene.state).to.equal('closing')
    expect(await world.until(codeOf(scene.open()))).to.equal('stream/connection-closed')
    stream.reset()
    await world.run(10)
    expect(scene.state).to.equal(undefined)
    expect(scene.swarmHeard.at(-1)).to.deep.include({ type: 'connection.ended', code: 'connection/closed', initiator: 'remote' })
  }))

  it('ends when its streams\' supervisor does', play(async scene => {
    const { world } = scene
    await world.run(100)
    scene.system.inspect.kill('/node/connections/1/streams')
    await world.run(10)
    expect(scene.state).to.equal(undefined)
    expect(scene.near.closes).to.deep.equal(['connection/crashed'])
    expect(scene.swarmHeard.at(-1)).to.deep.include({ code: 'connection/crashed' })
  }))

  it('crashes alone: link, lease and streams go with it', play(async scene => {
    const { world } = scene
    await world.run(100)
    scene.answer()
    const stream = await world.until(scene.open())
    scene.system.inspect.kill('/node/connections/1')
    await world.run(1)
    expect(scene.near.disposed).to.equal(1)
    expect(stream.resetBy?.code).to.equal('stream/connection-closed')
    expect(scene.system.inspect.tree('/node/connections')?.status).to.equal('running')
  }))
})

describe('connection: whatever happens', () => {
  it('leaves nothing and tells its opener once, killed after any step', async () => {
    for (let step = 0; step < 40; step++) {
      await play(async scene => {
        const { world } = scene
        while (scene.state === undefined) await world.run(0.0005)
        await world.run(step * 0.0015)
        scene.system.inspect.kill('/node/connections/1')
        await world.run(30_000)
      }, { seed: step + 1 })()
    }
  })

  it('checks its options', () => {
    const parts = { upgrade: undefined as never, streams: undefined as never, swarm: undefined as never, directory: undefined as never }
    expect(() => connection({ ...parts, timeouts: { graceMs: -1 } })).to.throw(RangeError, 'graceMs')
    expect(() => connection({ ...parts, keepAlive: { intervalMs: Number.NaN } })).to.throw(RangeError, 'intervalMs')
    expect(() => connections({ connection: undefined as never, inboundUpgradeMs: 0 })).to.throw(RangeError, 'inboundUpgradeMs')
    expect(() => streams({ protocols: new SharedProtocolTable(), negotiation: multistream, limits: { queuedOpens: -1 } })).to.throw(RangeError, 'queuedOpens')
  })
})
