/**
 * The log: a view of the trace, in lines.
 *
 * | level | what |
 * |---|---|
 * | error | an actor crashed or failed to start; a child was suspended |
 * | warn | a child is restarted; something threw in an actor that was ending; an observer threw and was removed |
 * | debug | spawned, started, ending, down; a message was lost; the system has ended |
 * | trace | each message, each event that is emitted |
 * | its own | what an actor says itself, with `log` |
 *
 * Without options the environment variable `TROUPE_LOG` says what is logged (its grammar stands in log-filter.ts), and
 * without that everything from `warn` on: a crash must not pass in silence. Lines go to stderr, one for each. Only the
 * reports that somebody may want are listened to, so a log from `warn` on costs no message and no spawn anything.
 */
import type { Cell } from '../cell.js'
import type { LogLevel } from '../context.js'
import { checkOptions } from '../errors.js'
import type { Exit } from '../exit.js'
import type { Message } from '../message.js'
import type { System } from '../system.js'
import type { LostMessage } from './dead-letters.js'
import { errorText, exitText } from './explain.js'
import { isThreshold, LogFilter, logThresholds, rankOf, type LogThreshold } from './log-filter.js'
import { plain, plainError, plainExit } from './plain.js'
import { grouped } from './render-tree.js'
import { traceKinds, type TraceKind } from './trace.js'

/** What a log line carries beside its text. `err` is what was thrown, as it was thrown. */
export interface LogFields {
  readonly path: string
  readonly atMs: number
  readonly kind: TraceKind
  readonly behavior?: string
  readonly err?: unknown
  readonly details?: unknown
}

type LogMethod = (fields: LogFields, text: string) => void

/** Where lines go: pino's shape, and so pino's own loggers fit. One that throws is removed. */
export interface Logger {
  readonly trace: LogMethod
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
}

export interface LogOptions {
  /** Everybody is logged from here on. Default `warn`; `off` is silence. */
  readonly level?: LogThreshold
  /** Who is logged in more or less detail, in the grammar of `TROUPE_LOG`. Default: nobody. */
  readonly filter?: string
  /** Default: one line each to stderr. */
  readonly logger?: Logger
}

/** At which level a kind is logged: its own where none is named, never where it is null. */
const levels: Readonly<Record<TraceKind, LogLevel | null | undefined>> = {
  'spawned': 'debug',
  'started': 'debug',
  'message': 'trace',
  'changed': null,
  'emitted': 'trace',
  'ending': 'debug',
  'down': 'debug',
  'crashed': 'error',
  'dead-letter': 'debug',
  'restarting': 'warn',
  'suspended': 'error',
  'late-error': 'warn',
  'log': undefined,
  'ended': 'debug',
  'observer-removed': 'warn'
}

/**
 * @throws TypeError for an unknown option, or one of the wrong kind. What is wrong in `TROUPE_LOG` only makes a line: a
 *   slip in the environment must not keep a service from starting
 */
export function attachLog (system: System, options: LogOptions = {}): void {
  checkLogOptions(options)
  const { level, logger = stderrLogger } = options
  const fromOptions = level !== undefined || options.filter !== undefined
  const filter = new LogFilter((fromOptions ? options.filter : process.env['TROUPE_LOG']) ?? '', level ?? 'warn')
  const path = `/${system.name}`
  if (filter.bad.length > 0) {
    const parts = filter.bad.map(part => `'${part}'`).join(', ')
    if (fromOptions) throw new TypeError(`log.filter: ${parts} is not understood; ${grammar}`)
    logger.warn({ path, atMs: system.now(), kind: 'log' }, `TROUPE_LOG: ${parts} is not understood and left out; ${grammar}`)
  }
  const kinds = traceKinds.filter(kind => mayLog(filter, levels[kind]))
  if (kinds.length === 0) return
  const rankAt = rankLookup(filter)
  system.trace.add((kind, actor, subject, detail) => {
    const level = levels[kind] ?? (subject as { readonly level: LogLevel }).level
    if (rankOf(level) < rankAt(actor)) return
    try {
      const { text, path = actor.path, ...fields } = lineOf(kind, subject, detail)
      logger[level]({ path, atMs: system.now(), kind, behavior: actor.behavior.name, ...fields }, text)
    } catch (error) {
      // It is removed now. Somebody must hear of that, and the log was where they would have.
      stderrLogger.error({ path, atMs: system.now(), kind: 'observer-removed', err: error }, `the logger is removed: ${errorText(plainError(error))}`)
      throw error
    }
  }, kinds)
}

