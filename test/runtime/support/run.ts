/**
 * One run of a company of players in a simulated world. It carries out a plan, and writes down what happens.
 *
 * - `rehearsal`: nothing is done to anybody; how often each point is passed is written down, to plan from.
 * - `crash`: planted throws are thrown.
 * - `reference`: where a throw would hit, the actor is stopped instead (a transient one killed: it must come back).
 */
import type { Cell } from '../../../src/runtime/cell.js'
import { ending } from '../../../src/runtime/life.js'
import type { Exit } from '../../../src/runtime/exit.js'
import { hashText } from '../../../src/runtime/random.js'
import { SimEvent } from '../../../src/runtime/sim/sim-scheduler.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import type { System } from '../../../src/runtime/system.js'
import { HandleLog } from './counted-handle.js'
import { Life } from './life.js'
import { Pacing } from './pacing.js'
import { longestEndMs } from './patience.js'
import { Struck, type Act, type Plan, type Point, type Strike } from './plan.js'
import { pointOf, type PlayerMessage } from './player-messages.js'
import { smallMailbox, type PlayerSpec } from './player-spec.js'
import type { Casting } from './players.js'
import { readLedger, zeroLedger } from './ledger.js'
import type { Tree } from './tree.js'

export type Mode = 'rehearsal' | 'crash' | 'reference'

/** Where an actor was in its life: its own state, or that of its slot while nobody is there. */
export type LifeState = 'starting' | 'running' | 'stopping' | 'ending' | 'backing-off' | 'suspended' | 'absent'

/** Something that was done to an actor. */
export interface Hit {
  readonly what: Point | Act['deed']
  /** Who was meant, and in which state it was. */
  readonly spec: PlayerSpec
  readonly state: LifeState
  /** Who felt it: the parent for `kill-parent`, nobody for the kill of one that is not there. */
  readonly felt: PlayerSpec | null
  /** Siblings of it and of its ancestors that had yet to be started: they start at another time now. */
  readonly delayed: readonly PlayerSpec[]
  readonly atMs: number
}

/** What is known of one incarnation. */
export interface Track {
  readonly path: string
  readonly spec: PlayerSpec | undefined
  readonly parent: Track | null
  readonly cell: Cell
  readonly spawnedAt: number
  started: boolean
  endingAt: number
  downAt: number
  exit: Exit | undefined
  /** By name: the last end of a child, and whether it had been asked for by this very actor. */
  readonly ends: Map<string, Exit>
  readonly givenUp: Set<string>
  readonly failedFirst: Set<string>
  /** Names of those it has spawned so far. */
  readonly spawned: Set<string>
  /** Where the throw that has just hit it must be said to have happened. */
  struckAt: string | undefined
  readonly pacing: Pacing
}

/** One message of a transcript: when, and what. */
export interface Line {
  readonly atMs: number
  readonly type: string
  readonly n: number
}

export class Run {
  readonly world: SimWorld
  readonly system: System
  readonly handles: HandleLog
  readonly hits: Hit[] = []
  /** What must never happen, and did. */
  readonly complaints: string[] = []
  /** Per place, what was heard there up to the rest. */
  readonly transcripts = new Map<string, Line[]>()
  /** Rehearsal: how often each place passed each point in its first life, and which of the acts' occasions it met how often. */
  readonly passed = new Map<string, Map<Point | Act['on'], number>>()
  readonly tracks: Track[] = []
  /** Everything that is there at rest, as text, by place. */
  rest: ReadonlyMap<string, string> = new Map()
  /** Settle the heedless tasks, once it has been seen that nothing else does: what a test leaves behind fails it. */
  readonly lettingGo: Array<() => void> = []
  lateErrors = 0
  readonly mode: Mode
  private readonly tree: Tree
  private readonly plan: Plan
  private readonly trackOf = new Map<Cell, Track>()
  private readonly lives = new Map<string, number>()
  private readonly latest = new Map<string, Life>()
  private readonly listeners = new Map<number, Set<() => void>>()
  private readonly stale: Array<() => void> = []
  private readonly waitingHandles = new Map<string, number>()
  private readonly occasions = new Map<string, number>()
  private dueActs: Act[] = []
  private readonly operator = new SimEvent({ hash: hashText('operator'), draws: 0, path: 'the operator' }, () => { this.perform() })
  private atRest = false

