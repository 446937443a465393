/**
 * Who has to go when the node has more to do or to hold than it can: the peer that costs the most, and only if it is the cause. A
 * node that is merely busy sheds nobody: CPU is short when the event loop itself is late, again and again, and memory when what lies
 * in buffers is more than the node may hold.
 */
export interface OverloadRules {
  /** Bytes in the buffers of all connections. */
  readonly bufferedBytes: number
  /** How late the event loop may be, in milliseconds, ... */
  readonly lagMs: number
  /** ... and for how many seconds on end it must have been. */
  readonly lagSeconds: number
  /** Of the CPU that all peers together have used in the last second, how much must be of one peer before it is the cause: 0 to 1. */
  readonly share: number
}

export const overloadDefaults: OverloadRules = {
  // A quarter of what Node's heap and buffers have on a common machine; 4,096 connections with one Yamux window each are less.
  // Limits: many peers who fill what nobody reads (A12).
  bufferedBytes: 512 * 1024 * 1024,
  // A turn of the scheduler takes a millisecond; a second means that something holds the loop. Limits: peers whose messages cost
  // far more to handle than to send (A9, A11, A14).
  lagMs: 1000,
  lagSeconds: 3,
  share: 0.5
}

/** What one connection costs, counted since its beginning or as of now. */
export interface Cost {
  readonly path: string
  readonly peer: string
  readonly cpuMs: number
  readonly bytes: number
}

export interface Shed {
  readonly peer: string
  readonly paths: readonly string[]
  readonly code: 'limit/cpu' | 'limit/connection-memory'
  readonly text: string
}

/** A class, since what a second has cost is the difference of two samples. */
export class Overload {
  private readonly rules: OverloadRules
  private cpu = new Map<string, number>()
  private lateFor = 0

  constructor (rules: OverloadRules) {
    this.rules = rules
  }

  /**
   * Once a second.
   * @param lagMs how late this call is
   * @returns who has to go, and why
   */
  sample (costs: readonly Cost[], lagMs: number): Shed | undefined {
    const { rules } = this
    const before = this.cpu
    this.cpu = new Map(costs.map(({ path, cpuMs }) => [path, cpuMs]))
    this.lateFor = lagMs > rules.lagMs ? this.lateFor + 1 : 0
    return this.memory(costs) ?? this.time(costs.map(cost => ({ ...cost, cpuMs: cost.cpuMs - (before.get(cost.path) ?? 0) })))
  }

  private memory (costs: readonly Cost[]): Shed | undefined {
    const { bufferedBytes } = this.rules
    const total = costs.reduce((sum, { bytes }) => sum + bytes, 0)
    if (total <= bufferedBytes) return undefined
    const { amount, paths, peer } = costliest(costs, ({ bytes }) => bytes)
    return { peer, paths, code: 'limit/connection-memory', text: `${amount} of ${total} bytes in buffers, of which there may be ${bufferedBytes}` }
  }

  private time (costs: readonly Cost[]): Shed | undefined {
    const { lagMs, lagSeconds, share } = this.rules
    if (this.lateFor < lagSeconds) return undefined
    const total = costs.reduce((sum, { cpuMs }) => sum + cpuMs, 0)
    const { amount, paths, peer } = costliest(costs, ({ cpuMs }) => cpuMs)
    if (total === 0 || amount < total * share) return undefined
    this.lateFor = 0
    return { peer, paths, code: 'limit/cpu', text: `${Math.round(amount)} of ${Math.round(total)} ms of CPU, while everything was more than ${lagMs} ms late for ${lagSeconds} s` }
  }
}

/** All connections of a peer together: or an attacker would simply have more of them. */
function costliest (costs: readonly Cost[], of: (cost: Cost) => number): { readonly peer: string, readonly amount: number, readonly paths: readonly string[] } {
  const sums = new Map<string, number>()
  for (const cost of costs) sums.set(cost.peer, (sums.get(cost.peer) ?? 0) + of(cost))
  const [peer, amount] = [...sums].reduce<readonly [string, number]>((most, one) => one[1] > most[1] ? one : most, ['', -1])
  return { peer, amount, paths: costs.filter(cost => cost.peer === peer).map(({ path }) => path) }
}
