import net from 'node:net'
import { availableParallelism } from 'node:os'
import type { Duplex } from 'node:stream'
import { checkNumber, checkOptions } from '../errors.js'
import { systemClock } from '../time/clock.js'
import { eachTurn } from '../time/tick.js'
import { BusyPoll } from './busy-poll.js'
import { DuplexLink, type Carrier } from './duplex-link.js'
import { lentReads, type LentReads } from './link-end.js'
import { handOver } from './hand-over.js'
import type { LinkSystem } from './link-system.js'
import {
  defaultConnectTimeoutMs, type ConnectListener, type ConnectOptions, type LinkFailure, type LinkPort, type ListenListener, type RawLink
} from './raw-link.js'

/** Of all kinds of sockets. */
export interface SocketOptions {
  /** Connections that the system completes before we take them. Default 511, as Node's; the system may allow less. */
  readonly backlog?: number
  /**
   * An answer that comes within so many milliseconds is waited for awake, when those before came as soon: each side that does has it some
   * 50 µs earlier, and for less processor time than waking up takes. 0: never. Default 0.2, which only peers on this machine or in this rack
   * keep within; 0 where there is one processor only.
   */
  readonly busyPollMs?: number
}

/** As long as Linux's KVM waits for a guest, for the same reason. On the only processor it would keep the other from answering. */
const defaultBusyPollMs = availableParallelism() > 1 ? 0.2 : 0
const defaultBacklog = 511

/** @throws TypeError, RangeError for options that are unknown or out of range */
export function checkSocketOptions (where: string, options: SocketOptions, ...known: readonly string[]): void {
  checkOptions(where, options, ['backlog', 'busyPollMs', ...known])
  checkNumber(where, 'backlog', options.backlog, 1)
  checkNumber(where, 'busyPollMs', options.busyPollMs)
}

/** What differs between the kinds of sockets that `node:net` has. */
export interface SocketKind {
  /** `tcp`: for the ledger. */
  readonly name: string
  /** For `net.connect` and `server.listen`. @throws TypeError for an address that is none */
  place (where: string, address: string): Place
  /** `place` is where it was listened on or dialed. Undefined when the socket is gone already. */
  localAddress (socket: net.Socket | net.Server, place: Place): string | undefined
  remoteAddress (socket: net.Socket, place: Place, dialed: boolean): string | undefined
  /** Ends a socket abruptly. */
  readonly breakUp: (socket: Duplex) => void
  readonly connectOptions: Partial<net.TcpNetConnectOpts>
  readonly serverOptions: net.ServerOpts
  readonly listenOptions: net.ListenOptions
  /** Somebody may have left a dead listener behind: clears it away and says whether there is a point in trying again. */
  clearAway? (place: Place, then: (cleared: boolean) => void): Disposable
}

export type Place = { readonly host: string, readonly port: number } | { readonly path: string }

/**
 * What a writer may have waiting in a socket. Batches of 512 KiB cost a fifth less processor time than of 256 KiB, and
 * hardly more than of 1 MiB (prototype of the data path).
 */
const writableHighWaterMark = 512 * 1024

/**
 * All sockets of a port read into this much memory, one after another: a buffer for each would cost that much for each idle
 * connection. Several Noise frames fit into one read, so few of them straddle two.
 */
const lentBytes = 256 * 1024

/** Node turns a longer delay into 1 ms. */
const longestNodeTimerMs = 2 ** 31 - 1

/** Real links: sockets of `node:net`. */
export class SocketPort implements LinkPort {
  readonly system: LinkSystem
  readonly kind: SocketKind
  readonly backlog: number
  private readonly carrier: Carrier
  private lent: LentReads | undefined

  constructor (system: LinkSystem, kind: SocketKind, { backlog = defaultBacklog, busyPollMs = defaultBusyPollMs }: SocketOptions) {
    this.system = system
    this.kind = kind
    this.backlog = backlog
    this.carrier = { breakUp: kind.breakUp, frees: true, busyPoll: busyPollMs === 0 ? null : new BusyPoll(busyPollMs, systemClock, eachTurn) }
  }

