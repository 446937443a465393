/**
 * Which connection is asked, or told our news, when: a decision core. At most so many exchanges run at a time, those that wait
 * stand in line, one line for each kind. All verbs cost the same however many connections there are, but for `news`.
 *
 * News come in rounds. A connection is due for a push when it speaks push and has had its last word from us before the present
 * round; so one whose peer asked us before the news, and of which we learn only later that it speaks push, is told too.
 */
import type { ExchangeKind } from '../../messages/identify.js'
import { identifyPushProtocol } from '../../messages/wire/identify.js'

export interface ScheduleLimits {
  /** Exchanges at a time in which we ask. */
  readonly exchanges: number
  /** Connections that may wait for theirs; further ones are refused. */
  readonly queued: number
  /** Pushes at a time. */
  readonly pushes: number
}

/** To be begun now, on this connection. */
export interface Due<Connection> {
  readonly kind: ExchangeKind
  readonly connection: Connection
}

interface Entry<Connection> {
  readonly connection: Connection
  speaksPush: boolean
  /** Of the news that it has. */
  round: number
}

/** By the path of the connection: those that wait, and those that run. */
interface Line {
  readonly waiting: Set<string>
  readonly running: Set<string>
  readonly most: number
}

/** `Connection` is whatever its owner keeps of one; here it is only handed back. */
export class Schedule<Connection> {
  private readonly limits: ScheduleLimits
  private readonly entries = new Map<string, Entry<Connection>>()
  private readonly lines: Readonly<Record<ExchangeKind, Line>>
  private round = 0

  constructor (limits: ScheduleLimits) {
    this.limits = limits
    this.lines = {
      identify: { waiting: new Set(), running: new Set(), most: limits.exchanges },
      push: { waiting: new Set(), running: new Set(), most: limits.pushes }
    }
  }

  /** False: too many wait already, and this one will not be asked. */
  opened (path: string, connection: Connection): boolean {
    if (this.entries.has(path)) return true
    this.entries.set(path, { connection, speaksPush: false, round: this.round })
    const { waiting } = this.lines.identify
    if (waiting.size >= this.limits.queued) return false
    waiting.add(path)
    return true
  }

  closed (path: string): void {
    this.entries.delete(path)
    for (const { waiting } of Object.values(this.lines)) waiting.delete(path)
  }

  connection (path: string): Connection | undefined {
    return this.entries.get(path)?.connection
  }

  /** What the peer speaks has become known. */
  identified (path: string, protocols: readonly string[]): void {
    const entry = this.entries.get(path)
    if (entry === undefined) return
    entry.speaksPush = protocols.includes(identifyPushProtocol)
    this.due(path, entry)
  }

  /** We have something new to say. */
  news (): void {
    this.round++
    for (const [path, entry] of this.entries) this.due(path, entry)
  }

  /** An exchange is over, whatever has come of it. */
  ended (kind: ExchangeKind, path: string): void {
    this.lines[kind].running.delete(path)
  }

  /** The next exchange to begin, which counts as running from now on; undefined when none may. */
  next (): Due<Connection> | undefined {
    return this.nextOf('identify') ?? this.nextOf('push')
  }

  /** For inspection. */
  get counts (): { readonly connections: number, readonly waiting: number, readonly running: number, readonly pushing: number } {
    const { identify, push } = this.lines
    return { connections: this.entries.size, waiting: identify.waiting.size + push.waiting.size, running: identify.running.size, pushing: push.running.size }
  }

  private nextOf (kind: ExchangeKind): Due<Connection> | undefined {
    const { waiting, running, most } = this.lines[kind]
    if (running.size >= most) return undefined
    for (const path of waiting) {
      const entry = this.entries.get(path)
      // One that is told older news at this moment waits for the end of that.
      if (entry === undefined || running.has(path)) continue
      waiting.delete(path)
      running.add(path)
      if (kind === 'push') entry.round = this.round
      return { kind, connection: entry.connection }
    }
    return undefined
  }

  private due (path: string, entry: Entry<Connection>): void {
    if (entry.speaksPush && entry.round < this.round) this.lines.push.waiting.add(path)
    else this.lines.push.waiting.delete(path)
  }
}
