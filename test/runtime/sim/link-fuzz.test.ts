/** Random operations on links over bad lines, against what must always hold. */
import { expect } from 'chai'
import { SeededRandom } from '../../../src/runtime/random.js'
import type { LinkListener, RawLink } from '../../../src/runtime/io/raw-link.js'
import type { LinkShape } from '../../../src/runtime/sim/link-shape.js'
import { SimWorld } from '../../../src/runtime/sim/sim-world.js'

/**
 * One end under test, and what is known of it. Every byte that one end ever writes is the next of a sequence, so whether
 * what arrives is a prefix of what was sent shows in each byte.
 */
class Fuzzed {
  sent = 0
  got = 0
  /** In the order of happening: what may come after what is checked at once. */
  ended = false
  closed: string | undefined
  weEnded = false
  weReset = false
  vanished = false
  other!: Fuzzed
  waitsForRoom = false
  private readonly fail: (what: string) => never
  readonly link: RawLink
  paused = false
  attached = false
  calling = false

  constructor (link: RawLink, fail: (what: string) => never) {
    this.link = link
    this.fail = fail
    this.attach()
  }

  /** Does something to the link; no callback may come meanwhile. */
  call (act: (link: RawLink) => void): void {
    const { calling } = this
    this.calling = true
    act(this.link)
    this.calling = calling
  }

  attach (): void {
    this.attached = true
    this.call(link => { link.attach(this.listener) })
  }

  write (length: number): void {
    const bytes = Uint8Array.from({ length }, (_, i) => (this.sent + i) % 251)
    const { closed } = this.link
    this.call(link => {
      const before = link.bytesWritten
      const room = link.write(bytes)
      if (link.bytesWritten - before !== (closed ? 0 : length)) this.fail('counts what it was given')
      if (closed && room) this.fail('a closed link has no room')
      if (!room && !closed) this.waitsForRoom = true
    })
    if (!closed) this.sent += length
  }

  readonly listener: LinkListener = {
    onData: bytes => {
      this.check('data')
      if (this.ended) this.fail('no data behind the end')
      if (this.paused) this.fail('no data while paused')
      for (const byte of bytes) if (byte !== this.got++ % 251) this.fail(`byte ${this.got - 1} is not what was sent`)
      if (bytes.length === 0) this.fail('a piece has a length')
      if (this.got > this.other.sent) this.fail('no more arrives than was sent')
      if (this.link.bytesRead !== this.got) this.fail('counts what it gives')
    },
    onEnd: () => {
      this.check('end')
      if (this.ended || this.paused) this.fail('ends once, and not while paused')
      if (!this.other.weEnded || this.got !== this.other.sent) this.fail('ends behind all data')
      this.ended = true
    },
    onDrain: () => {
      this.check('drain')
      if (!this.waitsForRoom) this.fail('tells of room only to who waits')
      this.waitsForRoom = false
    },
    onClose: reason => {
      this.check('close')
      if (!this.link.closed) this.fail('is closed when it says so')
      if (reason === 'ended' && !(this.weEnded && this.ended)) this.fail('has ended when both have')
      this.closed = reason
    }
  }

  private check (what: string): void {
    if (this.calling) this.fail(`no ${what} in the stack of a call`)
    if (!this.attached) this.fail(`no ${what} while nobody listens`)
    if (this.closed !== undefined) this.fail(`no ${what} after the close`)
    if (this.weReset || this.vanished) this.fail(`no ${what} after our reset`)
  }
}

const shapes: ReadonlyArray<Partial<LinkShape>> = [
  {},
  { latencyMs: 0.5, jitterMs: 20, splits: true, maxChunkBytes: 50 },
  { latencyMs: 3, bytesPerSecond: 20_000, windowBytes: 300, highWaterMarkBytes: 200, lends: true },
  { latencyMs: 2, jitterMs: 1, bytesPerSecond: 100_000, splits: true, windowBytes: 64, highWaterMarkBytes: 0, maxChunkBytes: 33 },
  { latencyMs: 10, lossOfLink: 0.02, timeoutMs: 3000, windowBytes: 1000 }
]

