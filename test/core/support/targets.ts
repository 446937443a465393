/** The cores, as things to be fed with anything. */
import { MultistreamInitiatorCore } from '../../../src/actors/upgrade/multistream-initiator.core.js'
import { MultistreamResponderCore } from '../../../src/actors/upgrade/multistream-responder.core.js'
import type { NegotiationEvent } from '../../../src/actors/contract/negotiation.js'
import { NoiseSession } from '../../../src/actors/security/noise/noise-session.core.js'
import { XXHandshake } from '../../../src/actors/security/noise/xx-handshake.core.js'
import { PlaintextHandshakeCore } from '../../../src/actors/security/plaintext/plaintext.core.js'
import type { Core, PathOut } from '../../../src/actors/contract/core.js'
import type { HandshakeEvent } from '../../../src/actors/contract/security.js'
import { PrivateKey } from '../../../src/messages/value/keys.js'
import { PeerId } from '../../../src/messages/value/peer-id.js'
import { encodeList, encodeToken } from '../../../src/messages/wire/multistream.js'
import { encodeExchange } from '../../../src/messages/wire/plaintext.js'
import { prefixLength } from '../../../src/messages/wire/varint.js'
import { DATA, GO_AWAY, WINDOW_UPDATE } from '../../../src/messages/wire/yamux.js'
import { BufferPool } from '../../../src/runtime/bytes/pool.js'
import type { StreamBuffer } from '../../../src/runtime/bytes/stream-buffer.js'
import { nodeCrypto } from '../../../src/runtime/crypto/node.js'
import type { SeededRandom } from '../../../src/runtime/random.js'
import { cheapCrypto } from './cheap-crypto.js'
import { randomBytes, type FuzzTarget } from './fuzz.js'
import { entropy, Party, shakeHands } from './noise-world.js'
import { mustKeepBounds } from './observe.js'
import { concat, Recorder, utf8 } from './recorder.js'
import { feedLent, randomPieces } from './splits.js'
import { longSessions, recordedSessions } from './yamux-sessions.js'
import { frame, YamuxEnd } from './yamux-pair.js'

type Startable<E> = Core<{ readonly type: 'start' }, E, PathOut<E>>

/** Our own mistakes throw, and only those. */
function mustThrow (wrong: () => unknown): void {
  let threw = false
  try {
    wrong()
  } catch {
    threw = true
  }
  if (!threw) throw new Error('a wrong use was not refused')
}

/** Feeds in random pieces; now and then the time is up. Afterwards a failed core must be silent, and one that waits must end. */
function feedAnything<E> (core: Startable<E>, input: Uint8Array, random: SeededRandom): Recorder<E> {
  const out = new Recorder<E>()
  core.command({ type: 'start' }, 0, out)
  const late = random.int(50) === 0
  feedLent(random.int(2) === 0 ? [input] : randomPieces(input, random), bytes => {
    core.feed(bytes, 0, out)
    mustKeepBounds(core, out)
    if (late && random.int(4) === 0) core.expire(core.nextTimeout() === Infinity ? 1 : core.nextTimeout(), out)
  })
  core.command({ type: 'start' }, 0, out)
  core.expire(random.int(2) === 0 ? 1 : 1e6, out)
  core.feed(input, 1e6, out)
  mustKeepBounds(core, out)
  if (core.failed !== undefined && core.nextTimeout() !== Infinity) throw new Error('waits though it has failed')
  return out
}

// ---------------------------------------------------------------------------------------------------- multistream

const token = encodeToken
const header = token('/multistream/1.0.0')
const text = (...parts: ReadonlyArray<string | Uint8Array>): Uint8Array => concat([header, ...parts.map(part => typeof part === 'string' ? token(part) : part)])

