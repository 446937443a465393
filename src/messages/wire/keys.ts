/**
 * Keys as protobuf (libp2p/specs peer-ids, "Keys"): `PublicKey` and `PrivateKey` have the same two fields, both always
 * written, so that equal keys have equal bytes. What `data` holds depends on the type; `value/key-forms.ts` knows.
 */
import type { KeyType } from '../../runtime/crypto/provider.js'
import { DecodeFailure } from './failure.js'
import { ProtobufReader } from './protobuf-reader.js'
import { ProtobufWriter } from './protobuf-writer.js'

export interface KeyMessage {
  readonly type: KeyType
  readonly data: Uint8Array
}

/** An RSA key of 8,192 bits takes 1,062 bytes; no other kind comes near. */
export const maxPublicKeyBytes = 1200
/** An RSA key of 8,192 bits takes some 4,700 bytes. */
export const maxPrivateKeyBytes = 6000

/** At its number. */
const types: readonly KeyType[] = ['RSA', 'Ed25519', 'secp256k1', 'ECDSA']

export function encodeKey ({ type, data }: KeyMessage): Uint8Array {
  return new ProtobufWriter().uint32(1, types.indexOf(type)).bytes(2, data).finish()
}

/** Also accepts encodings that are not the deterministic one, as go does; compare keys, not their bytes. */
export function decodePublicKey (bytes: Uint8Array): KeyMessage | DecodeFailure {
  return decode('PublicKey', bytes, maxPublicKeyBytes)
}

export function decodePrivateKey (bytes: Uint8Array): KeyMessage | DecodeFailure {
  return decode('PrivateKey', bytes, maxPrivateKeyBytes)
}

function decode (what: string, bytes: Uint8Array, maxBytes: number): KeyMessage | DecodeFailure {
  const reader = new ProtobufReader(what, bytes, maxBytes)
  let number: number | undefined
  let data: Uint8Array | undefined
  while (reader.next()) {
    switch (reader.field) {
      case 1: number = reader.uint32('Type'); break
      case 2: data = reader.bytes('Data', maxBytes); break
    }
  }
  if (reader.failure !== undefined) return reader.failure
  if (number === undefined || data === undefined) return new DecodeFailure('missing', `${what}.${number === undefined ? 'Type' : 'Data'}`)
  const type = types[number]
  return type === undefined ? new DecodeFailure('unknown-type', `${what}.Type`) : { type, data }
}
