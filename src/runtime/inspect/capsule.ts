/**
 * Crash capsules: a crash as a small file, from which `replay` makes the same exception.
 *
 * Written in the turn of the crash, by an observer of the trace: so one that fails is removed and reported, as any, and nothing of it
 * reaches the actors. Bounded in size and in number: after the first so many crashes the directory has enough to look at.
 */
import type { Cell } from '../cell.js'
import { checkNumber, checkOptions } from '../errors.js'
import type { Exit } from '../exit.js'
import type { Remembered } from '../mailbox.js'
import type { Message } from '../message.js'
import type { System } from '../system.js'
import { writeCapsule } from './capsule-file.js'
import { ValueWriter, type Redact, type ValueForm } from './capsule-values.js'
import { plainError, type Plain, type PlainError } from './plain.js'

export interface CapsuleOptions {
  /** Where the files go; made when it is not there. */
  readonly directory: string
  /** Files in that directory; once there are so many, this system writes no more. Default 32: the first crashes tell more than the thousandth. */
  readonly max?: number
  /** Of one file, in bytes, roughly; what is beyond is left out of it. Default 262,144. Limits: a state with the whole world in it. */
  readonly maxBytes?: number
  /**
   * What is written instead of a value of the state or the message: for payloads that are not for others. Default: all is written but
   * what is called a secret, which never is.
   */
  readonly redact?: Redact
  /** How instances of classes are written that are values. Default: they are named only. */
  readonly forms?: readonly ValueForm[]
}

/** What an actor was about to do when it threw. */
export interface Witness {
  /** Before the step; of a start its input. */
  readonly state: unknown
  readonly message: Message | null
}

/** What a file holds. */
export interface Capsule {
  readonly capsule: 1
  /** How it can be made to happen again: a step from its state, a start from its input, or the seed of its world only. */
  readonly from: 'step' | 'start' | 'seed' | 'none'
  readonly path: string
  readonly behavior: string
  /** In the system's time. */
  readonly atMs: number
  readonly system: string
  /** Of the simulated world, if it was one. */
  readonly worldSeed?: number
  readonly versions: { readonly node: string }
  readonly exit: { readonly kind: string, readonly at?: string, readonly message?: string }
  readonly error: PlainError
  /** Its last messages, oldest first. */
  readonly messages: readonly Remembered[]
  /** As the behaviour saves it. */
  readonly state?: Plain
  readonly message?: Plain
  readonly input?: Plain
  /** Something of state, message or input was left out. */
  readonly incomplete?: true
}

export const capsuleDefaults = { max: 32, maxBytes: 262_144 }

/** @throws TypeError, RangeError for options that are unknown or out of range */
export function checkCapsules (where: string, options: CapsuleOptions): void {
  checkOptions(where, options, ['directory', 'max', 'maxBytes', 'redact', 'forms'])
  checkNumber(where, 'max', options.max, 1)
  checkNumber(where, 'maxBytes', options.maxBytes, 1024)
  if (typeof options.directory !== 'string' || options.directory === '') throw new TypeError(`${where}: option 'directory' must be a path; got ${typeof options.directory}`)
  if (options.redact !== undefined && typeof options.redact !== 'function') throw new TypeError(`${where}: option 'redact' must be a function`)
}

/** Writes a capsule at each crash. */
export function attachCapsules (system: System, options: CapsuleOptions): void {
  const { directory, max = capsuleDefaults.max } = options
  // Not looked at again: who can make us crash could make us write for nobody (A33).
  let full = false
  system.trace.add((_kind, actor, exit) => {
    if (full) return
    const capsule = capsuleOf(system, actor, exit as Failed, options)
    let path: string | undefined
    try {
      path = writeCapsule(directory, max, capsule.behavior.replaceAll(/[^\w.-]/g, '_'), `${JSON.stringify(capsule, undefined, 1)}\n`)
      full = path === undefined
    } catch (error) {
      actor.log('warn', 'a crash capsule could not be written', { error })
    }
    if (path !== undefined) actor.log('warn', 'a crash capsule was written', { path, from: capsule.from })
  }, ['crashed'])
}

type Failed = Extract<Exit, { readonly kind: 'crashed' | 'start-failed' }>

function capsuleOf (system: System, actor: Cell, exit: Failed, options: CapsuleOptions): Capsule {
  const { behavior, mailbox, path } = actor
  const { witness, scheduler: { worldSeed } } = system
  const from = witness === undefined ? (worldSeed === undefined ? 'none' : 'seed') : witness.message === null ? 'start' : 'step'
  const rules = {
    forms: options.forms ?? [],
    mostBytes: options.maxBytes ?? capsuleDefaults.maxBytes,
    redact: (key: string, value: unknown) => options.redact === undefined ? value : options.redact({ path, behavior: behavior.name, key, value })
  }
  const writer = new ValueWriter(rules)
  const evidence = witness === undefined
    ? {}
    : witness.message === null
      ? { input: writer.write(witness.state, 'input') }
      : { message: writer.write(witness.message, 'message'), state: writer.write(behavior.save(witness.state), 'state') }
  return {
    capsule: 1,
    from,
    path,
    behavior: behavior.name,
    atMs: system.now(),
    system: system.name,
    ...worldSeed !== undefined && { worldSeed },
    versions: { node: process.versions.node },
    exit: { kind: exit.kind, ...exit.kind === 'crashed' && { at: exit.at, ...exit.message !== undefined && { message: exit.message } } },
    error: plainError(exit.error),
    messages: mailbox?.read() ?? [],
    ...evidence,
    ...writer.incomplete && { incomplete: true }
  }
}
