/** Our own node as a side of the suite: in this process, through nothing but its public API. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { codeFromWire, createNode, echo, generateKeyPair, NetworkError, perf, type Connection, type Node, type Protocol, type Stream } from '../../src/index.js'
import { pattern, protocols, resetCode, type Answers, type CommandName, type Ending, type Identity, type KeyType, type Side, type Sum, type Told } from './control.js'
import type { SideOptions } from './foreign.js'

const chunkBytes = 65_536

/** The default of 32 inbound streams of a protocol refuses what the case of 200 streams opens. */
const limits = { inbound: 1000, inboundPerPeer: 1000 }

/** Goes over the wire as `resetCode`. */
const ownReset = codeFromWire(resetCode, 'stream')

const keyNames: Record<KeyType, Parameters<typeof generateKeyPair>[0]> = { ed25519: 'Ed25519', secp256k1: 'secp256k1', ecdsa: 'ECDSA', rsa: 'RSA' }

export async function startTroupe ({ keyType = 'ed25519', listen = '/ip4/127.0.0.1/tcp/0' }: SideOptions = {}): Promise<Side> {
  const node = await createNode({
    privateKey: await generateKeyPair(keyNames[keyType]),
    listen: [listen],
    protocols: [wide(echo()), perf()]
  })
  const side = new TroupeSide(node)
  return {
    name: 'troupe',
    peerId: node.peerId.toString(),
    addresses: node.getMultiaddrs().map(address => address.toString()),
    versions: { troupe: ownVersion(), node: process.versions.node },
    ours: {},
    run: async (name, told) => await side.run(name, told),
    said: () => '',
    stop: async () => { await node.stop() }
  }
}

class TroupeSide {
  readonly #node: Node
  readonly #seen = new Map<string, Identity>()
  readonly #served = new Map<string, (Sum & Ending)[]>()
  /** Whoever waits for something looks again when anything has changed. */
  readonly #waiting = new Set<() => void>()

