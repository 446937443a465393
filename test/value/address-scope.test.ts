import { expect } from 'chai'
import { scopeOf, sharedAddresses, type AddressScope } from '../../src/messages/value/address-scope.js'
import { Multiaddr } from '../../src/messages/value/multiaddr.js'

const relay = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'

const known: Readonly<Record<AddressScope, readonly string[]>> = {
  process: ['/memory/x', '/unix/run/docker.sock', '/ip6zone/eth0/ip6/fe80::1/tcp/1'],
  machine: ['/ip4/127.0.0.1/tcp/1', '/ip4/127.255.1.2/udp/1/quic-v1', '/ip4/0.0.0.0/tcp/1', '/ip6/::1/tcp/1', '/ip6/::/tcp/1', '/ip6/::ffff:127.0.0.1/tcp/1', '/dns4/localhost/tcp/1', '/dns/a.LOCALHOST./tcp/1'],
  site: ['/ip4/10.1.2.3/tcp/1', '/ip4/172.16.0.1/tcp/1', '/ip4/172.31.255.255/tcp/1', '/ip4/192.168.1.1/tcp/80', '/ip4/169.254.169.254/tcp/80', '/ip4/100.64.0.1/tcp/1', '/ip6/fd00::1/tcp/1', '/ip6/fe80::1/tcp/1', '/ip6/::ffff:10.0.0.1/tcp/1', `/ip4/10.0.0.1/tcp/1/p2p/${relay}/p2p-circuit`],
  internet: ['/ip4/203.0.113.7/tcp/1', '/ip4/172.32.0.1/tcp/1', '/ip4/100.128.0.1/tcp/1', '/ip4/128.0.0.1/tcp/1', '/ip6/2001:db8::1/tcp/1', '/ip6/::2/tcp/1', '/dns4/example.org/tcp/1', '/dnsaddr/notlocalhost', `/ip4/203.0.113.7/tcp/1/p2p/${relay}/p2p-circuit`]
}

const all = Object.values(known).flat().map(text => Multiaddr.parse(text))

describe('the scope of an address', () => {
  for (const [scope, texts] of Object.entries(known)) {
    for (const text of texts) {
      it(`${text} means the same within one ${scope}`, () => { expect(scopeOf(Multiaddr.parse(text))).to.equal(scope) })
    }
  }

  const shared: ReadonlyArray<readonly [seenAt: string | undefined, scopes: readonly AddressScope[]]> = [
    ['/memory/1', ['machine', 'site', 'internet']],
    ['/unix/run/troupe.sock', ['machine', 'site', 'internet']],
    ['/ip6/::1/tcp/4001', ['machine', 'site', 'internet']],
    ['/ip4/192.168.1.9/tcp/4001', ['site', 'internet']],
    ['/ip4/198.51.100.1/tcp/4001', ['internet']],
    [undefined, ['internet']]
  ]
  for (const [seenAt, scopes] of shared) {
    it(`a peer seen at ${seenAt ?? 'an unknown place'} may name ${scopes.join(', ')}`, () => {
      const wanted = scopes.flatMap(scope => known[scope])
      expect(sharedAddresses(all, seenAt === undefined ? undefined : Multiaddr.parse(seenAt)).map(String)).to.have.members(wanted.map(text => Multiaddr.parse(text).toString()))
    })
  }
})
