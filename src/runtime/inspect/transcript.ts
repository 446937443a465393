import { createHash } from 'node:crypto'
import type { Cell } from '../cell.js'
import { checkOptions } from '../errors.js'
import type { Message } from '../message.js'
import type { System } from '../system.js'
import { traceKinds, type TraceKind, type TraceSink } from './trace.js'

export interface TranscriptOptions {
  /** What is written down. Default `message`. Of other kinds the line has the kind in brackets: `(down)`. */
  readonly kinds?: readonly TraceKind[]
  /** False keeps only the hash: a history of millions then takes no memory. Default true. */
  readonly keep?: boolean
}

/** Lines that are hashed in one go: each call of the hash costs as much as many lines. */
const chunkLength = 65536

/**
 * What happened, line by line: `12.345678 /alice/till counter.add`, which is virtual milliseconds, path, message type.
 *
 * For simulations: the same seed must give the same transcript, byte for byte, and a crash must not change the lines of
 * those it does not concern. Begins when it is made, and ends with `stop` or with its systems.
 *
 *     const transcript = new Transcript([world.system({ name: 'alice' })])
 *     await world.run(60_000)
 *     transcript.hash()
 */
export class Transcript {
  private readonly kinds: readonly TraceKind[]
  private readonly keep: boolean
  private readonly times: number[] = []
  private readonly paths: string[] = []
  private readonly types: string[] = []
  private readonly known = new WeakMap<Cell, string>()
  private readonly hashing = createHash('sha256')
  private chunk = ''
  private stops: Array<() => void> = []
  private count = 0

  /** @throws TypeError for an unknown option or kind */
  constructor (systems: readonly System[], options: TranscriptOptions = {}) {
    checkOptions('Transcript', options, ['kinds', 'keep'])
    this.kinds = options.kinds ?? ['message']
    this.keep = options.keep ?? true
    const unknown = this.kinds.find(kind => !traceKinds.includes(kind))
    if (unknown !== undefined) throw new TypeError(`Transcript: option 'kinds' holds the unknown kind '${unknown}'; known are ${traceKinds.join(', ')}`)
    for (const system of systems) this.add(system)
  }

  /** Follows one more system. Its name must differ from those of the others, or their lines cannot be told apart. */
  add (system: System): void {
    this.stops.push(system.trace.add(this.note, this.kinds))
  }

  /** Writes nothing more. */
  stop (): void {
    for (const stop of this.stops.splice(0)) stop()
  }

  /** Lines so far. */
  get length (): number {
    return this.count
  }

  /** In the order in which things happened. Made anew at each reading. @throws Error when no lines are kept */
  get lines (): readonly string[] {
    this.mustKeep()
    return this.times.map((time, i) => lineOf(time, this.paths[i]!, this.types[i]!))
  }

  /** Of each actor its lines, without the path: `12.345678 counter.add`. @throws Error when no lines are kept */
  byActor (): ReadonlyMap<string, readonly string[]> {
    this.mustKeep()
    const actors = new Map<string, string[]>()
    for (const [i, path] of this.paths.entries()) {
      const line = `${timeText(this.times[i]!)} ${this.types[i]!}`
      const lines = actors.get(path)
      if (lines === undefined) actors.set(path, [line])
      else lines.push(line)
    }
    return actors
  }

  /** SHA-256 of all lines so far, each with its line feed, as 64 hexadecimal digits. */
  hash (): string {
    this.hashChunk()
    return this.hashing.copy().digest('hex')
  }

  private readonly note: TraceSink = (kind, actor, subject) => {
    let path = this.known.get(actor)
    if (path === undefined) {
      path = actor.path
      this.known.set(actor, path)
    }
    const time = actor.kernel.now()
    const type = kind === 'message' ? (subject as Message).type : `(${kind})`
    this.count++
    if (this.keep) {
      this.times.push(time)
      this.paths.push(path)
      this.types.push(type)
    }
    this.chunk += `${lineOf(time, path, type)}\n`
    if (this.chunk.length >= chunkLength) this.hashChunk()
  }

  private hashChunk (): void {
    this.hashing.update(this.chunk)
    this.chunk = ''
  }

  private mustKeep (): void {
    if (!this.keep) throw new Error('this transcript keeps no lines, only their hash')
  }
}

function lineOf (time: number, path: string, type: string): string {
  return `${timeText(time)} ${path} ${type}`
}

/** Always six decimals, so that equal times are equal texts. */
function timeText (time: number): string {
  return time.toFixed(6)
}
