/** The one message of plaintext 2.0 (libp2p/specs plaintext/README.md "Messages"), sent by each side behind its length. */
import { DecodeFailure } from './failure.js'
import { ProtobufReader } from './protobuf-reader.js'
import { ProtobufWriter } from './protobuf-writer.js'

export const plaintextProtocol = '/plaintext/2.0.0'

/** Longest `Exchange`: an RSA key of 8,192 bits takes 1.1 KiB. go takes 64 KiB, rust only 100 bytes, so no RSA key at all. */
export const maxExchangeBytes = 2048

export interface Exchange {
  /** Multihash of the peer id. */
  readonly id: Uint8Array
  /** A `PublicKey` protobuf. */
  readonly publicKey: Uint8Array
}

export function encodeExchange (exchange: Exchange): Uint8Array {
  return new ProtobufWriter().bytes(1, exchange.id).bytes(2, exchange.publicKey).finish()
}

export function decodeExchange (bytes: Uint8Array): Exchange | DecodeFailure {
  const reader = new ProtobufReader('Exchange', bytes, maxExchangeBytes)
  let id: Uint8Array | undefined
  let publicKey: Uint8Array | undefined
  while (reader.next()) {
    if (reader.field === 1) id = reader.bytes('id', maxExchangeBytes)
    else if (reader.field === 2) publicKey = reader.bytes('pubkey', maxExchangeBytes)
  }
  if (reader.failure !== undefined) return reader.failure
  if (id === undefined) return new DecodeFailure('missing', 'Exchange.id')
  if (publicKey === undefined) return new DecodeFailure('missing', 'Exchange.pubkey')
  return { id, publicKey }
}
