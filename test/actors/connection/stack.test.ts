/** Two nodes' connections against each other, over a simulated network, with all that stands between: Noise, Yamux, multistream. */
import { expect } from 'chai'
import { connection } from '../../../src/actors/connection/connection.actor.js'
import { connections } from '../../../src/actors/connection/connections.actor.js'
import type { Arrival } from '../../../src/actors/contract/admission.js'
import type { Stream } from '../../../src/actors/contract/stream.js'
import { protocol } from '../../../src/actors/protocol/protocol.js'
import { SharedProtocolTable } from '../../../src/actors/protocol/protocol-table.js'
import { streams } from '../../../src/actors/stream/streams.actor.js'
import { multistream } from '../../../src/actors/upgrade/multistream-negotiation.js'
import { upgrade } from '../../../src/actors/upgrade/upgrade.actor.js'
import type { ConnectionMessage, ConnectionOutcome } from '../../../src/messages/connection.js'
import type { ConnectionsMessage } from '../../../src/messages/connections.js'
import { failureError } from '../../../src/messages/failure.js'
import type { Negotiation } from '../../../src/messages/stream.js'
import type { SwarmMessage } from '../../../src/messages/swarm.js'
import type { Out } from '../../../src/runtime/behavior/out.js'
import { reducer } from '../../../src/runtime/behavior/reducer.js'
import type { RawLink } from '../../../src/runtime/io/raw-link.js'
import type { ActorRef } from '../../../src/runtime/ref.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import type { System } from '../../../src/runtime/system.js'
import { expectEmpty } from '../../runtime/kit.js'
import { codeOf, listening } from '../support/streams-stage.js'
import { alice, asLink, bob, bytesOf, optionsOf, pool, type Identity } from '../upgrade/kit.js'

const echo = protocol('/echo/1.0.0', { limits: { inbound: 200 }, async inbound (stream) { for await (const bytes of stream) await stream.write(bytes) } })
const idle = protocol('/idle/1.0.0', async stream => { await stream.read() })

/** As much of a node as a connection needs. */
class Node {
  readonly system: System
  readonly table = new SharedProtocolTable()
  readonly swarmHeard: SwarmMessage[] = []
  readonly outcomes: ConnectionOutcome[] = []
  private readonly supervisor: ActorRef<ConnectionsMessage>
  private requests = 0

  constructor (world: SimWorld, name: string, self: Identity) {
    this.system = world.system({ name })
    for (const one of [echo, idle]) this.table.register(one)
    this.system.spawn(reducer({
      name: 'swarm',
      initial: () => 0,
      step: (state, message: SwarmMessage, out: Out) => {
        this.swarmHeard.push(message)
        if (message.type === 'connection.ready') out.tell(message.connection, { type: 'connection.accepted' })
        return state
      }
    }), { name: 'swarm', input: undefined })
    this.supervisor = this.system.spawn(connections({
      connection: connection({
        upgrade: upgrade(optionsOf(self)),
        streams: streams({ protocols: this.table, negotiation: multistream }),
        swarm: this.system.named(`/${name}/swarm`),
        directory: { enter: () => ({ [Symbol.dispose] () {} }) }
      })
    }), { name: 'connections', input: undefined })
  }

  take (raw: RawLink, outbound: boolean, deadline: number): void {
    // It travels inside an arrival, which the kernel does not see through.
    const link = asLink(this.system.root.take(raw), outbound)
    const handle: Arrival = {
      opened: { kind: 'link', handle: link },
      lease: { authenticated: () => undefined, [Symbol.dispose] () {} },
      [Symbol.dispose] () { link[Symbol.dispose]() }
    }
    if (!outbound) this.supervisor.tell({ type: 'connections.accept', handle })
    else this.supervisor.tell({ type: 'connections.open', handle, deadline, opener: { id: 'd', replyTo: this.system.spawn(listening(this.outcomes), { name: 'opener' }) } })
  }

