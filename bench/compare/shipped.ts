/** What is published, for scenarios that measure just that. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { compiled } from './settings.js'

/** Where the package lies: this file is .build/bench/compare/shipped.js. */
export const root = compiled('../../..')

/** A file of the build. @throws Error when it was not built, or built before the sources were last changed */
export function shipped (path: string): string {
  const file = join(root, 'dist', path)
  const built = statSync(file, { throwIfNoEntry: false })?.mtimeMs
  if (built === undefined) throw new Error('there is no dist, and it is what this measures: npm run build')
  const newer = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).find(source => statSync(join(root, 'src', source)).mtimeMs > built)
  if (newer !== undefined) throw new Error(`dist is older than src/${newer}, and it is what this measures: npm run build`)
  return file
}
