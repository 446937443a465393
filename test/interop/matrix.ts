/** The result: cases down, pairs across. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Side } from './control.js'

const begin = '<!-- interop matrix: begin -->'
const end = '<!-- interop matrix: end -->'

export class Matrix {
  readonly #pairs: readonly string[]
  readonly #rows: readonly string[]
  readonly #cells = new Map<string, string>()
  readonly #versions = new Map<string, string>()
  readonly #notes: string[] = []

  constructor (pairs: readonly string[], rows: readonly string[]) {
    this.#pairs = pairs
    this.#rows = rows
  }

  /** Says who takes part, and what they are. */
  meet (side: Side): void {
    const ordered = Object.entries(side.versions).sort(([one], [other]) => Number(other.includes('libp2p')) - Number(one.includes('libp2p')))
    const versions = ordered.map(([what, version]) => `${what} ${version}`).join(', ')
    const ours = Object.entries(side.ours).map(([what, why]) => `; ${what} is written for this suite: ${why}`).join('')
    this.#versions.set(side.name, `${versions}${ours}`)
  }

  /** @param cell what the cell says: a figure, or why there is none */
  set (pair: string, row: string, cell: string): void {
    this.#cells.set(`${pair} ${row}`, cell)
  }

  /** Marks a cell that does not apply, and keeps the reason below the table. */
  exclude (pair: string, row: string, why: string): void {
    if (!this.#notes.includes(why)) this.#notes.push(why)
    this.set(pair, row, `n/a [${this.#notes.indexOf(why) + 1}]`)
  }

  /** @returns a markdown table, with versions and notes; a cell is empty when it has not been run */
  toString (): string {
    const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
    return [
      line(['', ...this.#pairs]),
      line(['---', ...this.#pairs.map(() => '---')]),
      ...this.#rows.map(row => line([row, ...this.#pairs.map(pair => this.#cells.get(`${pair} ${row}`) ?? '')])),
      '',
      ...[...this.#versions].map(([name, versions]) => `- ${name}: ${versions}.`),
      ...this.#notes.map((note, index) => `- [${index + 1}] ${note}.`)
    ].join('\n')
  }

  /** @throws Error when the file has no place for it */
  writeInto (path: string): void {
    const text = readFileSync(path, 'utf8')
    const from = text.indexOf(begin)
    const to = text.indexOf(end)
    if (from < 0 || to < from) throw new Error(`${path} has no lines\n${begin}\n${end}`)
    writeFileSync(path, `${text.slice(0, from + begin.length)}\n\n${this.toString()}\n\n${text.slice(to)}`)
  }
}
