import type { Cell } from '../cell.js'
import { checkOptions } from '../errors.js'
import type { Exit } from '../exit.js'
import type { Message } from '../message.js'
import type { LostMessage } from './dead-letters.js'
import { checkPath, describe } from './place.js'
import { defined, plain, plainError, plainExit, type Plain, type PlainError, type PlainExit } from './plain.js'
import { traceKinds, type TraceKind, type TraceSink } from './trace.js'

/** Which records one wants to see. Without any of it: all. */
export interface TraceFilter {
  /** Only of this actor and all below it. */
  readonly path?: string
  readonly kinds?: readonly TraceKind[]
  /** Only messages of these types; then kinds that are about no message are left out. */
  readonly types?: readonly string[]
  /** Adds messages, described states and outputs as plain values. They may hold what users said: default false. */
  readonly payloads?: boolean
}

/** One report, as a plain object that JSON can carry. */
export interface TraceRecord {
  readonly kind: TraceKind
  /** Of `dead-letter`: where it should have gone. */
  readonly path: string
  /** Empty where nobody lives at the path. */
  readonly behavior: string
  /** Milliseconds of the system's time. */
  readonly atMs: number
  /** Of `message`, `changed`, `emitted`, `dead-letter`: the type of the message. */
  readonly type?: string
  /** The message, when payloads are asked for. */
  readonly message?: Plain
  /** Of `changed`, when payloads are asked for: the new state. */
  readonly state?: Plain
  /** Of `ending`, `down`, `crashed`, `ended`. Without an output, unless payloads are asked for. */
  readonly exit?: PlainExit
  /** Of `dead-letter`: why it is lost. */
  readonly reason?: string
  /** Of `restarting`, `suspended`: the child's name, and when it is started again. */
  readonly child?: string
  readonly delayMs?: number
  /** Of `late-error`, `observer-removed`: what was thrown, and where. */
  readonly error?: PlainError
  readonly at?: string
  /** Of `log`. */
  readonly level?: string
  readonly text?: string
  readonly details?: Plain
}

/** @throws TypeError naming the member that is unknown or of the wrong kind */
export function checkFilter (filter: TraceFilter): TraceFilter {
  if (typeof filter !== 'object' || filter === null) throw new TypeError(`filter: must be an object; got ${filter === null ? 'null' : typeof filter}`)
  checkOptions('filter', filter, ['path', 'kinds', 'types', 'payloads'])
  const { path, kinds, types, payloads } = filter
  if (path !== undefined) checkPath('filter.path', path)
  checkTexts('filter.kinds', kinds)
  checkTexts('filter.types', types)
  const unknown = kinds?.find(kind => !traceKinds.includes(kind))
  if (unknown !== undefined) throw new TypeError(`filter.kinds: unknown kind '${unknown}'; known are ${traceKinds.join(', ')}`)
  if (payloads !== undefined && typeof payloads !== 'boolean') throw new TypeError(`filter.payloads: must be true or false; got ${typeof payloads}`)
  return filter
}

function checkTexts (argument: string, texts: unknown): void {
  if (texts === undefined || (Array.isArray(texts) && texts.every(text => typeof text === 'string'))) return
  throw new TypeError(`${argument}: must be a list of texts`)
}

/** The kinds whose subject is a message. */
const messageKinds: readonly TraceKind[] = ['message', 'changed', 'emitted', 'dead-letter']

/** The kinds that a filter lets through. */
export function kindsOf ({ kinds = traceKinds, types }: TraceFilter): readonly TraceKind[] {
  return types === undefined ? kinds : kinds.filter(kind => messageKinds.includes(kind))
}

/** What is known of an actor that reported before: building its path costs more than the rest of a record. */
interface Known {
  readonly path: string
  readonly wanted: boolean
}

/** A sink that makes records of the reports that the filter lets through. */
export function recordSink (filter: TraceFilter, next: (record: TraceRecord) => void): TraceSink {
  const { path: top, payloads = false } = filter
  const types = filter.types === undefined ? undefined : new Set(filter.types)
  const known = new WeakMap<Cell, Known>()
  const judge = (path: string): Known => ({ path, wanted: top === undefined || path === top || path.startsWith(`${top}/`) })
  return (kind, actor, subject, detail) => {
    if (types !== undefined && !types.has((subject as Message).type)) return
    let about = known.get(actor)
    if (about === undefined) {
      about = judge(actor.path)
      known.set(actor, about)
    }
    let behavior = actor.behavior.name
    if (kind === 'dead-letter' && typeof (detail as LostMessage).to === 'string') {
      about = judge((detail as LostMessage).to as string)
      behavior = ''
    }
    if (!about.wanted) return
    const { path } = about
    const atMs = actor.kernel.now()
    if (!payloads && (kind === 'message' || kind === 'changed' || kind === 'emitted')) next({ kind, path, behavior, atMs, type: (subject as Message).type })
    else next({ kind, path, behavior, atMs, ...particulars(kind, actor, subject, detail, payloads) })
  }
}

/** What a kind has beside the ordinary. */
function particulars (kind: TraceKind, actor: Cell, subject: unknown, detail: unknown, payloads: boolean): Partial<TraceRecord> {
  switch (kind) {
    case 'spawned': case 'started':
      return {}
    case 'message': case 'changed': case 'emitted': case 'dead-letter':
      return defined({
        type: (subject as Message).type,
        message: payloads ? plain(subject) : undefined,
        state: payloads && kind === 'changed' ? describe(actor) : undefined,
        reason: kind === 'dead-letter' ? (detail as LostMessage).reason : undefined
      })
    case 'ending': case 'down': case 'crashed': case 'ended': {
      const { output, ...exit } = plainExit(subject as Exit)
      return { exit: payloads && output !== undefined ? { ...exit, output } : exit }
    }
    case 'restarting': case 'suspended':
      return { child: subject as string, delayMs: detail as number }
    case 'late-error': case 'observer-removed':
      return { error: plainError(subject), at: String(detail) }
    case 'log': {
      const { level, text, details } = subject as { readonly level: string, readonly text: string, readonly details?: object }
      return defined({ level, text, details: details === undefined ? undefined : plain(details) })
    }
  }
}
