/**
 * The kill campaign: a busy node, of which actors of every kind but the root are killed, one after another, in random order.
 *
 * What must hold all the while:
 * - a stream of the traffic fails only when it, its handler or an actor above it was killed, and never brings a wrong byte;
 * - what a supervisor keeps alive is back, and does its work, within a second, not counting the time for which node and visitors
 *   were ready to run and had no processor, whichever of them waited longer;
 * - nothing crashes, nothing is suspended, no observer is lost.
 */
import { createNode, echo, isEmpty, perf, type Ledger, type Multiaddr, type Node, type Protocol } from '../../../src/index.js'
import { explain } from '../../../src/runtime/inspect/explain.js'
import { SeededRandom } from '../../../src/runtime/random.js'
import { Flows, streamKey, type FlowNews, type FlowTotals } from './flows.js'
import { Hunter, nodesOf, type Kill } from './hunter.js'
import { campaignPauseMs, mostStreams, Peers, type PeerFlowNews } from './peers.js'
import { timesOf } from './processor.js'
import { clock, patience, pause } from './turns.js'

export interface CampaignOptions {
  readonly seed: number
  readonly peers: number
  /** Live at a time, in all. */
  readonly streams: number
}

export interface CampaignFigures {
  readonly kills: Readonly<Record<string, number>>
  readonly restarts: number
  /** Until what was killed was back and did its work, in milliseconds, the longest of each kind. */
  readonly backMs: Readonly<Record<string, Back>>
  readonly traffic: FlowTotals
  /** Least number of live streams that was seen when somebody looked. */
  readonly liveStreams: number
  /** Codes with which streams could not be opened, and with which they failed, by how often. */
  readonly codes: Readonly<Record<string, number>>
  readonly seconds: number
  /** Seconds that node, peers and visitors have had of a processor, and for which they were ready and had none. */
  readonly processor: Readonly<Record<'node' | 'peers' | 'visitors', { readonly used: number, readonly queued: number }>>
  /** All that must not have been. */
  readonly faults: readonly string[]
}

/** How long it took, in milliseconds, and for how much of that there was no processor for those who took part. */
export interface Back {
  readonly took: number
  readonly queued: number
}

/** Kinds that a supervisor keeps alive, and what shows that they work again. */
const permanent: Readonly<Record<string, readonly ProbeName[]>> = {
  'services': ['peer-store', 'listening', 'inbound'],
  'peer-store': ['peer-store'],
  'protocol-registry': [],
  'address-manager': ['listening'],
  'network': ['listening', 'inbound', 'outbound'],
  'listeners': ['listening', 'inbound'],
  'listener': ['listening', 'inbound'],
  'swarm': ['inbound', 'outbound'],
  'dialer': ['outbound'],
  'connection-manager': [],
  'keep-alive': [],
  'connections': ['inbound', 'outbound'],
  'protocols': ['identify'],
  'identify': ['identify']
}

type ProbeName = 'peer-store' | 'listening' | 'inbound' | 'outbound' | 'identify'

/** Kinds that live too short to be found: the next one is provoked, and dies at its birth or before one of its first messages. */
const shortLived = ['dial', 'attempt', 'request', 'upgrade', 'identify-exchange', 'handler', 'stream', 'streams', 'connection']

/** Those of them that only our own dials bring. */
const ofDials = ['dial', 'attempt']

/** Kinds that every node has; more may be found. */
export const expectedKinds: readonly string[] = [...Object.keys(permanent), ...shortLived]

/** One comes and goes, one is visited; the two behind them are for those who look whether all is well. */
const visitors = 2
const backMs = 1000
/** Traps of 50 ms that are set for one kill. */
const mostTries = 200

/** Streams of peers that are remembered. */
const mostKnown = 20_000

/** When streams that are open on both sides were first seen, and what they are here. */
interface Known {
  readonly path: string
  readonly at: number
  /** The one before it with the same key: a port that is free again may be given to the next connection to the same address. */
  readonly before: Omit<Known, 'before'> | undefined
}

export class Campaign {
  readonly node: Node
  readonly peers: Peers
  /** In a process of their own: who looks whether all is well must not stand behind the traffic. */
  readonly visitors: Peers
  readonly baseline: Ledger
  private readonly address: Multiaddr
  private readonly options: CampaignOptions
  private readonly random: SeededRandom
  /** Paths that live when nobody is connected: what must come back. */
  private readonly resident: readonly string[]
  private readonly states: string
  /** Streams that peers have opened, by `streamKey`. */
  private readonly known: Map<string, Known>
  private readonly news: FlowNews[] = []
  private readonly peerNews: PeerFlowNews[]