  constructor (tree: Tree, seed: number, mode: Mode, plan: Plan) {
    this.tree = tree
    this.mode = mode
    this.plan = plan
    tree.run = this
    this.world = new SimWorld({ seed })
    this.system = this.world.system({ name: tree.root.name, root: tree.root.behavior! as never })
    this.handles = new HandleLog(this.system.handles)
    this.track(this.system.root)
    this.occasion('spawned', tree.root.path)
    this.system.trace.add((kind, actor, subject, detail) => {
      switch (kind) {
        case 'message': return this.heard(actor, subject as { readonly type: string, readonly n?: number, readonly handle?: Disposable })
        case 'spawned': this.track(actor)
          return this.occasion('spawned', this.trackOf.get(actor)!.path)
        case 'started': this.trackOf.get(actor)!.started = true
          return
        case 'ending': return this.ends(actor, subject as Exit)
        case 'down': return this.down(actor, subject as Exit)
        case 'restarting': case 'suspended': return this.decided(this.trackOf.get(actor)!, subject as string, detail as number, kind)
        case 'late-error': this.lateErrors++
          return
        case 'observer-removed': return this.complain(`an observer threw ${String(subject)}`)
        default:
      }
    })
  }

  /** Plays to the rest, reads the ledger, stops the root, and checks that nothing is left. */
  async play (restMs: number): Promise<void> {
    const { world } = this
    await world.run(restMs)
    this.atRest = true
    if (!world.scheduler.idle) this.complain('somebody is still ready when all should rest')
    this.rest = readLedger(this)
    await world.stop()
    await world.settle()
    zeroLedger(this)
    const disposers = this.mode === 'crash' ? this.hits.filter(({ what }) => what === 'disposer').length : 0
    if (this.lateErrors < disposers) this.complain(`${disposers} disposers threw, ${this.lateErrors} late errors were reported`)
    for (const letGo of this.lettingGo) letGo()
    await world.settle()
    if (this.system.abandoned.size > 0) this.complain(`${this.system.abandoned.size} tasks have settled and count as abandoned`)
  }

  complain (text: string): void {
    if (this.complaints.length < 20) this.complaints.push(`at ${this.world.now().toFixed(3)} ms: ${text}`)
  }

  private object (text: string | undefined): void {
    if (text !== undefined) this.complain(text)
  }

  playerAt (path: string): PlayerSpec | undefined {
    return this.tree.players.get(path)
  }

  /** The last one to have begun at that place. */
  lifeAt (path: string): Life | undefined {
    return this.latest.get(path)
  }

  // ---------------------------------------------------------------- for players

  casting (spec: PlayerSpec): Casting {
    return {
      begin: () => {
        const number = this.lives.get(spec.path) ?? 0
        this.lives.set(spec.path, number + 1)
        const strikes = this.mode === 'rehearsal' ? undefined : this.strikesAt(spec.path)
        const life = new Life(this, spec, number, strikes)
        this.latest.set(spec.path, life)
        return life
      }
    }
  }

  private strikesAt (path: string): readonly Strike[] | undefined {
    const strikes = this.plan.strikes.filter(strike => strike.path === path)
    return strikes.length === 0 ? undefined : strikes
  }

  visited (life: Life, point: Point, nth: number): void {
    if (this.mode !== 'rehearsal' || life.number > 0 || this.atRest) return
    this.note(life.spec.path, point, nth)
  }

  /** The planted throw of `life` is due. */
  strike (life: Life, point: Point): void {
    const { spec } = life
    const cell = this.system.find(spec.path)
    // Dropped work may pass a point when its actor is gone: nobody is left to be hit. A disposer runs when it is down.
    if (point !== 'disposer' && (cell === null || cell.status >= ending)) return
    const track = cell === null ? undefined : this.trackOf.get(cell)
    this.hit(point, spec, cell === null ? 'ending' : cell.statusName as LifeState, spec)
    if (this.mode === 'crash') {
      if (point === 'step' || point === 'late' || point === 'effect' || point === 'timer' || point === 'stop' || point === 'queued') life.doomed = true
      if (point !== 'disposer' && point !== 'task' && point !== 'mapper') track!.struckAt = this.reportedPoint(point)
      throw new Struck(`${spec.path}, ${point}`)
    }
    if (point === 'disposer') return
    life.halted = true
    if (spec.restart === 'transient') cell!.requestEnd({ kind: 'killed', reason: 'reference' })
    else cell!.requestStop('reference', undefined, undefined)
  }

  /** Where the kernel must say that a throw at that point happened. */
  private reportedPoint (point: Point): string {
    switch (point) {
      case 'start': return 'start-failed'
      case 'effect': return this.inHand === 'stop' ? 'stop' : 'effect'
      case 'step': case 'late': case 'queued': return this.inHand
      default: return point
    }
  }

  /** What a throw in the step of the message in hand counts as. */
  private inHand = 'step'

  listen (bus: number, path: string, listener: () => void): ReturnType<HandleLog['make']> {
    let listeners = this.listeners.get(bus)
    if (listeners === undefined) this.listeners.set(bus, listeners = new Set())
    listeners.add(listener)
    return this.handles.make(`${path} listens`, () => {
      listeners.delete(listener)
      this.stale.push(listener)
    })
  }

