/** The driver's view of what is compared: a listener and a dialer of one implementation, each in a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { median, ratios } from '../support/sampling.js'
import type { Sheet } from '../support/sheet.js'
import type { Answer, Answers, CommandName, Ready, Seen, Told } from './control.js'
import { settings } from './settings.js'
import { foreignSides, otherNodes, scripts, sideOf, type Side, type SideName } from './sides.js'

/** What one measured command cost both sides, and what it answered. */
export type Measured<N extends CommandName> = Answers<N> & {
  readonly dialerCpuMs: number
  readonly listenerCpuMs: number
  readonly seen: Seen
}

export interface PairOptions {
  /** Peers in the listener's process. Default 1. */
  readonly listeners?: number
  /** In the dialer's. Default 1. */
  readonly dialers?: number
  /** Whether identify runs. Default false. */
  readonly identify?: boolean
  /** Whether js-libp2p on other Nodes and the other implementations join, behind those that are named. Default false. */
  readonly all?: boolean
}

export class Pair implements AsyncDisposable {
  readonly name: string
  /** Whose amounts of work it is given. */
  readonly like: SideName
  readonly listener: Peer
  readonly dialer: Peer
  readonly addresses: readonly string[]

  private constructor ({ like, name }: Side, listener: Peer, dialer: Peer) {
    this.name = name
    this.like = like
    this.listener = listener
    this.dialer = dialer
    this.addresses = listener.addresses
  }

  static async start (side: Side, { dialers = 1, identify = false, listeners = 1 }: PairOptions = {}): Promise<Pair> {
    const flags = identify ? ['--identify'] : []
    const [listener, dialer] = await Promise.all([
      Peer.start(side, [...side.args('listener'), '--listen', '--nodes', `${listeners}`, ...flags]),
      Peer.start(side, [...side.args('dialer'), '--nodes', `${dialers}`, ...flags])
    ])
    return new Pair(side, listener, dialer)
  }

  /** Connects for the commands that use one connection. */
  async connect (): Promise<this> {
    await this.dialer.run('connect', { addresses: this.addresses })
    await this.listener.run('seen', {})
    return this
  }

  /** Has the dialer do it, and reads what both sides spent and what the listener saw. */
  async measure<N extends CommandName> (name: N, told: Told<N>): Promise<Measured<N>> {
    const [dialer, listener] = [await this.dialer.run('cpu', {}), await this.listener.run('cpu', {})]
    const answer = await this.dialer.run(name, told)
    const [dialerAfter, listenerAfter] = [await this.dialer.run('cpu', {}), await this.listener.run('cpu', {})]
    const seen = await this.listener.run('seen', {})
    return { ...answer, dialerCpuMs: dialerAfter.cpuMs - dialer.cpuMs, listenerCpuMs: listenerAfter.cpuMs - listener.cpuMs, seen }
  }

  /** What the listener has open, when nothing is on the way any more. @throws Error when it does not come to `expected` within a minute */
  async settled (what: 'connections' | 'streams' | 'identified', expected: number, peer = this.listener): Promise<void> {
    const deadline = performance.now() + 60_000
    for (;;) {
      const { [what]: seen } = await peer.run('seen', {})
      // A peer that says once more what it is counts again.
      if (seen === expected || (what === 'identified' && seen > expected)) return
      if (performance.now() > deadline) throw new Error(`${this.name}: ${seen} ${what}, but it should have been ${expected}`)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all([this.dialer.stop(), this.listener.stop()])
  }
}

const running = new Set<ChildProcess>()
process.once('exit', () => { for (const child of running) child.kill('SIGKILL') })

/** One process. */
export class Peer {
  readonly name: string
  private readonly child: ChildProcess
  private readonly asked = new Map<number, (answer: Answer) => void>()
  private ready: Ready | undefined
  private asks = 0

  private constructor (name: string, child: ChildProcess) {
    this.name = name
    this.child = child
  }

