/**
 * One player, written three times: as a reducer, as a machine that XState runs, and as the same machine compiled. What each
 * does to the world is the same (`player-effects.ts`).
 */
import { assign, setup } from 'xstate'
import type { BehaviorOptions } from '../../../src/runtime/behavior/behavior.js'
import { compiledBehavior } from '../../../src/runtime/behavior/compile.js'
import { effects } from '../../../src/runtime/behavior/effects.js'
import { machineBehavior } from '../../../src/runtime/behavior/machine.js'
import type { Out } from '../../../src/runtime/behavior/out.js'
import { reducer } from '../../../src/runtime/behavior/reducer.js'
import type { AnyBehavior } from '../../../src/runtime/cell.js'
import type { Supervision } from '../../../src/runtime/supervision.js'
import type { Life } from './life.js'
import { playerHandlers, type PlayerEffects } from './player-effects.js'
import { pointOf, type PlayerMessage } from './player-messages.js'
import { slowMs, smallMailbox, type PlayerSpec } from './player-spec.js'

/** What a player is started from: a life begins only when the start comes to its turn. */
export interface Casting {
  begin (): Life
}

/** The behaviour of a player, with its supervision if it has one. `stand` is the input of who gets none: the root. */
export function behaviorOf (spec: PlayerSpec, supervision: Supervision | undefined, stand?: () => Casting): AnyBehavior {
  if (supervision !== undefined || stand !== undefined) return makeBehavior(spec, supervision, stand)
  // Those without children differ in little: made once, as a real program would.
  const variant = [spec.kind, spec.leaving, spec.stopGraceMs, spec.crashGraceMs, spec.crashesWhenFull].join()
  const known = variants.get(variant)
  if (known !== undefined) return known
  const made = makeBehavior(spec, undefined, undefined)
  variants.set(variant, made)
  return made
}

const variants = new Map<string, AnyBehavior>()

function makeBehavior (spec: PlayerSpec, supervision: Supervision | undefined, stand: (() => Casting) | undefined): AnyBehavior {
  const options: BehaviorOptions<PlayerMessage> = {
    stopGraceMs: spec.stopGraceMs,
    crashGraceMs: spec.crashGraceMs,
    ...spec.leaving === 'at-once' ? {} : { stopMessage: (): PlayerMessage => ({ type: 'p.stop', n: 0 }) },
    ...spec.crashesWhenFull ? { overflow: 'crash', mailboxCapacity: smallMailbox } : {},
    ...supervision === undefined ? {} : { supervision }
  }
  switch (spec.kind) {
    case 'reducer': return reducerPlayer(options, stand) as AnyBehavior
    case 'machine': return machineBehavior('machine player', machine, fx, playerHandlers, options) as unknown as AnyBehavior
    case 'compiled': return compiledBehavior('compiled player', machine, fx, playerHandlers, options) as unknown as AnyBehavior
  }
}

// ---------------------------------------------------------------- reducer

interface Part {
  readonly life: Life
  readonly steps: number
  readonly leaving: boolean
}

const left: PlayerMessage = { type: 'p.left', n: 0 }

const reducerPlayer = (options: BehaviorOptions<PlayerMessage>, stand: (() => Casting) | undefined): unknown => reducer({
  name: 'reducer player',
  initial: (casting: Casting | undefined, out: Out<PlayerEffects>): Part => {
    const life = (casting ?? stand!()).begin()
    life.visit('start')
    out.do('begin', life)
    return { life, steps: 0, leaving: false }
  },
  step (part: Part, message: PlayerMessage, out: Out<PlayerEffects>): Part {
    const { life } = part
    enter(life, message.type)
    const next = { life, steps: part.steps + 1, leaving: part.leaving || message.type === 'p.stop' }
    if (message.type === 'p.stop') {
      if (life.spec.leaving === 'quick') out.done()
      if (life.spec.leaving === 'slow') out.timer('left', slowMs, left)
    } else if (message.type === 'p.left' || (!part.leaving && isLast(life, message))) out.done()
    else if (!part.leaving) out.do('perform', { life, message })
    out.do('afterwards', life)
    leave(life)
    return next
  },
  effects: playerHandlers,
  ...options
})

// ---------------------------------------------------------------- machine

interface Context {
  readonly life: Life
  readonly steps: number
}

const fx = effects<PlayerEffects>({ begin: true, perform: true, afterwards: true })

const act = [
  'enter',
  { type: 'perform', params: ({ context, event }: { context: Context, event: PlayerMessage }) => ({ life: context.life, message: event }) },
  { type: 'afterwards', params: ({ context }: { context: Context }) => context.life },
  'leave'
] as const
/** For what is not performed. */
const pass = ['enter', { type: 'afterwards', params: ({ context }: { context: Context }) => context.life }, 'leave'] as const

const performing = {
  'p.work': { actions: act },
  'p.ask': { actions: act },
  'p.answered': { actions: act },
  'p.unanswered': { actions: act },
  'p.result': { actions: act },
  'p.failure': { actions: act },
  'p.gone': { actions: act },
  'p.poked': { actions: act },
  'p.beat': { actions: act },
  'p.later': { actions: act },
  'p.cue': [{ guard: 'isLast', target: 'gone', actions: pass }, { actions: act }],
  'p.stop': [{ guard: 'isQuick', target: 'gone', actions: pass }, { target: 'leaving', actions: pass }]
} as const

const ignoring = {
  'p.work': { actions: pass },
  'p.ask': { actions: pass },
  'p.answered': { actions: pass },
  'p.unanswered': { actions: pass },
  'p.result': { actions: pass },
  'p.failure': { actions: pass },
  'p.gone': { actions: pass },
  'p.poked': { actions: pass },
  'p.beat': { actions: pass },
  'p.later': { actions: pass },
  'p.cue': { actions: pass }
} as const

const machine = setup({
  types: { context: {} as Context, events: {} as PlayerMessage, input: {} as Casting },
  actions: {
    ...fx,
    enter: assign({
      steps: ({ context, event }) => {
        enter(context.life, event.type)
        return context.steps + 1
      }
    }),
    leave: assign(({ context }) => {
      leave(context.life)
      return {}
    })
  },
  guards: {
    isLast: ({ context, event }) => isLast(context.life, event),
    isQuick: ({ context }) => context.life.spec.leaving === 'quick',
    isSlow: ({ context }) => context.life.spec.leaving === 'slow'
  },
  delays: { slow: slowMs }
}).createMachine({
  id: 'player',
  context: ({ input }) => {
    const life = input.begin()
    life.visit('start')
    return { life, steps: 0 }
  },
  entry: { type: 'begin', params: ({ context }) => context.life },
  initial: 'fresh',
  states: {
    fresh: { on: performing, after: { 2: { target: 'playing', actions: pass } } },
    playing: { on: performing },
    leaving: { on: ignoring, after: { slow: { guard: 'isSlow', target: 'gone', actions: pass } } },
    gone: { type: 'final' }
  }
})

// ---------------------------------------------------------------- both

/** The beginning of a step. */
function enter (life: Life, type: string): void {
  const point = pointOf(type)
  if (point !== 'stop' && life.run.handlesWaiting(life.spec.path) > 0) life.visit('queued')
  life.visit(point)
}

/** Its end: all wishes are noted, none is carried out. */
function leave (life: Life): void {
  life.visit('late')
}

function isLast (life: Life, message: PlayerMessage): boolean {
  return message.type === 'p.cue' && !life.halted && life.spec.script[message.n]!.action.do === 'done'
}
