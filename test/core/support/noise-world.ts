import { NoiseHandshakeCore, noiseSignatureInput, type NoiseHandshakeOptions } from '../../../src/actors/security/noise/noise-handshake.core.js'
import type { HandshakeEvent } from '../../../src/actors/contract/security.js'
import { PrivateKey } from '../../../src/messages/value/keys.js'
import { PeerId } from '../../../src/messages/value/peer-id.js'
import { BufferPool } from '../../../src/runtime/bytes/pool.js'
import { nodeCrypto } from '../../../src/runtime/crypto/node.js'
import type { CryptoProvider, KeyType } from '../../../src/runtime/crypto/provider.js'
import { cheapCrypto, cheapSignature } from './cheap-crypto.js'
import { Pair } from './pair.js'

/** 32 bytes that are the same in every run. */
export function entropy (n: number): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => (n * 37 + i * 11 + 1) & 0xff)
}

/** All that one side of a handshake has, the same in every run. */
export class Party {
  readonly key: PrivateKey
  readonly peer: PeerId
  readonly options: NoiseHandshakeOptions

  constructor (n: number, initiator: boolean, more: Partial<NoiseHandshakeOptions> & { readonly keyType?: KeyType } = {}) {
    const { keyType = 'Ed25519', ...options } = more
    const crypto: CryptoProvider = options.crypto ?? nodeCrypto
    this.key = PrivateKey.generate(keyType, nodeCrypto, keyType === 'RSA' ? {} : { entropy: entropy(n) })
    this.peer = PeerId.fromPublicKey(this.key.publicKey, nodeCrypto)
    const staticKey = crypto.importX25519(entropy(n + 100))
    this.options = {
      crypto,
      initiator,
      staticKey,
      ephemeralKey: crypto.importX25519(entropy(n + 200)),
      identity: { key: this.key.publicKey.toProtobuf(), signature: this.sign(noiseSignatureInput(staticKey.publicKey), crypto) },
      pool: new BufferPool(65_536),
      muxers: ['/yamux/1.0.0'],
      deadline: 5000,
      ...options
    }
  }

  private sign (message: Uint8Array, crypto: CryptoProvider): Uint8Array {
    return crypto === cheapCrypto ? cheapSignature(message) : this.key.sign(crypto, message)
  }

  core (): NoiseHandshakeCore {
    return new NoiseHandshakeCore(this.options)
  }
}

export type NoisePair = Pair<HandshakeEvent, NoiseHandshakeCore, NoiseHandshakeCore>

export function shakeHands (alice: Party, bob: Party, split: number | ((bytes: Uint8Array) => readonly Uint8Array[]) = Infinity): NoisePair {
  return new Pair<HandshakeEvent, NoiseHandshakeCore, NoiseHandshakeCore>(alice.core(), bob.core(), split).start().run()
}

/** An event without what differs between equal ones. */
export function plainEvent (event: HandshakeEvent): unknown {
  const { certificateHashes, muxer, remoteKey, remotePeer } = event
  return { peer: remotePeer.toString(), type: remoteKey.type, muxer, certificateHashes: certificateHashes.map(hash => [...hash]) }
}
