import net from 'node:net'
import { once } from 'node:events'

/**
 * Stands between two nodes on loopback and counts the Noise frames that the dialer sends: two tokens of multistream-select, then
 * frames with two bytes of length each. So frames are counted in the same way whoever makes them.
 */
export class FrameCounter {
  frames = 0
  private readonly server = net.createServer({ allowHalfOpen: true }, socket => { this.join(socket) })
  private readonly sockets: net.Socket[] = []
  private target = 0

  /** @returns the port at which it stands before `target` */
  async listen (target: number): Promise<number> {
    this.target = target
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    return (this.server.address() as net.AddressInfo).port
  }

  stop (): void {
    this.server.close()
    for (const socket of this.sockets) socket.destroy()
  }

  private join (dialer: net.Socket): void {
    const listener = net.connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true })
    this.sockets.push(dialer, listener)
    const cut = new FrameCutter(() => { this.frames++ })
    dialer.on('data', bytes => { cut.feed(bytes) })
    dialer.pipe(listener).pipe(dialer)
    for (const socket of [dialer, listener]) socket.on('error', () => { socket.destroy() })
  }
}

class FrameCutter {
  private readonly onFrame: () => void
  /** Tokens that still come before the frames. */
  private tokens = 2
  private length = 0
  private lengthBytes = 0
  private bodyLeft = 0

  constructor (onFrame: () => void) {
    this.onFrame = onFrame
  }

  feed (bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.bodyLeft > 0) {
        const size = Math.min(this.bodyLeft, bytes.length - at)
        this.bodyLeft -= size
        at += size
        if (this.bodyLeft === 0) this.bodyOver()
      } else {
        this.length = this.length * 256 + bytes[at++]!
        this.lengthBytes++
        // Tokens are short: their lengths have one byte.
        if (this.lengthBytes < (this.tokens > 0 ? 1 : 2)) continue
        this.bodyLeft = this.length
        this.length = 0
        this.lengthBytes = 0
        if (this.bodyLeft === 0) this.bodyOver()
      }
    }
  }

  private bodyOver (): void {
    if (this.tokens > 0) this.tokens--
    else this.onFrame()
  }
}
