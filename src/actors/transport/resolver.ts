/**
 * Names in addresses (multiformats/multiaddr, protocols/DNSADDR.md): `/dns`, `/dns4` and `/dns6` become the IP addresses of
 * the name, `/dnsaddr` the addresses that its owner has published as TXT records, which may have names in them again.
 *
 *     /dns4/example.org/tcp/4001          A of example.org               /ip4/10.0.0.7/tcp/4001
 *     /dnsaddr/example.org/p2p/X          TXT of _dnsaddr.example.org    those that end in /p2p/X
 *
 * Whoever publishes names decides how many questions we ask and of whom, so there are bounds, for all addresses of one call
 * together. What could be resolved is given, whatever has become of the rest.
 */
import type { Failure } from '../../messages/failure.js'
import { scopeOf } from '../../messages/value/address-scope.js'
import { Multiaddr } from '../../messages/value/multiaddr.js'
import type { DnsPort, TaskScope } from '../contract/transport.js'

export interface ResolverOptions {
  /** For all names of one call. Default 5,000 ms: half of the time that a dial has as a rule. */
  readonly timeoutMs?: number
  /** How often a `dnsaddr` may lead to another. Default 4, as go-libp2p has it; the public bootstrap nodes need 2. */
  readonly maxDepth?: number
  /** Questions in one call. Default 32, as rust-libp2p has it. Bounds what a name can make us ask of others' servers. */
  readonly maxQuestions?: number
  /** Addresses that one call may give. Default 100, as go-libp2p has it; a peer has a dozen. */
  readonly maxAddresses?: number
}

export interface Resolved {
  /** Without names, each once, in the order of what they were made of. */
  readonly addresses: readonly Multiaddr[]
  /** One `dial/resolve-failed` for each name that led nowhere. */
  readonly failures: readonly Failure[]
}

/** Resolves all addresses of one dial. Never rejects, but for the task's own end. */
export type Resolve = (addresses: readonly Multiaddr[], scope: TaskScope) => Promise<Resolved>

/** @throws RangeError for bounds that are no positive numbers */
export function createResolver (dns: DnsPort, options: ResolverOptions = {}): Resolve {
  const { timeoutMs = 5000, maxDepth = 4, maxQuestions = 32, maxAddresses = 100 } = options
  const bounds: Bounds = { timeoutMs, maxDepth, maxQuestions, maxAddresses }
  for (const [name, value] of Object.entries(bounds)) if (!(value > 0 && value < Infinity)) throw new RangeError(`${name}: must be a positive number; got ${String(value)}`)
  return async (addresses, scope) => {
    if (!addresses.some(hasName)) return { addresses: unique(addresses, maxAddresses), failures: [] }
    return new Resolution(dns, bounds).run(addresses, scope)
  }
}

/** Whether it begins with a name. */
export function hasName (address: Multiaddr): boolean {
  const first = address.components[0]?.name
  return first === 'dns' || first === 'dns4' || first === 'dns6' || first === 'dnsaddr'
}

type Bounds = Readonly<Record<keyof ResolverOptions, number>>

/** The longest name that DNS has (RFC 1035, 2.3.4), in text. */
const longestName = 253
const published = 'dnsaddr='
const unnamed = { name: '', value: '' }

/** One call. */
class Resolution {
  private readonly dns: DnsPort
  private readonly bounds: Bounds
  /** One for each question under way: so many listeners on one signal would be taken for a leak. */
  private readonly asking = new Set<AbortController>()
  private stopped: Error | undefined
  private readonly failures: Failure[] = []
  private questions = 0

  constructor (dns: DnsPort, bounds: Bounds) {
    this.dns = dns
    this.bounds = bounds
  }

