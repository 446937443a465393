/** The whole table of a machine: what it does in each state with each message. */
import { expect } from 'chai'
import type { Behavior } from '../../../src/runtime/behavior/behavior.js'
import type { Message } from '../../../src/runtime/message.js'
import { note, start, step } from '../../runtime/behavior/fake-actor.js'

/** Handlers that note their name, and the values of their parameters that are texts or numbers. */
export function noting (fx: object): never {
  return Object.fromEntries(Object.keys(fx).map(name => [name, (_actor: unknown, params: unknown) => {
    const { body, code, end, failure, graceMs } = (params ?? {}) as { readonly body?: object, readonly code?: string, readonly end?: { readonly code: string }, readonly failure?: { readonly code: string }, readonly graceMs?: number }
    note([name, code ?? failure?.code ?? end?.code, body === undefined ? undefined : graceMs].filter(part => part !== undefined).join(' '))
  }])) as never
}

/**
 * State and message -> next state and effects; of those pairs in which anything happens.
 * @param ways how to get into each state, by names of messages
 */
export function tableOf<M extends Message, I> (behavior: Behavior<M, I>, input: () => I, messages: Readonly<Record<string, M>>, ways: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  const seen: Record<string, string> = {}
  for (const [name, way] of Object.entries(ways)) {
    for (const [what, message] of Object.entries(messages)) {
      let { state } = start(behavior, input())
      for (const before of way) state = step(behavior, state, messages[before]!).state
      expect(behavior.describe(state), way.join(' ')).to.equal(name)
      const { calls, state: after } = step(behavior, state, message)
      const next = String(behavior.describe(after))
      if (next !== name || calls.length > 0) seen[`${name} ${what}`] = [next, ...calls.map(call => call.join(' '))].join(', ')
    }
  }
  return seen
}
