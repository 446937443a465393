import { createActor, fromTransition } from 'xstate'
import { reducer, type ActorRef, type Out } from '../../src/runtime.js'
import { alternate, clock, median, ratios, type Side } from '../support/sampling.js'
import type { Scenario, Sheet } from '../support/sheet.js'
import { cellOf, Countdown, eachMicros, quietSystem, until } from './parts.js'

const batch = 500
const batches = 20
const rounds = 25
const fewSiblings = 100
const manySiblings = 100_000

export const spawnStop: Scenario = {
  name: 'spawn-stop',
  what: `spawn and stop, ${batch} at a time through the real event loop, until all have started and gone: bare, with timer, resource and watcher, and among ${fewSiblings} and ${manySiblings} siblings`,
  run
}

async function run (sheet: Sheet): Promise<void> {
  const sides = [bare(sheet, 'bare', 0), laden(sheet), bare(sheet, 'few', fewSiblings), bare(sheet, 'many', manySiblings), createActors(sheet)]
  const [own, full, few, many, xstate] = await alternate(sides, { rounds })
  sheet.figure('bare', 'us', own!)
  sheet.figure('with timer, resource and watcher', 'us', full!)
  sheet.figure(`among ${fewSiblings} siblings`, 'us', few!)
  sheet.figure(`among ${manySiblings} siblings`, 'us', many!)
  sheet.figure('createActor(fromTransition), start and stop', 'us', xstate!)
  sheet.atMost('spawn and stop, bare', median(own!), 1, 'us')
  sheet.atMost('spawn and stop with timer, resource and watcher', median(full!), 4, 'us')
  sheet.atMost(`among ${manySiblings} siblings against ${fewSiblings}`, median(ratios(many!, few!)), 1.5, 'times')
  sheet.note(`createActor: bare spawn and stop is ${median(ratios(xstate!, own!)).toFixed(1)} times as fast`)
}

function bare (sheet: Sheet, name: string, siblings: number): Side {
  const system = quietSystem()
  let started = 0
  const child = reducer({
    name: 'child',
    initial () {
      started++
      return { count: 0 }
    },
    step: state => state
  })
  const parent = cellOf(system.spawn(reducer({ name: 'parent', initial: () => 0, step: state => state }), { input: undefined }))
  const sibling = reducer({ name: 'sibling', initial: () => ({ count: 0 }), step: state => state })
  for (let i = 0; i < siblings; i++) parent.spawn(sibling, { input: undefined })
  const still = system.liveCells
  return {
    name,
    async sample () {
      started = 0
      const began = clock()
      for (let b = 0; b < batches; b++) {
        const refs: ActorRef[] = []
        for (let i = 0; i < batch; i++) refs.push(parent.spawn(child, { input: undefined }))
        await until(() => cellOf(refs[batch - 1]).statusName === 'running')
        for (let i = 0; i < batch; i++) parent.stop(refs[i]!)
        await until(() => system.liveCells === still)
      }
      const us = eachMicros(began, batches * batch)
      sheet.verify('lives of bare actors', started, batches * batch)
      sheet.verify('left over', system.liveCells - still, 0)
      return us
    }
  }
}

/** Each arms a timer and owns a resource when it starts, and another actor watches it. */
function laden (sheet: Sheet): Side {
  const system = quietSystem()
  const gone = new Countdown()
  let disposed = 0
  interface Effects { hold: undefined }
  const child = reducer({
    name: 'child',
    initial (_: undefined, out: Out<Effects>) {
      out.timer('idle', 3_600_000, { type: 'child.idle' })
      out.do('hold')
      return 0
    },
    step: (state: number, _message: { readonly type: 'child.idle' }, _out: Out<Effects>) => state,
    effects: { hold: actor => { actor.own({ [Symbol.dispose] () { disposed++ } }) } }
  })
  const watcher = cellOf(system.spawn(reducer({
    name: 'watcher',
    initial: () => 0,
    step (count: number, _: { readonly type: 'watcher.down' }) {
      gone.hit()
      return count + 1
    }
  }), { input: undefined }))
  const still = system.liveCells + 1
  const parent = cellOf(system.spawn(reducer({ name: 'parent', initial: () => 0, step: state => state }), { input: undefined }))
  return {
    name: 'laden',
    async sample () {
      disposed = gone.hits = 0
      const began = clock()
      for (let b = 0; b < batches; b++) {
        const done = gone.expect(batch)
        const refs: ActorRef<never>[] = []
        for (let i = 0; i < batch; i++) {
          const ref = parent.spawn(child, { input: undefined })
          watcher.watch(ref, () => ({ type: 'watcher.down' }))
          refs.push(ref)
        }
        await until(() => system.liveTimers >= batch)
        for (let i = 0; i < batch; i++) parent.stop(refs[i]!)
        await done
      }
      const us = eachMicros(began, batches * batch)
      sheet.verify('ends heard by the watcher', gone.hits, batches * batch)
      sheet.verify('resources disposed', disposed, batches * batch)
      sheet.verify('left over', system.liveCells - still + system.liveTimers + system.liveResources, 0)
      return us
    }
  }
}

function createActors (sheet: Sheet): Side {
  let started = 0
  const logic = fromTransition((state: { readonly count: number }) => state, () => {
    started++
    return { count: 0 }
  })
  return {
    name: 'createActor',
    sample () {
      started = 0
      const began = clock()
      for (let b = 0; b < batches; b++) {
        const refs = []
        for (let i = 0; i < batch; i++) refs.push(createActor(logic).start())
        for (let i = 0; i < batch; i++) refs[i]!.stop()
      }
      const us = eachMicros(began, batches * batch)
      sheet.verify('lives of createActor', started, batches * batch)
      return us
    }
  }
}
