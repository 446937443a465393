/**
 * Every end explains itself: root code, first actor, event, initiator, scope, the remote's code and an advice.
 *
 *   TROUPE_WRITE_WHY=1   writes the table into docs/why.md, between its two marker comments
 */
import { expect } from 'chai'
import { readFileSync, writeFileSync } from 'node:fs'
import { errorTable, explainEnd, reasonText, type NetworkError, type Reason } from '../../src/index.js'
import { endings, Stage, type Ending } from './why-ends.js'

const page = 'docs/why.md'
const begin = '<!-- why matrix: begin -->'
const end = '<!-- why matrix: end -->'

describe('why', () => {
  const found = new Map<Ending, Reason>()

  for (const [at, ending] of endings.entries()) {
    it(`${ending.what}: ${ending.asked}`, async () => {
      const { alice, asked, bob, expected, play } = ending
      const stage = await Stage.make(at + 1, alice, bob)
      try {
        const outcome = await play(stage)
        const reason = asked === 'the error' ? (outcome as NetworkError).reason : reasonAt(stage, asked)
        const { actor, advice, code, event, initiator, scope, sentence, wireCode } = reason
        expect({ code, actor: generic(actor ?? ''), event: event ?? '', initiator, scope, ...wireCode !== undefined && { wireCode } }).to.deep.equal(expected)
        expect({ advice, sentence }).to.deep.equal({ advice: errorTable[code].advice, sentence: errorTable[code].sentence })
        expect(reasonText(reason)).to.include(code).and.include(advice)
        found.set(ending, reason)
      } finally {
        await stage.net.stop()
      }
    })
  }

  it('has an advice for each code, and a sentence', () => {
    for (const [code, { advice, sentence }] of Object.entries(errorTable)) {
      expect(advice, code).to.match(/^[A-Z].+\.$/s)
      expect(sentence, code).to.match(/^[A-Z].+\.$/s)
    }
  })

  it('is told for at least 40 ends, and docs/why.md has them all', function () {
    expect(endings.length).to.be.at.least(40)
    // A part of them was asked for, or one has failed, which says so itself.
    if (found.size < endings.length) this.skip()
    const text = readFileSync(page, 'utf8')
    const written = `${text.slice(0, text.indexOf(begin) + begin.length)}\n\n${tableOf(found)}\n\n${text.slice(text.indexOf(end))}`
    if (process.env['TROUPE_WRITE_WHY'] === '1') writeFileSync(page, written)
    else expect(text).to.equal(written)
  })
})

function reasonAt (stage: Stage, asked: string): Reason {
  const node = asked.startsWith('alice') ? stage.alice : stage.bob
  const why = node.inspect.why(stage.endOf(asked))
  // For people, and for programs.
  expect(explainEnd(why)).to.include(why.reason?.code)
  expect(JSON.parse(JSON.stringify(why))).to.have.property('reason')
  if (why.reason === null) throw new Error(`no reason: ${JSON.stringify(why)}`)
  return why.reason
}

/** Every node is called `node`, and numbers do not matter. */
function generic (path: string): string {
  return path.replace(/^\/node-\d+/, '/node').replaceAll(/\/\d+(?=\/|$)/g, '/*')
}

function tableOf (found: ReadonlyMap<Ending, Reason>): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const code = (text: string | undefined): string => text === undefined || text === '' ? '' : `\`${text}\``
  const head = ['what happens', 'asked about', 'code', 'first actor', 'event', 'initiator', 'scope', "remote's number", 'what to do']
  return [
    line(head),
    line(head.map(() => '---')),
    ...[...found].map(([{ asked, what }, { actor, advice, code: root, event, initiator, scope, wireCode }]) => line([
      what, asked.replace(/^(alice|bob): /, ''), code(root), code(generic(actor ?? '')), code(event), initiator, scope, wireCode === undefined ? '' : `0x${wireCode.toString(16)}`, advice
    ]))
  ].join('\n')
}
