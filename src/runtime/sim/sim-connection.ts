import { handOver } from '../io/hand-over.js'
import { formatAddress } from '../io/host-port.js'
import type { LinkSystem } from '../io/link-system.js'
import type { ConnectListener, LinkFailure } from '../io/raw-link.js'
import { exponential, hashText, mix } from '../random.js'
import type { SimHost } from './sim-host.js'
import type { SimLine } from './sim-line.js'
import { SimLink } from './sim-link.js'
import { SimPipe, type PipeEnds, type Segment } from './sim-pipe.js'
import { SimEvent, type SimScheduler } from './sim-scheduler.js'

/** What somebody who connects wants. */
export interface Connect {
  readonly system: LinkSystem
  readonly from: SimHost
  /** Null when no host has that address. */
  readonly to: SimHost | null
  /** As it was called. */
  readonly address: string
  readonly host: string
  readonly port: number
  readonly outcome: ConnectListener
  readonly timeoutMs: number
}

/**
 * One simulated connection, from the first packet to the last: opening as TCP does it, then two ends with a pipe each way.
 *
 *     dialer               acceptor
 *        --- syn --------->           somebody listens? else refused
 *        <------- syn-ack -
 *     open
 *        --- ack --------->
 *        --- data -------->           open
 *
 * All that is random about it is hashed from its name, and all its events are its own: what happens to other connections
 * does not change its history.
 */
export class SimConnection implements PipeEnds {
  /** `alice>bob#3`: the third time that alice connects to bob. */
  readonly name: string
  readonly hash: number
  silent = false
  readonly from: SimHost
  readonly to: SimHost | null
  private readonly scheduler: SimScheduler
  private readonly whenOver: () => void
  private readonly wish: Connect
  private readonly out: SimPipe
  private readonly back: SimPipe
  private readonly deadline: SimEvent
  private readonly breakage: SimEvent
  private readonly localPort: number
  private opening = true
  private ackUnderWay = false
  private dropped = false
  private dialer: SimLink | null = null
  private acceptor: SimLink | null = null

  constructor (scheduler: SimScheduler, seed: number, wish: Connect, there: SimLine, here: SimLine, whenOver: (connection: SimConnection) => void) {
    this.scheduler = scheduler
    this.wish = wish
    this.from = wish.from
    this.to = wish.to
    this.whenOver = () => { whenOver(this) }
    this.name = `${there.from}>${there.to}#${++there.connects}`
    this.hash = mix(seed, hashText(this.name))
    this.out = new SimPipe(scheduler, this, there, 0)
    this.back = new SimPipe(scheduler, this, here, 1)
    this.out.reverse = this.back
    this.back.reverse = this.out
    this.localPort = wish.from.takePort(this.hash)
    this.deadline = new SimEvent(this.out, () => { this.fail('timed-out') })
    this.breakage = new SimEvent(this.out, () => {
      this.dialer?.close('reset')
      this.acceptor?.close('reset')
    })
    scheduler.at(scheduler.now() + wish.timeoutMs, this.deadline)
    wish.system.handles.opened(this, `connecting ${this.name}, to ${wish.address}`)
    this.out.send('syn')
  }

  /** The open ends: that of the side which connected first. */
  get ends (): readonly SimLink[] {
    return [this.dialer, this.acceptor].filter(end => end !== null && !end.closed) as SimLink[]
  }

  /** Whoever wanted it gives up waiting. Without effect on a link that is open. */
  giveUp (): void {
    if (!this.opening) return
    this.stopOpening()
    this.finishIfOver()
  }

  // ---------------------------------------------------------------- what a scenario may do to it

  /** Something on the way breaks the link: what is on the way is lost, and both ends see a reset `afterMs` later. */
  break (afterMs = 0): void {
    if (this.dropped) return
    this.vanish()
    this.scheduler.at(this.scheduler.now() + afterMs, this.breakage)
  }

  /** Nothing gets through any more, in either direction, and nobody is told. */
  vanish (): void {
    this.silent = true
    this.out.blockedChanged()
    this.back.blockedChanged()
  }

  /** The machine of one side is down. */
  hostDown (host: SimHost): void {
    if (this.opening && host === this.from) this.stopOpening()
    if (host === this.from) this.dialer?.leave()
    if (host === this.to) this.acceptor?.leave()
    this.finishIfOver()
  }