async function fuzz (seed: number): Promise<{ readonly ends: readonly Fuzzed[], readonly log: string }> {
  const random = new SeededRandom(seed)
  const world = new SimWorld({ seed })
  const { network } = world
  const fail = (what: string): never => { throw new Error(`seed ${seed}, at ${world.now()} ms: ${what}`) }
  network.shapeAll(shapes[random.int(shapes.length)]!)
  const [alice, bob] = [world.system({ name: 'alice' }), world.system({ name: 'bob' })]
  const ends: Fuzzed[] = []
  const trail: string[] = []
  const take = (link: RawLink): Fuzzed => {
    const end = new Fuzzed(link, fail)
    ends.push(end)
    return end
  }
  const listener = network.port(bob).listen('bob:1', { onLink: take, onFailure: () => {} })
  const links = 1 + random.int(3)
  for (let i = 0; i < links; i++) {
    network.port(alice).connect('bob:1', { onLink: take, onFailure: () => {} })
    await world.run(100)
  }
  // By the way they were made: the dialer's end, the other, the next dialer's.
  for (let i = 0; i + 1 < ends.length; i += 2) {
    ends[i]!.other = ends[i + 1]!
    ends[i + 1]!.other = ends[i]!
  }
  const operations = 30 + random.int(100)
  for (let i = 0; i < operations; i++) {
    const end = ends[random.int(ends.length)]!
    const { link } = end
    const connection = network.connections().find(other => other.ends.includes(link as never))
    const roll = random.int(100)
    trail.push(`${world.now()} ${roll}`)
    if (roll < 50) {
      if (!end.weEnded) end.write(random.int(roll < 5 ? 5000 : 100))
    } else if (roll < 60) {
      end.paused = true
      link.pause()
    } else if (roll < 75) {
      end.paused = false
      end.call(() => { link.resume() })
    } else if (roll < 79) {
      end.attached = false
      link.detach()
    } else if (roll < 86) end.attach()
    else if (roll < 89) {
      if (!link.closed) end.weEnded = true
      end.call(() => { link.end() })
    } else if (roll === 90) {
      end.weReset = true
      end.call(() => { link.reset() })
    } else if (roll === 91) {
      end.vanished = true
      end.call(() => { (link as unknown as { vanish: () => void }).vanish() })
    } else if (roll === 92) connection?.break(random.int(10))
    else if (roll < 95) network.partition(['alice'], ['bob'])
    else if (roll < 98) network.heal()
    else if (roll === 98) connection?.vanish()
    await world.run(random.int(4) === 0 ? random.int(300) : random.next() * 3)
  }
  // From here on everybody does what is right: heals, reads on, ends.
  network.heal()
  for (const end of ends) {
    end.paused = false
    end.attach()
    end.call(link => { link.resume() })
    if (end.weEnded || end.link.closed) continue
    end.weEnded = true
    end.call(link => { link.end() })
  }
  await world.settle()
  for (const end of ends) {
    // Only an end whose other is gone without a word may still be there: nothing that it sends is waited for any more.
    const open = !end.link.closed
    if (open && !end.other.link.closed) fail('a link on which both have ended closes')
    if (!open && end.closed === undefined && !end.weReset && !end.vanished) fail('whoever did not close it is told that it closed')
    if (end.closed === 'ended' && end.other.closed === 'ended' && end.got !== end.other.sent) fail('a link that ended well has lost nothing')
    end.call(link => { link.reset() })
  }
  listener[Symbol.dispose]()
  await world.stop()
  if (alice.handles.size + bob.handles.size > 0) fail(`open: ${[...alice.handles.labels(), ...bob.handles.labels()].join()}`)
  if (network.connections().length > 0) fail('no connection is left')
  if (world.scheduler.nextAt !== Infinity) fail('nothing is left to happen')
  return { ends, log: [...trail, ...ends.map(({ sent, got, closed }) => `${sent} ${got} ${closed}`)].join('\n') }
}

describe('simulated link, at random', () => {
  const seeds = 250

  it(`keeps its word, whatever is done to it, and closes (${seeds} seeds)`, async () => {
    const reasons = new Map<string, number>()
    let bytes = 0
    for (let seed = 1; seed <= seeds; seed++) {
      const { ends } = await fuzz(seed)
      for (const { closed = 'by us', got } of ends) {
        reasons.set(closed, (reasons.get(closed) ?? 0) + 1)
        bytes += got
      }
    }
    // The test is worth something when all of it happens.
    expect(bytes).to.be.greaterThan(100_000)
    expect([...reasons.keys()].sort()).to.deep.equal(['by us', 'ended', 'reset', 'timed-out'])
    for (const count of reasons.values()) expect(count).to.be.greaterThan(10)
  })

  it('does the same for the same seed', async () => {
    for (let seed = 1; seed <= 20; seed++) expect((await fuzz(seed)).log, `seed ${seed}`).to.equal((await fuzz(seed)).log)
  })
})