  private constructor (node: Node, peers: Peers, visitors: Peers, options: CampaignOptions, known: Map<string, Known>, peerNews: PeerFlowNews[]) {
    this.node = node
    this.peers = peers
    this.visitors = visitors
    this.options = options
    this.known = known
    this.peerNews = peerNews
    this.random = new SeededRandom(options.seed)
    this.address = node.getMultiaddrs()[0]!
    this.baseline = node.inspect.ledger()
    this.resident = [...nodesOf(node.inspect.tree())].map(({ path }) => path)
    this.states = this.residentStates()
  }

  static async prepare (options: CampaignOptions): Promise<Campaign> {
    const started: Array<() => Promise<unknown>> = []
    try {
      return await Campaign.prepared(options, started)
    } catch (error) {
      for (const end of started) await end()
      throw error
    }
  }

  private static async prepared (options: CampaignOptions, started: Array<() => Promise<unknown>>): Promise<Campaign> {
    const known = new Map<string, Known>()
    const peerNews: PeerFlowNews[] = []
    const peers = await Peers.start({ seed: options.seed, peers: options.peers, visitors: 0 }, news => { peerNews.push(news) })
    started.push(() => peers.kill())
    const guests = await Peers.start({ seed: options.seed, peers: 0, visitors: visitors + 2 }, () => {})
    started.push(() => guests.kill())
    const registering = (protocol: Protocol): Protocol => ({
      ...protocol,
      limits: mostStreams,
      inbound: (stream, context) => {
        const key = streamKey(node, stream)
        const before = known.get(key)
        known.delete(key)
        known.set(key, { path: stream.path, at: clock(), before: before && { path: before.path, at: before.at } })
        // In the order of their coming: of those so long ago no news are on their way any more.
        for (const oldest of known.keys()) {
          if (known.size <= mostKnown) break
          known.delete(oldest)
        }
        return protocol.inbound!(stream, context)
      }
    })
    const node: Node = await createNode({
      log: { level: 'off' },
      seed: options.seed,
      protocols: [registering(echo()), registering(perf())],
      // Little more than the campaign needs: a lease that leaks in one of a hundred kills must show.
      limits: { connections: { connections: 2 * options.peers + 40, inbound: 2 * options.peers + 30, pending: options.peers + 30 } }
    })
    started.push(() => node.stop())
    // Until it has told itself its own news.
    await pause(2000)
    return new Campaign(node, peers, guests, options, known, peerNews)
  }

