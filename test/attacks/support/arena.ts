/**
 * A victim with its default limits, two honest peers and an attacker, each in a process of its own. One attack after the other; after
 * each the victim must be as it was.
 */
import { createNode, echo, protocol, reducer, type ErrorCode, type Node, type Out, type TraceRecord } from '../../../src/index.js'
import type { HandlerInput } from '../../../src/actors/contract/protocol.js'
import type { System } from '../../../src/runtime/system.js'
import { pause } from '../../sim/support/turns.js'
import { livelockProtocol, pouringProtocol, throwingProtocol } from './assaults.js'
import { Helper, type AttackerCommand, type HonestCommand, type Measured } from './attacking.js'
import { mostActors, mostBytes, type Attack } from './attacks.js'

export interface Outcome {
  readonly attack: Attack
  /** Codes of ends, by how often. */
  readonly codes: Readonly<Record<string, number>>
  /** Most that it held at any time that was looked at. */
  readonly actors: number
  readonly bytes: number
  readonly pings: Measured
  /** Beside a process that burns as much; measured only where the pings took long. */
  readonly beside: Measured | undefined
  readonly attackerCpu: number
  /** What must not have been. */
  readonly faults: readonly string[]
}

/** Writes to whoever does not read. */
const pouring = protocol(pouringProtocol, {
  async inbound (stream) { for (;;) await stream.write(new Uint8Array(100_000)) }
})
const throwing = protocol(throwingProtocol, { inbound: () => { throw new Error('thrown as told') } })

/** Its one message makes itself again, for ever. */
const spinning = reducer({
  name: 'spinning',
  initial: (_input: HandlerInput, out: Out<{ again: undefined }>) => {
    out.do('again')
    return null
  },
  step: (state: null, _message: { readonly type: 'spin' }, out: Out<{ again: undefined }>) => {
    out.do('again')
    return state
  },
  effects: { again: actor => { actor.self.tell({ type: 'spin' }) } }
})
const livelock = protocol(livelockProtocol, { behavior: spinning })

/** A node has 50 ms for the pings of honest peers, or three times what they take without it. */
const mostPingMs = 50
const mostBeside = 3
/** How long what the attacker has left behind may take to end by its own deadlines, in milliseconds. */
const settleMs = 15_000
const mostHeapGrowth = 24 * 2 ** 20

export class Arena {
  readonly node: Node
  private readonly attacker = new Helper<AttackerCommand>('attacker')
  private readonly honest = new Helper<HonestCommand>('honest')
  /** Connections of the honest. */
  private own: readonly string[] = []
  private baseline = ''

  private constructor (node: Node) {
    this.node = node
  }

  static async open (loopback: boolean): Promise<Arena> {
    const node = await createNode({
      log: { level: 'off' },
      protocols: [echo(), pouring, throwing, livelock],
      ...loopback && { listen: ['/ip4/0.0.0.0/tcp/0'], limits: { connections: { loopback: true } } }
    })
    const arena = new Arena(node)
    await arena.honest.run({ do: 'start', address: arena.address })
    // Until everybody knows everybody.
    await pause(2500)
    arena.own = node.getConnections().map(({ path }) => path)
    arena.baseline = arena.owners()
    return arena
  }

