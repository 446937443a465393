/**
 * Ends of connections, streams, dials, handshakes and their handlers, scripted in a simulated world, and why each has come about.
 * `docs/why.md` is written from this table.
 */
import { noise, NetworkError, plaintext, protocol, yamux, type Component, type Node, type NodeOptions, type PeerId, type Protocol, type Reason, type Stream } from '../../src/index.js'
import type { Muxer } from '../../src/actors/contract/muxer.js'
import type { Security } from '../../src/actors/contract/security.js'
import type { Transport } from '../../src/actors/contract/transport.js'
import { DATA, encodeFrame, GO_AWAY, initialWindowBytes, RST, SYN, largestUint32, WINDOW_UPDATE } from '../../src/messages/wire/yamux.js'
import { generateKeyPair, peerIdOf } from '../../src/actors/node/keys.js'
import { TestNet } from '../../src/testnet.js'
import { Rogue, type RogueStack } from '../actors/node/support/rogue.js'

/** What must be found: numbers of actors as `*`. */
export interface Expected {
  readonly code: Reason['code']
  readonly actor: string
  readonly event: string
  readonly initiator: Reason['initiator']
  readonly scope: Reason['scope']
  readonly wireCode?: number
}

export interface Ending {
  /** What happens. */
  readonly what: string
  /** Whose end is asked about: a kind of actor of one of the two nodes; or the error that the user got. */
  readonly asked: `${'alice' | 'bob'}: ${string}` | 'the error'
  readonly play: (stage: Stage) => Promise<unknown>
  readonly expected: Expected
  readonly alice?: NodeOptions
  readonly bob?: NodeOptions
}

/** Alice listens and bob dials. */
export class Stage {
  readonly net: TestNet
  alice!: Node
  bob!: Node
  /** Who has ended, by node and kind of actor, in that order. */
  private readonly ended = new Map<string, string[]>()

  private constructor (seed: number) {
    this.net = new TestNet({ seed })
  }

  static async make (seed: number, alice: NodeOptions = {}, bob: NodeOptions = {}): Promise<Stage> {
    const stage = new Stage(seed)
    stage.alice = await stage.net.createNode({ identify: false, keepAlive: { intervalMs: 5000, timeoutMs: 5000 }, ...alice, protocols })
    stage.bob = await stage.net.createNode({ identify: false, ...bob, protocols })
    stage.watch('alice', stage.alice)
    stage.watch('bob', stage.bob)
    return stage
  }

  get address () { return this.alice.getMultiaddrs()[0]! }

  /** Kills what bob hears from, and what he says to it. */
  cut (): void {
    this.net.world.network.partition(['node-1'], ['node-2'])
  }

  /** Path of the first of that kind that has ended. */
  endOf (who: string): string {
    const [path] = this.ended.get(who) ?? []
    if (path === undefined) throw new Error(`no ${who} has ended; there were ${[...this.ended.keys()].join(', ')}`)
    return path
  }

  async stream (id: string): Promise<Stream> {
    return this.net.until(this.bob.dialProtocol(this.address, id, { negotiate: 'eager' }))
  }

  /** Who ends from now on is the first. */
  forget (): void {
    this.ended.clear()
  }

  /** A stream whose handler holds it open at alice. */
  async held (): Promise<Stream> {
    const stream = await this.stream('/hold')
    await this.net.run(100)
    return stream
  }

  async run (ms = 1000): Promise<void> {
    await this.net.run(ms)
  }

  /** What a promise is rejected with. */
  async error (promise: Promise<unknown>): Promise<NetworkError> {
    const error = await this.net.until(promise.then(() => undefined, (thrown: unknown) => thrown))
    if (!(error instanceof NetworkError)) throw new Error(`it should have failed with a NetworkError; got ${String(error)}`)
    return error
  }

  /** Once an actor of bob's has been told a message of that type, before it handles it. */
  atMessage (node: Node, type: string, act: () => void): void {
    let done = false
    node.inspect.trace({ types: [type], kinds: ['message'] }).subscribe(() => {
      if (!done) act()
      done = true
    })
  }

