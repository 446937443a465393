/**
 * What a user may do at any moment, all at once: three real nodes that dial, open, write, close, reset, abort and hang up as a
 * seed has it, and at last stop in the midst of it. Whatever the interleaving: only errors with codes, no rejection that nobody
 * handles (mocha fails the test for one), every ledger empty.
 */
import { expect } from 'chai'
import { echo, echoProtocol, isEmpty, NetworkError, protocol, type Connection, type Stream } from '../../../src/index.js'
import { SeededRandom } from '../../../src/runtime/random.js'
import { node, stopAll } from './support/nodes.js'

const silent = protocol('/test/silent/1.0.0', { async inbound (_stream, { signal }) { await new Promise(resolve => { signal.addEventListener('abort', resolve) }) } })
const throwing = protocol('/test/throws/1.0.0', { inbound: () => { throw new Error('as told') } })
const names = [echoProtocol, silent.ids[0]!, throwing.ids[0]!, '/test/unknown/1.0.0']

/** After so many turns of the loop. */
function aborted (turns: number): AbortSignal {
  const controller = new AbortController()
  const turn = (left: number): void => {
    if (left === 0) controller.abort()
    else setImmediate(turn, left - 1)
  }
  setImmediate(turn, turns)
  return controller.signal
}

describe('operations of a user, in any order', function () {
  this.timeout(30_000)
  afterEach(stopAll)

  for (const seed of [1, 2, 3]) {
    it(`seed ${seed}`, async () => {
      const nodes = await Promise.all([0, 1, 2].map(() => node({ protocols: [echo(), silent, throwing], limits: { connections: { perPeer: 1000 } } })))
      const addresses = nodes.map(one => one.getMultiaddrs())
      const random = new SeededRandom(seed)
      const streams: Stream[] = []
      const pending: Array<Promise<unknown>> = []
      const codes = new Map<string, number>()
      const wrong: unknown[] = []

      const expected = (work: Promise<unknown>): void => {
        pending.push(work.then(() => { count('done') }, (error: unknown) => {
          if (error instanceof NetworkError) count(error.code)
          else wrong.push(error)
        }))
      }
      const count = (code: string): void => { codes.set(code, (codes.get(code) ?? 0) + 1) }
      const pick = <T>(list: readonly T[]): T | undefined => list[random.int(list.length)]
      const waiting = (): { timeoutMs: number, signal?: AbortSignal } => {
        return { timeoutMs: random.int(10) === 0 ? random.int(5) : 5000, ...random.int(4) === 0 && { signal: aborted(random.int(4)) } }
      }
      const opened = async (opening: Promise<Stream>): Promise<void> => { streams.push(await opening) }

      const act = (): void => {
        const from = random.int(3)
        const to = random.int(3)
        const one = nodes[from]!
        const connection: Connection | undefined = pick(one.getConnections())
        const stream = pick(streams)
        switch (random.int(12)) {
          case 0: return expected(one.dial(addresses[to]!, waiting()))
          case 1: return expected(one.dial(nodes[to]!.peerId, waiting()))
          case 2:
          case 3: return expected(opened(one.dialProtocol(addresses[to]!, pick(names)!, { ...waiting(), negotiate: random.int(2) === 0 ? 'lazy' : 'auto' })))
          case 4: return connection === undefined ? undefined : expected(opened(connection.newStream(pick(names)!, waiting())))
          case 5: return stream === undefined ? undefined : expected(stream.write(new Uint8Array(random.int(100_000))))
          case 6: return stream === undefined ? undefined : expected(stream.readExactly(random.int(1000), { signal: aborted(random.int(20)) }))
          case 7: return stream === undefined ? undefined : expected(stream.close())
          case 8: return stream?.reset()
          case 9: return random.int(8) > 0 || connection === undefined ? undefined : expected(connection.close({ graceMs: random.int(3) * 20 }))
          case 10: return random.int(8) > 0 ? undefined : connection?.reset()
          case 11: return random.int(8) > 0 ? undefined : expected(one.hangUp(nodes[to]!.peerId, { graceMs: random.int(3) * 20 }))
        }
      }

      for (let step = 0; step < 1500; step++) {
        act()
        if (random.int(5) === 0) await new Promise<void>(resolve => { setImmediate(resolve) })
      }
      expect(codes.get('done')).to.be.above(100)
      // Whoever asks a connection that has just ended hears that, and not that an actor is down.
      expect(codes.has('actor/down')).to.equal(false)
      // In the midst of dials, upgrades and handlers.
      await Promise.all(nodes.map(one => one.stop({ graceMs: 500 })))
      for (const stream of streams) stream.reset()
      await Promise.all(pending)
      expect(wrong).to.deep.equal([])
      for (const one of nodes) {
        expect(one.inspect.ledger().open).to.deep.equal([])
        expect(isEmpty(one.inspect.ledger())).to.equal(true)
      }
    })
  }

  it('two nodes dial each other at once: both connections work, none is lost', async () => {
    const [a, b] = await Promise.all([node({ protocols: [echo()] }), node({ protocols: [echo()] })])
    for (let round = 0; round < 20; round++) {
      const [there, back] = await Promise.all([a.dial(b.getMultiaddrs()), b.dial(a.getMultiaddrs())])
      for (const connection of [there, back]) {
        const stream = await connection.newStream(echoProtocol)
        await stream.write(Uint8Array.of(round))
        expect(await stream.readExactly(1)).to.deep.equal(Uint8Array.of(round))
        await stream.close()
      }
      await Promise.all([there.close(), back.close()])
    }
  })

  it('3,000 dials in one turn are all answered', async () => {
    const [a, b] = await Promise.all([node(), node({ listen: [] })])
    for (const target of [a.getMultiaddrs(), a.peerId]) {
      const found = await Promise.all(Array.from({ length: 3000 }, () => b.dial(target)))
      expect(new Set(found).size).to.equal(1)
    }
    const stranger = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
    const codes = await Promise.all(Array.from({ length: 3000 }, () => b.dial(stranger).then(() => '', (error: unknown) => (error as NetworkError).code)))
    expect([...new Set(codes)]).to.deep.equal(['dial/no-addresses'])
  })

  it('a node that dials itself is told so, and keeps nothing', async () => {
    const one = await node()
    const [address] = one.getMultiaddrs()
    const codes = await Promise.all([one.peerId, address!, address!.withoutPeer()!].map(target => one.dial(target).then(() => 'connected', (error: unknown) => (error as NetworkError).code)))
    expect(codes).to.deep.equal(['dial/self', 'dial/self', 'dial/self'])
    expect(one.getConnections()).to.deep.equal([])
  })
})
