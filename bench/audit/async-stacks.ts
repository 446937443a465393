import { createHook, executionAsyncId, type AsyncHook } from 'node:async_hooks'
import { fileOf } from './files.js'

/** One call on a stack. `file`: see `fileOf`. */
export interface Frame {
  readonly file: string
  readonly name: string
}

/** How the code that runs now came to run: innermost call first, back over callbacks and promises. */
export interface Trace {
  readonly frames: readonly Frame[]
  /** Kinds of what lay between its stacks (`PROMISE`, `TickObject`, ...), innermost first. Empty: one stack. */
  readonly hops: readonly string[]
  /** It goes back to a socket's read. */
  readonly fromSocket: boolean
}

/** What Node calls when a socket has read. */
const socketCallback = 'onStreamRead'

/** What has let a piece of code run later: its stack, and in whose run it stood. */
interface Cause {
  readonly kind: string
  /** The promise that this one continues. */
  readonly trigger: number
  stack: Stack
  parent: number
  resolved: boolean
}

interface Stack {
  /** Worked out when it is asked for. */
  readonly stack: readonly NodeJS.CallSite[]
}

/** By which our stacks are told from those of errors that happen meanwhile. */
class Captured {
  declare readonly stack: Stack['stack']
}

/**
 * Stacks of the running program that do not end where a callback or a promise begins: whatever runs later (promise, tick,
 * immediate, timer, microtask) is noted with the stack that made it run. For a promise that is the stack that settled it.
 *
 * What it cannot see: a hop that Node makes from native code without a resource of its own. There a trace ends early, and
 * says so (`fromSocket`).
 */
export class AsyncStacks {
  /** One for each promise that was made while it listened: the stack that made it, innermost first. */
  readonly promises: Stack[] = []
  private readonly causes = new Map<number, Cause>()
  private readonly hook: AsyncHook
  private readonly formatter = Error.prepareStackTrace
  private readonly limit = Error.stackTraceLimit

  constructor () {
    const { causes, promises } = this
    function init (id: number, kind: string, trigger: number): void {
      const stack = capture(init)
      if (kind === 'PROMISE') promises.push(stack)
      causes.set(id, { kind, trigger, stack, parent: executionAsyncId(), resolved: false })
    }
    function promiseResolve (id: number): void {
      const cause = causes.get(id)
      if (cause === undefined) return
      cause.stack = capture(promiseResolve)
      cause.parent = executionAsyncId()
      cause.resolved = true
    }
    this.hook = createHook({ init, promiseResolve })
  }

  start (): void {
    Error.stackTraceLimit = Infinity
    Error.prepareStackTrace = structured
    this.hook.enable()
  }

  stop (): void {
    this.hook.disable()
    Error.prepareStackTrace = this.formatter
    Error.stackTraceLimit = this.limit
  }

  /** Of the code that calls it. */
  trace (): Trace {
    const frames = framesOf(capture(this.trace))
    const hops: string[] = []
    const seen = new Set<number>()
    let id = executionAsyncId()
    while (!reachesSocket(frames)) {
      const cause = this.causeOf(id)
      if (cause === undefined || seen.has(id)) break
      seen.add(id)
      hops.push(cause.kind)
      frames.push(...framesOf(cause.stack))
      id = cause.parent
    }
    return { frames, hops, fromSocket: reachesSocket(frames) }
  }

  /** What made the run `id` come about. A promise's continuation runs in the promise that `then` made: what let it run is what it was for. */
  private causeOf (id: number): Cause | undefined {
    const cause = this.causes.get(id)
    if (cause?.kind !== 'PROMISE') return cause
    const before = this.causes.get(cause.trigger)
    return before?.resolved === true ? before : undefined
  }
}

/** Within the callback of a socket, and no later. */
export function inSocketCallback (stack: Stack): boolean {
  return reachesSocket(framesOf(stack))
}

export function framesOf ({ stack }: Stack): Frame[] {
  const frames: Frame[] = []
  for (const site of stack as readonly (NodeJS.CallSite & { isAsync (): boolean })[]) {
    // V8 adds who awaits it: they have not called it.
    if (site.isAsync()) break
    const file = fileOf(site.getFileName() ?? '')
    // These are there because we listen.
    if (file !== 'node:internal/async_hooks') frames.push({ file, name: site.getFunctionName() ?? '' })
  }
  return frames
}

function reachesSocket (frames: readonly Frame[]): boolean {
  return frames.some(({ file, name }) => name === socketCallback && file.startsWith('node:'))
}

/** From the caller of `below` on. */
function capture (below: (...args: never) => unknown): Stack {
  const holder = new Captured()
  Error.captureStackTrace(holder, below)
  return holder
}

function structured (error: Error, sites: readonly NodeJS.CallSite[]): unknown {
  return error instanceof Captured ? sites : [String(error), ...sites.map(String)].join('\n    at ')
}
