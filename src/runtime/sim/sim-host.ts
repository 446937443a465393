import { checkNumber, checkOptions } from '../errors.js'
import { formatAddress, parseAddress } from '../io/host-port.js'
import type { LinkSystem } from '../io/link-system.js'
import {
  defaultConnectTimeoutMs, type ConnectListener, type ConnectOptions, type LinkFailure, type LinkPort, type ListenListener
} from '../io/raw-link.js'
import { hashText, mix } from '../random.js'
import type { Connect, SimConnection } from './sim-connection.js'
import { SimEvent, type Chancy, type SimScheduler } from './sim-scheduler.js'

/** What a host needs of its network. */
interface Network {
  readonly scheduler: SimScheduler
  readonly seed: number
  hostAt (address: string): SimHost | null
  connect (wish: Connect): SimConnection
  hostChanged (host: SimHost): void
}

/** Ports that are given out: the range that IANA leaves for it. */
const firstFreePort = 49_152
const freePorts = 65_536 - firstFreePort

/** A machine in the simulated network: its addresses, and who listens there. */
export class SimHost {
  readonly name: string
  /** Under which it is found, besides its name. The first of a kind is its end of links it opens. */
  readonly addresses: string[] = []
  private readonly network: Network
  private listeners: readonly SimListener[] = []
  /** Made when the first is taken: worlds of ten thousand nodes have as many hosts. */
  private usedPorts: Set<number> | undefined
  private down = false

  constructor (network: Network, name: string) {
    this.network = network
    this.name = name
  }

  get crashed (): boolean {
    return this.down
  }

  /** What actors of `system` listen and connect with. Several systems may share a host. */
  port (system: LinkSystem): LinkPort {
    return {
      listen: (address, listener) => this.listen(system, address, listener),
      connect: (address, outcome, options) => this.connect(system, address, outcome, options)
    }
  }

  /**
   * As if the power had failed: all its links and listeners are gone, without a word to anybody. Its owners hear nothing
   * (stop the system too, if that is to be down), its peers neither: what they send is never acknowledged.
   */
  crash (): void {
    if (this.down) return
    this.down = true
    for (const listener of this.listeners) listener[Symbol.dispose]()
    this.network.hostChanged(this)
  }

  /** It is up again, and knows nothing of old links: peers that still try get a reset. */
  recover (): void {
    this.down = false
    this.network.hostChanged(this)
  }

  /** Who listens where somebody has called: at that very address, or at all of its kind. */
  listenerAt (host: string, port: number): SimListener | undefined {
    return this.listeners.find(listener => listener.port === port && listener.hears(host))
  }

  /** @internal Its own address of the kind that is called. */
  addressToward (host: string): string {
    const { addresses, name } = this
    return addresses.find(address => isV6(address) === isV6(host)) ?? addresses[0] ?? name
  }

  /** @internal A free port, chosen by `bits`; nothing that happens to others has a say, unless they have that very port. */
  takePort (bits: number): number {
    const used = this.usedPorts ??= new Set()
    let port = firstFreePort + bits % freePorts
    while (used.has(port) || this.listeners.some(listener => listener.port === port)) port = port === 65_535 ? firstFreePort : port + 1
    used.add(port)
    return port
  }

  /** @internal */
  freePort (port: number): void {
    this.usedPorts?.delete(port)
  }

  private listen (system: LinkSystem, address: string, listener: ListenListener): Disposable {
    const { host, port: wanted } = parseAddress('listen', address)
    const { network, listeners } = this
    const code = !this.answersTo(host) && !isWildcard(host)
      ? 'not-local'
      : listeners.some(other => other.port === wanted && other.host === host) ? 'in-use' : null
    const failure: LinkFailure | null = code === null ? null : { code, address }
    const port = wanted === 0 && failure === null ? this.takePort(mix(hashText(this.name), listeners.length)) : wanted
    const made: SimListener = new SimListener(network, this, system, listener, host, port, failure, () => {
      if (!this.listeners.includes(made)) return
      this.listeners = this.listeners.filter(other => other !== made)
      if (wanted === 0) this.freePort(port)
    })
    if (failure === null) this.listeners = [...listeners, made]
    return made
  }

  private connect (system: LinkSystem, address: string, outcome: ConnectListener, options: ConnectOptions = {}): Disposable {
    const { host, port } = parseAddress('connect', address)
    checkOptions('connect', options, ['timeoutMs'])
    checkNumber('connect', 'timeoutMs', options.timeoutMs)
    const connection = this.network.connect({
      system,
      from: this,
      to: this.network.hostAt(host),
      address,
      host,
      port,
      outcome,
      timeoutMs: options.timeoutMs ?? defaultConnectTimeoutMs
    })
    return { [Symbol.dispose]: () => { connection.giveUp() } }
  }

  private answersTo (host: string): boolean {
    return host === this.name || this.addresses.includes(host)
  }
}

/** Somebody who listens at a host. */
export class SimListener implements Chancy, Disposable {
  readonly path: string
  readonly hash: number
  draws = 0
  readonly host: string
  readonly port: number
  readonly system: LinkSystem
  readonly listener: ListenListener
  private readonly scheduler: SimScheduler
  private readonly machine: SimHost
  private readonly gone: () => void
  private readonly news: SimEvent

  constructor (network: Network, machine: SimHost, system: LinkSystem, listener: ListenListener, host: string, port: number, failure: LinkFailure | null, gone: () => void) {
    this.scheduler = network.scheduler
    this.machine = machine
    this.system = system
    this.listener = listener
    this.host = host
    this.port = port
    this.gone = gone
    this.path = `listener ${formatAddress(host, port)} on ${machine.name}`
    this.hash = mix(network.seed, hashText(this.path))
    system.handles.opened(this, this.path)
    this.news = new SimEvent(this, () => {
      if (failure === null) {
        listener.onListening?.(formatAddress(host, port))
        return
      }
      this[Symbol.dispose]()
      listener.onFailure(failure)
    })
    this.scheduler.at(this.scheduler.now(), this.news)
  }

  hears (host: string): boolean {
    if (host === this.host) return true
    // By the name of the machine all its addresses are called.
    if (host === this.machine.name) return true
    return this.host === (isV6(host) ? '::' : '0.0.0.0')
  }

  [Symbol.dispose] (): void {
    this.scheduler.cancel(this.news)
    this.gone()
    this.system.handles.closed(this)
  }
}

function isV6 (host: string): boolean {
  return host.includes(':')
}

function isWildcard (host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
