/**
 * Values of actors as JSON that can be made into the same values again: for crash capsules.
 *
 * What is data comes back as it was: plain objects, lists, maps, sets, bytes, dates, errors, numbers of every kind. A ref comes back as
 * one that takes everything and does nothing. What is more than data (an instance of a class, a function, a symbol) is named and not
 * looked into, so nothing that keeps keys within itself is ever written; a class whose instances are values is written by a `ValueForm`.
 *
 * What is called a secret is not written, whatever it is: see `isSecret`.
 */
import type { Plain } from './plain.js'

/** How the instances of a class are written, and read again. */
export interface ValueForm<T = unknown> {
  readonly name: string
  readonly is: (value: unknown) => value is T
  write (value: T): string
  readonly read: (text: string) => T
}

/** Decides what is written instead of a value. Returns the value itself to let it pass. */
export type Redact = (at: { readonly path: string, readonly behavior: string, readonly key: string, readonly value: unknown }) => unknown

export interface WriteRules {
  readonly forms: readonly ValueForm[]
  readonly redact: (key: string, value: unknown) => unknown
  /** Most of a capsule, in characters of JSON; what is beyond is cut. */
  readonly mostBytes: number
}

/** A value that is not JSON's: what it is, and what is needed to make it again. */
interface Tagged {
  readonly $: string
  readonly [member: string]: Plain
}

/** Names that say of any value, and those that say of bytes, that they are not for others. */
const secretNames = /secret|private|passphrase|password|credential|token/i
const secretBytes = /key|seed|entropy/i

/** What is never written: a value by such a name, bytes by such a name, and whatever looks like a private key in PEM. */
export function isSecret (key: string, value: unknown): boolean {
  const name = key.slice(key.lastIndexOf('.') + 1)
  const isBytes = ArrayBuffer.isView(value) || value instanceof ArrayBuffer
  if (typeof value === 'string' && /PRIVATE KEY/.test(value)) return true
  return (secretNames.test(name) && (isBytes || typeof value === 'string' || typeof value === 'object')) || (isBytes && secretBytes.test(name))
}

const deepest = 32

export class ValueWriter {
  /** Something was left out: what is read is not what was written. */
  incomplete = false
  private readonly rules: WriteRules
  private readonly around = new Set<object>()
  private left: number

  constructor (rules: WriteRules) {
    this.rules = rules
    this.left = rules.mostBytes
  }

  write (value: unknown, key: string): Plain {
    if (isSecret(key, value)) return this.redacted(value)
    const shown = this.rules.redact(key, value)
    if (shown !== value) this.incomplete = true
    return this.of(shown, key)
  }

  private of (value: unknown, key: string): Plain {
    if (this.left <= 0) return this.lost('cut')
    this.left -= 8
    switch (typeof value) {
      case 'string':
        this.left -= value.length
        return this.left < 0 ? this.lost('cut') : value
      case 'boolean': return value
      case 'number': return Number.isFinite(value) && !Object.is(value, -0) ? value : { $: 'number', value: Object.is(value, -0) ? '-0' : String(value) }
      case 'bigint': return { $: 'bigint', value: String(value) }
      case 'undefined': return { $: 'undefined' }
      case 'object': return value === null ? null : this.ofObject(value, key)
      default: return this.lost(typeof value)
    }
  }

  private ofObject (value: object, key: string): Plain {
    if (this.around.has(value)) return this.lost('circular')
    if (this.around.size >= deepest) return this.lost('cut')
    this.around.add(value)
    try {
      return this.special(value, key) ?? this.lost(nameOf(value))
    } finally {
      this.around.delete(value)
    }
  }

  private special (value: object, key: string): Plain | undefined {
    const form = this.rules.forms.find(form => form.is(value))
    if (form !== undefined) return { $: 'value', form: form.name, text: form.write(value) }
    if (Array.isArray(value)) return value.map((item, at) => this.write(item, `${key}.${at}`))
    if (value instanceof Uint8Array) return this.bytes(value)
    if (value instanceof Map) return { $: 'map', entries: [...value].map(([name, item]) => [this.write(name, `${key}.key`), this.write(item, `${key}.${typeof name === 'string' ? name : 'value'}`)]) }
    if (value instanceof Set) return { $: 'set', values: [...value].map((item, at) => this.write(item, `${key}.${at}`)) }
    if (value instanceof Date) return { $: 'date', ms: this.of(value.getTime(), key) }
    if (value instanceof Error) return this.error(value, key)
    const { path, tell } = value as { readonly path?: unknown, readonly tell?: unknown }
    if (typeof tell === 'function') return { $: 'ref', path: typeof path === 'string' ? path : '' }
    const prototype: unknown = Object.getPrototypeOf(value)
    return prototype === Object.prototype || prototype === null ? this.members(value, key) : undefined
  }

