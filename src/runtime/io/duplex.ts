import { Duplex } from 'node:stream'
import type { ReadableStream, WritableStream } from 'node:stream/web'
import { checkOptions } from '../errors.js'
import { DuplexLink, type Carrier } from './duplex-link.js'
import type { LinkSystem } from './link-system.js'
import type { RawLink } from './raw-link.js'

/** A pair of WHATWG streams, as WebTransport and many libraries have them. */
export interface WebPair {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
}

export interface DuplexNames {
  /** What the ends are called: for people, and for the ledger. */
  readonly localAddress: string
  readonly remoteAddress: string
}

/**
 * A link over whatever has the shape of one of Node's duplex streams, or of two WHATWG ones. The stream is the link's from
 * now on. It must carry bytes, not have been read from, and be open both ways.
 *
 * A reset destroys the stream (or aborts one and cancels the other); what the remote sees of that is the stream's own affair.
 * Room is what the stream says it is: its `writableHighWaterMark`.
 *
 * @returns a link that belongs to the caller
 * @throws TypeError for what is no such stream
 */
export function linkOver (system: LinkSystem, stream: Duplex | WebPair, names: DuplexNames): RawLink {
  checkOptions('linkOver', names, ['localAddress', 'remoteAddress'])
  const { localAddress, remoteAddress } = names
  const duplex = stream instanceof Duplex ? stream : Duplex.fromWeb(stream)
  if (duplex.readableObjectMode || duplex.writableObjectMode) throw new TypeError("linkOver: argument 'stream' must carry bytes; it is in object mode")
  if (!duplex.readable || !duplex.writable) throw new TypeError("linkOver: argument 'stream' must be open in both directions")
  duplex.allowHalfOpen = true
  return new DuplexLink(system, { kind: 'stream', localAddress, remoteAddress }, duplex, carrier)
}

const carrier: Carrier = { breakUp: duplex => { duplex.destroy() }, frees: false, busyPoll: null }
