/**
 * What a supervisor does about the ends of its children.
 *
 * Each supervised child has a *slot* under its name; the slot outlives its incarnations. A crash is news that waits in the
 * supervisor's mailbox behind what the dead child had said; only then the supervisor decides.
 *
 * - `one-for-one`: the child alone is started anew.
 * - `rest-for-one`: the children after it in the list depend on it: they are stopped in reverse order, then all of them are
 *   started again in order. What happens meanwhile in the group belongs to that one restart.
 * - `dynamic`: as one-for-one, for children that come and go: no order, all are stopped at once.
 *
 * Restart intensity must never be a remote kill switch: past it a child is *suspended* and tried at the slow end of the
 * back-off. It never takes the supervisor with it. Only a start that fails at boot does.
 */
import type { AccountOptions } from './account.js'
import type { AnyBehavior, Cell } from './cell.js'
import type { Restart } from './context.js'
import { ActorError } from './errors.js'
import { isFailure, type Blame, type CrashPoint, type Exit } from './exit.js'
import { handleOf } from './message.js'
import { Signal } from './signal.js'
import { checkRestart, type ChildSpec, type Strategy, type Supervision } from './supervision.js'
import type { Timer, TimerKind } from './time/timers.js'

/** When a child is started again, and whether that is a suspension. */
interface Verdict {
  readonly delayMs: number
  readonly suspended: boolean
}

/** When to start again, from how often that was needed lately. One per child, or one per group in rest-for-one. */
class RestartPolicy {
  private readonly recent: number[] = []
  /** Restarts since the last long run. */
  private streak = 0

  /** `ranMs` is how long it had run; `jitter` is in [0, 1). */
  decide (now: number, ranMs: number, supervision: Supervision, jitter: number): Verdict {
    const { restarts: most = 5, withinMs = 30_000 } = supervision.intensity ?? {}
    const { firstMs = 1000, maxMs = 60_000, resetMs = 60_000, jitter: spread = 0.2 } = supervision.backoff ?? {}
    if (ranMs >= resetMs) this.streak = 0
    while (this.recent.length > 0 && this.recent[0]! <= now - withinMs) this.recent.shift()
    this.recent.push(now)
    const suspended = this.recent.length > most
    // Only whether there are more than `most` matters: the list stays that short.
    if (this.recent.length > most + 1) this.recent.shift()
    const waitMs = suspended ? maxMs : this.streak === 0 ? 0 : Math.min(firstMs * 2 ** Math.min(this.streak - 1, longestStreak), maxMs)
    this.streak++
    return { delayMs: waitMs * (1 + spread * (2 * jitter - 1)), suspended }
  }
}

/** Beyond it no wait grows any more, and nothing may overflow: zero times infinity is not a number. */
const longestStreak = 64

/**
 * - `waiting`: its turn to start has not come yet.
 * - `starting`, `running`: has a living incarnation.
 * - `backing-off`, `suspended`: down, to be started again when the timer says so.
 * - `stopping`: asked to stop by its supervisor, for good.
 * - `regrouping`: asked to stop for the restart of its group.
 * - `stopped`, `ended`: down for good.
 */
type SlotState = 'waiting' | 'starting' | 'running' | 'backing-off' | 'suspended' | 'stopping' | 'regrouping' | 'stopped' | 'ended'

interface Slot {
  readonly spec: ChildSpec
  readonly policy: RestartPolicy
  state: SlotState
  cell: Cell | null
  incarnation: number
  startedAt: number
  retry: Timer | null
}

/** What inspection shows of a slot. */
export interface SlotView {
  readonly name: string
  readonly behavior: string
  readonly restart: Restart
  readonly state: Exclude<SlotState, 'regrouping'>
  /** Starts so far. */
  readonly starts: number
  /** When it is started again, in the system's time; undefined when no attempt is due. */
  readonly retryAtMs: number | undefined
}

export class Supervisor {
  private readonly owner: Cell
  private readonly supervision: Supervision
  /** In the order of the specs, whatever the order in which they were started last. */
  private readonly slots: Slot[] = []
  private readonly byName = new Map<string, Slot>()
  private booting = true
  /** Rest-for-one: where the group begins that is being restarted; Infinity when none is. */
  private groupFrom = Infinity
  private groupRetry: Timer | null = null
  private groupGrace: Timer | null = null
  /** Why the group is being restarted. */
  private groupBlame: Blame | undefined
  private readonly groupPolicy = new RestartPolicy()

  constructor (owner: Cell, supervision: Supervision) {
    this.owner = owner
    this.supervision = supervision
    for (const spec of supervision.children ?? []) this.addSlot(spec)
  }

