import net from 'node:net'
import type { Duplex } from 'node:stream'
import { checkNumber } from '../errors.js'
import { formatAddress, parseAddress } from './host-port.js'
import type { LinkSystem } from './link-system.js'
import type { LinkPort } from './raw-link.js'
import { checkSocketOptions, SocketPort, type SocketKind, type SocketOptions } from './socket-port.js'

export interface TcpOptions extends SocketOptions {
  /**
   * Small writes leave at once instead of waiting for the acknowledgement of what was sent before. Default true: what belongs
   * together is gathered here already, and an answer must not wait for a round trip.
   */
  readonly noDelay?: boolean
  /**
   * After so long without a sign of the remote the operating system asks for one, and closes the link (`timed-out`) when
   * none comes. Default 30,000 ms: below the minutes after which routers forget an idle connection, and rare enough to cost
   * nothing. 0: never. Counted in whole seconds.
   */
  readonly keepAliveMs?: number
}

const defaultKeepAliveMs = 30_000

/**
 * TCP. Hosts are IP addresses, of IPv6 with a zone where one is needed (`[fe80::1%eth0]:4001`); names are resolved before.
 * `[::]` means all IPv6 addresses and no IPv4 ones, so that one can listen on `0.0.0.0` too, with the same port.
 *
 * While a link is paused the system is not asked about it, so that it was reset is known (and told) only after `resume`, or
 * when a write fails. A reset that comes close behind data may look like an end: libuv, which has read less than it had room
 * for and sees that the socket is hung up, asks no further. The next write tells. One that is reset just after its own end is
 * only closed: the other side may see an end.
 *
 * @param system counts what is open
 * @throws TypeError, RangeError for options that are unknown or out of range
 */
export function tcpPort (system: LinkSystem, options: TcpOptions = {}): LinkPort {
  const where = 'tcpPort'
  checkSocketOptions(where, options, 'noDelay', 'keepAliveMs')
  checkNumber(where, 'keepAliveMs', options.keepAliveMs)
  const { noDelay = true, keepAliveMs = defaultKeepAliveMs } = options
  const socketOptions = { noDelay, keepAlive: keepAliveMs > 0, keepAliveInitialDelay: Math.max(keepAliveMs, 1000) }
  const kind: SocketKind = {
    name: 'tcp',
    connectOptions: socketOptions,
    serverOptions: socketOptions,
    listenOptions: { ipv6Only: true },
    place (where, address) {
      const { host, port } = parseAddress(where, address)
      if (net.isIP(host) === 0) throw new TypeError(`${where}: argument 'address' must have an IP address as its host; got '${address}'`)
      return { host, port }
    },
    localAddress (socket) {
      const { address, port } = (socket.address() ?? {}) as Partial<net.AddressInfo>
      return addressOf(address, port)
    },
    // Of one that was reset in the meantime the system knows no remote. Who has dialed it knows whom.
    remoteAddress: ({ remoteAddress, remotePort }, place, dialed) => dialed && 'host' in place ? formatAddress(place.host, place.port) : addressOf(remoteAddress, remotePort),
    breakUp
  }
  return new SocketPort(system, kind, options)
}

/**
 * libuv refuses to reset a socket while its end is being told, and Node then loses that socket for good: its descriptor stays
 * open, and the process spins when it wants to exit. There is nothing unsent any more at that point, so closing it is as good.
 */
function breakUp (socket: Duplex): void {
  if (!(socket instanceof net.Socket)) return
  if (socket.writableEnded && !socket.writableFinished && socket.writableLength === 0) socket.destroy()
  else socket.resetAndDestroy()
}

function addressOf (host: string | undefined, port: number | undefined): string | undefined {
  return host === undefined || port === undefined ? undefined : formatAddress(host, port)
}