  /** Kills so many, and lets everything come to rest. Can be done again. */
  async run (kills: number, untilMs = Infinity): Promise<CampaignFigures> {
    const { node, options, peers, random } = this
    const begun = performance.now()
    this.codes = {}
    const processor = this.processor()
    const hunter = new Hunter(node)
    const flows = new Flows(node, options.seed, campaignPauseMs, news => { this.news.push(news) })
    const longest: Record<string, Back> = {}
    const faults: string[] = []
    let live = Infinity
    // A perf stream among five; half of all opened here, half by the peers.
    const each = options.streams / 2 / options.peers
    const perfs = Math.max(1, Math.round(each / 5))
    for (const peer of peers.peers) {
      for (let i = 0; i < each - perfs; i++) flows.keep(peer, 'echo')
      for (let i = 0; i < perfs; i++) flows.keep(peer, 'perf')
    }
    await peers.run({ do: 'traffic', address: this.address.toString(), echo: each - perfs, perf: perfs })
    await this.mustBecome('all streams live', async () => await peers.live() + flows.live >= options.streams * 0.95)
    let over = false
    const guests = [this.visitHere, this.visitThere].map(async (visit, at) => {
      while (!over) {
        // That it fails is none of its business.
        await visit.call(this, at).catch(() => {})
        await pause(random.int(5))
        // Again when somebody is waited for who comes of it, else now and then: each visit costs both sides a handshake.
        const useless = (): boolean => hunter.trapped === '' || (visit === this.visitHere && ofDials.includes(hunter.trapped))
        for (let ms = 0; ms < 500 && !over && useless(); ms += 5) await pause(5)
      }
    })
    await this.mustBecome('every kind of actor seen', () => expectedKinds.every(kind => hunter.kinds.has(kind)))

    const deck = this.deck([...hunter.kinds].filter(kind => kind !== node.inspect.tree().behavior), kills)
    for (const [at, kind] of deck.entries()) {
      if (performance.now() > untilMs) break
      const error = new Error(`kill ${at} of seed ${options.seed}`)
      const liveOnes = async (): Promise<number> => flows.live + await peers.live()
      // How long it takes is looked at when nothing else is being restored; all others die whenever their turn comes.
      if (kind in permanent) await this.mustBecome('most streams live', async () => await liveOnes() >= options.streams * 0.9)
      const killedAt = performance.now()
      if (!await this.killOne(hunter, kind, error)) faults.push(`no ${kind} could be caught`)
      const probes = permanent[kind]
      if (probes !== undefined) {
        const { took, queued, tries } = await this.back(probes, killedAt)
        if (took - queued > backMs) faults.push(`${kind} was back after ${Math.round(took)} ms, ${Math.round(queued)} of them without a processor (${tries}): kill ${at}`)
        if (took > (longest[kind]?.took ?? 0)) longest[kind] = { took, queued }
      } else {
        await pause(random.int(3))
      }
      if (at % 20 === 0) live = Math.min(live, await liveOnes())
      this.judge(hunter, faults)
    }

    over = true
    await Promise.all(guests)
    const [here, there] = await Promise.all([flows.stop(), peers.rest()])
    await this.part()
    await patience(50)
    this.judge(hunter, faults)
    hunter.stop()
    return {
      kills: hunter.counts(),
      restarts: hunter.restarts,
      backMs: longest,
      traffic: {
        bytes: here.bytes + there.bytes, bytesHashed: here.bytesHashed + there.bytesHashed, ended: here.ended + there.ended, lost: here.lost + there.lost, unopened: here.unopened + there.unopened
      },
      liveStreams: live,
      codes: this.codes,
      seconds: (performance.now() - begun) / 1000,
      processor: this.processor(processor),
      faults: [...faults, ...hunter.faults, ...hunter.suspensions > 0 ? [`${hunter.suspensions} suspensions`] : []]
    }
  }

  /** What is in use besides the baseline, once all that was under way has had its time; nothing when all is well. */
  async leftovers (): Promise<string> {
    const wanted = textOf(this.baseline)
    await this.becomes(() => textOf(this.node.inspect.ledger()) === wanted && this.residentStates() === this.states)
    const ledger = textOf(this.node.inspect.ledger())
    const states = this.residentStates()
    return [
      ...ledger === wanted ? [] : [`the ledger is ${ledger}, not ${wanted}`],
      ...states === this.states ? [] : [`the states are ${states}, not ${this.states}`]
    ].join('\n')
  }

  private processor (since?: CampaignFigures['processor']): CampaignFigures['processor'] {
    const of = (name: keyof CampaignFigures['processor'], pid: number): { used: number, queued: number } => {
      const { used, queued } = timesOf(pid)
      return { used: used / 1000 - (since?.[name].used ?? 0), queued: queued / 1000 - (since?.[name].queued ?? 0) }
    }
    return { node: of('node', process.pid), peers: of('peers', this.peers.pid), visitors: of('visitors', this.visitors.pid) }
  }

  /** Ends node and peers; what the node still has then, if anything. */
  async stop (): Promise<string> {
    await this.node.stop()
    await Promise.all([this.peers.stop(), this.visitors.stop()])
    const ledger = this.node.inspect.ledger()
    return isEmpty(ledger) ? '' : JSON.stringify(ledger)
  }

  /** For one that has failed: whatever there is ends, and nobody looks how. */
  async abandon (): Promise<void> {
    await Promise.all([this.node.stop(), this.peers.kill(), this.visitors.kill()])
  }

  // ---------------------------------------------------------------- killing

  /**
   * Which kinds are killed, in random order. Each at least a hundredth of all, which is enough for those who are looked after until
   * they are back, or take all connections with them; those that carry bytes or requests make up the rest.
   */
  private deck (kinds: readonly string[], kills: number): string[] {
    const deck: string[] = []
    const least = Math.max(1, Math.ceil(kills / 100))
    const weight = (kind: string): number => kind in permanent ? 0 : kind === 'connection' || kind === 'streams' ? 1 : 4
    const sum = kinds.reduce((total, kind) => total + weight(kind), 0)
    for (const kind of kinds) deck.push(...new Array<string>(least + Math.floor((kills - least * kinds.length) * weight(kind) / sum)).fill(kind))
    while (deck.length < kills) deck.push('stream')
    for (let i = deck.length - 1; i > 0; i--) {
      const j = this.random.int(i + 1)
      ;[deck[i], deck[j]] = [deck[j]!, deck[i]!]
    }
    return deck
  }

