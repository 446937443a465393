import { createHook } from 'node:async_hooks'
import type { SimScheduler } from './sim-scheduler.js'

/** The world's own immediates are let through: it sets this while it makes them. */
export const ownImmediates = { beingMade: false }

/**
 * Watches, while a world turns, for asynchronous resources of the real world: timers, sockets, files, names, entropy,
 * threads. Whatever comes back from those comes when it likes, so one seed would no longer mean one history. The first one
 * seen fails the run, with its type, the actor that acted last and the stack that made it.
 *
 * It sees Timeout, Immediate, FSREQ*, GETADDRINFOREQWRAP, RANDOMBYTESREQUEST, HASHREQUEST, KEYPAIRGENREQUEST, ZLIB, TCP*,
 * UDPWRAP, WORKER, MESSAGEPORT and all their like, and those of other code of the process that runs at the same time. It
 * does not see what makes no resource: clocks, `Math.random`, WeakRef, dynamic `import()` of what is loaded already, data
 * URLs, WebAssembly.compile, the locale. Costs a hook per promise, so it is an option.
 */
export class Guard {
  private readonly scheduler: SimScheduler
  private readonly suspects: Suspect[] = []
  private readonly hook = createHook({
    init: (_id, type, _trigger, resource) => {
      if (harmless.has(type) || (type === 'Immediate' && ownImmediates.beingMade)) return
      this.suspects.push({ type, resource, path: this.scheduler.last?.path, made: here(type) })
    }
  })

  constructor (scheduler: SimScheduler) {
    this.scheduler = scheduler
    // They open their files when first used, and whoever prints something is no suspect.
    const { stdout: _out, stderr: _err } = process
  }

  enter (): void {
    this.hook.enable()
  }

  leave (): void {
    this.hook.disable()
    this.suspects.length = 0
  }

  /** @throws Error when something foreign was made since the last call; its cause has the stack that made it */
  check (seed: number): void {
    if (this.suspects.length === 0) return
    const found = this.suspects.splice(0).find(isForeign)
    if (found === undefined) return
    const { type, path, made } = found
    const who = path === undefined ? '' : `, by ${path} if it was an actor`
    throw new Error(`seed ${seed}: '${type}' was made inside the simulation${who}, at ${this.scheduler.now()} ms; no seed decides when that comes back`, { cause: made })
  }
}

interface Suspect {
  readonly type: string
  readonly resource: object
  readonly path: string | undefined
  readonly made: Error
}

/** Those that the microtask queue serves, and that the world waits for. */
const harmless: ReadonlySet<string> = new Set(['PROMISE', 'TickObject', 'Microtask'])

/** Crypto jobs whose result is chance, even when they are done at once. */
const entropy: ReadonlySet<string> = new Set(['RANDOMBYTESREQUEST', 'KEYPAIRGENREQUEST', 'KEYGENREQUEST', 'RANDOMPRIMEREQUEST'])

/** An `AsyncResource` of user land is only a label. */
function isForeign ({ type, resource, made }: Suspect): boolean {
  if (type.endsWith('REQUEST') && !entropy.has(type)) return comesLater(resource, made)
  return !('runInAsyncScope' in resource)
}

/**
 * Whether a crypto job is done by another thread. Node makes the same object for `hkdfSync` as for `hkdf`; only the latter is
 * given a callback, after it was made. From Node 24 on the jobs of web crypto settle a promise instead, which nobody can see;
 * but web crypto does no job at once, so it is enough to know that it made one.
 */
function comesLater (job: object, made: Error): boolean {
  return typeof (job as { ondone?: unknown }).ondone === 'function' || String(made.stack).includes('node:internal/crypto/webcrypto')
}

function here (type: string): Error {
  const { stackTraceLimit } = Error
  // The hook's own frames are on top.
  Error.stackTraceLimit = 30
  const error = new Error(`'${type}' was made here`)
  Error.stackTraceLimit = stackTraceLimit
  return error
}
