/**
 * Runs one suite with mocha, from what `tsc -p tsconfig.test.json` wrote to .build.
 *
 *   node scripts/test.mjs fast|slow|interop [NAME...] [mocha options]
 *
 * NAME keeps only the files whose path contains it; with several, any of them. From the first word that begins with `-`
 * on, everything goes to mocha as it is: `npm test -- cell --grep 'dies well'`.
 *
 *   fast      test/**\/*.test.ts
 *   slow      test/**\/*.slow.ts
 *   interop   test/**\/*.interop.ts
 *
 * Which files run is read from the sources, so a compiled test whose source is gone never runs.
 *
 * TROUPE_SLOW_SECONDS is how long the whole slow run may take. Each slow file finds its own equal share in the same
 * variable and fills it; unset, each file does its full work.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { closingLine } from './reporter.mjs'

/** Long enough for any slow test, so that one that hangs is still named. */
const SLOW_TIMEOUT_MS = 15 * 60 * 1000

/** @type {Record<string, { belongs: (path: string) => boolean, mocha: string[], none: string }>} */
const suites = {
  fast: {
    belongs: path => path.endsWith('.test.ts'),
    mocha: [],
    none: 'There is no fast test.'
  },
  slow: {
    belongs: path => path.endsWith('.slow.ts'),
    mocha: ['--timeout', `${SLOW_TIMEOUT_MS}`],
    none: 'There is no slow suite yet.'
  },
  interop: {
    belongs: path => path.endsWith('.interop.ts'),
    mocha: ['--timeout', `${SLOW_TIMEOUT_MS}`],
    none: 'There is no interop suite.'
  }
}

const [suiteName = '', ...rest] = process.argv.slice(2)
const suite = suites[suiteName]
if (suite === undefined) fail(`usage: node scripts/test.mjs ${Object.keys(suites).join('|')} [NAME...] [mocha options]`)

const firstOption = rest.findIndex(word => word.startsWith('-'))
const names = firstOption < 0 ? rest : rest.slice(0, firstOption)
const options = firstOption < 0 ? [] : rest.slice(firstOption)

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const all = readdirSync('test', { recursive: true, encoding: 'utf8' }).map(path => path.replaceAll('\\', '/')).filter(suite.belongs).sort()
const chosen = names.length === 0 ? all : all.filter(path => names.some(name => path.includes(name)))

if (all.length === 0) {
  console.log(suite.none)
  console.log(closingLine({ passes: 0, failures: 0, pending: 0 }))
} else if (chosen.length === 0) {
  fail(`No ${suiteName} test file has ${names.join(' or ')} in its path. There are:\n${all.map(path => `  ${path}`).join('\n')}`)
} else {
  const mocha = fileURLToPath(import.meta.resolve('mocha/bin/mocha.js'))
  const files = chosen.map(path => `.build/test/${path.replace(/\.ts$/, '.js')}`)
  const run = spawnSync(process.execPath, [mocha, ...suite.mocha, ...options, ...files], {
    stdio: 'inherit',
    env: { ...process.env, ...share(chosen.length) }
  })
  process.exitCode = run.status ?? 1
}

/**
 * @param {number} files
 * @returns {Record<string, string>}
 */
function share (files) {
  const seconds = Number(process.env['TROUPE_SLOW_SECONDS'])
  return seconds > 0 ? { TROUPE_SLOW_SECONDS: String(seconds / files) } : {}
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail (message) {
  console.error(message)
  process.exit(2)
}