  private async killOne (hunter: Hunter, kind: string, error: Error): Promise<boolean> {
    const { random } = this
    const trapped = shortLived.includes(kind) && (random.int(4) < 3 || hunter.alive(kind).size === 0)
    if (!trapped && hunter.killOne(kind, random, error)) return true
    for (let tries = 0; tries < mostTries; tries++) {
      if (!shortLived.includes(kind)) {
        if (hunter.killOne(kind, random, error)) return true
        await pause(1)
        continue
      }
      // What is to be caught must be about to come: there is always somebody on his way in, and on his way out.
      hunter.setTrap(kind, random.int(5), error)
      for (let ms = 0; ms < 50 && hunter.trapped !== ''; ms += 2) await pause(2)
      if (hunter.takeTrap()) return true
    }
    return false
  }

  private async visitHere (visitor: number): Promise<void> {
    await this.visitors.run({ do: 'visit', visitor, address: this.address.toString() })
  }

  private async visitThere (visitor: number): Promise<void> {
    const address = this.visitors.visitors[visitor]!
    await this.node.hangUp(address.slice(address.lastIndexOf('/') + 1), { graceMs: 0, timeoutMs: 1000 })
    await this.node.dial(address, { timeoutMs: 2000, ignoreBackoff: true })
    await this.node.ping(address, { timeoutMs: 2000 })
  }

  // ---------------------------------------------------------------- judging

  /** How long it takes until everybody who is always there is there, and works, in milliseconds. */
  private async back (probes: readonly ProbeName[], since: number): Promise<Back & { readonly tries: string }> {
    const tries: string[] = []
    const both = [process.pid, this.visitors.pid]
    const before = both.map(pid => timesOf(pid).queued)
    // They may wait at the same time, so not the sum.
    const answer = (took: number): Back & { readonly tries: string } => ({ took, queued: Math.max(...both.map((pid, i) => timesOf(pid).queued - before[i]!)), tries: tries.join(', ') })
    const note = (what: string, from: number): void => { tries.push(`${what} after ${Math.round(performance.now() - from)} ms`) }
    await this.becomes(() => this.resident.every(path => this.node.inspect.actor(path)?.status === 'running'))
    note('there', since)
    // At the same time: one that must wait for another's answer would be timed together with it.
    const back = await Promise.all(probes.map(async name => {
      for (;;) {
        const from = performance.now()
        try {
          if (await this.probe(name)) {
            note(name, from)
            return true
          }
        } catch (error) {
          note(`not ${name} (${(error as { readonly code?: string }).code ?? String(error)})`, from)
        }
        if (performance.now() - since > 10 * backMs) return false
        await pause(1)
      }
    }))
    return answer(back.every(Boolean) ? performance.now() - since : Infinity)
  }

  private async probe (name: ProbeName): Promise<boolean> {
    const { address, node } = this
    switch (name) {
      case 'peer-store':
        await node.peerStore.get(node.peerId, { timeoutMs: 500 })
        return true
      case 'listening': return node.getMultiaddrs().some(one => one.equals(address))
      case 'inbound':
        await this.visitHere(visitors)
        return true
      case 'outbound':
        await this.visitThere(visitors + 1)
        return true
      case 'identify': {
        const heard = new Promise<boolean>(resolve => {
          const hear = (): void => {
            node.removeEventListener('peer:identify', hear)
            resolve(true)
          }
          node.addEventListener('peer:identify', hear)
        })
        await this.visitThere(visitors + 1)
        return heard
      }
    }
  }

  private codes: Record<string, number> = {}

