import { countables } from '../account.js'
import { countOf } from '../few.js'
import { resourcesOf } from '../holdings.js'
import type { System } from '../system.js'
import { timerName, timersOf } from './actor-view.js'
import { accountsOf, livingCells } from './ledger.js'
import { kindOf } from './plain.js'

/**
 * Whatever a system still holds, one line each, with its owner's name. Empty after it has ended; of a living system it
 * lists all there is. Tests demand that it is empty.
 *
 *     actor /shop/till (counter) is running
 *     timer 'idle' of /shop/till is armed, due in 5000 ms
 *     account /shop/till still counts 64 bytes
 */
export function leaksOf (system: System): readonly string[] {
  const now = system.now()
  const leaks: string[] = []
  const living = livingCells(system)
  for (const cell of living) {
    const { path } = cell
    leaks.push(`actor ${path} (${cell.behavior.name}) is ${cell.statusName}`)
    for (const { key, dueInMs } of timersOf(cell, now)) leaks.push(`timer '${key}' of ${path} is armed, due in ${Math.round(dueInMs)} ms`)
    const tasks = countOf(cell.tasks)
    const asking = cell.extras?.questions.asking ?? 0
    if (tasks > 0) leaks.push(tasks === 1 ? `a task of ${path} has not settled` : `${tasks} tasks of ${path} have not settled`)
    if (asking > 0) leaks.push(asking === 1 ? `a question of ${path} is open` : `${asking} questions of ${path} are open`)
    for (const resource of resourcesOf(cell)) leaks.push(`resource ${kindOf(resource)} of ${path} is not disposed`)
  }
  // A stopped actor's timers are gone with it. One that somebody armed afterwards belongs to nobody.
  for (const { owner, kind, key } of system.scheduler.timers.list()) {
    if (owner.kernel === system && owner.exitWhenDown !== undefined) leaks.push(`timer '${timerName(kind.label, key)}' of ${owner.path}, which is down, is armed`)
  }
  for (const { owner } of system.abandoned) leaks.push(`a cancelled task of ${owner.path} has not settled`)
  for (const label of system.handles.labels()) leaks.push(`handle ${label} is open`)
  const ended = living.length === 0
  for (const { path, account, below } of accountsOf(system)) {
    for (const what of countables) {
      // What the living have of the rest is listed above.
      if (!ended && what !== 'bytes') continue
      const own = below.reduce((amount, { account: part }) => amount - part.use(what), account.use(what))
      if (own !== 0) leaks.push(`account ${account.name}${account.name === path ? '' : ` of ${path}`} still counts ${own} ${what}`)
    }
  }
  // The counters disagree with what can be found: an error in the kernel, and all the more worth a line.
  const { liveCells, liveTimers, liveTasks, liveQuestions, liveResources } = system
  for (const [what, count] of Object.entries(ended ? { liveCells, liveTimers, liveTasks, liveQuestions, liveResources } : {})) {
    if (count !== 0) leaks.push(`${what} is ${count} after the end`)
  }
  return leaks
}
