import { Session, type Profiler } from 'node:inspector'
import { fileOf } from './files.js'

export interface Executed {
  readonly file: string
  /** Names of the functions that were called, the most called first. */
  readonly functions: readonly string[]
}

/** Which functions of which files are called meanwhile, as V8 counts them (precise coverage). */
export class CallCounter {
  private readonly session = new Session()

  /** To be made before the code is loaded: what V8 has thrown away cannot be counted. */
  constructor () {
    this.session.connect()
    this.session.post('Profiler.enable')
    this.session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  }

  /** Forgets what was counted so far. */
  restart (): void {
    this.take()
  }

  /** What was called since. Loading a module does not count as calling it. */
  take (): Executed[] {
    let result: Profiler.ScriptCoverage[] = []
    // Within one thread it answers before it returns.
    this.session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error !== null) throw error
      result = taken.result
    })
    const called = new Map<string, string[]>()
    for (const { url, functions } of result) {
      const file = fileOf(url)
      const counted = functions
        .flatMap(({ functionName, ranges: [range] }) => range !== undefined && range.count > 0 && !isModule(functionName, range) ? [{ functionName, count: range.count }] : [])
        .sort((a, b) => b.count - a.count)
      if (counted.length > 0) called.set(file, [...called.get(file) ?? [], ...counted.map(({ functionName }) => functionName)])
    }
    return [...called].map(([file, functions]) => ({ file, functions })).sort((a, b) => a.file < b.file ? -1 : 1)
  }
}

function isModule (name: string, { startOffset }: Profiler.CoverageRange): boolean {
  return name === '' && startOffset === 0
}
