/**
 * The crash matrix, small and readable: each point at which an actor can crash, under each strategy, for each kind of
 * restart, in one fixed company. The random one is `crash-matrix.slow.ts`.
 *
 * What holds in all of them is checked by `support/trial.ts`: ledgers at rest and after the stop, timers, tasks, resources
 * and handles given back, transcripts of everybody who is not affected, the ledger of a twin that was stopped instead.
 */
import { expect } from 'chai'
import type { Restart } from '../../src/runtime/context.js'
import type { Exit } from '../../src/runtime/exit.js'
import type { Strategy } from '../../src/runtime/supervision.js'
import type { Act, Plan, Point } from './support/plan.js'
import { kinds, player, type Cue, type Kind, type PlayerSpec } from './support/player-spec.js'
import type { Run } from './support/run.js'
import { makeTree, type Tree } from './support/tree.js'
import { noticed, playPlan, rehearse } from './support/trial.js'

/** What everybody does: a bit of everything that must be given back. */
const day: readonly Cue[] = [
  { atMs: 3.1, action: { do: 'beat', everyMs: 2, rounds: 8 } },
  { atMs: 3.7, action: { do: 'fetch', ms: 6, times: 2 } },
  { atMs: 5.3, action: { do: 'sleep', ms: 9, fails: false } },
  { atMs: 7.9, action: { do: 'hang', how: 'heedful' } },
  { atMs: 8.3, action: { do: 'retime', ms: 11 } }
]

/**
 *     root ── far: tells the victim, calls it back, and must never notice
 *          └─ group (the strategy) ── before, victim, after (permanent), guest (temporary)
 *
 * A victim that is a supervisor has one child, `page`. With `lonely`, the victim is a child of `before` instead, spawned at
 * run time, whom nobody supervises; `after` watches it.
 */
interface Company {
  readonly strategy: Strategy
  readonly restart: Restart
  readonly kind: Kind
  readonly supervisor?: boolean
  readonly lonely?: boolean
}

function company ({ strategy, restart, kind, supervisor = false, lonely = false }: Company): { readonly tree: Tree, readonly victim: PlayerSpec } {
  const everybody = (): Partial<PlayerSpec> => ({ kind, keeps: 2, waits: true, script: [...day] })
  const root = player(null, 'firm', { strategy: 'one-for-one', stopGraceMs: 200 })
  const far = player(root, 'far', everybody())
  const group = player(root, 'group', { strategy, stopGraceMs: 150, backoff: { firstMs: 10, maxMs: 40 } })
  const before = player(group, 'before', { ...everybody(), leaving: 'slow' })
  const after = player(group, 'after', { ...everybody(), leaving: 'quick' })
  const guest = player(group, 'guest', { ...everybody(), restart: 'temporary' })
  const traits: Partial<PlayerSpec> = { ...everybody(), listensOn: 0, leaving: 'slow', crashesWhenFull: true }
  const victim = lonely
    ? player(before, '1', { ...traits, restart: 'temporary', supervised: false, numbered: true })
    : player(group, 'victim', { ...traits, restart, strategy: supervisor ? 'one-for-one' : null })

  root.children.push(far, group)
  group.children.push(before, ...lonely ? [] : [victim], after, guest)
  if (supervisor) victim.children.push(player(victim, 'page', everybody()))
  if (lonely) {
    before.script.push({ atMs: 3.2, action: { do: 'spawn', player: victim } })
    after.script.push({ atMs: 6.6, action: { do: 'watch', target: victim.path } })
  }
  far.script.push(
    { atMs: 9.1, action: { do: 'tell', to: victim.path, handles: 2 } },
    { atMs: 12.4, action: { do: 'emit', bus: 0 } }
  )
  return { tree: makeTree(root), victim }
}

