import { Multiaddr } from '../../messages/value/multiaddr.js'
import { PublicKey } from '../../messages/value/keys.js'
import { PeerId } from '../../messages/value/peer-id.js'
import type { ValueForm } from '../../runtime/inspect/capsule-values.js'

const peerId: ValueForm<PeerId> = {
  name: 'peer-id',
  is: value => value instanceof PeerId,
  write: peer => peer.toString(),
  read: text => PeerId.parse(text)
}

const multiaddr: ValueForm<Multiaddr> = {
  name: 'multiaddr',
  is: value => value instanceof Multiaddr,
  write: address => address.toString(),
  read: text => Multiaddr.parse(text)
}

const publicKey: ValueForm<PublicKey> = {
  name: 'public-key',
  is: value => value instanceof PublicKey,
  write: key => Buffer.from(key.toProtobuf()).toString('base64'),
  read (text) {
    const key = PublicKey.decode(Uint8Array.from(Buffer.from(text, 'base64')))
    if (key instanceof PublicKey) return key
    throw new TypeError(`public key: ${key.toString()}`)
  }
}

/** How the values of the network stand in crash capsules: to be given to `replay` for those of a node. Never of private keys. */
export const valueForms: readonly ValueForm[] = [peerId, multiaddr, publicKey]
