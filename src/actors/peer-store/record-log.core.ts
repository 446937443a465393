/**
 * A log of changes, as it lies in a file: what was written last holds. Each record is one batch, whole or not at all, and tells
 * by itself whether it is whole; so a file that ends anywhere, or has been written over somewhere, gives all that was not hurt.
 *
 *     file    `troupe log 1\n`, then records
 *     record  mark (4 bytes), length (uint32, big endian), CRC-32 of the body (uint32), body
 *     body    protobuf: repeated { string key = 1; bytes value = 2 }, no value to delete
 */
import { ProtobufReader } from '../../messages/wire/protobuf-reader.js'
import { ProtobufWriter } from '../../messages/wire/protobuf-writer.js'

/** A value, or null to delete it. */
export type Change = readonly [key: string, value: Uint8Array | null]

export interface LogContents {
  /** Views of the bytes that were read. */
  readonly entries: ReadonlyMap<string, Uint8Array>
  /** What could not be read, by place. */
  readonly damages: readonly LogDamage[]
}

export interface LogDamage {
  readonly offset: number
  readonly bytes: number
  /** It goes to the end of the file: most often a write that was cut short. */
  readonly tail: boolean
}

export const logHeader: Uint8Array = new TextEncoder().encode('troupe log 1\n')

export function encodeRecord (changes: readonly Change[]): Uint8Array {
  const body = new ProtobufWriter()
  for (const [key, value] of changes) body.message(1, new ProtobufWriter().string(1, key).bytes(2, value ?? undefined))
  const bytes = body.finish()
  const record = new Uint8Array(headBytes + bytes.length)
  record.set(mark)
  const view = new DataView(record.buffer)
  view.setUint32(4, bytes.length)
  view.setUint32(8, crc32(bytes))
  record.set(bytes, headBytes)
  return record
}

/** All that is whole, whatever the rest is. */
export function readLog (file: Uint8Array): LogContents {
  const entries = new Map<string, Uint8Array>()
  const damages: LogDamage[] = []
  let at = startsWith(file, 0, logHeader) ? logHeader.length : 0
  let hurt = at === 0 && file.length > 0 ? 0 : -1
  while (at < file.length) {
    const body = recordAt(file, at)
    if (body !== undefined && play(body, entries)) {
      if (hurt >= 0 && at > hurt) damages.push({ offset: hurt, bytes: at - hurt, tail: false })
      hurt = -1
      at = body.byteOffset - file.byteOffset + body.length
      continue
    }
    if (hurt < 0) hurt = at
    const next = file.indexOf(firstOfMark, at + 1)
    at = next < 0 ? file.length : next
  }
  if (hurt >= 0 && file.length > hurt) damages.push({ offset: hurt, bytes: file.length - hurt, tail: true })
  return { entries, damages }
}

/** A file of its own that says the same, in records of at most so many entries. */
export function* rewritten (entries: Iterable<readonly [string, Uint8Array]>, perRecord = 256): Generator<Uint8Array> {
  let some: Change[] = []
  for (const entry of entries) {
    some.push(entry)
    if (some.length < perRecord) continue
    yield encodeRecord(some)
    some = []
  }
  if (some.length > 0) yield encodeRecord(some)
}

function recordAt (file: Uint8Array, at: number): Uint8Array | undefined {
  if (at + headBytes > file.length || !startsWith(file, at, mark)) return undefined
  const view = new DataView(file.buffer, file.byteOffset + at, headBytes)
  const length = view.getUint32(4)
  if (length > file.length - at - headBytes) return undefined
  const body = file.subarray(at + headBytes, at + headBytes + length)
  return crc32(body) === view.getUint32(8) ? body : undefined
}

/** All changes of a body, or none. */
function play (body: Uint8Array, entries: Map<string, Uint8Array>): boolean {
  const reader = new ProtobufReader('log record', body, Infinity)
  const changes: Change[] = []
  while (reader.next()) {
    if (reader.field !== 1) continue
    const change = reader.message('changes', Infinity)
    let key = ''
    let value: Uint8Array | null = null
    while (change.next()) {
      if (change.field === 1) key = change.string('key', mostKeyBytes)
      else if (change.field === 2) value = change.bytes('value', Infinity)
    }
    changes.push([key, value])
  }
  if (reader.failure !== undefined) return false
  for (const [key, value] of changes) {
    entries.delete(key)
    if (value !== null) entries.set(key, value)
  }
  return true
}

function startsWith (file: Uint8Array, at: number, bytes: Uint8Array): boolean {
  return at + bytes.length <= file.length && bytes.every((byte, i) => file[at + i] === byte)
}

/** As zip and ethernet have it (ISO 3309). */
export function crc32 (bytes: Uint8Array): number {
  let crc = -1
  for (let i = 0; i < bytes.length; i++) crc = crc >>> 8 ^ (table[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0)
  return ~crc >>> 0
}

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? n >>> 1 ^ 0xedb88320 : n >>> 1
  return n >>> 0
})

const firstOfMark = 0xd7
const mark = Uint8Array.of(firstOfMark, 0x54, 0x52, 0xec)
const headBytes = 12
const mostKeyBytes = 4096
