/**
 * Behaviours from XState machines, and the only file that drives XState.
 *
 * XState describes, our cell executes: the machine is an ordinary `setup(...).createMachine(...)` value, and a step is one
 * call of the exported `ActorLogic` contract, `machine.transition(snapshot, event, scope)`. Not `createActor` (its
 * mailbox, its children, its timers and its error handling fail at scale and at isolation), not the public
 * `transition()` helper (it makes an actor and two systems on each call). Reasons and figures: design.md 4.
 *
 * The scope that the contract asks for is made once per behaviour. Its `actionExecutor` runs nothing. It notes what the
 * machine wants in `out`, and the cell carries that out when the whole transition has succeeded:
 *
 * | in the machine | in `out` |
 * |---|---|
 * | a declared effect | its handler, with its parameters, already evaluated |
 * | `raise` with a delay, `after` (on entry) | `timer(id, delay, event)`; the event comes as an ordinary message |
 * | `cancel`, `after` (on exit) | `cancel(id)` |
 * | `raise` without a delay | nothing: XState has handled it already, in the same step |
 * | `emit` | `emit(event)` |
 * | `sendTo` without a delay | `tell(ref, event)` |
 * | `log` | nothing |
 * | a final state | `done(output)` |
 *
 * What the kernel must own itself (children, invoked work) and what could run away (wildcards, endless `always`) is
 * refused when the behaviour is made. XState is coupled to here, in `compile.ts` (types only) and in `definition.ts` (its
 * fields as plain interfaces), nowhere else; its version is pinned, and `test/runtime/xstate-contract.test.ts` holds
 * every fact that we rely on (kernel.md 2.1, 2.4). The type `any` appears here and nowhere else: XState's types want it.
 */
import type { ActorScope, EventObject, ExecutableActionObject, MachineContext, MachineSnapshot, ParameterizedObject, StateMachine, StateValue } from 'xstate'
import type { Message } from '../message.js'
import type { Tellable } from '../ref.js'
import type { Behavior, BehaviorOptions } from './behavior.js'
import { acceptedTypes, actionsOf, checkCreator, checkGuard, checkHandlers, checkNode, inertSelf, inertSystem, nodesOf, refusal, resolveAction, transitionsOf } from './definition.js'
import type { CreatorView, MachineView, NodeView } from './definition.js'
import type { EffectSet } from './effects.js'
import { checkBehaviorOptions, checkName, handlerTable, makeBehavior } from './make.js'
import type { Act, Effects, HandlerTable, Handlers, Out } from './out.js'

/** An XState machine, in the five types that matter here: context, messages, actions, state value, input; and output. */
export type Machine<C extends MachineContext, M extends EventObject, A extends ParameterizedObject, V extends StateValue, I, O> =
  StateMachine<C, M, any, any, A, any, any, V, any, I, O, any, any, any, any>

/** The state of an actor that runs such a machine. */
export type MachineState<C extends MachineContext, M extends EventObject, V extends StateValue, O> =
  MachineSnapshot<C, M, any, V, any, O, any, any>

/** `never` where a declared effect is not among the machine's actions: then the set was not spread into `setup`. */
export type NamedBy<A extends ParameterizedObject, E extends Effects> = [keyof E] extends [A['type']] ? unknown : never

/**
 * Makes a behaviour from a machine, the effects declared for it, and their handlers.
 *
 *     const fx = effects<{ openStream: { readonly id: number }, close: undefined }>({ openStream: true, close: true })
 *     const machine = setup({ types, actions: { ...fx } }).createMachine({ ... })
 *     const link = machineBehavior('link', machine, fx, {
 *       openStream: (actor, { id }) => { ... },
 *       close: actor => { ... }
 *     })
 *
 * About 5 us a step and 0.8 kB an actor; where that counts, `compiledBehavior` runs the same machine, if it is flat.
 *
 * Exit actions do not run when an actor is stopped or killed, so releasing belongs to what the actor owns, never to
 * `exit`. A throw in `assign`, in a guard or in parameters crashes the actor, its old state and the world untouched; so
 * does a throw at start, which is then a failed start.
 *
 * @throws TypeError when the machine holds what the kernel refuses (naming the state and what to do), when effects and
 *   handlers differ, or for an unknown option; RangeError for an option out of range
 */
