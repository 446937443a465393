/** Collects what is wrong with options, so that a user hears of all of it at once. */
export class Problems {
  private readonly found: string[] = []

  add (option: string, must: string, value: unknown): void {
    this.found.push(`${option}: must be ${must}; got ${shown(value)}`)
  }

  /** Names that nobody reads: a misspelt limit must not silently be no limit. */
  unknown (where: string, options: object, known: readonly string[]): void {
    for (const name of Object.keys(options)) {
      if (!known.includes(name)) this.found.push(`${where}${name}: there is no such option; there are ${known.join(', ')}`)
    }
  }

  number (option: string, value: unknown, least = 0, most = Infinity): void {
    if (value === undefined || (typeof value === 'number' && value >= least && value <= most && value < Infinity)) return
    this.add(option, most === Infinity ? `a number, at least ${least}` : `a number from ${least} to ${most}`, value)
  }

  /** An object of numbers that has these names. Default of the bounds of each: 0 and more. */
  numbers (option: string, values: object, known: readonly string[], bounds: (name: string) => readonly [least: number, most?: number] = () => [0]): void {
    this.unknown(`${option}.`, values, known)
    for (const [name, value] of Object.entries(values)) this.number(`${option}.${name}`, value, ...bounds(name))
  }

  /** Runs a check that throws, and keeps what it says. */
  try (option: string, check: () => unknown): void {
    try {
      check()
    } catch (error) {
      this.found.push(`${option}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** @throws TypeError with all of them */
  throwIfAny (where: string): void {
    if (this.found.length > 0) throw new TypeError(`${where}: ${this.found.join('; ')}`)
  }
}

function shown (value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}...` : value)
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : typeof value
}
