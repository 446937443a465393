import { expect } from 'chai'
import { protocol } from '../../../src/actors/protocol/protocol.js'
import type { Stream } from '../../../src/actors/contract/stream.js'
import type { StreamContext } from '../../../src/actors/contract/protocol.js'
import { SharedProtocolTable } from '../../../src/actors/protocol/protocol-table.js'
import { NetworkError } from '../../../src/messages/errors.js'
import type { StreamOutcome } from '../../../src/messages/stream.js'
import { PeerId } from '../../../src/messages/value/peer-id.js'
import { reducer } from '../../../src/runtime/behavior/reducer.js'
import type { Out } from '../../../src/runtime/behavior/out.js'
import type { HandlerInput } from '../../../src/actors/contract/protocol.js'
import { concat, utf8 } from '../../core/support/recorder.js'
import { deadLetters, Later, listen } from '../../runtime/kit.js'
import { alice, codeOf, multistream, onStage, type Side } from '../support/streams-stage.js'

const echo = protocol('/echo/1.0.0', async stream => { for await (const bytes of stream) await stream.write(bytes) })
/** Does nothing until it is reset. */
const idler = protocol('/idle/1.0.0', { async inbound (stream) { await stream.read() }, limits: { drainMs: 100 } })

async function echoed (stream: Stream, bytes: Uint8Array): Promise<Uint8Array> {
  const writing = stream.write(bytes).then(async () => { await stream.close() })
  const answer = await stream.readAll({ maxBytes: bytes.length })
  await writing
  return answer
}

/** The same bytes for the same seed. */
function bytesOf (length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + seed * 13 + (i >> 8)) & 255)
}

