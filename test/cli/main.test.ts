import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { troupe } from './support/troupe.js'

const commands = ['start', 'id', 'dial', 'ping', 'perf', 'echo', 'demo']

describe('troupe, the command', () => {
  it('prints its help and exits 0', async () => {
    const { code, stderr, stdout } = await troupe('--help')
    expect(stdout).to.match(/^usage: troupe/)
    for (const command of commands) expect(stdout).to.include(`  ${command} `)
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
  })

  for (const command of commands) {
    it(`has a page of help for ${command}`, async () => {
      const { code, stderr, stdout } = await troupe(command, '--help')
      expect(stdout).to.match(new RegExp(`^usage: troupe ${command}`)).and.include('--json')
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    })
  }

  it('prints the version of package.json and exits 0', async () => {
    const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
    expect(await troupe('--version')).to.deep.equal({ code: 0, stdout: `${manifest.version}\n`, stderr: '' })
  })

  const misuses: ReadonlyArray<readonly [what: string, args: readonly string[]]> = [
    ['no command', []],
    ['a command that does not exist', ['strat']],
    ['the name of an inherited member', ['constructor']],
    ['an option that does not exist', ['--loud', 'start']]
  ]
  for (const [what, args] of misuses) {
    it(`refuses ${what} with its help and exit code 2`, async () => {
      const { code, stderr, stdout } = await troupe(...args)
      expect(stderr).to.match(/^troupe: .+\n\nusage: troupe/)
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' })
    })
  }

  const wrong: ReadonlyArray<readonly [what: string, args: readonly string[], says: RegExp]> = [
    ['an option of a command that does not exist', ['ping', '--loud', '/ip4/127.0.0.1/tcp/1'], /--loud/],
    ['no address', ['dial'], /ADDR is missing/],
    ['too many words', ['dial', '/ip4/127.0.0.1/tcp/1', 'x'], /unexpected 'x'/],
    ['a malformed address', ['ping', '/ip4/300.1.1.1/tcp/1'], /300\.1\.1\.1/],
    ['a malformed listen address', ['start', '--listen', 'localhost:4001'], /localhost:4001/],
    ['a count that is none', ['ping', '/ip4/127.0.0.1/tcp/1', '--count', '0'], /--count/],
    ['a size that is none', ['perf', '/ip4/127.0.0.1/tcp/1', '--upload', '10X'], /--upload/],
    ['a key type that is none', ['id', '--type', 'dsa'], /--type/]
  ]
  for (const [what, args, says] of wrong) {
    it(`refuses ${what} in one line, with exit code 2`, async () => {
      const { code, stderr, stdout } = await troupe(...args)
      expect(stderr.split('\n')[0]).to.match(new RegExp(`^troupe ${args[0]}: `)).and.match(says)
      expect(stderr).to.not.match(/\n {4}at /)
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' })
    })
  }
})