  listen (address: string, listener: ListenListener): Disposable {
    return new Listener(this, this.kind.place('listen', address), address, listener)
  }

  connect (address: string, outcome: ConnectListener, options: ConnectOptions = {}): Disposable {
    checkOptions('connect', options, ['timeoutMs'])
    checkNumber('connect', 'timeoutMs', options.timeoutMs)
    return new Attempt(this, this.kind.place('connect', address), address, outcome, options.timeoutMs ?? defaultConnectTimeoutMs)
  }

  /**
   * How a new socket is to read; null for into memory of its own. Windows writes into the memory whenever bytes come, not
   * when it is asked to, so there it cannot be shared.
   */
  reads (): LentReads | null {
    return process.platform === 'win32' ? null : this.lent ??= lentReads(lentBytes, this.carrier.busyPoll)
  }

  /** A link over an open socket; undefined when that is gone already. */
  link (socket: net.Socket, place: Place, dialed: boolean, reads: LentReads | null): RawLink | undefined {
    const { carrier, system, kind } = this
    const localAddress = kind.localAddress(socket, place)
    const remoteAddress = kind.remoteAddress(socket, place, dialed)
    if (localAddress === undefined || remoteAddress === undefined) return undefined
    return new DuplexLink(system, { kind: kind.name, localAddress, remoteAddress }, socket, carrier, reads !== null)
  }
}

// --- connecting -------------------------------------------------------------------------------------------------------

class Attempt implements Disposable {
  private readonly port: SocketPort
  private readonly address: string
  private readonly outcome: ConnectListener
  private readonly socket: net.Socket
  private over = false

  constructor (port: SocketPort, place: Place, address: string, outcome: ConnectListener, timeoutMs: number) {
    this.port = port
    this.address = address
    this.outcome = outcome
    const { kind, system } = port
    const reads = port.reads()
    const options: object = { ...place, ...kind.connectOptions, allowHalfOpen: true, writableHighWaterMark, onread: reads }
    const socket = net.connect(options as net.NetConnectOpts)
    this.socket = socket
    // Before it connects, or it would read at once.
    socket.pause()
    // Of a socket that is not open yet: a deadline. Zero would mean none.
    socket.setTimeout(Math.min(Math.max(Math.ceil(timeoutMs), 1), longestNodeTimerMs))
    const failed = (cause?: NodeJS.ErrnoException): void => {
      if (this.end()) outcome.onFailure(failure(cause === undefined ? 'timed-out' : connectFailureOf(cause), address, cause))
    }
    socket.once('timeout', failed)
    // For ever: one that has been given up may still have something to say.
    socket.on('error', failed)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('timeout', failed)
      this.opened(place, reads)
      socket.off('error', failed)
    })
    system.handles.opened(this, `${kind.name} connecting to ${address}`)
  }

  [Symbol.dispose] (): void {
    this.end()
  }

  private opened (place: Place, reads: LentReads | null): void {
    const { port, socket, outcome, address } = this
    const link = port.link(socket, place, true, reads)
    if (link === undefined) {
      this.end()
      outcome.onFailure(failure('refused', address))
      return
    }
    this.over = true
    port.system.handles.closed(this)
    handOver(port.system, link, outcome.onLink)
  }

  /** False when it had ended before. */
  private end (): boolean {
    if (this.over) return false
    this.over = true
    this.socket.destroy()
    this.port.system.handles.closed(this)
    return true
  }
}

// --- listening --------------------------------------------------------------------------------------------------------

class Listener implements Disposable {
  private readonly port: SocketPort
  private readonly place: Place
  /** As asked for; once it listens, where it does: of port 0 that says more. */
  private address: string
  private readonly listener: ListenListener
  private server: net.Server
  private clearing: Disposable | undefined
  private mayClear: boolean
  private over = false

  constructor (port: SocketPort, place: Place, address: string, listener: ListenListener) {
    this.port = port
    this.place = place
    this.address = address
    this.listener = listener
    this.mayClear = port.kind.clearAway !== undefined
    port.system.handles.opened(this, this)
    this.server = this.open()
  }

  /** For the ledger. */
  get label (): string {
    return `${this.port.kind.name} listener on ${this.address}`
  }

