import type { CryptoProvider } from '../../runtime/crypto/provider.js'
import type { TcpOptions } from '../../runtime/io/tcp.js'
import type { System } from '../../runtime/system.js'
import type { BufferPool } from '../../runtime/bytes/pool.js'
import type { PrivateKey } from '../../messages/value/keys.js'
import type { Muxer } from '../contract/muxer.js'
import type { Security } from '../contract/security.js'
import type { Transport } from '../contract/transport.js'
import { yamux as yamuxMuxer } from '../muxer/yamux/yamux.core.js'
import type { YamuxLimits } from '../muxer/yamux/yamux-options.js'
import { noise as noiseSecurity, noiseSignatureInput } from '../security/noise/noise-handshake.core.js'
import { plaintext as plaintextSecurity } from '../security/plaintext/plaintext.core.js'
import { memoryTransport } from '../transport/memory/memory.transport.js'
import { tcpTransport } from '../transport/tcp/tcp.transport.js'
import { unixTransport } from '../transport/unix/unix.transport.js'
import type { Environment } from './environment.js'

/** What a node gives to the parts that it is made of. */
export interface ComponentContext {
  readonly privateKey: PrivateKey
  readonly crypto: CryptoProvider
  /** Buffers of 64 KiB, shared by all connections. */
  readonly pool: BufferPool
  /** Where sockets come from: the operating system, or a simulated world. */
  readonly environment: Environment
  readonly system: System
  /** The system's clock, in milliseconds. */
  readonly now: () => number
}

/** A part of a node, made when the node is: so that it can be named in the options before there is one. */
export type Component<T> = (context: ComponentContext) => T

/** Noise XX (`/noise`), with the muxer agreed upon on the way. */
export function noise (): Component<Security> {
  return ({ crypto, pool, privateKey }) => {
    // One static key for the life of the node: signing it anew for each connection would double the cost of a handshake.
    const staticKey = crypto.generateX25519()
    return noiseSecurity({
      crypto,
      pool,
      staticKey,
      ephemeralKey: () => crypto.generateX25519(),
      identity: { key: privateKey.publicKey.toProtobuf(), signature: privateKey.sign(crypto, noiseSignatureInput(staticKey.publicKey)) }
    })
  }
}

/** No security at all (`/plaintext/2.0.0`): for tests and debugging, never in a default. */
export function plaintext (): Component<Security> {
  return ({ crypto, privateKey }) => plaintextSecurity({ crypto, publicKey: privateKey.publicKey })
}

/** Yamux (`/yamux/1.0.0`). */
export function yamux (limits: Partial<YamuxLimits> = {}): Component<Muxer> {
  return () => yamuxMuxer(limits)
}

/** TCP over IPv4 and IPv6: `/ip4/127.0.0.1/tcp/4001`. */
export function tcp (options: TcpOptions = {}): Component<Transport> {
  return ({ environment, now, system }) => tcpTransport({ port: environment.tcp(system, options), now, interfaces: environment.interfaces })
}

/** Unix sockets: `/unix/run/node.sock`. */
export function unix (): Component<Transport> {
  return ({ environment, now, system }) => unixTransport({ port: environment.unix(system), now })
}

/** Links within the process: `/memory/42`. */
export function memory (): Component<Transport> {
  return ({ environment, now, system }) => memoryTransport({ port: environment.memory(system), now })
}
