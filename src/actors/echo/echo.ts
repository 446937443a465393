/** Echo: what comes goes back, byte for byte, until the other side ends. Read no faster than the other side takes it back. */
import type { Protocol } from '../contract/protocol.js'

export const echoProtocol = '/echo/1.0.0'

export function echo (): Protocol {
  return {
    ids: [echoProtocol],
    // As many as any protocol has by default; who is silent for long is forgotten.
    limits: { inbound: 32, inboundPerPeer: 32, inboundTotal: Infinity, inboundPerSecond: Infinity, inboundBurst: 64, idleMs: 60_000, drainMs: 5000 },
    onLimitedConnection: false,
    async inbound (stream) {
      for await (const bytes of stream) await stream.write(bytes)
    },
    behavior: undefined,
    service: undefined
  }
}
