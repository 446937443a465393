/**
 * Multibase: bytes as text whose first letter names the alphabet (multiformats/multibase). The alphabets are those of the
 * library multiformats, one file each: 10 ms at start on Node 20, against 37 for `multiformats/basics`. Not here: `identity`,
 * which is no text, base256emoji, and the reserved ones.
 */
import { base10 } from 'multiformats/bases/base10'
import { base16, base16upper } from 'multiformats/bases/base16'
import { base2 } from 'multiformats/bases/base2'
import {
  base32, base32hex, base32hexpad, base32hexpadupper, base32hexupper, base32pad, base32padupper, base32upper, base32z
} from 'multiformats/bases/base32'
import { base36, base36upper } from 'multiformats/bases/base36'
import { base58btc, base58flickr } from 'multiformats/bases/base58'
import { base64, base64pad, base64url, base64urlpad } from 'multiformats/bases/base64'
import { base8 } from 'multiformats/bases/base8'
import { flat } from '../../runtime/flat.js'

export type BaseName =
  | 'base2' | 'base8' | 'base10' | 'base16' | 'base16upper'
  | 'base32' | 'base32upper' | 'base32pad' | 'base32padupper' | 'base32hex' | 'base32hexupper' | 'base32hexpad'
  | 'base32hexpadupper' | 'base32z' | 'base36' | 'base36upper' | 'base58btc' | 'base58flickr'
  | 'base64' | 'base64pad' | 'base64url' | 'base64urlpad'

interface Codec {
  readonly name: string
  readonly prefix: string
  encode (bytes: Uint8Array): string
  decode (text: string): Uint8Array
}

const codecs: Readonly<Record<BaseName, Codec>> = {
  base2, base8, base10, base16, base16upper,
  base32, base32upper, base32pad, base32padupper, base32hex, base32hexupper, base32hexpad, base32hexpadupper, base32z,
  base36, base36upper, base58btc, base58flickr, base64, base64pad, base64url, base64urlpad
}

/** Decoding base 58, 36 and 10 takes quadratic time, so nothing longer is tried: a CID in base 2 has 340 letters. */
export const maxMultibaseLetters = 512

const byPrefix: ReadonlyMap<string, Codec> = new Map(
  Object.values(codecs).map(codec => [codec.prefix, codec])
)

/** @throws RangeError for bytes whose text would be too long to be read again */
export function encodeMultibase (base: BaseName, bytes: Uint8Array): string {
  const text = codecs[base].encode(bytes)
  if (text.length > maxMultibaseLetters) throw new RangeError(`bytes: ${bytes.length} are too many for ${base}`)
  return text
}

/** Undefined when the first letter names no base, another is not of its alphabet, or there are too many. */
export function decodeMultibase (text: string): Uint8Array | undefined {
  const codec = byPrefix.get(text.charAt(0))
  if (codec === undefined || text.length > maxMultibaseLetters) return undefined
  return quietly(() => codec.decode(text))
}

/** Base 58 without its letter, as peer ids are written. */
export function encodeBase58 (bytes: Uint8Array): string {
  return flat(base58btc.baseEncode(bytes))
}

export function decodeBase58 (text: string): Uint8Array | undefined {
  if (text.length > maxMultibaseLetters) return undefined
  return quietly(() => base58btc.baseDecode(text))
}

/** A library's refusal as a value. */
function quietly (decode: () => Uint8Array): Uint8Array | undefined {
  try {
    return decode()
  } catch {
    return undefined
  }
}