interface Row {
  /** What happens to the victim. */
  readonly name: string
  readonly plan: (victim: PlayerSpec) => Plan
  /** How it ends. */
  readonly exit: string
  /** How often it is started if it comes back. Default 2. */
  readonly starts?: number
  /** How often a group is restarted. Default 1. */
  readonly groups?: number
  /** Before those that come later have started: they have no transcript yet, and are no part of the group. Default false. */
  readonly atBoot?: boolean
  /** Whether a transient one comes back. Default true. */
  readonly isFailure?: boolean
  /** A twin that was stopped instead has the same ledger. Default true. */
  readonly comparable?: boolean
  /** The victim is a supervisor. Default false. */
  readonly supervisor?: boolean
}

const strike = (point: Point, nth = 1, from = 0, lives = 1) => ({ path }: PlayerSpec): Plan => ({ strikes: [{ path, point, nth, from, lives }], acts: [] })
const act = (deed: Act['deed'], on: Act['on'] = 'message', nth = 6) => ({ path }: PlayerSpec): Plan => ({ strikes: [], acts: [{ path, on, nth, deed }] })
const both = (...plans: ReadonlyArray<(victim: PlayerSpec) => Plan>) => (victim: PlayerSpec): Plan => ({
  strikes: plans.flatMap(plan => plan(victim).strikes),
  acts: plans.flatMap(plan => plan(victim).acts)
})

const rows: readonly Row[] = [
  { name: 'its restart fails, twice', plan: both(strike('step'), strike('start', 1, 1, 2)), exit: 'crashed at step', starts: 4, comparable: false },
  { name: 'an effect of its restart throws', plan: both(strike('step'), strike('start', 2, 1, 1)), exit: 'crashed at step', starts: 3, comparable: false },
  { name: 'its step throws', plan: strike('step'), exit: 'crashed at step' },
  { name: 'its step throws, after it has noted its wishes', plan: strike('late', 3), exit: 'crashed at timer' },
  { name: 'an effect throws', plan: strike('effect', 4), exit: 'crashed at effect' },
  { name: 'a task fails', plan: strike('task'), exit: 'crashed at task' },
  { name: 'the mapper of a result throws', plan: strike('mapper'), exit: 'crashed at task' },
  { name: 'its step throws for a timer', plan: strike('timer', 5), exit: 'crashed at timer' },
  { name: 'a callback throws', plan: strike('io'), exit: 'crashed at io' },
  { name: 'what it has deferred throws', plan: strike('defer'), exit: 'crashed at defer' },
  { name: 'its stop throws', plan: both(act('stop'), strike('stop')), exit: 'crashed at stop' },
  { name: 'a disposer throws in its stop', plan: both(act('stop'), strike('disposer')), exit: 'stopped, operator', isFailure: false },
  { name: 'it throws while a message with a handle waits', plan: strike('queued'), exit: 'crashed at step' },
  { name: 'it gets too many messages', plan: act('flood'), exit: 'crashed at mailbox' },
  { name: 'an operator kills it', plan: act('kill'), exit: 'killed, operator' },
  { name: 'an operator kills it before its first turn', plan: act('kill', 'spawned', 1), exit: 'killed, operator', atBoot: true },
  { name: 'an operator kills it while it stops', plan: both(act('stop'), act('kill', 'stopping', 1)), exit: 'killed, operator', comparable: false },
  { name: 'it is a supervisor, and its own handler throws', plan: strike('effect', 4), exit: 'crashed at effect', supervisor: true },
  { name: 'it is a supervisor, and its own step throws', plan: strike('step'), exit: 'crashed at step', supervisor: true },
  { name: 'it crashes three times', plan: strike('timer', 5, 0, 3), exit: 'crashed at timer', starts: 4, groups: 3, comparable: false }
]

const strategies: readonly Strategy[] = ['one-for-one', 'rest-for-one', 'dynamic']
const restarts: readonly Restart[] = ['permanent', 'transient', 'temporary']

