/** What an idle connection and an idle stream hold: counted, since what they take in bytes is for `npm run bench -- compare --only idle`. */
import * as v8 from 'node:v8'
import { expect } from 'chai'
import { createNode, protocol, type Node, type Stream } from '../../../src/index.js'

/** Objects whose prototype chain leads to each of these. A collection comes first. */
const kinds = { Map, Set, Function, Promise, AbortController, Uint8Array }
type Kind = keyof typeof kinds
type Count = Record<Kind, number>

const count = (): Count => Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, v8.queryObjects(kind as never, { format: 'count' })])) as Count

const each = (before: Count, after: Count, of: number): Count =>
  Object.fromEntries(Object.entries(after).map(([name, many]) => [name, (many - before[name as Kind]) / of])) as Count

const echo = protocol('/echo/1.0.0', {
  async inbound (stream) {
    for await (const bytes of stream) await stream.write(bytes)
  }
})

describe('at rest', function () {
  // Each count walks the whole heap, and so does the collection before it.
  this.timeout(120_000)

  let nodes: Node[] = []
  before(function () {
    // It is how objects are counted here, and there since Node 20.13: before, there is nothing to count with.
    if (typeof v8.queryObjects !== 'function') this.skip()
  })
  afterEach(async () => {
    await Promise.all(nodes.map(async node => { await node.stop() }))
    nodes = []
  })

  const make = async (listens: boolean): Promise<Node> => {
    const node = await createNode({ listen: listens ? ['/ip4/127.0.0.1/tcp/0'] : [], protocols: [echo], log: { level: 'off' } })
    nodes.push(node)
    return node
  }

  it('a connection holds few objects', async () => {
    const [first, ...listeners] = await Promise.all([true, true, true, true].map(make))
    const dialers = await Promise.all([false, false, false].map(make))
    let identified = 0
    let heard: (() => void) | undefined
    for (const node of nodes) {
      node.addEventListener('peer:identify', () => {
        identified++
        heard?.()
      })
    }
    const connect = async (to: readonly Node[]): Promise<void> => {
      const wanted = identified + 2 * to.length * dialers.length
      await Promise.all(dialers.flatMap(dialer => to.map(async node => await dialer.dial(node.getMultiaddrs()))))
      while (identified < wanted) await new Promise<void>(resolve => { heard = resolve })
    }
    // What a node remembers of its dead is bounded, and none of a connection's: it is filled first.
    for (let time = 0; time < 45; time++) {
      await connect([first!, ...listeners])
      await Promise.all(dialers.flatMap(dialer => dialer.getConnections().map(async connection => { await connection.close() })))
    }
    await connect([first!])
    const before = count()
    await connect(listeners)
    const held = each(before, count(), 2 * listeners.length * dialers.length)
    // Of the functions seven are Node's own. A third of a map is what tables of connections grow by.
    expect(held.Map).to.be.lessThan(1)
    expect(held.Set).to.be.lessThan(0.5)
    expect(held.Function).to.be.lessThan(14)
    expect(held.Promise).to.be.lessThan(4)
    expect(held.AbortController).to.be.lessThan(1)
    // Three, and what those that it took, and that are remembered now, hold more than those that were forgotten for them.
    expect(held.Uint8Array).to.be.lessThan(5)
  })

  it('a stream holds few objects', async () => {
    const [listener, dialer] = [await make(true), await make(false)]
    const open = async (streams: number): Promise<readonly Stream[]> => await Promise.all(Array.from({ length: streams }, async () => {
      const stream = await dialer.dialProtocol(listener.getMultiaddrs(), echo)
      await stream.write(Uint8Array.of(1))
      await stream.readExactly(1)
      return stream
    }))
    const held = [...await open(4)]
    const before = count()
    held.push(...await open(16))
    const each16 = each(before, count(), 16)
    expect(held).to.have.length(20)
    // Both sides together. A handler that waits in a loop has three promises and five functions, whatever we do.
    expect(each16.Map).to.be.lessThan(0.5)
    expect(each16.Set).to.be.lessThan(0.5)
    expect(each16.Function).to.be.lessThan(10)
    expect(each16.Promise).to.be.lessThan(5)
    expect(each16.AbortController).to.be.lessThan(0.5)
    expect(each16.Uint8Array).to.be.lessThan(3)
  })
})
