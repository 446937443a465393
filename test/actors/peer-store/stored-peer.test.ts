/** A peer as it lies in a datastore. */
import { expect } from 'chai'
import { PeerBook } from '../../../src/actors/peer-store/peer-book.core.js'
import { peerStoreAges, peerStoreDefaults } from '../../../src/actors/peer-store/peer-limits.core.js'
import { decodeStoredPeer, encodeStoredPeer } from '../../../src/actors/peer-store/stored-peer.core.js'
import type { PeerInfo } from '../../../src/messages/peer-store.js'
import { DecodeFailure } from '../../../src/messages/wire/failure.js'
import { host, peerOf } from '../network-kit.js'

const epoch = 1_700_000_000_000

function full (): PeerInfo {
  const book = new PeerBook(peerStoreDefaults)
  const peer = peerOf(7)
  book.merge(peer, { addresses: [host(1)], source: 'user' }, 1000)
  book.merge(peer, { addresses: [host(2)] }, 1000)
  book.tried(peer, host(3), true, 2000)
  book.tried(peer, host(3), false, 2500)
  book.merge(peer, { record: { seq: 2n ** 60n, envelope: Uint8Array.of(1, 2, 3), addresses: [host(4)] } }, 2600)
  return book.merge(peer, {
    protocols: ['/a', '/b'], agentVersion: 'agent', protocolVersion: 'version',
    metadata: { key: Uint8Array.of(9), none: new Uint8Array(0) }, tags: { 'mine': { value: 5, ttlMs: 1000 }, 'keep-alive': {} }
  }, 3000).info!
}

const decoded = (bytes: Uint8Array, epochMs = epoch, now = 3000): PeerInfo => {
  const info = decodeStoredPeer(bytes, peerStoreAges, epochMs, now)
  if (info instanceof DecodeFailure) throw new Error(info.toString())
  return info
}
const plain = (info: PeerInfo): unknown => ({
  ...info, peer: info.peer.toString(), publicKey: info.publicKey?.toProtobuf(), addresses: info.addresses.map(({ address, ...rest }) => ({ ...rest, address: address.toString() }))
})

describe('a stored peer', () => {
  it('is what it was', () => {
    const info = full()
    expect(plain(decoded(encodeStoredPeer(info, false, epoch)))).to.deep.equal(plain(info))
  })

  it('comes back in the times of the process that reads it', () => {
    const info = decoded(encodeStoredPeer(full(), false, epoch), epoch + 10_000, 5)
    expect(info.updatedAt).to.equal(-7000)
    expect(info.tags.get('mine')?.expiresAt).to.equal(4000 - 10_000)
    expect(info.tags.get('keep-alive')?.expiresAt).to.equal(Infinity)
    expect(info.addresses.find(({ address }) => address.equals(host(3)))).to.include({ reachedAt: -8000, failedAt: -7500 })
  })

  it('that was connected holds as if the connection had ended now, whatever was gossip', () => {
    const info = decoded(encodeStoredPeer(full(), true, epoch), epoch + 10 ** 9, 50)
    const expiry = Object.fromEntries(info.addresses.map(({ source, expiresAt }) => [source, expiresAt]))
    expect(expiry).to.deep.equal({ user: Infinity, connected: 50 + peerStoreAges.connected, identified: 50 + peerStoreAges.identified, gossip: 1000 + peerStoreAges.gossip - 10 ** 9 })
  })

  it('cut at any byte or written over anywhere is an answer, and never a throw', () => {
    const bytes = encodeStoredPeer(full(), false, epoch)
    for (let at = 0; at < bytes.length; at++) {
      decodeStoredPeer(bytes.slice(0, at), peerStoreAges, epoch, 0)
      for (const value of [0, 0x7f, 0xff]) {
        const hurt = bytes.slice()
        hurt[at] = value
        decodeStoredPeer(hurt, peerStoreAges, epoch, 0)
      }
    }
    expect(decodeStoredPeer(new Uint8Array(0), peerStoreAges, epoch, 0)).to.be.instanceOf(DecodeFailure)
  })
})
