/**
 * A busy little town, for the determinism tests: everything in it that could go differently a second time.
 *
 * Two systems with a bad network between them. Traders (reducers) tick at random times, talk to each other and to clerks,
 * run errands (tasks: `await` of sleeps, asks and `Promise.all` of both), own things, spawn helpers and crash at random.
 * Clerks (compiled machines) answer, late when they are busy. Judges (machines run by XState) get alarmed by complaints
 * and calm down after a while. Couriers keep links to the other town, lose them and open new ones. All chance comes from
 * `actor.random`, all time from the world.
 *
 * With `planted` the judges read `Math.random`: then one seed must show two histories.
 */
import { assign, setup } from 'xstate'
import type { Behavior } from '../../../src/runtime/behavior/behavior.js'
import { compiledBehavior } from '../../../src/runtime/behavior/compile.js'
import { effects } from '../../../src/runtime/behavior/effects.js'
import { machineBehavior } from '../../../src/runtime/behavior/machine.js'
import type { Out } from '../../../src/runtime/behavior/out.js'
import { reducer } from '../../../src/runtime/behavior/reducer.js'
import { supervisor } from '../../../src/runtime/behavior/supervisor.js'
import type { ActorContext } from '../../../src/runtime/context.js'
import { Transcript } from '../../../src/runtime/inspect/transcript.js'
import type { LinkPort, RawLink } from '../../../src/runtime/io/raw-link.js'
import type { Message } from '../../../src/runtime/message.js'
import type { Random } from '../../../src/runtime/random.js'
import type { ReplyTo } from '../../../src/runtime/ref.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import { child } from '../../../src/runtime/supervision.js'
import type { System } from '../../../src/runtime/system.js'
import type { TaskScope } from '../../../src/runtime/task.js'

/** What is left of one history. */
export interface History {
  readonly seed: number
  /** SHA-256 of the transcript. */
  readonly hash: string
  readonly lines: number
}

const towns = ['alice', 'bob'] as const
const traders = 24
const clerks = 6
const judges = 4
const couriers = 4
const townMs = 460

/** Plays one town, from the first spawn to the stop. */
export async function play (seed: number, { planted = false } = {}): Promise<History> {
  const world = new SimWorld({ seed })
  world.network.shapeAll({ latencyMs: 3, jitterMs: 4, bytesPerSecond: 200_000, splits: true, lossOfLink: 0.01, lossAs: 'reset' })
  const transcript = new Transcript([], { keep: false, kinds: ['spawned', 'started', 'message', 'emitted', 'ending', 'down', 'crashed', 'dead-letter', 'restarting', 'suspended', 'late-error', 'ended'] })
  for (const name of towns) {
    const town: Town = { name, other: name === 'alice' ? 'bob' : 'alice', system: undefined as never }
    const system = world.system({ name, root: rootOf(town, planted), askTimeoutMs: 30 })
    Object.assign(town, { system, port: world.network.port(system) })
    transcript.add(system)
  }
  await world.run(townMs / 2)
  world.network.partition(['alice'], ['bob'])
  await world.run(townMs / 8)
  world.network.heal()
  await world.run(townMs * 3 / 8)
  await world.stop()
  return { seed, hash: transcript.hash(), lines: transcript.length }
}

interface Town {
  readonly name: string
  readonly other: string
  readonly system: System
  readonly port?: LinkPort
}

function rootOf (town: Town, planted: boolean): Behavior<never> {
  const many = (count: number, name: string, behavior: Behavior<never, never>): ReturnType<typeof child>[] =>
    Array.from({ length: count }, (_, i) => child(`${name}${i}`, behavior as never, { input: () => town, restart: i % 3 === 2 ? 'transient' : 'permanent' }))
  const patience = { intensity: { restarts: 4, withinMs: 100 }, backoff: { firstMs: 2, maxMs: 20, resetMs: 50 } }
  return supervisor('town', {
    strategy: 'one-for-one',
    ...patience,
    children: [
      child('office', supervisor('office', { strategy: 'rest-for-one', ...patience, children: [...many(clerks, 'clerk', clerk as never), ...many(judges, 'judge', (planted ? moodyJudge : judge) as never)] })),
      child('market', supervisor('market', { strategy: 'one-for-one', ...patience, children: many(traders, 'trader', trader as never) })),
      child('post', supervisor('post', { strategy: 'dynamic', ...patience, children: many(couriers, 'courier', courier as never) }))
    ]
  })
}

// ---------------------------------------------------------------- traders

type TraderMessage =
  | { readonly type: 'trader.tick' }
  | { readonly type: 'trader.offer', readonly price: number, readonly handle?: Disposable }
  | { readonly type: 'trader.price', readonly price: number }
  | { readonly type: 'trader.failed' }
  | { readonly type: 'trader.home', readonly price: number }
  | { readonly type: 'trader.gone' }
  /** Told to somebody whom it will crash. */
  | { readonly type: 'trader.poison' }

