/**
 * The protocols of a node, and how many inbound streams of each there are. The one table that streams are negotiated against,
 * synchronous: a change holds for the next stream.
 *
 * Invariants: an id belongs to one protocol; a lease is counted for its connection, its peer and the whole, and given back
 * in all three exactly once; who has no stream takes no memory.
 */
import { NetworkError } from '../../messages/errors.js'
import type { Failure } from '../../messages/failure.js'
import type { PeerId } from '../../messages/value/peer-id.js'
import type { Protocol, ProtocolService, ProtocolTable } from '../contract/protocol.js'
import { StreamRate, streamRateDefaults, type StreamRates } from './stream-rates.core.js'

export class SharedProtocolTable implements ProtocolTable {
  private readonly entries = new Map<string, Entry>()
  private readonly changed: () => void
  private readonly rate: StreamRate
  private allIds: readonly string[] = []

  /**
   * @param changed called after each change, in the stack of whoever makes it
   * @param rates of all protocols together
   */
  constructor (changed: () => void = () => {}, rates: Partial<StreamRates> = {}) {
    this.changed = changed
    const { perPeerBurst, perPeerPerSecond } = { ...streamRateDefaults, ...rates }
    this.rate = new StreamRate(perPeerPerSecond, perPeerBurst)
  }

  get ids (): readonly string[] {
    return this.allIds
  }

  get services (): readonly ProtocolService[] {
    return this.protocols.flatMap(({ service }) => service ?? [])
  }

  get protocols (): readonly Protocol[] {
    return [...new Set(this.entries.values())].map(entry => entry.protocol)
  }

  find (id: string): Protocol | undefined {
    return this.entries.get(id)?.protocol
  }

  /** @throws NetworkError `user/protocol-taken` when one of its ids, or the name of its service, belongs to another; then nothing has changed */
  register (protocol: Protocol): void {
    const taken = protocol.ids.filter(id => this.entries.has(id))
    if (taken.length > 0) throw new NetworkError('user/protocol-taken', { detail: taken.join(', ') })
    const name = protocol.service?.name
    if (name !== undefined && this.services.some(service => service.name === name)) throw new NetworkError('user/protocol-taken', { detail: `the service ${name}` })
    const entry = new Entry(protocol)
    for (const id of protocol.ids) this.entries.set(id, entry)
    this.change()
  }

  /**
   * Takes off the protocol that owns this id, with all its ids. Streams that are open go on.
   * @returns it, or undefined when there is none
   */
  unregister (id: string): Protocol | undefined {
    const entry = this.entries.get(id)
    if (entry === undefined) return undefined
    for (const own of entry.protocol.ids) this.entries.delete(own)
    this.change()
    return entry.protocol
  }

  lease (protocol: Protocol, connection: string, peer: PeerId, now: number): Disposable | Failure {
    const [name = ''] = protocol.ids
    const entry = this.entries.get(name)
    // One that was taken off meanwhile, or was never here.
    if (entry?.protocol !== protocol) return { code: 'stream/protocol-unsupported', initiator: 'local', detail: name }
    if (!this.rate.take(peer.toString(), now)) return { code: 'limit/stream-rate', detail: `limits.streams.perPeerPerSecond, for ${peer.toString()}` }
    return entry.lease(connection, peer, now)
  }

  /** Inbound streams now. */
  inbound (id: string): number {
    return this.entries.get(id)?.total ?? 0
  }

  private change (): void {
    this.allIds = Object.freeze([...this.entries.keys()])
    this.changed()
  }
}

class Entry {
  readonly protocol: Protocol
  total = 0
  private readonly ofConnection = new Map<string, number>()
  private readonly ofPeer = new Map<string, number>()
  private readonly rate: StreamRate

  constructor (protocol: Protocol) {
    this.protocol = protocol
    this.rate = new StreamRate(protocol.limits.inboundPerSecond, protocol.limits.inboundBurst)
  }

  lease (connection: string, peerId: PeerId, now: number): Lease | Failure {
    const { inbound, inboundPerPeer, inboundPerSecond, inboundTotal } = this.protocol.limits
    const peer = peerId.toString()
    const here = this.ofConnection.get(connection) ?? 0
    const there = this.ofPeer.get(peer) ?? 0
    if (here >= inbound) return this.refusal('inbound', inbound, connection)
    if (there >= inboundPerPeer) return this.refusal('inboundPerPeer', inboundPerPeer, peer)
    if (this.total >= inboundTotal) return this.refusal('inboundTotal', inboundTotal, peer)
    if (!this.rate.take(peer, now)) return { ...this.refusal('inboundPerSecond', inboundPerSecond, peer), code: 'limit/stream-rate' }
    this.total++
    this.ofConnection.set(connection, here + 1)
    this.ofPeer.set(peer, there + 1)
    return new Lease(this, connection, peer)
  }

  giveBack (connection: string, peer: string): void {
    this.total--
    decrease(this.ofConnection, connection)
    decrease(this.ofPeer, peer)
  }

  private refusal (limit: string, value: number, who: string): Failure {
    return { code: 'limit/streams', detail: `${this.protocol.ids[0]}: limits.${limit} is ${value}, for ${who}` }
  }
}

class Lease implements Disposable {
  private entry: Entry | null
  private readonly connection: string
  private readonly peer: string

  constructor (entry: Entry, connection: string, peer: string) {
    this.entry = entry
    this.connection = connection
    this.peer = peer
  }

  [Symbol.dispose] (): void {
    const { entry } = this
    this.entry = null
    entry?.giveBack(this.connection, this.peer)
  }
}

function decrease (counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 0) - 1
  if (left <= 0) counts.delete(key)
  else counts.set(key, left)
}
