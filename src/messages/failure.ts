/**
 * Why something in the network could not be done, as plain data: the form in which an error travels in messages. Whoever
 * owes it to a user makes a `NetworkError` of it; nobody else pays for a stack trace.
 */
import { NetworkError, type ErrorCode, type ErrorInitiator } from './errors.js'

export interface Failure {
  readonly code: ErrorCode
  /** What the table's sentence cannot know: names, numbers, the limit and its value. */
  readonly detail?: string
  /** Default: the table's. */
  readonly initiator?: ErrorInitiator
  /** Path of the actor that found it out. */
  readonly path?: string
  /** The number that the other side sent with it. */
  readonly wireCode?: number
  /** Type of the message that decided it, at that actor. */
  readonly event?: string
  /** What brought it about: each address of a dial that was tried, the crash of a handler. */
  readonly causes?: readonly Failure[]
}

/** Why an actor of the network has ended: its output, from which `why` tells. */
export interface End extends Failure {
  readonly event: string
}

/** With the chain of causes; several causes become an `AggregateError`. */
export function failureError (failure: Failure): NetworkError {
  const { code, causes = [], ...options } = failure
  const errors = causes.map(failureError)
  const cause = errors.length > 1 ? new AggregateError(errors, `${errors.length} causes`) : errors[0]
  return new NetworkError(code, cause === undefined ? options : { ...options, cause })
}

/** What another has thrown, as data: a `NetworkError` keeps its code, anything else becomes `code` with its message as detail. */
export function failureOf (error: unknown, code: ErrorCode): Failure {
  if (!(error instanceof NetworkError)) return { code, detail: error instanceof Error ? error.message : String(error) }
  return {
    code: error.code,
    detail: error.message,
    initiator: error.initiator,
    ...error.path !== undefined && { path: error.path },
    ...error.wireCode !== undefined && { wireCode: error.wireCode }
  }
}