  /** Streams that failed without being under a killed actor are faults. */
  private judge ({ ends, kills }: Hunter, faults: string[]): void {
    if (this.news.length + this.peerNews.length === 0) return
    // While the stream lived: paths are used again after `connections` was killed, so an older kill explains nothing.
    const killedAbove = (path: string, from: number, to: number): Kill | undefined => {
      for (let i = kills.length - 1; i >= 0 && kills[i]!.at >= from; i--) {
        const kill = kills[i]!
        if (kill.at <= to && (path === kill.path || path.startsWith(`${kill.path}/`) || kill.path === `${path}/handler`)) return kill
      }
      return undefined
    }
    const judged = (news: FlowNews, path: string): void => {
      const { since: from, until: to } = news
      const name = `${news.type} ${news.code === '' ? news.text : news.code}`
      this.codes[name] = (this.codes[name] ?? 0) + 1
      if (mute(news)) faults.push(`${news.kind} stream of ${path}: ${name} after ${Math.round(to - from)} ms; its connection: ${explain(this.node.inspect.why(connectionOf(path)))}`)
      if (news.type === 'unopened') return
      const because = killedAbove(path, from, to)
      if (news.type === 'wrong' || news.code === 'stream/ended' || because === undefined) {
        const connection = connectionOf(path)
        const since = (at: number): string => `${Math.round(at - from)} ms`
        const around = [...ends.filter(end => end.path.startsWith(connection)).map(({ at, path, text }) => ({ at, text: `${path} ${text}` })), ...kills.filter(kill => connection.startsWith(kill.path) || kill.path.startsWith(connection)).map(({ at, path }) => ({ at, text: `kill of ${path}` }))]
        faults.push(`${news.kind} stream ${path}: ${news.type} after ${since(to)}, ${news.code} ${news.text}${because === undefined ? '' : ` (killed: ${because.path})`}; its connection: ${explain(this.node.inspect.why(connection))} ${around.sort((a, b) => a.at - b.at).slice(-8).map(({ at, text }) => `${since(at)}: ${text}`).join('; ')}`)
      }
    }
    for (const news of this.news.splice(0)) judged(news, news.path)
    for (const news of this.peerNews.splice(0)) {
      const latest = this.known.get(news.key)
      const known = latest !== undefined && latest.at > news.until ? latest.before : latest
      // One whose handler never began: its stream, or the handler, was killed before.
      if (known === undefined || known.at < news.since) {
        const name = `${news.type} before its handler: ${news.code}`
        this.codes[name] = (this.codes[name] ?? 0) + 1
        if (news.type === 'wrong' || mute(news)) faults.push(`${news.kind} stream of ${news.peer}: ${news.type} ${news.code} ${news.text}`)
      } else {
        judged(news, known.path)
      }
    }
  }

  /** All connections end, from both sides. */
  private async part (): Promise<void> {
    await Promise.all([this.peers.run({ do: 'part' }), this.visitors.run({ do: 'part' })])
    for (const connection of this.node.getConnections()) await connection.close({ graceMs: 100 }).catch(() => {})
    await this.becomes(() => this.node.getConnections().length === 0)
  }

  /** As all who are always there describe themselves; peers and their addresses stay known, and are not counted. */
  private residentStates (): string {
    const states = [...nodesOf(this.node.inspect.tree())].filter(({ behavior, path }) => this.resident.includes(path) && behavior !== 'peer-store' && behavior !== 'address-manager')
    // Who has subscribed first, and who anew, is no difference.
    const sorted = (_: string, value: unknown): unknown => Array.isArray(value) ? [...value as unknown[]].sort() : value
    return JSON.stringify(states.map(({ path, state, mailbox }) => `${path} ${mailbox} ${JSON.stringify(state, sorted)}`).sort())
  }

  private async becomes (look: () => boolean | Promise<boolean>): Promise<boolean> {
    for (const until = performance.now() + 30_000; performance.now() < until;) {
      if (await look()) return true
      await pause(1)
    }
    return false
  }

  private async mustBecome (what: string, look: () => boolean | Promise<boolean>): Promise<void> {
    if (!await this.becomes(look)) throw new Error(`${what}: it did not become so within 30 s; seed ${this.options.seed}; ${[...this.news, ...this.peerNews].slice(-5).map(news => JSON.stringify(news)).join(', ')}`)
  }
}

/** Whoever is killed says so, or his connection ends. A side that waits for its deadline talks to one that is there no more, and was not told. */
function mute ({ code }: FlowNews): boolean {
  return code === 'stream/timeout'
}

function connectionOf (path: string): string {
  return path.split('/').slice(0, 4).join('/')
}

/** Whoever was started anew stands behind the others, which is no difference. */
function textOf ({ owners, ...rest }: Ledger): string {
  return JSON.stringify({ ...rest, owners: Object.entries(owners).map(([path, held]) => `${path} ${JSON.stringify(held)}`).sort() })
}
