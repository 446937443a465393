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
import { Scribe } from './scribe.js'

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

/** What to say instead of the truth, and where to come from. */
export interface IntruderOptions {
  /** Of who it is. */
  readonly forge?: (honest: SignedIdentity) => SignedIdentity
  /** A key to come back with. */
  readonly keep?: PrivateKey
  readonly from?: string
  /** Shakes hands, and agrees on no muxer. */
  readonly unmuxed?: true
  /** Of raw sockets. */
  readonly open?: (address: Multiaddr, from?: string) => Socket
}

/**
 * A peer that has shaken hands properly and may then send any bytes as Yamux frames: the cores put together by hand over a
 * real socket. It reads what comes, and answers nothing by itself.
 */
export class Intruder {
  readonly socket: Socket
  readonly stack: Stack
  readonly scribe: Scribe

  private constructor (socket: Socket, stack: Stack, scribe: Scribe) {
    this.socket = socket
    this.stack = stack
    this.scribe = scribe
    socket.on('data', (bytes: Buffer) => {
      stack.feed(Uint8Array.from(bytes))
      this.flush()
    })
  }

  /** @throws (as rejection) when the node ends the connection during the handshake */
  static async at (address: Multiaddr, { forge, from, keep, open = socketTo, unmuxed }: IntruderOptions = {}): Promise<Intruder> {
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
    const scribe = new Scribe()
    const stack = new Stack(true, { security, early: unmuxed === true ? [] : ['/yamux/1.0.0'], instead: plaintext => { scribe.read(plaintext) } })
    const intruder = new Intruder(open(address, from), stack, scribe)
    intruder.flush()
    await new Promise<void>((resolve, reject) => {
      intruder.socket.on('data', () => { if (stack.ready) resolve() })
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
