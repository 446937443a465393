/** Texts in one piece: on each Node, since how V8 joins them has changed twice. */
import { expect } from 'chai'
import { flat } from '../../src/runtime/flat.js'

const letters = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

function grown (): string {
  let text = ''
  for (let i = 0; i < 52; i++) text += letters.charAt(Math.floor(Math.random() * letters.length))
  return text
}

function heapUsed (): number {
  const { gc } = globalThis as { readonly gc?: () => void }
  if (gc === undefined) throw new Error('mocha runs with --expose-gc')
  gc()
  gc()
  return process.memoryUsage().heapUsed
}

/** Bytes for each of so many. */
function bytesEach (make: () => string): number {
  const texts = new Array<string>(5000)
  const before = heapUsed()
  for (let i = 0; i < texts.length; i++) texts[i] = make()
  return (heapUsed() - before) / texts.length
}

describe('flat', () => {
  it('holds a text that has grown letter by letter in one piece', () => {
    expect(bytesEach(grown), 'the tree of its parts, or else this test says nothing').to.be.above(1000)
    expect(bytesEach(() => flat(grown()))).to.be.below(150)
  })

  it('changes no letter, be they normalized or not, or no text at all', () => {
    for (const text of ['', 'a', '/node/connections/17', 'e\u0301 in two', '\u00e9 in one', '\ud800 alone', '\u{1f3ad}']) expect(flat(text)).to.equal(text)
  })
})
