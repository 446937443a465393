/**
 * A flat machine as a table: a row for each state, in it the transitions by event type, in those the operations.
 *
 * Built once, when a behaviour is made. What can be decided then is: which actions a transition runs in which order (exit,
 * transition, entry, as XState orders them), that transitions of the root stand behind those of the state, whether raised
 * events or eventless transitions can follow at all. What has no place in a table is refused by `checkShape`.
 * `compile.ts` steps through the table and says what compiles; facts: kernel.md 2.2.
 */
import type { Message } from '../message.js'
import { actionsOf, checkNode, inertSelf, nodesOf, own, refusal, refuseSpawn, resolveAction, transitionsOf } from './definition.js'
import type { Callable, MachineView, NodeView, ResolvedAction, TransitionView } from './definition.js'
import type { EffectSet } from './effects.js'
import { compileGuard, operations } from './operations.js'
import type { Context, Guard, Operation, Source } from './operations.js'
import type { Effects, HandlerTable, Out } from './out.js'

/** One state of the machine. */
export interface Row {
  /** Its name: what XState calls the state's value. */
  readonly key: string
  readonly on: ReadonlyMap<string, readonly Plan[]>
  readonly always: readonly Plan[]
  /** Of a final state: what is left to do when it has been entered. */
  readonly finish: Operation | undefined
}

/** One transition out of one row. Transitions at the root have a plan in each row. */
export interface Plan {
  readonly guard: Guard | undefined
  /** For the message of a guard that throws. */
  readonly guardName: string | undefined
  readonly sourceId: string
  /** Exit, transition and entry actions. */
  readonly run: readonly Operation[]
  /** Where it leads: the same row when it has no target. */
  readonly to: Row
}

/** A machine, compiled: what `compile.ts` steps through. */
export interface Table {
  /** By name. */
  readonly rows: ReadonlyMap<string, Row>
  readonly contextOf: (input: unknown) => Context
  /** The initial actions: entry of the root, of its `initial`, of the first state. */
  readonly enter: readonly Operation[]
  readonly first: Row
  /** Whether anything can follow a microstep: a state has `always`, or an action raises without a (certain) delay. */
  readonly settles: boolean
  readonly maxIterations: number
}

/** A state node's own parts, compiled. */
interface CompiledNode {
  readonly entry: readonly Operation[]
  readonly exit: readonly Operation[]
  readonly initial: readonly Operation[]
  readonly transitions: ReadonlyMap<TransitionView, CompiledTransition>
}

interface CompiledTransition {
  readonly guard: Guard | undefined
  readonly actions: readonly Operation[]
}

/** A row that is being filled: plans name rows, so all rows must be there first. */
interface Draft extends Row {
  readonly on: Map<string, readonly Plan[]>
  readonly always: Plan[]
}

/**
 * Compiles a machine.
 *
 * @throws TypeError naming machine, state and reason, and what to do, for everything that has no place in a table
 */
export function buildTable (machine: MachineView, fx: EffectSet<Effects>, handlers: HandlerTable): Table {
  const nodes = nodesOf(machine)
  const root = machine.root
  for (const node of nodes) checkShape(machine, node)
  const states = nodes.filter(node => node !== root)

  // Everything is compiled once, also what no transition leads to, so that nothing escapes refusal.
  const compiled = new Map(nodes.map((node): [NodeView, CompiledNode] => {
    const source: Source = { machine, node, fx, handlers }
    return [node, {
      entry: operations(source, node.entry),
      exit: operations(source, node.exit),
      initial: operations(source, node === root ? root.initial.actions : []),
      transitions: new Map(transitionsOf(node).map(transition => [transition, {
        guard: transition.guard === undefined ? undefined : compileGuard(source, transition.guard),
        actions: operations(source, transition.actions)
      }]))
    }]
  }))
  const of = (node: NodeView): CompiledNode => compiled.get(node) as CompiledNode

  const rows = new Map<NodeView, Draft>(states.map(node => [node, {
    key: node.key,
    on: new Map(),
    always: [],
    finish: node.type === 'final' ? finishing(root, node, [...of(node).exit, ...of(root).exit]) : undefined
  }]))
  const rowOf = (node: NodeView): Draft => rows.get(node) as Draft

  /** The plan for taking `transition` while in `node`; a transition of the root leaves and enters even the same state. */
  const plan = (node: NodeView, transition: TransitionView): Plan => {
    const { source, guard } = transition
    const target = transition.target?.[0]
    const moves = target !== undefined && (target !== source || transition.reenter)
    const parts = of(source).transitions.get(transition) as CompiledTransition
    return {
      guard: parts.guard,
      guardName: typeof guard === 'string' ? guard : typeof guard === 'object' ? (guard as { readonly type: string }).type : undefined,
      sourceId: source.id,
      run: [
        ...moves ? of(node).exit : [],
        ...parts.actions,
        ...moves ? of(target).entry : []
      ],
      to: rowOf(target ?? node)
    }
  }

  for (const node of states) {
    const row = rowOf(node)
    for (const type of new Set([...node.transitions.keys(), ...root.transitions.keys()])) {
      const candidates = [...node.transitions.get(type) ?? [], ...root.transitions.get(type) ?? []]
      row.on.set(type, candidates.map(transition => plan(node, transition)))
    }
    row.always.push(...(node.always ?? []).map(transition => plan(node, transition)))
  }

  const first = root.initial.target[0] as NodeView
  return {
    contextOf: contextFactory(machine.config['context']),
    enter: [...of(root).entry, ...of(root).initial, ...of(first).entry],
    first: rowOf(first),
    rows: new Map([...rows.values()].map(row => [row.key, row])),
    settles: nodes.some(node => node.always !== undefined || actionsOf(node).some(action => raisesNow(machine, resolveAction(machine, node, action, fx)))),
    maxIterations: machine.options.maxIterations ?? Infinity
  }
}

