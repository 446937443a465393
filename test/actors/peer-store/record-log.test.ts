/** The log in a file: whatever is left of it after a crash, what was not hurt is read. */
import { expect } from 'chai'
import fc from 'fast-check'
import { crc32, encodeRecord, logHeader, readLog, rewritten, type Change } from '../../../src/actors/peer-store/record-log.core.js'
import { concat } from '../../../src/messages/value/bytes.js'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
const shown = (entries: ReadonlyMap<string, Uint8Array>): Record<string, number[]> => Object.fromEntries([...entries].map(([key, value]) => [key, [...value]]))
const fileOf = (...records: readonly (readonly Change[])[]): Uint8Array => concat([logHeader, ...records.map(encodeRecord)])

describe('record log', () => {
  it('has the check sum that all have', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).to.equal(0xcbf43926)
  })

  it('gives what was written last, without what was deleted', () => {
    const file = fileOf([['/a', bytes(1)], ['/b', bytes(2)]], [['/a', bytes(3)], ['/c', bytes()]], [['/b', null], ['/d', null]])
    const { entries, damages } = readLog(file)
    expect(shown(entries)).to.deep.equal({ '/a': [3], '/c': [] })
    expect(damages).to.deep.equal([])
    expect(readLog(new Uint8Array(0))).to.deep.equal({ entries: new Map(), damages: [] })
    expect(readLog(logHeader).damages).to.deep.equal([])
  })

  it('cut at any byte, gives all records that are whole, and says what is not', () => {
    const records: Change[][] = [[['/a', bytes(1, 2, 3)]], [['/b', bytes(4)], ['/a', null]], [['/c', bytes(5, 6)]]]
    const file = fileOf(...records)
    const ends = records.map((_, i) => fileOf(...records.slice(0, i + 1)).length)
    for (let length = 0; length <= file.length; length++) {
      const whole = ends.filter(end => end <= length).length
      const { entries, damages } = readLog(file.slice(0, length))
      expect(shown(entries), `cut at ${length}`).to.deep.equal(shown(readLog(fileOf(...records.slice(0, whole))).entries))
      const start = whole === 0 ? length < logHeader.length ? 0 : logHeader.length : ends[whole - 1]!
      expect(damages, `cut at ${length}`).to.deep.equal(length === start ? [] : [{ offset: start, bytes: length - start, tail: true }])
    }
  })

  it('written over anywhere, loses only the records that were hit', () => {
    fc.assert(fc.property(
      fc.array(fc.array(fc.tuple(fc.constantFrom('/a', '/b', '/c', '/d'), fc.uint8Array({ maxLength: 40 })), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 }),
      fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 30 }),
      (records, place, junk) => {
        const file = fileOf(...records)
        const at = place % file.length
        const hurt = file.slice()
        hurt.set(junk.subarray(0, file.length - at), at)
        const ends = records.map((_, i) => fileOf(...records.slice(0, i + 1)).length)
        // A record none of whose bytes has changed is there still; one that has changed is not.
        const left = records.filter((_, i) => {
          const start = i === 0 ? logHeader.length : ends[i - 1]!
          return file.subarray(start, ends[i]).every((byte, j) => hurt[start + j] === byte)
        })
        expect(shown(readLog(hurt).entries)).to.deep.equal(shown(readLog(fileOf(...left)).entries))
        const intact = left.length === records.length && logHeader.every((byte, i) => hurt[i] === byte)
        expect(readLog(hurt).damages.length === 0).to.equal(intact)
      }
    ), { numRuns: 500 })
  })

  it('is written anew in several records, and says the same', () => {
    const entries = new Map(Array.from({ length: 1000 }, (_, n) => [`/${n}`, bytes(n & 0xff)] as const))
    const parts = [...rewritten(entries)]
    expect(parts).to.have.length(4)
    expect(readLog(concat([logHeader, ...parts]))).to.deep.equal({ entries, damages: [] })
  })
})
