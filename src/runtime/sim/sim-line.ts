import { defaultShape, type LinkShape } from './link-shape.js'

/** What a line tells those that send over it. */
interface Sender {
  /** Whether anything can get through has changed. */
  blockedChanged (): void
}

/** The way from one host to another; the way back is a line of its own. */
export class SimLine {
  readonly from: string
  readonly to: string
  /** Nothing gets through. */
  blocked = false
  partitioned = false
  shape: LinkShape = defaultShape
  /** What was said of this line in particular. */
  own: Partial<LinkShape> = {}
  /** Connects so far. */
  connects = 0
  readonly senders = new Set<Sender>()

  constructor (from: string, to: string) {
    this.from = from
    this.to = to
  }

  setBlocked (blocked: boolean): void {
    if (this.blocked === blocked) return
    this.blocked = blocked
    for (const sender of [...this.senders]) sender.blockedChanged()
  }
}
