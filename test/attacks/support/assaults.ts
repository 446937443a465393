/** What attackers do, each in this very process and by hand: raw sockets, Noise and Yamux frames, no actors. */
import type { Socket } from 'node:net'
import { generateKeyPair } from '../../../src/actors/node/keys.js'
import { noiseSignatureInput } from '../../../src/actors/security/noise/noise-handshake.core.js'
import { echoProtocol } from '../../../src/index.js'
import { PeerId } from '../../../src/messages/value/peer-id.js'
import { signPeerRecord } from '../../../src/messages/value/peer-record.js'
import { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import { encodeIdentify, identifyLimits, identifyPushProtocol } from '../../../src/messages/wire/identify.js'
import { encodeToken } from '../../../src/messages/wire/multistream.js'
import { prefixLength } from '../../../src/messages/wire/varint.js'
import { ACK, DATA, encodeFrame, FIN, GO_AWAY, goAwayNormal, initialWindowBytes, largestUint32, PING, RST, SYN, WINDOW_UPDATE } from '../../../src/messages/wire/yamux.js'
import { nodeCrypto } from '../../../src/runtime/crypto/node.js'
import { ended, type Intruder, type IntruderOptions } from '../../actors/node/support/intruder.js'
import { concat } from '../../core/support/recorder.js'
import { pause } from '../../sim/support/turns.js'
import type { Siege } from './siege.js'

/** Protocols that the victim speaks for the sake of the attacks. */
export const pouringProtocol = '/test/pours/1.0.0'
export const swallowingProtocol = '/test/swallows/1.0.0'
export const throwingProtocol = '/test/throws/1.0.0'
export const livelockProtocol = '/test/livelock/1.0.0'

type Assault = (siege: Siege) => Promise<void>

const header = '\u0013/multistream/1.0.0\n'
const proposing = (name: string): Uint8Array => concat([encodeToken('/multistream/1.0.0'), encodeToken(name)])

/** A stream of that id, opened for that protocol, with that behind it. */
function opening (id: number, name: string, ...behind: readonly Uint8Array[]): Uint8Array {
  const body = concat([proposing(name), ...behind])
  return encodeFrame(DATA, SYN, id, body.length, body)
}

const data = (id: number, body: Uint8Array, flags = 0): Uint8Array => encodeFrame(DATA, flags, id, body.length, body)
const silent = (id: number): Uint8Array => encodeFrame(WINDOW_UPDATE, SYN, id, 0)
const reset = (id: number): Uint8Array => encodeFrame(WINDOW_UPDATE, RST, id, 0)
const ping = (opaque: number): Uint8Array => encodeFrame(PING, SYN, 0, opaque)
const times = <T>(many: number, make: (at: number) => T): T[] => Array.from({ length: many }, (_, at) => make(at))

/** Ids of inbound streams, from the first on. */
class Ids {
  private id: number

  constructor (first = 1) {
    this.id = first
  }

  take (many: number): number[] {
    const ids = times(many, at => this.id + 2 * at)
    this.id += 2 * many
    return ids
  }
}

function sendAll (intruder: Intruder, frames: readonly Uint8Array[]): void {
  const bytes = concat(frames)
  for (let at = 0; at < bytes.length; at += 65_000) intruder.stack.sendRaw(bytes.subarray(at, at + 65_000))
  intruder.flush()
}

const turn = (): Promise<void> => new Promise(resolve => { setImmediate(resolve) })

/** Sends on until it is cut, or the time is up; never more than the socket takes. */
async function flood (siege: Siege, intruder: Intruder, next: () => readonly Uint8Array[]): Promise<void> {
  const { socket } = intruder
  while (!siege.over && !socket.destroyed && socket.writable) {
    const frames = next()
    siege.frames += frames.length
    sendAll(intruder, frames)
    if (socket.writableLength > 1_000_000) await drained(socket)
    else await turn()
  }
  // It has heard the end, and waits for the node to take what it has still to send: so long as that lingers.
  if (!socket.writable && !socket.destroyed) await Promise.race([ended(socket), pause(2000)])
}

function drained (socket: Socket): Promise<void> {
  return new Promise(resolve => {
    const go = (): void => {
      socket.off('drain', go)
      socket.off('close', go)
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(go, 200)
    socket.on('drain', go)
    socket.on('close', go)
  })
}

/** Those frames once, then nothing. */
const once = (frames: () => readonly Uint8Array[]): Assault => async siege => {
  const intruder = await siege.intruder()
  const all = frames()
  siege.frames += all.length
  sendAll(intruder, all)
  await siege.held([intruder.socket])
}

/** Those frames over and over; each round takes so many new streams. */
const over = (streams: number, round: (ids: readonly number[]) => readonly Uint8Array[], first: readonly Uint8Array[] = [], deaf = false): Assault => async siege => {
  const intruder = await siege.intruder()
  if (deaf) intruder.socket.pause()
  sendAll(intruder, first)
  const ids = new Ids(first.length === 0 ? 1 : 3)
  await flood(siege, intruder, () => {
    siege.streams += streams
    return round(ids.take(streams))
  })
}

/**
 * Data on stream 1 without end, by the rules: no more than its window, in frames of that size; what comes back is read and may
 * come without end too. `beside` goes between, for each frame.
 */
const within = (name: string, size: number, beside: (at: number) => readonly Uint8Array[] = () => [], who: IntruderOptions = {}): Assault => async siege => {
  const intruder = await siege.intruder(who)
  const { scribe } = intruder
  sendAll(intruder, [opening(1, name), encodeFrame(WINDOW_UPDATE, 0, 1, 2 ** 31)])
  const frame = data(1, new Uint8Array(size).fill(7))
  let sent = proposing(name).length
  let at = 0
  await flood(siege, intruder, () => {
    const frames: Uint8Array[] = []
    for (const window = initialWindowBytes + scribe.granted(1); frames.length < 2000 && sent + size <= window; sent += size) frames.push(frame, ...beside(at++))
    return frames
  })
}

/** Raw bytes, a connection after the other. */
const raw = (...beginnings: readonly string[]): Assault => async siege => {
  for (let at = 0; !siege.over; at++) {
    const socket = siege.socket()
    socket.write(beginnings[at % beginnings.length]!, 'latin1')
    await siege.held([socket], 1000)
  }
}

/** The steps of an upgrade up to which a stranger can get without knowing anything. */
const steps = ['', header, `${header}\u0007/noise\n`, `${header}\u0007/noise\n\u0000\u0020${'x'.repeat(16)}`, `${header}\u0007/noise\n\u0000\u0020${'x'.repeat(32)}`]

/** Twelve at each step, the last of which is that the muxer is not agreed upon; from twelve addresses. */
async function stuck (siege: Siege): Promise<Array<{ readonly socket: Socket, readonly rest: string }>> {
  const rest = steps[steps.length - 1]!
  const all = []
  for (let n = 0; n < 12; n++) {
    const from = `127.0.1.${1 + n}`
    for (const step of steps) {
      const socket = siege.socket(from)
      socket.resume()
      socket.write(step, 'latin1')
      all.push({ socket, rest: rest.slice(step.length) })
    }
    const { socket } = await siege.intruder({ from, unmuxed: true })
    all.push({ socket, rest: '' })
  }
  return all
}

/** Connections from an address, or from as many as there are sockets; each is held as long as it may be. */
const crowd = (from: (at: number) => string): Assault => async siege => {
  const sockets: Socket[] = []
  for (let at = 0; !siege.over; at++) {
    const socket = siege.socket(from(at))
    socket.resume()
    sockets.push(socket)
    await Promise.race([ended(socket), new Promise(resolve => { socket.once('connect', resolve) })])
    if (sockets.length > 2000) siege.leave(sockets.shift()!)
  }
}

/** Handshakes with what is no identity. */
const forged = (...forges: ReadonlyArray<NonNullable<IntruderOptions['forge']>>): Assault => async siege => {
  for (let at = 0; !siege.over; at++) {
    const forge = forges[at % forges.length]!
    // The initiator is done before the other has looked.
    const intruder = await siege.intruder({ forge }).catch(() => undefined)
    if (intruder !== undefined) await siege.held([intruder.socket], 1000)
  }
}

/** An RSA key of so many bits, as `PublicKey` protobuf around PKIX DER; nobody needs to know its factors. */
function rsaKey (bits: number): Uint8Array {
  const length = (content: number): number[] => content < 128 ? [content] : [0x83, content >> 16, (content >> 8) & 0xff, content & 0xff]
  const item = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
    const body = concat(parts)
    return concat([Uint8Array.of(tag, ...length(body.length)), body])
  }
  const modulus = new Uint8Array(bits / 8 + 1).fill(0xab)
  modulus[0] = 0
  const key = item(0x30, item(0x02, modulus), item(0x02, Uint8Array.of(1, 0, 1)))
  const algorithm = item(0x30, item(0x06, Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01)), item(0x05))
  const spki = item(0x30, algorithm, item(0x03, Uint8Array.of(0), key))
  return concat([Uint8Array.of(8, 0, 18), prefixLength(spki)])
}

