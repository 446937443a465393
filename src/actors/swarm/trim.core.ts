/**
 * Which connections the node does without when there are more than it keeps. Not those of protected peers, nor those that are so
 * young that nobody can know yet what they are worth.
 *
 * First go spare ones (a second connection to a peer that nobody is given any more), then those of the peers of the least value;
 * among equals idle ones before busy ones, relayed before direct ones, inbound before those that we have dialed, and the youngest
 * before those that have shown that they last.
 */
export interface TrimRules {
  /** Trimming begins when there are more. */
  readonly highWater: number
  /** And ends when there are so many. */
  readonly lowWater: number
  /** Younger ones are left alone, in milliseconds. */
  readonly graceMs: number
}

export interface Candidate {
  readonly path: string
  /** Sum of the tags of its peer. */
  readonly value: number
  readonly protected: boolean
  readonly ageMs: number
  readonly streams: number
  readonly inbound: boolean
  readonly relayed: boolean
  readonly spare: boolean
}

/** Their paths, the least worthy first. Fewer than wanted when too many are protected or young. */
export function chooseTrim (candidates: readonly Candidate[], { graceMs, highWater, lowWater }: TrimRules): readonly string[] {
  if (candidates.length <= highWater) return []
  return candidates
    .filter(one => !one.protected && one.ageMs >= graceMs)
    .sort(leastWorthyFirst)
    .slice(0, candidates.length - lowWater)
    .map(({ path }) => path)
}

function leastWorthyFirst (a: Candidate, b: Candidate): number {
  return Number(b.spare) - Number(a.spare)
    || a.value - b.value
    || Number(a.streams > 0) - Number(b.streams > 0)
    || Number(b.relayed) - Number(a.relayed)
    || Number(b.inbound) - Number(a.inbound)
    || a.ageMs - b.ageMs
}