describe('crash matrix', () => {
  for (const row of rows) {
    describe(row.name, () => {
      for (const strategy of strategies) {
        for (const restart of restarts) {
          it(`${strategy}, ${restart}`, async () => {
            for (const kind of kinds) await check(row, strategy, restart, kind)
          })
        }
      }
    })
  }

  it('at boot a failed start takes the company down, and says which', async () => {
    for (const strategy of strategies) {
      const { tree, victim } = company({ strategy, restart: 'permanent', kind: 'reducer' })
      const { run, complaints } = await playPlan(tree, 1, { ...strike('start')(victim), comparable: false }, await rehearse(tree, 1))
      expect(complaints).to.deep.equal([])
      expect(ends(run)).to.include({ '/firm/group/victim': 'start-failed', '/firm/group': 'start-failed', '/firm': 'start-failed' })
      expect(run.system.root.exit).to.have.nested.property('because.path', '/firm/group')
    }
  })

  for (const point of ['start', 'step', 'effect', 'task', 'mapper', 'timer', 'io', 'defer', 'queued'] as const) {
    it(`of a temporary actor that nobody supervises only its watchers hear: ${point}`, async () => {
      for (const kind of kinds) {
        const { tree, victim } = company({ strategy: 'one-for-one', restart: 'temporary', kind, lonely: true })
        const rehearsal = await rehearse(tree, 1)
        const { run, complaints } = await playPlan(tree, 1, { ...strike(point)(victim), comparable: true }, rehearsal)
        expect(complaints).to.deep.equal([])
        expect(starts(run)).to.deep.equal({ '/firm': 1, '/firm/far': 1, '/firm/group': 1, '/firm/group/before': 1, '/firm/group/before/1': 1, '/firm/group/after': 1, '/firm/group/guest': 1 })
        expect(run.rest.has(victim.path)).to.equal(false)
        for (const path of ['/firm/far', '/firm/group', '/firm/group/before', '/firm/group/guest']) expect(noticed(rehearsal, run, path)).to.equal(undefined)
        expect(run.transcripts.get('/firm/group/after')!.map(({ type }) => type)).to.include('p.gone')
      }
    })
  }
})

async function check (row: Row, strategy: Strategy, restart: Restart, kind: Kind): Promise<void> {
  const { plan, exit, starts: startsOfVictim = 2, groups = 1, atBoot = false, isFailure = true, comparable = true } = row
  const { supervisor = false } = row
  const { tree, victim } = company({ strategy, restart, kind, supervisor })
  const rehearsal = await rehearse(tree, 1)
  const { run, complaints } = await playPlan(tree, 1, { ...plan(victim), comparable }, rehearsal)

  expect(complaints).to.deep.equal([])
  expect(ends(run)[victim.path]).to.equal(exit)

  const comesBack = restart === 'permanent' || (restart === 'transient' && isFailure)
  const asGroup = comesBack && strategy === 'rest-for-one'
  expect(starts(run)).to.deep.equal({
    '/firm': 1,
    '/firm/far': 1,
    '/firm/group': 1,
    '/firm/group/before': 1,
    '/firm/group/victim': comesBack ? startsOfVictim : 1,
    '/firm/group/after': asGroup && !atBoot ? 1 + groups : 1,
    '/firm/group/guest': 1,
    ...supervisor ? { '/firm/group/victim/page': comesBack ? 2 : 1 } : {}
  })
  expect(run.rest.has(victim.path)).to.equal(comesBack)
  expect(run.rest.has('/firm/group/guest')).to.equal(!asGroup || atBoot)

  const untouched = ['/firm/far', '/firm/group/before', ...asGroup || atBoot ? [] : ['/firm/group/after', '/firm/group/guest']]
  for (const path of untouched) expect(noticed(rehearsal, run, path)).to.equal(undefined)
}

/** By path, how the first at that place ended. */
function ends (run: Run): Record<string, string> {
  const ends: Record<string, string> = {}
  for (const { path, exit } of run.tracks) if (exit !== undefined) ends[path] ??= describeExit(exit)
  return ends
}

/** By path, how often somebody was started there. */
function starts (run: Run): Record<string, number> {
  const starts: Record<string, number> = {}
  for (const { path } of run.tracks) starts[path] = (starts[path] ?? 0) + 1
  return starts
}

function describeExit (exit: Exit): string {
  return exit.kind === 'crashed' ? `crashed at ${exit.at}` : exit.kind === 'stopped' || exit.kind === 'killed' ? `${exit.kind}, ${exit.reason}` : exit.kind
}
