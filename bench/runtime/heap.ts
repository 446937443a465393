import { assign, createActor, setup } from 'xstate'
import { compiledBehavior, effects, reducer, type Behavior, type Message } from '../../src/runtime.js'
import { heapAfterGc } from '../support/sampling.js'
import type { Scenario, Sheet } from '../support/sheet.js'
import { streamEffects, streamMachine } from './machines.js'
import { cellOf, handSystem } from './parts.js'

const actors = 100_000
const messages = 12
const repeats = 3

export const heap: Scenario = {
  name: 'heap',
  what: `bytes that an idle actor keeps, after forced collections: the slope from ${actors / 2} to ${actors} actors`,
  run
}

type LeaseMessage = { readonly type: 'lease.renewed', readonly at: number } | { readonly type: 'lease.lost' } | { readonly type: 'lease.found' }

interface LeaseContext { readonly id: number, readonly owner: string, readonly at: number, readonly renewals: number }

const leaseEffects = effects<{ announce: undefined }>({ announce: true })

/** Flat, with a context of its own per actor and no timer: timers have a line of their own. */
const leaseMachine = setup({
  types: { context: {} as LeaseContext, events: {} as LeaseMessage, input: {} as { readonly id: number } },
  actions: {
    ...leaseEffects,
    renew: assign({ at: ({ event }) => event.type === 'lease.renewed' ? event.at : 0, renewals: ({ context }) => context.renewals + 1 })
  }
}).createMachine({
  id: 'lease',
  context: ({ input }) => ({ id: input.id, owner: 'nobody', at: 0, renewals: 0 }),
  initial: 'held',
  states: {
    held: { on: { 'lease.renewed': { actions: 'renew' }, 'lease.lost': { target: 'lost', actions: 'announce' } } },
    lost: { on: { 'lease.found': { target: 'held', actions: 'announce' } } }
  }
})

async function run (sheet: Sheet): Promise<void> {
  const lease = compiledBehavior('lease', leaseMachine, leaseEffects, { announce () {} })
  const stream = compiledBehavior('stream', streamMachine, streamEffects, { opened () {}, readable () {}, tell () {} })
  const counter = reducer({ name: 'counter', initial: () => 0, step: (count: number, _: LeaseMessage) => count + 1 })
  const input = (id: number): { id: number, inbound: boolean } => ({ id, inbound: true })
  const bytes = async (name: string, sample: () => Promise<number>): Promise<number> => {
    const samples: number[] = []
    for (let i = 0; i < repeats; i++) samples.push(await sample())
    return sheet.figure(name, 'B', samples)
  }

  const untouched = await bytes('compiled machine, untouched', async () => slope(sheet, lease, input, { told: 0 }))
  const used = await bytes(`compiled machine, after ${messages} messages, with its recorder`, async () => slope(sheet, lease, input, { told: messages }))
  await bytes('compiled stream with its deadline timer, untouched', async () => slope(sheet, stream, input, { told: 0 }))
  await bytes('reducer, untouched', async () => slope(sheet, counter, () => undefined as never, { told: 0 }))
  await bytes('createActor of the same machine, untouched', xstateSlope)
  sheet.atMost('compiled machine, untouched', untouched, 450, 'B')
  sheet.atMost(`compiled machine, after ${messages} messages, with its recorder`, used, 800, 'B')
}

interface Use {
  readonly told: number
}

/** What each of the second half of the actors adds to the heap. Nothing but the kernel's own lists holds them. */
async function slope<M extends Message, I, S> (sheet: Sheet, behavior: Behavior<M, I, S>, input: (id: number) => I, { told }: Use): Promise<number> {
  const { system, loop } = handSystem()
  const parent = cellOf(system.spawn(reducer({ name: 'parent', initial: () => 0, step: state => state }), { input: undefined }))
  const add = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const ref = parent.spawn(behavior as unknown as Behavior<LeaseMessage, I>, { input: input(i) })
      // A pump for each thousand: the run queue must not grow with the actors.
      if (i % 1000 === 999) loop.pump()
      for (let m = 0; m < told; m++) {
        if (m % 4 === 0) loop.pump()
        ref.tell(m % 6 === 4 ? { type: 'lease.lost' } : m % 6 === 5 ? { type: 'lease.found' } : { type: 'lease.renewed', at: m })
      }
    }
    loop.pump()
  }
  add(actors / 2)
  const before = await heapAfterGc()
  add(actors / 2)
  const after = await heapAfterGc()
  sheet.verify('actors alive at the end', parent.childCount, actors)
  sheet.verify('messages lost', system.deadLetters.count, 0)
  return (after - before) / (actors / 2)
}

async function xstateSlope (): Promise<number> {
  const machine = leaseMachine.provide({ actions: { announce () {} } })
  const count = 10_000
  const refs: object[] = new Array<object>(2 * count)
  const add = (from: number): void => {
    for (let i = from; i < from + count; i++) refs[i] = createActor(machine, { input: { id: i } }).start()
  }
  add(0)
  const before = await heapAfterGc()
  add(count)
  const after = await heapAfterGc()
  return (after - before) / count
}
