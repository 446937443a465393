/**
 * Behaviours without a diagram: a step function, `(state, message, out) => state`.
 *
 * For what has no lifecycle to draw (counters, caches, registries). It runs in the same cell as a machine, with the same
 * guarantees: the step only notes its wishes in `out`, and they are carried out after it has returned. Design: 4.4.
 */
import type { Message } from '../message.js'
import type { Behavior, BehaviorOptions } from './behavior.js'
import { checkBehaviorOptions, checkFunction, checkName, handlerTable, makeBehavior } from './make.js'
import type { Effects, HandlerTable, Handlers, Out } from './out.js'

/** No effects at all: the type of `out` in a step that asks for none. */
export type NoEffects = Record<never, never>

/** What a reducer is made of, its effect handlers aside. */
export interface ReducerParts<M extends Message, I, S, E extends Effects> extends BehaviorOptions<NoInfer<M>> {
  /** The kind, as trees, traces and logs show it. */
  readonly name: string
  /** The first state, from the spawn input. A throw is a failed start. */
  readonly initial: (input: I, out: Out<E>) => S
  /** The next state. Must not touch the world, nor change `state` or `message`; returns `state` itself when nothing changes. */
  readonly step: (state: S, message: M, out: Out<E>) => S
  /** The message types that it takes; a `tell` of another type throws. Default: any. */
  readonly accepts?: readonly NoInfer<M>['type'][]
  /** What inspection shows of a state. Default: the state itself. */
  readonly describe?: (state: NoInfer<S>) => unknown
}

/** The handlers, which may be left out only where there are no effects. */
export type ReducerEffects<M extends Message, E extends Effects> = [keyof E] extends [never]
  ? { readonly effects?: NoEffects }
  : { readonly effects: Handlers<E, M> }

const ownNames = Object.keys({
  name: true,
  initial: true,
  step: true,
  effects: true,
  accepts: true,
  describe: true
} satisfies Record<Exclude<keyof ReducerParts<Message, unknown, unknown, Effects>, keyof BehaviorOptions> | 'effects', true>)

/**
 * Makes a behaviour from a step function.
 *
 * The types come from annotations, and no type arguments are needed: the state from what `initial` returns, the input
 * from its parameter, the messages from the second parameter of `step`, the effects from the third. What reads those
 * types (`effects`, `overflow`, `emitted`) stands *after* `step`; where all parameters of `step` are annotated, the order
 * is free.
 *
 *     interface Counter { readonly count: number }
 *     type CounterMessage = { readonly type: 'counter.add', readonly n: number } | { readonly type: 'counter.print' }
 *     interface CounterEffects { print: { readonly text: string } }
 *
 *     const counter = reducer({
 *       name: 'counter',
 *       initial: (start: number): Counter => ({ count: start }),
 *       step (state, message: CounterMessage, out: Out<CounterEffects>) {
 *         if (message.type === 'counter.add') return { count: state.count + message.n }
 *         out.do('print', { text: `${state.count}` })
 *         return state
 *       },
 *       effects: {
 *         print: (actor, { text }) => { actor.log('info', text) }
 *       }
 *     })
 *     system.spawn(counter, { input: 1 })
 *
 * @throws TypeError for an unknown option, a missing function or a handler that is none; RangeError for a number out of range
 */
export function reducer<const M extends Message = Message, I = void, S = unknown, E extends Effects = NoEffects> (
  definition: ReducerParts<M, I, S, E> & ReducerEffects<NoInfer<M>, NoInfer<E>>
): Behavior<M, I, S> {
  // `const M` makes the compiler keep the literal in `stopMessage: () => ({ type: 'counter.stop' })`; it infers nothing by it.
  const { name, initial, step, effects, accepts, describe, ...options } = definition as ReducerParts<M, I, S, E> & { readonly effects?: Handlers<E, M> }
  checkName(name)
  const where = `reducer '${name}'`
  checkBehaviorOptions(where, definition, ownNames)
  if (typeof initial !== 'function') throw new TypeError(`${where}: option 'initial' must be a function; got ${typeof initial}`)
  if (typeof step !== 'function') throw new TypeError(`${where}: option 'step' must be a function; got ${typeof step}`)
  checkFunction(where, 'describe', describe)
  const handlers: HandlerTable = effects === undefined ? noHandlers : handlerTable(where, effects)
  return makeBehavior<M, I, S>({
    name,
    options,
    accepts: accepts === undefined ? undefined : acceptedTypes(where, accepts),
    handlers,
    // The kernel's `out` knows no effect names; that those of `E` have handlers the compiler has checked.
    initial,
    step,
    describe: describe ?? itself
  })
}

const noHandlers: HandlerTable = Object.freeze({})
const itself = (state: unknown): unknown => state

function acceptedTypes (where: string, accepts: readonly string[]): ReadonlySet<string> {
  if (!Array.isArray(accepts)) throw new TypeError(`${where}: option 'accepts' must be a list of message types; got ${typeof accepts}`)
  for (const type of accepts as unknown[]) {
    if (typeof type !== 'string' || type.startsWith('xstate.')) throw new TypeError(`${where}: option 'accepts' holds ${String(type)}; it must hold message types, texts that do not begin with 'xstate.'`)
  }
  return new Set(accepts)
}
