import { ownedBy } from './containment.js'
import type { CrashPoint } from './exit.js'

/** What an actor's code outside of its steps runs within. A cell, to everybody else. */
export interface Guardian {
  readonly kernel: { readonly containsUncaught: boolean }
  /** Its end is decided, or about to be: nothing of it runs any more. */
  readonly doomed: boolean
  crash (at: CrashPoint, error: unknown): void
  escaped (error: unknown): void
}

/** A callback for the outside: a throw in it crashes the actor and nothing else, and after the actor's end it does nothing. */
export function guarded<A extends readonly unknown[]> (actor: Guardian, fn: (...args: A) => void): (...args: A) => void {
  const mine: typeof fn = actor.kernel.containsUncaught ? (...args) => { ownedBy(actor, fn, ...args) } : fn
  return (...args) => {
    if (actor.doomed) return
    try {
      mine(...args)
    } catch (error) {
      actor.crash('io', error)
    }
  }
}

/** The same for what runs now. */
export function runGuarded (actor: Guardian, point: CrashPoint, fn: () => void): void {
  if (actor.doomed) return
  try {
    if (actor.kernel.containsUncaught) ownedBy(actor, fn)
    else fn()
  } catch (error) {
    actor.crash(point, error)
  }
}
