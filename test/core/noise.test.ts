/** Noise of libp2p: libp2p/specs noise/README.md and connections/inlined-muxer-negotiation.md. */
import { expect } from 'chai'
import { NoiseSession } from '../../src/actors/security/noise/noise-session.core.js'
import { XXHandshake } from '../../src/actors/security/noise/xx-handshake.core.js'
import { NoiseHandshakeCore } from '../../src/actors/security/noise/noise-handshake.core.js'
import type { HandshakeEvent, SecureSession } from '../../src/actors/contract/security.js'
import { encodeNoisePayload } from '../../src/messages/wire/noise.js'
import { BufferPool } from '../../src/runtime/bytes/pool.js'
import { nodeCrypto } from '../../src/runtime/crypto/node.js'
import type { CryptoProvider } from '../../src/runtime/crypto/provider.js'
import { SeededRandom } from '../../src/runtime/random.js'
import { cheapCrypto } from './support/cheap-crypto.js'
import { entropy, Party, plainEvent, shakeHands, type NoisePair } from './support/noise-world.js'
import { mustNotDependOnSplit, mustSurviveTruncation } from './support/observe.js'
import { concat, expectBytes, hex, Recorder, utf8 } from './support/recorder.js'
import { cut, feedLent, pieces, randomPieces } from './support/splits.js'

const done = (pair: NoisePair): readonly [HandshakeEvent, HandshakeEvent] => {
  expect([pair.a.out.failure, pair.b.out.failure]).to.deep.equal([undefined, undefined])
  return [pair.a.out.events[0]!, pair.b.out.events[0]!]
}

const failures = (pair: NoisePair): Array<string | undefined> => [pair.a.out.failure?.code, pair.b.out.failure?.code]

/** What each side was fed in a good handshake. */
function recorded (crypto: CryptoProvider = nodeCrypto): { readonly alice: Party, readonly bob: Party, readonly toAlice: Uint8Array, readonly toBob: Uint8Array } {
  const alice = new Party(1, true, { crypto })
  const bob = new Party(2, false, { crypto })
  const pair = shakeHands(alice, bob)
  return { alice, bob, toAlice: concat(pair.b.sent), toBob: concat(pair.a.sent) }
}

