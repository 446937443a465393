import { checkNumber, checkOptions } from '../errors.js'
import { hashText, mix, SeededRandom, type Random } from '../random.js'
import { checkSystemOptions, System, type SystemOptions } from '../system.js'
import { down } from '../life.js'
import { Guard, ownImmediates } from './guard.js'
import { SimNetwork } from './sim-network.js'
import { SimEvent, SimScheduler } from './sim-scheduler.js'

export interface SimWorldOptions {
  /** Everything that is left to chance follows from it. */
  readonly seed: number
  /** Mean virtual time between becoming ready and being run. Default 0.002 ms. */
  readonly meanDelayMs?: number
  /** Virtual time, and CPU time on the account, of each step: the meter of a world without a processor. Default 0.001 ms. */
  readonly stepMs?: number
  /** Fail the run when anything inside uses the real world's timers, files, sockets or entropy. Costs a hook per promise. Default false. */
  readonly guard?: boolean
}

/**
 * A world in a bottle: systems of actors with virtual time, a seeded order of events, seeded randomness and a simulated
 * network. The same seed gives the same history, to the byte, in every process and on every Node of the same major; user
 * code that uses its own timers or asynchronous I/O is outside that promise (`guard: true` catches it).
 *
 *     const world = new SimWorld({ seed: 7 })
 *     const alice = world.system({ name: 'alice' })
 *     alice.spawn(...)
 *     await world.run(60_000)        // one virtual minute
 *     await world.stop()
 */
export class SimWorld {
  readonly seed: number
  readonly scheduler: SimScheduler
  readonly network: SimNetwork
  /** For the scenario itself: what to do when. Actors have their own. */
  readonly random: Random
  private readonly guard: Guard | null
  /** The last system of each name, and how many there were. */
  private readonly systems = new Map<string, { system: System, lives: number }>()
  private readonly scenario = { hash: hashText('scenario'), draws: 0, path: 'the scenario' }
  private turning = false

  constructor (options: SimWorldOptions) {
    checkOptions('SimWorld', options, ['seed', 'meanDelayMs', 'stepMs', 'guard'])
    if (options.seed === undefined) throw new RangeError("SimWorld: option 'seed' must be a number; a world without one could not be told again")
    checkNumber('SimWorld', 'seed', options.seed)
    checkNumber('SimWorld', 'meanDelayMs', options.meanDelayMs)
    checkNumber('SimWorld', 'stepMs', options.stepMs)
    this.seed = options.seed
    this.scheduler = new SimScheduler(this.seed, { meanDelayMs: options.meanDelayMs ?? 0.002, stepMs: options.stepMs ?? 0.001 })
    this.random = new SeededRandom(mix(this.seed, hashText('scenario')))
    this.network = new SimNetwork(this.scheduler, this.seed)
    this.guard = options.guard === true ? new Guard(this.scheduler) : null
  }

  /**
   * A system in this world, on the host of its name.
   *
   * @param options as for `createSystem`. The name must be its own: all chance of its actors follows from their paths. When
   *   that of the same name has ended, this one is its next life. Default: `system`, `system-2`, ...
   * @throws TypeError when a system of that name lives
   */
  system (options: SystemOptions = {}): System {
    checkSystemOptions(options)
    const name = options.name ?? this.freeName()
    const before = this.systems.get(name)
    if (before !== undefined && before.system.root.status !== down) throw new TypeError(`system: a system named '${name}' lives in this world`)
    const lives = (before?.lives ?? 0) + 1
    const seed = mix(this.seed, mix(hashText(name), lives))
    const system = new System({ seed, log: { level: 'off' }, ...options, name }, this.scheduler)
    this.systems.set(name, { system, lives })
    this.network.host(name)
    return system
  }

  now (): number {
    return this.scheduler.now()
  }

  /** For the scenario: does `act` at that virtual time, outside of any actor. What it throws fails the run. */
  at (atMs: number, act: () => void): void {
    checkNumber('at', 'atMs', atMs)
    this.scheduler.at(atMs, new SimEvent(this.scenario, act))
  }