  /** Calls back all who listen, and all who once did. */
  emit (bus: number): void {
    for (const listener of [...this.listeners.get(bus) ?? [], ...this.stale]) listener()
  }

  sentHandle (to: string): void {
    this.waitingHandles.set(to, this.handlesWaiting(to) + 1)
  }

  handlesWaiting (path: string): number {
    return this.waitingHandles.get(path) ?? 0
  }

  /** A player stops or kills another: its own child it thereby gives up. */
  endedByPlayer (by: string, target: string): void {
    const parent = this.system.find(by)
    const slash = target.lastIndexOf('/')
    if (parent !== null && target.slice(0, slash) === by) this.trackOf.get(parent)!.givenUp.add(target.slice(slash + 1))
  }

  // ---------------------------------------------------------------- what the kernel reports

  private track (cell: Cell): void {
    const { path } = cell
    const parent = cell.parent === null ? null : this.trackOf.get(cell.parent)!
    const track: Track = {
      path,
      spec: this.tree.players.get(path),
      parent,
      cell,
      spawnedAt: this.world.now(),
      started: false,
      endingAt: -1,
      downAt: -1,
      exit: undefined,
      ends: new Map(),
      givenUp: new Set(),
      failedFirst: new Set(),
      spawned: new Set(),
      struckAt: undefined,
      pacing: new Pacing()
    }
    if (track.spec === undefined) this.complain(`${path} is not in the script`)
    if (parent?.spec != null && parent.spawned.has(cell.name)) this.object(parent.pacing.started(parent.spec, cell.name, track.spawnedAt))
    parent?.spawned.add(cell.name)
    this.trackOf.set(cell, track)
    this.tracks.push(track)
  }

  /** A supervisor has decided when to start a child again. */
  private decided (parent: Track, name: string, delayMs: number, kind: 'restarting' | 'suspended'): void {
    const now = this.world.now()
    const last = this.tracks.findLast(track => track.parent === parent && track.cell.name === name)
    if (parent.spec !== undefined && last !== undefined) {
      const failure = { name, exit: parent.ends.get(name), ranMs: now - last.spawnedAt }
      this.object(parent.pacing.decided(parent.spec, failure, now, delayMs, kind === 'suspended'))
    }
    if (delayMs > 0) this.occasion(kind === 'suspended' ? 'suspended' : 'backing-off', `${parent.path}/${name}`)
  }

  private heard (cell: Cell, { type, n = 0, handle }: { readonly type: string, readonly n?: number, readonly handle?: Disposable }): void {
    const { path } = this.trackOf.get(cell)!
    this.inHand = pointOf(type)
    if (handle !== undefined) this.waitingHandles.set(path, this.handlesWaiting(path) - 1)
    if (!this.atRest) {
      const lines = this.transcripts.get(path)
      const line = { atMs: this.world.now(), type, n }
      if (lines === undefined) this.transcripts.set(path, [line])
      else lines.push(line)
    }
    this.occasion('message', path)
    if (type === 'p.stop') this.occasion('stopping', path)
  }

  private ends (cell: Cell, exit: Exit): void {
    const track = this.trackOf.get(cell)!
    track.endingAt = this.world.now()
    track.exit = exit
    if (track.struckAt !== undefined) {
      const said = exit.kind === 'crashed' ? exit.at : exit.kind
      if (said !== track.struckAt) this.complain(`${track.path} was hit at ${track.struckAt} and ended as ${said}`)
    }
    this.waitingHandles.delete(track.path)
    this.occasion('ending', track.path)
  }

  private down (cell: Cell, exit: Exit): void {
    const track = this.trackOf.get(cell)!
    const now = this.world.now()
    track.downAt = now
    const { parent, spec } = track
    if (parent !== null) {
      const { name } = cell
      parent.ends.set(name, exit)
      if (exit.kind === 'start-failed' && !parent.failedFirst.has(name) && this.countOf(parent, name) === 1) parent.failedFirst.add(name)
    }
    if (spec === undefined) return
    const took = now - track.endingAt
    const most = longestEndMs(spec, exit)
    if (took > most) this.complain(`${track.path} (${exit.kind}) took ${took.toFixed(3)} ms to end, at most ${most.toFixed(3)} were needed`)
  }

  /** How many incarnations of that name there were below that very parent. */
  private countOf (parent: Track, name: string): number {
    return this.tracks.filter(track => track.parent === parent && track.cell.name === name).length
  }

  // ---------------------------------------------------------------- the operator

