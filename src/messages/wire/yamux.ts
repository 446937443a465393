/**
 * Yamux frames on the wire (libp2p/specs yamux/README.md, "Framing"): a header of 12 bytes, big-endian, and behind Data
 * as many bytes as its length says.
 *
 *     version:8 | type:8 | flags:16 | streamId:32 | length:32
 *
 * Length is: of Data the body's bytes, of WindowUpdate the credit to add, of Ping an opaque value, of GoAway a code.
 */
export const yamuxProtocol = '/yamux/1.0.0'

export const yamuxVersion = 0
export const headerBytes = 12

/** Types. */
export const DATA = 0
export const WINDOW_UPDATE = 1
export const PING = 2
export const GO_AWAY = 3

/** Flags. On a ping SYN asks and ACK answers. */
export const SYN = 1
export const ACK = 2
export const FIN = 4
export const RST = 8

/** What both sides may send on a new stream before any WindowUpdate ("Flow Control"). */
export const initialWindowBytes = 256 * 1024
/** No window and no number on the wire is larger. */
export const largestUint32 = 0xffff_ffff
/** "ACK backlog": at most so many streams may be opened that the other side has not acknowledged. */
export const ackBacklog = 256

/** GoAway ("Session termination"). */
export const goAwayNormal = 0
export const goAwayProtocolError = 1
export const goAwayInternalError = 2

/** Writes a header to `into[at .. at + 12]`. */
export function writeHeader (into: Uint8Array, at: number, type: number, flags: number, streamId: number, length: number): void {
  into[at] = yamuxVersion
  into[at + 1] = type
  into[at + 2] = flags >>> 8
  into[at + 3] = flags
  into[at + 4] = streamId >>> 24
  into[at + 5] = streamId >>> 16
  into[at + 6] = streamId >>> 8
  into[at + 7] = streamId
  into[at + 8] = length >>> 24
  into[at + 9] = length >>> 16
  into[at + 10] = length >>> 8
  into[at + 11] = length
}

/** A header by itself: for tests and tools, which may spend an object a frame. */
export interface YamuxHeader {
  readonly version: number
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly length: number
}

/** @throws RangeError when there are fewer than 12 bytes */
export function readHeader (bytes: Uint8Array, at = 0): YamuxHeader {
  if (bytes.length - at < headerBytes) throw new RangeError(`bytes: a header takes ${headerBytes}; there are ${bytes.length - at}`)
  return {
    version: versionAt(bytes, at),
    type: typeAt(bytes, at),
    flags: readUint32(bytes, at) & 0xffff,
    streamId: readUint32(bytes, at + 4),
    length: readUint32(bytes, at + 8)
  }
}

export function versionAt (bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0
}

export function typeAt (bytes: Uint8Array, at: number): number {
  return bytes[at + 1] ?? 0
}

/** The four bytes at `at` as one number. The bytes must be there. */
export function readUint32 (bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
}

/** A frame in one piece: for tests and tools. */
export function encodeFrame (type: number, flags: number, streamId: number, length: number, body?: Uint8Array): Uint8Array {
  const frame = new Uint8Array(headerBytes + (body?.length ?? 0))
  writeHeader(frame, 0, type, flags, streamId, length)
  if (body !== undefined) frame.set(body, headerBytes)
  return frame
}

/** `Data SYN|FIN 5 +12`, `Ping SYN 7`: for people. */
export function describeHeader (header: YamuxHeader): string {
  const type = typeNames[header.type] ?? `type ${header.type}`
  const flags = flagNames.filter((_, bit) => (header.flags & (1 << bit)) !== 0).join('|')
  const stream = header.type === DATA || header.type === WINDOW_UPDATE ? ` ${header.streamId}` : ''
  return `${type}${flags === '' ? '' : ` ${flags}`}${stream} ${header.type === DATA || header.type === WINDOW_UPDATE ? '+' : ''}${header.length}`
}

const typeNames = ['Data', 'WindowUpdate', 'Ping', 'GoAway']
const flagNames = ['SYN', 'ACK', 'FIN', 'RST']
