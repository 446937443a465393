/**
 * The protocols that an address is made of (multiformats/multiaddr protocols.csv), and how the value of each is written.
 * Names and numbers are the table's; what a value may be is go-multiaddr's reading of it (`transcoders.go`), where the table
 * says nothing. Two differ on purpose: `memory` is text, as in the table, where go and rust have 64 bits; and text that would
 * reach a terminal (names, paths) has no control characters.
 */
import { base32 } from 'multiformats/bases/base32'
import { base64pad } from 'multiformats/bases/base64'
import { readVarint, varintIncomplete, varintLength } from '../wire/varint.js'
import { DecodeFailure } from '../wire/failure.js'
import { parseIp4, parseIp6, printIp4, printIp6 } from './ip-address.js'
import { decodeMultibase, encodeMultibase } from './multibase.js'
import { PeerId } from './peer-id.js'

export interface AddressProtocol {
  readonly code: number
  readonly name: string
  /** Length of the value in bytes, when it is always the same; `prefixed` when it stands in front. */
  readonly size: number | 'prefixed'
  /** The bytes of a value as text; undefined when there are none. */
  readonly parse: (text: string) => Uint8Array | undefined
  /** The text of valid bytes. */
  readonly print: (bytes: Uint8Array) => string
  /** Whether bytes of the right size are a value. */
  readonly valid: (bytes: Uint8Array) => boolean
  /** The text goes on to the end, slashes and all. */
  readonly path?: true
}

type Form = Omit<AddressProtocol, 'code' | 'name'>

const always = (): boolean => true

const none: Form = { size: 0, parse: text => text === '' ? nothing : undefined, print: () => '', valid: always }
const ip4: Form = { size: 4, parse: parseIp4, print: printIp4, valid: always }
const ip6: Form = { size: 16, parse: parseIp6, print: printIp6, valid: always }
const port: Form = { size: 2, parse: text => number(text, 0xffff, 2), print: bytes => String(toNumber(bytes)), valid: always }
const cidr: Form = { size: 1, parse: text => number(text, 0xff, 1), print: bytes => String(toNumber(bytes)), valid: always }

/** Names and zones: not empty, no slash. */
const text: Form = {
  size: 'prefixed',
  parse: value => encodeText(value),
  print: bytes => decodeText(bytes) ?? '',
  valid: bytes => bytes.length > 0 && !(decodeText(bytes) ?? '/').includes('/')
}

/** A file's path, from its slash on. */
const path: Form = {
  size: 'prefixed',
  path: true,
  parse: value => encodeText(value),
  print: bytes => decodeText(bytes) ?? '',
  valid: bytes => bytes.length > 1 && bytes[0] === slash && bytes[bytes.length - 1] !== slash && decodeText(bytes) !== undefined
}

/** Any bytes, as one segment of a URI (RFC 3986, 3.3; protocols/http-path.md). */
const httpPath: Form = { size: 'prefixed', parse: unescape, print: escape, valid: bytes => bytes.length > 0 }

const peer: Form = {
  size: 'prefixed',
  parse: value => quietly(() => PeerId.parse(value).bytes),
  print: bytes => {
    const id = PeerId.decode(bytes)
    return id instanceof DecodeFailure ? '' : id.toString()
  },
  valid: bytes => PeerId.decode(bytes) instanceof PeerId
}

/** A multihash, in any base; printed in base64url. */
const certhash: Form = {
  size: 'prefixed',
  parse: decodeMultibase,
  print: bytes => encodeMultibase('base64url', bytes),
  valid: bytes => bytes.length <= maxCerthashBytes && isMultihash(bytes)
}

/** Base 32 of so many bytes, a colon and a port. */
const onion = (hostBytes: number): Form => ({
  size: hostBytes + 2,
  parse: value => {
    const [host = '', at = '', ...more] = value.split(':')
    const [hostPart, portPart] = [fromBase32(host.toLowerCase()), number(at, 0xffff, 2)]
    if (hostPart?.length !== hostBytes || portPart === undefined || more.length > 0) return undefined
    return Uint8Array.of(...hostPart, ...portPart)
  },
  print: bytes => `${base32.baseEncode(bytes.subarray(0, hostBytes))}:${toNumber(bytes.subarray(hostBytes))}`,
  valid: bytes => toNumber(bytes.subarray(hostBytes)) !== 0
})

/** I2P writes base 64 with two letters of its own. A destination has at least 386 bytes. */
const garlic64: Form = {
  size: 'prefixed',
  parse: value => quietly(() => base64pad.baseDecode(value.replace(/[+/]/g, '!').replaceAll('-', '+').replaceAll('~', '/'))),
  print: bytes => base64pad.baseEncode(bytes).replaceAll('+', '-').replaceAll('/', '~'),
  valid: bytes => bytes.length >= 386
}

