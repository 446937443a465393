/**
 * One random company, played with and without what a random plan does to it, and everything that must hold:
 *
 * 1. No run complains: ledgers match, everybody rests with what its script leaves it with, the right children live, no end
 *    takes longer than it must, nothing is left after the stop (`ledger.ts`, `expected-children.ts`, `run.ts`).
 * 2. The transcript of everybody outside the affected set is that of the run without the crash, time by time.
 * 3. The ledger at rest is that of the same seed in which a temporary actor was stopped at that step, a permanent one
 *    stopped and restarted, a transient one killed and restarted.
 * 4. The first restart comes at once: when the victim, or its group, is down.
 */
import { Influence } from './affected.js'
import { longestStopMs, roomMs } from './patience.js'
import { nothingPlanned, type Plan } from './plan.js'
import { childrenOf } from './player-spec.js'
import { randomPlan, type RandomPlan } from './random-plan.js'
import { randomTree, restMs } from './random-tree.js'
import { Run, type Hit, type Line, type Track } from './run.js'
import type { Tree } from './tree.js'

export interface Outcome {
  readonly run: Run
  readonly plan: RandomPlan
  readonly hits: readonly Hit[]
  /** Transcripts outside the affected set, all found equal. */
  readonly compared: number
  readonly complaints: readonly string[]
}

export async function trial (seed: number): Promise<Outcome> {
  const tree = randomTree(seed)
  const rehearsal = await rehearse(tree, seed)
  const plan = randomPlan(seed, tree, rehearsal)
  return playPlan(tree, seed, plan, rehearsal)
}

/** The run in which nothing is done to anybody. */
export async function rehearse (tree: Tree, seed: number): Promise<Run> {
  return playOnce(tree, seed, 'rehearsal', nothingPlanned)
}

/** The run with the plan, and what it is compared with. */
export async function playPlan (tree: Tree, seed: number, plan: RandomPlan, rehearsal: Run): Promise<Outcome> {
  const run = await playOnce(tree, seed, 'crash', plan)
  const complaints = [...rehearsal.complaints.map(text => `without the crash: ${text}`), ...run.complaints]
  const affected = new Influence(tree).of(run.hits)
  const compared = compareTranscripts(rehearsal, run, affected, complaints)
  if (plan.comparable) {
    checkPromptness(run, complaints)
    const reference = await playOnce(tree, seed, 'reference', plan)
    complaints.push(...reference.complaints.map(text => `in the reference: ${text}`))
    compareRests(reference.rest, run.rest, complaints)
  }
  return { run, plan, hits: run.hits, compared, complaints }
}

async function playOnce (tree: Tree, seed: number, mode: Run['mode'], plan: Plan): Promise<Run> {
  const run = new Run(tree, seed, mode, plan)
  try {
    await run.play(restMs)
  } catch (error) {
    run.complain(`the world broke: ${String(error)}`)
  }
  return run
}

/** Returns how many were compared. */
function compareTranscripts (without: Run, withCrash: Run, affected: ReadonlySet<string>, complaints: string[]): number {
  let compared = 0
  for (const path of new Set([...without.transcripts.keys(), ...withCrash.transcripts.keys()])) {
    if (affected.has(path)) continue
    compared++
    const difference = noticed(without, withCrash, path)
    if (difference !== undefined) complaints.push(difference)
  }
  return compared
}

/** What was different for the one at that place, if anything was. */
export function noticed (without: Run, withCrash: Run, path: string): string | undefined {
  const a = without.transcripts.get(path) ?? []
  const b = withCrash.transcripts.get(path) ?? []
  const at = firstDifference(a, b)
  return at < 0 ? undefined : `${path} noticed: its line ${at} was '${text(a[at])}' and is '${text(b[at])}'`
}

function firstDifference (a: readonly Line[], b: readonly Line[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [x, y] = [a[i], b[i]]
    if (x === undefined || y === undefined || x.atMs !== y.atMs || x.type !== y.type || x.n !== y.n) return i
  }
  return -1
}

const text = (line: Line | undefined): string => line === undefined ? 'nothing' : `${line.atMs} ${line.type} ${line.n}`

function compareRests (reference: ReadonlyMap<string, string>, rest: ReadonlyMap<string, string>, complaints: string[]): void {
  for (const path of new Set([...reference.keys(), ...rest.keys()])) {
    const [must, is] = [reference.get(path) ?? 'nobody', rest.get(path) ?? 'nobody']
    if (must !== is) complaints.push(`ledger of ${path}: '${is}', and where it was stopped instead '${must}'`)
  }
}

/** After the one hit of a comparable plan: nobody waits longer than for the ends that must come first. */
function checkPromptness (run: Run, complaints: string[]): void {
  const hit = run.hits.find(({ what, felt }) => felt !== null && what !== 'stop')
  if (hit === undefined || hit.delayed.length > 0) return
  const { felt: spec, atMs } = hit
  const victim = run.tracks.find(track => track.spec === spec && track.downAt >= atMs)
  if (victim === undefined || spec === null || !spec.supervised || spec.restart === 'temporary') return
  const { parent } = victim
  if (parent === null || !isFirstRestart(run, parent, atMs)) return
  const successor = run.tracks.find(track => track.parent === parent && track.spec === spec && track.spawnedAt >= victim.downAt)
  // That it must come is checked at rest.
  if (successor === undefined) return
  const { children, strategy, crashGraceMs } = parent.spec!
  let groupMs = 0
  if (strategy === 'rest-for-one') {
    const group = [...children.slice(children.indexOf(spec) + 1), ...[...childrenOf(parent.spec!)].filter(each => !children.includes(each) && each.supervised)]
    groupMs = Math.min(group.reduce((sum, each) => sum + longestStopMs(each), 0), crashGraceMs)
  }
  const took = successor.spawnedAt - victim.downAt
  const most = groupMs + roomMs(parent.spec!)
  if (took > most) complaints.push(`${spec.path} was started again ${took.toFixed(3)} ms after its end, at most ${most.toFixed(3)} were needed`)
}

/** Whether nobody below that parent has ended before and might have used up the restart that comes at once. */
function isFirstRestart (run: Run, parent: Track, atMs: number): boolean {
  return !run.tracks.some(track => track.parent === parent && track.spec?.supervised === true && track.downAt >= 0 && track.downAt < atMs)
}