const saying = (message: Parameters<typeof encodeIdentify>[0]): Uint8Array => prefixLength(encodeIdentify(message))
const emptyIdentify = { listenAddrs: [], protocols: [] }

/** An identify push on a stream of that id: those messages, and the end. */
function push (id: number, ...messages: ReadonlyArray<Partial<Parameters<typeof encodeIdentify>[0]>>): Uint8Array {
  return concat([opening(id, identifyPushProtocol), ...messages.map(message => data(id, saying({ ...emptyIdentify, ...message }))), encodeFrame(DATA, FIN, id, 0)])
}

const protocolsFrom = (first: number, many: number): string[] => times(many, at => `/p/${first + at}`)
const addressesFrom = (first: number, many: number): Uint8Array[] => times(many, at => Multiaddr.parse(`/ip4/1.2.3.4/tcp/${1 + first + at}`).bytes)

export const assaults: Readonly<Record<string, Assault>> = {
  async A1 (siege) {
    const sockets = (await stuck(siege)).map(({ socket }) => socket)
    await siege.held(sockets)
  },
  async A2 (siege) {
    const all = await stuck(siege)
    void (async () => {
      for (let at = 0; !siege.over; at++) {
        // Behind what they have begun with comes a message that is never whole.
        for (const { rest, socket } of all) if (socket.writable) socket.write(`${rest}\u0000\u0040`[at] ?? 'x', 'latin1')
        await pause(500)
      }
    })()
    await siege.held(all.map(({ socket }) => socket))
  },
  A3a: crowd(() => '127.0.2.1'),
  A3b: crowd(at => `127.0.${3 + (at >> 8) % 250}.${1 + at % 250}`),
  async A3c (siege) {
    // Those that are let in first must be there still when the limit is reached.
    while (!siege.over) await siege.intruder({ from: '127.0.0.9' }).catch(() => pause(2))
  },
  async A3d (siege) {
    const keep = await generateKeyPair()
    while (!siege.over) {
      const intruder = await siege.intruder({ keep })
      // Whoever is one too many hears so only behind the handshake.
      await Promise.race([ended(intruder.socket), pause(20)])
    }
  },
  A4a: forged(
    ({ signature }) => ({ key: rsaKey(16_384), signature }),
    ({ signature }) => ({ key: rsaKey(131_072), signature }),
    // As long as a message of Noise can be.
    ({ signature }) => ({ key: rsaKey(500_000), signature }),
    ({ signature }) => ({ key: concat([Uint8Array.of(8, 0, 18, 5), Uint8Array.of(0x30, 0x83, 0xff, 0xff, 0xff)]), signature }),
    ({ key, signature }) => ({ key: key.subarray(0, key.length - 1), signature }),
    ({ signature }) => ({ key: new Uint8Array(0), signature })
  ),
  async A4b (siege) {
    // A key that is too long in a push, as the sender's own, then as that of who has signed his record.
    const ids = new Ids()
    const keep = await generateKeyPair()
    const intruder = await siege.intruder({ keep })
    const envelope = signPeerRecord({ peerId: PeerId.fromPublicKey(keep.publicKey, nodeCrypto), seq: 1n, addresses: [] }, keep, nodeCrypto).encode()
    while (!siege.over && intruder.socket.writable) {
      const key = rsaKey(16_384)
      const [own, signer] = ids.take(2)
      // Field 1 of an envelope is the key; what is said first is taken back by what is said later.
      const signedPeerRecord = concat([envelope, Uint8Array.of(10), prefixLength(key)])
      sendAll(intruder, [push(own!, { publicKey: key }), push(signer!, { signedPeerRecord })])
      siege.streams += 2
      await pause(100)
    }
  },
  async A5 (siege) {
    const other = await generateKeyPair()
    const staticKey = nodeCrypto.generateX25519()
    const replayed = { key: other.publicKey.toProtobuf(), signature: other.sign(nodeCrypto, noiseSignatureInput(staticKey.publicKey)) }
    await forged(
      ({ signature }) => ({ key: other.publicKey.toProtobuf(), signature }),
      ({ key }) => ({ key, signature: replayed.signature }),
      () => replayed,
      ({ key, signature }) => ({ key, signature: signature.map(byte => byte ^ 1) }),
      ({ key }) => ({ key, signature: new Uint8Array(0) })
    )(siege)
  },
  A6a: raw(`${header}${'\u0008/nobody\n'.repeat(10_000)}`, `${header}${'\u0003ls\n'.repeat(10_000)}`),
  A6b: raw(`${header}\u00ff\u00ff\u0003${'/'.repeat(70_000)}\n`, `${header}${'\u00ff'.repeat(20)}`, '\u0080'.repeat(20), `${header}\u00ff\u00ff\u00ff\u00ff\u000f${'x'.repeat(1000)}`),
  A6c: over(20, ids => ids.map((id, at) => at % 2 === 0
    ? opening(id, '/nobody', ...times(1001, () => encodeToken('/nobody')))
    : data(id, concat([encodeToken('/multistream/1.0.0'), new Uint8Array(20).fill(0xff)]), SYN))),
  async A7a (siege) {
    const frames = [Uint8Array.of(0, 0), concat([Uint8Array.of(0xff, 0xff), new Uint8Array(65_535)])]
    for (let at = 0; !siege.over; at++) {
      const { socket } = await siege.intruder()
      for (let i = 0; i < 100 && socket.writable; i++) socket.write(frames[at % 2]!)
      await siege.held([socket], 1000)
    }
  },
  async A7b (siege) {
    while (!siege.over) {
      const intruder = await siege.intruder()
      sendAll(intruder, [opening(1, echoProtocol), ...times(100, () => data(1, new Uint8Array(1000)))])
      // Good ones have gone through.
      while (intruder.scribe.bytes < 50_000 && !intruder.socket.destroyed) await turn()
      intruder.socket.write(concat([Uint8Array.of(0, 100), new Uint8Array(100).fill(7)]))
      sendAll(intruder, times(100, () => data(1, new Uint8Array(1000))))
      await siege.held([intruder.socket], 1000)
    }
  },
  async A8a (siege) {
    const intruder = await siege.intruder()
    const ids = new Ids()
    // No faster than it hears that they are refused.
    while (!siege.over && intruder.socket.writable) {
      sendAll(intruder, ids.take(200).map(silent))
      siege.streams += 200
      await pause(2)
    }
  },
  A8b: over(500, ids => ids.map(silent), [], true),
  A9a: over(200, ids => ids.flatMap(id => [opening(id, echoProtocol), reset(id)])),
  async A9b (siege) {
    const intruder = await siege.intruder()
    const { scribe } = intruder
    const ids = new Ids()
    let live: readonly number[] = []
    await flood(siege, intruder, () => {
      // Each has been agreed upon and given to its handler before it is reset; the next come before those are quite gone.
      if (scribe.acks + Object.values(scribe.resets).reduce((sum, some) => sum + some, 0) < siege.streams) return []
      const frames = live.map(reset)
      live = ids.take(16)
      siege.streams += live.length
      return [...frames, ...live.map(id => opening(id, echoProtocol))]
    })
  },
  async A9c (siege) {
    const intruder = await siege.intruder()
    const ids = new Ids()
    const begun = performance.now()
    await flood(siege, intruder, () => {
      const due = Math.min(500, Math.floor(50 * (performance.now() - begun)) - siege.streams)
      siege.streams += due
      return ids.take(due).flatMap(id => [opening(id, echoProtocol), reset(id)])
    })
  },
  async A9d (siege) {
    const keep = await generateKeyPair()
    while (!siege.over) {
      const intruder = await siege.intruder({ keep }).catch(() => undefined)
      if (intruder === undefined) continue
      const ids = new Ids().take(5000)
      siege.streams += ids.length
      sendAll(intruder, ids.flatMap(id => [silent(id), reset(id)]))
      await siege.held([intruder.socket], 500)
    }
  },
  A10a: once(() => [encodeFrame(DATA, SYN, 1, initialWindowBytes + 1, new Uint8Array(1000))]),
  A10b: over(0, () => [data(1, new Uint8Array(60_000))], [opening(1, pouringProtocol)]),
  A10c: once(() => [opening(1, echoProtocol), encodeFrame(WINDOW_UPDATE, 0, 1, largestUint32), encodeFrame(WINDOW_UPDATE, 0, 1, largestUint32)]),
  A11a: over(0, () => times(500, ping)),
  A11b: over(100, ids => ids.flatMap(id => [opening(id, echoProtocol), data(id, new Uint8Array(100))]), [opening(1, echoProtocol), encodeFrame(GO_AWAY, 0, 0, goAwayNormal)]),
  A11c: over(100, ids => ids.map(id => data(id, new Uint8Array(1000)))),
  A11d: once(() => [opening(1, echoProtocol), opening(1, echoProtocol)]),
  A11e: over(0, () => times(500, at => encodeFrame(PING, ACK, 0, at))),
  A11f: over(0, () => times(500, at => [
    encodeFrame(WINDOW_UPDATE, 0, 1, 0), encodeFrame(DATA, 0, 1, 0), encodeFrame(WINDOW_UPDATE, ACK, 1, 0), encodeFrame(DATA, 0x4000, 1, 0)
  ][at % 4]!), [opening(1, echoProtocol)]),
  A11g: within(swallowingProtocol, 1024, at => [ping(at)]),
  async A12a (siege) {
    const intruder = await siege.intruder()
    const ids = new Ids().take(1000)
    intruder.socket.pause()
    siege.streams += ids.length
    sendAll(intruder, ids.map(id => opening(id, forTwelve(id), new Uint8Array(1000))))
    await pause(siege.leftMs)
  },
  async A12b (siege) {
    const intruder = await siege.intruder()
    intruder.socket.pause()
    sendAll(intruder, new Ids().take(100).map(id => opening(id, forTwelve(id), new Uint8Array(1000))))
    // A socket that is not read does not hear that it is closed, either.
    await Promise.race([ended(intruder.socket), pause(siege.leftMs)])
    intruder.socket.resume()
    await Promise.race([ended(intruder.socket), pause(200)])
  },
  async A13 (siege) {
    const intruder = await siege.intruder()
    const ids = new Ids()
    for (let round = 0; round < 100; round++) {
      const [nothing, echoed, poured] = ids.take(3)
      sendAll(intruder, [silent(nothing!), opening(echoed!, echoProtocol), opening(poured!, pouringProtocol), encodeFrame(DATA, FIN, poured!, 0)])
      siege.streams += 3
    }
    await siege.held([intruder.socket])
  },
  A14a: within(swallowingProtocol, 1),
  async A14b (siege) {
    const keep = await generateKeyPair()
    await Promise.all(times(8, () => within(swallowingProtocol, 1, () => [], { keep })(siege)))
  },
  async A15 (siege) {
    for (let at = 0; !siege.over; at++) {
      const intruder = await siege.intruder()
      sendAll(intruder, [opening(1, pouringProtocol), opening(3, echoProtocol, new Uint8Array(60_000))])
      while (intruder.scribe.bytes < initialWindowBytes && !intruder.socket.destroyed && !siege.over) await turn()
      // Wide open, and gone.
      intruder.send(encodeFrame(WINDOW_UPDATE, 0, 1, 1_000_000))
      siege.leave(intruder.socket, at % 2 === 0 ? 'end' : 'resetAndDestroy')
      await pause(2)
      siege.leave(intruder.socket)
    }
  },
  A16a: over(50, ids => ids.map(id => push(id, { protocols: [`/flood/${id}`] }))),
  async A16b (siege) {
    const intruder = await siege.intruder()
    const ids = new Ids()
    while (!siege.over && intruder.socket.writable) {
      sendAll(intruder, ids.take(2).map(id => push(id, { protocols: [`/flood/${id}`] })))
      siege.streams += 2
      await pause(5)
    }
  },
  async A17 (siege) {
    const intruder = await siege.intruder()
    const ids = new Ids()
    const many = times(identifyLimits.messages + 10, n => ({ protocols: protocolsFrom(10 * n, 10) }))
    const full = times(identifyLimits.messages, n => ({ protocols: protocolsFrom(600 * n, 600), listenAddrs: addressesFrom(70 * n, 70) }))
    const long = { protocols: protocolsFrom(0, 4000) }
    for (let at = 0; !siege.over && intruder.socket.writable; at++) {
      const [first, second, third] = ids.take(3)
      siege.streams += 3
      // As much as there may be, too many messages, and one that is too long: one after the other, for only two may be under way.
      for (const frames of [push(first!, ...full), push(second!, ...many), push(third!, long)]) {
        sendAll(intruder, [frames])
        await pause(30)
      }
      await pause(300)
    }
  },
  async A18 (siege) {
    const [own, other] = await Promise.all([generateKeyPair(), generateKeyPair()])
    const intruder = await siege.intruder({ keep: own })
    const record = (key: typeof own, seq: bigint, port: number): Uint8Array => signPeerRecord({
      peerId: PeerId.fromPublicKey(key.publicKey, nodeCrypto), seq, addresses: [Multiaddr.parse(`/ip4/1.2.3.4/tcp/${port}`)]
    }, key, nodeCrypto).encode()
    const broken = record(own, 30n, 1030)
    broken[broken.length - 1]! ^= 1
    const ids = new Ids()
    for (const signedPeerRecord of [record(own, 10n, 1010), record(own, 5n, 1005), record(other, 20n, 1020), broken]) {
      const [id] = ids.take(1)
      intruder.send(push(id!, { signedPeerRecord }))
      siege.streams++
      await pause(50)
    }
    await siege.held([intruder.socket])
  },
  async A19 (siege) {
    const observedAddr = Multiaddr.parse('/ip4/6.6.6.6/tcp/666').bytes
    for (let n = 0; n < 100 && !siege.over; n++) {
      // From as many networks as do not suffice.
      const intruder = await siege.intruder({ from: `127.6.0.${1 + n % 3}` })
      intruder.send(push(1, { observedAddr }))
      siege.streams++
    }
    // They are judged a second later.
    await pause(1500)
  },
  async A33a (siege) {
    const intruder = await siege.intruder()
    const ids = new Ids()
    while (siege.streams < 10_000 && !siege.over && intruder.socket.writable) {
      // As many as its handlers may be at a time; each is reset when its handler has crashed.
      if ((intruder.scribe.resets['stream/reset'] ?? 0) < siege.streams) {
        await turn()
        continue
      }
      sendAll(intruder, ids.take(20).map(id => opening(id, throwingProtocol)))
      siege.streams += 20
    }
  },
  async A33b (siege) {
    // The suite crashes each of these connections.
    const keep = await generateKeyPair()
    for (let n = 0; n < 10_000 && !siege.over; n++) {
      const one = await siege.intruder({ keep }).catch(() => undefined)
      if (one !== undefined) await siege.held([one.socket], 500)
    }
  },
  A34: once(() => times(20_000, at => silent(2 * at + 1))),
  A35: once(() => [opening(1, livelockProtocol)]),
  async A36 (siege) {
    const intruder = await siege.intruder()
    const ids = new Ids()
    while (siege.streams < 20_000 && !siege.over && intruder.socket.writable) {
      sendAll(intruder, ids.take(20).flatMap(id => [opening(id, `/nobody/${id}/${'x'.repeat(900)}`), encodeFrame(DATA, FIN, id, 0)]))
      siege.streams += 20
      await pause(1)
    }
  },
  A37: within(echoProtocol, 100)
}

/** Some are echoed, some are poured on. */
function forTwelve (id: number): string {
  return id % 4 === 1 ? pouringProtocol : echoProtocol
}