  constructor (node: Node) {
    this.#node = node
    node.addEventListener('peer:identify', ({ detail }) => {
      const peer = detail.peer.toString()
      this.#seen.set(peer, {
        peerId: peer,
        agentVersion: detail.agentVersion ?? '',
        protocolVersion: detail.protocolVersion ?? '',
        protocols: detail.protocols,
        listenAddrs: detail.listenAddresses.map(address => address.toString()),
        observedAddr: detail.observedAddress?.toString() ?? ''
      })
      this.#changed()
    })
    node.addEventListener('connection:open', () => { this.#changed() })
    node.addEventListener('connection:close', () => { this.#changed() })
    this.#serveAll()
  }

  run<N extends CommandName> (name: N, told: Told<N>): Promise<Answers<N>> {
    return this.#commands[name](told)
  }

  readonly #commands: { readonly [N in CommandName]: (told: Told<N>) => Promise<Answers<N>> } = {
    'identify': async ({ address }) => {
      const { remotePeer } = await this.#node.dial(address)
      return await this.#identityOf(remotePeer.toString())
    },

    'push': async ({ address, protocol }) => {
      await this.#node.dial(address)
      this.#node.handle(protocol, () => {})
      return {}
    },

    'ping': async ({ address, count }) => {
      const rttMs: number[] = []
      while (rttMs.length < count) rttMs.push(await this.#node.ping(address))
      return { rttMs }
    },

    'echo': async ({ address, bytes, seed }) => {
      return await exchange(await this.#node.dialProtocol(address, protocols.echo), seed, bytes)
    },

    'perf': async ({ address, upload, download }) => {
      await this.#node.dial(address)
      const result = await this.#node.perf(address, { uploadBytes: upload, downloadBytes: download })
      return { upload: result.uploadedBytes, download: result.downloadedBytes, ms: result.uploadMs + result.downloadMs }
    },

    'streams': async ({ address, count, bytes, seed }) => {
      const connection = await this.#node.dial(address)
      const half = Math.ceil(bytes / 2)
      const all = await Promise.all(Array.from({ length: count }, async (_, index) => {
        const stream = await connection.newStream(protocols.echo)
        await stream.write(pattern(seed + index, 0, half))
        return { stream, index, first: await stream.readExactly(half) }
      }))
      const streams = connection.streams.filter(stream => stream.protocol === protocols.echo).length
      const sum = new Tally()
      const echoes = await Promise.all(all.map(async ({ stream, index, first }) => {
        await stream.write(pattern(seed + index, half, bytes - half))
        await stream.close()
        return [first, await stream.readAll({ maxBytes: bytes })]
      }))
      for (const parts of echoes) parts.forEach(part => sum.take(part))
      return { streams, ...sum.sum() }
    },

    'half-close': async ({ address, by, bytes, seed }) => {
      return by === 'dialer' ? await this.#toSink(address, bytes, seed) : await this.#afterTheirEnd(address, bytes, seed)
    },

    'reset': async ({ address, by }) => {
      const stream = await this.#node.dialProtocol(address, by === 'dialer' ? protocols.hold : protocols.reset)
      return await firstByte(stream, by === 'dialer' ? () => { stream.reset(ownReset) } : undefined)
    },

    'close': async ({ address, by, code }) => {
      const connection = await this.#node.dial(address)
      const stream = await connection.newStream(by === 'dialer' ? protocols.hold : protocols.close)
      const ending = await firstByte(stream, by === 'dialer' ? () => { end(connection, code) } : undefined)
      await this.#until(() => this.#node.getConnections(connection.remotePeer).length === 0)
      return ending
    },

    'bulk': async ({ address, way, bytes, seed }) => {
      await this.#node.dial(address)
      const started = performance.now()
      const sum = way === 'up' ? await this.#toSink(address, bytes, seed) : await this.#fromSource(address, bytes, seed)
      return { ...sum, ms: performance.now() - started }
    },

    'seen': async ({ peer, protocol }) => await this.#identityOf(peer, protocol),

    'served': async ({ protocol }) => {
      await this.#until(() => (this.#served.get(protocol)?.length ?? 0) > 0)
      return this.#served.get(protocol)!.shift()!
    },

    'connected': async ({ peer, want }) => {
      await this.#until(() => (this.#node.getConnections(peer).length > 0) === want)
      return {}
    },

    'hang-up': async ({ peer }) => {
      await this.#node.hangUp(peer, { graceMs: 0 })
      return {}
    }
  }

  #serveAll (): void {
    this.#serve(protocols.sink, async (stream, tally) => {
      for await (const bytes of stream) tally.take(bytes)
      const { bytes, sha256 } = tally.sum()
      const answer = new Uint8Array(40)
      new DataView(answer.buffer).setBigUint64(0, BigInt(bytes))
      answer.set(Buffer.from(sha256, 'hex'), 8)
      await stream.write(answer)
    })
    this.#serve(protocols.source, async (stream, tally) => {
      const order = await stream.readAll({ maxBytes: 12 })
      tally.take(order)
      const view = new DataView(order.buffer, order.byteOffset, order.length)
      await writePattern(stream, view.getUint32(8), Number(view.getBigUint64(0)))
    })
    this.#serve(protocols.closeFirst, async (stream, tally) => {
      await stream.close()
      for await (const bytes of stream) tally.take(bytes)
    })
    this.#serve(protocols.hold, async (stream, tally) => {
      const first = await stream.readExactly(1)
      tally.take(first)
      await stream.write(first.slice())
      for await (const bytes of stream) tally.take(bytes)
    })
    this.#serve(protocols.reset, async (stream, tally) => {
      tally.take(await stream.readExactly(1))
      stream.reset(ownReset)
      await stream.read()
    })
    this.#serve(protocols.close, async (stream, tally) => {
      tally.take(await stream.readExactly(1))
      for (const connection of this.#node.getConnections(stream.peer)) end(connection)
      for await (const bytes of stream) tally.take(bytes)
    })
  }

  #serve (protocol: string, handler: (stream: Stream, tally: Tally) => Promise<void>): void {
    this.#node.handle(protocol, async stream => {
      const tally = new Tally()
      const ending = await endingOf(handler(stream, tally))
      this.#served.set(protocol, [...this.#served.get(protocol) ?? [], { ...tally.sum(), ...ending }])
      this.#changed()
    }, { limits })
  }

  async #toSink (address: string, bytes: number, seed: number): Promise<Sum> {
    const stream = await this.#node.dialProtocol(address, protocols.sink)
    await writePattern(stream, seed, bytes)
    await stream.close()
    const answer = Buffer.from(await stream.readAll({ maxBytes: 40 }))
    return { bytes: Number(answer.readBigUInt64BE()), sha256: answer.toString('hex', 8) }
  }

  async #fromSource (address: string, bytes: number, seed: number): Promise<Sum> {
    const stream = await this.#node.dialProtocol(address, protocols.source)
    const order = new Uint8Array(12)
    const view = new DataView(order.buffer)
    view.setBigUint64(0, BigInt(bytes))
    view.setUint32(8, seed)
    await stream.write(order)
    await stream.close()
    return await readToEnd(stream)
  }

  async #afterTheirEnd (address: string, bytes: number, seed: number): Promise<Sum> {
    const stream = await this.#node.dialProtocol(address, protocols.closeFirst)
    const early = await readToEnd(stream)
    if (early.bytes > 0) throw new Error(`${early.bytes} bytes before their end`)
    await writePattern(stream, seed, bytes)
    await stream.close()
    const sent = new Tally()
    sent.take(pattern(seed, 0, bytes))
    return sent.sum()
  }

  async #identityOf (peer: string, protocol?: string): Promise<Identity> {
    await this.#until(() => {
      const identity = this.#seen.get(peer)
      return identity !== undefined && (protocol === undefined || identity.protocols.includes(protocol))
    })
    return this.#seen.get(peer)!
  }

  #changed (): void {
    for (const look of this.#waiting) look()
  }

  /** Without a deadline of its own: nothing sleeps in a test, and mocha's names the case. */
  async #until (holds: () => boolean): Promise<void> {
    if (holds()) return
    await new Promise<void>(resolve => {
      const look = (): void => {
        if (!holds()) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
    })
  }
}