  async attack (attack: Attack): Promise<Outcome> {
    const { node } = this
    const faults: string[] = []
    const codes: Record<string, number> = {}
    const note = (record: TraceRecord): void => {
      if (this.own.some(path => record.path === path || record.path.startsWith(`${path}/`))) {
        if (record.kind === 'down' && record.behavior === 'connection') faults.push(`the connection of an honest peer ended: ${JSON.stringify(record.exit)}`)
        return
      }
      const code = codeOf(record)
      if (code !== undefined) codes[code] = (codes[code] ?? 0) + 1
      if (record.kind === 'restarting' || record.kind === 'suspended') faults.push(`${record.kind} of ${record.child ?? ''}`)
    }
    const subscriptions = [
      node.inspect.trace({ kinds: ['message', 'emitted'], types: reasons, payloads: true }).subscribe(note),
      node.inspect.trace({ kinds: ['down', 'log', 'restarting', 'suspended'], payloads: true }).subscribe(note)
    ]
    const undo = preparations[attack.id]?.(this, codes, faults)
    const heap = heapUsed()
    await pause(200)
    const peak = { actors: 0, bytes: 0 }
    await this.honest.run({ do: 'measure' })
    let over = false
    const watching = (async () => {
      while (!over) {
        this.look(peak)
        await pause(10)
      }
    })()
    const ms = attack.ms ?? 1500
    const begun = performance.now()
    const { cpuShare } = await this.attacker.run<{ readonly cpuShare: number }>({ do: 'attack', attack: attack.id, address: this.address, ms })
    // Who was cut at once is looked at as long as the others, or a single late turn of this machine were one in a hundred.
    await pause(Math.max(0, ms - (performance.now() - begun)))
    over = true
    await watching
    const pings = await this.honest.run<Measured>({ do: 'measure' })
    undo?.()
    const beside = pings.p99 < mostPingMs ? undefined : await this.beside(cpuShare, ms)
    const left = await this.settled()
    for (const subscription of subscriptions) subscription.unsubscribe()

    if (left !== '') faults.push(`left behind: ${left}`)
    if (beside !== undefined && !(pings.p99 < mostBeside * beside.p99)) faults.push(`pings took ${pings.p99.toFixed(1)} ms in 99 of 100; beside a process that burns as much ${beside.p99.toFixed(1)}`)
    if (pings.pings < ms / 100) faults.push(`the honest pinged ${pings.pings} times in ${ms} ms`)
    faults.push(...pings.failures.map(failure => `an honest peer: ${failure}`))
    const { actors = mostActors, bytes = mostBytes } = attack.most ?? {}
    if (peak.actors > actors) faults.push(`it held ${peak.actors} actors; its share is ${actors}`)
    if (peak.bytes > bytes) faults.push(`it held ${peak.bytes} bytes; its share is ${bytes}`)
    if (attack.codes.length > 0 && !attack.codes.some(code => code in codes)) faults.push(`nothing ended with ${attack.codes.join(' or ')}, but with ${JSON.stringify(codes)}`)
    const grown = heapUsed() - heap
    if (grown > mostHeapGrowth) faults.push(`the heap has grown by ${Math.round(grown / 2 ** 20)} MiB`)
    return { attack, codes, ...peak, pings, beside, attackerCpu: cpuShare, faults }
  }

  async close (): Promise<void> {
    await this.honest.run({ do: 'stop' })
    await this.node.stop()
    await Promise.all([this.honest.stop(), this.attacker.stop()])
  }

  isHonest (path: string): boolean {
    return this.own.includes(path)
  }

  /** As of the kernel, to do what no public face allows. */
  get system (): System {
    return (this.node.inspect as unknown as { readonly system: System }).system
  }

  private get address (): string {
    return this.node.getMultiaddrs().find(address => address.toString().startsWith('/ip4/127.'))!.toString()
  }

  private async beside (share: number, ms: number): Promise<Measured> {
    await this.honest.run({ do: 'measure' })
    await this.attacker.run({ do: 'burn', share, ms })
    return this.honest.run<Measured>({ do: 'measure' })
  }

  /** What all connections but the honest ones hold now. */
  private look (peak: { actors: number, bytes: number }): void {
    let actors = 0
    let bytes = 0
    for (const { path } of this.system.root.list('/node/connections')) {
      if (this.isHonest(path)) continue
      const used = this.node.inspect.actor(path)?.account?.used
      actors += used?.actors ?? 0
      bytes += used?.bytes ?? 0
    }
    peak.actors = Math.max(peak.actors, actors)
    peak.bytes = Math.max(peak.bytes, bytes)
  }

  /** Who holds what, but for the honest, whose streams come and go. */
  private owners (): string {
    const honest = [...this.own, '/node/network/swarm/', '/node/protocols/identify/']
    return Object.entries(this.node.inspect.ledger().owners)
      .filter(([path]) => !honest.some(own => path.startsWith(own)))
      .map(([path, held]) => `${path} ${JSON.stringify(held)}`).sort().join('\n')
  }

