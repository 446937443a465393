import { assign, createActor, createMachine, fromTransition } from 'xstate'
import { reducer, type ActorRef, type Message } from '../../src/runtime.js'
import { alternate, clock, median, ratios, type Side } from '../support/sampling.js'
import type { Scenario, Sheet } from '../support/sheet.js'
import { Countdown, each, quietSystem } from './parts.js'

const actors = 1000
const burst = 10
const rounds = 31

export const tell: Scenario = {
  name: 'tell',
  what: `${actors} reducer actors of 8 behaviours, fresh messages, until all are handled; through the real event loop`,
  run
}

/** One kind of actor, as data: the same step runs in our cell, in fromTransition, and in the assign of a machine. */
interface Kind {
  readonly name: string
  readonly types: readonly string[]
  readonly initial: () => unknown
  readonly step: (state: never, message: never) => unknown
  readonly message: (i: number) => Message
}

function kind<S, const M extends Message> (name: string, types: ReadonlyArray<NoInfer<M>['type']>, initial: () => S, step: (state: S, message: M) => S, message: (i: number) => M): Kind {
  return { name, types, initial, step, message }
}

/** Eight kinds with states and messages of different shapes. Each tells the countdown, so that no lost message goes unseen. */
function kindsOf (handled: Countdown): readonly Kind[] {
  return [
    kind('counter', ['counter.add'], () => ({ count: 0 }), (state, message: { readonly type: 'counter.add', readonly n: number }) => {
      handled.hit()
      return { count: state.count + message.n }
    }, i => ({ type: 'counter.add', n: i & 7 })),
    kind('latest', ['latest.seen'], () => ({ at: 0, value: '' }), (_state, message: { readonly type: 'latest.seen', readonly at: number, readonly value: string }) => {
      handled.hit()
      return { at: message.at, value: message.value }
    }, i => ({ type: 'latest.seen', at: i, value: 'value' })),
    kind('range', ['range.sample'], () => ({ least: Infinity, most: -Infinity, count: 0 }), (state, { value }: { readonly type: 'range.sample', readonly value: number }) => {
      handled.hit()
      return { least: Math.min(state.least, value), most: Math.max(state.most, value), count: state.count + 1 }
    }, i => ({ type: 'range.sample', value: i % 1013 })),
    kind('lease', ['lease.take', 'lease.give'], () => ({ free: 8, refused: 0 }), (state, message: { readonly type: 'lease.take' | 'lease.give', readonly id: number }) => {
      handled.hit()
      if (message.type === 'lease.give') return { free: state.free + 1, refused: state.refused }
      return state.free > 0 ? { free: state.free - 1, refused: state.refused } : { free: 0, refused: state.refused + 1 }
    }, i => ({ type: i % 2 === 0 ? 'lease.take' : 'lease.give', id: i })),
    kind('switch', ['switch.flip'], () => ({ on: false, flips: 0 }), (state, _message: { readonly type: 'switch.flip' }) => {
      handled.hit()
      return { on: !state.on, flips: state.flips + 1 }
    }, () => ({ type: 'switch.flip' })),
    kind('mean', ['mean.sample'], () => ({ mean: 0, weight: 0 }), (state, message: { readonly type: 'mean.sample', readonly value: number, readonly weight: number }) => {
      handled.hit()
      const weight = state.weight + message.weight
      return { mean: state.mean + (message.value - state.mean) * message.weight / weight, weight }
    }, i => ({ type: 'mean.sample', value: i / 3, weight: 1 })),
    kind('pair', ['pair.left', 'pair.right'], () => ({ left: 0, right: 0, both: 0 }), (state, message: { readonly type: 'pair.left', readonly left: number } | { readonly type: 'pair.right', readonly right: number }) => {
      handled.hit()
      return message.type === 'pair.left'
        ? { left: message.left, right: state.right, both: state.both + 1 }
        : { left: state.left, right: message.right, both: state.both + 1 }
    }, i => i % 3 === 0 ? { type: 'pair.left', left: i } : { type: 'pair.right', right: i }),
    kind('gate', ['gate.pass'], () => ({ open: true, passed: 0, held: 0 }), (state, message: { readonly type: 'gate.pass', readonly from: string, readonly size: number }) => {
      handled.hit()
      return message.size < 100 ? { open: true, passed: state.passed + 1, held: state.held } : { open: false, passed: state.passed, held: state.held + 1 }
    }, i => ({ type: 'gate.pass', from: 'peer', size: i % 128 }))
  ]
}

