/** A hundred thousand of each: nothing recurses, nothing grows with the square. */
import { expect } from 'chai'
import { reducer } from '../../src/runtime/behavior/reducer.js'
import type { Out } from '../../src/runtime/behavior/out.js'
import type { Cell } from '../../src/runtime/cell.js'
import { explain } from '../../src/runtime/inspect/explain.js'
import { renderTree } from '../../src/runtime/inspect/render-tree.js'
import type { ActorRef } from '../../src/runtime/ref.js'
import type { Message } from '../../src/runtime/message.js'
import { child, type ChildSpec } from '../../src/runtime/supervision.js'
import { cellOf, inManyWorlds, inWorld, puppet as behavior, type Note, type Scene } from './kit.js'

const many = 100_000

type Forward = { readonly type: 'forward', readonly hops: number }

/** Hands each message on to the next. */
const relay = reducer({
  name: 'relay',
  initial: (next: ActorRef<Forward> | null) => next,
  step (next, message: Forward, out: Out<{ arrived: number }>) {
    const hops = message.hops + 1
    if (next === null) out.do('arrived', hops)
    else out.tell(next, { type: 'forward', hops })
    return next
  },
  effects: { arrived: (actor, hops) => { actor.emit({ type: `arrived ${hops}` }) } }
})

/** Has a child of its own kind, down to this depth. */
const nest = reducer({
  name: 'nest',
  initial (depth: number, out: Out<{ deeper: number }>) {
    if (depth > 0) out.do('deeper', depth - 1)
    return depth
  },
  step: (_depth: number, { type }: Message) => { if (type === 'crash') throw new Error('as told'); return 0 },
  effects: { deeper: (actor, depth) => { actor.spawn(nestAgain, { input: depth }) } }
})
const nestAgain = nest

function deepest (top: ActorRef<Message>): { readonly cell: Cell, readonly depth: number } {
  let cell = cellOf(top)
  let depth = 0
  for (let below = cell.children?.first; below != null; below = cell.children?.first) {
    cell = below
    depth++
  }
  return { cell, depth }
}

const chain: Scene = async ({ system, settle }) => {
  const arrived: string[] = []
  system.trace.add((kind, _cell, event) => { if (kind === 'emitted') arrived.push((event as Message).type) }, ['emitted'])
  let next: ActorRef<Forward> | null = null
  for (let n = 0; n < many; n++) next = system.spawn<Forward, ActorRef<Forward> | null>(relay, { input: next })
  next!.tell({ type: 'forward', hops: 0 })
  await settle()
  expect(arrived).to.deep.equal([`arrived ${many}`])
}

const nested = (end: (top: ActorRef<Message>) => void): Scene => async ({ system, settle, now }) => {
  const top = system.spawn(nest, { input: many })
  await settle()
  const { cell, depth } = deepest(top)
  expect(depth).to.equal(many)
  expect(system.liveCells).to.equal(many + 2)
  const begun = now()
  end(top)
  await settle()
  expect(system.liveCells).to.equal(1)
  // The deepest knows why, all the way up.
  let links = 0
  for (let exit = cell.exit; exit !== undefined && 'because' in exit && exit.because !== undefined; exit = exit.because.exit) links++
  expect(links).to.equal(many)
  expect(now() - begun).to.be.at.most(5000)
}

const crowd = (restart: boolean): Scene => async ({ system, settle, run }) => {
  const top = system.spawn(behavior({ supervision: { strategy: 'dynamic' } }), { input: {} })
  await run(1)
  for (let n = 0; n < many; n++) cellOf(top).spawn(behavior(), restart ? { input: {}, name: `c${n}`, restart: 'permanent' } : { input: {} })
  await settle()
  expect(system.liveCells).to.equal(many + 2)
  top.tell({ type: 'crash', step: () => { throw new Error('as told') } })
  await settle()
  expect(system.liveCells).to.equal(1)
}

describe('scale', function () {
  this.timeout(30_000)

  it('a message goes through a chain of 100,000 actors', inWorld(chain))
  it('a message goes through a chain of 100,000 actors, simulated', inManyWorlds(1, chain))
  it('a tree nested 100,000 deep stops', inWorld(nested(top => { cellOf(top).requestStop('asked', undefined, undefined) })))
  it('a tree nested 100,000 deep crashes at its top, simulated', inManyWorlds(1, nested(top => { top.tell({ type: 'crash' }) })))
  it('a parent of 100,000 children crashes', inWorld(crowd(false)))
  it('a parent of 100,000 children crashes, simulated', inManyWorlds(1, crowd(false)))
  it('a supervisor of 100,000 permanent children crashes', inWorld(crowd(true)))

  it('a path, a tree and a why of 100,000 levels are told', inWorld(async ({ system, settle }) => {
    const top = system.spawn(nest, { input: many })
    await settle()
    const { cell } = deepest(top)
    const { path } = cell
    expect(path).to.have.length('/system'.length + 2 * (many + 1))
    expect(system.find(path)).to.equal(cell)
    expect(system.inspect.tree()).to.be.an('object')
    top.tell({ type: 'crash' })
    await settle()
    const why = system.inspect.why(path)
    expect(explain(why)).to.be.a('string')
  }))

  it('a tree of 1,000 levels is drawn', inWorld(async ({ system, settle }) => {
    system.spawn(nest, { input: 1000 })
    await settle()
    expect(renderTree(system.inspect.tree()).split('\n')).to.have.length.at.least(1002)
  }))

  it('ten thousand timers, watches and questions of one actor are given back', inWorld(async ({ system, puppet, tell, run }) => {
    const self = puppet()
    const other = puppet()
    await run(1)
    tell(self, actor => {
      // A key is looked for along the list, so there are fewer of these.
      for (let n = 0; n < 2000; n++) actor.timer(`${n}`, 1e6, { type: 't' })
      for (let n = 0; n < 10_000; n++) {
        actor.ask<Note, Note>(actor.self, () => ({ type: 'q' }), { done: reply => reply, failed: () => ({ type: 'failed' }) })
        actor.watch(actor.spawn(behavior(), { input: {} }), () => ({ type: 'down' }))
        actor.own({ [Symbol.dispose]: () => {} })
      }
    })
    await run(1)
    cellOf(self).requestStop('enough', undefined, undefined)
    await run(1)
    expect(system.liveCells).to.equal(2)
    expect(other.alive).to.equal(true)
  }))

  it('a thousand static children start and stop in order', inWorld(async ({ puppet, run }) => {
    const children: ChildSpec[] = Array.from({ length: 1000 }, (_, n) => child(`c${n}`, behavior()))
    const boss = puppet({}, { behavior: behavior({ supervision: { strategy: 'rest-for-one', children } }) })
    await run(1)
    expect(cellOf(boss).childCount).to.equal(1000)
    cellOf(boss).requestStop('enough', undefined, undefined)
    await run(1)
    expect(cellOf(boss).statusName).to.equal('down')
  }))
})
