/**
 * Who must live at rest, decided a second time without the kernel's supervisor: from the specs, and from how the children of
 * each living parent ended last.
 */
import type { Exit } from '../../../src/runtime/exit.js'
import type { PlayerSpec } from './player-spec.js'
import type { Run, Track } from './run.js'

/** Complains of each child that lives and must not, or must and does not. */
export function checkChildren (run: Run): void {
  for (const parent of run.tracks) {
    if (parent.downAt >= 0 || parent.spec === undefined) continue
    for (const name of new Set([...parent.spec.children.map(child => child.name), ...parent.spawned])) {
      const spec = run.playerAt(`${parent.path}/${name}`)
      if (spec === undefined) continue
      const lives = run.system.find(spec.path) !== null
      const must = mustLive(parent, spec)
      if (must === undefined || lives === must) continue
      const last = parent.ends.get(name)
      run.complain(`${spec.path} (${spec.restart}) ${must ? 'must live and does not' : 'lives and must not'}; its last end: ${last === undefined ? 'none' : describe(last)}`)
    }
  }
}

/**
 * Complains of each group that was not restarted as one: with rest-for-one, who comes later in the list must be gone before
 * the one that it depends on is started again.
 */
export function checkGroups (run: Run): void {
  const byParent = new Map<Track, Track[]>()
  for (const track of run.tracks) {
    const { parent, spec } = track
    if (parent?.spec?.strategy !== 'rest-for-one' || spec?.supervised !== true) continue
    const siblings = byParent.get(parent)
    if (siblings === undefined) byParent.set(parent, [track])
    else siblings.push(track)
  }
  for (const [parent, siblings] of byParent) {
    // Static ones in the order of the specs, then the others in the order in which they came.
    const order = [...new Set([...parent.spec!.children, ...siblings.map(({ spec }) => spec!)])]
    const started = new Set<PlayerSpec>()
    for (const again of siblings) {
      const place = order.indexOf(again.spec!)
      if (!started.has(again.spec!)) {
        started.add(again.spec!)
        continue
      }
      for (const later of siblings) {
        if (order.indexOf(later.spec!) <= place || later.spawnedAt >= again.spawnedAt) continue
        if (later.downAt < 0 || later.downAt > again.spawnedAt) run.complain(`${again.path} was started again at ${again.spawnedAt.toFixed(3)} ms while ${later.path}, later in its group, still lived`)
      }
    }
  }
}

/** Undefined where both are right. */
function mustLive (parent: Track, spec: PlayerSpec): boolean | undefined {
  const { name } = spec
  const last = parent.ends.get(name)
  if (!spec.supervised) return last === undefined
  if (parent.givenUp.has(name)) return false
  const isStatic = parent.spec!.children.includes(spec)
  // A start that fails at run time is told to the spawner and never repeated; at boot the parent would not live.
  if (!isStatic && parent.failedFirst.has(name)) return false
  switch (spec.restart) {
    case 'permanent': return true
    case 'temporary': return last === undefined
    case 'transient': {
      if (last === undefined || last.kind === 'crashed' || last.kind === 'start-failed' || last.kind === 'killed') return true
      if (last.kind === 'done') return false
      // Stopped by its group's restart it starts again; by somebody else, its end was normal. Both at a time: either.
      if (last.reason === 'group-restart') return true
      return parent.spec!.strategy === 'rest-for-one' ? undefined : false
    }
  }
}

function describe (exit: Exit): string {
  return exit.kind === 'crashed' ? `crashed at ${exit.at}` : 'reason' in exit ? `${exit.kind}, ${exit.reason}` : exit.kind
}
