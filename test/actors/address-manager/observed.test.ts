/** Whom to believe about our own address (A19). */
import { expect } from 'chai'
import { announced } from '../../../src/actors/address-manager/announce.core.js'
import { ObservedAddresses, type ObservedOptions } from '../../../src/actors/address-manager/observed.core.js'
import type { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import { at, peerOf } from '../network-kit.js'

const lan = '/ip4/192.168.1.5/tcp/4001'
const lan6 = '/ip6/fd00::5/tcp/4001'
const loopback = '/ip4/127.0.0.1/tcp/4001'
const outside = '/ip4/198.51.100.7/tcp/4001'
const mapped = '/ip4/198.51.100.7/tcp/20001'

class Observers {
  readonly core: ObservedAddresses
  private connections = 0

  constructor (options: Partial<ObservedOptions> = {}) {
    this.core = new ObservedAddresses(options)
  }

  /** One connection; returns its name. */
  say (remote: string, seen: string, local = lan): string {
    const connection = `connection ${++this.connections}`
    this.core.observe(connection, { localAddress: at(local), remoteAddress: at(remote) }, at(seen))
    return connection
  }

  believed (...listening: readonly string[]): readonly string[] {
    return this.core.believed(listening.map(at)).map(String)
  }
}

const from = (n: number): string => `/ip4/203.0.${n >>> 8}.${n & 0xff}/tcp/50000`

describe('observed addresses', () => {
  it('are believed when four networks agree', () => {
    const observers = new Observers()
    for (let n = 1; n <= 3; n++) observers.say(from(n), mapped)
    expect(observers.believed(lan)).to.deep.equal([])
    observers.say(from(4), mapped)
    expect(observers.believed(lan, loopback)).to.deep.equal([mapped])
  })

  it('are not believed of one network however many keys and connections it has (A19)', () => {
    const observers = new Observers()
    for (let n = 1; n <= 1000; n++) observers.say('/ip4/203.0.113.9/tcp/' + String(n), mapped)
    for (let n = 1; n <= 1000; n++) observers.say(`/ip6/2001:db8:0:1${(n & 0xff).toString(16).padStart(2, '0')}:${n.toString(16)}::1/tcp/4001`, '/ip6/2001:db8:ffff::1/tcp/4001', lan6)
    expect(observers.believed(lan, lan6)).to.deep.equal([])
    // And they leave room for others.
    expect(observers.core.size).to.be.at.most(32)
    for (let n = 1; n <= 4; n++) observers.say(from(n), outside)
    expect(observers.believed(lan)).to.deep.equal([outside])
  })

  it('of a flood from many networks are the three of most observers for each listen address, bounded', () => {
    const observers = new Observers({ observations: 200 })
    for (let n = 0; n < 2000; n++) observers.say(from(n), `/ip4/198.51.100.${n % 20}/tcp/1`)
    expect(observers.core.size).to.equal(200)
    for (let n = 0; n < 100; n++) observers.say(from(5000 + n), mapped)
    expect(observers.believed(lan)).to.have.length(3)
    expect(observers.believed(lan)[0]).to.equal(mapped)
  })

  it('are by IP alone where we dialed from any port: with the port that we listen on', () => {
    const observers = new Observers()
    for (let n = 1; n <= 4; n++) observers.say(from(n), `/ip4/198.51.100.7/tcp/${30_000 + n}`, '/ip4/192.168.1.5/tcp/51111')
    expect(observers.believed(lan, lan6)).to.deep.equal([outside])
    expect(observers.believed('/ip4/192.168.1.5/tcp/9000/ws')).to.deep.equal(['/ip4/198.51.100.7/tcp/9000/ws'])
    expect(observers.believed('/ip4/192.168.1.5/udp/4001/quic-v1')).to.deep.equal([])
  })

  it('count together when both ways lead to the same', () => {
    const observers = new Observers()
    for (let n = 1; n <= 2; n++) observers.say(from(n), outside)
    for (let n = 3; n <= 4; n++) observers.say(from(n), `/ip4/198.51.100.7/tcp/${30_000 + n}`, '/ip4/192.168.1.5/tcp/51111')
    expect(observers.believed(lan)).to.deep.equal([outside])
  })

  const nothing: ReadonlyArray<readonly [what: string, remote: string, seen: string, local?: string]> = [
    ['private', '/ip4/203.0.113.N/tcp/1', '/ip4/192.168.7.7/tcp/4001'],
    ['loopback', '/ip4/203.0.113.N/tcp/1', '/ip4/127.0.0.1/tcp/4001'],
    ['of another transport', '/ip4/203.0.113.N/tcp/1', '/ip4/198.51.100.7/udp/4001/quic-v1'],
    ['of the other IP', '/ip4/203.0.113.N/tcp/1', '/ip6/2001:db8::1/tcp/4001'],
    ['a relay\'s', '/ip4/203.0.113.N/tcp/1', '/ip4/198.51.100.7/tcp/4001/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5/p2p-circuit'],
    ['seen over a relay', '/ip4/203.0.113.N/tcp/1/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5/p2p-circuit', outside],
    ['seen from our own network', '/ip4/192.168.1.N/tcp/1', outside],
    ['made by NAT64', '/ip6/2001:db8:N::1/tcp/1', '/ip6/64:ff9b::c633:6407/tcp/4001', lan6],
    ['no IP address', '/ip4/203.0.113.N/tcp/1', '/dns4/example.org/tcp/4001'],
    ['of a memory link', '/memory/N', outside, '/memory/99']
  ]
  for (const [what, remote, seen, local] of nothing) {
    it(`mean nothing that are ${what}`, () => {
      const observers = new Observers()
      for (let n = 1; n <= 9; n++) observers.say(remote.replace('N', String(n)), seen, local)
      expect(observers.believed(lan, lan6, '/memory/99')).to.deep.equal([])
    })
  }

  it('are the last word of each, and go a while after their connections', () => {
    const observers = new Observers({ ttlMs: 1000 })
    const connections = [1, 2, 3, 4].map(n => observers.say(from(n), mapped))
    observers.core.observe(connections[0]!, { localAddress: at(lan), remoteAddress: at(from(1)) }, at(outside))
    expect(observers.believed(lan)).to.deep.equal([])
    observers.core.observe(connections[0]!, { localAddress: at(lan), remoteAddress: at(from(1)) }, at(mapped))
    expect(observers.believed(lan)).to.deep.equal([mapped])
    for (const connection of connections) observers.core.ended(connection, 500)
    expect(observers.core.nextTimeout).to.equal(1500)
    observers.core.expire(1499)
    expect(observers.believed(lan)).to.deep.equal([mapped])
    observers.core.expire(1500)
    expect([observers.believed(lan), observers.core.size]).to.deep.equal([[], 0])
  })
})

describe('announced addresses', () => {
  const told = (options: Record<string, readonly string[]>, listening: readonly string[] = [lan, loopback], observed: readonly string[] = [outside]): readonly string[] =>
    announced(listening.map(at), observed.map(at), Object.fromEntries(Object.entries(options).map(([name, list]) => [name, list.map(at)])) as Record<string, readonly Multiaddr[]>).map(String)

  it('are where we listen and where we are seen, each once, without the peer', () => {
    expect(told({}, [lan, `${lan}/p2p/${peerOf(1).toString()}`, outside])).to.deep.equal([lan, outside])
  })

  it('are replaced by announce, and added to by appendAnnounce', () => {
    expect(told({ announce: ['/dns4/a.example/tcp/1'] })).to.deep.equal(['/dns4/a.example/tcp/1'])
    expect(told({ appendAnnounce: ['/dns4/a.example/tcp/1'] })).to.deep.equal([lan, loopback, outside, '/dns4/a.example/tcp/1'])
  })

  it('are never those of noAnnounce: one, all that begin like it, or a network', () => {
    expect(told({ noAnnounce: [outside] })).to.deep.equal([lan, loopback])
    expect(told({ noAnnounce: ['/ip4/192.168.1.5'] })).to.deep.equal([loopback, outside])
    expect(told({ noAnnounce: ['/ip4/192.168.0.0/ipcidr/16', '/ip4/127.0.0.0/ipcidr/8'] })).to.deep.equal([outside])
    expect(told({ noAnnounce: ['/ip4/192.168.0.0/ipcidr/23'] })).to.deep.equal([loopback, outside])
    expect(told({ noAnnounce: ['/ip4/192.168.0.0/ipcidr/24'] })).to.deep.equal([lan, loopback, outside])
    expect(told({ noAnnounce: ['/ip6/::/ipcidr/0'] }, [lan6, lan], [])).to.deep.equal([lan])
  })
})
