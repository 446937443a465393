/** Two upgrades against each other, or one against a script. */
import { expect } from 'chai'
import { yamux } from '../../../src/actors/muxer/yamux/yamux.core.js'
import type { Muxer } from '../../../src/actors/contract/muxer.js'
import type { Security } from '../../../src/actors/contract/security.js'
import { upgrade } from '../../../src/actors/upgrade/upgrade.actor.js'
import { nodeCrypto } from '../../../src/runtime/crypto/node.js'
import { alice, bob, bytesOf, Duo, identity, optionsOf, readAll, securityNames, withoutEarlyMuxer, type DuoOptions } from './kit.js'

const duos: Duo[] = []
const duo = (options: DuoOptions = {}): Duo => {
  const one = new Duo(options)
  duos.push(one)
  return one
}

/** Opens a stream each way and has it echoed. */
async function mustEcho (both: Duo): Promise<void> {
  for (const [n, side] of [both.alice, both.bob].entries()) {
    const stream = side.open()
    const sent = bytesOf(1000, n)
    void stream.write(sent)
    void stream.close()
    expect(await both.world.until(readAll(stream))).to.deep.equal(Buffer.from(sent))
  }
}

describe('upgrade', () => {
  afterEach(async () => {
    for (const one of duos.splice(0)) await one.end()
  })

  describe('of both ends of a link', () => {
    for (const name of securityNames) {
      for (const lends of [false, true]) {
        it(`by ${name}, on a link that ${lends ? 'lends' : 'gives'}, in pieces of any size`, async () => {
          for (const maxChunkBytes of [1, 2, 3, 7, 20, 100, 65_536]) {
            const both = duo({ shape: { lends, maxChunkBytes }, alice: { securities: [alice[name]] }, bob: { securities: [bob[name]] } })
            await both.upgraded()
            const muxer = '/yamux/1.0.0'
            const security = name === 'noise' ? '/noise' : name === 'plaintext' ? '/plaintext/2.0.0' : '/xor/1.0.0'
            for (const side of [both.alice, both.bob]) {
              expect(side.done).to.include({ security, muxer })
              expect(side.upgradeDown?.exit).to.include({ kind: 'done' })
            }
            expect(both.alice.done!.remoteKey.equals(bob.publicKey)).to.equal(true)
            await mustEcho(both)
          }
        })
      }
    }

    it('with each message cut at every place', async () => {
      for (const name of ['noise', 'plaintext'] as const) {
        // As long as the longest message; each is sent by one write, and so cut from its beginning.
        for (let maxChunkBytes = 1; maxChunkBytes <= 260; maxChunkBytes++) {
          const both = duo({ shape: { lends: maxChunkBytes % 2 === 0, maxChunkBytes }, alice: { securities: [alice[name]] }, bob: { securities: [withoutEarlyMuxer(bob[name])] } })
          await both.upgraded()
          await both.end()
          duos.length = 0
        }
      }
    })

    it('in many worlds, with pieces cut and glued', async () => {
      for (let seed = 1; seed <= 40; seed++) {
        const name = securityNames[seed % 4]!
        const early = seed % 3 !== 0
        const both = duo({
          seed,
          shape: { splits: true, jitterMs: 2, lends: seed % 2 === 0, highWaterMarkBytes: seed % 5 === 0 ? 10 : 65_536 },
          alice: { securities: [early ? alice[name] : withoutEarlyMuxer(alice[name])] },
          bob: { securities: [bob[name]] }
        })
        await both.upgraded()
        await mustEcho(both)
      }
    })

    it('with the crypto of the platform', async () => {
      const identities = [identity(1, nodeCrypto), identity(2, nodeCrypto)] as const
      await mustEcho(await duo({ identities }).upgraded())
    })

    it('agrees on the first of the initiator that both have', async () => {
      const other: Muxer = { ...yamux(), protocol: '/other/1.0.0' }
      for (const early of [true, false]) {
        const both = duo({
          alice: { securities: [early ? alice.noise : withoutEarlyMuxer(alice.noise)], muxers: [other, yamux()] },
          bob: { securities: [bob.plaintext, bob.noise], muxers: [yamux(), other] }
        })
        await both.upgraded()
        expect([both.alice.done!.muxer, both.bob.done!.muxer]).to.deep.equal(['/other/1.0.0', '/other/1.0.0'])
        expect([both.alice.done!.security, both.bob.done!.security]).to.deep.equal(['/noise', '/noise'])
      }
    })

    it('takes three one-way trips, and one for each phase that has its own: a lone security is not waited for', async () => {
      const trips = async (alice: readonly Security[]): Promise<readonly [number, number]> => {
        const both = duo({ shape: { latencyMs: 1000 }, alice: { securities: alice } })
        const [done, begun] = [[0, 0] as [number, number], both.world.now()]
        for (let ms = 0; ms < 12_000; ms += 100) {
          await both.world.run(100)
          for (const [i, side] of [both.alice, both.bob].entries()) if (side.done !== undefined) done[i] ||= Math.floor((both.world.now() - begun - 50) / 1000)
        }
        // Connecting takes two, and is no part of it.
        return [done[0] - 2, done[1] - 2]
      }
      expect(await trips([alice.noise])).to.deep.equal([2, 3])
      expect(await trips([alice.noise, alice.plaintext])).to.deep.equal([4, 5])
    })

    it('feeds no muxer before it has an owner, and loses nothing till then', async () => {
      for (const name of securityNames) {
        for (const lends of [false, true]) {
          const both = duo({ shape: { lends }, alice: { securities: [alice[name]] }, bob: { securities: [bob[name]], attach: false } })
          await both.upgraded()
          const stream = both.alice.open()
          const sent = bytesOf(3000)
          void stream.write(sent)
          void stream.close()
          await both.world.run(1000)
          expect(both.bob.events).to.deep.equal([])
          expect(both.bob.path.openStream()).to.equal('connection/closed')
          expect(both.bob.path.stats).to.include({ inboundStreams: 0, unreadBytes: 0 })
          both.bob.path.attach(both.bob.actor, both.bob.listener)
          expect(both.bob.events).to.deep.equal([])
          expect(await both.world.until(readAll(stream))).to.deep.equal(Buffer.from(sent))
        }
      }
    })
  })

  describe('refuses', () => {
    const failing = async (options: DuoOptions): Promise<readonly (string | undefined)[]> => {
      const both = duo(options)
      await both.world.run(20_000)
      for (const side of [both.alice, both.bob]) expect(side.upgradeDown?.exit).to.include({ kind: 'done' })
      return [both.alice.failed, both.bob.failed]
    }

    it('whoever has no security in common', async () => {
      expect(await failing({ alice: { securities: [alice.noise] }, bob: { securities: [bob.plaintext] } })).to.deep.equal(['upgrade/no-security', 'upgrade/no-security'])
      // With more to propose nobody goes ahead.
      expect(await failing({ alice: { securities: [alice.noise, { ...alice.noise, protocol: '/noise/2' }] }, bob: { securities: [bob.plaintext] } })).to.deep.equal(['upgrade/no-security', 'upgrade/closed'])
    })

    it('whoever has no muxer in common, agreed upon early or late', async () => {
      const other: Muxer = { ...yamux(), protocol: '/other/1.0.0' }
      for (const early of [true, false]) {
        const securities = [early ? alice.noise : withoutEarlyMuxer(alice.noise)]
        expect(await failing({ alice: { securities, muxers: [other] } })).to.deep.equal(['upgrade/no-muxer', 'upgrade/closed'])
      }
    })

    it('another peer than expected', async () => {
      for (const name of securityNames) {
        const both = await failing({ alice: { securities: [alice[name]], expectedPeer: alice.peer }, bob: { securities: [bob[name]] } })
        expect(both[0], name).to.equal('upgrade/peer-mismatch')
        expect(both[1], name).to.be.oneOf(['upgrade/closed', undefined])
      }
      const inbound = await failing({ bob: { expectedPeer: bob.peer } })
      expect(inbound[1]).to.equal('upgrade/peer-mismatch')
    })

    it('whoever is too slow, at its own deadline and in any phase', async () => {
      for (const name of securityNames) {
        for (const timeoutMs of [1, 3, 5, 7, 9, 11, 13]) {
          const both = duo({ shape: { latencyMs: 2 }, alice: { securities: [alice[name]], timeoutMs }, bob: { securities: [bob[name]], timeoutMs: 50 } })
          await both.world.run(500)
          const { done, failed } = both.alice
          expect(done === undefined ? failed : 'done', `${name} ${timeoutMs}`).to.be.oneOf(['upgrade/timeout', 'done'])
          if (failed !== undefined) expect(both.bob.failed ?? 'done').to.be.oneOf(['upgrade/closed', 'upgrade/timeout', 'done'])
        }
      }
    })

    it('a deadline that has passed already', async () => {
      expect((await failing({ alice: { timeoutMs: 0 } }))[0]).to.equal('upgrade/timeout')
    })

    it('what is no libp2p', async () => {
      for (const [name, text] of Object.entries({ http: 'GET / HTTP/1.1\r\n\r\n', tls: '\x16\x03\x01\x02\0', nothing: '\0\0\0\0\0\0', long: '\xff\xff\xff\xff' })) {
        const both = duo({ alice: { negotiation: { propose: () => saying(text), answer: () => saying(text) } } })
        await both.world.run(20_000)
        expect(both.bob.failed, name).to.equal('upgrade/negotiation-failed')
      }
    })
  })

  describe('that is left halfway', () => {
    /** Ends it somehow, after so many events of the world. */
    const ways: Readonly<Record<string, (both: Duo) => void>> = {
      'the link is reset': both => { both.bob.link.reset() },
      'the link is ended': both => { if (!both.bob.link.closed) both.bob.link.end() },
      'the other is killed': both => { both.systems[1].root.kill(both.bob.ref) },
      'the upgrade is killed': both => { both.bob.actor.kill(both.bob.actor.child('upgrade') ?? both.bob.ref) },
      'all is stopped': both => { void both.systems[1].stop() }
    }

    for (const [what, way] of Object.entries(ways)) {
      it(`leaves nothing behind when ${what}, at any step`, async () => {
        for (const name of securityNames) {
          let tried = 0
          for (let step = 0; step < 60; step++) {
            const both = duo({ seed: step + 1, alice: { securities: [alice[name]] }, bob: { securities: [bob[name]] } })
            await both.world.run(2)
            for (let n = 0; n < step && both.world.scheduler.nextAt < 100; n++) both.world.scheduler.step()
            if (both.bob.actor !== undefined && both.bob.done === undefined) {
              tried++
              way(both)
              await both.world.run(20_000)
              if (both.bob.ref.alive && both.bob.upgradeDown?.exit.kind === 'done' && both.bob.done === undefined) {
                expect(both.bob.failed ?? 'told nothing', `${name} ${step}`).to.match(/^upgrade\//)
              }
              if (both.alice.done === undefined) expect(both.alice.failed, `${name} ${step}`).to.be.oneOf(['upgrade/closed', 'upgrade/timeout', 'upgrade/handshake-failed'])
            }
            await both.end()
            duos.length = 0
          }
          expect(tried, name).to.be.above(10)
        }
      })
    }

    it('by a crash leaves the link to its owner', async () => {
      const both = duo({ bob: { securities: [{ kind: 'core', protocol: '/noise', handshake: crashing }] } })
      await both.world.run(100)
      expect(both.bob.upgradeDown?.exit).to.include({ kind: 'crashed' })
      expect(both.bob.link.closed).to.equal(false)
      expect(both.bob.ref.alive).to.equal(true)
      both.bob.actor.release(both.bob.link)
      await both.world.run(100)
      expect(both.alice.failed).to.equal('upgrade/closed')
    })

    it('because the link broke behind its last word, of which the news came first', async () => {
      let breakNow = (): void => {}
      const hasty: Security = { ...bob.noise, handshake: options => breaking((bob.noise as CoreSecurity).handshake(options), () => { breakNow() }) } as CoreSecurity
      const both = duo({ bob: { securities: [hasty] } })
      await both.world.run(1.5)
      const side = both.bob
      while (side.actor === undefined) both.world.scheduler.step()
      const { link } = side
      const attach = link.attach.bind(link)
      link.attach = listener => {
        attach(listener)
        breakNow = () => {
          link.reset()
          listener.onClose('reset')
        }
      }
      await both.world.run(100)
      // Whoever got the link would wait for ever: it has told its close, and tells it once.
      expect(side.done).to.equal(undefined)
      expect(side.failed).to.equal('upgrade/closed')
    })

    it('because the link was closed before it began', async () => {
      const both = duo()
      await both.world.run(1.5)
      const side = both.alice
      while (side.actor === undefined) both.world.scheduler.step()
      side.link.reset()
      await both.world.run(100)
      expect(side.failed ?? 'crashed').to.equal('upgrade/closed')
    })
  })

  it('checks its options', () => {
    const options = optionsOf(alice)
    expect(() => upgrade({ ...options, securities: [] })).to.throw(RangeError, /securities/)
    expect(() => upgrade({ ...options, muxers: [] })).to.throw(RangeError, /muxers/)
    expect(() => upgrade({ ...options, securities: [alice.noise, bob.noise] })).to.throw(TypeError, /noise/)
    expect(() => upgrade({ ...options, limits: { lingerMs: -1 } })).to.throw(RangeError, /lingerMs/)
    expect(() => upgrade({ ...options, limits: { linger: 1 } as never })).to.throw(TypeError, /linger/)
  })
})

type CoreSecurity = Extract<Security, { kind: 'core' }>

/** That handshake, and as soon as it is done `then`, in the same stack. */
function breaking (core: ReturnType<CoreSecurity['handshake']>, then: () => void): ReturnType<CoreSecurity['handshake']> {
  const feed = core.feed.bind(core)
  return Object.assign(core, {
    feed: (...[bytes, now, out]: Parameters<typeof feed>) => {
      feed(bytes, now, {
        ...out,
        emit: event => {
          out.emit(event)
          then()
        }
      })
    }
  })
}

/** Says something else than multistream-select, and waits. */
function saying (text: string): never {
  return {
    waiting: true,
    failed: undefined,
    bufferedBytes: 0,
    bufferedBound: 0,
    command: (_start: unknown, _now: number, out: { write: (bytes: Uint8Array) => void }) => { out.write(Buffer.from(text, 'latin1')) },
    feed: () => {},
    expire: () => {},
    nextTimeout: () => Infinity
  } as never
}

function crashing (): never {
  throw new Error('as told')
}