/** Whether an action is a `raise` that takes effect in the same step, or may. */
function raisesNow (machine: MachineView, action: ResolvedAction): boolean {
  if (action.kind === 'effect' || action.creator.type !== 'xstate.raise') return false
  const { delay } = action.creator
  return typeof (typeof delay === 'string' ? own(machine.implementations.delays, delay) : delay) !== 'number'
}

/** What happens on reaching a final state: the outputs, then the exit actions of the state and of the root, then the end. */
function finishing (root: NodeView, node: NodeView, exit: readonly Operation[]): Operation {
  return (context, event, out, raised) => {
    const doneEvent = { type: `xstate.done.state.${node.id}`, output: outputOf(node.output, context, event) }
    const output = outputOf(root.output, context, doneEvent)
    const left = run(exit, context, event, out, raised)
    out.done(output)
    return left
  }
}

const outputOf = (output: unknown, context: Context, event: Message): unknown =>
  typeof output === 'function' ? (output as Callable)({ context, event, self: inertSelf }) : output

/** The first context: the machine's own object, shared by all actors, or a copy of what its function returns. */
function contextFactory (context: unknown): (input: unknown) => Context {
  if (typeof context === 'function') return input => ({ ...(context as Callable)({ spawn: refuseSpawn, input, self: inertSelf }) as Context })
  const shared = (context ?? {}) as Context
  return () => shared
}

const nodeKeys = ['id', 'type', 'states', 'on', 'after', 'always', 'entry', 'exit', 'invoke', 'output', 'tags', 'meta', 'description', 'order']
const rootKeys = [...nodeKeys, 'initial', 'context', 'version', 'schemas', 'types', 'options']
const transitionKeys = ['target', 'guard', 'actions', 'reenter', 'meta', 'description', 'source', 'eventType', 'toJSON', 'event', 'delay']

/** Refuses what has no place in the table. Known fields are listed, so that what XState adds one day is refused, not ignored. */
function checkShape (machine: MachineView, node: NodeView): void {
  const refuse = (what: string, instead = 'run the machine with machineBehavior, or write it flat'): never => { throw refusal(machine, node, what, instead) }
  checkNode(machine, node)
  if (node === machine.root) {
    if (node.type !== 'compound') refuse(node.type === 'parallel' ? 'it is parallel' : 'the machine has no states')
    if (node.always !== undefined) refuse("the root has 'always'", "put 'always' into the states that it is for")
    if (node.after.length > 0) refuse("the root has 'after'", "put 'after' into the states that it is for, or raise with a delay on entry")
  } else if (node.type === 'compound') refuse('it has states of its own')
  else if (node.type !== 'atomic' && node.type !== 'final') refuse(node.type === 'parallel' ? 'it is parallel' : `it is a ${node.type} state`)

  const unknown = Object.keys(node.config).find(key => !(node === machine.root ? rootKeys : nodeKeys).includes(key))
  if (unknown !== undefined) refuse(`it has '${unknown}', which is not compiled`)
  for (const type of node.transitions.keys()) {
    if (type.startsWith('xstate.') && !node.after.some(({ eventType }) => eventType === type)) refuse(`it has a transition for '${type}', which belongs to XState`)
  }
  for (const transition of transitionsOf(node)) {
    const unknown = Object.keys(transition).find(key => !transitionKeys.includes(key))
    if (unknown !== undefined) refuse(`a transition has '${unknown}', which is not compiled`)
    const [target, second] = transition.target ?? []
    if (second !== undefined) refuse('a transition has several targets')
    if (target !== undefined && target.parent !== machine.root) refuse(target === machine.root ? 'a transition leads to the root' : `a transition leads into another state, '${target.id}'`)
    if (transition.reenter && node === machine.root) refuse("a transition of the root has 'reenter'", 'leave it out: a transition of the root always leaves and enters')
  }
}

/** Does the operations of a list, one after the other. */
export function run (list: readonly Operation[], context: Context, event: Message, out: Out, raised: Message[]): Context {
  for (let i = 0; i < list.length; i++) context = (list[i] as Operation)(context, event, out, raised)
  return context
}