class Tally {
  readonly #hash = createHash('sha256')
  #bytes = 0
  #sum: Sum | undefined

  take (bytes: Uint8Array): void {
    this.#bytes += bytes.length
    this.#hash.update(bytes)
  }

  sum (): Sum {
    return this.#sum ??= { bytes: this.#bytes, sha256: this.#hash.digest('hex') }
  }
}

/** Writes so much of the pattern, reads meanwhile, and tells the sum of what came back. */
async function exchange (stream: Stream, seed: number, bytes: number): Promise<Sum> {
  const [sum] = await Promise.all([readToEnd(stream), writePattern(stream, seed, bytes).then(async () => { await stream.close() })])
  return sum
}

async function readToEnd (stream: Stream): Promise<Sum> {
  const tally = new Tally()
  for await (const bytes of stream) tally.take(bytes)
  return tally.sum()
}

async function writePattern (stream: Stream, seed: number, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes; sent += chunkBytes) await stream.write(pattern(seed, sent, Math.min(chunkBytes, bytes - sent)))
}

/** Sends one byte and tells how the stream ended; who acts does so once it is answered. */
async function firstByte (stream: Stream, act?: () => void): Promise<Ending> {
  await stream.write(Uint8Array.of(1))
  if (act !== undefined) {
    await stream.readExactly(1)
    act()
  }
  return await endingOf(readToEnd(stream))
}

async function endingOf (work: Promise<unknown>): Promise<Ending> {
  try {
    await work
    return { outcome: 'end' }
  } catch (error) {
    return { outcome: 'reset', ...error instanceof NetworkError && error.reason.wireCode !== undefined && { code: error.reason.wireCode } }
  }
}

/** Whoever asked for it waits for its end elsewhere. */
function end (connection: Connection, code?: number): void {
  connection.close({ graceMs: 0, ...code !== undefined && { code: codeFromWire(code, 'connection') } }).catch(() => {})
}

function wide (protocol: Protocol): Protocol {
  return { ...protocol, limits: { ...protocol.limits, ...limits } }
}

function ownVersion (): string {
  return (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version
}
