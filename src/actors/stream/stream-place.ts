import type { StreamsInput } from '../contract/connection.js'
import type { Negotiation } from '../contract/negotiation.js'
import type { ProtocolTable } from '../contract/protocol.js'

/** What all streams of a node share. */
export interface StreamTerms {
  readonly protocols: ProtocolTable
  readonly negotiation: Negotiation
  /** Of an inbound stream, in milliseconds. */
  readonly negotiationMs: number
  /** Bound once for all streams. */
  readonly speaks: (protocol: string) => boolean
  readonly list: () => readonly string[]
}

/** What all streams of a connection share. */
export class StreamPlace implements StreamsInput {
  readonly link: StreamsInput['link']
  readonly info: StreamsInput['info']
  readonly connection: StreamsInput['connection']
  readonly live: StreamsInput['live']
  readonly terms: StreamTerms

  constructor ({ link, info, connection, live }: StreamsInput, terms: StreamTerms) {
    this.link = link
    this.info = info
    this.connection = connection
    this.live = live
    this.terms = terms
  }
}