  get path (): string {
    return `/${this.system.name}/connections/1`
  }

  get connection (): ActorRef<ConnectionMessage> {
    return this.system.named(this.path)
  }

  get state (): unknown {
    return this.system.inspect.tree(this.path)?.state
  }

  get ended (): object | undefined {
    const last = this.swarmHeard.at(-1)
    return last?.type === 'connection.ended' ? { code: last.code, initiator: last.initiator } : undefined
  }

  open (id: string, negotiation: Negotiation = 'eager'): Promise<Stream> {
    return new Promise((resolve, reject) => {
      this.connection.tell({
        type: 'stream.open',
        id: String(++this.requests),
        protocols: [id],
        negotiation,
        deadline: this.system.now() + 5000,
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
}

interface Two {
  readonly world: SimWorld
  readonly one: Node
  readonly other: Node
  readonly until: <T>(promise: Promise<T>) => Promise<T>
}

function between (scene: (two: Two) => Promise<void>, options: { readonly seed?: number, readonly latencyMs?: number, readonly early?: boolean } = {}): () => Promise<void> {
  return async () => {
    const world = new SimWorld({ seed: options.seed ?? 1 })
    world.network.shapeAll({ latencyMs: options.latencyMs ?? 1 })
    const one = new Node(world, 'one', alice)
    const other = new Node(world, 'other', bob)
    const { network } = world
    const unexpected = (): never => { throw new Error('there must be a link') }
    const listener = network.port(other.system).listen('other:1', { onLink: link => { other.take(link, false, 0) }, onFailure: unexpected })
    network.port(one.system).connect('other:1', { onLink: link => { one.take(link, true, 5000) }, onFailure: unexpected })
    let failure: unknown
    try {
      if (options.early !== true) {
        await world.run(500)
        expect([one.state, other.state]).to.deep.equal(['open', 'open'])
        expect(one.outcomes[0]?.type).to.equal('connection.opened')
      }
      await scene({ world, one, other, until: async promise => await world.until(promise) })
    } catch (error) {
      failure = error
    }
    listener[Symbol.dispose]()
    await world.stop()
    if (failure !== undefined) throw failure as Error
    for (const node of [one, other]) expectEmpty(node.system)
    expect(pool.inUse).to.equal(0)
  }
}

async function echoed (stream: Stream, bytes: Uint8Array): Promise<boolean> {
  const writing = stream.write(bytes).then(async () => { await stream.close() })
  const answer = await stream.readAll({ maxBytes: bytes.length })
  await writing
  return Buffer.compare(answer, bytes) === 0
}

describe('connections: two, with everything between', () => {
  it('carry streams both ways, eager and lazy, byte for byte', between(async ({ one, other, until, world }) => {
    const outcomes = await until(Promise.all(Array.from({ length: 100 }, async (_, i) => {
      const stream = await [one, other][i & 1]!.open('/echo/1.0.0', i % 4 < 2 ? 'eager' : 'lazy')
      return await echoed(stream, bytesOf(i * 977, i))
    })))
    expect(outcomes.every(Boolean)).to.equal(true)
    await world.run(10)
    for (const node of [one, other]) expect(node.system.inspect.tree(`${node.path}/streams`)?.children).to.deep.equal([])
  }))

  it('do so in many worlds', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      await between(async ({ one, other, until }) => {
        const outcomes = await until(Promise.all(Array.from({ length: 24 }, async (_, i) => {
          const stream = await [one, other][i & 1]!.open('/echo/1.0.0', i % 4 < 2 ? 'eager' : 'lazy')
          return await echoed(stream, bytesOf(i * i * 200, i))
        })))
        expect(outcomes.every(Boolean)).to.equal(true)
      }, { seed, latencyMs: seed % 4 * 10 })()
    }
  })

  it('tell a lazy opener that it is refused, whatever it has sent', between(async ({ one, until }) => {
    for (const size of [0, 1, 100, 100_000]) {
      const stream = await until(one.open('/nobody/1.0.0', 'lazy'))
      if (size > 0) void stream.write(new Uint8Array(size))
      expect(await until(codeOf(stream.read())), `after ${size} bytes`).to.equal('stream/protocol-unsupported')
    }
  }))

  it('refuse an eager opener in order', between(async ({ one, other, until, world }) => {
    expect(await until(codeOf(one.open('/nobody/1.0.0')))).to.equal('stream/protocol-unsupported')
    await world.run(10)
    expect(other.system.inspect.tree(`${other.path}/streams`)?.children).to.deep.equal([])
  }))

  it('close in order, and both know why', between(async ({ one, other, world }) => {
    one.connection.tell({ type: 'connection.close', code: 'connection/closed', initiator: 'user' })
    await world.run(100)
    expect([one.state, other.state]).to.deep.equal([undefined, undefined])
    expect(one.ended).to.deep.equal({ code: 'connection/closed', initiator: 'user' })
    expect(other.ended).to.deep.equal({ code: 'connection/closed', initiator: 'remote' })
  }))

  it('tell the remote the code', between(async ({ one, other, until, world }) => {
    const stream = await until(other.open('/idle/1.0.0'))
    const reading = codeOf(stream.read())
    one.connection.tell({ type: 'connection.close', code: 'connection/trimmed', initiator: 'local', graceMs: 0 })
    expect(await until(reading)).to.equal('stream/connection-closed')
    await world.run(100)
    expect(one.ended).to.deep.equal({ code: 'connection/trimmed', initiator: 'local' })
    expect(other.ended).to.deep.equal({ code: 'connection/trimmed', initiator: 'remote' })
  }))

  it('let open streams end first', between(async ({ one, other, until, world }) => {
    const stream = await until(one.open('/echo/1.0.0'))
    one.connection.tell({ type: 'connection.close', code: 'connection/closed', initiator: 'user', graceMs: 1000 })
    await world.run(50)
    expect([one.state, other.state]).to.deep.equal(['closing', 'closing'])
    expect(await until(echoed(stream, bytesOf(10_000)))).to.equal(true)
    await world.run(100)
    expect([one.state, other.state]).to.deep.equal([undefined, undefined])
  }))

  it('end alone when one is killed', between(async ({ one, other, until, world }) => {
    const stream = await until(other.open('/idle/1.0.0'))
    const reading = codeOf(stream.read())
    one.system.inspect.kill(one.path)
    expect(await until(reading)).to.equal('stream/connection-closed')
    await world.run(10)
    expect(other.ended).to.deep.equal({ code: 'connection/reset', initiator: 'remote' })
    expect(one.system.inspect.tree('/one/connections')?.status).to.equal('running')
  }))

  it('notice that the remote is gone', between(async ({ one, world }) => {
    await world.run(60_000)
    expect(one.state).to.equal('open')
    world.network.shapeAll({ latencyMs: 1_000_000 })
    await world.run(36_000)
    expect(one.ended).to.deep.equal({ code: 'connection/timeout', initiator: 'local' })
  }))

  it('leave nothing behind, whoever is killed and when', async () => {
    for (let step = 0; step < 30; step++) {
      for (const victim of ['', '/upgrade', '/streams', '/streams/1', '/streams/1/handler']) {
        await between(async ({ one, other, world }) => {
          await world.run(step * 0.45)
          const opens = [one.open('/echo/1.0.0'), one.open('/echo/1.0.0', 'lazy'), other.open('/echo/1.0.0', 'lazy')]
          for (const open of opens) open.then(async stream => await echoed(stream, bytesOf(50_000))).catch(() => {})
          await world.run(1.2)
          for (const node of [step % 2 === 0 ? one : other]) {
            try {
              node.system.inspect.kill(`${node.path}${victim}`)
            } catch (error) {
              expect((error as { code?: string }).code).to.equal('actor/down')
            }
          }
          await world.run(30_000)
        }, { seed: step + 1, early: true })()
      }
    }
  })
})
