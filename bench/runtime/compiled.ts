import { createActor, type ActorScope } from 'xstate'
import { compiledBehavior, type ActorRef } from '../../src/runtime.js'
import { Out } from '../../src/runtime/behavior/out.js'
import { alternate, clock, median, ratios, type Side } from '../support/sampling.js'
import type { Scenario, Sheet } from '../support/sheet.js'
import { workEffects, workMachine, type WorkMessage } from './machines.js'
import { Countdown, each, quietSystem } from './parts.js'

const machineCount = 20
const actors = 1000
const rounds = 21

export const compiled: Scenario = {
  name: 'compiled',
  what: `${machineCount} different compiled machines, fresh messages: the step alone beside machine.transition, and the step in ${actors} cells beside createActor`,
  run
}

interface Work {
  readonly name: string
  readonly message: (n: number) => WorkMessage
}

const works: readonly Work[] = [
  { name: 'unhandled', message: () => ({ type: 'work.ignore' }) },
  { name: 'effect only', message: n => ({ type: 'work.report', n }) },
  { name: 'change of state', message: n => ({ type: 'work.go', n }) },
  { name: 'assign', message: n => ({ type: 'work.count', n }) },
  { name: 'guard, assign, after', message: n => ({ type: 'work.try', n }) }
]

async function run (sheet: Sheet): Promise<void> {
  let dearest = 0
  let leastRatio = Infinity
  for (const work of works) {
    const [own, xstate] = await alternate([stepSide(sheet, work), transitionSide(work)], { rounds })
    dearest = Math.max(dearest, sheet.figure(`step alone, ${work.name}`, 'ns', own!))
    sheet.figure(`machine.transition, ${work.name}`, 'ns', xstate!)
    leastRatio = Math.min(leastRatio, median(ratios(xstate!, own!)))
  }
  sheet.atMost('step alone, the dearest kind', dearest / 1000, 0.3, 'us')
  sheet.atLeast('as fast as machine.transition, the least of the kinds', leastRatio, 15, 'times')

  let dearestInCell = 0
  // What is not handled has no effect to count it by.
  for (const work of works.slice(1)) {
    const [own, xstate] = await alternate([cellSide(sheet, work), actorSide(sheet, work)], { rounds, warmup: 8 })
    const ns = sheet.figure(`in the cell, ${work.name}`, 'ns', own!)
    sheet.figure(`createActor, ${work.name}`, 'ns', xstate!)
    if (work !== works.at(-1)) dearestInCell = Math.max(dearestInCell, ns)
  }
  sheet.atMost('in the cell without timer, the dearest kind', dearestInCell / 1000, 0.6, 'us')
  sheet.note('steps alone include making the message; in the cell a burst of 10 messages an actor goes through mailbox, run queue, recorder and effect handler, on the real event loop; `after` arms and cancels a real timer in turn')
}

function stepSide (sheet: Sheet, { name, message }: Work): Side {
  const nothing = (): void => {}
  const behaviors = Array.from({ length: machineCount }, (_, i) =>
    compiledBehavior(`work${i}`, workMachine(i), workEffects, { report: nothing, went: nothing, counted: nothing, tried: nothing }))
  const out = new Out()
  const states = behaviors.map(behavior => {
    out.begin(behavior.handlers)
    const state = behavior.initial(undefined, out)
    out.discard()
    return state
  })
  let n = 0
  return {
    name,
    sample () {
      const steps = 2000
      const before = states.map(({ row, context }) => ({ row, n: context.n, tries: context.tries }))
      const began = clock()
      for (let s = 0; s < steps; s++) {
        for (let i = 0; i < machineCount; i++) {
          const behavior = behaviors[i]!
          out.begin(behavior.handlers)
          states[i] = behavior.step(states[i]!, message(n++ & 7), out)
          out.discard()
        }
      }
      const ns = each(began, steps * machineCount)
      if (name === 'guard, assign, after') states.forEach(({ context }, i) => { sheet.verify('tries counted by steps alone', context.tries - before[i]!.tries, steps) })
      return ns
    }
  }
}

/** `machine.transition` with a scope made once, which is the cheapest way to call it. */
function transitionSide ({ name, message }: Work): Side {
  const scope = {
    self: {},
    system: { _sendInspectionEvent () {} },
    actionExecutor () {}
  } as unknown as ActorScope<never, never, never, never>
  const machines = Array.from({ length: machineCount }, (_, i) => workMachine(i))
  const states = machines.map(machine => machine.getInitialSnapshot(scope as never, undefined as never))
  let n = 0
  return {
    name,
    sample () {
      const steps = 100
      const began = clock()
      for (let s = 0; s < steps; s++) {
        for (let i = 0; i < machineCount; i++) {
          states[i] = machines[i]!.transition(states[i]!, message(n++ & 7), scope as never)
        }
      }
      return each(began, steps * machineCount)
    }
  }
}

function cellSide (sheet: Sheet, { name, message }: Work): Side {
  const handled = new Countdown()
  const hit = (): void => { handled.hit() }
  const system = quietSystem()
  const behaviors = Array.from({ length: machineCount }, (_, i) =>
    compiledBehavior(`work${i}`, workMachine(i), workEffects, { report: hit, went: hit, counted: hit, tried: hit }))
  const refs = Array.from({ length: actors }, (_, i): ActorRef<WorkMessage> => system.spawn(behaviors[i % machineCount]!, { input: undefined }))
  let n = 0
  return {
    name,
    async sample () {
      const bursts = 5
      const burst = 10
      const began = clock()
      for (let b = 0; b < bursts; b++) {
        const done = handled.expect(actors * burst)
        for (let m = 0; m < burst; m++) {
          for (let i = 0; i < actors; i++) refs[i]!.tell(message(n++ & 7))
        }
        await done
      }
      const ns = each(began, bursts * burst * actors)
      sheet.verify('messages handled in cells', handled.hits, n)
      handled.hits = n = 0
      return ns
    }
  }
}

function actorSide (sheet: Sheet, { name, message }: Work): Side {
  const handled = new Countdown()
  const hit = (): void => { handled.hit() }
  const machines = Array.from({ length: machineCount }, (_, i) => workMachine(i).provide({ actions: { report: hit, went: hit, counted: hit, tried: hit } }))
  const refs = Array.from({ length: actors }, (_, i) => createActor(machines[i % machineCount]!).start())
  return {
    name,
    sample () {
      const times = 2
      let n = 0
      const began = clock()
      for (let m = 0; m < times; m++) {
        for (let i = 0; i < actors; i++) refs[i]!.send(message(n++ & 7))
      }
      const ns = each(began, times * actors)
      sheet.verify('events handled by createActor', handled.hits, n)
      handled.hits = 0
      return ns
    }
  }
}
