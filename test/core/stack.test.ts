/** All cores together, in pieces of many sizes: what one leaves over the next gets, and every byte of the streams arrives. */
import { expect } from 'chai'
import { noise } from '../../src/actors/security/noise/noise-handshake.core.js'
import { plaintext } from '../../src/actors/security/plaintext/plaintext.core.js'
import type { CoreSecurity } from '../../src/actors/contract/security.js'
import { nodeCrypto } from '../../src/runtime/crypto/node.js'
import { SeededRandom } from '../../src/runtime/random.js'
import { Party } from './support/noise-world.js'
import { concat, expectBytes } from './support/recorder.js'
import { pieces, randomPieces } from './support/splits.js'
import { runStacks, Stack } from './support/stack.js'
import { readAll } from './support/yamux-pair.js'

const alice = new Party(1, true)
const bob = new Party(2, false)

const noiseOf = ({ options }: Party): CoreSecurity => noise({ ...options, ephemeralKey: () => options.ephemeralKey })
const plaintextOf = ({ key }: Party): CoreSecurity => plaintext({ crypto: nodeCrypto, publicKey: key.publicKey })

function pattern (size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = i * seed + (i >> 8)
  return bytes
}

/** Two streams, one lazy, send so many bytes each and get them back. */
function echo (security: (party: Party) => CoreSecurity, early: readonly string[], size: number, split: (bytes: Uint8Array) => readonly Uint8Array[]): void {
  const one = new Stack(true, { security: security(alice), early })
  const other = new Stack(false, { security: security(bob), early })
  runStacks(one, other, split)
  expect([...one.failures, ...other.failures]).to.deep.equal([])
  const streams = [one.open('/echo', false), one.open('/echo', true)]
  const got: Uint8Array[][] = [[], []]
  for (const [i, stream] of streams.entries()) {
    stream.holdEnd()
    void stream.write(pattern(size, 3 + i))
    void stream.close()
  }
  runStacks(one, other, split, () => {
    for (const stream of other.opened) {
      const bytes = readAll(stream)
      if (bytes.length > 0) void stream.write(bytes)
      if (stream.remoteEnded && !stream.closing) void stream.close()
    }
    for (const [i, stream] of streams.entries()) {
      const bytes = readAll(stream)
      if (bytes.length > 0) stream.releaseEnd()
      got[i]!.push(bytes)
    }
  })
  expect([...one.failures, ...other.failures]).to.deep.equal([])
  for (const i of [0, 1]) expectBytes(concat(got[i]!), pattern(size, 3 + i), `stream ${i}`)
  expect([one.muxer!.outboundStreams, other.muxer!.inboundStreams, one.muxer!.bufferedBytes, other.muxer!.bufferedBytes]).to.deep.equal([0, 0, 0, 0])
}

describe('the cores together', () => {
  for (const [name, security, early] of [
    ['Noise with an early muxer', noiseOf, ['/yamux/1.0.0']], ['Noise', noiseOf, []], ['plaintext', plaintextOf, []]
  ] as const) {
    for (const size of [1, 2, 3, 7, 19, 20, 64, 1000]) {
      it(`${name}: echo in pieces of ${size}`, () => { echo(security, early, 3000, bytes => pieces(bytes, size)) })
    }

    it(`${name}: echo of 1 MiB in reads of 65,536 bytes, and in pieces of random size`, () => {
      echo(security, early, 1024 * 1024, bytes => pieces(bytes, 65_536))
      for (let seed = 1; seed <= 3; seed++) {
        const random = new SeededRandom(seed)
        echo(security, early, 300_000, bytes => randomPieces(bytes, random, 80_000))
      }
    })
  }

  it('leave no buffer behind', () => {
    expect([alice, bob].map(({ options }) => options.pool.inUse)).to.deep.equal([0, 0])
  })
})