  private watch (name: string, node: Node): void {
    node.inspect.trace({ kinds: ['down'] }).subscribe(({ behavior, path }) => {
      const key = `${name}: ${behavior}`
      this.ended.set(key, [...this.ended.get(key) ?? [], path])
    })
  }
}

const boom = (): never => { throw new Error('boom') }
const kept: Stream[] = []

const protocols: readonly Protocol[] = [
  protocol('/hold', async (stream, { signal }) => {
    kept.push(stream)
    for await (const bytes of stream) if (signal.aborted) return void bytes
  }),
  protocol('/echo', async stream => { await stream.write(await stream.readExactly(1)) }),
  protocol('/throw', boom),
  protocol('/reset', async stream => {
    const [number = 0] = await stream.readExactly(1)
    stream.reset(resets[number])
  }),
  protocol('/idle', { limits: { idleMs: 2000 }, inbound: async stream => { await stream.read() } }),
  protocol('/drain', { limits: { drainMs: 2000 }, inbound: () => {} }),
  protocol('/one', { limits: { inbound: 1 }, inbound: async stream => { await stream.read() } }),
  protocol('/short', async stream => { await stream.readPrefixed({ maxBytes: 10 }) })
]

/** What alice resets a stream with, by the number that bob sends. */
const resets: readonly Reason['code'][] = [
  'stream/reset', 'stream/protocol-unsupported', 'limit/streams', 'limit/stream-rate', 'stream/protocol-violation', 'stream/supplanted', 'stream/trimmed',
  'stream/shutdown', 'stream/gated'
]

const connection = '/node/connections/*'
const upgrade = `${connection}/upgrade`
const stream = `${connection}/streams/*`
const handler = `${stream}/handler`
const attempt = '/node/network/dialer/*/*'
const dial = '/node/network/dialer/*'
const request = '/node/network/swarm/*'

type Options = Pick<Ending, 'alice' | 'bob'>

const expect = (code: Reason['code'], actor: string, event: string, initiator: Reason['initiator'], scope: Reason['scope'], wireCode?: number): Expected =>
  ({ code, actor, event, initiator, scope, ...wireCode !== undefined && { wireCode } })

const end = (what: string, asked: Ending['asked'], expected: Expected, play: Ending['play'], options: Options = {}): Ending => ({ what, asked, expected, play, ...options })

/** A dial that fails. */
const dialing = (to: (stage: Stage) => string, ms = 40_000): Ending['play'] => async stage => {
  await stage.error(stage.bob.dial(to(stage), { timeoutMs: ms }))
  await stage.run()
}
/** A dial that may succeed before the remote has had its say. */
const connecting: Ending['play'] = async stage => {
  await stage.net.until(stage.bob.dial(stage.address).catch(() => {}))
  await stage.run()
}
const toAlice = ({ address }: Stage): string => address.toString()

/** A dial of somebody who does as the script says. */
const rogue = (script: Parameters<Rogue['listen']>[0]): Ending['play'] => async stage => {
  await stage.error(stage.bob.dial(new Rogue(stage.net).listen(script).multiaddr))
  await stage.run()
}

/** A rogue at alice's, properly shaken hands with. */
const intruder = (script: (stack: RogueStack) => void): Ending['play'] => async stage => {
  await new Rogue(stage.net).dial(stage.address, script)
  await stage.run(20_000)
}

/** Bob's stream that alice resets with a code, which go-libp2p's numbers carry. */
const remoteReset = (number: number, code: Reason['code'], wireCode: number): Ending =>
  end(`the remote resets the stream with ${resets[number] ?? ''}`, 'bob: stream', expect(code, stream, 'stream.reset', 'remote', 'stream', wireCode), async stage => {
    const opened = await stage.stream('/reset')
    await stage.net.until(opened.write(Uint8Array.of(number)))
    await stage.run()
  })

/** Alice's connection to a rogue who goes away with a number. */
const goAway = (wireCode: number, code: Reason['code'], what: string): Ending =>
  end(`the remote goes away: ${what}`, 'alice: connection', expect(code, connection, 'link.closed', 'remote', 'connection', wireCode), intruder(stack => { stack.send(encodeFrame(GO_AWAY, 0, 0, wireCode)) }))

