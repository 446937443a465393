/**
 * A stand-in for an actor's context: it writes down what a committed `Out` asks for, and does nothing. With it a behaviour
 * is tested without a kernel.
 */
import type { ActorContext } from '../../../src/runtime/context.js'
import type { Message } from '../../../src/runtime/message.js'
import type { Behavior } from '../../../src/runtime/behavior/behavior.js'
import { Out } from '../../../src/runtime/behavior/out.js'
import type { HandlerTable } from '../../../src/runtime/behavior/out.js'

/** One thing that was asked for: what, and with which operands. */
export type Call = readonly [what: string, ...operands: readonly unknown[]]

/** The calls of the step that was run last. Handlers under test add theirs with `note`. */
export const calls: Call[] = []

export const note = (...call: Call): void => { calls.push(call) }

export const fakeActor = {
  timer: (key: string, delayMs: number, message: Message) => { note('timer', key, delayMs, message) },
  cancelTimer: (key: string) => { note('cancel', key) },
  emit: (event: Message) => { note('emit', event) }
} as unknown as ActorContext

/** What came of one step, or of the start. */
export interface Outcome<S> {
  /** The next state; undefined when it threw. */
  readonly state: S | undefined
  readonly threw: unknown
  readonly finished: boolean
  readonly output: unknown
  readonly calls: readonly Call[]
}

const out = new Out()

/** Starts a behaviour as a cell would: a throw leaves nothing, else what was asked for is carried out. */
export function start<M extends Message, I, S> (behavior: Behavior<M, I, S>, input: I): Outcome<S> {
  return outcome(behavior, () => behavior.initial(input, out))
}

/** Steps a behaviour as a cell would. */
export function step<M extends Message, I, S> (behavior: Behavior<M, I, S>, state: S, message: NoInfer<M>): Outcome<S> {
  return outcome(behavior, () => behavior.step(state, message, out))
}

function outcome<S> ({ handlers }: { readonly handlers: HandlerTable }, run: () => S): Outcome<S> {
  calls.length = 0
  out.begin(handlers)
  let state: S
  try {
    state = run()
  } catch (threw) {
    out.discard()
    return { state: undefined, threw, finished: false, output: undefined, calls: [] }
  }
  out.commit(fakeActor)
  return { state, threw: undefined, finished: out.finished, output: out.output, calls: calls.slice() }
}
