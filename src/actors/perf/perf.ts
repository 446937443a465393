/**
 * Perf (libp2p/specs perf/perf.md): the client says how many bytes it wants back, uploads, and ends its side; the server reads
 * to that end, then sends as many. It gives bandwidth to whoever asks, and so is never on by default.
 */
import { NetworkError } from '../../messages/errors.js'
import { DecodeFailure } from '../../messages/wire/failure.js'
import { decodePerfHeader, encodePerfHeader, perfHeaderBytes, perfProtocol } from '../../messages/wire/perf.js'
import type { Protocol } from '../contract/protocol.js'
import type { Stream } from '../contract/stream.js'

export interface PerfServerOptions {
  /** Most that one client gets back on one stream, in bytes. Default 16 GiB: the longest run of libp2p's own benchmark asks for 10 GB. */
  readonly maxDownloadBytes?: number
}

/** @throws RangeError for a number that is none */
export function perf ({ maxDownloadBytes = 16 * 2 ** 30 }: PerfServerOptions = {}): Protocol {
  checkPerfBytes('maxDownloadBytes', maxDownloadBytes)
  return {
    ids: [perfProtocol],
    // Two measurements at a time only disturb each other. A full pipe moves all the time.
    limits: { inbound: 2, inboundPerPeer: 2, inboundTotal: 8, inboundPerSecond: Infinity, inboundBurst: 64, idleMs: 30_000, drainMs: 5000 },
    onLimitedConnection: false,
    async inbound (stream) {
      const wanted = await readHeader(stream)
      if (wanted === undefined || wanted > maxDownloadBytes) {
        stream.reset(wanted === undefined ? 'stream/protocol-violation' : 'stream/gated')
        return
      }
      while (await stream.readInto(discarded) !== null);
      await send(stream, wanted)
    },
    behavior: undefined,
    service: undefined
  }
}

/** Undefined when there is none, or it asks for more than anybody can count. */
async function readHeader (stream: Stream): Promise<number | undefined> {
  try {
    const wanted = decodePerfHeader(await stream.readExactly(perfHeaderBytes))
    return wanted instanceof DecodeFailure ? undefined : wanted
  } catch (error) {
    if (error instanceof NetworkError && error.code === 'stream/ended') return undefined
    throw error
  }
}

export interface PerfOptions {
  /** What we send, in bytes. */
  readonly uploadBytes: number
  /** What comes back, in bytes. */
  readonly downloadBytes: number
  /** Milliseconds of any clock that never goes back. */
  readonly now: () => number
  /** After each piece that was given to the connection, or has come. */
  readonly onProgress?: (progress: PerfProgress) => void
  /** Aborting resets the stream. */
  readonly signal?: AbortSignal
}

/** So far. */
export interface PerfProgress {
  readonly uploadedBytes: number
  readonly downloadedBytes: number
}

export interface PerfResult extends PerfProgress {
  /** From the first byte to the end of our side, when all was given to the connection. */
  readonly uploadMs: number
  /** From there to the end of the other side. */
  readonly downloadMs: number
}

/**
 * Measures on a fresh stream of this protocol, which is used up.
 *
 * @throws (as rejection) RangeError for a number of bytes that is none; `stream/ended` when fewer come than were asked for;
 *   `stream/protocol-violation` when more come, the stream then being reset; the stream's error; `user/aborted`
 */
export async function measurePerf (stream: Stream, options: PerfOptions): Promise<PerfResult> {
  const { uploadBytes, downloadBytes, now, onProgress, signal } = options
  checkPerfBytes('uploadBytes', uploadBytes)
  const header = encodePerfHeader(downloadBytes)
  const abort = (): void => { stream.reset('user/aborted') }
  if (signal?.aborted === true) abort()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    const begun = now()
    await stream.write(header)
    await send(stream, uploadBytes, uploadedBytes => onProgress?.({ uploadedBytes, downloadedBytes: 0 }))
    await stream.close()
    const uploaded = now()
    const downloadedBytes = await receive(stream, downloadBytes, downloadedBytes => onProgress?.({ uploadedBytes: uploadBytes, downloadedBytes }))
    return { uploadedBytes: uploadBytes, downloadedBytes, uploadMs: uploaded - begun, downloadMs: now() - uploaded }
  } catch (error) {
    stream.reset()
    throw signal?.aborted === true ? new NetworkError('user/aborted', { cause: signal.reason, path: stream.path }) : error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/** Nobody looks at what they hold. */
const piece = new Uint8Array(65_536)

/** All that comes, of all streams. */
const discarded = new Uint8Array(65_536)

async function send (stream: Stream, bytes: number, sent?: (bytes: number) => void): Promise<void> {
  for (let done = 0; done < bytes;) {
    const length = Math.min(piece.length, bytes - done)
    await stream.write(length === piece.length ? piece : piece.subarray(0, length))
    done += length
    sent?.(done)
  }
}

async function receive (stream: Stream, expected: number, got: (bytes: number) => void): Promise<number> {
  let bytes = 0
  for (let length = await stream.readInto(discarded); length !== null; length = await stream.readInto(discarded)) {
    bytes += length
    if (bytes > expected) {
      stream.reset('stream/protocol-violation')
      throw new NetworkError('stream/protocol-violation', { detail: `more than the ${expected} bytes came that were asked for`, path: stream.path })
    }
    got(bytes)
  }
  if (bytes < expected) throw new NetworkError('stream/ended', { detail: `${bytes} of ${expected} bytes came`, path: stream.path })
  return bytes
}

/** @throws RangeError that names the argument */
export function checkPerfBytes (name: string, bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw new RangeError(`${name}: must be a whole number of bytes, zero or more; got ${String(bytes)}`)
}
