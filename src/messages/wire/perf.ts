/**
 * Perf (libp2p/specs perf/perf.md): the client says how many bytes it wants back, uploads what it likes and half-closes; the
 * server reads to the end, then sends that many.
 */
import { DecodeFailure } from './failure.js'

export const perfProtocol = '/perf/1.0.0'

/** Big-endian, in front of the upload. */
export const perfHeaderBytes = 8

/** @throws RangeError unless a whole number from 0 to 2^53 - 1 */
export function encodePerfHeader (downloadBytes: number): Uint8Array {
  if (!Number.isSafeInteger(downloadBytes) || downloadBytes < 0) throw new RangeError(`downloadBytes: a whole number from 0 to 2^53 - 1; got ${downloadBytes}`)
  const header = new Uint8Array(perfHeaderBytes)
  new DataView(header.buffer).setBigUint64(0, BigInt(downloadBytes))
  return header
}

/** @param bytes at least the header; what is behind it is upload */
export function decodePerfHeader (bytes: Uint8Array): number | DecodeFailure {
  if (bytes.length < perfHeaderBytes) return new DecodeFailure('truncated', 'perf header', bytes.length)
  const wanted = new DataView(bytes.buffer, bytes.byteOffset, perfHeaderBytes).getBigUint64(0)
  return wanted > BigInt(Number.MAX_SAFE_INTEGER) ? new DecodeFailure('bad-value', 'perf header') : Number(wanted)
}
