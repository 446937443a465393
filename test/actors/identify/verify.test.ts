import { expect } from 'chai'
import { receiveIdentify } from '../../../src/actors/identify/receive.js'
import { verifyIdentify, type Verify } from '../../../src/actors/identify/verify.core.js'
import type { Failure } from '../../../src/messages/failure.js'
import type { IdentifyResult } from '../../../src/messages/identify.js'
import { PeerId } from '../../../src/messages/value/peer-id.js'
import { signPeerRecord } from '../../../src/messages/value/peer-record.js'
import { encodeIdentify, type Identify } from '../../../src/messages/wire/identify.js'
import { prefixLength } from '../../../src/messages/wire/varint.js'
import { identifyMessage, recordAddresses, recordSeq, specKeys } from '../../wire/fixtures.js'
import { concat, flip, hex } from '../../wire/kit.js'
import { calm, codeOf } from '../support/outcome.js'
import { streamPair } from '../support/stream-pair.js'
import { address, alice, crypto, decoded, person, us, words } from './stage.js'

const connection = '/node/connections/1'

const verifying: Verify = (message, sender) => verifyIdentify(message, sender, crypto)

function verify (changes: Partial<Identify> = {}, who = alice): IdentifyResult | Failure {
  return verifyIdentify(words(who, changes), { peer: who.peer, connection }, crypto)
}

function good (outcome: IdentifyResult | Failure): IdentifyResult {
  if ('code' in outcome) throw new Error(`${outcome.code}: ${outcome.detail}`)
  return outcome
}

const texts = (addresses: readonly { toString: () => string }[]): string[] => addresses.map(String)

describe('identify, what is believed', () => {
  it('reads what js-libp2p says', () => {
    const peer = PeerId.parse(specKeys.Ed25519.peerId)
    const result = good(verifyIdentify(decoded(hex(identifyMessage)), { peer, connection }, crypto))
    expect(result.agentVersion).to.equal('js-libp2p/3.1.0')
    expect(result.protocolVersion).to.equal('ipfs/0.1.0')
    expect(result.protocols).to.deep.equal(['/ipfs/id/1.0.0', '/ipfs/ping/1.0.0'])
    expect(texts(result.listenAddresses)).to.deep.equal([...recordAddresses])
    expect(result.observedAddress?.toString()).to.equal('/ip4/203.0.113.7/tcp/50505')
    expect(result.record?.seq).to.equal(recordSeq)
    expect(texts(result.record?.addresses ?? [])).to.deep.equal([...recordAddresses])
    expect(result.badRecord).to.equal(undefined)
  })

  it('takes the key of the peer only, of every kind', () => {
    for (const type of ['Ed25519', 'secp256k1', 'ECDSA', 'RSA'] as const) expect(good(verify({}, person(type))).badRecord).to.equal(undefined)
    expect(verify({ publicKey: us.key.publicKey.toProtobuf() })).to.include({ code: 'stream/protocol-violation' })
    expect(verify({ publicKey: hex('0801') })).to.include({ code: 'stream/protocol-violation' })
  })

  it('does without the key, which js leaves out of pushes', () => {
    expect(good(verify({ publicKey: undefined })).protocols).to.include('/chat/1.0.0')
  })

  it('drops a bad record, and says why; the rest holds', () => {
    const record = words(alice).signedPeerRecord!
    const foreign = signPeerRecord({ peerId: us.peer, seq: 1n, addresses: [] }, us.key, crypto).encode()
    const ofAnother = signPeerRecord({ peerId: us.peer, seq: 1n, addresses: [] }, alice.key, crypto).encode()
    const cases: Array<readonly [Uint8Array, string]> = [
      [flip(record, record.length * 8 - 1), 'record/bad-signature'],
      [record.slice(0, -1), 'record/malformed'],
      [new Uint8Array(0), 'record/malformed'],
      [foreign, 'record/peer-mismatch'],
      [ofAnother, 'record/peer-mismatch']
    ]
    for (const [signedPeerRecord, code] of cases) {
      const result = good(verify({ signedPeerRecord }))
      expect(result.badRecord?.code).to.equal(code)
      expect(result.record).to.equal(undefined)
      expect(texts(result.listenAddresses)).to.deep.equal(['/ip4/198.51.100.2/tcp/4001'])
    }
  })

  it('says nothing of a record that is not there', () => {
    const { record, badRecord } = good(verify({ signedPeerRecord: undefined }))
    expect([record, badRecord]).to.deep.equal([undefined, undefined])
  })

  it('leaves out addresses that it cannot read, of others, and twice', () => {
    const own = address('/ip4/198.51.100.2/tcp/4001')
    const listenAddrs = [hex('ff'), hex(''), own.bytes, own.withPeer(alice.peer).bytes, own.withPeer(us.peer).bytes, address(`/p2p/${alice.peer.toString()}`).bytes]
    expect(texts(good(verify({ listenAddrs })).listenAddresses)).to.deep.equal([own.toString()])
    expect(good(verify({ observedAddr: hex('ff') })).observedAddress).to.equal(undefined)
  })

  it('leaves out protocols that nobody can negotiate, and twice', () => {
    expect(good(verify({ protocols: ['/a', '/a', 'b', '/c\n', '', `/${'x'.repeat(1023)}`] })).protocols).to.deep.equal(['/a'])
  })

  it('cuts versions that are no versions', () => {
    const { agentVersion, protocolVersion } = good(verify({ agentVersion: 'x'.repeat(5000), protocolVersion: undefined }))
    expect([agentVersion?.length, protocolVersion]).to.deep.equal([256, undefined])
  })
})