  /** Runs until so many virtual milliseconds have passed. */
  async run (ms: number): Promise<void> {
    checkNumber('run', 'ms', ms)
    const end = this.now() + ms
    await this.turn(() => this.scheduler.nextAt <= end)
    this.scheduler.advance(end)
  }

  /**
   * Runs until nobody is ready, nothing is under way in the network and no timer is armed.
   *
   * @param most steps; an actor that keeps itself busy would never let it end. Default ten million
   * @throws Error when they did not suffice
   */
  async settle (most = 10_000_000): Promise<void> {
    let left = most
    await this.turn(() => {
      if (this.scheduler.nextAt === Infinity) return false
      if (left-- === 0) throw new Error(`seed ${this.seed}: not settled after ${most} steps, at ${this.now()} ms`)
      return true
    })
  }

  /** Runs until the promise is settled; the way to await anything from outside while the world turns. */
  async until<T> (promise: Promise<T>): Promise<T> {
    let over = false
    const done = (): void => { over = true }
    promise.then(done, done)
    await this.turn(() => {
      if (!over && this.scheduler.nextAt === Infinity) throw new Error(`seed ${this.seed}: nothing will ever settle that promise, at ${this.now()} ms`)
      return !over
    })
    return await promise
  }

  /**
   * Stops all systems that are still there, and runs until they are and what was cancelled with them has settled. What is
   * still under way in the network is dropped.
   */
  async stop (): Promise<void> {
    const stopping = [...this.systems.values()].map(async ({ system }) => { await system[Symbol.asyncDispose]() })
    await this.until(Promise.all(stopping))
    this.network.close()
    // The sleeps of tasks that were cancelled last have yet to reject; without further steps those tasks could not settle.
    const end = this.now() + settlingMs
    const unsettled = (): boolean => [...this.systems.values()].some(({ system }) => system.abandoned.size > 0)
    await this.turn(() => this.scheduler.nextAt <= end && unsettled())
  }

  private freeName (): string {
    let name = 'system'
    for (let n = 2; this.systems.has(name); n++) name = `system-${n}`
    return name
  }

  /**
   * Steps for as long as `more` says so. Before it is asked, each time, the microtask queue has run dry: so what promises
   * bring about happens at the time of the step that settled them, whatever others do meanwhile.
   */
  private async turn (more: () => boolean): Promise<void> {
    const { scheduler, guard, seed } = this
    // Two loops would step in turns, and neither could wait for what its step has brought about.
    if (this.turning) throw new Error(`seed ${seed}: the world turns already; await that first`)
    this.turning = true
    try {
      await repeat(() => {
        // Not before: whoever called may have things to do before he awaits us.
        guard?.enter()
        guard?.check(seed)
        if (!more()) return false
        scheduler.step()
        return true
      })
    } finally {
      guard?.leave()
      this.turning = false
    }
  }
}

/** Immediates in line at a time. Node lets the microtask queue run dry between any two of them, and looks at its sockets after the last: one in line would take ten times as long. */
const inLine = 64

/** Calls `act` until it returns false or throws, the microtask queue run dry before each call. */
async function repeat (act: () => boolean): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let waiting = 0
    let over = false
    const next = (): void => {
      waiting--
      if (over) return
      try {
        over = !act()
      } catch (error) {
        over = true
        reject(error instanceof Error ? error : new Error('something was thrown that is no Error', { cause: error }))
        return
      }
      if (over) resolve()
      else if (waiting === 0) line()
    }
    const line = (): void => {
      ownImmediates.beingMade = true
      while (waiting < inLine) {
        waiting++
        setImmediate(next)
      }
      ownImmediates.beingMade = false
    }
    line()
  })
}

/** Virtual time for cancelled tasks to settle in: thousands of steps. One that waits for what never comes stays abandoned. */
const settlingMs = 10
