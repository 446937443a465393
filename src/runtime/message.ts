/**
 * What actors say to each other.
 *
 * A message is a plain, read-only object with a `type`. It carries no functions, sockets, promises or streams, with
 * one exception: the field `handle` may hold one disposable (a link, a stream). Ownership of the handle moves with the
 * message. The kernel disposes a handle whose message is lost: a dead letter, queued in a mailbox that closes, answered
 * after the asker gave up, or delivered to an actor that neither kept it (`own`), nor passed it on (`tell`), nor took
 * it away (`take`). So a handle has an owner at every moment, and a late `opened` can never leak what it opened.
 *
 * `type` is program text, never remote-controlled text: XState memoises each distinct type for ever.
 */
export interface Message {
  readonly type: string
  readonly handle?: Disposable | undefined
}

/** Disposes a handle and swallows what its disposer throws; returns the error, if any, so that callers can count it. */
export function disposeQuietly (handle: Disposable): unknown {
  try {
    handle[Symbol.dispose]()
    return undefined
  } catch (error) {
    return error ?? new Error('a disposer threw nothing')
  }
}

/** The handle that a spawn input brings. An input may be anything, so not all that is called `handle` is one. */
export function handleOf (input: unknown): Disposable | undefined {
  if (typeof input !== 'object' || input === null) return undefined
  const { handle } = input as { readonly handle?: unknown }
  return typeof handle === 'object' && handle !== null && Symbol.dispose in handle ? handle as Disposable : undefined
}
