/** What attackers do, each in this very process and by hand: raw sockets, Noise and Yamux cores, no actors. */
import type { Socket } from 'node:net'
import { generateKeyPair } from '../../../src/actors/node/keys.js'
import { noiseSignatureInput } from '../../../src/actors/security/noise/noise-handshake.core.js'
import { echoProtocol } from '../../../src/index.js'
import { PeerId } from '../../../src/messages/value/peer-id.js'
import { signPeerRecord } from '../../../src/messages/value/peer-record.js'
import { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import { encodeIdentify, identifyPushProtocol } from '../../../src/messages/wire/identify.js'
import { encodeToken } from '../../../src/messages/wire/multistream.js'
import { prefixLength } from '../../../src/messages/wire/varint.js'
import { DATA, encodeFrame, FIN, GO_AWAY, goAwayNormal, initialWindowBytes, largestUint32, PING, RST, SYN, WINDOW_UPDATE } from '../../../src/messages/wire/yamux.js'
import { nodeCrypto } from '../../../src/runtime/crypto/node.js'
import { ended, Intruder, socketTo } from '../../actors/node/support/intruder.js'
import { concat } from '../../core/support/recorder.js'
import { pause } from '../../sim/support/turns.js'

export interface Aim {
  readonly address: Multiaddr
  /** Until when to go on, by `performance.now()`. */
  readonly until: number
}

/** Protocols that the victim speaks for the sake of the attacks. */
export const pouringProtocol = '/test/pours/1.0.0'
export const throwingProtocol = '/test/throws/1.0.0'
export const livelockProtocol = '/test/livelock/1.0.0'

type Assault = (aim: Aim) => Promise<void>

const header = '\u0013/multistream/1.0.0\n'
const proposing = (name: string): Uint8Array => concat([encodeToken('/multistream/1.0.0'), encodeToken(name)])

/** A stream of that id, opened for that protocol, with that behind it. */
function opening (id: number, name: string, ...behind: readonly Uint8Array[]): Uint8Array {
  const body = concat([proposing(name), ...behind])
  return encodeFrame(DATA, SYN, id, body.length, body)
}

const data = (id: number, body: Uint8Array, flags = 0): Uint8Array => encodeFrame(DATA, flags, id, body.length, body)

/** Sends on until it is cut, or the time is up; never more than the socket takes. */
async function flood ({ until }: Aim, intruder: Intruder, next: () => readonly Uint8Array[]): Promise<void> {
  const { socket, stack } = intruder
  while (performance.now() < until && !socket.destroyed && socket.writable) {
    const bytes = concat(next())
    for (let at = 0; at < bytes.length; at += 65_000) stack.sendRaw(bytes.subarray(at, at + 65_000))
    intruder.flush()
    if (socket.writableLength > 1_000_000) await drained(socket)
    else await new Promise<void>(resolve => { setImmediate(resolve) })
  }
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

/** Until it is cut, or the time is up. */
async function held ({ until }: Aim, ...sockets: readonly Socket[]): Promise<void> {
  for (const socket of sockets) socket.resume()
  await Promise.race([Promise.all(sockets.map(ended)), pause(Math.max(0, until - performance.now()))])
  for (const socket of sockets) socket.destroy()
}

/** Those frames once, then nothing. */
const once = (frames: () => readonly Uint8Array[]): Assault => async aim => {
  const intruder = await Intruder.at(aim.address)
  for (const frame of frames()) intruder.send(frame)
  await held(aim, intruder.socket)
}

/** Those frames over and over; ids count up by the number of streams a round. */
const over = (streams: number, round: (ids: readonly number[]) => readonly Uint8Array[], first: readonly Uint8Array[] = []): Assault => async aim => {
  const intruder = await Intruder.at(aim.address)
  for (const frame of first) intruder.send(frame)
  let id = first.length === 0 ? 1 : 3
  await flood(aim, intruder, () => {
    const ids = Array.from({ length: streams }, (_, i) => id + 2 * i)
    id += 2 * streams
    return round(ids)
  })
  intruder.socket.destroy()
}

/** Raw bytes, a connection after the other. */
const raw = (...beginnings: readonly string[]): Assault => async aim => {
  for (let at = 0; performance.now() < aim.until; at++) {
    const socket = socketTo(aim.address)
    socket.resume()
    socket.write(beginnings[at % beginnings.length]!, 'latin1')
    await Promise.race([ended(socket), pause(500)])
    socket.destroy()
  }
}

/** The steps of an upgrade up to which a stranger can get without knowing anything. */
const steps = ['', header, `${header}\u0007/noise\n`, `${header}\u0007/noise\n\u0000\u0020${'x'.repeat(16)}`, `${header}\u0007/noise\n\u0000\u0020${'x'.repeat(32)}`]

/** Connections from an address, or from as many as there are sockets; each is held as long as it may be. */
const crowd = (from: (at: number) => string): Assault => async aim => {
  const sockets: Socket[] = []
  for (let at = 0; performance.now() < aim.until; at++) {
    const socket = socketTo(aim.address, from(at))
    socket.resume()
    sockets.push(socket)
    await Promise.race([ended(socket), new Promise(resolve => { socket.once('connect', resolve) })])
    if (sockets.length > 2000) sockets.shift()!.destroy()
  }
  for (const socket of sockets) socket.destroy()
}

/** Handshakes with what is no identity. */
const forged = (...forges: ReadonlyArray<NonNullable<Parameters<typeof Intruder.at>[1]>['forge']>): Assault => async aim => {
  for (let at = 0; performance.now() < aim.until; at++) {
    const forge = forges[at % forges.length]!
    // The initiator is done before the other has looked.
    const intruder = await Intruder.at(aim.address, { forge }).catch(() => undefined)
    if (intruder !== undefined) await held({ ...aim, until: performance.now() + 1000 }, intruder.socket)
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

export const assaults: Readonly<Record<string, Assault>> = {
  async A1 (aim) {
    await held(aim, ...Array.from({ length: 60 }, (_, at) => {
      const socket = socketTo(aim.address)
      socket.write(steps[at % steps.length]!, 'latin1')
      return socket
    }))
  },
  async A2 (aim) {
    const sockets = steps.map(step => {
      const socket = socketTo(aim.address)
      socket.write(step, 'latin1')
      return socket
    })
    void (async () => {
      const rest = `${header}\u0007/noise\n\u0000\u0020${'x'.repeat(32)}`
      for (let at = 0; performance.now() < aim.until; at++) {
        for (const [n, socket] of sockets.entries()) if (socket.writable) socket.write(rest[steps[n]!.length + at] ?? 'x', 'latin1')
        await pause(500)
      }
    })()
    await held(aim, ...sockets)
  },
  A3a: crowd(() => '127.0.0.1'),
  A3b: crowd(at => `127.0.${1 + (at >> 8) % 250}.${1 + at % 250}`),
  async A3c (aim) {
    const sockets: Socket[] = []
    while (performance.now() < aim.until && sockets.length < 400) {
      const intruder = await Intruder.at(aim.address, { from: '127.0.0.9' }).catch(() => undefined)
      if (intruder === undefined) break
      sockets.push(intruder.socket)
    }
    for (const socket of sockets) socket.destroy()
  },
  async A3d (aim) {
    const keep = await generateKeyPair()
    const sockets: Socket[] = []
    while (performance.now() < aim.until) {
      const intruder = await Intruder.at(aim.address, { keep }).catch(() => undefined)
      if (intruder !== undefined) sockets.push(intruder.socket)
    }
    for (const socket of sockets) socket.destroy()
  },
  A4: forged(
    ({ signature }) => ({ key: rsaKey(16_384), signature }),
    ({ signature }) => ({ key: rsaKey(131_072), signature }),
    // As long as a message of Noise can be.
    ({ signature }) => ({ key: rsaKey(500_000), signature }),
    ({ signature }) => ({ key: concat([Uint8Array.of(8, 0, 18, 5), Uint8Array.of(0x30, 0x83, 0xff, 0xff, 0xff)]), signature }),
    ({ key, signature }) => ({ key: key.subarray(0, key.length - 1), signature }),
    ({ signature }) => ({ key: new Uint8Array(0), signature })
  ),
  async A5 (aim) {
    const other = await generateKeyPair()
    const staticKey = nodeCrypto.generateX25519()
    const replayed = { key: other.publicKey.toProtobuf(), signature: other.sign(nodeCrypto, noiseSignatureInput(staticKey.publicKey)) }
    await forged(
      ({ signature }) => ({ key: other.publicKey.toProtobuf(), signature }),
      ({ key }) => ({ key, signature: replayed.signature }),
      () => replayed,
      ({ key, signature }) => ({ key, signature: signature.map(byte => byte ^ 1) }),
      ({ key }) => ({ key, signature: new Uint8Array(0) })
    )(aim)
  },
  A6a: raw(`${header}${'\u0008/nobody\n'.repeat(10_000)}`, `${header}${'\u0003ls\n'.repeat(10_000)}`),
  A6b: raw(`${header}\u00ff\u00ff\u0003${'/'.repeat(70_000)}\n`, `${header}${'\u00ff'.repeat(20)}`, '\u0080'.repeat(20), `${header}\u00ff\u00ff\u00ff\u00ff\u000f${'x'.repeat(1000)}`),
  A6c: over(20, ids => ids.map((id, at) => at % 2 === 0
    ? opening(id, '/nobody', ...Array.from({ length: 300 }, () => encodeToken('/nobody')))
    : data(id, concat([encodeToken('/multistream/1.0.0'), new Uint8Array(20).fill(0xff)]), SYN))),
  async A7a (aim) {
    for (const frame of [Uint8Array.of(0, 0), concat([Uint8Array.of(0xff, 0xff), new Uint8Array(65_535)])]) {
      const intruder = await Intruder.at(aim.address)
      for (let i = 0; i < 100 && intruder.socket.writable; i++) intruder.socket.write(frame)
      await held({ ...aim, until: performance.now() + 1000 }, intruder.socket)
    }
  },
  async A7b (aim) {
    const intruder = await Intruder.at(aim.address)
    intruder.send(opening(1, echoProtocol))
    for (let i = 0; i < 100; i++) intruder.send(data(1, new Uint8Array(1000)))
    intruder.socket.write(concat([Uint8Array.of(0, 100), new Uint8Array(100).fill(7)]))
    for (let i = 0; i < 100; i++) intruder.send(data(1, new Uint8Array(1000)))
    await held(aim, intruder.socket)
  },
  A8: over(500, ids => ids.map(id => encodeFrame(WINDOW_UPDATE, SYN, id, 0))),
  A9: over(200, ids => ids.flatMap(id => [opening(id, echoProtocol), encodeFrame(WINDOW_UPDATE, RST, id, 0)])),
  A10a: once(() => [encodeFrame(DATA, SYN, 1, initialWindowBytes + 1, new Uint8Array(1000))]),
  A10b: over(0, () => [data(1, new Uint8Array(60_000))], [opening(1, pouringProtocol)]),
  A10c: once(() => [opening(1, echoProtocol), encodeFrame(WINDOW_UPDATE, 0, 1, largestUint32), encodeFrame(WINDOW_UPDATE, 0, 1, largestUint32)]),
  A11a: over(0, () => Array.from({ length: 500 }, (_, at) => encodeFrame(PING, SYN, 0, at))),
  A11b: over(100, ids => ids.flatMap(id => [opening(id, echoProtocol), data(id, new Uint8Array(100))]), [opening(1, echoProtocol), encodeFrame(GO_AWAY, 0, 0, goAwayNormal)]),
  A11c: over(100, ids => ids.map(id => data(id, new Uint8Array(1000)))),
  A11d: once(() => [opening(1, echoProtocol), opening(1, echoProtocol)]),
  async A12 (aim) {
    const intruder = await Intruder.at(aim.address)
    const streams = Array.from({ length: 1000 }, (_, at) => 2 * at + 1)
    intruder.socket.pause()
    for (const id of streams) intruder.send(opening(id, at12(id), new Uint8Array(1000)))
    for (const id of streams.slice(0, 100)) intruder.send(data(id, new Uint8Array(100_000)))
    await pause(Math.max(0, aim.until - performance.now()))
    intruder.socket.destroy()
  },
  async A13 (aim) {
    const intruder = await Intruder.at(aim.address)
    intruder.socket.resume()
    for (let at = 0; at < 100; at++) {
      const id = 2 * at + 1
      intruder.send(at % 3 === 0 ? encodeFrame(WINDOW_UPDATE, SYN, id, 0) : at % 3 === 1 ? opening(id, echoProtocol) : opening(id, pouringProtocol))
      if (at % 3 === 2) intruder.send(encodeFrame(DATA, FIN, id, 0))
    }
    await held(aim, intruder.socket)
  },
  A14: over(0, () => Array.from({ length: 2000 }, () => data(1, Uint8Array.of(7))), [opening(1, echoProtocol)]),
  async A15 (aim) {
    while (performance.now() < aim.until) {
      const intruder = await Intruder.at(aim.address)
      intruder.send(opening(1, pouringProtocol))
      intruder.send(opening(3, echoProtocol, new Uint8Array(200_000).subarray(0, 60_000)))
      await new Promise<void>(resolve => { intruder.socket.once('data', () => { resolve() }) })
      // Wide open, and gone.
      intruder.send(encodeFrame(WINDOW_UPDATE, 0, 1, 1_000_000))
      if (performance.now() % 2 < 1) intruder.socket.end()
      else intruder.socket.resetAndDestroy()
      await pause(2)
      intruder.socket.destroy()
    }
  },
  A16: over(50, ids => ids.flatMap(one => [opening(one, identifyPushProtocol, saying({ ...emptyIdentify, protocols: [`/flood/${one}`] })), encodeFrame(DATA, FIN, one, 0)])),
  A17: over(4, ids => ids.flatMap((one, at) => [
    opening(one, identifyPushProtocol),
    ...Array.from({ length: 20 }, (_, n) => data(one, saying({
      listenAddrs: at % 2 === 0 ? [] : Array.from({ length: 200 }, (_, port) => Multiaddr.parse(`/ip4/1.2.3.4/tcp/${1 + 200 * n + port}`).bytes),
      protocols: at % 2 === 0 ? Array.from({ length: 400 }, (_, p) => `/p/${n}/${p}`) : []
    }))),
    encodeFrame(DATA, FIN, one, 0)
  ])),
  async A18 (aim) {
    const [own, other] = await Promise.all([generateKeyPair(), generateKeyPair()])
    const intruder = await Intruder.at(aim.address, { keep: own })
    intruder.socket.resume()
    const record = (key: typeof own, seq: bigint, port: number): Uint8Array => signPeerRecord({
      peerId: PeerId.fromPublicKey(key.publicKey, nodeCrypto), seq, addresses: [Multiaddr.parse(`/ip4/1.2.3.4/tcp/${port}`)]
    }, key, nodeCrypto).encode()
    for (const [at, signedPeerRecord] of [record(own, 10n, 1010), record(own, 5n, 1005), record(other, 20n, 1020)].entries()) {
      const one = 2 * at + 1
      intruder.send(opening(one, identifyPushProtocol, saying({ ...emptyIdentify, signedPeerRecord })))
      intruder.send(encodeFrame(DATA, FIN, one, 0))
      await pause(100)
    }
    await held(aim, intruder.socket)
  },
  async A19 (aim) {
    const observedAddr = Multiaddr.parse('/ip4/6.6.6.6/tcp/666').bytes
    const sockets: Socket[] = []
    for (let n = 0; n < 100 && performance.now() < aim.until; n++) {
      const intruder = await Intruder.at(aim.address)
      intruder.socket.resume()
      intruder.send(opening(1, identifyPushProtocol, saying({ ...emptyIdentify, observedAddr })))
      intruder.send(encodeFrame(DATA, FIN, 1, 0))
      sockets.push(intruder.socket)
    }
    await pause(200)
    for (const socket of sockets) socket.destroy()
  },
  async A33 (aim) {
    const intruder = await Intruder.at(aim.address)
    intruder.socket.resume()
    for (let n = 0; n < 1000 && performance.now() < aim.until; n += 10) {
      for (let at = n; at < n + 10; at++) intruder.send(opening(2 * at + 1, throwingProtocol))
      await pause(1)
    }
    intruder.socket.destroy()
    // The suite crashes each of these connections.
    for (let n = 0; n < 1000 && performance.now() < aim.until; n++) {
      const one = await Intruder.at(aim.address).catch(() => undefined)
      if (one !== undefined) await held({ ...aim, until: performance.now() + 500 }, one.socket)
    }
  },
  A34: once(() => Array.from({ length: 20 }, (_, k) => concat(Array.from({ length: 1000 }, (_, at) => encodeFrame(WINDOW_UPDATE, SYN, 2 * (1000 * k + at) + 1, 0))))),
  A35: once(() => [opening(1, livelockProtocol)]),
  async A36 (aim) {
    const intruder = await Intruder.at(aim.address)
    intruder.socket.resume()
    for (let n = 0; n < 20_000 && performance.now() < aim.until && intruder.socket.writable; n += 50) {
      intruder.send(concat(Array.from({ length: 50 }, (_, at) => {
        const one = 2 * (n + at) + 1
        return concat([opening(one, `/nobody/${n + at}/${'x'.repeat(80)}`), encodeFrame(DATA, FIN, one, 0)])
      })))
      await pause(1)
    }
    intruder.socket.destroy()
  },
  A37: over(0, () => [data(1, new Uint8Array(100))], [opening(1, echoProtocol)])
}

/** Some are echoed, some are poured on. */
function at12 (id: number): string {
  return id % 4 === 1 ? pouringProtocol : echoProtocol
}
