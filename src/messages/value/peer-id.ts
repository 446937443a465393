import type { CryptoProvider } from '../../runtime/crypto/provider.js'
import { DecodeFailure } from '../wire/failure.js'
import { readVarint, varintLength } from '../wire/varint.js'
import { concat, pack, sameBytes, unpack, type Packed } from './bytes.js'
import { PublicKey } from './keys.js'
import type { BaseName } from './multibase.js'
import { decodeBase58, decodeMultibase, encodeBase58, encodeMultibase } from './multibase.js'

/**
 * Who a peer is: the multihash of its public key (libp2p/specs peer-ids, RFC 0001). Keys of at most 42 bytes (Ed25519,
 * secp256k1) stand in it as they are, others (RSA, ECDSA) as their SHA-256.
 *
 * Written `12D3Koo…`, `16Uiu2…` or `Qm…`: base 58 of the multihash. Also read as a CID (codec libp2p-key) in any base.
 * Immutable; equal peers have equal texts, so the text is the key of a map.
 */
export class PeerId {
  readonly #multihash: Packed
  #text: string | undefined
  /** Where the id holds it; undefined when nobody has asked yet, null when there is none. */
  #publicKey: PublicKey | null | undefined

  private constructor (multihash: Uint8Array) {
    this.#multihash = pack(multihash)
  }

  /** The binary form, that of the wire: the bare multihash. Copies. */
  static decode (bytes: Uint8Array): PeerId | DecodeFailure {
    const fault = faultOf(bytes)
    return fault === undefined ? new PeerId(bytes) : new DecodeFailure(fault, 'peer id')
  }

  /**
   * What a user has typed, in any of the text forms.
   * @throws TypeError that quotes the text
   */
  static parse (text: string): PeerId {
    const multihash = typeof text === 'string' && text.length <= maxTextLetters ? multihashOf(text) : undefined
    if (multihash === undefined || faultOf(multihash) !== undefined) {
      throw new TypeError(`text: no peer id (12D3Koo..., 16Uiu2..., Qm... or a CID of a libp2p key): ${quote(text)}`)
    }
    return new PeerId(multihash)
  }

  static fromPublicKey (key: PublicKey, crypto: CryptoProvider): PeerId {
    const bytes = key.toProtobuf()
    if (bytes.length > maxInlinedBytes) return new PeerId(concat([Uint8Array.of(sha256Code, sha256Bytes), crypto.sha256(bytes)]))
    const peer = new PeerId(concat([Uint8Array.of(identityCode, bytes.length), bytes]))
    peer.#publicKey = key
    return peer
  }

  /** The multihash, made anew. */
  get bytes (): Uint8Array {
    return unpack(this.#multihash)
  }

  /** The key, where the id holds it; undefined for hashed ones, and for ids that hold something else (random ones do). */
  get publicKey (): PublicKey | undefined {
    if (this.#publicKey === undefined) this.#publicKey = inlinedKey(this.bytes) ?? null
    return this.#publicKey ?? undefined
  }

  /** Whether this key's id is this one. If so the key is kept as the one that the id holds, so that there is one of them. */
  matches (key: PublicKey, crypto: CryptoProvider): boolean {
    const own = PeerId.fromPublicKey(key, crypto)
    if (!this.equals(own)) return false
    this.#publicKey ??= own.#publicKey
    return true
  }

  equals (other: PeerId): boolean {
    return this.#multihash === other.#multihash
  }

  /** Base 58. */
  toString (): string {
    this.#text ??= encodeBase58(this.bytes)
    return this.#text
  }

  /** As a CIDv1. @param base default base32 (`bafz…`, for subdomains); base36 (`k51…`) is that of IPNS names */
  toCid (base: BaseName = 'base32'): string {
    return encodeMultibase(base, concat([Uint8Array.of(cidVersion, libp2pKeyCodec), this.bytes]))
  }

  toJSON (): string {
    return this.toString()
  }

  [Symbol.for('nodejs.util.inspect.custom')] (): string {
    return `PeerId(${this.toString()})`
  }
}

const identityCode = 0x00
const sha256Code = 0x12
const sha256Bytes = 32
const maxInlinedBytes = 42

const cidVersion = 1
const libp2pKeyCodec = 0x72

/** The longest, a CID in base 2, has 377. */
const maxTextLetters = 400

/** What is wrong with a multihash as a peer id. Both codes and both lengths are varints of one byte. */
function faultOf (bytes: Uint8Array): 'truncated' | 'too-long' | 'bad-value' | undefined {
  const [code, length] = bytes
  if (code === undefined || length === undefined) return 'truncated'
  if (code !== identityCode && code !== sha256Code) return 'bad-value'
  if (code === sha256Code ? length !== sha256Bytes : length === 0 || length > maxInlinedBytes) return 'bad-value'
  if (bytes.length === 2 + length) return undefined
  return bytes.length < 2 + length ? 'truncated' : 'too-long'
}

/** RFC 0001, "Decoding". */
function multihashOf (text: string): Uint8Array | undefined {
  if (text.startsWith('1') || text.startsWith('Qm')) return decodeBase58(text)
  const cid = decodeMultibase(text)
  if (cid === undefined || readVarint(cid) !== cidVersion) return undefined
  const start = varintLength(cidVersion)
  return readVarint(cid, start) === libp2pKeyCodec ? cid.slice(start + varintLength(libp2pKeyCodec)) : undefined
}

/** Only when the id is the one that the key has: a key can be written in several ways, and has one id. */
function inlinedKey (multihash: Uint8Array): PublicKey | undefined {
  if (multihash[0] !== identityCode) return undefined
  const key = PublicKey.decode(multihash.subarray(2))
  return key instanceof PublicKey && sameBytes(key.toProtobuf(), multihash.subarray(2)) ? key : undefined
}

function quote (text: unknown): string {
  return typeof text === 'string' ? JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text) : typeof text
}
