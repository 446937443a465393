/** In which order addresses are tried, and how far apart (RFC 8305; the delays of go-libp2p's dial ranker). */
import { expect } from 'chai'
import { dialDelayDefaults, rank, type Ranked } from '../../../src/actors/dialer/rank.core.js'
import { at } from '../network-kit.js'

const order = (addresses: readonly string[], held: readonly string[] = []): string[] =>
  told(rank(addresses.map(at), { delays: dialDelayDefaults, held }))

/** Each with the time of its beginning. */
function told (ranked: readonly Ranked[]): string[] {
  let now = 0
  return ranked.map(({ address, gapMs }) => {
    now += gapMs
    return `${now} ${address.toString()}`
  })
}

describe('dial ranking', () => {
  it('one address begins at once, whatever it is', () => {
    for (const address of ['/ip4/1.2.3.4/tcp/1', '/ip4/10.0.0.1/tcp/1', '/ip4/1.2.3.4/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN/p2p-circuit', '/memory/1']) {
      expect(order([address])).to.deep.equal([`0 ${address}`])
    }
  })

  it('QUIC goes before TCP, and TCP follows a delay behind the last of it', () => {
    expect(order(['/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.4/udp/1/quic-v1'])).to.deep.equal(['0 /ip4/1.2.3.4/udp/1/quic-v1', '250 /ip4/1.2.3.4/tcp/1'])
  })

  it('IPv6 and IPv4 take turns, the third and all behind it begin together', () => {
    expect(order(['/ip4/1.1.1.1/tcp/1', '/ip4/1.1.1.2/tcp/1', '/ip6/2001:db9::1/tcp/1', '/ip6/2001:db9::2/tcp/1'])).to.deep.equal([
      '0 /ip6/2001:db9::1/tcp/1', '250 /ip4/1.1.1.1/tcp/1', '500 /ip6/2001:db9::2/tcp/1', '500 /ip4/1.1.1.2/tcp/1'
    ])
    expect(order(['/ip4/1.1.1.1/tcp/1', '/ip4/1.1.1.1/udp/1/quic-v1', '/ip6/2001:db9::1/udp/1/quic-v1', '/ip6/2001:db9::1/tcp/1'])).to.deep.equal([
      '0 /ip6/2001:db9::1/udp/1/quic-v1', '250 /ip4/1.1.1.1/udp/1/quic-v1', '500 /ip6/2001:db9::1/tcp/1', '750 /ip4/1.1.1.1/tcp/1'
    ])
  })

  it('a private address goes first only when we are in the same private range', () => {
    const both = ['/ip4/1.2.3.4/tcp/1', '/ip4/192.168.1.7/tcp/1']
    expect(order(both, ['192.168.1.2'])).to.deep.equal(['0 /ip4/192.168.1.7/tcp/1', '30 /ip4/1.2.3.4/tcp/1'])
    expect(order(both, ['10.0.0.2', '1.1.1.1', '127.0.0.1'])).to.deep.equal(['0 /ip4/1.2.3.4/tcp/1', '1000 /ip4/192.168.1.7/tcp/1'])
    expect(order(['/ip6/fd00:1:2::1/tcp/1', '/ip4/1.2.3.4/tcp/1'], ['fd00:1:2::9'])[0]).to.equal('0 /ip6/fd00:1:2::1/tcp/1')
    expect(order(['/ip6/fd00:1:3::1/tcp/1', '/ip4/1.2.3.4/tcp/1'], ['fd00:1:2::9'])[0]).to.equal('0 /ip4/1.2.3.4/tcp/1')
  })

  it('this machine is always near', () => {
    expect(order(['/ip4/1.2.3.4/tcp/1', '/ip4/127.0.0.1/tcp/1'])[0]).to.equal('0 /ip4/127.0.0.1/tcp/1')
  })

  it('relayed addresses go behind all direct ones', () => {
    const relayed = '/ip4/5.6.7.8/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN/p2p-circuit'
    expect(order([relayed, '/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.4/tcp/2'])).to.deep.equal(['0 /ip4/1.2.3.4/tcp/1', '250 /ip4/1.2.3.4/tcp/2', `750 ${relayed}`])
    expect(order([relayed, '/ip4/10.9.9.9/tcp/1'])).to.deep.equal(['0 /ip4/10.9.9.9/tcp/1', `500 ${relayed}`])
  })

  it('equal ones stay in the order in which they came', () => {
    const many = Array.from({ length: 10 }, (_, n) => `/ip4/1.1.1.${n}/tcp/1`)
    expect(order(many).map(text => text.split(' ')[1])).to.deep.equal(many)
  })
})
