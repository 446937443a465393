/**
 * The frame of a bench: arguments in, a table or one JSON document out.
 *
 *     npm run bench -- NAME [--json] [--only SCENARIO]... [--results FILE] [--strict] [--cpu]
 *
 * Each scenario runs in a process of its own: what the compiler and the heap have learnt from one must not decide about
 * the next, and `--only` gives what the whole run would give.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, cpus, loadavg, release, totalmem, type as system } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { useProcessorTime } from './sampling.js'
import { Sheet, type Figure, type Results, type Scenario } from './sheet.js'

/** The one document that `--json` prints and `--results` writes. */
export interface BenchDocument {
  readonly bench: string
  readonly at: string
  readonly machine: { readonly cpu: string, readonly cores: number, readonly memoryGiB: number, readonly system: string, readonly load: number }
  readonly versions: Readonly<Record<string, string>>
  readonly tolerance: string
  readonly scenarios: readonly Results[]
  /** The lines that were missed. */
  readonly missed: readonly string[]
}

/** What a bench has on its command line beyond the options of all. */
export interface BenchSettings {
  readonly options: NonNullable<ParseArgsConfig['options']>
  readonly usage: string
  readonly help: readonly string[]
  /** Called once, before any scenario. Returns versions for the document. */
  readonly take: (values: Readonly<Record<string, unknown>>) => Readonly<Record<string, string>>
  /** Where the document of a run of all scenarios goes when nobody says where. Default nowhere. */
  readonly results?: () => string | undefined
}

const none: BenchSettings = { options: {}, usage: '', help: [], take: () => ({}) }

const tolerance = 'absolute figures +-30 % on a shared machine (each figure says its own spread: the middle eight tenths of its samples); ratios were taken by turns in one process and are good to about +-10 %'

const options = {
  json: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true, default: [] as string[] },
  results: { type: 'string' },
  strict: { type: 'boolean', default: false },
  cpu: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false }
} as const satisfies ParseArgsConfig['options']

/** Runs the scenarios that the command line names, default all, and prints what they saw. Sets the exit code. */
export async function runBench (bench: string, scenarios: readonly Scenario[], settings: BenchSettings = none): Promise<void> {
  const { values } = parseArgs({ options: { ...settings.options, ...options } })
  if (values.help) {
    console.log(help(bench, scenarios, settings))
    return
  }
  const unknown = values.only.find(name => !scenarios.some(scenario => scenario.name === name))
  if (unknown !== undefined) {
    console.error(`There is no scenario ${unknown}.\n\n${help(bench, scenarios, settings)}`)
    process.exitCode = 2
    return
  }
  if (values.cpu) useProcessorTime()
  const own = Object.entries(values).filter(([name]) => Object.hasOwn(settings.options, name))
  const versions = settings.take(Object.fromEntries(own))
  const flags = [...values.cpu ? ['--cpu'] : [], ...own.flatMap(([name, value]) => value as unknown === true ? [`--${name}`] : [`--${name}`, String(value)])]
  const chosen = values.only.length === 0 ? scenarios : scenarios.filter(({ name }) => values.only.includes(name))
  const load = loadavg()[0]!
  if (!values.json) console.log(`${heading(describe(bench, [], versions, load))}\n`)
  const all: Results[] = []
  for (const scenario of chosen) {
    const results = chosen.length === 1 ? await runHere(scenario) : await runApart(scenario, flags)
    if (results === undefined) process.exitCode = 1
    else {
      all.push(results)
      if (!values.json) console.log(`${table(results)}\n`)
    }
  }
  const document = describe(bench, all, versions, load)
  if (values.json) console.log(JSON.stringify(document, rounded))
  else console.log(document.missed.length === 0 ? 'All lines are kept.' : `Missed:\n${document.missed.map(line => `  ${line}`).join('\n')}`)
  const file = values.results ?? (all.length === scenarios.length ? settings.results?.() : undefined)
  if (file !== undefined) {
    writeFileSync(file, readable(document))
    if (!values.json) console.log(`\nWritten to ${file}.`)
  }
  if (values.strict && document.missed.length > 0) process.exitCode = 1
  // What the sides leave running, such as a timer of an hour, must not hold the process.
  process.exit()
}

