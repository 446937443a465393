/** Random plans for a company, made from what a rehearsal has shown: so that nearly all of them hit. */
import type { Act, Plan, Point, Strike } from './plan.js'
import { childrenOf, type PlayerSpec } from './player-spec.js'
import { Choice } from './random-tree.js'
import type { Run } from './run.js'
import type { Tree } from './tree.js'

export interface RandomPlan extends Plan {
  /**
   * True when one thing is done to one actor: then the ledger at rest must be that of the run in which the actor was stopped
   * instead. After several, each depends on what the ones before it have changed; and where the script of its supervisor
   * ends it too, it depends on which end comes first.
   */
  readonly comparable: boolean
}

export function randomPlan (seed: number, tree: Tree, rehearsal: Run): RandomPlan {
  return new Planner(seed, tree, rehearsal).plan()
}

class Planner {
  private readonly choose: Choice
  private readonly everybody: readonly PlayerSpec[]
  private readonly passed: Run['passed']

  constructor (seed: number, tree: Tree, rehearsal: Run) {
    this.choose = new Choice(seed, 'plan')
    this.passed = rehearsal.passed
    // Who never came to be cannot be hit.
    this.everybody = [...tree.players.values()].filter(({ path }) => this.times(path, 'spawned') > 0)
  }

  plan (): RandomPlan {
    const { choose } = this
    for (;;) {
      const plan = this.attempt(choose.random.int(100))
      if (plan !== null) return { ...plan, comparable: plan.comparable && ![...plan.strikes, ...plan.acts].some(({ path }) => this.isGivenUp(path)) }
    }
  }

  private attempt (kind: number): RandomPlan | null {
    if (kind < 34) return this.oneThrow()
    if (kind < 40) return this.throwInStop()
    if (kind < 44) return this.throwInDisposer()
    if (kind < 52) return this.failedStart()
    if (kind < 67) return this.manyLives()
    if (kind < 75) return this.killed()
    if (kind < 83) return this.killedWhileStopping()
    if (kind < 91) return this.killedWhileEnding()
    if (kind < 94) return this.flooded()
    if (kind < 96) return this.whileNewsWaits()
    if (kind < 98) return this.killedAgain()
    return this.several()
  }

  private times (path: string, what: Point | Act['on']): number {
    return this.passed.get(path)?.get(what) ?? 0
  }

  private isGivenUp (path: string): boolean {
    const { parent } = this.everybody.find(spec => spec.path === path)!
    return parent?.script.some(({ action }) => (action.do === 'stop' || action.do === 'kill') && action.target === path) === true
  }

  private who (fits: (spec: PlayerSpec) => boolean): PlayerSpec | null {
    const some = this.everybody.filter(fits)
    return some.length === 0 ? null : this.choose.of(some)
  }

  private strike ({ path }: PlayerSpec, point: Point, nth = 1, from = 0, lives = 1): Strike {
    return { path, point, nth, from, lives }
  }

  private act ({ path }: PlayerSpec, on: Act['on'], deed: Act['deed'], nth = 1): Act {
    return { path, on, nth, deed }
  }

  /** At some message that it got in the rehearsal. */
  private atMessage (spec: PlayerSpec, deed: Act['deed']): Act {
    return this.act(spec, 'message', deed, this.choose.between(1, this.times(spec.path, 'message')))
  }

  private hears (spec: PlayerSpec): boolean {
    return this.times(spec.path, 'message') > 0
  }

  /** The commonest points would take all: first the point, then who passes it, then when. */
  private anyStrike (lives = 1, fits: (spec: PlayerSpec) => boolean = () => true): Strike | null {
    const point = this.choose.of<Point>(['step', 'late', 'effect', 'task', 'mapper', 'timer', 'io', 'defer', 'queued'])
    const spec = this.who(each => fits(each) && this.times(each.path, point) > 0)
    return spec === null ? null : this.strike(spec, point, this.choose.between(1, this.times(spec.path, point)), 0, lives)
  }

  private oneThrow (): RandomPlan | null {
    const strike = this.anyStrike()
    return strike === null ? null : { strikes: [strike], acts: [], comparable: true }
  }

  private throwInStop (): RandomPlan | null {
    const spec = this.who(each => each.leaving !== 'at-once' && this.hears(each))
    return spec === null ? null : { strikes: [this.strike(spec, 'stop')], acts: [this.atMessage(spec, 'stop')], comparable: true }
  }

  private throwInDisposer (): RandomPlan | null {
    const spec = this.who(each => each.keeps > 0 && this.hears(each))
    return spec === null ? null : { strikes: [this.strike(spec, 'disposer')], acts: [this.atMessage(spec, this.choose.of(['stop', 'kill']))], comparable: true }
  }

