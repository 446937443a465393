import { loadRepeatableCrypto } from '../../runtime/crypto/repeatable.js'
import { MemoryHub } from '../../runtime/io/memory.js'
import { hashText, mix, SeededRandom } from '../../runtime/random.js'
import { SimDns } from '../../runtime/sim/sim-dns.js'
import { SimWorld, type SimWorldOptions } from '../../runtime/sim/sim-world.js'
import { createNodeIn } from './create-node.js'
import type { Node } from './node.js'
import type { NodeOptions } from './options.js'

export interface TestNodeOptions extends NodeOptions {
  /** Of its host and of its system, and so the first part of all its actors' paths. Default `node-1`, `node-2`, ... */
  readonly name?: string
  /** IP addresses of its host. Default: the next of 10.0.0.0/8. It listens on port 4001 of the first, unless `listen` says otherwise. */
  readonly ips?: readonly string[]
}

/** Unix time in milliseconds at which simulated worlds begin, the first day of 2025: any constant, so that records are the same in each run. */
const worldEpochMs = 1_735_689_600_000

/**
 * Nodes in a bottle: whole nodes with virtual time, a simulated network and one seed. The same seed gives the same history, to
 * the byte, keys included; so such a node has no secrets, and is never to be used for anything else than tests.
 *
 *     const net = new TestNet({ seed: 7 })
 *     const alice = await net.createNode({ protocols: [echo()] })
 *     const bob = await net.createNode()
 *     const stream = await net.until(bob.dialProtocol(alice.getMultiaddrs()[0], '/echo/1.0.0'))
 *     await net.run(60_000)
 *     await net.stop()
 */
export class TestNet {
  /** Its network has links with latency, bandwidth, loss and partitions; `system` makes actors that are no nodes. */
  readonly world: SimWorld
  /** What names resolve to. */
  readonly dns: SimDns
  private readonly memory = new MemoryHub()
  private readonly nodes: Node[] = []
  private hosts = 0

  constructor (options: SimWorldOptions) {
    this.world = new SimWorld(options)
    this.dns = new SimDns(this.world)
  }

  /** Starts a node, while the world turns. @throws (as rejection) as `createNode` */
  async createNode (options: TestNodeOptions = {}): Promise<Node> {
    const { world } = this
    const number = ++this.hosts
    const { ips = [`10.${number >>> 16}.${(number >>> 8) & 0xff}.${number & 0xff}`], name = `node-${number}`, ...rest } = options
    const [first = ''] = ips
    const host = world.network.host(name, { addresses: ips })
    const entropy = new SeededRandom(mix(world.seed, hashText(`${name} entropy`)))
    const crypto = await loadRepeatableCrypto(length => Uint8Array.from({ length }, () => entropy.int(256)))
    const node = await world.until(createNodeIn({
      createSystem: system => world.system({ ...system, name }),
      tcp: system => host.port(system),
      unix: () => { throw new TypeError('transports: there are no unix sockets in a simulated world') },
      memory: system => this.memory.port(system),
      dns: system => this.dns.port(system),
      interfaces: () => ips,
      crypto,
      epochMs: worldEpochMs
    }, { listen: [`/${first.includes(':') ? 'ip6' : 'ip4'}/${first}/tcp/4001`], ...rest }))
    this.nodes.push(node)
    return node
  }

  /** Runs until so many virtual milliseconds have passed. */
  async run (ms: number): Promise<void> {
    await this.world.run(ms)
  }

  /** Runs until the promise is settled: the way to await anything of a node. */
  async until<T> (promise: Promise<T>): Promise<T> {
    return this.world.until(promise)
  }

  /** Stops all nodes, and the world. */
  async stop (): Promise<void> {
    await this.world.until(Promise.all(this.nodes.splice(0).map(node => node.stop())))
    await this.world.stop()
  }
}