  /** Something happened that acts may wait for. */
  private occasion (on: Act['on'], path: string): void {
    if (this.mode === 'rehearsal') {
      if (!this.atRest) this.note(path, on, (this.passed.get(path)?.get(on) ?? 0) + 1)
      return
    }
    const { acts } = this.plan
    if (acts.length === 0) return
    let nth = 0
    for (const act of acts) {
      if (act.on !== on || act.path !== path) continue
      if (nth === 0) {
        const key = `${on} ${path}`
        nth = (this.occasions.get(key) ?? 0) + 1
        this.occasions.set(key, nth)
      }
      if (nth !== act.nth) continue
      this.dueActs.push(act)
      // The very next thing to happen, before any actor.
      this.world.scheduler.at(this.world.now(), this.operator)
    }
  }

  private note (path: string, what: Point | Act['on'], times: number): void {
    let counts = this.passed.get(path)
    if (counts === undefined) this.passed.set(path, counts = new Map<Point | Act['on'], number>())
    counts.set(what, times)
  }

  private perform (): void {
    const acts = this.dueActs
    this.dueActs = []
    for (const { path, deed } of acts) {
      const spec = this.tree.players.get(path)!
      const cell = this.system.find(path)
      const parent = spec.parent === null ? null : this.system.find(spec.parent.path)
      const state = cell === null ? this.slotState(spec) : cell.statusName as LifeState
      const felt = deed === 'kill-parent' || deed === 'stop-parent' ? parent === null ? null : spec.parent : cell === null && deed !== 'give-up' ? null : spec
      this.hit(deed, spec, state, felt)
      // A world in which a permanent or temporary actor was stopped at that step, and a transient one came back.
      const instead = this.mode === 'reference' && spec.restart !== 'transient'
      switch (deed) {
        case 'kill':
          if (instead) cell?.requestStop('reference', undefined, undefined)
          else if (cell !== null) this.system.inspect.kill(path)
          break
        case 'stop': cell?.requestStop('operator', undefined, undefined)
          break
        case 'kill-parent': if (parent !== null) this.system.inspect.kill(parent.path)
          break
        case 'stop-parent': parent?.requestStop('operator', undefined, undefined)
          break
        case 'give-up':
          if (parent === null) break
          this.trackOf.get(parent)!.givenUp.add(spec.name)
          parent.stop(this.system.named(path))
          break
        case 'flood': this.flood(spec, cell, instead)
      }
    }
  }

  private flood (spec: PlayerSpec, cell: Cell | null, instead: boolean): void {
    if (cell === null || !cell.alive) return
    if (instead) {
      cell.requestStop('reference', undefined, undefined)
      return
    }
    if (this.mode === 'reference') {
      cell.requestEnd({ kind: 'killed', reason: 'reference' })
      return
    }
    if (spec.crashesWhenFull) this.trackOf.get(cell)!.struckAt = 'mailbox'
    for (let i = 0; i < smallMailbox + 2; i++) {
      const message: PlayerMessage = { type: 'p.work', n: 0, handle: this.handles.make(`flood of ${spec.path}`) }
      if (cell.tell(message)) this.sentHandle(spec.path)
    }
  }

  private slotState (spec: PlayerSpec): LifeState {
    const slot = spec.parent === null ? undefined : this.system.find(spec.parent.path)?.supervisor?.view().find(({ name }) => name === spec.name)
    return slot?.state === 'backing-off' || slot?.state === 'suspended' ? slot.state : 'absent'
  }

  private hit (what: Hit['what'], spec: PlayerSpec, state: LifeState, felt: PlayerSpec | null): void {
    if (what === 'start' && felt !== null) felt = this.failing(felt)
    this.hits.push({ what, spec, state, felt, delayed: felt === null ? [] : this.delayedBy(felt), atMs: this.world.now() })
  }

  /** The first start of a static child that fails takes its parent with it, when that is being started itself; and so on. */
  private failing (spec: PlayerSpec): PlayerSpec {
    let felt = spec
    while (felt.parent?.children.includes(felt) === true) {
      const parent = this.trackOf.get(this.system.find(felt.parent.path)!)!
      if (parent.started || this.countOf(parent, felt.name) > 1) break
      felt = felt.parent
    }
    return felt
  }

  /** Children are started one after another: who is hit before its supervisor has started holds up those that come later. */
  private delayedBy (spec: PlayerSpec): readonly PlayerSpec[] {
    const delayed: PlayerSpec[] = []
    for (let player = spec; player.parent !== null; player = player.parent) {
      const { parent } = player
      const cell = this.system.find(parent.path)
      if (cell === null || this.trackOf.get(cell)!.started) break
      delayed.push(...parent.children.slice(parent.children.indexOf(player) + 1))
    }
    return delayed
  }
}
