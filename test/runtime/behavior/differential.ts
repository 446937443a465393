/**
 * Runs one machine through XState (`machineBehavior`) and compiled (`compiledBehavior`), side by side, and demands that
 * nobody could tell them apart: state, context, output, end, everything asked for in order with its parameters, and
 * throws. From every state on a random walk all messages are tried; then one of them is taken.
 */
import { isDeepStrictEqual } from 'node:util'
import type { AnyStateMachine } from 'xstate'
import type { Behavior } from '../../../src/runtime/behavior/behavior.js'
import { compiledBehavior } from '../../../src/runtime/behavior/compile.js'
import type { CompiledState } from '../../../src/runtime/behavior/compile.js'
import { machineBehavior } from '../../../src/runtime/behavior/machine.js'
import type { Message } from '../../../src/runtime/message.js'
import { note, start, step } from './fake-actor.js'
import type { Outcome } from './fake-actor.js'
import { fx, randomMachine, randomNumbers } from './random-machine.js'

export interface Counts {
  machines: number
  /** (state, message) pairs compared. */
  pairs: number
  /** Different ones, by state name and message type. */
  distinct: number
  /** Pairs in which both sides threw. */
  throws: number
  starts: number
  failedStarts: number
  ends: number
}

export const noCounts = (): Counts => ({ machines: 0, pairs: 0, distinct: 0, throws: 0, starts: 0, failedStarts: 0, ends: 0 })

interface Reference { readonly value: unknown, readonly context: object, readonly status: string, readonly output: unknown }

const handlers = {
  e0: (_actor: unknown, params: unknown) => { note('e0', params) },
  e1: (_actor: unknown, params: unknown) => { note('e1', params) },
  e2: (_actor: unknown, params: unknown) => { note('e2', params) }
}

/** The compiled behaviour of a machine whose effects are those of `random-machine.ts`. */
export const compiledOf = (machine: AnyStateMachine): Behavior<Message, unknown, CompiledState<object>> =>
  compiledBehavior('compiled', machine as never, fx as never, handlers as never)

/** The same through XState. */
const referenceOf = (machine: AnyStateMachine): Behavior<Message, unknown, Reference> =>
  machineBehavior('reference', machine as never, fx as never, handlers as never) as never

/** @throws Error that names the seed and the first difference */
export function compareSeed (seed: number, steps: number, counts: Counts): void {
  const { machine, messages, inputs } = randomMachine(seed)
  compareMachine(machine, messages, inputs, steps, randomNumbers(seed + 0.5), counts, `seed ${seed}`)
}

export function compareMachine (machine: AnyStateMachine, messages: readonly Message[], inputs: readonly unknown[], steps: number, next: () => number, counts: Counts, name: string): void {
  const reference = referenceOf(machine)
  const compiled = compiledOf(machine)
  const seen = new Set<string>()
  for (const message of messages) Object.freeze(message)
  counts.machines++

  for (const input of inputs) {
    const left = start(reference, input)
    const right = start(compiled, input)
    compareOutcomes(left, right, `${name}, start with input ${String(input)}`)
    counts.starts++
    if (left.threw !== undefined) counts.failedStarts++
    if (left.state === undefined || right.state === undefined || left.finished) continue
    let [a, b] = [left.state, right.state]
    deepFreeze(a.context)

    for (let i = 0; i < steps; i++) {
      const chosen = Math.floor(next() * messages.length)
      let after: [Reference, CompiledState<object>] | undefined
      for (let j = 0; j < messages.length; j++) {
        const message = messages[j] as Message
        // Both may hold the very same context, so a change in place would change what it is compared with.
        deepFreeze(b.context)
        const left = step(reference, a, message)
        const right = step(compiled, b, message)
        counts.pairs++
        seen.add(`${String(a.value)} ${message.type}`)
        if (left.threw !== undefined) counts.throws++
        if (left.finished) counts.ends++
        compareOutcomes(left, right, `${name}, ${JSON.stringify(message)} in ${String(a.value)} with ${JSON.stringify(a.context)}`)
        if (j === chosen && left.state !== undefined && right.state !== undefined && !left.finished) after = [left.state, right.state]
      }
      if (after !== undefined) [a, b] = after
    }
  }
  counts.distinct += seen.size
}

function compareOutcomes (left: Outcome<Reference>, right: Outcome<CompiledState<object>>, where: string): void {
  const differ = (what: string, a: unknown, b: unknown): void => {
    if (!isDeepStrictEqual(a, b)) throw new Error(`${where}: ${what} differs\n  XState:   ${JSON.stringify(a)}\n  compiled: ${JSON.stringify(b)}`)
  }
  differ('throw', textOf(left.threw), textOf(right.threw))
  differ('end', left.finished, right.finished)
  differ('output', left.output, right.output)
  if (left.calls.length > 0 || right.calls.length > 0) differ('what was asked for', left.calls, right.calls)
  if (left.state === undefined || right.state === undefined) return
  differ('state', left.state.value, right.state.row.key)
  if (left.state.context !== right.state.context) differ('context', left.state.context, right.state.context)
  differ('status', left.state.status, right.state.row.finish === undefined ? 'active' : 'done')
}

const textOf = (threw: unknown): string | undefined => threw instanceof Error ? `${threw.name}: ${threw.message}` : threw === undefined ? undefined : `no Error but ${typeof threw}`

function deepFreeze (value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  Object.values(value).forEach(deepFreeze)
}
