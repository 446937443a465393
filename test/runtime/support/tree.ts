/** A company of players: its root, everybody by path, and the run that it is in. */
import { child, type Supervision } from '../../../src/runtime/supervision.js'
import { behaviorOf } from './players.js'
import { family, type PlayerSpec } from './player-spec.js'
import type { Run } from './run.js'

export interface Tree {
  readonly root: PlayerSpec
  readonly players: ReadonlyMap<string, PlayerSpec>
  run: Run | null
}

/** Makes the behaviours of a finished spec. They serve any number of runs, one at a time. */
export function makeTree (root: PlayerSpec): Tree {
  const players = new Map([...family(root)].map(spec => [spec.path, spec]))
  const tree: Tree = { root, players, run: null }
  // From the leaves up: a supervisor's behaviour holds those of its children.
  for (const spec of [...players.values()].reverse()) {
    const supervision: Supervision | undefined = spec.strategy === null
      ? undefined
      : {
          strategy: spec.strategy,
          intensity: spec.intensity,
          backoff: spec.backoff,
          children: spec.children.map(each => child(each.name, each.behavior as never, { input: () => tree.run!.casting(each), restart: each.restart }))
        }
    spec.behavior = behaviorOf(spec, supervision, spec === root ? () => tree.run!.casting(root) : undefined)
  }
  return tree
}
