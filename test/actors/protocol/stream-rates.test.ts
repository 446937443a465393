import { expect } from 'chai'
import { StreamRate } from '../../../src/actors/protocol/stream-rates.core.js'
import { SharedProtocolTable } from '../../../src/actors/protocol/protocol-table.js'
import { protocol } from '../../../src/index.js'
import { peerOf } from '../network-kit.js'

describe('rates of streams', () => {
  it('let a burst through, then so many a second, for each peer by itself', () => {
    const rate = new StreamRate(10, 5)
    expect(Array.from({ length: 7 }, () => rate.take('a', 0))).to.deep.equal([true, true, true, true, true, false, false])
    expect(rate.take('b', 0)).to.equal(true)
    let taken = 0
    for (let now = 0; now < 10_000; now += 7) if (rate.take('a', now)) taken++
    expect(taken).to.be.within(98, 101)
  })

  it('remember so many peers at most', () => {
    const rate = new StreamRate(10, 5)
    for (let n = 0; n < 10_000; n++) rate.take(`p${n}`, 0)
    expect(rate.size).to.equal(4096)
    rate.take('late', 60_000)
    expect(rate.size).to.equal(1)
  })

  it('of a protocol, and of all of a peer together, are refused with their code', () => {
    const x = protocol('/x', { limits: { inboundPerSecond: 1, inboundBurst: 2 }, inbound () {} })
    const y = protocol('/y', { inbound () {} })
    const table = new SharedProtocolTable(() => {}, { perPeerPerSecond: 1, perPeerBurst: 4 })
    for (const one of [x, y]) table.register(one)
    const codes = (of: typeof x, count: number, now: number): string[] => Array.from({ length: count }, () => {
      const lease = table.lease(of, '/1', peerOf(1), now)
      if (!(Symbol.dispose in lease)) return lease.code
      lease[Symbol.dispose]()
      return 'open'
    })
    expect(codes(x, 3, 0)).to.deep.equal(['open', 'open', 'limit/stream-rate'])
    expect(codes(y, 2, 0)).to.deep.equal(['open', 'limit/stream-rate'])
    expect(codes(y, 2, 1000)).to.deep.equal(['open', 'limit/stream-rate'])
    expect(table.lease(y, '/2', peerOf(2), 1000)).to.have.property(Symbol.dispose)
  })
})
