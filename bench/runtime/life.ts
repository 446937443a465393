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
  const sides = [ours(sheet, 200, 10), ours(sheet, 10, 100), xstate(sheet)]
  const [many, few, theirs] = await alternate(sides, { rounds, warmup: 10 })
  sheet.figure('ours, 200 at a time', 'us', many!)
  sheet.figure('ours, 10 at a time', 'us', few!)
  sheet.figure('createActor, one by one', 'us', theirs!)
  sheet.atMost('life of a stream', Math.max(median(many!), median(few!)), 8, 'us')
  sheet.atLeast('as fast as createActor', Math.min(median(ratios(theirs!, many!)), median(ratios(theirs!, few!))), 5, 'times')
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
