import { connect, type Socket } from 'node:net'
import { noise } from '../../../../src/actors/security/noise/noise-handshake.core.js'
import { noiseSignatureInput } from '../../../../src/actors/security/noise/noise-handshake.core.js'
import { generateKeyPair } from '../../../../src/actors/node/keys.js'
import type { PrivateKey } from '../../../../src/messages/value/keys.js'
import type { Multiaddr } from '../../../../src/messages/value/multiaddr.js'
import { BufferPool } from '../../../../src/runtime/bytes/pool.js'
import { nodeCrypto } from '../../../../src/runtime/crypto/node.js'
import type { SignedIdentity } from '../../../../src/actors/security/noise/noise-handshake.core.js'
import { Stack } from '../../../core/support/stack.js'

/** A raw socket to a node, for somebody who does not keep to the rules. */
export function socketTo (address: Multiaddr, from?: string): Socket {
  const { host, port } = address.endpoint!
  const socket = connect({ port, host, ...from !== undefined && { localAddress: from } })
  socket.on('error', () => {})
  return socket
}

/** Resolves when the other side has ended the connection. */
export function ended (socket: Socket): Promise<void> {
  return new Promise(resolve => {
    if (socket.destroyed) resolve()
    else socket.once('close', () => { resolve() })
  })
}

/**
 * A peer that has shaken hands properly and may then send any bytes as Yamux frames: the cores put together by hand over a
 * real socket.
 */
export class Intruder {
  readonly socket: Socket
  readonly stack: Stack

  private constructor (socket: Socket, stack: Stack) {
    this.socket = socket
    this.stack = stack
    socket.on('data', (bytes: Buffer) => {
      stack.feed(Uint8Array.from(bytes))
      this.flush()
    })
  }

  /**
   * @param forge what to say instead of the truth about who it is
   * @param keep a key to come back with
   */
  static async at (address: Multiaddr, { forge, keep, from }: { readonly forge?: (honest: SignedIdentity) => SignedIdentity, readonly keep?: PrivateKey, readonly from?: string } = {}): Promise<Intruder> {
    const key = keep ?? await generateKeyPair()
    const staticKey = nodeCrypto.generateX25519()
    const honest = { key: key.publicKey.toProtobuf(), signature: key.sign(nodeCrypto, noiseSignatureInput(staticKey.publicKey)) }
    const security = noise({
      crypto: nodeCrypto,
      staticKey,
      ephemeralKey: () => nodeCrypto.generateX25519(),
      identity: forge === undefined ? honest : forge(honest),
      pool: new BufferPool(65_536)
    })
    const intruder = new Intruder(socketTo(address, from), new Stack(true, { security, early: ['/yamux/1.0.0'] }))
    intruder.flush()
    await new Promise<void>((resolve, reject) => {
      intruder.socket.on('data', () => { if (intruder.stack.muxer !== undefined) resolve() })
      intruder.socket.on('close', () => { reject(new Error('the node ended the connection during the handshake')) })
    })
    return intruder
  }

  flush (): void {
    const bytes = this.stack.flush()
    if (bytes.length > 0 && this.socket.writable) this.socket.write(bytes)
  }

  /** Any bytes, sealed and sent. */
  send (plaintext: Uint8Array): void {
    this.stack.sendRaw(plaintext)
    this.flush()
  }
}
