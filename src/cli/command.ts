/**
 * What all commands share: how they are described, how their words are read, and how they speak: for a person, or with
 * `--json` one object a line on stdout. Diagnostics go to stderr, always.
 */
import { parseArgs } from 'node:util'
import { NetworkError, reasonText } from '../index.js'

/** 0 done, 1 failed, 2 called wrongly. */
export type ExitCode = 0 | 1 | 2

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  /** The whole page that `--help` prints. */
  readonly help: string
  run (args: readonly string[]): Promise<ExitCode>
}

/** The caller has used a command wrongly; the text says how. */
export class Misuse extends Error {}

export const commonOptions = {
  json: { type: 'boolean' },
  log: { type: 'string' },
  stack: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' }
} as const satisfies Options

export const commonHelp = `  --json         one JSON object a line on stdout, for programs
  --log SPEC     log to stderr: a level, or actor:level pairs as in TROUPE_LOG
  --stack        print the stack of an error too
  -h, --help     print this and exit`

type Options = Readonly<Record<string, { readonly type: 'string' | 'boolean', readonly multiple?: boolean, readonly short?: string }>>

/** What was given for each option. */
export type Values<O extends Options> = {
  readonly [K in keyof O]: (O[K]['type'] extends 'boolean' ? boolean : O[K]['multiple'] extends true ? readonly string[] : string) | undefined
}

/** Words that are no options: how many there must and may be, and what the first missing one is called. */
export interface Words {
  readonly least: number
  readonly most: number
  readonly what: string
}

/** No words at all. */
export const noWords: Words = { least: 0, most: 0, what: '' }

/** Reads the words behind a command. @throws Misuse */
export function read<O extends Options> (args: readonly string[], options: O, words: Words): { readonly values: Values<O & typeof commonOptions>, readonly words: readonly string[] } {
  let read
  try {
    read = parseArgs({ args: [...args], options: { ...commonOptions, ...options }, allowPositionals: true, strict: true })
  } catch (error) {
    throw new Misuse(error instanceof Error ? error.message.replace(/\. To specify.*$/s, '') : String(error))
  }
  const { positionals, values } = read
  if (positionals.length < words.least) throw new Misuse(`${words.what} is missing`)
  if (positionals.length > words.most) throw new Misuse(`unexpected '${positionals[words.most] ?? ''}'`)
  // By Node's own types, which cannot be written down for options that are not known here.
  return { values: values as unknown as Values<O & typeof commonOptions>, words: positionals }
}

/** A whole number of at least `least`. @throws Misuse */
export function wholeNumber (name: string, text: string | undefined, byDefault: number, least = 0): number {
  if (text === undefined) return byDefault
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) throw new Misuse(`${name} must be a whole number, at least ${least}; got '${text}'`)
  return value
}

/** A number of bytes: `1000`, `64K`, `10M`, `1G`, in powers of 1,024. @throws Misuse */
export function byteCount (name: string, text: string | undefined, byDefault: number): number {
  if (text === undefined) return byDefault
  const parts = /^(\d+)([KMG]?)(?:i?B)?$/i.exec(text)
  const value = Number(parts?.[1]) * 1024 ** ' KMG'.indexOf(parts?.[2]?.toUpperCase() || ' ')
  if (parts === null || !Number.isSafeInteger(value)) throw new Misuse(`${name} must be a number of bytes such as 1000, 64K or 10M; got '${text}'`)
  return value
}

/** Runs what may throw `TypeError` for a user's text, and makes a misuse of it. @throws Misuse */
export function parsed<T> (parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof TypeError) throw new Misuse(error.message)
    throw error
  }
}

/** Where a command writes. */
export class Output {
  readonly json: boolean

  constructor (json: boolean | undefined) {
    this.json = json === true
  }

  /** A line for a person; nothing with `--json`. */
  say (line: string): void {
    if (!this.json) process.stdout.write(`${line}\n`)
  }

  /** An object for a program; nothing without `--json`. */
  event (event: string, fields: object = {}): void {
    if (this.json) this.object({ event, ...fields })
  }

  object (object: object): void {
    process.stdout.write(`${JSON.stringify(object)}\n`)
  }
}

/** Says what went wrong in one line, and what to do about it. */
export function report (command: string, error: unknown, options: { readonly json: boolean, readonly stack: boolean }): ExitCode {
  if (error instanceof Misuse) {
    process.stderr.write(`troupe ${command}: ${oneLine(error.message)}\nSee: troupe ${command} --help\n`)
    return 2
  }
  const known = error instanceof NetworkError
  const message = oneLine(error instanceof Error ? error.message : String(error))
  // What began it is what a person can do something about.
  const text = known ? oneLine(reasonText(error.reason)) : message
  process.stderr.write(`troupe ${command}: ${text}\n`)
  if (known) for (const cause of partsOf(error)) process.stderr.write(`  ${cause}\n`)
  if (options.stack && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
  if (options.json) process.stdout.write(`${JSON.stringify({ event: 'error', message, ...known && { code: error.code, advice: error.advice, reason: error.reason } })}\n`)
  return 1
}

/** What was tried, where it was several things: each address of a dial. */
function partsOf (error: NetworkError): readonly string[] {
  if (!(error.cause instanceof AggregateError)) return []
  const lines = (error.cause.errors as unknown[]).map(one => oneLine(one instanceof NetworkError ? reasonText(one.reason) : String(one)))
  return [...new Set(lines)].slice(0, 10)
}

function oneLine (text: string): string {
  return printable(text.replaceAll(/\s*\n\s*/g, ' '))
}

/** What strangers say of themselves, fit for a terminal: nothing in it can move the cursor, forge a line or turn the text around. */
export function printable (text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, sign => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`)
}
