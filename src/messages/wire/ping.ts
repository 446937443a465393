/** Ping (libp2p/specs ping/ping.md): 32 random bytes, in one write, come back; then again, or the client half-closes. */
export const pingProtocol = '/ipfs/ping/1.0.0'

/** One payload. js echoes whatever chunk arrives, so it must never be split. */
export const pingBytes = 32

/** Streams that a peer may have open to us at once; we open one to it. */
export const maxInboundPingStreams = 2
