/**
 * Draws what `npm run bench -- compare` has seen, and nothing else: bench/results/compare-node*.json ->
 *
 *   bench/results/compare-node*.svg   all sides of each scenario, as multiples of js-libp2p on the same Node
 *   README.md                         what was promised, and whether it is kept
 *   docs/performance.md               the figures
 *
 * The two documents are written between their markers.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @typedef {import('../bench/support/bench.js').BenchDocument} Run */
/** @typedef {{ scenario: string, label: string, figure: (side: string) => string, unit: string, less?: boolean }} Row */

const root = fileURLToPath(new URL('..', import.meta.url))
const results = join(root, 'bench/results')

/** @type {Row[]} What is drawn; `less` is better where that is said. */
const rows = [
  ...['up, 1 stream', 'down, 1 stream', 'up, 10 streams', 'down, 10 streams', 'up, 100 streams', 'down, 100 streams'].map(what => row('bulk', `bulk ${what}`, side => `${what}: ${side}`, 'MiB/s')),
  ...['64 B', '1024 B', '16384 B'].map(what => row('writes', `writes of ${what}`, side => `${what}: ${side}`, 'MiB/s')),
  row('trips', 'round trip of 32 B, p50', side => `${side}, p50`, 'us', true),
  row('trips', 'round trip of 32 B, p99', side => `${side}, p99`, 'us', true),
  ...['one by one', '64 at once', '256 at once'].map(what => row('streams', `streams, ${what}`, side => `${what}: ${side}`, 'streams/s')),
  ...['one by one', '32 at once'].map(what => row('handshakes', `handshakes, ${what}`, side => `${what}: ${side}`, 'connections/s')),
  row('busy', '1,000 busy connections', side => side, 'trips/s'),
  row('busy', '1,000 busy connections, p99', side => `${side}, p99`, 'ms', true),
  row('beside', 'round trip beside bulk, p99', side => `${side}, beside, p99`, 'us', true),
  row('start', 'start to listening', side => side, 'ms', true),
  ...['connection', 'stream'].flatMap(what => ['heap', 'resident'].map(kind => row('idle', `idle ${what}, ${kind}, listener`, side => `${what}: ${side}, listener, ${kind}`, 'KiB', true))),
  row('install', 'install', side => `${side}, size`, 'MiB', true)
]

const colours = new Map([['Troupe', '#c0392b'], ['js-libp2p', '#b8860b'], ['go-libp2p', '#0a84a5'], ['rust-libp2p', '#6b4fa0'], ['raw', '#888888']])

/** @type {(text: string) => Run} */
const parse = JSON.parse

const runs = readdirSync(results).filter(name => /^compare-node\d+\.json$/.test(name)).sort()
  .map(name => ({ name: name.replace('.json', ''), run: parse(readFileSync(join(results, name), 'utf8')) }))
if (runs.length === 0) {
  console.error('bench/results has no compare-node*.json: npm run bench -- compare')
  process.exit(1)
}

for (const { name, run } of runs) writeFileSync(join(results, `${name}.svg`), plot(run))
rewrite('README.md', [lines(runs.map(({ run }) => run)), ...links('bench/results')].join('\n\n'))
rewrite('docs/performance.md', runs.map(({ run }) => figures(run)).join('\n\n'))

/**
 * @param {string} scenario
 * @param {string} label
 * @param {(side: string) => string} figure
 * @param {string} unit
 * @param {boolean} less
 * @returns {Row}
 */
function row (scenario, label, figure, unit, less = false) {
  return { scenario, label, figure, unit, less }
}

/** @param {string} folder */
function links (folder) {
  return runs.map(({ name, run }) => `Node ${nodeOf(run)}, ${run.at.slice(0, 10)}: [all figures](${folder}/${name}.json), [drawn](${folder}/${name}.svg).`)
}

/** @param {Run} run */
function nodeOf (run) {
  return run.versions['compared on node'] ?? '?'
}

/**
 * @param {Run} run
 * @param {Row} row
 * @param {string} side
 * @returns {number | undefined} the median
 */
function seen (run, { figure, scenario }, side) {
  return run.scenarios.find(({ name }) => name === scenario)?.figures.find(({ name }) => name === figure(side))?.median
}

/** @param {Run} run */
function sidesOf (run) {
  const others = run.scenarios.flatMap(({ figures }) => figures).flatMap(({ name }) => /js-libp2p on Node [\d.]+/.exec(name)?.[0] ?? [])
  return ['Troupe', 'js-libp2p', ...new Set(others), 'go-libp2p', 'rust-libp2p', 'raw'].filter(side => rows.some(row => seen(run, row, side) !== undefined))
}