  private members (value: object, key: string): Plain {
    const entries = Object.entries(value).map(([name, item]): [string, Plain] => [name, this.write(item, `${key}.${name}`)])
    // A list where names could be taken for something else.
    return entries.some(([name]) => name === '$' || name === '__proto__') ? { $: 'object', entries } : Object.fromEntries(entries)
  }

  private bytes (value: Uint8Array): Plain {
    this.left -= value.length * 2
    return this.left < 0 ? this.lost('cut') : { $: 'bytes', base64: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
  }

  private error (error: Error, key: string): Plain {
    const { cause, message, name } = error
    const code = (error as { readonly code?: unknown }).code
    return { $: 'error', name, message, ...typeof code === 'string' && { code }, ...cause !== undefined && { cause: this.write(cause, `${key}.cause`) } }
  }

  private redacted (value: unknown): Tagged {
    this.incomplete = true
    return ArrayBuffer.isView(value) ? { $: 'redacted', bytes: value.byteLength } : { $: 'redacted' }
  }

  private lost (what: string): Tagged {
    this.incomplete = true
    return { $: 'lost', what }
  }
}

export class ValueReader {
  private readonly forms: readonly ValueForm[]

  constructor (forms: readonly ValueForm[]) {
    this.forms = forms
  }

  read (value: Plain): unknown {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return (value as readonly Plain[]).map(item => this.read(item))
    const { $: tag } = value as Partial<Tagged>
    if (tag !== undefined) return this.tagged(value as Tagged)
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.read(item)]))
  }

  private tagged (value: Tagged): unknown {
    switch (value.$) {
      case 'number': return Number(value['value'])
      case 'bigint': return BigInt(value['value'] as string)
      case 'undefined': return undefined
      case 'bytes': return Uint8Array.from(Buffer.from(value['base64'] as string, 'base64'))
      case 'redacted': return typeof value['bytes'] === 'number' ? new Uint8Array(value['bytes']) : '<redacted>'
      case 'date': return new Date(this.read(value['ms'] ?? null) as number)
      case 'map': return new Map((value['entries'] as ReadonlyArray<readonly [Plain, Plain]>).map(([name, item]) => [this.read(name), this.read(item)]))
      case 'set': return new Set((value['values'] as readonly Plain[]).map(item => this.read(item)))
      case 'object': return this.object(value['entries'] as ReadonlyArray<readonly [string, Plain]>)
      case 'error': return this.error(value)
      case 'ref': return new SilentRef(value['path'] as string)
      case 'value': {
        const form = this.forms.find(({ name }) => name === value['form'])
        if (form === undefined) throw new TypeError(`replay: option 'forms' has no '${value['form'] as string}', of which the capsule has a value`)
        return form.read(value['text'] as string)
      }
      default: return new Lost(value['what'] as string)
    }
  }

  private object (entries: ReadonlyArray<readonly [string, Plain]>): object {
    const object = {}
    for (const [name, item] of entries) Object.defineProperty(object, name, { value: this.read(item), enumerable: true, configurable: true, writable: true })
    return object
  }

  private error ({ cause, code, message, name }: Tagged): Error {
    const error = new Error(message as string, cause === undefined ? undefined : { cause: this.read(cause) })
    error.name = name as string
    return code === undefined ? error : Object.assign(error, { code })
  }
}

/** A ref that takes everything and does nothing. */
export class SilentRef {
  readonly path: string
  readonly alive = true

  constructor (path: string) {
    this.path = path
  }

  tell (): boolean {
    return true
  }
}

/** Stands for what was not written. */
export class Lost implements Disposable {
  readonly what: string

  constructor (what: string) {
    this.what = what
  }

  [Symbol.dispose] (): void {}
}

function nameOf (value: object): string {
  try {
    return value.constructor.name
  } catch {
    return 'object'
  }
}
