/**
 * `kill -9` at random moments: the peer store always opens again, and has all that was flushed.
 *
 * A child process changes and flushes, and says what was flushed; 100 times it is killed at a seeded moment between its first
 * breath and a second and a half later, so also while it opens, reads, writes and writes anew. What the next one finds is held
 * against all that any of them has said. TROUPE_SLOW_SECONDS lets it kill fewer.
 */
import { expect } from 'chai'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SeededRandom } from '../../../src/runtime/random.js'
import { peersInWork, workOf, type Said } from './support/durable-work.js'

const child = fileURLToPath(new URL('./support/durable-child.js', import.meta.url))

interface Life {
  readonly said: readonly Said[]
  readonly stderr: string
  readonly signal: string | null
}

/** A child, until it is killed after so many milliseconds, or after its first word. */
function live (kind: string, folder: string, seed: number, from: number, killMs: number): Promise<Life> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, [child, kind, folder, String(seed), String(from)], { stdio: ['ignore', 'pipe', 'pipe'], ...killMs < Infinity && { timeout: killMs, killSignal: 'SIGKILL' } })
    let stdout = ''
    let stderr = ''
    process_.stdout.on('data', (data: Buffer) => {
      stdout += data.toString()
      if (killMs === Infinity && stdout.includes('\n')) process_.kill('SIGKILL')
    })
    process_.stderr.on('data', (data: Buffer) => { stderr += data.toString() })
    process_.on('error', reject)
    process_.on('close', (_, signal) => {
      const lines = stdout.split('\n').slice(0, -1).map(line => JSON.parse(line) as Said)
      resolve({ said: lines, stderr, signal })
    })
  })
}

/** What must be there, and what may be: changes that were flushed, and those that came after. */
class Expected {
  /** By peer, the last flushed change; -1 for one that deletes. */
  private readonly flushed = new Map<number, number>()
  private readonly seed: number
  /** All below it is flushed. */
  private until = 0

  constructor (seed: number) {
    this.seed = seed
  }

  flush (n: number): void {
    for (; this.until <= n; this.until++) {
      const { at, deletes } = workOf(this.seed, this.until)
      this.flushed.set(at, deletes ? -1 : this.until)
    }
  }

  /** What contradicts it. A deletion that was not flushed may have been written too; `most` is the number that nobody can have come to. */
  problems (found: Readonly<Record<string, number>>, most: number): readonly string[] {
    const later = new Map<number, { deleted: boolean }>()
    for (let n = this.until; n < most; n++) {
      const { at, deletes } = workOf(this.seed, n)
      later.set(at, { deleted: deletes || later.get(at)?.deleted === true })
    }
    const problems: string[] = []
    for (let at = 0; at < peersInWork; at++) {
      const is = found[at]
      const was = this.flushed.get(at) ?? -1
      if (is === undefined) {
        if (was >= 0 && later.get(at)?.deleted !== true) problems.push(`peer ${at}: ${was} was flushed, and is gone`)
      } else if (is < was) problems.push(`peer ${at}: ${was} was flushed, and ${is} is there`)
      else if (was < 0 && is < this.until) problems.push(`peer ${at}: its deletion was flushed, and ${is} is there`)
      else if (workOf(this.seed, is).at !== at) problems.push(`peer ${at} has what was another's`)
    }
    return problems
  }
}

/** Changes that a child can make in a life, at most. */
const window = 20_000

async function campaign (kind: string, kills: number, seed: number): Promise<void> {
  const seconds = Number(process.env['TROUPE_SLOW_SECONDS'] ?? Infinity)
  const begun = performance.now()
  const folder = mkdtempSync(join(tmpdir(), 'troupe-durability-'))
  const random = new SeededRandom(seed)
  const expected = new Expected(seed)
  let from = 0
  let done = 0
  let opened = 0
  let flushes = 0
  let damaged = 0
  try {
    for (; done < kills && performance.now() - begun < seconds * 400; done++) {
      const { said, stderr, signal } = await live(kind, folder, seed, from, 100 + random.int(1400))
      expect(signal, `kill ${done}: it ended by itself\n${stderr}`).to.equal('SIGKILL')
      for (const one of said) {
        if ('found' in one) {
          opened++
          expect(expected.problems(one.found, from + window), `kill ${done}`).to.deep.equal([])
          for (const failure of one.failures) expect(failure, `kill ${done}`).to.match(/^store\/damaged /)
          damaged += one.failures.length
        } else {
          flushes++
          expected.flush(one.flushed)
          from = one.flushed + 1
        }
      }
      // What came after the last flush may be there or not; the next life begins behind whatever it can have been.
      if (said.length > 0) {
        const { said: [first], stderr: why } = await live(kind, folder, seed, from, Infinity)
        expect(first, `after kill ${done} it did not open\n${why}`).to.have.property('found')
        if (first !== undefined && 'found' in first) {
          expect(expected.problems(first.found, from + window), `after kill ${done}`).to.deep.equal([])
          const highest = Math.max(-1, ...Object.values(first.found))
          from = Math.max(from, highest + 1)
        }
      }
    }
    console.log(`\n  ${kind}: ${done} kills, ${opened} lives that had read all, ${flushes} flushes of ${from} changes, ${damaged} damages reported; ${((performance.now() - begun) / 1000).toFixed(1)} s`)
    expect(flushes).to.be.above(0)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('durability', () => {
  it('opens always, and loses nothing that was flushed: the file of our own, 100 kills', async function () {
    this.timeout(0)
    await campaign('file', 100, 1)
  })

  it('opens always, and loses nothing that was flushed: datastore-level, 25 kills', async function () {
    this.timeout(0)
    await campaign('level', 25, 2)
  })
})
