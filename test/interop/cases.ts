/**
 * The cases, written once for any two sides: one dials, the other listens. Each throws when the two do not interoperate, and else
 * tells a figure, or nothing. They run in this order over one connection, which the last two close.
 */
import { expect } from 'chai'
import { createHash } from 'node:crypto'
import { goAwayCode, pattern, protocols, resetCode, type Identity, type KeyType, type Side, type Sum } from './control.js'

export interface Case {
  readonly name: string
  /** Why two sides cannot be asked, with the source. */
  notApplicable?(sides: readonly string[]): string | undefined
  run (dialer: Side, listener: Side): Promise<string>
}

const KiB = 1024
const MiB = 1024 * KiB
const streamCount = 200

export const cases: readonly Case[] = [
  {
    name: 'identify',
    async run (dialer, listener) {
      mustIntroduce(await dialer.run('identify', { address: addressOf(listener) }), listener)
      mustIntroduce(await listener.run('seen', { peer: dialer.peerId }), dialer)
      return ''
    }
  },
  {
    name: 'identify push by the dialer',
    async run (dialer, listener) {
      const protocol = '/troupe/test/pushed-by-dialer/1.0.0'
      await dialer.run('push', { address: addressOf(listener), protocol })
      mustDescribe(await listener.run('seen', { peer: dialer.peerId, protocol }), dialer)
      return ''
    }
  },
  {
    name: 'identify push by the listener',
    async run (dialer, listener) {
      const protocol = '/troupe/test/pushed-by-listener/1.0.0'
      await listener.run('push', { address: addressOf(dialer), protocol })
      mustDescribe(await dialer.run('seen', { peer: listener.peerId, protocol }), listener)
      return ''
    }
  },
  {
    name: 'ping',
    async run (dialer, listener) {
      const { rttMs } = await dialer.run('ping', { address: addressOf(listener), count: 3 })
      expect(rttMs).to.have.length(3)
      const best = Math.min(...rttMs)
      // js-libp2p counts whole milliseconds.
      return best === 0 ? '< 1 ms' : `${best.toFixed(1)} ms`
    }
  },
  {
    name: 'echo, 1 byte',
    async run (dialer, listener) {
      mustBe(await dialer.run('echo', { address: addressOf(listener), bytes: 1, seed: 1 }), 1, 1)
      return ''
    }
  },
  {
    name: 'echo, 1 MiB',
    async run (dialer, listener) {
      mustBe(await dialer.run('echo', { address: addressOf(listener), bytes: MiB, seed: 2 }), 2, MiB)
      return ''
    }
  },
  {
    name: 'perf up, 16 MiB',
    async run (dialer, listener) {
      const { download, ms } = await dialer.run('perf', { address: addressOf(listener), upload: 16 * MiB, download: 0 })
      expect(download).to.equal(0)
      return rate(16, ms)
    }
  },
  {
    name: 'perf down, 16 MiB',
    async run (dialer, listener) {
      const { download, ms } = await dialer.run('perf', { address: addressOf(listener), upload: 0, download: 16 * MiB })
      expect(download).to.equal(16 * MiB)
      return rate(16, ms)
    }
  },
  {
    name: `${streamCount} streams at once`,
    async run (dialer, listener) {
      const bytes = 4 * KiB
      const { streams, ...sum } = await dialer.run('streams', { address: addressOf(listener), count: streamCount, bytes, seed: 3 })
      expect(streams, 'open at once').to.be.at.least(streamCount)
      const expected = createHash('sha256')
      for (let index = 0; index < streamCount; index++) expected.update(pattern(3 + index, 0, bytes))
      expect(sum).to.deep.equal({ bytes: streamCount * bytes, sha256: expected.digest('hex') })
      return ''
    }
  },
  {
    name: 'half-close by the dialer',
    async run (dialer, listener) {
      const bytes = 300 * KiB
      mustBe(await dialer.run('half-close', { address: addressOf(listener), by: 'dialer', bytes, seed: 4 }), 4, bytes)
      const { outcome, ...sum } = await listener.run('served', { protocol: protocols.sink })
      expect(outcome).to.equal('end')
      mustBe(sum, 4, bytes)
      return ''
    }
  },
  {
    name: 'half-close by the listener',
    async run (dialer, listener) {
      const bytes = 300 * KiB
      mustBe(await dialer.run('half-close', { address: addressOf(listener), by: 'listener', bytes, seed: 5 }), 5, bytes)
      const { outcome, ...sum } = await listener.run('served', { protocol: protocols.closeFirst })
      expect(outcome).to.equal('end')
      mustBe(sum, 5, bytes)
      return ''
    }
  },
  {
    name: 'reset by the dialer',
    async run (dialer, listener) {
      await dialer.run('reset', { address: addressOf(listener), by: 'dialer' })
      const { outcome, bytes } = await listener.run('served', { protocol: protocols.hold })
      expect({ outcome, bytes }).to.deep.equal({ outcome: 'reset', bytes: 1 })
      await mustStillTalk(dialer, listener)
      return ''
    }
  },
  {
    name: 'reset by the listener',
    async run (dialer, listener) {
      const { outcome } = await dialer.run('reset', { address: addressOf(listener), by: 'listener' })
      expect(outcome).to.equal('reset')
      await listener.run('served', { protocol: protocols.reset })
      await mustStillTalk(dialer, listener)
      return ''
    }
  },
  {
    name: 'reset codes',
    notApplicable: sides => sides.includes('js') || sides.includes('rust') ? 'js-libp2p and rust-libp2p neither send nor tell the codes of resets: libp2p/specs pull 623 is not merged' : undefined,
    async run (dialer, listener) {
      await dialer.run('reset', { address: addressOf(listener), by: 'dialer' })
      expect(await listener.run('served', { protocol: protocols.hold })).to.include({ outcome: 'reset', code: resetCode })
      expect(await dialer.run('reset', { address: addressOf(listener), by: 'listener' })).to.include({ outcome: 'reset', code: resetCode })
      await listener.run('served', { protocol: protocols.reset })
      await mustStillTalk(dialer, listener)
      return ''
    }
  },
  {
    name: '64 MiB up, hashed',
    async run (dialer, listener) {
      const { ms, ...sum } = await dialer.run('bulk', { address: addressOf(listener), way: 'up', bytes: 64 * MiB, seed: 6 })
      mustBe(sum, 6, 64 * MiB)
      const { outcome, ...served } = await listener.run('served', { protocol: protocols.sink })
      expect(outcome).to.equal('end')
      mustBe(served, 6, 64 * MiB)
      return rate(64, ms)
    }
  },
  {
    name: '64 MiB down, hashed',
    async run (dialer, listener) {
      const { ms, ...sum } = await dialer.run('bulk', { address: addressOf(listener), way: 'down', bytes: 64 * MiB, seed: 7 })
      mustBe(sum, 7, 64 * MiB)
      return rate(64, ms)
    }
  },
  {
    name: 'codes of connections',
    notApplicable: sides => sides.includes('js') || sides.includes('rust') ? 'js-libp2p and rust-libp2p neither send nor tell the codes of connections: libp2p/specs pull 623 is not merged' : undefined,
    async run (dialer, listener) {
      await dialer.run('close', { address: addressOf(listener), by: 'dialer', code: goAwayCode })
      expect(await listener.run('served', { protocol: protocols.hold })).to.include({ outcome: 'reset', code: goAwayCode })
      await mustBeApart(dialer, listener)
      await mustStillTalk(dialer, listener)
      return ''
    }
  },
  {
    name: 'connection closed by the listener',
    async run (dialer, listener) {
      await dialer.run('close', { address: addressOf(listener), by: 'listener' })
      await mustBeApart(dialer, listener)
      await mustStillTalk(dialer, listener)
      return ''
    }
  },
  {
    name: 'connection closed by the dialer',
    async run (dialer, listener) {
      await dialer.run('close', { address: addressOf(listener), by: 'dialer' })
      // Whether a stream sees an end or a reset then differs between implementations; that it ends does not.
      const { bytes } = await listener.run('served', { protocol: protocols.hold })
      expect(bytes).to.equal(1)
      await mustBeApart(dialer, listener)
      return ''
    }
  }
]

