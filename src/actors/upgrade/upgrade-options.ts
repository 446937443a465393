import type { Gate } from '../contract/gate.js'
import type { Muxer } from '../contract/muxer.js'
import type { Negotiation } from '../contract/negotiation.js'
import type { Security } from '../contract/security.js'

/** What upgrades are made of, the same for all connections of a node. */
export interface UpgradeOptions {
  readonly negotiation: Negotiation
  /** The best first; at least one. */
  readonly securities: readonly Security[]
  /** The best first; at least one. */
  readonly muxers: readonly Muxer[]
  /** Asked as soon as it is known who the remote is. */
  readonly gate?: Gate
  /** Of the paths that they become. Each can be given alone. */
  readonly limits?: Partial<PathLimits>
}

/** Bounds of the path of one connection. */
export interface PathLimits {
  /** Bytes that have arrived and were not read, in all streams; beyond it the link is paused until half of them are read. */
  readonly unreadBytes: number
  /** Receive windows of all streams together grow by so many bytes beyond their first, if the account has as many. */
  readonly windowGrowthBytes: number
  /** How long a link that was closed may take until the last word has left and the remote has closed too, in milliseconds. */
  readonly lingerMs: number
}

export const pathDefaults: PathLimits = {
  // Twice the largest window, so that no single reader who stops can hold up the others. More only costs memory. Limits: many
  // streams that are filled and never read, whose first windows alone would be 128 MiB.
  unreadBytes: 32 * 1024 * 1024,
  // Two streams at the largest window of Yamux, or many at 1 MiB.
  windowGrowthBytes: 32 * 1024 * 1024,
  // Several round trips around the world. Limits: remotes that never close.
  lingerMs: 1000
}

/** @throws TypeError or RangeError, naming the option */
export function checkUpgradeOptions ({ limits = {}, muxers, securities }: UpgradeOptions): void {
  for (const [name, list] of [['securities', securities], ['muxers', muxers]] as const) {
    if (list.length === 0) throw new RangeError(`upgrade: option '${name}' must hold at least one`)
    const protocols = list.map(({ protocol }) => protocol)
    if (new Set(protocols).size < protocols.length) throw new TypeError(`upgrade: option '${name}' holds one protocol twice: ${protocols.join(', ')}`)
  }
  for (const [name, value] of Object.entries(limits) as Array<[string, unknown]>) {
    if (!Object.hasOwn(pathDefaults, name)) throw new TypeError(`upgrade: unknown limit '${name}'; known are ${Object.keys(pathDefaults).join(', ')}`)
    if (!(typeof value === 'number' && value >= 0)) throw new RangeError(`upgrade: limit '${name}' must be a number, zero or more; got ${String(value)}`)
  }
}