/** A hash of a destination (32 bytes), or what an encrypted one has (35 and more). */
const garlic32: Form = {
  size: 'prefixed',
  parse: fromBase32,
  print: bytes => base32.baseEncode(bytes),
  valid: bytes => bytes.length === 32 || bytes.length >= 35
}

const table: readonly (readonly [number, string, Form])[] = [
  [4, 'ip4', ip4], [6, 'tcp', port], [33, 'dccp', port], [41, 'ip6', ip6], [42, 'ip6zone', text], [43, 'ipcidr', cidr],
  [53, 'dns', text], [54, 'dns4', text], [55, 'dns6', text], [56, 'dnsaddr', text], [132, 'sctp', port], [273, 'udp', port],
  [275, 'p2p-webrtc-star', none], [276, 'p2p-webrtc-direct', none], [277, 'p2p-stardust', none],
  [280, 'webrtc-direct', none], [281, 'webrtc', none], [290, 'p2p-circuit', none], [301, 'udt', none], [302, 'utp', none],
  [400, 'unix', path], [421, 'p2p', peer], [443, 'https', none], [444, 'onion', onion(10)], [445, 'onion3', onion(35)],
  [446, 'garlic64', garlic64], [447, 'garlic32', garlic32], [448, 'tls', none], [449, 'sni', text], [454, 'noise', none],
  [460, 'quic', none], [461, 'quic-v1', none], [465, 'webtransport', none], [466, 'certhash', certhash], [477, 'ws', none],
  [478, 'wss', none], [479, 'p2p-websocket-star', none], [480, 'http', none], [481, 'http-path', httpPath],
  [777, 'memory', text], [0x706c61, 'plaintextv2', none]
]

export const addressProtocols: readonly AddressProtocol[] = table.map(([code, name, form]) => ({ code, name, ...form }))

export const protocolByCode: ReadonlyMap<number, AddressProtocol> = new Map(addressProtocols.map(protocol => [protocol.code, protocol]))

/** `ipfs` is what `p2p` was called. */
export const protocolByName: ReadonlyMap<string, AddressProtocol> = new Map(
  addressProtocols.flatMap(protocol => protocol.name === 'p2p' ? [['p2p', protocol], ['ipfs', protocol]] : [[protocol.name, protocol]])
)

// --- text and numbers -------------------------------------------------------------------------------------------------

const nothing = new Uint8Array(0)
const slash = 0x2f
const percent = 0x25
/** SHA-512 has 66 with its code and length. */
const maxCerthashBytes = 128

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029]/u

function encodeText (value: string): Uint8Array | undefined {
  return unprintable.test(value) ? undefined : encoder.encode(value)
}

/** Undefined for what is no UTF-8 or would move the cursor of a terminal. */
function decodeText (bytes: Uint8Array): string | undefined {
  try {
    const value = decoder.decode(bytes)
    return unprintable.test(value) ? undefined : value
  } catch {
    return undefined
  }
}

/** Decimal, without sign or leading zeros. */
function number (value: string, most: number, bytes: number): Uint8Array | undefined {
  if (!/^(0|[1-9]\d{0,4})$/.test(value) || Number(value) > most) return undefined
  return Uint8Array.from({ length: bytes }, (_, i) => Number(value) >>> 8 * (bytes - 1 - i))
}

function toNumber (bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 0x100 + byte, 0)
}

function fromBase32 (value: string): Uint8Array | undefined {
  return quietly(() => base32.baseDecode(value))
}

function unescape (value: string): Uint8Array | undefined {
  const bytes = encoder.encode(value)
  const out: number[] = []
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    if (byte !== percent) {
      out.push(byte)
      continue
    }
    const digits = String.fromCharCode(bytes[i + 1] ?? 0, bytes[i + 2] ?? 0)
    if (!/^[0-9a-f]{2}$/i.test(digits)) return undefined
    out.push(Number.parseInt(digits, 16))
    i += 2
  }
  return Uint8Array.from(out)
}

/** Unreserved letters stay (RFC 3986, 2.3). */
function escape (bytes: Uint8Array): string {
  return Array.from(bytes, byte => {
    const letter = String.fromCharCode(byte)
    return /[A-Za-z0-9._~-]/.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
}

function isMultihash (bytes: Uint8Array): boolean {
  const code = readVarint(bytes)
  if (code <= varintIncomplete) return false
  const start = varintLength(code)
  const length = readVarint(bytes, start)
  return length > varintIncomplete && start + varintLength(length) + length === bytes.length
}

/** A library's refusal as a value. */
function quietly (decode: () => Uint8Array): Uint8Array | undefined {
  try {
    return decode()
  } catch {
    return undefined
  }
}
