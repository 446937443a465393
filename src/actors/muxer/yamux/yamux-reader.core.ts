/**
 * Cuts arriving bytes into Yamux frames (specs yamux/README.md, "Framing").
 *
 *     header --Data of some length--> body --as many bytes--> header
 *       \--anything else------------> header
 *
 * A header that straddles two arrivals is gathered in 12 bytes; a body is never gathered: its pieces go to its stream as
 * they come, and to nobody when nobody wants it.
 */
import { DATA, GO_AWAY, headerBytes, PING, readUint32, typeAt, versionAt, WINDOW_UPDATE, yamuxVersion } from '../../../messages/wire/yamux.js'
import { copy } from '../../../runtime/bytes/cursor.js'
import type { CoreOut } from '../../contract/core.js'
import type { MuxerEvent } from '../../contract/muxer.js'
import type { YamuxStream } from './yamux-stream.core.js'

type Out = CoreOut<MuxerEvent>

/** Who is told of frames. */
export interface ReaderKeeper {
  /** Data or WindowUpdate. A body that is wanted is announced by `expectBody` before this returns. */
  onStreamFrame (type: typeof DATA | typeof WINDOW_UPDATE, flags: number, id: number, length: number, out: Out): void
  onPing (flags: number, opaque: number, now: number, out: Out): void
  onGoAway (code: number, out: Out): void
  onBody (stream: YamuxStream, bytes: Uint8Array, start: number, end: number): void
  /** The body with which the remote ends its side has come. */
  onEnd (stream: YamuxStream): void
  onViolation (rule: string, out: Out): void
}

export class YamuxReader {
  private readonly keeper: ReaderKeeper
  /** Made when a header comes in two parts for the first time. */
  private header: Uint8Array | null = null
  /** Bytes of a header that has come in part. */
  headerFilled = 0
  /** Rest of the body that is coming, and whose it is: null when nobody wants it. */
  private bodyLeft = 0
  private bodyStream: YamuxStream | null = null
  private bodyEnds = false
  private stopped = false

  constructor (keeper: ReaderKeeper) {
    this.keeper = keeper
  }

  feed (bytes: Uint8Array, now: number, out: Out): void {
    const end = bytes.length
    for (let at = 0; at < end && !this.stopped;) {
      if (this.bodyLeft > 0) {
        const size = Math.min(this.bodyLeft, end - at)
        this.takeBody(bytes, at, at + size)
        at += size
      } else if (this.headerFilled === 0 && end - at >= headerBytes) {
        this.takeHeader(bytes, at, now, out)
        at += headerBytes
      } else {
        const size = Math.min(headerBytes - this.headerFilled, end - at)
        const header = this.header ??= new Uint8Array(headerBytes)
        copy(bytes, at, at + size, header, this.headerFilled)
        this.headerFilled += size
        at += size
        if (this.headerFilled < headerBytes) return
        this.headerFilled = 0
        this.takeHeader(header, 0, now, out)
      }
    }
  }

  /** What follows is so much for `stream`, or for nobody; with `ends`, its last. */
  expectBody (stream: YamuxStream | null, length: number, ends: boolean): void {
    this.bodyStream = stream
    this.bodyLeft = length
    this.bodyEnds = ends
  }

  /** The stream is no more: if a body of its is coming, nobody wants it. */
  drop (stream: YamuxStream): void {
    if (this.bodyStream === stream) this.bodyStream = null
  }

  stop (): void {
    this.stopped = true
    this.headerFilled = 0
    this.expectBody(null, 0, false)
  }

  private takeHeader (bytes: Uint8Array, at: number, now: number, out: Out): void {
    const { keeper } = this
    const version = versionAt(bytes, at)
    const type = typeAt(bytes, at)
    const flags = readUint32(bytes, at) & 0xffff
    const id = readUint32(bytes, at + 4)
    const length = readUint32(bytes, at + 8)
    if (version !== yamuxVersion) keeper.onViolation(`version ${version}`, out)
    else if (type > GO_AWAY) keeper.onViolation(`unknown type ${type}`, out)
    else if ((id === 0) !== (type >= PING)) keeper.onViolation(`a frame of type ${type} on stream ${id}`, out)
    else if (type === PING) keeper.onPing(flags, length, now, out)
    else if (type === GO_AWAY) keeper.onGoAway(length, out)
    else keeper.onStreamFrame(type === DATA ? DATA : WINDOW_UPDATE, flags, id, length, out)
  }

  private takeBody (bytes: Uint8Array, start: number, end: number): void {
    this.bodyLeft -= end - start
    const stream = this.bodyStream
    if (stream === null) return
    this.keeper.onBody(stream, bytes, start, end)
    // Whoever got the bytes may have reset the stream.
    if (this.bodyLeft > 0 || this.bodyStream === null) return
    this.bodyStream = null
    if (this.bodyEnds) this.keeper.onEnd(stream)
  }
}
