/**
 * The negotiation of one stream: stands as a tap before the stream's reader, and is gone when it is over.
 *
 * What it answers with goes into the same buffer as everything else, so that ACK, answer and first data leave together.
 */
import type { ErrorCode } from '../../messages/errors.js'
import type { Failure } from '../../messages/failure.js'
import type { NegotiationCore, NegotiationEvent } from '../contract/negotiation.js'
import type { PathOut } from '../contract/core.js'
import type { StreamBuffer, StreamTap } from '../contract/stream-buffer.js'

interface Clock {
  readonly now: () => number
}

export interface NegotiationListener {
  /** Once. Not `confirmed`: it may be refused still, which is told to `onFailed`. */
  readonly onSelected: (protocol: string, confirmed: boolean) => void
  readonly onConfirmed: () => void
  /** The last call. */
  readonly onFailed: (failure: Failure) => void
}

export class StreamNegotiation implements StreamTap, PathOut<NegotiationEvent> {
  private readonly core: NegotiationCore
  private readonly buffer: StreamBuffer
  private readonly listener: NegotiationListener
  private readonly clock: Clock
  private rest: Uint8Array | undefined
  private failure: Failure | undefined
  private told = false

  constructor (core: NegotiationCore, buffer: StreamBuffer, clock: Clock, listener: NegotiationListener) {
    this.core = core
    this.buffer = buffer
    this.clock = clock
    this.listener = listener
  }

  /** Proposes. A lazy one is selected at once. */
  propose (): void {
    this.core.command(start, this.clock.now(), this)
  }

  /** Sends our greeting, if nothing has come yet that was answered with it. */
  greet (): void {
    if (this.waiting) this.core.command(start, this.clock.now(), this)
  }

  /** It needs more of the remote. */
  get waiting (): boolean {
    return !this.told && this.core.waiting
  }

  /** The deadline may be over. */
  expire (): void {
    this.core.expire(this.clock.now(), this)
    this.tellFailure()
  }

  // ---------------------------------------------------------------- the tap

  onBytes (bytes: Uint8Array): void {
    this.core.feed(bytes, this.clock.now(), this)
    if (this.core.failed === undefined && !this.core.waiting) this.buffer.untap(this.rest)
    this.tellFailure()
  }

  onEnd (): void {
    if (!this.waiting) return
    this.fail('stream/negotiation-failed', 'the remote ended the stream before a protocol was agreed upon')
    this.tellFailure()
  }

  // ---------------------------------------------------------------- what the core wants

  write (bytes: Uint8Array): void {
    void this.buffer.write(bytes)
  }

  lend (bytes: Uint8Array): void {
    void this.buffer.write(bytes.slice())
  }

  emit (event: NegotiationEvent): void {
    if (event.type === 'multistream.selected') this.listener.onSelected(event.protocol, event.confirmed)
    else if (event.type === 'multistream.confirmed') this.listener.onConfirmed()
  }

  deliver (bytes: Uint8Array): void {
    this.rest = bytes
  }

  fail (code: ErrorCode, text: string): void {
    this.failure = { code, detail: text }
  }

  /** Behind the core's call, so that whoever hears it may end the stream. */
  private tellFailure (): void {
    const { failure } = this
    if (failure === undefined || this.told) return
    this.told = true
    this.listener.onFailed(failure)
  }
}

const start = { type: 'start' } as const
