import type { CryptoProvider, KeyType, PrivateKeyMaterial, PublicKeyMaterial, SigningKey, VerifyingKey } from '../../runtime/crypto/provider.js'
import { DecodeFailure } from '../wire/failure.js'
import { decodePrivateKey, decodePublicKey, encodeKey } from '../wire/keys.js'
import { pack, unpack, type Packed } from './bytes.js'
import type { PrivateForm } from './key-forms.js'
import { pkcs8, privateData, publicData, publicSpki, readPkcs1, readPkcs8, readPrivateData, readPublicData, readPublicSpki, readSec1 } from './key-forms.js'
import { decodePem, encodePem } from './pem.js'

export type { KeyType } from '../../runtime/crypto/provider.js'

/** Node calls it when a value is printed. */
const inspect = Symbol.for('nodejs.util.inspect.custom')

/** What an identity key verifies with. Immutable; equal keys have equal bytes. */
export class PublicKey {
  readonly type: KeyType
  /** As `toRaw` gives it. */
  readonly #raw: Packed

  private constructor (material: PublicKeyMaterial) {
    this.type = material.type
    this.#raw = pack(publicData(material))
  }

  /** A `PublicKey` message, from anywhere. That its point lies on the curve shows when it verifies something. */
  static decode (bytes: Uint8Array): PublicKey | DecodeFailure {
    const message = decodePublicKey(bytes)
    if (message instanceof DecodeFailure) return message
    const material = readPublicData(message.type, message.data)
    return material === undefined ? new DecodeFailure('bad-value', `PublicKey.Data of ${message.type}`) : new PublicKey(material)
  }

  /**
   * @param raw the `Data` of the libp2p message: 32 bytes of Ed25519, 33 of secp256k1, SPKI of ECDSA and RSA
   * @throws TypeError when it is no such key
   */
  static fromRaw (type: KeyType, raw: Uint8Array): PublicKey {
    const material = readPublicData(type, raw)
    if (material === undefined) throw new TypeError(`raw: no public key of type ${type}`)
    return new PublicKey(material)
  }

  static fromMaterial (material: PublicKeyMaterial): PublicKey {
    return new PublicKey(material)
  }

  /** @throws TypeError unless the text has a block `PUBLIC KEY` with a key of ours */
  static fromPem (text: string): PublicKey {
    const pem = decodePem(text)
    const material = pem?.label === 'PUBLIC KEY' ? readPublicSpki(pem.bytes) : undefined
    if (material === undefined) throw new TypeError(`text: no PEM block PUBLIC KEY with a key of type ${typeNames}`)
    return new PublicKey(material)
  }

  /** The `PublicKey` message, in its one deterministic form: what peer ids are made of. */
  toProtobuf (): Uint8Array {
    return encodeKey({ type: this.type, data: this.toRaw() })
  }

