/**
 * What the tests of the kernel play with: puppets, which do as their messages say, and worlds that must be empty at the end.
 */
import { AssertionError, expect } from 'chai'
import { countables } from '../../src/runtime/account.js'
import type { Behavior, BehaviorOptions } from '../../src/runtime/behavior/behavior.js'
import type { Out } from '../../src/runtime/behavior/out.js'
import { reducer } from '../../src/runtime/behavior/reducer.js'
import type { Cell } from '../../src/runtime/cell.js'
import type { ActorContext, SpawnOptions } from '../../src/runtime/context.js'
import type { Down } from '../../src/runtime/exit.js'
import type { Message } from '../../src/runtime/message.js'
import type { ActorRef, ReplyTo } from '../../src/runtime/ref.js'
import { SimWorld, type SimWorldOptions } from '../../src/runtime/sim/sim-world.js'
import { TurnScheduler } from '../../src/runtime/scheduler.js'
import { System, type SystemOptions } from '../../src/runtime/system.js'
import type { Loop } from '../../src/runtime/time/clock.js'

/** A message that says what its receiver is to do. `n` tells messages of one type apart. */
export interface Note extends Message {
  readonly n?: number
  /** Done in the step itself. */
  readonly step?: () => void
  /** Done as an effect of the step. */
  readonly run?: Play
  /** Ends the actor with this output. */
  readonly done?: unknown
  readonly replyTo?: ReplyTo<Note>
  readonly news?: Down
  readonly error?: unknown
  readonly value?: unknown
}

export type Actor = ActorContext<Note>
export type Play = (actor: Actor) => void

export interface PuppetInput {
  /** Gets a line for each message that is handled. */
  readonly log?: string[]
  /** Done by `initial` itself. */
  readonly step?: () => void
  /** Done as an effect of the start. */
  readonly run?: Play
  readonly done?: unknown
  readonly handle?: Disposable
}

export type Puppet = Behavior<Note, PuppetInput | undefined>

/** An actor that notes what it gets and does as it is told. */
export function puppet (options: BehaviorOptions<Note> & { readonly name?: string, readonly accepts?: readonly string[] } = {}): Puppet {
  return reducer({
    name: 'puppet',
    ...options,
    initial (input: PuppetInput | undefined, out: Out<{ run: Play }>): string[] {
      input?.step?.()
      if (input?.run !== undefined) out.do('run', input.run)
      if (input !== undefined && 'done' in input) out.done(input.done)
      return input?.log ?? []
    },
    step (log, message: Note, out: Out<{ run: Play }>): string[] {
      log.push(message.n === undefined ? message.type : `${message.type} ${message.n}`)
      message.step?.()
      if (message.run !== undefined) out.do('run', message.run)
      if ('done' in message) out.done(message.done)
      return log
    },
    effects: { run: (actor: Actor, run: Play) => { run(actor) } }
  })
}

export const plain = puppet()

/** A message that makes its receiver do this. */
export const act = (run: Play): Note => ({ type: 'act', run })
/** A message that crashes its receiver in its step. */
export const crash = (error: unknown = new Error('as told')): Note => ({ type: 'crash', step: () => { throw error } })
export const fail = (): never => { throw new Error('as told') }

/** A disposable that counts. */
export class Handle implements Disposable {
  disposed = 0
  readonly label: string
  private readonly log: string[] | undefined

  constructor (label = 'handle', log?: string[]) {
    this.label = label
    this.log = log
  }

  [Symbol.dispose] (): void {
    this.disposed++
    this.log?.push(`dispose ${this.label}`)
  }
}

export class BadHandle extends Handle {
  override [Symbol.dispose] (): void {
    super[Symbol.dispose]()
    throw new Error('as told')
  }
}

/** A promise and its ends. */
export class Later<T = void> {
  readonly promise: Promise<T>
  resolve!: (value: T) => void
  reject!: (error: unknown) => void

  constructor () {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }
}

/** What stands behind a ref: tests look closer than users may. */
export const cellOf = (ref: ActorRef<never>): Cell => ref as unknown as Cell
export const exitOf = (ref: ActorRef<never>): Cell['exit'] => cellOf(ref).exit
export const statusOf = (ref: ActorRef<never>): string => cellOf(ref).statusName

/** What makes time pass. */
export interface Drive {
  now: () => number
  /** Until so many milliseconds have passed. */
  run: (ms: number) => Promise<void>
  /** Until nobody is ready and no timer is armed. */
  settle: () => Promise<void>
  until: <T>(promise: Promise<T>) => Promise<T>
  /** Stops all systems. */
  stop: () => Promise<void>
}

/** An event loop that a test drives: time stands still unless a timer is waited for, and nothing runs by itself. */
export class HandLoop implements Loop {
  time = 0
  private readonly turns: Array<() => void> = []
  private readonly afters: Array<() => void> = []
  private wakeAt = Infinity
  private woken: () => void = () => {}

  now (): number {
    return this.time
  }

  soon (turn: () => void): void {
    this.turns.push(turn)
  }

  afterRun (act: () => void): void {
    this.afters.push(act)
  }

  wake (atMs: number, turn: () => void): void {
    this.wakeAt = atMs
    this.woken = turn
  }

  sleep (): void {
    this.wakeAt = Infinity
  }

  /** When the next turn is; Infinity when nobody has asked for one. */
  get nextAt (): number {
    return this.afters.length > 0 || this.turns.length > 0 ? this.time : Math.max(this.wakeAt, this.time)
  }

