import type { Account } from '../account.js'
import { ByteQueue } from '../bytes/byte-queue.js'
import { checkNumber, checkOptions } from '../errors.js'
import { hashText } from '../random.js'
import type { Runnable, Scheduler } from '../scheduler.js'
import { handOver } from './hand-over.js'
import { LinkEnd } from './link-end.js'
import type { LinkSystem } from './link-system.js'
import type { ConnectListener, ConnectOptions, LinkPort, ListenListener } from './raw-link.js'

/** What happens on a memory link is run by the scheduler of the system that hears of it. */
export interface MemorySystem extends LinkSystem {
  readonly scheduler: Scheduler
  readonly account: Account
}

/** Written and not read, at most, before it counts as waiting at the writer: what a socket of the system takes, about. */
const windowBytes = 256 * 1024
/** Waits at the writer before `write` reports no more room. */
const highWaterMarkBytes = 64 * 1024
/** Longest piece that is delivered at once: what Node reads from a socket at a time. */
const longestPieceBytes = 64 * 1024

/**
 * Links within a process. Systems whose ports are of one hub reach each other, at addresses such as `memory:42`: any name
 * without a slash; `memory:0` is any that is free.
 *
 * They run in real systems, in turn with the actors, and in simulated worlds, where one seed gives one history. For a network
 * with latency and losses there is `SimNetwork`.
 */
export class MemoryHub {
  private readonly listeners = new Map<string, Listener>()
  /** Names given out, by system: what one does changes no name of another. */
  private readonly given = new Map<string, number>()

  port (system: MemorySystem): LinkPort {
    return {
      listen: (address, listener) => this.listen(system, parseName('listen', address), listener),
      connect: (address, outcome, options) => this.connect(system, parseName('connect', address), outcome, options)
    }
  }

  private listen (system: MemorySystem, wanted: string, listener: ListenListener): Disposable {
    const name = wanted === anyName ? this.freeName(system) : wanted
    const taken = this.listeners.has(name)
    const made = new Listener(system, name, listener, taken, () => {
      if (this.listeners.get(name) === made) this.listeners.delete(name)
    })
    if (!taken) this.listeners.set(name, made)
    return made
  }

  private connect (system: MemorySystem, name: string, outcome: ConnectListener, options: ConnectOptions = {}): Disposable {
    checkOptions('connect', options, ['timeoutMs'])
    // Checked, and of no use: the answer is always there.
    checkNumber('connect', 'timeoutMs', options.timeoutMs)
    const address = formatName(name)
    const local = formatName(this.freeName(system))
    return new Errand(system, `memory connecting from ${local} to ${address}`, () => {
      const listener = this.listeners.get(name)
      if (listener === undefined) {
        outcome.onFailure({ code: 'refused', address })
        return
      }
      const near = new MemoryEnd(system, local, address)
      const far = new MemoryEnd(listener.system, address, local)
      near.peer = far
      far.peer = near
      listener.accept(far)
      handOver(system, near, outcome.onLink)
    })
  }

  private freeName (system: MemorySystem): string {
    for (;;) {
      const n = (this.given.get(system.name) ?? 0) + 1
      this.given.set(system.name, n)
      const name = `${system.name}-${n}`
      if (!this.listeners.has(name)) return name
    }
  }
}

const scheme = 'memory:'
const anyName = '0'

function parseName (where: string, address: string): string {
  const name = address.slice(scheme.length)
  if (!address.startsWith(scheme) || name === '' || name.includes('/')) throw new TypeError(`${where}: argument 'address' must be memory:name; got '${address}'`)
  return name
}

function formatName (name: string): string {
  return scheme + name
}

/** Something to be done soon, once, unless it is given up before. Open until then. */
class Errand implements Runnable, Disposable {
  readonly account: Account
  readonly hash: number
  draws = 0
  cost = 0
  private readonly system: MemorySystem
  private act: (() => void) | null

  constructor (system: MemorySystem, name: string, act: () => void) {
    this.system = system
    this.account = system.account
    this.hash = hashText(name)
    this.act = act
    system.handles.opened(this, name)
    system.scheduler.ready(this)
  }

  run (): number {
    const { act } = this
    this[Symbol.dispose]()
    act?.()
    return 1
  }

  rest (): boolean {
    return false
  }

  deferred (): void {
    // It defers nothing.
  }

  [Symbol.dispose] (): void {
    this.act = null
    this.system.handles.closed(this)
  }
}