const frames = (what: string, ...bytes: readonly Uint8Array[]): Ending =>
  end(what, 'alice: connection', expect('connection/protocol-violation', connection, 'link.closed', 'remote', 'connection'), intruder(stack => { for (const frame of bytes) stack.send(frame) }))

const silent = { onData: () => {}, onClose: () => {} }
const multistream = (text: string): Uint8Array => Uint8Array.of(text.length + 1, ...Buffer.from(`${text}\n`))
const hello = multistream('/multistream/1.0.0')

const other = (make: Component<Muxer>): Component<Muxer> => context => ({ ...make(context), protocol: '/other/1.0.0', create: options => make(context).create(options) })
const throwingMuxer: Component<Muxer> = () => ({ protocol: '/yamux/1.0.0', create: boom })
const throwingSecurity: Component<Security> = () => ({ kind: 'core', protocol: '/noise', handshake: boom })
const throwingTransport: Component<Transport> = () => ({ name: 'tcp', dials: () => true, listens: () => false, dial: boom, listen: boom })
/** Signs something else than the key it uses. */
const forging: Component<Security> = context => noise()({ ...context, privateKey: { publicKey: context.privateKey.publicKey, sign: () => new Uint8Array(64) } as unknown as typeof context.privateKey })

async function strangersId (): Promise<PeerId> {
  return peerIdOf(await generateKeyPair())
}

