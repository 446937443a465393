import { countables, type Account } from '../account.js'
import type { Cell } from '../cell.js'
import { countOf } from '../few.js'
import { resourcesOf } from '../holdings.js'
import type { System } from '../system.js'
import { cellsFrom } from './place.js'

/** What is in use: a count of each kind, zero or more. */
export interface Holdings {
  readonly cells: number
  /** Armed, or fired and waiting; the kernel's own included. */
  readonly timers: number
  readonly tasks: number
  /** Cancelled work that has not settled. */
  readonly abandonedTasks: number
  /** Open questions, under those who ask; a system's own `ask` under the root. */
  readonly questions: number
  readonly resources: number
  /** Charged to the accounts, in bytes. */
  readonly bytes: number
}

/** What a system holds, and who holds it. JSON-safe. A system that has ended holds nothing. */
export interface Ledger extends Holdings {
  /** What the ports hold open in the outside world. */
  readonly handles: number
  /**
   * By path, without the zeros: all living actors, and the dead that still have something. Bytes stand with the actor whose
   * account they were charged to.
   */
  readonly owners: Readonly<Record<string, Partial<Holdings>>>
  /** Labels of the open handles. */
  readonly open: readonly string[]
}

type Counts = { -readonly [K in keyof Holdings]?: number }

export function ledgerOf (system: System): Ledger {
  const owners = new Map<string, Counts>()
  const add = (path: string, what: keyof Holdings, amount: number): void => {
    if (amount === 0) return
    const counts = owners.get(path)
    if (counts === undefined) owners.set(path, { [what]: amount })
    else counts[what] = (counts[what] ?? 0) + amount
  }
  for (const cell of livingCells(system)) {
    const { path } = cell
    add(path, 'cells', 1)
    add(path, 'timers', [...cell.timers ?? []].length)
    add(path, 'tasks', countOf(cell.tasks))
    add(path, 'resources', resourcesOf(cell).length)
    add(path, 'questions', cell.extras?.questions.asking ?? 0)
  }
  for (const { owner } of system.abandoned) add(owner.path, 'abandonedTasks', 1)
  for (const { path, account, below } of accountsOf(system)) {
    add(path, 'bytes', below.reduce((bytes, { account: part }) => bytes - part.use('bytes'), account.use('bytes')))
  }
  return {
    cells: system.liveCells,
    timers: system.liveTimers,
    tasks: system.liveTasks,
    abandonedTasks: system.abandoned.size,
    questions: system.liveQuestions,
    resources: system.liveResources,
    handles: system.handles.size,
    bytes: system.account.use('bytes'),
    owners: Object.fromEntries(owners),
    open: system.handles.labels()
  }
}

/** True when nothing is in use: so it must be after a system has ended. */
export function isEmpty (ledger: Ledger): boolean {
  const { cells, timers, tasks, abandonedTasks, questions, resources, handles, bytes, owners } = ledger
  return [cells, timers, tasks, abandonedTasks, questions, resources, handles, bytes, Object.keys(owners).length].every(count => count === 0)
}

export function livingCells (system: System): readonly Cell[] {
  return [...cellsFrom(system.root)].filter(cell => cell.exitWhenDown === undefined)
}

/** An account, whose it is, and the ones directly below it. */
export interface AccountHolder {
  readonly path: string
  readonly account: Account
  readonly below: readonly AccountHolder[]
}

/** The accounts of the living, and of those dead that left something in theirs. */
export function accountsOf (system: System): readonly AccountHolder[] {
  const holders = new Map<Account, AccountHolder & { readonly below: AccountHolder[] }>()
  const add = (path: string, account: Account): void => {
    if (!holders.has(account)) holders.set(account, { path, account, below: [] })
  }
  add(system.root.path, system.account)
  for (const cell of livingCells(system)) if (cell.account !== cell.parent?.account) add(cell.path, cell.account)
  for (const { path, account } of system.leftovers.list()) add(path, account)
  for (const holder of holders.values()) {
    const { parent } = holder.account
    if (parent !== null) holders.get(parent)?.below.push(holder)
  }
  return [...holders.values()]
}

/** How many accounts are remembered: a leak in each connection must not become a leak of accounts. */
const mostLeftovers = 1024

/** Accounts whose actor has ended while something stood in them: released later, or leaked. */
export class Leftovers {
  private accounts: Array<{ readonly path: string, readonly account: Account }> = []

  /** That actor has ended. Looks at no more than one number when all is well. */
  bury (cell: Cell): void {
    const { account } = cell
    if (account === cell.parent?.account || isSettled(account)) return
    if (this.accounts.length === mostLeftovers) this.accounts = this.list().slice(1)
    this.accounts.push({ path: cell.path, account })
  }

  /** Those in which something stands still. */
  list (): Array<{ readonly path: string, readonly account: Account }> {
    return this.accounts.filter(({ account }) => !isSettled(account))
  }
}

function isSettled (account: Account): boolean {
  return countables.every(what => account.use(what) === 0)
}
