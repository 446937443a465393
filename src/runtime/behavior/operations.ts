/**
 * The guards and actions of a machine as plain functions: what a compiled machine is made of.
 *
 * Each guard becomes one function of context and event, each action one function that returns the context after it. All
 * looking up is done here, once: names, kinds, whether parameters are values or functions of the context. What arrives
 * in `out`, in which order, with which context and with which throws, is what XState does with the same machine
 * (`machine.ts` says it in a table); the differential test of `compile.ts` holds the two equal.
 *
 * The functions of a machine get the arguments that XState gives them, in an object of their own each time: a machine
 * may keep it. Where nobody looks at arguments none are made. Facts: kernel.md 2.1, 2.2.
 */
import type { Message } from '../message.js'
import { checkCreator, checkGuard, guardImplementation, hasGuards, inertSelf, inertSystem, own, refusal, refuseSpawn, resolveAction } from './definition.js'
import type { Callable, CreatorView, MachineView, NodeView } from './definition.js'
import type { EffectSet } from './effects.js'
import type { Act, Effects, HandlerTable, Out } from './out.js'

/** A machine's context as it is handled here: some object. */
export type Context = Readonly<Record<string, unknown>>

export type Guard = (context: Context, event: Message) => unknown

/** Does one action: notes wishes in `out`, raised events in `raised`; returns the context after it. Changes nothing else. */
export type Operation = (context: Context, event: Message, out: Out, raised: Message[]) => Context

/** What operations are made from. */
export interface Source {
  readonly machine: MachineView
  readonly node: NodeView
  readonly fx: EffectSet<Effects>
  readonly handlers: HandlerTable
}

/** Compiles a list of actions, in order. `log` leaves no operation unless its value is a function, which may throw. */
export function operations (source: Source, actions: readonly unknown[]): readonly Operation[] {
  return actions.flatMap(action => operation(source, action))
}

function operation (source: Source, action: unknown): Operation | readonly [] {
  const { machine, node, fx, handlers } = source
  const found = resolveAction(machine, node, action, fx)
  if (found.kind === 'effect') return effect(handlers[found.name] as Act, found.params)
  const { creator, params } = found
  checkCreator(machine, node, creator)
  switch (creator.type) {
    case 'xstate.assign': return assignment(source, creator, params)
    case 'xstate.raise': return raising(source, creator, params)
    case 'xstate.cancel': return canceling(creator, params)
    case 'xstate.emit': return emitting(creator, params)
    case 'xstate.log': return typeof creator.value === 'function' ? logging(creator.value as Callable, params) : []
  }
  throw refusal(machine, node, `it has the action '${creator.type}', which is not compiled`, 'declare an effect and do it in its handler, or run the machine with machineBehavior')
}

/** What function parameters get. */
const plainArgs = (context: Context, event: Message): object => ({ context, event })

/** What the functions inside creators get. */
const actionArgs = (context: Context, event: Message): object => ({ context, event, self: inertSelf, system: inertSystem })

/** The parameters of an action: a value, or a function of context and event. */
const evaluated = (params: unknown, context: Context, event: Message): unknown =>
  typeof params === 'function' ? (params as Callable)(plainArgs(context, event)) : params

/** Part of a creator: a value, or a function of the action's arguments and parameters. */
const resolved = (part: unknown, context: Context, event: Message, params: unknown): unknown =>
  typeof part === 'function' ? (part as Callable)(actionArgs(context, event), params) : part

function effect (act: Act, params: unknown): Operation {
  if (typeof params !== 'function') {
    return (context, _event, out) => {
      out.push(act, params, undefined)
      return context
    }
  }
  return (context, event, out) => {
    out.push(act, (params as Callable)(plainArgs(context, event)), undefined)
    return context
  }
}

function assignment ({ machine, node }: Source, creator: CreatorView, params: unknown): Operation {
  const part = creator.assignment
  if (typeof part === 'function') {
    return (context, event) => {
      const given = evaluated(params, context, event)
      return { ...context, ...(part as Callable)(assignArgs(context, event), given) as object }
    }
  }
  if (typeof part !== 'object' || part === null) throw refusal(machine, node, `it assigns ${String(part)}`, 'assign an object of values or functions, or a function that returns one')
  const keys = Object.keys(part)
  const values = keys.map(key => (part as Readonly<Record<string, unknown>>)[key])
  return (context, event) => {
    const given = evaluated(params, context, event)
    const args = assignArgs(context, event)
    const next: Record<string, unknown> = { ...context }
    for (let i = 0; i < keys.length; i++) {
      const value = values[i]
      next[keys[i] as string] = typeof value === 'function' ? (value as Callable)(args, given) : value
    }
    return next
  }
}

