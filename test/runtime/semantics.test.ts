/** The page of guarantees, docs/semantics.md: behind each stands a test that exists. */
import { expect } from 'chai'
import { readFileSync, readdirSync } from 'node:fs'

// From .build/test/runtime, where this file runs, to the sources themselves.
const root = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/semantics.md', root), 'utf8')

/** Of each test in a source file: its suites and its title, as `suite: title`. A test in nested suites has several. */
function testsIn (source: string): readonly string[] {
  const names: string[] = []
  const suites: Array<{ readonly indent: number, readonly title: string }> = []
  for (const [, space, what, quoted] of source.matchAll(/^( *)(describe|it)\('((?:[^'\\]|\\.)*)'/gm)) {
    const indent = space!.length
    const title = quoted!.replaceAll(/\\(.)/g, '$1')
    while (suites.length > 0 && suites.at(-1)!.indent >= indent) suites.pop()
    if (what === 'describe') suites.push({ indent, title })
    else names.push(...suites.map(suite => `${suite.title}: ${title}`))
  }
  return names
}

interface Guarantee {
  readonly text: string
  readonly tags: readonly string[]
}

/** The points of the page before the section of what is not promised, and those in it. */
function points (text: string): readonly Guarantee[] {
  return [...text.matchAll(/^- (.*)$/gm)].map(([, line]) => ({
    text: line!,
    tags: [.../(?: \[[^\]]+\])*$/.exec(line!)![0].matchAll(/\[([^\]]+)\]/g)].map(([, tag]) => tag!)
  }))
}

const [promised, notPromised] = page.split('## What is not promised') as [string, string]

describe('semantics', () => {
  const files = readdirSync(new URL('test', root), { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.test.ts'))
  const tests = new Set(files.flatMap(file => testsIn(readFileSync(new URL(`test/${file.replaceAll('\\', '/')}`, root), 'utf8'))))

  it('finds tests by suite and title', () => {
    expect(testsIn("describe('a', () => {\n  describe('b', () => {\n    it('c\\'s', () => {})\n  })\n  it('d', inWorld())\n})\n")).to.deep.equal(['a: c\'s', 'b: c\'s', 'a: d'])
    expect(points('- Text [not a tag] more. [a: b] [c: d: e]\n')).to.deep.equal([{ text: 'Text [not a tag] more. [a: b] [c: d: e]', tags: ['a: b', 'c: d: e'] }])
    expect(tests).to.include('delivery: at most once')
  })

  it('has a test behind each guarantee', () => {
    const without = points(promised).filter(({ tags }) => tags.length === 0).map(({ text }) => text)
    expect(without).to.deep.equal([])
    expect(points(promised)).to.have.length.above(90)
  })

  it('names tests that exist', () => {
    const unknown = points(promised).flatMap(({ tags }) => tags).filter(tag => !tests.has(tag))
    expect(unknown).to.deep.equal([])
  })

  it('says what is not promised, in sections that are not empty', () => {
    expect(points(notPromised).filter(({ tags }) => tags.length > 0)).to.deep.equal([])
    for (const section of page.split(/^## /m).slice(1)) expect(points(section), section.split('\n')[0]).to.have.length.above(1)
  })
})