export const multistreamTarget: FuzzTarget = {
  name: 'multistream',
  sources: ['multistream-initiator.core.ts', 'multistream-responder.core.ts', 'token-reader.core.ts'].map(name => `src/actors/upgrade/${name}`),
  corpus: [
    { role: 0, bytes: concat([text('na', '/b'), utf8('rest')]) },
    { role: 0, bytes: text('na', 'na', 'na') },
    { role: 0, bytes: text('/a') },
    { role: 1, bytes: concat([text('/a'), utf8('rest')]) },
    { role: 1, bytes: text('na') },
    { role: 2, bytes: concat([text(encodeList(['/a', `/${'b'.repeat(200)}`]), '/a'), utf8('rest')]) },
    { role: 2, bytes: text('na', 'na', '/b') },
    { role: 3, bytes: text(encodeList([])) },
    { role: 4, bytes: concat([text('/x', 'ls', `/${'y'.repeat(300)}`, '/b'), utf8('rest')]) },
    { role: 4, bytes: text('/x', '/x', '/x', '/x', '/x', '/x', '/x', '/x', '/x') },
    { role: 5, bytes: text('/a') }
  ],
  random (random) {
    const bytes = randomBytes(random, 60)
    return random.int(3) === 0 ? bytes : concat([header, bytes])
  },
  run (input, role, random) {
    const purpose = (['security', 'muxer', 'stream'] as const)[random.int(3)]!
    const protocols = ['/a', '/b', '/c']
    if (random.int(1000) === 0) {
      const options = { purpose, protocols, deadline: 100 }
      mustThrow(() => { new MultistreamInitiatorCore(options).feed(input, 0, new Recorder()) })
      for (const wrong of [{ protocols: [] }, { lazy: true }, { protocols: ['/a'], lazy: true, list: true }, { protocols: ['na'] }]) {
        mustThrow(() => new MultistreamInitiatorCore({ ...options, ...wrong }))
      }
    }
    const core: Startable<NegotiationEvent> = role % 6 < 4
      ? new MultistreamInitiatorCore([
          { purpose, protocols, deadline: 100 }, { purpose, protocols: ['/a'], deadline: 100, lazy: true },
          { purpose, protocols, deadline: 100, list: true }, { purpose, protocols: [], deadline: 100, list: true }
        ][role % 6]!)
      : new MultistreamResponderCore({ purpose, speaks: id => id === '/a' || id === '/b', list: () => protocols, deadline: 100, ...role % 6 === 4 && { maxRounds: 8 } })
    feedAnything(core, input, random)
  }
}

// ---------------------------------------------------------------------------------------------------- noise

const noiseFolder = 'src/actors/security/noise'
const alice = new Party(1, true, { crypto: cheapCrypto, muxers: ['/y', '/m'] })
const bob = new Party(2, false, { crypto: cheapCrypto, muxers: ['/m', '/y'], certificateHashes: [Uint8Array.of(1, 2, 3)] })
const parties = [
  alice,
  bob,
  new Party(1, true, { crypto: cheapCrypto, expectedPeer: alice.peer }),
  new Party(2, false, { crypto: cheapCrypto, muxers: ['/q'], expectedPeer: bob.peer, prologue: utf8('p') }),
  new Party(1, true, { crypto: cheapCrypto, muxers: [], expectedPeer: bob.peer })
]
const good = shakeHands(alice, bob)
const carol = shakeHands(alice, new Party(3, false, { crypto: cheapCrypto, muxers: ['/q'] }))
const forger = shakeHands(alice, new Party(2, false, { crypto: cheapCrypto, identity: { key: bob.options.identity.key, signature: new Uint8Array(64) } }))
const noKey = shakeHands(alice, new Party(2, false, { crypto: cheapCrypto, identity: { key: utf8('none'), signature: new Uint8Array(64) } }))
const zeros = new Uint8Array(32)
const zeroKey = { publicKey: zeros, agree: () => zeros }
const zeroEphemeral = shakeHands(alice, new Party(2, false, { crypto: cheapCrypto, ephemeralKey: zeroKey }))
const zeroStatic = shakeHands(alice, new Party(2, false, { crypto: cheapCrypto, staticKey: zeroKey }))
const noMuxer = shakeHands(alice, new Party(2, false, { crypto: cheapCrypto, muxers: [] }))
const forgedInitiator = shakeHands(new Party(1, true, { crypto: cheapCrypto, muxers: [], identity: { key: alice.options.identity.key, signature: new Uint8Array(64) } }), bob)

export const noiseHandshakeTarget: FuzzTarget = {
  name: 'noise handshake',
  sources: ['noise-handshake', 'xx-handshake', 'symmetric-state'].map(name => `${noiseFolder}/${name}.core.ts`),
  corpus: [
    { role: 0, bytes: concat([...good.b.sent, utf8('rest')]) },
    { role: 1, bytes: concat([...good.a.sent, utf8('rest')]) },
    { role: 2, bytes: concat(good.b.sent) },
    { role: 3, bytes: concat(good.a.sent) },
    { role: 0, bytes: concat(carol.b.sent) },
    { role: 0, bytes: concat(forger.b.sent) },
    { role: 0, bytes: concat(noKey.b.sent) },
    { role: 0, bytes: concat(noMuxer.b.sent) },
    { role: 0, bytes: concat(zeroEphemeral.b.sent) },
    { role: 0, bytes: concat(zeroStatic.b.sent) },
    { role: 1, bytes: concat(forgedInitiator.a.sent) },
    { role: 4, bytes: concat(good.b.sent) },
    { role: 1, bytes: concat([Uint8Array.of(0, 32), new Uint8Array(32)]) }
  ],
  random (random) {
    const bytes = randomBytes(random, 120)
    return random.int(2) === 0 ? bytes : concat([Uint8Array.of(0, bytes.length), bytes])
  },
  run (input, role, random) {
    if (random.int(1000) === 0) {
      const xx = new XXHandshake({ ...alice.options, prologue: new Uint8Array(0) })
      mustThrow(() => { alice.core().feed(input, 0, new Recorder()) })
      mustThrow(() => xx.read(input))
      mustThrow(() => xx.split())
      const other = new XXHandshake({ ...bob.options, prologue: new Uint8Array(0) })
      other.read(xx.write(input)!)
      mustThrow(() => xx.write(input))
      xx.read(other.write(input)!)
      other.read(xx.write(input)!)
      mustThrow(() => xx.write(input))
      mustThrow(() => other.read(input))
    }
    const out = feedAnything<HandshakeEvent>(parties[role % parties.length]!.core(), input, random)
    if (out.events.length > 1) throw new Error('done twice')
  }
}

