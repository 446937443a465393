/**
 * What runs around every test of every suite; .mocharc.json loads it.
 *
 * Each test must leave nothing behind: every system that was made in it has been stopped, and its ledger is empty. A living
 * actor, an armed timer, work that has not settled, an open handle, bytes still on an account: each fails the test, by name.
 * Systems made in a `before` hook belong to its suite and are looked at after that. And nothing sleeps: see sleep.ts.
 */
import type { Context, RootHookObject, Suite, Test } from 'mocha'
import { subscribe } from 'node:diagnostics_channel'
import { leaksOf } from '../src/runtime/inspect/leaks.js'
import type { System } from '../src/runtime/system.js'
import { forbidSleep } from './sleep.js'

/** Turns of the event loop that what was cancelled may take to settle. */
const patience = 20

/** Made since somebody last looked. Of very many, only those that still hold something are kept. */
let made: System[] = []
let mostMade = 64
/** Made before the first test, and between tests. */
const ofTheRun: System[] = []
const begun = new Set<Suite>()

subscribe('troupe:system:created', system => {
  if (made.length >= mostMade) {
    made = made.filter(older => older.root.exitWhenDown === undefined || leaksOf(older).length > 0)
    mostMade = Math.max(2 * made.length, 64)
  }
  made.push(system as System)
})
forbidSleep()

export const mochaHooks: RootHookObject = {
  beforeAll () {
    ofTheRun.push(...made.splice(0))
  },

  beforeEach (this: Context) {
    const suite = outermostNew(this.currentTest!)
    const systems = made.splice(0)
    if (systems.length === 0) return
    // Which of several new suites made it cannot be seen; it lives at least as long as the outermost.
    if (suite === undefined) ofTheRun.push(...systems)
    else suite.afterAll('leave nothing behind', async () => { await mustBeEmpty(systems) })
  },

  async afterEach (this: Context) {
    const test = this.currentTest!
    // One that has failed may not have got as far as its stop.
    if (test.state === 'failed') {
      for (const system of made.splice(0)) abandon(system)
      return
    }
    try {
      await mustBeEmpty(made.splice(0))
    } catch (error) {
      // The test is what failed. A hook that throws would end the whole run.
      test.emit('error', error)
    }
  },

  async afterAll () {
    await mustBeEmpty([...ofTheRun.splice(0), ...made.splice(0)])
  }
}

/** The outermost of the test's suites that has had no test before this one. */
function outermostNew (test: Test): Suite | undefined {
  let outermost: Suite | undefined
  for (let suite = test.parent; suite !== undefined && !suite.root; suite = suite.parent) {
    if (begun.has(suite)) break
    begun.add(suite)
    outermost = suite
  }
  return outermost
}

/** @throws Error naming whatever is left */
async function mustBeEmpty (systems: readonly System[]): Promise<void> {
  const left = (): string[] => systems.flatMap(leftIn)
  for (let turn = 0; turn < patience && left().length > 0; turn++) await new Promise(resolve => setImmediate(resolve))
  const lines = left()
  for (const system of systems) abandon(system)
  if (lines.length > 0) throw new Error(`left behind:\n${lines.map(line => `  ${line}`).join('\n')}`)
}

function leftIn (system: System): readonly string[] {
  const leaks = leaksOf(system)
  return system.root.exitWhenDown === undefined ? [`system ${system.name} was not stopped`, ...leaks] : leaks
}

/** Ends what is left, so that it disturbs no other test and lets the process exit. */
function abandon (system: System): void {
  system.root.requestEnd({ kind: 'killed', reason: 'left behind by a test' })
}