async function runHere (scenario: Scenario): Promise<Results> {
  const sheet = new Sheet()
  await scenario.run(sheet)
  return sheet.results(scenario)
}

/** In a process of its own; undefined when that failed (it has said why on stderr). */
async function runApart ({ name }: Scenario, flags: readonly string[]): Promise<Results | undefined> {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, '--only', name, '--json', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => { text += part })
  const [code] = await once(child, 'close') as [number | null]
  if (code === 0) return (JSON.parse(text) as BenchDocument).scenarios[0]
  console.error(`The scenario ${name} failed.`)
  return undefined
}

function describe (bench: string, scenarios: readonly Results[], versions: Readonly<Record<string, string>>, load: number): BenchDocument {
  const [cpu] = cpus()
  return {
    bench,
    at: new Date().toISOString(),
    machine: { cpu: cpu?.model.trim() ?? 'unknown', cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), system: `${system()} ${release()} ${arch()}`, load },
    versions: { node: process.versions.node, v8: process.versions.v8, xstate: packageVersion('xstate'), rxjs: packageVersion('rxjs'), ...versions },
    tolerance,
    scenarios,
    missed: scenarios.flatMap(({ name, lines }) => lines.filter(({ pass }) => !pass).map(line => `${name}: ${sentence(line)}`))
  }
}

function packageVersion (name: string): string {
  const require = createRequire(import.meta.url)
  return (JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')) as { version: string }).version
}

function heading ({ bench, machine, versions }: BenchDocument): string {
  return [
    `bench ${bench}: ${Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ')}`,
    `on ${machine.cores} x ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}; load ${machine.load.toFixed(1)} at the start`,
    `Tolerance: ${tolerance}.`
  ].join('\n')
}

function table ({ name, what, figures, lines, verified, notes }: Results): string {
  const rows = [['', 'median', 'p99', 'least', 'most', 'spread', 'samples'], ...figures.map(row)]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(cells => cells[column]!.length)))
  const text = rows.map(cells => `  ${cells.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)).join('  ')}`)
  return [
    `${name}: ${what}`,
    ...text,
    ...lines.map(line => `  ${line.pass ? 'PASS' : 'FAIL'}  ${sentence(line)}`),
    ...verified.length === 0 ? [] : [`  verified: ${verified.join(', ')}`],
    ...notes.map(note => `  note: ${note}`)
  ].join('\n')
}

function row ({ name, unit, median, p99, least, most, spread, samples }: Figure): string[] {
  return [name, `${short(median)} ${unit}`, short(p99), short(least), short(most), `${Math.round(spread * 100)} %`, `${samples.length}`]
}

function sentence ({ what, seen, bound, target, unit }: Results['lines'][number]): string {
  return `${what}: ${short(seen)} ${unit} (${bound} ${target.toLocaleString('en')})`
}

/** Three digits that count, all before the point. */
function short (value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
}

/** Six digits say more than was measured. */
const rounded = (_key: string, value: unknown): unknown => typeof value === 'number' ? Number(value.toPrecision(6)) : value

/** The samples of a figure on one line: a results file is read and compared by people. */
function readable (document: BenchDocument): string {
  return `${JSON.stringify(document, rounded, 2).replace(/\[[-+.e\d\s,]+\]/g, list => list.replace(/\s+/g, ' '))}\n`
}

function help (bench: string, scenarios: readonly Scenario[], settings: BenchSettings): string {
  return [
    `usage: npm run bench -- ${bench} [--json] [--only SCENARIO]... [--results FILE] [--strict] [--cpu]${settings.usage === '' ? '' : ` ${settings.usage}`}`,
    '',
    '  --json      one JSON document on stdout and nothing else',
    '  --only      this scenario (may be given again)',
    '  --results   write the document to a file',
    '  --strict    exit with 1 when a line is missed',
    '  --cpu       processor time instead of time: for a look while the machine is busy, not for results',
    ...settings.help.map(line => `  ${line}`),
    '',
    'Scenarios:',
    ...scenarios.map(({ name, what }) => `  ${name.padEnd(12)}${what}`)
  ].join('\n')
}

/** Where the sources of a compiled module's package lie: `.build/bench/x/y.js` -> the folder that holds `src`. */
export const builtRoot = fileURLToPath(new URL('../..', import.meta.url))