  /** The first start, or that after a throw. */
  private failedStart (): RandomPlan | null {
    const { choose } = this
    const nth = choose.between(1, 2)
    if (choose.chance(0.4)) {
      // Of a static child at boot it takes the whole company down: once in a while.
      const isStatic = choose.chance(0.3)
      const spec = this.who(each => each.parent?.children.includes(each) === isStatic)
      return spec === null ? null : { strikes: [this.strike(spec, 'start', nth)], acts: [], comparable: !spec.supervised }
    }
    const first = this.anyStrike(1, each => each.supervised && each.restart !== 'temporary')
    return first === null ? null : { strikes: [first, { ...first, point: 'start', nth, from: 1, lives: choose.between(1, 3) }], acts: [], comparable: false }
  }

  /** Again and again, until it has to wait; then perhaps somebody ends it for good, or its parent. */
  private manyLives (): RandomPlan | null {
    const { choose } = this
    const lives = choose.between(2, 6)
    const strike = this.anyStrike(lives, each => each.supervised && each.restart !== 'temporary')
    if (strike === null) return null
    const acts: Act[] = choose.chance(0.2)
      ? []
      : [{ path: strike.path, on: choose.of(['backing-off', 'suspended']), nth: choose.between(1, 2), deed: choose.of(['kill', 'kill-parent', 'give-up']) }]
    return { strikes: [strike], acts, comparable: false }
  }

  private killed (): RandomPlan | null {
    const { choose } = this
    const spec = this.who(each => this.hears(each))
    if (spec === null) return null
    return { strikes: [], acts: [choose.chance(0.4) ? this.act(spec, 'spawned', 'kill') : this.atMessage(spec, 'kill')], comparable: true }
  }

  private killedWhileStopping (): RandomPlan | null {
    const spec = this.who(each => (each.leaving === 'slow' || each.leaving === 'hanging') && this.hears(each))
    if (spec === null) return null
    return { strikes: [], acts: [this.atMessage(spec, 'stop'), this.act(spec, 'stopping', this.choose.of(['kill', 'kill', 'kill-parent']))], comparable: false }
  }

  /** Its children take their time, so that it stays in its end for a while. */
  private killedWhileEnding (): RandomPlan | null {
    const { choose } = this
    const spec = this.who(each => this.hears(each) && [...childrenOf(each)].some(({ leaving }) => leaving === 'slow' || leaving === 'hanging'))
    if (spec === null) return null
    const then = this.act(spec, 'ending', choose.of(['kill', 'kill', 'kill-parent', 'give-up']))
    if (spec.crashGraceMs > 0 && choose.chance(0.5)) {
      const point = choose.of<Point>(['step', 'timer', 'effect'])
      const times = this.times(spec.path, point)
      if (times > 0) return { strikes: [this.strike(spec, point, choose.between(1, times))], acts: [then], comparable: false }
    }
    return { strikes: [], acts: [this.atMessage(spec, 'stop'), then], comparable: false }
  }

  private flooded (): RandomPlan | null {
    const spec = this.who(each => each.crashesWhenFull && this.hears(each))
    return spec === null ? null : { strikes: [], acts: [this.atMessage(spec, 'flood')], comparable: true }
  }

  /** It is down, and before its supervisor has heard of that, it gives it up, or has to stop. */
  private whileNewsWaits (): RandomPlan | null {
    const strike = this.anyStrike(1, each => each.supervised && each.children.length === 0)
    return strike === null ? null : { strikes: [strike], acts: [{ path: strike.path, on: 'ending', nth: 1, deed: this.choose.of(['give-up', 'stop-parent']) }], comparable: false }
  }

  /** An operator's kill does not count: each time it starts again at once. */
  private killedAgain (): RandomPlan | null {
    const spec = this.who(each => each.supervised && each.restart !== 'temporary' && this.hears(each))
    if (spec === null) return null
    const again = Array.from({ length: this.choose.between(1, 4) }, (_, i) => this.act(spec, 'spawned', 'kill', i + 2))
    return { strikes: [], acts: [this.atMessage(spec, 'kill'), ...again], comparable: false }
  }

  private several (): RandomPlan | null {
    const plans = [this.oneThrow(), this.killed(), this.oneThrow(), this.throwInStop()].filter(plan => plan !== null)
    return { strikes: plans.flatMap(({ strikes }) => strikes), acts: plans.flatMap(({ acts }) => acts), comparable: false }
  }
}
