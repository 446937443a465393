/** What the tests of swarm, dialer, listeners and stores play with: fake neighbours in a simulated world. */
import { expect } from 'chai'
import type { Admission, Arrival, Lease } from '../../src/actors/contract/admission.js'
import type { DialOutcome, Opened, Transport, TransportListener } from '../../src/actors/contract/transport.js'
import type { ConnectionInfo } from '../../src/messages/connection.js'
import type { ConnectionsMessage } from '../../src/messages/connections.js'
import type { ErrorCode } from '../../src/messages/errors.js'
import type { Failure } from '../../src/messages/failure.js'
import { Multiaddr } from '../../src/messages/value/multiaddr.js'
import { PeerId } from '../../src/messages/value/peer-id.js'
import type { Behavior } from '../../src/runtime/behavior/behavior.js'
import type { Out } from '../../src/runtime/behavior/out.js'
import { reducer } from '../../src/runtime/behavior/reducer.js'
import type { ActorContext } from '../../src/runtime/context.js'
import { disposeQuietly, type Message } from '../../src/runtime/message.js'
import type { ActorRef } from '../../src/runtime/ref.js'
import { SimWorld } from '../../src/runtime/sim/sim-world.js'
import type { System } from '../../src/runtime/system.js'
import { cellOf, expectEmpty } from '../runtime/kit.js'

export interface Stage {
  readonly world: SimWorld
  readonly system: System
  readonly seed: number
}

/** A test in this many simulated worlds, each with an order of events of its own; what it has begun must be over at the end. */
export function inWorlds (worlds: number, scene: (stage: Stage) => Promise<void>): () => Promise<void> {
  return async () => {
    for (let seed = 1; seed <= worlds; seed++) {
      const world = new SimWorld({ seed })
      const system = world.system({ name: 'node' })
      try {
        await world.until(system.ready())
        await scene({ world, system, seed })
        await world.stop()
        await world.settle()
        expectEmpty(system)
      } catch (error) {
        if (error instanceof Error) error.message += ` (seed ${seed})`
        throw error
      }
    }
  }
}

/** A peer, the same for the same number. */
export function peerOf (n: number): PeerId {
  const key = new Uint8Array(36).fill(n & 0xff, 4)
  key.set([8, 1, 18, 32])
  key.set([n >>> 16, n >>> 8, n], 4)
  const peer = PeerId.decode(Uint8Array.of(0, 36, ...key))
  if (!(peer instanceof PeerId)) throw new Error(`no peer: ${peer.code}`)
  return peer
}

export const self = peerOf(0)
export const at = (text: string): Multiaddr => Multiaddr.parse(text)
/** Addresses that tests dial. */
export const host = (n: number): Multiaddr => at(`/ip4/10.0.${n >>> 8}.${n & 0xff}/tcp/4001`)

export type Hear<M extends Message> = (message: M, actor: ActorContext<M>) => void

/** An actor that hears what it is told. */
export function ear<M extends Message> (hear: Hear<M>): Behavior<M> {
  return reducer({
    name: 'ear',
    initial: () => 0,
    step (count: number, message: M, out: Out<{ hear: M }>) {
      out.do('hear', message)
      return count + 1
    },
    effects: { hear: (actor, message) => { hear(message, actor) } }
  })
}

/** Below the root, or below `parent`. */
export function spawn<M extends Message> (system: System, hear: Hear<M>, name?: string, parent: ActorRef<never> = system.root): ActorRef<M> {
  return cellOf(parent).spawn(ear<M>(hear), { input: undefined, ...name !== undefined && { name } })
}

/** Somebody who asks, and keeps every answer with the time at which it came. */
export class Asker<R extends Message> {
  readonly answers: R[] = []
  readonly times: number[] = []
  readonly ref: ActorRef<R>

  constructor ({ system, world }: Stage, hear: Hear<R> = () => {}) {
    this.ref = spawn<R>(system, (message, actor) => {
      this.answers.push(message)
      this.times.push(Math.floor(world.now()))
      hear(message, actor)
    })
  }

  get only (): R {
    expect(this.answers).to.have.length(1)
    return this.answers[0]!
  }

  /** Code of the only answer, which must be a failure. */
  get code (): ErrorCode {
    return (this.only as unknown as { readonly failure: Failure }).failure.code
  }

  get failure (): Failure {
    return (this.only as unknown as { readonly failure: Failure }).failure
  }
}

let paths = 0

export function infoOf (peer: PeerId, path = `/node/connections/${++paths}`, more: Partial<ConnectionInfo> = {}): ConnectionInfo {
  return {
    path,
    peer,
    remoteKey: peer.publicKey!,
    direction: 'outbound',
    remoteAddress: host(1),
    localAddress: host(2),
    security: '/noise',
    muxer: '/yamux/1.0.0',
    openedAt: 0,
    ...more
  }
}

/** Something open that counts. */
export class FakeLink implements Disposable {
  disposed = 0
  readonly remoteMultiaddr: Multiaddr

  constructor (remote: string) {
    this.remoteMultiaddr = at(remote)
  }

  [Symbol.dispose] (): void {
    this.disposed++
  }
}

/** What an address does when it is dialed. Default `refuse` after 1 ms. */
export interface Fate {
  readonly after?: number
  readonly does: 'open' | 'refuse' | 'hang' | 'throw'
}

