import { PrivateKey, type KeyType } from '../../messages/value/keys.js'
import { PeerId } from '../../messages/value/peer-id.js'
import { nodeCrypto } from '../../runtime/crypto/node.js'

export interface KeyPairOptions {
  /** Of an RSA key: 2,048 to 8,192. Default 2,048. */
  readonly bits?: number
}

/** A fresh identity. @throws TypeError for a type that there is none of, RangeError for bits out of range */
export async function generateKeyPair (type: KeyType = 'Ed25519', options: KeyPairOptions = {}): Promise<PrivateKey> {
  return PrivateKey.generate(type, nodeCrypto, options)
}

/**
 * A private key from a file or another libp2p: PEM, the libp2p protobuf as bytes, or that in base64.
 * @throws TypeError when it is none of these
 */
export async function importKey (key: Uint8Array | string): Promise<PrivateKey> {
  const text = typeof key === 'string' ? key : asText(key)
  if (text?.includes('-----BEGIN') === true) return PrivateKey.fromPem(text, nodeCrypto)
  if (text !== undefined && /^[A-Za-z0-9+/\s]+=*\s*$/.test(text)) return PrivateKey.fromProtobuf(Uint8Array.from(Buffer.from(text, 'base64')), nodeCrypto)
  if (typeof key === 'string') throw new TypeError('key: neither PEM nor base64 of a libp2p private key')
  return PrivateKey.fromProtobuf(key, nodeCrypto)
}

export function peerIdOf (key: PrivateKey): PeerId {
  return PeerId.fromPublicKey(key.publicKey, nodeCrypto)
}

/** Undefined when it is not plain text: then it is the protobuf itself. */
function asText (bytes: Uint8Array): string | undefined {
  return bytes.every(byte => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127)) ? new TextDecoder().decode(bytes) : undefined
}
