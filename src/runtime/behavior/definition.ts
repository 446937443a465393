/**
 * What we read of an XState machine's definition, and what we refuse in it.
 *
 * Both drivers of machines (`machine.ts`, `compile.ts`) walk the definition when a behaviour is made and refuse what the
 * kernel cannot carry out, with a `TypeError` that names the state and says what to do instead: at load, not in the
 * middle of the night. What they refuse alike is here.
 *
 * The interfaces list exactly the fields that are read. Some are internals of XState by name (those that the action
 * creators leave on their functions), so its version is pinned, and `test/runtime/xstate-contract.test.ts` holds each
 * of them. Facts: kernel.md 2.1, 2.2, 2.4. No import of xstate here.
 */
import type { Message } from '../message.js'
import type { EffectSet } from './effects.js'
import type { Effects, Handlers } from './out.js'

/** A function whose arguments XState defines, called as XState calls it. */
export type Callable = (...args: readonly unknown[]) => unknown

export interface MachineView {
  readonly id: string
  readonly config: Readonly<Record<string, unknown>>
  readonly options: { readonly maxIterations?: number }
  readonly root: NodeView
  readonly implementations: {
    readonly actions: Readonly<Record<string, unknown>>
    readonly guards: Readonly<Record<string, unknown>>
    readonly delays: Readonly<Record<string, unknown>>
  }
}

export interface NodeView {
  readonly id: string
  readonly key: string
  readonly type: string
  readonly parent?: NodeView | undefined
  readonly config: Readonly<Record<string, unknown>>
  readonly states: Readonly<Record<string, NodeView>>
  /** Of a compound node. Reading it elsewhere is harmless. */
  readonly initial: { readonly target: readonly NodeView[], readonly actions: readonly unknown[] }
  readonly entry: readonly unknown[]
  readonly exit: readonly unknown[]
  readonly invoke: readonly unknown[]
  readonly always?: readonly TransitionView[] | undefined
  /** By event type; what `after` waits for is among them, as `xstate.after.<delay>.<state id>`. */
  readonly transitions: ReadonlyMap<string, readonly TransitionView[]>
  readonly after: readonly { readonly eventType: string }[]
  readonly output?: unknown
}

export interface TransitionView {
  readonly source: NodeView
  readonly target: readonly NodeView[] | undefined
  readonly guard?: unknown
  readonly actions: readonly unknown[]
  readonly reenter: boolean
}

/** What an action creator leaves on the function that it returns. */
export interface CreatorView {
  readonly type: string
  readonly assignment?: unknown
  readonly event?: unknown
  readonly delay?: unknown
  readonly id?: unknown
  readonly sendId?: unknown
  readonly to?: unknown
  readonly value?: unknown
}

/** An action as it stands in a machine, looked up: one of the declared effects, or one of XState's own kinds. */
export type ResolvedAction =
  | { readonly kind: 'effect', readonly name: string, readonly params: unknown }
  | { readonly kind: 'creator', readonly creator: CreatorView, readonly params: unknown }

/**
 * The `self` and the `system` that a machine's functions get. Both stand for nothing: an actor's own address is not the
 * machine's business. XState looks for `self.system` when it makes a child, and we use that to say what is wrong.
 */
export const inertSelf: object = Object.freeze({
  get system (): never {
    throw new TypeError('a machine cannot spawn; declare an effect and spawn in its handler, so that the kernel supervises the child')
  }
})
export const inertSystem: object = Object.freeze({ _sendInspectionEvent (): void {} })

/** What `spawn` is in the functions of a compiled machine. */
export const refuseSpawn = (): never => (inertSelf as { system: never }).system

/** The error for what is refused: where it stands, what it is, what to do instead. */
export function refusal (machine: MachineView, node: NodeView, what: string, instead: string): TypeError {
  return new TypeError(`machine '${machine.id}', state '${node.id}': ${what}; ${instead}`)
}

