/**
 * X25519 on `node:crypto`. All roads lead to the same keys; which is fast and which is safe depends on the Node:
 *
 * **A fresh pair.** On Node 20 the obvious way, `generateKeyPairSync` and JWK export of the public half, can hang the
 * process for ever: `ExportJWKEdKey` holds the key's mutex while it allocates, a collection that starts there destroys the
 * key's generation job, and the job's destructor takes the same mutex. A hang cannot be tested for, so this goes by version:
 * on Node 20 a pair is made of 32 random bytes; no key that Node generated is ever exported. From 22 on generation is safe.
 *
 * **A private key from bytes.** As a JWK it is ten times as fast as from DER on Node 20, but a JWK wants the public half,
 * which we do not have yet. Node 20 to 24 do not look at it, so any 32 bytes do; Node 26 does, and takes DER.
 * That is a feature, so it is tried, once.
 *
 * **Its public half** OpenSSL has computed when it took the private one: reading it as a JWK takes 1 µs, and computing it again, as
 * the private key times the base point, 35. Such a key has no generation job.
 *
 * **A remote key** is imported as a JWK everywhere: 10 µs against 116 µs from DER on Node 20.
 */
import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { base64url, fresh, privateKeyFromSeed } from './node-bytes.js'
import type { X25519KeyPair, X25519PublicKey } from './provider.js'
import { untraced } from './untraced.js'

export interface X25519Ways {
  /** How a fresh pair comes about. `entropy`: from 32 random bytes; `generate`: by Node, with JWK export. */
  readonly fresh: 'entropy' | 'generate'
  /** How private bytes are imported. `jwk` with some public half; `der` (PKCS#8) without. */
  readonly private: 'jwk' | 'der'
}

/** The ways of the Node that runs this. */
export function waysOfThisNode (): X25519Ways {
  return {
    fresh: Number.parseInt(process.versions.node) < 22 ? 'entropy' : 'generate',
    private: takesAnyPublicHalf() ? 'jwk' : 'der'
  }
}

export class NodeX25519 {
  private readonly ways: X25519Ways
  private readonly randomBytes: (length: number) => Uint8Array

  constructor (ways: X25519Ways, randomBytes: (length: number) => Uint8Array) {
    this.ways = ways
    this.randomBytes = randomBytes
  }

  generate (): X25519KeyPair {
    if (this.ways.fresh === 'entropy') return this.fromBytes(this.randomBytes(32))
    const { privateKey, publicKey } = generateKeyPairSync('x25519')
    return new KeyPair(privateKey, publicBytes(publicKey))
  }

  fromBytes (privateBytes: Uint8Array): X25519KeyPair {
    const privateKey = this.ways.private === 'jwk'
      ? privateKeyWith(privateBytes, privateBytes)
      : privateKeyFromSeed('x25519', privateBytes)
    return new KeyPair(privateKey, publicBytes(privateKey))
  }
}

export class RemoteX25519 implements X25519PublicKey {
  readonly publicKey: Uint8Array
  readonly key: KeyObject

  constructor (publicKey: Uint8Array) {
    this.publicKey = new Uint8Array(publicKey)
    this.key = publicKeyObject(publicKey)
  }
}

class KeyPair implements X25519KeyPair {
  readonly publicKey: Uint8Array
  readonly #privateKey: KeyObject

  constructor (privateKey: KeyObject, publicKey: Uint8Array) {
    this.#privateKey = privateKey
    this.publicKey = publicKey
  }

  agree (remote: X25519PublicKey): Uint8Array | undefined {
    const publicKey = remote instanceof RemoteX25519 ? remote.key : publicKeyObject(remote.publicKey)
    try {
      return fresh(diffieHellman({ privateKey: this.#privateKey, publicKey }))
    } catch {
      // OpenSSL fails exactly when the secret is all zero: both keys are X25519 keys by construction.
      return undefined
    }
  }
}

function publicKeyObject (publicKey: Uint8Array): KeyObject {
  return untraced(() => createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x: base64url(publicKey) } }))
}

/** The public half of either half. */
function publicBytes (key: KeyObject): Uint8Array {
  const { x = '' } = key.export({ format: 'jwk' })
  return fresh(Buffer.from(x, 'base64url'))
}

function privateKeyWith (privateBytes: Uint8Array, publicKey: Uint8Array): KeyObject {
  return createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x: base64url(publicKey), d: base64url(privateBytes) } })
}

function takesAnyPublicHalf (): boolean {
  const bytes = new Uint8Array(32).fill(1)
  try {
    privateKeyWith(bytes, bytes)
    return true
  } catch {
    return false
  }
}
