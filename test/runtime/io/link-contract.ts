/** The contract of raw links (src/runtime/io/raw-link.ts), for whatever port makes them. */
import { expect } from 'chai'
import { createHash } from 'node:crypto'
import type { RawLink } from '../../../src/runtime/io/raw-link.js'
import { SeededRandom } from '../../../src/runtime/random.js'
import { call, LinkStage, pattern, patternAt, text, type Ear, type LinkWorld, type Traits } from './link-kit.js'

/** More than any carrier takes without its reader. */
const flood = 32 * 1024 * 1024

export function linkContract<W extends LinkWorld> (makeWorld: () => W, makePair: (stage: LinkStage<W>) => Promise<readonly [RawLink, RawLink]>, traits: Traits): void {
  let stage: LinkStage<W>

  beforeEach(() => { stage = new LinkStage(makeWorld()) })
  afterEach(async () => { await stage.end() })

  async function pair (attachThere = true): Promise<readonly [Ear, Ear]> {
    const [a, b] = await makePair(stage)
    return [stage.ear(a), stage.ear(b, attachThere)]
  }

  const closed = (...ears: readonly Ear[]) => (): boolean => ears.every(({ reason }) => reason !== undefined)

  /** Writes until there is no room. Returns how much it was. */
  function fill ({ link }: Ear, piece = 65_536): number {
    let written = 0
    while (written < flood) {
      const room = call(() => link.write(pattern(piece, written)))
      written += piece
      if (!room) return written
    }
    throw new Error('there is always room')
  }

  /** Writes until what it has written stays here, for the system itself takes some. */
  async function choke (ear: Ear): Promise<number> {
    let written = 0
    for (;;) {
      written += fill(ear)
      await stage.idle()
      if (ear.link.bufferedBytes > 0) return written
    }
  }

  describe('data', () => {
    it('arrives in order, both ways at once', async () => {
      const [a, b] = await pair()
      for (let i = 0; i < 200; i++) {
        call(() => a.link.write(text(`${i},`)))
        call(() => b.link.write(text(`${-i},`)))
      }
      const there = Array.from({ length: 200 }, (_, i) => `${i},`).join('')
      const back = Array.from({ length: 200 }, (_, i) => `${-i},`).join('')
      await stage.until(() => b.length === there.length && a.length === back.length)
      expect([b.text, a.text]).to.deep.equal([there, back])
      expect([a.link.bytesWritten, a.link.bytesRead]).to.deep.equal([there.length, back.length])
    })

    it('of many megabytes arrives whole, through a reader that pauses now and then', async () => {
      const [a, b] = await pair()
      const total = 6_000_000
      const sent = createHash('sha256')
      const read = createHash('sha256')
      const random = new SeededRandom(7)
      let written = 0
      const pump = (): void => {
        while (written < total) {
          const bytes = pattern(Math.min(1 + random.int(150_000), total - written), written)
          sent.update(bytes)
          written += bytes.length
          if (!call(() => a.link.write(bytes))) return
        }
        call(() => { a.link.end() })
      }
      a.onDrain = pump
      let pauses = 0
      b.onData = bytes => {
        read.update(bytes)
        b.chunks.length = 0
        if (random.int(8) > 0) return
        pauses++
        call(() => { b.link.pause() })
      }
      pump()
      await stage.until(() => {
        if (pauses > 0) call(() => { b.link.resume() })
        return b.ended
      })
      expect(b.length).to.equal(total)
      expect(read.digest('hex')).to.equal(sent.digest('hex'))
      expect(b.link.bytesRead).to.equal(total)
      expect(a.link.bufferedBytes).to.equal(0)
    })

    it('of no length is no data', async () => {
      const [a, b] = await pair()
      expect(call(() => a.link.write(new Uint8Array(0)))).to.equal(true)
      call(() => a.link.write(text('x')))
      await stage.until(() => b.length === 1)
      expect(a.link.bytesWritten).to.equal(1)
    })

    it('must be bytes', async () => {
      const [a] = await pair()
      expect(() => a.link.write('text' as unknown as Uint8Array)).to.throw(TypeError, 'bytes')
    })

    it('is only lent, or the receiver\'s for good, as the link says', async () => {
      const [a, b] = await pair()
      expect(a.link.lends).to.equal(traits.lends)
      expect(b.link.lends).to.equal(traits.lends)
      const kept: Uint8Array[] = []
      b.onData = bytes => { kept.push(bytes) }
      call(() => a.link.write(pattern(1000)))
      await stage.until(() => b.length === 1000)
      call(() => a.link.write(pattern(1000, 1000)))
      await stage.until(() => b.length === 2000)
      expect(b.received).to.deep.equal(pattern(2000))
      // With lent memory the second read, or the link itself, has overwritten what the first had brought.
      if (traits.lends) expect(kept[0]).to.not.deep.equal(pattern(kept[0]!.length))
      else expect(Buffer.concat(kept)).to.deep.equal(Buffer.from(pattern(2000)))
    })

    it('may be answered in the callback', async () => {
      const [a, b] = await pair()
      b.onData = bytes => { call(() => b.link.write(bytes.slice())) }
      for (let i = 0; i < 10; i++) {
        call(() => a.link.write(pattern(100, i * 100)))
        await stage.until(() => a.length === (i + 1) * 100)
      }
      expect(a.received).to.deep.equal(pattern(1000))
    })
  })

  describe('while nobody listens', () => {
    it('before the first attach nothing is lost', async () => {
      const [a, b] = await pair(false)
      call(() => a.link.write(text('early')))
      call(() => { a.link.end() })
      await stage.idle()
      b.attach()
      await stage.until(() => b.ended)
      expect(b.text).to.equal('early')
    })

    it('between detach and attach nothing is lost', async () => {
      const [a, b] = await pair()
      call(() => a.link.write(text('one ')))
      await stage.until(() => b.length === 4)
      call(() => { b.link.detach() })
      call(() => a.link.write(text('two ')))
      call(() => { a.link.end() })
      await stage.idle()
      expect(b.log).to.deep.equal(['data'])
      const next = stage.ear(b.link)
      await stage.until(() => next.ended)
      expect([b.text, next.text]).to.deep.equal(['one ', 'two '])
    })

    it('detached in the midst of data, the next gets the rest', async () => {
      const [a, b] = await pair()
      const next: Ear[] = []
      b.onData = () => { call(() => { b.link.detach() }) }
      call(() => a.link.write(pattern(1_000_000)))
      await stage.until(() => b.length > 0)
      await stage.idle()
      const before = b.length
      next.push(stage.ear(b.link))
      await stage.until(() => b.length + next[0]!.length === 1_000_000)
      expect(b.length).to.equal(before)
      expect(Buffer.concat([b.received, next[0]!.received])).to.deep.equal(Buffer.from(pattern(1_000_000)))
    })

    it('a listener that takes another\'s place inside a callback hears what follows', async () => {
      const [a, b] = await pair()
      const heard: string[] = []
      b.onData = () => {
        call(() => {
          b.link.attach({ onData: bytes => { heard.push(Buffer.from(bytes).toString()) }, onClose: reason => { heard.push(reason) } })
        })
      }
      call(() => a.link.write(text('first')))
      await stage.until(() => b.length > 0)
      call(() => a.link.write(text('second')))
      await stage.until(() => heard.length > 0)
      expect(heard).to.deep.equal(['second'])
    })
  })

  describe('pause', () => {
    it('holds back data and end, and resume lets them come', async () => {
      const [a, b] = await pair()
      call(() => { b.link.pause() })
      call(() => a.link.write(text('held')))
      call(() => { a.link.end() })
      await stage.idle()
      expect(b.log).to.deep.equal([])
      call(() => { b.link.resume() })
      await stage.until(() => b.ended)
      expect([b.text, b.log]).to.deep.equal(['held', ['data', 'end']])
    })

    it('holds in the midst of what comes, each time', async () => {
      const [a, b] = await pair()
      let paused = false
      b.onData = () => {
        if (paused) b.faults.push('data in spite of pause')
        paused = true
        call(() => { b.link.pause() })
      }
      for (let i = 0; i < 20; i++) {
        call(() => a.link.write(pattern(50_000, i * 50_000)))
        await stage.world.turn()
      }
      await stage.until(() => {
        paused = false
        call(() => { b.link.resume() })
        return b.length === 1_000_000
      })
      expect(b.received).to.deep.equal(Buffer.from(pattern(1_000_000)))
    })

    it('and resume inside the callback changes nothing', async () => {
      const [a, b] = await pair()
      b.onData = () => {
        call(() => { b.link.pause() })
        call(() => { b.link.resume() })
      }
      call(() => a.link.write(pattern(500_000)))
      await stage.until(() => b.length === 500_000)
      expect(b.received).to.deep.equal(Buffer.from(pattern(500_000)))
    })

    it('before attach holds too', async () => {
      const [a, b] = await pair(false)
      call(() => { b.link.pause() })
      b.attach()
      call(() => a.link.write(text('x')))
      await stage.idle()
      expect(b.log).to.deep.equal([])
      call(() => { b.link.resume() })
      await stage.until(() => b.length === 1)
    })
  })

  describe('end', () => {
    it('closes one direction, and the other goes on', async () => {
      const [a, b] = await pair()
      call(() => a.link.write(text('question')))
      call(() => { a.link.end() })
      await stage.until(() => b.ended)
      expect(b.link.closed).to.equal(false)
      call(() => b.link.write(text('answer')))
      call(() => { b.link.end() })
      await stage.until(closed(a, b))
      expect([a.text, b.text]).to.deep.equal(['answer', 'question'])
      expect([a.log, b.log]).to.deep.equal([['data', 'end', 'ended'], ['data', 'end', 'ended']])
      expect(a.error).to.equal(undefined)
      expect(stage.ledger).to.deep.equal([])
    })

    it('of both at once closes both', async () => {
      const [a, b] = await pair()
      for (const { link } of [a, b]) {
        call(() => link.write(text('bye')))
        call(() => { link.end() })
        call(() => { link.end() })
      }
      await stage.until(closed(a, b))
      expect([a.log, b.log]).to.deep.equal([['data', 'end', 'ended'], ['data', 'end', 'ended']])
    })

    it('in answer to an end, inside its callback, closes both', async () => {
      const [a, b] = await pair()
      b.onEnd = () => { call(() => { b.link.end() }) }
      call(() => { a.link.end() })
      await stage.until(closed(a, b))
      expect([a.log, b.log]).to.deep.equal([['end', 'ended'], ['end', 'ended']])
    })

    it('comes behind all that was written', async () => {
      const [a, b] = await pair()
      call(() => { b.link.pause() })
      const written = fill(a)
      call(() => { a.link.end() })
      call(() => { b.link.resume() })
      await stage.until(() => b.ended)
      expect(b.length).to.equal(written)
    })

    it('is followed by nothing: to write throws', async () => {
      const [a] = await pair()
      call(() => { a.link.end() })
      expect(() => a.link.write(text('x'))).to.throw(Error, 'ended')
    })

    it('that is held back holds back the close', async () => {
      const [a, b] = await pair()
      call(() => { b.link.pause() })
      call(() => { a.link.end() })
      call(() => { b.link.end() })
      await stage.idle()
      expect(b.log).to.deep.equal([])
      expect(b.link.closed).to.equal(false)
      call(() => { b.link.resume() })
      await stage.until(closed(a, b))
      expect(b.log).to.deep.equal(['end', 'ended'])
    })

    it('and close are told to whoever listens later', async () => {
      const [a, b] = await pair(false)
      call(() => { b.link.end() })
      call(() => { a.link.end() })
      await stage.idle()
      b.attach()
      await stage.until(closed(a, b))
      expect(b.log).to.deep.equal(['end', 'ended'])
    })
  })

  describe('reset', () => {
    /** As the other side sees it. Behind data a reset may look like an end, where the port has it from the system. */
    async function seen (ear: Ear, behindData = false): Promise<void> {
      if (!traits.resets || behindData) {
        await stage.until(() => ear.ended || ear.link.closed, 'the reset')
        if (!ear.link.closed) call(() => ear.link.write(text('anybody there?')))
      }
      await stage.until(() => ear.reason !== undefined, 'the reset')
      expect(ear.reason).to.equal('reset')
    }

    it('is seen by the other, and by nobody else', async () => {
      const [a, b] = await pair()
      call(() => { a.link.reset() })
      call(() => { a.link.reset() })
      expect(a.link.closed).to.equal(true)
      await seen(b)
      await stage.idle()
      expect(a.log).to.deep.equal([])
      expect(stage.ledger).to.deep.equal([])
    })

    it('is what disposing does', async () => {
      const [a, b] = await pair()
      a.link[Symbol.dispose]()
      await seen(b)
      expect(a.log).to.deep.equal([])
    })

    it('comes through a pause', async () => {
      const [a, b] = await pair()
      call(() => { b.link.pause() })
      call(() => { a.link.reset() })
      await stage.idle()
      if (!traits.watchesPaused) call(() => { b.link.resume() })
      await seen(b)
    })

    it('is told to whoever listens later', async () => {
      const [a, b] = await pair(false)
      call(() => { a.link.reset() })
      await stage.idle()
      b.attach()
      await seen(b)
    })

    it('of one\'s own silences even what has happened already', async () => {
      const [a, b] = await pair(false)
      call(() => a.link.write(text('x')))
      call(() => { a.link.reset() })
      await stage.idle()
      b.attach()
      call(() => { b.link.reset() })
      await stage.idle()
      expect(b.log).to.deep.equal([])
    })

    it('makes everything afterwards a no-op', async () => {
      const [a, b] = await pair()
      call(() => { a.link.reset() })
      await seen(b)
      for (const { link } of [a, b]) {
        call(() => {
          expect(link.write(text('x'))).to.equal(false)
          link.end()
          link.pause()
          link.resume()
          link.detach()
          link.attach({ onData: () => {}, onClose: () => {} })
          link.reset()
          link[Symbol.dispose]()
        })
        expect(link.bufferedBytes).to.equal(0)
      }
    })

    it('inside a callback is the last that is heard', async () => {
      const [a, b] = await pair()
      b.onData = () => { call(() => { b.link.reset() }) }
      call(() => a.link.write(pattern(1_000_000)))
      call(() => { a.link.end() })
      await stage.until(() => b.link.closed && a.link.closed)
      await stage.idle()
      expect(b.log).to.deep.equal(['data'])
      expect(a.reason).to.equal('reset')
    })

    it('does not wait for what could not be sent', async () => {
      const [a, b] = await pair()
      call(() => { b.link.pause() })
      await choke(a)
      call(() => { a.link.reset() })
      expect([a.link.closed, a.link.bufferedBytes]).to.deep.equal([true, 0])
      call(() => { b.link.resume() })
      await seen(b, true)
    })
  })

  describe('back-pressure', () => {
    it('stops the writer, who hears once of room', async () => {
      const [a, b] = await pair()
      call(() => { b.link.pause() })
      const written = await choke(a)
      expect(a.link.bytesWritten).to.equal(written)
      expect(a.link.bufferedBytes).to.be.within(1, written)
      expect(written).to.be.lessThan(flood)
      a.log.length = 0
      const atDrain: number[] = []
      a.onDrain = () => { atDrain.push(a.link.bufferedBytes) }
      const most = a.link.bufferedBytes
      call(() => { b.link.resume() })
      await stage.until(() => b.length === written)
      await stage.until(() => atDrain.length > 0)
      await stage.idle()
      expect(a.log).to.deep.equal(['drain'])
      expect(atDrain[0]! * 2).to.be.at.most(most)
    })

    it('tells of room to whoever listens by then', async () => {
      const [a, b] = await pair()
      call(() => { b.link.pause() })
      const written = fill(a)
      call(() => { a.link.detach() })
      call(() => { b.link.resume() })
      await stage.until(() => b.length === written)
      await stage.idle()
      expect(a.log).to.deep.equal([])
      const next = stage.ear(a.link)
      await stage.until(() => next.log.includes('drain'))
    })
  })

  it('keeps to all of it whatever its owners do', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = new SeededRandom(seed)
      const [a, b] = await pair()
      const written = new Map<Ear, number>([[a, 0], [b, 0]])
      const ended = new Set<Ear>()
      const check = (ear: Ear): void => {
        let place = 0
        ear.onData = bytes => {
          if (bytes.some((byte, i) => byte !== patternAt(place + i))) ear.faults.push(`seed ${seed}: wrong bytes at ${place}`)
          place += bytes.length
          if (random.int(4) === 0) call(() => { ear.link.pause() })
        }
      }
      check(a)
      check(b)
      for (let step = 0; step < 60; step++) {
        const ear = random.int(2) === 0 ? a : b
        const { link } = ear
        switch (random.int(7)) {
          case 0:
          case 1:
          case 2:
            if (ended.has(ear)) break
            call(() => link.write(pattern(1 + random.int(40_000), written.get(ear))))
            written.set(ear, link.bytesWritten)
            break
          case 3:
            call(() => { link.pause() })
            break
          case 4:
            call(() => { link.resume() })
            break
          case 5:
            await stage.world.turn()
            break
          default:
            if (step < 50) break
            ended.add(ear)
            call(() => { link.end() })
        }
      }
      for (const { link } of [a, b]) call(() => { link.end() })
      await stage.until(() => {
        for (const { link } of [a, b]) call(() => { link.resume() })
        return a.reason !== undefined && b.reason !== undefined
      }, `seed ${seed}: the close`)
      expect([a.reason, b.reason, a.length, b.length], `seed ${seed}`).to.deep.equal(['ended', 'ended', written.get(b), written.get(a)])
      expect([...a.faults, ...b.faults]).to.deep.equal([])
      expect(stage.ledger).to.deep.equal([])
    }
  })
}
