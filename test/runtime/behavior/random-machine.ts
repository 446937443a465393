/**
 * Random flat machines, for the differential test: every feature that `compile.ts` compiles, in every mixture, throws
 * included. The same seed gives the same machine. All functions in a machine are pure; numbers in the context stay small.
 */
import { and, assign, cancel, createMachine, emit, log, not, or, raise } from 'xstate'
import type { AnyStateMachine } from 'xstate'
import { nodesOf } from '../../../src/runtime/behavior/definition.js'
import type { MachineView } from '../../../src/runtime/behavior/definition.js'
import { effects } from '../../../src/runtime/behavior/effects.js'
import type { Message } from '../../../src/runtime/message.js'

export interface Params { readonly a: number, readonly b?: string }
export interface RandomEffects { e0: undefined, e1: Params, e2: Params | undefined }

export const fx = effects<RandomEffects>({ e0: true, e1: true, e2: true })

/** Messages carry one number, so that guards and assigns have something to read. */
export interface RandomMessage extends Message { readonly v?: number }

export interface RandomMachine {
  readonly machine: AnyStateMachine
  /** What to send it: all that it knows, its timers' events, and one that it does not know. */
  readonly messages: readonly RandomMessage[]
  readonly inputs: readonly unknown[]
}

interface Context { readonly n: number, readonly s: string }
interface Args { readonly context: Context, readonly event: RandomMessage & { readonly output?: unknown, readonly input?: unknown } }

