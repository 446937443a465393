/**
 * Errors that escape (`containUncaught`). Each case runs in a process of its own, for whether that lives is the question.
 *
 *   TROUPE_WRITE_ESCAPES=1   writes the column of the Node that runs into docs/semantics.md
 */
import { expect } from 'chai'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createSystem } from '../../src/runtime.js'
import { escapeWays } from './support/escape-ways.js'
import type { Fate } from './support/escape-program.js'

const page = 'docs/semantics.md'
const begin = '<!-- escaped errors: begin -->'
const end = '<!-- escaped errors: end -->'
const major = process.versions.node.split('.')[0]!

describe('errors that escape', function () {
  this.timeout(30_000)

  it('are contained as docs/semantics.md says, for each Node that it names', async () => {
    const fates = JSON.parse((await program('escape-program')).stdout) as Record<string, Fate>
    expect(Object.keys(fates)).to.deep.equal(Object.keys(escapeWays))
    const { columns, rows } = table()
    if (process.env['TROUPE_WRITE_ESCAPES'] === '1') write(columns, rows, fates)
    else if (columns.includes(major)) expect(new Map([...rows].map(([way, cells]) => [way, cells.get(major)]))).to.deep.equal(new Map(Object.entries(fates)))
    else expect(fates['setTimeout']).to.equal('contained')
  })

  it('of an owner: the process goes on, listeners of others hear nothing, and a later one of nobody ends it as Node does', tells('listeners', 1, ['crashed escaped', 'lives', 'exit 1']))

  it('that are rejections somebody listens for: he hears them, and their owner crashes all the same', tells('rejections', 0, ['heard owned', 'crashed escaped', "heard nobody's", 'lives', 'exit 0']))

  it('of a system that does not contain them end the process, also beside one that does', tells('beside', 1, ['exit 1']))

  it('of observers belong to nobody', tells('observers', 1, ['exit 1']))

  it('end the process again once the last system that contains them has stopped', tells('afterwards', 1, ['crashed escaped', 'exit 1']))

  it('are left to whoever has set a capture callback of his own, and their owner crashes all the same', tells('capture', 0, ['captured owned', 'crashed escaped', 'exit 0']))

  it('are contained beside node:domain', tells('domain', 0, ['crashed escaped', 'lives', 'exit 0']))

  it('of an actor that has ended change nothing', tells('late', 0, ['late escaped', 'lives', 'exit 0']))

  it('leave nothing of theirs in the process', async () => {
    const names = ['uncaughtExceptionMonitor', 'newListener', 'removeListener', 'unhandledRejection', 'uncaughtException'] as const
    const listeners = (): number[] => names.map(name => process.listenerCount(name))
    const before = [listeners(), globalThis.queueMicrotask] as const
    const first = createSystem({ containUncaught: true, log: { level: 'off' } })
    const second = createSystem({ containUncaught: true, log: { level: 'off' } })
    await first.stop()
    expect(process.listenerCount('uncaughtExceptionMonitor')).to.equal(before[0][0]! + 1)
    await second.stop()
    expect([listeners(), globalThis.queueMicrotask]).to.deep.equal(before)
  })

  it('is an option that is checked', () => {
    expect(() => createSystem({ containUncaught: 1 as never })).to.throw(TypeError, /containUncaught/)
  })
})

/** A test that the story of that name ends with that exit code, and says those lines. */
function tells (story: string, code: number, lines: readonly string[]): () => Promise<void> {
  return async () => {
    const { stderr, stdout, ...outcome } = await program('escape-stories', story)
    expect({ ...outcome, lines: stdout.trim().split('\n') }, stderr).to.deep.equal({ code, lines })
    // Word for word what Node prints of an error that nobody catches.
    if (code === 1) expect(stderr).to.match(/Error: nobody's\n {4}at /).and.include(`Node.js v${process.versions.node}`)
  }
}

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function program (name: string, ...args: readonly string[]): Promise<Outcome> {
  const file = fileURLToPath(new URL(`support/${name}.js`, import.meta.url))
  return await new Promise(resolve => {
    execFile(process.execPath, [file, ...args], { timeout: 25_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr })
    })
  })
}

interface Table {
  readonly columns: readonly string[]
  /** By way, then by Node. */
  readonly rows: ReadonlyMap<string, ReadonlyMap<string, string>>
}

function table (): Table {
  const text = readFileSync(page, 'utf8')
  const [head = '', , ...lines] = text.slice(text.indexOf(begin) + begin.length, text.indexOf(end)).trim().split('\n')
  const cellsOf = (line: string): string[] => line.split('|').slice(1, -1).map(cell => cell.trim())
  const columns = cellsOf(head).slice(1).map(cell => cell.replace('Node ', ''))
  return { columns, rows: new Map(lines.map(cellsOf).map(([way = '', ...cells]) => [way, new Map(columns.map((column, at) => [column, cells[at] ?? '']))])) }
}

function write (known: readonly string[], rows: Table['rows'], fates: Readonly<Record<string, Fate>>): void {
  const columns = [...new Set([...known, major])].sort()
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const text = readFileSync(page, 'utf8')
  const lines = [
    line(['thrown in', ...columns.map(column => `Node ${column}`)]),
    line(['---', ...columns.map(() => '---')]),
    ...Object.entries(fates).map(([way, fate]) => line([way, ...columns.map(column => column === major ? fate : rows.get(way)?.get(column) ?? '')]))
  ]
  writeFileSync(page, `${text.slice(0, text.indexOf(begin) + begin.length)}\n${lines.join('\n')}\n${text.slice(text.indexOf(end))}`)
}
