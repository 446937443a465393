import { countables, type Account, type Countable } from '../account.js'
import type { Cell } from '../cell.js'
import type { Restart } from '../context.js'
import { countOf } from '../few.js'
import { resourcesOf } from '../holdings.js'
import type { Strategy } from '../supervision.js'
import { describe, statusOf, type Place, type PlaceStatus } from './place.js'
import { defined, kindOf, type Plain } from './plain.js'
import type { Remembered } from '../mailbox.js'

export interface TimerView {
  /** The key that the actor gave it; for the kernel's own timers what they are, in brackets: `(grace)`. */
  readonly key: string
  /** Milliseconds until it is due; zero or less when it has fired and waits in the mailbox. */
  readonly dueInMs: number
  readonly everyMs?: number
}

export interface AccountView {
  readonly name: string
  /** False when the actor charges the account of one further up. */
  readonly own: boolean
  /** Of the account's actor and all below it. */
  readonly used: Readonly<Record<Countable, number>>
  /** The account's own limits; those further up hold as well. */
  readonly limits: Readonly<Partial<Record<Countable, number>>>
  /** Handler time so far, in milliseconds. */
  readonly cpuMs: number
}

/** All there is to know about one actor, or about one that is down and has a place with its supervisor. JSON-safe. */
export interface ActorView {
  readonly path: string
  readonly behavior: string
  readonly status: PlaceStatus
  readonly state: Plain
  /** What waits: all, and those of them that others sent. */
  readonly mailbox: { readonly waiting: number, readonly others: number }
  readonly children: number
  readonly timers: readonly TimerView[]
  /** Running tasks; abandoned ones are in the ledger. */
  readonly tasks: number
  /** The kinds of what it owns, oldest first: `Socket`. */
  readonly resources: readonly string[]
  /** Paths of those whose end it waits for. */
  readonly watching: readonly string[]
  /** Open questions: put by it, and put to it. */
  readonly questions: { readonly asking: number, readonly asked: number }
  /** Null when it is down. */
  readonly account: AccountView | null
  /** Its last messages, oldest first, at most eight. */
  readonly messages: readonly Remembered[]
  /** How often it was started again. Zero for what is never restarted. */
  readonly restarts: number
  /** Of a supervised child: the mode, and the milliseconds until it is started again. */
  readonly restart?: Restart
  readonly retryInMs?: number
  /** Of a supervisor. */
  readonly strategy?: Strategy
}

/** Undefined when there is nobody, nor a place for anybody. */
export function viewOf ({ path, cell, slot }: Place, nowMs: number): ActorView | undefined {
  if (cell === null && slot === undefined) return undefined
  const { asking, asked } = cell?.extras?.questions ?? noQuestions
  return defined({
    path,
    behavior: cell?.behavior.name ?? slot?.behavior ?? '',
    status: statusOf(cell, slot),
    state: cell === null ? null : describe(cell),
    mailbox: { waiting: cell?.mailbox?.size ?? 0, others: cell?.mailbox?.others ?? 0 },
    children: cell?.childCount ?? 0,
    timers: cell === null ? [] : timersOf(cell, nowMs),
    tasks: cell === null ? 0 : countOf(cell.tasks),
    resources: cell === null ? [] : resourcesOf(cell).map(kindOf),
    watching: cell?.extras?.watched.map(ref => ref.path) ?? [],
    questions: { asking, asked },
    account: cell === null ? null : accountView(cell.account, cell.account !== cell.parent?.account),
    messages: cell?.mailbox?.read() ?? [],
    restarts: slot === undefined ? 0 : Math.max(slot.starts - 1, 0),
    restart: slot?.restart,
    retryInMs: slot?.retryAtMs === undefined ? undefined : Math.max(slot.retryAtMs - nowMs, 0),
    strategy: cell?.supervisor?.strategy
  })
}

const noQuestions = { asking: 0, asked: 0 }

/** Soonest first. */
export function timersOf (cell: Cell, nowMs: number): readonly TimerView[] {
  return [...cell.timers ?? []]
    .map(({ kind, key, due, everyMs }) => defined({ key: timerName(kind.label, key), dueInMs: due - nowMs, everyMs: everyMs > 0 ? everyMs : undefined }))
    .sort((a, b) => a.dueInMs - b.dueInMs)
}

export function timerName (label: string, key: string): string {
  return label === 'timer' ? key : `(${label})`
}

function accountView (account: Account, own: boolean): AccountView {
  const used = Object.fromEntries(countables.map(what => [what, account.use(what)])) as Record<Countable, number>
  return { name: account.name, own, used, limits: { ...account.limits }, cpuMs: account.cpuMs }
}
