import { expect } from 'chai'
import { PushRate } from '../../../src/actors/identify/push-rate.core.js'

describe('identify, how often a peer may push', () => {
  const taken = (rate: PushRate, peer: string, now: number): number => {
    let count = 0
    while (rate.take(peer, now)) count++
    return count
  }

  it('is a burst, then one in a while, each peer by itself', () => {
    const rate = new PushRate({ burst: 3, everyMs: 100 })
    expect(taken(rate, 'a', 0)).to.equal(3)
    expect(taken(rate, 'b', 50)).to.equal(3)
    expect(taken(rate, 'a', 99)).to.equal(0)
    expect(taken(rate, 'a', 100)).to.equal(1)
    expect(taken(rate, 'a', 250)).to.equal(1)
    expect(taken(rate, 'a', 100_000)).to.equal(3)
  })

  it('loses no time by asking in vain', () => {
    const rate = new PushRate({ burst: 1, everyMs: 100 })
    expect(taken(rate, 'a', 0)).to.equal(1)
    for (let now = 1; now < 100; now++) expect(rate.take('a', now)).to.equal(false)
    expect(rate.take('a', 100)).to.equal(true)
  })

  it('is remembered of a thousand peers, the last to push', () => {
    const rate = new PushRate({ burst: 1, everyMs: 1e9 })
    for (let n = 0; n <= 1024; n++) rate.take(`${n}`, n)
    expect(rate.take('1024', 2000)).to.equal(false)
    expect(rate.take('1', 2000)).to.equal(false)
    expect(rate.take('0', 2000)).to.equal(true)
  })
})
