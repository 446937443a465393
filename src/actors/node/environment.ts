import type { CryptoProvider } from '../../runtime/crypto/provider.js'
import { nodeCrypto } from '../../runtime/crypto/node.js'
import { dnsPort, type DnsPort } from '../../runtime/io/dns.js'
import { MemoryHub } from '../../runtime/io/memory.js'
import type { LinkPort } from '../../runtime/io/raw-link.js'
import { tcpPort, type TcpOptions } from '../../runtime/io/tcp.js'
import { unixPort } from '../../runtime/io/unix.js'
import { createSystem, type System, type SystemOptions } from '../../runtime/system.js'
import { epochMs } from '../../runtime/time/clock.js'
import { interfaceAddresses } from '../transport/interfaces.port.js'

/** The world of a node: what differs between a real and a simulated one, and nothing else. */
export interface Environment {
  createSystem (options: SystemOptions): System
  tcp (system: System, options: TcpOptions): LinkPort
  unix (system: System): LinkPort
  memory (system: System): LinkPort
  dns (system: System): DnsPort
  /** IP addresses of this machine, as of now. */
  readonly interfaces: () => readonly string[]
  readonly crypto: CryptoProvider
  /** Unix time in milliseconds at which the system's clock stands at zero. */
  readonly epochMs: number
}

/** All nodes of a process reach each other by memory addresses. */
const hub = new MemoryHub()

export const realEnvironment: Environment = {
  createSystem,
  tcp: tcpPort,
  unix: system => unixPort(system),
  memory: system => hub.port(system),
  dns: system => dnsPort(system),
  interfaces: interfaceAddresses,
  crypto: nodeCrypto,
  epochMs
}
