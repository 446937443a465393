/**
 * Dials in virtual time against peers of every kind (issue 5, acceptance 4): such that hang at each step, answer late, answer with
 * another identity, refuse, or flap. Each seed is a world of its own. What must hold, whatever happens:
 *
 * - Each dial ends by its deadline, and an abort ends it at once.
 * - No waiter's abort or early deadline hurts another: whoever has an address that leads to the peer, and time enough, gets there.
 * - Nothing is lost: slots, leases and actors are back where they were when all is over.
 */
import { expect } from 'chai'
import { isEmpty, type Multiaddr, type Node, type NetworkError } from '../../src/index.js'
import { SeededRandom } from '../../src/runtime/random.js'
import type { RawLink } from '../../src/runtime/io/raw-link.js'
import { TestNet } from '../../src/testnet.js'

const peers = 3
const rounds = 3
const dialsEach = 7
/** Of each address: far below the time that a patient waiter has. */
const addressMs = 3000
/** Whoever has so long gets there, if anything leads there: all that hangs has been given up by then, and a late one has answered. */
const patientMs = 20_000
/** From a deadline to the answer: the steps between two actors. */
const slackMs = 25

/** How an address behaves, each time it is dialed. */
type Temper =
  | 'good'
  /** Takes up to 2 s, in all. */
  | 'late'
  /** Accepts, and passes only so many pieces from the peer: 0 answers nothing, 1 agrees on a security, 2 goes on to the handshake, and so on. */
  | { readonly hangs: number }
  /** The same, and then it resets. */
  | { readonly cuts: number }
  /** No packet comes back. */
  | 'black hole'
  | 'refuses'
  /** Somebody else lives there. */
  | 'other'
  /** Good, hanging, cutting, by turns. */
  | 'flaps'

function temperOf (random: SeededRandom): Temper {
  switch (random.int(16)) {
    case 0: return 'good'
    case 1: return 'late'
    case 2: case 3: case 4: return { cuts: random.int(5) }
    case 5: case 6: return 'black hole'
    case 7: return 'refuses'
    case 8: return 'other'
    case 9: return 'flaps'
    default: return { hangs: random.int(5) }
  }
}

/** Plays the scene of this seed, and fails with the seed in the message. Returns how many dials ended how. */
export async function dialsOfSeed (seed: number): Promise<ReadonlyMap<string, number>> {
  try {
    return await new Scene(seed).play()
  } catch (error) {
    if (error instanceof Error) error.message += ` (seed ${seed})`
    throw error
  }
}

class Scene {
  private readonly random: SeededRandom
  private readonly net: TestNet
  private readonly outcomes = new Map<string, number>()
  private readonly open: Disposable[] = []
  private ports = 5000

  constructor (seed: number) {
    this.random = new SeededRandom(seed)
    this.net = new TestNet({ seed })
  }

  async play (): Promise<ReadonlyMap<string, number>> {
    const { net, random } = this
    const bob = await net.createNode({ name: 'bob', timeouts: { dialAddressMs: addressMs }, limits: { dials: { attempts: 6, attemptsPerPeer: 4 } } })
    const others: Node[] = []
    for (let n = 0; n < peers; n++) others.push(await net.createNode({ name: `peer-${n}`, ips: [`10.1.0.${n}`] }))
    for (let round = 0; round < rounds; round++) {
      const dials: Array<Promise<void>> = []
      for (let n = 0; n < dialsEach; n++) {
        const whom = random.int(peers)
        dials.push(this.dial(bob, others[whom]!, others[(whom + 1) % peers]!))
        if (random.int(2) === 0) await net.run(random.int(800))
      }
      await net.until(Promise.all(dials))
      for (const other of others) await net.until(bob.hangUp(other.peerId, { graceMs: 0 }))
      // What was given up ends by itself on both sides.
      await net.run(15_000)
      this.expectNothingHeld(bob)
    }
    for (const one of this.open.splice(0)) one[Symbol.dispose]()
    await net.stop()
    for (const node of [bob, ...others]) expect(isEmpty(node.inspect.ledger()), 'ledger').to.equal(true)
    return this.outcomes
  }

