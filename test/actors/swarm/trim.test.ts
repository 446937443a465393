import { expect } from 'chai'
import { chooseTrim, type Candidate } from '../../../src/actors/swarm/trim.core.js'

const one = (path: string, more: Partial<Candidate> = {}): Candidate =>
  ({ path, value: 0, protected: false, ageMs: 60_000, streams: 0, inbound: true, relayed: false, spare: false, ...more })
const rules = { highWater: 2, lowWater: 1, graceMs: 20_000 }

describe('trimming connections', () => {
  it('does nothing up to the high-water mark, and goes down to the low one beyond it', () => {
    expect(chooseTrim([one('a'), one('b')], rules)).to.deep.equal([])
    expect(chooseTrim(['a', 'b', 'c', 'd'].map(path => one(path)), rules)).to.have.length(3)
  })

  it('takes the least worthy first', () => {
    const all = [
      one('tagged', { value: 10 }), one('old', { ageMs: 90_000 }), one('ours', { inbound: false }), one('busy', { streams: 3 }),
      one('spare', { spare: true, value: 100 }), one('relayed', { relayed: true }), one('young', { ageMs: 21_000 })
    ]
    expect(chooseTrim(all, { highWater: 0, lowWater: 0, graceMs: 20_000 })).to.deep.equal(['spare', 'relayed', 'young', 'old', 'ours', 'busy', 'tagged'])
  })

  it('leaves the protected and the young alone, even if it then cannot reach the mark', () => {
    expect(chooseTrim([one('a', { protected: true }), one('b', { ageMs: 19_999 }), one('c', { protected: true })], rules)).to.deep.equal([])
    expect(chooseTrim([one('a', { protected: true }), one('b', { ageMs: 20_000 }), one('c', { protected: true })], rules)).to.deep.equal(['b'])
  })
})