  static async start ({ file, name }: Side, args: readonly string[]): Promise<Peer> {
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    const peer = new Peer(name, child)
    running.add(child)
    // It may be gone before it has read all.
    child.stdin.on('error', () => {})
    child.once('close', () => { peer.lost() })
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', text => {
        const line = JSON.parse(text) as Ready | Answer
        if ('event' in line) {
          peer.ready = line as Ready
          resolve()
        } else {
          peer.answered(line)
        }
      })
      child.once('error', reject)
      child.once('close', () => { reject(new Error(`${name} did not start`)) })
    })
    return peer
  }

  get addresses (): readonly string[] {
    return this.ready?.addresses ?? []
  }

  get versions (): Readonly<Record<string, string>> {
    return this.ready?.versions ?? {}
  }

  async run<N extends CommandName> (name: N, told: Told<N>): Promise<Answers<N>> {
    const id = ++this.asks
    return await new Promise((resolve, reject) => {
      this.asked.set(id, ({ id: _id, ok, error, ...answer }) => {
        if (ok) resolve(answer)
        else reject(new Error(`${this.name}, ${name}: ${error ?? ''}`))
      })
      this.child.stdin!.write(`${JSON.stringify({ id, do: name, ...told })}\n`)
    })
  }

  async stop (): Promise<void> {
    if (!running.has(this.child)) return
    this.child.stdin!.end()
    await once(this.child, 'close')
  }

  private answered (answer: Answer): void {
    this.asked.get(answer.id)?.(answer)
    this.asked.delete(answer.id)
  }

  private lost (): void {
    running.delete(this.child)
    for (const id of this.asked.keys()) this.answered({ id, ok: false, error: 'its process has ended' })
  }
}

/** Starts all, has `use` work with them, and ends them. What they are made of goes on the sheet. */
export async function withPairs (sheet: Sheet, names: readonly SideName[], options: PairOptions, use: (pairs: readonly Pair[]) => Promise<void>): Promise<void> {
  const sides = names.map(name => sideOf(name))
  if (options.all === true) {
    sides.push(...otherNodes().map(({ name, node }) => sideOf('js-libp2p', node, name)))
    sides.push(...await foreignSides(text => { sheet.note(text) }))
  }
  const pairs = await Promise.all(sides.map(side => Pair.start(side, options)))
  try {
    for (const { dialer, name } of pairs) sheet.note(`${name}: ${Object.entries(dialer.versions).map(([what, version]) => `${what} ${version}`).join(', ')}`)
    await use(pairs)
  } finally {
    await Promise.all(pairs.map(pair => pair[Symbol.asyncDispose]()))
  }
}

/** One sample of each, then again, each second round in reverse order. `samples[a][i]` and `samples[b][i]` were taken one after the other. */
export async function byTurns<P, T> (sides: readonly P[], sample: (side: P) => Promise<T>, warmup = 1, rounds = settings().rounds): Promise<ReadonlyArray<readonly T[]>> {
  const samples = sides.map((): T[] => [])
  for (let round = -warmup; round < rounds; round++) {
    const order = round % 2 === 0 ? [...sides.keys()] : [...sides.keys()].reverse()
    for (const side of order) {
      const seen = await sample(sides[side]!)
      if (round >= 0) samples[side]!.push(seen)
    }
  }
  return samples
}

/** What Troupe gains over those that joined, as figures: nothing was promised of them. Of a sample, the less the better. */
export function beyond<T> (sheet: Sheet, here: string, pairs: readonly Pair[], samples: ReadonlyArray<readonly T[]>, cost: (sample: T) => number): void {
  pairs.forEach(({ name }, i) => {
    if (name in scripts) return
    sheet.figure(`${here}: Troupe, of ${name}`, 'x', ratios(samples[i]!.map(cost), samples[0]!.map(cost)))
  })
}

/** The median of one side by another, round by round. */
export function ratio<T> (above: readonly T[], below: readonly T[], of: (sample: T) => number): number {
  return median(ratios(above.map(of), below.map(of)))
}