  async run (addresses: readonly Multiaddr[], { signal, sleep }: TaskScope): Promise<Resolved> {
    const { failures, bounds: { timeoutMs, maxAddresses } } = this
    signal.throwIfAborted()
    const abort = (): void => { this.stop(signal.reason as Error) }
    signal.addEventListener('abort', abort, { once: true })
    // Rejects when the task ends, which the signal tells as well.
    sleep(timeoutMs).then(() => { this.stop(new Error(`no answer within ${timeoutMs} ms`)) }, () => {})
    try {
      const found = await this.followAll(addresses, 0)
      signal.throwIfAborted()
      return { addresses: unique(found, maxAddresses), failures }
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  private async followAll (addresses: readonly Multiaddr[], depth: number): Promise<readonly Multiaddr[]> {
    const lists = await Promise.all(addresses.map(async address => this.follow(address, depth)))
    return lists.flat()
  }

  /** Where an address leads; nowhere when that cannot be found out. */
  private async follow (address: Multiaddr, depth: number): Promise<readonly Multiaddr[]> {
    if (!hasName(address)) return [address]
    try {
      const found = await this.resolve(address, depth)
      if (found.length === 0) this.fail(address, 'it leads to no address')
      return found
    } catch (error) {
      this.fail(address, error instanceof Error ? error.message : String(error))
      return []
    }
  }

  /** Rejects when a question fails or may not be asked. */
  private async resolve (address: Multiaddr, depth: number): Promise<readonly Multiaddr[]> {
    const { dns } = this
    const [{ name: kind, value: name } = unnamed] = address.components
    if (name.length > longestName) throw new Error('the name is too long')
    const rest = address.toString().slice(`/${kind}/${name}`.length)
    const as = async (ip: 'ip4' | 'ip6'): Promise<readonly Multiaddr[]> => {
      const found = await this.ask(async signal => ip === 'ip4' ? dns.resolve4(name, signal) : dns.resolve6(name, signal))
      return parseAll(found.map(text => `/${ip}/${text}${rest}`))
    }
    switch (kind) {
      case 'dns4': return as('ip4')
      case 'dns6': return as('ip6')
      case 'dns': return either(await Promise.allSettled([as('ip4'), as('ip6')]))
      default: return this.resolvePublished(name, rest, depth)
    }
  }

  private async resolvePublished (name: string, rest: string, depth: number): Promise<readonly Multiaddr[]> {
    const { dns, bounds: { maxDepth, maxAddresses } } = this
    if (depth >= maxDepth) throw new Error(`it leads on more than ${maxDepth} times`)
    const texts = await this.ask(async signal => dns.resolveTxt(`_dnsaddr.${name}`, signal))
    // What is published must lead to the same peer; behind a relay, to that relay.
    const [, end = '', circuit = ''] = /^(.*?)(\/p2p-circuit.*)?$/.exec(rest) ?? []
    const entries = texts.filter(text => text.startsWith(published)).slice(0, maxAddresses)
    // A name is a stranger's: what it leads to must not be a socket of this machine.
    const elsewhere = parseAll(entries.map(text => text.slice(published.length))).filter(address => scopeOf(address) !== 'process')
    const addresses = elsewhere.map(address => address.toString())
    return this.followAll(parseAll(addresses.filter(text => text.endsWith(end)).map(text => text + circuit)), depth + 1)
  }

  private async ask (question: (signal: AbortSignal) => Promise<readonly string[]>): Promise<readonly string[]> {
    const { bounds: { maxQuestions }, asking, stopped } = this
    if (stopped !== undefined) throw stopped
    if (++this.questions > maxQuestions) throw new Error(`it takes more than ${maxQuestions} questions`)
    const controller = new AbortController()
    asking.add(controller)
    try {
      return await question(controller.signal)
    } finally {
      asking.delete(controller)
    }
  }

  private stop (reason: Error): void {
    this.stopped = reason
    for (const controller of this.asking) controller.abort(reason)
  }

  private fail (address: Multiaddr, reason: string): void {
    this.failures.push({ code: 'dial/resolve-failed', detail: `${address.toString()} (${reason})` })
  }
}

/** What one of both has found; rejects when none has and one has failed. */
function either (outcomes: ReadonlyArray<PromiseSettledResult<readonly Multiaddr[]>>): readonly Multiaddr[] {
  const found = outcomes.flatMap(outcome => outcome.status === 'fulfilled' ? outcome.value : [])
  const failed = outcomes.find(outcome => outcome.status === 'rejected')
  if (found.length === 0 && failed !== undefined) throw failed.reason
  return found
}

/** Those that are addresses. The others are a stranger's mistake. */
function parseAll (texts: readonly string[]): readonly Multiaddr[] {
  return texts.flatMap(text => {
    try {
      return [Multiaddr.parse(text)]
    } catch {
      return []
    }
  })
}

function unique (addresses: readonly Multiaddr[], most: number): readonly Multiaddr[] {
  return [...new Map(addresses.map(address => [address.toString(), address])).values()].slice(0, most)
}