class Listener implements Disposable {
  readonly system: MemorySystem
  private readonly listener: ListenListener
  private readonly whenClosed: () => void
  private readonly news: Errand
  private closed = false

  constructor (system: MemorySystem, name: string, listener: ListenListener, taken: boolean, whenClosed: () => void) {
    this.system = system
    this.listener = listener
    this.whenClosed = whenClosed
    const address = formatName(name)
    if (!taken) system.handles.opened(this, `memory listener on ${address}`)
    this.news = new Errand(system, `memory listening on ${address}`, () => {
      if (!taken) {
        listener.onListening?.(address)
        return
      }
      this[Symbol.dispose]()
      listener.onFailure({ code: 'in-use', address })
    })
  }

  /** Hands the link over, in a run of its own. */
  accept (link: MemoryEnd): void {
    const arrival = new Errand(this.system, `memory arrival of ${link.remoteAddress} at ${link.localAddress}`, () => {
      if (this.closed) link.reset()
      else handOver(this.system, link, this.listener.onLink)
    })
    // Its link is counted.
    this.system.handles.closed(arrival)
  }

  [Symbol.dispose] (): void {
    if (this.closed) return
    this.closed = true
    this.news[Symbol.dispose]()
    this.whenClosed()
    this.system.handles.closed(this)
  }
}

/**
 * One end of a memory link. What its peer has written is copied, as an operating system would: whoever writes may write the
 * same constant to many, and whoever reads may change in place what he gets.
 */
class MemoryEnd extends LinkEnd implements Runnable {
  peer!: MemoryEnd
  readonly account: Account
  readonly hash: number
  draws = 0
  cost = 0
  private readonly scheduler: Scheduler
  /** From the peer, and not read. */
  private inbox = new ByteQueue()
  private peerEnded = false
  private peerReset = false
  private endSent = false
  private wanted = false
  private tellDue = false
  /** The scheduler has it; something has come up since it last ran. */
  private queued = false
  private due = false

  constructor (system: MemorySystem, localAddress: string, remoteAddress: string) {
    super(system, { kind: 'memory', localAddress, remoteAddress, lends: false })
    this.scheduler = system.scheduler
    this.account = system.account
    this.hash = hashText(`${localAddress} ${remoteAddress}`)
  }

  override get bufferedBytes (): number {
    return this.closed ? 0 : Math.max(this.peer.inbox.length - windowBytes, 0)
  }

  protected override get highWaterMarkBytes (): number {
    return highWaterMarkBytes
  }

  protected override send (bytes: Uint8Array): void {
    const { peer } = this
    if (peer.closed) return
    peer.inbox.copyIn(bytes, 0, bytes.length)
    if (peer.wanted) peer.wake()
  }

  protected override sendEnd (): void {
    this.endSent = true
    this.peer.peerEnded = true
    this.peer.wake()
    this.wake()
  }

  protected override abort (): void {
    this.inbox = new ByteQueue()
    this.peer.peerReset = true
    this.peer.wake()
  }

  protected override setReading (reading: boolean): void {
    this.wanted = reading
    if (reading) this.wake()
  }

  protected override soon (): void {
    this.tellDue = true
    this.wake()
  }

  // ---------------------------------------------------------------- run by the scheduler

  run (budget: number): number {
    this.due = false
    if (this.peerReset) this.broken('reset')
    if (this.tellDue) {
      this.tellDue = false
      this.tell()
    }
    let did = 0
    for (; did < budget && this.hasData; did++) {
      const bytes = this.inbox.shift(longestPieceBytes)!
      this.peer.read()
      this.arrived(bytes)
    }
    if (this.peerEnded && this.inbox.length === 0 && !this.closed) {
      if (this.endSent && this.bufferedBytes === 0) this.over()
      else this.endArrived()
    }
    return did
  }

  rest (): boolean {
    this.queued = this.due || this.hasData
    return this.queued
  }

  deferred (): void {
    // It defers nothing.
  }

  /** The peer has read something: perhaps somebody waits for room, or for the end of what was written. */
  private read (): void {
    if (this.drainDue || this.endSent) this.soon()
  }

  private get hasData (): boolean {
    return this.wanted && !this.closed && this.inbox.length > 0
  }

  private wake (): void {
    this.due = true
    if (this.queued) return
    this.queued = true
    this.scheduler.ready(this)
  }
}
