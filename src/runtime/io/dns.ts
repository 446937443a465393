import { lookup, Resolver } from 'node:dns/promises'
import { checkOptions } from '../errors.js'
import type { Handles } from '../handles.js'

/**
 * Names to addresses. One per system, given to actors at spawn; `SimDns` makes its simulated twin.
 *
 * A name of which there is nothing gives an empty list. That it could not be found out is an error: what the system says, or
 * the signal's reason once that has fired. There is no deadline but the signal.
 */
export interface DnsPort {
  /** IPv4 addresses as this machine knows them: by its hosts file, its search list and its name servers. */
  resolve4 (name: string, signal: AbortSignal): Promise<readonly string[]>
  /** IPv6 addresses, likewise. */
  resolve6 (name: string, signal: AbortSignal): Promise<readonly string[]>
  /** The texts of its TXT records, the parts of each put together. Only name servers know them. */
  resolveTxt (name: string, signal: AbortSignal): Promise<readonly string[]>
}

export interface DnsOptions {
  /** Asked for TXT records: IP addresses, with a port where it is not 53. Default: those of the system. */
  readonly servers?: readonly string[]
}

/**
 * The names of this machine and of its name servers.
 *
 * Addresses come from the system's own `getaddrinfo`, since no other way knows the hosts file. That cannot be taken back: once
 * aborted, its answer is thrown away. It uses at most half of Node's pool of threads, by libuv's rule for what is slow.
 *
 * @param system counts what is asked for and not answered
 */
export function dnsPort (system: { readonly handles: Handles }, options: DnsOptions = {}): DnsPort {
  checkOptions('dnsPort', options, ['servers'])
  const { servers } = options
  const addresses = async (name: string, family: 4 | 6, signal: AbortSignal): Promise<readonly string[]> =>
    answer(system, `IPv${family} addresses of ${name}`, signal, async () => {
      const found = await lookup(name, { family, all: true })
      // What is an address already comes back as it is, of whatever kind.
      return found.filter(address => address.family === family).map(({ address }) => address)
    })
  return {
    resolve4: async (name, signal) => addresses(name, 4, signal),
    resolve6: async (name, signal) => addresses(name, 6, signal),
    async resolveTxt (name, signal) {
      // One for each question, for it can only cancel all that it has been asked.
      const resolver = new Resolver()
      if (servers !== undefined) resolver.setServers(servers)
      return answer(system, `texts of ${name}`, signal, async () => {
        const records = await resolver.resolveTxt(name)
        return records.map(parts => parts.join(''))
      }, () => { resolver.cancel() })
    }
  }
}

const nothingThere: readonly unknown[] = ['ENOTFOUND', 'ENODATA']

async function answer (system: { readonly handles: Handles }, what: string, signal: AbortSignal, ask: () => Promise<readonly string[]>, cancel = (): void => {}): Promise<readonly string[]> {
  signal.throwIfAborted()
  const question = {}
  system.handles.opened(question, what)
  let abort = (): void => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => {
      cancel()
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', abort, { once: true })
  })
  try {
    return await Promise.race([ask(), aborted])
  } catch (error) {
    if (nothingThere.includes((error as NodeJS.ErrnoException).code)) return []
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
    system.handles.closed(question)
  }
}