/** What an assigner gets: the arguments of an action, and a `spawn` that says why there is none. */
const assignArgs = (context: Context, event: Message): object => ({ context, event, spawn: refuseSpawn, self: inertSelf, system: inertSystem })

function raising ({ machine }: Source, creator: CreatorView, params: unknown): Operation {
  const { event: raised, id } = creator
  const delay = typeof creator.delay === 'string' ? own(machine.implementations.delays, creator.delay) : creator.delay
  // What `after` arms, and most of what is written by hand: everything is known beforehand.
  if (typeof raised !== 'function' && typeof delay === 'number' && typeof params !== 'function') {
    return (context, _event, out) => {
      out.timer(id as string, delay, raised as Message)
      return context
    }
  }
  return (context, event, out, queue) => {
    const given = evaluated(params, context, event)
    const message = resolved(raised, context, event, given) as Message
    const delayMs = resolved(delay, context, event, given)
    // A delay function that returns nothing makes it an immediate raise, as in XState.
    if (typeof delayMs === 'number') out.timer(id as string, delayMs, message)
    else queue.push(message)
    return context
  }
}

function canceling (creator: CreatorView, params: unknown): Operation {
  const { sendId } = creator
  return (context, event, out) => {
    const id = resolved(sendId, context, event, evaluated(params, context, event))
    if (typeof id !== 'string') throw new TypeError(`cancel needs the id of a timer; got ${typeof id}`)
    out.cancel(id)
    return context
  }
}

function emitting (creator: CreatorView, params: unknown): Operation {
  return (context, event, out) => {
    out.emit(resolved(creator.event, context, event, evaluated(params, context, event)) as Message)
    return context
  }
}

function logging (value: Callable, params: unknown): Operation {
  return (context, event) => {
    resolved(value, context, event, evaluated(params, context, event))
    return context
  }
}

/** Compiles the guard of a transition. */
export function compileGuard (source: Source, guard: unknown): Guard {
  checkGuard(source.machine, source.node, guard)
  return guardOf(source, guard, [])
}

/** `within` holds the named guards that this one is part of. */
function guardOf (source: Source, guard: unknown, within: readonly unknown[]): Guard {
  const { machine, node } = source
  if (typeof guard === 'function') return 'check' in guard ? combination(source, guard, within) : predicate(guard as Callable, undefined)
  const found = guardImplementation(machine, node, guard)
  const params = typeof guard === 'object' && guard !== null && 'params' in guard ? guard.params : undefined
  if (!('check' in found)) return predicate(found, params)
  if (within.includes(found)) throw refusal(machine, node, 'one of its named guards is made of itself', 'break the circle')
  if (params !== undefined) throw refusal(machine, node, 'it gives parameters to a guard made by and, or or not', 'give them to the guards inside: they never arrive there')
  return combination(source, found, [...within, found])
}

function predicate (test: Callable, params: unknown): Guard {
  if (typeof params !== 'function') return (context, event) => test(plainArgs(context, event), params)
  return (context, event) => {
    const given = (params as Callable)(plainArgs(context, event))
    return test(plainArgs(context, event), given)
  }
}

function combination (source: Source, combined: object, within: readonly unknown[]): Guard {
  const kind = kindOf(combined)
  if (kind === undefined) throw refusal(source.machine, source.node, "it has a guard that is none of and, or and not ('stateIn' perhaps)", 'compare states by having transitions in them, not by guards')
  const parts = (combined as { readonly guards: readonly unknown[] }).guards.map(guard => guardOf(source, guard, within))
  const [first] = parts
  switch (kind) {
    case 'and': return (context, event) => parts.every(part => part(context, event))
    case 'or': return (context, event) => parts.some(part => part(context, event))
    case 'not': return (context, event) => !(first as Guard)(context, event)
  }
}

/**
 * Which combination a guard is. XState marks them by nothing but their function names, which a minifier changes, so they
 * are asked: each carries the function that evaluates it, and two questions tell the three apart.
 */
function kindOf (guard: object): 'and' | 'or' | 'not' | undefined {
  if (!hasGuards(guard)) return undefined
  const check = (guard as unknown as { readonly check: Callable }).check
  const answer = (...guards: boolean[]): unknown => check({}, { context: {}, event: { type: '' } }, { guards: guards.map(value => () => value) })
  try {
    const answers = `${String(answer(true, false))} ${String(answer(false, false))}`
    return answers === 'false false' ? 'and' : answers === 'true false' ? 'or' : answers === 'false true' ? 'not' : undefined
  } catch {
    return undefined
  }
}
