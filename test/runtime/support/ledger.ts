/** What a run holds: at rest, compared with what its players must hold; after the stop, nothing. */
import type { Cell } from '../../../src/runtime/cell.js'
import { countables } from '../../../src/runtime/account.js'
import { countOf } from '../../../src/runtime/few.js'
import { resourcesOf } from '../../../src/runtime/holdings.js'
import { CountedHandle } from './counted-handle.js'
import { checkChildren, checkGroups } from './expected-children.js'
import type { Life } from './life.js'
import type { PlayerSpec } from './player-spec.js'
import type { Run } from './run.js'

/**
 * Reads the ledger at rest, by place, and complains of everything that is not as it must be: a count of the kernel that
 * does not match what its actors hold, a handle that no living actor owns, an actor that holds more or less than its script
 * leaves it with, a child that should live and does not.
 */
export function readLedger (run: Run): ReadonlyMap<string, string> {
  const { system, world } = run
  const ledger = new Map<string, string>()
  const owned = new Set<Disposable>()
  const sum = { cells: 0, timers: 0, armed: 0, user: 0, tasks: 0, resources: 0, questions: 0, heedless: 0, serving: 0 }

  for (const cell of cellsBelow(system.root)) {
    const { path } = cell
    const tasks = countOf(cell.tasks)
    const resources = resourcesOf(cell).length
    const watching = cell.extras?.watched.length ?? 0
    const { asking, asked } = cell.extras?.questions ?? nothing
    const timers = [...cell.timers ?? []]
    const user = timers.filter(timer => timer.key !== '').length
    sum.cells++
    sum.timers += timers.length
    sum.armed += timers.filter(timer => timer.index >= 0).length
    sum.user += user
    sum.tasks += tasks
    sum.resources += resources
    sum.questions += asked
    for (const resource of resourcesOf(cell)) owned.add(resource)
    ledger.set(path, `${cell.statusName} timers ${user} of ${timers.length}, tasks ${tasks}, resources ${resources}, watches ${watching}, asks ${asking} and ${asked}, children ${cell.childCount}`)

    const spec = run.playerAt(path)
    if (spec === undefined) continue
    if (spec.serves) sum.serving++
    sum.heedless += spec.script.filter(({ action }) => action.do === 'hang' && action.how === 'heedless').length
    const must = heldAtRest(spec, run.lifeAt(path))
    if (ledger.get(path) !== `${must}, children ${cell.childCount}`) run.complain(`${path} rests with ${ledger.get(path)!}; it must be ${must}`)
    if (cell.mailbox !== null && cell.mailbox.size > 0) run.complain(`${path} rests with ${cell.mailbox.size} messages`)
  }

  const equal = (what: string, counted: number, found: number): void => {
    if (counted !== found) run.complain(`${what}: the kernel counts ${counted}, its living actors have ${found}`)
  }
  equal('cells', system.liveCells, sum.cells)
  equal('timers', system.liveTimers, sum.timers)
  equal('armed timers', world.scheduler.timers.size, sum.armed)
  equal('tasks', system.liveTasks, sum.tasks)
  equal('resources', system.liveResources, sum.resources)
  equal('questions', system.liveQuestions, sum.questions)
  equal('account of actors', system.account.use('actors'), sum.cells)
  equal('account of timers', system.account.use('timers'), sum.user)
  equal('account of tasks', system.account.use('tasks'), sum.tasks)
  equal('account of handles', system.account.use('handles'), sum.resources)
  for (const handle of run.handles.open) if (!owned.has(handle)) run.complain(`nobody owns ${handle.label}`)
  for (const resource of owned) if (resource instanceof CountedHandle && !run.handles.open.has(resource)) run.complain('somebody owns a handle that is disposed')
  equal('open handles', system.handles.size, run.handles.open.size + sum.serving)
  equal('abandoned tasks', system.abandoned.size, run.lettingGo.length - sum.heedless)
  checkChildren(run)
  checkGroups(run)
  return ledger
}

/** Complains of anything that is left after the root has stopped. Only tasks that nothing could have ended may be. */
export function zeroLedger (run: Run): void {
  const { system, world, handles } = run
  const left = {
    'cells': system.liveCells,
    'timers': system.liveTimers,
    'armed timers': world.scheduler.timers.size,
    'tasks': system.liveTasks,
    'abandoned tasks that could have ended': system.abandoned.size - run.lettingGo.length,
    'resources': system.liveResources,
    'questions': system.liveQuestions,
    'open handles': system.handles.size,
    ...Object.fromEntries(countables.map(what => [`account of ${what}`, system.account.use(what)]))
  }
  for (const [what, count] of Object.entries(left)) if (count !== 0) run.complain(`after the stop ${count} ${what} are left`)
  for (const label of handles.disposedTwice) run.complain(`disposed twice: ${label}`)
  for (const handle of handles.open) run.complain(`never disposed: ${handle.label}`)
  if (system.custody !== undefined) run.complain('a handle is still in custody')
  if (!world.scheduler.idle) run.complain('somebody is ready after the stop')
}

/** What a player holds when its script is over. */
function heldAtRest (spec: PlayerSpec, life: Life | undefined): string {
  const hanging = spec.script.filter(({ action }) => action.do === 'hang')
  const sleeping = hanging.filter(({ action }) => action.do === 'hang' && action.how === 'sleeping').length
  const user = spec.waits ? 1 : 0
  const resources = spec.keeps + (spec.listensOn === null ? 0 : 1) + (spec.serves ? 1 : 0)
  return `running timers ${user} of ${user + sleeping}, tasks ${hanging.length}, resources ${resources}, watches ${life?.watching ?? 0}, asks 0 and 0`
}

const nothing = { asking: 0, asked: 0 }

function* cellsBelow (cell: Cell): Generator<Cell> {
  if (cell.exitWhenDown !== undefined) return
  yield cell
  for (let child = cell.children?.first ?? null; child !== null; child = child.next) yield* cellsBelow(child)
}
