import type { CryptoProvider } from '../../runtime/crypto/provider.js'
import { decodeEnvelope, encodeEnvelope } from '../wire/envelope.js'
import { DecodeFailure } from '../wire/failure.js'
import { prefixLength } from '../wire/varint.js'
import { concat, sameBytes } from './bytes.js'
import type { PrivateKey } from './keys.js'
import { PublicKey } from './keys.js'

/** What is to be signed: a record of one kind, for one purpose. */
export interface Signable {
  /** Keeps a signature from being valid for another purpose; never travels. */
  readonly domain: string
  readonly payloadType: Uint8Array
  readonly payload: Uint8Array
}

/**
 * A record and its signature, with the key to check it (libp2p/specs RFC 0002). One that was decoded proves nothing until
 * `verify` has said yes, for the domain that the reader expects; only then may the payload be read. Immutable.
 */
export class Envelope {
  readonly publicKey: PublicKey
  /** Must not be changed, as all bytes here. */
  readonly payloadType: Uint8Array
  readonly payload: Uint8Array
  readonly signature: Uint8Array

  private constructor (publicKey: PublicKey, payloadType: Uint8Array, payload: Uint8Array, signature: Uint8Array) {
    this.publicKey = publicKey
    this.payloadType = payloadType
    this.payload = payload
    this.signature = signature
  }

  /** Copies: an envelope is kept for as long as the peer is known. */
  static decode (bytes: Uint8Array): Envelope | DecodeFailure {
    const message = decodeEnvelope(bytes)
    if (message instanceof DecodeFailure) return message
    const publicKey = PublicKey.decode(message.publicKey)
    if (publicKey instanceof DecodeFailure) return publicKey
    return new Envelope(publicKey, new Uint8Array(message.payloadType), new Uint8Array(message.payload), new Uint8Array(message.signature))
  }

  static sign (what: Signable, key: PrivateKey, crypto: CryptoProvider): Envelope {
    return new Envelope(key.publicKey, what.payloadType, what.payload, key.sign(crypto, signedBytes(what)))
  }

  /** Whether the key in it has signed it, for this domain. */
  verify (domain: string, crypto: CryptoProvider): boolean {
    return this.publicKey.verify(crypto, signedBytes({ domain, payloadType: this.payloadType, payload: this.payload }), this.signature)
  }

  encode (): Uint8Array {
    const { publicKey, payloadType, payload, signature } = this
    return encodeEnvelope({ publicKey: publicKey.toProtobuf(), payloadType, payload, signature })
  }

  equals (other: Envelope): boolean {
    return this.publicKey.equals(other.publicKey) && sameBytes(this.payloadType, other.payloadType)
      && sameBytes(this.payload, other.payload) && sameBytes(this.signature, other.signature)
  }
}

/** RFC 0002, "Signature Production / Verification": each part behind its length, so that none can flow into the next. */
function signedBytes ({ domain, payloadType, payload }: Signable): Uint8Array {
  return concat([new TextEncoder().encode(domain), payloadType, payload].map(prefixLength))
}
