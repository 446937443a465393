/**
 * How benches measure: many samples of each side, the sides by turns in one process.
 *
 * By turns, because a machine that others use drifts by a third and more within a minute: two figures taken one after the
 * other say little, a ratio taken by turns says much. The garbage of one side is collected before the next begins, so each
 * pays for its own; a sample should be long enough (10 ms) to pay for it.
 */

let readClock = (): number => performance.now()

/** Milliseconds since some moment. What scenarios take their times by. */
export const clock = (): number => readClock()

/** From now on `clock` counts the time that processors spent on this process: for a look while others use the machine. */
export function useProcessorTime (): void {
  readClock = () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }
}

/** One side of a comparison. */
export interface Side {
  readonly name: string
  /** Does the work once, verifies that it was done, and returns what one unit of it cost. */
  readonly sample: () => number | Promise<number>
}

/** The samples of each side, in the order of the sides; `samples[a][i]` and `samples[b][i]` were taken one after the other. */
export type Rounds = ReadonlyArray<readonly number[]>

export interface AlternateOptions {
  /** Rounds that count. */
  readonly rounds: number
  /** Rounds before those, until the optimising compiler has had its say. Default 5. */
  readonly warmup?: number
}

/** Takes one sample of each side, then again, each second round in reverse order. */
export async function alternate (sides: readonly Side[], { rounds, warmup = 5 }: AlternateOptions): Promise<Rounds> {
  const samples = sides.map((): number[] => [])
  for (let round = -warmup; round < rounds; round++) {
    const order = round % 2 === 0 ? [...sides.keys()] : [...sides.keys()].reverse()
    for (const side of order) {
      collectYoungGarbage()
      const seen = await sides[side]!.sample()
      if (round >= 0) samples[side]!.push(seen)
    }
  }
  return samples
}

/** Collects what is young and dead, without a look at the old: milliseconds also where a hundred thousand actors live. */
export function collectYoungGarbage (): void {
  needGc()({ type: 'minor' })
}

/**
 * Bytes in use when nothing is left to collect. More than once and a turn between: finalizers free what the first run left. And once as
 * a last resort (from Node 22 on): then V8 also gives back the tens of megabytes that it has taken for the burst of garbage before, and
 * would keep for the next one, in the resident memory of the process.
 */
export async function heapAfterGc (): Promise<number> {
  const collect = needGc()
  for (let i = 0; i < 3; i++) {
    collect()
    await new Promise(resolve => setImmediate(resolve))
  }
  if (Number.parseInt(process.versions.node) >= 22) collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  return process.memoryUsage().heapUsed
}

function needGc (): NodeJS.GCFunction {
  if (gc === undefined) throw new Error('benches need gc(): run them with `npm run bench`, or node --expose-gc')
  return gc
}

/** The value below which the fraction `p` of the samples lies (nearest rank). */
export function quantile (samples: readonly number[], p: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? NaN
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5)

/** The middle eight tenths of the samples, as a fraction of the median: how far to trust it. */
export const spread = (samples: readonly number[]): number => (quantile(samples, 0.9) - quantile(samples, 0.1)) / median(samples)

/** One side by another, round by round. */
export function ratios (above: readonly number[], below: readonly number[]): readonly number[] {
  return above.map((value, i) => value / below[i]!)
}

/** What one side costs more than another, round by round. */
export function differences (more: readonly number[], less: readonly number[]): readonly number[] {
  return more.map((value, i) => value - less[i]!)
}