  /** The next turn, at its own time. */
  step (): void {
    const next = this.afters.shift() ?? this.turns.shift()
    if (next !== undefined) {
      next()
      return
    }
    this.time = this.nextAt
    this.wakeAt = Infinity
    this.woken()
  }
}

/** Real systems in a loop of their own: the turn scheduler and timers as in life, but for the time. */
export class HandDrive implements Drive {
  readonly loop = new HandLoop()
  readonly system: System

  constructor (options: SystemOptions) {
    this.system = new System({ seed: 1, log: { level: 'off' }, ...options }, new TurnScheduler(this.loop, options))
  }

  now = (): number => this.loop.time

  run = async (ms: number): Promise<void> => {
    const end = this.loop.time + ms
    await this.drive(() => this.loop.nextAt <= end)
    this.loop.time = end
  }

  settle = async (): Promise<void> => { await this.drive(() => this.loop.nextAt < Infinity) }

  until = async <T>(promise: Promise<T>): Promise<T> => {
    let over = false
    const done = (): void => { over = true }
    promise.then(done, done)
    await this.drive(() => {
      if (!over && this.loop.nextAt === Infinity) throw new Error('nothing will ever settle that promise')
      return !over
    })
    return await promise
  }

  stop = async (): Promise<void> => { await this.until(this.system[Symbol.asyncDispose]()) }

  private async drive (goOn: () => boolean): Promise<void> {
    for (;;) {
      // Promises come first, as between turns in life.
      await new Promise(resolve => setImmediate(resolve))
      if (!goOn()) return
      this.loop.step()
    }
  }
}

export interface Stage {
  readonly world: Drive
  readonly system: System
  /** A puppet, under the root unless `of` names another parent. */
  readonly puppet: (input?: PuppetInput, options?: Casting) => ActorRef<Note>
  /** Makes an actor do this, as an effect of its next message. */
  readonly tell: (ref: ActorRef<Note>, run: Play) => void
  readonly settle: () => Promise<void>
  readonly run: (ms: number) => Promise<void>
  readonly now: () => number
}

export interface Casting extends Omit<SpawnOptions<PuppetInput>, 'input'> {
  readonly behavior?: Puppet
  readonly of?: ActorRef<Note>
}

export type Scene = (stage: Stage) => void | Promise<void>

export interface WorldsOptions extends SystemOptions {
  readonly world?: Partial<SimWorldOptions>
}

/** A test with the real scheduler, in which time passes only by timers, and who is ready first runs first. */
export function inWorld (scene: Scene, options: SystemOptions = {}): () => Promise<void> {
  return async () => {
    const drive = new HandDrive(options)
    await play(scene, drive, drive.system, '')
  }
}

/** A test in this many simulated worlds, each with an order of events of its own. What the scene says must hold in each. */
export function inManyWorlds (worlds: number, scene: Scene, { world: worldOptions, ...options }: WorldsOptions = {}): () => Promise<void> {
  return async () => {
    for (let seed = 1; seed <= worlds; seed++) {
      const world = new SimWorld({ seed, ...worldOptions })
      const drive: Drive = {
        now: () => world.now(),
        run: async ms => { await world.run(ms) },
        settle: async () => { await world.settle() },
        until: async promise => world.until(promise),
        stop: async () => { await world.stop() }
      }
      await play(scene, drive, world.system(options), ` (seed ${seed})`)
    }
  }
}

async function play (scene: Scene, world: Drive, system: System, where: string): Promise<void> {
  // What an actor under test expects in vain is its crash, and must be the test's failure too.
  let failure: unknown
  system.trace.add((_kind, _actor, subject) => {
    const error = subject instanceof Error ? subject : (subject as { error?: unknown }).error
    if (error instanceof AssertionError) failure ??= error
  }, ['crashed', 'late-error', 'observer-removed'])
  const { now, run, settle } = world
  try {
    await scene({
      world,
      system,
      puppet (input = {}, { behavior = plain, of, ...rest } = {}) {
        const parent = of === undefined ? system.root : cellOf(of)
        return parent.spawn(behavior, { input, ...rest })
      },
      tell: (ref, play) => { ref.tell(act(play)) },
      now,
      run,
      settle
    })
  } catch (error) {
    failure ??= error
  }
  await world.stop()
  await world.settle()
  if (failure !== undefined) {
    if (failure instanceof Error) failure.message += where
    throw failure as Error
  }
  expectEmpty(system)
}

/** Everything that was taken has been given back. */
export function expectEmpty (system: System): void {
  const { liveCells, liveTimers, liveTasks, abandoned, liveResources, liveQuestions, handles, account } = system
  expect({ liveCells, liveTimers, liveTasks, abandoned: abandoned.size, liveResources, liveQuestions, open: handles.size })
    .to.deep.equal({ liveCells: 0, liveTimers: 0, liveTasks: 0, abandoned: 0, liveResources: 0, liveQuestions: 0, open: 0 })
  for (const what of countables) expect(account.use(what), what).to.equal(0)
}

/** Dead letters so far, as `type reason`. */
export const deadLetters = (system: System): string[] => system.deadLetters.sample().map(({ type, reason }) => `${type} ${reason}`)

/** Notes what the system reports. */
export function listen (system: System, ...kinds: string[]): Array<{ readonly kind: string, readonly path: string, readonly subject: unknown, readonly detail: unknown }> {
  const reports: Array<{ kind: string, path: string, subject: unknown, detail: unknown }> = []
  system.trace.add((kind, actor, subject, detail) => {
    if (kinds.includes(kind)) reports.push({ kind, path: actor.path, subject, detail })
  })
  return reports
}

/** The error that `run` throws. */
export function thrownBy (run: () => void): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
