/**
 * The traffic of the campaigns: echo and perf streams that are never silent, each checked byte by byte and by hash, and opened
 * anew whenever one has ended. Runs in the process of the node under test and in those of its peers alike.
 */
import { createHash } from 'node:crypto'
import type { Node, Stream } from '../../../src/index.js'
import type { Target } from '../../../src/actors/node/target.js'
import { encodePerfHeader } from '../../../src/messages/wire/perf.js'
import { SeededRandom } from '../../../src/runtime/random.js'
import { clock, pause } from './turns.js'

export type FlowKind = 'echo' | 'perf'

/** What became of a stream that did not end in order. JSON-safe. */
export interface FlowNews {
  /** `unopened`: there never was a stream. `lost`: it failed on the way. `wrong`: what came was not what had been sent. */
  readonly type: 'unopened' | 'lost' | 'wrong'
  readonly kind: FlowKind
  /** Of the stream's actor, here. Empty when there is none. */
  readonly path: string
  /** Both ends can say it: see `streamKey`. */
  readonly key: string
  /** When it was asked for, and when it failed: see `clock`. */
  readonly since: number
  readonly until: number
  readonly code: string
  readonly text: string
}

/** JSON-safe. */
export interface FlowTotals {
  /** Echoed and compared, or counted and compared with zeros. */
  readonly bytes: number
  /** Of those, in streams that went to their end: both hashes were equal. */
  readonly bytesHashed: number
  /** Streams that went to their end. */
  readonly ended: number
  readonly lost: number
  readonly unopened: number
}

/** A stream by what both ends know of it: the addresses of its connection, and its number on that. */
export function streamKey (node: Node, stream: Stream): string {
  const connection = node.getConnections(stream.peer).find(({ path }) => path === stream.connection)
  if (connection === undefined) return ''
  const bare = (address: typeof connection.remoteAddr): string => (address.withoutPeer() ?? address).toString()
  return [...[bare(connection.localAddr), bare(connection.remoteAddr)].sort(), stream.id].join(' ')
}

const patternBytes = 65_536
/** What came is not what was sent: never an outcome that anything may explain. */
class WrongBytes extends Error {}

export class Flows {
  /** Streams that are open now, with bytes going both ways. */
  live = 0
  private readonly node: Node
  private readonly tell: (news: FlowNews) => void
  private readonly pattern: Buffer
  private readonly random: SeededRandom
  private readonly mostPause: number
  private readonly totals = { bytes: 0, bytesHashed: 0, ended: 0, lost: 0, unopened: 0 }
  private stopping = false
  private slots: Array<Promise<void>> = []

  /** @param mostPause between two pieces of a stream, in milliseconds. Without any the loop would be so full that nothing else got a turn in time */
  constructor (node: Node, seed: number, mostPause: number, tell: (news: FlowNews) => void) {
    this.node = node
    this.mostPause = mostPause
    this.tell = tell
    this.random = new SeededRandom(seed)
    const once = Buffer.from(Uint8Array.from({ length: patternBytes }, () => this.random.int(256)))
    // Twice, so that a piece from anywhere is one view.
    this.pattern = Buffer.concat([once, once])
  }

  /** Verified so far. */
  get bytes (): number {
    return this.totals.bytes
  }

  /** From now on there is such a stream to the target, over and over again. */
  keep (target: Target, kind: FlowKind): void {
    this.slots.push(this.slot(target, kind, new SeededRandom(this.random.int(2 ** 31))))
  }

  /** Lets those that are open end in order; the totals since the last time. */
  async stop (): Promise<FlowTotals> {
    this.stopping = true
    await Promise.all(this.slots.splice(0))
    this.stopping = false
    const totals = { ...this.totals }
    Object.assign(this.totals, { bytes: 0, bytesHashed: 0, ended: 0, lost: 0, unopened: 0 })
    return totals
  }

  private async slot (target: Target, kind: FlowKind, random: SeededRandom): Promise<void> {
    while (!this.stopping) {
      let stream: Stream
      const since = clock()
      const failed = (type: FlowNews['type'], path: string, key: string, error: unknown): void => {
        const { code = '', message: text } = error as Error & { readonly code?: string }
        this.tell({ type, kind, path, key, since, until: clock(), code, text })
      }
      try {
        // What falls is restored at once: who leaves an address alone for minutes because its node was being killed makes no traffic.
        stream = await this.node.dialProtocol(target, `/${kind}/1.0.0`, { negotiate: 'eager', ignoreBackoff: true })
      } catch (error) {
        this.totals.unopened++
        failed('unopened', '', '', error)
        // Hundreds that try without a pause would be an attack, and take the processor from those who restore what fell.
        await pause(10 + random.int(200))
        continue
      }
      const { path } = stream
      const key = streamKey(this.node, stream)
      this.live++
      let fell = false
      try {
        if (kind === 'echo') await this.echo(stream, random)
        else await this.perf(stream, random)
        this.totals.ended++
      } catch (error) {
        fell = true
        this.totals.lost++
        failed(error instanceof WrongBytes ? 'wrong' : 'lost', path, key, error)
      }
      this.live--
      // Else both sides of each pair would dial in the same moment, and all pairs.
      if (fell) await this.rest(random, 200)
    }
  }

  private async echo (stream: Stream, random: SeededRandom): Promise<void> {
    const sent = createHash('sha256')
    const back = createHash('sha256')
    const total = 5000 + random.int(50_000)
    let at = random.int(patternBytes)
    let done = 0
    while (done < total && !this.stopping) {
      const piece = this.pattern.subarray(at, at + 1 + random.int(random.int(20) === 0 ? 40_000 : 4000))
      sent.update(piece)
      const [bytes] = await Promise.all([stream.readExactly(piece.length), stream.write(Uint8Array.from(piece))])
      if (piece.compare(bytes) !== 0) throw new WrongBytes(`of ${piece.length} bytes from ${done} on some came back otherwise`)
      back.update(bytes)
      done += piece.length
      this.totals.bytes += piece.length
      at = (at + piece.length) % patternBytes
      await this.rest(random)
    }
    await stream.close()
    if (await stream.read() !== null) throw new WrongBytes('more came back than was sent')
    if (!sent.digest().equals(back.digest())) throw new WrongBytes('the hash of what came back is another')
    this.totals.bytesHashed += done
  }

  /** Nobody waits for one that is to end. */
  private async rest (random: SeededRandom, most = this.mostPause): Promise<void> {
    if (!this.stopping) await pause(random.int(most))
  }

  private async perf (stream: Stream, random: SeededRandom): Promise<void> {
    const wanted = 10_000 + random.int(200_000)
    await stream.write(encodePerfHeader(wanted))
    for (let left = random.int(40_000); left > 0; left -= 2000) {
      await stream.write(new Uint8Array(Math.min(left, 2000)))
      await this.rest(random)
    }
    await stream.close()
    const back = createHash('sha256')
    let done = 0
    for await (const bytes of stream) {
      back.update(bytes)
      done += bytes.length
      this.totals.bytes += bytes.length
      await this.rest(random)
    }
    if (done !== wanted) throw new WrongBytes(`${done} bytes came of ${wanted}`)
    if (!back.digest().equals(createHash('sha256').update(new Uint8Array(wanted)).digest())) throw new WrongBytes('the hash of what came is another')
    this.totals.bytesHashed += done
  }
}
