/**
 * One incarnation of a player: what it knows of itself, and the place where planted throws hit.
 *
 * It is no part of a behaviour's state in spirit (a step must be pure); it stands in the state because steps and effects
 * of all three kinds must find it there.
 */
import type { ActorContext } from '../../../src/runtime/context.js'
import type { CountedHandle } from './counted-handle.js'
import { points, type Point, type Strike } from './plan.js'
import type { PlayerMessage } from './player-messages.js'
import { cancelled, type PlayerSpec } from './player-spec.js'
import type { Run } from './run.js'

/** Who watches looks again this often, each time after twice the time: long enough for any back-off of these tests. */
const looks = 9
const firstLookMs = 4

export class Life {
  readonly run: Run
  readonly spec: PlayerSpec
  /** 0 for the first at its place. */
  readonly number: number
  actor: ActorContext<PlayerMessage> | null = null
  /** A planted throw has hit its step or effect: nothing may be done in its name any more. */
  doomed = false
  /** In a reference run it was stopped where it would have been hit: it does nothing more of its own. */
  halted = false
  /** What it owns and watches, by its own count. */
  owned = 0
  watching = 0
  private readonly visits: number[] = new Array<number>(points.length).fill(0)
  private readonly strikes: readonly Strike[] | undefined
  private readonly jobs = new Map<number, () => void>()
  private jobNumber = 0
  private rounds = 0
  private readonly watches = new Map<number, { readonly target: string, readonly since: number, readonly look: number }>()

  constructor (run: Run, spec: PlayerSpec, number: number, strikes: readonly Strike[] | undefined) {
    this.run = run
    this.spec = spec
    this.number = number
    this.strikes = strikes
  }

  /** Passes a point where it can be hit. @throws Struck when it is */
  visit (point: Point): void {
    const nth = ++this.visits[points.indexOf(point)]!
    this.run.visited(this, point, nth)
    if (this.strikes === undefined || this.halted || this.doomed) return
    for (const strike of this.strikes) {
      if (strike.point === point && strike.nth === nth && this.number >= strike.from && this.number < strike.from + strike.lives) this.run.strike(this, point)
    }
  }

  /** It is about to do something. */
  performs (): void {
    if (this.doomed) this.run.complain(`${this.spec.path}: an effect ran after the throw`)
  }

  /** Does something later, by a timer. */
  later (ms: number, job: () => void): void {
    const n = this.jobNumber++
    this.jobs.set(n, job)
    this.actor!.timer(`later ${n}`, ms, { type: 'p.later', n })
  }

  /** That timer was due. */
  due (n: number): void {
    const job = this.jobs.get(n)
    this.jobs.delete(n)
    if (n === cancelled) this.run.complain(`${this.spec.path} heard of what was cancelled`)
    job?.()
  }

  startBeat (everyMs: number, rounds: number): void {
    this.rounds = rounds
    this.actor!.timer('beat', everyMs, { type: 'p.beat', n: 0 }, everyMs)
  }

  beat (): void {
    if (--this.rounds === 0) this.actor!.cancelTimer('beat')
  }

  own (resource: Disposable): void {
    this.actor!.own(resource)
    this.owned++
  }

  disown (resource: Disposable): void {
    if (this.actor!.disown(resource)) this.owned--
  }

  /** Owns it for a while. */
  borrow (handle: CountedHandle): void {
    this.own(handle)
    this.later(5, () => {
      this.actor!.release(handle)
      this.owned--
    })
  }

  /** Watches whoever lives at that place; one that is gone is looked for again, until it has had the time to be restarted. */
  watch (target: string, n: number, look: number): void {
    const { actor } = this
    this.watching++
    this.watches.set(n, { target, since: actor!.now(), look })
    actor!.watch(actor!.named(target), () => ({ type: 'p.gone', n }))
  }

  heardOf (n: number): void {
    const { target, since, look } = this.watches.get(n)!
    this.watching--
    const next = this.actor!.now() - since > 1 ? 0 : look + 1
    if (next < looks) this.later(firstLookMs * 2 ** next, () => { this.watch(target, n, next) })
  }
}
