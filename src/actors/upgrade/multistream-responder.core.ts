/**
 * multistream-select 1.0, the side that answers (libp2p/specs connections/README.md "multistream-select").
 *
 *               header           proposal that we speak
 *     greeting --------> choosing ---------------------> done, the rest is delivered
 *                          |  ^
 *                          +--+ any other: na; ls: the list
 *
 * Our own header goes out with `start`, or else with the first answer. Header, proposal and first data may come in one
 * piece (0-RTT).
 *
 * Invariants: one answer for each proposal, in order; every byte behind the accepted token is delivered, exactly once; at
 * most `maxRounds` proposals are answered, a list counting as many as it has entries. Delivered memory is what `feed` was given.
 */
import type { ErrorCode } from '../../messages/errors.js'
import { DecodeFailure } from '../../messages/wire/failure.js'
import { decodeToken, encodeList, encodeToken, ls, maxTokenBytes, multistreamProtocol, na } from '../../messages/wire/multistream.js'
import type { PathOut } from '../contract/core.js'
import type { NegotiationCore, NegotiationEvent } from '../contract/negotiation.js'
import { shown, type StartCommand } from './multistream-initiator.core.js'
import { failureCodes, headerBytes, headerToken, type Purpose } from './multistream.js'
import { TokenReader } from './token-reader.core.js'

export interface ResponderOptions {
  readonly purpose: Purpose
  readonly speaks: (protocol: string) => boolean
  /** For `ls`. */
  readonly list: () => readonly string[]
  /** When it must be done, in the milliseconds of `now`. */
  readonly deadline: number
  /** Proposals and lists before it is enough. Default 1,000, the most ids that rust offers. Limits: proposals without end. */
  readonly maxRounds?: number
}

type Out = PathOut<NegotiationEvent>

export class MultistreamResponderCore implements NegotiationCore {
  failed: ErrorCode | undefined
  private readonly options: ResponderOptions
  private readonly tokens = new TokenReader()
  private state: 'greeting' | 'choosing' | 'done' = 'greeting'
  private greeted = false
  private rounds = 0

  constructor (options: ResponderOptions) {
    this.options = options
  }

  /** Whether it is still being negotiated. */
  get waiting (): boolean {
    return this.state !== 'done' && this.failed === undefined
  }

  get bufferedBound (): number {
    return this.longestToken + 2
  }

  get bufferedBytes (): number {
    return this.waiting ? this.tokens.bufferedBytes : 0
  }

  command (_start: StartCommand, _now: number, out: Out): void {
    if (this.failed === undefined) this.greet(out)
  }

  feed (bytes: Uint8Array, _now: number, out: Out): void {
    if (this.failed !== undefined) return
    if (this.state === 'done') return out.deliver(bytes)
    this.tokens.feed(bytes)
    while (this.waiting) {
      const body = this.tokens.next(this.longestToken)
      if (body === undefined) return
      if (body instanceof DecodeFailure) return this.malformed(body.toString(), out)
      this.take(body, out)
    }
    if (this.failed === undefined) this.handOver(out)
  }

  nextTimeout (): number {
    return this.waiting ? this.options.deadline : Infinity
  }

  expire (now: number, out: Out): void {
    if (now >= this.nextTimeout()) this.fail(failureCodes[this.options.purpose].timeout, `waiting for ${this.state === 'greeting' ? 'the header' : 'a proposal'}`, out)
  }

  private get longestToken (): number {
    return this.state === 'greeting' ? headerBytes : maxTokenBytes
  }

  private take (body: Uint8Array, out: Out): void {
    const text = decodeToken(body)
    if (text instanceof DecodeFailure) return this.malformed(text.toString(), out)
    if (this.state === 'greeting') {
      if (text !== multistreamProtocol) return this.malformed(`'${shown(text)}' instead of the header`, out)
      this.state = 'choosing'
      return this.greet(out)
    }
    const { list, maxRounds = 1000, purpose, speaks } = this.options
    if (text !== na && text !== ls && speaks(text)) {
      this.state = 'done'
      out.write(encodeToken(text))
      return out.emit({ type: 'multistream.selected', protocol: text, confirmed: true })
    }
    if (++this.rounds > maxRounds) return this.fail(failureCodes[purpose].unsupported, `${maxRounds} proposals, none of which we speak`, out)
    if (text !== ls) return out.lend(naToken)
    const protocols = list()
    // Each entry counts as one answer: or four bytes would have us send, and hold for whoever does not read, kilobytes each time.
    this.rounds += protocols.length
    out.write(encodeList(protocols))
  }

  private greet (out: Out): void {
    if (this.greeted) return
    this.greeted = true
    out.lend(headerToken)
  }

  /** What came behind the last token is not ours. */
  private handOver (out: Out): void {
    const rest = this.tokens.rest()
    if (rest.length > 0) out.deliver(rest)
  }

  private malformed (text: string, out: Out): void {
    const { purpose } = this.options
    const { malformed, unsupported } = failureCodes[purpose]
    // Behind a proposal that we refused may come the handshake of one who did not wait for our answer.
    this.fail(purpose === 'security' && this.rounds > 0 ? unsupported : malformed, text, out)
  }

  private fail (code: ErrorCode, text: string, out: Out): void {
    this.failed = code
    out.fail(code, text)
  }
}

const naToken = encodeToken(na)
