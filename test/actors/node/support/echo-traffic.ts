import type { Node, Stream } from '../../../../src/index.js'
import { SeededRandom } from '../../../../src/runtime/random.js'
import type { Target } from '../../../../src/actors/node/target.js'

/**
 * Echo streams that are never silent: each sends pieces of seeded bytes of odd sizes, and compares what comes back byte by
 * byte. Whatever else happens to the node must not show here.
 */
export class EchoTraffic {
  private readonly flows: Flow[]

  private constructor (flows: Flow[]) {
    this.flows = flows
  }

  static async over (node: Node, target: Target, count: number, seed: number): Promise<EchoTraffic> {
    const flows: Flow[] = []
    for (let at = 0; at < count; at++) flows.push(new Flow(await node.dialProtocol(target, '/echo/1.0.0'), seed + at))
    return new EchoTraffic(flows)
  }

  /** Resolves when each stream has echoed so many bytes more, rejects at the first wrong byte. */
  async verified (bytes: number): Promise<void> {
    await Promise.all(this.flows.map(flow => flow.until(flow.echoed + bytes)))
  }

  async stop (): Promise<number> {
    await Promise.all(this.flows.map(flow => flow.end()))
    return this.flows.reduce((sum, flow) => sum + flow.echoed, 0)
  }
}

class Flow {
  echoed = 0
  private readonly stream: Stream
  private readonly seed: number
  private readonly sizes: SeededRandom
  private sent = 0
  private readonly ended: Promise<void>
  private stopping = false

  constructor (stream: Stream, seed: number) {
    this.stream = stream
    this.seed = seed
    this.sizes = new SeededRandom(seed)
    this.ended = Promise.all([this.send(), this.receive()]).then(() => {})
    this.ended.catch(() => {})
  }

  async until (bytes: number): Promise<void> {
    while (this.echoed < bytes) {
      await Promise.race([this.ended.then(() => { throw new Error('the stream has ended') }), new Promise<void>(resolve => { this.moved.push(resolve) })])
    }
  }

  async end (): Promise<void> {
    this.stopping = true
    await this.ended
  }

  private readonly moved: Array<() => void> = []

  private async send (): Promise<void> {
    while (!this.stopping) {
      // A few pieces on the way at a time: the test looks at isolation, not at speed.
      const piece = new Uint8Array(1 + this.sizes.int(1400))
      for (let at = 0; at < piece.length; at++) piece[at] = this.byteAt(this.sent++)
      this.onTheWay += piece.length
      await this.stream.write(piece)
      while (this.onTheWay > 4096 && !this.stopping) await new Promise<void>(resolve => { this.moved.push(resolve) })
    }
    await this.stream.close()
  }

  private onTheWay = 0

  /** No two streams, and no two places of one, look alike for long. */
  private byteAt (index: number): number {
    return (Math.imul(index + this.seed, 0x9e37_79b1) >>> 11) & 0xff
  }

  private async receive (): Promise<void> {
    for await (const bytes of this.stream) {
      for (const byte of bytes) {
        const wanted = this.byteAt(this.echoed)
        if (byte !== wanted) throw new Error(`byte ${this.echoed} of stream ${this.stream.path} is ${byte}, not ${wanted}`)
        this.echoed++
      }
      this.onTheWay -= bytes.length
      for (const go of this.moved.splice(0)) go()
    }
  }
}
