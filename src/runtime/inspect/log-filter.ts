import type { LogLevel } from '../context.js'

/** From which level on something is logged; `off` is nothing at all. */
export type LogThreshold = LogLevel | 'off'

const ranks: Readonly<Record<LogThreshold, number>> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, off: 60 }
export const logThresholds = Object.keys(ranks) as LogThreshold[]

export function isThreshold (text: unknown): text is LogThreshold {
  return logThresholds.includes(text as LogThreshold)
}

interface Rule {
  readonly segments: readonly string[]
  readonly fromRoot: boolean
  readonly threshold: LogThreshold
}

/**
 * Which actor is logged from which level on.
 *
 * Written as in `TROUPE_LOG`: parts with commas between them, each a level, which is for everybody, or `pattern:level`. A
 * pattern is a piece of a path, whole names with slashes between them, and holds for every actor whose path contains it, so
 * for all below as well; `*` is any one name, and a slash in front means from the root on. The last part that fits counts.
 *
 *     info                                     everybody from info on
 *     dialer:debug,connections/17:trace,info   the same, the dialer and one connection in more detail
 *     /node/network:debug,relay:off,warn
 */
export class LogFilter {
  private readonly rules: readonly Rule[]
  private readonly base: LogThreshold
  /** The parts that were not understood. */
  readonly bad: readonly string[]

  constructor (text: string, base: LogThreshold) {
    const rules: Rule[] = []
    const bad: string[] = []
    let everybody = base
    for (const part of text.split(',').map(part => part.trim()).filter(part => part !== '')) {
      // Names may hold a colon; levels do not.
      const colon = part.lastIndexOf(':')
      const threshold = part.slice(colon + 1).trim().toLowerCase()
      const pattern = part.slice(0, Math.max(colon, 0)).trim()
      if (!isThreshold(threshold) || (colon >= 0 && !/^\/?(?:[\w.:-]+|\*)(?:\/(?:[\w.:-]+|\*))*$/.test(pattern))) bad.push(part)
      else if (colon < 0) everybody = threshold
      else rules.push({ segments: pattern.split('/').filter(segment => segment !== ''), fromRoot: pattern.startsWith('/'), threshold })
    }
    this.rules = rules.reverse()
    this.base = everybody
    this.bad = bad
  }

  /** True when it is the same for everybody. */
  get uniform (): boolean {
    return this.rules.length === 0
  }

  /** The rank from which on an actor is logged. */
  rankAt (path: string): number {
    if (this.uniform) return ranks[this.base]
    const names = path.slice(1).split('/')
    return ranks[this.rules.find(rule => fits(rule, names))?.threshold ?? this.base]
  }

  /** True when somebody may be logged at that level. */
  mayLog (level: LogLevel): boolean {
    return [this.base, ...this.rules.map(({ threshold }) => threshold)].some(threshold => ranks[threshold] <= ranks[level])
  }
}

export function rankOf (level: LogLevel): number {
  return ranks[level]
}

function fits ({ segments, fromRoot }: Rule, names: readonly string[]): boolean {
  const last = fromRoot ? 0 : names.length - segments.length
  for (let at = 0; at <= last; at++) {
    if (segments.every((segment, i) => names[at + i] !== undefined && (segment === '*' || segment === names[at + i]))) return true
  }
  return false
}
