/**
 * The kill campaign: a busy node, of which actors of every kind but the root are killed, one after another, in random order.
 *
 * What must hold all the while:
 * - a stream of the traffic fails only when it, its handler or an actor above it was killed, and never brings a wrong byte;
 * - what a supervisor keeps alive is back, and does its work, within a second;
 * - nothing crashes, nothing is suspended, no observer is lost.
 */
import { createNode, echo, isEmpty, perf, type Ledger, type Multiaddr, type Node, type Protocol } from '../../../src/index.js'
import { explain } from '../../../src/runtime/inspect/explain.js'
import { SeededRandom } from '../../../src/runtime/random.js'
import { Flows, streamKey, type FlowNews, type FlowTotals } from './flows.js'
import { Hunter, nodesOf } from './hunter.js'
import { mostStreams, Peers, type PeerFlowNews } from './peers.js'
import { patience, pause } from './turns.js'

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
  readonly backMs: Readonly<Record<string, number>>
  readonly traffic: FlowTotals
  /** Least number of live streams that was seen when somebody looked. */
  readonly liveStreams: number
  /** Codes with which streams could not be opened, and with which they failed, by how often. */
  readonly codes: Readonly<Record<string, number>>
  readonly seconds: number
  /** All that must not have been. */
  readonly faults: readonly string[]
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
  'connections': ['inbound', 'outbound'],
  'protocols': ['identify'],
  'identify': ['identify']
}

type ProbeName = 'peer-store' | 'listening' | 'inbound' | 'outbound' | 'identify'

/** Kinds that live too short to be found: the next one is provoked, and dies at its birth or before one of its first messages. */
const shortLived = ['dial', 'attempt', 'request', 'upgrade', 'identify-exchange', 'handler', 'stream', 'streams', 'connection']

/** Kinds that every node has; more may be found. */
export const expectedKinds: readonly string[] = [...Object.keys(permanent), ...shortLived]

/** Who come and go all the while; the one behind them is for those who look whether all is well. */
const visitors = 3
/** TROUPE_BACK_MS allows more on a machine that has other work to do. */
const backMs = Number(process.env['TROUPE_BACK_MS'] ?? 1000)
/** Traps of 50 ms that are set for one kill. */
const mostTries = 200

/** Streams of peers that are remembered. */
const mostKnown = 20_000

/** When streams that are open on both sides were first seen, and what they are here. */
interface Known {
  readonly path: string
  readonly at: number
}

export class Campaign {
  readonly node: Node
  readonly peers: Peers
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

