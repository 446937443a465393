/** PEM (RFC 7468): base 64 between two lines that say what it is. */
import { base64pad } from 'multiformats/bases/base64'

/** A file with the largest RSA key has 6,400 letters. */
const maxPemLetters = 16_384

export interface Pem {
  /** `PRIVATE KEY`. */
  readonly label: string
  readonly bytes: Uint8Array
}

export function encodePem ({ label, bytes }: Pem): string {
  const lines = base64pad.baseEncode(bytes).match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** The first block of a text, and nothing of what stands around it. Undefined when there is none that is whole. */
export function decodePem (text: string): Pem | undefined {
  if (text.length > maxPemLetters) return undefined
  const found = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----/.exec(text)
  const [, label, body] = found ?? []
  if (label === undefined || body === undefined) return undefined
  try {
    return { label, bytes: base64pad.baseDecode(body.replace(/\s+/g, '')) }
  } catch {
    return undefined
  }
}
