/** The ledger of admission: each limit, and that what was given back is counted no more. */
import { expect } from 'chai'
import fc from 'fast-check'
import { admissionDefaults, admissionLedger, sourcePrefix, type AdmissionLimits } from '../../../src/actors/swarm/admission.core.js'
import type { Lease } from '../../../src/actors/contract/admission.js'
import type { Failure } from '../../../src/messages/failure.js'
import { Handle } from '../../runtime/kit.js'
import { peerOf } from '../network-kit.js'

const from = (n: number): string => `/ip4/192.0.${n >>> 8}.${n & 0xff}/tcp/1`
const lease = (answer: Lease | Failure): Lease => {
  if ('code' in answer) throw new Error(`refused: ${answer.detail}`)
  return answer
}
const refusal = (answer: Lease | Failure | undefined): string | undefined => answer !== undefined && 'code' in answer ? `${answer.code}: ${answer.detail}` : undefined

describe('admission', () => {
  const limited: ReadonlyArray<readonly [Partial<AdmissionLimits>, string, (n: number) => string]> = [
    [{ connections: 3 }, "limit 'connections' of 3", from],
    [{ inbound: 3 }, "limit 'inbound' of 3", from],
    [{ pending: 3 }, "limit 'pending' of 3", from],
    [{ pendingPerPrefix: 3 }, "limit 'pendingPerPrefix' of 3 for 192.0.0.9/32", () => from(9)],
    [{ inboundPerPrefix: 3 }, "limit 'inboundPerPrefix' of 3 for 192.0.0.9/32", () => from(9)]
  ]
  for (const [limits, detail, address] of limited) {
    it(`refuses beyond ${Object.keys(limits).join()}, and says so`, () => {
      const ledger = admissionLedger(limits)
      const leases = [0, 1, 2].map(n => lease(ledger.admit('inbound', address(n))))
      expect(refusal(ledger.admit('inbound', address(3)))).to.equal(`limit/connections: ${detail}`)
      leases[1]![Symbol.dispose]()
      lease(ledger.admit('inbound', address(4)))
      expect(refusal(ledger.admit('inbound', address(5)))).to.equal(`limit/connections: ${detail}`)
    })
  }

  it('refuses beyond perPeer, and leaves the lease as it was', () => {
    const ledger = admissionLedger({ perPeer: 2 })
    const leases = [0, 1, 2].map(n => lease(ledger.admit(n === 0 ? 'outbound' : 'inbound', from(n))))
    expect(leases.map(one => refusal(one.authenticated(peerOf(1))))).to.deep.equal([undefined, undefined, `limit/connections: limit 'perPeer' of 2 for ${peerOf(1).toString()}`])
    expect(ledger.use).to.deep.equal({ connections: 3, inbound: 2, pending: 1, prefixes: 2, peers: 1 })
    for (const one of leases) one[Symbol.dispose]()
    expect(ledger.use).to.deep.equal({ connections: 0, inbound: 0, pending: 0, prefixes: 0, peers: 0 })
  })

  it('counts no handshake as pending any more once the peer is known', () => {
    const ledger = admissionLedger({ pending: 1, pendingPerPrefix: 1 })
    const first = lease(ledger.admit('inbound', from(1)))
    expect(ledger.admit('inbound', from(1))).to.have.property('code')
    expect(first.authenticated(peerOf(1))).to.equal(undefined)
    expect(first.authenticated(peerOf(1))).to.equal(undefined)
    lease(ledger.admit('inbound', from(1)))
    expect(ledger.use).to.include({ connections: 2, pending: 1, peers: 1 })
  })

  it('leaves room for us when strangers have taken theirs', () => {
    const ledger = admissionLedger({ connections: 4, inbound: 2, pending: 2 })
    lease(ledger.admit('inbound', from(1)))
    lease(ledger.admit('inbound', from(2)))
    expect(ledger.admit('inbound', from(3))).to.have.property('code')
    lease(ledger.admit('outbound', from(4)))
    lease(ledger.admit('outbound', from(5)))
    expect(refusal(ledger.admit('outbound', from(6)))).to.equal("limit/connections: limit 'connections' of 4")
  })

  it('withstands 10,000 accepts from one prefix: no more than 16 wait at a time, others come in', () => {
    const ledger = admissionLedger()
    const leases: Lease[] = []
    for (let n = 0; n < 10_000; n++) {
      const answer = ledger.admit('inbound', `/ip6/2001:db8:1:2${(n % 256).toString(16).padStart(2, '0')}:${(n & 0xffff).toString(16)}::1/tcp/1`)
      if (!('code' in answer)) leases.push(answer)
    }
    expect(leases).to.have.length(admissionDefaults.pendingPerPrefix)
    lease(ledger.admit('inbound', from(1)))
  })

  it('gives back once, however often it is disposed', () => {
    const ledger = admissionLedger()
    const one = lease(ledger.admit('inbound', from(1)))
    one[Symbol.dispose]()
    one[Symbol.dispose]()
    expect(one.authenticated(peerOf(1))).to.equal(undefined)
    expect(ledger.use).to.deep.equal({ connections: 0, inbound: 0, pending: 0, prefixes: 0, peers: 0 })
  })

  it('disposes link and lease with an arrival', () => {
    const ledger = admissionLedger()
    const handle = new Handle()
    const arrival = ledger.arrival({ kind: 'link', handle: handle as never }, lease(ledger.admit('inbound', from(1))))
    arrival[Symbol.dispose]()
    expect([handle.disposed, ledger.use.connections]).to.deep.equal([1, 0])
  })

  const prefixes: ReadonlyArray<readonly [string, string | undefined]> = [
    ['/ip4/1.2.3.4/tcp/5', '1.2.3.4/32'],
    ['/ip6/2001:db8:1:2ff::9/tcp/5', '20010db8000102/56'],
    ['/ip6/2001:db8:1:200::9/tcp/5', '20010db8000102/56'],
    ['/ip6/2001:db8:1:300::9/tcp/5', '20010db8000103/56'],
    ['/ip6/::ffff:1.2.3.4/tcp/5', '1.2.3.4/32'],
    ['/ip6zone/eth0/ip6/fe80::1/tcp/5', 'fe800000000000/56'],
    ['/ip4/127.0.0.1/tcp/5', undefined],
    ['/ip6/::1/tcp/5', undefined],
    ['/ip6/::ffff:127.0.0.1/tcp/5', undefined],
    ['/ip4/1.2.3.4/tcp/5/p2p/QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN/p2p-circuit', undefined],
    ['/unix/tmp/socket', undefined],
    ['/memory/7', undefined]
  ]
  for (const [address, prefix] of prefixes) {
    it(`counts ${address} under ${prefix ?? 'no prefix'}`, () => {
      expect(sourcePrefix(address, false)).to.equal(prefix)
    })
  }

  it('counts loopback where that is asked for', () => {
    const ledger = admissionLedger({ loopback: true, pendingPerPrefix: 1 })
    lease(ledger.admit('inbound', '/ip4/127.0.0.1/tcp/1'))
    expect(ledger.admit('inbound', '/ip4/127.0.0.1/tcp/2')).to.have.property('code')
  })

  it('is exact after any history', () => {
    const step = fc.record({ what: fc.constantFrom('in', 'out', 'prove', 'drop'), n: fc.nat(9) })
    fc.assert(fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const ledger = admissionLedger({ connections: 12, inbound: 9, pending: 5, pendingPerPrefix: 3, inboundPerPrefix: 4, perPeer: 3 })
      const held: Array<{ readonly lease: Lease, readonly inbound: boolean, readonly prefix: number, peer?: number }> = []
      for (const { what, n } of steps) {
        if (what === 'in' || what === 'out') {
          const answer = ledger.admit(what === 'in' ? 'inbound' : 'outbound', from(n % 3))
          if (!('code' in answer)) held.push({ lease: answer, inbound: what === 'in', prefix: n % 3 })
        } else if (held.length > 0) {
          const one = held[n % held.length]!
          if (what === 'drop') {
            one.lease[Symbol.dispose]()
            held.splice(held.indexOf(one), 1)
          } else if (one.peer === undefined && one.lease.authenticated(peerOf(n)) === undefined) one.peer = n
        }
        const inbound = held.filter(one => one.inbound)
        expect(ledger.use).to.deep.equal({
          connections: held.length,
          inbound: inbound.length,
          pending: inbound.filter(({ peer }) => peer === undefined).length,
          prefixes: new Set(inbound.map(({ prefix }) => prefix)).size,
          peers: new Set(held.flatMap(({ peer }) => peer ?? [])).size
        })
      }
      for (const { lease } of held) lease[Symbol.dispose]()
      expect(ledger.use).to.deep.equal({ connections: 0, inbound: 0, pending: 0, prefixes: 0, peers: 0 })
    }))
  })

  it('refuses limits that are none', () => {
    expect(() => admissionLedger({ pending: -1 })).to.throw(RangeError, 'limits.pending')
  })
})