  get strategy (): Strategy {
    return this.supervision.strategy
  }

  view (): readonly SlotView[] {
    return this.slots.map(({ spec: { name, behavior, restart }, state, incarnation, retry }) => {
      const waits = state === 'backing-off' || state === 'suspended'
      return { name, behavior: behavior.name, restart, state: state === 'regrouping' ? 'stopping' : state, starts: incarnation, retryAtMs: waits ? (retry ?? this.groupRetry)?.due : undefined }
    })
  }

  /** Starts the static children, one after another. */
  boot (): void {
    this.startNext()
  }

  /** A child spawned at run time, with restarts. Its slot comes last. */
  add (behavior: AnyBehavior, input: unknown, name: string | undefined, restart: Restart, account: AccountOptions | undefined): Cell {
    checkRestart('restart', restart)
    if (name === undefined) throw new TypeError(`name: a ${restart} child of ${this.owner.path} needs a name, to be found again after a restart`)
    if (handleOf(input) !== undefined) throw new TypeError(`input: a ${restart} child of ${this.owner.path} cannot bring a handle: a restart would find it used up`)
    this.mustBeFree(name)
    const old = this.byName.get(name)
    if (old !== undefined) this.removeSlot(old)
    const slot = this.addSlot({ name, behavior, input: () => input, restart, account })
    try {
      this.incarnate(slot)
    } catch (error) {
      this.removeSlot(slot)
      throw error
    }
    return slot.cell!
  }

  /** A name belongs to a child for as long as it may be started again. @throws ActorError `actor/name-taken` */
  mustBeFree (name: string): void {
    const slot = this.byName.get(name)
    if (slot === undefined || slot.state === 'stopped' || slot.state === 'ended') return
    throw new ActorError('actor/name-taken', `${this.owner.path}/${name}`, 'the name is taken')
  }

  /** The owner itself stops that child: it stays down. */
  expectStop (cell: Cell): void {
    const slot = this.slotOf(cell)
    if (slot !== undefined) slot.state = 'stopping'
  }

  /** As `expectStop`, for a child that is down and would be started again. */
  giveUp (path: string): void {
    const slot = this.byName.get(path.slice(path.lastIndexOf('/') + 1))
    if (slot === undefined || path !== `${this.owner.path}/${slot.spec.name}`) return
    if (slot.cell !== null) {
      // It is down, but the news still waits.
      slot.state = 'stopping'
      return
    }
    if (slot.retry !== null) this.owner.dropTimer(slot.retry)
    slot.retry = null
    this.forget(slot, 'stopped')
  }

  // ---------------------------------------------------------------- news of children (called in their turns)

  childStarted (cell: Cell): void {
    const slot = this.slotOf(cell)
    if (slot !== undefined) this.owner.signal(new News(this, slot, cell, null))
  }

  childDown (cell: Cell, exit: Exit): void {
    const slot = this.slotOf(cell)
    if (slot !== undefined) this.owner.signal(new News(this, slot, cell, exit))
  }

  /** While the owner ends nothing is decided any more. */
  childGone (cell: Cell): void {
    const slot = this.slotOf(cell)
    if (slot !== undefined) slot.cell = null
  }

  // ---------------------------------------------------------------- the owner's end

  /** True for a child that must wait for its turn to be stopped. */
  stopsInOrder (cell: Cell): boolean {
    return this.supervision.strategy !== 'dynamic' && this.slotOf(cell) !== undefined
  }

  /** Stops the last child that is left of those that stop in order. Called again whenever a child has gone. */
  stopNext (): void {
    if (this.supervision.strategy === 'dynamic') return
    this.lastAlive(0)?.cell?.requestStop('parent-ending', undefined, this.owner.blame)
  }

  // ---------------------------------------------------------------- decisions (made in the owner's turn)

  /** @internal */
  started (slot: Slot, cell: Cell): void {
    if (slot.cell !== cell) return
    if (slot.state === 'starting') slot.state = 'running'
    this.startNext()
  }

  /** @internal */
  ended (slot: Slot, cell: Cell, exit: Exit): void {
    if (slot.cell !== cell) return
    slot.cell = null
    // A first start that fails is no crash: that of a static child fails the boot, that of another its spawner may watch.
    if (exit.kind === 'start-failed' && slot.incarnation === 1) {
      if (this.isStatic(slot)) {
        this.failBoot(slot, cell, exit)
        return
      }
      this.forget(slot, 'ended')
      this.goOn()
      return
    }
    if (this.supervision.strategy === 'rest-for-one' && this.groupFrom <= this.slots.indexOf(slot)) {
      this.groupMemberDown(slot, exit)
      return
    }
    if (slot.state === 'stopping' || !this.wanted(slot, exit)) {
      this.forget(slot, slot.state === 'stopping' ? 'stopped' : 'ended')
      this.goOn()
      return
    }
    if (this.supervision.strategy === 'rest-for-one') this.restartGroup(slot, exit)
    else this.restart(slot, exit)
  }

