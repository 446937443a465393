import type { Cell } from '../cell.js'
import type { Restart } from '../context.js'
import type { SlotView } from '../supervisor.js'
import type { Strategy } from '../supervision.js'
import { describe, slotsOf, statusOf, type Place, type PlaceStatus } from './place.js'
import { defined, type Plain } from './plain.js'

/** An actor, or the place of one that is down and that its supervisor remembers, with all below it. JSON-safe. */
export interface TreeNode {
  readonly name: string
  readonly path: string
  readonly behavior: string
  readonly status: PlaceStatus
  /** As the behaviour describes it; null when there is none. */
  readonly state: Plain
  /** What waits in the mailbox, signals of its own included. */
  readonly mailbox: number
  /** Of a supervisor. */
  readonly strategy?: Strategy
  /** Of a supervised child: the mode, how often it was started, and the milliseconds until it is again. */
  readonly restart?: Restart
  readonly starts?: number
  readonly retryInMs?: number
  /** The supervised ones in the order of their specs, dead or alive, then the others in the order of their spawning. */
  readonly children: readonly TreeNode[]
}

type GrowingNode = TreeNode & { readonly children: TreeNode[] }

/** The tree from that place down, as it is now. */
export function treeFrom (place: Place, nowMs: number): TreeNode {
  const top = nodeOf(place.path.slice(place.path.lastIndexOf('/') + 1), place.path, place.cell, place.slot, nowMs)
  // Not by recursion: actors may be nested deeper than the stack is.
  const open: Array<readonly [Cell, GrowingNode]> = place.cell === null ? [] : [[place.cell, top]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [cell, node] = next
    const grow = (name: string, child: Cell | null, slot: SlotView | undefined): void => {
      const grown = nodeOf(name, `${node.path}/${name}`, child, slot, nowMs)
      node.children.push(grown)
      if (child !== null && (child.childCount > 0 || child.supervisor !== null)) open.push([child, grown])
    }
    const slots = slotsOf(cell)
    const inSlots = new Set(slots.map(({ name }) => name))
    for (const slot of slots) grow(slot.name, cell.child(slot.name) ?? null, slot)
    for (let child = cell.children?.first ?? null; child !== null; child = child.next) {
      if (!inSlots.has(child.name)) grow(child.name, child, undefined)
    }
  }
  return top
}

/** Does not look into `path`: as long as nobody does, a hundred thousand nested paths share their beginnings. */
function nodeOf (name: string, path: string, cell: Cell | null, slot: SlotView | undefined, nowMs: number): GrowingNode {
  return defined({
    name,
    path,
    behavior: cell?.behavior.name ?? slot?.behavior ?? '',
    status: statusOf(cell, slot),
    state: cell === null ? null : describe(cell),
    mailbox: cell?.mailbox?.size ?? 0,
    strategy: cell?.supervisor?.strategy,
    restart: slot?.restart,
    starts: slot?.starts,
    retryInMs: slot?.retryAtMs === undefined ? undefined : Math.max(slot.retryAtMs - nowMs, 0),
    children: []
  })
}