/** Keys and their frames: 1 and 2 on node:crypto, for what really arrives. */
const key = nodeCrypto.aead(entropy(9))
const sealed = (nonce: number, bytes: Uint8Array): Uint8Array => {
  const body = concat(key.seal(nonce, new Uint8Array(0), bytes))
  return concat([Uint8Array.of(body.length >>> 8, body.length), body])
}
const pool = new BufferPool(65_535)

export const noiseSessionTarget: FuzzTarget = {
  name: 'noise frames',
  sources: [`${noiseFolder}/noise-session.core.ts`],
  corpus: [
    { role: 0, bytes: concat([sealed(0, utf8('hello')), sealed(1, new Uint8Array(300)), sealed(2, new Uint8Array(0)), sealed(3, utf8('x'))]) },
    { role: 0, bytes: concat([sealed(0, new Uint8Array(700)), sealed(1, new Uint8Array(700))]) },
    { role: 1, bytes: sealed(Number.MAX_SAFE_INTEGER - 1, utf8('the last')) },
    { role: 1, bytes: concat([sealed(Number.MAX_SAFE_INTEGER - 1, utf8('the last')), sealed(0, utf8('beyond'))]) }
  ],
  random (random) {
    const bytes = randomBytes(random, 80)
    return random.int(2) === 0 ? bytes : concat([Uint8Array.of(0, bytes.length), bytes])
  },
  run (input, role, random) {
    const session = new NoiseSession({ sending: key, receiving: key }, pool, role % 2 === 1 ? Number.MAX_SAFE_INTEGER - 1 : 0)
    const out = new Recorder<never>()
    feedLent(randomPieces(input, random), bytes => {
      session.feed(bytes, 0, out)
      mustKeepBounds(session, out)
      if (random.int(8) === 0) session.send(new Uint8Array(random.int(40)), out)
      if (random.int(16) === 0) session.flush(out)
    })
    if (random.int(2000) === 0) session.send(new Uint8Array(70_000), out)
    if (random.int(4) === 0) session.flush(out)
    session.clear()
    if (out.late > 0) throw new Error(`${out.late} calls after the failure`)
    if (pool.inUse !== 0) throw new Error(`${pool.inUse} buffers were not given back`)
  }
}

// ---------------------------------------------------------------------------------------------------- plaintext

const publicKey = PrivateKey.generate('Ed25519', nodeCrypto, { entropy: entropy(5) }).publicKey
const peer = PeerId.fromPublicKey(publicKey, nodeCrypto)
const exchange = prefixLength(encodeExchange({ id: peer.bytes, publicKey: publicKey.toProtobuf() }))
const mismatched = prefixLength(encodeExchange({ id: alice.peer.bytes, publicKey: publicKey.toProtobuf() }))

export const plaintextTarget: FuzzTarget = {
  name: 'plaintext',
  sources: ['src/actors/security/plaintext/plaintext.core.ts'],
  corpus: [
    { role: 0, bytes: concat([exchange, utf8('rest')]) }, { role: 0, bytes: mismatched }, { role: 1, bytes: exchange }, { role: 2, bytes: exchange },
    { role: 0, bytes: concat([Uint8Array.of(0xcc, 0x00), exchange]) }, { role: 0, bytes: concat([Uint8Array.of(0xff, 0x7f), exchange]) }
  ],
  random: random => randomBytes(random, 60),
  run (input, role, random) {
    const expectedPeer = [undefined, peer, alice.peer][role % 3]
    const core = new PlaintextHandshakeCore({ crypto: cheapCrypto, publicKey, initiator: true, muxers: [], deadline: 100, ...expectedPeer !== undefined && { expectedPeer } })
    const out = feedAnything<HandshakeEvent>(core, input, random)
    for (const { session } of out.events) {
      session.feed(input, 0, out)
      session.send(input, out)
      session.flush(out)
      session.clear()
    }
  }
}

// ---------------------------------------------------------------------------------------------------- yamux

const limits = { inboundStreams: 6, outboundStreams: 4, unacknowledged: 3, queuedPongs: 2, queuedResets: 3, strayBytes: 200, windowGrowthBytes: 300_000 }

