import { lstat, unlink } from 'node:fs/promises'
import net from 'node:net'
import type { LinkSystem } from './link-system.js'
import type { LinkPort } from './raw-link.js'
import { checkSocketOptions, SocketPort, type Place, type SocketKind, type SocketOptions } from './socket-port.js'

/** What fits into a `sockaddr_un`, with its closing zero; Node would cut off the rest without a word. */
const longestPathBytes = process.platform === 'linux' ? 107 : 103

/**
 * Unix domain sockets, for processes of one machine. An address is `unix:/run/troupe.sock`: the file that stands for the
 * listener, and the name of both ends of its links, since who connects has none.
 *
 * The file is removed when the listener is closed. One that a dead process has left behind is removed when somebody wants to
 * listen there; where somebody still listens, the address is in use. Who may connect is decided by the permissions of the
 * file and its folders.
 *
 * These sockets have no word for a reset. The other side of one sees an end, and is told of the reset when it has written to
 * it; or at once, when there was something that we had not read.
 *
 * @param system counts what is open
 * @throws TypeError, RangeError for options that are unknown or out of range
 */
export function unixPort (system: LinkSystem, options: SocketOptions = {}): LinkPort {
  checkSocketOptions('unixPort', options)
  const nameOf = (_socket: unknown, place: Place): string => `${scheme}${pathOf(place)}`
  const kind: SocketKind = {
    name: 'unix',
    connectOptions: {},
    serverOptions: {},
    listenOptions: {},
    place: (where, address) => ({ path: parseUnixAddress(where, address) }),
    localAddress: nameOf,
    remoteAddress: nameOf,
    breakUp: socket => { socket.destroy() },
    clearAway
  }
  return new SocketPort(system, kind, options)
}

const scheme = 'unix:'

function parseUnixAddress (where: string, address: string): string {
  const path = address.slice(scheme.length)
  if (!address.startsWith(`${scheme}/`) || path.includes('\0') || path.endsWith('/')) throw new TypeError(`${where}: argument 'address' must be unix:/path; got '${address}'`)
  if (Buffer.byteLength(path) > longestPathBytes) throw new TypeError(`${where}: argument 'address' must have a path of at most ${longestPathBytes} bytes; got '${address}'`)
  return path
}

/** Whether nobody listens there any more: then the file goes. */
function clearAway (place: Place, then: (cleared: boolean) => void): Disposable {
  const path = pathOf(place)
  let given = false
  const answer = (cleared: boolean): void => {
    probe.destroy()
    if (!given) then(cleared)
    given = true
  }
  const probe = net.connect({ path })
  probe.on('connect', () => { answer(false) })
  probe.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'ECONNREFUSED') removeSocket(path).then(answer, () => { answer(false) })
    // It has just gone.
    else answer(code === 'ENOENT')
  })
  return {
    [Symbol.dispose] () {
      given = true
      probe.destroy()
    }
  }
}

/** Removes the file, when it is a socket: whatever else is there is not ours. */
async function removeSocket (path: string): Promise<boolean> {
  const file = await lstat(path)
  if (!file.isSocket()) return false
  await unlink(path)
  return true
}

function pathOf (place: Place): string {
  return 'path' in place ? place.path : ''
}
