/**
 * Connections that are opened, used, and ended in every way there is: nothing is left of them, however many there were.
 *
 * TROUPE_CHURN and TROUPE_CHURN_SEED let it make fewer, and others; TROUPE_SLOW_SECONDS stops it earlier.
 */
import { expect } from 'chai'
import { createNode, echo, generateKeyPair, isEmpty, type Connection, type Ledger, type Node } from '../../src/index.js'
import { SeededRandom } from '../../src/runtime/random.js'
import { TestNet } from '../../src/testnet.js'
import { ended, Intruder, socketTo } from '../actors/node/support/intruder.js'
import { pause } from './support/turns.js'

const most = Number(process.env['TROUPE_CHURN'] ?? 20_000)
const seed = Number(process.env['TROUPE_CHURN_SEED'] ?? 1)
const seconds = Number(process.env['TROUPE_SLOW_SECONDS'] ?? Infinity) / 2

/** Of the heap after the second half, by that after the first. Code is still compiled, and the graveyard has its bound. */
const flat = 1.05

/** As a text in which the order of the owners makes no difference. */
function textOf ({ owners, ...rest }: Ledger): string {
  return JSON.stringify({ ...rest, owners: Object.entries(owners).map(([path, held]) => `${path} ${JSON.stringify(held)}`).sort() })
}

function heapUsed (): number {
  const { gc } = globalThis as { readonly gc?: () => void }
  if (gc === undefined) throw new Error('mocha runs with --expose-gc')
  gc()
  gc()
  return process.memoryUsage().heapUsed
}

interface Figures {
  readonly counts: Record<string, number>
  readonly heaps: readonly number[]
  readonly begun: number
}

function print (what: string, { begun, counts, heaps }: Figures): void {
  const sum = Object.values(counts).reduce((total, count) => total + count, 0)
  console.log(`\n  ${what}: ${sum} connections in ${((performance.now() - begun) / 1000).toFixed(0)} s: ${Object.entries(counts).map(([way, count]) => `${count} ${way}`).join(', ')}`)
  console.log(`  heap after each tenth: ${heaps.map(heap => (heap / 2 ** 20).toFixed(1)).join(', ')} MiB`)
}

/** The least of the last half may not be more than the least of the first, from the second tenth on: the first warms up. */
function mustBeFlat (heaps: readonly number[]): void {
  // Fewer connections than it takes to fill what has a bound show nothing.
  if (most < 10_000 || heaps.length < 10) return
  const [first, second] = [Math.min(...heaps.slice(1, 5)), Math.min(...heaps.slice(5))]
  expect(second / first, `heap of the second half by that of the first; seed ${seed}`).to.be.most(flat)
}

describe('churn', function () {
  this.timeout(0)

  it(`${most} connections over real sockets`, async () => {
    // Long enough for twenty handshakes at a time on a busy machine; one in twenty waits for it.
    const silentMs = 1500
    const server = await createNode({ log: { level: 'off' }, protocols: [echo()], timeouts: { inboundUpgradeMs: silentMs } })
    const clients = await Promise.all(Array.from({ length: 20 }, () => createNode({ listen: [], log: { level: 'off' } })))
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
        await client.hangUp(server.peerId)
      },
      'closed here': async client => {
        await use(client)
        await ours(client).close()
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
    const figures: Figures & { readonly heaps: number[] } = { counts: {}, heaps: [], begun: performance.now() }
    const silent = 'timed out in the upgrade'
    const names = Object.keys(ways).filter(name => name !== silent)
    let left = most
    for (let tenth = 0; tenth < 10; tenth++) {
      const until = most - Math.round(most * (tenth + 1) / 10)
      await Promise.all(clients.map(async (client, at) => {
        while (left > until && performance.now() - figures.begun < 1000 * seconds) {
          left--
          const name = random.int(20) === 0 ? silent : names[random.int(names.length)]!
          await ways[name]!(client, at)
          figures.counts[name] = (figures.counts[name] ?? 0) + 1
          // The other side may not have heard of the end yet.
          while (client.getConnections().length > 0 || server.getConnections(client.peerId).length > 0) await pause(1)
        }
      }))
      figures.heaps.push(heapUsed())
    }
    for (const deadline = performance.now() + 20_000; performance.now() < deadline;) {
      if ([server, ...clients].every((node, at) => textOf(node.inspect.ledger()) === baselines[at])) break
      await pause(20)
    }
    print('real sockets', figures)
    expect([server, ...clients].map(node => textOf(node.inspect.ledger())), `ledgers; seed ${seed}`).to.deep.equal(baselines)
    await Promise.all([server, ...clients].map(node => node.stop()))
    for (const node of [server, ...clients]) expect(isEmpty(node.inspect.ledger())).to.equal(true)
    mustBeFlat(figures.heaps)
  })

  it(`${most} connections in virtual time`, async () => {
    const net = new TestNet({ seed })
    const server = await net.createNode({ protocols: [echo()] })
    const clients: Node[] = []
    for (let i = 0; i < 50; i++) clients.push(await net.createNode({ listen: [] }))
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
    const figures: Figures & { readonly heaps: number[] } = { counts: {}, heaps: [], begun: performance.now() }
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
        figures.heaps.push(heapUsed())
      }
    }
    print('virtual time', figures)
    expect([server, ...clients].map(node => textOf(node.inspect.ledger())), `ledgers; seed ${seed}`).to.deep.equal(baselines)
    await net.stop()
    for (const node of [server, ...clients]) expect(isEmpty(node.inspect.ledger())).to.equal(true)
    mustBeFlat(figures.heaps)
  })
})
