/** Who runs when in a real system: a turn at a time, a slice each. Time is the test's own. */
import { expect } from 'chai'
import type { ActorRef } from '../../src/runtime/ref.js'
import { createSystem, type SystemOptions } from '../../src/runtime/system.js'
import type { HandLoop } from './kit.js'
import { cellOf, expectEmpty, HandDrive, puppet as behavior, type Note } from './kit.js'

/** A system in which each message costs what the test says. */
function busy (scene: (drive: HandDrive, loop: HandLoop) => Promise<void> | void, options: SystemOptions = {}): () => Promise<void> {
  return async () => {
    const drive = new HandDrive(options)
    await scene(drive, drive.loop)
    await drive.stop()
    expectEmpty(drive.system)
  }
}

const roomy = behavior({ mailboxCapacity: 1e6 })

/** An actor that tells itself for ever, and what it has handled. */
function selfTeller ({ system, loop }: HandDrive, costMs: (n: number) => number, messages = 1): { readonly ref: ActorRef<Note>, handled: number } {
  const actor = { ref: system.spawn(roomy, { input: {} }), handled: 0 }
  const again: Note = {
    type: 'again',
    step: () => { loop.time += costMs(actor.handled++) },
    run: () => { actor.ref.tell(again) }
  }
  for (let n = 0; n < messages; n++) actor.ref.tell(again)
  return actor
}

/** Handles nothing but ticks, and notes how late they were. */
function clock ({ system, loop }: HandDrive, everyMs: number): number[] {
  const late: number[] = []
  let due = loop.time + everyMs
  const tick: Note = {
    type: 'tick',
    step: () => {
      late.push(loop.time - due)
      // Rounds that were missed are skipped.
      while (due <= loop.time) due += everyMs
    }
  }
  system.spawn(roomy, { input: { run: actor => { due = loop.time + everyMs; actor.timer('tick', everyMs, tick, everyMs) } } })
  return late
}

/** Takes turns for so long; returns how long each took. */
function turns (loop: HandLoop, ms: number): number[] {
  const lengths: number[] = []
  const end = loop.time + ms
  while (loop.nextAt < end) {
    const begun = Math.max(loop.nextAt, loop.time)
    loop.step()
    lengths.push(loop.time - begun)
  }
  return lengths
}

/** What the kernel itself needs for a message that costs nothing. */
const nothing = 0.001