describe('Noise handshake (noise/README.md)', () => {
  it('tells each side who the other is (Static Key Authentication)', () => {
    const alice = new Party(1, true)
    const bob = new Party(2, false)
    const [atAlice, atBob] = done(shakeHands(alice, bob))
    expect(atAlice.remotePeer.equals(bob.peer)).to.equal(true)
    expect(atBob.remotePeer.equals(alice.peer)).to.equal(true)
    expect(atAlice.remoteKey.equals(bob.key.publicKey)).to.equal(true)
  })

  for (const keyType of ['Ed25519', 'secp256k1', 'ECDSA', 'RSA'] as const) {
    it(`works with identity keys of type ${keyType}`, () => {
      const alice = new Party(1, true, { keyType })
      const [, atBob] = done(shakeHands(alice, new Party(2, false)))
      expect(atBob.remotePeer.toString()).to.equal(alice.peer.toString())
    })
  }

  it('works in pieces of every size', () => {
    for (const size of [1, 2, 3, 7, 31, 64, 200]) done(shakeHands(new Party(1, true), new Party(2, false), size))
  })

  it('sees no difference between splits, and hands on what comes behind', () => {
    const { alice, bob, toAlice, toBob } = recorded(cheapCrypto)
    const seen = mustNotDependOnSplit(() => alice.core(), concat([toAlice, utf8('tail')]), plainEvent)
    expect(seen.delivered).to.equal(hex(utf8('tail')))
    expect(seen.written).to.equal(hex(toBob))
    const other = mustNotDependOnSplit(() => bob.core(), concat([toBob, utf8('tail')]), plainEvent)
    expect(other.delivered).to.equal(hex(utf8('tail')))
    expect(other.written).to.equal(hex(toAlice))
  })

  it('waits when it is cut off anywhere, until its deadline', () => {
    const { alice, bob, toAlice, toBob } = recorded()
    mustSurviveTruncation(() => alice.core(), toAlice)
    mustSurviveTruncation(() => bob.core(), toBob)
    const core = bob.core()
    const out = new Recorder<HandshakeEvent>()
    expect(core.nextTimeout()).to.equal(Infinity)
    core.command({ type: 'start' }, 0, out)
    expect(core.nextTimeout()).to.equal(5000)
    core.feed(toBob.slice(0, 40), 0, out)
    core.expire(4999, out)
    expect(out.failure).to.equal(undefined)
    core.expire(5000, out)
    expect(out.failure?.code).to.equal('upgrade/timeout')
    core.feed(toBob.slice(40), 0, out)
    expect(out.late).to.equal(0)
  })

  it('fails when any bit of any message is changed', () => {
    const { alice, bob, toAlice, toBob } = recorded()
    const random = new SeededRandom(7)
    for (const [party, bytes] of [[alice, toAlice], [bob, toBob]] as const) {
      for (let at = 0; at < bytes.length; at++) {
        const changed = bytes.slice()
        changed[at]! ^= 1 << random.int(8)
        const core = party.core()
        const out = new Recorder<HandshakeEvent>()
        core.command({ type: 'start' }, 0, out)
        core.feed(changed, 0, out)
        // A length that was made longer only makes it wait; X25519 ignores the highest bit of a key, the hash does not.
        expect(out.events, `byte ${at}`).to.deep.equal([])
        if (out.failure === undefined) expect(core.bufferedBytes, `byte ${at}`).to.be.greaterThan(0)
      }
    }
  })

  it('fails when the prologues differ, and works when they agree', () => {
    done(shakeHands(new Party(1, true, { prologue: utf8('x') }), new Party(2, false, { prologue: utf8('x') })))
    expect(failures(shakeHands(new Party(1, true, { prologue: utf8('x') }), new Party(2, false, { prologue: utf8('y') })))).to.deep.equal(['upgrade/handshake-failed', undefined])
  })

  it('aborts on another peer than the expected one, on either side', () => {
    const [alice, bob, carol] = [new Party(1, true), new Party(2, false), new Party(3, false)]
    done(shakeHands(new Party(1, true, { expectedPeer: bob.peer }), bob))
    const pair = shakeHands(new Party(1, true, { expectedPeer: carol.peer }), bob)
    expect(failures(pair)).to.deep.equal(['upgrade/peer-mismatch', undefined])
    expect(pair.a.out.failure?.text).to.contain(bob.peer.toString())
    // It has not told who it is.
    expect(concat(pair.a.sent)).to.have.length(2 + 32)
    expect(failures(shakeHands(alice, new Party(2, false, { expectedPeer: carol.peer })))).to.deep.equal([undefined, 'upgrade/peer-mismatch'])
  })

  it('terminates on an invalid signature (MUST)', () => {
    const mallory = new Party(3, false)
    const bob = new Party(2, false)
    // The key of bob, the signature of somebody else; a signature of bob's for another static key; none.
    const forged = [mallory.options.identity.signature, mallory.key.sign(nodeCrypto, utf8('noise-libp2p-static-key:')), new Uint8Array(0)]
    for (const signature of forged) {
      expect(failures(shakeHands(new Party(1, true), new Party(2, false, { identity: { key: bob.options.identity.key, signature } }))))
        .to.deep.equal(['upgrade/bad-signature', undefined])
    }
    const initiator = new Party(1, true, { identity: { key: bob.options.identity.key, signature: bob.options.identity.signature } })
    expect(failures(shakeHands(initiator, bob))).to.deep.equal([undefined, 'upgrade/bad-signature'])
  })

  it('fails on payloads that are none', () => {
    const bad: Array<Partial<Party['options']>> = [
      { identity: { key: utf8('no key'), signature: new Uint8Array(64) } },
      { identity: { key: new Uint8Array(0), signature: new Uint8Array(64) } }
    ]
    for (const more of bad) expect(failures(shakeHands(new Party(1, true), new Party(2, false, more)))).to.deep.equal(['upgrade/handshake-failed', undefined])
  })

  it('refuses a message that is longer than any of ours, at its length', () => {
    const core = new Party(2, false).core()
    const out = new Recorder<HandshakeEvent>()
    core.command({ type: 'start' }, 0, out)
    core.feed(Uint8Array.of(0x40, 0), 0, out)
    expect(out.failure?.code).to.equal('upgrade/handshake-failed')
  })

  it('refuses a first message that is shorter than a key', () => {
    for (const length of [0, 1, 31]) {
      const core = new Party(2, false).core()
      const out = new Recorder<HandshakeEvent>()
      core.command({ type: 'start' }, 0, out)
      core.feed(concat([Uint8Array.of(0, length), new Uint8Array(length)]), 0, out)
      expect(out.failure?.code).to.equal('upgrade/handshake-failed')
    }
  })

  it('refuses a key of small order, which would make the secret known to everybody (RFC 7748, 6.1)', () => {
    const core = new Party(2, false).core()
    const out = new Recorder<HandshakeEvent>()
    core.command({ type: 'start' }, 0, out)
    core.feed(concat([Uint8Array.of(0, 32), new Uint8Array(32)]), 0, out)
    expect(out.failure?.code).to.equal('upgrade/handshake-failed')
  })

  it('ignores a payload in the first message, as go and js do, but hashes it', () => {
    const alice = new Party(1, true)
    const bob = new Party(2, false)
    const xx = new XXHandshake({ ...alice.options, prologue: new Uint8Array(0) })
    const core = bob.core()
    const out = new Recorder<HandshakeEvent>()
    const send = (payload: Uint8Array): void => {
      const message = xx.write(payload)!
      core.feed(concat([Uint8Array.of(message.length >>> 8, message.length), message]), 0, out)
    }
    core.command({ type: 'start' }, 0, out)
    send(utf8('early'))
    expect(xx.read(out.takeWritten().subarray(2))).to.not.equal(undefined)
    const { key, signature } = alice.options.identity
    send(encodeNoisePayload({ identityKey: key, identitySignature: signature, streamMuxers: undefined, certificateHashes: [] }))
    expect(out.failure).to.equal(undefined)
    expect(out.events[0]?.remotePeer.toString()).to.equal(alice.peer.toString())
  })

  it('sends nothing but its key in the first message (extensions MUST NOT be there)', () => {
    expect(shakeHands(new Party(1, true), new Party(2, false)).a.sent[0]).to.have.length(2 + 32)
  })

  it('is our own mistake to feed before the start, or to take out of turn', () => {
    const alice = new Party(1, true)
    expect(() => { alice.core().feed(new Uint8Array(1), 0, new Recorder()) }).to.throw('before it was started')
    const xx = new XXHandshake({ ...alice.options, prologue: new Uint8Array(0) })
    expect(() => xx.read(new Uint8Array(32))).to.throw('not ours to read')
    xx.write(new Uint8Array(0))
    expect(() => xx.write(new Uint8Array(0))).to.throw('not ours to write')
    expect(() => xx.split()).to.throw('before message 1')
  })

  it('passes certificate hashes on (WebTransport)', () => {
    const hashes = [Uint8Array.of(0x12, 0x20, 1), Uint8Array.of(0x12, 0x20, 2)]
    const [atAlice] = done(shakeHands(new Party(1, true), new Party(2, false, { certificateHashes: hashes })))
    expect(atAlice.certificateHashes).to.deep.equal(hashes)
  })
})