  /** Forgets everything that is under way. Open ends stay counted as open: they have leaked. */
  drop (): void {
    if (this.dropped) return
    this.dropped = true
    this.scheduler.cancel(this.deadline)
    this.scheduler.cancel(this.breakage)
    this.out.dispose()
    this.back.dispose()
    this.wish.from.freePort(this.localPort)
    this.whenOver()
  }

  // ---------------------------------------------------------------- from the pipes

  arrived (pipe: SimPipe, segment: Segment): void {
    if (pipe === this.out) this.arrivedThere(segment)
    else this.arrivedHere(segment)
    this.finishIfOver()
  }

  departed (pipe: SimPipe): void {
    (pipe === this.out ? this.dialer : this.acceptor)?.departed()
  }

  gaveUp (pipe: SimPipe): void {
    (pipe === this.out ? this.dialer : this.acceptor)?.close('timed-out')
    this.finishIfOver()
  }

  lost (pipe: SimPipe, bits: number): void {
    const { lossAs, latencyMs } = pipe.line.shape
    if (this.silent) return
    if (lossAs === 'black-hole' || (lossAs === 'either' && (bits & 1) === 0)) this.vanish()
    // Somebody on the way has forgotten them, and takes some time to notice.
    else this.break(exponential(mix(bits, 1), 4 * latencyMs))
  }

  // ---------------------------------------------------------------- from the ends

  ended (): void {
    this.finishIfOver()
  }

  private arrivedThere (segment: Segment): void {
    const { to, wish } = this
    switch (segment.kind) {
      case 'syn':
        this.back.send(to === null ? 'unreachable' : to.listenerAt(wish.host, wish.port) === undefined ? 'refused' : 'syn-ack')
        return
      case 'ack':
        this.accept()
        return
      default:
        this.arrivedAt(this.acceptor, this.back, segment)
    }
  }

  private arrivedHere (segment: Segment): void {
    switch (segment.kind) {
      case 'syn-ack':
        this.open()
        return
      case 'refused':
      case 'unreachable':
        this.fail(segment.kind)
        return
      default:
        this.arrivedAt(this.dialer, this.out, segment)
    }
  }

  private arrivedAt (end: SimLink | null, answer: SimPipe, { kind, bytes, amount }: Segment): void {
    if (end === null || end.closed) {
      // No such connection, says the machine; but never in answer to the same.
      if (kind === 'data' || kind === 'fin') answer.send('reset')
      return
    }
    switch (kind) {
      case 'data':
        end.dataArrived(bytes!)
        return
      case 'fin':
        end.endArrived()
        return
      case 'credit':
        answer.credited(amount)
        return
      default:
        end.close('reset')
    }
  }

  /** The other side is there: for who connects the link is open. */
  private open (): void {
    if (!this.opening) return
    const { wish, scheduler, out, back } = this
    this.stopOpening()
    this.ackUnderWay = true
    out.send('ack')
    this.dialer = new SimLink(scheduler, this, wish.system, out, back, this.localAddress, wish.address)
    handOver(wish.system, this.dialer, wish.outcome.onLink)
  }

  private accept (): void {
    const { wish, scheduler, out, back } = this
    this.ackUnderWay = false
    const listener = this.to!.listenerAt(wish.host, wish.port)
    if (listener === undefined) {
      back.send('reset')
      return
    }
    this.acceptor = new SimLink(scheduler, this, listener.system, back, out, wish.address, this.localAddress)
    handOver(listener.system, this.acceptor, listener.listener.onLink)
  }

  private get localAddress (): string {
    const { from, host } = this.wish
    return formatAddress(from.addressToward(host), this.localPort)
  }

  private fail (code: LinkFailure['code']): void {
    const { wish } = this
    this.stopOpening()
    this.finishIfOver()
    wish.outcome.onFailure({ code, address: wish.address })
  }

  private stopOpening (): void {
    this.opening = false
    this.scheduler.cancel(this.deadline)
    this.wish.system.handles.closed(this)
  }

  /** Nobody is left who could see anything of it. */
  private finishIfOver (): void {
    const { dialer, acceptor } = this
    if (this.opening || (dialer !== null && !dialer.closed) || (acceptor !== null && !acceptor.closed)) return
    // The dialer has closed already, but its `ack` may still open the other end.
    if (this.ackUnderWay && this.out.inFlight > 0 && !this.silent) return
    this.drop()
  }
}