export function machineBehavior<C extends MachineContext, M extends Message, A extends ParameterizedObject, V extends StateValue, I, O, E extends Effects> (
  name: string,
  machine: Machine<C, M, A, V, I, O>,
  fx: EffectSet<E> & NamedBy<A, E>,
  handlers: Handlers<NoInfer<E>, NoInfer<M>>,
  options: BehaviorOptions<NoInfer<M>> = {}
): Behavior<M, I, MachineState<C, M, V, O>> {
  type State = MachineState<C, M, V, O>
  checkName(name)
  const where = `machine behaviour '${name}'`
  checkBehaviorOptions(where, options)
  const table = handlerTable<E, M>(where, handlers)
  checkHandlers(where, fx, handlers)
  const view = machine as unknown as MachineView
  for (const node of nodesOf(view)) check(view, node, fx)

  let sink: Out
  // Not frozen: XState exchanges `actionExecutor` while a microstep runs, and puts it back, also after a throw.
  const scope = {
    self: inertSelf,
    system: inertSystem,
    actionExecutor (action: ExecutableActionObject): void {
      collect(action, fx, table, sink)
    }
  } as unknown as ActorScope<State, M>

  return makeBehavior<M, I, State>({
    name,
    options,
    accepts: acceptedTypes(view),
    handlers: table,
    initial (input, out) {
      sink = out
      const state: State = machine.getInitialSnapshot(scope, input)
      // 5.33.3 returns what a start throws; older versions threw it.
      if (state.status === 'error') throw state.error
      if (state.status === 'done') out.done(state.output)
      return state
    },
    step (state, message, out) {
      // XState would still take root transitions on a machine that is done.
      if (state.status !== 'active') return state
      sink = out
      const next: State = machine.transition(state, message, scope)
      if (next.status === 'done') out.done(next.output)
      else if (next.status === 'error') throw next.error
      else if (next.status === 'stopped') throw new TypeError(`${where}: the event '${message.type}' belongs to XState and must not be sent`)
      return next
    },
    describe: state => state.value,
    // A snapshot is full of the machine itself.
    save: ({ context, value }) => ({ context, value }),
    restore: saved => machine.resolveState(saved as { readonly context: C, readonly value: V })
  })
}

/** What a creator may be here. Others, new ones included, are refused. */
const carriedOut = new Set(['xstate.assign', 'xstate.raise', 'xstate.cancel', 'xstate.emit', 'xstate.log', 'xstate.sendTo', 'xstate.enqueueActions'])

/** Refuses what the kernel cannot carry out, node by node. */
function check (machine: MachineView, node: NodeView, fx: EffectSet<Effects>): void {
  checkNode(machine, node)
  for (const transition of transitionsOf(node)) checkGuard(machine, node, transition.guard)
  for (const action of actionsOf(node)) {
    const found = resolveAction(machine, node, action, fx)
    if (found.kind === 'effect') continue
    checkCreator(machine, node, found.creator)
    if (!carriedOut.has(found.creator.type)) throw refusal(machine, node, `it has the action '${found.creator.type}', which the kernel does not know`, 'declare an effect and do it in its handler')
    if (found.creator.type === 'xstate.sendTo') checkSendTo(machine, node, found.creator)
  }
}

function checkSendTo (machine: MachineView, node: NodeView, creator: CreatorView): void {
  if (creator.delay !== undefined) throw refusal(machine, node, "it has 'sendTo' with a delay", 'raise an event of its own with that delay, and send when it comes')
  if (typeof creator.to === 'string') throw refusal(machine, node, `it has 'sendTo' to the name '${creator.to}'`, 'send to a ref from the context, or declare an effect: a machine has neither children nor a parent here')
}

/**
 * Notes one action in `out`. XState hands over parameters and delays already evaluated, with the context of that point.
 *
 * `enqueueActions` decides at run time what it enqueues, so what was refused at load is refused here once more. The throw
 * leaves XState by way of `transition`: the step has failed and nothing is done.
 */
function collect (action: ExecutableActionObject, fx: EffectSet<Effects>, handlers: HandlerTable, out: Out): void {
  const { type, params } = action
  switch (type) {
    case 'xstate.raise': {
      const { event, id, delay } = params as { readonly event: Message, readonly id: unknown, readonly delay: unknown }
      if (typeof delay !== 'number') return
      if (typeof id !== 'string') throw new TypeError(`a delayed raise of '${event.type}' has no id; give it one, it names the timer`)
      return out.timer(id, delay, event)
    }
    case 'xstate.cancel': {
      const { sendId } = params as { readonly sendId: unknown }
      if (typeof sendId !== 'string') throw new TypeError(`cancel needs the id of a timer; got ${typeof sendId}`)
      return out.cancel(sendId)
    }
    case 'xstate.emit':
      return out.emit((params as { readonly event: Message }).event)
    case 'xstate.sendTo': {
      const { to, event, delay } = params as { readonly to: Partial<Tellable> | undefined, readonly event: Message, readonly delay: unknown }
      if (delay !== undefined) throw new TypeError(`sendTo of '${event.type}' has a delay; raise an event of its own with that delay, and send when it comes`)
      if (typeof to?.tell !== 'function') throw new TypeError(`sendTo of '${event.type}' needs a ref`)
      return out.tell(to as Tellable, event)
    }
    case 'xstate.log':
      return
  }
  // The very function that `effects` made, or an inline function could pass for an effect by its mere name.
  const declared = (fx as Readonly<Record<string, unknown>>)[type]
  if (declared === undefined || declared !== action.exec) throw new TypeError(`the action '${type}' is not a declared effect; declare it with effects() and spread the result into the actions of setup()`)
  out.push(handlers[type] as Act, params, undefined)
}
