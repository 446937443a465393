import { expect } from 'chai'
import { ByteQueue } from '../../../src/runtime/bytes/byte-queue.js'
import { hold, holdForGood, letGo } from '../../../src/runtime/bytes/give-back.js'
import { SeededRandom } from '../../../src/runtime/random.js'
import { expectBytes } from '../../core/support/recorder.js'

/** Bytes that tell where in the stream they stand. */
function stretch (from: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = (from + i) * 31 + ((from + i) >> 8)
  return bytes
}

describe('ByteQueue', () => {
  it('gives views out as they came in, without copying', () => {
    const queue = new ByteQueue()
    const one = stretch(0, 10)
    const two = stretch(10, 5)
    queue.push(one)
    queue.push(two)
    expect(queue.length).to.equal(15)
    expect(queue.shift()).to.equal(one)
    expect(queue.shift(3)?.buffer).to.equal(two.buffer)
    expect(queue.shift()).to.deep.equal(two.subarray(3))
    expect(queue.shift()).to.equal(undefined)
    expect(queue.length).to.equal(0)
  })

  it('does not keep empty views', () => {
    const queue = new ByteQueue()
    queue.push(new Uint8Array(0))
    queue.keep(stretch(0, 4), 2, 2)
    queue.copyIn(stretch(0, 4), 4, 4)
    expect(queue.shift()).to.equal(undefined)
  })

  it('makes one piece of many small ones that wait', () => {
    const queue = new ByteQueue()
    const frame = stretch(0, 65_519)
    for (let at = 0; at < 6400; at += 64) queue.keep(frame, at, at + 64)
    const first = queue.shift()!
    expect(first.length).to.be.at.least(64)
    expect(first.buffer).to.not.equal(frame.buffer)
    let got = first.length
    for (let pieces = 1, piece = queue.shift(); piece !== undefined; piece = queue.shift(), pieces++) {
      got += piece.length
      expect(pieces).to.be.lessThan(8)
    }
    expect(got).to.equal(6400)
  })

  it('keeps large pieces as views, and copies what would keep a far larger buffer alive', () => {
    const frame = stretch(0, 65_519)
    const queue = new ByteQueue()
    queue.keep(frame, 0, 32_768)
    queue.keep(frame, 32_768, 33_792)
    expect(queue.shift()?.buffer).to.equal(frame.buffer)
    const small = queue.shift()!
    expect(small).to.deep.equal(frame.subarray(32_768, 33_792))
    expect(small.buffer).to.not.equal(frame.buffer)
  })

  it('holds no memory once it is empty', () => {
    const queue = new ByteQueue()
    queue.copyIn(stretch(0, 100), 0, 100)
    queue.push(stretch(100, 2000))
    queue.shift()
    queue.shift()
    expect((queue as unknown as { slab: unknown }).slab).to.equal(null)
    queue.copyIn(stretch(0, 100), 0, 100)
    queue.shift(40)
    queue.shift()
    expect((queue as unknown as { slab: unknown }).slab).to.equal(null)
  })

  it('gives back a buffer when all views of it are copied out, and nobody else holds it', () => {
    const large = 8192
    const target = new Uint8Array(3000)
    /** What is left of a buffer, and whether it was freed: forty others go back behind it. */
    const left = (act: (queue: ByteQueue, bytes: Uint8Array) => void): number => {
      const queue = new ByteQueue()
      const { buffer } = stretch(0, large)
      act(queue, new Uint8Array(buffer))
      while (queue.copyOut(target) > 0);
      for (let i = 0; i < 40; i++) {
        queue.keep(stretch(0, large), 0, large, true)
        while (queue.copyOut(target) > 0);
      }
      return buffer.byteLength
    }
    expect(left((queue, bytes) => { queue.keep(bytes, 12, large, true) }), 'one').to.equal(0)
    expect(left((queue, bytes) => {
      queue.keep(bytes, 12, 4000, true)
      queue.keep(bytes, 4012, large, true)
    }), 'two').to.equal(0)
    expect(left((queue, bytes) => {
      queue.keep(bytes, 0, 100, true)
      queue.keep(bytes, 100, large, true)
    }), 'one, and one that was copied in').to.equal(0)
    expect(left((queue, bytes) => {
      queue.keep(bytes, 0, large, true)
      queue.copyOut(new Uint8Array(10))
    }), 'one, bit by bit').to.equal(0)
    expect(left((queue, bytes) => {
      queue.keep(bytes, 0, 4000, true)
      new ByteQueue().keep(bytes, 4000, large, true)
    }), 'two, of which one still waits elsewhere').to.equal(large)
    expect(left((queue, bytes) => {
      queue.keep(bytes, 0, large, true)
      holdForGood(bytes.buffer)
    }), 'one that was handed out').to.equal(large)
    expect(left((queue, bytes) => {
      hold(bytes.buffer)
      queue.keep(bytes, 0, large, true)
    }), 'one, of a buffer that is still being cut up').to.equal(large)
    expect(left((_, bytes) => {
      hold(bytes.buffer)
      letGo(bytes.buffer)
    }), 'none').to.equal(0)
    expect(left((queue, bytes) => { queue.keep(bytes, 0, large) }), 'one that was not held').to.equal(large)
    expect(left((queue, bytes) => { queue.push(bytes) }), 'one of somebody else').to.equal(large)
  })

  it('gives every byte once and in order, whatever is done to it', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new SeededRandom(seed)
      const queue = new ByteQueue()
      let written = 0
      let read = 0
      const take = (piece: Uint8Array | undefined): void => {
        if (piece === undefined) expect(queue.length, `seed ${seed}`).to.equal(0)
        else {
          expectBytes(piece, stretch(read, piece.length), `seed ${seed}`)
          read += piece.length
        }
      }
      for (let step = 0; step < 400; step++) {
        const size = Math.floor(4000 * random.next() ** 6)
        switch (random.int(7)) {
          case 0: queue.push(stretch(written, size)); written += size; break
          case 1: case 2: {
            // A part of a larger buffer.
            const before = random.int(200)
            const buffer = stretch(written - before, before + size + random.int(20_000))
            queue.keep(buffer, before, before + size)
            written += size
            break
          }
          case 3: {
            const lent = stretch(written, size)
            queue.copyIn(lent, 0, size)
            lent.fill(0)
            written += size
            break
          }
          case 4: take(queue.shift()); break
          case 5: {
            const target = new Uint8Array(1 + random.int(8000))
            const length = Math.min(target.length, queue.length)
            const copied = queue.copyOut(target)
            expect(copied, `seed ${seed}`).to.equal(length)
            if (copied > 0) take(target.subarray(0, copied))
            break
          }
          default: take(queue.shift(1 + random.int(600)))
        }
        expect(queue.length, `seed ${seed}`).to.equal(written - read)
      }
      if (seed % 3 === 0) {
        expect(queue.clear()).to.equal(written - read)
        expect(queue.shift()).to.equal(undefined)
      } else {
        while (queue.length > 0) take(queue.shift())
        take(queue.shift())
      }
    }
  })
})