/** All state nodes, in document order, the root first. */
export function nodesOf (machine: MachineView): readonly NodeView[] {
  const nodes: NodeView[] = []
  const visit = (node: NodeView): void => {
    nodes.push(node)
    Object.values(node.states).forEach(visit)
  }
  visit(machine.root)
  return nodes
}

/** All transitions that leave a node, those of `always` last. */
export function transitionsOf (node: NodeView): readonly TransitionView[] {
  return [...[...node.transitions.values()].flat(), ...node.always ?? []]
}

/** All actions that stand in a node. */
export function actionsOf (node: NodeView): readonly unknown[] {
  const initial = node.type === 'compound' ? node.initial.actions : []
  return [...node.entry, ...initial, ...transitionsOf(node).flatMap(transition => transition.actions), ...node.exit]
}

/**
 * The event types that a machine takes from outside: those with a transition, in any state. The kernel refuses others at
 * `tell`, since XState memoises every distinct type for ever (231 bytes each). XState's own types are left out: a timer
 * of the machine comes as a signal, which is not checked, and `xstate.stop` from outside would end the actor past its
 * cell.
 */
export function acceptedTypes (machine: MachineView): ReadonlySet<string> {
  const types = new Set<string>()
  for (const node of nodesOf(machine)) {
    for (const type of node.transitions.keys()) if (!type.startsWith('xstate.')) types.add(type)
  }
  return types
}

/** Refuses in a node what neither driver carries out. */
export function checkNode (machine: MachineView, node: NodeView): void {
  if (node.invoke.length > 0) throw refusal(machine, node, "it has 'invoke'", 'start the work or the child in the handler of an entry effect, where the kernel owns it')
  for (const type of node.transitions.keys()) {
    if (type === '*' || type.endsWith('.*')) throw refusal(machine, node, `it has a transition for '${type}'`, 'write the event types out: a wildcard swallows what nobody thought of')
  }
  if (node.always !== undefined) checkBounded(machine, node, "it has 'always'")
}

/** What can go round in circles must have an end: XState's own limit is infinite, and a step would never return. */
function checkBounded (machine: MachineView, node: NodeView, what: string): void {
  const { maxIterations } = machine.options
  if (typeof maxIterations === 'number' && maxIterations >= 1 && maxIterations < Infinity) return
  throw refusal(machine, node, `${what} and the machine has no finite 'options.maxIterations'`, 'set it (100 is plenty), so that a cycle is a crash and not a hang')
}

/**
 * Looks an action up, and refuses what is no declared effect and none of XState's creators.
 *
 * @throws TypeError (a `refusal`)
 */
export function resolveAction (machine: MachineView, node: NodeView, action: unknown, fx: EffectSet<Effects>): ResolvedAction {
  if (typeof action === 'function') {
    if (!('resolve' in action)) {
      throw refusal(machine, node, `it has the inline action '${action.name === '' ? '(anonymous)' : action.name}'`, 'declare an effect with effects(), name it here and put the function into the handlers; a change of context is assign(...)')
    }
    return { kind: 'creator', creator: action as unknown as CreatorView, params: undefined }
  }
  const name = typeof action === 'string' ? action : (action as { readonly type: string }).type
  const params = typeof action === 'object' && action !== null && 'params' in action ? action.params : undefined
  const found = own(machine.implementations.actions, name)
  if (found === undefined) throw refusal(machine, node, `the action '${name}' has no implementation`, 'declare it with effects() and spread the result into the actions of setup(), or give it an assign(...) there')
  if (typeof found === 'function' && 'resolve' in found) return { kind: 'creator', creator: found as unknown as CreatorView, params }
  if (found !== own(fx, name)) throw refusal(machine, node, `the action '${name}' is implemented by a function that effects() did not make`, 'declare it with effects() and move the function into the handlers')
  return { kind: 'effect', name, params }
}

