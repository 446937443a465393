import type { LinkSystem } from '../io/link-system.js'
import type { LinkPort } from '../io/raw-link.js'
import { checkShape, defaultShape, type LinkShape } from './link-shape.js'
import { SimConnection, type Connect } from './sim-connection.js'
import { SimHost } from './sim-host.js'
import { SimLine } from './sim-line.js'
import type { SimScheduler } from './sim-scheduler.js'

/** A host, or the name of one. */
export type HostName = string | { readonly name: string }

/**
 * The network of a simulated world: hosts, the lines between them, and what may go wrong with those. Everything happens in
 * virtual time, and everything random follows from the seed and the name of the link it happens to.
 *
 *     const world = new SimWorld({ seed: 7 })
 *     const alice = world.system({ name: 'alice' })
 *     const bob = world.system({ name: 'bob' })
 *     world.network.shape('alice', 'bob', { latencyMs: 40, bytesPerSecond: 1_000_000 })
 *     spawn a listener in bob with world.network.port(bob), and in alice one that connects to 'bob:4001'
 *     const partition = world.network.partition(['alice'], ['bob'])
 *     await world.run(5000)
 *     world.network.heal()
 */
export class SimNetwork {
  readonly scheduler: SimScheduler
  readonly seed: number
  private standard = defaultShape
  private readonly hosts = new Map<string, SimHost>()
  /** By name and by address. */
  private readonly places = new Map<string, SimHost>()
  private readonly lines = new Map<string, Map<string, SimLine>>()
  private readonly living = new Set<SimConnection>()

  constructor (scheduler: SimScheduler, seed: number) {
    this.scheduler = scheduler
    this.seed = seed
  }

  // ---------------------------------------------------------------- hosts

  /**
   * The host of that name; made when there is none. Each system of the world has one of its own name.
   *
   * @param options.addresses IP addresses that it gets besides. Without any it is found by its name only
   * @throws TypeError when an address is another's
   */
  host (name: string, options: { readonly addresses?: readonly string[] } = {}): SimHost {
    let host = this.hosts.get(name)
    if (host === undefined) {
      host = new SimHost(this, name)
      this.hosts.set(name, host)
      this.place(name, host)
    }
    for (const address of options.addresses ?? []) if (this.place(address, host)) host.addresses.push(address)
    return host
  }

  /** What actors of `system` listen and connect with: the port of the host that has the system's name. */
  port (system: LinkSystem): LinkPort {
    return this.host(system.name).port(system)
  }

  // ---------------------------------------------------------------- what the lines are like

  /** How all lines behave of which nothing else was said. What is left out stays as it is. */
  shapeAll (shape: Partial<LinkShape>): void {
    checkShape('shapeAll', shape)
    this.standard = { ...this.standard, ...shape }
    for (const line of this.allLines()) line.shape = { ...this.standard, ...line.own }
  }

  /** How both directions between two hosts behave. What is left out stays as it is. */
  shape (a: HostName, b: HostName, shape: Partial<LinkShape>): void {
    this.shapeOneWay(a, b, shape)
    this.shapeOneWay(b, a, shape)
  }

  /** How one direction behaves. */
  shapeOneWay (from: HostName, to: HostName, shape: Partial<LinkShape>): void {
    checkShape('shape', shape)
    const line = this.line(nameOf(from), nameOf(to))
    line.own = { ...line.own, ...shape }
    line.shape = { ...this.standard, ...line.own }
  }

  shapeOf (from: HostName, to: HostName): LinkShape {
    return this.line(nameOf(from), nameOf(to)).shape
  }

  // ---------------------------------------------------------------- what goes wrong

  /**
   * Lets nothing through between any of the one and any of the other. What is on the way is lost, and sent again as TCP
   * does (see `SimPipe`); links on which nothing is sent do not notice. Connecting gets no answer.
   */
  partition (some: readonly HostName[], others: readonly HostName[]): void {
    this.setPartitioned(some, others, true)
  }

  /** Ends what `partition` has begun, for these or for all. */
  heal (some?: readonly HostName[], others?: readonly HostName[]): void {
    if (some !== undefined && others !== undefined) this.setPartitioned(some, others, false)
    else {
      for (const line of this.allLines()) {
        line.partitioned = false
        this.refresh(line)
      }
    }
  }

  /** All that is open or opening; between two hosts in either direction, or at one, or in all. */
  connections (a?: HostName, b?: HostName): readonly SimConnection[] {
    const wanted = [a, b].filter(host => host !== undefined).map(nameOf)
    return [...this.living].filter(({ from, to }) => wanted.every(name => from.name === name || to?.name === name))
  }

  /** The world has stopped: what is under way never arrives. Ends that are still open have leaked, and stay in their ledgers. */
  close (): void {
    for (const connection of [...this.living]) connection.drop()
  }

  // ---------------------------------------------------------------- for hosts

  /** @internal */
  hostAt (address: string): SimHost | null {
    return this.places.get(address) ?? null
  }

  /** @internal */
  connect (wish: Connect): SimConnection {
    // Nowhere is a place too: the way there takes its time, and an answer comes back.
    const [from, to] = [wish.from.name, wish.to?.name ?? `nowhere (${wish.host})`]
    const connection = new SimConnection(this.scheduler, this.seed, wish, this.line(from, to), this.line(to, from), over => { this.living.delete(over) })
    this.living.add(connection)
    return connection
  }

  /** @internal */
  hostChanged (host: SimHost): void {
    for (const line of this.allLines()) if (line.from === host.name || line.to === host.name) this.refresh(line)
    if (host.crashed) for (const connection of this.connections(host)) connection.hostDown(host)
  }

  // ----------------------------------------------------------------

  private setPartitioned (some: readonly HostName[], others: readonly HostName[], partitioned: boolean): void {
    for (const a of some.map(nameOf)) {
      for (const b of others.map(nameOf)) {
        for (const line of [this.line(a, b), this.line(b, a)]) {
          line.partitioned = partitioned
          this.refresh(line)
        }
      }
    }
  }

  /** Returns false when that was so before. */
  private place (address: string, host: SimHost): boolean {
    const there = this.places.get(address)
    if (there === host) return false
    if (there !== undefined) throw new TypeError(`host: address '${address}' for '${host.name}' belongs to '${there.name}'`)
    this.places.set(address, host)
    return true
  }

  private refresh (line: SimLine): void {
    line.setBlocked(line.partitioned || this.hosts.get(line.from)?.crashed === true || this.hosts.get(line.to)?.crashed === true)
  }

  private line (from: string, to: string): SimLine {
    let ways = this.lines.get(from)
    if (ways === undefined) this.lines.set(from, ways = new Map<string, SimLine>())
    let line = ways.get(to)
    if (line === undefined) {
      ways.set(to, line = new SimLine(from, to))
      line.shape = this.standard
      this.refresh(line)
    }
    return line
  }

  private* allLines (): Generator<SimLine> {
    for (const ways of this.lines.values()) yield* ways.values()
  }
}

function nameOf (host: HostName): string {
  return typeof host === 'string' ? host : host.name
}