describe('streams: negotiation', () => {
  it('gives an eager stream once the protocol is agreed upon', onStage(async ({ client, server, until }) => {
    const stream = await until(client.open('/echo/1.0.0'))
    expect(stream.protocol).to.equal('/echo/1.0.0')
    expect(stream.direction).to.equal('outbound')
    expect(stream.path).to.equal('/node/client/streams/1')
    expect(stream.connection).to.equal('/node/client')
    expect(client.live.has(stream)).to.equal(true)
    expect([...server.live].map(one => one.direction)).to.deep.equal(['inbound'])
    expect(await until(echoed(stream, utf8('hello')))).to.deep.equal(utf8('hello'))
  }, { server: { protocols: [echo] } }))

  it('makes no actor of a stream that was reset before its turn', onStage(async ({ client, server, system, world }) => {
    let spawned = 0
    system.trace.add((_kind, { path }) => { if (path.startsWith('/node/server/streams/')) spawned++ }, ['spawned'])
    for (let id = 1; id < 1000; id += 2) {
      client.link.send({ kind: 'open', id })
      client.link.send({ kind: 'reset', id, code: 'stream/reset' })
    }
    await world.run(10)
    expect(spawned).to.equal(0)
    expect(client.live.size + server.live.size).to.equal(0)
  }, { server: { protocols: [echo] } }))

  it('tells the link that an inbound stream has its handler', onStage(async ({ client, server, until }) => {
    const stream = await until(client.open('/echo/1.0.0'))
    expect(server.link.accepted).to.deep.equal([stream.id])
    stream.reset()
  }, { server: { protocols: [echo] } }))

  it('takes the first of the proposals that the remote speaks', onStage(async ({ client, until }) => {
    const stream = await until(client.open(['/new/1.0.0', '/echo/1.0.0']))
    expect(stream.protocol).to.equal('/echo/1.0.0')
    expect(await until(echoed(stream, utf8('x')))).to.deep.equal(utf8('x'))
  }, { server: { protocols: [echo] } }))

  it('tells the handler by which of its ids it was asked for', onStage(async ({ client, until }) => {
    const stream = await until(client.open('/old/1.0.0'))
    expect(await until(stream.readAll({ maxBytes: 100 }))).to.deep.equal(utf8('/old/1.0.0'))
    await until(stream.close())
  }, { server: { protocols: [protocol(['/new/1.0.0', '/old/1.0.0'], async (stream, { protocol }) => { await stream.write(utf8(protocol)) })] } }))

  it('gives a lazy stream at once, and data go with the proposal', onStage(async ({ client, until }) => {
    const stream = await until(client.open('/echo/1.0.0', { negotiation: 'lazy' }))
    expect(await until(echoed(stream, utf8('early')))).to.deep.equal(utf8('early'))
  }, { server: { protocols: [echo] } }))

  it('holds the end of a lazy stream until it is confirmed', onStage(async ({ client, until, world }) => {
    const stream = await until(client.open('/echo/1.0.0', { negotiation: 'lazy' }))
    void stream.write(utf8('early'))
    let closed = false
    void stream.close().then(() => { closed = true })
    expect(client.link.streams.get(stream.id)?.buffer.endDue).to.equal(false)
    expect(closed).to.equal(false)
    expect(await until(stream.readAll({ maxBytes: 10 }))).to.deep.equal(utf8('early'))
    await world.run(1)
    expect(closed).to.equal(true)
  }, { server: { protocols: [echo] } }))

  it('fails an eager stream that is refused', onStage(async ({ client, until, world }) => {
    expect(await until(codeOf(client.open('/nobody/1.0.0')))).to.equal('stream/protocol-unsupported')
    await world.run(1)
    expect(client.states).to.deep.equal([])
  }, { server: { protocols: [echo] } }))

  it('fails the first read and a pending write of a lazy stream that is refused', onStage(async ({ client, until }) => {
    const stream = await until(client.open('/nobody/1.0.0', { negotiation: 'lazy' }))
    const reading = codeOf(stream.read())
    const writing = codeOf(stream.write(new Uint8Array(1_000_000)))
    expect(await until(reading)).to.equal('stream/protocol-unsupported')
    expect(await until(writing)).to.equal('stream/protocol-unsupported')
    expect(stream.resetBy?.code).to.equal('stream/protocol-unsupported')
  }, { server: { protocols: [echo] } }))

  it('fails when the remote says nothing until the deadline', onStage(async ({ client, until, world }) => {
    const began = world.now()
    expect(await until(codeOf(client.open('/echo/1.0.0', { deadline: began + 300 })))).to.equal('stream/timeout')
    expect(world.now() - began).to.be.within(300, 301)
  }, { server: { negotiation: { ...multistream, answer: options => { const core = multistream.answer(options); core.feed = () => {}; core.command = () => {}; return core } }, protocols: [echo] } }))

  it('gives up a lazy stream that is never confirmed', onStage(async ({ client, until, world }) => {
    const stream = await until(client.open('/echo/1.0.0', { negotiation: 'lazy', deadline: world.now() + 300 }))
    expect(await until(codeOf(stream.read()))).to.equal('stream/timeout')
  }, { server: { negotiation: { ...multistream, answer: options => { const core = multistream.answer(options); core.feed = () => {}; core.command = () => {}; return core } }, protocols: [echo] } }))

  it('resets an inbound stream that does not say what for in time', onStage(async ({ client, server, world }) => {
    const buffer = client.link.openStream()
    if (typeof buffer === 'string') throw new Error(buffer)
    await world.run(1999)
    expect(server.states).to.deep.equal(['negotiating'])
    await world.run(2)
    expect(server.states).to.deep.equal([])
    expect(buffer.resetBy).to.deep.equal({ code: 'stream/timeout', initiator: 'remote' })
  }, { server: { protocols: [echo], limits: { negotiationMs: 2000 } } }))

  it('ends in order with a remote that ends after our no', onStage(async ({ client, server, world }) => {
    const buffer = client.link.openStream()
    if (typeof buffer === 'string') throw new Error(buffer)
    void buffer.write(concat([utf8('\x13/multistream/1.0.0\n'), utf8('\x0d/nobody/1.0.\n')]))
    void buffer.close()
    await world.run(1)
    const got: Uint8Array[] = []
    for (let bytes = buffer.take(); bytes !== undefined; bytes = buffer.take()) got.push(bytes)
    expect(new TextDecoder().decode(concat(got))).to.equal('\x13/multistream/1.0.0\n\x03na\n')
    expect(buffer.finished).to.equal(true)
    expect(buffer.resetBy).to.equal(undefined)
    expect(server.states).to.deep.equal([])
  }, { server: { protocols: [echo] } }))

  it('resets a stream that brings something else', onStage(async ({ client, world }) => {
    const buffer = client.link.openStream()
    if (typeof buffer === 'string') throw new Error(buffer)
    void buffer.write(utf8('GET / HTTP/1.1\r\n'))
    await world.run(1)
    expect(buffer.resetBy?.code).to.equal('stream/negotiation-failed')
  }, { server: { protocols: [echo] } }))

  it('answers ls', onStage(async ({ client, world }) => {
    const buffer = client.link.openStream()
    if (typeof buffer === 'string') throw new Error(buffer)
    void buffer.write(concat([utf8('\x13/multistream/1.0.0\n'), utf8('\x03ls\n')]))
    await world.run(1)
    const got: Uint8Array[] = []
    for (let bytes = buffer.take(); bytes !== undefined; bytes = buffer.take()) got.push(bytes)
    expect(new TextDecoder().decode(concat(got))).to.include('/echo/1.0.0').and.include('/idle/1.0.0')
    buffer.reset()
  }, { server: { protocols: [echo, idler] } }))

  for (const pieceBytes of [1, 2, 3, 7, 20, 21, 33]) {
    it(`is the same in pieces of ${pieceBytes} bytes`, onStage(async ({ client, until }) => {
      for (const negotiation of ['eager', 'lazy'] as const) {
        const stream = await until(client.open('/echo/1.0.0', { negotiation }))
        expect(await until(echoed(stream, bytesOf(100, pieceBytes)))).to.deep.equal(bytesOf(100, pieceBytes))
      }
    }, { pieceBytes, server: { protocols: [echo] } }))
  }

  it('lets a change of the table hold for the next stream', onStage(async ({ client, server, until }) => {
    const stream = await until(client.open('/echo/1.0.0'))
    server.table.unregister('/echo/1.0.0')
    expect(await until(codeOf(client.open('/echo/1.0.0')))).to.equal('stream/protocol-unsupported')
    expect(await until(echoed(stream, utf8('still')))).to.deep.equal(utf8('still'))
    server.table.register(echo)
    ;(await until(client.open('/echo/1.0.0'))).reset()
  }, { server: { protocols: [echo] } }))
})

