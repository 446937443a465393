/**
 * - `crypto/invalid-argument`: a length or a number that no correct program passes.
 * - `crypto/invalid-key`: private key material that is no key: out of range, or its parts do not belong together.
 * - `crypto/nonce-exhausted`: this key has sealed all that it may; the connection must end.
 * - `crypto/unsupported`: this provider cannot do that; the text names one that can.
 */
export type CryptoErrorCode = 'crypto/invalid-argument' | 'crypto/invalid-key' | 'crypto/nonce-exhausted' | 'crypto/unsupported'

/** What a provider throws, always for a mistake of our own: what a remote peer gets wrong is a value (see `provider.ts`). */
export class CryptoError extends Error {
  override readonly name = 'CryptoError'
  readonly code: CryptoErrorCode

  constructor (code: CryptoErrorCode, text: string, options?: ErrorOptions) {
    super(text, options)
    this.code = code
  }
}
