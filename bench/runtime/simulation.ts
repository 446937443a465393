import { reducer, SimWorld, type ActorRef, type Message, type Out, type ReplyTo, type System } from '../../src/runtime.js'
import { heapAfterGc, clock } from '../support/sampling.js'
import type { Scenario, Sheet } from '../support/sheet.js'

const actors = 1000
const nodes = 10_000
const actorsPerNode = 20
const timersPerNode = 10

export const simulation: Scenario = {
  name: 'simulation',
  what: `a simulated world: ${actors} actors with timers, asks and tasks that await sleeps; and the heap of ${nodes} nodes, each a system of ${actorsPerNode} actors with ${timersPerNode} timers`,
  run
}

async function run (sheet: Sheet): Promise<void> {
  const perSecond: number[] = []
  for (let round = -1; round < 5; round++) {
    const seen = await events(sheet, round + 2)
    if (round >= 0) perSecond.push(seen)
  }
  const median = sheet.figure('events, with tasks', 'thousand/s', perSecond)
  const perNode = sheet.figure('heap of a node', 'kB', await nodeHeaps(sheet))
  sheet.atLeast('events with tasks', median, 200, 'thousand/s')
  sheet.atMost(`heap of a node of ${actorsPerNode} actors`, perNode, 12, 'kB')
  sheet.note('an event is a message handled, a timer fired, or a promise settled')
}

type NodeMessage =
  | { readonly type: 'node.tick' }
  | { readonly type: 'node.gossip', readonly hops: number }
  | { readonly type: 'node.question', readonly n: number, readonly replyTo: ReplyTo<Answer> }
  | { readonly type: 'node.slept' }
  | Answer
interface Answer extends Message { readonly type: 'node.answer', readonly n: number }
interface NodeEffects { tick: undefined, pass: { readonly hops: number } }

/** Every tick one in ten starts a task that sleeps twice, one in ten asks; all send gossip that goes on for four hops. */
async function events (sheet: Sheet, seed: number): Promise<number> {
  const world = new SimWorld({ seed })
  const system = world.system()
  const refs: Array<ActorRef<NodeMessage>> = []
  const count = { begun: 0, over: 0, asked: 0, answered: 0, timers: 0 }
  const node = reducer({
    name: 'node',
    initial (_: undefined, out: Out<NodeEffects>) {
      out.do('tick')
      return 0
    },
    step (state: number, message: NodeMessage, out: Out<NodeEffects>) {
      switch (message.type) {
        case 'node.tick':
          count.timers++
          out.do('tick')
          break
        case 'node.gossip':
          if (message.hops > 0) out.do('pass', { hops: message.hops - 1 })
          break
        case 'node.question':
          out.tell(message.replyTo, { type: 'node.answer', n: message.n })
          break
        case 'node.slept':
          count.over++
          break
        case 'node.answer':
          count.answered++
          break
      }
      return state + 1
    },
    effects: {
      tick (actor) {
        actor.timer('tick', 10 + actor.random.int(20), { type: 'node.tick' })
        refs[actor.random.int(refs.length)]!.tell({ type: 'node.gossip', hops: 4 })
        const dice = actor.random.int(10)
        if (dice === 0) {
          count.begun++
          actor.task(async ({ sleep }) => {
            await sleep(1)
            await sleep(2)
          }, { done: () => ({ type: 'node.slept' }) })
        } else if (dice === 1) {
          count.asked++
          actor.ask<Answer, NodeMessage>(refs[actor.random.int(refs.length)]!, replyTo => ({ type: 'node.question', n: dice, replyTo }), { done: answer => answer, timeoutMs: 50 })
        }
      },
      pass (actor, { hops }) { refs[actor.random.int(refs.length)]!.tell({ type: 'node.gossip', hops }) }
    }
  })
  for (let i = 0; i < actors; i++) refs.push(system.spawn(node, { input: undefined }))
  const began = clock()
  await world.run(1000)
  const ms = clock() - began
  const total = world.scheduler.steps + count.timers + 2 * count.over
  sheet.verify('tasks or asks that got lost', count.begun - count.over - system.liveTasks + count.asked - count.answered - system.liveQuestions, 0)
  sheet.verify('simulated worlds with fewer than 300,000 events', total < 300_000 ? 1 : 0, 0)
  await world.stop()
  sheet.verify('left over', system.liveCells + system.liveTimers + system.liveTasks, 0)
  return total / ms
}

/** Each node is a system of its own: a root and nineteen children, of which ten have an hourly timer. */
async function nodeHeaps (sheet: Sheet): Promise<readonly number[]> {
  const holder = reducer({
    name: 'holder',
    initial (timer: boolean, out: Out) {
      if (timer) out.timer('idle', 3_600_000, { type: 'holder.idle' })
      return { timer, seen: 0 }
    },
    step: (state: { readonly timer: boolean, readonly seen: number }) => ({ timer: state.timer, seen: state.seen + 1 })
  })
  const world = new SimWorld({ seed: 7 })
  const systems: System[] = []
  const add = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const system = world.system({ name: `node${systems.length}` })
      systems.push(system)
      for (let a = 1; a < actorsPerNode; a++) system.spawn(holder, { input: a <= timersPerNode })
    }
    await world.run(1)
  }
  await add(nodes / 10)
  const samples: number[] = []
  let before = await heapAfterGc()
  for (let part = 0; part < 9; part++) {
    await add(nodes / 10)
    const after = await heapAfterGc()
    samples.push((after - before) / (nodes / 10) / 1000)
    before = after
  }
  sheet.verify('actors in the nodes', systems.reduce((sum, { liveCells }) => sum + liveCells, 0), nodes * actorsPerNode)
  sheet.verify('timers in the nodes', systems.reduce((sum, { liveTimers }) => sum + liveTimers, 0), nodes * timersPerNode)
  return samples
}