describe('streams: ends', () => {
  it('half-closes on our side first', onStage(async ({ client, server, until, world }) => {
    const stream = await until(client.open('/echo/1.0.0'))
    await until(stream.write(utf8('a')))
    await until(stream.close())
    await world.run(1)
    expect(await until(stream.readAll({ maxBytes: 1 }))).to.deep.equal(utf8('a'))
    await world.run(1)
    expect([client.states, server.states]).to.deep.equal([[], []])
  }, { server: { protocols: [echo] } }))

  it('shows how far a stream has come', onStage(async ({ client, server, until, world }) => {
    const stream = await until(client.open('/slow/1.0.0'))
    await world.run(1)
    expect([client.states, server.states]).to.deep.equal([['open'], ['open running']])
    await until(stream.close())
    await world.run(1)
    expect([client.states, server.states]).to.deep.equal([['localEnded'], ['remoteEnded running']])
    go.resolve()
    await world.run(1)
    expect([client.states, server.states]).to.deep.equal([[], []])
  }, { server: { protocols: [protocol('/slow/1.0.0', async () => { await go.promise })] } }))

  it('half-closes on the remote side first, and its handler may write on', onStage(async ({ client, server, until, world }) => {
    const stream = await until(client.open('/talk/1.0.0'))
    await until(stream.read())
    await world.run(1)
    expect([client.states, server.states]).to.deep.equal([['remoteEnded'], ['localEnded running']])
    await until(stream.write(utf8('b')))
    await until(stream.close())
    await world.run(1)
    expect([client.states, server.states]).to.deep.equal([[], []])
  }, {
    server: {
      protocols: [protocol('/talk/1.0.0', async stream => {
        await stream.write(utf8('a'))
        await stream.close()
        await stream.readAll({ maxBytes: 10 })
      })]
    }
  }))

  it('waits for a handler that works on after both sides have ended', onStage(async ({ client, server, until, world }) => {
    const slow = go = new Later()
    const stream = await until(client.open('/slow/1.0.0'))
    await until(stream.close())
    await world.run(1)
    expect(server.states).to.deep.equal(['ended running'])
    slow.resolve()
    await world.run(1)
    expect(server.states).to.deep.equal([])
  }, {
    server: {
      protocols: [protocol('/slow/1.0.0', async stream => {
        await stream.close()
        await stream.read()
        await go.promise
      })]
    }
  }))

  it('leaves what was not read to the reader after both sides have ended', onStage(async ({ client, until, world }) => {
    const stream = await until(client.open('/say/1.0.0'))
    await until(stream.close())
    await world.run(10)
    expect(client.states).to.deep.equal([])
    expect(await until(stream.readAll({ maxBytes: 10 }))).to.deep.equal(utf8('said'))
  }, { server: { protocols: [protocol('/say/1.0.0', async stream => { await stream.write(utf8('said')) })] } }))

  it('is reset by either side, with the code', onStage(async ({ client, server, until, world }) => {
    const stream = await until(client.open('/idle/1.0.0'))
    await world.run(1)
    stream.reset('stream/protocol-violation')
    await world.run(1)
    expect([client.states, server.states]).to.deep.equal([[], []])
    const other = await until(client.open('/quits/1.0.0'))
    const reading = codeOf(other.read())
    expect(await until(reading)).to.equal('stream/trimmed')
    expect(other.resetBy).to.deep.equal({ code: 'stream/trimmed', initiator: 'remote' })
  }, { server: { protocols: [idler, protocol('/quits/1.0.0', stream => { stream.reset('stream/trimmed') })] } }))

  it('is reset when whoever asked does not take it', onStage(async ({ client, server, world }) => {
    client.streams.tell({ type: 'stream.open', id: '1', protocols: ['/idle/1.0.0'], negotiation: 'eager', deadline: 1e6, replyTo: gone(client) })
    await world.run(10)
    expect([client.states, server.states]).to.deep.equal([[], []])
  }, { server: { protocols: [idler] } }))

  it('resets an inbound stream on which nothing moves', onStage(async ({ client, until, world }) => {
    const stream = await until(client.open('/quiet/1.0.0'))
    for (let i = 0; i < 20; i++) {
      await world.run(70)
      void stream.write(utf8('.'))
    }
    expect(stream.resetBy).to.equal(undefined)
    await world.run(201)
    expect(stream.resetBy).to.deep.equal({ code: 'stream/timeout', initiator: 'remote' })
  }, { server: { protocols: [protocol('/quiet/1.0.0', { limits: { idleMs: 100 }, async inbound (stream) { await stream.readAll({ maxBytes: 1000 }) } })] } }))

  it('takes what is stuck for idle, and what goes out for movement', onStage(async ({ client, until, world }) => {
    const stream = await until(client.open('/pour/1.0.0'))
    for (let i = 0; i < 20; i++) {
      await world.run(70)
      await until(stream.read(1000))
    }
    expect(stream.resetBy).to.equal(undefined)
    await world.run(201)
    expect(stream.resetBy?.code).to.equal('stream/timeout')
  }, {
    windowBytes: 1000,
    server: { protocols: [protocol('/pour/1.0.0', { limits: { idleMs: 100 }, async inbound (stream) { for (;;) await stream.write(new Uint8Array(100_000)) } })] }
  }))
})

