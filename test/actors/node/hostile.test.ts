/** Peers that flood, hang and hoard, at a real node: the others are served all the while, and nothing of them is left. */
import { expect } from 'chai'
import type { Socket } from 'node:net'
import { echo, echoProtocol, isEmpty, protocol, type Multiaddr, type Node } from '../../../src/index.js'
import { encodeToken } from '../../../src/messages/wire/multistream.js'
import { ACK, DATA, encodeFrame, FIN, GO_AWAY, goAwayNormal, PING, RST, SYN, WINDOW_UPDATE } from '../../../src/messages/wire/yamux.js'
import { concat } from '../../core/support/recorder.js'
import { EchoTraffic } from './support/echo-traffic.js'
import { ended, Intruder, socketTo } from './support/intruder.js'
import { next, node, stopAll } from './support/nodes.js'

/** Neither returns nor looks at its signal, until the test is over. */
const deaf = protocol('/test/deaf/1.0.0', { inbound: () => new Promise<void>(resolve => { waking.add(resolve) }) })
const waking = new Set<() => void>()
/** Writes to whoever does not read. */
const pouring = protocol('/test/pours/1.0.0', {
  async inbound (stream) { for (;;) await stream.write(new Uint8Array(100_000)) }
})

/** A stream of that id, opened for that protocol. */
function opening (id: number, name: string): Uint8Array {
  const proposal = concat([encodeToken('/multistream/1.0.0'), encodeToken(name)])
  return encodeFrame(DATA, SYN, id, proposal.length, proposal)
}

/** As few records as they fit in. */
function sendAll (intruder: Intruder, frames: readonly Uint8Array[]): void {
  const bytes = concat(frames)
  for (let at = 0; at < bytes.length; at += 65_000) intruder.stack.sendRaw(bytes.subarray(at, at + 65_000))
  intruder.flush()
}

describe('hostile peers', function () {
  this.timeout(20_000)
  let server: Node
  let address: Multiaddr

  beforeEach(async () => {
    server = await node({ protocols: [echo(), deaf, pouring] })
    address = server.getMultiaddrs()[0]!
  })

  afterEach(stopAll)

  const ids = Array.from({ length: 20_000 }, (_, i) => 2 * i + 1)
  const floods: ReadonlyArray<readonly [what: string, frames: readonly Uint8Array[], code?: string]> = [
    ['streams that are opened and reset', ids.flatMap(id => [encodeFrame(WINDOW_UPDATE, SYN, id, 0), encodeFrame(WINDOW_UPDATE, RST, id, 0)])],
    ['streams that are opened, asked on, and reset', ids.slice(0, 5000).flatMap(id => [opening(id, echoProtocol), encodeFrame(WINDOW_UPDATE, RST, id, 0)])],
    ['pings', ids.map(id => encodeFrame(PING, SYN, 0, id)), 'limit/frame-rate'],
    ['pongs that nobody asked for', ids.map(id => encodeFrame(PING, ACK, 0, id)), 'limit/frame-rate'],
    ['window updates of nothing', [opening(1, echoProtocol), ...ids.map(() => encodeFrame(WINDOW_UPDATE, 0, 1, 0))], 'limit/frame-rate'],
    ['bytes, one in a frame', [opening(1, echoProtocol), ...ids.map(() => encodeFrame(DATA, 0, 1, 1, Uint8Array.of(7)))]],
    ['streams that end at once', ids.slice(0, 5000).map(id => encodeFrame(WINDOW_UPDATE, SYN | FIN, id, 0))],
    ['lists that are asked for', [opening(1, 'ls'), ...ids.map(() => encodeFrame(DATA, 0, 1, 4, encodeToken('ls')))]],
    ['streams behind a go-away', [encodeFrame(GO_AWAY, 0, 0, goAwayNormal), ...ids.slice(0, 500).map(id => encodeFrame(WINDOW_UPDATE, SYN, id, 0))]],
    ['streams without end', ids.map(id => encodeFrame(WINDOW_UPDATE, SYN, id, 0)), 'limit/connection-memory']
  ]
  for (const [what, frames, code] of floods) {
    it(`a flood of ${what}`, async () => {
      const friend = await node({ listen: [] })
      const traffic = await EchoTraffic.over(friend, address, 5, 1)
      await traffic.verified(1000)
      const closed = next(server, 'connection:close', detail => (detail as { connection: { remotePeer: unknown } }).connection.remotePeer !== friend.peerId)
      const intruder = await Intruder.at(address)
      sendAll(intruder, frames)
      await traffic.verified(20_000)
      if (code !== undefined) expect(await closed, what).to.include({ code })
      intruder.socket.resetAndDestroy()
      await closed
      await traffic.verified(1000)
      expect(server.getConnections()).to.have.length(1)
      await traffic.stop()
      await server.stop()
      expect(isEmpty(server.inspect.ledger())).to.equal(true)
    })
  }

  it('200 that hang, each at its own stage: the node stops within its grace', async () => {
    const header = '\u0013/multistream/1.0.0\n'
    const beginnings = ['', header, `${header}\u0007/noise\n`, `${header}\u0007/noise\n\u0000\u0020${'x'.repeat(32)}`]
    const raw: Socket[] = []
    await Promise.all(Array.from({ length: 100 }, (_, at) => new Promise<void>(resolve => {
      const socket = socketTo(address)
      raw.push(socket)
      // Does not even close its side.
      socket.allowHalfOpen = true
      socket.write(beginnings[at % beginnings.length]!, 'latin1', () => { resolve() })
    })))
    const known = await Promise.all(Array.from({ length: 100 }, async (_, at) => {
      const intruder = await Intruder.at(address)
      const streams: readonly Uint8Array[] = [[], [encodeFrame(WINDOW_UPDATE, SYN, 1, 0)], [opening(1, deaf.ids[0]!)], [opening(1, pouring.ids[0]!)]][at % 4]!
      sendAll(intruder, streams)
      intruder.socket.pause()
      return intruder.socket
    }))
    const begun = performance.now()
    await server.stop({ graceMs: 500 })
    expect(performance.now() - begun).to.be.below(1500)
    expect(server.inspect.ledger().open).to.deep.equal([])
    expect(server.inspect.ledger().cells).to.equal(0)
    for (const socket of [...raw, ...known]) socket.destroy()
    await Promise.all([...raw, ...known].map(ended))
    for (const wake of waking) wake()
  })
})