  /** @internal */
  retry (slot: Slot | null): void {
    if (slot === null) {
      this.groupRetry = null
      this.stopGroup()
      return
    }
    slot.retry = null
    if (slot.state === 'backing-off' || slot.state === 'suspended') this.startAgain(slot)
  }

  /** @internal The grace of a group that is being stopped is over. */
  groupGraceOver (): void {
    this.groupGrace = null
    const exit: Exit = { kind: 'killed', reason: 'grace-over', because: this.groupBlame! }
    // One deadline for all of them: those whose turn to stop has not come have no time left either.
    for (const slot of this.slots.slice(this.groupFrom)) {
      if (slot.cell === null) continue
      if (slot.state !== 'stopping') slot.state = 'regrouping'
      slot.cell.requestEnd(exit)
    }
  }

  private failBoot (slot: Slot, cell: Cell, exit: Extract<Exit, { kind: 'start-failed' }>): void {
    slot.state = 'ended'
    const error = new ActorError('actor/start-failed', cell.path, 'a child failed to start', { cause: exit.error })
    this.owner.requestEnd({ kind: 'start-failed', error, because: { path: cell.path, exit } })
  }

  private restart (slot: Slot, exit: Exit): void {
    const verdict = this.decide(slot.policy, slot, exit)
    if (verdict.delayMs === 0) this.startAgain(slot)
    else this.backOff(slot, verdict)
    this.startNext()
  }

  private backOff (slot: Slot, { delayMs, suspended }: Verdict): void {
    slot.state = suspended ? 'suspended' : 'backing-off'
    slot.retry = this.owner.armKernelTimer(retryTimer, delayMs, { supervisor: this, slot })
  }

  private startAgain (slot: Slot): void {
    try {
      this.incarnate(slot)
    } catch (error) {
      // An account refused, or its input could not be made. As with any start that fails, the next attempt waits longer.
      this.backOff(slot, this.decide(slot.policy, slot, { kind: 'start-failed', error }))
    }
  }

  private restartGroup (slot: Slot, exit: Exit, atOnce = true): void {
    const { delayMs, suspended } = this.decide(this.groupPolicy, slot, exit)
    slot.state = suspended ? 'suspended' : 'backing-off'
    this.groupFrom = this.slots.indexOf(slot)
    this.groupBlame = { path: `${this.owner.path}/${slot.spec.name}`, exit }
    if (this.groupRetry !== null) this.owner.dropTimer(this.groupRetry)
    this.groupRetry = delayMs === 0 && atOnce ? null : this.owner.armKernelTimer(retryTimer, delayMs, { supervisor: this, slot: null })
    this.stopGroup()
  }

  /** Stops the last member of the group that is left; when none is, the group can start again. */
  private stopGroup (): void {
    const last = this.lastAlive(this.groupFrom)
    if (last === undefined) {
      if (this.groupGrace !== null) this.owner.dropTimer(this.groupGrace)
      this.groupGrace = null
      if (this.groupRetry === null) this.startGroup()
      return
    }
    this.groupGrace ??= this.owner.armKernelTimer(groupGraceTimer, this.owner.crashGraceMs, this)
    if (last.state === 'stopping' || last.state === 'regrouping') return
    last.state = 'regrouping'
    last.cell!.requestStop(regroupReason, undefined, this.groupBlame)
  }

  private groupMemberDown (slot: Slot, exit: Exit): void {
    const stoppedByUs = exit.kind === 'stopped' && exit.reason === regroupReason
    if (slot.spec.restart === 'temporary') this.removeSlot(slot)
    else if (slot.state === 'stopping') this.forget(slot, 'stopped')
    // A transient member that had reached its end stays ended; one that we stopped starts again with its group.
    else if (!stoppedByUs && !this.wanted(slot, exit)) this.forget(slot, 'ended')
    else slot.state = 'waiting'
    this.stopGroup()
  }

  private startGroup (): void {
    for (const slot of this.slots.slice(this.groupFrom)) {
      if (slot.state !== 'ended' && slot.state !== 'stopped') slot.state = 'waiting'
    }
    this.groupFrom = Infinity
    this.startNext()
  }

  /** After a child has come or gone: on with the group that is being restarted, or with those that wait for their start. */
  private goOn (): void {
    if (this.groupFrom === Infinity) this.startNext()
    else this.stopGroup()
  }