let go = new Later()
beforeEach(() => { go = new Later() })

/** One that is down. */
function gone (side: Side): { tell: (message: StreamOutcome) => boolean } {
  return {
    tell (message) {
      if (message.type === 'stream.opened') message.handle[Symbol.dispose]()
      void side
      return false
    }
  }
}

describe('streams: handlers', () => {
  it('are told peer, connection and protocol, and get a signal when they must stop', onStage(async ({ client, until, world }) => {
    let seen: StreamContext | undefined
    contextSeen = context => { seen = context }
    const stream = await until(client.open('/look/1.0.0'))
    await world.run(1)
    expect(seen?.peer.equals(alice)).to.equal(true)
    expect([seen?.connection, seen?.protocol]).to.deep.equal(['/node/server', '/look/1.0.0'])
    expect(stopped).to.equal(false)
    stream.reset()
    await world.run(1)
    expect(stopped).to.equal(true)
  }, {
    server: {
      info: { peer: alice, path: '/node/server' },
      protocols: [protocol('/look/1.0.0', async (stream, context) => {
        contextSeen(context)
        await new Promise<void>(resolve => {
          context.signal.addEventListener('abort', () => {
            stopped = true
            resolve()
          })
        })
        void stream
      })]
    }
  }))

  for (const [how, fails] of [
    ['throws', () => { throw new Error('as told') }],
    ['rejects', async () => { await Promise.reject(new Error('as told')) }],
    ['rejects with a mistake of its own', async (stream: Stream) => {
      await stream.close()
      await stream.write(utf8('too late'))
    }]
  ] as const) {
    it(`that ${how} resets its stream with handler/crashed, and why tells`, onStage(async ({ client, server, system, until, world }) => {
      const crashes = listen(system, 'crashed')
      const stream = await until(client.open('/bad/1.0.0'))
      await world.run(1)
      expect(stream.resetBy).to.deep.equal({ code: 'handler/crashed', initiator: 'remote' })
      expect(crashes.map(({ path }) => path)).to.deep.equal(['/node/server/streams/1/handler'])
      expect(system.inspect.why('/node/server/streams/1/handler').status).to.equal('down')
      expect(server.states).to.deep.equal([])
    }, { server: { protocols: [protocol('/bad/1.0.0', fails)] } }))
  }

  it('that fail because the stream was reset under them have not crashed', onStage(async ({ client, system, until, world }) => {
    const crashes = listen(system, 'crashed')
    const stream = await until(client.open('/echo/1.0.0'))
    await world.run(1)
    stream.reset()
    await world.run(1)
    expect(crashes).to.deep.equal([])
  }, { server: { protocols: [echo] } }))

  it('that let an error of the stream through reset it with that code', onStage(async ({ client, system, until, world }) => {
    const crashes = listen(system, 'crashed')
    const stream = await until(client.open('/small/1.0.0'))
    void stream.write(utf8('\x7f'))
    await world.run(1)
    expect(stream.resetBy?.code).to.equal('stream/message-too-large')
    const limited = await until(client.open('/limited/1.0.0'))
    await world.run(1)
    expect(limited.resetBy?.code).to.equal('limit/stream-rate')
    expect(crashes).to.deep.equal([])
  }, {
    server: {
      protocols: [
        protocol('/small/1.0.0', async stream => { await stream.readPrefixed({ maxBytes: 10 }) }),
        protocol('/limited/1.0.0', () => { throw new NetworkError('limit/stream-rate') })
      ]
    }
  }))

  it('that crash leave their siblings alone, to the byte', onStage(async ({ client, server, until, world }) => {
    const streams = await until(Promise.all(Array.from({ length: 20 }, async (_, i) => await client.open(i % 4 === 0 ? '/bad/1.0.0' : '/echo/1.0.0'))))
    const outcomes = await until(Promise.all(streams.map(async (stream, i) => {
      if (i % 4 === 0) return await codeOf(stream.write(utf8('!')).then(async () => await stream.readAll({ maxBytes: 10 })))
      const sent = bytesOf(5000 + i * 1001, i)
      const got = await echoed(stream, sent)
      return Buffer.compare(got, sent) === 0 ? 'same' : 'different'
    })))
    expect(outcomes).to.deep.equal(outcomes.map((_, i) => i % 4 === 0 ? 'handler/crashed' : 'same'))
    await world.run(1)
    expect([client.states, server.states]).to.deep.equal([[], []])
  }, {
    windowBytes: 3000,
    server: { protocols: [echo, protocol('/bad/1.0.0', async stream => { await stream.read(); throw new Error('as told') })] }
  }))

  it('that have returned wait for the end of the remote, and throw away what comes', onStage(async ({ client, server, until, world }) => {
    const stream = await until(client.open('/short/1.0.0'))
    void stream.write(new Uint8Array(1_000_000))
    await world.run(100)
    expect(stream.queued).to.equal(0)
    expect(server.states).to.deep.equal(['localEnded draining'])
    await until(stream.close())
    await world.run(1)
    expect(server.states).to.deep.equal([])
    expect(stream.resetBy).to.equal(undefined)
  }, { server: { protocols: [protocol('/short/1.0.0', () => {})] } }))

  it('that have returned wait no longer than drainMs', onStage(async ({ client, server, until, world }) => {
    const stream = await until(client.open('/short/1.0.0'))
    await world.run(499)
    expect(server.states).to.deep.equal(['localEnded draining'])
    await world.run(2)
    expect(stream.resetBy).to.deep.equal({ code: 'handler/drain-timeout', initiator: 'remote' })
    expect(server.states).to.deep.equal([])
  }, { server: { protocols: [protocol('/short/1.0.0', { inbound: () => {}, limits: { drainMs: 500 } })] } }))

  it('that have returned wait on while something of theirs leaves', onStage(async ({ client, until, world }) => {
    const stream = await until(client.open('/pour/1.0.0'))
    let got = 0
    for (let i = 0; i < 10; i++) {
      await world.run(300)
      got += (await until(stream.read(1000)))?.length ?? 0
    }
    expect(stream.resetBy).to.equal(undefined)
    expect(got).to.equal(10_000)
    await world.run(1001)
    expect(stream.resetBy?.code).to.equal('handler/drain-timeout')
  }, { windowBytes: 1000, server: { protocols: [protocol('/pour/1.0.0', { inbound (stream) { void stream.write(new Uint8Array(50_000)) }, limits: { drainMs: 500 } })] } }))

  it('may be behaviours, which own their stream', onStage(async ({ client, server, until, world }) => {
    const stream = await until(client.open('/actor/1.0.0'))
    expect(await until(stream.readAll({ maxBytes: 100 }))).to.deep.equal(utf8('/actor/1.0.0 of /node/server'))
    expect(server.states).to.have.length(1)
    await until(stream.close())
    await world.run(200)
    expect(server.states).to.deep.equal([])
    expect(stream.resetBy).to.equal(undefined)
  }, { server: { info: { path: '/node/server' }, protocols: [protocol('/actor/1.0.0', { behavior: speaker(100) })] } }))

  it('that are behaviours and leave their stream open have it reset', onStage(async ({ client, server, until, world }) => {
    const stream = await until(client.open('/actor/1.0.0'))
    await world.run(100)
    expect(stream.resetBy?.code).to.equal('stream/reset')
    expect(server.states).to.deep.equal([])
  }, { server: { protocols: [protocol('/actor/1.0.0', { behavior: speaker(10) })] } }))

  it('that are behaviours and crash have it reset', onStage(async ({ client, server, until, world }) => {
    const stream = await until(client.open('/actor/1.0.0'))
    await world.run(100)
    expect(stream.resetBy?.initiator).to.equal('remote')
    expect(server.states).to.deep.equal([])
  }, {
    server: {
      protocols: [protocol('/actor/1.0.0', {
        behavior: reducer({
          name: 'bad',
          initial: (_input: HandlerInput) => 0,
          step (): number { throw new Error('as told') },
          stopMessage: () => ({ type: 'stop' })
        })
      }), protocol('/none/1.0.0', { behavior: reducer({ name: 'worse', initial (_input: HandlerInput): number { throw new Error('as told') }, step: state => state }) })]
    }
  }))
})