describe('Noise, early muxer (connections/inlined-muxer-negotiation.md)', () => {
  const cases: ReadonlyArray<readonly [string, string[], string[], string | undefined]> = [
    ['takes the only one', ['/y'], ['/y'], '/y'],
    ['takes the first of the initiator that both have', ['/y', '/m'], ['/m', '/y'], '/y'],
    ['skips those that the responder has not', ['/q', '/m', '/y'], ['/y', '/m'], '/m'],
    ['leaves it to multistream when the initiator takes no part', [], ['/y'], undefined],
    ['leaves it to multistream when the responder takes no part', ['/y'], [], undefined]
  ]
  for (const [what, ours, theirs, agreed] of cases) {
    it(what, () => {
      const [atAlice, atBob] = done(shakeHands(new Party(1, true, { muxers: ours }), new Party(2, false, { muxers: theirs })))
      expect([atAlice.muxer, atBob.muxer]).to.deep.equal([agreed, agreed])
    })
  }

  it('fails when both have some, and none in common (MUST)', () => {
    expect(failures(shakeHands(new Party(1, true, { muxers: ['/y'] }), new Party(2, false, { muxers: ['/m'] })))).to.deep.equal(['upgrade/no-muxer', undefined])
  })

  it('fails at a responder whose list the initiator does not know either', () => {
    // An initiator that does not look at our list, as rust would.
    const alice = new Party(1, true)
    const bob = new Party(2, false, { muxers: ['/m'] })
    const xx = new XXHandshake({ ...alice.options, prologue: new Uint8Array(0) })
    const core = new NoiseHandshakeCore(bob.options)
    const out = new Recorder<HandshakeEvent>()
    core.command({ type: 'start' }, 0, out)
    core.feed(concat([Uint8Array.of(0, 32), xx.write(new Uint8Array(0))!]), 0, out)
    xx.read(out.takeWritten().subarray(2))
    const { key, signature } = alice.options.identity
    const message = xx.write(encodeNoisePayload({ identityKey: key, identitySignature: signature, streamMuxers: ['/y'], certificateHashes: [] }))!
    core.feed(concat([Uint8Array.of(message.length >>> 8, message.length), message]), 0, out)
    expect(out.failure?.code).to.equal('upgrade/no-muxer')
  })

  it('answers with the choice alone, so that js, which takes the first of the remote\'s list, agrees', () => {
    const bob = new Party(2, false, { muxers: ['/m', '/y'] })
    const pair = shakeHands(new Party(1, true, { muxers: ['/y', '/m'] }), bob)
    // The third message: 2 + 48 + payload + 16; the payload has one muxer of two bytes.
    const one = concat(pair.a.sent).length
    const two = concat(shakeHands(new Party(1, true, { muxers: ['/y', '/m'] }), new Party(2, false, { muxers: [] })).a.sent).length
    expect(two - one).to.equal(4)
  })
})

