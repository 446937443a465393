/** Runs the handler of a protocol as its actor would: returning ends our side and discards the rest, throwing resets. */
import type { Protocol, StreamContext } from '../../../src/actors/contract/protocol.js'
import { Multiaddr } from '../../../src/messages/value/multiaddr.js'
import type { PairStream } from './stream-pair.js'

export const remoteAddress = Multiaddr.parse('/ip4/203.0.113.7/tcp/7113')

/** Resolves when the handler has returned; rejects with what it throws. */
export async function handle (protocol: Protocol, stream: PairStream, context: Partial<StreamContext> = {}): Promise<void> {
  const { peer, connection } = stream
  try {
    await protocol.inbound!(stream, { peer, connection, remoteAddress, protocol: stream.protocol, signal: new AbortController().signal, guard: callback => callback, ...context })
    if (stream.resetBy !== undefined) return
    stream.closeRead()
    await stream.close()
  } catch (error) {
    stream.reset('handler/crashed')
    throw error
  }
}