/** A transport that does as told, and knows what it has open. */
export class FakeTransport implements Transport {
  readonly name: string
  readonly fates = new Map<string, Fate>()
  /** Addresses dialed, with the time. */
  readonly dialed: Array<readonly [number, string]> = []
  readonly links: FakeLink[] = []
  readonly listeners = new Map<string, TransportListener>()
  readonly listened: string[] = []
  dialing = 0
  mostDialing = 0
  private readonly stage: Stage
  private readonly fits: string

  constructor (stage: Stage, name = 'tcp', fits = '/tcp/') {
    this.stage = stage
    this.name = name
    this.fits = fits
  }

  dials (address: Multiaddr): boolean {
    return address.toString().includes(this.fits)
  }

  listens (address: Multiaddr): boolean {
    return this.dials(address)
  }

  dial (address: Multiaddr, _deadline: number, outcome: DialOutcome): Disposable {
    const { world } = this.stage
    this.dialed.push([Math.floor(world.now()), address.toString()])
    const bare = address.withoutPeer()!.toString()
    const { does, after = 1 } = this.fates.get(bare) ?? { does: 'refuse' }
    if (does === 'throw') throw new Error('as told')
    this.dialing++
    this.mostDialing = Math.max(this.mostDialing, this.dialing)
    let open = true
    const over = (): boolean => {
      if (!open) return false
      open = false
      this.dialing--
      return true
    }
    if (does !== 'hang') {
      world.at(world.now() + after, () => {
        if (!over()) return
        if (does === 'open') this.give(bare, outcome.onOpen)
        else outcome.onFailure({ code: 'dial/refused', detail: 'as told' })
      })
    }
    return { [Symbol.dispose]: () => { over() } }
  }

  listen (address: Multiaddr, listener: TransportListener): Disposable {
    const text = address.toString()
    this.listened.push(text)
    this.listeners.set(text, listener)
    return { [Symbol.dispose]: () => { if (this.listeners.get(text) === listener) this.listeners.delete(text) } }
  }

  /** Hands over a link as ports do: who does not take it loses it. */
  give (remote: string, to: (opened: Opened) => void): FakeLink {
    const link = new FakeLink(remote)
    this.links.push(link)
    const { system } = this.stage
    system.custody = link
    to({ kind: 'link', handle: link as never })
    if (system.custody === link) {
      system.custody = undefined
      disposeQuietly(link)
    }
    return link
  }
}

/** An admission ledger that lets everybody in unless told otherwise, and counts its leases. */
export class FakeAdmission implements Admission {
  refusal: Failure | undefined
  readonly use = { connections: 0, inbound: 0, pending: 0, prefixes: 0, peers: 0 }
  leases = 0
  readonly asked: string[] = []

  admit (direction: string, address: string): Lease | Failure {
    this.asked.push(`${direction} ${address}`)
    if (this.refusal !== undefined) return this.refusal
    this.leases++
    let held = true
    return {
      authenticated: () => undefined,
      [Symbol.dispose]: () => {
        if (held) this.leases--
        held = false
      }
    }
  }

  arrival (opened: Opened, lease: Lease): Arrival {
    return {
      opened,
      lease,
      [Symbol.dispose] () {
        opened.handle[Symbol.dispose]()
        lease[Symbol.dispose]()
      }
    }
  }
}

/** What becomes of a connection that is made of a link to an address. Default: opened after 1 ms. */
export interface Upgrade {
  readonly after?: number
  readonly does: 'open' | 'fail' | 'hang'
  readonly peer?: PeerId
  readonly failure?: Failure
}

/** `/node/connections` and its children, as far as dials see them. */
export class FakeConnections {
  readonly ref: ActorRef<ConnectionsMessage>
  readonly upgrades = new Map<string, Upgrade>()
  readonly opened: Array<Extract<ConnectionsMessage, { type: 'connections.open' }>> = []
  readonly accepted: Arrival[] = []
  /** Of those that are being upgraded, how many were given up with their opener. */
  givenUp = 0

  private readonly system: System

  constructor ({ system }: Stage) {
    this.system = system
    this.ref = spawn<ConnectionsMessage>(system, (message, supervisor) => {
      if (message.type === 'connections.accept') {
        this.accepted.push(supervisor.own(message.handle))
        return
      }
      this.opened.push(message)
      this.connect(message, supervisor)
    }, 'connections')
  }

  private connect (message: Extract<ConnectionsMessage, { type: 'connections.open' }>, supervisor: ActorContext<ConnectionsMessage>): void {
    const { handle, opener, expectedPeer } = message
    const { remoteMultiaddr } = handle.opened.handle as unknown as FakeLink
    const { does, after = 1, peer = expectedPeer ?? peerOf(1), failure } = this.upgrades.get(remoteMultiaddr.toString()) ?? { does: 'open' }
    type Own = { readonly type: 'start' } | { readonly type: 'ready' } | { readonly type: 'gone' }
    let told = false
    const connection = spawn<Own>(this.system, ({ type }, actor) => {
      if (type === 'start') {
        actor.own(handle)
        actor.watch(opener.replyTo, () => ({ type: 'gone' }))
        if (does !== 'hang') actor.timer('ready', after, { type: 'ready' })
      } else if (type === 'ready') {
        told = true
        if (does === 'open') {
          opener.replyTo.tell({ type: 'connection.opened', id: opener.id, connection: actor.self as never, info: infoOf(peer, actor.path) })
        } else {
          opener.replyTo.tell({ type: 'connection.failed', id: opener.id, failure: failure ?? { code: 'upgrade/closed' } })
          actor.done()
        }
      } else if (!told) {
        this.givenUp++
        actor.done()
      }
    }, undefined, supervisor.self)
    supervisor.take(handle)
    connection.tell({ type: 'start' })
  }
}
