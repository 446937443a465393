/**
 * Reads Yamux frames, and answers none of them: what a peer who keeps to no rule is told. A Yamux core in its place would end the
 * connection itself, over answers to streams that it knows nothing of, and so look as if it had been cut.
 */
import { codeFromWire } from '../../../../src/messages/errors.js'
import { ACK, DATA, GO_AWAY, headerBytes, PING, readHeader, RST, WINDOW_UPDATE } from '../../../../src/messages/wire/yamux.js'

export class Scribe {
  /** Frames of each kind that have come. */
  acks = 0
  pings = 0
  pongs = 0
  /** Bytes of data, of all streams. */
  bytes = 0
  /** Codes of resets and farewells, by how often. */
  readonly resets: Record<string, number> = {}
  readonly farewells: Record<string, number> = {}
  /** What windows were widened by, by stream. */
  private readonly grants = new Map<number, number>()
  private rest = new Uint8Array(0)
  private bodyLeft = 0

  granted (stream: number): number {
    return this.grants.get(stream) ?? 0
  }

  read (plaintext: Uint8Array): void {
    let bytes = plaintext
    if (this.rest.length > 0) {
      bytes = new Uint8Array(this.rest.length + plaintext.length)
      bytes.set(this.rest)
      bytes.set(plaintext, this.rest.length)
    }
    let at = 0
    for (;;) {
      const body = Math.min(this.bodyLeft, bytes.length - at)
      at += body
      this.bodyLeft -= body
      if (bytes.length - at < headerBytes) break
      this.take(bytes, at)
      at += headerBytes
    }
    this.rest = bytes.slice(at)
  }

  private take (bytes: Uint8Array, at: number): void {
    const { flags, length, streamId, type } = readHeader(bytes, at)
    if (type === GO_AWAY) count(this.farewells, length === 0 ? 'none' : codeFromWire(length, 'connection'))
    else if (type === PING) {
      if ((flags & ACK) === 0) this.pings++
      else this.pongs++
    } else {
      if (type === DATA) {
        this.bytes += length
        this.bodyLeft = length
      }
      if ((flags & ACK) !== 0) this.acks++
      if ((flags & RST) !== 0) count(this.resets, codeFromWire(type === WINDOW_UPDATE ? length : 0, 'stream'))
      else if (type === WINDOW_UPDATE) this.grants.set(streamId, this.granted(streamId) + length)
    }
  }
}

export function count (counts: Record<string, number>, what: string, times = 1): void {
  counts[what] = (counts[what] ?? 0) + times
}
