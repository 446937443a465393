/** When each peer that is to be kept is dialed again: at once, then later and later, with jitter; a connection begins it anew. */
export interface RedialRules {
  /** Wait before the second attempt, in milliseconds; doubled with each. Default 1,000. */
  readonly firstMs: number
  /** Default 300,000: somebody who was away for a day is found within five minutes. */
  readonly mostMs: number
  /** Part of each wait that is drawn: 0 to 1. Default 0.5. Limits: all who have lost the same peer coming back at the same moment. */
  readonly jitter: number
  /** A connection that lasted so long, in milliseconds, forgets failures. Default 60,000. Limits: a peer that accepts and closes, over and over. */
  readonly steadyMs: number
  /** Dials at a time. Default 8. */
  readonly atATime: number
  /** Peers that are kept; further ones are not. Default 256. Limits: tags set without end. */
  readonly peers: number
}

export const redialDefaults: RedialRules = { firstMs: 1000, mostMs: 300_000, jitter: 0.5, steadyMs: 60_000, atATime: 8, peers: 256 }

interface Kept {
  failures: number
  /** Infinity while it is connected, or being dialed. */
  dueAt: number
  connectedAt: number | undefined
  dialing: boolean
}

/** Changed in place by its verbs, as all tables. `random` is from 0 to 1. */
export class Redial {
  private readonly rules: RedialRules
  private readonly random: () => number
  private readonly peers = new Map<string, Kept>()

  constructor (rules: RedialRules, random: () => number) {
    this.rules = rules
    this.random = random
  }

  get size (): number {
    return this.peers.size
  }

  get dialing (): number {
    let count = 0
    for (const { dialing } of this.peers.values()) if (dialing) count++
    return count
  }

  /** All that are to be kept from now on; `connected` are those that are connected now. Returns how many there was no room for. */
  keep (wanted: readonly string[], connected: ReadonlySet<string>, now: number): number {
    const all = new Set(wanted.slice(0, this.rules.peers))
    for (const peer of this.peers.keys()) if (!all.has(peer)) this.peers.delete(peer)
    for (const peer of all) {
      if (this.peers.has(peer)) continue
      const up = connected.has(peer)
      this.peers.set(peer, { failures: 0, dueAt: up ? Infinity : now, connectedAt: up ? now : undefined, dialing: false })
    }
    return wanted.length - all.size
  }

  connected (peer: string, now: number): void {
    const kept = this.peers.get(peer)
    if (kept === undefined) return
    kept.connectedAt = now
    kept.dueAt = Infinity
  }

  disconnected (peer: string, now: number): void {
    const kept = this.peers.get(peer)
    if (kept === undefined) return
    const lasted = now - (kept.connectedAt ?? now)
    kept.connectedAt = undefined
    if (lasted >= this.rules.steadyMs) kept.failures = 0
    if (!kept.dialing) this.wait(kept, now)
  }

  /** The dial of this peer has ended. */
  dialed (peer: string, succeeded: boolean, now: number): void {
    const kept = this.peers.get(peer)
    if (kept === undefined) return
    kept.dialing = false
    if (succeeded && kept.connectedAt !== undefined) kept.dueAt = Infinity
    else this.wait(kept, now)
  }

  /** Those that are to be dialed now; they count as being dialed from here on. */
  due (now: number): readonly string[] {
    let room = this.rules.atATime - this.dialing
    const due: string[] = []
    for (const [peer, kept] of this.peers) {
      if (room <= 0) break
      if (kept.dialing || kept.dueAt > now) continue
      kept.dialing = true
      kept.dueAt = Infinity
      due.push(peer)
      room--
    }
    return due
  }

  /** When the next is due; Infinity when none is, or none may be dialed until another's dial has ended. */
  get nextAt (): number {
    if (this.dialing >= this.rules.atATime) return Infinity
    let at = Infinity
    for (const { dialing, dueAt } of this.peers.values()) if (!dialing) at = Math.min(at, dueAt)
    return at
  }

  private wait (kept: Kept, now: number): void {
    const { firstMs, jitter, mostMs } = this.rules
    const ms = Math.min(firstMs * 2 ** Math.min(kept.failures, 40), mostMs)
    kept.failures++
    kept.dueAt = now + ms * (1 - jitter * this.random())
  }
}
