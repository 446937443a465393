/**
 * How the suite drives a peer, whichever implementation it is: one JSON object a line, commands on its stdin, answers on
 * its stdout. The programs in `js/`, `go/` and `rust/` speak this, and `troupe-side.ts` answers the same commands in process.
 *
 *   start    PROGRAM --key-type ed25519|secp256k1|ecdsa|rsa --listen MULTIADDR
 *   first    {"event":"ready","peerId","addresses","versions","ours"}
 *   command  {"id":1,"do":"echo","address":"/ip4/…/p2p/…","bytes":1024,"seed":7}
 *   answer   {"id":1,"ok":true,"bytes":1024,"sha256":"…"} or {"id":1,"ok":false,"error":"…"}
 *   end      {"do":"quit"}, or the end of stdin
 *
 * Commands run side by side; answers come as they are ready. A command with an `address` dials when there is no connection.
 * What a side serves for the others is in `protocols`; what went over those of ours is asked with `served`.
 */

export type KeyType = 'ed25519' | 'secp256k1' | 'ecdsa' | 'rsa'
export const keyTypes: readonly KeyType[] = ['ed25519', 'secp256k1', 'ecdsa', 'rsa']

/** What every side serves, beside identify, identify push and ping. */
export const protocols = {
  /** Answers what it gets, byte for byte, and closes when the other has closed. */
  echo: '/echo/1.0.0',
  /** Big-endian u64: how many bytes to send back once the upload has ended. */
  perf: '/perf/1.0.0',
  /** Reads to the end, answers `u64 BE count ‖ sha256`, closes. */
  sink: '/troupe/test/sink/1.0.0',
  /** Reads `u64 BE count ‖ u32 BE seed` to the end, answers so much of the pattern, closes. */
  source: '/troupe/test/source/1.0.0',
  /** Closes its writing side at once, then reads to the end. */
  closeFirst: '/troupe/test/close-first/1.0.0',
  /** Answers the first byte with the same byte, then reads to the end or to the reset. */
  hold: '/troupe/test/hold/1.0.0',
  /** Resets the stream upon the first byte, with `resetCode` when the implementation can. */
  reset: '/troupe/test/reset/1.0.0',
  /** Closes the whole connection upon the first byte. */
  close: '/troupe/test/close/1.0.0'
} as const

/** How reading a stream came to its end. */
export type Outcome = 'end' | 'reset'

/** "Protocol violation" of libp2p/specs pull 623; stands where nobody says it by accident. */
export const resetCode = 0x1004
/** What a connection is closed with: it has too many. */
export const goAwayCode = 0x1005

/** How it ended, and the code of the reset, from those that know codes. */
export interface Ending {
  readonly outcome: Outcome
  readonly code?: number
}

export interface Identity {
  readonly peerId: string
  readonly agentVersion: string
  readonly protocolVersion: string
  readonly protocols: readonly string[]
  readonly listenAddrs: readonly string[]
  /** Ours, as the other sees it; empty when it said none. */
  readonly observedAddr: string
}

export interface Sum {
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
}

/** Commands, each with what it is told and what it answers. */
export interface Commands {
  /** Connects, and answers what the other's identify said. */
  readonly 'identify': { told: { address: string }, answers: Identity }
  /** Connects, then serves one protocol more, and sees to it that the other hears of it. */
  readonly 'push': { told: { address: string, protocol: string }, answers: object }
  /** `count` round trips of the ping protocol. */
  readonly 'ping': { told: { address: string, count: number }, answers: { rttMs: readonly number[] } }
  /** Writes so much of the pattern while reading, closes, and answers the sum of what came back. */
  readonly 'echo': { told: { address: string, bytes: number, seed: number }, answers: Sum }
  readonly 'perf': { told: { address: string, upload: number, download: number }, answers: { upload: number, download: number, ms: number } }
  /**
   * So many echo streams, all of them open, with half of their bytes there and back, before the first is ended. Stream `i` sends
   * the pattern of `seed + i`; the sum is over what came back on each, in order.
   */
  readonly 'streams': { told: { address: string, count: number, bytes: number, seed: number }, answers: Sum & { streams: number } }
  /** By the dialer: to the sink, whose answer is given. By the listener: `closeFirst`, and the sum of what was sent after its end. */
  readonly 'half-close': { told: { address: string, by: Closer, bytes: number, seed: number }, answers: Sum }
  /** By the dialer: `hold`, reset once it answered, with `resetCode` when it can. By the listener: one byte to `reset`. */
  readonly 'reset': { told: { address: string, by: Closer }, answers: Ending }
  /** The same with the whole connection, by the dialer with `code` when that is given. Answers once this side has no connection left. */
  readonly 'close': { told: { address: string, by: Closer, code?: number }, answers: Ending }
  /** Up: to the sink, whose answer is given. Down: from the source. */
  readonly 'bulk': { told: { address: string, way: 'up' | 'down', bytes: number, seed: number }, answers: Sum & { ms: number } }

  /** What identify said of a connected peer; waits for it, and until the peer serves `protocol` when that is given. */
  readonly 'seen': { told: { peer: string, protocol?: string }, answers: Identity }
  /** Waits for the next stream of ours (not echo, not perf) that this side has served to its end, and forgets it. */
  readonly 'served': { told: { protocol: string }, answers: Sum & Ending }
  /** Waits until there is a connection to the peer, or none. */
  readonly 'connected': { told: { peer: string, want: boolean }, answers: object }
  readonly 'hang-up': { told: { peer: string }, answers: object }
}

export type CommandName = keyof Commands
export type Told<N extends CommandName> = Commands[N]['told']
export type Answers<N extends CommandName> = Commands[N]['answers']
export type Closer = 'dialer' | 'listener'

/** How long a side waits for what the other does, in ms, before a command fails. */
export const patienceMs = 20_000

export interface Ready {
  readonly event: 'ready'
  readonly peerId: string
  /** With `/p2p/` at the end. */
  readonly addresses: readonly string[]
  /** Of the implementation, and of what tells most about it. */
  readonly versions: Readonly<Record<string, string>>
  /** Protocols that are not the implementation's own but written for this suite, with the reason. */
  readonly ours: Readonly<Record<string, string>>
}

/** One end of the wire. */
export interface Side extends Omit<Ready, 'event'> {
  readonly name: string
  run<N extends CommandName> (name: N, told: Told<N>): Promise<Answers<N>>
  /** What it last wrote to stderr; for failures. */
  said (): string
  stop (): Promise<void>
}

/** Byte `i` of the pattern of a seed: the top byte of `(i + seed) * 0x9e3779b1` as u32. Any shift, swap or loss changes the sum. */
export function pattern (seed: number, from: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = Math.imul(from + i + seed, 0x9e3779b1) >>> 24
  return bytes
}