let stopped = false
let contextSeen: (context: StreamContext) => void = () => {}

/** Says who it is, closes, and ends after so long. */
function speaker (ms: number) {
  return reducer({
    name: 'speaker',
    initial (input: HandlerInput, out: Out<{ speak: HandlerInput }>) {
      out.do('speak', input)
      return 0
    },
    step (state, _message: { readonly type: 'speaker.end' }, out: Out<{ speak: HandlerInput }>) {
      out.done()
      return state
    },
    effects: {
      speak (actor, { context, handle }) {
        actor.own(handle)
        void handle.write(utf8(`${context.protocol} of ${context.connection}`))
        if (ms > 50) void handle.close()
        actor.timer('end', ms, { type: 'speaker.end' })
      }
    }
  })
}

describe('streams: limits', () => {
  it('of a protocol per connection reset one more with limit/streams', onStage(async ({ client, server, until, world }) => {
    const first = await until(client.open('/two/1.0.0'))
    await until(client.open('/two/1.0.0'))
    expect(await until(codeOf(client.open('/two/1.0.0')))).to.equal('limit/streams')
    expect(server.table.inbound('/two/1.0.0')).to.equal(2)
    first.reset()
    await world.run(1)
    expect(server.table.inbound('/two/1.0.0')).to.equal(1)
    await until(client.open('/two/1.0.0'))
  }, { server: { protocols: [protocol('/two/1.0.0', { limits: { inbound: 2 }, async inbound (stream) { await stream.read() } })] } }))

  it('of a protocol count over all connections of a peer, and of the node', async () => {
    const table = new SharedProtocolTable()
    table.register(protocol('/x', { limits: { inbound: 2, inboundPerPeer: 3, inboundTotal: 4 }, inbound () {} }))
    const x = table.find('/x')!
    const bob = PeerId.parse('12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo')
    const lease = (connection: string, peer: PeerId): Disposable => {
      const outcome = table.lease(x, connection, peer, 0)
      if (!(Symbol.dispose in outcome)) throw new Error(outcome.detail ?? '')
      return outcome
    }
    const first = lease('/1', alice)
    lease('/1', alice)
    expect(() => lease('/1', alice)).to.throw('limits.inbound is 2')
    lease('/2', alice)
    expect(() => lease('/2', alice)).to.throw('limits.inboundPerPeer is 3')
    lease('/3', bob)
    expect(() => lease('/3', bob)).to.throw('limits.inboundTotal is 4')
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    expect(table.inbound('/x')).to.equal(3)
    lease('/3', bob)
    expect(table.inbound('/x')).to.equal(4)
  })

  it('of the muxer let requests wait their turn', onStage(async ({ client, until, world }) => {
    const first = await until(client.open('/idle/1.0.0'))
    const second = await until(client.open('/idle/1.0.0'))
    const order: string[] = []
    const third = client.open('/idle/1.0.0').then(() => { order.push('third') })
    const fourth = client.open('/idle/1.0.0').then(() => { order.push('fourth') })
    await world.run(100)
    expect(order).to.deep.equal([])
    first.reset()
    await until(third)
    second.reset()
    await until(fourth)
    expect(order).to.deep.equal(['third', 'fourth'])
  }, { outboundStreams: 2, server: { protocols: [idler] } }))

  it('of the muxer fail a request that waits until its deadline, and those beyond the queue', onStage(async ({ client, until, world }) => {
    await until(client.open('/idle/1.0.0'))
    const began = world.now()
    const waiting = codeOf(client.open('/idle/1.0.0', { deadline: began + 500 }))
    const longer = codeOf(client.open('/idle/1.0.0', { deadline: began + 900 }))
    expect(await until(codeOf(client.open('/idle/1.0.0')))).to.equal('limit/streams')
    expect(world.now() - began).to.be.below(1)
    expect(await until(waiting)).to.equal('limit/streams')
    expect(world.now() - began).to.be.within(500, 501)
    expect(await until(longer)).to.equal('limit/streams')
    expect(world.now() - began).to.be.within(900, 901)
  }, { outboundStreams: 1, client: { limits: { queuedOpens: 2 } }, server: { protocols: [idler] } }))

  it('answer those who wait when the connection ends', onStage(async ({ client, until, world }) => {
    await until(client.open('/idle/1.0.0'))
    const waiting = codeOf(client.open('/idle/1.0.0'))
    await world.run(1)
    client.do(() => { throw new Error('as told') })
    expect(await until(waiting)).to.equal('stream/connection-closed')
  }, { outboundStreams: 1, server: { protocols: [idler] } }))

  it('of a relay let only those through that opted in', onStage(async ({ client, until }) => {
    expect(await until(codeOf(client.open('/echo/1.0.0')))).to.equal('stream/limited-connection')
    expect(await until(codeOf(client.open('/echo/1.0.0', { onLimitedConnection: true })))).to.equal('stream/limited-connection')
    const stream = await until(client.open('/small/1.0.0', { onLimitedConnection: true }))
    expect(await until(echoed(stream, utf8('x')))).to.deep.equal(utf8('x'))
  }, {
    client: { info: { limits: { durationMs: 1, bytes: 1 } } },
    server: {
      info: { limits: { durationMs: 1, bytes: 1 } },
      protocols: [echo, protocol('/small/1.0.0', { onLimitedConnection: true, inbound: echo.inbound! })]
    }
  }))

  it('refuse a request that is late already', onStage(async ({ client, until, world }) => {
    await world.run(10)
    expect(await until(codeOf(client.open('/echo/1.0.0', { deadline: 5 })))).to.equal('stream/timeout')
  }))
})

