import { createActor } from 'xstate'
import { compiledBehavior } from '../../src/runtime.js'
import { alternate, clock, median, ratios, type Side } from '../support/sampling.js'
import type { Scenario, Sheet } from '../support/sheet.js'
import { streamEffects, streamMachine, type StreamMessage } from './machines.js'
import { cellOf, Countdown, eachMicros, quietSystem, until } from './parts.js'

const rounds = 60

export const life: Scenario = {
  name: 'life',
  what: 'life of a stream: spawn a compiled machine that arms a deadline, three events (one cancels it), stop; through the real event loop, beside createActor of the same machine',
  run
}

/** Three events, fresh: it negotiates, learns a limit, is half-closed. */
const events: ReadonlyArray<() => StreamMessage> = [
  () => ({ type: 'stream.negotiated', protocol: '/echo/1.0.0' }),
  () => ({ type: 'stream.limit', windowBytes: 1_048_576 }),
  () => ({ type: 'stream.remote-closed' })
]

async function run (sheet: Sheet): Promise<void> {
  // A process of its own runs this scenario, so these are the first lives in it.
  const cold = ours(sheet, 100, 1)
  const first: number[] = []
  for (let i = 0; i < 200; i++) first.push(await cold.sample())
  sheet.figure('the first 1,000 lives of a process, by hundreds', 'us', first.slice(0, 10))
  sheet.figure('the next 4,000', 'us', first.slice(10, 50))
  sheet.figure('the next 15,000', 'us', first.slice(50))

  const sides = [ours(sheet, 200, 10), ours(sheet, 10, 100), xstate(sheet)]
  const [many, few, theirs] = await alternate(sides, { rounds, warmup: 10 })
  sheet.figure('warm, 200 at a time', 'us', many!)
  sheet.figure('warm, 10 at a time', 'us', few!)
  sheet.figure('createActor, one by one, warm', 'us', theirs!)
  sheet.atMost('life of a stream, warm', Math.max(median(many!), median(few!)), 8, 'us')
  sheet.atMost('life of a stream, the first 1,000 excepted', median(first.slice(10)), 8, 'us')
  sheet.atLeast('as fast as createActor', Math.min(median(ratios(theirs!, many!)), median(ratios(theirs!, few!))), 5, 'times')
  sheet.note('what spreads these figures: a process interprets its first thousands of lives, and has compiled all of it after some ten thousand; a full collection falls into one sample in sixteen (the p99) and adds some 5 us to each of its lives; what else moves moves createActor alike, so it is the machine')
}

function ours (sheet: Sheet, batch: number, batches: number): Side {
  const read = new Countdown()
  const stream = compiledBehavior('stream', streamMachine, streamEffects, {
    opened () {},
    readable () { read.hit() },
    tell () {}
  })
  const system = quietSystem()
  const parent = cellOf(system.spawn(compiledBehavior('connection', streamMachine, streamEffects, { opened () {}, readable () {}, tell () {} }), { input: { id: 0, inbound: true } }))
  let still = 0
  return {
    name: `ours, ${batch}`,
    async sample () {
      if (still === 0) {
        await until(() => parent.statusName === 'running')
        still = system.liveCells
      }
      read.hits = 0
      const began = clock()
      for (let b = 0; b < batches; b++) {
        const done = read.expect(batch)
        const refs = []
        for (let i = 0; i < batch; i++) {
          const ref = parent.spawn(stream, { input: { id: i, inbound: true } })
          for (const event of events) ref.tell(event())
          refs.push(ref)
        }
        await done
        for (const ref of refs) parent.stop(ref)
        await until(() => system.liveCells === still)
      }
      const us = eachMicros(began, batches * batch)
      sheet.verify('streams of ours that lived through all events', read.hits, batches * batch)
      sheet.verify('left over', system.liveCells - still + system.liveTimers - 1 + system.deadLetters.count, 0)
      return us
    }
  }
}

function xstate (sheet: Sheet): Side {
  let read = 0
  const machine = streamMachine.provide({ actions: { opened () {}, readable () { read++ }, tell () {} } })
  return {
    name: 'createActor',
    sample () {
      const lives = 200
      read = 0
      const began = clock()
      for (let i = 0; i < lives; i++) {
        const actor = createActor(machine, { input: { id: i, inbound: true } }).start()
        for (const event of events) actor.send(event())
        actor.stop()
      }
      const us = eachMicros(began, lives)
      sheet.verify('streams of createActor that lived through all events', read, lives)
      return us
    }
  }
}
