import { AsyncStacks, framesOf, inSocketCallback, type Frame, type Trace } from './async-stacks.js'
import { kindOf } from './counted.js'
import type { CallCounter, Executed } from './executed.js'
import { audit } from './files.js'

/** What was seen while bytes came in. */
export interface InboundFound {
  readonly bytes: number
  /** Pieces that the reader got. */
  readonly deliveries: number
  /** Those for which the reader waited, so that the socket's callback led to it. The others lay in a buffer until they were asked for. */
  readonly direct: number
  /** All files on the direct ways, from the socket's callback to the reader. */
  readonly files: readonly string[]
  /** Files between the reader and the buffer when it asks: they are behind the path, not on it. */
  readonly asking: readonly string[]
  /** One way, outermost call first: the one that most of the direct deliveries took. */
  readonly usual: readonly string[]
  /** How many took it. */
  readonly usualCount: number
  /** Events dispatched on one way, at most, and who dispatches. */
  readonly events: number
  readonly dispatchers: readonly string[]
  /** What lay between the stacks of the usual way: `PROMISE`, `TickObject`, ... */
  readonly hops: readonly string[]
  readonly promises: Promises
  /** All that was called between the first delivery and the last, on the path and beside it. */
  readonly called: readonly Executed[]
}

/** Promises that the stack's code has made between the first delivery and the last. What the reader's own `await` makes is not among them. */
export interface Promises {
  /** In a socket's callback. */
  readonly pushed: number
  /** In a call of the reader. */
  readonly asked: number
  /** In any other run. */
  readonly other: number
  /** File and function -> promises made there. */
  readonly by: Readonly<Record<string, number>>
}

/** The functions by which Node tells an event. */
const dispatching: Readonly<Record<string, readonly string[]>> = {
  'node:events': ['emit'],
  'node:internal/event_target': ['dispatchEvent']
}

/** Listens in on the reader of a stream. */
export class InboundAudit {
  private readonly stacks = new AsyncStacks()
  private readonly traces: Trace[] = []
  private readonly calls: CallCounter | undefined
  private called: readonly Executed[] = []
  private bytes = 0
  private expected = 0
  /** Promises made before the first delivery, and up to the last. */
  private before = 0
  private upToLast = 0

  /** @param calls when it is to find what was called, too */
  constructor (calls?: CallCounter) {
    this.calls = calls
  }

  start (bytes: number): void {
    this.expected = bytes
    this.stacks.start()
  }

  /** To be called by whoever reads, with what it has got. */
  readonly onBytes = (bytes: Uint8Array): void => {
    const { stacks, traces } = this
    this.bytes += bytes.length
    traces.push(stacks.trace())
    this.upToLast = stacks.promises.length
    if (traces.length === 1) {
      this.before = this.upToLast
      this.calls?.restart()
    }
    if (this.bytes === this.expected) this.called = this.calls?.take() ?? []
  }

  stop (): void {
    this.stacks.stop()
  }

  found (): InboundFound {
    const { bytes, called, traces } = this
    const direct = traces.filter(isDirect)
    const files = new Set<string>()
    const asking = new Set<string>()
    const dispatchers = new Set<string>()
    let events = 0
    for (const { frames } of direct) {
      for (const { file } of frames) if (kindOf(file) !== undefined) files.add(file)
      const dispatched = frames.flatMap((frame, at) => isDispatch(frame) ? [dispatcherOf(frames, at)] : [])
      for (const by of dispatched) dispatchers.add(by)
      events = Math.max(events, dispatched.length)
    }
    for (const trace of traces) if (!isDirect(trace)) for (const file of askingOf(trace)) asking.add(file)
    const [usual, usualCount] = mostCommon(direct, ({ frames }) => frames.map(textOf).join('\n'))
    const promises = this.promises()
    return {
      bytes,
      deliveries: traces.length,
      direct: direct.length,
      files: [...files].sort(),
      asking: [...asking].sort(),
      usual: usual === undefined ? [] : usual.frames.filter(({ file }) => kindOf(file) !== undefined || file.startsWith('node:')).map(textOf).reverse(),
      usualCount,
      events,
      dispatchers: [...dispatchers].sort(),
      hops: usual?.hops ?? [],
      promises,
      called
    }
  }

  private promises (): Promises {
    const counts = { pushed: 0, asked: 0, other: 0 }
    const by: string[] = []
    for (const stack of this.stacks.promises.slice(this.before, this.upToLast)) {
      const frames = framesOf(stack)
      const maker = frames.find(({ file }) => file !== '' && !file.startsWith('node:'))
      if (maker === undefined || kindOf(maker.file) === undefined) continue
      by.push(textOf(maker))
      if (inSocketCallback(stack)) counts.pushed++
      else if (frames.some(({ file }) => file === audit)) counts.asked++
      else counts.other++
    }
    return { ...counts, by: countsOf(by) }
  }
}

/** Frames of the reader, and of Node below it, are innermost. Where the reader stands again further out, it was its asking that led to this. */
function isDirect ({ frames, fromSocket }: Trace): boolean {
  const beyondReader = frames.slice(frames.findIndex(({ file }) => kindOf(file) !== undefined))
  return fromSocket && beyondReader.every(({ file }) => file !== audit)
}

/** What stands between the reader's two innermost runs. */
function askingOf ({ frames }: Trace): string[] {
  const from = frames.findIndex(({ file }) => kindOf(file) !== undefined)
  if (from < 0) return []
  const to = frames.findIndex(({ file }, at) => at > from && file === audit)
  return to < 0 ? [] : frames.slice(from, to).map(({ file }) => file).filter(file => kindOf(file) !== undefined)
}

function isDispatch ({ file, name }: Frame): boolean {
  return dispatching[file]?.some(dispatcher => name.endsWith(dispatcher)) === true
}

/** Who has dispatched: the nearest code that is not Node's. */
function dispatcherOf (frames: readonly Frame[], at: number): string {
  const by = frames.slice(at).find(({ file }) => kindOf(file) !== undefined)
  return by === undefined ? 'node:net' : textOf(by)
}

function textOf ({ file, name }: Frame): string {
  return `${file} ${name === '' ? '(anonymous)' : name}`
}

function mostCommon<T> (items: readonly T[], keyOf: (item: T) => string): [item: T | undefined, count: number] {
  const counts = countsOf(items.map(keyOf))
  const [key, count = 0] = Object.entries(counts)[0] ?? []
  return [items.find(item => keyOf(item) === key), count]
}

/** The most frequent first. */
function countsOf (names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a))
}
