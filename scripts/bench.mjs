/**
 * Runs one bench from what `tsc -p tsconfig.test.json` wrote to .build.
 *
 *   node scripts/bench.mjs NAME [--json] [options of that bench]
 *
 * NAME is bench/NAME.ts or bench/NAME/main.ts. Whatever stands after it goes to the bench as it is, which gets `gc()` too.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

/** @type {Map<string, string>} name of a bench -> the compiled file that runs it */
const benches = new Map()
for (const entry of existsSync('bench') ? readdirSync('bench', { withFileTypes: true }) : []) {
  if (entry.isFile() && entry.name.endsWith('.ts')) {
    const name = entry.name.slice(0, -'.ts'.length)
    benches.set(name, `.build/bench/${name}.js`)
  } else if (existsSync(`bench/${entry.name}/main.ts`)) {
    benches.set(entry.name, `.build/bench/${entry.name}/main.js`)
  }
}

const [name = '', ...rest] = process.argv.slice(2)
const file = benches.get(name)
if (file !== undefined) {
  const run = spawnSync(process.execPath, ['--enable-source-maps', '--expose-gc', file, ...rest], { stdio: 'inherit' })
  process.exitCode = run.status ?? 1
} else if (name === '--help') {
  console.log(help())
} else {
  console.error(name === '' ? help() : `There is no bench ${name}.\n\n${help()}`)
  process.exitCode = 2
}

function help () {
  const names = [...benches.keys()].sort().map(bench => `  ${bench}`)
  return ['usage: npm run bench -- NAME [--json]', '', names.length === 0 ? 'There is no bench yet.' : 'Benches:', ...names].join('\n')
}
