/**
 * What the network asks of a crypto library: primitives, all synchronous, with keys as objects that are made once.
 * Types only. `node.ts` is the default, `noble.ts` the portable one and the oracle; a differential test keeps them equal.
 *
 * Rules for every method:
 * - what a remote peer can get wrong (a forged frame, a point off the curve, a bad signature) is a value: `undefined` or
 *   `false`. What only we can get wrong (a length, a used-up nonce, a private key that is none) throws `CryptoError`;
 * - inputs are read and never kept, unless a line says so; outputs are fresh and belong to the caller;
 * - where a simulation must repeat itself, randomness is an argument.
 */
export interface CryptoProvider {
  /** For inspection and bench reports: `node`, `noble`. */
  readonly name: string

  /** So many bytes that nobody can foretell; at most 65,536. */
  randomBytes (length: number): Uint8Array

  /** SHA-256 (32 bytes) of the pieces as if they were one. */
  sha256 (...pieces: readonly Uint8Array[]): Uint8Array

  /**
   * HKDF as Noise 4.3 has it: RFC 5869 with SHA-256, `chainingKey` as salt and empty info.
   * @returns two or three outputs of 32 bytes
   */
  hkdf (chainingKey: Uint8Array, inputKeyMaterial: Uint8Array, outputs: 2): readonly [Uint8Array, Uint8Array]
  hkdf (chainingKey: Uint8Array, inputKeyMaterial: Uint8Array, outputs: 3): readonly [Uint8Array, Uint8Array, Uint8Array]

  /** ChaCha20-Poly1305 (RFC 8439) under one key of 32 bytes. */
  aead (key: Uint8Array): Aead

  /** A fresh X25519 key pair; from these 32 bytes when they are given. */
  generateX25519 (entropy?: Uint8Array): X25519KeyPair

  /** The X25519 key pair of a private key: 32 bytes, clamped when used (RFC 7748, 5). */
  importX25519 (privateKey: Uint8Array): X25519KeyPair

  /** A remote X25519 key, 32 bytes. Any 32 bytes are one (RFC 7748, 5); the bad ones show in `agree`. */
  importX25519Public (publicKey: Uint8Array): X25519PublicKey

  /**
   * A fresh private key. `entropy` (32 bytes, not for RSA) makes it repeatable: Ed25519 takes it as the seed,
   * the two ECDSA curves as the scalar, which must be in range.
   * @throws CryptoError `crypto/unsupported` where the provider cannot make keys of this type
   */
  generateKey (type: Exclude<KeyType, 'RSA'>, entropy?: Uint8Array): PrivateKeyMaterial
  /** An RSA key of so many bits, 2048 to 8192, exponent 65,537. Slow: tens of milliseconds to seconds. */
  generateKey (type: 'RSA', bits: number): PrivateKeyMaterial

  /** @throws CryptoError `crypto/invalid-key`, or `crypto/unsupported` where the provider cannot sign with this type */
  importPrivateKey (key: PrivateKeyMaterial): SigningKey

  /**
   * Undefined: there is no such key, or none that is safe (wrong length, not a point of the curve, an Ed25519 point of small
   * order, RSA outside 2048 to 8192 bits or with an exponent that is even or above 2^31). An Ed25519 key that is no point
   * at all shows only when it verifies nothing.
   */
  importPublicKey (key: PublicKeyMaterial): VerifyingKey | undefined
}

/** The nonce is the 64-bit counter of Noise 5.1: 4 zero bytes, then little-endian; here a whole number below 2^53. */
export interface Aead {
  /**
   * @param plaintext in one piece or several; several are sealed as if they were one (up to 64 KiB together at the price of a copy)
   * @returns ciphertext and tag (16 bytes), to be sent in this order; how it is cut into pieces is the provider's choice
   */
  seal (nonce: number, associatedData: Uint8Array, ...plaintext: readonly Uint8Array[]): readonly Uint8Array[]

  /**
   * @param sealed ciphertext with its tag; only read
   * @returns the plaintext in a fresh buffer, or undefined when the tag does not fit or `sealed` is shorter than a tag
   */
  open (nonce: number, associatedData: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
}

export interface X25519KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** The shared secret, 32 bytes; undefined when it is all zero, which a remote can force by a key of small order (RFC 7748, 6.1). */
  agree (remote: X25519PublicKey): Uint8Array | undefined
}

/** A key that is ready for use. Belongs to the provider that made it. */
export interface X25519PublicKey {
  /** 32 bytes, as they came. */
  readonly publicKey: Uint8Array
}

/** The four kinds of identity key (peer-ids spec). `ECDSA` is the curve P-256, `RSA` is PKCS#1 v1.5; all but Ed25519 hash with SHA-256. */
export type KeyType = 'RSA' | 'Ed25519' | 'secp256k1' | 'ECDSA'

/** Numbers are big-endian. Standard containers (DER, PEM, protobuf) are the business of `messages/value/keys`. */
export type PublicKeyMaterial =
  /** 32 bytes (RFC 8032). */
  | { readonly type: 'Ed25519', readonly point: Uint8Array }
  /** 33 bytes, compressed (SEC 1). */
  | { readonly type: 'secp256k1', readonly point: Uint8Array }
  /** 65 bytes, uncompressed (SEC 1). */
  | { readonly type: 'ECDSA', readonly point: Uint8Array }
  /** Without leading zeros. */
  | { readonly type: 'RSA', readonly n: Uint8Array, readonly e: Uint8Array }

export type PrivateKeyMaterial =
  /** 32 bytes (RFC 8032). */
  | { readonly type: 'Ed25519', readonly seed: Uint8Array }
  /** 32 bytes, 1 to order - 1. */
  | { readonly type: 'secp256k1', readonly scalar: Uint8Array }
  /** 32 bytes, 1 to order - 1. */
  | { readonly type: 'ECDSA', readonly scalar: Uint8Array }
  | RsaPrivateKeyMaterial

/** RFC 8017, 3.2; without leading zeros. */
export interface RsaPrivateKeyMaterial {
  readonly type: 'RSA'
  readonly n: Uint8Array
  readonly e: Uint8Array
  readonly d: Uint8Array
  readonly p: Uint8Array
  readonly q: Uint8Array
  readonly dp: Uint8Array
  readonly dq: Uint8Array
  readonly qi: Uint8Array
}

export interface SigningKey {
  readonly publicKey: PublicKeyMaterial
  /**
   * Ed25519: 64 bytes. ECDSA and secp256k1: DER, low S for secp256k1. RSA: as long as the modulus.
   * The two ECDSA kinds are randomised by OpenSSL and follow RFC 6979 elsewhere; the others always repeat themselves.
   */
  sign (message: Uint8Array): Uint8Array
}

export interface VerifyingKey {
  verify (message: Uint8Array, signature: Uint8Array): boolean
}
