/** Links under test, whatever makes them: ears that write down what they hear, and pairs of ends. */
import { expect } from 'chai'
import type { LinkCloseReason, LinkFailure, LinkListener, LinkPort, RawLink } from '../../../src/runtime/io/raw-link.js'
import type { System } from '../../../src/runtime/system.js'

/** What may differ between ports that keep the contract. */
export interface Traits {
  readonly lends: boolean
  /** Its carrier has a word for a reset. Without it a reset looks like an end until one writes. */
  readonly resets: boolean
  /** Knows of a reset while it is paused. */
  readonly watchesPaused: boolean
}

/** Two systems, and time that passes. */
export interface LinkWorld {
  readonly here: System
  readonly there: System
  /** Lets something happen, if there is anything. */
  turn (): Promise<void>
  stop (): Promise<void>
}

/** A world with ports. */
export interface PortWorld extends LinkWorld {
  readonly portHere: LinkPort
  readonly portThere: LinkPort
  /** To listen on: one that is free, chosen by the port itself where it can. */
  readonly address: string
}

/** A world that only has two ends. */
export interface PairWorld extends LinkWorld {
  pair (): readonly [RawLink, RawLink]
}

const longestWaitMs = 10_000
const idleTurns = 30

export async function until (world: LinkWorld, condition: () => boolean, what = 'what is waited for'): Promise<void> {
  const begun = performance.now()
  while (!condition()) {
    if (performance.now() - begun > longestWaitMs) throw new Error(`${what} has not come`)
    await world.turn()
  }
}

/** Long enough for what should not come. */
export async function idle (world: LinkWorld): Promise<void> {
  for (let turn = 0; turn < idleTurns; turn++) await world.turn()
}

/** Set while a test calls a link: no callback may come then. */
const calls = { depth: 0 }

/** Calls a link. */
export function call<T> (act: () => T): T {
  calls.depth++
  try {
    return act()
  } finally {
    calls.depth--
  }
}

/** An end of a link, who listens to it, and all that was heard: `data` (any number in a row is one), `end`, `drain`, a reason. */
export class Ear {
  readonly link: RawLink
  readonly log: string[] = []
  readonly chunks: Uint8Array[] = []
  readonly faults: string[] = []
  length = 0
  reason: LinkCloseReason | undefined
  error: Error | undefined
  ended = false
  onData: ((bytes: Uint8Array) => void) | undefined
  onEnd: (() => void) | undefined
  onDrain: (() => void) | undefined
  private telling = false

  constructor (link: RawLink, attach = true) {
    this.link = link
    if (attach) this.attach()
  }

  attach (): void {
    call(() => { this.link.attach(this.listener) })
  }

  get received (): Uint8Array {
    return Buffer.concat(this.chunks)
  }

  get text (): string {
    return Buffer.from(this.received).toString()
  }

  private readonly listener: LinkListener = {
    onData: bytes => {
      this.hear('data', () => {
        this.chunks.push(bytes.slice())
        this.length += bytes.length
        if (this.ended) this.faults.push('data behind the end')
        if (bytes.length === 0) this.faults.push('no data in data')
        this.onData?.(bytes)
      })
    },
    onEnd: () => {
      this.hear('end', () => {
        if (this.ended) this.faults.push('two ends')
        this.ended = true
        this.onEnd?.()
      })
    },
    onDrain: () => { this.hear('drain', () => { this.onDrain?.() }) },
    onClose: (reason, error) => {
      this.hear(reason, () => {
        if (!this.link.closed) this.faults.push('told of a close that is none')
        this.reason = reason
        this.error = error
      })
    }
  }

  private hear (what: string, then: () => void): void {
    if (calls.depth > 0) this.faults.push(`${what} in the stack of a call`)
    if (this.telling) this.faults.push(`${what} inside of another callback`)
    if (this.reason !== undefined) this.faults.push(`${what} behind the close`)
    if (what !== 'data' || this.log.at(-1) !== 'data') this.log.push(what)
    this.telling = true
    then()
    this.telling = false
  }
}

