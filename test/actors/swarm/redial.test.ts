import { expect } from 'chai'
import { Redial, redialDefaults } from '../../../src/actors/swarm/redial.core.js'

const table = (rules = {}, random = 0): Redial => new Redial({ ...redialDefaults, ...rules }, () => random)
const nobody = new Set<string>()

describe('redialing peers that are kept', () => {
  it('dials at once, then later and later', () => {
    const redial = table()
    redial.keep(['a'], nobody, 0)
    const times: number[] = []
    for (let n = 0; n < 11; n++) {
      const at = redial.nextAt
      times.push(at)
      expect(redial.due(at)).to.deep.equal(['a'])
      redial.dialed('a', false, at)
    }
    expect(times.map((at, n) => at - (times[n - 1] ?? 0))).to.deep.equal([0, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000])
  })

  it('takes up to the jitter off each wait', () => {
    const redial = table({ jitter: 0.5 }, 1)
    redial.keep(['a'], nobody, 0)
    redial.due(0)
    redial.dialed('a', false, 0)
    expect(redial.nextAt).to.equal(500)
  })

  it('forgets failures only for a connection that lasted', () => {
    const redial = table({ firstMs: 1000, steadyMs: 60_000 })
    redial.keep(['a'], nobody, 0)
    let now = 0
    const flap = (lastsMs: number): number => {
      redial.due(now)
      redial.connected('a', now)
      redial.dialed('a', true, now)
      expect(redial.nextAt).to.equal(Infinity)
      now += lastsMs
      redial.disconnected('a', now)
      const wait = redial.nextAt - now
      now = redial.nextAt
      return wait
    }
    expect([flap(10), flap(10), flap(10), flap(60_000), flap(10)]).to.deep.equal([1000, 2000, 4000, 1000, 2000])
  })

  it('dials so many at a time, and keeps so many', () => {
    const redial = table({ atATime: 2, peers: 3 })
    expect(redial.keep(['a', 'b', 'c', 'd'], nobody, 0)).to.equal(1)
    expect([redial.due(0), redial.due(0), redial.nextAt]).to.deep.equal([['a', 'b'], [], Infinity])
    redial.dialed('a', false, 0)
    expect(redial.due(0)).to.deep.equal(['c'])
  })

  it('forgets those that are not kept any more, also in the midst of a dial', () => {
    const redial = table()
    redial.keep(['a', 'b'], new Set(['b']), 0)
    redial.due(0)
    redial.keep(['b'], new Set(['b']), 0)
    redial.dialed('a', false, 0)
    redial.disconnected('a', 0)
    expect([redial.size, redial.nextAt]).to.deep.equal([1, Infinity])
  })
})
