/** Who is compared: what runs, and with which Node. */
import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { compiled, settings } from './settings.js'
import { root } from './shipped.js'

/** Those that each scenario knows. */
export type SideName = 'Troupe' | 'js-libp2p' | 'raw'

export interface Side {
  /** As the figures say it. */
  readonly name: string
  /** Whose amounts of work it is given. */
  readonly like: SideName
  readonly file: string
  /** Of Node, when it has a role, and of the program. */
  readonly args: (role: string) => readonly string[]
}

/** What stands before and behind the file on a command line for Node. */
export const scripts: Record<SideName, readonly string[]> = {
  'Troupe': [compiled('programs/troupe.js')],
  'js-libp2p': [...polyfilled(), compiled('programs/js.js')],
  'raw': [compiled('programs/raw.js')]
}

/** What js-libp2p needs on Node 20. */
export function polyfilled (): readonly string[] {
  return ['--import', compiled('../../test/interop/js/preload.js')]
}

export function sideOf (like: SideName, node = settings().node, name: string = like): Side {
  return { name, like, file: node, args: role => [...nodeFlags(name, role), ...scripts[like]] }
}

function nodeFlags (name: string, role: string): readonly string[] {
  const { profile } = settings()
  return ['--expose-gc', ...profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${name.replace(/[^\w-]+/g, '-')}-${role}.cpuprofile`]]
}

/** js-libp2p on the other Nodes that were named. */
export function otherNodes (): ReadonlyArray<{ readonly name: string, readonly node: string }> {
  return settings().jsNodes.map(node => ({ name: `js-libp2p on Node ${execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim()}`, node }))
}

export type ForeignName = 'go' | 'rust'

const run = promisify(execFile)
const sources = (path: string): string => join(root, path)

const foreign: Record<ForeignName, { readonly name: string, readonly toolchain: readonly [file: string, arg: string], readonly build: () => Promise<string> }> = {
  go: {
    name: 'go-libp2p',
    toolchain: ['go', 'version'],
    async build () {
      await run('go', ['build', '-trimpath', '-o', 'bin/peer', '.'], { cwd: sources('bench/compare/go') })
      return sources('bench/compare/go/bin/peer')
    }
  },
  rust: {
    name: 'rust-libp2p',
    toolchain: ['cargo', '--version'],
    async build () {
      const args = ['build', '--profile', 'fast', '--locked', '--quiet', '--features', 'bench', '--bin', 'troupe-bench-rust']
      await run('cargo', args, { cwd: sources('test/interop/rust') })
      return sources('test/interop/rust/target/fast/troupe-bench-rust')
    }
  }
}

export const foreignNames = Object.keys(foreign) as readonly ForeignName[]

/**
 * The other implementations that were asked for, in release builds, which takes minutes the first time. One whose toolchain is not
 * here is left out, and `absent` hears of it.
 *
 * @throws Error when there is the toolchain, and the build fails
 */
export async function foreignSides (absent: (text: string) => void): Promise<readonly Side[]> {
  const sides: Side[] = []
  for (const which of settings().foreign) {
    const { build, name, toolchain: [tool, arg] } = foreign[which]
    if (await run(tool, [arg]).then(() => true, () => false)) {
      const file = await build()
      sides.push({ name, like: 'Troupe', file, args: () => [] })
    } else {
      absent(`${name} is absent: its toolchain is not on this machine`)
    }
  }
  return sides
}
