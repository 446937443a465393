/** Official vectors of Noise_XX_25519_ChaChaPoly_SHA256; sources in vectors/noise-xx.ts. */
import { expect } from 'chai'
import { XXHandshake } from '../../src/actors/security/noise/xx-handshake.core.js'
import type { CryptoProvider } from '../../src/runtime/crypto/provider.js'
import { loadNobleCrypto } from '../../src/runtime/crypto/noble.js'
import { nodeCrypto } from '../../src/runtime/crypto/node.js'
import { concat, hex, unhex } from './support/recorder.js'
import { noiseVectors, type NoiseVector } from './vectors/noise-xx.js'

const nothing = new Uint8Array(0)

function run (vector: NoiseVector, crypto: CryptoProvider): void {
  const prologue = unhex(vector.prologue)
  const side = (initiator: boolean): XXHandshake => new XXHandshake({
    crypto,
    initiator,
    prologue,
    staticKey: crypto.importX25519(unhex(initiator ? vector.initiatorStatic : vector.responderStatic)),
    ephemeralKey: crypto.importX25519(unhex(initiator ? vector.initiatorEphemeral : vector.responderEphemeral))
  })
  const initiator = side(true)
  const responder = side(false)
  vector.messages.slice(0, 3).forEach(([payload, ciphertext], i) => {
    const [writer, reader] = i % 2 === 0 ? [initiator, responder] : [responder, initiator]
    expect(writer.writes).to.equal(true)
    expect(reader.writes).to.equal(false)
    const message = writer.write(unhex(payload))!
    expect(hex(message), `message ${i}`).to.equal(ciphertext)
    expect(hex(reader.read(message)!), `payload ${i}`).to.equal(payload)
  })
  expect(initiator.complete && responder.complete).to.equal(true)
  expect(hex(initiator.handshakeHash)).to.equal(hex(responder.handshakeHash))
  if (vector.handshakeHash !== undefined) expect(hex(initiator.handshakeHash)).to.equal(vector.handshakeHash)
  expect(hex(initiator.remoteStaticKey)).to.equal(hex(crypto.importX25519(unhex(vector.responderStatic)).publicKey))
  const [ours, theirs] = [initiator.split(), responder.split()]
  vector.messages.slice(3).forEach(([payload, ciphertext], i) => {
    const [from, to] = (i % 2 === 0) === (vector.firstAfter === 'initiator') ? [ours, theirs] : [theirs, ours]
    const nonce = Math.floor(i / 2)
    expect(hex(concat(from.sending.seal(nonce, nothing, unhex(payload)))), `transport message ${i}`).to.equal(ciphertext)
    expect(hex(to.receiving.open(nonce, nothing, unhex(ciphertext))!)).to.equal(payload)
  })
}

describe('Noise XX, official vectors', () => {
  for (const vector of noiseVectors) {
    it(`${vector.name}: ${vector.messages.length} messages, on node:crypto`, () => { run(vector, nodeCrypto) })
    it(`${vector.name}: ${vector.messages.length} messages, on noble`, async () => { run(vector, await loadNobleCrypto()) })
  }
})
