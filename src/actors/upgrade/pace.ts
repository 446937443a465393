/**
 * Traffic shaping: how many bytes a second a peer may send us, and we may send it, over all connections with it together. Who sends
 * faster is read later, so the network itself holds him back; what we send waits in the buffers, where writers see it.
 *
 * Bytes are those of the link, so with all that security and muxer add. A read or a frame may go into debt; the debt is waited for, so
 * the rate holds over any time that is long against one of these.
 */
import type { PeerId } from '../../messages/value/peer-id.js'
import { TokenBucket } from '../../runtime/bytes/token-bucket.js'
import type { Link } from '../contract/link.js'
import type { MuxedLinkOwner } from '../contract/muxed-link.js'

/** Each can be given alone; what is left out is not shaped. */
export interface PeerRates {
  /** Bytes a second from one peer. */
  readonly in?: number
  /** Bytes a second to one peer. */
  readonly out?: number
}

/** At once, as a share of a second: long against the turns of a node, and too short for anybody to gain by it. */
const burstSeconds = 0.1

/** What all connections of a peer share. */
interface PeerPace {
  readonly in: TokenBucket | undefined
  readonly out: TokenBucket | undefined
  users: number
}

/** Of a node: the peers that are connected. */
export class PeerPaces {
  private readonly rates: PeerRates
  private readonly peers = new Map<string, PeerPace>()

  constructor (rates: PeerRates) {
    this.rates = rates
  }

  get size (): number {
    return this.peers.size
  }

  /** For one connection; to be disposed with it. */
  of (peer: PeerId): Pace {
    const key = peer.toString()
    const shared = this.peers.get(key) ?? { in: bucketOf(this.rates.in), out: bucketOf(this.rates.out), users: 0 }
    this.peers.set(key, shared)
    shared.users++
    return new Pace(shared, () => {
      if (--shared.users === 0) this.peers.delete(key)
    })
  }
}

function bucketOf (rate: number | undefined): TokenBucket | undefined {
  return rate === undefined || rate === Infinity ? undefined : new TokenBucket(rate, rate * burstSeconds)
}

/** The pace of one connection: pauses its reading, and says when it may write. */
export class Pace implements Disposable {
  /** The link is not read, to pay for what was. */
  reading = true
  private readonly shared: PeerPace
  private readonly done: () => void
  private link: Link | null = null
  private owner: Pick<MuxedLinkOwner, 'alarm' | 'now'> | null = null
  private readAgain = (): void => {}
  private writeAgain = (): void => {}
  private paidFor = 0
  private readAlarm: Disposable | null = null
  private writeAlarm: Disposable | null = null
  private over = false

  constructor (shared: PeerPace, done: () => void) {
    this.shared = shared
    this.done = done
  }

  /** Called within the owner's guard when it may read, or write, again. */
  attach (link: Link, owner: Pick<MuxedLinkOwner, 'alarm' | 'now'>, readAgain: () => void, writeAgain: () => void): void {
    this.link = link
    this.owner = owner
    this.readAgain = readAgain
    this.writeAgain = writeAgain
    this.paidFor = link.bytesWritten
  }

  /** So much is best written at a time: a twentieth of a second, so that one frame is no pause that anybody would notice. */
  get roomBytes (): number {
    return this.shared.out === undefined ? Infinity : Math.max(1024, this.shared.out.perSecond / 20)
  }

  /** So many bytes have come. The link may be paused behind them. */
  read (bytes: number): void {
    const { in: bucket } = this.shared
    if (bucket === undefined || this.owner === null) return
    this.holdRead(bucket.spend(bytes, this.owner.now()))
  }

  /** Whether anything may be written now; if not, `writeAgain` is called when it may. What was written since is paid for. */
  mayWrite (): boolean {
    const { out: bucket } = this.shared
    if (bucket === undefined || this.owner === null || this.link === null) return true
    const { bytesWritten } = this.link
    const wait = bucket.spend(bytesWritten - this.paidFor, this.owner.now())
    this.paidFor = bytesWritten
    if (wait === 0) return true
    this.writeAlarm ??= this.owner.alarm(wait, () => {
      this.writeAlarm = null
      this.writeAgain()
    })
    return false
  }

  private holdRead (wait: number): void {
    if (wait === 0 || this.readAlarm !== null || this.link === null || this.owner === null) return
    this.reading = false
    this.link.pause()
    this.readAlarm = this.owner.alarm(wait, () => {
      this.readAlarm = null
      this.reading = true
      // Another connection of the peer may have spent meanwhile.
      this.read(0)
      if (this.reading) this.readAgain()
    })
  }

  [Symbol.dispose] (): void {
    if (this.over) return
    this.over = true
    this.readAlarm?.[Symbol.dispose]()
    this.writeAlarm?.[Symbol.dispose]()
    this.reading = true
    this.owner = null
    this.done()
  }
}
