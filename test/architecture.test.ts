/**
 * Who may import whom, what may stand where, and which names are for whom: the tables are in architecture/rules.ts. Each
 * rule is also shown to bite, on small sources that break it, and to leave alone what only looks like a breach.
 */
import { expect } from 'chai'
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { check, type Violation } from './architecture/check.js'
import { breaches, innocent, type Files } from './architecture/fixtures.js'

function checkFiles (files: Files): readonly Violation[] {
  return check(new Map(Object.entries(files)))
}

function show (violations: readonly Violation[]): string {
  return violations.map(({ file, line, rule, text }) => `${file}:${line}  ${rule}: ${text}`).join('\n')
}

function readSources (): ReadonlyMap<string, string> {
  // From .build/test, where this file runs, to the sources themselves.
  const root = fileURLToPath(new URL('../../', import.meta.url))
  return new Map(readdirSync(`${root}src`, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter(entry => entry.isFile())
    .map(entry => {
      const path = `${entry.parentPath}/${entry.name}`.replaceAll('\\', '/')
      return [path.slice(root.length), readFileSync(path, 'utf8')]
    }))
}

describe('architecture', () => {
  it('holds for every file in src/', () => {
    const sources = readSources()
    expect([...sources.keys()]).to.include('src/index.ts')
    expect(show(check(sources))).to.equal('')
  })

  describe('reports', () => {
    for (const [rule, cases] of Object.entries(breaches)) {
      for (const [what, files] of Object.entries(cases)) {
        it(`${rule}: ${what}`, () => {
          const violations = checkFiles(files)
          expect(violations.map(violation => violation.rule), show(violations)).to.deep.equal([rule])
        })
      }
    }

    it('the line', () => {
      const [violation] = checkFiles({ 'src/runtime/cell.ts': '// one\nlet a: number\nlet b: any\n' })
      expect(violation).to.include({ file: 'src/runtime/cell.ts', line: 3 })
    })
  })

  describe('leaves alone', () => {
    for (const [what, files] of Object.entries(innocent)) {
      it(what, () => {
        expect(show(checkFiles(files))).to.equal('')
      })
    }
  })
})