async function run (sheet: Sheet): Promise<void> {
  const sides = [ours('ours', burst), fromTransitions(), machines(), ours('ours, one message an actor a turn', 1)]
  const [own, transitions, machine, single] = await alternate(sides, { rounds })
  const ns = sheet.figure(`ours, ${burst} messages an actor a burst`, 'ns', own!)
  sheet.figure('ours, one message an actor a turn', 'ns', single!)
  sheet.figure('createActor(fromTransition)', 'ns', transitions!)
  sheet.figure('createActor(machine), one assign', 'ns', machine!)
  sheet.atLeast('tells completed', 1000 / ns, 5, 'million/s')
  sheet.atLeast('as fast as createActor(fromTransition)', median(ratios(transitions!, own!)), 6, 'times')
  sheet.atLeast('as fast as createActor(machine)', median(ratios(machine!, own!)), 40, 'times')
  for (const side of sides) side.verify(sheet)
}

interface TellSide extends Side {
  readonly verify: (sheet: Sheet) => void
}

function ours (name: string, burst: number): TellSide {
  const handled = new Countdown()
  const kinds = kindsOf(handled)
  // Without `accepts`: fromTransition does not look at types either.
  const behaviors = kinds.map(({ name, initial, step }) => reducer({
    name,
    initial,
    step: step as (state: unknown, message: Message) => unknown
  }))
  const system = quietSystem()
  const refs = Array.from({ length: actors }, (_, i): ActorRef => system.spawn(behaviors[i % 8]!, { input: undefined }))
  const messages = kinds.map(kind => kind.message)
  const bursts = 400 / burst
  let sent = 0
  return {
    name,
    async sample () {
      const began = clock()
      for (let b = 0; b < bursts; b++) {
        const done = handled.expect(actors * burst)
        for (let m = 0; m < burst; m++) {
          for (let i = 0; i < actors; i++) refs[i]!.tell(messages[i % 8]!(sent++))
        }
        await done
      }
      return each(began, bursts * burst * actors)
    },
    verify (sheet) {
      sheet.verify('tells handled by ours', handled.hits, sent)
      sheet.verify('lost', system.deadLetters.count, 0)
    }
  }
}

function fromTransitions (): TellSide {
  const handled = new Countdown()
  const kinds = kindsOf(handled)
  const logics = kinds.map(({ step, initial }) => fromTransition(step as (state: unknown, event: Message) => unknown, initial))
  const refs = Array.from({ length: actors }, (_, i) => createActor(logics[i % 8]!).start())
  return xstateSide('createActor(fromTransition)', handled, kinds, refs, 100)
}

function machines (): TellSide {
  const handled = new Countdown()
  const kinds = kindsOf(handled)
  const logics = kinds.map(({ name, types, step, initial }) => createMachine({
    id: name,
    context: initial as () => object,
    on: Object.fromEntries(types.map(type => [type, { actions: assign(({ context, event }) => step(context as never, event as never) as object) }]))
  }))
  const refs = Array.from({ length: actors }, (_, i) => createActor(logics[i % 8]!).start())
  return xstateSide('createActor(machine)', handled, kinds, refs, 12)
}

/** XState handles an event within `send`: when the loop is through, so is the work. */
function xstateSide (name: string, handled: Countdown, kinds: readonly Kind[], refs: ReadonlyArray<{ send (event: Message): void }>, times: number): TellSide {
  const messages = kinds.map(kind => kind.message)
  let sent = 0
  return {
    name,
    sample () {
      const began = clock()
      for (let m = 0; m < times; m++) {
        for (let i = 0; i < actors; i++) refs[i]!.send(messages[i % 8]!(sent++))
      }
      return each(began, times * actors)
    },
    verify (sheet) { sheet.verify(`events handled by ${name}`, handled.hits, sent) }
  }
}
