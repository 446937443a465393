/**
 * Ping (libp2p/specs ping/ping.md): 32 bytes that nobody can foretell come back, again and again, until the client ends its side.
 *
 * The client knows no timers: a deadline is a signal. Keep-alive of connections is not here; the muxer's own ping costs no
 * stream (connection actor).
 */
import { NetworkError, type ErrorCode } from '../../messages/errors.js'
import { sameBytes } from '../../messages/value/bytes.js'
import { maxInboundPingStreams, pingBytes, pingProtocol } from '../../messages/wire/ping.js'
import type { Protocol } from '../contract/protocol.js'
import type { Stream } from '../contract/stream.js'

/** The server: echoes 32 bytes at a time, in one write each, however they arrive. */
export function ping (): Protocol {
  return {
    ids: [pingProtocol],
    limits: {
      inbound: maxInboundPingStreams,
      inboundPerPeer: maxInboundPingStreams,
      inboundTotal: Infinity,
      // Far beyond any use, and a fiftieth of what would keep a node busy.
      inboundPerSecond: 1000,
      inboundBurst: 1000,
      // Four silent rounds of rust, which pings every 15 s on one stream; js and go open a new one each time.
      idleMs: 60_000,
      drainMs: 5000
    },
    onLimitedConnection: true,
    async inbound (stream) {
      for (let payload = await nextPayload(stream); payload !== null; payload = await nextPayload(stream)) await stream.write(payload)
    },
    behavior: undefined,
    service: undefined
  }
}

/** Null when the client has ended its side, be it within a payload: there is nothing to answer then. */
async function nextPayload (stream: Stream): Promise<Uint8Array | null> {
  try {
    return await stream.readExactly(pingBytes)
  } catch (error) {
    if (error instanceof NetworkError && error.code === 'stream/ended') return null
    throw error
  }
}

/** What the client needs of the world. */
export interface PingTools {
  /** That of the crypto provider: who could foretell the bytes could answer before it was asked. */
  readonly randomBytes: (length: number) => Uint8Array
  /** Milliseconds of any clock that never goes back. */
  readonly now: () => number
}

/**
 * One round trip on a stream of this protocol, which stays open.
 *
 * @returns its time in milliseconds
 * @throws (as rejection) `stream/protocol-violation` when other bytes come back, the stream then being reset with it;
 *   `stream/ended`; the stream's error; `user/aborted`, the stream then being reset, since a late answer would be taken for the next
 */
export async function roundTrip (stream: Stream, { randomBytes, now }: PingTools, signal?: AbortSignal): Promise<number> {
  const payload = randomBytes(pingBytes)
  const sent = new Uint8Array(payload)
  const begun = now()
  try {
    // Not one after the other: without room to write only the read would hear of the signal.
    const [answer] = await Promise.all([stream.readExactly(pingBytes, signal === undefined ? {} : { signal }), stream.write(payload)])
    const rttMs = now() - begun
    if (sameBytes(answer, sent)) return rttMs
  } catch (error) {
    stream.reset(error instanceof NetworkError ? error.code : 'stream/reset')
    throw error
  }
  stream.reset('stream/protocol-violation')
  throw new NetworkError('stream/protocol-violation', { detail: 'other bytes came back than were sent', path: stream.path })
}

/**
 * Pings one peer, one round trip after another on one stream, as the spec wants it. The stream is opened when it is needed,
 * and again when the other side has ended it: go does so after 10 s of silence, and in any case 30 s after it was opened.
 */
export class Pinger implements Disposable {
  private readonly open: (signal?: AbortSignal) => Promise<Stream>
  private readonly tools: PingTools
  private stream: Stream | undefined
  private openedAt = 0
  private last: Promise<unknown> = Promise.resolve()
  private closed = false

  /** @param open gives a fresh stream of `/ipfs/ping/1.0.0`, which is then the pinger's */
  constructor (open: (signal?: AbortSignal) => Promise<Stream>, tools: PingTools) {
    this.open = open
    this.tools = tools
  }

  /**
   * The round trip in milliseconds, without the opening of a stream. Calls wait for each other.
   * @throws (as rejection) as `roundTrip`, what `open` throws, and `stream/shutdown` once it is disposed
   */
  async ping (signal?: AbortSignal): Promise<number> {
    const turn = this.last.then(async () => this.once(signal))
    this.last = turn.catch(() => {})
    return turn
  }

  /** Resets its stream, and with it a ping that is under way. */
  [Symbol.dispose] (): void {
    this.closed = true
    this.stream?.reset('stream/shutdown')
    this.stream = undefined
  }

  private async once (signal: AbortSignal | undefined): Promise<number> {
    const used = this.usable()
    if (used === undefined) return roundTrip(await this.fresh(signal), this.tools, signal)
    try {
      return await roundTrip(used, this.tools, signal)
    } catch (error) {
      if (this.closed || !isEnd(error)) throw error
    }
    // It was ended under us, between two pings. A fresh one is not.
    return roundTrip(await this.fresh(signal), this.tools, signal)
  }

  private usable (): Stream | undefined {
    const { stream } = this
    if (stream === undefined || stream.resetBy !== undefined || stream.remoteEnded) return undefined
    return this.tools.now() - this.openedAt < longestUseMs ? stream : undefined
  }

  private async fresh (signal: AbortSignal | undefined): Promise<Stream> {
    this.stream?.[Symbol.dispose]()
    this.stream = undefined
    if (!this.closed) {
      if (signal?.aborted === true) throw new NetworkError('user/aborted', { cause: signal.reason })
      const stream = await this.open(signal)
      // May have been disposed meanwhile.
      if (!this.isClosed) {
        this.stream = stream
        this.openedAt = this.tools.now()
        return stream
      }
      stream.reset('stream/shutdown')
    }
    throw new NetworkError('stream/shutdown', { detail: 'the pinger was disposed' })
  }

  private get isClosed (): boolean {
    return this.closed
  }
}

/** Shorter than the 30 s after which go ends it. */
const longestUseMs = 25_000

/** How others end a stream that they have had enough of. */
const ends: ReadonlySet<string> = new Set<ErrorCode>(['stream/ended', 'stream/reset', 'stream/shutdown', 'stream/supplanted', 'stream/trimmed'])

function isEnd (error: unknown): boolean {
  return error instanceof NetworkError && ends.has(error.code)
}