/** Two sessions with keys for each other. */
function sessions (): { readonly ours: NoiseSession, readonly theirs: NoiseSession, readonly pools: readonly BufferPool[] } {
  const [one, other] = [nodeCrypto.aead(entropy(1)), nodeCrypto.aead(entropy(2))]
  const pools = [new BufferPool(65_536), new BufferPool(65_536)] as const
  return {
    ours: new NoiseSession({ sending: one, receiving: other }, pools[0]),
    theirs: new NoiseSession({ sending: other, receiving: one }, pools[1]),
    pools
  }
}

function seal (session: SecureSession, ...plaintext: readonly Uint8Array[]): Uint8Array {
  const out = new Recorder<never>()
  for (const bytes of plaintext) session.send(bytes, out)
  session.flush(out)
  return out.takeWritten()
}

function open (session: SecureSession, split: readonly Uint8Array[]): { readonly plaintext: Uint8Array, readonly out: Recorder<never> } {
  const out = new Recorder<never>()
  const got: Uint8Array[] = []
  feedLent(split, bytes => {
    session.feed(bytes, 0, out)
    if (session.bufferedBytes > session.bufferedBound) throw new Error(`${session.bufferedBytes} bytes are held`)
  })
  got.push(...out.delivered)
  return { plaintext: concat(got), out }
}