const grammar = `it must be a level (${logThresholds.join(', ')}) or a piece of a path with a colon and a level, such as 'dialer:debug'`

function checkLogOptions (options: LogOptions): void {
  checkOptions('log', options, ['level', 'filter', 'logger'])
  const { level, filter, logger } = options
  if (level !== undefined && !isThreshold(level)) throw new TypeError(`log.level: must be one of ${logThresholds.join(', ')}; got '${String(level)}'`)
  if (filter !== undefined && typeof filter !== 'string') throw new TypeError(`log.filter: must be a text; got ${typeof filter}`)
  if (logger === undefined) return
  const missing = (['trace', 'debug', 'info', 'warn', 'error'] as const).filter(method => typeof (logger as Partial<Logger> | null)?.[method] !== 'function')
  if (missing.length > 0) throw new TypeError(`log.logger: must have the method ${missing.join(', ')}`)
}

function mayLog (filter: LogFilter, level: LogLevel | null | undefined): boolean {
  return level !== null && filter.mayLog(level ?? 'error')
}

/** From which rank on an actor is logged; looked up once per actor, unless it is the same for all. */
function rankLookup (filter: LogFilter): (actor: Cell) => number {
  if (filter.uniform) {
    const rank = filter.rankAt('')
    return () => rank
  }
  const known = new WeakMap<Cell, number>()
  return actor => {
    let rank = known.get(actor)
    if (rank === undefined) {
      rank = filter.rankAt(actor.path)
      known.set(actor, rank)
    }
    return rank
  }
}

interface Line extends Partial<Omit<LogFields, 'atMs' | 'kind'>> {
  readonly text: string
}

function lineOf (kind: TraceKind, subject: unknown, detail: unknown): Line {
  switch (kind) {
    case 'spawned': case 'started': return { text: kind }
    case 'message': case 'changed': return { text: `handles '${(subject as Message).type}'` }
    case 'emitted': return { text: `emits '${(subject as Message).type}'` }
    case 'ending': case 'down': case 'crashed': case 'ended': {
      const exit = subject as Exit
      const text = exitText(plainExit(exit))
      return {
        text: kind === 'ending' ? `ends: ${text}` : kind === 'crashed' ? text : `is down: ${text}`,
        ...kind === 'crashed' && 'error' in exit ? { err: exit.error } : {}
      }
    }
    case 'dead-letter': {
      const { to, type, reason } = detail as LostMessage
      return { text: `'${type}' is lost: ${reason}`, ...typeof to === 'string' ? { path: to } : {} }
    }
    case 'restarting': return { text: `restarts '${subject as string}' ${when(detail as number)}` }
    case 'suspended': return { text: `suspends '${subject as string}', which failed too often; tries it again ${when(detail as number)}` }
    case 'late-error': return { text: `threw while it ended, in ${detail as string}: ${errorText(plainError(subject))}`, err: subject }
    case 'observer-removed': return { text: `an observer of ${detail as string} threw and is removed: ${errorText(plainError(subject))}`, err: subject }
    case 'log': {
      const { text, details } = subject as { readonly text: string, readonly details?: object }
      return { text, ...details === undefined ? {} : { details } }
    }
  }
}

function when (delayMs: number): string {
  return delayMs === 0 ? 'at once' : `in ${grouped(Math.round(delayMs))} ms`
}

/** `   12.345 error /shop/till: crashed in its step, handling 'counter.add': TypeError: no till (at file:///till.js:3:9)` */
const stderrLogger: Logger = Object.fromEntries((['trace', 'debug', 'info', 'warn', 'error'] as const).map(level => [level, (fields: LogFields, text: string) => {
  const { path, atMs, err, details } = fields
  const seconds = (atMs / 1000).toFixed(3).padStart(9)
  const more = details === undefined ? '' : ` ${JSON.stringify(plain(details))}`
  const line = `${seconds} ${level} ${path}: ${text}${more}${err === undefined ? '' : placeOf(err)}`
  // One line it stays, whatever a stranger has put into an error's message.
  process.stderr.write(`${line.replace(/\p{Cc}/gu, sign => sign === '\n' ? '\\n' : `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`)}\n`)
}])) as unknown as Logger

/** Where an error was made, from its stack. */
function placeOf (error: unknown): string {
  const { stack } = plainError(error)
  const place = /\n\s+at (?:.* \()?(\S+:\d+:\d+)\)?/.exec(stack ?? '')?.[1]
  return place === undefined ? '' : ` (at ${place})`
}