  [Symbol.dispose] (): void {
    if (this.over) return
    this.over = true
    this.clearing?.[Symbol.dispose]()
    this.server.close()
    this.port.system.handles.closed(this)
  }

  private open (): net.Server {
    const { port: { backlog, kind }, place } = this
    const server = net.createServer({ ...kind.serverOptions, allowHalfOpen: true, pauseOnConnect: true })
    server.on('connection', socket => { this.accept(socket) })
    server.on('error', error => { this.failed(error) })
    server.once('listening', () => {
      if (this.over) return
      this.address = kind.localAddress(server, place) ?? this.address
      this.listener.onListening?.(this.address)
    })
    return server.listen({ ...kind.listenOptions, ...place, backlog, exclusive: true })
  }

  private accept (accepted: net.Socket): void {
    const { port, listener, place } = this
    const reads = port.reads()
    const adopted = this.over || reads === null ? undefined : adopt(accepted, reads)
    const socket = adopted ?? accepted
    const link = this.over ? undefined : port.link(socket, place, false, adopted === undefined ? null : reads)
    if (link === undefined) socket.destroy()
    else handOver(port.system, link, listener.onLink)
  }

  private failed (error: NodeJS.ErrnoException): void {
    if (this.over) return
    // A connection was lost before it was accepted, or no descriptor was left for it. The listener goes on.
    if (this.server.listening) return
    const code = listenFailureOf(error)
    if (code === 'in-use' && this.mayClear) {
      this.mayClear = false
      this.clearing = this.port.kind.clearAway!(this.place, cleared => {
        if (cleared) this.server = this.open()
        else this.fail(code, error)
      })
    } else this.fail(code, error)
  }

  private fail (code: LinkFailure['code'], error: Error): void {
    this[Symbol.dispose]()
    this.listener.onFailure(failure(code, this.address, error))
  }
}

/** The part of a socket's inside that `adopt` needs. */
interface Inside {
  _handle: { readonly useUserBuffer?: unknown } | null
}

/**
 * Another socket in the place of one that was accepted: one that reads into lent memory. Node has no option for that on its
 * servers, so the handle moves to a socket that is made with the option. That is not documented; where it looks different
 * from what we know, the answer is undefined and the accepted socket is as it was. A test tells when that happens.
 */
function adopt (accepted: net.Socket, reads: LentReads): net.Socket | undefined {
  const inside = accepted as unknown as Inside
  const handle = inside._handle
  if (typeof handle?.useUserBuffer !== 'function') return undefined
  inside._handle = null
  // So that its server counts it as gone.
  accepted.destroy()
  return new net.Socket({ handle, onread: reads, allowHalfOpen: true, pauseOnCreate: true, writableHighWaterMark } as net.SocketConstructorOpts)
}

// --- failures ---------------------------------------------------------------------------------------------------------

function failure (code: LinkFailure['code'], address: string, cause?: Error): LinkFailure {
  return cause === undefined ? { code, address } : { code, address, cause }
}

/** Of a connect. ENOENT: there is no file for that socket. */
const connectFailures: Readonly<Record<string, LinkFailure['code']>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'refused',
  ENOENT: 'refused',
  ENOTSOCK: 'refused',
  ETIMEDOUT: 'timed-out',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EAFNOSUPPORT: 'unreachable',
  EINVAL: 'unreachable',
  EACCES: 'forbidden',
  EPERM: 'forbidden'
}

const listenFailures: Readonly<Record<string, LinkFailure['code']>> = {
  EADDRINUSE: 'in-use',
  EADDRNOTAVAIL: 'not-local',
  EAFNOSUPPORT: 'not-local',
  ENOENT: 'not-local',
  EACCES: 'forbidden',
  EPERM: 'forbidden'
}

function connectFailureOf ({ code = '' }: NodeJS.ErrnoException): LinkFailure['code'] {
  return connectFailures[code] ?? 'failed'
}

function listenFailureOf ({ code = '' }: NodeJS.ErrnoException): LinkFailure['code'] {
  return listenFailures[code] ?? 'failed'
}
