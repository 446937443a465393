/** Two actors with a muxed link between them and streams on it, in a simulated world. */
import type { StreamsInput } from '../../../src/actors/contract/connection.js'
import type { Negotiation } from '../../../src/actors/contract/negotiation.js'
import type { Protocol } from '../../../src/actors/contract/protocol.js'
import type { Stream } from '../../../src/actors/contract/stream.js'
import { SharedProtocolTable } from '../../../src/actors/protocol/protocol-table.js'
import { streams, type StreamsLimits } from '../../../src/actors/stream/streams.actor.js'
import { MultistreamInitiatorCore } from '../../../src/actors/upgrade/multistream-initiator.core.js'
import { MultistreamResponderCore } from '../../../src/actors/upgrade/multistream-responder.core.js'
import type { ConnectionInfo } from '../../../src/messages/connection.js'
import { failureError } from '../../../src/messages/failure.js'
import type { OpenStream, StreamOutcome, StreamsMessage } from '../../../src/messages/stream.js'
import type { PublicKey } from '../../../src/messages/value/keys.js'
import { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import { PeerId } from '../../../src/messages/value/peer-id.js'
import type { Behavior } from '../../../src/runtime/behavior/behavior.js'
import { reducer } from '../../../src/runtime/behavior/reducer.js'
import type { Out } from '../../../src/runtime/behavior/out.js'
import type { ActorContext } from '../../../src/runtime/context.js'
import type { Message } from '../../../src/runtime/message.js'
import type { ActorRef } from '../../../src/runtime/ref.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import type { System } from '../../../src/runtime/system.js'
import { expectEmpty } from '../../runtime/kit.js'
import { memoryLinks, type MemoryLinkOptions, type MemoryMuxedLink } from './memory-muxed-link.js'

export const multistream: Negotiation = {
  propose: options => new MultistreamInitiatorCore(options),
  answer: options => new MultistreamResponderCore(options)
}

export const alice = PeerId.parse('12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN')
export const bob = PeerId.parse('12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo')

export function keyOf (peer: PeerId): PublicKey {
  const key = peer.publicKey
  if (key === undefined) throw new Error('a peer whose id is no key')
  return key
}

export interface SideOptions {
  readonly protocols?: readonly Protocol[]
  readonly limits?: Partial<StreamsLimits>
  readonly info?: Partial<ConnectionInfo>
  readonly negotiation?: Negotiation
  readonly table?: SharedProtocolTable
}

export interface StageOptions extends MemoryLinkOptions {
  readonly seed?: number
  readonly client?: SideOptions
  readonly server?: SideOptions
}

/** The owner of one end, and its streams. */
export class Side {
  readonly table: SharedProtocolTable
  readonly live = new Set<Stream>()
  readonly actor: ActorRef<Order>
  readonly streams: ActorRef<StreamsMessage>
  readonly link: MemoryMuxedLink
  private readonly system: System
  private requests = 0

  constructor (system: System, name: string, link: MemoryMuxedLink, { info = {}, limits = {}, negotiation = multistream, protocols = [], table = new SharedProtocolTable() }: SideOptions) {
    this.system = system
    this.link = link
    this.table = table
    for (const protocol of protocols) this.table.register(protocol)
    const behavior = streams({ protocols: this.table, negotiation, limits })
    this.actor = system.spawn(owner, { name, input: undefined })
    this.streams = system.root.child(name)!.spawn(behavior, {
      name: 'streams',
      input: {
        link,
        info: {
          path: this.actor.path,
          peer: bob,
          remoteKey: keyOf(bob),
          direction: 'outbound',
          remoteAddress: Multiaddr.parse('/ip4/10.0.0.2/tcp/4001'),
          localAddress: Multiaddr.parse('/ip4/10.0.0.1/tcp/4001'),
          security: '/noise',
          muxer: '/memory',
          openedAt: 0,
          ...info
        },
        connection: this.actor,
        live: this.live
      } satisfies StreamsInput
    })
    this.do(actor => {
      actor.own(link)
      link.attach(actor, {
        onStream: handle => { this.streams.tell({ type: 'stream.arrived', handle }) },
        onOpenable: () => { this.streams.tell({ type: 'stream.openable' }) },
        onClose: () => { actor.done() }
      })
    })
  }

  do (run: (actor: ActorContext<Order>) => void): void {
    this.actor.tell({ type: 'do', run })
  }

  now (): number {
    return this.system.now()
  }

  /** Asks for a stream; rejects with what it failed for. */
  open (protocols: string | readonly string[], options: Partial<Pick<OpenStream, 'negotiation' | 'deadline' | 'onLimitedConnection'>> = {}): Promise<Stream> {
    return new Promise((resolve, reject) => {
      this.ask(protocols, options, outcome => {
        if (outcome.type === 'stream.opened') resolve(outcome.handle)
        else reject(failureError(outcome.failure))
      })
    })
  }

  ask (protocols: string | readonly string[], options: Partial<Pick<OpenStream, 'negotiation' | 'deadline' | 'onLimitedConnection'>>, heard: (outcome: StreamOutcome) => void): void {
    this.streams.tell({
      type: 'stream.open',
      id: String(++this.requests),
      protocols: typeof protocols === 'string' ? [protocols] : protocols,
      negotiation: 'eager',
      deadline: this.now() + 10_000,
      ...options,
      replyTo: {
        tell: outcome => {
          heard(outcome)
          return true
        }
      }
    })
  }

  /** States of its streams, and of their handlers. */
  get states (): string[] {
    const tree = this.system.inspect.tree(`${this.actor.path}/streams`)
    return tree === undefined ? [] : tree.children.map(({ children, state }) => [state, ...children.map(child => child.state)].map(String).join(' '))
  }
}

interface Order { readonly type: 'do', readonly run: (actor: ActorContext<Order>) => void }

const owner = reducer({
  name: 'owner',
  crashGraceMs: 0,
  initial: () => undefined,
  step (state, message: Order, out: Out<{ run: Order['run'] }>) {
    out.do('run', message.run)
    return state
  },
  effects: { run: (actor: ActorContext<Order>, run) => { run(actor) } }
})

export interface Stage {
  readonly world: SimWorld
  readonly system: System
  readonly client: Side
  readonly server: Side
  readonly until: <T>(promise: Promise<T>) => Promise<T>
}

/** A scene with two ends. Afterwards nothing may be left. */
export function onStage (scene: (stage: Stage) => Promise<void>, options: StageOptions = {}): () => Promise<void> {
  return async () => {
    const world = new SimWorld({ seed: options.seed ?? 1 })
    const system = world.system({ name: 'node' })
    const [a, b] = memoryLinks(options)
    const client = new Side(system, 'client', a, options.client ?? {})
    const server = new Side(system, 'server', b, options.server ?? {})
    const until = async <T>(promise: Promise<T>): Promise<T> => await world.until(promise)
    let failure: unknown
    try {
      await scene({ world, system, client, server, until })
    } catch (error) {
      failure = error
    }
    await world.stop()
    if (failure !== undefined) throw failure as Error
    expectEmpty(system)
    for (const side of [client, server]) {
      if (side.live.size > 0) throw new Error(`${side.live.size} streams are still in the list`)
      for (const id of side.table.ids) if (side.table.inbound(id) > 0) throw new Error(`leases of ${id} are left`)
    }
  }
}

/** What a promise has come to. */
export async function codeOf (promise: Promise<unknown>): Promise<string> {
  return await promise.then(() => 'no failure', (error: unknown) => (error as { code?: string }).code ?? String(error))
}

/** An actor that keeps what it is told. Asked to stop, it waits for the first word, if none has come yet. */
export function listening<M extends Message> (heard: M[]): Behavior<M> {
  const stop = { type: 'listening.stop' } as unknown as M
  return reducer({
    name: 'listening',
    stopMessage: () => stop,
    initial: () => false,
    step (stopping, message: M, out: Out): boolean {
      const ends = stopping || message === stop
      if (message !== stop) heard.push(message)
      if (ends && heard.length > 0) out.done()
      return ends
    }
  })
}
