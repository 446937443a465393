/**
 * A stream on its way from a muxer to a handler. A muxer makes it at the first frame, before any actor knows of it; it
 * travels as the handle of `stream.opened`, and until somebody takes it the path owns it.
 */
export type { ByteStream, StreamCarrier, StreamHost, StreamReset } from '../../runtime/bytes/byte-stream.js'
export type { StreamBuffer, StreamTap, StreamWatcher } from '../../runtime/bytes/stream-buffer.js'