  private constructor (node: Node, peers: Peers, options: CampaignOptions, known: Map<string, Known>, peerNews: PeerFlowNews[]) {
    this.node = node
    this.peers = peers
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
    const known = new Map<string, Known>()
    const peerNews: PeerFlowNews[] = []
    const peers = await Peers.start({ seed: options.seed, peers: options.peers, visitors: visitors + 1 }, news => { peerNews.push(news) })
    const registering = (protocol: Protocol): Protocol => ({
      ...protocol,
      limits: mostStreams,
      inbound: (stream, context) => {
        known.set(streamKey(node, stream), { path: stream.path, at: performance.now() })
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
    // Until it has told itself its own news.
    await pause(2000)
    return new Campaign(node, peers, options, known, peerNews)
  }

  /** Kills so many, and lets everything come to rest. Can be done again. */
  async run (kills: number, untilMs = Infinity): Promise<CampaignFigures> {
    const { node, options, peers, random } = this
    const begun = performance.now()
    const hunter = new Hunter(node)
    const flows = new Flows(node, options.seed, news => { this.news.push(news) })
    const longest: Record<string, number> = {}
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
    const guests = Array.from({ length: 2 * visitors }, async (_, at) => {
      while (!over) await this.provoke(at)
    })
    await this.mustBecome('every kind of actor seen', () => expectedKinds.every(kind => hunter.kinds.has(kind)))

    const deck = this.deck([...hunter.kinds].filter(kind => kind !== node.inspect.tree().behavior), kills)
    for (const [at, kind] of deck.entries()) {
      if (performance.now() > untilMs) break
      const error = new Error(`kill ${at} of seed ${options.seed}`)
      const killedAt = performance.now()
      if (!await this.killOne(hunter, kind, error)) faults.push(`no ${kind} could be caught`)
      const probes = permanent[kind]
      if (probes !== undefined) {
        const { took, tries } = await this.back(probes, killedAt)
        if (took > backMs) faults.push(`${kind} was back after ${Math.round(took)} ms (${tries}): kill ${at}`)
        longest[kind] = Math.max(longest[kind] ?? 0, took)
      } else {
        await pause(random.int(3))
      }
      if (at % 200 === 0) live = Math.min(live, flows.live + await peers.live())
      this.judge(hunter, faults)
    }

    over = true
    await Promise.all(guests)
    const [here, there] = await Promise.all([flows.stop(), peers.rest()])
    await this.part()
    await patience(50)
    this.judge(hunter, faults, true)
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

  /** Ends node and peers; what the node still has then, if anything. */
  async stop (): Promise<string> {
    await this.node.stop()
    await this.peers.stop()
    const ledger = this.node.inspect.ledger()
    return isEmpty(ledger) ? '' : JSON.stringify(ledger)
  }

  // ---------------------------------------------------------------- killing

  /** Which kinds are killed, in random order. Each at least a hundredth of all; those that carry bytes or requests most. */
  private deck (kinds: readonly string[], kills: number): string[] {
    const deck: string[] = []
    const least = Math.max(1, Math.ceil(kills / 100))
    const weight = (kind: string): number => kind === 'connections' ? 0 : kind in permanent ? 1 : 4
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
      for (let ms = 0; ms < 50 && hunter.trapped; ms += 2) await pause(2)
      if (hunter.takeTrap()) return true
    }
    return false
  }

  /** Something that makes dials, upgrades, requests and exchanges: a visit, there or here. That it fails is none of its business. */
  private async provoke (at: number): Promise<void> {
    const visit = at % 2 === 0 ? this.visitHere(at >> 1) : this.visitThere(at >> 1)
    await visit.catch(() => {})
    await pause(this.random.int(40))
  }

  private async visitHere (visitor: number): Promise<void> {
    await this.peers.run({ do: 'visit', visitor, address: this.address.toString() })
  }

  private async visitThere (visitor: number): Promise<void> {
    const address = this.peers.visitors[visitor]!
    await this.node.hangUp(address.slice(address.lastIndexOf('/') + 1), { graceMs: 0, timeoutMs: 1000 })
    await this.node.ping(address, { timeoutMs: 2000 })
  }

  // ---------------------------------------------------------------- judging

  /** How long it takes until everybody who is always there is there, and works, in milliseconds. */
  private async back (probes: readonly ProbeName[], since: number): Promise<{ readonly took: number, readonly tries: string }> {
    const tries: string[] = []
    const note = (what: string, from: number): void => { tries.push(`${what} after ${Math.round(performance.now() - from)} ms`) }
    await this.becomes(() => this.resident.every(path => this.node.inspect.actor(path)?.status === 'running'))
    note('there', since)
    for (const name of probes) {
      for (let done = false; !done;) {
        const from = performance.now()
        try {
          done = await this.probe(name)
          if (done) note(name, from)
        } catch (error) {
          note(`not ${name} (${(error as { readonly code?: string }).code ?? String(error)})`, from)
        }
        if (!done && performance.now() - since > 10 * backMs) return { took: Infinity, tries: tries.join(', ') }
        if (!done) await pause(1)
      }
    }
    return { took: performance.now() - since, tries: tries.join(', ') }
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
        await this.visitThere(visitors)
        return true
      case 'identify': {
        const heard = new Promise<boolean>(resolve => {
          const hear = (): void => {
            node.removeEventListener('peer:identify', hear)
            resolve(true)
          }
          node.addEventListener('peer:identify', hear)
        })
        await this.visitThere(visitors)
        return heard
      }
    }
  }

  private readonly codes: Record<string, number> = {}

  /** Streams that failed without being under a killed actor are faults. News of the last moment wait for their kill. */
  private judge ({ kills }: Hunter, faults: string[], last = false): void {
    if (!last && this.news.length + this.peerNews.length === 0) return
    const judged = (news: FlowNews, path: string, from: number): void => {
      const name = `${news.type} ${news.code === '' ? news.text : news.code}`
      this.codes[name] = (this.codes[name] ?? 0) + 1
      if (news.type === 'unopened') return
      const because = kills.findLast(kill => kill.at >= from && (path === kill.path || path.startsWith(`${kill.path}/`) || kill.path === `${path}/handler`))
      if (news.type === 'wrong' || news.code === 'stream/ended' || because === undefined) {
        faults.push(`${news.kind} stream ${path}: ${news.type}, ${news.code} ${news.text}${because === undefined ? '' : ` (killed: ${because.path})`}; its connection: ${explain(this.node.inspect.why(path.split('/').slice(0, 4).join('/')))}`)
      }
    }
    for (const news of this.news.splice(0)) judged(news, news.path, 0)
    for (const news of this.peerNews.splice(0)) {
      const known = this.known.get(news.key)
      // One whose handler never began: its stream, or the handler, was killed before.
      if (known === undefined) {
        const name = `${news.type} before its handler: ${news.code}`
        this.codes[name] = (this.codes[name] ?? 0) + 1
        if (news.type === 'wrong') faults.push(`${news.kind} stream of ${news.peer}: ${news.text}`)
      } else {
        // Whoever was about to begin when it was killed may have begun: the end comes in a turn of its own.
        judged(news, known.path, known.at - 200)
      }
    }
  }

  /** All connections end, from both sides. */
  private async part (): Promise<void> {
    await this.peers.run({ do: 'part' })
    for (const connection of this.node.getConnections()) await connection.close({ graceMs: 100 }).catch(() => {})
    await this.becomes(() => this.node.getConnections().length === 0)
  }

  /** As all who are always there describe themselves; peers and their addresses stay known, and are not counted. */
  private residentStates (): string {
    const states = [...nodesOf(this.node.inspect.tree())].filter(({ behavior, path }) => this.resident.includes(path) && behavior !== 'peer-store' && behavior !== 'address-manager')
    return JSON.stringify(states.map(({ path, state, mailbox }) => `${path} ${mailbox} ${JSON.stringify(state)}`).sort())
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

/** Whoever was started anew stands behind the others, which is no difference. */
function textOf ({ owners, ...rest }: Ledger): string {
  return JSON.stringify({ ...rest, owners: Object.entries(owners).map(([path, held]) => `${path} ${JSON.stringify(held)}`).sort() })
}
