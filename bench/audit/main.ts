/**
 * Counts what a byte and a dial go through, in this project and in js-libp2p, by the same means (design 0.10):
 * `npm run audit:path`. Ends with 1 when a budget is broken. How it is counted, and what that cannot see, it prints itself.
 */
import { budgets, kindOf, type Kind } from './counted.js'
import type { Executed } from './executed.js'
import type { InboundFound } from './inbound.js'
import { protocolLines } from './protocol-lines.js'
import { run, type Found } from './run.js'

interface Row {
  readonly what: string
  readonly ours: number
  /** At most this; undefined: told for comparison. */
  readonly budget?: number
  readonly theirs?: number
}

const example = 'examples/custom-protocol.mjs'

// One at a time: they would only disturb each other.
const ours = await run('troupe')
const theirs = await run('js-libp2p')
const rows = rowsOf(ours, theirs)

console.log(table(rows))
console.log()
console.log(inboundText('ours', ours))
console.log(inboundText('js-libp2p', theirs))
console.log(dialText('ours', ours))
console.log(dialText('js-libp2p', theirs))
console.log(methodText())

const broken = rows.filter(isBroken)
for (const { what, ours, budget } of broken) console.log(`BROKEN: ${what}: ${round(ours)}, at most ${budget} allowed`)
process.exitCode = broken.length > 0 ? 1 : 0

// --- the table --------------------------------------------------------------------------------------------------------

function rowsOf (ours: Found, theirs: Found): Row[] {
  const row = (what: string, figure: (found: Found) => number, budget?: number): Row => {
    return { what, ours: figure(ours), theirs: figure(theirs), ...(budget === undefined ? {} : { budget }) }
  }
  return [
    row('inbound byte: files, socket to reader', ({ inbound }) => counted(inbound.files, 'behaviour', 'kernel').length, budgets.inboundFiles),
    row('inbound byte: of these, kernel', ({ inbound }) => counted(inbound.files, 'kernel').length),
    row('inbound byte: files behind it, when the reader asks', ({ inbound }) => counted(inbound.asking, 'behaviour', 'kernel').length),
    row('inbound byte: files called meanwhile, on the path or not', ({ inbound }) => executed(inbound.called, 'behaviour', 'kernel').length),
    row('inbound byte: events dispatched on the way', ({ inbound }) => inbound.events, budgets.inboundEvents),
    row('inbound byte: promises a frame, in its callback', ({ inbound, frames }) => inbound.promises.pushed / frames, 0),
    row('inbound byte: promises a frame, beside one a read', promisesBesideReads, budgets.promisesPerFrame),
    row('inbound byte: promises a delivery, in all', ({ inbound }) => promisesOf(inbound) / inbound.deliveries),
    row('dial: actors', ({ dial }) => executed(dial, 'behaviour').filter(({ file }) => file.endsWith('.actor.ts')).length, budgets.dialActors),
    row('dial: files with behaviour, without the kernel', ({ dial }) => executed(dial, 'behaviour').length, budgets.dialFiles),
    row('dial: files with behaviour, kernel included', ({ dial }) => executed(dial, 'behaviour', 'kernel').length),
    row('dial: all files, values and codecs too', ({ dial }) => executed(dial, 'behaviour', 'kernel', 'data').length),
    { what: 'a new protocol: lines', ours: protocolLines(new URL(`../../../${example}`, import.meta.url)), budget: budgets.protocolLines }
  ]
}

function promisesOf ({ promises: { asked, other, pushed } }: InboundFound): number {
  return pushed + asked + other
}

/** Whoever calls `read` is owed a promise; the first delivery was asked for before it was counted. */
function promisesBesideReads ({ inbound, frames }: Found): number {
  const { asked, other, pushed } = inbound.promises
  return (pushed + other + Math.max(0, asked - inbound.deliveries + 1)) / frames
}

function isBroken ({ ours, budget }: Row): boolean {
  return budget !== undefined && ours > budget
}

