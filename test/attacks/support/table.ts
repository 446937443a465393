/** The table of `docs/security.md`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Outcome } from './arena.js'
import { attacks, type Attack } from './attacks.js'

const begin = '<!-- attacks: begin -->'
const end = '<!-- attacks: end -->'
const path = fileURLToPath(new URL('../../../../docs/security.md', import.meta.url))

/** Cells of an attack that need no run. */
export function described ({ codes, id, limit, what }: Attack): readonly string[] {
  const named = Object.keys(codes)
  return [id, what, limit, named.length === 0 ? 'not cut' : named.map(code => `\`${code}\``).join(', ')]
}

export function figureOf ({ actors, beside, bytes, codes, pings }: Outcome): string {
  const held = `held at most ${actors} actors, ${Math.ceil(bytes / 1024)} KiB`
  const long = beside === undefined ? '' : `; beside a burner ${beside.p99.toFixed(1)} ms`
  return `p99 ${pings.p99.toFixed(1)} ms${long}; ${held}; ${Object.entries(codes).map(([code, count]) => `${count} × \`${code}\``).join(', ') || 'no end'}`
}

export function writeTable (outcomes: readonly Outcome[]): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rows = attacks.map(attack => {
    const outcome = outcomes.find(one => one.attack === attack)
    return line([...described(attack), outcome === undefined ? figures().get(attack.id) ?? '' : figureOf(outcome)])
  })
  const text = readFileSync(path, 'utf8')
  const table = [line(['', 'attack', 'what stops it', 'cut or refused with', 'seen']), line(['---', '---', '---', '---', '---']), ...rows].join('\n')
  writeFileSync(path, `${text.slice(0, text.indexOf(begin) + begin.length)}\n\n${table}\n\n${text.slice(text.indexOf(end))}`)
}

/** Rows of the document, without the head. */
export function rows (): ReadonlyArray<readonly string[]> {
  const text = readFileSync(path, 'utf8')
  const table = text.slice(text.indexOf(begin) + begin.length, text.indexOf(end)).trim().split('\n').slice(2)
  return table.map(row => row.split(' | ').map((cell, at, all) => at === 0 ? cell.slice(2) : at === all.length - 1 ? cell.replace(/ \|$/, '') : cell))
}

function figures (): Map<string, string> {
  return new Map(rows().map(([id = '', , , , figure = '']) => [id, figure]))
}
