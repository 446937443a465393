import { createActor, createMachine, spawnChild, stopChild } from 'xstate'
import { reducer, type Out } from '../../src/runtime.js'
import type { Cell } from '../../src/runtime/cell.js'
import { alternate, clock, median, ratios, type Side } from '../support/sampling.js'
import type { Scenario, Sheet } from '../support/sheet.js'
import { cellOf, handSystem } from './parts.js'

const few = 10
const some = 1000
const many = 100_000
/** How many are stopped at a time. */
const batch = 10
const xstateActors = 500

export const timers: Scenario = {
  name: 'timers',
  what: `stop of an actor that holds a timer, among ${few}, ${some} and ${many} such actors; the loop turned by hand`,
  run
}

const holder = reducer({
  name: 'holder',
  initial (delayMs: number, out: Out) {
    out.timer('idle', delayMs, { type: 'holder.idle' })
    return 0
  },
  step: state => state
})

async function run (sheet: Sheet): Promise<void> {
  const [a, b, c, cold, xstate] = await alternate([ours(sheet, few, 'fresh'), ours(sheet, some, 'fresh'), ours(sheet, many, 'fresh'), ours(sheet, many, 'cold'), theirs()], { rounds: 41 })
  sheet.figure(`among ${few}`, 'us', a!)
  sheet.figure(`among ${some}`, 'us', b!)
  sheet.figure(`among ${many}`, 'us', c!)
  sheet.figure(`among ${many}, one that nobody has touched for long`, 'us', cold!)
  sheet.figure(`stopChild in XState, among ${xstateActors}`, 'us', xstate!)
  sheet.atMost(`among ${some} against ${few}`, median(ratios(b!, a!)), 2, 'times')
  sheet.atMost(`among ${many} against ${few}`, median(ratios(c!, a!)), 2, 'times')
  sheet.note(`${batch} are stopped at a time; the due times lie at random within an hour, so a timer is taken out of the middle of the heap; those in the lines were started just before, so the processor still has them in its cache`)
}

/** `count` actors that hold a timer for good, and `batch` that are stopped: fresh ones, or in turn the oldest of all. */
function ours (sheet: Sheet, count: number, which: 'fresh' | 'cold'): Side {
  const { system, loop } = handSystem()
  const parent = cellOf(system.spawn(reducer({ name: 'parent', initial: () => 0, step: state => state }), { input: undefined }))
  let seed = 1
  const start = (): Cell => {
    seed = Math.imul(seed, 48_271) & 0x7fff_ffff
    return cellOf(parent.spawn(holder, { input: 3_600_000 + seed % 3_600_000 }))
  }
  const refs = Array.from({ length: count }, start)
  loop.pump()
  let at = 0
  return {
    name: `${count}`,
    sample () {
      const times = 1000
      let ms = 0
      let stopped = 0
      for (let t = 0; t < times; t++) {
        const stopping: Cell[] = []
        for (let i = 0; i < batch; i++) {
          const fresh = start()
          if (which === 'fresh') stopping.push(fresh)
          else {
            at = (at + 7919) % count
            stopping.push(refs[at]!)
            refs[at] = fresh
          }
        }
        loop.pump()
        const began = clock()
        for (const actor of stopping) parent.stop(actor)
        loop.pump()
        ms += clock() - began
        if (system.liveTimers !== count) throw new Error(`${system.liveTimers} timers are left, not ${count}`)
        for (const { statusName } of stopping) if (statusName === 'down') stopped++
      }
      sheet.verify('actors stopped, each with a timer', stopped, times * batch)
      return ms * 1000 / (times * batch)
    }
  }
}

/** Children of one XState parent, each in a state with `after`. */
function theirs (): Side {
  const child = createMachine({ initial: 'waiting', states: { waiting: { after: { 3_600_000: 'over' } }, over: {} } })
  const parent = createActor(createMachine({
    on: {
      add: { actions: spawnChild(child, { id: ({ event }) => (event as unknown as { id: string }).id }) },
      stop: { actions: stopChild(({ event }) => (event as unknown as { id: string }).id) }
    }
  })).start()
  for (let i = 0; i < xstateActors; i++) parent.send({ type: 'add', id: `${i}` })
  let at = 0
  return {
    name: 'XState',
    sample () {
      const times = 20
      let ms = 0
      for (let t = 0; t < times; t++) {
        at = (at + 79) % xstateActors
        const began = clock()
        parent.send({ type: 'stop', id: `${at}` })
        ms += clock() - began
        parent.send({ type: 'add', id: `${at}` })
      }
      return ms * 1000 / times
    }
  }
}
