/**
 * Whatever actors hold, as values that JSON can carry: for trees, traces, logs and the web page.
 *
 * What is shown of a value that is more than data: bytes their number only (they may be key material), a ref its path, a
 * disposable or a promise its kind, an error its name, message, code, stack and cause. What brings a `toJSON` speaks for
 * itself: that is how keys are redacted. Bounded in every direction, so that looking at an actor never costs more than it
 * tells, and nothing in here throws, whatever the value's getters do.
 */
import type { Exit } from '../exit.js'

/** A value that `JSON.stringify` writes as it is. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain }

/** What was thrown. */
export interface PlainError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  readonly cause?: PlainError
  /** The parts of an `AggregateError`, the first eight. */
  readonly errors?: readonly PlainError[]
}

/** An `Exit` without what it refers to: `because` is only the path of the actor whose end brought this one about. */
export interface PlainExit {
  readonly kind: Exit['kind']
  readonly reason?: string
  readonly because?: string
  /** Where it threw, and the type of the message that it handled. */
  readonly at?: string
  readonly message?: string
  readonly error?: PlainError
  readonly output?: Plain
}

/** How deep objects are followed, how much of each is shown, and how many values in all. */
const deepest = 6
const widest = 100
const longest = 1000
const mostValues = 2000
const mostCauses = 8

export function plain (value: unknown): Plain {
  return new Copy().of(value, 0) ?? null
}

export function plainError (thrown: unknown, depth = 0): PlainError {
  if (!(thrown instanceof Error)) return { name: 'thrown', message: asText(thrown) }
  const read = (name: 'name' | 'message' | 'code' | 'stack' | 'cause' | 'errors'): unknown => quietly(() => (thrown as Error & Record<string, unknown>)[name])
  const [code, stack, cause, errors] = [read('code'), read('stack'), read('cause'), read('errors')]
  return defined({
    name: asText(read('name')),
    message: asText(read('message')),
    code: typeof code === 'string' ? code : undefined,
    stack: typeof stack === 'string' ? stack : undefined,
    cause: cause !== undefined && depth < mostCauses ? plainError(cause, depth + 1) : undefined,
    errors: Array.isArray(errors) && depth < mostCauses ? errors.slice(0, mostCauses).map(error => plainError(error, depth + 1)) : undefined
  })
}

export function plainExit (exit: Exit): PlainExit {
  const because = 'because' in exit ? exit.because?.path : undefined
  switch (exit.kind) {
    case 'done': return defined({ kind: exit.kind, output: exit.output === undefined ? undefined : plain(exit.output) })
    case 'stopped': return defined({ kind: exit.kind, reason: exit.reason, because })
    case 'killed': return defined({ kind: exit.kind, reason: exit.reason, because, error: exit.error === undefined ? undefined : plainError(exit.error) })
    case 'crashed': return defined({ kind: exit.kind, at: exit.at, message: exit.message, error: plainError(exit.error) })
    case 'start-failed': return defined({ kind: exit.kind, because, error: plainError(exit.error) })
  }
}

/** The kind of an object that is not shown itself: `Socket`. */
export function kindOf (value: object): string {
  const name = quietly(() => value.constructor.name)
  return typeof name === 'string' && name !== '' ? name : 'object'
}

/** An object without the members that are undefined: what is optional is left out. */
export function defined<T extends object> (members: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> }
}

class Copy {
  private left = mostValues
  /** The objects that the present one is in: one that comes again within itself is not followed. */
  private readonly around = new Set<object>()

  /** Undefined for what JSON leaves out. */
  of (value: unknown, depth: number): Plain | undefined {
    if (this.left-- <= 0) return '...'
    switch (typeof value) {
      case 'string': return cut(value)
      case 'number': return Number.isFinite(value) ? value : String(value)
      case 'boolean': return value
      case 'bigint': return `${value}n`
      case 'symbol': return `<${String(value)}>`
      case 'function': return `<function${value.name === '' ? '' : ` ${value.name}`}>`
      case 'undefined': return undefined
      case 'object': return value === null ? null : this.ofObject(value, depth)
    }
  }

  private ofObject (value: object, depth: number): Plain | undefined {
    if (this.around.has(value)) return '<circular>'
    this.around.add(value)
    try {
      return this.special(value, depth) ?? (depth >= deepest ? `<${kindOf(value)}>` : this.ofMembers(value, depth))
    } catch (error) {
      return `<unreadable: ${asText(quietly(() => (error as Error).message))}>`
    } finally {
      this.around.delete(value)
    }
  }

  /** What is more than its members. */
  private special (value: object, depth: number): Plain | undefined {
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `<${value.byteLength} bytes>`
    if (value instanceof Error) return plainError(value) as unknown as Plain
    const { toJSON, tell, then, path } = value as { readonly toJSON?: unknown, readonly tell?: unknown, readonly then?: unknown, readonly path?: unknown }
    if (typeof tell === 'function') return typeof path === 'string' ? path : `<${kindOf(value)}>`
    // One that answers with itself again and again ends at the greatest depth.
    if (typeof toJSON === 'function') return depth >= deepest ? `<${kindOf(value)}>` : this.of((value as { toJSON: () => unknown }).toJSON(), depth + 1) ?? null
    if (typeof then === 'function' || Symbol.dispose in value || Symbol.asyncDispose in value) return `<${kindOf(value)}>`
    return undefined
  }

  private ofMembers (value: object, depth: number): Plain {
    if (Array.isArray(value)) return this.list(value, value.length, depth)
    if (value instanceof Set) return this.list(value, value.size, depth)
    if (value instanceof Map) return this.list(value, value.size, depth)
    const keys = Object.keys(value)
    const copy: Record<string, Plain> = {}
    for (const key of keys.slice(0, widest)) {
      const member = this.of((value as Record<string, unknown>)[key], depth + 1)
      // Defined, not assigned: `__proto__` is a key like any other.
      if (member !== undefined) Object.defineProperty(copy, key, { value: member, enumerable: true, configurable: true, writable: true })
    }
    if (keys.length > widest) copy['...'] = `${keys.length - widest} more`
    return copy
  }

  private list (values: Iterable<unknown>, size: number, depth: number): Plain {
    const copy: Plain[] = []
    for (const value of values) {
      if (copy.length === widest) {
        copy.push(`... ${size - widest} more`)
        break
      }
      copy.push(this.of(value, depth + 1) ?? null)
    }
    return copy
  }
}

function cut (text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}... ${text.length - longest} more`
}

function asText (value: unknown): string {
  if (typeof value === 'string') return cut(value)
  if (value === undefined) return 'undefined'
  const copy = plain(value)
  return cut(typeof copy === 'string' ? copy : JSON.stringify(copy))
}

/** What `read` returns, or undefined when it throws. */
function quietly<T> (read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
