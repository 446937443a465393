import { expect } from 'chai'
import { makeAnnouncement, saysTheSame, type Identity } from '../../../src/actors/identify/announcement.core.js'
import type { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import { openPeerRecord, type SignedPeerRecord } from '../../../src/messages/value/peer-record.js'
import { DecodeFailure } from '../../../src/messages/wire/failure.js'
import type { Identify } from '../../../src/messages/wire/identify.js'
import { envelopes, identifyMessage, recordAddresses, recordSeq } from '../../wire/fixtures.js'
import { hex, toHex } from '../../wire/kit.js'
import { address, crypto, decoded, person, us } from './stage.js'

const identity: Identity = { key: us.key, crypto, agentVersion: 'js-libp2p/3.1.0', protocolVersion: 'ipfs/0.1.0' }
const seen = address('/ip4/203.0.113.7/tcp/50505')
const list = (count: number): readonly Multiaddr[] => Array.from({ length: count }, (_, n) => address(`/ip6/2001:db8::${n.toString(16)}/udp/4001/quic-v1`))

function record ({ signedPeerRecord }: Identify): SignedPeerRecord {
  const signed = openPeerRecord(signedPeerRecord!, crypto)
  if (signed instanceof DecodeFailure) throw new Error(signed.toString())
  return signed
}

describe('identify, what we say', () => {
  it('is what js-libp2p would say in our place', () => {
    const { messageFor } = makeAnnouncement(identity, recordAddresses.map(address), ['/ipfs/id/1.0.0', '/ipfs/ping/1.0.0'], recordSeq)
    const message = decoded(messageFor(seen))
    expect(message).to.deep.equal(decoded(hex(identifyMessage)))
    expect(toHex(message.signedPeerRecord!)).to.equal(envelopes.Ed25519)
  })

  it('tells each peer where we see it', () => {
    const { messageFor } = makeAnnouncement(identity, [], [], 1n)
    for (const observed of [seen, address('/dns4/example.com/tcp/1')]) expect(decoded(messageFor(observed)).observedAddr).to.deep.equal(observed.bytes)
  })

  it('has everything in it while there is room', () => {
    const protocols = Array.from({ length: 20 }, (_, n) => `/protocol/${n}`)
    const announcement = makeAnnouncement(identity, list(40), protocols, 5n)
    const message = decoded(announcement.messageFor(seen))
    expect(message.listenAddrs.length).to.equal(40)
    expect(message.protocols).to.deep.equal(protocols)
    expect(announcement.protocolsLeftOut).to.equal(0)
    expect(record(message).record.addresses.length).to.equal(40)
    expect(record(message).record.seq).to.equal(5n)
  })

  it('is never longer than 4,096 bytes, and never without a valid record, whatever key, addresses and protocols', () => {
    const protocols = (count: number): string[] => Array.from({ length: count }, (_, n) => `/some/protocol/${n}`)
    // That of the spec has 4,096 bits.
    for (const { key } of [us, person('secp256k1'), person('ECDSA'), person('RSA')]) {
      for (const addresses of [0, 1, 20, 60, 200]) {
        for (const count of [0, 10, 60]) {
          const announcement = makeAnnouncement({ ...identity, key }, list(addresses), protocols(count), 9n)
          const bytes = announcement.messageFor(seen)
          expect(bytes.length).to.be.at.most(4096)
          const message = decoded(bytes)
          expect(announcement.protocolsLeftOut).to.equal(0)
          expect(message.protocols.length).to.equal(count)
          expect(record(message).record.addresses.length).to.be.at.least(Math.min(addresses, 15))
        }
      }
    }
  })

  it('keeps the addresses that come first', () => {
    const announcement = makeAnnouncement(identity, list(200), [], 9n)
    const { addresses } = record(decoded(announcement.messageFor(seen))).record
    expect(addresses.map(String)).to.deep.equal(list(200).slice(0, addresses.length).map(String))
  })

  it('leaves out the last protocols when there are too many, and says how many', () => {
    const protocols = Array.from({ length: 400 }, (_, n) => `/some/protocol/${n}`)
    const announcement = makeAnnouncement(identity, list(3), protocols, 9n)
    const message = decoded(announcement.messageFor(seen))
    expect(announcement.protocolsLeftOut).to.be.above(0)
    expect(message.protocols).to.deep.equal(protocols.slice(0, 400 - announcement.protocolsLeftOut))
  })

  it('does not mention an address that is longer than the rest together', () => {
    const long = address(`/dns4/${'x'.repeat(60)}${'.y'.repeat(90)}/tcp/1/http-path/${'z'.repeat(300)}`)
    expect(decoded(makeAnnouncement(identity, [], [], 1n).messageFor(long)).observedAddr).to.equal(undefined)
  })

  it('is the same as before when both lists are', () => {
    const announcement = makeAnnouncement(identity, list(2), ['/a'], 1n)
    expect(saysTheSame(announcement, list(2), ['/a'])).to.equal(true)
    for (const [addresses, protocols] of [[list(1), ['/a']], [list(3), ['/a']], [list(2), []], [list(2), ['/b']], [[...list(2)].reverse(), ['/a']]] as const) {
      expect(saysTheSame(announcement, addresses, protocols)).to.equal(false)
    }
  })
})