describe('streams: many and broken', () => {
  it('carries 1,000 at a time, byte for byte', onStage(async ({ client, server, until, world }) => {
    const outcomes = await until(Promise.all(Array.from({ length: 1000 }, async (_, i) => {
      const stream = await client.open('/many/1.0.0', { negotiation: i % 2 === 0 ? 'lazy' : 'eager' })
      const sent = bytesOf(i, i)
      return Buffer.compare(await echoed(stream, sent), sent)
    })))
    expect(outcomes.filter(outcome => outcome !== 0)).to.deep.equal([])
    await world.run(1)
    expect([client.states, server.states]).to.deep.equal([[], []])
  }, { server: { protocols: [protocol('/many/1.0.0', { limits: { inbound: 1000 }, inbound: echo.inbound! })] } }))

  it('leaves nothing behind, whoever is killed and when', async () => {
    for (let step = 0; step < 24; step++) {
      for (const victim of ['client', 'client/streams', 'client/streams/1', 'server', 'server/streams', 'server/streams/1', 'server/streams/1/handler']) {
        await onStage(async ({ client, system, world }) => {
          let outcomes = 0
          for (const negotiation of ['eager', 'lazy'] as const) {
            client.ask('/echo/1.0.0', { negotiation }, outcome => {
              outcomes++
              if (outcome.type === 'stream.opened') echoed(outcome.handle, bytesOf(2000, 1)).catch(() => {})
            })
          }
          await world.run(step * 0.002)
          try {
            system.inspect.kill(`/node/${victim}`)
          } catch (error) {
            // Not there yet, or no more.
            expect((error as { code?: string }).code).to.equal('actor/down')
          }
          await world.run(20_000)
          // A request that was on the way to a dead supervisor is a dead letter: whoever asked has a deadline of his own.
          const lost = deadLetters(system).filter(letter => letter.startsWith('stream.open ')).length
          expect(outcomes, `${victim} at step ${step}`).to.equal(2 - lost)
        }, { seed: step + 1, windowBytes: 500, server: { protocols: [echo] } })()
      }
    }
  })

  it('fails what reads and writes when its stream is killed, each with its code', onStage(async ({ client, system, until, world }) => {
    const [one, other] = await until(Promise.all([client.open('/idle/1.0.0'), client.open('/idle/1.0.0')]))
    const reading = codeOf(one.read())
    system.inspect.kill(one.path)
    expect(await until(reading)).to.equal('stream/shutdown')
    const last = codeOf(other.read())
    client.do(() => { throw new Error('as told') })
    expect(await until(last)).to.equal('stream/connection-closed')
    await world.run(1)
  }, { server: { protocols: [idler] } }))
})