/** Refuses creators that neither driver carries out, and those that lack what makes them manageable. */
export function checkCreator (machine: MachineView, node: NodeView, creator: CreatorView): void {
  switch (creator.type) {
    case 'xstate.spawnChild':
    case 'xstate.stopChild':
      throw refusal(machine, node, `it has the action '${creator.type}'`, 'declare an effect and spawn or stop in its handler, so that the kernel supervises the child')
    case 'xstate.raise':
      if (typeof creator.event === 'string') throw refusal(machine, node, `it raises '${creator.event}' as a text`, `raise({ type: '${creator.event}' })`)
      if (creator.delay === undefined) return checkBounded(machine, node, "it has 'raise' without a delay")
      checkDelay(machine, node, creator.delay)
      if (typeof creator.id !== 'string') throw refusal(machine, node, "it has a delayed 'raise' without an id", 'give it one: it names the timer, and only so it can be cancelled or replaced')
      return
    case 'xstate.cancel':
      if (typeof creator.sendId !== 'string' && typeof creator.sendId !== 'function') throw refusal(machine, node, "it has 'cancel' without an id", 'say which timer to cancel')
  }
}

function checkDelay (machine: MachineView, node: NodeView, delay: unknown): void {
  if (typeof delay !== 'string' || own(machine.implementations.delays, delay) !== undefined) return
  throw refusal(machine, node, `the delay '${delay}' has no implementation`, 'add it to the delays of setup(); XState would take it for no delay at all')
}

/** Refuses a guard that is named and nowhere implemented, also below `and`, `or` and `not`. */
export function checkGuard (machine: MachineView, node: NodeView, guard: unknown): void {
  const seen = new Set<unknown>()
  const visit = (guard: unknown): void => {
    if (seen.has(guard)) return
    seen.add(guard)
    if (typeof guard === 'function') {
      if (hasGuards(guard)) guard.guards.forEach(visit)
      return
    }
    visit(guardImplementation(machine, node, guard))
  }
  if (guard !== undefined) visit(guard)
}

/** @throws TypeError (a `refusal`) when there is none */
export function guardImplementation (machine: MachineView, node: NodeView, guard: unknown): Callable {
  const name = typeof guard === 'string' ? guard : (guard as { readonly type?: unknown } | null)?.type
  const found = typeof name === 'string' ? own(machine.implementations.guards, name) : undefined
  if (typeof found === 'function') return found as Callable
  throw refusal(machine, node, `the guard '${String(name)}' has no implementation`, 'add a function of that name to the guards of setup()')
}

/** `and`, `or` and `not` keep the guards that they combine in a field. */
export function hasGuards (guard: object): guard is { readonly guards: readonly unknown[] } {
  return 'guards' in guard && Array.isArray(guard.guards)
}

/**
 * Checks that the declared effects and the handlers are the same names. The compiler does it for callers in TypeScript.
 *
 * @throws TypeError naming the effect without a handler, or the handler without an effect
 */
export function checkHandlers<E extends Effects, M extends Message> (where: string, fx: EffectSet<E>, handlers: Handlers<E, M>): void {
  const missing = Object.keys(fx).filter(name => own(handlers, name) === undefined)
  if (missing.length > 0) throw new TypeError(`${where}: no handler for the effect ${quoted(missing)}; add it to the handlers`)
  const excess = Object.keys(handlers).filter(name => own(fx, name) === undefined)
  if (excess.length > 0) throw new TypeError(`${where}: the handler ${quoted(excess)} is for no declared effect; declare it with effects() or leave it out`)
}

const quoted = (names: readonly string[]): string => names.map(name => `'${name}'`).join(', ')

/** A field of its own, never one that every object inherits: an action may well be called `constructor`. */
export function own (table: object, name: string): unknown {
  return Object.hasOwn(table, name) ? (table as Readonly<Record<string, unknown>>)[name] : undefined
}