const budget = { reserve: () => true, release: () => {} }

/** A plausible frame: what pure chance would hardly ever hit. */
function randomFrame (random: SeededRandom, client: boolean): Uint8Array {
  const type = random.int(40) === 0 ? random.int(256) : [DATA, DATA, DATA, WINDOW_UPDATE, WINDOW_UPDATE, 2, GO_AWAY][random.int(7)]!
  if (type === GO_AWAY && random.int(6) > 0) return new Uint8Array(0)
  const opens = type < 2 && random.int(3) === 0
  const id = opens ? 2 * random.int(20) + (client ? 2 : 1) : type < 2 ? random.int(12) : random.int(30) === 0 ? 1 : 0
  const flags = opens ? 1 : type === GO_AWAY ? 0 : random.int(30) === 0 ? random.int(65_536) : [0, 1, 1, 2, 4, 5, 8][random.int(7)]!
  if (type !== DATA) return frame(type, flags, id, random.int(20) === 0 ? 0xffff_ffff : random.int(4))
  if (random.int(60) === 0) return frame(DATA, flags, id, random.int(2) === 0 ? 0xffff_ffff : 300_000)
  return frame(DATA, flags, id, new Uint8Array(Math.floor(3000 * random.next() ** 6)))
}

export const yamuxTarget: FuzzTarget = {
  name: 'yamux',
  sources: ['yamux', 'yamux-reader', 'yamux-stream', 'yamux-writer', 'yamux-ping'].map(name => `src/actors/muxer/yamux/${name}.core.ts`),
  corpus: [...recordedSessions(), ...longSessions().map(session => ({ ...session, bytes: session.bytes.slice(0, 300_000) }))].map(({ bytes, client }) => ({ role: Number(client), bytes })),
  random (random, role) {
    return random.int(4) === 0 ? randomBytes(random, 60) : concat(Array.from({ length: 1 + random.int(12) }, () => randomFrame(random, role % 2 === 1)))
  },
  run (input, role, random) {
    const tight = random.int(2) === 0
    const end = new YamuxEnd(role % 2 === 1, tight ? { limits } : random.int(3) === 0 ? { limits: { keepAliveMs: 0 }, budget } : {})
    const eager = random.int(4) === 0
    const { core, out } = end
    const mine: StreamBuffer[] = []
    const act = (): void => {
      const streams = [...mine, ...end.opened]
      const stream = streams[random.int(streams.length)]
      end.now += random.int(10) === 0 ? random.int(60_000) : random.next() * 3
      switch (random.int(16)) {
        case 0: case 1: {
          const opened = core.open()
          if (typeof opened !== 'string') mine.push(opened)
          return
        }
        case 2: void stream?.write(new Uint8Array(random.int(tight ? 300 : 400_000))); return
        case 3: void stream?.close(); return
        case 4: stream?.reset(['stream/timeout', 'an/other', 'stream/reset'][random.int(3)]); return
        case 5: stream?.closeRead(); return
        case 6: case 7: while (stream?.take(1 + random.int(200_000)) !== undefined); return
        case 8: stream?.watch({ onReadable: () => { if (random.int(4) === 0) stream.reset() } }); return
        case 9: if (stream !== undefined) core.command({ type: 'accept', stream }, end.now, out); return
        case 10: core.command({ type: 'ping' }, end.now, out); return
        case 11: core.expire(end.now, out); return
        case 12: if (random.int(4) === 0) core.command({ type: 'go-away', code: random.int(2) === 0 ? 'connection/closed' : 'connection/crashed' }, end.now, out); return
        case 13: if (random.int(20) === 0) core.command({ type: 'abort', code: 'connection/reset', initiator: 'remote' }, end.now, out); return
        case 14: stream?.tap({ onBytes: bytes => { if (random.int(2) === 0) stream.untap(bytes.subarray(random.int(bytes.length + 1))) }, onEnd: () => { stream.untap() } }); return
        default: core.flush(end.now, out, random.int(3) === 0 ? random.int(100) : Infinity)
      }
    }
    for (const piece of random.int(2) === 0 ? [input] : randomPieces(input, random)) {
      if (random.int(3) === 0) act()
      end.feed(piece.slice())
      if (eager) {
        for (const stream of end.opened) while (stream.take() !== undefined);
        core.flush(end.now, out)
        end.feed(frame(2, 2, 0, random.int(3)))
      }
      if (random.int(2) === 0) act()
    }
    for (let acts = random.int(6); acts > 0; acts--) act()
    end.feed()
    core.flush(end.now, out)
    end.feed()
  }
}

export const fuzzTargets: readonly FuzzTarget[] = [multistreamTarget, noiseHandshakeTarget, noiseSessionTarget, plaintextTarget, yamuxTarget]
