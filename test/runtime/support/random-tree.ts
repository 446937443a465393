/** Random companies: up to four levels below the root, all strategies, kinds and ways to leave; the same for the same seed. */
import { hashText, mix, SeededRandom } from '../../../src/runtime/random.js'
import type { Restart } from '../../../src/runtime/context.js'
import type { Strategy } from '../../../src/runtime/supervision.js'
import { childrenOf, family, firstCueMs, kinds, leavings, player, type Action, type AnswerPolicy, type HandlePolicy, type PlayerSpec } from './player-spec.js'
import { makeTree, type Tree } from './tree.js'

/** All scripts, graces, back-offs and looks of these trees are over by then. */
export const restMs = 30_000

const deepest = 4
const mostPlayers = 26
const buses = 2

export class Choice {
  readonly random: SeededRandom

  constructor (seed: number, what: string) {
    this.random = new SeededRandom(mix(seed, hashText(what)))
  }

  chance (probability: number): boolean {
    return this.random.next() < probability
  }

  of<T> (list: readonly T[]): T {
    return list[this.random.int(list.length)]!
  }

  /** From `least` to `most`, both included. */
  between (least: number, most: number): number {
    return least + this.random.int(most - least + 1)
  }

  /** A time that hardly any other will share. */
  ms (least: number, most: number): number {
    return least + this.random.next() * (most - least)
  }
}

export function randomTree (seed: number): Tree {
  const choose = new Choice(seed, 'tree')
  let count = 1
  const root = player(null, 'root', {
    strategy: choose.of<Strategy>(['one-for-one', 'rest-for-one', 'dynamic']),
    backoff: backoff(choose),
    stopGraceMs: 200,
    crashGraceMs: choose.of([0, 30])
  })

  const grow = (parent: PlayerSpec, depth: number): void => {
    const children = choose.between(depth === 1 ? 2 : 1, depth === 1 ? 4 : 3)
    for (let i = 0; i < children && count < mostPlayers; i++) {
      count++
      const supervises = depth < deepest && choose.chance(0.55 - 0.1 * depth)
      const spec = player(parent, `${supervises ? 's' : 'w'}${i}`, {
        ...traits(choose, supervises),
        restart: choose.of<Restart>(['permanent', 'permanent', 'transient', 'temporary'])
      })
      parent.children.push(spec)
      if (supervises) grow(spec, depth + 1)
    }
  }
  grow(root, 1)

  const statics = [...family(root)]
  for (const spec of statics) if (choose.chance(0.3)) addSpawns(choose, spec)
  const everybody = [...family(root)]
  for (const spec of everybody) addScript(choose, spec, everybody)
  return makeTree(root)
}

function backoff (choose: Choice): PlayerSpec['backoff'] {
  return { firstMs: choose.of([10, 25]), maxMs: choose.of([40, 100]), resetMs: 1000 }
}

function traits (choose: Choice, supervises: boolean): Partial<PlayerSpec> {
  return {
    kind: choose.of(kinds),
    leaving: choose.chance(0.45) ? 'at-once' : choose.of(leavings),
    crashGraceMs: choose.of([0, 15]),
    stopGraceMs: supervises ? choose.of([60, 150]) : choose.of([20, 50]),
    crashesWhenFull: choose.chance(0.3),
    onHandle: choose.of<HandlePolicy>(['own', 'pass', 'into-task', 'ignore']),
    answers: choose.of<AnswerPolicy>(['at-once', 'late', 'with-handle', 'never']),
    listensOn: choose.chance(0.2) ? choose.random.int(buses) : null,
    serves: choose.chance(0.25),
    keeps: choose.between(0, 2),
    waits: choose.chance(0.3),
    ...supervises
      ? { strategy: choose.of<Strategy>(['one-for-one', 'rest-for-one', 'dynamic']), backoff: backoff(choose), intensity: choose.chance(0.4) ? { restarts: choose.between(1, 3), withinMs: 2000 } : {} }
      : {}
  }
}

