/** The identify service among puppets of its neighbours, in a simulated world. */
import { identify, type IdentifyOptions } from '../../../src/actors/identify/identify.actor.js'
import type { Protocol } from '../../../src/actors/contract/protocol.js'
import type { ServiceContext } from '../../../src/actors/contract/service.js'
import type { ConnectionInfo, ConnectionMessage } from '../../../src/messages/connection.js'
import type { IdentifyEvent, IdentifyMessage } from '../../../src/messages/identify.js'
import type { OpenStream } from '../../../src/messages/stream.js'
import { PrivateKey } from '../../../src/messages/value/keys.js'
import { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import { PeerId } from '../../../src/messages/value/peer-id.js'
import { signPeerRecord } from '../../../src/messages/value/peer-record.js'
import { DecodeFailure } from '../../../src/messages/wire/failure.js'
import { decodeIdentify, encodeIdentify, identifyProtocol, identifyPushProtocol, type Identify } from '../../../src/messages/wire/identify.js'
import { reducer } from '../../../src/runtime/behavior/reducer.js'
import type { Out } from '../../../src/runtime/behavior/out.js'
import { supervisor } from '../../../src/runtime/behavior/supervisor.js'
import { nodeCrypto } from '../../../src/runtime/crypto/node.js'
import type { Message } from '../../../src/runtime/message.js'
import type { ActorRef } from '../../../src/runtime/ref.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import { child } from '../../../src/runtime/supervision.js'
import type { System } from '../../../src/runtime/system.js'
import { specKeys } from '../../wire/fixtures.js'
import { hex } from '../../wire/kit.js'
import { handle } from '../support/handle.js'
import { streamPair, type PairStream } from '../support/stream-pair.js'

export const crypto = nodeCrypto
export const epochMs = 1_700_000_000_000

export interface Person {
  readonly key: PrivateKey
  readonly peer: PeerId
}

export function person (type: keyof typeof specKeys): Person {
  const key = PrivateKey.fromProtobuf(hex(specKeys[type].private), crypto)
  return { key, peer: PeerId.fromPublicKey(key.publicKey, crypto) }
}

/** Peers besides those of the spec, each its own. */
export function stranger (n: number): Person {
  const key = PrivateKey.generate('Ed25519', crypto, { entropy: new Uint8Array(32).fill(n) })
  return { key, peer: PeerId.fromPublicKey(key.publicKey, crypto) }
}

export const us = person('Ed25519')
export const alice = person('secp256k1')

export const address = (text: string): Multiaddr => Multiaddr.parse(text)

/** What a peer says of itself. */
export function words ({ key, peer }: Person, changes: Partial<Identify> = {}): Identify {
  const addresses = [address('/ip4/198.51.100.2/tcp/4001')]
  return {
    publicKey: key.publicKey.toProtobuf(),
    listenAddrs: addresses.map(({ bytes }) => bytes),
    protocols: [identifyProtocol, identifyPushProtocol, '/chat/1.0.0'],
    observedAddr: address('/ip4/192.0.2.9/tcp/4001').bytes,
    protocolVersion: 'ipfs/0.1.0',
    agentVersion: 'alice/1',
    signedPeerRecord: signPeerRecord({ peerId: peer, seq: 7n, addresses }, key, crypto).encode(),
    ...changes
  }
}

/** Does something with the far end of a stream that identify has opened. */
export type Remote = (stream: PairStream, asked: OpenStream) => void

/** Opened, and then nothing. */
export const silent: Remote = () => {}
/** Answers as a peer does. */
export const says = (...messages: readonly Identify[]): Remote => stream => {
  for (const message of messages) void stream.writePrefixed(encodeIdentify(message))
  void stream.close()
}
/** The connection does not even answer. */
export const ignores: Remote = () => {}
export const refuses: Remote = (_stream, { replyTo, id }) => { replyTo.tell({ type: 'stream.failed', id, failure: { code: 'stream/protocol-unsupported' } }) }

/** A connection, as the test sees it. */
export interface Line {
  readonly ref: ActorRef<ConnectionMessage>
  readonly info: ConnectionInfo
  /** All that it was told. */
  readonly heard: ConnectionMessage[]
  /** What our pushes said. */
  readonly pushes: Identify[]
  readonly opened: PairStream[]
}

/** Whoever wants to reach it needs many connections. */
export const mostActors = 100

export class Stage {
  readonly world = new SimWorld({ seed: 5 })
  readonly system: System = this.world.system({ name: 'node', limits: { actors: mostActors } })
  readonly protocols: readonly [Protocol, Protocol]
  readonly swarm = this.neighbour('swarm')
  readonly peerStore = this.neighbour('peer-store')
  readonly addressManager = this.neighbour('address-manager')
  readonly protocolRegistry = this.neighbour('protocol-registry')
  readonly service: ActorRef<IdentifyMessage> = this.system.named('/node/protocols/identify')
  readonly events: IdentifyEvent[] = []
  private lines = 0

  constructor (options: Partial<IdentifyOptions> = {}) {
    this.protocols = identify({ key: us.key, crypto, epochMs, agentVersion: 'troupe/0', ...options })
    this.system.trace.add((_kind, _actor, event) => { this.events.push(event as IdentifyEvent) }, ['emitted'])
    const context: ServiceContext = {
      peerId: us.peer,
      swarm: this.system.named('/node/swarm'),
      peerStore: this.system.named('/node/peer-store'),
      addressManager: this.system.named('/node/address-manager'),
      protocolRegistry: this.system.named('/node/protocol-registry')
    }
    const { name, behavior } = this.protocols[0].service!
    this.system.spawn(supervisor('protocols', { strategy: 'one-for-one', children: [child(name, behavior, { input: () => context })] }), { name: 'protocols' })
  }

  /** Notes what it is told. */
  neighbour (name: string): Message[] {
    const heard: Message[] = []
    this.system.spawn(reducer({ name, initial: () => heard, step: (state, message: Message) => { state.push(message); return state } }), { name })
    return heard
  }

  /** What we have to say has become known. */
  announce (addresses: readonly string[] = ['/ip4/192.0.2.1/tcp/4001'], protocols: readonly string[] = [identifyProtocol, identifyPushProtocol]): void {
    this.service.tell({ type: 'addresses.changed', addresses: addresses.map(address) })
    this.service.tell({ type: 'protocols.changed', protocols })
  }

  /** A connection whose far end does this with streams for identify; pushes are taken and noted, unless `takes` does something else. */
  connect (remote: Remote, { peer: { key, peer } = alice, seenAt, takes }: { readonly peer?: Person, readonly seenAt?: string, readonly takes?: Remote } = {}): Line {
    const name = `connection-${++this.lines}`
    const info: ConnectionInfo = {
      path: `/node/${name}`,
      peer,
      remoteKey: key.publicKey,
      direction: 'inbound',
      remoteAddress: address(seenAt ?? `/ip4/203.0.113.${this.lines % 256}/tcp/7113`),
      localAddress: address('/ip4/192.0.2.1/tcp/4001'),
      security: '/noise',
      muxer: '/yamux/1.0.0',
      openedAt: 0
    }
    const line = { heard: [] as ConnectionMessage[], pushes: [] as Identify[], opened: [] as PairStream[] }
    const take: Remote = takes ?? ((stream, asked) => { void note(stream, line.pushes, asked) })
    const ref = this.system.spawn(reducer({
      name: 'connection',
      initial: () => undefined,
      step (state, message: ConnectionMessage, out: Out<{ open: OpenStream }>) {
        line.heard.push(message)
        if (message.type === 'stream.open') out.do('open', message)
        return state
      },
      effects: {
        open: (_actor, asked) => {
          const [protocol = ''] = asked.protocols
          const [near, far] = streamPair({ protocol, peers: [peer, us.peer], connection: info.path })
          line.opened.push(near)
          const act = protocol === identifyPushProtocol ? take : remote
          if (act !== refuses && act !== ignores) asked.replyTo.tell({ type: 'stream.opened', id: asked.id, handle: near })
          act(far, asked)
        }
      }
    }), { name })
    this.service.tell({ type: 'connection.opened', connection: ref, info })
    return { ref, info, ...line }
  }

  /** A peer opens a stream to us on this connection. */
  arrive (protocol: Protocol, { info }: Line): { readonly far: PairStream, readonly near: PairStream, readonly done: Promise<void> } {
    const [far, near] = streamPair({ protocol: protocol.ids[0]!, peers: [us.peer, info.peer], connection: info.path })
    return { far, near, done: handle(protocol, near, { remoteAddress: info.remoteAddress }) }
  }

  async run (ms = 100): Promise<void> {
    await this.world.run(ms)
  }

  /** Emitted so far: kinds and codes. */
  get news (): readonly string[] {
    return this.events.map(event => event.type === 'peer.identified' ? 'identified' : `${event.kind} ${event.failure.code}`)
  }

  count (heard: readonly Message[], type: string): number {
    return heard.filter(message => message.type === type).length
  }
}

/** A test on a stage, which must be empty afterwards (the root hook looks). */
export function onStage (scene: (stage: Stage) => Promise<void>, options: Partial<IdentifyOptions> = {}): () => Promise<void> {
  return async () => {
    const stage = new Stage(options)
    await stage.run()
    await scene(stage)
    await stage.world.stop()
  }
}

export function decoded (bytes: Uint8Array): Identify {
  const message = decodeIdentify(bytes)
  if (message instanceof DecodeFailure) throw new Error(message.toString())
  return message
}

async function note (stream: PairStream, pushes: Identify[], { protocols }: OpenStream): Promise<void> {
  const bytes = await stream.readPrefixed({ maxBytes: 8192 })
  if (bytes === null) throw new Error(`nothing came on ${protocols.join()}`)
  pushes.push(decoded(bytes))
  await stream.close()
}
