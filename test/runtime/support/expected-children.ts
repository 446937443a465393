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
