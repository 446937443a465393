/** What the command line of this bench says beside what every bench knows. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { BenchSettings } from '../support/bench.js'

export interface Settings {
  /** The Node of all compared programs. */
  readonly node: string
  /** Its major version: the lines differ. */
  readonly major: number
  /** Rounds that count. */
  readonly rounds: number
  /** Small sizes: whether everything works, not how fast. */
  readonly quick: boolean
  /** As many idle connections and streams as the acceptance names, which takes many minutes. */
  readonly full: boolean
  /** Other Nodes that js-libp2p runs on too. */
  readonly jsNodes: readonly string[]
  /** Other implementations that join, when their toolchains are here. */
  readonly foreign: ReadonlyArray<'go' | 'rust'>
  /** Where the compared programs leave CPU profiles. */
  readonly profile: string | undefined
}

let current: Settings | undefined

/** @throws Error before the command line was read */
export function settings (): Settings {
  if (current === undefined) throw new Error('the command line was not read yet')
  return current
}

/** In full, or small enough for a look. */
export function sized<T> (usual: T, quick: T): T {
  return settings().quick ? quick : usual
}

export const compareSettings: BenchSettings = {
  options: {
    'node': { type: 'string' },
    'rounds': { type: 'string' },
    'quick': { type: 'boolean' },
    'full': { type: 'boolean' },
    'js-node': { type: 'string' },
    'foreign': { type: 'string' },
    'profile': { type: 'string' }
  },
  usage: '[--node FILE] [--rounds N] [--quick] [--full] [--js-node FILE[,FILE]] [--foreign go,rust|none] [--profile FOLDER]',
  help: [
    '--node      the Node that runs all compared programs. Default: TROUPE_BENCH_NODE, or the one that runs this',
    '--rounds    samples of each figure. Default 9, with --quick 2',
    '--quick     small sizes: does everything work?',
    '--full      idle connections and streams in the numbers of the acceptance',
    '--js-node   js-libp2p runs on these Nodes too: none of them is its best in all scenarios',
    '--foreign   other implementations that join. Default go,rust, each when its toolchain is here; with --quick none',
    '--profile   leave a CPU profile of each compared process there; the figures are then worth nothing'
  ],
  take ({ foreign, full = false, 'js-node': jsNode, node, profile, quick = false, rounds }) {
    const file = typeof node === 'string' ? node : process.env['TROUPE_BENCH_NODE'] ?? process.execPath
    const version = execFileSync(file, ['--version'], { encoding: 'utf8' }).trim()
    const wanted = Number(rounds ?? (quick === true ? 2 : 9))
    if (!Number.isSafeInteger(wanted) || wanted < 1) throw new RangeError(`--rounds: must be a whole number, at least 1; got ${String(rounds)}`)
    const joining = listed(foreign ?? (quick === true ? 'none' : 'go,rust')).filter(name => name !== 'none')
    const strange = joining.find(name => name !== 'go' && name !== 'rust')
    if (strange !== undefined) throw new RangeError(`--foreign: must be go, rust, both with a comma, or none; got ${strange}`)
    current = {
      node: file,
      major: Number.parseInt(version.slice(1)),
      rounds: wanted,
      quick: quick === true,
      full: full === true,
      jsNodes: listed(jsNode),
      foreign: joining as Array<'go' | 'rust'>,
      profile: typeof profile === 'string' ? profile : undefined
    }
    return { 'compared on node': version.slice(1) }
  },
  results () {
    const { major, profile, quick } = settings()
    return quick || profile !== undefined ? undefined : `bench/results/compare-node${major}.json`
  }
}

function listed (text: unknown): readonly string[] {
  return typeof text === 'string' ? text.split(',') : []
}

/** Of a compiled file of this bench. */
export function compiled (path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
