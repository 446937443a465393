import { median, quantile, spread } from './sampling.js'

/** What was measured, many times. */
export interface Figure {
  readonly name: string
  readonly unit: string
  readonly median: number
  /** With fewer than a hundred samples the worst of them. */
  readonly p99: number
  readonly least: number
  readonly most: number
  /** The middle eight tenths of the samples, as a fraction of the median. */
  readonly spread: number
  readonly samples: readonly number[]
}

/** What was promised, and whether it is kept. */
export interface Line {
  readonly what: string
  readonly seen: number
  readonly bound: 'at most' | 'at least'
  readonly target: number
  readonly unit: string
  readonly pass: boolean
}

/** A scenario's results, as they stand in the JSON document. */
export interface Results {
  readonly name: string
  readonly what: string
  readonly figures: readonly Figure[]
  readonly lines: readonly Line[]
  /** Work that was counted and found complete. */
  readonly verified: readonly string[]
  readonly notes: readonly string[]
}

/** One measured thing with promises about it. A file of its own each, run in a process of its own. */
export interface Scenario {
  readonly name: string
  /** One sentence: what is done, how much of it, what is compared. */
  readonly what: string
  readonly run: (sheet: Sheet) => Promise<void>
}

/** Where a scenario writes down what it sees. */
export class Sheet {
  private readonly figures: Figure[] = []
  private readonly lines: Line[] = []
  private readonly verified = new Map<string, number>()
  private readonly notes: string[] = []

  /** Keeps the samples and returns their median. */
  figure (name: string, unit: string, samples: readonly number[]): number {
    const middle = median(samples)
    this.figures.push({
      name,
      unit,
      median: middle,
      p99: quantile(samples, 0.99),
      least: quantile(samples, 0),
      most: quantile(samples, 1),
      spread: spread(samples),
      samples
    })
    return middle
  }

  /** A promise: `seen` must not lie above `target`. */
  atMost (what: string, seen: number, target: number, unit: string): void {
    this.lines.push({ what, seen, bound: 'at most', target, unit, pass: seen <= target })
  }

  /** A promise: `seen` must not lie below `target`. */
  atLeast (what: string, seen: number, target: number, unit: string): void {
    this.lines.push({ what, seen, bound: 'at least', target, unit, pass: seen >= target })
  }

  /** The work was done, all of it and nothing twice: otherwise its time means nothing. @throws Error */
  verify (what: string, seen: number, expected: number): void {
    if (seen !== expected) throw new Error(`${what}: ${seen}, but it should have been ${expected}`)
    this.verified.set(what, (this.verified.get(what) ?? 0) + seen)
  }

  /** What a reader must know to judge the figures. */
  note (text: string): void {
    this.notes.push(text)
  }

  results ({ name, what }: Scenario): Results {
    const verified = [...this.verified].map(([what, count]) => `${count.toLocaleString('en')} ${what}`)
    return { name, what, figures: this.figures, lines: this.lines, verified, notes: this.notes }
  }
}
