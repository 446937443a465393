/**
 * Connections that are opened, used, and ended in every way there is: nothing is left of them, however many there were.
 *
 * What has a bound fills it first, and flatness is judged over the last half: by then the last 64 dead letters of each node are that many,
 * and so are the dead that it remembers. Those are 1,024 that failed and as many others, some 1,000 bytes each, which 20,000 connections
 * would fill on the node that has all of them and on no other: so all are given fewer.
 *
 * TROUPE_CHURN and TROUPE_CHURN_SEED let it make fewer, and others; TROUPE_SLOW_SECONDS stops it earlier.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { expect } from 'chai'
import { createNodeIn } from '../../src/actors/node/create-node.js'
import { realEnvironment } from '../../src/actors/node/environment.js'
import { echo, generateKeyPair, isEmpty, type Connection, type Ledger, type Node, type NodeOptions } from '../../src/index.js'
import { SeededRandom } from '../../src/runtime/random.js'
import type { SystemOptions } from '../../src/runtime/system.js'
import { TestNet } from '../../src/testnet.js'
import { ended, Intruder, socketTo } from '../actors/node/support/intruder.js'
import { pause } from './support/turns.js'

const most = Number(process.env['TROUPE_CHURN'] ?? 20_000)
const seed = Number(process.env['TROUPE_CHURN_SEED'] ?? 1)
const seconds = Number(process.env['TROUPE_SLOW_SECONDS'] ?? Infinity) / 2

/**
 * Of the last half, in bytes a connection. The smallest thing that anybody could keep of each, an entry of a map with its path as the
 * key, takes more than 100; what the engine notes on its own, about 30.
 */
const mostGrowth = 40

/** Fewer connections than this fill nothing that has a bound, so the heap shows nothing. */
const enough = 10_000

/** How many of its dead each node remembers: what a few hundred connections fill. */
const graveyard = { failures: 32, others: 32 }

/** As a text in which the order of the owners makes no difference. */
function textOf ({ owners, ...rest }: Ledger): string {
  return JSON.stringify({ ...rest, owners: Object.entries(owners).map(([path, held]) => `${path} ${JSON.stringify(held)}`).sort() })
}

/**
 * Compilers that optimize. What they make and note of it grew by 50 bytes a connection for 20,000 connections, five times as much as
 * everything of ours; so they are off while heaps are compared.
 */
const compilers = Number(process.versions.node.split('.')[0]) < 22 ? ['opt'] : ['opt', 'maglev']

/** Without code, which the engine adds and drops as it likes. */
function heapUsed (): number {
  const { gc } = globalThis as { readonly gc?: () => void }
  if (gc === undefined) throw new Error('mocha runs with --expose-gc')
  gc()
  gc()
  return getHeapSpaceStatistics().reduce((sum, { space_name: name, space_used_size: size }) => name.startsWith('code') ? sum : sum + size, 0)
}

interface Figures {
  readonly counts: Record<string, number>
  /** After so many connections so many bytes, in tenths. */
  readonly heaps: Array<readonly [connections: number, bytes: number]>
  readonly begun: number
}

const begin = (): Figures => ({ counts: {}, heaps: [], begun: performance.now() })
const countOf = ({ counts }: Figures): number => Object.values(counts).reduce((total, count) => total + count, 0)

/**
 * The middle one of the slopes between any two points of the last half, in bytes a connection (Theil and Sen): the engine's heap may stand a
 * quarter of a megabyte higher at any one of them, and lower again at the next.
 */
function growthOf ({ heaps }: Figures): number {
  const half = heaps.slice(-6)
  const slopes = half.flatMap(([count, bytes], at) => half.slice(at + 1).map(([laterCount, laterBytes]) => (laterBytes - bytes) / (laterCount - count)))
  return slopes.sort((a, b) => a - b)[slopes.length >> 1] ?? 0
}

function print (what: string, figures: Figures): void {
  const { begun, counts, heaps } = figures
  console.log(`\n  ${what}: ${countOf(figures)} connections in ${((performance.now() - begun) / 1000).toFixed(0)} s: ${Object.entries(counts).map(([way, count]) => `${count} ${way}`).join(', ')}`)
  console.log(`  heap after each tenth: ${heaps.map(([, bytes]) => (bytes / 2 ** 20).toFixed(2)).join(', ')} MiB; ${countOf(figures) < enough ? 'too few connections to tell more' : `in the last half ${growthOf(figures).toFixed(1)} bytes a connection`}`)
}

