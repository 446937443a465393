/**
 * Negotiation of one protocol (multistream-select), as those need it who must not know its code: `actors/node/compose.ts`
 * hands it to them.
 */
import type { Core, PathOut } from './core.js'

export interface Negotiation {
  /** Proposes: on an outbound stream, and as the initiator of an upgrade. */
  propose (options: ProposeOptions): NegotiationCore
  /** Answers. */
  answer (options: AnswerOptions): NegotiationCore
}

export interface ProposeOptions {
  readonly purpose: 'security' | 'muxer' | 'stream'
  /** In order of preference; at least one. */
  readonly protocols: readonly string[]
  /** In milliseconds of `now`. */
  readonly deadline: number
  /** Does not wait for the answer; only with one protocol. Default false. */
  readonly lazy?: boolean
}

export interface AnswerOptions {
  readonly purpose: 'security' | 'muxer' | 'stream'
  readonly speaks: (protocol: string) => boolean
  /** Answers `ls`. */
  readonly list: () => readonly string[]
  readonly deadline: number
}

/** Begins with `command({ type: 'start' })`; delivers what came behind the negotiation. */
export interface NegotiationCore extends Core<{ readonly type: 'start' }, NegotiationEvent, PathOut<NegotiationEvent>> {
  /** It still waits for something of the remote. */
  readonly waiting: boolean
}

export type NegotiationEvent =
  /** The protocol to speak. Not `confirmed` when it is lazy: the answer is still to come. */
  | { readonly type: 'multistream.selected', readonly protocol: string, readonly confirmed: boolean }
  | { readonly type: 'multistream.confirmed', readonly protocol: string }
  | { readonly type: 'multistream.listed', readonly protocols: readonly string[] }
