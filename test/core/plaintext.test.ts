/** Plaintext 2.0: libp2p/specs plaintext/README.md. */
import { expect } from 'chai'
import { plaintext, PlaintextHandshakeCore, PlaintextSession, type PlaintextHandshakeOptions } from '../../src/actors/security/plaintext/plaintext.core.js'
import type { HandshakeEvent } from '../../src/actors/contract/security.js'
import { PrivateKey } from '../../src/messages/value/keys.js'
import { PeerId } from '../../src/messages/value/peer-id.js'
import { encodeExchange } from '../../src/messages/wire/plaintext.js'
import { prefixLength } from '../../src/messages/wire/varint.js'
import { nodeCrypto } from '../../src/runtime/crypto/node.js'
import { entropy, plainEvent } from './support/noise-world.js'
import { mustNotDependOnSplit, mustSurviveTruncation, observe } from './support/observe.js'
import { Pair } from './support/pair.js'
import { concat, hex, Recorder, unhex, utf8 } from './support/recorder.js'

const keys = [1, 2, 3].map(n => PrivateKey.generate('Ed25519', nodeCrypto, { entropy: entropy(n) }).publicKey)
const [alice, bob, carol] = keys as [typeof keys[0], typeof keys[0], typeof keys[0]]
const idOf = (key: typeof alice): PeerId => PeerId.fromPublicKey(key, nodeCrypto)

function core (key: typeof alice, options: Partial<PlaintextHandshakeOptions> = {}): PlaintextHandshakeCore {
  return new PlaintextHandshakeCore({ crypto: nodeCrypto, publicKey: key, initiator: key === alice, muxers: [], deadline: 5000, ...options })
}

const exchangeOf = (key: typeof alice, id = idOf(key).bytes): Uint8Array => prefixLength(encodeExchange({ id, publicKey: key.toProtobuf() }))

describe('plaintext 2.0 (plaintext/README.md)', () => {
  it('tells each side who the other says it is, in pieces of every size (Exchange)', () => {
    for (const size of [1, 2, 3, 10, 1000]) {
      const pair = new Pair<HandshakeEvent>(core(alice), core(bob), size).start().run()
      expect(pair.a.out.events.map(event => event.remotePeer.toString())).to.deep.equal([idOf(bob).toString()])
      expect(pair.b.out.events.map(event => event.remotePeer.toString())).to.deep.equal([idOf(alice).toString()])
      expect(hex(concat(pair.a.sent))).to.equal(hex(exchangeOf(alice)))
      expect(pair.sleep()).to.equal(false)
    }
  })

  it('sees no difference between splits, and hands on what comes behind', () => {
    const seen = mustNotDependOnSplit(() => core(alice), concat([exchangeOf(bob), utf8('tail')]), plainEvent)
    expect(seen.delivered).to.equal(hex(utf8('tail')))
    mustSurviveTruncation(() => core(alice), exchangeOf(bob))
    const key = PrivateKey.generate('RSA', nodeCrypto).publicKey
    const long = mustNotDependOnSplit(() => core(alice), concat([exchangeOf(key), utf8('tail')]), plainEvent)
    expect(long.delivered).to.equal(hex(utf8('tail')))
  })

  it('hands on everything after it is done', () => {
    expect(observe(core(alice), [exchangeOf(bob), utf8('a'), utf8('b')]).delivered).to.equal(hex(utf8('ab')))
  })

  it('refuses an id that is not that of the key, and bytes that are no Exchange', () => {
    const bad = [exchangeOf(bob, idOf(carol).bytes), exchangeOf(bob, unhex('1234')), prefixLength(unhex('0a00')), unhex('00'), unhex('8110'), unhex('8000'), unhex('808001')]
    for (const bytes of bad) {
      const fed = core(alice)
      expect(observe(fed, [bytes]).failure, hex(bytes.subarray(0, 8))).to.equal('upgrade/handshake-failed')
      const out = new Recorder<HandshakeEvent>()
      fed.feed(exchangeOf(bob), 0, out)
      fed.command({ type: 'start' }, 0, out)
      expect([out.events.length, fed.nextTimeout()]).to.deep.equal([0, Infinity])
    }
  })

  it('refuses another peer than the expected one', () => {
    expect(observe(core(alice, { expectedPeer: idOf(carol) }), [exchangeOf(bob)]).failure).to.equal('upgrade/peer-mismatch')
    expect(observe(core(alice, { expectedPeer: idOf(bob) }), [exchangeOf(bob)]).failure).to.equal(undefined)
  })

  it('has a deadline', () => {
    const pair = new Pair<HandshakeEvent>(core(alice), core(bob))
    expect(pair.a.core.nextTimeout()).to.equal(Infinity)
    pair.a.core.command({ type: 'start' }, 0, pair.a.out)
    pair.a.core.expire(4999, pair.a.out)
    expect(pair.sleep()).to.equal(true)
    expect(pair.a.out.failure?.code).to.equal('upgrade/timeout')
  })

  it('is our own mistake to feed before the start', () => {
    expect(() => { core(alice).feed(utf8('x'), 0, new Recorder()) }).to.throw('before it was started')
  })

  it('leaves bytes as they are', () => {
    const session = new PlaintextSession()
    const out = new Recorder<never>()
    session.feed(utf8('in'), 0, out)
    session.send(utf8('out'), out)
    session.flush()
    session.clear()
    expect([hex(out.takeDelivered()), hex(out.takeWritten()), session.lends]).to.deep.equal([hex(utf8('in')), hex(utf8('out')), true])
  })

  it('is a security like the others', () => {
    const security = plaintext({ crypto: nodeCrypto, publicKey: alice })
    expect([security.kind, security.protocol]).to.deep.equal(['core', '/plaintext/2.0.0'])
    expect(security.handshake({ initiator: true, muxers: [], deadline: 1 })).to.be.instanceOf(PlaintextHandshakeCore)
  })
})
