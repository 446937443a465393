/**
 * How an actor looks after its children, as data: strategy, static children, intensity and back-off. `supervisor.ts` acts
 * on it.
 */
import { checkAccount, type AccountOptions } from './account.js'
import type { Behavior } from './behavior/behavior.js'
import type { AnyBehavior } from './cell.js'
import { checkBehavior, checkFunction, checkName } from './checks.js'
import type { Restart } from './context.js'
import { checkNumber, checkOptions } from './errors.js'
import type { Message } from './message.js'

export type Strategy = 'one-for-one' | 'rest-for-one' | 'dynamic'

export interface Intensity {
  /** So many restarts within the time are borne; one more suspends the child (in rest-for-one: the group). Default 5. */
  readonly restarts?: number
  /** Milliseconds. Default 30,000. */
  readonly withinMs?: number
}

export interface Backoff {
  /** The first restart is immediate; before the second it waits this long, before each further one twice as long. Default 1,000. */
  readonly firstMs?: number
  /** Longest wait, and the wait of a suspended child. Default 60,000. */
  readonly maxMs?: number
  /** Who has run this long begins anew with an immediate restart. Default 60,000. */
  readonly resetMs?: number
  /** Each wait is stretched or shortened by up to this fraction, so that many that fell together do not rise together. Default 0.2. */
  readonly jitter?: number
}

/** A child that belongs to its supervisor from the start. */
export interface ChildSpec {
  readonly name: string
  readonly behavior: AnyBehavior
  /** Makes the input anew for each start: a restart never begins from old state. */
  readonly input: () => unknown
  readonly restart: Restart
  readonly account: AccountOptions | undefined
}

export interface Supervision {
  readonly strategy: Strategy
  /** Started one after another in this order, each when the one before has started; stopped in reverse. */
  readonly children?: readonly ChildSpec[]
  readonly intensity?: Intensity
  readonly backoff?: Backoff
}

export interface ChildOptions<I> {
  readonly input?: () => I
  /** Default `permanent`. */
  readonly restart?: Restart
  readonly account?: AccountOptions
}

/** Describes a static child for `supervision.children`. */
export function child<M extends Message, I> (name: string, behavior: Behavior<M, I>, options: ChildOptions<I> = {}): ChildSpec {
  const where = `child '${name}'`
  checkOptions(where, options, ['input', 'restart', 'account'])
  checkName(`${where}: name`, name)
  checkBehavior(`${where}: behavior`, behavior)
  if (options.input !== undefined) checkFunction(`${where}: input`, options.input)
  if (options.account !== undefined) checkAccount(`${where}: account`, options.account)
  return {
    name,
    behavior: behavior as unknown as AnyBehavior,
    input: options.input ?? nothing,
    restart: checkRestart(where, options.restart ?? 'permanent'),
    account: options.account
  }
}

/** @throws TypeError or RangeError that names the supervisor and the option */
export function checkSupervision (name: string, supervision: Supervision): Supervision {
  const where = `supervision of '${name}'`
  checkOptions(where, supervision, ['strategy', 'children', 'intensity', 'backoff'])
  if (!strategies.includes(supervision.strategy)) {
    throw new TypeError(`${where}: strategy must be one of ${strategies.join(', ')}; got '${supervision.strategy}'`)
  }
  const { intensity = {}, backoff = {}, children = [] } = supervision
  checkOptions(`${where}, intensity`, intensity, ['restarts', 'withinMs'])
  checkNumber(where, 'intensity.restarts', intensity.restarts)
  checkNumber(where, 'intensity.withinMs', intensity.withinMs)
  checkOptions(`${where}, backoff`, backoff, ['firstMs', 'maxMs', 'resetMs', 'jitter'])
  for (const key of ['firstMs', 'maxMs', 'resetMs', 'jitter'] as const) checkNumber(where, `backoff.${key}`, backoff[key])
  if (backoff.jitter !== undefined && backoff.jitter > 1) throw new RangeError(`${where}: option 'backoff.jitter' must be at most 1; got ${backoff.jitter}`)
  const names = new Set<string>()
  for (const { name: childName } of children) {
    if (names.has(childName)) throw new TypeError(`${where}: two children are named '${childName}'`)
    names.add(childName)
  }
  return supervision
}

const strategies: readonly Strategy[] = ['one-for-one', 'rest-for-one', 'dynamic']
const restarts: readonly Restart[] = ['permanent', 'transient', 'temporary']

export function checkRestart (where: string, restart: Restart): Restart {
  if (!restarts.includes(restart)) throw new TypeError(`${where}: restart must be one of ${restarts.join(', ')}; got '${restart}'`)
  return restart
}

const nothing = (): undefined => undefined
