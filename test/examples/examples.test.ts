/** Every program in `examples/` runs in a process of its own, ends by itself, and prints what its comments say. */
import { expect } from 'chai'
import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as frontDoor from '../../src/index.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const folder = join(root, 'examples')
// What was just compiled, in place of what was last published.
const compiled = join(root, '.build/examples')
const names = readdirSync(folder).filter(name => name.endsWith('.mjs'))

describe('the examples', () => {
  it('are there', () => {
    expect(names.length).to.be.at.least(5)
  })

  it('are short', () => {
    for (const name of names) expect(read(name).split('\n').length, name).to.be.at.most(60)
  })

  it('say what they print', () => {
    for (const name of names) expect(promised(name), name).to.not.deep.equal([])
  })

  // Until there is a node to create they cannot run.
  if (!('createNode' in frontDoor)) return

  for (const name of names) {
    it(`${name} prints what it says`, async () => {
      mkdirSync(compiled, { recursive: true })
      const program = join(compiled, name)
      writeFileSync(program, read(name).replaceAll("'troupe'", "'../src/index.js'").replaceAll(/'troupe\/(\w+)'/g, "'../src/$1.js'"))
      try {
        const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 20_000 })
        const printed = stdout.trimEnd().split('\n')
        const expected = promised(name)
        expect(printed.map((line, at) => expected[at]?.endsWith('...') === true ? `${line.slice(0, expected[at].length - 3)}...` : line)).to.deep.equal(expected)
      } finally {
        rmSync(program)
      }
    }).timeout(30_000)
  }
})

function read (name: string): string {
  return readFileSync(join(folder, name), 'utf8')
}

/** `console.log(...) // first, then second`; three dots at the end stand for anything. */
function promised (name: string): string[] {
  return [...read(name).matchAll(/console\.log\(.*\/\/ (.*)$/gm)].flatMap(([, lines = '']) => lines.split(', then '))
}