/** Children that come at run time: temporary ones of anybody, supervised ones of supervisors. */
function addSpawns (choose: Choice, parent: PlayerSpec): void {
  let number = 0
  const spawns = choose.between(1, 2)
  let atMs = firstCueMs
  for (let i = 0; i < spawns; i++) {
    atMs += choose.ms(1, 15)
    const supervised = parent.strategy !== null && choose.chance(0.5)
    const numbered = !supervised && choose.chance(0.6)
    const supervises = choose.chance(0.25)
    const spec = player(parent, numbered ? `${++number}` : `d${i}`, {
      ...traits(choose, supervises),
      numbered,
      supervised,
      restart: supervised ? choose.of<Restart>(['permanent', 'transient']) : 'temporary'
    })
    parent.script.push({ atMs, action: { do: 'spawn', player: spec } })
    for (let j = 0; supervises && j < choose.between(1, 2); j++) {
      spec.children.push(player(spec, `w${j}`, { ...traits(choose, false), restart: choose.of<Restart>(['permanent', 'transient', 'temporary']) }))
    }
    if (choose.chance(0.2)) addSpawns(choose, spec)
  }
}

function addScript (choose: Choice, spec: PlayerSpec, everybody: readonly PlayerSpec[]): void {
  const { script } = spec
  const isRoot = spec.parent === null
  // Mostly neighbours, so that not everybody can affect everybody.
  const neighbours = isRoot ? [spec] : [...childrenOf(spec.parent)]
  const someone = (): string => (choose.chance(0.85) ? choose.of(neighbours) : choose.of(everybody)).path
  const cues = isRoot ? choose.between(0, 2) : choose.between(1, 5)
  const talkative = choose.chance(isRoot ? 0 : spec.strategy === null ? 0.5 : 0.2)
  for (let i = 0; i < cues; i++) {
    script.push({ atMs: choose.ms(firstCueMs, 40), action: talkative && choose.chance(0.5) ? talk(choose, someone) : work(choose) })
  }
  if (!isRoot && choose.chance(0.12)) script.push({ atMs: choose.ms(firstCueMs, 40), action: { do: 'watch', target: someone() } })
  if (spec.children.length > 0 && choose.chance(0.15)) {
    script.push({ atMs: choose.ms(firstCueMs, 60), action: { do: choose.of(['stop', 'kill'] as const), target: choose.of(spec.children).path } })
  } else if (!isRoot && choose.chance(0.04)) {
    // Of those that come back, one might be restarted together with its killer, and be killed again for ever.
    const target = choose.of(neighbours)
    if (target !== spec && target.restart === 'temporary') script.push({ atMs: choose.ms(firstCueMs, 60), action: { do: choose.of(['stop', 'kill'] as const), target: target.path } })
  }
  if (spec.onHandle === 'pass' && choose.chance(0.7)) Object.assign(spec, { passesTo: someone() })
  // Who is restarted after any end must not end by itself, or it would for ever.
  if (spec.restart !== 'permanent' && choose.chance(spec.strategy === null ? 0.25 : 0.06)) script.push({ atMs: choose.ms(20, 80), action: { do: 'done' } })
}

function talk (choose: Choice, someone: () => string): Action {
  switch (choose.random.int(5)) {
    case 0: return { do: 'ask', to: someone(), times: choose.between(1, 2), withinMs: choose.ms(2, 20) }
    case 1: return { do: 'emit', bus: choose.random.int(buses) }
    case 2: return { do: 'connect', to: someone(), forMs: choose.ms(1, 15) }
    default: return { do: 'tell', to: someone(), handles: choose.between(0, 2) }
  }
}

function work (choose: Choice): Action {
  switch (choose.random.int(7)) {
    case 0: return { do: 'sleep', ms: choose.ms(0, 20), fails: choose.chance(0.4) }
    case 1: return { do: 'fetch', ms: choose.ms(0, 20), times: choose.between(1, 2) }
    case 2: return { do: 'gather', ms: Array.from({ length: choose.between(1, 3) }, () => choose.ms(0, 10)) }
    case 3: return { do: 'hang', how: choose.of(['heedful', 'heedless', 'sleeping'] as const) }
    case 4: return { do: 'beat', everyMs: choose.ms(1, 5), rounds: choose.between(2, 8) }
    case 5: return { do: 'cancel', afterMs: choose.ms(1, 10) }
    default: return { do: 'retime', ms: choose.ms(1, 10) }
  }
}