/** mulberry32: small, and good enough to choose with. */
export function randomNumbers (seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6D2B79F5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export function randomMachine (seed: number): RandomMachine {
  const next = randomNumbers(seed)
  const below = (n: number): number => Math.floor(next() * n)
  const chance = (p: number): boolean => next() < p
  const pick = <T>(...list: readonly T[]): T => list[below(list.length)] as T
  const some = <T>(least: number, most: number, make: () => T): T[] => Array.from({ length: least + below(most - least + 1) }, make)

  const states = Array.from({ length: 2 + below(5) }, (_, i) => `s${i}`)
  const types = Array.from({ length: 2 + below(4) }, (_, i) => `e${i}`)
  const raisedTypes = ['r0', 'r1']
  const timers = ['t0', 't1']
  const throwing = chance(0.4)
  const always = chance(0.5)

  /** A number from context and event, always the same one. */
  const salt = (): ((args: Args) => number) => {
    const [a, b, c] = [below(5), 1 + below(5), below(7)]
    return ({ context, event }) => context.n * a + (event.v ?? c) * b + c
  }
  const maybeThrow = <F extends (args: Args, params: never) => unknown>(fn: F): F => {
    if (!throwing || !chance(0.08)) return fn
    const at = below(4)
    const text = `thrown by ${below(1000)}`
    return ((args: Args, params: never) => {
      if ((args.context.n + (args.event.v ?? 0)) % 4 === at) throw new RangeError(text)
      return fn(args, params)
    }) as F
  }

  const test = (): ((args: Args) => boolean) => {
    const number = salt()
    const [k, r] = [2 + below(3), below(2)]
    return maybeThrow((args: Args) => number(args) % k === r)
  }
  const paramsOf = (): Params => chance(0.5) ? { a: below(5) } : { a: below(5), b: pick('x', 'y') }
  const paramsOrFunction = (): unknown => {
    if (chance(0.4)) return paramsOf()
    const number = salt()
    return maybeThrow((args: Args) => ({ a: number(args) % 7 }))
  }

  const guard = (depth = 0): unknown => {
    const kind = below(depth > 2 ? 4 : 8)
    switch (kind) {
      case 0: case 1: return test()
      case 2: return pick('g0', 'g1', 'combined')
      case 3: return { type: 'gp', params: paramsOrFunction() }
      case 4: return and(some(0, 3, () => guard(depth + 1)) as never)
      case 5: return or(some(0, 3, () => guard(depth + 1)) as never)
      case 6: return not(guard(depth + 1) as never)
      default: return { type: 'combined' }
    }
  }

  const message = (): unknown => {
    const type = pick(...raisedTypes, ...types)
    if (chance(0.4)) return { type, v: below(4) }
    const number = salt()
    return maybeThrow((args: Args) => ({ type, v: number(args) % 4 }))
  }
  const delay = (): unknown => {
    switch (below(5)) {
      case 0: return 10 * below(5)
      case 1: return pick('short', 'long', 'unsteady')
      case 2: {
        const number = salt()
        return maybeThrow((args: Args) => number(args) % 50)
      }
      case 3: {
        const number = salt()
        return (args: Args) => number(args) % 3 === 0 ? undefined : 25
      }
      default: return undefined
    }
  }
  const raising = (): unknown => {
    const wait = delay()
    return raise(message() as never, (wait === undefined ? {} : { delay: wait, id: pick(...timers) }) as never)
  }
  const assignment = (): unknown => {
    const number = salt()
    const change = maybeThrow((args: Args, params?: Params) => (number(args) + (params?.a ?? 0)) % 11)
    switch (below(4)) {
      case 0: return assign({ n: change })
      case 1: return assign({ n: below(11), s: maybeThrow(({ context }: Args) => (context.s + 'a').slice(-3)) })
      case 2: return assign((args: Args, params: Params) => ({ n: change(args, params) }))
      default: return assign((args: Args) => number(args) % 2 === 0 ? {} : { s: 'f', n: args.context.n })
    }
  }
  const action = (): unknown => {
    switch (below(16)) {
      case 0: return 'e0'
      case 1: return { type: 'e0' }
      case 2: case 3: return { type: 'e1', params: paramsOrFunction() }
      case 4: return chance(0.5) ? 'e2' : { type: 'e2', params: paramsOrFunction() }
      case 5: case 6: case 7: return assignment()
      case 8: return pick('count', 'mark')
      case 9: return { type: 'add', params: paramsOrFunction() }
      case 10: return raising()
      case 11: return { type: pick('raiseNamed', 'raiseLater', 'emitNamed', 'cancelNamed'), params: paramsOrFunction() }
      case 12: return chance(0.5) ? cancel(pick(...timers)) : cancel((({ context }: Args) => timers[context.n % 2]) as never)
      case 13: {
        const number = salt()
        return emit((chance(0.5) ? { type: 'news', v: below(3) } : maybeThrow((args: Args) => ({ type: 'news', v: number(args) }))) as never)
      }
      case 14: return log((chance(0.5) ? 'text' : maybeThrow(({ context }: Args) => context.n)) as never)
      default: return pick('e0', 'count')
    }
  }
  const actions = (most: number): unknown => {
    const list = some(0, most, action)
    return list.length === 1 && chance(0.5) ? list[0] : list
  }

  const transition = (targets: readonly string[], guarded: number, mayReenter = true): unknown => {
    const target = pick(...targets, ...targets, undefined)
    const config: Record<string, unknown> = {}
    if (target !== undefined) config['target'] = target
    if (chance(guarded)) config['guard'] = guard()
    if (chance(0.7)) config['actions'] = actions(3)
    if (mayReenter && chance(0.25)) config['reenter'] = true
    return config
  }
  const transitions = (targets: readonly string[], mayReenter = true): unknown => {
    if (chance(0.08)) return undefined
    if (chance(0.15)) return pick(...targets)
    const list = [...some(0, 2, () => transition(targets, 0.8, mayReenter)), transition(targets, 0.4, mayReenter)]
    return list.length === 1 && chance(0.5) ? list[0] : list
  }
  const on = (targets: readonly string[], p: number, mayReenter = true): Record<string, unknown> =>
    Object.fromEntries([...types, ...raisedTypes].filter(() => chance(p)).map(type => [type, transitions(targets, mayReenter)]))
  const output = (): unknown => {
    if (chance(0.5)) return pick<unknown>('text', 7, { deep: [1] })
    return maybeThrow(({ context, event }: Args) => ({ n: context.n, type: event.type, inner: event.output }))
  }

  const state = (name: string): Record<string, unknown> => {
    const config: Record<string, unknown> = {}
    if (chance(0.5)) config['entry'] = actions(3)
    if (chance(0.5)) config['exit'] = actions(3)
    if (chance(0.3)) config['after'] = Object.fromEntries(some(1, 2, () => [pick('10', '20', 'short', 'unsteady'), transitions(states)] as const).filter(([, to]) => to !== undefined))
    if (chance(name === 's0' ? 0.02 : 0.2)) return { ...config, type: 'final', ...chance(0.6) ? { output: output() } : {} }
    if (chance(0.2)) config['id'] = `id-${name}`
    if (chance(0.1)) config['tags'] = ['tag']
    config['on'] = on(states, 0.6)
    if (always && chance(0.4)) config['always'] = [...some(0, 1, () => transition(states, 0.9)), transition(states, 0.85)]
    return config
  }

  const contextOf = maybeThrow((({ input }: { input: number | undefined }) => ({ n: (input ?? 3) % 11, s: '' })) as never) as unknown
  const root: Record<string, unknown> = {
    id: 'm',
    initial: chance(0.3) ? { target: 's0', actions: actions(3) } : 's0',
    context: chance(0.5) ? { n: below(11), s: '' } : (throwing ? ({ input }: { input?: number }) => { if (input === 5) throw new RangeError('no context'); return { n: (input ?? 3) % 11, s: '' } } : contextOf),
    options: { maxIterations: 3 + below(12) },
    states: Object.fromEntries(states.map(name => [name, state(name)]))
  }
  if (chance(0.5)) root['on'] = on(states.map(name => `.${name}`), 0.4, false)
  if (chance(0.3)) root['entry'] = actions(3)
  if (chance(0.3)) root['exit'] = actions(3)
  if (chance(0.6)) root['output'] = output()

  const implementations = {
    actions: {
      ...fx,
      count: assign({ n: ({ context }: Args) => (context.n + 1) % 11 }),
      mark: assign({ s: 'm' }),
      add: assign((args: Args, params: Params) => ({ n: (args.context.n + params.a) % 11, s: params.b ?? args.context.s })),
      raiseNamed: raise(((_: Args, params: Params) => ({ type: 'r0', v: params.a })) as never),
      raiseLater: raise({ type: 'r1' }, { id: 't1', delay: (_: Args, params: Params) => params.a === 3 ? undefined : params.a } as never),
      emitNamed: emit(((_: Args, params: Params) => ({ type: 'news', v: params.a })) as never),
      cancelNamed: cancel(((_: Args, params: Params) => `t${params.a % 2}`) as never)
    },
    guards: {
      g0: test(),
      g1: test(),
      gp: maybeThrow((args: Args, params: Params) => (args.context.n + params.a) % 2 === 0),
      combined: or([and(['g0', test()] as never), not('g1' as never), { type: 'gp', params: { a: 1 } }] as never)
    },
    delays: {
      short: 5,
      long: ({ context }: Args) => context.n * 100,
      unsteady: ({ context }: Args) => context.n % 3 === 0 ? undefined : context.n
    }
  }
  const machine = createMachine(root as never, implementations as never) as unknown as AnyStateMachine
  return { machine, messages: messagesOf(machine, types, raisedTypes), inputs: [undefined, below(20), 5] }
}

/** The messages that the timers of `after` bring. */
export const timerMessages = (machine: AnyStateMachine): readonly Message[] =>
  nodesOf(machine as unknown as MachineView).flatMap(node => node.after.map(({ eventType }) => ({ type: eventType })))

function messagesOf (machine: AnyStateMachine, types: readonly string[], raisedTypes: readonly string[]): readonly RandomMessage[] {
  return [
    ...types.flatMap(type => [0, 1, 3].map(v => ({ type, v }))),
    ...raisedTypes.map(type => ({ type, v: 2 })),
    ...timerMessages(machine),
    { type: 'nobody knows this' }
  ]
}
