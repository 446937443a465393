/**
 * The kernel's own errors. Wrong arguments are `TypeError` or `RangeError`; what a correct program may meet is an
 * `ActorError` with a code. Test codes, never texts.
 */

/**
 * - `actor/down`: the actor that was asked has ended, or was never there.
 * - `actor/timeout`: no answer before the deadline.
 * - `actor/refused`: the question found the mailbox full.
 * - `actor/aborted`: the caller's signal aborted the wait.
 * - `actor/overflow`: a mailbox with policy `crash` overflowed.
 * - `actor/limit`: an account refused; the text names the limit, its value and whose it is.
 * - `actor/closed`: an actor that is ending cannot do that any more.
 * - `actor/name-taken`: a sibling of that name lives.
 * - `actor/foreign-ref`: the ref belongs to another system, or is not one of ours.
 * - `actor/start-failed`: the start of an actor threw; the cause is what it threw.
 * - `system/stopped`: the system has been stopped, or is stopping, already.
 */
export type ActorErrorCode =
  | 'actor/down' | 'actor/timeout' | 'actor/refused' | 'actor/aborted' | 'actor/overflow' | 'actor/limit'
  | 'actor/closed' | 'actor/name-taken' | 'actor/foreign-ref' | 'actor/start-failed' | 'system/stopped'

export class ActorError extends Error {
  override readonly name = 'ActorError'
  readonly code: ActorErrorCode
  /** The actor that the error is about. */
  readonly path: string

  constructor (code: ActorErrorCode, path: string, text: string, options?: ErrorOptions) {
    super(`${path}: ${text}`, options)
    this.code = code
    this.path = path
  }
}

/** Refuses option names that nobody reads: a misspelt limit must not silently be no limit. Quick, for it stands before each spawn. */
export function checkOptions (where: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw new TypeError(`${where}: options must be an object; got ${options === null ? 'null' : typeof options}`)
  for (const key in options) if (!known.includes(key)) throw unknownOptions(where, options, known)
}

function unknownOptions (where: string, options: object, known: readonly string[]): TypeError {
  const unknown = Object.keys(options).filter(key => !known.includes(key)).map(key => `'${key}'`)
  return new TypeError(`${where}: unknown option ${unknown.join(', ')}; known are ${known.join(', ')}`)
}

/** A number option: finite, and at least `least`. */
export function checkNumber (where: string, name: string, value: number | undefined, least = 0): void {
  if (value === undefined || (typeof value === 'number' && value >= least && value < Infinity)) return
  throw new RangeError(`${where}: option '${name}' must be a number, at least ${least}; got ${String(value)}`)
}
