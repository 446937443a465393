import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
/** This audit's own code. */
export const audit = 'audit'

/**
 * A module as a reader would look for it: `src/actors/...ts` of ours, `@libp2p/yamux/dist/src/muxer.js` of a package,
 * `node:net` of Node, `audit` of this program, and '' for what has no file.
 */
export function fileOf (module: string): string {
  if (module === '' || module.startsWith('node:')) return module
  const path = (module.startsWith('file:') ? fileURLToPath(module) : module).replaceAll('\\', '/')
  const inPackage = path.lastIndexOf('/node_modules/')
  if (inPackage >= 0) return path.slice(inPackage + '/node_modules/'.length)
  const own = path.startsWith(root) ? path.slice(root.length).replace(/^\.build\//, '') : path
  return own.startsWith('src/') ? own.replace(/\.js$/, '.ts') : audit
}