  /** Starts the first slot whose turn has come; the next follows when this one has started. */
  private startNext (): void {
    // Only at boot, and in groups, does one wait for another.
    if (this.groupFrom !== Infinity || (!this.booting && this.supervision.strategy !== 'rest-for-one')) return
    for (const slot of this.slots) {
      if (slot.state === 'starting') return
      if (slot.state !== 'waiting') continue
      try {
        this.incarnate(slot)
      } catch (error) {
        const exit: Exit = { kind: 'start-failed', error }
        if (slot.incarnation === 0) this.owner.requestEnd(exit)
        else this.restartGroup(slot, exit, false)
      }
      return
    }
    if (!this.booting) return
    this.booting = false
    this.owner.announceStarted()
  }

  private incarnate (slot: Slot): void {
    const { owner } = this
    const { behavior, input, name, account } = slot.spec
    slot.cell = owner.adopt(behavior, input(), name, slot.incarnation, account)
    slot.incarnation++
    slot.startedAt = owner.now()
    slot.state = 'starting'
  }

  private decide (policy: RestartPolicy, slot: Slot, exit: Exit): Verdict {
    const { owner } = this
    const { trace } = owner.kernel
    const now = owner.now()
    // An operator's kill says nothing about the health of the child.
    const verdict = exit.kind === 'killed' && exit.counted === false
      ? { delayMs: 0, suspended: false }
      : policy.decide(now, now - slot.startedAt, this.supervision, owner.random.next())
    trace.report(verdict.suspended ? 'suspended' : 'restarting', owner, slot.spec.name, verdict.delayMs)
    return verdict
  }

  private wanted (slot: Slot, exit: Exit): boolean {
    const { restart } = slot.spec
    return restart === 'permanent' || (restart === 'transient' && isFailure(exit))
  }

  private isStatic (slot: Slot): boolean {
    return this.supervision.children?.includes(slot.spec) === true
  }

  /** Its end was the end: a static child stays visible, one added at run time is forgotten. */
  private forget (slot: Slot, as: 'stopped' | 'ended'): void {
    if (this.isStatic(slot)) slot.state = as
    else this.removeSlot(slot)
  }

  private lastAlive (from: number): Slot | undefined {
    for (let i = this.slots.length - 1; i >= from; i--) if (this.slots[i]!.cell !== null) return this.slots[i]
    return undefined
  }

  private slotOf (cell: Cell): Slot | undefined {
    if (typeof cell.key !== 'string') return undefined
    const slot = this.byName.get(cell.key)
    return slot?.cell === cell ? slot : undefined
  }

  private addSlot (spec: ChildSpec): Slot {
    const slot: Slot = { spec, policy: new RestartPolicy(), state: 'waiting', cell: null, incarnation: 0, startedAt: 0, retry: null }
    this.slots.push(slot)
    this.byName.set(spec.name, slot)
    return slot
  }

  private removeSlot (slot: Slot): void {
    const at = this.slots.indexOf(slot)
    this.slots.splice(at, 1)
    if (at < this.groupFrom) this.groupFrom--
    this.byName.delete(slot.spec.name)
  }
}

/** Why a member of a group is asked to stop. */
const regroupReason = 'group-restart'

/** A child has started (`exit` null) or ended, waiting in the supervisor's mailbox behind what the child had said. */
class News extends Signal {
  readonly point: CrashPoint = 'step'
  private readonly supervisor: Supervisor
  private readonly slot: Slot
  private readonly cell: Cell
  private readonly exit: Exit | null

  constructor (supervisor: Supervisor, slot: Slot, cell: Cell, exit: Exit | null) {
    super()
    this.supervisor = supervisor
    this.slot = slot
    this.cell = cell
    this.exit = exit
  }

  take (): null {
    if (this.exit === null) this.supervisor.started(this.slot, this.cell)
    else this.supervisor.ended(this.slot, this.cell, this.exit)
    return null
  }

  lost (): void {
    // The supervisor ends: it decides nothing any more, but it must not wait for one that is gone.
    if (this.exit !== null) this.supervisor.childGone(this.cell)
  }
}

const retryTimer: TimerKind = {
  label: 'restart',
  point: 'timer',
  fire (timer) {
    timer.owner.signal(timer)
  },
  handle (timer) {
    const { supervisor, slot } = timer.payload as { supervisor: Supervisor, slot: Slot | null }
    timer.owner.dropTimer(timer)
    supervisor.retry(slot)
    return null
  }
}

const groupGraceTimer: TimerKind = {
  label: 'grace of a group',
  point: 'timer',
  fire (timer) {
    timer.owner.dropTimer(timer)
    ;(timer.payload as Supervisor).groupGraceOver()
  },
  handle: () => null
}
