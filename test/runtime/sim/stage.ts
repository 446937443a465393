/** Two or more hosts in a simulated world, and ends of links that write down what they hear. */
import { expect } from 'chai'
import type { LinkFailure, RawLink } from '../../../src/runtime/io/raw-link.js'
import type { LinkShape } from '../../../src/runtime/sim/link-shape.js'
import type { SimConnection } from '../../../src/runtime/sim/sim-connection.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'
import type { System } from '../../../src/runtime/system.js'

/** One end, and its log: `10 data 5`. */
export class End {
  readonly link: RawLink
  readonly log: string[] = []
  readonly chunks: Uint8Array[] = []
  /** Called for each delivery, after it was noted. */
  onData: ((bytes: Uint8Array) => void) | undefined
  onEnd: (() => void) | undefined
  onDrain: (() => void) | undefined
  onClose: ((reason: string) => void) | undefined
  private readonly now: () => number

  constructor (now: () => number, link: RawLink, attach = true) {
    this.now = now
    this.link = link
    if (attach) this.attach()
  }

  attach (): void {
    this.link.attach({
      onData: bytes => {
        this.note(`data ${bytes.length}`)
        this.chunks.push(bytes.slice())
        this.onData?.(bytes)
      },
      onEnd: () => {
        this.note('end')
        this.onEnd?.()
      },
      onDrain: () => {
        this.note('drain')
        this.onDrain?.()
      },
      onClose: reason => {
        this.note(reason)
        this.onClose?.(reason)
      }
    })
  }

  get received (): Uint8Array {
    return Buffer.concat(this.chunks)
  }

  get text (): string {
    return Buffer.from(this.received).toString()
  }

  private note (what: string): void {
    // As it is, fractions and all: histories are compared.
    this.log.push(`${this.now()} ${what}`)
  }
}

const stages: Stage[] = []

/** For `afterEach`. */
export async function endStages (): Promise<void> {
  for (const stage of stages.splice(0)) await stage.end()
}

/** A world with a system and a host for each name. */
export class Stage {
  readonly world: SimWorld
  readonly systems = new Map<string, System>()
  /** To be disposed at the end: links, listeners, attempts. */
  private readonly open: Disposable[] = []

  constructor (seed: number, names: readonly string[] = ['alice', 'bob'], shape: Partial<LinkShape> = {}) {
    this.world = new SimWorld({ seed })
    this.world.network.shapeAll(shape)
    for (const name of names) this.systems.set(name, this.world.system({ name }))
    stages.push(this)
  }

  /** Closes everything that tests hold; then nothing may be left open. */
  async end (): Promise<void> {
    for (const open of this.open) open[Symbol.dispose]()
    await this.world.stop()
    expect(this.ledger, `seed ${this.world.seed}`).to.deep.equal([])
    expect(this.world.scheduler.nextAt, `seed ${this.world.seed}`).to.equal(Infinity)
  }

  system (name: string): System {
    return this.systems.get(name)!
  }

  readonly now = (): number => this.world.now()

  /** Everybody who connects is accepted, and noted. */
  listen (name: string, port = 4001, attach = true): { readonly ends: End[], readonly failures: LinkFailure[], readonly addresses: string[], readonly listener: Disposable } {
    const ends: End[] = []
    const failures: LinkFailure[] = []
    const addresses: string[] = []
    const listener = this.world.network.port(this.system(name)).listen(`${name}:${port}`, {
      onListening: address => { addresses.push(address) },
      onLink: link => {
        const end = new End(this.now, link, attach)
        // Somebody must take it, or it is reset.
        if (!attach) this.system(name).custody = undefined
        ends.push(end)
        this.open.push(link)
      },
      onFailure: failure => { failures.push(failure) }
    })
    this.open.push(listener)
    return { ends, failures, addresses, listener }
  }

  connect (name: string, address: string, options: { readonly timeoutMs?: number } = {}): { readonly ends: End[], readonly outcomes: string[], readonly attempt: Disposable } {
    const ends: End[] = []
    const outcomes: string[] = []
    const attempt = this.world.network.port(this.system(name)).connect(address, {
      onLink: link => {
        outcomes.push(`${this.now()} open`)
        ends.push(new End(this.now, link))
        this.open.push(link)
      },
      onFailure: ({ code }) => { outcomes.push(`${this.now()} ${code}`) }
    }, options)
    this.open.push(attempt)
    return { ends, outcomes, attempt }
  }

  /** What a test has opened otherwise. */
  hold (open: Disposable): void {
    this.open.push(open)
  }

  /** An open link from one to the other, and nothing under way. */
  async pair (from = 'alice', to = 'bob', port = 4001, attach = true): Promise<{ readonly a: End, readonly b: End, readonly connection: SimConnection }> {
    const { ends: bs, listener } = this.listen(to, port, attach)
    const { ends: as } = this.connect(from, `${to}:${port}`)
    const before = new Set(this.world.network.connections())
    const { latencyMs, jitterMs } = this.world.network.shapeOf(from, to)
    await this.world.run(4 * (latencyMs + jitterMs))
    listener[Symbol.dispose]()
    const connection = [...before].at(-1)!
    return { a: as[0]!, b: bs[0]!, connection }
  }

  /** What is open, in all ledgers. */
  get ledger (): readonly string[] {
    return [...this.systems.values()].flatMap(({ handles }) => [...handles.labels()])
  }
}

export function bytes (length: number, from = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (from + i * 7) & 0xff)
}

export function text (value: string): Uint8Array {
  return new TextEncoder().encode(value)
}
