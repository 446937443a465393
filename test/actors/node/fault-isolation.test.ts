/**
 * Whatever goes wrong on one stream or connection of a real node, the others lose no byte and nothing is left behind: 25 echo
 * streams on the same connection (where only a stream dies) and 50 on two others run all the while.
 */
import { expect } from 'chai'
import { protocol, echo, isEmpty, type Node, type Multiaddr } from '../../../src/index.js'
import { DATA, encodeFrame, initialWindowBytes, largestUint32, SYN } from '../../../src/messages/wire/yamux.js'
import { EchoTraffic } from './support/echo-traffic.js'
import { ended, Intruder, socketTo } from './support/intruder.js'
import { codeOf, next, node, stopAll } from './support/nodes.js'

/** Echoed by each stream before and after a fault. */
const witnessBytes = 10_000

const throwing = protocol('/test/throws/1.0.0', { inbound: () => { throw new Error('thrown at once') } })
const rejecting = protocol('/test/rejects/1.0.0', {
  async inbound (stream) {
    await stream.read()
    throw new Error('rejected later')
  }
})

describe('fault isolation of a real node', () => {
  let server: Node
  let address: Multiaddr
  let near: Node
  let traffic: readonly EchoTraffic[] = []

  beforeEach(async () => {
    server = await node({ protocols: [echo(), throwing, rejecting] })
    address = server.getMultiaddrs()[0]!
    near = await node({ listen: [] })
    traffic = await Promise.all([near, await node({ listen: [] }), await node({ listen: [] })].map((client, at) => EchoTraffic.over(client, address, 25, at * 1000)))
  })

  afterEach(async () => {
    traffic = []
    await stopAll()
  })

  async function witnessed (fault: () => Promise<void>): Promise<void> {
    await Promise.all(traffic.map(each => each.verified(witnessBytes)))
    const before = await settledLedger(server)
    await fault()
    await Promise.all(traffic.map(each => each.verified(witnessBytes)))
    expect(await settledLedger(server, before)).to.deep.equal(before)
    expect(server.getConnections()).to.have.length(3)
    const echoed = await Promise.all(traffic.map(each => each.stop()))
    for (const bytes of echoed) expect(bytes).to.be.at.least(25 * 2 * witnessBytes)
    await server.stop()
    expect(isEmpty(server.inspect.ledger())).to.equal(true)
  }

  it('a handler that throws at once costs its stream', () => witnessed(async () => {
    for (let i = 0; i < 50; i++) {
      const stream = await near.dialProtocol(address, throwing)
      expect(await codeOf(stream.read())).to.equal('stream/reset')
      expect(stream.resetBy).to.include({ initiator: 'remote' })
    }
  }))

  it('a handler that rejects later costs its stream, and can say why', () => witnessed(async () => {
    const stream = await near.dialProtocol(address, rejecting)
    const [connection] = server.getConnections(near.peerId)
    const path = await pathOf(() => connection!.streams.find(({ protocol }) => protocol === rejecting.ids[0])?.path)
    await stream.write(Uint8Array.of(1))
    expect(await codeOf(stream.read())).to.equal('stream/reset')
    const why = server.inspect.why(`${path}/handler`)
    expect(JSON.stringify(why)).to.include('rejected later')
  }))

  it('garbage on the raw socket costs that socket', () => witnessed(async () => {
    for (const garbage of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\u0016\u0003\u0001', '\u00ff'.repeat(5000), '\n']) {
      const socket = socketTo(address)
      socket.write(garbage, 'latin1')
      socket.resume()
      // A single newline may be the beginning of something.
      if (garbage === '\n') socket.end()
      await ended(socket)
    }
  }))

  it('1,000 handshakes abandoned half-way leave nothing', () => witnessed(async () => {
    const header = '\u0013/multistream/1.0.0\n'
    const beginnings = ['', header, `${header}\u0007/noise\n`, `${header}\u0007/noise\n\u0000\u0020${'x'.repeat(16)}`, `${header}\u0007/noise\n\u0000\u0020${'x'.repeat(32)}`]
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 50 }, (_, at) => new Promise<void>(resolve => {
        const socket = socketTo(address)
        socket.once('close', () => { resolve() })
        socket.once('connect', () => {
          socket.write(beginnings[at % beginnings.length]!, 'latin1', () => {
            if (at % 2 === 0) socket.destroy()
            else socket.resetAndDestroy()
          })
        })
      })))
    }
  }))

  /** Frames after a proper handshake, and the code with which the connection ends. Bodies that are announced do not come. */
  const illegal: ReadonlyArray<readonly [what: string, frames: readonly Uint8Array[], code: string]> = [
    ['Data with SYN beyond the initial window', [encodeFrame(DATA, SYN, 1, initialWindowBytes + 1)], 'connection/protocol-violation'],
    ['a header that claims 4 GiB', [encodeFrame(DATA, SYN, 1, 10, new Uint8Array(10)), encodeFrame(DATA, 0, 1, largestUint32)], 'connection/protocol-violation'],
    ['a frame of an unknown version', [Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0)], 'connection/protocol-violation'],
    ['a frame of an unknown type', [Uint8Array.of(0, 9, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0)], 'connection/protocol-violation'],
    ['a stream with an id of our side', [encodeFrame(DATA, SYN, 2, 0)], 'connection/protocol-violation']
  ]
  for (const [what, frames, code] of illegal) {
    it(`${what} costs that connection, at the header`, () => witnessed(async () => {
      const closed = next(server, 'connection:close')
      const intruder = await Intruder.at(address)
      for (const frame of frames) intruder.send(frame)
      await ended(intruder.socket)
      expect(await closed).to.include({ code, initiator: 'remote' })
    }))
  }

  it('a Noise frame that was tampered with costs that connection', () => witnessed(async () => {
    const closed = next(server, 'connection:close')
    const intruder = await Intruder.at(address)
    intruder.socket.write(Uint8Array.of(0, 17, ...new Uint8Array(17)))
    await ended(intruder.socket)
    expect(await closed).to.include({ code: 'connection/protocol-violation', initiator: 'remote' })
  }))
})

/** What the node holds, once that equals `like`; without it, once it has not changed for a while: what is under way may still be ending. */
async function settledLedger (of: Node, like?: unknown): Promise<unknown> {
  const look = (): string => {
    const { cells, handles, resources, tasks } = of.inspect.ledger()
    return JSON.stringify({ cells, handles, resources, tasks })
  }
  let last = look()
  for (let same = 0, turn = 0; turn < 2000 && (like === undefined ? same < 50 : last !== JSON.stringify(like)); turn++) {
    await new Promise<void>(resolve => { setImmediate(resolve) })
    const now = look()
    same = now === last ? same + 1 : 0
    last = now
  }
  return JSON.parse(last)
}

/** What is there at the latest when the actors have had their turn. */
async function pathOf (look: () => string | undefined): Promise<string> {
  for (let turn = 0; turn < 1000; turn++) {
    const path = look()
    if (path !== undefined) return path
    await new Promise<void>(resolve => { setImmediate(resolve) })
  }
  throw new Error('it never came')
}
