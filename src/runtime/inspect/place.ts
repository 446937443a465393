import type { Cell } from '../cell.js'
import type { ActorStatus } from '../context.js'
import type { SlotView } from '../supervisor.js'
import type { System } from '../system.js'
import { plain, type Plain } from './plain.js'

/**
 * A living actor's own status, or what its supervisor has in mind for one that is down:
 *
 * - `waiting`: its turn to be started has not come.
 * - `backing-off`, `suspended`: it failed and is tried again later; suspended means that it failed too often.
 * - `stopped`, `ended`: down for good.
 */
export type PlaceStatus = ActorStatus | 'waiting' | 'backing-off' | 'suspended' | 'stopped' | 'ended'

/** What stands at a path: an actor, the slot that its supervisor keeps for it, or both. */
export interface Place {
  readonly path: string
  readonly cell: Cell | null
  readonly slot: SlotView | undefined
}

/** @throws TypeError when `path` is no text of the form `/system/dialer/7` */
export function checkPath (argument: string, path: unknown): string {
  // Name by name: one expression for the whole would run out of stack on a very long path.
  if (typeof path === 'string' && path.startsWith('/') && path.slice(1).split('/').every(name => /^[\w.:-]+$/.test(name))) return path
  throw new TypeError(`${argument}: must be a path such as '/system/dialer/7'; got ${typeof path === 'string' ? `'${path}'` : typeof path}`)
}

export function placeAt (system: System, path: string): Place {
  const cell = system.find(path)
  const end = path.lastIndexOf('/')
  const parent = cell === null ? system.find(path.slice(0, end)) : cell.parent
  return { path, cell, slot: parent === null ? undefined : slotsOf(parent).find(({ name }) => name === path.slice(end + 1)) }
}

/** The slots of a supervisor, in their order; none for others. */
export function slotsOf (cell: Cell): readonly SlotView[] {
  return cell.supervisor?.view() ?? []
}

export function statusOf (cell: Cell | null, slot: SlotView | undefined): PlaceStatus {
  if (cell !== null) return cell.statusName
  const state = slot?.state ?? 'ended'
  // Its end is on its way to the supervisor, which has not decided yet.
  return state === 'starting' || state === 'running' || state === 'stopping' ? 'down' : state
}

/** The cell's state as its behaviour describes it; null before the start, after the end and when there is none. */
export function describe (cell: Cell): Plain {
  // Until it has started its state is its input.
  if (cell.statusName === 'starting' || cell.state === undefined) return null
  try {
    return plain(cell.behavior.describe(cell.state))
  } catch {
    return '<describe threw>'
  }
}

/** A cell and all below it, parents first, children in their order. Walks by the cells' own links, so any depth will do. */
export function* cellsFrom (top: Cell): Generator<Cell> {
  let cell = top
  for (;;) {
    yield cell
    if (cell.children?.first != null) cell = cell.children.first
    else {
      while (cell !== top && cell.next === null) cell = cell.parent!
      if (cell === top) return
      cell = cell.next!
    }
  }
}
