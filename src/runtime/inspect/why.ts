import { becauseOf, type Blame } from '../exit.js'
import type { System } from '../system.js'
import type { Grave } from './graveyard.js'
import { placeAt, statusOf, type Place, type PlaceStatus } from './place.js'
import { plainExit, type PlainExit } from './plain.js'
import type { Remembered } from '../mailbox.js'

/** One of the ends that led to another. */
export interface Link {
  readonly path: string
  readonly exit: PlainExit
  /** Its kind and its last messages, oldest first, as far as it is remembered. */
  readonly behavior?: string
  readonly messages?: readonly Remembered[]
}

/** The end of one actor. */
export interface Death {
  readonly behavior: string
  readonly exit: PlainExit
  /** Whole milliseconds of the system's time. */
  readonly atMs: number
  /** From the root cause down to this end, which is the last link. What it threw is in the link of whoever threw it. */
  readonly chain: readonly Link[]
  /** How many links are left out in the middle of a very long chain. */
  readonly skipped: number
  /** Its last messages, oldest first, at most eight. The one it crashed on is among them. */
  readonly messages: readonly Remembered[]
}

/**
 * What the supervisor does about an end.
 *
 * - `none`: there is no supervisor, or it lets the child be.
 * - `undecided`: the news has not come to its turn yet.
 * - `waiting`, `backing-off`, `suspended`: it will start the child again. A suspended one has failed too often and waits longest.
 */
export interface Verdict {
  readonly decision: 'none' | 'undecided' | 'waiting' | 'backing-off' | 'suspended'
  /** Starts so far. */
  readonly starts: number
  /** Milliseconds until the next one, when it is known. */
  readonly retryInMs?: number
}

/**
 * Why an actor ended.
 *
 * - `alive`: it has not. `underWay` is the end that has begun, of one that is stopping or ending; `previous` that of the
 *   one before it at this place, if there was one and it is remembered.
 * - `down`: it has. `death` is missing when its supervisor still keeps its place and the graveyard has forgotten the rest.
 * - `unknown`: nobody ever lived there, or so long ago that the graveyard has forgotten.
 */
export type Why =
  | Alive
  | { readonly status: 'down', readonly path: string, readonly behavior: string, readonly death: Death | null, readonly verdict: Verdict }
  | { readonly status: 'unknown', readonly path: string }

export interface Alive {
  readonly status: 'alive'
  readonly path: string
  readonly behavior: string
  readonly actor: PlaceStatus
  /** How often its supervisor has started it, this time included. */
  readonly starts: number
  readonly underWay: Death | null
  readonly previous: Death | null
}

export function whyOf (system: System, path: string): Why {
  const place = placeAt(system, path)
  const { cell, slot } = place
  const grave = system.graveyard.find(path)
  const death = grave === undefined ? null : deathOf(system, grave)
  if (cell !== null) {
    const underWay = cell.exit === undefined ? null : deathOf(system, { cell, exit: cell.exit, atMs: Math.floor(system.now()) })
    return { status: 'alive', path, behavior: cell.behavior.name, actor: statusOf(cell, slot), starts: slot?.starts ?? 1, underWay, previous: death }
  }
  const behavior = death?.behavior ?? slot?.behavior
  if (behavior === undefined) return { status: 'unknown', path }
  return { status: 'down', path, behavior, death, verdict: verdictOf(place, system.now()) }
}

/** Links that are shown at either end of a chain: actors may be nested very deep, and each level has a path of that length. */
export const endLinks = 16

function deathOf (system: System, { cell, exit, atMs }: Grave): Death {
  const causes: Blame[] = [{ path: cell.path, exit }]
  for (let cause = becauseOf(exit).because; cause !== undefined; cause = becauseOf(cause.exit).because) causes.push(cause)
  causes.reverse()
  const skipped = Math.max(causes.length - 2 * endLinks, 0)
  causes.splice(endLinks, skipped)
  const chain = causes.map(cause => linkOf(system, cause))
  return { behavior: cell.behavior.name, exit: plainExit(exit), atMs, chain, skipped, messages: cell.mailbox?.read() ?? [] }
}

function linkOf (system: System, { path, exit }: Blame): Link {
  const link = { path, exit: plainExit(exit) }
  const grave = system.graveyard.find(path, exit)
  return grave === undefined ? link : { ...link, behavior: grave.cell.behavior.name, messages: grave.cell.mailbox?.read() ?? [] }
}

function verdictOf ({ slot }: Place, nowMs: number): Verdict {
  if (slot === undefined) return { decision: 'none', starts: 1 }
  const { state, starts, retryAtMs } = slot
  switch (state) {
    case 'waiting': case 'backing-off': case 'suspended':
      return { decision: state, starts, ...retryAtMs === undefined ? {} : { retryInMs: Math.max(retryAtMs - nowMs, 0) } }
    case 'starting': case 'running': case 'stopping': return { decision: 'undecided', starts }
    case 'stopped': case 'ended': return { decision: 'none', starts }
  }
}
