import { ActorError, checkOptions } from './errors.js'

/**
 * What an account counts. `messages` are those waiting in mailboxes, `bytes` those buffered by the data plane, `handles`
 * the resources that actors own.
 */
export type Countable = 'actors' | 'messages' | 'timers' | 'tasks' | 'handles' | 'bytes'

export const countables: readonly Countable[] = ['actors', 'messages', 'timers', 'tasks', 'handles', 'bytes']

export interface AccountOptions {
  /** Whom a refusal names: a peer id, a connection. Default: the actor's path. */
  readonly name?: string
  /** Most at a time, of the actor and all below it. Default: no limit here; those further up hold all the same. */
  readonly limits?: Readonly<Partial<Record<Countable, number>>>
}

/**
 * What an actor and its subtree use, and may use.
 *
 * Accounts form a chain up the actor tree (handler, connection, peer, node); a charge counts in each of them, so a
 * subtree's account is always the sum. An actor without one of its own charges the nearest above it. A charge either
 * succeeds in the whole chain or changes nothing.
 */
export class Account {
  readonly name: string
  readonly parent: Account | null
  readonly limits: Readonly<Partial<Record<Countable, number>>>
  /** True when this account or one above it limits messages: else mailboxes need not count. */
  readonly limitsMessages: boolean
  private readonly limited: boolean
  private readonly used = { actors: 0, messages: 0, timers: 0, tasks: 0, handles: 0, bytes: 0 }
  private cpu = 0

  constructor (name: string, parent: Account | null, limits: Readonly<Partial<Record<Countable, number>>> = noLimits) {
    this.name = name
    this.parent = parent
    this.limits = limits
    this.limitsMessages = limits.messages !== undefined || parent?.limitsMessages === true
    this.limited = Object.keys(limits).length > 0 || parent?.limited === true
  }

  /** How much of `what` is in use now. */
  use (what: Countable): number {
    return this.used[what]
  }

  /** Handler time so far, in milliseconds. */
  get cpuMs (): number {
    return this.cpu
  }

  /** Counts `amount` more. Returns the account that refused, or null when all agreed. */
  charge (what: Countable, amount: number): Account | null {
    if (this.limited) {
      for (let account: Account | null = this; account !== null; account = account.parent) {
        const limit = account.limits[what]
        if (limit !== undefined && account.used[what] + amount > limit) return account
      }
    }
    for (let account: Account | null = this; account !== null; account = account.parent) account.used[what] += amount
    return null
  }

  /** As `charge`, for those who cannot go on without it. @throws ActorError `actor/limit` */
  require (what: Countable, amount: number, who: { readonly path: string }): void {
    const refusing = this.charge(what, amount)
    if (refusing !== null) throw refusing.refusal(what, who.path)
  }

  release (what: Countable, amount: number): void {
    for (let account: Account | null = this; account !== null; account = account.parent) account.used[what] -= amount
  }

  chargeCpu (ms: number): void {
    for (let account: Account | null = this; account !== null; account = account.parent) account.cpu += ms
  }

  refusal (what: Countable, path: string): ActorError {
    return new ActorError('actor/limit', path, `the limit of ${this.limits[what]} ${what} of ${this.name} is reached`)
  }
}

const noLimits = Object.freeze({})

/** @throws TypeError, RangeError */
export function checkAccount (where: string, options: AccountOptions): void {
  checkOptions(where, options, ['name', 'limits'])
  if (options.name !== undefined && typeof options.name !== 'string') throw new TypeError(`${where}: option 'name' must be a text; got ${typeof options.name}`)
  if (options.limits !== undefined) checkLimits(where, options.limits)
}

/** Names and values of a limits option. @throws TypeError, RangeError */
export function checkLimits (where: string, limits: object): void {
  if (typeof limits !== 'object' || limits === null) throw new TypeError(`${where}: option 'limits' must be an object; got ${limits === null ? 'null' : typeof limits}`)
  for (const [what, value] of Object.entries(limits)) {
    if (!(countables as readonly string[]).includes(what)) {
      throw new TypeError(`${where}: unknown limit '${what}'; known are ${countables.join(', ')}`)
    }
    if (typeof value !== 'number' || !(value >= 0)) {
      throw new RangeError(`${where}: limit '${what}' must be a number, zero or more; got ${String(value)}`)
    }
  }
}
