/** What the compared programs have in common: their arguments, their conversation with the driver, and how they wait. */
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { heapAfterGc, quantile } from '../../support/sampling.js'
import type { Answers, Command, CommandName, Ready, Spent, Told, Trips } from '../control.js'

export interface ProgramOptions {
  readonly listens: boolean
  /** Nodes in this process: peers of which each connection is the only one. */
  readonly nodes: number
  readonly identify: boolean
}

export function programOptions (): ProgramOptions {
  const { values } = parseArgs({
    options: { listen: { type: 'boolean', default: false }, nodes: { type: 'string', default: '1' }, identify: { type: 'boolean', default: false } }
  })
  return { listens: values.listen, nodes: Number(values.nodes), identify: values.identify }
}

export type Handlers = { readonly [N in CommandName]?: (told: Told<N>) => Answers<N> | Promise<Answers<N>> }

const common: Handlers = {
  cpu () {
    const { user, system } = process.cpuUsage()
    return { cpuMs: (user + system) / 1000, resident: process.memoryUsage.rss() }
  },
  async memory () {
    const heap = await heapAfterGc()
    return { heap, resident: process.memoryUsage.rss() }
  }
}

/** Answers the driver until it has gone. */
export async function serve (ready: Omit<Ready, 'event'>, handlers: Handlers): Promise<void> {
  const all: Handlers = { ...common, ...handlers }
  say({ event: 'ready', ...ready })
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, do: name, ...told } = JSON.parse(line) as Command
    const handler = all[name] as ((told: object) => object | Promise<object>) | undefined
    try {
      if (handler === undefined) throw new Error(`${name} is not for this program`)
      say({ id, ok: true, ...await handler(told) })
    } catch (error) {
      say({ id, ok: false, error: error instanceof Error ? error.stack ?? error.message : String(error) })
    }
  }
  process.exit(0)
}

function say (line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** Milliseconds that `work` took. */
export async function timed (work: () => Promise<unknown>): Promise<{ ms: number }> {
  const began = performance.now()
  await work()
  return { ms: performance.now() - began }
}

/** Looks every millisecond. @throws Error when it takes more than a minute */
export async function until (condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within a minute: ${String(condition)}`)
    await sleep(1)
  }
}

/** `count` pieces of work, `atOnce` at a time. Each worker has a number of its own. */
export async function workers (count: number, atOnce: number, work: (worker: number, piece: number) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, async (_, worker) => {
    while (next < count) await work(worker, next++)
  }))
}

/** Measures each call. */
export async function measureTrips (count: number, trip: () => Promise<void>): Promise<Trips> {
  const seen: number[] = []
  await repeat(count, trip, seen)
  return { p50: quantile(seen, 0.5), p99: quantile(seen, 0.99) }
}

/** As `measureTrips`, on many roads at once. */
export async function measureBusy (count: number, trips: ReadonlyArray<() => Promise<void>>): Promise<Spent & Trips> {
  const seen: number[] = []
  const spent = await timed(() => Promise.all(trips.map(trip => repeat(count, trip, seen))))
  return { ...spent, p50: quantile(seen, 0.5), p99: quantile(seen, 0.99) }
}

async function repeat (count: number, trip: () => Promise<void>, seen: number[]): Promise<void> {
  for (let i = 0; i < count; i++) {
    const began = performance.now()
    await trip()
    seen.push(performance.now() - began)
  }
}

/** The share of stream `index` of `streams`; the first takes what is left over. */
export function share (bytes: number, streams: number, index: number): number {
  const each = Math.floor(bytes / streams)
  return index === 0 ? bytes - each * (streams - 1) : each
}

export function u64 (value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

export function fromU64 (bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0))
}

/** Whom dialer `at % dialers` calls in its turn `at`: each listener once, and all listeners from the first round on. */
export function spread (at: number, dialers: number, listeners: number): number {
  return (Math.floor(at / dialers) + at) % listeners
}