function pattern (size: number, from = 0): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = (from + i) * 13 + ((from + i) >> 8)
  return bytes
}

describe('Noise session (noise/README.md, Wire Format)', () => {
  it('carries bytes both ways after a handshake', () => {
    const [atAlice, atBob] = done(shakeHands(new Party(1, true), new Party(2, false)))
    const [ours, theirs] = [atAlice.session, atBob.session]
    expectBytes(open(theirs, [seal(ours, utf8('to bob'))]).plaintext, utf8('to bob'), 'to bob')
    expectBytes(open(ours, [seal(theirs, utf8('to alice'))]).plaintext, utf8('to alice'), 'to alice')
  })

  it('frames have 65,535 bytes at most, so 65,519 of plaintext, and are filled', () => {
    const { ours, theirs } = sessions()
    const sent = seal(ours, pattern(65_507), pattern(12), pattern(65_519), pattern(1))
    expect(sent).to.have.length(2 * (2 + 65_535) + 2 + 17)
    expect(hex(sent.subarray(0, 2))).to.equal('ffff')
    expectBytes(open(theirs, [sent]).plaintext, concat([pattern(65_507), pattern(12), pattern(65_519), pattern(1)]), 'all')
  })

  it('makes one frame of all small writes between two flushes', () => {
    const { ours } = sessions()
    expect(seal(ours, ...Array.from({ length: 100 }, () => pattern(64)))).to.have.length(2 + 6400 + 16)
    expect(seal(ours)).to.have.length(0)
  })

  it('only reads what it is given to send, until the call returns', () => {
    const { ours, theirs } = sessions()
    const out = new Recorder<never>()
    const bytes = pattern(70_000)
    ours.send(bytes, out)
    bytes.fill(0)
    ours.flush(out)
    expectBytes(open(theirs, [out.takeWritten()]).plaintext, pattern(70_000), 'all')
  })

  it('sees no difference between splits', () => {
    const { ours } = sessions()
    const small = concat([seal(ours, pattern(1)), seal(ours, pattern(40)), seal(ours, pattern(300))])
    const plain = concat([pattern(1), pattern(40), pattern(300)])
    for (let size = 1; size <= small.length; size++) expectBytes(open(sessions().theirs, pieces(small, size)).plaintext, plain, `pieces of ${size}`)
    for (let at = 1; at < small.length; at++) expectBytes(open(sessions().theirs, cut(small, at)).plaintext, plain, `cut at ${at}`)
  })

  it('joins frames that straddle reads of 65,536 bytes, as every full frame does, in memory that is given back', () => {
    const { ours, pools, theirs } = sessions()
    const plain = pattern(1_000_000)
    const sent = seal(ours, plain)
    expectBytes(open(theirs, pieces(sent, 65_536)).plaintext, plain, 'all')
    expect(pools.map(pool => pool.inUse)).to.deep.equal([0, 0])
    const random = new SeededRandom(3)
    expectBytes(open(theirs, randomPieces(seal(ours, plain), random, 200_000)).plaintext, plain, 'all again')
    expect(pools.map(pool => pool.inUse)).to.deep.equal([0, 0])
  })

  it('waits when it is cut off anywhere', () => {
    const { ours, theirs } = sessions()
    const sent = seal(ours, pattern(50))
    let length = 0
    for (const piece of pieces(sent.slice(0, -1), 1)) {
      const { out, plaintext } = open(theirs, [piece])
      expect([plaintext.length, out.failure, theirs.bufferedBytes]).to.deep.equal([0, undefined, ++length === 1 ? 1 : length])
    }
    expect(open(theirs, [sent.slice(-1)]).plaintext).to.have.length(50)
    expect(theirs.bufferedBytes).to.equal(0)
  })

  it('ends at a frame that was changed, repeated, reordered or left out, and is poisoned', () => {
    const frames = (session: SecureSession): Uint8Array[] => [seal(session, utf8('one')), seal(session, utf8('two')), seal(session, utf8('three'))]
    const changes: ReadonlyArray<(frames: Uint8Array[]) => Uint8Array[]> = [
      ([one, two]) => [one!, changed(two!)],
      ([one]) => [one!, one!],
      ([one, two, three]) => [one!, three!, two!],
      ([one, , three]) => [one!, three!]
    ]
    for (const change of changes) {
      const { ours, pools, theirs } = sessions()
      const { out, plaintext } = open(theirs, [concat(change(frames(ours))), seal(ours, utf8('later'))])
      expect(out.failure?.code).to.equal('connection/protocol-violation')
      expect(out.late).to.equal(0)
      expectBytes(plaintext, utf8('one'), 'what came before')
      const sink = new Recorder<never>()
      theirs.send(utf8('x'), sink)
      theirs.flush(sink)
      expect(sink.written).to.deep.equal([])
      expect(theirs.bufferedBytes).to.equal(0)
      expect(pools.map(pool => pool.inUse)).to.deep.equal([0, 0])
    }
  })

  it('ends at a frame that is shorter than its tag, at its length', () => {
    for (const length of [0, 1, 15]) {
      const { theirs } = sessions()
      expect(open(theirs, [Uint8Array.of(0, length)]).out.failure?.code).to.equal('connection/protocol-violation')
    }
  })

  it('delivers nothing for a frame of no plaintext', () => {
    const keys = [nodeCrypto.aead(entropy(1)), nodeCrypto.aead(entropy(2))] as const
    const session = new NoiseSession({ sending: keys[0], receiving: keys[1] }, new BufferPool(65_535))
    const empty = concat(keys[1].seal(0, new Uint8Array(0), new Uint8Array(0)))
    const { out } = open(session, [concat([Uint8Array.of(0, 16), empty])])
    expect([out.delivered, out.failure]).to.deep.equal([[], undefined])
  })

  it('never uses a nonce twice: at the end of the count it ends, in both directions', () => {
    const keys = [nodeCrypto.aead(entropy(1)), nodeCrypto.aead(entropy(2))] as const
    const last = Number.MAX_SAFE_INTEGER - 1
    const ours = new NoiseSession({ sending: keys[0], receiving: keys[1] }, new BufferPool(65_535), last)
    const theirs = new NoiseSession({ sending: keys[1], receiving: keys[0] }, new BufferPool(65_535), last)
    expect(open(theirs, [seal(ours, utf8('last'))]).plaintext).to.have.length(4)
    const out = new Recorder<never>()
    ours.send(utf8('x'), out)
    ours.flush(out)
    expect([out.written, out.failure?.code]).to.deep.equal([[], 'connection/closed'])
    expect(open(theirs, [concat([Uint8Array.of(0, 17), new Uint8Array(17)])]).out.failure?.code).to.equal('connection/closed')
  })

  it('gives back what it holds when the path is gone', () => {
    const { ours, pools, theirs } = sessions()
    const out = new Recorder<never>()
    ours.send(pattern(10), out)
    expect(ours.stagedBytes).to.equal(10)
    open(theirs, [Uint8Array.of(0x40, 0, 1, 2, 3)])
    expect(pools.map(pool => pool.inUse)).to.deep.equal([1, 1])
    ours.clear()
    theirs.clear()
    expect(pools.map(pool => pool.inUse)).to.deep.equal([0, 0])
    expect([ours.stagedBytes, theirs.bufferedBytes]).to.deep.equal([0, 0])
  })

  it('wants a pool whose buffers can hold a frame', () => {
    const key = nodeCrypto.aead(entropy(1))
    expect(() => new NoiseSession({ sending: key, receiving: key }, new BufferPool(65_534))).to.throw(RangeError)
  })
})

function changed (bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  copy[bytes.length - 1]! ^= 1
  return copy
}
