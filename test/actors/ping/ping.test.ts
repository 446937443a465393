import { expect } from 'chai'
import type { Stream } from '../../../src/actors/contract/stream.js'
import { ping, Pinger, roundTrip, type PingTools } from '../../../src/actors/ping/ping.js'
import { SeededRandom } from '../../../src/runtime/random.js'
import { handle } from '../support/handle.js'
import { calm, codeOf } from '../support/outcome.js'
import { streamPair, type PairStream } from '../support/stream-pair.js'

const protocol = '/ipfs/ping/1.0.0'

class Tools implements PingTools {
  private readonly random = new SeededRandom(1)
  time = 0
  now = (): number => this.time
  randomBytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => this.random.int(256))
}

const bytes = (length: number, first = 0): Uint8Array => Uint8Array.from({ length }, (_, at) => first + at & 0xff)

describe('ping, the server', () => {
  it('speaks the protocol of the spec, two streams a peer', () => {
    const { ids, limits } = ping()
    expect(ids).to.deep.equal([protocol])
    expect(limits.inboundPerPeer).to.equal(2)
  })

  it('echoes 32 bytes in one piece, however they arrive', async () => {
    const [client, server] = streamPair({ protocol })
    const done = handle(ping(), server)
    for (const split of [1, 5, 31]) {
      const payload = bytes(32, split)
      void client.write(payload.slice(0, split))
      await calm()
      expect(client.unread).to.equal(0)
      void client.write(payload.slice(split))
      expect(await client.read()).to.deep.equal(payload)
    }
    // Two at once are two answers.
    void client.write(bytes(64))
    expect(await client.readExactly(64)).to.deep.equal(bytes(64))
    await client.close()
    expect(await client.read()).to.equal(null)
    await done
  })

  it('returns when the client ends, also in the midst of a payload', async () => {
    for (const length of [0, 1, 31, 33]) {
      const [client, server] = streamPair({ protocol })
      const done = handle(ping(), server)
      void client.write(bytes(length))
      void client.close()
      await done
      expect((await client.readAll({ maxBytes: 100 })).length).to.equal(length - length % 32)
    }
  })
})

describe('ping, one round trip', () => {
  it('takes the time between question and answer', async () => {
    const tools = new Tools()
    const [client, server] = streamPair({ protocol })
    const rtt = roundTrip(client, tools)
    const payload = await server.readExactly(32)
    tools.time = 42
    void server.write(payload)
    expect(await rtt).to.equal(42)
    expect(client.resetBy).to.equal(undefined)
  })

  it('sends other bytes each time, in one write', async () => {
    const tools = new Tools()
    const [client, server] = streamPair({ protocol })
    const seen = new Set<string>()
    for (let round = 0; round < 5; round++) {
      const rtt = roundTrip(client, tools)
      const payload = (await server.read())!
      expect(payload.length).to.equal(32)
      seen.add(payload.toString())
      void server.write(payload)
      await rtt
    }
    expect(seen.size).to.equal(5)
  })

  it('takes no other bytes', async () => {
    for (let at = 0; at < 32; at++) {
      const [client, server] = streamPair({ protocol })
      const rtt = codeOf(roundTrip(client, new Tools()))
      const answer = await server.readExactly(32)
      answer[at]! ^= 1
      void server.write(answer)
      expect(await rtt).to.equal('stream/protocol-violation')
      expect(client.resetBy?.code).to.equal('stream/protocol-violation')
    }
  })

  it('fails with stream/ended at every truncation of the answer', async () => {
    for (let length = 0; length < 32; length++) {
      const [client, server] = streamPair({ protocol })
      const rtt = codeOf(roundTrip(client, new Tools()))
      void server.write((await server.readExactly(32)).slice(0, length))
      void server.close()
      expect(await rtt).to.equal('stream/ended')
    }
  })

  it('may be aborted, and then resets: a late answer must not be taken for the next', async () => {
    const [client, server] = streamPair({ protocol })
    const controller = new AbortController()
    const rtt = codeOf(roundTrip(client, new Tools(), controller.signal))
    await server.readExactly(32)
    controller.abort()
    expect(await rtt).to.equal('user/aborted')
    expect(client.resetBy?.code).to.equal('user/aborted')
  })

  it('may be aborted while there is no room to write', async () => {
    const [client] = streamPair({ protocol, windowBytes: 1 })
    const controller = new AbortController()
    const rtt = codeOf(roundTrip(client, new Tools(), controller.signal))
    await calm()
    controller.abort()
    expect(await rtt).to.equal('user/aborted')
  })
})

