/** One attack under way: who makes it, until when, and what has come of it as he sees it. */
import type { Socket } from 'node:net'
import type { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import { ended, Intruder, socketTo, type IntruderOptions } from '../../actors/node/support/intruder.js'
import { count, type Scribe } from '../../actors/node/support/scribe.js'
import { pause } from '../../sim/support/turns.js'

/** What an attacker has done, and what he was told. JSON-safe. */
export interface Deeds {
  /** Connections that were there, and those of them that the node ended. */
  readonly connections: number
  readonly cut: number
  /** Bytes that have left. */
  readonly sent: number
  /** Streams that were asked for, where an attack is about those. */
  readonly streams: number
  /** Frames of the kind that an attack is about. */
  readonly frames: number
  /** Bytes of data that came. */
  readonly received: number
  /** Codes of resets and farewells that came. */
  readonly resets: Readonly<Record<string, number>>
  readonly farewells: Readonly<Record<string, number>>
}

/** Where attackers come from unless they say otherwise. */
const home = '127.0.0.2'

export class Siege {
  readonly address: Multiaddr
  /** Until when to go on, by `performance.now()`. */
  readonly until: number
  streams = 0
  frames = 0
  private connections = 0
  private cut = 0
  private sent = 0
  /** Those that have been left by the attacker himself. */
  private readonly left = new WeakSet<Socket>()
  private readonly open = new Map<Socket, Promise<void>>()
  private readonly scribes: Scribe[] = []

  constructor (address: Multiaddr, until: number) {
    this.address = address
    this.until = until
  }

  get over (): boolean {
    return performance.now() >= this.until
  }

  get leftMs (): number {
    return Math.max(0, this.until - performance.now())
  }

  socket (from = home): Socket {
    const socket = socketTo(this.address, from)
    socket.once('connect', () => { this.connections++ })
    this.open.set(socket, new Promise(resolve => {
      socket.once('close', () => {
        this.open.delete(socket)
        this.sent += socket.bytesWritten - socket.writableLength
        if (!this.left.has(socket)) this.cut++
        resolve()
      })
    }))
    return socket
  }

  async intruder (options: IntruderOptions = {}): Promise<Intruder> {
    const intruder = await Intruder.at(this.address, { ...options, open: (_, from) => this.socket(from) })
    this.scribes.push(intruder.scribe)
    return intruder
  }

  /** Ends it, by whatever way: from here on it was not the node. */
  leave (socket: Socket, how: 'destroy' | 'end' | 'resetAndDestroy' = 'destroy'): void {
    // Or it has been cut, and we are about to hear so.
    if (!socket.destroyed) this.left.add(socket)
    socket[how]()
  }

  /** Until all are cut, or the time is up. */
  async held (sockets: readonly Socket[], ms = this.leftMs): Promise<void> {
    for (const socket of sockets) socket.resume()
    await Promise.race([Promise.all(sockets.map(ended)), pause(ms)])
    for (const socket of sockets) this.leave(socket)
  }

  async end (): Promise<Deeds> {
    const open = [...this.open]
    for (const [socket] of open) this.leave(socket)
    await Promise.all(open.map(([, closed]) => closed))
    const resets: Record<string, number> = {}
    const farewells: Record<string, number> = {}
    for (const scribe of this.scribes) {
      for (const [code, times] of Object.entries(scribe.resets)) count(resets, code, times)
      for (const [code, times] of Object.entries(scribe.farewells)) count(farewells, code, times)
    }
    const { connections, cut, frames, sent, streams } = this
    return { connections, cut, sent, streams, frames, received: this.scribes.reduce((sum, { bytes }) => sum + bytes, 0), resets, farewells }
  }
}