describe('scheduler', () => {
  it('ends a turn after 1,024 messages', busy((drive, loop) => {
    const actors = Array.from({ length: 3 }, () => selfTeller(drive, () => 0, 5))
    const count = (): number => actors.reduce((sum, { handled }) => sum + handled, 0)
    loop.step()
    for (let turn = 0; turn < 5; turn++) {
      const before = count()
      loop.step()
      expect(count() - before).to.equal(1024)
    }
  }))

  it('ends a turn after as many messages as the options say', busy((drive, loop) => {
    const actor = selfTeller(drive, () => 0)
    loop.step()
    const before = actor.handled
    loop.step()
    expect(actor.handled - before).to.equal(10)
  }, { turnMessages: 10 }))

  it('ends a turn after a millisecond, or when no full slice fits any more, and then asks for the next', busy((drive, loop) => {
    selfTeller(drive, () => 0.01)
    selfTeller(drive, () => 0.01)
    turns(loop, 5)
    for (const ms of turns(loop, 100)) expect(ms).to.be.within(0.49, 1.01)
  }))

  it('takes turns even when they last no time at all', busy((drive, loop) => {
    const actor = selfTeller(drive, () => 1)
    turns(loop, 20)
    expect(actor.handled).to.be.above(10)
  }, { turnMs: 0 }))

  it('serves who is ready in turn, a slice each', busy((drive, loop) => {
    const actors = [0.001, 0.01, 0.1].map(cost => selfTeller(drive, () => cost))
    turns(loop, 20)
    const before = actors.map(({ handled }) => handled)
    turns(loop, 300)
    // A slice is half a turn at most: each gets the same share of the time, whatever its messages cost.
    const shares = actors.map(({ handled }, n) => (handled - before[n]!) * [0.001, 0.01, 0.1][n]!)
    for (const share of shares) expect(share).to.be.within(80, 120)
  }))

  for (const cost of [nothing, 0.1, 1]) {
    for (const neighbours of [1, 3, 30]) {
      it(`fires a due timer after at most one turn, beside ${neighbours} that tell themselves for ever at ${cost === nothing ? 0 : cost} ms`, busy((drive, loop) => {
        for (let n = 0; n < neighbours; n++) selfTeller(drive, () => cost, 3)
        const late = clock(drive, 10)
        // Costs are learned within the first slices.
        turns(loop, 10 * neighbours)
        late.length = 0
        const lengths = turns(loop, 300)
        const longest = 1 + cost
        expect(Math.max(...lengths)).to.be.at.most(longest + 1e-6)
        expect(late).to.have.length.above(200 / (10 + neighbours))
        // Fired, it waits for one slice of each that was ready before.
        const slice = Math.max(0.5, cost)
        expect(Math.max(...late)).to.be.at.most(longest + neighbours * (slice + 33 * nothing) + 1e-6)
      }))
    }
  }

  it('fires a due timer after at most one turn, beside a flood from others', busy((drive, loop) => {
    const { system } = drive
    let handled = 0
    const receiver = system.spawn(roomy, { input: {} })
    const sender = system.spawn(roomy, { input: {} })
    const flood: Note = {
      type: 'flood',
      step: () => { loop.time += 0.01 },
      run: () => {
        for (let n = 0; n < 20; n++) receiver.tell({ type: 'a', step: () => { handled++; loop.time += 0.02 } })
        if (handled < 40_000) sender.tell(flood)
      }
    }
    const late = clock(drive, 5)
    sender.tell(flood)
    turns(loop, 50)
    late.length = 0
    const lengths = turns(loop, 800)
    expect(Math.max(...lengths)).to.be.at.most(1 + 32 * 0.02)
    expect(Math.max(...late)).to.be.at.most(1 + 32 * 0.02 + 2 * 0.7)
    expect(late).to.have.length.above(100)
    cellOf(receiver).requestEnd({ kind: 'killed', reason: 'end of scene' })
    cellOf(sender).requestEnd({ kind: 'killed', reason: 'end of scene' })
  }))

  it('gives an actor whose cost is not known eight messages', busy((drive, loop) => {
    loop.step()
    for (let n = 0; n < 5; n++) selfTeller(drive, () => 1, 20)
    for (const ms of turns(loop, 500)) expect(ms).to.be.at.most(8)
  }))

  it('gives an actor with dear messages one at a time', busy((drive, loop) => {
    selfTeller(drive, () => 3, 20)
    turns(loop, 30)
    for (const ms of turns(loop, 300)) expect(ms).to.equal(3)
  }))

  it('stops one that was cheap ten thousand times and turns dear within 32 messages', busy((drive, loop) => {
    const actor = selfTeller(drive, n => n < 10_000 ? nothing : 1, 5000)
    const other = selfTeller(drive, () => nothing)
    turns(loop, 12)
    expect(actor.handled).to.be.within(5000, 10_000)
    const drives = turns(loop, 1000)
    expect(actor.handled).to.be.above(10_000)
    expect(Math.max(...drives)).to.be.at.most(33)
    // Learned at once: the first slice mixed cheap and dear, the second shows the cost, from then on it is one at a time.
    expect(drives.filter(ms => ms > 2)).to.have.length.below(3)
    expect(other.handled).to.be.above(100)
  }))

  it('never lets a turn last longer than 32 dear messages, whenever they come', busy((drive, loop) => {
    const actor = selfTeller(drive, n => n % 997 < 60 && n > 3000 ? 1 : nothing, 100)
    const other = selfTeller(drive, n => n % 1009 < 100 && n > 3000 ? 1 : nothing, 100)
    for (const ms of turns(loop, 3000)) expect(ms).to.be.at.most(33)
    expect(actor.handled).to.be.above(3000)
    expect(other.handled).to.be.above(3000)
  }))

  it('gives an actor that has become cheap its full slices again', busy((drive, loop) => {
    let dear = true
    const actor = selfTeller(drive, () => dear ? 1 : 0.001, 5)
    turns(loop, 50)
    dear = false
    const before = actor.handled
    turns(loop, 50)
    expect(actor.handled - before).to.be.above(20_000)
  }))

  it('wakes for a timer at its time, however many were cancelled before', busy(async (drive, loop) => {
    const times: number[] = []
    const { system } = drive
    system.spawn(roomy, {
      input: {
        run: actor => {
          for (let n = 1; n < 50; n++) actor.timer(`${n}`, n, { type: 'never' })
          actor.timer('last', 77, { type: 'last', run: () => { times.push(loop.time) } })
          for (let n = 1; n < 50; n++) actor.cancelTimer(`${n}`)
        }
      }
    })
    await drive.settle()
    expect(times).to.deep.equal([77])
  }))

  it('sleeps when there is nothing to do, and for good when the system has ended', busy(async (drive, loop) => {
    const { system } = drive
    const self = system.spawn(roomy, { input: { run: actor => { actor.timer('t', 1000, { type: 't' }) } } })
    while (loop.nextAt === loop.time) loop.step()
    expect(loop.nextAt).to.equal(1000)
    cellOf(self).requestStop('enough', undefined, undefined)
    const stopped = drive.stop()
    await stopped
    expect(loop.nextAt).to.equal(Infinity)
  }))

  it('keeps its queue in order while it grows and wraps', busy((drive, loop) => {
    const order: number[] = []
    const refs = Array.from({ length: 300 }, (_, n) => drive.system.spawn(roomy, { input: { step: () => { order.push(n) } } }))
    while (loop.nextAt === loop.time) loop.step()
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 300; n += round + 1) refs[n]!.tell({ type: 'a', step: () => { order.push(n) } })
      while (loop.nextAt === loop.time) loop.step()
    }
    const range = (by: number): number[] => Array.from({ length: Math.ceil(300 / by) }, (_, n) => n * by)
    expect(order).to.deep.equal([...range(1), ...range(1), ...range(2), ...range(3)])
  }))

  it('meters the time of each slice on the account of its actor', busy((drive, loop) => {
    const self = drive.system.spawn(roomy, { input: {}, account: {} })
    const free = drive.system.spawn(roomy, { input: {}, account: {} })
    for (let n = 0; n < 100; n++) {
      self.tell({ type: 'a', step: () => { loop.time += 0.25 } })
      free.tell({ type: 'b' })
    }
    turns(loop, 100)
    expect(cellOf(self).account.cpuMs).to.be.closeTo(25, 1e-6)
    expect(cellOf(free).account.cpuMs).to.equal(0)
    expect(drive.system.account.cpuMs).to.be.closeTo(25, 1e-6)
  }))

  it('of a real system lets the event loop through, and timers come in time', async () => {
    const system = createSystem({ log: { level: 'off' } })
    const self = system.spawn(roomy, { input: {} })
    let handled = 0
    const again: Note = { type: 'again', step: () => { handled++ }, run: () => { self.tell(again) } }
    for (let n = 0; n < 10; n++) self.tell(again)
    const ticks: number[] = []
    let begun = 0
    const ended = new Promise<void>(resolve => {
      system.spawn(roomy, {
        input: { run: actor => { begun = actor.now(); actor.timer('t', 4, { type: 't', run: () => { ticks.push(actor.now()); if (ticks.length === 5) resolve() } }, 4) } }
      })
    })
    let through = 0
    let over = false
    void ended.then(() => { over = true })
    while (!over) {
      await new Promise(resolve => setImmediate(resolve))
      through++
    }
    await system.stop()
    expect(through).to.be.above(3)
    expect(handled).to.be.above(1000)
    expect(ticks.at(-1)! - begun).to.be.within(20, 2000)
    expectEmpty(system)
  })
})