interface TraderState { readonly town: Town, readonly purse: number }
interface TraderEffects { tick: Town, haggle: { readonly price: number }, keep: Disposable }

const trader = reducer({
  name: 'trader',
  stopMessage: () => ({ type: 'trader.poison' }),
  initial: (town: Town, out: Out<TraderEffects>): TraderState => {
    out.do('tick', town)
    return { town, purse: 100 }
  },
  step (state, message: TraderMessage, out: Out<TraderEffects>): TraderState {
    switch (message.type) {
      case 'trader.tick': out.do('tick', state.town)
        return state
      case 'trader.offer':
        if (message.handle !== undefined) out.do('keep', message.handle)
        if (message.price > 90) out.emit({ type: 'trader.bargain' })
        out.do('haggle', { price: message.price })
        return { ...state, purse: state.purse - 1 }
      case 'trader.price': case 'trader.home': return { ...state, purse: state.purse + message.price }
      case 'trader.poison': throw new Error('poisoned')
      default: return state
    }
  },
  effects: {
    tick (actor: ActorContext<TraderMessage>, town: Town) {
      actor.timer('tick', 2 + actor.random.exponential(4), { type: 'trader.tick' })
      trade(actor, town)
    },
    haggle (actor: ActorContext<TraderMessage>, { price }: { readonly price: number }) {
      if (actor.random.next() < 0.004) throw new Error(`no deal at ${price}`)
    },
    keep (actor: ActorContext<TraderMessage>, handle: Disposable) {
      if (actor.random.next() < 0.7) actor.own(handle)
    }
  }
})

function trade (actor: ActorContext<TraderMessage>, town: Town): void {
  const { random } = actor
  const someone = (): string => `/${town.name}/market/trader${random.int(traders)}`
  const choice = random.next()
  if (choice < 0.35) actor.named<TraderMessage>(someone()).tell({ type: 'trader.offer', price: random.int(100) })
  else if (choice < 0.45) actor.named<TraderMessage>(someone()).tell({ type: 'trader.offer', price: random.int(100), handle: { [Symbol.dispose] () {} } })
  else if (choice < 0.6) {
    actor.ask<ClerkAnswer, ClerkMessage>(actor.named(clerkPath(town, random)), replyTo => ({ type: 'clerk.ask', replyTo, item: random.int(1000) }), {
      done: ({ price }) => ({ type: 'trader.price', price }),
      failed: () => ({ type: 'trader.failed' }),
      timeoutMs: 12
    })
  } else if (choice < 0.85) errand(actor, town)
  else if (choice < 0.9) actor.watch(actor.named(someone()), () => ({ type: 'trader.gone' }))
  else if (choice < 0.95) actor.named<JudgeMessage>(`/${town.name}/office/judge${random.int(judges)}`).tell({ type: 'judge.complaint' })
  else if (choice < 0.985) actor.spawn(helper, { input: random.exponential(6) })
  else actor.named<TraderMessage>(someone()).tell({ type: 'trader.poison' })
}

const clerkPath = (town: Town, random: Random): string => `/${town.name}/office/clerk${random.int(clerks)}`

/** An async function of the ordinary kind: it waits for this and that, some of it at the same time. */
function errand (actor: ActorContext<TraderMessage>, town: Town): void {
  const { random } = actor
  const [walk, look, back] = [random.exponential(3), random.exponential(2), random.exponential(1)]
  const path = clerkPath(town, random)
  const ask = async (item: number): Promise<number> => {
    const clerk = actor.named<ClerkMessage>(path)
    const { price } = await town.system.ask<ClerkAnswer, ClerkMessage>(clerk, replyTo => ({ type: 'clerk.ask', replyTo, item }), { timeoutMs: 8 })
    return price
  }
  actor.task(async ({ sleep, signal }: TaskScope) => {
    await sleep(walk)
    const [first, second] = await Promise.all([ask(1), ask(2).catch(() => 0), sleep(look)])
    for (let i = 0; i < 3; i++) await Promise.race([sleep(back), sleep(look)])
    if (signal.aborted) return 0
    if (first % 17 === 3) throw new Error('robbed')
    return first + second
  }, {
    done: price => ({ type: 'trader.home', price }),
    failed: error => {
      if (error instanceof Error && error.message === 'robbed') throw error
      return { type: 'trader.failed' }
    }
  })
}

/** A short life: works a while, then is done or fails. */
const helper = reducer({
  name: 'helper',
  initial: (ms: number, out: Out<{ work: number }>): number => {
    out.do('work', ms)
    return ms
  },
  step (ms, message: Message, out: Out<{ work: number }>): number {
    if (message.type === 'helper.lost') throw new Error('lost')
    out.done(ms)
    return ms
  },
  effects: {
    work: (actor: ActorContext, ms: number) => { actor.timer('work', ms, { type: actor.random.next() < 0.3 ? 'helper.lost' : 'helper.ready' }) }
  }
})

// ---------------------------------------------------------------- clerks and judges