/** @param {Run[]} all */
function lines (all) {
  /** @type {Map<string, string[]>} */
  const table = new Map()
  for (const [at, run] of all.entries()) {
    for (const { lines, name } of run.scenarios) {
      for (const { bound, pass, seen, target, unit, what } of lines) {
        const title = `${name}: ${what}`
        const cells = table.get(title) ?? all.map(() => '')
        cells[at] = `${pass ? '' : '**'}${short(seen)} ${unit}${pass ? '' : '**'} (${bound} ${target.toLocaleString('en')})`
        table.set(title, cells)
      }
    }
  }
  const kept = all.map(run => run.scenarios.flatMap(({ lines }) => lines)).map(lines => `${lines.filter(({ pass }) => pass).length} of ${lines.length} lines`)
  return [
    `| promised | ${all.map(run => `Node ${nodeOf(run)}`).join(' | ')} |`,
    `|---|${'---|'.repeat(all.length)}`,
    ...[...table].map(([title, cells]) => `| ${title} | ${cells.join(' | ')} |`),
    `| kept; missed ones are bold | ${kept.join(' | ')} |`
  ].join('\n')
}

/** @param {Run} run */
function figures (run) {
  const sides = sidesOf(run)
  const { cores, cpu, system } = run.machine
  return [
    `Medians on Node ${nodeOf(run)}, ${cores} x ${cpu}, ${system}, ${run.at.slice(0, 10)}:`,
    '',
    `| | ${sides.join(' | ')} |`,
    `|---|${'---|'.repeat(sides.length)}`,
    ...rows.filter(row => seen(run, row, 'Troupe') !== undefined).map(row => {
      const cells = sides.map(side => seen(run, row, side)).map(value => value === undefined ? '' : short(value))
      return `| ${row.label}, ${row.unit} | ${cells.join(' | ')} |`
    })
  ].join('\n')
}

/** @param {number} value */
function short (value) {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
}

/** @param {Run} run */
function plot (run) {
  const drawn = rows.filter(row => seen(run, row, 'Troupe') !== undefined && seen(run, row, 'js-libp2p') !== undefined)
  const sides = sidesOf(run)
  const [left, top, width, step] = [230, 70, 620, 22]
  const bottom = top + drawn.length * step
  /** How many times as good as js-libp2p. @param {Row} row @param {string} side */
  const gain = (row, side) => {
    const [ours, theirs] = [seen(run, row, side), seen(run, row, 'js-libp2p')]
    if (ours === undefined || theirs === undefined) return undefined
    return row.less ? theirs / ours : ours / theirs
  }
  const gains = drawn.flatMap(row => sides.flatMap(side => gain(row, side) ?? [])).filter(value => value > 0)
  const ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200]
  const least = ticks.findLast(tick => tick <= Math.min(...gains)) ?? 0.1
  const most = ticks.find(tick => tick >= Math.max(...gains)) ?? 200
  /** @param {number} value */
  const x = value => left + width * Math.log(Math.min(most, Math.max(least, value)) / least) / Math.log(most / least)
  /** @param {string} side */
  const colour = side => colours.get(side) ?? '#d9a94a'
  const parts = [
    `<text x="${left}" y="20" font-weight="bold">Times as good as js-libp2p on Node ${nodeOf(run)}, medians</text>`,
    ...sides.map((side, i) => `<circle cx="${left + 8 + i * 150}" cy="40" r="5" fill="${colour(side)}"/><text x="${left + 18 + i * 150}" y="44">${side}</text>`),
    ...ticks.filter(tick => tick >= least && tick <= most).map(tick => [
      `<line x1="${x(tick).toFixed(1)}" x2="${x(tick).toFixed(1)}" y1="${top - 6}" y2="${bottom}" stroke="${tick === 1 ? '#555' : '#ddd'}"/>`,
      `<text x="${x(tick).toFixed(1)}" y="${bottom + 16}" text-anchor="middle">${tick} x</text>`
    ].join('')),
    ...drawn.map((row, i) => {
      const y = top + i * step + step / 2
      const dots = sides.toReversed().flatMap(side => {
        const value = gain(row, side)
        if (value === undefined || !(value > 0)) return []
        return `<circle cx="${x(value).toFixed(1)}" cy="${y}" r="${side === 'Troupe' ? 6 : 4.5}" fill="${colour(side)}"><title>${side}: ${short(seen(run, row, side) ?? NaN)} ${row.unit}</title></circle>`
      })
      return `<text x="${left - 10}" y="${y + 4}" text-anchor="end">${row.label}</text>${dots.join('')}`
    })
  ]
  const [w, h] = [Math.max(left + width, left + sides.length * 150) + 30, bottom + 30]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" font-family="sans-serif" font-size="12" fill="#222">`,
    `<rect width="${w}" height="${h}" fill="#fff"/>`,
    ...parts,
    '</svg>',
    ''
  ].join('\n')
}

/**
 * @param {string} path
 * @param {string} text
 */
function rewrite (path, text) {
  const file = join(root, path)
  const [begin, end] = ['<!-- compare: begin -->', '<!-- compare: end -->']
  const old = readFileSync(file, 'utf8')
  const [from, to] = [old.indexOf(begin), old.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${path} has no ${begin} and ${end}`)
  writeFileSync(file, `${old.slice(0, from + begin.length)}\n\n${text}\n\n${old.slice(to)}`)
}