function table (rows: readonly Row[]): string {
  const cells = rows.map(row => [row.what, round(row.ours), row.budget === undefined ? '' : String(row.budget), round(row.theirs), isBroken(row) ? 'BROKEN' : ''])
  const lines = [['what', 'ours', 'budget', 'js-libp2p', ''], ...cells]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map(line => line[column]!.length)))
  return lines.map(line => line.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)).join('  ').trimEnd()).join('\n')
}

function round (figure: number | undefined): string {
  return figure === undefined ? '' : String(Math.round(figure * 100) / 100)
}

// --- the lists --------------------------------------------------------------------------------------------------------

function inboundText (who: string, { inbound, frames }: Found): string {
  const { asking, bytes, deliveries, direct, dispatchers, hops, promises, usual, usualCount } = inbound
  const makers = Object.entries(promises.by).slice(0, 12).map(([by, count]) => `${count} ${by}`)
  return [
    `== inbound, ${who}: ${bytes} bytes in ${frames} Noise frames and ${deliveries} deliveries; the reader waited for ${direct} of them`,
    ...section('files from the socket to the reader', [
      ...counted(inbound.files, 'behaviour'),
      ...counted(inbound.files, 'kernel').map(file => `${file} (kernel)`),
      ...counted(inbound.files, 'data').map(file => `${file} (not counted)`)
    ]),
    ...section('behind the path: what the reader calls to ask', counted(asking, 'behaviour', 'kernel')),
    ...section('called meanwhile, beside the path', executed(inbound.called, 'behaviour', 'kernel').filter(({ file }) => !inbound.files.includes(file)).map(textOf)),
    ...section('who dispatches events', dispatchers),
    ...section(`promises: ${promises.pushed} in a socket's callback, ${promises.asked} in calls of the reader, ${promises.other} elsewhere`, makers),
    ...section(`the usual way, of ${usualCount} deliveries, through ${hops.join(', ')}`, usual),
    ''
  ].join('\n')
}

function dialText (who: string, { dial }: Found): string {
  const part = (kind: Kind): string[] => executed(dial, kind).map(textOf)
  return [
    `== dial, ${who}: files, and how many of their functions were called`,
    ...section('behaviour', part('behaviour')),
    ...section('kernel', part('kernel')),
    ...section('not counted', part('data')),
    ''
  ].join('\n')
}

function section (title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map(line => `  ${line}`)]
}

function textOf ({ file, functions }: Executed): string {
  return `${file} (${functions.length})`
}

function counted (files: readonly string[], ...kinds: readonly Kind[]): string[] {
  return files.filter(file => kinds.some(kind => kindOf(file) === kind))
}

function executed (found: readonly Executed[], ...kinds: readonly Kind[]): Executed[] {
  return found.filter(({ file }) => kinds.some(kind => kindOf(file) === kind))
}

function methodText (): string {
  return `== how it is counted
Listener and dialer are processes of their own, with TCP, Noise and Yamux, over loopback; without identify, which would begin
in the midst of the dial. What is not counted, and what is kernel, is listed in bench/audit/counted.ts, for both alike.
Inbound: whenever the reader gets bytes its stack is taken, and where that ends at a callback or a promise, the stack that
queued or settled it (async_hooks), back to the function that Node calls when the socket has read. Files, and dispatches of
events (EventEmitter.emit, EventTarget.dispatchEvent), are counted on these stacks. Noise frames are counted on the wire.
Of bytes that lay in a stream's buffer until the reader asked, the stack shows the asking: they are not in the list of files.
Functions that have returned by then are not on a stack, though bytes went through some: of js-libp2p those that decrypt and that
cut frames. They, and what frames cause beside the path (credit, clocks, answers), are told apart, as V8 counts calls.
Dial: functions called in the dialing process between the call of dial() and the moment at which its promise is settled, as V8
counts calls (precise coverage). Whatever else runs in that time is counted too; loading a module is not.
`
}