/** A world, what is open in it, and how it ends. */
export class LinkStage<W extends LinkWorld> {
  readonly world: W
  readonly ears: Ear[] = []
  private readonly open: Disposable[] = []

  constructor (world: W) {
    this.world = world
  }

  hold<D extends Disposable> (open: D): D {
    this.open.push(open)
    return open
  }

  ear (link: RawLink, attach = true): Ear {
    const ear = new Ear(this.hold(link), attach)
    this.ears.push(ear)
    return ear
  }

  async until (condition: () => boolean, what?: string): Promise<void> {
    await until(this.world, condition, what)
  }

  async idle (): Promise<void> {
    await idle(this.world)
  }

  get ledger (): readonly string[] {
    const { here, there } = this.world
    return [...here.handles.labels(), ...there.handles.labels()]
  }

  /** Closes everything; then nothing may be open, and nobody may have heard what he should not. */
  async end (): Promise<void> {
    for (const open of this.open) open[Symbol.dispose]()
    await this.world.stop()
    expect(this.ledger).to.deep.equal([])
    expect(this.ears.flatMap(({ faults }) => faults)).to.deep.equal([])
  }
}

export interface Listening {
  readonly links: RawLink[]
  readonly failures: LinkFailure[]
  readonly addresses: string[]
  readonly listener: Disposable
}

/** Listens and keeps what comes. */
export function listen (stage: LinkStage<PortWorld>, address = stage.world.address, port = stage.world.portThere, system = stage.world.there): Listening {
  const links: RawLink[] = []
  const failures: LinkFailure[] = []
  const addresses: string[] = []
  const listener = stage.hold(call(() => port.listen(address, {
    onListening: chosen => { addresses.push(chosen) },
    onLink: link => {
      links.push(stage.hold(link))
      // As a `tell` would take it.
      system.custody = undefined
    },
    onFailure: failure => { failures.push(failure) }
  })))
  return { links, failures, addresses, listener }
}

export interface Connecting {
  readonly links: RawLink[]
  readonly failures: LinkFailure[]
  readonly attempt: Disposable
}

export function connect (stage: LinkStage<PortWorld>, address: string, options?: { readonly timeoutMs?: number }): Connecting {
  const links: RawLink[] = []
  const failures: LinkFailure[] = []
  const { portHere, here } = stage.world
  const attempt = stage.hold(call(() => portHere.connect(address, {
    onLink: link => {
      links.push(stage.hold(link))
      here.custody = undefined
    },
    onFailure: failure => { failures.push(failure) }
  }, options)))
  return { links, failures, attempt }
}

/** Listens on any address; resolves with the one that was chosen. */
export async function listening (stage: LinkStage<PortWorld>): Promise<Listening & { readonly address: string }> {
  const open = listen(stage)
  await stage.until(() => open.addresses.length + open.failures.length > 0, 'the listener')
  expect(open.failures).to.deep.equal([])
  return { ...open, address: open.addresses[0]! }
}

/** An open link from here to there. */
export async function openPair (stage: LinkStage<PortWorld>): Promise<readonly [RawLink, RawLink]> {
  const { address, links: accepted, listener } = await listening(stage)
  const { links: dialed, failures } = connect(stage, address)
  await stage.until(() => (dialed.length > 0 && accepted.length > 0) || failures.length > 0, 'the link')
  expect(failures).to.deep.equal([])
  listener[Symbol.dispose]()
  return [dialed[0]!, accepted[0]!]
}

/** Bytes of which each tells its place. */
export function pattern (length: number, from = 0): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = patternAt(from + i)
  return bytes
}

export function patternAt (place: number): number {
  return (place ^ (place >>> 8) ^ (place >>> 16) * 31) & 0xff
}

export function text (value: string): Uint8Array {
  return new TextEncoder().encode(value)
}
