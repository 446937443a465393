/** The protocols over real streams: negotiated, with handlers that are actors, between two owners of one muxed link. */
import { expect } from 'chai'
import type { Protocol } from '../../../src/actors/contract/protocol.js'
import { echo, echoProtocol } from '../../../src/actors/echo/echo.js'
import { identify } from '../../../src/actors/identify/identify.actor.js'
import { measurePerf, perf } from '../../../src/actors/perf/perf.js'
import { ping, Pinger } from '../../../src/actors/ping/ping.js'
import type { ConnectionMessage } from '../../../src/messages/connection.js'
import type { IdentifyEvent, IdentifyMessage } from '../../../src/messages/identify.js'
import type { PeerId } from '../../../src/messages/value/peer-id.js'
import { identifyPushProtocol } from '../../../src/messages/wire/identify.js'
import { reducer } from '../../../src/runtime/behavior/reducer.js'
import { supervisor } from '../../../src/runtime/behavior/supervisor.js'
import type { Message } from '../../../src/runtime/message.js'
import type { ActorRef } from '../../../src/runtime/ref.js'
import { child } from '../../../src/runtime/supervision.js'
import { codeOf, onStage, type Side, type Stage } from '../support/streams-stage.js'
import { address, alice, crypto, epochMs, us, type Person } from './stage.js'

const protocols = (key: Person['key']): readonly Protocol[] => [...identify({ key, crypto, epochMs }), ping(), echo(), perf()]
const client = protocols(us.key)
const server = protocols(alice.key)
const options = {
  client: { protocols: client, info: { peer: alice.peer, remoteKey: alice.key.publicKey } },
  server: { protocols: server, info: { peer: us.peer, remoteKey: us.key.publicKey, remoteAddress: address('/ip4/203.0.113.7/tcp/9') } }
}

/** Starts the service of one side, among neighbours that do nothing. */
function serve ({ system }: Stage, name: string, list: readonly Protocol[], peerId: PeerId): ActorRef<IdentifyMessage> {
  const deaf = system.spawn(reducer({ name: 'deaf', initial: () => undefined, step: (state, _message: Message) => state }), { name: `${name}-deaf` })
  const context = { peerId, swarm: deaf, peerStore: deaf, addressManager: deaf, protocolRegistry: deaf }
  system.spawn(supervisor('protocols', { strategy: 'one-for-one', children: [child('identify', list[0]!.service!.behavior, { input: () => context })] }), { name: `${name}-protocols` })
  return system.named(`/node/${name}-protocols/identify`)
}

function connected (service: ActorRef<IdentifyMessage>, side: Side, who: Person, remote: string): void {
  service.tell({
    type: 'connection.opened',
    connection: side.streams as unknown as ActorRef<ConnectionMessage>,
    info: {
      path: side.actor.path,
      peer: who.peer,
      remoteKey: who.key.publicKey,
      direction: 'outbound',
      remoteAddress: address(remote),
      localAddress: address('/ip4/10.0.0.1/tcp/1'),
      security: '/noise',
      muxer: '/memory',
      openedAt: 0
    }
  })
}

describe('protocols over streams', () => {
  it('identify each other, and push', onStage(async stage => {
    const { world, system } = stage
    const seen: IdentifyEvent[] = []
    system.trace.add((_kind, _actor, event) => { seen.push(event as IdentifyEvent) }, ['emitted'])
    const a = serve(stage, 'a', client, us.peer)
    const b = serve(stage, 'b', server, alice.peer)
    await world.run(10)
    for (const [service, side] of [[a, stage.client], [b, stage.server]] as const) {
      service.tell({ type: 'addresses.changed', addresses: [address('/ip4/192.0.2.1/tcp/1')] })
      service.tell({ type: 'protocols.changed', protocols: side.table.ids })
    }
    await world.run(2000)
    connected(a, stage.client, alice, '/ip4/10.0.0.2/tcp/4001')
    connected(b, stage.server, us, '/ip4/203.0.113.7/tcp/9')
    await world.run(1000)
    expect(seen.map(event => event.type === 'peer.identified' ? [event.result.peer.toString(), event.result.protocols.length, event.result.observedAddress?.toString()] : event.failure.code)).to.have.deep.members([
      [alice.peer.toString(), 5, '/ip4/203.0.113.7/tcp/9'],
      [us.peer.toString(), 5, '/ip4/10.0.0.2/tcp/4001']
    ])
    expect(stage.client.table.ids).to.include(identifyPushProtocol)
    a.tell({ type: 'addresses.changed', addresses: [address('/ip4/192.0.2.7/tcp/7')] })
    await world.run(2000)
    const last = seen.at(-1)
    expect(last?.type === 'peer.identified' && last.result.record?.addresses.map(String)).to.deep.equal(['/ip4/192.0.2.7/tcp/7'])
    await world.run(10_000)
    expect([stage.client.states, stage.server.states]).to.deep.equal([[], []])
  }, options))

  it('ping, echo and measure', onStage(async ({ client: side, until, world }) => {
    using pinger = new Pinger(async () => side.open('/ipfs/ping/1.0.0'), { now: () => world.now(), randomBytes: length => crypto.randomBytes(length) })
    expect(await until(pinger.ping())).to.be.above(0)
    await until(pinger.ping())
    await world.run(130_000)
    expect(await until(pinger.ping())).to.be.above(0)

    const stream = await until(side.open(echoProtocol))
    const sent = crypto.randomBytes(50_000)
    const back = stream.readAll({ maxBytes: 60_000 })
    void stream.write(sent)
    void stream.close()
    expect(await until(back)).to.deep.equal(sent)

    const { uploadedBytes, downloadedBytes } = await until(measurePerf(await until(side.open('/perf/1.0.0')), { uploadBytes: 1_000_000, downloadBytes: 2_000_000, now: () => world.now() }))
    expect([uploadedBytes, downloadedBytes]).to.deep.equal([1_000_000, 2_000_000])
    expect(await until(codeOf(measurePerf(await until(side.open('/perf/1.0.0')), { uploadBytes: 1, downloadBytes: 2 ** 40, now: () => 0 })))).to.equal('stream/gated')
  }, options))
})