  private async dial (bob: Node, peer: Node, other: Node): Promise<void> {
    const { net: { world }, random } = this
    const tempers = Array.from({ length: 1 + random.int(4) }, () => temperOf(random))
    const targets = tempers.map(temper => this.address(temper, peer, other).withPeer(peer.peerId))
    const timeoutMs = random.int(3) === 0 ? patientMs : 1 + random.int(8000)
    const abortAfter = random.int(4) === 0 ? 1 + random.int(timeoutMs) : undefined
    const controller = new AbortController()
    const begun = world.now()
    if (abortAfter !== undefined) world.at(begun + abortAfter, () => { controller.abort() })
    const code = await bob.dial(targets, { timeoutMs, signal: controller.signal, ignoreBackoff: random.int(3) === 0 }).then(
      connection => connection.remotePeer.equals(peer.peerId) ? 'connected' : 'connected to another',
      (error: unknown) => (error as NetworkError).code ?? String(error)
    )
    const tookMs = world.now() - begun
    const what = `${JSON.stringify(tempers)}, timeout ${timeoutMs}, abort ${abortAfter ?? 'none'}: ${code} after ${tookMs}`
    this.outcomes.set(code, (this.outcomes.get(code) ?? 0) + 1)
    expect(tookMs, what).to.be.at.most(Math.min(timeoutMs, abortAfter ?? Infinity) + slackMs)
    expect(ends, what).to.include(code)
    if (tempers.includes('good') && timeoutMs === patientMs && abortAfter === undefined) expect(code, what).to.equal('connected')
  }

  /** Slots, leases, actors. */
  private expectNothingHeld (bob: Node): void {
    const dialer = bob.inspect.actor('/bob/network/dialer')
    expect(dialer?.children, 'dials').to.equal(0)
    expect(dialer?.state, 'dialer').to.deep.include({ dials: 0, waiters: 0, slots: { held: 0, ready: 0, peers: 0 } })
    expect(bob.inspect.actor('/bob/connections')?.children, 'connections').to.equal(0)
    expect(bob.inspect.actor('/bob/network/listeners')?.state, 'leases').to.deep.include({ admission: { connections: 0, inbound: 0, pending: 0, prefixes: 0, peers: 0 } })
    expect(bob.inspect.actor('/bob/network/swarm')?.state, 'swarm').to.deep.include({ connections: 0, requests: 0 })
  }

  // ---------------------------------------------------------------- addresses

  /** A place between both that has this temper. */
  private address (temper: Temper, peer: Node, other: Node): Multiaddr {
    const { net: { world }, random } = this
    const port = this.ports++
    const name = `way-${port}`
    const ip = `10.2.${port >>> 8}.${port & 0xff}`
    const host = world.network.host(name, { addresses: [ip] })
    const [own] = peer.getMultiaddrs()
    const address = own!.toString().replace(/^.*\/p2p\//, `/ip4/${ip}/tcp/${port}/p2p/`)
    const parsed = (own!.constructor as typeof Multiaddr).parse(address)
    if (temper === 'refuses') return parsed
    const system = world.system({ name })
    const to = temper === 'other' ? other : peer
    if (temper === 'late') world.network.shape('bob', name, { latencyMs: 50 + random.int(150) })
    const listener = host.port(system).listen(`${ip}:${port}`, {
      onLink: near => {
        const now = temper === 'flaps' ? (['good', { hangs: random.int(5) }, { cuts: random.int(5) }] as const)[random.int(3)]! : temper
        // Taken until the way to the peer is open.
        near.attach({ onData: () => {}, onClose: () => {} })
        near.pause()
        this.open.push(near)
        host.port(system).connect(toAddress(to), {
          onLink: far => {
            this.open.push(far)
            relay(near, far, now)
          },
          onFailure: () => { near.reset() }
        })
      },
      onFailure: failure => { throw new Error(`the way does not listen: ${failure.code}`) }
    })
    this.open.push(listener)
    if (temper === 'black hole') world.network.partition(['bob'], [name])
    return parsed
  }
}

/** Carries bytes between two links, as far as the temper lets. */
function relay (near: RawLink, far: RawLink, temper: Temper): void {
  let pieces = typeof temper !== 'object' ? Infinity : 'hangs' in temper ? temper.hangs : temper.cuts
  const both = (act: (link: RawLink) => void): void => {
    act(near)
    act(far)
  }
  far.attach({
    onData: bytes => {
      if (pieces-- > 0) near.write(bytes.slice())
      else if (typeof temper === 'object' && 'cuts' in temper) both(link => { link.reset() })
    },
    onEnd: () => { if (pieces > 0) near.end() },
    onClose: () => { near.reset() }
  })
  near.attach({
    onData: bytes => { if (!far.closed) far.write(bytes.slice()) },
    onEnd: () => { if (!far.closed) far.end() },
    onClose: () => { far.reset() }
  })
  near.resume()
}

function toAddress (node: Node): string {
  const [, , ip, , port] = node.getMultiaddrs()[0]!.toString().split('/')
  return `${ip}:${port}`
}

/** What a dial may end with here: anything else is a mistake of ours. */
const ends = [
  'connected', 'user/aborted', 'dial/timeout', 'dial/refused', 'dial/failed', 'dial/backoff', 'upgrade/timeout', 'upgrade/closed', 'upgrade/peer-mismatch',
  'upgrade/handshake-failed', 'connection/closed', 'connection/reset'
]