export const endings: readonly Ending[] = [
  // ---------------------------------------------------------------- dials
  end('nobody listens there', 'bob: attempt', expect('dial/refused', attempt, 'attempt.refused', 'remote', 'connection'), dialing(() => '/ip4/10.0.0.1/tcp/9')),
  end('no way leads there', 'bob: attempt', expect('dial/unreachable', attempt, 'attempt.refused', 'remote', 'connection'), dialing(() => '/ip4/10.200.0.1/tcp/4001')),
  end('nothing comes back', 'bob: attempt', expect('dial/timeout', attempt, 'attempt.refused', 'local', 'connection'), async stage => {
    stage.cut()
    await dialing(toAlice)(stage)
  }),
  end('the only address fails', 'the error', expect('dial/refused', attempt, 'attempt.refused', 'remote', 'connection'), stage => stage.error(stage.bob.dial('/ip4/10.0.0.1/tcp/9'))),
  end('the only address fails', 'bob: request', expect('dial/refused', attempt, 'attempt.refused', 'remote', 'connection'), dialing(() => '/ip4/10.0.0.1/tcp/9')),
  end('the name does not exist', 'bob: dial', expect('dial/resolve-failed', dial, 'dial.resolved', 'local', 'connection'), dialing(() => '/dns4/nobody.example.org/tcp/4001')),
  end('the resolver is silent until the deadline', 'bob: dial', expect('dial/timeout', dial, 'stop', 'local', 'connection'), async stage => {
    stage.net.dns.set('silent.example.org', { silent: true })
    await dialing(() => '/dns4/silent.example.org/tcp/4001', 2000)(stage)
  }),
  end('no address of the peer is known', 'bob: request', expect('dial/no-addresses', request, 'request.addresses', 'user', 'connection'), async stage => {
    await stage.error(stage.bob.dial(await strangersId()))
    await stage.run()
  }),
  end('no transport dials such an address', 'bob: request', expect('dial/no-transport', request, 'dial.failed', 'user', 'connection'), dialing(() => '/ip4/10.0.0.1/udp/4001/quic-v1')),
  end('the peer is the node itself', 'the error', expect('dial/self', '', '', 'user', 'connection'), stage => stage.error(stage.bob.dial(stage.bob.peerId))),
  end('the user gives up', 'bob: request', expect('user/aborted', request, 'request.cancel', 'user', 'node'), async stage => {
    stage.cut()
    const abort = new AbortController()
    const dialed = stage.error(stage.bob.dial(stage.address, { signal: abort.signal }))
    stage.net.world.at(stage.net.world.now() + 50, () => { abort.abort() })
    await dialed
    await stage.run()
  }),
  end('the gater forbids the peer', 'bob: request', expect('dial/gated', request, 'dial.failed', 'local', 'connection'), dialing(toAlice), { bob: { gater: { beforeDialPeer: () => false } } }),
  end('the gater forbids the address', 'bob: attempt', expect('dial/gated', attempt, 'attempt.refused', 'local', 'connection'), dialing(toAlice), { bob: { gater: { beforeDialAddress: () => false } } }),
  end('the address has failed a moment ago', 'bob: request', expect('dial/backoff', request, 'dial.failed', 'local', 'connection'), async stage => {
    await stage.error(stage.bob.dial('/ip4/10.0.0.1/tcp/9'))
    stage.forget()
    await dialing(() => '/ip4/10.0.0.1/tcp/9')(stage)
  }),
  end('an actor of a dial crashes', 'bob: attempt', expect('actor/crashed', attempt, 'attempt.granted', 'local', 'node'), dialing(toAlice), { bob: { transports: [throwingTransport], listen: [] } }),
  end('an operator kills the dial', 'bob: attempt', expect('actor/killed', dial, 'inspect.kill', 'user', 'node'), async stage => {
    stage.cut()
    const dialed = stage.error(stage.bob.dial(stage.address))
    stage.net.world.at(stage.net.world.now() + 50, () => { stage.bob.inspect.kill('/node-2/network/dialer/1') })
    await dialed
    await stage.run()
  }),

  // ---------------------------------------------------------------- handshakes
  end('the remote says nothing', 'bob: connection', expect('upgrade/timeout', upgrade, 'upgrade.timeout', 'local', 'connection'), rogue(link => { link.attach(silent) })),
  end('the remote falls silent in the security handshake', 'bob: connection', expect('upgrade/timeout', upgrade, 'upgrade.timeout', 'local', 'connection'), rogue(link => {
    link.attach(silent)
    link.write(hello)
    link.write(multistream('/noise'))
  })),
  end('the remote falls silent before the muxer', 'bob: connection', expect('upgrade/timeout', upgrade, 'upgrade.timeout', 'local', 'connection'), async stage => {
    stage.atMessage(stage.bob, 'upgrade.secured', () => { stage.cut() })
    await dialing(toAlice)(stage)
  }, { alice: { security: [plaintext()] }, bob: { security: [plaintext()] } }),
  end('a stranger says nothing', 'alice: connection', expect('upgrade/timeout', upgrade, 'upgrade.timeout', 'local', 'connection'), async stage => {
    await new Rogue(stage.net).connect(stage.address, link => { link.attach(silent) })
    await stage.run(20_000)
  }),
  end('no libp2p node answers', 'bob: connection', expect('upgrade/negotiation-failed', upgrade, 'upgrade.broken', 'remote', 'connection'), rogue(link => {
    link.attach(silent)
    link.write(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))
  })),
  end('the remote closes at once', 'bob: connection', expect('upgrade/closed', upgrade, 'upgrade.broken', 'remote', 'connection'), rogue(link => {
    link.attach(silent)
    link.end()
  })),
  end('no security in common', 'bob: connection', expect('upgrade/no-security', upgrade, 'upgrade.broken', 'remote', 'connection'), dialing(toAlice), { alice: { security: [plaintext()] } }),
  end('no muxer in common', 'bob: connection', expect('upgrade/no-muxer', upgrade, 'upgrade.broken', 'remote', 'connection'), dialing(toAlice), { alice: { muxers: [other(yamux())] } }),
  end('garbage in the security handshake', 'bob: connection', expect('upgrade/handshake-failed', upgrade, 'upgrade.broken', 'remote', 'connection'), rogue(link => {
    link.attach(silent)
    link.write(hello)
    link.write(multistream('/noise'))
    link.write(Uint8Array.of(0, 200, ...new Uint8Array(200)))
  })),
  end('the remote does not own its key', 'bob: connection', expect('upgrade/bad-signature', upgrade, 'upgrade.broken', 'remote', 'connection'), dialing(toAlice), { alice: { security: [forging] } }),
  end('another peer answers', 'bob: connection', expect('upgrade/peer-mismatch', upgrade, 'upgrade.broken', 'remote', 'connection'), async stage => {
    await stage.error(stage.bob.dial(stage.address.withoutPeer()!.withPeer(await strangersId())))
    await stage.run()
  }),
  end('the gater forbids the peer once it has proven who it is', 'alice: connection', expect('upgrade/gated', upgrade, 'upgrade.broken', 'local', 'connection'), connecting, { alice: { gater: { afterSecure: () => false } } }),
  end('the gater of the remote forbids us once we have proven who we are', 'bob: connection', expect('connection/closed', connection, 'link.closed', 'remote', 'connection'), connecting, { alice: { gater: { afterSecure: () => false } } }),
  end('the upgrade crashes', 'bob: connection', expect('upgrade/crashed', upgrade, 'upgrade.selected', 'local', 'connection'), dialing(toAlice), { bob: { security: [throwingSecurity] } }),

  // ---------------------------------------------------------------- connections
  end('the user closes it', 'bob: connection', expect('connection/closed', connection, 'connection.close', 'user', 'connection'), async stage => {
    const opened = await stage.net.until(stage.bob.dial(stage.address))
    await stage.net.until(opened.close())
  }),
  end('the user hangs up', 'bob: connection', expect('connection/closed', connection, 'connection.close', 'user', 'connection'), async stage => {
    await stage.net.until(stage.bob.dial(stage.address))
    await stage.net.until(stage.bob.hangUp(stage.alice.peerId))
  }),
  end('the user resets it', 'bob: connection', expect('connection/reset', connection, 'connection.reset', 'user', 'connection'), async stage => {
    (await stage.net.until(stage.bob.dial(stage.address))).reset()
    await stage.run()
  }),
  end('the remote closes it', 'alice: connection', expect('connection/closed', connection, 'link.going-away', 'remote', 'connection', 0), async stage => {
    const opened = await stage.net.until(stage.bob.dial(stage.address))
    await stage.net.until(opened.close())
    await stage.run()
  }),
  end('the remote, or the network, breaks it', 'alice: connection', expect('connection/reset', connection, 'link.closed', 'remote', 'connection'), async stage => {
    (await stage.net.until(stage.bob.dial(stage.address))).reset()
    await stage.run()
  }),
  end('the remote is there no more', 'alice: connection', expect('connection/timeout', connection, 'connection.pong-timeout', 'local', 'connection'), async stage => {
    await stage.net.until(stage.bob.dial(stage.address))
    await stage.run()
    stage.cut()
    await stage.run(30_000)
  }),
  end('one too many from that peer', 'alice: connection', expect('limit/connections', connection, 'connection.refused', 'local', 'connection'), connecting, { alice: { limits: { connections: { perPeer: 0 } } } }),
  end('one too many for the remote', 'bob: connection', expect('limit/connections', connection, 'link.closed', 'remote', 'connection', 0x1001), connecting, { alice: { limits: { connections: { perPeer: 0 } } } }),
  end('the gater forbids it', 'alice: connection', expect('connection/gated', connection, 'connection.refused', 'local', 'connection'), connecting, { alice: { gater: { afterUpgrade: () => false } } }),
  end('the gater of the remote forbids it', 'bob: connection', expect('connection/gated', connection, 'link.closed', 'remote', 'connection', 0x1007), connecting, { alice: { gater: { afterUpgrade: () => false } } }),
  end('its actor crashes', 'bob: connection', expect('connection/crashed', connection, 'connection.accepted', 'local', 'connection'), dialing(toAlice), { bob: { muxers: [throwingMuxer] } }),
  end('an operator kills it', 'bob: connection', expect('actor/killed', connection, 'inspect.kill', 'user', 'node'), async stage => {
    const { path } = await stage.net.until(stage.bob.dial(stage.address))
    stage.bob.inspect.kill(path)
    await stage.run()
  }),
  end('an operator kills the supervisor of its streams', 'bob: connection', expect('actor/killed', `${connection}/streams`, 'inspect.kill', 'user', 'node'), async stage => {
    const { path } = await stage.net.until(stage.bob.dial(stage.address))
    stage.bob.inspect.kill(`${path}/streams`)
    await stage.run(5000)
  }),
  end('the node stops', 'bob: connection', expect('user/stopped', '/node', 'stop', 'user', 'node'), async stage => {
    await stage.net.until(stage.bob.dial(stage.address))
    await stage.net.until(stage.bob.stop())
  }),
  end('the remote node stops while streams are open', 'alice: connection', expect('connection/shutdown', connection, 'link.closed', 'remote', 'connection', 0x1006), async stage => {
    await stage.held()
    const held = kept.at(-1)!
    await stage.net.until(stage.bob.stop())
    await stage.run()
    held.reset()
  }),
  end('the remote goes away while the user reads', 'the error', expect('connection/trimmed', connection, '', 'remote', 'connection', 0x1005), async stage => {
    const opened = await stage.held()
    const read = stage.error(opened.read())
    stage.net.world.at(stage.net.world.now() + 50, () => { void stage.alice.getConnections()[0]!.close({ code: 'connection/trimmed' }) })
    return await read
  }),
  goAway(0x1002, 'limit/connection-rate', 'too many too fast'),
  goAway(0x1003, 'connection/protocol-violation', 'a broken rule'),
  goAway(0x1004, 'connection/supplanted', 'another connection is better'),
  goAway(0x1005, 'connection/trimmed', 'it has too many'),
  goAway(0x1007, 'connection/gated', 'its gater forbids it'),
  goAway(1, 'connection/protocol-violation', 'a broken rule, by the number of Yamux itself'),
  goAway(0x2abc, 'connection/reset', 'a number that nobody knows'),
  frames('more than the window allows', encodeFrame(DATA, SYN, 1, initialWindowBytes + 1)),
  frames('a frame of 4 GiB', encodeFrame(DATA, SYN, 1, 10, new Uint8Array(10)), encodeFrame(DATA, 0, 1, largestUint32)),
  frames('a stream with an id of our side', encodeFrame(DATA, SYN, 2, 0)),
  end('a frame with a bad tag', 'alice: connection', expect('connection/protocol-violation', connection, 'link.closed', 'remote', 'connection'), intruder(({ link }) => {
    link.write(Uint8Array.of(0, 17, ...new Uint8Array(17)))
  })),

  // ---------------------------------------------------------------- streams
  end('both sides end', 'bob: stream', expect('stream/closed', stream, 'stream.finished', 'user', 'stream'), async stage => {
    const opened = await stage.stream('/echo')
    await stage.net.until(opened.write(Uint8Array.of(1)))
    await stage.net.until(opened.close())
    await stage.net.until(opened.readAll({ maxBytes: 10 }))
    await stage.run()
  }),
  end('the user resets it', 'bob: stream', expect('stream/reset', stream, 'stream.reset', 'user', 'stream'), async stage => {
    (await stage.held()).reset()
    await stage.run()
  }),
  remoteReset(0, 'stream/reset', 0),
  remoteReset(1, 'stream/negotiation-failed', 0x1001),
  remoteReset(2, 'limit/streams', 0x1002),
  remoteReset(3, 'limit/stream-rate', 0x1003),
  remoteReset(4, 'stream/protocol-violation', 0x1004),
  remoteReset(5, 'stream/supplanted', 0x1005),
  remoteReset(6, 'stream/trimmed', 0x1006),
  remoteReset(7, 'stream/shutdown', 0x1007),
  remoteReset(8, 'stream/gated', 0x1008),
  end('the remote does not speak the protocol', 'bob: stream', expect('stream/protocol-unsupported', stream, 'stream.unnegotiated', 'remote', 'stream'), async stage => {
    await stage.error(stage.bob.dialProtocol(stage.address, '/nothing'))
    await stage.run()
  }),
  end('the remote asks for a protocol that we do not speak, and gives up', 'alice: stream', expect('stream/negotiation-failed', stream, 'stream.reset', 'remote', 'stream', 0x1001), async stage => {
    await stage.error(stage.bob.dialProtocol(stage.address, '/nothing'))
    await stage.run(12_000)
  }),
  end('the remote wants one more than the protocol allows', 'alice: stream', expect('limit/streams', stream, 'stream.unnegotiated', 'local', 'stream'), async stage => {
    await stage.stream('/one')
    await stage.net.until(stage.bob.dialProtocol(stage.address, '/one').catch(() => {}))
    await stage.run()
  }),
  end('the remote never says what it is for', 'alice: stream', expect('stream/timeout', stream, 'stream.unnegotiated', 'local', 'stream'), intruder(stack => { stack.begin() })),
  end('the remote opens it and resets it, with a number that nobody knows', 'alice: stream', expect('stream/reset', stream, 'stream.reset', 'remote', 'stream', 0x3abc), async stage => {
    let rogueStack: RogueStack | undefined
    await new Rogue(stage.net).dial(stage.address, stack => {
      stack.begin()
      rogueStack = stack
    })
    await stage.run()
    rogueStack?.send(encodeFrame(WINDOW_UPDATE, RST, 1, 0x3abc))
    await stage.run()
  }),
  end('the connection breaks', 'bob: stream', expect('connection/reset', connection, 'connection.reset', 'user', 'connection'), async stage => {
    await stage.held()
    stage.bob.getConnections()[0]!.reset()
    await stage.run()
  }),
  end('the connection breaks while the user reads', 'the error', expect('connection/reset', connection, '', 'remote', 'connection'), async stage => {
    const opened = await stage.held()
    const read = stage.error(opened.read())
    stage.net.world.at(stage.net.world.now() + 50, () => { stage.alice.getConnections()[0]!.reset() })
    return await read
  }),
  end('the connection is killed', 'bob: stream', expect('actor/killed', connection, 'inspect.kill', 'user', 'node'), async stage => {
    const opened = await stage.held()
    stage.bob.inspect.kill(opened.connection)
    await stage.run()
  }),
  end('an operator kills it', 'bob: stream', expect('actor/killed', stream, 'inspect.kill', 'user', 'node'), async stage => {
    stage.bob.inspect.kill((await stage.held()).path)
    await stage.run()
  }),
  end('the node stops', 'bob: stream', expect('user/stopped', '/node', 'stop', 'user', 'node'), async stage => {
    await stage.held()
    await stage.net.until(stage.bob.stop())
  }),

  // ---------------------------------------------------------------- handlers
  end('its handler throws', 'alice: stream', expect('handler/crashed', handler, 'task', 'local', 'stream'), async stage => {
    await stage.stream('/throw')
    await stage.run()
  }),
  end('its handler throws', 'alice: handler', expect('handler/crashed', handler, 'task', 'local', 'stream'), async stage => {
    await stage.stream('/throw')
    await stage.run()
  }),
  end('an operator kills its handler', 'alice: stream', expect('actor/killed', handler, 'inspect.kill', 'user', 'node'), async stage => {
    await stage.held()
    stage.alice.inspect.kill(`${kept.at(-1)!.path}/handler`)
    await stage.run()
  }),
  end('nothing moves for the time that the protocol allows', 'alice: stream', expect('stream/timeout', stream, 'stream.reset', 'local', 'stream'), async stage => {
    await stage.stream('/idle')
    await stage.run(10_000)
  }),
  end('the remote does not end its side', 'alice: stream', expect('handler/drain-timeout', handler, 'handler.drain-timeout', 'local', 'stream'), async stage => {
    await stage.stream('/drain')
    await stage.run(10_000)
  }),
  end('a message is too long', 'alice: stream', expect('stream/message-too-large', handler, 'handler.interrupted', 'remote', 'stream'), async stage => {
    const opened = await stage.stream('/short')
    await stage.net.until(opened.writePrefixed(new Uint8Array(100)))
    await stage.run()
  }),
  end('the connection breaks under its handler', 'alice: handler', expect('connection/reset', connection, 'link.closed', 'remote', 'connection'), async stage => {
    await stage.held()
    stage.bob.getConnections()[0]!.reset()
    await stage.run()
  })
]
