/**
 * How the driver speaks with the programs that it compares: one JSON object a line, commands on their stdin, answers on their
 * stdout. Listener and dialer are the same program twice; the driver tells the dialer what to do and asks the listener what it saw.
 *
 *   start    PROGRAM [--listen] [--nodes N] [--identify]
 *   first    {"event":"ready","addresses":[…],"versions":{…}}
 *   command  {"id":1,"do":"bulk","streams":1,"up":1048576,"down":0}
 *   answer   {"id":1,"ok":true,"ms":12.5} or {"id":1,"ok":false,"error":"…"}
 *   end      the end of stdin
 *
 * All sides serve perf and echo. A program leaves out what makes no sense for it.
 */

export const protocols = {
  /** Big-endian u64: how many bytes to send back once the upload has ended. */
  perf: '/perf/1.0.0',
  /** Answers what it gets, and ends when the other has ended. */
  echo: '/echo/1.0.0'
} as const

/** What bulk is written in, by all that have a say in it. */
export const pieceBytes = 65_536

/** Commands, each with what it is told and what it answers. */
export interface Commands {
  /** The first node connects to the first address; that connection is used from now on. */
  readonly connect: { told: { readonly addresses: readonly string[] }, answers: object }
  /** `up` and `down` bytes in all, shared out among so many streams at once. */
  readonly bulk: { told: { readonly streams: number, readonly up: number, readonly down: number }, answers: Spent }
  /** `count` writes of `size` bytes on one stream, each only when there is room; up to the moment when the remote has read all. */
  readonly writes: { told: { readonly size: number, readonly count: number }, answers: Spent }
  /** Round trips on one open stream, one after the other. */
  readonly trips: { told: { readonly count: number, readonly bytes: number }, answers: Trips }
  /** Open, negotiate, one byte to and fro, close; `atOnce` at a time. Until none is left. */
  readonly streams: { told: { readonly count: number, readonly atOnce: number }, answers: Spent }
  /** Connect, close; `atOnce` at a time, each with an address of its own. */
  readonly handshakes: { told: { readonly addresses: readonly string[], readonly count: number, readonly atOnce: number }, answers: Spent }
  /** Each node of ours connects to the address of its number, opens a stream, and closes both, so often. */
  readonly churn: { told: { readonly addresses: readonly string[], readonly times: number }, answers: object }
  /** Opens connections, until there are `connections`: each node of ours with each of the addresses, once. */
  readonly fill: { told: { readonly addresses: readonly string[], readonly connections: number }, answers: object }
  /** Opens streams on the connections by turns, one byte to and fro on each, until there are `streams`. */
  readonly hold: { told: { readonly streams: number }, answers: object }
  /** `count` round trips on each of the held streams, all of them at once. */
  readonly busy: { told: { readonly count: number, readonly bytes: number }, answers: Spent & Trips }
  /** From now on somebody watches all that happens in this process, or nobody; `records` were seen since the last time. */
  readonly trace: { told: { readonly on: boolean }, answers: { readonly records: number } }
  /** Round trips while `streams` others upload as fast as they can. */
  readonly beside: { told: { readonly streams: number, readonly count: number, readonly bytes: number }, answers: Trips & { readonly uploaded: number } }
  /** What one operation costs, in microseconds. */
  readonly primitives: { told: object, answers: Primitives }
  /** What this side has seen. */
  readonly seen: { told: object, answers: Seen }
  /** Processor time of the process so far, and the memory that it has now, in bytes. */
  readonly cpu: { told: object, answers: { readonly cpuMs: number, readonly resident: number } }
  /** When nothing is left to collect, in bytes. */
  readonly memory: { told: object, answers: { readonly heap: number, readonly resident: number } }
}

export type CommandName = keyof Commands
export type Told<N extends CommandName> = Commands[N]['told']
export type Answers<N extends CommandName> = Commands[N]['answers']

export interface Spent {
  readonly ms: number
}

/** In milliseconds, of one run. */
export interface Trips {
  readonly p50: number
  readonly p99: number
}

export interface Primitives {
  readonly generate: number
  readonly agree: number
  readonly sign: number
  readonly verify: number
}

export interface Seen {
  /** Bytes that uploads have brought since the last time somebody asked, without their headers. */
  readonly received: number
  /** Connections that were opened since the last time. */
  readonly opened: number
  /** Connections that are open. */
  readonly connections: number
  /** Streams that are open. */
  readonly streams: number
  /** Peers that have said what they are, since the start. */
  readonly identified: number
}

export interface Ready {
  readonly event: 'ready'
  readonly addresses: readonly string[]
  readonly versions: Readonly<Record<string, string>>
}

export interface Command {
  readonly id: number
  readonly do: CommandName
}

export type Answer = { readonly id: number, readonly ok: boolean, readonly error?: string } & Record<string, unknown>
