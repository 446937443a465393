/**
 * multistream-select 1.0 on the wire (libp2p/specs connections/README.md "multistream-select", and the README of
 * multiformats/multistream-select): tokens, each `uvarint(length) text \n`, where the length counts the newline.
 */
import { DecodeFailure } from './failure.js'
import { readVarint, varintLength, writeVarint } from './varint.js'

export const multistreamProtocol = '/multistream/1.0.0'

/** Longest token without its length, newline included: go and js accept no longer one. */
export const maxTokenBytes = 1024
/** Longest answer to `ls`: the largest length of two bytes, as rust has it. */
export const maxListBytes = 16_383
/** Most ids in an answer to `ls`, as rust has it. */
export const maxListedProtocols = 1000

/** Not available: the answer to a proposal. */
export const na = 'na'
/** Asks what there is. */
export const ls = 'ls'

const newline = 0x0a
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws RangeError for a text that does not fit, or has a newline in it */
export function encodeToken (text: string): Uint8Array {
  const body = encoder.encode(text)
  if (text.includes('\n')) throw new RangeError('text: must not contain a newline')
  if (body.length + 1 > maxTokenBytes) throw new RangeError(`text: takes ${body.length + 1} bytes; a token has at most ${maxTokenBytes}`)
  return withLength(body)
}

/** The text of a token's body, which must end in its only newline. */
export function decodeToken (body: Uint8Array): string | DecodeFailure {
  const end = body.length - 1
  const first = body.indexOf(newline)
  if (end < 0 || first < 0) return new DecodeFailure('truncated', 'multistream token', body.length)
  if (first !== end) return new DecodeFailure('bad-value', 'multistream token', first)
  // Ids are ASCII, and a strict TextDecoder costs more than the rest of a negotiation.
  let text = ''
  for (let at = 0; at < end; at++) {
    const byte = body[at] ?? 0
    if (byte >= 0x80) return decodeUtf8(body.subarray(0, end))
    text += String.fromCharCode(byte)
  }
  return text
}

function decodeUtf8 (bytes: Uint8Array): string | DecodeFailure {
  try {
    return decoder.decode(bytes)
  } catch {
    return new DecodeFailure('bad-text', 'multistream token')
  }
}

/**
 * The answer to `ls`: one token whose body is `uvarint(length) id \n` of each, and a newline. Those that do not fit are left out.
 */
export function encodeList (protocols: readonly string[]): Uint8Array {
  const parts: Uint8Array[] = []
  let size = 1
  for (const id of protocols.slice(0, maxListedProtocols)) {
    const token = encodeToken(id)
    if (size + token.length > maxListBytes) break
    parts.push(token)
    size += token.length
  }
  const body = new Uint8Array(size - 1)
  let at = 0
  for (const part of parts) {
    body.set(part, at)
    at += part.length
  }
  return withLength(body)
}

/** The ids in the body of an answer to `ls`, at most 1,000. */
export function decodeList (body: Uint8Array): string[] | DecodeFailure {
  const ids: string[] = []
  let at = 0
  while (at < body.length - 1) {
    if (ids.length === maxListedProtocols) return new DecodeFailure('too-many', 'multistream list', at)
    const length = readVarint(body, at)
    if (length < 0) return new DecodeFailure('bad-varint', 'multistream list', at)
    at += varintLength(length)
    if (length > body.length - 1 - at) return new DecodeFailure('truncated', 'multistream list', at)
    const id = decodeToken(body.subarray(at, at + length))
    if (id instanceof DecodeFailure) return id
    ids.push(id)
    at += length
  }
  return body[at] === newline ? ids : new DecodeFailure('truncated', 'multistream list', at)
}

/** `body` and a newline, behind the length of both. */
function withLength (body: Uint8Array): Uint8Array {
  const lengthBytes = varintLength(body.length + 1)
  const token = new Uint8Array(lengthBytes + body.length + 1)
  writeVarint(body.length + 1, token, 0)
  token.set(body, lengthBytes)
  token[token.length - 1] = newline
  return token
}
