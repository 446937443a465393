/**
 * The effects of a machine, declared apart from it.
 *
 * Why apart: the action type of an XState machine holds *every* named action, so a handler table derived from it would
 * demand a handler for `count: assign(...)`. Here one call names the effects with the types of their parameters, and
 * both sides are checked against it: the machine, which names them, and the handlers, which carry them out. A missing,
 * an excess or a wrong handler, a wrong parameter, a forgotten or an unknown name: none of them compiles
 * (`test/runtime/behavior/effects.types.test.ts` holds the list).
 *
 *     const fx = effects<{ openStream: { readonly id: number }, close: undefined }>({ openStream: true, close: true })
 *     const machine = setup({ types, actions: { ...fx, count: assign(...) } }).createMachine({ ... })
 *     const link = machineBehavior('link', machine, fx, {
 *       openStream: (actor, { id }) => { ... },
 *       close: actor => { ... }
 *     })
 *
 * Design: 4.3; the recipe and what was tried with it: kernel.md 2.3.
 */
import type { Effects } from './out.js'

/**
 * What `effects` makes: for each name a function to spread into the `actions` of `setup`. It carries the type of the
 * parameters and stands for the effect in the machine. It is never called: the kernel reads the name and runs a handler.
 */
export type EffectSet<E extends Effects> = { readonly [K in keyof E]: (args: unknown, params: E[K]) => void }

/**
 * Declares effects: their names with the types of their parameters (`undefined` for none) as the type argument, their
 * names once more as a value, since types leave nothing behind to run.
 *
 * The functions it returns throw when they are called. That happens only when somebody runs the machine with XState's own
 * `createActor`, whose effects would then silently do nothing.
 *
 * @throws TypeError when a name begins with `xstate.`, which XState keeps for its own actions
 */
export function effects<E extends Effects> (names: { readonly [K in keyof E]: true }): EffectSet<E> {
  const set: Record<string, () => never> = {}
  for (const name of Object.keys(names)) {
    if (name.startsWith('xstate.')) throw new TypeError(`effect '${name}': names that begin with 'xstate.' belong to XState; choose another`)
    set[name] = () => { throw new TypeError(`effect '${name}' was called by XState itself; run its machine with machineBehavior or compiledBehavior, whose handlers do the work`) }
  }
  return Object.freeze(set) as EffectSet<E>
}
