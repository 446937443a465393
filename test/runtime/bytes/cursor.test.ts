import { expect } from 'chai'
import { Cursor } from '../../../src/runtime/bytes/cursor.js'
import { BufferPool } from '../../../src/runtime/bytes/pool.js'
import { SeededRandom } from '../../../src/runtime/random.js'
import { expectBytes } from '../../core/support/recorder.js'
import { everySplit, feedLent, randomPieces } from '../../core/support/splits.js'

/** Reads pieces of these lengths, in turn. */
function readAll (cursor: Cursor, split: readonly Uint8Array[], lengths: readonly number[]): Uint8Array[] {
  const got: Uint8Array[] = []
  feedLent(split, bytes => {
    cursor.feed(bytes)
    while (got.length < lengths.length) {
      const piece = cursor.take(lengths[got.length]!)
      if (piece === undefined) return
      got.push(piece.slice())
      cursor.release()
    }
  })
  return got
}

describe('Cursor', () => {
  it('cuts the same pieces out of every split', () => {
    const lengths = [2, 12, 1, 30, 3]
    const bytes = Uint8Array.from({ length: 48 }, (_, i) => i)
    const whole = readAll(new Cursor(), [bytes], lengths)
    expect(whole.map(piece => piece.length)).to.deep.equal(lengths)
    for (const { name, split } of everySplit(bytes)) expect(readAll(new Cursor(), split, lengths), name).to.deep.equal(whole)
  })

  it('gives views of what arrived in one, and copies only what straddles', () => {
    const cursor = new Cursor()
    const bytes = Uint8Array.from({ length: 20 }, (_, i) => i)
    cursor.feed(bytes)
    expect(cursor.take(20)).to.equal(bytes)
    cursor.feed(bytes)
    expect(cursor.take(8)?.buffer).to.equal(bytes.buffer)
    expect(cursor.joined).to.equal(false)
    expect(cursor.left).to.equal(12)
    expect(cursor.take(16)).to.equal(undefined)
    expect(cursor.buffered).to.equal(12)
    cursor.feed(bytes)
    const joined = cursor.take(16)!
    expect(cursor.joined).to.equal(true)
    expect([...joined]).to.deep.equal([8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 0, 1, 2, 3])
    expect(cursor.rest()).to.deep.equal(bytes.subarray(4))
  })

  it('joins long pieces in pooled memory, and gives it back', () => {
    const pool = new BufferPool(1000, 1)
    const bytes = Uint8Array.from({ length: 3000 }, (_, i) => i * 7)
    for (let seed = 1; seed <= 50; seed++) {
      const random = new SeededRandom(seed)
      const cursor = new Cursor(pool)
      const lengths = [700, 1000, 3, 257, 1000]
      const got = readAll(cursor, randomPieces(bytes, random, 900), lengths)
      let at = 0
      for (const piece of got) {
        expectBytes(piece, bytes.subarray(at, at + piece.length), `seed ${seed}`)
        at += piece.length
      }
      expect(at, `seed ${seed}`).to.equal(2960)
      expect(pool.inUse, `seed ${seed}`).to.equal(0)
    }
    expect(pool.idleBytes).to.equal(1000)
  })

  it('takes zero bytes without having any', () => {
    const cursor = new Cursor()
    cursor.feed(new Uint8Array(0))
    expect(cursor.take(0)).to.have.length(0)
    expect(cursor.take(1)).to.equal(undefined)
  })

  it('forgets what it kept when it is cleared', () => {
    const pool = new BufferPool(1000)
    const cursor = new Cursor(pool)
    cursor.feed(new Uint8Array(500))
    expect(cursor.take(900)).to.equal(undefined)
    expect(pool.inUse).to.equal(1)
    cursor.clear()
    expect(pool.inUse).to.equal(0)
    expect(cursor.buffered).to.equal(0)
  })
})
