import { createSystem, reducer, type ActorRef, type Out, type System } from '../../src/runtime.js'
import { alternate, clock, median, ratios, type Side } from '../support/sampling.js'
import type { Scenario, Sheet } from '../support/sheet.js'
import { Countdown, each } from './parts.js'

const actors = 100
const burst = 100
const rounds = 10
const awaits = 20

export const contain: Scenario = {
  name: 'contain',
  what: `containUncaught: bursts of ${burst} messages to each of ${actors} reducers, and ${actors} tasks of ${awaits} awaits each, with it and without it, one process each way by turns`,
  run
}

/**
 * Node 20 and 22 hook every promise of the process as long as anything contains, so the side without it must be measured while
 * nobody does: each sample makes its system and stops it.
 */
async function run (sheet: Sheet): Promise<void> {
  const [without, withIt, taskWithout, taskWith] = await alternate([
    messages(sheet, 'messages, without', false),
    messages(sheet, 'messages, with', true),
    tasks('awaits in tasks, without', false),
    tasks('awaits in tasks, with', true)
  ], { rounds: 41, warmup: 8 })
  sheet.figure('a message, without', 'ns', without!)
  sheet.figure('a message, with containUncaught', 'ns', withIt!)
  sheet.figure('an await in a task, without', 'ns', taskWithout!)
  sheet.figure('an await in a task, with containUncaught', 'ns', taskWith!)
  sheet.atMost('a message with containUncaught', median(ratios(withIt!, without!)), 1.15, 'times')
  sheet.note(`an await with containUncaught takes ${median(ratios(taskWith!, taskWithout!)).toFixed(2)} times as long on this Node (${process.versions.node}); before Node 24 that is the price of AsyncLocalStorage, for all promises of the process`)
}

interface Add { readonly type: 'counter.add', readonly n: number }
interface Go { readonly type: 'worker.go' }

function messages (sheet: Sheet, name: string, containUncaught: boolean): Side {
  return {
    name,
    async sample () {
      const handled = new Countdown()
      const system = createSystem({ log: { level: 'off' }, containUncaught })
      const behavior = reducer({
        name: 'counter',
        initial: () => ({ count: 0 }),
        step (state: { readonly count: number }, message: Add) {
          handled.hit()
          return { count: state.count + message.n }
        }
      })
      const refs = Array.from({ length: actors }, (): ActorRef<Add> => system.spawn(behavior, { input: undefined }))
      await system.ready()
      const began = clock()
      for (let b = 0; b < rounds; b++) {
        const done = handled.expect(actors * burst)
        for (let m = 0; m < burst; m++) for (const ref of refs) ref.tell({ type: 'counter.add', n: m })
        await done
      }
      const ns = each(began, actors * burst * rounds)
      sheet.verify('messages handled', handled.hits, actors * burst * rounds)
      await system.stop()
      return ns
    }
  }
}

function tasks (name: string, containUncaught: boolean): Side {
  return {
    name,
    async sample () {
      const system = createSystem({ log: { level: 'off' }, containUncaught })
      const handled = new Countdown()
      const done = handled.expect(actors * rounds)
      const refs = Array.from({ length: actors }, () => worker(system, handled))
      await system.ready()
      const began = clock()
      for (let b = 0; b < rounds; b++) for (const ref of refs) ref.tell({ type: 'worker.go' })
      await done
      const ns = each(began, actors * rounds * awaits)
      await system.stop()
      return ns
    }
  }
}

function worker (system: System, handled: Countdown): ActorRef<Go> {
  return system.spawn(reducer({
    name: 'worker',
    initial: () => 0,
    step (state, _message: Go, out: Out<{ work: undefined }>) {
      out.do('work')
      return state
    },
    effects: {
      work (actor) {
        actor.task(async () => {
          for (let i = 0; i < awaits; i++) await Promise.resolve()
          handled.hit()
        }, {})
      }
    }
  }), { input: undefined })
}
