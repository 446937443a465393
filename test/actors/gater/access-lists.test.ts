import { expect } from 'chai'
import { AccessLists } from '../../../src/actors/gater/access-lists.core.js'
import { parsePrefix, printPrefix } from '../../../src/messages/value/ip-prefix.js'
import { at, peerOf } from '../network-kit.js'

describe('allow and block lists', () => {
  const refuses = (lists: AccessLists, address: string): boolean => lists.refusesAddress(at(address)) !== undefined

  it('block peers and ranges of addresses', () => {
    const lists = new AccessLists({ block: [peerOf(1), '203.0.113.0/24', '2001:db8::/32', '198.51.100.7'] })
    expect([lists.refusesPeer(peerOf(1)), lists.refusesPeer(peerOf(2))].map(Boolean)).to.deep.equal([true, false])
    expect(['/ip4/203.0.113.9/tcp/1', '/ip6/2001:db8:1::1/udp/1/quic-v1', '/ip4/198.51.100.7/tcp/1', '/ip6/::ffff:203.0.113.9/tcp/1'].map(address => refuses(lists, address))).to.deep.equal([true, true, true, true])
    expect(['/ip4/203.0.114.9/tcp/1', '/ip6/2001:db9::1/tcp/1', '/ip4/198.51.100.8/tcp/1', '/memory/1', '/dns4/example.org/tcp/1'].map(address => refuses(lists, address))).to.deep.equal([false, false, false, false, false])
  })

  it('allow only those that are named, each kind by itself; what is blocked stays blocked', () => {
    const lists = new AccessLists({ allow: ['10.0.0.0/8'], block: ['10.1.0.0/16'] })
    expect(['/ip4/10.2.0.1/tcp/1', '/ip4/10.1.0.1/tcp/1', '/ip4/1.1.1.1/tcp/1'].map(address => refuses(lists, address))).to.deep.equal([false, true, true])
    expect(lists.refusesPeer(peerOf(1))).to.equal(undefined)
    lists.allow(peerOf(2).toString())
    expect([lists.refusesPeer(peerOf(1)), lists.refusesPeer(peerOf(2))].map(Boolean)).to.deep.equal([true, false])
    lists.disallow(peerOf(2))
    lists.unblock('10.1.0.0/16')
    expect(lists.entries).to.deep.equal({ allow: ['10.0.0.0/8'], block: [] })
  })

  it('refuse what is neither', () => {
    for (const entry of ['10.0.0.0/33', '10.0.0.1/8', '1.2.3', 'nobody', '::1/129', '10.0.0.0/8/1', '']) expect(() => new AccessLists({ block: [entry] }), entry).to.throw(TypeError)
    expect(() => new AccessLists({ block: [5 as never] })).to.throw(TypeError)
  })

  it('write ranges as they are', () => {
    for (const range of ['0.0.0.0/0', '10.0.0.0/8', '128.0.0.0/1', '1.2.3.4/32', '::/0', 'fc00::/7', '2001:db8::1/128']) expect(printPrefix(parsePrefix(range))).to.equal(range)
  })
})
