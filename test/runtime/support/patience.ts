/**
 * How long an end may take at most, from the spec alone: each player's own leaving, all its children's one after the other,
 * and no more than its grace. An actor that waits for its grace with nobody to wait for is found by this.
 */
import type { Exit } from '../../../src/runtime/exit.js'
import { childrenOf, family, slowMs, type PlayerSpec } from './player-spec.js'

/** From the request to stop until it is down. */
export function longestStopMs (spec: PlayerSpec): number {
  const own = spec.leaving === 'slow' ? slowMs : spec.leaving === 'hanging' ? spec.stopGraceMs : 0
  return Math.min(own + childrenMs(spec), spec.stopGraceMs)
}

/** From the moment its end was decided until it is down, with some room for the delays of the simulation. */
export function longestEndMs (spec: PlayerSpec, exit: Exit): number {
  return roomMs(spec) + graceOf(spec, exit)
}

function graceOf (spec: PlayerSpec, exit: Exit): number {
  switch (exit.kind) {
    case 'killed': return 0
    case 'crashed': case 'start-failed': return Math.min(childrenMs(spec), spec.crashGraceMs)
    default: return Math.min(childrenMs(spec), spec.stopGraceMs)
  }
}

function childrenMs (spec: PlayerSpec): number {
  let ms = 0
  for (const child of childrenOf(spec)) ms += longestStopMs(child)
  return ms
}

/** Steps wait a few microseconds for their turn. */
export function roomMs (spec: PlayerSpec): number {
  return 0.5 + 0.05 * [...family(spec)].length
}
