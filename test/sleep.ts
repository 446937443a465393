/**
 * Nothing sleeps in a test. Time passes in a `SimWorld`, or by what the test itself awaits: whoever waits for a clock is slow
 * on a good day and wrong on a bad one.
 *
 * `forbidSleep` makes every way to arm a timer throw when a file of this folder calls it with more than 0 ms. What the
 * sources and the libraries arm is their own business. The one exception says why: `sleepForReal`.
 */
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const own = import.meta.url
const tests = new URL('.', own).href

type Armed = (...args: unknown[]) => unknown

const sleep = timersPromises.setTimeout

/**
 * Waits by the real clock.
 *
 * @param why this test cannot do without, for the next reader
 */
export async function sleepForReal (ms: number, why: string): Promise<void> {
  if (why === '') throw new TypeError('why: a test that sleeps must say why it cannot do without')
  await sleep(ms)
}

/** Owner, name, and which argument is the delay. */
const ways: ReadonlyArray<readonly [object, string, number]> = [
  [globalThis, 'setTimeout', 1],
  [globalThis, 'setInterval', 1],
  [timers, 'setTimeout', 1],
  [timers, 'setInterval', 1],
  [timersPromises, 'setTimeout', 0],
  [timersPromises, 'setInterval', 0],
  [timersPromises.scheduler, 'wait', 0],
  [AbortSignal, 'timeout', 0]
]

export function forbidSleep (): void {
  for (const [owner, name, delayAt] of ways) forbid(owner as Record<string, Armed>, name, delayAt)
  // What was imported by name sees the change as well.
  syncBuiltinESMExports()
}

function forbid (owner: Record<string, Armed>, name: string, delayAt: number): void {
  const original = owner[name]!
  const guarded = function (this: unknown, ...args: unknown[]): unknown {
    const delay = args[delayAt]
    if (typeof delay === 'number' && delay > 0 && isTest(callerOf(guarded))) {
      throw new Error(`nothing sleeps in a test: ${name} was called with ${delay} ms; let virtual time pass in a SimWorld, or say why with sleepForReal`)
    }
    return Reflect.apply(original, this, args)
  }
  // `promisify` finds its own version of a timer in a property of it.
  owner[name] = Object.defineProperties(guarded, Object.getOwnPropertyDescriptors(original))
}

/** The file whose code called `called`, as a URL or a path. Only the first frame is made, and no source map is read. */
function callerOf (called: Armed): string {
  const { prepareStackTrace, stackTraceLimit } = Error
  Error.prepareStackTrace = (_error, frames) => frames
  Error.stackTraceLimit = 1
  const holder: { readonly stack?: NodeJS.CallSite[] } = {}
  Error.captureStackTrace(holder, called)
  const file = holder.stack?.[0]?.getFileName() ?? ''
  Error.prepareStackTrace = prepareStackTrace
  Error.stackTraceLimit = stackTraceLimit
  return file
}

function isTest (file: string): boolean {
  if (file === own || file === fileURLToPath(own)) return false
  return file.startsWith(tests) || file.startsWith(fileURLToPath(tests))
}
