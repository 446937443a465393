/** Actors for the tests of inspection: a counter whose state can be seen, supervisors, and ends of several kinds. */
import type { Behavior, BehaviorOptions } from '../../../src/runtime/behavior/behavior.js'
import type { Out } from '../../../src/runtime/behavior/out.js'
import { reducer } from '../../../src/runtime/behavior/reducer.js'
import type { ActorContext } from '../../../src/runtime/context.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import { child, type ChildSpec, type Supervision } from '../../../src/runtime/supervision.js'
import type { System, SystemOptions } from '../../../src/runtime/system.js'

export type CounterMessage =
  | { readonly type: 'counter.add', readonly n: number }
  | { readonly type: 'counter.look' }
  | { readonly type: 'counter.break' }
  | { readonly type: 'counter.do', readonly run: (actor: ActorContext<CounterMessage>) => void }

export interface CounterEffects {
  run: (actor: ActorContext<CounterMessage>) => void
}

export type Counter = Behavior<CounterMessage, number, { readonly count: number }>

/** Counts what is added, breaks when it is told to, and does as an effect what it is given. */
export function counter (options: BehaviorOptions<CounterMessage> & { readonly name?: string } = {}): Counter {
  return reducer({
    name: 'counter',
    ...options,
    initial: (start: number) => {
      if (Number.isNaN(start)) throw new RangeError('no number to start from')
      return { count: start }
    },
    step (state: { readonly count: number }, message: CounterMessage, out: Out<CounterEffects>) {
      switch (message.type) {
        case 'counter.add': return message.n === 0 ? state : { count: state.count + message.n }
        case 'counter.look': return state
        case 'counter.break': throw new Error('it broke', { cause: new TypeError('a screw was loose') })
        case 'counter.do':
          out.do('run', message.run)
          return state
      }
    },
    effects: { run: (actor: ActorContext<CounterMessage>, run: CounterEffects['run']) => { run(actor) } }
  })
}

export const add = (n: number): CounterMessage => ({ type: 'counter.add', n })
export const look: CounterMessage = { type: 'counter.look' }
export const breakDown: CounterMessage = { type: 'counter.break' }
export const perform = (run: CounterEffects['run']): CounterMessage => ({ type: 'counter.do', run })

/** A supervisor that also counts: so that it can be told to break. */
export function boss (name: string, supervision: Supervision, options: BehaviorOptions<CounterMessage> = {}): Counter {
  return counter({ name, supervision, ...options })
}

export function permanent (name: string, behavior: Counter = counter(), start = 0): ChildSpec {
  return child(name, behavior, { input: () => start })
}

export interface Scene {
  readonly world: SimWorld
  readonly system: System
  /** Tells whoever lives there. */
  readonly tell: (path: string, message: CounterMessage) => void
}

/** A test in a world whose order and times follow from its seed. The system is stopped at the end. */
export function inCompany (scene: (scene: Scene) => Promise<void>, options: SystemOptions & { readonly seed?: number } = {}): () => Promise<void> {
  return async () => {
    const { seed = 1, ...rest } = options
    const world = new SimWorld({ seed })
    const system = world.system({ name: 'shop', ...rest })
    try {
      await world.until(system.ready())
      await scene({ world, system, tell: (path, message) => { system.named<CounterMessage>(path).tell(message) } })
    } finally {
      await world.stop()
      await world.settle()
    }
  }
}
