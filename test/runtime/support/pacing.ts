/**
 * When children are restarted: at once after the first failure, later after each further one, at the slow end when there
 * are too many, at once whenever an operator has killed them; and never before the time that was said. Counted a second
 * time, apart from the supervisor's own policy.
 */
import type { Exit } from '../../../src/runtime/exit.js'
import { roomMs } from './patience.js'
import type { PlayerSpec } from './player-spec.js'

/** As the kernel spreads them by default. */
const jitter = 0.2

/** The news that a supervisor has decided about. */
export interface Failure {
  readonly name: string
  readonly exit: Exit | undefined
  /** How long the child had lived. */
  readonly ranMs: number
}

/** What one supervisor has decided about one child, or about its group. */
class Decisions {
  /** When failures that count were decided about. */
  readonly failures: number[] = []
  streak = 0
  /** What was said last; Infinity where others have to end first. */
  notBefore = 0
  notAfter = Infinity
}

export class Pacing {
  private readonly decisions = new Map<string, Decisions>()

  /** The supervisor has decided. Returns what is wrong with that, if anything. */
  decided (supervisor: PlayerSpec, { name, exit, ranMs }: Failure, now: number, delayMs: number, suspended: boolean): string | undefined {
    const { firstMs = 1000, maxMs = 60_000, resetMs = 60_000 } = supervisor.backoff
    const { restarts = 5, withinMs = 30_000 } = supervisor.intensity
    const inGroup = supervisor.strategy === 'rest-for-one'
    const last = this.of(supervisor, name)
    last.notBefore = now + delayMs
    last.notAfter = inGroup ? Infinity : now + delayMs + roomMs(supervisor)

    let [least, most, tooOften] = [0, 0, false]
    if (exit?.kind !== 'killed' || exit.counted !== false) {
      last.failures.push(now)
      tooOften = last.failures.filter(at => at > now - withinMs).length > restarts
      if (ranMs >= resetMs) last.streak = 0
      if (tooOften) [least, most] = [maxMs, maxMs]
      else if (last.streak > 0) [least, most] = [firstMs, maxMs]
      last.streak++
    }
    if (suspended === tooOften && delayMs >= least * (1 - jitter) && delayMs <= most * (1 + jitter)) return undefined
    return `${supervisor.path} ${suspended ? 'suspends' : 'restarts'} ${name} in ${delayMs} ms; it must be ${least} to ${most}, ${tooOften ? 'as a suspension' : 'and no suspension'}`
  }

  /** The child is started again. Returns what is wrong with that moment, if anything. */
  started (supervisor: PlayerSpec, name: string, now: number): string | undefined {
    const last = this.of(supervisor, name)
    const { notBefore, notAfter } = last
    // Only the first start after a decision is what it was about.
    last.notBefore = 0
    last.notAfter = Infinity
    // Sums of fractions are not exact.
    if (now >= notBefore - 1e-6 && now <= notAfter) return undefined
    return `${supervisor.path}/${name} was started at ${now}; it must be ${notBefore} to ${notAfter}`
  }

  private of ({ strategy }: PlayerSpec, name: string): Decisions {
    const key = strategy === 'rest-for-one' ? '' : name
    let decisions = this.decisions.get(key)
    if (decisions === undefined) this.decisions.set(key, decisions = new Decisions())
    return decisions
  }
}
