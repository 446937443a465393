import type { Cell } from '../cell.js'
import { isFailure, type Exit } from '../exit.js'

/** How many of the dead are remembered: those that failed, and those that ended as they should or because another did. */
export interface GraveyardOptions {
  /** Default 1,024. */
  readonly failures?: number
  /** Default 256: they matter less, and must not push out the failures. */
  readonly others?: number
}

/** One who ended, and when, in whole milliseconds of the system's time. */
export interface Grave {
  readonly cell: Cell
  readonly exit: Exit
  readonly atMs: number
}

/**
 * The last actors that ended, so that one can ask why after the fact. Holds the dead cells themselves: a cell that is down
 * has given back everything but its name, its exit and its flight recorder, and building its path waits until somebody asks.
 */
export class Graveyard {
  private readonly failures: Ring
  private readonly others: Ring
  private buried = 0

  constructor (options: GraveyardOptions = {}) {
    this.failures = new Ring(options.failures ?? 1024)
    this.others = new Ring(options.others ?? 256)
  }

  bury (cell: Cell, exit: Exit): void {
    (isFailure(exit) && !isConsequence(exit) ? this.failures : this.others).push(cell, this.buried++, cell.kernel.scheduler.coarseNow)
  }

  /** The last one to have died at that path; with that very exit, if one is given. */
  find (path: string, exit?: Exit): Grave | undefined {
    const failure = this.failures.find(path, exit)
    const other = this.others.find(path, exit)
    const last = failure === undefined || (other !== undefined && other.order > failure.order) ? other : failure
    return last === undefined ? undefined : { cell: last.cell, exit: last.cell.exit!, atMs: last.atMs }
  }

  /** Newest last; failures only. */
  failed (): readonly Cell[] {
    return this.failures.list().map(({ cell }) => cell)
  }
}

/** Whether `path` is the cell's: read from its end, name by name, so that most are dismissed at the first. */
function livedAt (cell: Cell, path: string): boolean {
  let end = path.length
  for (let at: Cell | null = cell; at !== null; at = at.parent) {
    const { name } = at
    const start = end - name.length
    if (path[start - 1] !== '/' || !path.startsWith(name, start)) return false
    end = start - 1
  }
  return end === 0
}

/** Killed because another ended: a connection that crashes with a thousand streams must not push a thousand failures out. */
function isConsequence (exit: Exit): boolean {
  return exit.kind === 'killed' && exit.because !== undefined
}

interface Entry {
  readonly cell: Cell
  readonly order: number
  readonly atMs: number
}

/** The last so many. Three flat columns, so that an end allocates nothing. */
class Ring {
  private readonly size: number
  private readonly cells: Cell[] = []
  private readonly orders: number[] = []
  private readonly times: number[] = []
  private next = 0

  constructor (size: number) {
    this.size = size
  }

  push (cell: Cell, order: number, atMs: number): void {
    const { size, next } = this
    if (size === 0) return
    this.cells[next] = cell
    this.orders[next] = order
    this.times[next] = atMs
    this.next = next + 1 === size ? 0 : next + 1
  }

  find (path: string, exit: Exit | undefined): Entry | undefined {
    return this.list().findLast(({ cell }) => (exit === undefined || cell.exit === exit) && livedAt(cell, path))
  }

  /** Oldest first. */
  list (): readonly Entry[] {
    const entries = this.cells.map((cell, i) => ({ cell, order: this.orders[i]!, atMs: this.times[i]! }))
    return [...entries.slice(this.next), ...entries.slice(0, this.next)]
  }
}
