/**
 * What the border of the kernel refuses: arguments of the wrong kind are the caller's mistake, a `TypeError` or `RangeError`
 * that names the argument. Some stand in the way of each spawn and each timer, so they are written for speed.
 */
import type { AnyBehavior } from './cell.js'
import type { AskAnswers, SpawnOptions, StopOptions, TaskAnswers } from './context.js'
import { checkOptions } from './errors.js'
import type { Message } from './message.js'

/** @throws TypeError when it is not an object with a type */
export function checkMessage (argument: string, message: Message): void {
  if (typeof message !== 'object' || message === null || typeof message.type !== 'string') {
    throw new TypeError(`${argument}: ${describeMessage(message)} is no message`)
  }
}

export function describeMessage (message: unknown): string {
  if (typeof message !== 'object' || message === null) return String(message)
  const { type } = message as { type?: unknown }
  return typeof type === 'string' ? `type '${type}'` : 'an object without a type'
}

/** What a mapper of the user's makes of a value. @throws what the mapper throws; TypeError when it makes no message */
export function mapped<T> (argument: string, mapper: (value: T) => Message, value: T): Message {
  const message = mapper(value)
  checkMessage(argument, message)
  return message
}

/** @throws TypeError when it is no function */
export function checkFunction (argument: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`${argument}: must be a function; got ${typeof value}`)
}

/** A time to wait. @throws RangeError unless it is finite, and zero or more */
export function checkMs (argument: string, ms: number): void {
  if (typeof ms !== 'number' || !(ms >= 0 && ms < Infinity)) throw new RangeError(`${argument}: must be milliseconds, zero or more; got ${String(ms)}`)
}

/** A number alone would be taken for a child without a name. */
const legalName = /^(?!\d+$)[\w.:-]+$/

/** The name of an actor among its siblings. @throws TypeError */
export function checkName (argument: string, name: string): void {
  if (typeof name === 'string' && legalName.test(name)) return
  throw new TypeError(`${argument}: must be letters, digits, '-', '_', '.' or ':', and not a number; got ${typeof name === 'string' ? `'${name}'` : typeof name}`)
}

/** @throws TypeError when it has no `step` */
export function checkBehavior (argument: string, behavior: Pick<AnyBehavior, 'step'>): void {
  if (typeof behavior !== 'object' || behavior === null || typeof behavior.step !== 'function') {
    throw new TypeError(`${argument}: must be made by reducer, machineBehavior, compiledBehavior or supervisor; got ${behavior === null ? 'null' : typeof behavior}`)
  }
}

const spawnOptions: ReadonlyArray<keyof SpawnOptions<unknown>> = ['input', 'name', 'restart', 'account']
const stopOptions: ReadonlyArray<keyof StopOptions> = ['reason', 'graceMs']
const taskOptions: ReadonlyArray<keyof TaskAnswers<unknown, Message>> = ['done', 'failed']
const askOptions: ReadonlyArray<keyof AskAnswers<Message, Message>> = ['done', 'failed', 'timeoutMs']

export function checkSpawn (behavior: AnyBehavior, options: { readonly name?: string }): void {
  checkBehavior('behavior', behavior)
  checkOptions('spawn', options, spawnOptions)
  // A number would be taken for the key of a child without a name.
  if (options.name !== undefined && typeof options.name !== 'string') checkName('name', options.name)
}

export function checkStop (options: StopOptions): void {
  checkOptions('stop', options, stopOptions)
  if (options.graceMs !== undefined) checkMs('graceMs', options.graceMs)
}

export function checkTimer (key: string, delayMs: number, message: Message, everyMs: number): void {
  if (typeof key !== 'string') throw new TypeError(`key: must be a text; got ${typeof key}`)
  checkMs('delayMs', delayMs)
  checkMs('everyMs', everyMs)
  checkMessage('message', message)
  if (message.handle !== undefined) throw new TypeError("message: a timer's message brings no handle: when it is cancelled, nobody would have it")
}

export function checkTask (run: unknown, answers: { readonly done?: unknown, readonly failed?: unknown }): void {
  checkFunction('run', run)
  // An object of a class may have whatever else it likes.
  if (typeof answers !== 'object' || answers === null || Object.getPrototypeOf(answers) === Object.prototype) checkOptions('task', answers, taskOptions)
  if (answers.done !== undefined) checkFunction('done', answers.done)
  if (answers.failed !== undefined) checkFunction('failed', answers.failed)
}

export function checkAsk (question: unknown, answers: { readonly done: unknown, readonly failed?: unknown, readonly timeoutMs?: number }): void {
  checkFunction('question', question)
  checkOptions('ask', answers, askOptions)
  checkFunction('done', answers.done)
  if (answers.failed !== undefined) checkFunction('failed', answers.failed)
  if (answers.timeoutMs !== undefined) checkMs('timeoutMs', answers.timeoutMs)
}