/** For a pair whose keys are of one type: it knows each other's peer id from the handshake, and talks. */
export const keyCase: Case = {
  name: 'keys',
  async run (dialer, listener) {
    mustIntroduce(await dialer.run('identify', { address: addressOf(listener) }), listener)
    mustIntroduce(await listener.run('seen', { peer: dialer.peerId }), dialer)
    await mustStillTalk(dialer, listener)
    return ''
  }
}

/** @returns why two sides with keys of one type cannot be asked, with the source */
export function whyNotWithKeys (keyType: KeyType, sides: readonly string[]): string | undefined {
  if (keyType === 'ecdsa' && sides.includes('js')) {
    return 'js-libp2p has no peer ids of ECDSA keys, neither of its own nor of a remote: `UnsupportedKeyTypeError` of '
      + '`peerIdFromPublicKey` in @libp2p/peer-id 6.0.15, src/index.ts'
  }
  return undefined
}

function addressOf (side: Side): string {
  const address = side.addresses[0]
  if (address === undefined) throw new Error(`${side.name} does not listen`)
  return address
}

function mustIntroduce (identity: Identity, side: Side): void {
  mustDescribe(identity, side)
  expect(identity.observedAddr).to.match(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+/)
}

/** All that a push must say too; js-libp2p leaves the observed address out of it. */
function mustDescribe (identity: Identity, side: Side): void {
  expect(identity.peerId).to.equal(side.peerId)
  expect(identity.protocols).to.include.members(['/ipfs/id/1.0.0', '/ipfs/ping/1.0.0', ...Object.values(protocols)])
  expect(identity.listenAddrs.map(bare)).to.include(bare(addressOf(side)))
  expect(identity.agentVersion).to.not.equal('')
}

/** Without the peer id, which some put into their listen addresses. */
function bare (address: string): string {
  return address.replace(/\/p2p\/[^/]+$/, '')
}

function mustBe (sum: Sum, seed: number, bytes: number): void {
  expect(sum).to.deep.equal(expected(seed, bytes))
}

const sums = new Map<string, Sum>()

function expected (seed: number, bytes: number): Sum {
  const key = `${seed} ${bytes}`
  let sum = sums.get(key)
  if (sum === undefined) {
    const hash = createHash('sha256')
    for (let done = 0; done < bytes; done += MiB) hash.update(pattern(seed, done, Math.min(MiB, bytes - done)))
    sum = { bytes, sha256: hash.digest('hex') }
    sums.set(key, sum)
  }
  return sum
}

async function mustStillTalk (dialer: Side, listener: Side): Promise<void> {
  mustBe(await dialer.run('echo', { address: addressOf(listener), bytes: KiB, seed: 8 }), 8, KiB)
}

async function mustBeApart (dialer: Side, listener: Side): Promise<void> {
  await Promise.all([
    dialer.run('connected', { peer: listener.peerId, want: false }),
    listener.run('connected', { peer: dialer.peerId, want: false })
  ])
}

function rate (mebibytes: number, ms: number): string {
  return `${Math.round(mebibytes / (ms / 1000))} MiB/s`
}
