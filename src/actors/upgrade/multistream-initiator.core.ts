/**
 * multistream-select 1.0, the side that proposes (libp2p/specs connections/README.md "multistream-select").
 *
 *               start                header            echo
 *     idle ---------------> greeted --------> waiting ------> done, the rest is delivered
 *          header and first            ^        |
 *          proposal in one write       +-- na --+  next proposal, or failed when there is none
 *
 * *Lazy* (0-RTT): with `lazy`, the one proposal counts as selected at once, so that first data can follow in the same
 * write; the answers are checked as they come. Only for a single proposal, and only where the remote is known to speak it.
 *
 * With `list`, `ls` is asked before anything is proposed; without proposals that is all.
 *
 * Invariants: each proposal is sent at most once and in order; after `done` or a failure nothing is sent; every byte
 * behind the accepted token is delivered, exactly once. Delivered memory is what `feed` was given.
 */
import type { ErrorCode } from '../../messages/errors.js'
import { DecodeFailure } from '../../messages/wire/failure.js'
import { decodeList, decodeToken, encodeToken, ls, maxListBytes, maxTokenBytes, multistreamProtocol, na } from '../../messages/wire/multistream.js'
import type { PathOut } from '../contract/core.js'
import type { NegotiationCore, NegotiationEvent } from '../contract/negotiation.js'
import { failureCodes, headerBytes, headerToken, type Purpose } from './multistream.js'
import { TokenReader } from './token-reader.core.js'

export interface InitiatorOptions {
  readonly purpose: Purpose
  /** The best first. */
  readonly protocols: readonly string[]
  /** When it must be done, in the milliseconds of `now`. */
  readonly deadline: number
  readonly lazy?: boolean
  readonly list?: boolean
}

export interface StartCommand {
  readonly type: 'start'
}

type Out = PathOut<NegotiationEvent>
type State = 'idle' | 'greeted' | 'listing' | 'waiting' | 'done'

export class MultistreamInitiatorCore implements NegotiationCore {
  failed: ErrorCode | undefined
  private readonly options: InitiatorOptions
  private readonly tokens = new TokenReader()
  private state: State = 'idle'
  /** How many have been proposed, and the last of them, which waits for its answer. */
  private proposed = 0
  private proposal = ''

  /** @throws RangeError for proposals that cannot be sent, or none; TypeError for a lazy negotiation of several */
  constructor (options: InitiatorOptions) {
    const { lazy = false, list = false, protocols } = options
    if (protocols.length === 0 && !list) throw new RangeError('protocols: at least one is needed')
    if (lazy && (protocols.length !== 1 || list)) throw new TypeError('lazy: only a single proposal can be lazy')
    for (const id of protocols) if (id === na || id === ls || id === multistreamProtocol) throw new RangeError(`protocols: ${id} is no protocol to propose`)
    this.options = options
  }

  /** Whether the remote's answers are still to come. */
  get waiting (): boolean {
    return this.state !== 'done' && this.failed === undefined
  }

  get bufferedBytes (): number {
    return this.waiting ? this.tokens.bufferedBytes : 0
  }

  get bufferedBound (): number {
    return this.longestToken + 2
  }

  command (_start: StartCommand, _now: number, out: Out): void {
    if (this.state !== 'idle' || this.failed !== undefined) return
    const { lazy = false, list = false } = this.options
    this.state = 'greeted'
    if (!list) this.advance()
    out.write(joined(headerToken, encodeToken(list ? ls : this.proposal)))
    if (lazy) out.emit({ type: 'multistream.selected', protocol: this.proposal, confirmed: false })
  }

  feed (bytes: Uint8Array, _now: number, out: Out): void {
    if (this.failed !== undefined) return
    if (this.state === 'done') return out.deliver(bytes)
    if (this.state === 'idle') throw new Error('multistream: fed before it was started')
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
    return this.waiting && this.state !== 'idle' ? this.options.deadline : Infinity
  }

  expire (now: number, out: Out): void {
    if (now >= this.nextTimeout()) this.fail(failureCodes[this.options.purpose].timeout, `waiting for ${this.state === 'greeted' ? 'the header' : 'an answer'}`, out)
  }

  private get longestToken (): number {
    if (this.state === 'listing') return maxListBytes
    return this.state === 'waiting' ? maxTokenBytes : headerBytes
  }

  private take (body: Uint8Array, out: Out): void {
    if (this.state === 'listing') return this.takeList(body, out)
    const text = decodeToken(body)
    if (text instanceof DecodeFailure) return this.malformed(text.toString(), out)
    if (this.state === 'greeted') {
      if (text !== multistreamProtocol) return this.malformed(`'${shown(text)}' instead of the header`, out)
      this.state = this.options.list === true ? 'listing' : 'waiting'
      return
    }
    if (text === this.proposal) return this.selected(out)
    if (text !== na) return this.malformed(`'${shown(text)}' as the answer to ${this.proposal}`, out)
    if (this.advance()) out.write(encodeToken(this.proposal))
    else this.fail(failureCodes[this.options.purpose].unsupported, this.options.protocols.join(', '), out)
  }

  private takeList (body: Uint8Array, out: Out): void {
    // A responder that does not know `ls` answers as to any proposal.
    const protocols = decodeToken(body) === na ? [] : decodeList(body)
    if (protocols instanceof DecodeFailure) return this.malformed(protocols.toString(), out)
    out.emit({ type: 'multistream.listed', protocols })
    this.state = 'done'
    if (!this.advance()) return
    this.state = 'waiting'
    out.write(encodeToken(this.proposal))
  }

  private selected (out: Out): void {
    const protocol = this.proposal
    this.state = 'done'
    out.emit(this.options.lazy === true ? { type: 'multistream.confirmed', protocol } : { type: 'multistream.selected', protocol, confirmed: true })
  }

  /** On to the next proposal, if there is one. */
  private advance (): boolean {
    const next = this.options.protocols[this.proposed++]
    if (next === undefined) return false
    this.proposal = next
    return true
  }

  /** What came behind the last token is not ours. */
  private handOver (out: Out): void {
    const rest = this.tokens.rest()
    if (rest.length > 0) out.deliver(rest)
  }

  private malformed (text: string, out: Out): void {
    this.fail(failureCodes[this.options.purpose].malformed, text, out)
  }

  private fail (code: ErrorCode, text: string, out: Out): void {
    this.failed = code
    out.fail(code, text)
  }
}

function joined (one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}

/** Of a stranger's text only so much, and nothing that moves a cursor. */
export function shown (text: string): string {
  return JSON.stringify(text.slice(0, 64)).slice(1, -1)
}
