/**
 * How a behaviour comes into being, whichever kind it is.
 *
 * One place for two reasons. The options of all kinds are checked alike, when the behaviour is made: a misspelt limit
 * must not silently be no limit. And all behaviours have the same fields in the same order, so that the cell's calls
 * stay fast however many kinds a system runs (kernel.md 1: one shape, all fields set, in one order).
 */
import { checkNumber, checkOptions } from '../errors.js'
import type { Message } from '../message.js'
import { checkSupervision } from '../supervision.js'
import type { Behavior, BehaviorOptions } from './behavior.js'
import type { Effects, HandlerTable, Handlers } from './out.js'

/** The names of `BehaviorOptions`, for run time. Record, so that the compiler names one that is forgotten here. */
const optionNames = Object.keys({
  mailboxCapacity: true,
  overflow: true,
  stopMessage: true,
  stopGraceMs: true,
  crashGraceMs: true,
  supervision: true,
  childDown: true,
  emitted: true
} satisfies Record<keyof BehaviorOptions, true>)

const overflowNames = ['reject', 'dropOldest', 'crash']

/** What the kinds of behaviour differ in. */
export interface BehaviorParts<M extends Message, I, S> {
  readonly name: string
  readonly options: BehaviorOptions<M>
  readonly accepts: ReadonlySet<string> | undefined
  readonly handlers: HandlerTable
  readonly initial: Behavior<M, I, S>['initial']
  readonly step: Behavior<M, I, S>['step']
  readonly describe: Behavior<M, I, S>['describe']
  /** Default: a state is saved as it is. */
  readonly save?: Behavior<M, I, S>['save']
  readonly restore?: Behavior<M, I, S>['restore']
}

/** Puts the parts together. They are checked already: the name by `checkName`, the options by `checkBehaviorOptions`. */
export function makeBehavior<M extends Message, I, S> (parts: BehaviorParts<M, I, S>): Behavior<M, I, S> {
  return Object.freeze({
    name: parts.name,
    options: Object.freeze({ ...parts.options }),
    accepts: parts.accepts,
    handlers: parts.handlers,
    initial: parts.initial,
    step: parts.step,
    describe: parts.describe,
    save: parts.save ?? itself,
    restore: parts.restore ?? (saved => saved as S)
  })
}

/** @throws TypeError when `name` is not a text of at least one character */
export function checkName (name: unknown): void {
  if (typeof name !== 'string' || name === '') throw new TypeError(`a behaviour needs a name, a text of at least one character; got ${typeof name === 'string' ? 'an empty one' : typeof name}`)
}

/**
 * Checks the options that every kind takes, and that there are no others but `own`.
 *
 * @throws TypeError naming the unknown option, or the one of a wrong kind; RangeError for a number out of range
 */
export function checkBehaviorOptions (where: string, options: object, own: readonly string[] = []): void {
  checkOptions(where, options, [...own, ...optionNames])
  const { mailboxCapacity, overflow, stopMessage, stopGraceMs, crashGraceMs, supervision, childDown, emitted } = options as BehaviorOptions
  checkNumber(where, 'mailboxCapacity', mailboxCapacity, 1)
  checkNumber(where, 'stopGraceMs', stopGraceMs)
  checkNumber(where, 'crashGraceMs', crashGraceMs)
  checkFunction(where, 'stopMessage', stopMessage)
  checkFunction(where, 'childDown', childDown)
  checkFunction(where, 'emitted', emitted)
  if (supervision !== undefined) {
    if (typeof supervision !== 'object' || supervision === null) throw new TypeError(`${where}: option 'supervision' must be an object`)
    checkSupervision(where, supervision)
  }
  if (overflow === undefined || overflowNames.includes(overflow as string)) return
  if (typeof (overflow as { coalesce?: unknown } | null)?.coalesce === 'function') return
  throw new TypeError(`${where}: option 'overflow' must be one of ${overflowNames.map(name => `'${name}'`).join(', ')}, or { coalesce: function }`)
}

/** @throws TypeError when `value` is given and no function */
export function checkFunction (where: string, name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw new TypeError(`${where}: option '${name}' must be a function; got ${typeof value}`)
}

/**
 * The table that the kernel keeps: a copy, so that nobody exchanges a handler under running actors.
 *
 * @throws TypeError naming the handler that is no function
 */
export function handlerTable<E extends Effects, M extends Message> (where: string, handlers: Handlers<E, M>): HandlerTable {
  if (typeof handlers !== 'object' || handlers === null) throw new TypeError(`${where}: the effect handlers must be an object; got ${handlers === null ? 'null' : typeof handlers}`)
  for (const [name, handler] of Object.entries<unknown>(handlers)) {
    if (typeof handler !== 'function') throw new TypeError(`${where}: the handler of effect '${name}' must be a function; got ${typeof handler}`)
  }
  return Object.freeze({ ...handlers }) as unknown as HandlerTable
}

const itself = (state: unknown): unknown => state