describe('ping, one peer', () => {
  /** Opens streams to a server that is ours, or none at all. */
  function peer (answers = true): { readonly opened: PairStream[], readonly servers: PairStream[], readonly open: () => Promise<Stream> } {
    const opened: PairStream[] = []
    const servers: PairStream[] = []
    return {
      opened,
      servers,
      open: async () => {
        const [client, server] = streamPair({ protocol })
        opened.push(client)
        servers.push(server)
        if (answers) handle(ping(), server).catch(() => {})
        return client
      }
    }
  }

  it('uses one stream, opened when it is needed', async () => {
    const { open, opened } = peer()
    using pinger = new Pinger(open, new Tools())
    expect(opened.length).to.equal(0)
    await pinger.ping()
    await pinger.ping()
    expect(opened.length).to.equal(1)
  })

  it('lets calls wait for each other', async () => {
    const { open, servers, opened } = peer(false)
    const tools = new Tools()
    using pinger = new Pinger(open, tools)
    const both = [pinger.ping(), pinger.ping()] as const
    await calm()
    expect([opened.length, servers[0]!.unread]).to.deep.equal([1, 32])
    tools.time = 5
    void servers[0]!.write(await servers[0]!.readExactly(32))
    expect(await both[0]).to.equal(5)
    tools.time = 12
    void servers[0]!.write(await servers[0]!.readExactly(32))
    expect(await both[1]).to.equal(7)
  })

  it('opens another when the old one was ended, reset, or is 25 s old', async () => {
    const { open, opened, servers } = peer()
    const tools = new Tools()
    using pinger = new Pinger(open, tools)
    await pinger.ping()
    servers[0]!.reset()
    await calm()
    await pinger.ping()
    expect(opened.length).to.equal(2)
    void servers[1]!.close()
    await calm()
    await pinger.ping()
    expect(opened.length).to.equal(3)
    tools.time += 25_000
    await pinger.ping()
    expect(opened.length).to.equal(4)
    expect(opened[2]!.finished).to.equal(true)
  })

  it('asks once more when the old one is ended under the question', async () => {
    const { open, opened, servers } = peer()
    using pinger = new Pinger(open, new Tools())
    await pinger.ping()
    const rtt = pinger.ping()
    servers[0]!.reset()
    await rtt
    expect(opened.length).to.equal(2)
  })

  it('does not try a second time on a fresh stream', async () => {
    const { open, opened, servers } = peer(false)
    using pinger = new Pinger(open, new Tools())
    const rtt = codeOf(pinger.ping())
    await calm()
    servers[0]!.reset()
    expect(await rtt).to.equal('stream/reset')
    expect(opened.length).to.equal(1)
  })

  it('goes on after a failure', async () => {
    let times = 0
    const { open } = peer()
    using pinger = new Pinger(async () => {
      if (times++ === 0) throw new Error('as told')
      return open()
    }, new Tools())
    expect(await codeOf(pinger.ping())).to.equal('Error: as told')
    await pinger.ping()
  })

  it('ends with stream/shutdown when it is disposed, also in the midst of it', async () => {
    const { open, opened } = peer(false)
    const pinger = new Pinger(open, new Tools())
    const rtt = codeOf(pinger.ping())
    await calm()
    pinger[Symbol.dispose]()
    expect(await rtt).to.equal('stream/shutdown')
    expect(opened[0]!.resetBy?.code).to.equal('stream/shutdown')
    expect(await codeOf(pinger.ping())).to.equal('stream/shutdown')
    expect(opened.length).to.equal(1)
  })

  it('resets a stream that was opened too late', async () => {
    const { open, opened } = peer(false)
    let go = (): void => {}
    const gate = new Promise<void>(resolve => { go = resolve })
    const pinger = new Pinger(async () => {
      await gate
      return open()
    }, new Tools())
    const rtt = codeOf(pinger.ping())
    await calm()
    pinger[Symbol.dispose]()
    go()
    expect(await rtt).to.equal('stream/shutdown')
    expect(opened.map(({ resetBy }) => resetBy?.code)).to.deep.equal(['stream/shutdown'])
  })
})