describe('identify, what comes on a stream', () => {
  interface Received { readonly outcome: IdentifyResult | Failure, readonly resetWith: string | undefined }

  async function receive (...pieces: readonly Uint8Array[]): Promise<Received> {
    const [near, far] = streamPair({ protocol: '/ipfs/id/1.0.0', peers: [alice.peer, us.peer], pieceBytes: 700 })
    for (const piece of pieces) void far.write(piece)
    void far.close()
    const outcome = await receiveIdentify(near, verifying, new AbortController().signal)
    return { outcome, resetWith: near.resetBy?.code }
  }

  const whole = prefixLength(encodeIdentify(words(alice)))
  const messages = (count: number): Uint8Array[] => Array.from({ length: count }, (_, n) => prefixLength(encodeIdentify(words(alice, { protocols: [`/n/${n}`], agentVersion: `${n}` }))))

  it('is one message, or several that count as one', async () => {
    expect(good((await receive(whole)).outcome).protocols.length).to.equal(3)
    const { outcome } = await receive(...messages(10))
    expect(good(outcome).protocols.length).to.equal(10)
    expect(good(outcome).agentVersion).to.equal('9')
  })

  it('is no more than ten messages', async () => {
    const { outcome, resetWith } = await receive(...messages(11))
    expect(outcome).to.include({ code: 'stream/protocol-violation' })
    expect(resetWith).to.equal('stream/protocol-violation')
  })

  it('is no message of more than 8 KiB, told by its length alone', async () => {
    // Once: signatures differ in length.
    const said = words(alice)
    const lengthWith = (letters: number): number => encodeIdentify({ ...said, protocolVersion: 'x'.repeat(letters) }).length
    const ofLength = (length: number): Uint8Array => encodeIdentify({ ...said, protocolVersion: 'x'.repeat(8000 + length - lengthWith(8000)) })
    expect([ofLength(8192).length, ofLength(8193).length]).to.deep.equal([8192, 8193])
    expect(good((await receive(prefixLength(ofLength(8192)))).outcome).peer).to.equal(alice.peer)
    expect(await codeOf(receive(prefixLength(ofLength(8193)).slice(0, 2)))).to.equal('stream/message-too-large')
  })

  it('is something', async () => {
    const { outcome, resetWith } = await receive()
    expect(outcome).to.include({ code: 'stream/ended' })
    expect(resetWith).to.equal('stream/ended')
  })

  it('is refused at every truncation', async () => {
    for (let length = 1; length < whole.length; length++) expect(await codeOf(receive(whole.slice(0, length)))).to.equal('stream/ended')
  })

  it('never throws but for the stream, whatever byte is wrong', async () => {
    for (let bit = 16; bit < whole.length * 8; bit += 11) {
      const { outcome } = await receive(flip(whole, bit))
      if ('code' in outcome) expect(outcome.code).to.equal('stream/protocol-violation')
    }
    const cut = encodeIdentify(words(alice))
    for (let length = 0; length < cut.length; length++) {
      const { outcome } = await receive(prefixLength(cut.slice(0, length)))
      if ('code' in outcome) expect(outcome.code).to.equal('stream/protocol-violation')
    }
  })

  it('may be broken off', async () => {
    const [near, far] = streamPair({ protocol: '/ipfs/id/1.0.0', peers: [alice.peer, us.peer] })
    const controller = new AbortController()
    const outcome = codeOf(receiveIdentify(near, verifying, controller.signal))
    void far.write(concat(whole.slice(0, 10)))
    await calm()
    controller.abort()
    expect(await outcome).to.equal('user/aborted')
  })
})