function mustBeFlat (figures: Figures): void {
  if (countOf(figures) < enough) return
  expect(figures.heaps).to.have.length(10)
  expect(growthOf(figures), `bytes a connection by which the heap grows; seed ${seed}`).to.be.below(mostGrowth)
}

describe('churn', function () {
  this.timeout(0)

  before(() => { for (const compiler of compilers) setFlagsFromString(`--no-${compiler}`) })
  after(() => { for (const compiler of compilers) setFlagsFromString(`--${compiler}`) })

  it(`${most} connections over real sockets`, async () => {
    // Long enough for twenty handshakes at a time on a busy machine; one in twenty waits for it.
    const silentMs = 1500
    // The stream stays open: its grace is waited for, each time.
    const graceMs = 50
    const forgetful = { ...realEnvironment, createSystem: (options: SystemOptions) => realEnvironment.createSystem({ ...options, graveyard }) }
    // What to look at when a connection does not come about.
    const said: string[] = []
    const say = (_: object, text: string): void => { if (said.push(text) > 20) said.shift() }
    const log: NodeOptions['log'] = { level: 'debug', logger: { trace: say, debug: say, info: say, warn: say, error: say } }
    const server = await createNodeIn(forgetful, { log, protocols: [echo()], timeouts: { inboundUpgradeMs: silentMs } })
    const clients = await Promise.all(Array.from({ length: 20 }, () => createNodeIn(forgetful, { listen: [], log: { level: 'off' } })))
    const [address] = server.getMultiaddrs()
    const use = async (client: Node): Promise<void> => {
      const stream = await client.dialProtocol(address!, echo())
      await stream.write(new Uint8Array(1000))
      await stream.readExactly(1000)
    }
    const ours = (client: Node): Connection => server.getConnections(client.peerId)[0]!
    // Who comes back is no new peer: the peer store has its own bound, and its own tests.
    const keys = await Promise.all(clients.map(() => generateKeyPair()))
    const ways: Readonly<Record<string, (client: Node, at: number) => Promise<void>>> = {
      'closed by them': async client => {
        await use(client)
        await client.hangUp(server.peerId, { graceMs })
      },
      'closed here': async client => {
        await use(client)
        await ours(client).close({ graceMs })
      },
      'reset by them': async client => {
        await use(client)
        client.getConnections()[0]!.reset()
      },
      'reset here': async client => {
        await use(client)
        ours(client).reset()
      },
      'killed here': async client => {
        await use(client)
        server.inspect.kill(ours(client).path, new Error('churn'))
      },
      'killed there': async client => {
        await use(client)
        client.inspect.kill(client.getConnections()[0]!.path, new Error('churn'))
      },
      'cut': async (_, at) => {
        const intruder = await Intruder.at(address!, { keep: keys[at]! })
        intruder.socket.resetAndDestroy()
      },
      'ended at the socket': async (_, at) => {
        const intruder = await Intruder.at(address!, { keep: keys[at]! })
        intruder.socket.end()
        await ended(intruder.socket)
      },
      'timed out in the upgrade': async () => {
        const socket = socketTo(address!)
        socket.resume()
        await ended(socket)
      }
    }
    await pause(2000)
    const baselines = [server, ...clients].map(node => textOf(node.inspect.ledger()))
    const random = new SeededRandom(seed)
    const figures = begin()
    const silent = 'timed out in the upgrade'
    const names = Object.keys(ways).filter(name => name !== silent)
    let left = most
    for (let tenth = 0; tenth < 10; tenth++) {
      const until = most - Math.round(most * (tenth + 1) / 10)
      await Promise.all(clients.map(async (client, at) => {
        while (left > until && performance.now() - figures.begun < 1000 * seconds) {
          left--
          const name = random.int(20) === 0 ? silent : names[random.int(names.length)]!
          await ways[name]!(client, at).catch((error: unknown) => {
            throw new Error(`${name}, after ${countOf(figures)} connections, seed ${seed}: ${String(error)}; the server said:\n${said.join('\n')}`, { cause: error })
          })
          figures.counts[name] = (figures.counts[name] ?? 0) + 1
          // The other side may not have heard of the end yet.
          while (client.getConnections().length > 0 || server.getConnections(client.peerId).length > 0) await pause(1)
        }
      }))
      figures.heaps.push([countOf(figures), heapUsed()])
    }
    for (const deadline = performance.now() + 20_000; performance.now() < deadline;) {
      if ([server, ...clients].every((node, at) => textOf(node.inspect.ledger()) === baselines[at])) break
      await pause(20)
    }
    print('real sockets', figures)
    expect([server, ...clients].map(node => textOf(node.inspect.ledger())), `ledgers; seed ${seed}`).to.deep.equal(baselines)
    await Promise.all([server, ...clients].map(node => node.stop()))
    for (const node of [server, ...clients]) expect(isEmpty(node.inspect.ledger())).to.equal(true)
    mustBeFlat(figures)
  })

  it(`${most} connections in virtual time`, async () => {
    const net = new TestNet({ seed })
    const { world } = net
    const make = world.system.bind(world)
    world.system = options => make({ ...options, graveyard })
    const server = await net.createNode({ protocols: [echo()] })
    const clients: Node[] = []
    for (let i = 0; i < 10; i++) clients.push(await net.createNode({ listen: [] }))
    const hosts = clients.map((_, at) => `node-${at + 2}`)
    const [address] = server.getMultiaddrs()
    // What was silent is given up after 15 and 20 seconds.
    const settleMs = 60_000
    const cut = (at: number): void => { for (const connection of net.world.network.connections(hosts[at])) connection.break() }
    const vanish = (at: number): void => { for (const connection of net.world.network.connections(hosts[at])) connection.vanish() }
    const ways: Readonly<Record<string, (at: number) => void>> = {
      'closed by them': at => { void clients[at]!.getConnections()[0]?.close() },
      'closed here': at => { void server.getConnections(clients[at]!.peerId)[0]?.close() },
      'reset by them': at => { clients[at]!.getConnections()[0]?.reset() },
      'reset here': at => { server.getConnections(clients[at]!.peerId)[0]?.reset() },
      'killed here': at => { server.inspect.kill(server.getConnections(clients[at]!.peerId)[0]!.path, new Error('churn')) },
      'killed there': at => { clients[at]!.inspect.kill(clients[at]!.getConnections()[0]!.path, new Error('churn')) },
      'cut': cut,
      'vanished': vanish,
      // Some are not there yet when it is their turn, and are ended like the others.
      'cut in the upgrade': cut,
      'vanished in the upgrade': vanish
    }
    await net.run(settleMs)
    const baselines = [server, ...clients].map(node => textOf(node.inspect.ledger()))
    const random = new SeededRandom(seed)
    const figures = begin()
    const names = Object.keys(ways)
    for (let done = 0, tenth = 1; done < most && performance.now() - figures.begun < 1000 * seconds; done += clients.length) {
      const chosen = clients.map(() => names[random.int(names.length)]!)
      const opened = clients.map(async (client, at) => {
        const early = chosen[at]!.includes('in the upgrade')
        try {
          const stream = await client.dialProtocol(address!, echo(), { timeoutMs: 5000 })
          await stream.write(new Uint8Array(1000))
          await stream.readExactly(1000)
        } catch (error) {
          if (!early) throw error
        }
      })
      const settled = Promise.all(opened)
      settled.catch(() => {})
      for (const [at, name] of chosen.entries()) {
        if (!name.includes('in the upgrade')) continue
        await net.run(random.int(3))
        ways[name]!(at)
      }
      await net.until(settled)
      for (const [at, name] of chosen.entries()) {
        ways[name]!(at)
        figures.counts[name] = (figures.counts[name] ?? 0) + 1
      }
      await net.run(settleMs)
      expect(server.getConnections(), `connections that are left; seed ${seed}`).to.have.length(0)
      if (done + clients.length >= most * tenth / 10) {
        tenth++
        figures.heaps.push([done + clients.length, heapUsed()])
      }
    }
    print('virtual time', figures)
    expect([server, ...clients].map(node => textOf(node.inspect.ledger())), `ledgers; seed ${seed}`).to.deep.equal(baselines)
    await net.stop()
    for (const node of [server, ...clients]) expect(isEmpty(node.inspect.ledger())).to.equal(true)
    mustBeFlat(figures)
  })
})
