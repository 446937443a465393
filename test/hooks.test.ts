/** The root hook is itself put to the test: fixtures that leak or sleep run in a mocha of their own, and must turn red. */
import { expect } from 'chai'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

interface Outcome {
  readonly code: number | null
  readonly passed: readonly string[]
  /** Title of what failed -> why. */
  readonly failed: ReadonlyMap<string, string>
}

interface Report {
  readonly passes: ReadonlyArray<{ readonly fullTitle: string }>
  readonly failures: ReadonlyArray<{ readonly fullTitle: string, readonly err: { readonly message?: string } }>
}

async function runFixtures (...names: readonly string[]): Promise<Outcome> {
  const mocha = fileURLToPath(import.meta.resolve('mocha/bin/mocha.js'))
  const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
  const child = spawn(process.execPath, [
    mocha, '--no-config', '--require', here('hooks.js'), '--reporter', 'json', ...names.map(name => here(`fixtures/leaks/${name}.js`))
  ], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
  const code = await new Promise<number | null>(resolve => { child.once('close', resolve) })
  const { passes, failures } = JSON.parse(output) as Report
  return {
    code,
    passed: passes.map(({ fullTitle }) => fullTitle),
    failed: new Map(failures.map(({ fullTitle, err }) => [fullTitle, err.message ?? '']))
  }
}

describe('the root hook', () => {
  let outcome: Outcome

  // One mocha for all of them, which shows as well that one leak does not keep the next test from running.
  before(async () => {
    outcome = await runFixtures('cell', 'timer', 'task', 'handle', 'buffer', 'before', 'sleep', 'clean')
  })

  const leaks: Readonly<Record<string, string>> = {
    'leaves a cell': 'actor /cellar/forgotten (idler) is running',
    'leaves a timer': "timer 'alarm' of /clockwork/sleeper is armed, due in ",
    'leaves a task': 'a cancelled task of /office/dawdler has not settled',
    'leaves a handle': 'handle tcp 127.0.0.1:4001 is open',
    'leaves a buffer': 'account /store/hoarder still counts 64 bytes'
  }

  for (const [title, culprit] of Object.entries(leaks)) {
    it(`fails a test that ${title}, and names it`, () => {
      expect(outcome.failed.get(title)).to.include(culprit)
    })
  }

  it('says which system was not stopped', () => {
    expect(outcome.failed.get('leaves a cell')).to.include('system cellar was not stopped')
    expect(outcome.failed.get('leaves a task')).not.to.include('was not stopped')
  })

  it('looks after the whole suite at what its before hook has made', () => {
    const [title, text] = [...outcome.failed].find(([title]) => title.startsWith('a suite with')) ?? []
    expect(title).to.include('"after all" hook: leave nothing behind')
    expect(text).to.include('system heirloom was not stopped')
    expect(outcome.passed).to.include.members(['a suite with a system of its own has a first test', 'a suite with a system of its own and a suite within it has a second test'])
  })

  it('fails a test that sleeps, however it does', () => {
    for (const title of ['sleeps', 'sleeps by a promise', 'sleeps by a promisified timer']) {
      expect(outcome.failed.get(title), title).to.include('nothing sleeps in a test').and.to.include('5 ms')
    }
  })

  it('lets a test yield, and sleep when it says why', () => {
    expect(outcome.passed).to.include.members(['yields', 'sleeps and says why'])
  })

  it('leaves alone what is clean', () => {
    expect(outcome.passed).to.include.members(['a clean suite leaves nothing', 'a clean suite uses what its suite has made'])
    expect([...outcome.failed.keys()].filter(title => title.startsWith('a clean suite'))).to.deep.equal([])
  })

  it('makes the run fail', () => {
    expect(outcome.failed.size).to.equal(Object.keys(leaks).length + 4)
    expect(outcome.code).to.equal(outcome.failed.size)
  })
})