  /** As `fromRaw` reads it. */
  toRaw (): Uint8Array {
    return unpack(this.#raw)
  }

  toPem (): string {
    return encodePem({ label: 'PUBLIC KEY', bytes: publicSpki(this.#material) })
  }

  /** False for a signature that does not fit, and for a key that is no point of its curve. */
  verify (crypto: CryptoProvider, message: Uint8Array, signature: Uint8Array): boolean {
    return this.#verifyingKey(crypto)?.verify(message, signature) ?? false
  }

  equals (other: PublicKey): boolean {
    return this.type === other.type && this.#raw === other.#raw
  }

  get #material (): PublicKeyMaterial {
    const material = readPublicData(this.type, this.toRaw())
    if (material === undefined) throw new Error(`a public key of type ${this.type} cannot read itself`)
    return material
  }

  #verifyingKey (crypto: CryptoProvider): VerifyingKey | undefined {
    let keys = imported.get(crypto)
    if (keys === undefined) {
      keys = new Map()
      imported.set(crypto, keys)
    }
    const name = `${this.type} ${this.#raw}`
    if (keys.has(name)) return keys.get(name)
    const key = crypto.importPublicKey(this.#material)
    const [oldest] = keys.keys()
    if (keys.size >= mostImported && oldest !== undefined) keys.delete(oldest)
    keys.set(name, key)
    return key
  }

  toJSON (): { readonly type: KeyType, readonly publicKey: string } {
    return { type: this.type, publicKey: hex(this.toProtobuf()) }
  }

  [inspect] (): string {
    return `PublicKey(${this.type} ${hex(this.toProtobuf().subarray(-8))})`
  }
}

/**
 * The keys that verified something last, as their provider wants them: a kilobyte each outside of the heap, too much for every
 * peer that we know. The handshake with a peer and its signed record, which need the same one, are close together.
 */
const imported = new WeakMap<CryptoProvider, Map<string, VerifyingKey | undefined>>()
const mostImported = 64

/**
 * A node's identity. It prints and serialises as its type only; the private bytes leave through `toProtobuf`, `toRaw` and
 * `toPem`, which say so by their names.
 */
export class PrivateKey {
  readonly type: KeyType
  readonly publicKey: PublicKey
  readonly #material: PrivateKeyMaterial
  readonly #publicMaterial: PublicKeyMaterial
  #signing: { readonly crypto: CryptoProvider, readonly key: SigningKey }

  private constructor (crypto: CryptoProvider, material: PrivateKeyMaterial) {
    const key = crypto.importPrivateKey(material)
    this.type = material.type
    this.publicKey = PublicKey.fromMaterial(key.publicKey)
    this.#material = material
    this.#publicMaterial = key.publicKey
    this.#signing = { crypto, key }
  }

  /**
   * A fresh key.
   *
   * @param options.entropy 32 bytes that make it repeatable; not for RSA
   * @param options.bits of RSA only, default 2048: more is slower for everybody who verifies, and fills an identify message
   */
  static generate (type: KeyType, crypto: CryptoProvider, options: { readonly entropy?: Uint8Array, readonly bits?: number } = {}): PrivateKey {
    if (!isKeyType(type)) throw new TypeError(`type: must be ${typeNames}; got ${String(type)}`)
    if (type !== 'RSA') return new PrivateKey(crypto, crypto.generateKey(type, options.entropy))
    if (options.entropy !== undefined) throw new TypeError('options.entropy: RSA keys cannot be made from a seed')
    return new PrivateKey(crypto, crypto.generateKey('RSA', options.bits ?? 2048))
  }

  /**
   * A `PrivateKey` message, as libp2p implementations store it.
   * @throws TypeError when it is none, or its halves do not belong together; CryptoError where the provider can tell that
   *   there is no such key (a scalar out of range, RSA parts that do not fit), or cannot use keys of this type
   */
  static fromProtobuf (bytes: Uint8Array, crypto: CryptoProvider): PrivateKey {
    const message = decodePrivateKey(bytes)
    if (message instanceof DecodeFailure) throw new TypeError(`bytes: ${message.toString()}`)
    return PrivateKey.fromRaw(message.type, message.data, crypto)
  }

  /**
   * @param raw the `Data` of the libp2p message: 64 bytes of Ed25519, 32 of secp256k1, SEC1 of ECDSA, PKCS#1 of RSA
   * @throws TypeError, CryptoError as `fromProtobuf`
   */
  static fromRaw (type: KeyType, raw: Uint8Array, crypto: CryptoProvider): PrivateKey {
    return PrivateKey.#fromForm(isKeyType(type) ? readPrivateData(type, raw) : undefined, crypto, `raw: no private key of type ${type}`)
  }

  /**
   * The first block `PRIVATE KEY`, `EC PRIVATE KEY` or `RSA PRIVATE KEY` of a text.
   * @throws TypeError, CryptoError as `fromProtobuf`
   */
  static fromPem (text: string, crypto: CryptoProvider): PrivateKey {
    const pem = decodePem(text)
    if (pem?.label === 'ENCRYPTED PRIVATE KEY') throw new TypeError('text: the key is encrypted; decrypt it first')
    const read = pem === undefined ? undefined : pemReaders.get(pem.label)
    return PrivateKey.#fromForm(pem && read?.(pem.bytes), crypto, `text: no PEM block PRIVATE KEY with a key of type ${typeNames}`)
  }

  /** @throws TypeError with this text when there is no key, and when the public half in a file is not the private one's */
  static #fromForm (form: PrivateForm | undefined, crypto: CryptoProvider, text: string): PrivateKey {
    if (form === undefined) throw new TypeError(text)
    const key = new PrivateKey(crypto, form.key)
    const { publicPoint } = form
    // Signing with a foreign public half would give away an Ed25519 key.
    if (publicPoint !== undefined && !key.publicKey.equals(PublicKey.fromMaterial({ type: key.type, point: publicPoint } as PublicKeyMaterial))) {
      throw new TypeError(`${text}: its public half is not that of its private half`)
    }
    return key
  }

  /** As long as the modulus for RSA, 64 bytes for Ed25519, DER of at most 72 for the others. */
  sign (crypto: CryptoProvider, message: Uint8Array): Uint8Array {
    if (this.#signing.crypto !== crypto) this.#signing = { crypto, key: crypto.importPrivateKey(this.#material) }
    return this.#signing.key.sign(message)
  }

  equals (other: PrivateKey): boolean {
    return this.publicKey.equals(other.publicKey)
  }

  /** Private bytes: the `PrivateKey` message. */
  toProtobuf (): Uint8Array {
    return encodeKey({ type: this.type, data: this.toRaw() })
  }

  /** Private bytes, as `fromRaw` reads them. */
  toRaw (): Uint8Array {
    return privateData(this.#material, this.#publicMaterial)
  }

  /** Private bytes: PKCS#8 in PEM, not encrypted, as OpenSSL reads and writes it. */
  toPem (): string {
    return encodePem({ label: 'PRIVATE KEY', bytes: pkcs8(this.#material, this.#publicMaterial) })
  }

  toJSON (): { readonly type: KeyType, readonly privateKey: 'redacted' } {
    return { type: this.type, privateKey: 'redacted' }
  }

  toString (): string {
    return `PrivateKey(${this.type}, redacted)`
  }

  [inspect] (): string {
    return this.toString()
  }
}

const pemReaders: ReadonlyMap<string, (bytes: Uint8Array) => PrivateForm | undefined> = new Map([
  ['PRIVATE KEY', readPkcs8],
  ['EC PRIVATE KEY', readSec1],
  ['RSA PRIVATE KEY', readPkcs1]
])

const keyTypes: readonly KeyType[] = ['Ed25519', 'secp256k1', 'ECDSA', 'RSA']
const typeNames = keyTypes.join(', ').replace(/, (\w+)$/, ' or $1')

export function isKeyType (text: unknown): text is KeyType {
  return keyTypes.some(type => type === text)
}

function hex (bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}