interface ClerkAnswer extends Message { readonly type: 'clerk.answer', readonly price: number }
type ClerkMessage = { readonly type: 'clerk.ask', readonly item: number, readonly replyTo: ReplyTo<ClerkAnswer> }

const clerkFx = effects<{ answer: Extract<ClerkMessage, { type: 'clerk.ask' }> }>({ answer: true })

const clerk = compiledBehavior('clerk', setup({
  types: { context: {} as { served: number }, events: {} as ClerkMessage, input: {} as Town },
  actions: { ...clerkFx, serve: assign({ served: ({ context }) => context.served + 1 }) },
  guards: { tired: ({ context }) => context.served % 5 === 4 }
}).createMachine({
  context: { served: 0 },
  initial: 'open',
  states: {
    open: {
      on: {
        'clerk.ask': [
          { guard: 'tired', target: 'resting', actions: 'serve' },
          { actions: [{ type: 'answer', params: ({ event }) => event }, 'serve'] }
        ]
      }
    },
    resting: { after: { 3: 'open' } }
  }
}), clerkFx, {
  answer: (actor, { item, replyTo }) => { replyTo.tell({ type: 'clerk.answer', price: (item * 7 + actor.random.int(100)) % 100 }) }
})

type JudgeMessage = { readonly type: 'judge.complaint' } | { readonly type: 'judge.nap' }

const judgeFx = effects<{ rule: { readonly cases: number } }>({ rule: true })

const judgeMachine = (lenient: (cases: number) => boolean) => setup({
  types: { context: {} as { cases: number }, events: {} as JudgeMessage, input: {} as Town },
  actions: { ...judgeFx, hear: assign({ cases: ({ context }) => context.cases + 1 }) },
  guards: { lenient: ({ context }) => lenient(context.cases) }
}).createMachine({
  context: { cases: 0 },
  initial: 'calm',
  states: {
    calm: { on: { 'judge.complaint': { target: 'alarmed', actions: 'hear' } } },
    alarmed: {
      initial: 'listening',
      states: {
        listening: { on: { 'judge.complaint': [{ guard: 'lenient', actions: 'hear' }, { target: 'ruling', actions: 'hear' }] } },
        ruling: { entry: { type: 'rule', params: ({ context }) => ({ cases: context.cases }) }, after: { 2: 'listening' } }
      },
      after: { 15: 'calm' }
    }
  }
})

const judgeOf = (lenient: (cases: number) => boolean): unknown => machineBehavior('judge', judgeMachine(lenient), judgeFx, {
  rule: (_actor, { cases }) => { if (cases % 11 === 10) throw new Error(`case ${cases} is too much`) }
})

const judge = judgeOf(cases => cases % 3 === 0)
/** The fixture: a machine whose guard asks the real world. */
const moodyJudge = judgeOf(() => Math.random() < 0.5)

// ---------------------------------------------------------------- couriers

type CourierMessage =
  | { readonly type: 'courier.dial' }
  | { readonly type: 'courier.parcel', readonly bytes: number }
  | { readonly type: 'courier.cut' }

interface CourierEffects { open: Town, parcel: { readonly bytes: number } }

const courier = reducer({
  name: 'courier',
  initial: (town: Town, out: Out<CourierEffects>): Town => {
    out.do('open', town)
    return town
  },
  step (town, message: CourierMessage, out: Out<CourierEffects>): Town {
    if (message.type === 'courier.dial') out.do('open', town)
    if (message.type === 'courier.parcel') out.do('parcel', { bytes: message.bytes })
    return town
  },
  effects: {
    open: (actor: ActorContext<CourierMessage>, town: Town) => { open(actor, town) },
    parcel: (_actor: ActorContext<CourierMessage>, { bytes }: { readonly bytes: number }) => { if (bytes % 97 === 1) throw new Error('the parcel ticks') }
  }
})

/** The couriers of the one town listen, those of the other dial. */
function open (actor: ActorContext<CourierMessage>, { name, other, port }: Town): void {
  const number = 4000 + Number(actor.path.at(-1))
  const again = actor.io(() => { actor.timer('dial', 1 + actor.random.exponential(5), { type: 'courier.dial' }) })
  const onLink = actor.io((link: RawLink) => {
    actor.own(link)
    link.attach({
      onData: actor.io((bytes: Uint8Array) => {
        actor.self.tell({ type: 'courier.parcel', bytes: bytes.length })
        if (actor.random.next() < 0.05) link.reset()
        else if (!link.closed) link.write(new Uint8Array(1 + actor.random.int(3000)))
      }),
      onEnd: actor.io(() => { link.end() }),
      onClose: actor.io(() => {
        actor.disown(link)
        if (name === 'bob') again()
      })
    })
    if (name === 'bob') link.write(new Uint8Array(1 + actor.random.int(500)))
  })
  actor.own(name === 'alice'
    ? port!.listen(`${name}:${number}`, { onLink, onFailure: again })
    : port!.connect(`${other}:${number}`, { onLink, onFailure: again }, { timeoutMs: 60 }))
}
