/**
 * Errors that escape: what user code throws later, in a timer, a promise or a callback of its own, when no frame of ours is on
 * the stack any more. With `containUncaught` such an error crashes the actor in whose turn that code was begun, and nobody else.
 *
 * The owner is found by `AsyncLocalStorage`. Node asks its `uncaughtExceptionMonitor` before anybody else, in the context of
 * what threw; when that has an owner, the error is taken off Node's hands, by a capture callback that is there for this one error
 * only. When it has none, nothing is done at all: so Node prints it and exits, or tells whoever listens, exactly as without us.
 *
 * One for the whole process, however many systems ask for it: installed with the first, removed with the last.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** Whose code it is that runs. */
export interface Owner {
  /** Something that it has begun has thrown, later and alone. Must not throw. */
  escaped (error: unknown): void
}

const storage = new AsyncLocalStorage<Owner | undefined>()
let users = 0

/** Begins to contain what escapes. @returns how to end it; that takes effect once */
export function contain (): () => void {
  if (users++ === 0) install()
  let held = true
  return () => {
    if (!held) return
    held = false
    if (--users === 0) remove()
  }
}

/** Whether anybody has asked for it. */
export function containing (): boolean {
  return users > 0
}

/** Runs `fn` as the owner's: what it begins now and what follows from that belongs to him. */
export function ownedBy<A extends readonly unknown[], R> (owner: Owner, fn: (...args: A) => R, ...args: A): R {
  return storage.run(owner, fn, ...args)
}

/** Runs `fn` as nobody's: for observers, and for what must not inherit from whoever happens to have brought it about. */
export function unowned<A extends readonly unknown[], R> (fn: (...args: A) => R, ...args: A): R {
  return users === 0 ? fn(...args) : storage.run(undefined, fn, ...args)
}

function install (): void {
  process.on('uncaughtExceptionMonitor', look)
  process.on('newListener', joinRejections)
  process.on('removeListener', leaveRejections)
  if (process.listenerCount('unhandledRejection') > 0) process.prependListener('unhandledRejection', blame)
  ownMicrotasks()
}

function remove (): void {
  process.off('uncaughtExceptionMonitor', look)
  process.off('newListener', joinRejections)
  process.off('removeListener', leaveRejections)
  process.off('unhandledRejection', blame)
  foreignMicrotasks()
  // Nobody pays for it any more.
  storage.disable()
}

function look (error: unknown): void {
  const owner = storage.getStore()
  if (owner === undefined) return
  captureThisOne()
  owner.escaped(error)
}

/**
 * Rejections that nobody handles come to `look` as well, unless somebody listens for them: then Node tells those and goes on. The
 * owner is to crash all the same, so we listen exactly as long as others do; alone we would take Node's own decision away.
 */
function blame (reason: unknown): void {
  storage.getStore()?.escaped(reason)
}

function joinRejections (event: string | symbol, listener: unknown): void {
  if (event === 'unhandledRejection' && listener !== blame && !process.listeners(event).includes(blame)) process.prependListener(event, blame)
}

function leaveRejections (event: string | symbol, listener: unknown): void {
  if (event !== 'unhandledRejection' || listener === blame) return
  if (process.listeners(event).every(other => other === blame)) process.off(event, blame)
}

/** Node has yet to decide about the error that it shows us. */
function captureThisOne (): void {
  // Who has set one wants to decide about each error himself, and lets the process live by that.
  if (process.hasUncaughtExceptionCaptureCallback()) return
  try {
    process.setUncaughtExceptionCaptureCallback(() => { process.setUncaughtExceptionCaptureCallback(null) })
  } catch {
    // `node:domain` is loaded, which forbids it. Then other listeners hear of it too.
    process.prependOnceListener('uncaughtException', () => {})
  }
}

/**
 * Node 20 and 22 have left the context of a bare microtask when they report its throw, so there its callback is guarded where
 * it is queued. `then` and `await` need none of this.
 */
const losesMicrotasks = Number(process.versions.node.split('.')[0]) < 24
let original: typeof queueMicrotask | undefined

function ownMicrotasks (): void {
  if (!losesMicrotasks) return
  const queue = original = globalThis.queueMicrotask
  globalThis.queueMicrotask = ours
  function ours (callback: () => void): void {
    const owner = storage.getStore()
    // What is no function Node refuses in its own words.
    if (owner === undefined || typeof callback !== 'function') queue(callback)
    else queue(() => { guarded(owner, callback) })
  }
  installed = ours
}

let installed: typeof queueMicrotask | undefined

function foreignMicrotasks (): void {
  // Whoever has put his own over ours keeps it: with nobody to own anything ours does no more than call Node's.
  if (original !== undefined && globalThis.queueMicrotask === installed) globalThis.queueMicrotask = original
  original = installed = undefined
}

function guarded (owner: Owner, callback: () => void): void {
  try {
    callback()
  } catch (error) {
    owner.escaped(error)
  }
}