  private async settled (): Promise<string> {
    for (const until = performance.now() + settleMs; performance.now() < until;) {
      if (this.owners() === this.baseline) return ''
      await pause(20)
    }
    return `${this.owners()}, not ${this.baseline}`
  }
}

/** Messages that name the reason of an end. */
const reasons = ['stream.reset', 'stream.unnegotiated', 'link.refused-stream', 'handler.interrupted', 'peer.identified'] as const

function codeOf ({ behavior, details, exit, kind, message }: TraceRecord): string | undefined {
  if (kind === 'down' && exit?.kind === 'crashed') return behavior === 'handler' ? 'handler/crashed' : behavior === 'connection' ? 'connection/crashed' : `crash of ${behavior}`
  if (kind === 'down') return behavior === 'connection' ? (exit?.output as { readonly code?: string } | undefined)?.code : undefined
  const about = (kind === 'log' ? details : message) as { readonly code?: string, readonly reset?: Coded, readonly failure?: Coded, readonly result?: { readonly badRecord?: Coded } } | undefined
  return about?.code ?? about?.reset?.code ?? about?.failure?.code ?? about?.result?.badRecord?.code
}

interface Coded { readonly code: ErrorCode }

function heapUsed (): number {
  const { gc } = globalThis as { readonly gc?: () => void }
  gc?.()
  return process.memoryUsage().heapUsed
}

type Preparation = (arena: Arena, codes: Record<string, number>, faults: string[]) => () => void

/** What is done here while the attack goes on, and what is looked at; the result ends it. */
const preparations: Readonly<Record<string, Preparation>> = {
  A5 ({ node }, codes) {
    // The key of whoever answers is not that of the one who was meant.
    const [address] = node.getMultiaddrs()
    void node.dial(`${address!.withoutPeer()!.toString()}/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5`).catch((error: unknown) => {
      codes[JSON.stringify((error as { readonly cause?: unknown }).cause ?? error).includes('upgrade/peer-mismatch') ? 'upgrade/peer-mismatch' : String(error)] = 1
    })
    return () => {}
  },
  A18 ({ node }, _codes, faults) {
    const hear = ({ detail }: { readonly detail: { readonly addresses: ReadonlyArray<{ readonly address: unknown }> } }): void => {
      const text = JSON.stringify(detail.addresses.map(({ address }) => String(address)))
      if (text.includes('/1005') || text.includes('/1020')) faults.push(`it is believed: ${text}`)
    }
    node.addEventListener('peer:update', hear)
    return () => { node.removeEventListener('peer:update', hear) }
  },
  A19 ({ node }, _codes, faults) {
    return () => {
      const state = JSON.stringify(node.inspect.actor('/node/services/address-manager')?.state)
      if (node.getMultiaddrs().some(address => address.toString().includes('6.6.6.6'))) faults.push('a false address is announced')
      const observers = state.split('6.6.6.6').length - 1
      if (observers > 64) faults.push(`${observers} false addresses are remembered`)
    }
  },
  A33 (arena, codes) {
    let first = true
    const hear = ({ detail: { path } }: { readonly detail: { readonly path: string } }): void => {
      // The first brings the handlers.
      if (!first) arena.system.find(path)?.crash('io', new Error('crashed as told'))
      first = false
    }
    arena.node.addEventListener('connection:open', hear)
    return () => {
      arena.node.removeEventListener('connection:open', hear)
      codes['crashes in all'] = (codes['handler/crashed'] ?? 0) + (codes['connection/crashed'] ?? 0)
    }
  },
  A37 ({ node }, codes, faults) {
    let removed = 0
    const subscriptions = [
      node.inspect.trace({ kinds: ['observer-removed'] }).subscribe(() => { removed++ }),
      node.inspect.trace({ payloads: true }).subscribe(() => { throw new Error('thrown as told') }),
      node.inspect.trace().subscribe(() => {}),
      node.inspect.trace().subscribe(() => { for (const until = performance.now() + 0.1; performance.now() < until;); })
    ]
    return () => {
      codes['observers removed'] = removed
      if (removed !== 1) faults.push(`${removed} observers were removed, not the one that threw`)
      for (const subscription of subscriptions) subscription.unsubscribe()
    }
  }
}
