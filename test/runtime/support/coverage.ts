/** What the trials have hit, counted, as two tables. */
import type { Restart } from '../../../src/runtime/context.js'
import type { Strategy } from '../../../src/runtime/supervision.js'
import { points, type Deed } from './plan.js'
import { kinds } from './player-spec.js'
import type { Hit, LifeState } from './run.js'

const states: readonly LifeState[] = ['starting', 'running', 'stopping', 'ending', 'backing-off', 'suspended']
const strategies: readonly Strategy[] = ['one-for-one', 'rest-for-one', 'dynamic']
const restarts: readonly Restart[] = ['permanent', 'transient', 'temporary']

/** Which deeds count as kills; a `stop` alone does not. */
const kills: readonly Deed[] = ['kill', 'kill-parent', 'give-up']

/** Temporary actors whom nobody supervises. */
const alone = 'alone'

export class Coverage {
  private readonly counts = new Map<string, number>()

  add (hits: readonly Hit[]): void {
    for (const { what, spec, state } of hits) {
      if (what === 'stop-parent' || (what === 'stop' && state !== 'stopping')) continue
      const kill = (kills as readonly string[]).includes(what)
      const kind = `${spec.kind} ${spec.strategy === null ? 'worker' : 'supervisor'}`
      this.count(kind, state, kill ? 'kills' : 'throws')
      const row = kill ? 'kill' : what
      const column = spec.parent === null ? 'root' : spec.supervised ? `${spec.parent.strategy!} ${spec.restart}` : alone
      this.count(row, column)
      if (spec.strategy !== null && !kill) this.count(inSupervisor, column)
    }
  }

  private count (...key: readonly string[]): void {
    this.counts.set(key.join('|'), this.of(...key) + 1)
  }

  private of (...key: readonly string[]): number {
    return this.counts.get(key.join('|')) ?? 0
  }

  /** Cells that could have been hit, and were not. */
  get empty (): readonly string[] {
    const rows = whoRows.flatMap(row => states.filter(state => this.of(row, state, 'throws') + this.of(row, state, 'kills') === 0).map(state => `${row}, ${state}`))
    const where = whereRows.flatMap(row => whereColumns.filter(column => this.of(row, column) === 0).map(column => `${row}, ${column}`))
    return [...rows, ...where]
  }

  /** Both tables, to be printed. */
  toString (): string {
    return [
      'who was hit, in which state of its life: throws + kills',
      ...table(['', ...states], whoRows.map(row => [row, ...states.map(state => `${this.of(row, state, 'throws')}+${this.of(row, state, 'kills')}`)])),
      '',
      'where it was hit, by strategy of its supervisor and kind of restart (alone: a temporary actor without supervisor)',
      ...table(['', ...strategies.flatMap(strategy => [strategy, '', '']), alone], []),
      ...table(['', ...strategies.flatMap(() => restarts), ''], whereRows.map(row => [row, ...whereColumns.map(column => String(this.of(row, column)))]))
    ].join('\n')
  }
}

const inSupervisor = 'any, in a supervisor'
const whoRows = kinds.flatMap(kind => [`${kind} worker`, `${kind} supervisor`])
const whereColumns = [...strategies.flatMap(strategy => restarts.map(restart => `${strategy} ${restart}`)), alone]
const whereRows = [...points, 'flood', 'kill', inSupervisor]

function table (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  return [head, ...rows].map(([first = '', ...rest]) => `  ${first.padEnd(22)}${rest.map(cell => cell.padStart(13)).join('')}`)
}
