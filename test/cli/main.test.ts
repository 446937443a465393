import { expect } from 'chai'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

interface Outcome { readonly code: number, readonly stdout: string, readonly stderr: string }

function troupe (...args: string[]): Promise<Outcome> {
  const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
  return new Promise(resolve => {
    const child = execFile(process.execPath, [main, ...args], (_, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }))
  })
}

describe('troupe, the command', () => {
  it('prints its help and exits 0', async () => {
    const { code, stdout, stderr } = await troupe('--help')
    expect(stdout).to.match(/^usage: troupe/).and.include('start')
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
  })

  it('answers --help behind a command too', async () => {
    expect(await troupe('start', '--help')).to.deep.equal(await troupe('-h'))
  })

  it('prints the version of package.json and exits 0', async () => {
    const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
    expect(await troupe('--version')).to.deep.equal({ code: 0, stdout: `${manifest.version}\n`, stderr: '' })
  })

  it('start shows a crash, its reason and the new tree, and leaves nothing behind', async () => {
    const { code, stdout, stderr } = await troupe('start')
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(stdout).to.match(/baker is asked for the moon: .* ended before it answered/)
      .and.match(/grocer is asked for another apple: order 2 /)
      .and.match(/Why did the baker die\? .*nobody sells the moon/)
      .and.match(/baker clerk .*2 starts/)
      .and.match(/Left over: 0 actors, 0 timers, 0 tasks, 0 handles\.\n$/)
  })

  const misuses: ReadonlyArray<readonly [what: string, args: readonly string[]]> = [
    ['no command', []],
    ['a command that does not exist', ['strat']],
    ['the name of an inherited member', ['constructor']],
    ['an option that does not exist', ['--loud', 'start']]
  ]
  for (const [what, args] of misuses) {
    it(`refuses ${what} with its help and exit code 2`, async () => {
      const { code, stdout, stderr } = await troupe(...args)
      expect(stderr).to.match(/^troupe: .+\n\nusage: troupe/)
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' })
    })
  }
})
